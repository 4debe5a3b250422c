"""Which pairs are compared at all: those that share a key. Frequent values make no key, so the work stays bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from stammgast.whoiswho.matching.records import PersonRecord

PAIRS_MIN = 1_000_000
"""Every key may make this many pairs, however few records there are."""
PAIRS_PER_RECORD = 10
"""And this many a record, where there are many."""
_LETTERS = 4

Keys = dict[str, list[str | None]]
"""Key -> one value a record, None where it makes no pair by this key."""


def _joined(*parts: str | None) -> str | None:
    return None if any(part is None for part in parts) else "|".join(part or "" for part in parts)


def _year(record: PersonRecord) -> str | None:
    return record.birth_date and record.birth_date[:4]


def _day(record: PersonRecord) -> str | None:
    return record.birth_date and record.birth_date[5:]


def _mailbox(record: PersonRecord) -> str | None:
    return record.email and record.email.partition("@")[0]


def _names_in_order(record: PersonRecord) -> str | None:
    """Return both names sorted, so that swapped ones meet."""
    if record.first_name is None or record.last_name is None:
        return None
    return "|".join(sorted((record.first_name, record.last_name)))


def _beginnings(record: PersonRecord) -> str | None:
    return _joined(record.first_name and record.first_name[:_LETTERS], record.last_name and record.last_name[:_LETTERS])


KEYS: Mapping[str, Callable[[PersonRecord], str | None]] = {
    "key_email": lambda one: one.email,
    "key_phone": lambda one: one.phone,
    "key_number": lambda one: one.number,
    "key_names": _names_in_order,
    "key_birth_date": lambda one: one.birth_date,
    "key_mailbox": _mailbox,
    "key_address": lambda one: _joined(one.street, one.house),
    "key_beginnings": _beginnings,
    "key_last_year": lambda one: _joined(one.last_name, _year(one)),
    "key_first_year": lambda one: _joined(one.first_name, _year(one)),
    "key_last_day": lambda one: _joined(one.last_name, _day(one)),
    "key_first_day": lambda one: _joined(one.first_name, _day(one)),
    "key_last_place": lambda one: _joined(one.last_name, one.postcode or one.city),
    "key_first_place": lambda one: _joined(one.first_name, one.postcode or one.city),
    "key_street_place": lambda one: _joined(one.street, one.postcode or one.city),
    "key_last_name": lambda one: one.last_name,
    "key_first_name": lambda one: one.first_name,
    "key_postcode": lambda one: one.postcode,
}
"""Narrow keys first: a pair is found once, by the first key it shares."""


def blocking_keys(records: Sequence[PersonRecord]) -> Keys:
    """Return the keys by which any two records meet, without values that would make too many pairs."""
    pairs_max = max(PAIRS_MIN, PAIRS_PER_RECORD * len(records))
    found: Keys = {}
    for name, key in KEYS.items():
        values = [key(one) for one in records]
        kept = telling_values(Counter(value for value in values if value is not None), pairs_max)
        if kept:
            found[name] = [value if value in kept else None for value in values]
    return found


def telling_values(counts: Mapping[str, int], pairs_max: int) -> set[str]:
    """Return the values that at least two records share, rarest first, as long as they make at most `pairs_max` pairs.

    Of equally frequent values all are kept or none, so the outcome doesn't depend on their order.

    >>> sorted(telling_values({"mueller": 100, "zwirner": 2, "lind": 3, "solo": 1}, 10))
    ['lind', 'zwirner']
    """
    by_size = Counter(count for count in counts.values() if count > 1)
    left, most = pairs_max, 1
    for size in sorted(by_size):
        left -= by_size[size] * pairs_of(size)
        if left < 0:
            break
        most = size
    return {value for value, count in counts.items() if 1 < count <= most}


def pairs_of(size: int) -> int:
    """Return how many pairs a block of `size` records makes.

    >>> pairs_of(4)
    6
    """
    return size * (size - 1) // 2


def count_pairs(values: Iterable[object]) -> int:
    """Return how many pairs share a value that is known.

    >>> count_pairs(["a", "a", None, None, "b", "a"])
    3
    """
    return sum(pairs_of(count) for value, count in Counter(values).items() if value is not None)
