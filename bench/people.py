"""People with slips, made from a seed: how records of one person differ when they come from several counters and forms."""

from __future__ import annotations

from random import Random

from stammgast.whoiswho.matching.records import PersonRecord

_SYLLABLES = [
    "ba",
    "be",
    "bo",
    "da",
    "de",
    "di",
    "fa",
    "fe",
    "ga",
    "ge",
    "ha",
    "he",
    "ja",
    "ka",
    "ke",
    "la",
    "le",
    "li",
    "lo",
    "ma",
    "me",
    "mi",
    "na",
    "ne",
    "no",
    "pa",
    "ra",
    "re",
    "ri",
    "ro",
    "sa",
    "se",
    "si",
    "ta",
    "te",
    "ti",
    "wa",
    "we",
    "wi",
]
_ENDS = ["n", "r", "s", "l", "t", "ck", "nn", "tz", "rt", "ld", "ch", "ff"]
DOMAINS = tuple(f"{name}.example" for name in ("mail", "post", "web", "firma", "online"))
LETTERS = "abcdefghijklmnopqrstuvwxyz"
DUPLICATES_SHARE = 0.2


def make_people(count: int, seed: int) -> tuple[list[PersonRecord], dict[int, int]]:
    """Return `count` records, a fifth of them slipped copies of others, and record -> person."""
    chance = Random(seed)
    firsts, lasts, towns = (_words(chance, size) for size in (2_000, 30_000, 3_000))
    originals = round(count * (1 - DUPLICATES_SHARE))
    records = [_person(chance, number, firsts, lasts, towns) for number in range(1, originals + 1)]
    truth = {one.profile: one.profile for one in records}
    for number in range(originals + 1, count + 1):
        original = chance.choice(records[:originals])
        records.append(_slipped(chance, number, original))
        truth[number] = original.profile
    return records, truth


def _words(chance: Random, count: int) -> list[str]:
    return ["".join(chance.choices(_SYLLABLES, k=chance.randint(1, 3))) + chance.choice(_ENDS) for _ in range(count)]


def _person(chance: Random, number: int, firsts: list[str], lasts: list[str], towns: list[str]) -> PersonRecord:
    # Squares make some names frequent and many rare, as names are.
    first = firsts[int(chance.random() ** 2 * len(firsts))]
    last = lasts[int(chance.random() ** 3 * len(lasts))]
    town = int(chance.random() ** 2 * len(towns))
    day = f"{chance.randint(1930, 2008)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
    mail = f"{first}.{last}{chance.randint(1, 99)}@{chance.choice(DOMAINS)}"
    return PersonRecord(
        number,
        first,
        last,
        day if chance.random() < 0.7 else None,
        mail if chance.random() < 0.8 else None,
        f"+4915{chance.randint(10**8, 10**9 - 1)}" if chance.random() < 0.5 else None,
        None,
        f"{chance.choice(lasts)}strasse",
        str(chance.randint(1, 120)),
        f"{10_000 + town * 13:05}",
        towns[town],
    )


def _slipped(chance: Random, number: int, one: PersonRecord) -> PersonRecord:
    """Return a copy in which each field may be missing, mistyped or another one."""
    values = {
        "first_name": one.first_name, "last_name": one.last_name, "birth_date": one.birth_date, "email": one.email,
        "phone": one.phone, "street": one.street, "house": one.house, "postcode": one.postcode, "city": one.city,
    }  # fmt: skip
    for name, value in values.items():
        luck = chance.random()
        if value is None or luck > 0.35:
            continue
        values[name] = None if luck < 0.15 else _typo(chance, value)
    if chance.random() < 0.05:
        values["first_name"], values["last_name"] = values["last_name"], values["first_name"]
    if values["email"] == one.email and chance.random() < 0.7:
        values["email"] = None if chance.random() < 0.5 else f"{one.last_name}{number}@{chance.choice(DOMAINS)}"
    return PersonRecord(number, **values)


def _typo(chance: Random, text: str) -> str:
    place = chance.randrange(len(text))
    letter = str(chance.randint(0, 9)) if text[place].isdigit() else chance.choice(LETTERS)
    return {
        0: text[:place] + text[place + 1 :],
        1: text[:place] + letter + text[place + 1 :],
        2: text[:place] + letter + text[place:],
        3: text[:place] + text[place : place + 2][::-1] + text[place + 2 :],
    }[chance.randrange(4)] or text
