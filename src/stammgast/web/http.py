"""What API controllers share: documented, guarded, and with their refusals in the schema."""

from __future__ import annotations

from datetime import UTC, datetime

from litestar import Controller, Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec

from stammgast.kernel import clock
from stammgast.web.errors import Problem

PROBLEMS: dict[int, ResponseSpec] = {
    status: ResponseSpec(data_container=Problem, description=text, media_type="application/problem+json")
    for status, text in {
        400: "The request can't be read.",
        401: "No API token, or one that was revoked.",
        403: "The token's role may not do this.",
        404: "There is no such thing.",
        409: "It contradicts what is there.",
        422: "A value has a wrong form.",
    }.items()
}

SLASH = "\x1f"
"""Stands in a request's path for a slash that was sent as %2F: it is part of a name and separates nothing."""


def name_in_path(part: str) -> str:
    """Return a part of a path as it was meant: with its own slashes, and without NUL, which no store takes.

    >>> name_in_path(f"user_id:shop{SLASH}7")
    'user_id:shop/7'
    """
    return part.replace("\0", "").replace(SLASH, "/")


class ApiController(Controller):
    """Base of every controller below /api: part of the schema, refusals documented. Give each handler a `requires` guard."""

    include_in_schema = True


def document_problems(app: Litestar) -> None:
    """Add the refusals that every operation may answer with to the schema; Litestar takes them only handler by handler."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler) and handler.resolve_include_in_schema():
                handler.responses = PROBLEMS | dict(handler.responses or {})


def iso_time(millis: int | None) -> str | None:
    """Return a moment as the API writes it, None for None.

    >>> iso_time(1_700_000_000_123)
    '2023-11-14T22:13:20.123Z'
    """
    if millis is None:
        return None
    moment: datetime = clock.from_millis(millis).astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
