import subprocess
import sys
import time

import msgspec
import pytest
from sqlalchemy import text

from stammgast.kernel.clock import now_millis
from stammgast.kernel.log import LogEntry, LogWriter
from stammgast.kernel.processes.run_dir import write_port, write_small
from stammgast.kernel.worker_status import WorkerStatus
from stammgast.operations import api
from stammgast.operations.metrics import metrics_text


@pytest.fixture
def a_process_of_ours():
    """A process that stands for the worker, or for web."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "stammgast"])
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def worker_begun(runtime, a_process_of_ours):
    """A worker that has not told anything yet."""
    write_small(runtime.settings.run_dir / "worker.pid", str(a_process_of_ours.pid))


@pytest.fixture
def worker_runs(runtime, worker_begun):  # noqa: ARG001 - a fixture that builds on another
    status = WorkerStatus(
        at=0, position=0, lag_seconds=0, events=0, events_per_second=0, outbox_events=7, is_paused=False
    )
    write_small(runtime.settings.run_dir / "worker.json", msgspec.json.encode(status).decode())


@pytest.mark.usefixtures("worker_runs")
def test_an_installation_whose_stores_answer_and_whose_worker_is_not_behind_is_ready(runtime):
    assert api.problems(runtime) == {}
    assert api.status(runtime).ready
    assert api.status(runtime).history_backlog == 7


def test_without_a_worker_it_is_not_ready_and_says_how_to_mend(runtime):
    assert "stammgast up" in api.problems(runtime)["worker"]


@pytest.mark.usefixtures("worker_begun")
def test_a_worker_that_has_not_told_anything_yet_is_still_starting(runtime):
    assert api.problems(runtime) == {"worker": "The worker is starting."}


@pytest.mark.usefixtures("worker_runs")
def test_a_worker_that_is_too_far_behind_is_named_with_its_lag(runtime):
    writer = LogWriter(runtime.settings.log_dir)
    writer.append_sync(LogEntry(now_millis() - 90_000, 1, 4, "batch", b"", b"{}"))
    writer.close()
    assert api.problems(runtime)["worker"].startswith("The worker is 90 s behind (limit 60 s), 4 events wait.")


@pytest.mark.usefixtures("worker_runs")
@pytest.mark.parametrize("store", ["control", "customers", "history"])
def test_a_store_that_is_gone_is_named(runtime, store, monkeypatch):
    gone = getattr(runtime, store)
    monkeypatch.setattr(gone, "ping" if store == "history" else "is_reachable", lambda: False)
    assert list(api.problems(runtime)) == [store]


@pytest.mark.usefixtures("worker_runs")
def test_metrics_have_distinct_names_and_parse(runtime):
    lines = metrics_text(runtime).splitlines()
    names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == len(set(names)) > 10
    for line in lines:
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            assert name.startswith("stammgast_")
            float(value)


@pytest.mark.usefixtures("worker_runs")
def test_rates_come_with_the_second_look(runtime):
    assert api.status(runtime).events_per_second is None
    time.sleep(0.6)
    assert api.status(runtime).events_per_second == 0.0


def test_the_doctor_names_mails_and_calls_that_do_not_leave(runtime):
    def finding():
        return next(one for one in api.examine(runtime) if one.name == "outgoing")

    assert (finding().is_well, finding().found) == (True, "none waits")
    with runtime.customers.write() as connection:
        rows = [("mail", "young", now_millis()), ("webhook", "old", now_millis() - 7_200_000)]
        for kind, key, at in rows:
            sql = "INSERT INTO effects (kind, key, payload, created_at) VALUES (:kind, :key, :payload, :at)"
            connection.execute(text(sql), {"kind": kind, "key": key, "payload": b"", "at": at})
    told = finding()
    assert (told.is_well, told.found) == (False, "1 mail, 1 webhook")
    assert told.mend.startswith("webhook waits for more than an hour: see that the worker runs")
    assert 'stammgast_deliveries_waiting{kind="mail"} 1' in metrics_text(runtime)


def test_the_doctor_names_the_port_that_web_really_has(runtime, a_process_of_ours):
    def found():
        return next(one.found for one in api.examine(runtime) if one.name == "port of web")

    assert found().startswith(str(runtime.settings.port))
    write_small(runtime.settings.run_dir / "web.pid", str(a_process_of_ours.pid))
    write_port(runtime.settings.run_dir, "web", 8640)
    assert found() == "8640, used by our web"
