"""What counted numbers come to, against what is stored: computed with no transaction open, then written in a short one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Connection

from stammgast.kernel.features import Feature
from stammgast.pipeline.recounting.window import Members, Window
from stammgast.profiles.api.worker import (
    LISTED_FEATURES,
    MEMBER_FOLDING,
    AccountChanges,
    State,
    accounts,
    decode_state,
    encode_state,
    member_row,
    states,
    unpack_state,
)

STEP = 500
"""Stored states of one transaction: about 20 ms."""

_decode = msgspec.msgpack.Decoder().decode
_encode = msgspec.msgpack.Encoder().encode


@dataclass
class Piece:
    """What is to be written of a window, up to number `last`."""

    last: int
    states: list[tuple[int, bytes]] = field(default_factory=list)
    accounts: AccountChanges = field(default_factory=AccountChanges)
    members_gone: list[tuple[int, int]] = field(default_factory=list)
    listed: set[int] = field(default_factory=set)
    """Anchors of which a figure changed that the list of customers shows."""
    accounts_listed: set[int] = field(default_factory=set)
    failed: dict[int, str] = field(default_factory=dict)


def next_piece(
    connection: Connection, window: Window, recalled: Mapping[str, int | None], outdated: AbstractSet[str]
) -> Piece:
    """Return the next of what is complete. `recalled`: feature -> version by which its stored states were folded.

    Where `outdated` features are shown in lists, these waited for all anchors, those included that are as they were.
    """
    if window.kind == "accounts":
        return _piece_of_accounts(connection, window)
    stored = states.states_between(connection, window.at, window.complete, STEP)
    last = stored[-1][0] if len(stored) == STEP else window.complete
    piece = Piece(last)
    before = {anchor: unpack_state(encoded) for anchor, encoded in stored}
    if outdated & LISTED_FEATURES:
        piece.listed.update(before)
    counted = {one for tally in (window.history, window.meanwhile) for one in tally.states if one <= last}
    for anchor in sorted(before.keys() | counted):
        if anchor in window.failed:
            continue
        try:
            _count(piece, window, anchor, before.get(anchor, {}), recalled)
        except Exception as problem:  # noqa: BLE001 - told by `fail`; one anchor must not hold up the others
            window.fail(anchor, "adding up", problem)
    if window.with_members:
        _count_members(connection, piece, window)
    piece.failed = {number: error for number, error in window.failed.items() if window.at < number <= last}
    return piece


def _count(
    piece: Piece, window: Window, anchor: int, before: Mapping[str, msgspec.Raw], recalled: Mapping[str, int | None]
) -> None:
    after: dict[str, Any] = dict(before)
    changed = set()
    for feature in window.features:
        name = feature.name
        stored = before.get(name)
        known = feature.recall(_decode(stored), recalled.get(name)) if stored is not None and feature.recall else None
        counted = total(
            feature,
            window.history.states.get(anchor, {}).get(name),
            window.meanwhile.states.get(anchor, {}).get(name),
            known,
        )
        if _is_same(stored, counted):
            continue
        changed.add(name)
        if counted is None:
            del after[name]
        else:
            after[name] = counted
    if changed:
        piece.states.append((anchor, encode_state(after)))
        if changed & LISTED_FEATURES:
            piece.listed.add(anchor)


def total(feature: Feature[Any], *parts: Any) -> Any:
    """Return the sum of those states that there are, None when there is none."""
    found = None
    for part in parts:
        if part is not None:
            found = part if found is None else feature.combine(found, part)
    return found


def _is_same(stored: msgspec.Raw | None, counted: Any) -> bool:
    if stored is None or counted is None:
        return stored is None and counted is None
    # The order of keys follows the order of events, and says nothing.
    return _encode(counted) == bytes(stored) or bool(_decode(_encode(counted)) == _decode(stored))


def _count_members(connection: Connection, piece: Piece, window: Window) -> None:
    counted = dict(_members(window, piece.last))
    stored = {
        (account, anchor): decode_state(encoded)
        for account, anchor, encoded in accounts.members_between(connection, window.at, piece.last)
    }
    groups = sorted({group_id for group_id, _ in counted})
    numbers = {group_id: number for number, group_id, _ in accounts.load_accounts(connection, groups)}
    kept = {(numbers[group_id], anchor): state for (group_id, anchor), state in counted.items() if group_id in numbers}
    for (account, anchor), state in kept.items():
        if stored.get((account, anchor)) != _decode(_encode(state)):
            piece.accounts.members.append(member_row(account, anchor, state))
            piece.accounts_listed.add(account)
    piece.members_gone = [pair for pair in sorted(stored.keys() - kept.keys()) if pair[1] not in window.failed]
    piece.accounts_listed |= {account for account, _ in piece.members_gone}


def _members(window: Window, last: int) -> Iterator[tuple[tuple[str, int], State]]:
    both = (window.history.members, window.meanwhile.members)
    for anchor in sorted({one for members in both for one in members if one <= last} - window.failed.keys()):
        parts: list[Members] = [members.get(anchor, {}) for members in both]
        for group_id in sorted({one for part in parts for one in part}):
            try:
                state = MEMBER_FOLDING.combine([part[group_id] for part in parts if part.get(group_id)] or [{}])
            except Exception as problem:  # noqa: BLE001 - as above
                window.fail(anchor, "adding up accounts", problem)
                break
            if state:
                yield (group_id, anchor), state


def _piece_of_accounts(connection: Connection, window: Window) -> Piece:
    """Return all of a window of accounts: their rows come in the order of anchors, so they are complete together."""
    piece = Piece(window.complete)
    stored = {
        number: (group_id, decode_state(encoded))
        for number, group_id, encoded in accounts.accounts_by_number(connection, sorted(window.names.values()))
    }
    for number, (group_id, before) in sorted(stored.items()):
        piece.accounts_listed.add(number)
        if number in window.failed:
            continue
        parts = [tally.states[number] for tally in (window.history, window.meanwhile) if tally.states.get(number)]
        try:
            state = window.folding.combine(parts) if parts else {}
        except Exception as problem:  # noqa: BLE001 - as above
            window.fail(number, "adding up", problem)
            continue
        if before != _decode(_encode(state)):
            piece.accounts.rows.append((number, group_id, encode_state(state)))
    piece.failed = dict(window.failed)
    return piece
