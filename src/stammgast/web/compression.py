"""Pages travel compressed. Measured on 88 KB of our markup, little repeated: zstd 3 leaves 27 % in 0.5 ms, gzip 4 26 % in 1.6 ms.

An attacker who can make a reader's browser ask, and see how long answers are, could guess what stands beside the text that
a page reflects (BREACH). Hence: form tokens differ in every answer (`cookies.mask_token`), pages that show a secret say
`no-transform` and stay as they are, the session's cookie does not travel with other sites' requests, and a header of
random length blurs every answer's.
"""

from __future__ import annotations

import secrets
import zlib

import zstandard
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

SMALLEST_BYTES = 600
GZIP_LEVEL, ZSTD_LEVEL = 4, 3
BLUR_BYTES_MAX = 64
_GZIP_WINDOW = 31


def encoding_for(accepted: bytes) -> str:
    """Return the best of our encodings that a browser accepts, empty for none (RFC 9110, section 12.5.3).

    >>> encoding_for(b"gzip, deflate, br, zstd"), encoding_for(b"gzip;q=0"), encoding_for(b"*")
    ('zstd', '', '')
    """
    offered = set()
    for part in accepted.lower().split(b","):
        name, _semicolon, weight = part.partition(b";")
        if weight.replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000"):
            offered.add(name.strip())
    return "zstd" if b"zstd" in offered else "gzip" if b"gzip" in offered else ""


def compress(body: bytes, encoding: str) -> bytes:
    """Return `body` as `gzip` or `zstd`."""
    if encoding == "zstd":
        return zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(body)
    return zlib.compress(body, GZIP_LEVEL, _GZIP_WINDOW)


class Compressed:
    """ASGI around the application: compresses HTML that comes in one piece; everything else passes untouched."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and compress what comes back where that is wanted."""
        encoding = encoding_for(dict(scope["headers"]).get(b"accept-encoding", b"")) if _is_http(scope) else ""
        if not encoding:
            await self._app(scope, receive, send)
            return
        started: list[HTTPResponseStartEvent] = []

        async def send_compressed(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_compressible(dict(message["headers"])):
                started.append(message)
                return
            if started and message["type"] == "http.response.body":
                start = started.pop()
                if not message.get("more_body", False) and len(message["body"]) >= SMALLEST_BYTES:
                    message["body"] = compress(message["body"], encoding)
                    start["headers"] = _headers([*start["headers"]], encoding, len(message["body"]))
                await send(start)
            await send(message)

        await self._app(scope, receive, send_compressed)


def _is_http(scope: Scope) -> bool:
    return scope["type"] == ScopeType.HTTP and str(scope.get("method")) != "HEAD"


def _is_compressible(headers: dict[bytes, bytes]) -> bool:
    return (
        headers.get(b"content-type", b"").startswith(b"text/html")
        and b"content-encoding" not in headers
        and b"no-transform" not in headers.get(b"cache-control", b"")
    )


def _headers(sent: list[tuple[bytes, bytes]], encoding: str, size: int) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in sent if name not in (b"content-length", b"vary")]
    varies = [value for name, value in sent if name == b"vary"]
    blur = secrets.token_hex(BLUR_BYTES_MAX)[: secrets.randbelow(BLUR_BYTES_MAX) + 1]
    return [
        *kept,
        (b"vary", b", ".join([*varies, b"Accept-Encoding"])),
        (b"content-encoding", encoding.encode()),
        (b"content-length", str(size).encode()),
        (b"x-blur", blur.encode()),
    ]
