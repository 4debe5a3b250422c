"""`stammgast doctor`: looks at disk, stores, versions, clock and ports, and says how to mend what is not well."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.metadata import version
from itertools import islice
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from stammgast import __version__
from stammgast.kernel.blobs.checking import check_blobs
from stammgast.kernel.clock import now_millis
from stammgast.kernel.errors import StammgastError
from stammgast.kernel.history import HistoryRefused, HistoryUnavailable
from stammgast.kernel.history_views import bi_database, missing_views
from stammgast.kernel.processes.ports import is_free
from stammgast.kernel.processes.private import open_to_others
from stammgast.kernel.processes.run_dir import read_port, running_pid
from stammgast.kernel.runtime import Runtime
from stammgast.kernel.settings import Settings
from stammgast.operations.contracts import Finding
from stammgast.operations.machine import MEGABYTE, free_disk_bytes
from stammgast.operations.progress import read_progress
from stammgast.outgoing import api as outgoing
from stammgast.pipeline.api import failing_told
from stammgast.profiles.api import counting, recount

DISK_MEGABYTES_MIN = 2_000
SQLITE_MIN = (3, 35)
SYNC_MILLIS_MAX = 50.0
CLOCK_YEAR_MIN = 2025
LIBRARIES = ("chdb", "clickhouse-connect", "granian", "litestar", "msgspec", "sqlalchemy")


def examine(runtime: Runtime) -> list[Finding]:
    """Return what was found, well or not, in the order in which to mend it."""
    checks: tuple[Callable[[Runtime], Iterator[Finding]], ...] = (
        _check_disk,
        _check_rights,
        _check_versions,
        _check_clock,
        _check_ports,
        _check_stores,
        _check_views,
        _check_worker,
        _check_outgoing,
        _check_files,
        _check_set_aside,
        _check_features,
    )
    return [finding for check in checks for finding in check(runtime)]


def _check_disk(runtime: Runtime) -> Iterator[Finding]:
    data = runtime.settings.data
    free = free_disk_bytes(data) / MEGABYTE
    yield Finding(
        "disk space",
        free >= DISK_MEGABYTES_MIN,
        f"{free:,.0f} MB free under {data}",
        "" if free >= DISK_MEGABYTES_MIN else f"Make room: below {DISK_MEGABYTES_MIN:,} MB collection may stop.",
    )
    try:
        millis = _sync_millis(data)
    except OSError as problem:
        yield Finding(
            "disk writes", False, f"{data} can't be written: {problem.strerror}", "Give the folder to this user."
        )
        return
    yield Finding(
        "disk writes",
        millis <= SYNC_MILLIS_MAX,
        f"a write is durable after {millis:.1f} ms",
        "" if millis <= SYNC_MILLIS_MAX else "Every answer to a tracker waits this long: use a faster disk.",
    )


def _check_rights(runtime: Runtime) -> Iterator[Finding]:
    data = runtime.settings.data
    found = list(islice(open_to_others(data), 100))
    shown = ", ".join(str(one.relative_to(data)) if one != data else str(data) for one in found[:3])
    yield Finding(
        "private files",
        not found,
        f"open to other accounts of this machine: {shown}" if found else "only this account can read the data",
        "Start Stammgast as the account that owns the folder, or run: chmod -R go= " + str(data) if found else "",
    )


def _sync_millis(folder: Path) -> float:
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / f".doctor.{os.getpid()}"
    descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        times = []
        for _ in range(5):
            os.write(descriptor, b"x" * 4096)
            begun = time.perf_counter()
            os.fsync(descriptor)
            times.append(time.perf_counter() - begun)
    finally:
        os.close(descriptor)
        probe.unlink()
    return sorted(times)[len(times) // 2] * 1000


def _check_versions(_runtime: Runtime) -> Iterator[Finding]:
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    yield Finding("versions", True, f"Stammgast {__version__}, Python {platform.python_version()}, {libraries}")
    is_new_enough = sqlite3.sqlite_version_info >= SQLITE_MIN
    yield Finding(
        "SQLite",
        is_new_enough,
        sqlite3.sqlite_version,
        "" if is_new_enough else f"Use a Python whose SQLite is {SQLITE_MIN[0]}.{SQLITE_MIN[1]} or newer.",
    )
    is_linux = sys.platform == "linux"
    yield Finding("system", is_linux, platform.platform(), "" if is_linux else "Stammgast is tested on Linux only.")


def _check_clock(runtime: Runtime) -> Iterator[Finding]:
    moment = time.gmtime()
    newest = max(
        (one.stat().st_mtime for one in runtime.settings.log_dir.glob("*") if one.is_file()), default=time.time()
    )
    runs_back = newest - time.time() > 60  # noqa: PLR2004 - a minute
    is_well = moment.tm_year >= CLOCK_YEAR_MIN and not runs_back
    yield Finding(
        "clock",
        is_well,
        time.strftime("%Y-%m-%d %H:%M:%S UTC", moment),
        "" if is_well else "The clock is behind what is already stored: turn on time synchronisation (NTP).",
    )


def _check_ports(runtime: Runtime) -> Iterator[Finding]:
    settings = runtime.settings
    yield _port(settings, "web", settings.port, "--port")
    if not settings.history_url:
        told = settings.warehouse_port or read_port(settings.run_dir, "warehouse")
        if told:
            yield _port(settings, "warehouse", told, "STAMMGAST_WAREHOUSE_PORT")


def _port(settings: Settings, process: str, port: int, option: str) -> Finding:
    name = f"port of {process}"
    if running_pid(settings.run_dir, process) is not None:
        # It may have been started with another port than this command.
        return Finding(name, True, f"{read_port(settings.run_dir, process) or port}, used by our {process}")
    if is_free(port):
        return Finding(name, True, f"{port}, free")
    return Finding(
        name, False, f"{port} is in use by another program", f"Stop that program or choose another: {option}."
    )


def _check_stores(runtime: Runtime) -> Iterator[Finding]:
    settings = runtime.settings
    for state in (runtime.control, runtime.customers):
        where = "PostgreSQL" if settings.state_url else f"{settings.state_dir / state.name}.db"
        is_well = state.is_reachable() and _is_sound(settings, state.name)
        mend = "" if is_well else _mend_state(settings)
        yield Finding(f"{state.name} database", is_well, where, mend)
    is_well = runtime.history.ping()
    is_expected = bool(settings.history_url) or running_pid(settings.run_dir, "supervisor") is not None
    found = "answers" if is_well else ("does not answer" if is_expected else "not running, like the rest")
    mend = "Look at the warehouse's last lines; check STAMMGAST_HISTORY_URL if it is set."
    yield Finding("history", is_well or not is_expected, found, "" if is_well or not is_expected else mend)


def _check_views(runtime: Runtime) -> Iterator[Finding]:
    """Look for the views for BI tools, which a ClickHouse server may not have let us make."""
    database, expected = bi_database(runtime.history), {view.name for one in runtime.manifests for view in one.views}
    try:
        missing = missing_views(runtime.history, expected)
    except (HistoryUnavailable, HistoryRefused):
        return  # The history is told of above.
    mend = (
        f"Let our account there make them, then start again: GRANT CREATE DATABASE, CREATE VIEW ON {database}.* TO ..."
    )
    found = f"missing in {database}: {', '.join(sorted(missing))}" if missing else f"in {database}"
    yield Finding("views for BI", not missing, found, mend if missing else "")


def _is_sound(settings: Settings, name: str) -> bool:
    path = settings.state_dir / f"{name}.db"
    if settings.state_url or not path.exists():
        return True
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        try:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
        except sqlite3.DatabaseError:
            return False


def _mend_state(settings: Settings) -> str:
    if settings.state_url:
        return "Check STAMMGAST_STATE_URL and whether PostgreSQL runs."
    return "Restore the file from your last backup (docs/how-to/backup.md), then start again."


def _check_worker(runtime: Runtime) -> Iterator[Finding]:
    progress = read_progress(runtime.settings)
    is_well = progress.lag_seconds <= runtime.settings.worker_lag_limit
    runs = running_pid(runtime.settings.run_dir, "worker") is not None
    found = f"{progress.backlog:,} events wait, the oldest for {progress.lag_seconds:.0f} s"
    start = f"Start it: {runtime.settings.command('up')}"
    mend = "It catches up by itself; if it does not, read its last lines." if runs else start
    yield Finding("worker", is_well, found, "" if is_well else mend)


def _check_outgoing(runtime: Runtime) -> Iterator[Finding]:
    """Look for mails and calls that can't leave the house."""
    try:
        waiting, problems = outgoing.waiting(runtime), outgoing.problems(runtime, now_millis())
    except SQLAlchemyError:
        return  # The databases are told of above.
    found = ", ".join(f"{count:,} {kind}" for kind, count, _ in waiting) or "none waits"
    yield Finding("outgoing", not problems, found, " ".join(problems))


