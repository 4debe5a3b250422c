"""Numbers that people and programs write into addresses and forms."""

from __future__ import annotations

NUMBER_MAX = 2**63 - 1
"""The largest number that a database keeps."""
_DIGITS_MAX = 19


def whole(text: str | None) -> int | None:
    """Return the whole number from 0 on that a text is and that a database can keep, None for any other text.

    >>> whole("17"), whole("9223372036854775808"), whole("-1"), whole("\u00b2"), whole(None)
    (17, None, None, None, None)
    """
    if not text or len(text) > _DIGITS_MAX or not (text.isascii() and text.isdecimal()):
        return None
    number = int(text)
    return number if number <= NUMBER_MAX else None
