"""Reading a request's body: all of it, but no more than is allowed, decompressed."""

from __future__ import annotations

import zlib

from litestar.types import Receive

from stammgast.events.collecting.refusals import BodyTooLarge, BrokenEncoding, ClientGone, UnknownEncoding

DRAIN_BYTES_MAX = 64 * 1024 * 1024
"""A body up to this size is read to its end before it is refused: who is still sending would not see the answer."""
_WINDOW_BITS = {b"gzip": 31, b"x-gzip": 31, b"deflate": 15}


async def read_body(receive: Receive, limit: int, declared: bytes) -> bytes:
    """Return the body as sent; `declared` is its Content-Length, empty when there is none.

    Raises BodyTooLarge beyond `limit` bytes and ClientGone when it never becomes complete.
    """
    if declared.isdigit() and int(declared) > DRAIN_BYTES_MAX:
        raise BodyTooLarge(limit=limit)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        elif size > DRAIN_BYTES_MAX:
            break
        if not message.get("more_body", False):
            break
    if size > limit:
        raise BodyTooLarge(limit=limit)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def decompress(body: bytes, encoding: bytes, limit: int) -> bytes:
    """Return the body as it was before Content-Encoding; never makes more than `limit` bytes of it.

    Raises BodyTooLarge, BrokenEncoding or UnknownEncoding.
    """
    encoding = encoding.strip().lower()
    if not encoding or encoding == b"identity":
        return body
    window_bits = _WINDOW_BITS.get(encoding)
    if window_bits is None:
        raise UnknownEncoding(encoding=encoding[:40].decode("latin-1"))
    stream = zlib.decompressobj(window_bits)
    try:
        plain = stream.decompress(body, limit + 1)
    except zlib.error as problem:
        raise BrokenEncoding from problem
    if len(plain) > limit:
        raise BodyTooLarge(limit=limit)
    if not stream.eof:
        raise BrokenEncoding
    return plain
