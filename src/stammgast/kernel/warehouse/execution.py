"""Running one statement: on a clean connection or in its session, with its settings, until its answer is complete."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import msgspec

from stammgast.kernel.warehouse.asking import Ask
from stammgast.kernel.warehouse.engine import Connection, Engine, quoted, quoted_name
from stammgast.kernel.warehouse.exceptions import SYNTAX_ERROR, EngineError, WarehouseError
from stammgast.kernel.warehouse.guard import (
    refuse_beyond_reader,
    refuse_fixed_settings,
    refuse_forbidden,
    refuse_writing,
)
from stammgast.kernel.warehouse.inserting import insert
from stammgast.kernel.warehouse.native import Result
from stammgast.kernel.warehouse.options import DATABASE
from stammgast.kernel.warehouse.reply import Reply
from stammgast.kernel.warehouse.running import Arrivals, Running, RunningQueries
from stammgast.kernel.warehouse.sessions import Sessions
from stammgast.kernel.warehouse.statement import Statement

# chDB formats each block of a streamed result on its own, so only formats without a head and a foot can stream.
_STREAMS = frozenset(
    {
        "native", "tabseparated", "tsv", "tabseparatedraw", "tsvraw", "raw", "csv", "rowbinary", "jsoneachrow",
        "jsonlines", "ndjson", "jsoncompacteachrow", "jsonstringseachrow", "lineasstring", "rawblob", "null",
    }
)  # fmt: skip
_SHOWS_ROWS = frozenset({"SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS", "CHECK"})
_KILL_ENDS = frozenset({"SYNC", "ASYNC", "TEST", "FORMAT"})
_KILL_ROWS = (
    "SELECT 'finished' AS kill_status, arrayJoin({ids:Array(String)}) AS query_id, 'default' AS user, '' AS query"
)


class Execution:
    """Runs what was asked and writes the answer into a Reply. One for the whole process."""

    def __init__(
        self, engine: Engine, queries: RunningQueries, arrivals: Arrivals, sessions: Sessions, spool: Path
    ) -> None:
        self._engine = engine
        self._arrivals = arrivals
        self._queries = queries
        self._sessions = sessions
        self._spool = spool

    def run(self, ask: Ask, running: Running, reply: Reply) -> None:
        """Answer one statement; raises WarehouseError, and ClientGone when nobody reads the answer."""
        began = time.perf_counter_ns()
        with self._connection(ask) as connection:
            running.is_read = self._check(ask, connection)
            with self._set_up(connection, ask, running):
                running.refuse_if_killed()
                summary = self._run_on(connection, ask, running, reply)
        summary["elapsed_ns"] = str(time.perf_counter_ns() - began)
        reply.finish(summary)

    def _connection(self, ask: Ask) -> AbstractContextManager[Connection]:
        if ask.session is None:
            return _closing(self._engine.open(is_reader=ask.account.is_reader))
        return self._sessions.held(
            ask.account.user,
            ask.session.session_id,
            is_reader=ask.account.is_reader,
            seconds=ask.session.seconds,
            must_exist=ask.session.must_exist,
        )

    def _check(self, ask: Ask, connection: Connection) -> bool:
        """Refuse what this account or this method may not ask; return whether the statement only reads."""
        statement = ask.statement
        refuse_forbidden(statement, self._engine.canonical)
        if ask.account.is_reader:
            refuse_beyond_reader(statement, connection.classify)
            refuse_fixed_settings(name for name in ask.settings if name != "readonly")
        elif ask.is_get and statement.keyword not in {"SET", "USE"}:
            refuse_writing(statement, connection.classify, "For queries over HTTP, method GET implies readonly")
        elif ask.settings.get("readonly", "0") != "0":
            refuse_writing(statement, connection.classify, "The request sets readonly")
        return statement.is_query

    @contextmanager
    def _set_up(self, connection: Connection, ask: Ask, running: Running) -> Iterator[None]:
        """Apply settings, database and tables sent along; in a session, take them back afterwards."""
        settings = {name: value for name, value in ask.settings.items() if name != "readonly"}
        with_id = settings | {"log_comment": ask.query_id}
        sets = ", ".join(f"{name} = {quoted(value)}" for name, value in with_id.items())
        is_there = ask.database == DATABASE and ask.session is None and not ask.account.is_reader
        use = f"; USE {quoted_name(ask.database)}" if ask.database and not is_there else ""
        before = _remembered(connection, list(settings)) if ask.session else None
        connection.run(f"SET {sets}{use}")
        try:
            for table in ask.tables:
                connection.run(f"CREATE TEMPORARY TABLE {quoted_name(table.name)} ({table.structure})")
                filling = Statement(
                    f"INSERT INTO {quoted_name(table.name)}".encode(), "INSERT", (), insert_format=table.data_format
                )
                insert(connection, filling, iter([table.content]), binds={}, running=running, spool=self._spool)
            yield
        finally:
            if before is not None and ask.statement.keyword not in {"SET", "USE"}:
                _restore(connection, ask, before)

    def _run_on(self, connection: Connection, ask: Ask, running: Running, reply: Reply) -> dict[str, str]:
        statement = ask.statement
        if statement.insert_format is not None:
            written = insert(connection, statement, ask.data, binds=ask.binds, running=running, spool=self._spool)
            return _summary([] if written is None else [written])
        if statement.keyword == "KILL" and len(statement.seen) > 1 and statement.seen[1].upper == "QUERY":
            return self._kill(connection, ask, reply)
        if statement.is_query:
            reply.name_format(ask.output_format)
            if ask.output_format.lower() in _STREAMS:
                return _stream(connection, ask, reply)
        elif statement.keyword in _SHOWS_ROWS:
            reply.name_format(ask.output_format)
        result = connection.run(statement.sql, ask.output_format, ask.binds)
        if result.size():
            reply.write(result.bytes())
        return _summary([result])

    def _kill(self, connection: Connection, ask: Ask, reply: Reply) -> dict[str, str]:
        """KILL QUERY by our query ids instead of the engine's."""
        condition, ending = _kill_condition(ask)
        self._arrivals.settle()
        ids = self._queries.matching(condition, but=ask.query_id)
        if ending != "TEST" and ids:
            self._queries.kill(ids, waits=ending == "SYNC")
        reply.name_format(ask.output_format)
        listed = "[" + ",".join(quoted(query_id) for query_id in ids) + "]"
        result = connection.run(_KILL_ROWS, ask.output_format, {"ids": listed})
        if result.size():
            reply.write(result.bytes())
        return _summary([result])


