"""How a module keeps customer data of its own: the worker obeys its orders and names its words in the lists.

Web appends an order to the log (`events.api.append_order`); the worker writes what it holds in the very transaction of the
batch, so it takes effect exactly once, whatever is killed when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection


@dataclass
class Touched:
    """Anchors and accounts about which something changed: their lines in the lists are written anew."""

    anchors: set[int] = field(default_factory=set)
    accounts: set[int] = field(default_factory=set)

    def add(self, other: Touched) -> None:
        """Take in what another touched."""
        self.anchors |= other.anchors
        self.accounts |= other.accounts


@dataclass(frozen=True)
class OrderKind:
    """What the worker does with orders of one `action`.

    read(facts, position, received_at)   what to keep; pure. Whatever makes no sense must raise here: the order is set aside
    keep(connection, found, batch)       write them, in the order of the log; may not fail for what `read` let through
    touched(found)                       whose lines in the lists change
    """

    action: str
    read: Callable[[Mapping[str, Any], int, int], Any]
    keep: Callable[[Connection, Sequence[Any], int], None]
    touched: Callable[[Any], Touched]


@dataclass(frozen=True)
class ListWords:
    """Further words by which the lists find customers and accounts; they begin with a sign that no name has, such as #.

    customers(connection, {profile: its anchors})   {profile: words}; who has none may be left out
    accounts(connection, numbers)                   {account: words}
    changed_since(connection, batch)                whose words batches from `batch` on changed
    """

    customers: Callable[[Connection, Mapping[int, Sequence[int]]], Mapping[int, Iterable[str]]]
    accounts: Callable[[Connection, Sequence[int]], Mapping[int, Iterable[str]]]
    changed_since: Callable[[Connection, int], Touched]


Kept = tuple[OrderKind, Any]
"""An order's kind and what its `read` gave."""


def keep_all(connection: Connection, kept: Sequence[Kept], batch: int) -> None:
    """Write what orders hold, kind by kind, each in the order of the log."""
    by_kind: dict[str, tuple[OrderKind, list[Any]]] = {}
    for kind, found in kept:
        by_kind.setdefault(kind.action, (kind, []))[1].append(found)
    for kind, every in by_kind.values():
        kind.keep(connection, every, batch)


def touched_by(kept: Iterable[Kept]) -> Touched:
    """Return whose lines in the lists orders change."""
    together = Touched()
    for kind, found in kept:
        together.add(kind.touched(found))
    return together


def words_together(found: Iterable[Mapping[int, Iterable[str]]]) -> dict[int, tuple[str, ...]]:
    """Return number -> the words that several modules have for it, sorted.

    >>> words_together([{1: ["#vip"]}, {1: ["#new"], 2: ["#vip"]}])
    {1: ('#new', '#vip'), 2: ('#vip',)}
    """
    together: dict[int, set[str]] = {}
    for one in found:
        for number, words in one.items():
            together.setdefault(number, set()).update(words)
    return {number: tuple(sorted(words)) for number, words in together.items()}


def tag_key(label: str) -> str:
    """Return what tells tags apart: upper and lower case are one.

    >>> tag_key("VIP  Gast")
    'vip gast'
    """
    return " ".join(label.split()).casefold()


def tag_term(label: str) -> str:
    """Return the word by which the lists find who has a tag.

    >>> tag_term("VIP")
    '#vip'
    """
    return f"#{tag_key(label)}"
