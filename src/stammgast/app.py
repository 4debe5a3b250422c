"""The composition root: the ordered list of modules, and how an installation is opened and brought up to date.

A module joins by its name in MODULES alone: `<module>/manifest.py` holds its MANIFEST, `<module>/commands.py` (if there
is one) its COMMANDS. Commands stand apart so that the command line can list them without loading web and stores.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, overload

from stammgast.kernel.errors import NoInstallation, StammgastError
from stammgast.kernel.settings import Settings

if TYPE_CHECKING:
    from typer import Typer

    from stammgast.kernel.history import HistoryClient
    from stammgast.kernel.runtime import Manifest, Runtime

logger = logging.getLogger(__name__)

MODULES = (
    "web",
    "workspace",
    "events",
    "imports",
    "demo",
    "profiles",
    "notes",
    "outgoing",
    "records",
    "pipeline",
    "whoiswho",
    "operations",
)
"""Every module, lowest layer first. Later modules may lean on earlier ones."""

_NOBODYS_PORT = 1
"""Stands for the warehouse of an installation that never ran: asking there fails at once, in the usual way."""
_HISTORY_START_SECONDS = 300.0
Process = Literal["web", "worker", "command"]


@cache
def manifests() -> Sequence[Manifest]:
    """Return the manifest of every module, in order."""
    return tuple(cast("Manifest", import_module(f"stammgast.{name}.manifest").MANIFEST) for name in MODULES)


class _WhenNeeded(Sequence["Manifest"]):
    """The manifests, loaded when somebody looks: most commands never do, and loading everything takes a second."""

    @overload
    def __getitem__(self, index: int) -> Manifest: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Manifest]: ...
    def __getitem__(self, index: int | slice) -> Manifest | Sequence[Manifest]:
        return manifests()[index]

    def __len__(self) -> int:
        return len(MODULES)


def command_tables() -> Mapping[str, Mapping[str, Typer | Callable[..., Any]]]:
    """Return the commands of every module that has some: module -> command -> Typer group or function."""
    return {
        name: import_module(f"stammgast.{name}.commands").COMMANDS
        for name in MODULES
        if find_spec(f"stammgast.{name}.commands") is not None
    }


def open_runtime(settings: Settings, process: Process) -> Runtime:
    """Open the stores of an installation for one process; nothing answers yet, nothing is migrated.

    `process` tells the modules' services who they work for. Close it when done: `Runtime.close`.
    """
    from stammgast.kernel.runtime import Runtime
    from stammgast.kernel.state import open_state

    return Runtime(
        settings=settings,
        manifests=_WhenNeeded() if process == "command" else manifests(),
        control=open_state(settings, "control"),
        customers=open_state(settings, "customers"),
        history=open_history(settings),
        process=process,
    )


def open_history(settings: Settings) -> HistoryClient:
    """Return the client of the history store: the server that is set, else the embedded warehouse's last port."""
    from stammgast.kernel.history import HistoryClient
    from stammgast.kernel.processes.run_dir import read_port, warehouse_password

    if settings.history_url:
        limits = {
            "max_execution_time": str(settings.query_seconds),
            "max_memory_usage": str(settings.query_memory * 1_000_000),
        }
        return HistoryClient(settings.history_url, settings=limits)
    port = settings.warehouse_port or read_port(settings.run_dir, "warehouse") or _NOBODYS_PORT
    password = warehouse_password(settings.run_dir)
    return HistoryClient(f"http://stammgast:{password}@127.0.0.1:{port}/stammgast")


def open_for_command(settings: Settings) -> Runtime:
    """Open the installation for a command, whether the system runs or not. Raises NoInstallation, and makes none."""
    if not is_there(settings):
        raise NoInstallation(path=settings.data.absolute(), command=settings.command("up"))
    if settings.state_url:
        migrate_state(settings)
    return open_runtime(settings, "command")


def is_there(settings: Settings) -> bool:
    """Say whether there is an installation: whether its control database has been made."""
    from stammgast.kernel.state import open_state

    if not settings.state_url:
        return (settings.state_dir / "control.db").exists()
    control = open_state(settings, "control")
    try:
        return control.is_made()
    finally:
        control.close()


def migrate_state(settings: Settings) -> None:
    """Bring `control` and `customers` to the newest revision of every module."""
    from stammgast.kernel.processes.lock import held_briefly
    from stammgast.kernel.state import StoreName, open_state

    names: tuple[StoreName, ...] = ("control", "customers")
    # `up` and a command may both meet a new installation; one of them makes it, the other finds it made.
    with held_briefly(settings.run_dir / "migrate.lock"):
        for name in names:
            state = open_state(settings, name)
            try:
                state.migrate(_folders("migrations", name))
            finally:
                state.close()


