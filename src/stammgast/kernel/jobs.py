"""Long work that people order: its row in the control database, and the process of its own that does it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, insert, update

CLOSE_SECONDS = 5.0


def add_job(connection: Connection, table: Table, **values: Any) -> int:
    """Add a row and return its number (the column `id`)."""
    return int(connection.execute(insert(table).values(**values).returning(table.c.id)).scalar_one())


def change_job(
    connection: Connection, table: Table, number: int, *, only_in: Sequence[str] = (), **values: Any
) -> bool:
    """Write `values`, structs as JSON; say whether there is such a row (in one of the states `only_in`, if given)."""
    stored = {
        name: msgspec.json.encode(value).decode() if isinstance(value, msgspec.Struct) else value
        for name, value in values.items()
    }
    statement = update(table).where(table.c.id == number)
    if only_in:
        statement = statement.where(table.c.state.in_(only_in))
    return connection.execute(statement.values(**stored)).rowcount > 0


class JobProcess:
    """A command of ours in a process of its own, so that web stays quick and its memory small; one at a time."""

    def __init__(self, niceness: int) -> None:
        """Nothing runs yet."""
        self._niceness = niceness
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the command has not ended by itself."""
        return self._process is not None and self._process.poll() is None

    def start(self, *arguments: str) -> None:
        """Start `stammgast` with these arguments."""
        command = ["nice", "-n", str(self._niceness), sys.executable, "-m", "stammgast", *arguments]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=os.environ
        )

    def take_ended(self) -> bool:
        """Say, once, that a command has ended by itself."""
        has_ended = self._process is not None and self._process.poll() is not None
        if has_ended:
            self._process = None
        return has_ended

    def end(self) -> bool:
        """End the command; say whether one was running."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return False
        process.terminate()
        try:
            process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        return True
