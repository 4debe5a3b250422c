"""HTTP/1.1 on a blocking socket: one request after another, bodies in pieces both ways."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from stammgast.kernel.errors import StammgastError

PIECE_BYTES = 1 << 18
_HEAD_BYTES_MAX = 1 << 20
_CHUNK_LINE_BYTES_MAX = 1024


class ClientGone(StammgastError):
    """The client closed the connection."""


class BadRequest(StammgastError):
    """This is not HTTP as the warehouse reads it: {why}."""


@dataclass(frozen=True)
class Head:
    """A request's first line and headers; header names are lower case, of repeated parameters the last one counts."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    keeps_alive: bool


@dataclass
class Wire:
    """One client's connection. Not for use by two threads at once."""

    peer: socket.socket
    is_arriving: bool = False
    """Whether a request has begun to come in that nobody has registered yet; whoever registers it clears this."""
    is_busy: bool = False
    """Whether a request is being answered; what the socket holds then belongs to its body."""
    _buffer: bytearray = field(default_factory=bytearray)
    _body: Iterator[bytes] | None = None

    def read_head(self) -> Head | None:
        """Return the next request's head, None when the client closed the connection between requests."""
        if not self._buffer and not self._peek():
            return None
        # From the first byte on, a request is either still in the socket or known to be arriving; see Arrivals.
        self.is_arriving = True
        while b"\r\n\r\n" not in self._buffer:
            if len(self._buffer) > _HEAD_BYTES_MAX:
                raise BadRequest(why="the headers are too long")
            received = self._receive()
            if not received:
                return None
            self._buffer += received
        raw, _, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        self._buffer = bytearray(rest)
        head = parse_head(raw)
        self._body = self._read_body(head.headers)
        if head.headers.get("expect", "").lower() == "100-continue":
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        return head

    def body(self) -> Iterator[bytes]:
        """Return the pieces of the current request's body, each at most `PIECE_BYTES`, as far as not read yet."""
        return self._body if self._body is not None else iter(())

    def send(self, data: bytes) -> None:
        """Send all of `data`; raises ClientGone when nobody reads any more."""
        try:
            self.peer.sendall(data)
        except OSError as error:
            raise ClientGone from error

    def send_chunk(self, data: bytes) -> None:
        """Send one chunk of a chunked body; an empty piece is skipped, for it would end the body."""
        if data:
            self.send(b"%x\r\n" % len(data) + data + b"\r\n")

    def _peek(self) -> bytes:
        try:
            return self.peer.recv(1, socket.MSG_PEEK)
        except OSError as error:
            raise ClientGone from error

    def _receive(self) -> bytes:
        try:
            return self.peer.recv(PIECE_BYTES)
        except OSError as error:
            raise ClientGone from error

    def _read_body(self, headers: Mapping[str, str]) -> Iterator[bytes]:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._read_chunks()
        try:
            length = int(headers.get("content-length", "0"))
        except ValueError as error:
            raise BadRequest(why="Content-Length is not a number") from error
        return self._read_exactly(length)

    def _read_exactly(self, length: int) -> Iterator[bytes]:
        while length > 0:
            piece = self._take(length)
            length -= len(piece)
            yield piece

    def _take(self, at_most: int) -> bytes:
        if self._buffer:
            piece = bytes(self._buffer[:at_most])
            del self._buffer[:at_most]
            return piece
        received = self._receive()
        if not received:
            raise ClientGone
        if len(received) > at_most:
            self._buffer += received[at_most:]
        return received[:at_most]

    def _read_chunks(self) -> Iterator[bytes]:
        while True:
            line = self._take_line().split(b";")[0].strip()
            try:
                size = int(line, 16)
            except ValueError as error:
                raise BadRequest(why="a chunk has no length") from error
            yield from self._read_exactly(size)
            if size:
                self._take_line()
                continue
            while self._take_line():
                pass
            return

    def _take_line(self) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > _CHUNK_LINE_BYTES_MAX:
                raise BadRequest(why="a chunk's first line is too long")
            received = self._receive()
            if not received:
                raise ClientGone
            self._buffer += received
        line, _, rest = bytes(self._buffer).partition(b"\n")
        self._buffer = bytearray(rest)
        return line.strip()


def parse_head(raw: bytes) -> Head:
    r"""Return the request line and headers read.

    >>> parse_head(b"GET /?query=SELECT+1&user=a HTTP/1.1\r\nHost: x").params["query"]
    'SELECT 1'
    """
    first, *lines = raw.decode("latin-1").split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):  # noqa: PLR2004 - method, target, version
        raise BadRequest(why="the first line is not a request")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    target = urlsplit(parts[1])
    params = dict(parse_qsl(target.query, keep_blank_values=True, errors="surrogateescape"))
    keeps_alive = headers.get("connection", "").lower() != "close" and parts[2] == "HTTP/1.1"
    return Head(parts[0].upper(), target.path, params, headers, keeps_alive)


def response_head(status: int, headers: Mapping[str, str]) -> bytes:
    """Return the bytes of an answer's first line and headers."""
    phrase = HTTPStatus(status).phrase
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {_one_line(value)}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", errors="replace")


def _one_line(value: str) -> str:
    return value.replace("\r", " ").replace("\n", " ")