def migrate(settings: Settings) -> None:
    """Bring all three stores to the newest revision and make the views for BI; history must answer.

    Raises Unavailable when it does not.
    """
    from stammgast.kernel.history_migrations import migrate_history
    from stammgast.kernel.history_views import make_views, read_views

    migrate_state(settings)
    history = open_history(settings)
    try:
        _wait_for(history)
        migrate_history(history, _folders("migrations", "history"))
        if not make_views(history, [view for folder in _folders("views") for view in read_views(folder)]):
            logger.warning("history lets us make no views for BI tools; `stammgast doctor` says how to mend it")
    finally:
        history.close()


def _wait_for(history: HistoryClient) -> None:
    """Give a warehouse that is just starting some time; what it says after that is told by the first statement."""
    deadline = time.monotonic() + _HISTORY_START_SECONDS
    while not history.ping() and time.monotonic() < deadline:
        time.sleep(0.05)


def _write_greeting(runtime: Runtime) -> None:
    """Write what `up` shall say once everything is ready: the one-time link, as long as nobody can log in."""
    from stammgast.kernel.processes.run_dir import write_small
    from stammgast.kernel.processes.supervisor import GREETING
    from stammgast.workspace.api import make_setup_link

    link = make_setup_link(runtime)
    text = f"Create the administrator here (works once): {link}" if link else ""
    write_small(runtime.settings.run_dir / GREETING, text, mode=0o600)


def fill_demo(settings: Settings) -> None:
    """Fill the running installation with the demo company, if nobody uses it yet, and tell how to log in."""
    from stammgast.demo.api import load_demo
    from stammgast.kernel.processes.run_dir import write_small
    from stammgast.kernel.processes.supervisor import GREETING
    from stammgast.operations.demo import BY, demo_login

    runtime = open_runtime(settings, "command")
    try:
        login = demo_login(runtime)
        if login is not None:
            write_small(settings.run_dir / GREETING, login, mode=0o600)
            load_demo(runtime, BY, f"http://{settings.reachable_host}:{settings.port}")
    finally:
        runtime.close()


def run_web(settings: Settings) -> None:
    """Serve collection, interface and API until asked to stop."""
    from stammgast.kernel.processes.serving import serve
    from stammgast.web.app import make_app

    with _process(settings, "web") as runtime:
        _write_greeting(runtime)
        serve(lambda: make_app(runtime), settings)


def run_worker(settings: Settings) -> None:
    """Work through the log until asked to stop; the batch under way is finished first."""
    from stammgast.kernel.processes.tasks import stop_on_signals
    from stammgast.pipeline.runner import run

    with _process(settings, "worker") as runtime:
        run(runtime, stop_on_signals())


def run_warehouse(settings: Settings) -> None:
    """Run the embedded warehouse until asked to stop."""
    from stammgast.kernel.processes.ports import choose_warehouse_port
    from stammgast.kernel.processes.run_dir import generated_password, warehouse_password, write_port
    from stammgast.kernel.warehouse.options import WarehouseOptions
    from stammgast.kernel.warehouse.server import serve

    run_dir = settings.run_dir
    with _noted(settings, "warehouse"):
        serve(
            WarehouseOptions(
                directory=settings.history_dir,
                user="stammgast",
                password=warehouse_password(run_dir),
                port=choose_warehouse_port(settings),
                on_ready=lambda port: write_port(run_dir, "warehouse", port),
                reader_user="bi",
                reader_password=generated_password(run_dir, "bi"),
                memory_fraction=settings.warehouse_memory,
                query_seconds_max=settings.query_seconds,
                query_memory_max=settings.query_memory * 1_000_000,
            )
        )


@contextmanager
def _noted(settings: Settings, process: str) -> Iterator[None]:
    from stammgast.kernel.logging import start_logging
    from stammgast.kernel.processes.private import keep_private
    from stammgast.kernel.processes.run_dir import forget_pid, keep_telling, write_pid

    keep_telling()
    keep_private(settings.data)
    start_logging(process, settings.log_level)
    write_pid(settings.run_dir, process)
    try:
        yield
    except StammgastError:
        raise
    except Exception:
        logger.exception("%s ended by an error", process)
        raise SystemExit(1) from None
    finally:
        forget_pid(settings.run_dir, process)


@contextmanager
def _process(settings: Settings, process: Process) -> Iterator[Runtime]:
    from stammgast.kernel.processes.tasks import TaskRunner

    with _noted(settings, process):
        runtime = open_runtime(settings, process)
        tasks = TaskRunner(runtime, process)
        tasks.start()
        try:
            yield runtime
        finally:
            tasks.stop()
            runtime.close()


def _folders(*names: str) -> list[Path]:
    # By folder, not by manifest: bringing stores up to date need not load the whole product first.
    found = (Path(__file__).parent.joinpath(module, *names) for module in MODULES)
    return [folder for folder in found if folder.is_dir()]
