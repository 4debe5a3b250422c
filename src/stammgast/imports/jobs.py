"""Imports in the interface: made of an uploaded file, tried, started, watched, stopped.

They survive closing the page and restarting the system: what is to be done, and how far it is, stands in the control
database.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from stammgast.imports import store
from stammgast.imports.contracts import ImportJob, JobBusy, JobNotFound, JobState, Progress
from stammgast.imports.keys import import_source
from stammgast.imports.mapping import parse_map
from stammgast.imports.run import Run, Stopped
from stammgast.imports.sinks import LogSink
from stammgast.kernel import clock
from stammgast.kernel.errors import StammgastError
from stammgast.kernel.log import LogWriter
from stammgast.kernel.processes.run_dir import read_small, write_small
from stammgast.kernel.runtime import Runtime
from stammgast.workspace.api import changing
from stammgast.workspace.contracts import Actor

logger = logging.getLogger(__name__)

NOTE_SECONDS = 0.5
REFUSED_NAME = "refused.csv"
ANSWERS_NAME = "answers.json"
CLOSE_SECONDS = 10.0


def add_job(runtime: Runtime, by: Actor, file_name: str, uploaded: Path) -> ImportJob:
    """Make a draft of an uploaded file, which is moved into the installation's folder."""
    name = Path(file_name.replace("\\", "/")).name[:200] or "upload"
    with changing(runtime, by) as change:
        number = store.add_import_job(
            change.connection,
            file_name=name,
            size=uploaded.stat().st_size,
            made_by=by.name,
            created_at=clock.now_millis(),
        )
        change.note("import.upload", f"import {number}", file=name)
    target = job_folder(runtime, number)
    target.mkdir(parents=True, exist_ok=True)
    shutil.move(uploaded, target / stored_name(name))
    return job(runtime, number)


def job(runtime: Runtime, number: int) -> ImportJob:
    """Return one job. Raises JobNotFound."""
    with runtime.control.read() as connection:
        found = store.import_job(connection, number)
    if found is None:
        raise JobNotFound(name=number)
    return found


def jobs(runtime: Runtime, limit: int = 50) -> list[ImportJob]:
    """Return the newest jobs first."""
    with runtime.control.read() as connection:
        return store.list_import_jobs(connection, limit)


def try_map(runtime: Runtime, by: Actor, number: int, map_text: str) -> None:
    """Keep the map (YAML) and order a dry run with it. Raises WrongMap, UnreadableMap, JobBusy, JobNotFound."""
    parse_map(map_text)
    _change(
        runtime,
        by,
        number,
        "import.try",
        ("draft", "stopped", "failed"),
        state="trying",
        map=map_text,
        trial="",
        progress="",
        problem="",
        wants_stop=False,
        kept=0,
    )


def start(runtime: Runtime, by: Actor, number: int, source_name: str = "") -> None:
    """Order the import with the map that is kept. Raises WrongMap, JobBusy, JobNotFound."""
    plan = parse_map(job(runtime, number).map_text)
    name = source_name or f"Import {plan.name}"
    _change(
        runtime,
        by,
        number,
        "import.start",
        ("draft", "stopped", "failed"),
        state="waiting",
        source_name=name,
        progress="",
        problem="",
        wants_stop=False,
        begun_at=clock.now_millis(),
        ended_at=None,
    )


def stop(runtime: Runtime, by: Actor, number: int) -> None:
    """Ask a job to stop; what it has sent stays. Raises JobNotFound."""
    _change(runtime, by, number, "import.stop", (), wants_stop=True)


def remove(runtime: Runtime, by: Actor, number: int) -> None:
    """Remove a job with its files; what it imported stays. Raises JobBusy, JobNotFound."""
    if job(runtime, number).is_busy:
        raise JobBusy
    with changing(runtime, by) as change:
        store.remove_import_job(change.connection, number)
        change.note("import.remove", f"import {number}")
    shutil.rmtree(job_folder(runtime, number), ignore_errors=True)


def job_folder(runtime: Runtime, number: int) -> Path:
    """Return the folder of a job's files."""
    return runtime.settings.data / "imports" / str(number)


def job_file(runtime: Runtime, found: ImportJob) -> Path:
    """Return the uploaded file; it is removed when the import is done."""
    return job_folder(runtime, found.id) / stored_name(found.file_name)


def keep_answers(runtime: Runtime, number: int, answers: Mapping[str, Any]) -> None:
    """Keep how the form about the columns was filled in, so that it stands so when the page is opened again."""
    write_small(job_folder(runtime, number) / ANSWERS_NAME, msgspec.json.encode(answers).decode())


