"""chDB's extension module, loaded without the `chdb` package around it.

`import chdb` starts an engine in memory just to ask its version and pulls in what data frames need; the module alone
loads in a tenth of a second. The types here say which of its functions we rely on.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
import time
from importlib.machinery import ExtensionFileLoader
from pathlib import Path
from typing import Protocol, cast

from stammgast.kernel.errors import StammgastError

_MODULE_FILE = "_chdb.abi3.so"


class EngineMissing(StammgastError):
    """The package chdb is not installed, so there is no embedded warehouse. Set STAMMGAST_HISTORY_URL instead."""

    status = 503


class View(Protocol):
    """Memory that the engine owns."""

    def view(self) -> memoryview:
        """Return it without copying; valid while the result lives."""
        ...


class Result(Protocol):
    """A finished result or one block of a streamed one."""

    def size(self) -> int:
        """Return the number of bytes; 0 ends a stream."""
        ...

    def bytes(self) -> bytes:
        """Return a copy of the formatted rows."""
        ...

    def get_memview(self) -> View:
        """Return the formatted rows without a copy."""
        ...

    def rows_read(self) -> int:
        """Return the rows of this result."""
        ...

    def storage_rows_read(self) -> int:
        """Return the rows read from tables."""
        ...

    def storage_bytes_read(self) -> int:
        """Return the bytes read from tables."""
        ...

    def rows_written(self) -> int:
        """Return the rows an insert wrote."""
        ...

    def bytes_written(self) -> int:
        """Return the bytes an insert wrote."""
        ...


class Stream(Protocol):
    """A running streamed query."""


class Classification(Protocol):
    """How restricted a statement is; `name` is READ_ONLY, MUTATING, MUTATING_GLOBAL, CONTROL or UNKNOWN."""

    name: str


class NativeConnection(Protocol):
    """One connection: it runs one statement after another. Calls release the interpreter's lock."""

    def query(self, query_str: str | bytes, format: str = ..., *, params: dict[str, str] = ...) -> Result:  # noqa: A002
        """Run one statement to its end; raises RuntimeError with the engine's words."""
        ...

    def send_query(self, query_str: str | bytes, format: str = ..., *, params: dict[str, str] = ...) -> Stream:  # noqa: A002
        """Begin a SELECT whose blocks are fetched one after another."""
        ...

    def streaming_fetch_result(self, streaming_result: Stream) -> Result:
        """Return the next block, formatted on its own; an empty one at the end."""
        ...

    def streaming_cancel_query(self, streaming_result: Stream) -> None:
        """Give the rest of a stream up."""
        ...

    def classify_query(self, sql: str, target_database: str = ...) -> dict[str, object]:
        """Say what the statement would do, without running it."""
        ...

    def close(self) -> None:
        """End the connection; the last one stops the engine."""
        ...


class NativeModule(Protocol):
    """The extension module."""

    def connect(self, path: str) -> NativeConnection:
        """Open a connection; the first one in a process starts the engine on that directory."""
        ...

    def set_signal_handlers_enabled(self, enabled: int) -> None:
        """Leave signals to Python when 0; must come before the first connection."""
        ...


def load_native() -> NativeModule:
    """Return the extension module, with the process's clock in UTC, which the engine takes as its time zone."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    package = importlib.util.find_spec("chdb")
    if package is None or package.origin is None:
        raise EngineMissing
    path = Path(package.origin).with_name(_MODULE_FILE)
    # Its own allocator must serve its own C++ code, whatever other libraries this process has loaded.
    ctypes.CDLL(str(path), mode=os.RTLD_NOW | getattr(os, "RTLD_DEEPBIND", 0))
    spec = importlib.util.spec_from_file_location("_chdb", path, loader=ExtensionFileLoader("_chdb", str(path)))
    assert spec is not None
    assert spec.loader is not None
    # The module finds its companion library in the working directory.
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        os.chdir(before)
    sys.modules["_chdb"] = module
    native = cast("NativeModule", module)
    native.set_signal_handlers_enabled(0)
    quiet_standard_input()
    return native


def quiet_standard_input() -> None:
    """Give the engine nothing to read from standard input, where it would look for an insert's missing data."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
