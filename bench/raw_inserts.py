"""The reference of `pipeline_bench`: the same events inserted as they are into SQLite and chDB, and nothing else."""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from pathlib import Path

from chdb import session

BATCH = 2_000


def main(folder: Path, events: int) -> None:
    from bench.pipeline_bench import make_events

    folder.mkdir(parents=True)
    lines = [(str(one["messageId"]), json.dumps(one)) for one in make_events(events)]
    state = sqlite3.connect(folder / "raw.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        state.execute(f"PRAGMA {pragma}")
    state.execute("CREATE TABLE raw (message_id TEXT PRIMARY KEY, body TEXT)")
    history = session.Session(str(folder / "history"))
    history.query("CREATE DATABASE IF NOT EXISTS bench")
    history.query(
        "CREATE TABLE bench.raw (message_id String, event JSON(max_dynamic_paths = 256), body String CODEC(ZSTD(1)))"
        " ENGINE = MergeTree ORDER BY message_id SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"
    )
    begun = time.perf_counter()
    for start in range(0, events, BATCH):
        part = lines[start : start + BATCH]
        state.execute("BEGIN IMMEDIATE")
        state.executemany("INSERT INTO raw VALUES (?, ?)", part)
        state.execute("COMMIT")
        rows = "\n".join(f'{{"message_id":"{name}","event":{body},"body":{json.dumps(body)}}}' for name, body in part)
        history.query(f"INSERT INTO bench.raw FORMAT JSONEachRow {rows}")
    print(events / (time.perf_counter() - begun))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
