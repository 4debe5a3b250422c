"""What people say of customers by hand, through the real log, worker and stores."""

import csv
import io
import time

import msgspec
import pytest

from stammgast.kernel.errors import Invalid
from stammgast.notes import api as notes
from stammgast.notes import waiting
from stammgast.profiles import api as profiles
from stammgast.profiles.contracts import CustomerFilter
from stammgast.profiles.policing import change_policy
from stammgast.profiles.recounts.ordering import order_recount
from stammgast.profiles.trait_policies import TraitPolicy
from stammgast.records import api
from stammgast.records.contracts import IdentifierTaken, NewCustomer, NobodyToFind, NotCorrected
from stammgast.records.exporting import csv_lines, json_parts
from stammgast.web.contracts import Person, Role
from stammgast.whoiswho import curating
from stammgast.whoiswho.matching.gathering import told_of
from stammgast.workspace.contracts import Actor
from tools.workbench import track

ALICE = Person(kind="user", id=1, name="Alice", role=Role.AGENT)
BOB = Person(kind="user", id=2, name="Bob", role=Role.AGENT)
BY = Actor("command", 0, "tests")


@pytest.fixture(autouse=True)
def no_patience(monkeypatch):
    """Nobody turns the worker while a page waits for it."""
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", 0)


def say(bench, message_id, user="anna", **traits):
    bench.take({"type": "identify", "userId": user, "messageId": message_id, "traits": traits})


def values(bench, reference="user_id:anna"):
    return {one.name: one.current.value for one in bench.profile(reference).traits}


def correct(bench, name, value, reference="user_id:anna", by=ALICE):
    api.correct_trait(bench.runtime, by, bench.profile(reference), name, value)


def names(bench, **wanted):
    return [one.name for one in profiles.list_customers(bench.runtime, wanted=CustomerFilter(**wanted)).rows]


def test_a_correction_counts_over_all_that_sources_say_until_it_is_taken_back(workbench):
    say(workbench, "m1", city="Bnn", name="Anna Maurer")
    correct(workbench, "city", "Bonn")
    workbench.work()
    say(workbench, "m2", city="Köln")
    (city,) = [one for one in workbench.profile("user_id:anna").traits if one.name == "city"]
    assert (city.current.value, city.current.by, city.rule) == ("Bonn", "Alice", "corrected")
    assert [one.value for one in city.lost] == ["Köln", "Bnn"]
    api.take_back_correction(workbench.runtime, BOB, workbench.profile("user_id:anna"), "city")
    workbench.work()
    assert values(workbench)["city"] == "Köln"
    with pytest.raises(NotCorrected):
        api.take_back_correction(workbench.runtime, BOB, workbench.profile("user_id:anna"), "city")


def test_a_policy_lets_a_correction_count_until_a_source_says_something_new(workbench):
    say(workbench, "m1", city="Bnn")
    change_policy(workbench.runtime, BY, "city", TraitPolicy(corrections="until_said"))
    correct(workbench, "city", "Bonn")
    workbench.work()
    say(workbench, "m2", city="Bnn")
    assert values(workbench)["city"] == "Bonn"
    say(workbench, "m3", city="Köln")
    assert values(workbench)["city"] == "Köln"


def test_a_trait_can_be_taken_away_added_and_named_anew_and_the_list_follows(workbench):
    say(workbench, "m1", name="Ann", city="Bonn")
    correct(workbench, "name", "Anna Maurer")
    correct(workbench, "city", None)
    correct(workbench, "street", "Lindenweg 3")
    workbench.work()
    assert values(workbench) == {"name": "Anna Maurer", "street": "Lindenweg 3"}
    assert names(workbench) == ["Anna Maurer"]
    assert [one.name for one in profiles.list_customers(workbench.runtime, "maurer").rows] == ["Anna Maurer"]
    number = workbench.profile("user_id:anna").profile
    told = told_of(workbench.runtime, [number])[number]
    assert (told["last_name"], told["street"]) == ("Maurer", "Lindenweg 3")


def test_a_correction_stands_on_the_timeline_with_who_and_when_and_changes_no_figure(workbench):
    say(workbench, "m1", city="Bnn")
    before = workbench.profile("user_id:anna")
    correct(workbench, "city", "Bonn")
    workbench.work()
    after = workbench.profile("user_id:anna")
    assert (after.first_seen, after.last_seen) == (before.first_seen, before.last_seen)
    assert after.features["events"] == before.features["events"]
    newest = profiles.timeline(workbench.runtime, after.anchors).events[0]
    assert (newest.name, newest.origin, newest.properties["by"]) == ("Trait Corrected", "records", "Alice")


