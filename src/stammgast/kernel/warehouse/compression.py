"""The content encodings of ClickHouse clients: LZ4 frames, Zstandard, gzip and deflate, piece by piece."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Protocol

import lz4.frame  # type: ignore[import-untyped]
import zstandard

from stammgast.kernel.warehouse.exceptions import UNKNOWN_COMPRESSION, WarehouseError

# From the fastest to the slowest; a client's own order says nothing, as on a server.
PREFERRED = ("lz4", "zstd", "gzip", "deflate")
_GZIP = 31
_ZLIB = 15
_FAST = 1


class Encoder(Protocol):
    """Turns plain pieces into encoded ones; `finish` gives what is left."""

    def encode(self, piece: bytes) -> bytes:
        """Return the bytes that are ready, maybe none."""
        ...

    def finish(self) -> bytes:
        """Return the end of the stream."""
        ...


class PlainEncoder:
    """Leaves everything as it is."""

    def encode(self, piece: bytes) -> bytes:
        """Return the piece."""
        return piece

    def finish(self) -> bytes:
        """Return nothing."""
        return b""


class Lz4Encoder:
    """One LZ4 frame."""

    def __init__(self) -> None:
        self._frame = lz4.frame.LZ4FrameCompressor()
        self._begun = False

    def encode(self, piece: bytes) -> bytes:
        """Return the header before the first piece, then compressed blocks."""
        head = b"" if self._begun else self._frame.begin()
        self._begun = True
        return bytes(head + self._frame.compress(piece))

    def finish(self) -> bytes:
        """Return the frame's end, a whole empty frame when there was no piece."""
        head = b"" if self._begun else self._frame.begin()
        return bytes(head + self._frame.flush())


class ZstdEncoder:
    """One Zstandard frame at the fastest level."""

    def __init__(self) -> None:
        self._frame = zstandard.ZstdCompressor(level=_FAST).compressobj()

    def encode(self, piece: bytes) -> bytes:
        """Return what is ready."""
        return self._frame.compress(piece)

    def finish(self) -> bytes:
        """Return the frame's end."""
        return self._frame.flush()


class ZlibEncoder:
    """A gzip or a zlib stream."""

    def __init__(self, wbits: int) -> None:
        self._stream = zlib.compressobj(_FAST, zlib.DEFLATED, wbits)

    def encode(self, piece: bytes) -> bytes:
        """Return what is ready."""
        return self._stream.compress(piece)

    def finish(self) -> bytes:
        """Return the stream's end."""
        return self._stream.flush()


def accepted_encoding(accept_encoding: str) -> str:
    """Return the fastest encoding the client takes, empty for none.

    >>> accepted_encoding("gzip, lz4;q=1.0"), accepted_encoding("identity")
    ('lz4', '')
    """
    offered = {part.split(";")[0].strip().lower() for part in accept_encoding.split(",")}
    return next((name for name in PREFERRED if name in offered), "")


def encoder_for(encoding: str) -> Encoder:
    """Return a new encoder for one of `PREFERRED`, or the plain one for the empty name."""
    if encoding == "lz4":
        return Lz4Encoder()
    if encoding == "zstd":
        return ZstdEncoder()
    if encoding in {"gzip", "deflate"}:
        return ZlibEncoder(_GZIP if encoding == "gzip" else _ZLIB)
    return PlainEncoder()


def decoded(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Yield the plain pieces of an encoded body; several frames or members may follow one another.

    Raises WarehouseError: 89 for an encoding we do not know, 36 for broken bytes.
    """
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        yield from pieces
        return
    if encoding not in {*PREFERRED, "x-gzip"}:
        raise WarehouseError(UNKNOWN_COMPRESSION, f"Unknown compression method: {encoding}")
    try:
        yield from _frames(pieces, encoding)
    except (zlib.error, zstandard.ZstdError, RuntimeError, EOFError) as error:
        raise WarehouseError(UNKNOWN_COMPRESSION, f"The body is not valid {encoding}: {error}") from error


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def _decoder(encoding: str) -> _Decoder:
    if encoding == "lz4":
        decoder: _Decoder = lz4.frame.LZ4FrameDecompressor()
        return decoder
    if encoding == "zstd":
        return zstandard.ZstdDecompressor().decompressobj()
    return zlib.decompressobj(_ZLIB if encoding == "deflate" else _GZIP)


def _frames(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    decoder = _decoder(encoding)
    fed = False
    for piece in pieces:
        rest = piece
        while rest:
            if decoder.eof:
                decoder = _decoder(encoding)
            plain = decoder.decompress(rest)
            fed = True
            if plain:
                yield plain
            rest = (decoder.unused_data or b"") if decoder.eof else b""
    if fed and not decoder.eof:
        raise EOFError("it ends too early")
