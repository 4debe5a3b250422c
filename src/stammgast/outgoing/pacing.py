"""How many attempts may begin now: in all, at one target, and in a minute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from stammgast.kernel import clock
from stammgast.outgoing.contracts import Health, Pace, Target
from stammgast.outgoing.deciding import FAILURES_MAX


@dataclass
class _Bucket:
    """Starts that are saved up: at most those of one second, at least one."""

    starts: float
    at: float

    def fill(self, per_minute: int, now: float) -> int:
        """Return how many starts there are at `now` (s)."""
        most = max(1.0, per_minute / 60)
        self.starts = min(most, self.starts + max(0.0, now - self.at) * per_minute / 60)
        self.at = now
        return int(self.starts)


@dataclass
class Pacing:
    """Knows what is on its way. `now` gives seconds that only grow."""

    at_once: int
    now: Callable[[], float] = clock.monotonic
    flying: Counter[int] = field(default_factory=Counter)
    _buckets: dict[int, _Bucket] = field(default_factory=dict)

    @property
    def free(self) -> int:
        """How many more may be on their way."""
        return self.at_once - self.flying.total()

    def room(self, target: Target, health: Health, now_millis: int) -> int:
        """Return how many attempts may begin at a target, were there no others; `now_millis` in ms UTC."""
        if not target.is_on or target.removed_at is not None or health.is_closed(target):
            return 0
        if health.resting_until > now_millis:
            return 0
        is_probing = health.failures >= FAILURES_MAX
        most = 1 if is_probing or target.pace.in_order else target.pace.at_once
        return max(0, min(most - self.flying[target.id], self._starts(target.id, target.pace), self.free))

    def begin(self, target: int) -> None:
        """Note that an attempt begins."""
        self.flying[target] += 1
        if target in self._buckets:
            self._buckets[target].starts -= 1

    def end(self, target: int) -> None:
        """Note that an attempt has ended."""
        self.flying[target] -= 1
        if not self.flying[target]:
            del self.flying[target]

    def _starts(self, target: int, pace: Pace) -> int:
        if not pace.per_minute:
            self._buckets.pop(target, None)
            return self.at_once
        bucket = self._buckets.setdefault(target, _Bucket(1.0, self.now()))
        return bucket.fill(pace.per_minute, self.now())
