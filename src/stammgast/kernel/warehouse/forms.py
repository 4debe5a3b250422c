"""Multipart bodies: a query with its parameters as fields, and tables sent along as files."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stammgast.kernel.warehouse.wire import BadRequest

_NAME = re.compile(r'(?<!file)name="((?:[^"\\]|\\.)*)"')
_BOUNDARY = re.compile(r'boundary="?([^";,]+)"?')


@dataclass(frozen=True)
class Part:
    """One field or file."""

    name: str
    is_file: bool
    content: bytes


def multipart(content_type: str, body: bytes) -> list[Part]:
    r"""Return the parts of a multipart/form-data body.

    >>> [part.name for part in multipart("multipart/form-data; boundary=b",
    ...     b'--b\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT 1\r\n--b--\r\n')]
    ['query']
    """
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise BadRequest(why="the form names no boundary")
    parts = []
    for raw in (b"\r\n" + body).split(b"\r\n--" + boundary[1].encode())[1:]:
        headers, found, content = raw.partition(b"\r\n\r\n")
        name = _NAME.search(headers.decode(errors="replace"))
        if found and name is not None:
            parts.append(Part(name[1], b"filename=" in headers, content))
    return parts
