"""`stammgast up` from the outside: starting, watching, stopping, and being killed."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tools.installation import COMMAND, clean_environ

PROCESSES = ("warehouse", "worker", "web")


def wait_until(is_so, patience=30.0):
    deadline = time.monotonic() + patience
    while not is_so():
        assert time.monotonic() < deadline, "did not happen"
        time.sleep(0.05)


def is_alive(pid):
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_first_start_is_ready_and_prints_the_administrators_link(new_installation):
    installation = new_installation()
    installation.start()
    assert re.search(rf"^Stammgast is ready at {installation.url}$", installation.text, re.MULTILINE)
    link = re.search(r"Create the administrator here \(works once\): (\S+)", installation.text)
    assert link[1].startswith(installation.url + "/setup?link=")
    status, body = installation.ask("/readyz")
    assert (status, body) == (200, {"ready": True, "problems": {}})
    assert installation.ask("/healthz")[0] == 200


def test_stopping_goes_in_order_and_leaves_nothing_running(new_installation):
    installation = new_installation()
    installation.start()
    pids = {name: installation.pid(name) for name in PROCESSES}
    gone = []
    os.kill(installation.pid("supervisor"), signal.SIGTERM)
    os.kill(installation.pid("supervisor"), signal.SIGINT)  # as `make` and shells tell it once more
    while len(gone) < len(pids):
        gone += [name for name in ("web", "worker", "warehouse") if name not in gone and not is_alive(pids[name])]
    assert gone == ["web", "worker", "warehouse"]
    wait_until(lambda: installation.pid("supervisor") is None)
    assert installation.stop() == 0
    assert "ended by force" not in installation.text


def test_a_second_signal_hurries(new_installation):
    installation = new_installation()
    installation.start()
    os.kill(installation.pid("worker"), signal.SIGSTOP)  # a worker that would take its time
    os.kill(installation.pid("supervisor"), signal.SIGTERM)
    time.sleep(1.5)
    os.kill(installation.pid("supervisor"), signal.SIGINT)
    wait_until(lambda: installation.pid("supervisor") is None, patience=10.0)
    assert "worker is ended by force" in installation.text


def test_a_second_up_on_the_same_folder_is_refused(new_installation):
    installation = new_installation()
    installation.start()
    refused = subprocess.run(
        [*COMMAND, "up", "--data", str(installation.data), "--port", "1"],
        capture_output=True,
        text=True,
        check=False,
        env=clean_environ(),
    )
    assert refused.returncode == 2
    assert re.match(rf"Stammgast already runs on {installation.data} \(process \d+\)\..*--data\.\n$", refused.stderr)
    assert installation.ask("/readyz")[0] == 200


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_that_is_killed_comes_back_by_itself(new_installation, process):
    installation = new_installation()
    installation.start()
    before = installation.pid(process)
    installation.kill(process)
    wait_until(lambda: installation.pid(process) not in {None, before})
    wait_until(lambda: is_ready(installation))
    assert f"{process} 1\n" in (installation.data / "run" / "restarts").read_text()


def is_ready(installation):
    try:
        return installation.ask("/readyz")[0] == 200
    except OSError:
        return False


def test_readyz_says_which_store_is_gone(new_installation):
    installation = new_installation()
    installation.start()
    os.kill(installation.pid("warehouse"), signal.SIGSTOP)
    try:
        wait_until(lambda: installation.ask("/readyz")[0] == 503)
        assert "history" in installation.ask("/readyz")[1]["problems"]
    finally:
        os.kill(installation.pid("warehouse"), signal.SIGCONT)
    wait_until(lambda: is_ready(installation))


def test_all_processes_end_with_their_supervisor_and_a_new_one_may_start_at_once(new_installation):
    installation = new_installation()
    installation.start()
    pids = [installation.pid(name) for name in PROCESSES]
    installation.kill("supervisor")
    wait_until(lambda: not any(map(is_alive, pids)), patience=5.0)
    installation.start()
    assert installation.ask("/readyz")[0] == 200


def test_the_supervisor_stays_small(new_installation):
    installation = new_installation()
    installation.start()
    pages = int(Path(f"/proc/{installation.pid('supervisor')}/statm").read_text().split()[1])
    assert pages * os.sysconf("SC_PAGE_SIZE") < 30_000_000  # 21 MB measured; sqlalchemy alone would add 25
