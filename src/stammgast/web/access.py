"""The one table of who may do what: every route with the role that it needs, and what it shows somebody bound to brands.

It is gathered from what the handlers say (`web.guards`) when the application is made, which fails when a route says
nothing. `make docs` writes it down as docs/reference/permissions.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from stammgast.kernel.runtime import Runtime
from stammgast.web.contracts import Person
from stammgast.web.guards import Needs

_PREFLIGHT = "OPTIONS"
"""Answered by the framework for every path: which methods there are, nothing else."""


class RouteUndeclared(AssertionError):
    """A route without exactly one `requires(...)` or `anybody()` among its guards."""


class Route(NamedTuple):
    """A method and a path as written at its handler, for example `/customers/{number:int}`."""

    method: str
    path: str


AccessTable = Mapping[Route, Needs]


def access_table(app: Litestar) -> AccessTable:
    """Return the table of an application; raises RouteUndeclared."""
    return {
        Route(method, route.path): _needs_of(handler, route.path)
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in sorted(handler.http_methods)
        if method != _PREFLIGHT
    }


def doors(runtime: Runtime) -> Iterator[tuple[str, str]]:
    """Yield (path or beginning of one, who is let in) of what stands before the application."""
    for mount in (mount for one in runtime.manifests for mount in one.mounts):
        for place in (*(f"{prefix}..." for prefix in mount.prefixes), *mount.paths):
            yield place, mount.lets_in


def may_open(table: AccessTable, person: Person, path: str) -> bool:
    """Say whether a page, by its path as written at its handler, is open to a person; one that is not in the table is not."""
    needs = table.get(Route("GET", path))
    if needs is None:
        return False
    return needs.role is None or (person.may(needs.role) and not (person.brands and needs.refuses_bound))


def _needs_of(handler: HTTPRouteHandler, path: str) -> Needs:
    said: list[Any] = [guard for guard in handler.resolve_guards() if isinstance(guard, Needs)]
    if len(said) != 1:
        raise RouteUndeclared(
            f"{path} needs one guard, requires(...) or anybody(), and has {len(said)} ({handler.handler_name})"
        )
    needs: Needs = said[0]
    return needs
