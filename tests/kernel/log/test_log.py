"""The log's contract, through real files and a really killed process."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from stammgast.kernel.log import LogEntry, LogInUse, LogReader, LogUnavailable, LogWriter


def entry(body=b"{}", count=1, kind="track"):
    return LogEntry(received_at=1_700_000_000_000, source=7, count=count, kind=kind, meta=b"m", body=body)


@pytest.fixture
def writer(tmp_path):
    writer = LogWriter(tmp_path)
    yield writer
    writer.close()


def test_what_was_appended_is_read_in_order_with_positions_that_count_events(tmp_path, writer):
    positions = [
        writer.append_sync(entry(b"a", 1)),
        writer.append_sync(entry(b"b", 50)),
        writer.append_sync(entry(b"c", 2)),
    ]
    assert positions == [1, 51, 53]
    read = LogReader(tmp_path, "worker").read(0, 1000)
    assert [(one.position, one.body, one.count) for one in read] == [(1, b"a", 1), (51, b"b", 50), (53, b"c", 2)]
    assert (read[0].received_at, read[0].source, read[0].kind, read[0].meta) == (1_700_000_000_000, 7, "track", b"m")


def test_reading_goes_on_after_any_position_and_takes_at_least_one_entry(tmp_path, writer):
    for _ in range(10):
        writer.append(entry(count=3))
    writer.append_sync(entry(count=3))
    reader = LogReader(tmp_path, "worker")
    assert [one.position for one in reader.read(6, 7)] == [9, 12]
    assert [one.position for one in reader.read(6, 1)] == [9]
    assert reader.read(33, 100) == []
    assert reader.head() == 33


def test_a_read_is_bounded_in_bytes_too(tmp_path, writer):
    for _ in range(4):
        writer.append_sync(entry(b"x" * 1000))
    assert len(LogReader(tmp_path, "worker").read(0, 100, bytes_max=2500)) == 2


def test_a_reader_sees_new_entries_while_the_writer_writes(tmp_path, writer):
    reader = LogReader(tmp_path, "worker")
    assert reader.read(0, 10) == []
    for number in range(1, 200):
        writer.append_sync(entry())
        assert [one.position for one in reader.read(number - 1, 10)] == [number]


def test_segments_rotate_and_reading_crosses_them_without_a_gap(tmp_path):
    writer = LogWriter(tmp_path, segment_bytes=2000)
    for number in range(100):
        writer.append_sync(entry(str(number).encode() * 100))
    writer.close()
    assert len(list(tmp_path.glob("*.log"))) > 5
    reader, after, seen = LogReader(tmp_path, "worker"), 0, []
    while entries := reader.read(after, 7):
        seen += [one.position for one in entries]
        after = entries[-1].position
    assert seen == list(range(1, 101))


def test_segments_that_every_reader_has_passed_are_deleted_and_no_others(tmp_path):
    writer = LogWriter(tmp_path, readers=("worker", "export"), segment_bytes=2000)
    for _ in range(60):
        writer.append_sync(entry(b"x" * 200))
    assert writer.trim() == 0
    worker, export = LogReader(tmp_path, "worker"), LogReader(tmp_path, "export")
    worker.publish(60)
    assert writer.trim() == 0
    export.publish(30)
    assert writer.trim() > 0
    assert worker.oldest() <= 30
    assert next(one.position for one in worker.read(30, 1000)) == 31
    worker.publish(60)
    export.publish(60)
    writer.trim()
    assert len(list(tmp_path.glob("*.log"))) == 1
    assert writer.append_sync(entry()) == 61
    writer.close()


def test_positions_are_never_reused_after_everything_was_deleted_and_the_writer_restarted(tmp_path):
    writer = LogWriter(tmp_path, segment_bytes=100)
    for _ in range(5):
        writer.append_sync(entry(b"x" * 200))
    LogReader(tmp_path, "worker").publish(5)
    writer.trim()
    writer.close()
    writer = LogWriter(tmp_path)
    assert writer.append_sync(entry()) == 6
    writer.close()


def test_a_log_that_was_lost_goes_on_after_the_position_the_database_knows(tmp_path):
    writer = LogWriter(tmp_path, at_least=1000)
    assert writer.append_sync(entry()) == 1001
    writer.close()
    assert [one.position for one in LogReader(tmp_path, "worker").read(1000, 10)] == [1001]
    writer = LogWriter(tmp_path, at_least=5000)
    assert writer.append_sync(entry()) == 5001
    writer.close()
    assert [one.position for one in LogReader(tmp_path, "worker").read(1000, 10)] == [1001]
    assert [one.position for one in LogReader(tmp_path, "worker").read(1001, 10)] == [5001]


def test_backlog_counts_the_events_that_wait_for_the_slowest_reader(tmp_path, writer, monkeypatch):
    monkeypatch.setattr("stammgast.kernel.log.writer._BACKLOG_SECONDS", 0)
    writer.append_sync(entry(count=40))
    assert writer.backlog() == 40
    LogReader(tmp_path, "worker").publish(30)
    assert writer.backlog() == 10
    LogReader(tmp_path, "worker").publish(50)
    assert writer.backlog() == 0


def test_a_damaged_position_file_counts_as_nothing_passed(tmp_path, writer):
    writer.append_sync(entry())
    LogReader(tmp_path, "worker").publish(1)
    (tmp_path / "readers" / "worker").write_text("")
    assert LogReader(tmp_path, "worker").published() == 0


@pytest.mark.usefixtures("writer")
def test_only_one_process_may_write(tmp_path):
    with pytest.raises(LogInUse, match="Another process"):
        LogWriter(tmp_path)


def test_a_closed_log_refuses_and_what_was_queued_before_is_written(tmp_path):
    writer = LogWriter(tmp_path)
    futures = [writer.append(entry()) for _ in range(500)]
    writer.close()
    writer.close()
    assert [future.result(0) for future in futures] == list(range(1, 501))
    with pytest.raises(LogUnavailable):
        writer.append(entry())


def test_many_threads_and_event_loops_append_at_once_and_each_gets_its_own_position(writer):
    positions = []

    async def append_many():
        positions.extend(await asyncio.gather(*(writer.append_async(entry()) for _ in range(300))))

    threads = [threading.Thread(target=asyncio.run, args=(append_many(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(positions) == list(range(1, 901))


def test_a_handler_that_was_cancelled_does_not_disturb_the_others(writer):
    async def append_and_cancel():
        futures = [writer.append_async(entry()) for _ in range(50)]
        futures[3].cancel()
        return [await future for number, future in enumerate(futures) if number != 3]

    # On a thread of its own: while a browser is open, this thread has a running event loop already.
    with ThreadPoolExecutor() as pool:
        positions = pool.submit(asyncio.run, append_and_cancel()).result()
    assert positions == [number for number in range(1, 51) if number != 4]


def test_a_failing_disk_is_told_to_everyone_waiting_and_the_log_recovers(tmp_path, writer):
    writer.append_sync(entry())
    writer._connection.execute("PRAGMA max_page_count=4")
    with pytest.raises(LogUnavailable, match="full"):
        writer.append_sync(entry(b"x" * 100_000))
    assert "full" in writer.problem()
    # The connection was opened afresh, so the artificial limit is gone, as when a person has made room.
    assert writer.append_sync(entry()) == 2
    assert writer.problem() is None
    assert [one.position for one in LogReader(tmp_path, "worker").read(0, 10)] == [1, 2]


def test_a_segment_that_is_just_being_made_is_empty(tmp_path, writer):
    writer.append_sync(entry())
    (tmp_path / f"{1:019d}.log").touch()
    reader = LogReader(tmp_path, "worker")
    assert reader.head() == 1
    assert [one.position for one in reader.read(0, 10)] == [1]
    assert reader.read(1, 10) == []


WRITE_UNTIL_KILLED = """
    import sys
    from pathlib import Path
    from stammgast.kernel.log import LogEntry, LogWriter

    writer = LogWriter(Path(sys.argv[1]), segment_bytes=20_000)
    number = int(sys.argv[2])
    while True:
        waiting = []
        for _ in range(9):
            number += 1
            entry = LogEntry(received_at=1, source=1, count=1, kind="track", meta=b"", body=str(number).encode() * 20)
            waiting.append((number, writer.append(entry)))
        for one, future in waiting:
            sys.stdout.write(f"{one} {future.result()}\\n")
            sys.stdout.flush()
