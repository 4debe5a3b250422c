"""What the machine says about our processes and our disk. Reads /proc, so: Linux."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from stammgast.kernel.processes.run_dir import read_small, running_pid
from stammgast.operations.contracts import ProcessStatus

PROCESSES = ("supervisor", "warehouse", "worker", "web")
MEGABYTE = 1_000_000


def process_table(run_dir: Path) -> list[ProcessStatus]:
    """Return every process we know of, running or not, in the order in which they start."""
    restarts = _restarts(run_dir)
    return [_process(run_dir, name, restarts.get(name, 0)) for name in PROCESSES]


def _process(run_dir: Path, name: str, restarts: int) -> ProcessStatus:
    pid = running_pid(run_dir, name)
    if pid is None:
        return ProcessStatus(name, running=False, restarts=restarts)
    return ProcessStatus(name, True, pid, memory_megabytes(pid), _seconds_up(pid), restarts)


def _restarts(run_dir: Path) -> dict[str, int]:
    told = read_small(run_dir / "restarts") or ""
    return {name: int(count) for name, count in (line.split() for line in told.splitlines())}


def memory_megabytes(pid: int) -> float | None:
    """Return the process's resident memory, shared pages divided among those who share them; None when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    kilobytes = next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), None)
    return None if kilobytes is None else round(kilobytes * 1024 / MEGABYTE, 1)


def _seconds_up(pid: int) -> float | None:
    try:
        started = int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19])
        uptime = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        return None
    return round(max(0.0, uptime - started / os.sysconf("SC_CLK_TCK")), 1)


def free_disk_bytes(folder: Path) -> int:
    """Return the free bytes where `folder` is or would be."""
    there = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
    return shutil.disk_usage(there).free
