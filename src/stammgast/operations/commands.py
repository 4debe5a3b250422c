"""`stammgast status` and `stammgast doctor`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import typer

from stammgast.kernel.commands import DataOption, JsonOption, installation

if TYPE_CHECKING:
    from stammgast.operations.contracts import Finding, Status

LOOK_SECONDS = 1.0


def status(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show processes, log backlog, lag and events a second. Takes one second: a rate needs two looks."""
    import msgspec

    from stammgast.operations import api

    with installation(data) as runtime:
        api.note_pace(runtime)
        time.sleep(LOOK_SECONDS)
        found = api.status(runtime)
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n" if as_json else _status_text(found))


def doctor(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Check disk, versions, clock, ports, stores and worker; say how to mend what is not well."""
    import msgspec

    from stammgast.operations import api

    with installation(data) as runtime:
        findings = api.examine(runtime)
    text = msgspec.json.encode(findings).decode() + "\n" if as_json else _findings_text(findings)
    sys.stdout.write(text)
    if not all(one.is_well for one in findings):
        raise typer.Exit(1)


def _status_text(found: Status) -> str:
    lines = [f"Stammgast {found.version}: {'ready' if found.ready else 'not ready'}"]
    lines += [f"  {name}: {sentence}" for name, sentence in found.problems.items()]
    for one in found.processes:
        detail = f"pid {one.pid}, {one.memory_mb or 0:.0f} MB, up {one.seconds_up or 0:.0f} s" if one.running else "-"
        lines.append(f"{one.name:<11} {'running' if one.running else 'stopped'}  {detail}, {one.restarts} restarts")
    rate = "-" if found.events_per_second is None else f"{found.events_per_second:,.0f}"
    lines.append(f"{found.log_backlog:,} events wait, {found.lag_seconds:.1f} s behind, {rate} events/s processed")
    lines.append(f"{found.history_backlog:,} rows wait for history")
    if found.watch_waiting or found.watch_lag_seconds:
        lines.append(
            f"{found.watch_waiting:,} changed profiles wait for a look, {found.watch_lag_seconds:.1f} s behind"
        )
    if found.set_aside:
        lines.append(f"{found.set_aside:,} things failed again and again and are set aside: Connect, Quarantine")
    if (recount := found.recount) is not None:
        aside = f", {recount.set_aside} parts set aside" if recount.set_aside else ""
        word = {"going_on": "being counted anew", "done": "counted anew"}.get(
            recount.state, f"counting anew is {recount.state}"
        )
        lines.append(f"figures {word}, {recount.percent} %: {', '.join(recount.features)}{aside}")
    return "\n".join(lines) + "\n"


def _findings_text(findings: list[Finding]) -> str:
    lines = []
    for one in findings:
        lines.append(f"{'ok   ' if one.is_well else 'MEND '} {one.name}: {one.found}")
        if one.mend:
            lines.append(f"      {one.mend}")
    return "\n".join(lines) + "\n"


COMMANDS: Mapping[str, Callable[..., None]] = {"status": status, "doctor": doctor}
