"""The figures of the installation in Prometheus' text format (version 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stammgast import __version__
from stammgast.kernel.runtime import Runtime
from stammgast.operations.machine import MEGABYTE, free_disk_bytes, process_table
from stammgast.operations.progress import read_progress
from stammgast.operations.readiness import problems


def metrics_text(runtime: Runtime) -> str:
    """Return all figures: ours, then every module's."""
    return "".join([*_own(runtime), *_of_modules(runtime)])


def metric_lines(name: str, help_text: str, kind: str, values: Mapping[str, float]) -> str:
    r"""Return one metric; `values` maps labels as text (empty for none) to figures.

    >>> print(metric_lines("x_events", "Events.", "counter", {"": 3.0, 'type="track"': 2.5}))
    # HELP x_events Events.
    # TYPE x_events counter
    x_events 3
    x_events{type="track"} 2.5
    <BLANKLINE>
    """
    lines = [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}"]
    lines += [
        f"{name}{{{labels}}} {value:.15g}" if labels else f"{name} {value:.15g}" for labels, value in values.items()
    ]
    return "\n".join(lines) + "\n"


def _own(runtime: Runtime) -> Iterator[str]:
    progress = read_progress(runtime.settings)
    found = problems(runtime, progress)
    table = process_table(runtime.settings.run_dir)
    yield metric_lines("stammgast_info", "Version that runs.", "gauge", {f'version="{__version__}"': 1})
    yield metric_lines("stammgast_ready", "1 when the installation is ready.", "gauge", {"": not found})
    yield metric_lines("stammgast_events_accepted_total", "Events accepted.", "counter", {"": progress.accepted})
    yield metric_lines("stammgast_events_processed_total", "Events processed.", "counter", {"": progress.processed})
    yield metric_lines(
        "stammgast_worker_lag_seconds", "Age of the oldest event waiting.", "gauge", {"": progress.lag_seconds}
    )
    yield metric_lines(
        "stammgast_history_backlog_rows", "Rows waiting for history.", "gauge", {"": progress.undelivered}
    )
    yield metric_lines(
        "stammgast_process_up",
        "1 when the process runs.",
        "gauge",
        {f'process="{one.name}"': one.running for one in table},
    )
    yield metric_lines(
        "stammgast_process_memory_bytes",
        "Resident memory, shared pages divided.",
        "gauge",
        {f'process="{one.name}"': one.memory_mb * MEGABYTE for one in table if one.memory_mb is not None},
    )
    yield metric_lines(
        "stammgast_process_restarts_total",
        "Restarts since `up` began.",
        "counter",
        {f'process="{one.name}"': one.restarts for one in table},
    )
    free = free_disk_bytes(runtime.settings.data)
    yield metric_lines("stammgast_disk_free_bytes", "Free bytes on the data folder's disk.", "gauge", {"": free})


def _of_modules(runtime: Runtime) -> Iterator[str]:
    for manifest in runtime.manifests:
        for one in manifest.metrics:
            yield metric_lines(one.name, one.help, one.kind, one.read(runtime))
