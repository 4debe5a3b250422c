"""The collection API: a plain ASGI app for the hot path. Checks the key, cleans the body, appends it, answers after fsync.

Looking into events is the worker's business; here a body is only taken apart as far as it must be to count its events.
"""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import msgspec
from litestar.enums import ScopeType

from stammgast.events.collecting import answers
from stammgast.events.collecting.answers import Answer
from stammgast.events.collecting.bodies import decompress, read_body
from stammgast.events.collecting.keys import Gate, KeyRing, WorkspaceKeys, key_of_authorization, key_of_body
from stammgast.events.collecting.refusals import (
    ClientGone,
    LogFull,
    MethodNotAllowed,
    NoSuchEndpoint,
    TooManyEvents,
    UnknownWriteKey,
)
from stammgast.events.collecting.scrubbing import scrub_body, truncate_address
from stammgast.events.collecting.staff import StaffAddresses
from stammgast.events.contracts import EntryMeta
from stammgast.events.reading import EVENT_BYTES_MAX
from stammgast.events.splitting import NotJson, split_batch, split_object
from stammgast.events.tracker.serving import (
    BUNDLES_PREFIX,
    TRACKER_PATH,
    base_of,
    tracker_bundle,
    tracker_script,
    tracker_settings,
)
from stammgast.events.wire import KIND_BATCH, KIND_IMPORT, encode_meta
from stammgast.kernel import clock
from stammgast.kernel.errors import StammgastError
from stammgast.kernel.log import LogEntry, LogWriter
from stammgast.kernel.settings import Settings
from stammgast.workspace import api as workspace
from stammgast.workspace.contracts import StaffRules

if TYPE_CHECKING:
    from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

    from stammgast.kernel.runtime import Runtime

logger = logging.getLogger(__name__)

BATCH_BYTES_MAX = 500 * 1024
IMPORT_BYTES_MAX = 10 * 1024 * 1024
EVENTS_MAX = 2_500
BACKLOG_RETRY_SECONDS = 15
USER_AGENT_LENGTH_MAX = 512

PREFIXES = ("/v1/", BUNDLES_PREFIX)
PATHS = (TRACKER_PATH,)
_PIXELS = {"/v1/pixel/track": "track", "/v1/pixel/page": "page"}
_METRICS = "metrics"


@dataclass(frozen=True)
class _Endpoint:
    """What a POST to a path brings: one event of a kind, or many."""

    kind: str
    bytes_max: int
    is_batch: bool = False


def _endpoints() -> Mapping[str, _Endpoint]:
    table = {}
    for kind in ("track", "identify", "page", "screen", "group", "alias"):
        table[f"/v1/{kind}"] = table[f"/v1/{kind[0]}"] = _Endpoint(kind, EVENT_BYTES_MAX)
    batch = _Endpoint(KIND_BATCH, BATCH_BYTES_MAX, is_batch=True)
    for path in ("/v1/batch", "/v1/b", "/v1/beacon/batch"):
        table[path] = batch
    table["/v1/import"] = _Endpoint(KIND_IMPORT, IMPORT_BYTES_MAX, is_batch=True)
    # The browser SDK's own telemetry: taken and thrown away.
    table["/v1/m"] = _Endpoint(_METRICS, EVENT_BYTES_MAX)
    return table


_ENDPOINTS = _endpoints()


class _Head(msgspec.Struct, gc=False):
    """What the collector itself needs of a single event."""

    write_key: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="writeKey")


_decode_head = msgspec.json.Decoder(_Head).decode


