"""Cursors: where a page ended, as opaque text for URLs."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, TypeVar

import msgspec

from stammgast.profiles.contracts import WrongCursor

Place = TypeVar("Place")
Number = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
"""What a cursor may hold: any moment, count or number of ours."""


def write_cursor(place: object) -> str:
    """Return a place as text.

    >>> write_cursor([5, "m"])
    'kgWhbQ'
    """
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(place)).rstrip(b"=").decode()


def read_cursor(text: str, kind: type[Place]) -> Place:
    """Return the place that a cursor names. Raises WrongCursor when it is not one of this kind.

    >>> read_cursor("kgWhbQ", tuple[int, str])
    (5, 'm')
    """
    try:
        return msgspec.msgpack.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=kind)
    except (binascii.Error, msgspec.MsgspecError, ValueError):
        raise WrongCursor(cursor=text) from None


def sorted_place(sort: str, *, is_reversed: bool, after: str) -> tuple[bool, tuple[int | str, int] | None]:
    """Return whether a sorted list ascends, and the place that the cursor `after` names (None at the start).

    Names ascend by themselves, everything else descends. Raises WrongCursor.

    >>> sorted_place("name", is_reversed=False, after=""), sorted_place("name", is_reversed=True, after="")
    ((True, None), (False, None))
    """
    ascending = (sort == "name") != is_reversed
    if not after:
        return ascending, None
    if sort == "name":
        return ascending, read_cursor(after, tuple[str, Number])
    return ascending, read_cursor(after, tuple[Number, Number])
