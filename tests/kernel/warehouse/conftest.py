"""Real warehouses in processes of their own, and real clickhouse-connect clients."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import clickhouse_connect
import pytest
import urllib3
from clickhouse_connect.driver.client import Client

from stammgast.kernel.history import HistoryClient

OWNER = ("stammgast", "owner's secret")
READER = ("bi", "reader:secret")


class WarehouseProcess:
    """One warehouse process on a free port. Kill it, start it again, ask it."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        self.directory = directory
        self.arguments = arguments
        self.start()

    def start(self) -> None:
        environ = {**os.environ, "WAREHOUSE_PASSWORD": OWNER[1], "WAREHOUSE_READER_PASSWORD": READER[1]}
        command = [sys.executable, "-m", "stammgast.kernel.warehouse", str(self.directory), "--reader-user", READER[0]]
        began = time.monotonic()
        self.process = subprocess.Popen([*command, *self.arguments], env=environ, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.seconds_to_ready = time.monotonic() - began
        if not line:
            self._gone()
            pytest.fail("the warehouse ended before it was ready")
        self.port = int(line)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def client(self, account: tuple[str, str] = OWNER, **options: object) -> Client:
        given = {"autogenerate_session_id": False, "database": "stammgast", **options}
        return clickhouse_connect.get_client(
            host="127.0.0.1", port=self.port, username=account[0], password=account[1], **given
        )

    def history(self) -> HistoryClient:
        password = quote(OWNER[1])
        return HistoryClient(f"http://{OWNER[0]}:{password}@127.0.0.1:{self.port}/stammgast")

    def post(self, sql: str | bytes = b"", account: tuple[str, str] = OWNER, headers: dict | None = None, **fields):
        """Ask over bare HTTP; returns urllib3's answer."""
        sent = {**urllib3.make_headers(basic_auth=f"{account[0]}:{account[1]}"), **(headers or {})}
        address = f"{self.url}?{urlencode(fields)}"
        return urllib3.request("POST", address, body=sql, headers=sent, retries=False, decode_content=False, timeout=60)

    def resident_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self._gone()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self._gone()

    def _gone(self) -> int:
        code = self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarehouseProcess]:
    running = WarehouseProcess(tmp_path_factory.mktemp("warehouse"), "--memory-fraction", "0.2")
    yield running
    running.stop()


@pytest.fixture
def start_warehouse(tmp_path: Path) -> Iterator[Callable[..., WarehouseProcess]]:
    started: list[WarehouseProcess] = []

    def start(*arguments: str) -> WarehouseProcess:
        started.append(WarehouseProcess(tmp_path / "warehouse", *arguments))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.kill()


@pytest.fixture
def client(warehouse: WarehouseProcess) -> Iterator[Client]:
    connected = warehouse.client()
    yield connected
    connected.close()


@pytest.fixture
def reader(warehouse: WarehouseProcess) -> Iterator[Client]:
    connected = warehouse.client(READER, database="stammgast_bi")
    yield connected
    connected.close()
