"""Names, addresses, dates and numbers of people in the one form in which they are compared. Pure."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

TEXT_MAX = 120
_UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "œ": "oe", "ł": "l"}
)
_TITLES = frozenset(
    {"herr", "frau", "hr", "fr", "mr", "mrs", "ms", "miss", "mx", "sir", "dr", "prof", "professor", "doktor", "doctor", "dipl"}
)  # fmt: skip
_DEGREES = frozenset({"med", "phil", "jur", "rer", "nat", "ing", "h", "c", "pol", "oec", "vet", "dent"})
"""Dropped behind a title only: Phil and Nat are also names."""
_ENDINGS = frozenset({"phd", "mba", "bsc", "msc", "jr", "sr", "junior", "senior"})
_STREET_ENDS = (
    (re.compile(r"(?<=[a-z]{3})str$"), "strasse"),
    (re.compile(r"(?<=[a-z]{3})pl$"), "platz"),
)
_STREET_WORDS = {
    "str": "strasse", "st": "street", "rd": "road", "ave": "avenue", "av": "avenue", "ln": "lane", "dr": "drive", "ct": "court",
    "cres": "crescent", "cct": "circuit", "crt": "court", "sq": "square", "blvd": "boulevard", "hwy": "highway", "pde": "parade",
    "tce": "terrace", "ter": "terrace", "gr": "grosse", "kl": "kleine", "pl": "place", "wy": "way",
}  # fmt: skip
_HOUSE_FIRST = re.compile(r"^(?P<house>\d+\s?[a-z]?(?:\s?[-/]\s?\d+\s?[a-z]?)?)[\s,]+(?P<street>\D.*)$")
_HOUSE_LAST = re.compile(r"^(?P<street>.*?\D)[\s,]+(?P<house>\d+\s?[a-z]?(?:\s?[-/]\s?\d+\s?[a-z]?)?)$")
_WORD = re.compile(r"[a-z0-9]+")
_NAME_WORD = re.compile(r"[a-z]+")
_YEAR_FIRST = re.compile(r"^(\d{4})[-/.]?(\d{1,2})[-/.]?(\d{1,2})(?:[T ].*)?$")
_YEAR_LAST = re.compile(r"^(\d{1,2})([-/. ])\s?(\d{1,2})[-/. ]\s?(\d{4})$")
_MONTHS_MAX = 12
_BIRTH_YEAR_MIN = 1880


def plain(text: str) -> str:
    """Return a text in lower case ASCII: German umlauts spelled out, other accents taken off, blanks single.

    >>> plain("  Jürgen  GROSS-Weiß "), plain("Renée"), plain("Łukasz")
    ('juergen gross-weiss', 'renee', 'lukasz')
    """
    spelled = unicodedata.normalize("NFC", text[: 4 * TEXT_MAX]).lower().translate(_UMLAUTS)
    bare = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    return " ".join(bare.split())[:TEXT_MAX]


def name_part(text: str) -> str | None:
    """Return a first or last name without titles and punctuation, None when nothing is left.

    >>> name_part("Dr. med. Anna-Lena"), name_part("Phil O'Neill jr."), name_part("Herr"), name_part("?")
    ('anna lena', 'phil oneill', None, None)
    """
    words = _NAME_WORD.findall(plain(text).replace("'", "").replace("`", ""))
    kept: list[str] = []
    is_behind_title = False
    for word in words:
        is_title = word in _TITLES or (is_behind_title and word in _DEGREES)
        if not is_title and not (kept and word in _ENDINGS):
            kept.append(word)
        is_behind_title = is_title
    return " ".join(kept) or None


def split_name(text: str) -> tuple[str | None, str | None]:
    """Return (first, last) of a whole name; the last word is the last name, with `von`, `de` and the like before it.

    >>> split_name("Prof. Dr. Ludwig van Beethoven"), split_name("Maurer, Anna"), split_name("Cher")
    (('ludwig', 'van beethoven'), ('anna', 'maurer'), ('cher', None))
    """
    before, comma, after = text.partition(",")
    if comma and name_part(after):
        return name_part(after), name_part(before)
    words = (name_part(text) or "").split()
    if len(words) < 2:  # noqa: PLR2004 - one word is a first name
        return (words[0] if words else None), None
    start = len(words) - 1
    while start > 1 and words[start - 1] in _PARTICLES:
        start -= 1
    return " ".join(words[:start]), " ".join(words[start:])


_PARTICLES = frozenset(
    {"von", "van", "de", "der", "den", "zu", "zur", "del", "della", "di", "da", "dos", "la", "le", "ten"}
)


def street_and_house(text: str, house: str = "") -> tuple[str | None, str | None]:
    """Return (street, house number) in one spelling, whether the number stands before (English) or behind (German).

    >>> street_and_house("Pridhamstr. 17 a"), street_and_house("17A Pridham St."), street_and_house("Gr. Bleichen", "3")
    (('pridhamstrasse', '17a'), ('pridham street', '17a'), ('grosse bleichen', '3'))
    """
    clean = plain(text).replace(".", " ").replace("'", "")
    clean = " ".join(clean.split())
    if not house:
        found = _HOUSE_FIRST.match(clean) or _HOUSE_LAST.match(clean)
        if found:
            clean, house = found["street"], found["house"]
    words = [_street_word(word) for word in _WORD.findall(clean)]
    number = "".join(re.findall(r"[a-z0-9/-]", plain(house)))
    return " ".join(words) or None, number or None


def _street_word(word: str) -> str:
    for pattern, whole in _STREET_ENDS:
        word = pattern.sub(whole, word)
    return _STREET_WORDS.get(word, word)


def postcode(text: str) -> str | None:
    """Return a postcode without country prefix, blanks and dashes, None when there is no digit in it.

    >>> postcode("D-10115"), postcode("sw1a 1aa"), postcode("n/a"), postcode("1010.0")
    ('10115', 'SW1A1AA', None, '1010')
    """
    clean = plain(text).upper().removesuffix(".0")
    clean = re.sub(r"^(D|DE|A|AT|CH|L|F|FR|NL|B)\s?-\s?(?=\d)", "", clean)
    clean = "".join(one for one in clean if one.isalnum())
    return clean[:12] if any(one.isdigit() for one in clean) else None


def town(text: str) -> str | None:
    """Return a town's name.

    >>> town("Köln"), town("St. Pölten"), town("--")
    ('koeln', 'sankt poelten', None)
    """
    words = _WORD.findall(plain(text))
    return " ".join({"st": "sankt", "saint": "sankt"}.get(word, word) for word in words) or None


def birth_date(text: str) -> str | None:
    """Return a day of birth as YYYY-MM-DD. Digits that are no day of the calendar stay: a slip still tells something.

    Day before month, as German and English write it, unless only the other order gives a day.

    >>> birth_date("19560409"), birth_date("9.4.1956"), birth_date("04/25/1956"), birth_date("1956-04-09T00:00:00Z")
    ('1956-04-09', '1956-04-09', '1956-04-25', '1956-04-09')
    >>> birth_date("19561341"), birth_date("0000-00-00"), birth_date("1812-01-01"), birth_date("soon")
    ('1956-13-41', None, None, None)
    """
    clean = text.strip()
    if found := _YEAR_LAST.match(clean):
        day, month, year = int(found[1]), int(found[3]), int(found[4])
        if month > _MONTHS_MAX >= day:
            day, month = month, day
    elif found := _YEAR_FIRST.match(clean):
        year, month, day = int(found[1]), int(found[2]), int(found[3])
    else:
        return None
    return f"{year:04}-{month:02}-{day:02}" if _BIRTH_YEAR_MIN <= year <= date.max.year else None


def personal_number(text: str) -> str | None:
    """Return a number that a person carries elsewhere (loyalty card, tax id) without blanks and dashes.

    >>> personal_number("DE 123-456"), personal_number("0000"), personal_number("12")
    ('DE123456', None, None)
    """
    clean = "".join(one for one in plain(text).upper() if one.isalnum())
    return clean if len(clean) >= _NUMBER_MIN and len(set(clean)) > 1 else None


_NUMBER_MIN = 4
