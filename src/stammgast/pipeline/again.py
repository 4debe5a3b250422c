"""Taking up again what was set aside: it goes its usual way once more, and comes back if it fails again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import Connection

from stammgast.kernel.set_aside import ACCOUNT, CUSTOMER, HISTORY, RULES, TIMER, WATCHER, find_set_aside
from stammgast.kernel.timers import Timer
from stammgast.pipeline.timing import timer_again
from stammgast.pipeline.watching.failures import profile_in


@dataclass
class Again:
    """What is taken up in one batch. numbers: of those that leave what is set aside with the batch's commit."""

    numbers: list[int] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)
    rows: list[bytes] = field(default_factory=list)
    """Rows for history, as JSON lines; they get their place in the batch's parcel."""
    customers: set[int] = field(default_factory=set)
    """Profiles to list once more; they stay set aside until that has worked."""
    accounts: set[int] = field(default_factory=set)
    watched: set[int] = field(default_factory=set)
    """Profiles to look at once more; they stay set aside until that has worked."""
    has_rules: bool = False


def take_up(connection: Connection, numbers: Sequence[int], now: int) -> Again:
    """Return what stands under `numbers`; one that is not there (any more) is no mistake. `now` in ms UTC."""
    again = Again()
    for one in find_set_aside(connection, sorted(set(numbers))):
        if one.stage == CUSTOMER:
            again.customers.add(int(one.key))
            continue
        if one.stage == WATCHER:
            again.watched.add(profile_in(one.key))
            continue
        if one.stage == ACCOUNT:
            again.accounts.add(int(one.key))
            continue
        if one.stage == TIMER:
            again.timers.append(timer_again(one.payload, now))
        elif one.stage == HISTORY:
            again.rows.append(one.payload)
        elif one.stage == RULES:
            again.has_rules = True
        again.numbers.append(one.number)
    return again


def placed_rows(rows: Sequence[bytes], batch: int, first: int) -> bytes:
    r"""Return rows for history as rows of another batch, numbered from `first` on.

    >>> placed_rows([b'{"batch":1,"row":7,"name":"x"}\n'], 9, 0)
    b'{"batch":9,"row":0,"name":"x"}\n'
    """
    lines = []
    for place, row in enumerate(rows, first):
        # Parts that are JSON stay as they were written: whole numbers with a point among them.
        parts = msgspec.json.decode(row, type=dict[str, msgspec.Raw])
        parts |= {"batch": msgspec.Raw(str(batch).encode()), "row": msgspec.Raw(str(place).encode())}
        lines.append(msgspec.json.encode(parts) + b"\n")
    return b"".join(lines)
