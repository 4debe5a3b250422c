"""State: two databases, `customers` (written by the worker) and `control` (written by web and the command line).

SQLite files by default, two schemas of one PostgreSQL when `state_url` is set. The same SQLAlchemy Core code runs on both.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError, OperationalError

from stammgast.kernel.errors import Unavailable
from stammgast.kernel.settings import Settings

StoreName = Literal["customers", "control"]

BUSY_MILLIS = 10_000


class State:
    """One of the two databases: short write transactions and snapshot reads."""

    def __init__(self, name: StoreName, url: str) -> None:
        """Make the engine; nothing is opened before it is used."""
        self.name: StoreName = name
        self.is_sqlite = url.startswith("sqlite")
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgres_engine(url, name)
        self._writing = self.engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a short write transaction (`BEGIN IMMEDIATE` on SQLite); commit at the end, roll back on an error."""
        with self._begun(self._writing) as connection:
            yield connection
            connection.commit()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a consistent snapshot for reading; whatever is written in it is rolled back."""
        with self._begun(self.engine) as connection:
            yield connection

    @contextmanager
    def _begun(self, engine: Engine) -> Iterator[Connection]:
        try:
            connection = engine.connect()
            connection.begin()
        except OperationalError as problem:
            raise Unavailable(what=f"The {self.name} database") from problem
        try:
            yield connection
        finally:
            connection.close()  # which rolls back what was not committed

    def is_reachable(self) -> bool:
        """Say whether the database answers."""
        try:
            with self.read() as connection:
                connection.execute(text("SELECT 1"))
        except (Unavailable, DBAPIError):
            return False
        return True

    def migrate(self, locations: Sequence[Path]) -> None:
        """Bring the database to the newest revision of every module's `locations` (Alembic, one branch a module)."""
        if not locations or self._revisions() == newest_revisions(locations):
            return
        # Loading Alembic takes longer than all the rest of a start, so only an installation that is behind does it.
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.set_main_option("version_locations", "\n".join(str(one) for one in locations))
        config.set_main_option("path_separator", "newline")
        if not self.is_sqlite:
            with self.engine.begin() as connection:
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {self.name}"))
        with self.engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "heads")

    def is_made(self) -> bool:
        """Say whether the database was ever migrated. Raises Unavailable when it does not answer."""
        try:
            return bool(self._revisions())
        except OperationalError as problem:
            raise Unavailable(what=f"The {self.name} database") from problem

    def _revisions(self) -> set[str]:
        if not inspect(self.engine).has_table("alembic_version", schema=None if self.is_sqlite else self.name):
            return set()
        with self.read() as connection:
            return set(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def newest_revisions(locations: Sequence[Path]) -> set[str]:
    """Return the revisions on which no other one builds, read off the files without running them."""
    texts = [path.read_text(encoding="utf-8") for folder in locations for path in folder.glob("*.py")]
    revisions, earlier = (
        {found[1] for one in texts for found in re.finditer(rf'^{name}\b[^=\n]*= *"(\w+)"', one, re.MULTILINE)}
        for name in ("revision", "down_revision")
    )
    return revisions - earlier


def open_state(settings: Settings, name: StoreName) -> State:
    """Return the database `name` of this installation; SQLite's folder is made when it is missing."""
    if settings.state_url:
        return State(name, settings.state_url.replace("postgresql://", "postgresql+psycopg://", 1))
    settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = settings.state_dir / f"{name}.db"
    # SQLite gives its WAL the rights of the database, and would make that readable by every account.
    file.touch(mode=0o600)
    return State(name, f"sqlite:///{file}")


def _sqlite_engine(url: str) -> Engine:
    # The driver's own implicit transactions are switched off, so that write() and read() decide how to begin.
    # Last in, first out: a connection keeps its page cache as long as nobody else wrote since it was used.
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_MILLIS / 1000, "check_same_thread": False},
        pool_use_lifo=True,
        max_overflow=-1,
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]
        cursor = connection.cursor()  # type: ignore[attr-defined]
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            f"busy_timeout={BUSY_MILLIS}",
            "foreign_keys=ON",
            "cache_size=-16000",
            "temp_store=MEMORY",
            "mmap_size=0",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # Past SQLAlchemy's own execution, which takes longer than many a look-up that follows.
        how = connection.get_execution_options().get("sqlite_begin", "BEGIN")
        try:
            connection.connection.cursor().execute(how)
        except sqlite3.Error as problem:
            raise OperationalError(how, None, problem) from problem

    return engine


def _postgres_engine(url: str, schema: str) -> Engine:
    options = {"options": f"-csearch_path={schema} -ctimezone=UTC"}
    # As many connections as web has threads that ask; those beyond the first five are closed after use.
    return create_engine(url, connect_args=options, pool_pre_ping=True, pool_size=5, max_overflow=25)
