import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import small_house
from small_house import Visitor

from stammgast.kernel.processes.ports import free_port
from stammgast.web.app import make_app
from stammgast.workspace import api

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def inhabited(tmp_path_factory):
    """Folder of an installation where Alice owns, Bob is an agent and Charlie only looks: hashing takes its time, so once."""
    folder = tmp_path_factory.mktemp("inhabited")
    runtime = small_house.open_house(folder)
    for name, role in (("alice", "administrator"), ("bob", "agent"), ("charlie", "viewer")):
        api.create_user(
            runtime,
            small_house.BY,
            email=f"{name}@inn.test",
            name=name.title(),
            role=role,
            password=small_house.PASSWORD,
        )
    runtime.close()
    return folder


@pytest.fixture
def house(tmp_path, inhabited):
    shutil.copytree(inhabited, tmp_path, dirs_exist_ok=True)
    runtime = small_house.open_house(tmp_path)
    yield runtime
    runtime.close()


@pytest.fixture
def empty_house(tmp_path):
    runtime = small_house.open_house(tmp_path / "empty")
    yield runtime
    runtime.close()


@pytest.fixture
def app(house):
    return make_app(house)


@pytest.fixture
def visitor(app):
    visitor = Visitor(app)
    with visitor.client:
        yield visitor


@pytest.fixture
def alice(visitor, house):
    return visitor.enter(house, "alice@inn.test")


@pytest.fixture
def token(house):
    """Return a function: role -> the header of an API token with it."""
    return lambda role: {"Authorization": f"Bearer {api.create_token(house, small_house.BY, role, role)[1]}"}


@pytest.fixture(scope="session")
def furnished(tmp_path_factory):
    """Address of a small installation that is running and has a few things in it."""
    port = free_port()
    folder = tmp_path_factory.mktemp("furnished")
    with (folder / "output").open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, str(HERE / "small_house.py"), str(folder), str(port)], stdout=output, stderr=output
        )
    address = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/login", timeout=2).read()
            break
        except (urllib.error.URLError, OSError):
            assert server.poll() is None, (folder / "output").read_text()
            time.sleep(0.1)
    yield address
    server.terminate()
    server.wait(20)
