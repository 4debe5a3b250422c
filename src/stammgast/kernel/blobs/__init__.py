"""Files that customers and colleagues send or that we make for them: mails, attachments, pictures, survey files, exports.

`Blobs.put` keeps a file sealed and durable and gives its name; the event or definition that names it comes after. Whoever
names it holds it (`holds`), in the transaction that keeps the event or definition; what nobody holds is taken away (`sweeping`).
"""

from __future__ import annotations

from stammgast.kernel.blobs.contracts import (
    ATTACHMENTS,
    MAILS,
    PICTURES,
    TABLES,
    Accept,
    Blob,
    BlobDamaged,
    BlobNotFound,
    FileEmpty,
    FileTooLarge,
    FileTypeRefused,
    NoRoomForFile,
)
from stammgast.kernel.blobs.store import Blobs, blobs_of

__all__ = [
    "ATTACHMENTS",
    "MAILS",
    "PICTURES",
    "TABLES",
    "Accept",
    "Blob",
    "BlobDamaged",
    "BlobNotFound",
    "Blobs",
    "FileEmpty",
    "FileTooLarge",
    "FileTypeRefused",
    "NoRoomForFile",
    "blobs_of",
]