class Collector:
    """The collection API over a key ring and a log."""

    def __init__(
        self, settings: Settings, keys: KeyRing, log: LogWriter, staff_rules: Callable[[], StaffRules] = StaffRules
    ) -> None:
        """Nothing is read before the first request."""
        self._settings = settings
        self._staff = StaffAddresses(staff_rules)
        self._gate = Gate(keys)
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever happens, with an answer that SDKs understand."""
        if scope["type"] == ScopeType.WEBSOCKET:
            return
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"")
        try:
            answer = await self._answer(scope, headers, receive)
        except ClientGone:
            return
        except StammgastError as error:
            answer = answers.refusal(error)
        except Exception:
            logger.exception("collection failed")
            answer = Answer(500, b'{"success":false,"code":"internal_error","message":"An error on our side."}')
        await answer.send(send, origin)

    async def _answer(self, scope: HTTPScope, headers: dict[bytes, bytes], receive: Receive) -> Answer:
        path = scope["path"].rstrip("/")
        method = scope["method"]
        if method == "OPTIONS":
            return answers.preflight(headers.get(b"access-control-request-headers", b""))
        endpoint = _ENDPOINTS.get(path)
        if endpoint is None:
            if method not in ("GET", "HEAD"):
                raise NoSuchEndpoint(path=path[:100])
            return await self._answer_get(path, scope, headers)
        if method != "POST":
            raise MethodNotAllowed(allowed="POST")
        return await self._collect(endpoint, scope, headers, receive)

    async def _collect(
        self, endpoint: _Endpoint, scope: HTTPScope, headers: dict[bytes, bytes], receive: Receive
    ) -> Answer:
        body = await read_body(receive, endpoint.bytes_max, headers.get(b"content-length", b""))
        if encoding := headers.get(b"content-encoding"):
            body = decompress(body, encoding, endpoint.bytes_max)
        if endpoint.kind == _METRICS:
            return answers.ACCEPTED
        count, encoded_key = _look_into(body, is_batch=endpoint.is_batch)
        key = key_of_authorization(headers.get(b"authorization", b"")) or key_of_body(encoded_key)
        key = key or (_query(scope, "writeKey") if scope["query_string"] else "")
        meta = self._meta_of(scope, headers, body, is_batch=endpoint.is_batch)
        await self._append(endpoint.kind, key, body, count, meta, headers)
        return answers.ACCEPTED

    async def _append(
        self, kind: str, key: str, body: bytes, count: int, meta: bytes, headers: dict[bytes, bytes]
    ) -> None:
        """Let the request in and put it on disk. Raises what the gate and the log raise."""
        source = self._gate.admit(key, headers.get(b"origin", b"").decode("latin-1"))
        if count == 0:
            return
        if count > EVENTS_MAX:
            raise TooManyEvents(count=count, limit=EVENTS_MAX)
        if self._log.backlog() >= self._settings.log_backlog_limit:
            raise LogFull(seconds=BACKLOG_RETRY_SECONDS)
        self._gate.charge(source, count)
        entry = LogEntry(clock.now_millis(), source.id, count, kind, meta, scrub_body(body))
        await self._log.append_async(entry)

    async def _answer_get(self, path: str, scope: HTTPScope, headers: dict[bytes, bytes]) -> Answer:
        if kind := _PIXELS.get(path):
            return await self._collect_pixel(kind, scope, headers)
        if path == TRACKER_PATH:
            zipped = b"gzip" in headers.get(b"accept-encoding", b"")
            tag = headers.get(b"if-none-match", b"")
            return tracker_script(base_of(self._settings, headers), zipped=zipped, known_tag=tag)
        if path.startswith(BUNDLES_PREFIX):
            return tracker_bundle(path.removeprefix(BUNDLES_PREFIX))
        match path.split("/"):
            case ["", "v1", "projects", write_key, "settings"]:
                self._gate.admit(write_key, headers.get(b"origin", b"").decode("latin-1"))
                return tracker_settings(write_key, base_of(self._settings, headers))
        raise NoSuchEndpoint(path=path[:100])

    async def _collect_pixel(self, kind: str, scope: HTTPScope, headers: dict[bytes, bytes]) -> Answer:
        """Take one event from the address of an image. A mail or a page shows the image whatever became of the event."""
        try:
            body = _decode_pixel(_query(scope, "data"))
            count, encoded_key = _look_into(body, is_batch=False)
            meta = self._meta_of(scope, headers, body, is_batch=False)
            await self._append(kind, _query(scope, "writeKey") or key_of_body(encoded_key), body, count, meta, headers)
        except StammgastError as error:
            logger.debug("pixel refused: %s", error.code)
        return answers.PIXEL

    def _meta_of(self, scope: HTTPScope, headers: dict[bytes, bytes], body: bytes, *, is_batch: bool) -> bytes:
        """Return what is kept of the request beside its body, encoded."""
        client = scope["client"]
        address = client[0] if client else ""
        if self._settings.trust_proxy and (forwarded := headers.get(b"x-forwarded-for")):
            # The last entry is the one that our own proxy wrote; those before it are hearsay.
            address = forwarded.rpartition(b",")[2].decode("latin-1")
        is_page = b"origin" in headers or b"referer" in headers or scope["method"] == "GET"
        return _encoded_meta(
            address,
            headers.get(b"user-agent", b""),
            is_page,
            headers.get(b"sec-gpc") == b"1",
            self._staff.is_staff(address),
            self._staff.ordinals(body, is_batch=is_batch),
        )


def make_collector(runtime: Runtime) -> ASGIApp:
    """Return the collection API of the installation; appends to the process's one log writer."""
    return Collector(
        runtime.settings, WorkspaceKeys(runtime), runtime.service(LogWriter), lambda: workspace.staff_rules(runtime)
    )


def _look_into(body: bytes, *, is_batch: bool) -> tuple[int, bytes]:
    """Return (number of events, the body's writeKey as JSON). Raises NotJson when no event can be told from another."""
    if is_batch:
        parts = split_batch(body)
        return len(parts.batch), bytes(parts.write_key)
    try:
        return 1, bytes(_decode_head(body).write_key)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # NaN or a NUL byte: if it is an object at all, it goes to the quarantine, where it can be seen.
        return 1, split_object(body).get("writeKey", b"")


def _decode_pixel(text: str) -> bytes:
    try:
        padded = text.replace("-", "+").replace("_", "/").replace(" ", "+") + "=" * (-len(text) % 4)
        body = base64.b64decode(padded)
    except (binascii.Error, ValueError):
        raise NotJson(problem="data is not base64") from None
    if len(body) > EVENT_BYTES_MAX:
        raise NotJson(problem="data is too large")
    return body


def _query(scope: HTTPScope, name: str) -> str:
    try:
        values = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=20).get(name)
    except ValueError:
        raise UnknownWriteKey from None
    return values[0] if values else ""


@lru_cache(maxsize=16_384)
def _encoded_meta(
    address: str, user_agent: bytes, is_page: bool, opts_out_of_sale: bool, is_staff: bool, ordinals: tuple[int, ...]
) -> bytes:
    agent = user_agent.decode("utf-8", "replace")[:USER_AGENT_LENGTH_MAX].replace("\0", "")
    is_browser = is_page or agent.startswith("Mozilla/")
    return encode_meta(EntryMeta(truncate_address(address), agent, is_browser, opts_out_of_sale, is_staff, ordinals))
