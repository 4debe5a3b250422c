"""What the collector says, and to which pages browsers may show it."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import msgspec
from litestar.types import Send

from stammgast.kernel.errors import StammgastError

Headers = tuple[tuple[bytes, bytes], ...]

_JSON: Headers = ((b"content-type", b"application/json"),)
_RETRY_SECONDS = 10
_METHODS = b"GET, POST, OPTIONS"
_ALLOWED_HEADERS = b"Authorization, Content-Type, Content-Encoding, X-Retry-Count"
_PREFLIGHT_SECONDS = b"86400"


@dataclass(frozen=True)
class Answer:
    """A whole response but for what its reader's origin adds."""

    status: int
    body: bytes
    headers: Headers = _JSON

    async def send(self, send: Send, origin: bytes) -> None:
        """Send it, readable by a page of `origin` (empty: no page asks)."""
        length = (b"content-length", str(len(self.body)).encode())
        headers = [*self.headers, length, *readable_by(origin)]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


ACCEPTED = Answer(200, b'{"success": true}')
_GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
PIXEL = Answer(200, _GIF, ((b"content-type", b"image/gif"), (b"cache-control", b"no-store")))


def readable_by(origin: bytes) -> Headers:
    """Return the headers that let a page of `origin` read an answer.

    The origin is named, not `*`, so that pages which send credentials may read it too; the collector looks at none.
    """
    if not origin:
        return ()
    return (
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", b"Retry-After"),
        (b"vary", b"Origin"),
    )


def preflight(asked_headers: bytes) -> Answer:
    """Return the answer to a browser that asks first: any page may try; the write key decides about its events."""
    return Answer(
        204,
        b"",
        (
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-allow-headers", asked_headers or _ALLOWED_HEADERS),
            (b"access-control-max-age", _PREFLIGHT_SECONDS),
        ),
    )


def refusal(error: StammgastError) -> Answer:
    """Return an error as SDKs expect it: JSON with both `code` and `message`; with Retry-After when a retry helps."""
    body = msgspec.json.encode({"success": False, "code": error.code, "message": error.message})
    headers = _JSON
    if error.retry:
        seconds = error.facts.get("seconds", _RETRY_SECONDS)
        headers = (*headers, (b"retry-after", str(seconds).encode()))
    if error.status == 413:  # noqa: PLR2004 - the rest of the body may still be on its way
        headers = (*headers, (b"connection", b"close"))
    if error.status == 401:  # noqa: PLR2004
        headers = (*headers, (b"www-authenticate", b"Basic"))
    if error.status == 405:  # noqa: PLR2004
        headers = (*headers, (b"allow", str(error.facts["allowed"]).encode()))
    return Answer(error.status, body, headers)
