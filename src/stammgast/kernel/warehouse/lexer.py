"""ClickHouse's SQL cut into tokens, just closely enough to find formats, inline data and forbidden calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    rb"""
      (?P<space> \s+ | --[^\n]* | \#[ !][^\n]* | /\*.*?\*/ )
    | (?P<string> '[^'\\]*(?:(?:\\.|'')[^'\\]*)*' | \xe2\x80\x98.*?\xe2\x80\x99 | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ )
    | (?P<quoted> `(?:[^`\\]|\\.|``)*` | "(?:[^"\\]|\\.|"")*" | \xe2\x80\x9c.*?\xe2\x80\x9d )
    | (?P<word> [A-Za-z_][A-Za-z0-9_]* )
    | (?P<number> [0-9][A-Za-z0-9_.]* )
    | (?P<other> . )
    """,
    re.DOTALL | re.VERBOSE,
)
_UNICODE_QUOTE_BYTES = 3


class Token(NamedTuple):
    """One token: its kind (`word`, `quoted`, `string`, `number`, `other`), text, place and depth of parentheses."""

    kind: str
    text: str
    start: int
    end: int
    depth: int

    @property
    def upper(self) -> str:
        """The text of a bare word in capitals; empty for anything else, so a quoted name is never a keyword."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def name(self) -> str:
        """What a word or a quoted identifier names; empty for anything else."""
        return self.text if self.kind in {"word", "quoted"} else ""


def tokens(sql: bytes) -> Iterator[Token]:
    """Yield the tokens of `sql` lazily, without white space and comments; places are byte offsets.

    >>> [token.text for token in tokens(b"SELECT `a b` /* c */ FROM t -- x")]
    ['SELECT', 'a b', 'FROM', 't']
    """
    depth = 0
    for match in _TOKEN.finditer(sql):
        kind = match.lastgroup or "other"
        if kind == "tag":
            kind = "string"
        if kind == "space":
            continue
        raw = match.group()
        if raw in b")]}":
            depth -= 1
        yield Token(kind, _text(kind, raw), match.start(), match.end(), depth)
        if raw in b"([{":
            depth += 1


def _text(kind: str, raw: bytes) -> str:
    if kind == "quoted":
        cut = _UNICODE_QUOTE_BYTES if raw.startswith(b"\xe2") else 1
        return raw[cut:-cut].decode(errors="replace")
    return raw.decode(errors="replace")
