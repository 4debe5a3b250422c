"""Which regular expressions people may write: those whose cost stays small whatever value they meet.

A pattern runs on every identifier, and an identifier is the sender's to choose. Nested repeats make the time grow
exponentially with a value's length, many repeats beside each other as a power of it; neither is let in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from re import _constants as kinds  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from stammgast.kernel.errors import StammgastError

PATTERN_LENGTH_MAX = 200
VALUE_LENGTH_MAX = 200
"""Longer values are never looked at: no placeholder is so long."""
REPEATS_MAX = 3
CHOICES_MAX = 8
"""Most optional parts (`-?`) of a pattern."""

_REPEATS = (kinds.MAX_REPEAT, kinds.MIN_REPEAT, kinds.POSSESSIVE_REPEAT)
_REFUSED = {
    kinds.GROUPREF: "it refers back to a group; write the text out",
    kinds.GROUPREF_EXISTS: "it refers back to a group; write two patterns",
    kinds.ASSERT: "it looks ahead or behind; write it as two patterns",
    kinds.ASSERT_NOT: "it looks ahead or behind; list what shall match",
}


class UnfitPattern(StammgastError):
    """The pattern {pattern} can't be used: {problem}."""

    status = 422


def checked_pattern(pattern: str) -> re.Pattern[str]:
    """Return a compiled pattern (any case) that is cheap on every value. Raises UnfitPattern, which says how to mend.

    >>> bool(checked_pattern(r"kiosk-?[0-9]+").fullmatch("Kiosk17"))
    True
    >>> checked_pattern("(a+)+")
    Traceback (most recent call last):
    stammgast.identity.graph.patterns.UnfitPattern: The pattern (a+)+ can't be used: a repeat stands inside another repeat; take the inner or the outer + or * away.
    """
    if not pattern or len(pattern) > PATTERN_LENGTH_MAX:
        raise UnfitPattern(pattern=pattern[:50], problem=f"it must have 1 to {PATTERN_LENGTH_MAX} characters")
    try:
        compiled = re.compile(pattern, re.IGNORECASE)
        tree = parser.parse(pattern, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as problem:
        hint = "to match a sign such as ( or + as it is, write \\ before it"
        raise UnfitPattern(pattern=pattern, problem=f"{problem}; {hint}") from problem
    problem_found = _problem(tree)
    if problem_found:
        raise UnfitPattern(pattern=pattern, problem=problem_found)
    return compiled


def _problem(tree: Any) -> str:
    repeats = choices = 0
    for kind, is_inside, size in _walk(tree, is_inside=False):
        if kind in _REFUSED:
            return _REFUSED[kind]
        if is_inside and kind in _REPEATS:
            return "a repeat stands inside another repeat; take the inner or the outer + or * away"
        if is_inside and kind is kinds.BRANCH:
            return "alternatives ( | ) stand inside a repeat; write one pattern for each"
        if kind in _REPEATS:
            repeats += size > 1
            choices += size == 1
    if repeats > REPEATS_MAX:
        return f"it repeats more than {REPEATS_MAX} parts; write it as several patterns"
    if choices > CHOICES_MAX:
        return f"it has more than {CHOICES_MAX} optional parts; write it as several patterns"
    return ""


def _walk(tree: Any, *, is_inside: bool) -> Iterator[tuple[Any, bool, int]]:
    """Yield (kind, whether a repeat is around it, by how much a repeat varies) of every part of a parsed pattern."""
    for kind, argument in tree:
        size = 0
        within = is_inside
        if kind in _REPEATS:
            least, most, _ = argument
            size = int(most) - int(least)
            # What stands exactly once or not at all repeats nothing; an exact count of one sign is one sign.
            within = is_inside or int(most) > 1
        yield kind, is_inside, size
        for part in _parts(argument):
            yield from _walk(part, is_inside=within)


def _parts(argument: Any) -> Iterator[Any]:
    if isinstance(argument, parser.SubPattern):
        yield argument
    elif isinstance(argument, (tuple, list)):
        for one in argument:
            yield from _parts(one)
