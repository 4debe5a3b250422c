"""What a batch comes to for accounts."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec


class MemberRow(msgspec.Struct, frozen=True):
    """One row of the table `account_members`. Times are 0 where only robots or staff were seen."""

    account: int
    anchor: int
    first_seen: int
    last_seen: int
    events: int
    said_time: int
    said_message: str
    has_left: bool
    state: bytes


@dataclass
class AccountChanges:
    """What a batch comes to for accounts. rows: (account, group id, state)."""

    rows: list[tuple[int, str, bytes]] = field(default_factory=list)
    members: list[MemberRow] = field(default_factory=list)
