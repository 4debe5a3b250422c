"""What is refused before the engine sees it: ways to the server's files, to other hosts, and out of an account."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from stammgast.kernel.warehouse.exceptions import ACCESS_DENIED, READONLY, SETTING_IS_FIXED, WarehouseError
from stammgast.kernel.warehouse.lexer import Token
from stammgast.kernel.warehouse.statement import Statement, read_statement

# The engine's own grants refuse most of these as table functions and engines. They are named here as well because the
# scalar function `file` and `Python` need no grant in chDB, and because two fences are better than one.
_FORBIDDEN_CALL = re.compile(
    r"(file|url|s3|gcs|cosn|oss|remote|cluster|executable|python|mysql|postgresql|mongodb|redis|sqlite|odbc|jdbc|http"
    r"|hive|input_?file|arrowflight|ytsaurus|catboostevaluate|filesystem|kafka|nats|rabbitmq|dir|directory|disk)"
    r"(cluster|secure|allreplicas|pool|queue|storage|attachments)?"
    r"|(azure|hdfs|iceberg|deltalake|hudi|paimon|ai_?generate|ai_?embed|ai_?classify|ai_?extract|ai_?translate)\w*",
    re.IGNORECASE,
)
_NAMES_A_TABLE = frozenset({"INTO", "TABLE", "EXISTS", "TEMPORARY"})
_SUSPICIOUS = re.compile(rb"\b(?:file|executable|python|disk|infile|outfile)\b|[`\"\xe2][^`\"]*\\", re.IGNORECASE)
_READER_SYSTEM_TABLES = frozenset(
    {
        "aggregate_function_combinators", "collations", "columns", "contributors", "data_type_families", "databases",
        "formats", "functions", "keywords", "numbers", "numbers_mt", "one", "settings", "tables", "time_zones", "zeros",
    }
)  # fmt: skip
_READER_FIXED_SETTINGS = frozenset(
    {
        "max_execution_time",
        "max_execution_time_leaf",
        "timeout_overflow_mode",
        "max_memory_usage",
        "readonly",
        "log_comment",
    }
)
_READER_FORBIDDEN_CALL = frozenset({"merge", "dictionary", "view", "viewexplain"})


def refuse_forbidden(statement: Statement, canonical: Callable[[bytes], bytes]) -> None:
    """Raise WarehouseError (497) when `statement` reaches out of the database.

    `canonical` is the engine's own rewriting of SQL without comments and escapes; it is asked only when the text holds
    a telling word, so that a quirk in our reading of the text cannot be used to hide one.
    """
    _refuse_tokens(statement.seen)
    if _SUSPICIOUS.search(statement.sql):
        ending = f" FORMAT {statement.insert_format}".encode() if statement.insert_format else b""
        _refuse_tokens(read_statement(canonical(statement.sql + ending)).seen)


def _refuse_tokens(seen: tuple[Token, ...]) -> None:
    for place, token in enumerate(seen):
        before = seen[place - 1].upper if place else ""
        after = seen[place + 1].text if place + 1 < len(seen) else ""
        if token.upper in {"OUTFILE", "INFILE"} and before in {"INTO", "FROM"}:
            raise WarehouseError(ACCESS_DENIED, f"{before} {token.upper} is not allowed over HTTP")
        if not token.name:
            continue
        is_call = after == "(" and before not in _NAMES_A_TABLE
        # SELECT * APPLY(file) and APPLY file call without parentheses of their own.
        is_applied = before == "APPLY" or (place > 1 and seen[place - 2].upper == "APPLY")
        if (is_call or is_applied) and ("\\" in token.name or _FORBIDDEN_CALL.fullmatch(token.name)):
            raise WarehouseError(ACCESS_DENIED, f"{token.name} is switched off in this warehouse")


def refuse_beyond_reader(statement: Statement, classify: Callable[[bytes], str]) -> None:
    """Raise WarehouseError when the read-only account asks for more than reading views.

    164 for a statement that changes something, 497 for system tables that show what others do.
    """
    refuse_writing(statement, classify, "This account may only read")
    refuse_fixed_settings(_names_in_settings(statement.seen))
    for place, token in enumerate(statement.seen):
        after = statement.seen[place + 1].text if place + 1 < len(statement.seen) else ""
        if token.name.lower() in _READER_FORBIDDEN_CALL and after == "(":
            raise WarehouseError(ACCESS_DENIED, f"{token.name} is not granted to this account")
        if token.upper in {"PROCESSLIST", "IDENTIFIER"} or "\\" in (token.name if token.kind == "quoted" else ""):
            raise WarehouseError(ACCESS_DENIED, f"{token.text} is not granted to this account")
        if token.name.lower() == "system" and after == ".":
            table = statement.seen[place + 2].name if place + 2 < len(statement.seen) else ""
            if table.lower() not in _READER_SYSTEM_TABLES:
                raise WarehouseError(ACCESS_DENIED, f"system.{table} is not granted to this account")


def _names_in_settings(seen: tuple[Token, ...]) -> Iterator[str]:
    """Yield every name behind a SETTINGS clause's beginning: more than the settings, never less."""
    has_begun = False
    for place, token in enumerate(seen):
        if has_begun:
            yield token.name
        has_begun = has_begun or (token.upper == "SETTINGS" and seen[place - 1].text != ".")


def refuse_fixed_settings(names: Iterable[str]) -> None:
    """Raise WarehouseError (452) for a limit that the read-only account would lift for itself."""
    for name in names:
        if name.lower() in _READER_FIXED_SETTINGS:
            raise WarehouseError(SETTING_IS_FIXED, f"Setting {name} should not be changed by this account")


def refuse_writing(statement: Statement, classify: Callable[[bytes], str], why: str) -> None:
    """Raise WarehouseError (164) unless the engine's parser classes the statement as reading only."""
    if statement.insert_format is not None or classify(statement.sql) != "READ_ONLY":
        raise WarehouseError(READONLY, f"Cannot execute query in readonly mode. {why}")
