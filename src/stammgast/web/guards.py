"""Guards: who may come in. `requires("analyst")` on a route handler, a controller or a router."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from stammgast.kernel.errors import NotAllowed, StammgastError
from stammgast.kernel.i18n import marked as _
from stammgast.web.contracts import Person, Role

if TYPE_CHECKING:
    # The worker and commands know roles too, and need not load the web framework for them.
    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler
    from litestar.types import Guard

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


def person_or_none(connection: object) -> Person | None:
    """Return who is asking, None when it is nobody we know."""
    return cast("Person | None", connection.scope.get("user"))  # type: ignore[attr-defined]


def person_of(connection: object) -> Person:
    """Return who is asking; raises LoginNeeded."""
    person = person_or_none(connection)
    if person is None:
        raise LoginNeeded
    return person


def requires(role: Role | str) -> Guard:
    """Return a guard that lets in people and tokens with at least `role`, and answers 401 or 403 to others."""
    needed = Role(role)

    async def guard(connection: AnyConnection, _: BaseRouteHandler) -> None:
        if not person_of(connection).may(needed):
            raise NotAllowed(needed=NEEDED[needed])

    return guard