def test_its_author_sees_a_correction_at_once(workbench):
    say(workbench, "m1", city="Bnn")
    correct(workbench, "city", "Bonn")
    profile = workbench.profile("user_id:anna")
    assert api.corrections_of(workbench.runtime, profile, ALICE) == {"city": "Bonn"}
    assert api.corrections_of(workbench.runtime, profile, BOB) == {}
    workbench.work()
    assert api.corrections_of(workbench.runtime, workbench.profile("user_id:anna"), BOB) == {"city": "Bonn"}


def test_no_sender_can_make_a_correction(workbench):
    say(workbench, "m1", city="Bonn")
    forged = track("anna", "Trait Corrected", "f1", trait="city", value="Ulm", by="Alice")
    workbench.take({**forged, "origin": "records", "profile": 1})
    assert values(workbench)["city"] == "Bonn"
    assert "corrections" not in workbench.profile("user_id:anna").features


def test_merging_and_splitting_keep_each_correction_with_whom_it_was_said_of(workbench):
    say(workbench, "m1", city="Bnn")
    say(workbench, "m2", user="bob", city="Ulm")
    correct(workbench, "city", "Bonn")
    workbench.work()
    correct(workbench, "city", "Neu-Ulm", "user_id:bob")
    workbench.work()
    curating.merge_profiles(workbench.runtime, BY, "user_id:anna", "user_id:bob")
    workbench.work()
    assert values(workbench)["city"] == "Neu-Ulm"
    curating.split_profile(workbench.runtime, BY, "user_id:anna", [("user_id", "bob")])
    workbench.work()
    assert (values(workbench)["city"], values(workbench, "user_id:bob")["city"]) == ("Bonn", "Neu-Ulm")


def test_a_corrected_mail_address_is_the_one_that_is_shown(workbench):
    say(workbench, "m1", email="ana@x.test")
    correct(workbench, "email", "anna@x.test")
    workbench.work()
    assert workbench.profile("user_id:anna").email == "anna@x.test"
    assert [one.email for one in profiles.list_customers(workbench.runtime).rows] == ["anna@x.test"]


@pytest.mark.parametrize(("name", "value"), [("", "x"), ("n" * 256, "x"), ("a\0", "x"), ("city", "x" * 9_000)])
def test_what_cannot_be_kept_is_refused(workbench, name, value):
    say(workbench, "m1", city="Bonn")
    with pytest.raises(Invalid):
        correct(workbench, name, value)


def test_staff_and_test_customers_are_left_out_of_lists_and_counts_until_the_mark_is_taken_away(workbench):
    workbench.take(track("anna", "Login", "m1"), track("bob", "Login", "m2"))
    for mark, listed in (("staff", ["bob"]), ("test", ["bob"]), ("", ["anna", "bob"])):
        api.mark_customer(workbench.runtime, ALICE, workbench.profile("user_id:anna"), mark)
        workbench.work()
        assert sorted(names(workbench)) == listed
        assert profiles.count_customers(workbench.runtime) == len(listed)
        assert sorted(names(workbench, with_bots=True)) == ["anna", "bob"]
        assert api.mark_of(workbench.profile("user_id:anna")) == mark


def test_an_identifier_that_is_added_finds_the_customer_and_counts_as_no_visit(workbench):
    workbench.take(track("anna", "Login", "m1"))
    before = workbench.profile("user_id:anna")
    api.add_identifier(workbench.runtime, ALICE, before, "email", " Anna@Inn.example ")
    workbench.work()
    after = workbench.profile("email:anna@inn.example")
    assert after.profile == before.profile
    assert (after.last_seen, after.features["events"]) == (before.last_seen, before.features["events"])


def test_an_identifier_of_somebody_else_is_refused_with_whose_it_is(workbench):
    workbench.take(track("anna", "Login", "m1"))
    say(workbench, "m2", user="bob", email="bob@x.test")
    anna, bob = workbench.profile("user_id:anna"), workbench.profile("user_id:bob")
    with pytest.raises(IdentifierTaken, match=f"customer {bob.profile}"):
        api.add_identifier(workbench.runtime, ALICE, anna, "email", "BOB@x.test")
    with pytest.raises(Invalid, match="user id already"):
        api.add_identifier(workbench.runtime, ALICE, anna, "user_id", "anna-2")
    for namespace, value in (("email", "no mail"), ("phone", "12"), ("user_id", "null"), ("shoe", "43"), ("email", "")):
        with pytest.raises(Invalid):
            api.add_identifier(workbench.runtime, ALICE, anna, namespace, value)


