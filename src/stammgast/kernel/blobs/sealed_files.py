"""How a file lies on disk: sealed in pieces of a megabyte, each bound to its file and place, so that none can be cut off or moved.

The first bytes say the form (4) and the file's own random number (16), then comes the sealed description (size, type), then the
pieces. The name is part of what the description is sealed for: a file put under another's name does not open.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from stammgast.kernel.blobs.contracts import Blob, BlobDamaged
from stammgast.kernel.sealing import NONCE_BYTES, TAG_BYTES, Sealer, WrongSealingKey

FORM = b"SGB1"
PIECE = 1_048_576
SEAL_BYTES = 1 + NONCE_BYTES + TAG_BYTES
_NUMBER = 16
_DESCRIPTION = struct.Struct(">Q120p")
_HEAD_BYTES = len(FORM) + _NUMBER + SEAL_BYTES + _DESCRIPTION.size


class SealedWriter:
    """Writes one file into `file`, which must be empty: `add` its pieces, then `finish` with what is known of it."""

    def __init__(self, sealer: Sealer, file: IO[bytes]) -> None:
        """Leave room for the description, which is known last."""
        self._sealer = sealer
        self._file = file
        self._number = secrets.token_bytes(_NUMBER)
        self._pieces = 0
        file.write(b"\0" * _HEAD_BYTES)

    def add(self, piece: bytes, *, is_last: bool) -> None:
        """Write one piece: PIECE bytes, the last one fewer or as many."""
        self._file.write(self._sealer.seal(piece, _purpose(self._number, self._pieces, is_last=is_last)))
        self._pieces += 1

    def finish(self, blob: Blob) -> None:
        """Write the description."""
        described = _DESCRIPTION.pack(blob.size, blob.media_type.encode())
        self._file.seek(0)
        self._file.write(FORM + self._number + self._sealer.seal(described, _head_purpose(blob.name, self._number)))


def read_blob(sealer: Sealer, file: IO[bytes], path: Path, name: str) -> tuple[Blob, bytes]:
    """Return what is known of a file and its number; raises BlobDamaged, also when it is longer or shorter than it should be."""
    head = file.read(_HEAD_BYTES)
    number = head[len(FORM) : len(FORM) + _NUMBER]
    if head[: len(FORM)] != FORM or len(head) != _HEAD_BYTES:
        raise BlobDamaged(name=name, problem="it does not begin like one")
    try:
        size, media_type = _DESCRIPTION.unpack(sealer.unseal(head[len(FORM) + _NUMBER :], _head_purpose(name, number)))
    except WrongSealingKey:
        raise BlobDamaged(
            name=name, problem="its description does not open under the key of this installation"
        ) from None
    found = path.stat().st_size
    if found != _HEAD_BYTES + size + _pieces_of(size) * SEAL_BYTES:
        raise BlobDamaged(name=name, problem=f"it has {found} bytes on disk, which does not fit its size of {size}")
    return Blob(name, media_type.decode(), size), number


def read_pieces(sealer: Sealer, file: IO[bytes], blob: Blob, number: bytes) -> Iterator[bytes]:
    """Yield a file's content from where `read_blob` left it; raises BlobDamaged at the first piece that does not open."""
    last = _pieces_of(blob.size) - 1
    for place in range(last + 1):
        try:
            yield sealer.unseal(file.read(PIECE + SEAL_BYTES), _purpose(number, place, is_last=place == last))
        except WrongSealingKey:
            raise BlobDamaged(name=blob.name, problem=f"piece {place + 1} of {last + 1} does not open") from None


def _pieces_of(size: int) -> int:
    return -(-size // PIECE)


def _purpose(number: bytes, place: int, *, is_last: bool) -> str:
    return f"blob piece {number.hex()} {place} {'last' if is_last else 'more'}"


def _head_purpose(name: str, number: bytes) -> str:
    return f"blob {name} {number.hex()}"
