"""Traits and identifiers as one table: each datum once, in groups, in words."""

from stammgast.identity.graph.rules import GraphRules
from stammgast.identity.identifiers import normal_identifier
from stammgast.kernel.ids import SourceId
from stammgast.profiles.contracts import Identifier, Trait, TraitValue
from stammgast.records.grouping import group_rows


def trait(name, value):
    return Trait(name, TraitValue(value, 0, SourceId(1), "m"))


def groups(traits, identifiers=()):
    found = group_rows(
        [trait(*one) for one in traits],
        [Identifier(*one, 0, SourceId(1), "m") for one in identifiers],
        lambda namespace, value: normal_identifier(namespace, value, GraphRules()),
    )
    return {one.name: [(row.label, row.value) for row in one.rows] for one in found}


def test_a_mail_address_and_a_phone_number_stand_once_however_they_were_written():
    found = groups(
        [("email", "Anna@X.test"), ("phone", "030 1234567"), ("userId", 7)],
        [("email", "anna@x.test"), ("phone", "+49301234567"), ("user_id", "7"), ("email", "second@x.test")],
    )
    assert found["contact"] == [
        ("Mail address", "Anna@X.test"),
        ("email", "second@x.test"),
        ("Phone number", "030 1234567"),
    ]
    assert found["technical"] == [("Number in the source", 7)]


def test_groups_come_in_order_in_words_whatever_way_names_are_written():
    found = groups([("utm_source", "x"), ("lastName", "M"), ("first_name", "A"), ("Ort", "Ulm"), ("shoe_size", 43), ("newsletter", True)])  # fmt: skip
    assert list(found) == ["contact", "address", "preferences", "other", "technical"]
    assert found["contact"] == [("First name", "A"), ("Last name", "M")]
    assert found["other"] == [("Shoe size", 43)]


def test_an_address_in_parts_is_told_part_by_part_and_what_is_nested_deeper_as_json():
    address = {"street": "Lindenweg 3", "city": "Ulm", "country": "de", "floor": None}
    found = groups([("address", address), ("cart", {"lines": [{"sku": 1}]})])
    assert found["address"] == [("Street", "Lindenweg 3"), ("City", "Ulm"), ("Country", "DE")]
    assert found["other"] == [("Cart", {"lines": [{"sku": 1}]})]


def test_browsers_and_devices_are_technical():
    assert list(groups([], [("anonymous_id", "b-1"), ("device_id", "d-1"), ("loyalty_card", "77")])) == ["contact", "technical"]  # fmt: skip