def test_a_customer_made_by_hand_is_found_and_what_comes_later_joins(workbench):
    new = NewCustomer(first_name="Anna", last_name="Maurer", email="Anna@Inn.example", phone="030 1234567")
    pair, _ = api.create_customer(workbench.runtime, ALICE, new, "form-1")
    workbench.work()
    anna = workbench.profile(f"{pair[0]}:{pair[1]}")
    assert (anna.name, anna.email, anna.phone) == ("Anna Maurer", "anna@inn.example", "+49301234567")
    assert names(workbench, is_identified=True) == ["Anna Maurer"]
    say(workbench, "m1", user="shop-7", email="anna@inn.example")
    assert workbench.profile("user_id:shop-7").profile == anna.profile
    with pytest.raises(IdentifierTaken):
        api.create_customer(workbench.runtime, ALICE, new, "form-2")


def test_a_form_that_is_sent_twice_makes_one_customer(workbench):
    new = NewCustomer(last_name="Maurer", email="anna@inn.example")
    for _ in range(2):
        api.create_customer(workbench.runtime, ALICE, new, "form-1")
    workbench.work()
    assert names(workbench) == ["Maurer"]
    assert workbench.rows("type") == [("identify",)]


def test_a_customer_whom_nothing_could_find_is_refused(workbench):
    with pytest.raises(NobodyToFind, match="mail address"):
        api.create_customer(workbench.runtime, ALICE, NewCustomer(first_name="Anna"))


def test_an_export_holds_everything_and_runs_no_formula(workbench):
    say(workbench, "m1", city="=1+1", email="anna@x.test")
    workbench.take(*(track("anna", "Login", f"e{number}") for number in range(3)))
    anna = workbench.profile("user_id:anna")
    notes.write_note(workbench.runtime, ALICE, notes.about_customer(anna), "Likes tea")
    notes.tag(workbench.runtime, ALICE, notes.about_customer(anna), "VIP")
    workbench.work()
    anna = workbench.profile("user_id:anna")
    found = msgspec.json.decode(b"".join(json_parts(workbench.runtime, anna, ALICE)))
    assert sorted(one["event"]["messageId"] for one in found["events"]) == ["e0", "e1", "e2", "m1"]
    assert found["notes"][0]["text"] == "Likes tea"
    assert found["tags"][0]["label"] == "VIP"
    assert {one["namespace"] for one in found["customer"]["identifiers"]} == {"user_id", "email"}
    text = b"".join(csv_lines(workbench.runtime, anna, ALICE)).decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text)))
    assert {one["part"] for one in lines} >= {"customer", "identifier", "trait", "figure", "note", "tag", "event"}
    assert [one["value"] for one in lines if one["name"] == "city"] == ["'=1+1"]
    assert sum(one["part"] == "event" for one in lines) == 4


def test_an_export_of_a_long_life_comes_page_by_page_each_event_once(workbench, monkeypatch):
    from stammgast.profiles import everything

    monkeypatch.setattr(everything, "PAGE", 7)
    workbench.take(*(track("anna", "Login", f"e{number}") for number in range(30)))
    found = msgspec.json.decode(b"".join(json_parts(workbench.runtime, workbench.profile("user_id:anna"), ALICE)))
    assert sorted(one["event"]["messageId"] for one in found["events"]) == sorted(f"e{number}" for number in range(30))


def test_corrections_marks_notes_and_tags_survive_counting_all_anew(workbench):
    runtime = workbench.runtime
    say(workbench, "m1", city="Bnn")
    correct(workbench, "city", "Bonn")
    anna = workbench.profile("user_id:anna")
    api.mark_customer(runtime, ALICE, anna, "test")
    notes.write_note(runtime, ALICE, notes.about_customer(anna), "Likes tea")
    notes.tag(runtime, ALICE, notes.about_customer(anna), "VIP")
    workbench.work()
    before = workbench.profile("user_id:anna")
    # As if the states had been lost: history alone brings back what was corrected and marked.
    with runtime.customers.write() as connection:
        connection.exec_driver_sql("UPDATE anchor_states SET state = x'80'")
    workbench.restart()
    order_recount(runtime, BY, "start")
    while workbench.worker.turn() or profiles.recount(runtime).state != "done":
        pass
    workbench.work()
    after = workbench.profile("user_id:anna")
    assert (after.traits, after.features["mark"]) == (before.traits, before.features["mark"])
    assert values(workbench)["city"] == "Bonn"
    assert names(workbench, with_bots=True, word="#vip") == ["anna"]
    about = notes.about_customer(after)
    assert [one.text for one in notes.notes_about(runtime, about, BOB)] == ["Likes tea"]


def test_what_is_corrected_while_all_is_counted_anew_is_not_lost(workbench):
    say(workbench, "m1", city="Bnn")
    order_recount(workbench.runtime, BY, "start")
    workbench.worker.turn()
    correct(workbench, "city", "Bonn")
    deadline = time.monotonic() + 60
    while profiles.recount(workbench.runtime).state != "done" or values(workbench)["city"] != "Bonn":
        workbench.worker.turn()
        assert time.monotonic() < deadline
