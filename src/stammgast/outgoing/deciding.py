"""What follows from an answer, and when the next attempt is: pure."""

from __future__ import annotations

from typing import Literal

import msgspec

from stammgast.kernel.clock import MILLIS_PER_DAY
from stammgast.kernel.ids import digest128
from stammgast.outgoing.contracts import Delivery, Health, Pace, State

FIRST_MILLIS, GROWTH = 10_000, 3
JITTER = 0.2
"""A wait is up to a fifth longer or shorter than its step, so that what failed together does not come back together."""
DELAY_MILLIS_MAX = MILLIS_PER_DAY
FAILURES_MAX = 3
"""Failures in a row, its own fault, after which a target rests and is then asked with one delivery at a time."""
REST_MILLIS, REST_MILLIS_MAX = 5_000, 600_000
MILLIS_PER_HOUR = 3_600_000

Outcome = Literal["taken", "again", "refused", "gone"]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one attempt.

    outcome: taken; again (may go well later); refused (never will); gone (nor will anything else to this target).
    status: HTTP status or SMTP code, 0 for none. is_unsure: the other side may have taken it. is_target_fault: others would
    have failed too. not_before: ms UTC before which the other side wants nothing more, 0 when it does not say.
    """

    outcome: Outcome
    detail: str
    status: int = 0
    reason: str = "refused"
    is_unsure: bool = False
    is_target_fault: bool = False
    not_before: int = 0


class Step(msgspec.Struct, frozen=True):
    """Where a delivery stands after an attempt."""

    state: State
    next_at: int = 0
    reason: str = ""


def delay_millis(key: str, tries: int) -> int:
    """Return how long to wait after the given number of tries: 10 s, three times as long each time, a day at most.

    The jitter is a function of key and tries: spread out, and the same whenever it is asked for.

    >>> [round(delay_millis("k", tries) / delay_millis("k", tries + 1), 1) < 0.6 for tries in (1, 2, 3)]
    [True, True, True]
    >>> max(delay_millis(str(one), 60) for one in range(500)) <= DELAY_MILLIS_MAX
    True
    """
    step = min(DELAY_MILLIS_MAX / (1 + JITTER), FIRST_MILLIS * GROWTH ** min(tries - 1, 30))
    share = int.from_bytes(digest128(key.encode(), b"%d" % tries)[:4], "big") / 2**32
    return int(step * (1 - JITTER + 2 * JITTER * share))


def next_step(delivery: Delivery, answer: Answer, pace: Pace, now: int) -> Step:
    """Return where a delivery stands after `answer` at `now` (ms UTC); its `tries` count the attempt, `first_at` is set."""
    if answer.outcome == "taken":
        return Step("sent")
    if answer.outcome in ("refused", "gone"):
        return Step("failed", reason="gone" if answer.outcome == "gone" else answer.reason)
    if answer.is_unsure and pace.when_unsure == "hold":
        return Step("failed", reason="unsure")
    if now - delivery.first_at >= pace.give_up_hours * MILLIS_PER_HOUR:
        return Step("failed", reason="gave_up")
    return Step("waiting", max(now + delay_millis(delivery.key, delivery.tries), answer.not_before))


def after_answer(health: Health, answer: Answer, now: int) -> bool:
    """Note an answer in a target's health; say whether it is well again after it had been down."""
    if answer.outcome == "taken" or not answer.is_target_fault:
        was_down = health.failures >= FAILURES_MAX
        health.failures = 0
        health.resting_until = max(answer.not_before, 0)
        if answer.outcome == "taken":
            health.last_sent_at = now
        if answer.outcome == "gone":
            health.closed_at = now
        return was_down
    if health.failures == 0:
        health.first_failed_at = now
    health.failures += 1
    health.last_failed_at = now
    health.resting_until = max(health.resting_until, answer.not_before)
    if health.failures >= FAILURES_MAX and not answer.not_before:
        rest = min(REST_MILLIS_MAX, REST_MILLIS * 2 ** min(health.failures - FAILURES_MAX, 20))
        health.resting_until = max(health.resting_until, now + rest)
    return False
