import threading
import time
from types import SimpleNamespace

from stammgast.kernel.processes.tasks import TaskRunner
from stammgast.kernel.runtime import Manifest, Task


def runner_of(tmp_path, *tasks, process="web"):
    settings = SimpleNamespace(run_dir=tmp_path)
    runtime = SimpleNamespace(manifests=[Manifest("inn", tmp_path, tasks=tasks)], services={}, settings=settings)
    return TaskRunner(runtime, process)


def test_a_task_that_fails_is_tried_again_and_stops_no_other(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("stammgast.kernel.processes.tasks.FIRST_SECONDS", 0.0)
    turns = {"bad": 0, "good": 0}
    enough = threading.Event()

    def fail(_runtime):
        turns["bad"] += 1
        raise RuntimeError("broken")

    def work(_runtime):
        turns["good"] += 1
        if turns["good"] >= 3:
            enough.set()

    runner = runner_of(tmp_path, Task("bad", "web", 0.01, fail), Task("good", "web", 0.01, work))
    runner.start()
    assert enough.wait(20)
    runner.stop()
    assert turns["bad"] >= 2
    assert "task failed" in caplog.text


def test_a_process_does_only_its_own_tasks(tmp_path, monkeypatch):
    monkeypatch.setattr("stammgast.kernel.processes.tasks.FIRST_SECONDS", 0.0)
    done, enough = [], threading.Event()

    def do_ours(_runtime):
        done.append("ours")
        if len(done) >= 3:
            enough.set()

    theirs = Task("theirs", "worker", 0.01, lambda _: done.append("theirs"))
    runner = runner_of(tmp_path, theirs, Task("ours", "web", 0.01, do_ours))
    runner.start()
    assert enough.wait(20)
    runner.stop()
    assert set(done) == {"ours"}


def test_stopping_does_not_wait_for_the_next_turn(tmp_path):
    runner = runner_of(tmp_path, Task("rare", "web", 3600, lambda _: None))
    runner.start()
    begun = time.monotonic()
    runner.stop()
    assert time.monotonic() - begun < 60  # the next turn is an hour away
