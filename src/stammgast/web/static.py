"""Static files: one content hash in every address, so browsers keep them for ever; compressed once, served from memory."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import zstandard
from litestar.types import Receive, Scope, Send

PREFIX = "/static/"
COMPRESSIBLE = (".css", ".js", ".mjs", ".svg", ".json", ".txt", ".map")
SMALLEST_COMPRESSED = 600
FOREVER = b"public, max-age=31536000, immutable"

# The machine's own table of types differs from place to place.
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}


@dataclass(frozen=True)
class StaticFile:
    """One file in memory with its type."""

    path: Path
    content: bytes
    content_type: str


class StaticFiles:
    """The static folders of all modules as one ASGI app. Addresses are /static/HASH/MODULE/PATH.

    The hash is over everything, so modules of JavaScript may import each other by relative paths.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        """Read all files of `folders` (module -> folder)."""
        self._files = {f"{module}/{name}": one for module, folder in folders.items() for name, one in _read(folder)}
        self.version = _hash_of(self._files)
        self._encoded: dict[tuple[str, str], bytes] = {}
        self._lock = threading.Lock()

    def url(self, path: str) -> str:
        """Return the address of `module/path`; raises KeyError for a file that is not there."""
        if path not in self._files:
            raise KeyError(path)
        return f"{PREFIX}{self.version}/{path}"

    def has(self, path: str) -> bool:
        """Say whether there is such a file (browser libraries are made by `make setup`)."""
        return path in self._files

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer GET and HEAD; 404 for what is not there, also for addresses of an older version."""
        method = str(scope.get("method"))
        version, _, name = scope["path"].removeprefix(PREFIX).partition("/")
        found = self._files.get(name)
        if found is None or version != self.version or method not in {"GET", "HEAD"}:
            await _answer(send, 404, [(b"content-type", b"text/plain")], b"Not found")
            return
        encoding = _encoding_for(dict(scope["headers"]).get(b"accept-encoding", b""), name, len(found.content))
        body = self._body(name, found, encoding)
        headers = [
            (b"content-type", found.content_type.encode()),
            (b"cache-control", FOREVER),
            (b"x-content-type-options", b"nosniff"),
            (b"vary", b"accept-encoding"),
            (b"content-length", str(len(body)).encode()),
        ]
        if encoding:
            headers.append((b"content-encoding", encoding.encode()))
        await _answer(send, 200, headers, b"" if method == "HEAD" else body)

    def _body(self, name: str, found: StaticFile, encoding: str) -> bytes:
        if not encoding:
            return found.content
        with self._lock:
            if (name, encoding) not in self._encoded:
                self._encoded[name, encoding] = _encode(found, encoding)
            return self._encoded[name, encoding]


def _encode(found: StaticFile, encoding: str) -> bytes:
    # Browser libraries come with their compressed form, made once by `make setup`.
    ready = found.path.with_name(found.path.name + ".gz")
    if encoding == "gzip":
        return ready.read_bytes() if ready.exists() else gzip.compress(found.content, 9, mtime=0)
    return zstandard.ZstdCompressor(level=12).compress(found.content)


def _encoding_for(accepted: bytes, name: str, size: int) -> str:
    if size < SMALLEST_COMPRESSED or not name.endswith(COMPRESSIBLE):
        return ""
    offered = {part.partition(b";")[0].strip() for part in accepted.split(b",")}
    return "zstd" if b"zstd" in offered else "gzip" if b"gzip" in offered else ""


def _read(folder: Path) -> Iterable[tuple[str, StaticFile]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in {".gz", ".md"} and not path.name.startswith("."):
            content_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            yield path.relative_to(folder).as_posix(), StaticFile(path, path.read_bytes(), content_type)


def _hash_of(files: Mapping[str, StaticFile]) -> str:
    digest = hashlib.blake2b(digest_size=6)
    for name, one in sorted(files.items()):
        digest.update(name.encode() + b"\0" + one.content)
    return digest.hexdigest()


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
