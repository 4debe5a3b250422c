"""Why a request is not accepted. SDKs retry 429 and most 5xx and drop what got any other 4xx."""

from __future__ import annotations

from typing import ClassVar

from stammgast.kernel.errors import StammgastError


class UnknownWriteKey(StammgastError):
    """The write key is unknown or revoked. Send it as the user of Basic authorization or as writeKey in the body."""

    code = "invalid_write_key"
    status = 401


class OriginNotAllowed(StammgastError):
    """The origin {origin} may not send with this write key. Add it to the source's allowed origins."""

    status = 403


class NoSuchEndpoint(StammgastError):
    """There is no endpoint {path}."""

    code = "not_found"
    status = 404


class MethodNotAllowed(StammgastError):
    """This endpoint takes {allowed} only."""

    status = 405


class BodyTooLarge(StammgastError):
    """The body is larger than {limit} bytes, counted after decompression. Send smaller batches."""

    status = 413


class TooManyEvents(StammgastError):
    """The batch has {count} events; at most {limit} are taken at once."""

    status = 400


class UnknownEncoding(StammgastError):
    """Content-Encoding {encoding} is not known; send gzip, deflate or none."""

    status = 415


class BrokenEncoding(StammgastError):
    """The body can't be decompressed."""

    status = 400


class RateLimited(StammgastError):
    """This source sends more than its {limit} events a second. Try again in {seconds} seconds."""

    status = 429
    retry: ClassVar[bool] = True


class LogFull(StammgastError):
    """Too many events wait to be processed. Try again in {seconds} seconds."""

    code = "overloaded"
    status = 429
    retry: ClassVar[bool] = True


class ClientGone(Exception):
    """The client closed the connection before its body was complete."""
