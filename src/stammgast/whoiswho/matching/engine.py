"""Splink on its embedded engine (DuckDB), held to what makes runs repeatable and bounded. Comes with `stammgast[matching]`."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from stammgast.kernel.errors import StammgastError
from stammgast.whoiswho.matching.records import COLUMNS, PersonRecord

MEMORY_LIMIT = "2GB"


class MatchingNotInstalled(StammgastError):
    """Finding likely duplicates needs an optional part: run pip install "stammgast[matching]" and start Stammgast again."""

    status = 409
    code = "matching_not_installed"


def is_installed() -> bool:
    """Say whether the extra is there."""
    return find_spec("splink") is not None and find_spec("duckdb") is not None


@contextmanager
def open_engine(*, threads: int) -> Iterator[Any]:
    """Give a Splink engine of one's own, in memory, with no extensions from the network. Raises MatchingNotInstalled.

    One thread adds floats in one order, so that estimates are the same in every run.
    """
    if not is_installed():
        raise MatchingNotInstalled
    import duckdb
    from splink import DuckDBAPI

    logging.getLogger("splink").setLevel(logging.ERROR)
    options = {
        "threads": str(threads),
        "memory_limit": MEMORY_LIMIT,
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    with duckdb.connect(":memory:", config=options) as connection:
        yield DuckDBAPI(connection=connection)


def register(engine: Any, records: Sequence[PersonRecord], keys: Mapping[str, Sequence[str | None]]) -> Any:
    """Hand records with their blocking keys to the engine; return its table."""
    import pyarrow as pa

    columns = {name: [getattr(one, name) for one in records] for name in COLUMNS}
    kinds = {name: pa.int64() if name == "profile" else pa.string() for name in (*columns, *keys)}
    arrays = {name: pa.array(values, kinds[name]) for name, values in {**columns, **keys}.items()}
    return engine.register(pa.table(arrays))


def register_frequencies(engine: Any, linker: Any, column: str, found: Mapping[str, float]) -> None:
    """Let a linker weigh the values of a column by these frequencies, not by those it would count itself."""
    import pyarrow as pa

    names, rates = pa.array(list(found), pa.string()), pa.array(list(found.values()), pa.float64())
    table = engine.register(pa.table({column: names, f"tf_{column}": rates}))
    linker.table_management.register_term_frequency_lookup(table, column)


def make_linker(table: Any, settings: dict[str, Any]) -> Any:
    """Return Splink's linker over a table, without its progress on the log."""
    from splink import Linker

    return Linker(table, settings, log_level=None, validate_settings=False)