"""


@pytest.mark.slow
def test_everything_acknowledged_survives_kill_dash_nine(tmp_path):
    acknowledged = {}
    for round_number in range(6):
        started = len(acknowledged) + 1000 * round_number
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WRITE_UNTIL_KILLED), str(tmp_path), str(started)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for line in process.stdout:
            if not line.endswith("\n"):
                break  # Killed in the middle of a line.
            number, position = line.split()
            acknowledged[int(position)] = number
            if len(acknowledged) >= 150 * (round_number + 1) and process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    stored, after = {}, 0
    reader = LogReader(tmp_path, "worker")
    while entries := reader.read(after, 100):
        stored |= {one.position: one.body for one in entries}
        after = entries[-1].position
    assert sorted(stored) == list(range(1, len(stored) + 1))
    lost = [position for position, number in acknowledged.items() if stored.get(position) != number.encode() * 20]
    assert lost == []
    assert len(acknowledged) >= 900


def test_every_commit_is_synced(writer):
    # 2 is FULL: SQLite syncs the write-ahead log after each commit (sqlite.org/pragma.html#pragma_synchronous).
    assert writer._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert writer._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_segment_whose_disk_fails_is_not_skipped(tmp_path):
    writer = LogWriter(tmp_path, segment_bytes=100)
    for _ in range(3):
        writer.append_sync(entry(b"x" * 200))
    writer.close()
    first = min(tmp_path.glob("*.log"))
    first.write_bytes(b"\0" * first.stat().st_size)
    with pytest.raises(sqlite3.DatabaseError):
        LogReader(tmp_path, "worker").read(0, 10)