def kept_answers(runtime: Runtime, number: int) -> dict[str, Any]:
    """Return the answers that were kept, empty when there are none."""
    text = read_small(job_folder(runtime, number) / ANSWERS_NAME)
    return msgspec.json.decode(text, type=dict[str, Any]) if text else {}


def stored_name(file_name: str) -> str:
    """Return a name for the file in our folder that keeps only the endings, which tell its format.

    >>> stored_name("../Orders 2026.CSV.gz")
    'upload.csv.gz'
    """
    endings = [one.lower() for one in Path(file_name).suffixes[-2:]]
    known = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json", ".parquet", ".pq", ".gz")
    return "upload" + "".join(one for one in endings if one in known)


def _change(
    runtime: Runtime, by: Actor, number: int, action: str, only_in: tuple[JobState, ...], **values: Any
) -> None:
    job(runtime, number)
    with changing(runtime, by) as change:
        if not store.change_import_job(change.connection, number, only_in=only_in, **values):
            raise JobBusy
        change.note(action, f"import {number}")


class JobRunner:
    """Works on the jobs of this process, one at a time, on a thread that lives as long as there is work."""

    def __init__(self, runtime: Runtime) -> None:
        """Nothing is begun before `tick`."""
        self._runtime = runtime
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()

    def tick(self) -> None:
        """Begin work on the next job, when there is one and nothing else is being done."""
        if self._closing.is_set() or (self._thread and self._thread.is_alive()):
            return
        with self._runtime.control.read() as connection:
            found = store.next_import_job(connection)
        if found is not None:
            self._thread = threading.Thread(target=self._work, args=(found,), name="import-job", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop after the batch under way; the job goes on when the system starts again."""
        self._closing.set()
        if self._thread:
            self._thread.join(CLOSE_SECONDS)

    def _work(self, found: ImportJob) -> None:
        try:
            if found.state == "trying":
                self._try(found)
            else:
                self._import(found)
        except Stopped:
            if not self._closing.is_set():
                state = "draft" if found.state == "trying" else "stopped"
                self._write(found.id, state=state, ended_at=clock.now_millis())
        except StammgastError as problem:
            self._write(found.id, state="failed", problem=str(problem), ended_at=clock.now_millis())
        except Exception:
            logger.exception("import failed", extra={"import": found.id})
            problem_text = "An error on our side; the log of the web process tells more"
            self._write(found.id, state="failed", problem=problem_text, ended_at=clock.now_millis())

    def _try(self, found: ImportJob) -> None:
        run = Run(job_file(self._runtime, found), parse_map(found.map_text), _Notebook(self, found).tell)
        self._write(found.id, state="draft", trial=run.dry())

    def _import(self, found: ImportJob) -> None:
        runtime = self._runtime
        self._write(found.id, state="running")
        source = import_source(runtime, Actor("system", 0, "import"), found.source_name)
        notebook = _Notebook(self, found)
        sink = LogSink(
            runtime.service(LogWriter), source, lambda: notebook.is_to_stop, runtime.settings.log_backlog_limit
        )
        run = Run(job_file(runtime, found), parse_map(found.map_text), notebook.tell)
        refused = job_folder(runtime, found.id) / REFUSED_NAME
        try:
            summary = run.send(sink, refused=refused, skip=found.kept, checkpoint=notebook.keep)
        finally:
            self._write(found.id, kept=notebook.kept)
        self._write(
            found.id,
            state="done",
            summary=summary,
            progress=run.progress(),
            ended_at=clock.now_millis(),
        )
        job_file(runtime, found).unlink(missing_ok=True)

    def _write(self, number: int, **values: Any) -> None:
        with self._runtime.control.write() as connection:
            store.change_import_job(connection, number, **values)

    def note(self, number: int, progress: Progress, kept: int) -> bool:
        """Write down how far it is; say whether it is to stop."""
        if self._closing.is_set():
            self._write(number, kept=kept)
            return True
        self._write(number, progress=progress, kept=kept)
        with self._runtime.control.read() as connection:
            return store.wants_stop(connection, number)


class _Notebook:
    """How far one job is, written down now and then."""

    def __init__(self, runner: JobRunner, found: ImportJob) -> None:
        self.kept = found.kept
        self.is_to_stop = False
        self._runner = runner
        self._number = found.id
        self._noted = 0.0

    def keep(self, kept: int) -> None:
        self.kept = kept

    def tell(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._noted < NOTE_SECONDS and progress.phase != "done":
            return
        self._noted = now
        self.is_to_stop = self._runner.note(self._number, progress, self.kept)
        if self.is_to_stop:
            raise Stopped


def work_on_jobs(runtime: Runtime) -> None:
    """Let the process's runner look for work; called every second."""
    runtime.service(JobRunner).tick()
