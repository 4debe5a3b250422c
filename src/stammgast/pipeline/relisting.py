"""Writing the lists anew after a change of the policies by which names and mail addresses are chosen."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from sqlalchemy import Connection

from stammgast.kernel.ids import digest128
from stammgast.profiles.api.worker import KIND_TRAITS, LISTED_TRAITS, NAME_TRAITS, NEWEST_COUNTS, TraitPolicies, marks

PART = 10_000
"""Profiles that one round of the list takes in beside those that changed."""
_MARK = "policies"
_SHOWN = tuple(sorted({*LISTED_TRAITS, *NAME_TRAITS, *KIND_TRAITS}))


class Relisting:
    """Knows by which policies the lists are written, and how far writing them anew is.

    A digest of the policies is kept with the lists, so that a worker that was started anew goes on.
    """

    def __init__(self, connection: Connection, policies: Callable[[], TraitPolicies]) -> None:
        """Look up what the lists were written by."""
        self._policies = policies
        self._seen: TraitPolicies | None = None
        self._listed = marks.read_mark(connection, _MARK) or _digest(NEWEST_COUNTS)
        self._wanted = self._listed
        self._after: int | None = None

    @property
    def is_clean(self) -> bool:
        """Say whether the lists are written by the policies that hold."""
        return self._wanted == self._listed

    @property
    def is_going_on(self) -> bool:
        """Say whether there are profiles left to take up."""
        return self._after is not None

    def notice(self) -> bool:
        """Look at the policies; say whether the lists have to be written anew from the beginning."""
        policies = self._policies()
        if policies is self._seen:
            return False
        self._seen = policies
        wanted = _digest(policies)
        if wanted == self._wanted:
            return False
        self._wanted = wanted
        self._after = 0
        return True

    def take(self, connection: Connection) -> list[int]:
        """Return the next profiles to list."""
        if self._after is None:
            return []
        profiles = marks.profiles_listed_after(connection, self._after, PART)
        self._after = profiles[-1] if len(profiles) == PART else None
        return profiles

    def finish(self, connection: Connection) -> None:
        """Note that everything is listed by the policies that hold."""
        marks.set_mark(connection, _MARK, self._wanted)
        self._listed = self._wanted


def _digest(policies: TraitPolicies) -> bytes:
    return digest128(msgspec.json.encode(policies.for_names(_SHOWN)))
