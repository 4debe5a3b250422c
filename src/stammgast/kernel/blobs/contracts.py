"""What may be kept as a file, what is known of one, and how a file is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import msgspec

from stammgast.kernel.errors import NotFound, StammgastError

MEGABYTE = 1_000_000


class FileEmpty(StammgastError):
    """The file is empty. Choose one that holds something."""

    status = 422


class FileTooLarge(StammgastError):
    """The file is larger than {most} MB. Make it smaller, or send it in parts."""

    status = 413


class FileTypeRefused(StammgastError):
    """The file looks like {found}. Taken here: {allowed}."""

    status = 415


class BlobNotFound(NotFound):
    """There is no such file, or it is not for you to see."""

    code = "not_found"


class BlobDamaged(StammgastError):
    """The file {name} is damaged on disk ({problem}). Put it back from a backup; `stammgast doctor` names all such files."""

    status = 500


class NoRoomForFile(StammgastError):
    """The file can't be kept: {problem}. Make room on the disk, then send it again."""

    status = 503
    retry: ClassVar[bool] = True


class Blob(msgspec.Struct, frozen=True):
    """A kept file: its name (64 hex digits), what it is by its content, and how many bytes it has unsealed."""

    name: str
    media_type: str
    size: int


@dataclass(frozen=True)
class Kind:
    """A type of file. `is_safe`: a browser may show it in the page's place; everything else is offered for download."""

    media_type: str
    extension: str
    is_safe: bool = False


_KINDS = (
    Kind("image/png", "png", is_safe=True),
    Kind("image/jpeg", "jpg", is_safe=True),
    Kind("image/gif", "gif", is_safe=True),
    Kind("image/webp", "webp", is_safe=True),
    Kind("image/svg+xml", "svg"),
    Kind("application/pdf", "pdf"),
    Kind("application/zip", "zip"),
    Kind("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    Kind("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    Kind("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"),
    Kind("application/vnd.oasis.opendocument.text", "odt"),
    Kind("application/vnd.oasis.opendocument.spreadsheet", "ods"),
    Kind("audio/mpeg", "mp3"),
    Kind("audio/ogg", "ogg"),
    Kind("audio/wav", "wav"),
    Kind("video/mp4", "mp4"),
    Kind("video/webm", "webm"),
    Kind("message/rfc822", "eml"),
    Kind("text/calendar", "ics"),
    Kind("text/csv", "csv"),
    Kind("text/html", "html"),
    Kind("text/plain", "txt", is_safe=True),
    Kind("application/json", "json"),
    Kind("application/xml", "xml"),
    Kind("application/octet-stream", "bin"),
)
KINDS = {one.media_type: one for one in _KINDS}
UNKNOWN = "application/octet-stream"
TEXT = "text/plain"
AS_TEXT = frozenset({TEXT, "text/csv", "text/calendar", "message/rfc822", "application/json"})
"""Types that only whoever brings the file can tell from other text."""


@dataclass(frozen=True)
class Accept:
    """What is taken at one place: types, and the most bytes of one file."""

    types: frozenset[str]
    bytes_max: int

    def check_type(self, media_type: str) -> None:
        """Raise FileTypeRefused unless the type is taken."""
        if media_type not in self.types:
            allowed = ", ".join(sorted(KINDS[one].extension for one in self.types))
            raise FileTypeRefused(found=KINDS[media_type].extension, allowed=allowed)

    def check_size(self, size: int) -> None:
        """Raise FileEmpty or FileTooLarge unless so many bytes are taken."""
        if not size:
            raise FileEmpty
        if size > self.bytes_max:
            raise FileTooLarge(most=self.bytes_max // MEGABYTE)


PICTURES = Accept(frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"}), 10 * MEGABYTE)
TABLES = Accept(
    frozenset({"text/csv", TEXT, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}), 200 * MEGABYTE
)
MAILS = Accept(frozenset({"message/rfc822"}), 50 * MEGABYTE)
ATTACHMENTS = Accept(frozenset(KINDS) - {UNKNOWN, "text/html", "image/svg+xml", "application/xml"}, 25 * MEGABYTE)
"""What a customer may send along. Pages and drawings that can hold scripts are not taken, nor what nobody can name."""
