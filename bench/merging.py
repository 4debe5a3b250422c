"""How soon a merge that a person orders is seen: in the profile, in the list of customers, and in figures from history."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from bench.table import Row
from stammgast.app import open_history
from stammgast.kernel.settings import Settings
from tools.installation import Installation

BATCH = 500
SECONDS_MAX = 2.0
ROUNDS = 5
Found = list[tuple[float, float]]
"""Seconds until (history's figures, the profile) told."""


def merging_rows(installation: Installation, events: int) -> list[Row]:
    """Merge and split two profiles of so many events each, some times; return the slowest merge and the slowest split."""
    key, token = installation.source("Merging"), installation.token()
    for user in ("anna", "bob"):
        _shop(installation, key, user, events)
    installation.wait_until_processed(token)
    history = open_history(Settings(data=installation.data))

    def count_in_profile(user: str) -> int:
        return int(installation.ask(f"/api/profiles/user_id:{user}", token)[1]["features"]["orders"])

    def count_in_history(user: str) -> int:
        number = installation.ask(f"/api/profiles/user_id:{user}", token)[1]["profileId"]
        return int(history.query(f"SELECT count() FROM events WHERE profile_of(anchor) = {number}")[0][0])

    merges: Found = []
    splits: Found = []
    orders: tuple[tuple[Found, str, dict[str, object], int], ...] = (
        (merges, "merge", {"other": "user_id:bob"}, 2 * events),
        (splits, "unmerge", {"identifiers": ["user_id:bob"]}, events),
    )
    for _ in range(ROUNDS):
        for found, order, body, wanted in orders:
            began = time.perf_counter()
            assert installation.ask(f"/api/profiles/user_id:anna/{order}", token, body=body)[0] == 202
            seen = _until(partial(count_in_profile, "anna"), wanted) - began
            told = _until(partial(count_in_history, "anna"), wanted) - began
            found.append((told, seen))
            assert count_in_profile("bob") == wanted
    history.close()
    return [
        _row(f"a merge of two profiles with {events:,} events each", merges),
        _row("the split that takes it back", splits),
    ]


def _shop(installation: Installation, key: str, user: str, events: int) -> None:
    for start in range(0, events, BATCH):
        batch = [
            {
                "type": "track",
                "event": "Order Completed",
                "userId": user,
                "messageId": f"{user}-{number}",
                "properties": {"total": 1, "currency": "EUR"},
            }
            for number in range(start, min(events, start + BATCH))
        ]
        status, answer = installation.ask("/v1/batch", body={"writeKey": key, "batch": batch})
        assert status == 200, answer


def _until(count: Callable[[], int], wanted: int, patience: float = 60.0) -> float:
    """Return the moment at which a count became what is wanted."""
    deadline = time.perf_counter() + patience
    while count() != wanted:
        assert time.perf_counter() < deadline, "it never became so"
        time.sleep(0.01)
    return time.perf_counter()


def _row(what: str, found: Found) -> Row:
    slowest = max(told for told, _ in found)
    return Row(
        f"{what}, ordered -> in history's figures, slowest of {len(found)} (in the profile: {max(one for _, one in found):.2f} s)",
        slowest,
        "s",
        target=f"in profile and figures within {SECONDS_MAX:.0f} s",
        holds=slowest < SECONDS_MAX,
    )
