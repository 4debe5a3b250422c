"""An answer on its way: held back while it may still become an error, then streamed in chunks."""

from __future__ import annotations

import json
import secrets
import string
import tempfile
from pathlib import Path

from stammgast.kernel.warehouse.compression import encoder_for
from stammgast.kernel.warehouse.exceptions import WarehouseError, http_status
from stammgast.kernel.warehouse.wire import PIECE_BYTES, Wire, response_head

_SPOOL_BYTES = 8 << 20
_TAG_LETTERS = 16
_TYPES = {
    "json": "application/json; charset=UTF-8",
    "csv": "text/csv; charset=UTF-8; header=absent",
    "csvw": "text/csv; charset=UTF-8; header=present",
    "tab": "text/tab-separated-values; charset=UTF-8",
    "tsv": "text/tab-separated-values; charset=UTF-8",
}


class Reply:
    """One answer. Up to `buffer_bytes` are held back, all of it when the client waits for the end."""

    def __init__(self, wire: Wire, *, encoding: str, buffer_bytes: int, waits_for_end: bool, spool: Path) -> None:
        self.headers: dict[str, str] = {}
        self.has_started = False
        self.has_failed = False
        self._wire = wire
        self._encoding = encoding
        self._encoder = encoder_for(encoding)
        self._limit = None if waits_for_end else buffer_bytes
        self._held = tempfile.SpooledTemporaryFile(_SPOOL_BYTES, dir=str(spool))  # noqa: SIM115 - closed by finish and fail
        self._tag = ""

    def write(self, piece: bytes) -> None:
        """Take the next piece of the body."""
        encoded = self._encoder.encode(piece)
        if self.has_started:
            self._wire.send_chunk(encoded)
            return
        self._held.write(encoded)
        if self._limit is not None and self._held.tell() > self._limit:
            self._start()

    def finish(self, summary: dict[str, str]) -> None:
        """Send the rest. The summary only fits in when no header has left yet, as on a server."""
        rest = self._encoder.finish()
        if self.has_started:
            self._wire.send_chunk(rest)
            self._wire.send(b"0\r\n\r\n")
            return
        self._held.write(rest)
        length = self._held.tell()
        self._send_head({"X-ClickHouse-Summary": json.dumps(summary), "Content-Length": str(length)})
        self._send_held(chunked=False)

    def fail(self, error: WarehouseError) -> None:
        """Tell the error: with its status before the first byte, afterwards inside the body, which then breaks off.

        An answer that breaks off without its last chunk is what makes every client notice.
        """
        self.has_failed = True
        if self.has_started:
            text = error.text.encode()
            tag = self._tag.encode()
            block = b"\r\n__exception__\r\n%s\r\n%s\n%d %s\r\n__exception__\r\n" % (tag, text, len(text) + 1, tag)
            self._wire.send_chunk(self._encoder.encode(block))
            self._wire.send_chunk(self._encoder.finish())
            return
        self._held.close()
        body = error.text.encode() + b"\n"
        headers = {
            "Content-Type": "text/plain; charset=UTF-8",
            "X-ClickHouse-Exception-Code": str(error.clickhouse_code),
            "Content-Length": str(len(body)),
        }
        status = http_status(error.clickhouse_code)
        if status == 401:  # noqa: PLR2004 - the one status that must name a scheme
            headers["WWW-Authenticate"] = 'Basic realm="ClickHouse server HTTP API"'
        kept = {name: value for name, value in self.headers.items() if name not in {"X-ClickHouse-Format", *headers}}
        self._wire.send(response_head(status, kept | headers) + body)

    def name_format(self, output_format: str) -> None:
        """Say in the headers how the rows are written."""
        lower = output_format.lower()
        kind = next((kind for start, kind in _TYPES.items() if lower.startswith(start)), "application/octet-stream")
        if lower.startswith("csvwith"):
            kind = _TYPES["csvw"]
        self.headers |= {"X-ClickHouse-Format": output_format, "Content-Type": kind}

    def _start(self) -> None:
        self._tag = "".join(secrets.choice(string.ascii_lowercase) for _ in range(_TAG_LETTERS))
        self._send_head({"Transfer-Encoding": "chunked", "X-ClickHouse-Exception-Tag": self._tag})
        self.has_started = True
        self._send_held(chunked=True)

    def _send_head(self, more: dict[str, str]) -> None:
        encoding = {"Content-Encoding": self._encoding} if self._encoding else {}
        self._wire.send(response_head(200, self.headers | encoding | more))

    def _send_held(self, *, chunked: bool) -> None:
        self._held.seek(0)
        while piece := self._held.read(PIECE_BYTES):
            if chunked:
                self._wire.send_chunk(piece)
            else:
                self._wire.send(piece)
        self._held.close()
