import msgspec

from stammgast.kernel.log import LogEntry, LogReader, LogWriter
from stammgast.kernel.processes.run_dir import write_small
from stammgast.kernel.settings import Settings
from stammgast.kernel.worker_status import WorkerStatus
from stammgast.operations.contracts import Progress
from stammgast.operations.progress import Pace, read_progress


def append(writer, received_at, count):
    writer.append_sync(LogEntry(received_at, 1, count, "batch", b"", b"{}"))


def test_an_installation_that_never_accepted_anything_is_not_behind(tmp_path):
    assert read_progress(Settings(data=tmp_path)) == Progress(0, 0, 0, 0.0, 0)


def test_backlog_counts_events_and_lag_is_the_age_of_the_oldest(tmp_path, monkeypatch):
    writer = LogWriter(tmp_path / "log")
    append(writer, 1_000, 3)
    append(writer, 5_000, 2)
    LogReader(tmp_path / "log", "worker").publish(3)
    monkeypatch.setattr("stammgast.operations.progress.now_millis", lambda: 8_500)
    assert read_progress(Settings(data=tmp_path)) == Progress(
        accepted=5, processed=3, backlog=2, lag_seconds=3.5, undelivered=0
    )
    writer.close()


def test_what_came_in_since_the_worker_told_may_wait_for_history_as_well(tmp_path):
    settings = Settings(data=tmp_path)
    writer = LogWriter(tmp_path / "log")
    append(writer, 1_000, 9)
    LogReader(tmp_path / "log", "worker").publish(7)
    told = WorkerStatus(0, 4, lag_seconds=0, events=4, events_per_second=0, outbox_events=2, is_paused=False)
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    write_small(settings.run_dir / "worker.json", msgspec.json.encode(told).decode())
    assert read_progress(settings).undelivered == 2 + 3
    writer.close()


def test_when_all_is_processed_the_lag_is_zero_however_old_the_last_event(tmp_path):
    writer = LogWriter(tmp_path / "log")
    append(writer, 1_000, 3)
    LogReader(tmp_path / "log", "worker").publish(3)
    assert read_progress(Settings(data=tmp_path)).lag_seconds == 0
    writer.close()


def test_rates_are_taken_over_the_last_half_minute_only():
    pace = Pace()
    pace.note(Progress(0, 0, 0, 0.0, 0), 0.0)
    pace.note(Progress(1_000, 500, 500, 1.0, 0), 20.0)
    assert pace.note(Progress(1_000, 1_000, 0, 0.0, 0), 40.0) == (0.0, 25.0)


def test_a_rate_is_unknown_until_two_looks_lie_apart():
    pace = Pace()
    assert pace.note(Progress(0, 0, 0, 0.0, 0), 0.0) == (None, None)
    assert pace.note(Progress(9, 9, 0, 0.0, 0), 0.1) == (None, None)
