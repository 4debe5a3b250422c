"""What a request asks for: the kind of statement, its output format, and where an insert's data begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stammgast.kernel.warehouse.exceptions import SYNTAX_ERROR, WarehouseError
from stammgast.kernel.warehouse.lexer import Token, tokens

_QUERY_STARTS = frozenset({"SELECT", "WITH", "FROM"})
_NOT_A_FORMAT = frozenset({"FROM", "SETTINGS", "AS", "IN", "IS", "AND", "OR", "NOT", "LIKE", "BETWEEN"})
_AFTER_FORMAT = frozenset({"SETTINGS", ""})


@dataclass(frozen=True)
class Statement:
    """One SQL statement without its closing semicolon.

    `sql` is the whole of it, or for an insert with data everything before `FORMAT` or `VALUES`. `insert_format` is None
    unless data follows; the data begins at `data_at` of the bytes that were read. `needs_data` is an insert that names
    neither a format nor a query: all data lies outside of the statement. `settings_at` is where the insert's own
    SETTINGS begin in `sql`, None without them. `output_format` is None when the statement names none.
    """

    sql: bytes
    keyword: str
    seen: tuple[Token, ...]
    output_format: str | None = None
    insert_format: str | None = None
    data_at: int = 0
    settings_at: int | None = None
    needs_data: bool = False

    @property
    def is_query(self) -> bool:
        """Whether chDB can stream its result: SELECT and its relatives."""
        return self.keyword in _QUERY_STARTS


def read_statement(sql: bytes) -> Statement:
    r"""Return the one statement at the start of `sql`, which for an insert may go on with data of any size.

    Raises WarehouseError (62) for nothing at all and for a second statement, as a server does.

    >>> read_statement(b"INSERT INTO t FORMAT CSV\n1,2").insert_format
    'CSV'
    >>> read_statement(b"SELECT 1 FORMAT JSON;").output_format
    'JSON'
    """
    stream = tokens(sql)
    seen: list[Token] = []
    keyword = ""
    for token in stream:
        seen.append(token)
        keyword = token.upper
        if token.text != "(":
            break
    if not seen:
        raise WarehouseError(SYNTAX_ERROR, "Syntax error: the query is empty")
    if keyword == "INSERT":
        return _read_insert(sql, stream, seen)
    seen.extend(stream)
    end = _end_of_first(sql, seen)
    return Statement(sql[:end], keyword, tuple(seen), output_format=_output_format(seen))


def _end_of_first(sql: bytes, seen: list[Token]) -> int:
    """Cut trailing semicolons off `seen` and return where the statement ends."""
    end = len(sql)
    while seen and seen[-1].text == ";":
        end = seen.pop().start
    if any(token.kind == "other" and token.text == ";" for token in seen):
        raise WarehouseError(SYNTAX_ERROR, "Syntax error: multi-statements are not allowed")
    if not seen:
        raise WarehouseError(SYNTAX_ERROR, "Syntax error: the query is empty")
    return end


def _output_format(seen: list[Token]) -> str | None:
    following = ""
    for place in range(len(seen) - 1, 0, -1):
        name, before = seen[place], seen[place - 1]
        is_clause = before.upper == "FORMAT" and before.depth == 0 and name.kind == "word"
        if is_clause and name.upper not in _NOT_A_FORMAT and following in _AFTER_FORMAT:
            return name.text
        following = name.upper or name.text
    return None


def _read_insert(sql: bytes, stream: Iterator[Token], seen: list[Token]) -> Statement:
    settings_at: int | None = None
    for token in stream:
        previous = seen[-1]
        seen.append(token)
        if token.depth == 0 and token.upper == "SETTINGS" and settings_at is None:
            settings_at = token.start
        if token.upper in _QUERY_STARTS and (token.depth == 0 or previous.text == "(") and _is_source(token, seen):
            return _read_insert_select(sql, stream, seen)
        if token.depth == 0 and token.upper == "VALUES" and previous.upper not in {"INTO", "TABLE"}:
            return Statement(sql[: token.start], "INSERT", tuple(seen), None, "Values", token.end, settings_at)
        if token.depth == 0 and previous.upper == "FORMAT" and token.kind == "word":
            head = sql[: previous.start]
            return Statement(head, "INSERT", tuple(seen), None, token.text, _data_start(sql, token.end), settings_at)
    end = _end_of_first(sql, seen)
    return Statement(sql[:end], "INSERT", tuple(seen), settings_at=settings_at, needs_data=True)


def _is_source(token: Token, seen: list[Token]) -> bool:
    """Tell `INSERT INTO t SELECT` and `INSERT INTO t (SELECT ...)` from a column of that name and from FROM INFILE."""
    return token.upper != "FROM" or (token.depth == 0 and "SELECT" in {earlier.upper for earlier in seen})


def _read_insert_select(sql: bytes, stream: Iterator[Token], seen: list[Token]) -> Statement:
    seen.extend(stream)
    end = _end_of_first(sql, seen)
    return Statement(sql[:end], "INSERT", tuple(seen))


def _data_start(sql: bytes, end_of_format: int) -> int:
    """Skip blanks and at most one line break, as ClickHouse's parser does; what follows may be binary."""
    place = end_of_format
    while place < len(sql) and sql[place] in b" \t\f":
        place += 1
    if sql[place : place + 1] == b"\r":
        place += 1
    if sql[place : place + 1] == b"\n":
        place += 1
    return place
