"""A small installation with the shell and the workspace only: no warehouse, no worker."""

from __future__ import annotations

from pathlib import Path

import pytest
from litestar.testing import TestClient

from stammgast.kernel.runtime import Runtime
from stammgast.kernel.settings import load_settings
from stammgast.kernel.state import open_state
from stammgast.web.app import make_app
from stammgast.web.manifest import MANIFEST as WEB
from stammgast.workspace import api
from stammgast.workspace.contracts import Actor
from stammgast.workspace.manifest import MANIFEST as WORKSPACE

BY = Actor("command", 0, "tests")
PASSWORD = "a calm evening at the inn"


def open_house(data: Path) -> Runtime:
    settings = load_settings({}, data=data)
    control = open_state(settings, "control")
    control.migrate([WORKSPACE.subfolder("migrations", "control")])
    return Runtime(settings, (WEB, WORKSPACE), control, open_state(settings, "customers"), None)


@pytest.fixture
def house(tmp_path):
    runtime = open_house(tmp_path)
    yield runtime
    runtime.close()


@pytest.fixture
def client(house):
    with TestClient(make_app(house), base_url="http://testserver.local") as client:
        yield client


@pytest.fixture
def alice(house):
    return api.create_user(house, BY, email="alice@inn.test", name="Alice Wirtin", role="administrator", password=PASSWORD)
