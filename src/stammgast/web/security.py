"""At the door: who is asking (session cookie or API token), and whether a form is one of ours."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Any

import anyio.to_thread
from litestar import Request
from litestar.enums import RequestEncodingType, ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from stammgast.kernel.errors import StammgastError
from stammgast.kernel.runtime import Runtime
from stammgast.web.contracts import Household, Person
from stammgast.web.cookies import (
    CSRF_FIELD,
    CSRF_HEADER,
    SAFE_METHODS,
    SESSION_COOKIE,
    VISIT_COOKIE,
    csrf_of,
    unmask_token,
)
from stammgast.web.embeds import PREFIX as EMBEDDED
from stammgast.web.embeds import frame_ancestors, without_credentials, write_key_of

API = "/api/"
PROVEN = (EMBEDDED, "/unsubscribe/")
"""Below these nobody needs to be logged in, and what an address itself holds says what it may."""

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
)
_UNFRAMED = [(b"content-security-policy", CONTENT_POLICY.encode()), (b"x-frame-options", b"DENY")]
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=()"),
]
_TLS_HEADERS = [(b"strict-transport-security", b"max-age=31536000")]


class FormExpired(StammgastError):
    """This form is too old or was not opened here. Nothing was changed. Open the page again and repeat it."""

    status = 403


class Door:
    """ASGI around the application: puts `user` into the scope, and security headers onto every answer."""

    def __init__(self, app: ASGIApp, runtime: Runtime) -> None:
        """Wrap `app`."""
        self._app = app
        self._runtime = runtime
        self._headers = _HEADERS + (_TLS_HEADERS if runtime.settings.base_url.startswith("https://") else [])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find out who is asking, and pass on."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        if scope["path"].startswith(EMBEDDED):
            await self._show_embedded(scope, receive, send)
            return
        scope["user"], scope["auth"] = await self._who(scope)
        await self._app(scope, receive, _adding(send, [*self._headers, *_UNFRAMED]))

    async def _show_embedded(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Pass on for nobody, let the source's own sites frame the answer, and let it leave no cookie."""
        household = self._runtime.service(Household)
        # An unknown key is looked for in the database.
        sites = await anyio.to_thread.run_sync(household.sites_of, write_key_of(scope["path"]))
        if sites is None:
            # There is no page below a key that opens nothing: the application answers so in its usual form.
            scope["path"], scope["raw_path"] = EMBEDDED, EMBEDDED.encode()
        policy = CONTENT_POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {frame_ancestors(sites or ())}")
        headers = [*self._headers, (b"content-security-policy", policy.encode())]
        if not sites:
            headers = [*self._headers, *_UNFRAMED]
        embedded = without_credentials(scope)
        embedded["user"], embedded["auth"] = None, ""
        await self._app(embedded, receive, _adding(send, headers, without=b"set-cookie"))

    async def _who(self, scope: Scope) -> tuple[Person | None, str]:
        request: Request[Any, Any, Any] = Request(scope)
        household = self._runtime.service(Household)
        authorization = request.headers.get("authorization", "")
        if authorization[:7].lower() == "bearer ":
            return household.person_by_token(authorization[7:].strip()), "token"
        secret = request.cookies.get(SESSION_COOKIE)
        if not secret:
            return None, ""
        return await anyio.to_thread.run_sync(household.person_by_session, secret), "session"


def _adding(send: Send, headers: Sequence[tuple[bytes, bytes]], without: bytes = b"") -> Send:
    """Return `send` with headers added to the answer's own, of which those called `without` are left out."""

    async def send_safely(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = [(name, value) for name, value in message["headers"] if name.lower() != without]
            message["headers"] = [*own, *headers]
        await send(message)

    return send_safely


def csrf_check(app: ASGIApp) -> ASGIApp:
    """Middleware: an unsafe request that a browser could have sent by itself must carry the form's token.

    A token in `Authorization` is never sent by a browser by itself, so such requests pass; below PROVEN nobody acts
    as who is logged in, so that there is nothing to borrow.
    """

    async def checked(scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] == ScopeType.HTTP
            and str(scope.get("method")) not in SAFE_METHODS
            and scope.get("auth") != "token"
            and not scope["path"].startswith(PROVEN)
        ):
            request: Request[Any, Any, Any] = Request(scope, receive, send)
            if not (_is_open_api(request) or await _is_our_form(request)):
                raise FormExpired
        await app(scope, receive, send)

    return checked


def _is_open_api(request: Request[Any, Any, Any]) -> bool:
    # Nobody is logged in: the guard answers 401 in the API's own form.
    return request.url.path.startswith(API) and request.scope.get("user") is None


async def _is_our_form(request: Request[Any, Any, Any]) -> bool:
    if request.headers.get("sec-fetch-site") == "cross-site":
        return False
    person, visit = request.scope.get("user"), request.cookies.get(VISIT_COOKIE)
    wanted = person.csrf if isinstance(person, Person) else csrf_of(visit) if visit else ""
    if not wanted:
        return False
    given = request.headers.get(CSRF_HEADER)
    if given is None and request.content_type[0] in {RequestEncodingType.URL_ENCODED, RequestEncodingType.MULTI_PART}:
        field = (await request.form()).get(CSRF_FIELD)
        given = field if isinstance(field, str) else None
    return given is not None and hmac.compare_digest(unmask_token(given), wanted)
