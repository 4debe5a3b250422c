import signal
import subprocess
import sys
import threading
import time
from urllib.request import urlopen

import pytest

from stammgast.kernel.processes.ports import PortTaken, answers_http, free_port
from stammgast.kernel.processes.serving import serve
from stammgast.kernel.settings import Settings

PROGRAM = """
import asyncio, sys
from pathlib import Path
from stammgast.kernel.processes.serving import serve
from stammgast.kernel.settings import Settings

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    if scope["path"] == "/slow":
        Path(sys.argv[1], "begun").touch()
        await asyncio.sleep(1)
    if scope["path"] == "/broken":
        raise RuntimeError("anna@example.org")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})

serve(lambda: app, Settings(data=Path(sys.argv[1]), port=int(sys.argv[2])))
print("given back")
"""


@pytest.fixture
def served(tmp_path):
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path), str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 20
    while not answers_http("127.0.0.1", port, "/"):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield process, f"http://127.0.0.1:{port}"
    process.kill()
    process.communicate()


def fetch(url):
    with urlopen(url, timeout=10) as answer:
        return answer.read()


def test_it_serves_in_one_process_and_gives_back_when_asked_to_stop(served):
    process, url = served
    assert fetch(url + "/hello") == b"/hello"
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=15)[0] == "given back\n"
    assert process.returncode == 0


def test_a_request_under_way_is_finished_before_it_stops(served, tmp_path):
    process, url = served
    answers = []
    asking = threading.Thread(target=lambda: answers.append(fetch(url + "/slow")))
    asking.start()
    deadline = time.monotonic() + 10
    while not (tmp_path / "begun").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    asking.join(15)
    assert answers == [b"/slow"]


def test_an_app_that_fails_answers_500_and_goes_on(served):
    _process, url = served
    with pytest.raises(OSError, match="500"):
        fetch(url + "/broken")
    assert fetch(url + "/hello") == b"/hello"


def test_a_taken_port_is_refused_before_anything_starts(served, tmp_path):
    _process, url = served
    with pytest.raises(PortTaken):
        serve(lambda: None, Settings(data=tmp_path, port=int(url.rpartition(":")[2])))
