"""Lists: which page, order and filter of a long list the address asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from stammgast.web.numbers import whole
from stammgast.web.shell import AnyRequest

PAGE_SIZES = (25, 50, 100, 200)
PLACE_MAX = 10**9


class Column(msgspec.Struct, frozen=True):
    """One column of a table. `key` is the sort's name in the address; empty when it can't be sorted by."""

    label: str
    """A `marked` string."""
    key: str = ""
    align: Literal["start", "end"] = "start"
    is_hidden_small: bool = False
    """Left out on a phone."""
    is_descending_first: bool = False
    """Whether choosing it for the first time shows the most first."""


class TableState(msgspec.Struct, frozen=True):
    """What of a list is to be shown. `page` counts from 1."""

    page: int
    size: int
    sort: str
    is_descending: bool
    text: str

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.page - 1) * self.size

    def pages(self, total: int) -> int:
        """Return how many pages `total` rows fill, at least 1."""
        return max(1, -(-total // self.size))


def read_table(request: AnyRequest, sorts: Sequence[str] = (), *, default: str = "", size: int = 50) -> TableState:
    """Read `page`, `size`, `sort` (a leading - descends) and `q` from the address; what makes no sense is the default."""
    asked = request.query_params.get("sort") or default
    name = asked.lstrip("-")
    if name not in sorts:
        asked, name = default, default.lstrip("-")
    return TableState(
        page=max(1, min(_whole(request.query_params.get("page"), 1), 1_000_000)),
        size=_size(_whole(request.query_params.get("size"), size), size),
        sort=name,
        is_descending=asked.startswith("-"),
        text=(request.query_params.get("q") or "").strip()[:200],
    )


def _whole(text: str | None, default: int) -> int:
    number = whole(text)
    return default if number is None else min(number, PLACE_MAX)


def _size(asked: int, default: int) -> int:
    return asked if asked in PAGE_SIZES else default
