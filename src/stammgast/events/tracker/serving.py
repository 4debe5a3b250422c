"""The tracker's files and settings, made to speak with this installation only."""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

import stammgast.web
from stammgast.events.collecting.answers import Answer
from stammgast.events.collecting.refusals import NoSuchEndpoint
from stammgast.kernel.settings import Settings

TRACKER_PATH = "/analytics.js"
BUNDLES_PREFIX = "/analytics-next/bundles/"
METHODS = (
    "track identify page screen group alias ready reset user register deregister on once off debug setAnonymousId "
    "addSourceMiddleware addDestinationMiddleware trackSubmit trackClick trackLink trackForm pageview"
)

_FOLDER = Path(stammgast.web.__file__).parent / "static" / "vendor" / "analytics"
_HERE = Path(__file__).parent
_BUNDLE = re.compile(r"[\w-]+\.bundle\.[0-9a-f]+\.js")
_HOST = re.compile(rb"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9a-fA-F:]+\](:\d{1,5})?")
_SCRIPT = (b"content-type", b"text/javascript; charset=utf-8")


def base_of(settings: Settings, headers: dict[bytes, bytes]) -> str:
    """Return the address under which this client reaches us, without a trailing slash.

    `public_url` when it is set; else the Host header (so that 127.0.0.1, localhost and a name in the office all work).
    """
    host = headers.get(b"host", b"")
    if settings.public_url or not _HOST.fullmatch(host):
        return settings.base_url
    scheme = headers.get(b"x-forwarded-proto", b"http") if settings.trust_proxy else b"http"
    return f"{'https' if scheme == b'https' else 'http'}://{host.decode()}"


def browser_snippet(base_url: str, write_key: str) -> str:
    """Return the HTML to paste into a page's head; it loads the tracker and sends the first page view."""
    text = (_HERE / "snippet.html").read_text(encoding="utf-8")
    filled = text.replace("__METHODS__", METHODS).replace("__BASE__", base_url)
    return filled.replace("__WRITE_KEY__", re.sub(r"[^\w-]", "", write_key))


def tracker_settings(write_key: str, base: str) -> Answer:
    """Return what analytics.js asks its CDN for: where to send, and that nothing goes anywhere else."""
    parts = urlsplit(base)
    host = f"{parts.netloc}{parts.path}/v1"
    body = {
        "integrations": {"Segment.io": {"apiKey": write_key, "apiHost": host, "protocol": parts.scheme}},
        "metrics": {"sampleRate": 0, "host": host, "protocol": parts.scheme},
        "plan": {"track": {"__default": {"enabled": True, "integrations": {}}}},
        "remotePlugins": [],
    }
    headers = ((b"content-type", b"application/json"), (b"cache-control", b"public, max-age=60"))
    return Answer(200, msgspec.json.encode(body), headers)


def tracker_script(base: str, *, zipped: bool, known_tag: bytes) -> Answer:
    """Return analytics.js; not modified when the browser has the one named by `known_tag`. Raises NoSuchEndpoint."""
    plain, packed, tag = _script(base)
    headers = (_SCRIPT, (b"cache-control", b"public, max-age=300"), (b"etag", tag), (b"vary", b"Accept-Encoding, Host"))
    if known_tag == tag:
        return Answer(304, b"", headers)
    return Answer(200, packed, (*headers, (b"content-encoding", b"gzip"))) if zipped else Answer(200, plain, headers)


def tracker_bundle(name: str) -> Answer:
    """Return a part that analytics.js loads when it needs it; its name changes with its content. Raises NoSuchEndpoint."""
    path = _FOLDER / name
    if not _BUNDLE.fullmatch(name) or not path.is_file():
        raise NoSuchEndpoint(path=BUNDLES_PREFIX + name[:100])
    return Answer(200, path.read_bytes(), (_SCRIPT, (b"cache-control", b"public, max-age=31536000, immutable")))


@lru_cache(maxsize=16)
def _script(base: str) -> tuple[bytes, bytes, bytes]:
    """Return (plain, gzip, ETag) of the tracker, its built-in hosts replaced by ours."""
    try:
        script = (_FOLDER / "standalone.js").read_bytes()
    except FileNotFoundError:
        raise NoSuchEndpoint(path=f"{TRACKER_PATH}: run `make setup` first") from None
    own = base.encode()
    for foreign in (b"https://cdn.segment.com", b"https://cdnjs.cloudflare.com"):
        script = script.replace(foreign, own)
    script = script.replace(b"api.segment.io/v1", own.partition(b"://")[2] + b"/v1")
    prelude = (_HERE / "prelude.js").read_bytes().replace(b"__METHODS__", METHODS.encode()).replace(b"__BASE__", own)
    plain = prelude + script
    return plain, gzip.compress(plain, mtime=0), b'"' + hashlib.sha256(plain).hexdigest()[:32].encode() + b'"'