def _kill_condition(ask: Ask) -> tuple[str, str]:
    statement = ask.statement
    start = next((token.end for token in statement.seen if token.upper == "WHERE"), None)
    if start is None:
        raise WarehouseError(SYNTAX_ERROR, "Syntax error: KILL QUERY needs WHERE")
    end, ending = len(statement.sql), "ASYNC"
    for token in statement.seen:
        if token.start > start and token.depth == 0 and token.upper in _KILL_ENDS:
            ending = token.upper if token.upper != "FORMAT" else ending
            end = min(end, token.start)
    return statement.sql[start:end].decode(errors="replace"), ending


def _stream(connection: Connection, ask: Ask, reply: Reply) -> dict[str, str]:
    stream = connection.begin(ask.statement.sql, ask.output_format, ask.binds)
    rows = read_rows = read_bytes = 0
    is_complete = False
    try:
        while True:
            block = connection.fetch(stream)
            if not block.size():
                break
            rows += block.rows_read()
            read_rows += block.storage_rows_read()
            read_bytes += block.storage_bytes_read()
            reply.write(block.bytes())
        is_complete = True
    except EngineError:
        is_complete = True
        raise
    finally:
        if not is_complete:
            connection.cancel(stream)
    if not rows and ask.output_format == "Native":
        reply.write(_empty_block(connection, ask))
    return _counted(read_rows, read_bytes, 0, 0, rows)


def _empty_block(connection: Connection, ask: Ask) -> bytes:
    """Return the block with which a server tells the columns' names and types when there are no rows."""
    sql = ask.statement.sql
    clause = next((t.start for t in ask.statement.seen if t.depth == 0 and t.upper in {"FORMAT", "SETTINGS"}), len(sql))
    described = connection.run(b"DESCRIBE TABLE (" + sql[:clause] + b"\n)", "JSONCompactEachRow", ask.binds)
    columns = [msgspec.json.decode(line, type=list[str])[:2] for line in described.bytes().splitlines()]
    return _varint(len(columns)) + b"\0" + b"".join(_string(text) for column in columns for text in column)


def _string(text: str) -> bytes:
    return _varint(len(text.encode())) + text.encode()


def _varint(number: int) -> bytes:
    low, high = number & 0x7F, number >> 7
    return bytes([low]) if not high else bytes([low | 0x80]) + _varint(high)


def _summary(results: list[Result]) -> dict[str, str]:
    return _counted(
        sum(result.storage_rows_read() for result in results),
        sum(result.storage_bytes_read() for result in results),
        sum(result.rows_written() for result in results),
        sum(result.bytes_written() for result in results),
        sum(result.rows_read() for result in results),
    )


def _counted(read_rows: int, read_bytes: int, written_rows: int, written_bytes: int, rows: int) -> dict[str, str]:
    return {
        "read_rows": str(read_rows),
        "read_bytes": str(read_bytes),
        "written_rows": str(written_rows),
        "written_bytes": str(written_bytes),
        "total_rows_to_read": str(read_rows),
        "result_rows": str(written_rows or rows),
        "result_bytes": "0",
    }


@contextmanager
def _closing(connection: Connection) -> Iterator[Connection]:
    try:
        yield connection
    finally:
        connection.close()


def _remembered(connection: Connection, names: list[str]) -> dict[str, str]:
    listed = ", ".join(quoted(name) for name in names) or "''"
    valued = f"SELECT name, value FROM system.settings WHERE name IN ({listed})"  # noqa: S608 - quoted just above
    rows = connection.run(f"SELECT '', currentDatabase() UNION ALL {valued}", "TabSeparatedRaw")
    pairs = (line.partition("\t") for line in rows.bytes().decode().splitlines())
    return {name: value for name, _, value in pairs}


def _restore(connection: Connection, ask: Ask, before: dict[str, str]) -> None:
    database = before.pop("")
    sets = ", ".join(f"{name} = {quoted(value)}" for name, value in before.items())
    for sql in (f"SET {sets}" if sets else "", f"USE {quoted_name(database)}" if ask.database else ""):
        if sql:
            connection.run(sql)
    for table in ask.tables:
        connection.run(f"DROP TABLE IF EXISTS {quoted_name(table.name)}")
