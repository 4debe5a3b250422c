"""Files that are kept, from one path: `/blobs/NAME`. Whatever is in them, a browser runs nothing of it here.

Who may see a file is asked of those who hold it (`runtime.BlobHolder`). One that is not there, one that nobody holds and one that is
not for whoever asks are answered alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream

from stammgast.kernel.blobs import BlobNotFound, blobs_of
from stammgast.kernel.blobs.contracts import KINDS
from stammgast.kernel.blobs.holds import holders_of
from stammgast.kernel.runtime import Runtime
from stammgast.web.contracts import Person
from stammgast.web.guards import person_of, requires
from stammgast.web.pages import runtime_of
from stammgast.web.shell import AnyRequest

PATH = "/blobs"
POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
FILE_NAME_MAX = 120
NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f\"\\/:*?<>|\u202a-\u202e\u2066-\u2069]+")
"""What a file's name must not hold: path signs, quotes, and signs that turn the writing direction (invoice_fdp.exe)."""


@get(PATH + "/{name:str}", guards=[requires("viewer", bound="own")], sync_to_thread=True)
def show_blob(request: AnyRequest, name: FromPath[str]) -> Response[Any]:
    """Send a file; `as` in the address is what it is to be called."""
    runtime = runtime_of(request)
    blobs = blobs_of(runtime)
    blob = blobs.find(name) if _may_see(runtime, person_of(request), name) else None
    if blob is None:
        raise BlobNotFound
    headers = {
        "content-security-policy": POLICY,
        "cache-control": "private, no-cache",
        "etag": f'"{blob.name}"',
        "content-length": str(blob.size),
        "content-disposition": disposition(request.query_params.get("as", ""), blob.name, blob.media_type),
        "cross-origin-resource-policy": "same-origin",
    }
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(b"", status_code=304, headers={"etag": headers["etag"]})
    return Stream(_whole(blobs.pieces(name)), media_type=blob.media_type, headers=headers)


def disposition(wanted: str, name: str, media_type: str) -> str:
    r"""Return the header by which a browser shows a safe file and offers every other for download (RFC 6266, RFC 8187).

    >>> disposition("Rechnung März.pdf", "ab12", "application/pdf")
    'attachment; filename="ab12.pdf"; filename*=UTF-8\'\'Rechnung%20M%C3%A4rz.pdf'
    >>> disposition("../logo.exe", "ab12", "image/png")
    'inline; filename="ab12.png"; filename*=UTF-8\'\'logo.exe.png'
    """
    kind = KINDS[media_type]
    plain = f"{name[:12]}.{kind.extension}"
    called = NOT_IN_NAMES.sub(" ", wanted).strip(" .")[:FILE_NAME_MAX] or plain
    if not called.lower().endswith(f".{kind.extension}"):
        # What a file is called must not make more of it than it is.
        called = f"{called}.{kind.extension}"
    place = "inline" if kind.is_safe else "attachment"
    return f"{place}; filename=\"{plain}\"; filename*=UTF-8''{quote(called, safe='')}"


def _may_see(runtime: Runtime, person: Person, name: str) -> bool:
    rules = {one.kind: one.may_see for manifest in runtime.manifests for one in manifest.blob_holders}
    for state in (runtime.customers, runtime.control):
        with state.read() as connection:
            holders = holders_of(connection, name)
        for holder in holders:
            kind, _colon, key = holder.partition(":")
            if kind in rules and rules[kind](runtime, person, key):
                return True
    return False


def _whole(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Open the file before the answer begins, so that one that is damaged is told as such."""
    first = next(pieces, b"")

    def all_of_it() -> Iterator[bytes]:
        yield first
        yield from pieces

    return all_of_it()


ROUTES = (show_blob,)
