"""A whole installation of its own, started for real: for tests and benches."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from stammgast.kernel.processes.ports import free_port
from stammgast.kernel.processes.run_dir import running_pid

READY = re.compile(r"Stammgast is ready at (\S+)")
COMMAND = (sys.executable, "-m", "stammgast")


class Installation:
    """One `stammgast up` on a folder and a free port. Stop it when done; it may be started again."""

    def __init__(self, data: Path, *options: str, environ: Mapping[str, str] | None = None) -> None:
        """Choose a port; nothing is started yet. `environ` are additional variables."""
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.said: list[str] = []
        """What `up` has printed, both streams."""
        self._options = options
        self._environ = {**clean_environ(), **(environ or {})}
        self._process: subprocess.Popen[str] | None = None

    def start(self, patience: float = 240.0) -> float:
        """Start and wait until it says that it is ready; return the seconds that took."""
        told = threading.Event()
        begun = time.monotonic()
        self._process = subprocess.Popen(
            [*COMMAND, "up", "--data", str(self.data), "--port", str(self.port), *self._options],
            env=self._environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._listen, args=(self._process, told), daemon=True).start()
        if not told.wait(patience) or self._process.poll() is not None:
            self.kill("supervisor")
            raise RuntimeError("not ready:\n" + "".join(self.said))
        return time.monotonic() - begun

    def forget(self, variable: str) -> None:
        """Start without this variable from now on."""
        self._environ.pop(variable, None)

    def _listen(self, process: subprocess.Popen[str], told: threading.Event) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.said.append(line)
            if READY.match(line):
                told.set()
        process.stdout.close()
        told.set()

    @property
    def text(self) -> str:
        """All that `up` has printed so far."""
        return "".join(self.said)

    def pid(self, process: str) -> int | None:
        """Return the number of `supervisor`, `warehouse`, `worker` or `web`, None when it does not run."""
        if process == "supervisor":
            return self._process.pid if self._process and self._process.poll() is None else None
        return running_pid(self.data / "run", process)

    def kill(self, process: str) -> None:
        """End one process at once, as a power cut would; the supervisor takes all others with it."""
        pid = self.pid(process)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        if process == "supervisor" and self._process is not None:
            self._process.wait()

    def stop(self, patience: float = 60.0) -> int:
        """Ask it to stop, wait, and return its exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill("supervisor")
            raise

    def run(self, *arguments: str) -> str:
        """Run another command on the same folder and return what it printed."""
        done = subprocess.run(
            [*COMMAND, *arguments, "--data", str(self.data)],
            env={**self._environ, "STAMMGAST_PORT": str(self.port)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def source(self, name: str = "Test") -> str:
        """Make a source and return its write key."""
        return str(json.loads(self.run("source", "create", name, "--json"))["writeKey"])

    def token(self, role: str = "administrator") -> str:
        """Make an API token and return it."""
        return str(json.loads(self.run("token", "create", "Test", "--role", role, "--json"))["token"])

    def ask(self, path: str, token: str = "", body: object = None, headers: Mapping[str, str] | None = None) -> Any:
        """Send a request and return (status, decoded JSON or text)."""
        encoded = None if body is None else json.dumps(body).encode()
        request = Request(
            self.url + path, data=encoded, headers={"Content-Type": "application/json", **(headers or {})}
        )
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urlopen(request, timeout=30) as answer:
                status, content = answer.status, answer.read()
        except HTTPError as refused:
            with refused:
                status, content = refused.code, refused.read()
        try:
            return status, json.loads(content)
        except ValueError:
            return status, content.decode(errors="replace")

    def wait_until_processed(self, token: str, patience: float = 120.0) -> None:
        """Wait until nothing waits any more, neither in the log nor for history."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            status, told = self.ask("/api/status", token)
            if status == 200 and told["logBacklog"] == 0 and told["historyBacklog"] == 0:  # noqa: PLR2004
                return
            time.sleep(0.05)
        raise TimeoutError("events still wait in the log")


def clean_environ() -> dict[str, str]:
    """Return the environment without settings of ours, so that a test's installation is only what the test says."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STAMMGAST_")}
    return {**kept, "PYTHONUNBUFFERED": "1"}


def enter(
    installation: Installation, page: Any, email: str = "alice@inn.example", *, role: str = "administrator"
) -> None:
    """Let a new person into the interface through their one-time link, in Playwright's `page`."""
    made = installation.run("user", "create", email, "--name", "Alice", "--role", role, "--json")
    page.goto(json.loads(made)["link"])
    page.locator("input[name=password]").fill("a long enough password")
    page.locator("main button, form button").last.click()
    page.wait_for_url(f"{installation.url}/**")
