"""Profiles that watchers fell over: set aside with what else is, looked up only while there are some."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from stammgast.kernel.set_aside import WATCHER, Aside, count_set_aside, known_keys, put_aside, take_out_by_key

Failed = tuple[str, int, str]
"""(watcher, profile, kind of error)."""


class Failures:
    """Knows whether any profile is set aside, so that a step of a healthy installation asks nothing."""

    def __init__(self, connection: Connection, watchers: Sequence[str]) -> None:
        """Look up what a worker before set aside."""
        self._watchers = watchers
        self._has_some = count_set_aside(connection).get(WATCHER, 0) > 0

    def find(self, connection: Connection, profiles: Iterable[int]) -> set[str]:
        """Return the keys of those of some profiles that are set aside."""
        if not self._has_some:
            return set()
        keys = [key_of(watcher, profile) for profile in profiles for watcher in self._watchers]
        return known_keys(connection, WATCHER, keys)

    def keep(self, connection: Connection, failed: Sequence[Failed], known: set[str], now: int) -> None:
        """Set aside what failed, and take out what of the `known` did not."""
        put_aside(connection, [Aside(WATCHER, key_of(watcher, one), error) for watcher, one, error in failed], now)
        take_out_by_key(connection, WATCHER, known - {key_of(watcher, one) for watcher, one, _error in failed})
        self._has_some = self._has_some or bool(failed)


def key_of(watcher: str, profile: int) -> str:
    """Return the name under which a profile is set aside.

    >>> key_of("segments", 7), profile_in("segments: 7")
    ('segments: 7', 7)
    """
    return f"{watcher}: {profile}"


def profile_in(key: str) -> int:
    """Return the profile that a key names."""
    return int(key.rpartition(": ")[2])
