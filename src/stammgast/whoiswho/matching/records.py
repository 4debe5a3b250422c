"""A profile as a record to compare: what its traits and identifiers say about name, mail, phone, address, birth date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from stammgast.identity.resolution import Pair
from stammgast.whoiswho.matching import normal

FIRST_NAMES = ("firstName", "first_name", "firstname", "given_name", "givenName", "vorname")
LAST_NAMES = ("lastName", "last_name", "lastname", "surname", "family_name", "familyName", "nachname")
FULL_NAMES = ("name", "full_name", "fullName", "displayName")
BIRTH_DATES = (
    "birthday",
    "birthDate",
    "birth_date",
    "birthdate",
    "date_of_birth",
    "dateOfBirth",
    "dob",
    "geburtsdatum",
)
ADDRESSES = ("address", "shipping_address", "billing_address", "adresse")
STREETS = ("street", "street1", "address1", "address_1", "streetAddress", "street_address", "line1", "strasse")
HOUSES = ("houseNumber", "house_number", "street_number", "streetNumber", "hausnummer")
POSTCODES = ("postalCode", "postal_code", "postcode", "zip", "zipCode", "zip_code", "plz")
TOWNS = ("city", "town", "suburb", "ort", "stadt")
NUMBERS = (
    "loyaltyCard",
    "loyalty_card",
    "customerNumber",
    "customer_number",
    "taxId",
    "tax_id",
    "soc_sec_id",
    "nationalId",
)
NUMBER_NAMESPACES = ("loyalty_card", "customer_number")
FIELDS_MIN = 2
"""A record of fewer fields than this is compared with nobody."""


class PersonRecord(msgspec.Struct, frozen=True, gc=False):
    """One profile in normal forms; None where nothing is known."""

    profile: int
    first_name: str | None = None
    last_name: str | None = None
    birth_date: str | None = None
    email: str | None = None
    phone: str | None = None
    number: str | None = None
    street: str | None = None
    house: str | None = None
    postcode: str | None = None
    city: str | None = None

    @property
    def is_comparable(self) -> bool:
        """Enough is known that a match could be told from chance."""
        return sum(one is not None for one in msgspec.structs.astuple(self)[1:]) >= FIELDS_MIN


Normalise = Callable[[str, str], Pair | None]
"""(namespace, raw value) -> the identifier it is, None when it is a placeholder."""
COLUMNS: tuple[str, ...] = PersonRecord.__struct_fields__


def person_record(
    profile: int, traits: Mapping[str, Any], identifiers: Sequence[Pair], normalise: Normalise
) -> PersonRecord:
    """Return the record of a profile out of the traits that hold and its normalised identifiers.

    >>> traits = {"name": "Dr. Anna Maurer", "birthday": "9.4.1956", "address": {"street": "Hauptstr. 3", "postalCode": "50667"}}
    >>> person_record(7, traits, [("email", "anna@example.com")], lambda *pair: pair)  # doctest: +NORMALIZE_WHITESPACE
    PersonRecord(profile=7, first_name='anna', last_name='maurer', birth_date='1956-04-09', email='anna@example.com',
        phone=None, number=None, street='hauptstrasse', house='3', postcode='50667', city=None)
    """
    first, last = _names(traits)
    address = _address(traits)
    street, house = normal.street_and_house(_text(address, STREETS), _text(address, HOUSES))
    return PersonRecord(
        profile,
        first,
        last,
        normal.birth_date(_text(traits, BIRTH_DATES)),
        _identifier("email", traits, identifiers, normalise),
        _identifier("phone", traits, identifiers, normalise),
        _number(traits, identifiers),
        street,
        house,
        normal.postcode(_text(address, POSTCODES)),
        normal.town(_text(address, TOWNS)),
    )


def told(traits: Mapping[str, Any], record: PersonRecord) -> dict[str, str]:
    """Return what people see of a record, by the name of the field compared: as it was told, where it was told so.

    >>> record = PersonRecord(7, first_name="anna", last_name="maurer", street="hauptstrasse", house="3", postcode="50667")
    >>> told({"name": "Anna MAURER", "address": {"street": "Hauptstr. 3", "postalCode": "50667"}}, record)
    {'first_name': 'Anna', 'last_name': 'Maurer', 'street': 'Hauptstr. 3', 'place': '50667'}
    """
    address = _address(traits)
    place = f"{_text(address, POSTCODES) or record.postcode or ''} {_text(address, TOWNS) or record.city or ''}"
    street = f"{_text(address, STREETS) or record.street or ''} {_text(address, HOUSES)}"
    found = {
        "first_name": _text(traits, FIRST_NAMES) or (record.first_name or "").title(),
        "last_name": _text(traits, LAST_NAMES) or (record.last_name or "").title(),
        "birth_date": record.birth_date or _text(traits, BIRTH_DATES),
        "email": record.email or "",
        "phone": record.phone or "",
        "number": record.number or "",
        "street": street.strip(),
        "place": place.strip(),
    }
    return {name: text for name, text in found.items() if text}


def _names(traits: Mapping[str, Any]) -> tuple[str | None, str | None]:
    first, last = normal.name_part(_text(traits, FIRST_NAMES)), normal.name_part(_text(traits, LAST_NAMES))
    if first is None and last is None:
        return normal.split_name(_text(traits, FULL_NAMES))
    return first, last


def _address(traits: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the address among the traits: an object of its own, a line of text, or parts beside the other traits."""
    for name in ADDRESSES:
        value = traits.get(name)
        if isinstance(value, Mapping):
            return value
        if isinstance(value, str) and value.strip():
            return {**traits, STREETS[0]: value.partition(",")[0]}
    return traits


def _identifier(
    namespace: str, traits: Mapping[str, Any], identifiers: Iterable[Pair], normalise: Normalise
) -> str | None:
    """Return the mail or phone that the person last told, else the first by which they are known."""
    told = _text(traits, (namespace,))
    normalised = normalise(namespace, told) if told else None
    if normalised is not None:
        return normalised[1]
    return min((value for kind, value in identifiers if kind == namespace), default=None)


def _number(traits: Mapping[str, Any], identifiers: Iterable[Pair]) -> str | None:
    known = min((value for kind, value in identifiers if kind in NUMBER_NAMESPACES), default="")
    return normal.personal_number(known or _text(traits, NUMBERS))


def _text(values: Mapping[str, Any], names: Iterable[str]) -> str:
    """Return the first of these that says something, as text; whole numbers count (a postcode may come as one)."""
    for name in names:
        value = values.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""
