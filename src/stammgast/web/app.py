"""The web application: all manifests' routes in Litestar, plain ASGI mounts and static files in front of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send
from sqlalchemy.exc import DataError

import stammgast
from stammgast.kernel.errors import StammgastError
from stammgast.kernel.runtime import Runtime
from stammgast.web.access import access_table
from stammgast.web.bodies import CheckedRequest
from stammgast.web.compression import Compressed
from stammgast.web.embeds import embed_router
from stammgast.web.errors import answer_failure, answer_http_exception, answer_overflow, answer_refusal
from stammgast.web.forms import read_form
from stammgast.web.guards import anybody
from stammgast.web.http import SLASH, document_problems
from stammgast.web.pages import PageMaker, make_page_maker
from stammgast.web.security import Door, csrf_check
from stammgast.web.static import PREFIX as STATIC_PREFIX


def make_app(runtime: Runtime) -> ASGIApp:
    """Return the web process's application: mounts first (by path), then static files, Litestar for all else."""
    maker = make_page_maker(runtime)
    runtime.services[PageMaker] = maker
    mounts: list[tuple[tuple[str, ...], frozenset[str], ASGIApp]] = [
        (mount.prefixes, frozenset(mount.paths), mount.make(runtime))
        for manifest in runtime.manifests
        for mount in manifest.mounts
    ]
    mounts.append(((STATIC_PREFIX,), frozenset(), maker.static))
    return Dispatcher(mounts, Compressed(Door(make_litestar(runtime), runtime)))


class Dispatcher:
    """Chooses by path. Hot paths never meet the framework; start-up and shutdown go to Litestar."""

    def __init__(self, mounts: Sequence[tuple[tuple[str, ...], frozenset[str], ASGIApp]], rest: ASGIApp) -> None:
        """Keep (prefixes, exact paths, app) triples in order, and the app for everything else."""
        self._prefixes = [(prefixes, app) for prefixes, _, app in mounts if prefixes]
        self._paths = {path: app for _, paths, app in mounts for path in paths}
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on to the one app it is for."""
        if scope["type"] == ScopeType.HTTP:
            _keep_encoded_slashes(scope)
        await self._app_for(scope)(scope, receive, send)

    def _app_for(self, scope: Scope) -> ASGIApp:
        if scope["type"] == ScopeType.HTTP:
            path = scope["path"]
            if path in self._paths:
                return self._paths[path]
            for prefixes, app in self._prefixes:
                if path.startswith(prefixes):
                    return app
        return self._rest


def _keep_encoded_slashes(scope: HTTPScope) -> None:
    """Let a slash sent as %2F stay within its part of the path (`web.http.name_in_path`), where ASGI has decoded it."""
    sent = scope.get("raw_path", b"").partition(b"?")[0].decode("latin-1")
    if "%2F" in sent or "%2f" in sent:
        scope["path"] = unquote(sent.replace("%2F", SLASH).replace("%2f", SLASH))


def make_litestar(runtime: Runtime) -> Litestar:
    """Return the Litestar application with the routes of all modules."""
    handlers: list[Any] = [route for manifest in runtime.manifests for route in manifest.routes]
    app = Litestar(
        # In one router, because Litestar wraps a sync handler twice when a second one for its path is registered later.
        route_handlers=[Router(path="/", route_handlers=handlers), embed_router(runtime)],
        state=State({"runtime": runtime}),
        middleware=[csrf_check],
        dependencies={"form": Provide(read_form)},
        request_class=CheckedRequest,
        exception_handlers={
            OverflowError: answer_overflow,
            DataError: answer_overflow,
            StammgastError: answer_refusal,
            HTTPException: answer_http_exception,
            Exception: answer_failure,
        },
        openapi_config=_openapi(),
        # Pages are for people; the API's controllers say themselves that they belong to it (`web.http.ApiController`).
        include_in_schema=False,
        debug=False,
        logging_config=None,
        request_max_body_size=20_000_000,
    )
    app.state["access"] = access_table(app)
    document_problems(app)
    return app


def _openapi() -> OpenAPIConfig:
    token = SecurityScheme(type="http", scheme="bearer", description="An API token: Settings, API tokens.")
    return OpenAPIConfig(
        title="Stammgast",
        version=stammgast.__version__,
        description="Management API. Errors are problem details (RFC 9457). Times are ISO 8601 in UTC.",
        path="/api/openapi.json",
        render_plugins=[JsonRenderPlugin(path="/")],
        openapi_router=Router(path="/api/openapi.json", route_handlers=[], guards=[anybody()]),
        components=Components(security_schemes={"token": token}),
        security=[{"token": []}],
    )
