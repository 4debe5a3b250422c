"""Putting files and reading them, by any process of the installation. Knows nothing of who holds them.

A file is named by a keyed digest of its type and content: the same file twice is one, and nobody without the installation's key
can tell from an address whether a content that they know is kept here. Every file is whole under its name or not there.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import hmac
import io
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from stammgast.kernel.blobs.contracts import Accept, Blob, BlobNotFound, NoRoomForFile
from stammgast.kernel.blobs.sealed_files import PIECE, SealedWriter, read_blob, read_pieces
from stammgast.kernel.blobs.sniffing import LOOKED_AT, media_type_of
from stammgast.kernel.runtime import Runtime
from stammgast.kernel.sealing import Sealer, open_sealer

NAME = re.compile(r"[0-9a-f]{64}")
FRESH, DUE = "fresh", "due"
"""Folders of what is being written, and of marks at files that were let go."""


class Blobs:
    """The files of one installation, in `blobs/` of its data folder. For any number of threads and processes of one host."""

    def __init__(self, folder: Path, sealer: Sealer) -> None:
        """Nothing is made before the first file."""
        self.folder = folder
        self._sealer = sealer
        self._naming_key = sealer.derive("blob names")

    def put(self, content: bytes | IO[bytes], accept: Accept, declared: str = "") -> Blob:
        """Keep a file; it is durable when this returns, and must be named within ten minutes (`sweeping`).

        `declared`: what its sender calls its type, which only tells kinds of text apart. Raises FileEmpty, FileTooLarge,
        FileTypeRefused, NoRoomForFile; then nothing is kept.
        """
        source = io.BytesIO(content) if isinstance(content, bytes) else content
        try:
            fresh = self._folder(FRESH) / f"{os.getpid()}.{secrets.token_hex(8)}"
            with fresh.open("xb") as file:
                fresh.chmod(0o600)
                try:
                    blob = self._write(file, source, accept, declared)
                    file.flush()
                    os.fsync(file.fileno())
                    self._place(fresh, blob.name)
                except BaseException:
                    fresh.unlink(missing_ok=True)
                    raise
        except OSError as problem:
            if problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS):
                raise NoRoomForFile(problem=problem.strerror) from problem
            raise
        return blob

    def find(self, name: str) -> Blob | None:
        """Return what is known of a file, None when there is none of this name. Raises BlobDamaged."""
        try:
            with self._open(name) as file:
                return read_blob(self._sealer, file, self.path(name), name)[0]
        except (BlobNotFound, FileNotFoundError):
            return None

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield a file's content in pieces of at most a megabyte. Raises BlobNotFound and, also half way, BlobDamaged."""
        with self._open(name) as file:
            blob, number = read_blob(self._sealer, file, self.path(name), name)
            yield from read_pieces(self._sealer, file, blob, number)

    def read(self, name: str) -> bytes:
        """Return a file's whole content, for those that fit into memory."""
        return b"".join(self.pieces(name))

    def path(self, name: str) -> Path:
        """Return where a file lies; raises BlobNotFound for what can't be a name."""
        if not NAME.fullmatch(name):
            raise BlobNotFound
        return self.folder / name[:2] / name

    def let_go(self, names: Iterable[str]) -> None:
        """Mark files that nobody may hold any more, after the transaction that released them: they go within minutes."""
        for name in names:
            mark = self._folder(DUE) / self.path(name).name
            mark.touch(mode=0o600)
            os.utime(mark)

    @contextmanager
    def settled(self) -> Iterator[None]:
        """Keep all processes from putting a file in place or taking one away meanwhile; for moments only."""
        with (self._folder("") / ".lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _write(self, file: IO[bytes], source: IO[bytes], accept: Accept, declared: str) -> Blob:
        piece = _read(source)
        accept.check_size(len(piece))
        media_type = media_type_of(piece[:LOOKED_AT], declared)
        accept.check_type(media_type)
        digest = hmac.new(self._naming_key, media_type.encode() + b"\0", hashlib.sha256)
        writer = SealedWriter(self._sealer, file)
        size = 0
        while piece:
            following = _read(source)
            size += len(piece)
            accept.check_size(size)
            digest.update(piece)
            writer.add(piece, is_last=not following)
            piece = following
        blob = Blob(digest.hexdigest(), media_type, size)
        writer.finish(blob)
        return blob

    def _place(self, fresh: Path, name: str) -> None:
        """Give a file its name, over one that is there already: that heals a damaged one, and the new one is young again."""
        target = self.path(name)
        self._folder(name[:2])
        with self.settled():
            fresh.replace(target)
            (self.folder / DUE / name).unlink(missing_ok=True)
            _sync(target.parent)

    def _folder(self, name: str) -> Path:
        """Return a folder within ours, made durable when it is new."""
        folder = self.folder / name
        if not folder.is_dir():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            _sync(self.folder.parent)
            _sync(self.folder)
        return folder

    def _open(self, name: str) -> IO[bytes]:
        try:
            return self.path(name).open("rb")
        except FileNotFoundError:
            raise BlobNotFound from None


def blobs_of(runtime: Runtime) -> Blobs:
    """Return the process's store of files, made when it is first asked for."""
    found = runtime.services.get(Blobs)
    if not isinstance(found, Blobs):
        settings = runtime.settings
        found = runtime.services.setdefault(Blobs, Blobs(settings.data / "blobs", open_sealer(settings)))
    assert isinstance(found, Blobs)
    return found


def _read(source: IO[bytes]) -> bytes:
    """Return the next PIECE bytes, fewer at the end; a source may give less at a time than it is asked for."""
    parts, left = [], PIECE
    while left and (part := source.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # Some file systems know no fsync of a folder, and keep it safe without.
            os.fsync(handle)
    finally:
        os.close(handle)
