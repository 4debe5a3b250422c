"""Health for machines: /healthz, /readyz and /metrics as a plain app (no log-in, no template), /api/status with a token."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import msgspec
from litestar import get
from litestar.datastructures import State as AppState

from stammgast.kernel.runtime import Runtime
from stammgast.operations import api
from stammgast.operations.contracts import Status
from stammgast.web.http import ApiController
from stammgast.workspace.api import requires

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Receive, Scope, Send

READY_SECONDS = 0.5
"""How long an answer of /readyz is good for, so that asking often costs nothing."""
_JSON, _TEXT = b"application/json", b"text/plain; version=0.0.4; charset=utf-8"


class StatusController(ApiController):
    """How the installation is doing."""

    path = "/api/status"
    tags = ("Operations",)

    @get(guards=[requires("viewer", bound="same")], sync_to_thread=True, summary="Status of the installation")
    def status(self, state: AppState) -> Status:
        """Tell processes, log backlog, lag, rates, and what keeps the installation from being ready."""
        return api.status(state.runtime)


class Health:
    """A plain ASGI app that answers /healthz, /readyz and /metrics."""

    def __init__(self, runtime: Runtime) -> None:
        """`runtime` is the web process's."""
        self._runtime = runtime
        self._seen_at = -READY_SECONDS
        self._seen: dict[str, str] = {}
        self._looking = asyncio.Lock()

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope["path"]
        if path == "/healthz":
            await _answer(send, 200, _JSON, b'{"ok":true}')
        elif path == "/readyz":
            found = await self._problems()
            body = msgspec.json.encode({"ready": not found, "problems": found})
            await _answer(send, 503 if found else 200, _JSON, body)
        else:
            text = await asyncio.to_thread(api.metrics_text, self._runtime)
            await _answer(send, 200, _TEXT, text.encode())

    async def _problems(self) -> dict[str, str]:
        async with self._looking:
            if time.monotonic() - self._seen_at > READY_SECONDS:
                self._seen = await asyncio.to_thread(api.problems, self._runtime)
                self._seen_at = time.monotonic()
        return self._seen


async def _answer(send: Send, status_code: int, kind: bytes, body: bytes) -> None:
    headers = [(b"content-type", kind), (b"cache-control", b"no-store"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status_code, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def make_health(runtime: Runtime) -> ASGIApp:
    """Return the health app of the web process."""
    return Health(runtime)
