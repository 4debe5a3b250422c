"""Guards: who may come in. Every route handler says it once: `requires("analyst")`, or `anybody()`.

What they say makes one table (`web.access`), by which the application refuses to start when a route says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

from stammgast.kernel.errors import NotAllowed, StammgastError
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ids import BrandId
from stammgast.web.contracts import Person, Role

if TYPE_CHECKING:
    # The worker and commands know roles too, and need not load the web framework for them.
    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler

    AnyConnection = ASGIConnection[Any, Any, Any, Any]

NEEDED = {
    Role.ADMINISTRATOR: _("administrator"),
    Role.ANALYST: _("analyst"),
    Role.AGENT: _("agent"),
    Role.VIEWER: _("viewer"),
}


class LoginNeeded(StammgastError):
    """Log in first, or send an API token: `Authorization: Bearer sgt_...`."""

    status = 401


class NotForBound(StammgastError):
    """This shows or changes what belongs to all brands, and you are bound to some. Ask somebody who is not."""

    status = 403


class Bound(StrEnum):
    """What somebody who is bound to brands gets of a route.

    refused    nothing: it can't be told apart by brand
    own        what belongs to their brands
    same       the same as everybody: it holds nothing of any brand
    """

    REFUSED = "refused"
    OWN = "own"
    SAME = "same"


@dataclass(frozen=True)
class Needs:
    """What one route asks of who comes: at least `role`, None for nobody in particular. Is the route's guard itself."""

    role: Role | None
    bound: Bound

    @property
    def refuses_bound(self) -> bool:
        """Say whether nobody bound to brands may come in."""
        return self.bound is Bound.REFUSED

    def check(self, person: Person | None) -> None:
        """Raise LoginNeeded, NotAllowed or NotForBound unless the person may come in."""
        if self.role is None:
            return
        if person is None:
            raise LoginNeeded
        if not person.may(self.role):
            raise NotAllowed(needed=NEEDED[self.role])
        if person.brands and self.refuses_bound:
            raise NotForBound

    async def __call__(self, connection: AnyConnection, _: BaseRouteHandler) -> None:
        """Check who is asking."""
        self.check(person_or_none(connection))


def requires(role: Role | str, *, bound: Bound | str = Bound.REFUSED) -> Needs:
    """Return a guard that lets in people and tokens with at least `role`, and answers 401 or 403 to others.

    Somebody bound to brands is refused as well, unless the route says that it shows them their own or holds nothing of
    a brand.
    """
    return Needs(Role(role), Bound(bound))


def anybody() -> Needs:
    """Return a guard that lets everybody in, logged in or not."""
    return Needs(None, Bound.SAME)


def person_or_none(connection: object) -> Person | None:
    """Return who is asking, None when it is nobody we know."""
    return cast("Person | None", connection.scope.get("user"))  # type: ignore[attr-defined]


def brands_of(connection: object) -> tuple[BrandId, ...]:
    """Return the brands that whoever is asking is bound to; empty when to none: all are theirs."""
    return person_of(connection).brands


def person_of(connection: object) -> Person:
    """Return who is asking; raises LoginNeeded."""
    person = person_or_none(connection)
    if person is None:
        raise LoginNeeded
    return person
