"""Failures as ClickHouse tells them: a code, a sentence, and the HTTP status that belongs to the code."""

from __future__ import annotations

import re

from stammgast.kernel.errors import StammgastError

_BAD_REQUEST = 400
_FORBIDDEN = 403
_NOT_FOUND = 404

BAD_ARGUMENTS = 36
NOT_IMPLEMENTED = 48
UNKNOWN_FUNCTION = 46
SYNTAX_ERROR = 62
READONLY = 164
REQUIRED_PASSWORD = 194
TOO_MANY_CONNECTIONS = 202
WITH_SAME_ID_IS_RUNNING = 216
SESSION_NOT_FOUND = 372
SESSION_IS_LOCKED = 373
WAS_CANCELLED = 394
UNKNOWN_COMPRESSION = 89
SETTING_IS_FIXED = 452
ACCESS_DENIED = 497
AUTHENTICATION_FAILED = 516
POCO_EXCEPTION = 1000
UNKNOWN_EXCEPTION = 1002

_NAMES = {
    BAD_ARGUMENTS: "BAD_ARGUMENTS",
    NOT_IMPLEMENTED: "NOT_IMPLEMENTED",
    SYNTAX_ERROR: "SYNTAX_ERROR",
    READONLY: "READONLY",
    REQUIRED_PASSWORD: "REQUIRED_PASSWORD",
    TOO_MANY_CONNECTIONS: "TOO_MANY_SIMULTANEOUS_QUERIES",
    WITH_SAME_ID_IS_RUNNING: "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING",
    SESSION_NOT_FOUND: "SESSION_NOT_FOUND",
    SESSION_IS_LOCKED: "SESSION_IS_LOCKED",
    WAS_CANCELLED: "QUERY_WAS_CANCELLED",
    UNKNOWN_COMPRESSION: "UNKNOWN_COMPRESSION_METHOD",
    SETTING_IS_FIXED: "SETTING_CONSTRAINT_VIOLATION",
    ACCESS_DENIED: "ACCESS_DENIED",
    AUTHENTICATION_FAILED: "AUTHENTICATION_FAILED",
    POCO_EXCEPTION: "POCO_EXCEPTION",
    UNKNOWN_EXCEPTION: "UNKNOWN_EXCEPTION",
}

# The same pairs a ClickHouse server uses (its exceptionCodeToHTTPStatus); every other code is a 500.
_STATUS = (
    {REQUIRED_PASSWORD: 401, 125: 413, NOT_IMPLEMENTED: 501, 209: 503, 76: 503, 439: 503, 381: 411, 159: 408, 202: 503}
    | dict.fromkeys((192, 193, AUTHENTICATION_FAILED, 512, ACCESS_DENIED), _FORBIDDEN)
    | dict.fromkeys(
        (6, 8, 15, 25, 26, 27, 36, 38, 41, 44, 53, 62, 69, 72, 117, 130, 167, 168, 235, 338, 376, 427, 440, 441),
        _BAD_REQUEST,
    )
    | dict.fromkeys((46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 119, 336, 511), _NOT_FOUND)
)

_CODE = re.compile(r"Code: (\d+)\.")


class WarehouseError(StammgastError):
    """Code: {code}. DB::Exception: {sentence} ({name})."""

    status = 500

    def __init__(self, clickhouse_code: int, sentence: str) -> None:
        self.clickhouse_code = clickhouse_code
        self.sentence = sentence
        super().__init__(code=clickhouse_code, sentence=sentence, name=_NAMES.get(clickhouse_code, "UNKNOWN_EXCEPTION"))

    @property
    def text(self) -> str:
        """The body of the answer, the way a server words it."""
        return self.message.removesuffix(".")

    def __reduce__(self) -> tuple[object, ...]:
        """Survive pickling with this class's own arguments."""
        return type(self), (self.clickhouse_code, self.sentence)


class EngineError(WarehouseError):
    """{sentence}"""  # noqa: D415 - the engine's own words are the sentence

    @property
    def text(self) -> str:
        """The engine's words, unchanged."""
        return self.sentence

    def __reduce__(self) -> tuple[object, ...]:
        """Survive pickling with this class's own arguments."""
        return type(self), (self.clickhouse_code, self.sentence)


def from_engine(error: RuntimeError) -> EngineError:
    """Return what chDB raised with its ClickHouse code read from the text (1002 when it names none).

    >>> from_engine(RuntimeError("boom: Code: 60. DB::Exception: Unknown table x. (UNKNOWN_TABLE)")).clickhouse_code
    60
    """
    text = str(error).strip()
    match = _CODE.search(text)
    if match is None:
        return EngineError(UNKNOWN_EXCEPTION, f"Code: {UNKNOWN_EXCEPTION}. DB::Exception: {text} (UNKNOWN_EXCEPTION)")
    return EngineError(int(match[1]), text[match.start() :])


def http_status(clickhouse_code: int) -> int:
    """Return the HTTP status a ClickHouse server gives with this code.

    >>> http_status(60), http_status(241)
    (404, 500)
    """
    return _STATUS.get(clickhouse_code, 500)
