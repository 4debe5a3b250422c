"""How deep JSON is nested, without decoding it: decoders fall over what is nested without end."""

from __future__ import annotations

import re

DEPTH_MAX = 64
# A quote that opens no closed text matches alone: without it a hostile body with many escaped quotes would make the
# search start again at each of them.
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]|"', re.DOTALL)
_OPENING, _CLOSING = frozenset(b"{["), frozenset(b"}]")


def is_too_deep(text: bytes) -> bool:
    """Say whether a JSON text is nested deeper than DEPTH_MAX; most texts don't even have so many brackets."""
    return text.count(b"{") + text.count(b"[") > DEPTH_MAX and depth(text) > DEPTH_MAX


def depth(text: bytes) -> int:
    """Return how deep a JSON text is nested; broken text counts as far as it goes.

    >>> depth(b'{"a": [1, {"b": "[[["}]}')
    3
    """
    level = deepest = 0
    for token in _TOKEN.finditer(text):
        first = text[token.start()]
        if first in _OPENING:
            level += 1
            deepest = max(deepest, level)
        elif first in _CLOSING:
            level -= 1
    return deepest
