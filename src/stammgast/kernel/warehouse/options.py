"""What the embedded warehouse is told when it starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

MIB = 1024 * 1024

DATABASE = "stammgast"
READER_DATABASE = "stammgast_bi"


def _tell_nobody(port: int) -> None:
    """Ignore the port."""


@dataclass(frozen=True)
class WarehouseOptions:
    """Where the history lies, who may ask, and how much of the machine a query may take.

    `port` 0 lets the system choose; `on_ready` is then told the port, once requests are answered. The reader account
    sees only what lies in the database `stammgast_bi` (views); leave `reader_user` empty to have none.
    `memory_fraction` is of the machine's or the container's memory, for the whole process. `query_memory_max` in bytes,
    0 for half of that. `query_seconds_max` 0 means no limit.
    """

    directory: Path
    user: str
    password: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 0
    on_ready: Callable[[int], None] = _tell_nobody
    reader_user: str = ""
    reader_password: str = field(default="", repr=False)
    memory_fraction: float = 0.4
    query_seconds_max: float = 300.0
    query_memory_max: int = 0
    stop_seconds_max: float = 30.0
