"""An installation with web, workspace and events: pages and import jobs, no warehouse and no worker."""

from __future__ import annotations

import re

import pytest
from litestar.testing import TestClient

from stammgast.demo.manifest import MANIFEST as DEMO
from stammgast.events.manifest import MANIFEST as EVENTS
from stammgast.imports.manifest import MANIFEST as IMPORTS
from stammgast.kernel.history import open_history
from stammgast.kernel.runtime import Runtime
from stammgast.kernel.settings import load_settings
from stammgast.kernel.state import open_state
from stammgast.web.app import make_app
from stammgast.web.cookies import SESSION_COOKIE
from stammgast.web.manifest import MANIFEST as WEB
from stammgast.workspace import api
from stammgast.workspace.contracts import Actor
from stammgast.workspace.manifest import MANIFEST as WORKSPACE

BY = Actor("command", 0, "tests")
MODULES = (WEB, WORKSPACE, EVENTS, IMPORTS, DEMO)


def folders(*names):
    return [folder for one in MODULES if (folder := one.subfolder(*names))]


@pytest.fixture
def house(tmp_path):
    settings = load_settings({}, data=tmp_path / "data")
    stores = {name: open_state(settings, name) for name in ("control", "customers")}
    for name, store in stores.items():
        store.migrate(folders("migrations", name))
    runtime = Runtime(settings, MODULES, stores["control"], stores["customers"], open_history(settings), process="web")
    yield runtime
    runtime.close()


class Visitor:
    """Somebody logged in, with a browser that sends forms as they are."""

    def __init__(self, client, language="en"):
        self.client = client
        self.language = language

    def get(self, path, status=200):
        answer = self.client.get(path, headers={"Accept-Language": self.language})
        assert answer.status_code == status, answer.text
        return answer

    def post(self, path, fields, files=None, status=303):
        token = re.search(r'name="csrf" content="([^"]+)"', self.get("/connect/import").text)[1]
        answer = self.client.post(path, data={"_csrf": token, **fields}, files=files, follow_redirects=False)
        assert answer.status_code == status, answer.text
        return answer


@pytest.fixture
def analyst(house):
    """Bob the analyst, who may import."""
    bob = api.create_user(
        house, BY, email="bob@inn.test", name="Bob", role="analyst", password="a calm evening at the inn"
    )
    with TestClient(make_app(house), base_url="http://testserver.local") as client:
        client.cookies.set(SESSION_COOKIE, api.begin_session(house, bob.id))
        yield Visitor(client)


@pytest.fixture
def viewer(house):
    """Charlie, who may look at figures and import nothing."""
    charlie = api.create_user(
        house, BY, email="charlie@inn.test", name="Charlie", role="viewer", password="a calm evening at the inn"
    )
    with TestClient(make_app(house), base_url="http://testserver.local") as client:
        client.cookies.set(SESSION_COOKIE, api.begin_session(house, charlie.id))
        yield Visitor(client)
