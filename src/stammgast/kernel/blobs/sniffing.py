"""What a file is, by its first bytes: what its sender calls it proves nothing.

Sources: the signatures of PNG (ISO 15948), JPEG (ITU T.81), GIF89a, RIFF (WebP, WAV), PDF (ISO 32000), ZIP (APPNOTE 6.3), OOXML
(ECMA-376), OpenDocument (ISO 26300), ISO base media (14496-12), Matroska, Ogg (RFC 3533), MPEG audio (ISO 11172-3).
"""

from __future__ import annotations

import re

from stammgast.kernel.blobs.contracts import AS_TEXT, TEXT, UNKNOWN

LOOKED_AT = 65_536
"""Bytes at the beginning that are looked at."""
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_OFFICE = "application/vnd.openxmlformats-officedocument."
_IN_ZIP = (
    (b"word/", _OFFICE + "wordprocessingml.document"),
    (b"xl/", _OFFICE + "spreadsheetml.sheet"),
    (b"ppt/", _OFFICE + "presentationml.presentation"),
)
_OPEN_DOCUMENT = re.compile(
    rb"\APK\x03\x04.{26}mimetype(application/vnd\.oasis\.opendocument\.(?:text|spreadsheet))", re.DOTALL
)
_MARKUP = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|script|iframe|img|style|title|meta|link|object|embed|svg|form|a|div|p|table)[\s>/]",
    re.IGNORECASE,
)
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f\x1b"))
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")


def media_type_of(head: bytes, declared: str = "") -> str:
    """Return the media type of a file by its beginning (LOOKED_AT bytes of it), UNKNOWN when nothing fits.

    `declared` decides only between kinds of text that look the same, such as a table and a mail.

    >>> media_type_of(b"%PDF-1.7 ..."), media_type_of(b"Dear inn,", "message/rfc822"), media_type_of(b"hi <script>", "text/csv")
    ('application/pdf', 'message/rfc822', 'text/html')
    """
    for signature, media_type in _SIGNATURES:
        if head.startswith(signature):
            return media_type
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12], UNKNOWN)
    if head[4:8] == b"ftyp":
        return "video/mp4"
    if head.startswith(b"PK\x03\x04"):
        return _in_zip(head)
    return _text_type(head, declared) if _is_text(head) else UNKNOWN


def _in_zip(head: bytes) -> str:
    found = _OPEN_DOCUMENT.match(head)
    if found:
        return found[1].decode()
    if b"[Content_Types].xml" in head or b"_rels/.rels" in head:
        return next((media_type for folder, media_type in _IN_ZIP if folder in head), "application/zip")
    return "application/zip"


def _is_text(head: bytes) -> bool:
    """Say whether it may be text: UTF-8, UTF-16 with its mark, or one of the encodings of one byte a letter."""
    return head.startswith(_BYTE_ORDER_MARKS) or not head.translate(None, delete=bytes(set(range(256)) - set(_CONTROL)))


def _text_type(head: bytes, declared: str) -> str:
    begun = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    # A mail may hold a page; whatever is not called a mail is a page as soon as a browser could take it for one.
    if declared == "message/rfc822" and not begun.startswith(b"<"):
        return declared
    if b"<svg" in head.lower() and begun.startswith(b"<"):
        return "image/svg+xml"
    if _MARKUP.search(head):
        return "text/html"
    if begun.startswith(b"<?xml"):
        return "application/xml"
    return declared if declared in AS_TEXT else TEXT
