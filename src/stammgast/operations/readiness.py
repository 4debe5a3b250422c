"""Whether the installation can do its work at this moment, and what keeps it from it."""

from __future__ import annotations

from stammgast.kernel.processes.run_dir import running_pid
from stammgast.kernel.runtime import Runtime
from stammgast.operations.contracts import Progress
from stammgast.operations.progress import read_progress, worker_silence_seconds

SILENCE_SECONDS_MAX = 30.0
"""The worker tells how it is doing every second, between two batches."""


def problems(runtime: Runtime, progress: Progress | None = None) -> dict[str, str]:
    """Return what keeps the installation from being ready: name of the check -> sentence; empty when it is ready."""
    progress = progress or read_progress(runtime.settings)
    found = {**_store_problems(runtime), **_worker_problems(runtime, progress)}
    for manifest in runtime.manifests:
        for one in manifest.ready_checks:
            sentence = one.check(runtime)
            if sentence:
                found[one.name] = sentence
    return found


def _store_problems(runtime: Runtime) -> dict[str, str]:
    found: dict[str, str] = {}
    for state in (runtime.control, runtime.customers):
        if not state.is_reachable():
            found[state.name] = f"The {state.name} database does not answer. `stammgast doctor` says why."
    if not runtime.history.ping():
        found["history"] = "The history store does not answer. `stammgast doctor` says why."
    return found


def _worker_problems(runtime: Runtime, progress: Progress) -> dict[str, str]:
    run_dir, limit = runtime.settings.run_dir, runtime.settings.worker_lag_limit
    if running_pid(run_dir, "worker") is None:
        return {"worker": "The worker does not run. `stammgast up` starts it; its last lines say why it ended."}
    silence = worker_silence_seconds(run_dir)
    if silence is None:
        return {"worker": "The worker is starting."}
    if silence > SILENCE_SECONDS_MAX:
        return {"worker": f"The worker has told nothing for {silence:.0f} s. `stammgast doctor` looks further."}
    if progress.lag_seconds > limit:
        return {
            "worker": f"The worker is {progress.lag_seconds:.0f} s behind (limit {limit:.0f} s), "
            f"{progress.backlog} events wait. It catches up by itself unless its log lines say otherwise."
        }
    return {}
