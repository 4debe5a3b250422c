"""How traits are called and grouped on pages: the field's usual names, whatever way they are written."""

from __future__ import annotations

import re
from typing import Literal

from stammgast.kernel.i18n import marked as _

GroupName = Literal["contact", "address", "about", "preferences", "other", "technical"]
GROUP_LABELS: dict[GroupName, str] = {
    "contact": _("Contact"),
    "address": _("Address"),
    "about": _("About"),
    "preferences": _("Preferences"),
    "other": _("More"),
    "technical": _("Technical"),
}

_WORDS: dict[GroupName, dict[str, tuple[str, str]]] = {
    "contact": {
        "name": (_("Name"), "name fullname displayname username nickname"),
        "salutation": (_("Salutation"), "salutation anrede"),
        "title": (_("Title"), "title titel"),
        "first": (_("First name"), "firstname givenname vorname"),
        "last": (_("Last name"), "lastname surname familyname nachname"),
        "email": (_("Mail address"), "email mail emailaddress emailadresse mailadresse"),
        "phone": (_("Phone number"), "phone telephone tel phonenumber telefon telefonnummer"),
        "mobile": (_("Mobile number"), "mobile mobilephone cell handy mobil mobilnummer"),
        "company": (_("Company"), "company companyname organization organisation firma employer"),
        "position": (_("Position"), "position jobtitle job role beruf"),
        "website": (_("Website"), "website homepage url webseite"),
    },
    "address": {
        "address": (_("Address"), "address adresse"),
        "street": (_("Street"), "street streetaddress address1 addressline1 strasse straße"),
        "addition": (_("Address line 2"), "address2 addressline2 adresszusatz"),
        "postcode": (_("Postcode"), "postcode postalcode zip zipcode plz postleitzahl"),
        "city": (_("City"), "city town ort stadt locality"),
        "state": (_("State"), "state region province bundesland"),
        "country": (_("Country"), "country countrycode land"),
    },
    "about": {
        "birthday": (_("Birthday"), "birthday birthdate dateofbirth dob geburtstag geburtsdatum"),
        "age": (_("Age"), "age alter"),
        "gender": (_("Gender"), "gender geschlecht sex"),
        "language": (_("Language"), "language locale sprache"),
        "description": (_("Description"), "description bio beschreibung"),
        "industry": (_("Industry"), "industry branche"),
        "employees": (_("Employees"), "employees employeecount mitarbeiter"),
        "kind": (_("Kind"), "type kind art"),
        "since": (_("Customer since"), "customersince kundeseit signupdate registeredat registrationdate"),
    },
    "preferences": {
        "newsletter": (_("Newsletter"), "newsletter newsletteroptin subscribed emailoptin"),
        "plan": (_("Plan"), "plan tarif subscription"),
        "tier": (_("Tier"), "tier level loyaltylevel loyaltytier status stufe"),
        "segment": (_("Segment"), "segment kundengruppe customergroup"),
        "interests": (_("Interests"), "interests interessen"),
        "shop": (_("Favourite shop"), "favoriteshop favouriteshop favoritestore favouritestore store filiale"),
        "contact": (_("Preferred contact"), "preferredcontact contactpreference preferredchannel"),
        "payment": (_("Payment method"), "paymentmethod zahlungsart"),
    },
    "technical": {
        "demo": (_("Demo data"), "isdemo demo"),
        "test": (_("Test data"), "istest test"),
        "created": (_("Created"), "createdat created creationdate"),
        "updated": (_("Changed"), "updatedat updated modifiedat lastmodified"),
        "avatar": (_("Picture"), "avatar photo picture image"),
        "id": (_("Number in the source"), "id userid customerid customernumber kundennummer externalid uuid"),
        "zone": (_("Time zone"), "timezone zone"),
        "agent": (_("Browser"), "useragent browser"),
        "ip": (_("IP address"), "ip ipaddress"),
    },
}
_KNOWN: dict[str, tuple[GroupName, int, str]] = {
    key: (group, place, label)
    for group, words in _WORDS.items()
    for place, (label, keys) in enumerate(words.values())
    for key in keys.split()
}
TECHNICAL_BEGINNINGS = ("utm", "ga", "fbp", "fbc", "cookie", "session", "device")
UNKNOWN_PLACE = 100

_PARTS = re.compile(r"[^\W_]+")
_HUMPS = re.compile(r"(?<=[a-zß-ÿ0-9])(?=[A-ZÀ-Þ])")


def trait_key(name: str) -> str:
    """Return a trait's name without the ways in which it is written.

    >>> trait_key("firstName"), trait_key("First name"), trait_key("first_name")
    ('firstname', 'firstname', 'firstname')
    """
    return "".join(_PARTS.findall(name)).casefold()


def place_of(name: str) -> tuple[GroupName, int]:
    """Return the group of a trait, and its place there.

    >>> place_of("Last-Name")[0], place_of("utm_source")[0], place_of("shoe_size")
    ('contact', 'technical', ('other', 100))
    """
    key = trait_key(name)
    if key in _KNOWN:
        group, place, _label = _KNOWN[key]
        return group, place
    first = (_PARTS.findall(_HUMPS.sub(" ", name)) or [""])[0].casefold()
    return ("technical" if first in TECHNICAL_BEGINNINGS else "other"), UNKNOWN_PLACE


def label_of(name: str) -> tuple[str, bool]:
    """Return what a trait is called, and whether that is the sender's own word, which nobody may translate.

    >>> label_of("first_name"), label_of("shoeSize_EU"), label_of("  ")
    (('First name', False), ('Shoe size EU', True), ('  ', True))
    """
    known = _KNOWN.get(trait_key(name))
    if known is not None:
        return known[2], False
    words = _PARTS.findall(_HUMPS.sub(" ", name))
    if not words:
        return name, True
    text = " ".join(one if one.isupper() else one.lower() for one in words)
    return text[:1].upper() + text[1:], True