def _check_files(runtime: Runtime) -> Iterator[Finding]:
    """Look for kept files that are missing or damaged."""
    try:
        found = list(check_blobs(runtime))
    except (SQLAlchemyError, StammgastError):
        return  # The database or the key is told of elsewhere.
    bad = [(name, problem) for name, problem in found if problem]
    shown = "; ".join(f"{name[:12]}...: {problem}" for name, problem in bad[:3])
    told = f"{len(bad):,} of {len(found):,} are damaged ({shown})" if bad else f"{len(found):,} kept, all there"
    mend = f"Put {runtime.settings.data / 'blobs'} and the sealing key back from a backup." if bad else ""
    yield Finding("files", not bad, told, mend)


def _check_set_aside(runtime: Runtime) -> Iterator[Finding]:
    """Look for what failed again and again: set aside by the worker, or a task that is tried at each of its turns."""
    try:
        found = failing_told(runtime)
    except (StammgastError, SQLAlchemyError, sqlite3.Error):
        return  # The database is told of above.
    mend = "Connect, Quarantine shows each with its error. Mend the cause, then take it up again." if found else ""
    yield Finding("set aside", not found, ", ".join(found) or "nothing fails again and again", mend)


def _check_features(runtime: Runtime) -> Iterator[Finding]:
    """Look for figures of profiles that were folded by other versions, and how counting them anew gets on."""
    try:
        found, now = recount(runtime), counting(runtime)
    except SQLAlchemyError:
        return
    names, command = ", ".join(found.features), runtime.settings.command
    if found.state == "blocked":
        told, mend = (
            _LACKING.format(names=names, lacking=found.lacking),
            _MEND_LACKING.format(command=command("recount resume --anyway")),
        )
    elif found.state == "paused":
        told, mend = f"{names}: paused at {found.percent} %", f"Let it go on: {command('recount resume')}"
    elif found.state == "going_on":
        told, mend = f"{names}: being counted anew, {found.percent} %", ""
    elif found.parts:
        told = f"{len(found.parts):,} parts could not be counted anew, the first with {found.parts[0].error}"
        mend = f"Read the worker's last lines; once that is mended: {command('recount again')}"
    elif not now.is_all_well:
        told, mend = (
            "folded by another version of Stammgast",
            f"Start the worker, which counts them anew: {command('up')}",
        )
    else:
        told, mend = "counted by the present rules", ""
    yield Finding("figures of profiles", not mend, told, mend)


_LACKING = "{names}: not counted anew, since the history lacks {lacking:,} events that were taken in"
_MEND_LACKING = (
    "Bring the history back from a backup (docs/how-to/backup.md). To count only what it has, and lose the rest from"
    " the figures: {command}"
)
