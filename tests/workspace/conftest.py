"""An installation with the workspace's tables only."""

import pytest

from stammgast.kernel.history import open_history
from stammgast.kernel.runtime import Runtime
from stammgast.kernel.settings import load_settings
from stammgast.kernel.state import open_state
from stammgast.workspace import api
from stammgast.workspace.contracts import Actor
from stammgast.workspace.manifest import MANIFEST

BY = Actor("command", 0, "tests")
PASSWORD = "a calm evening at the inn"


@pytest.fixture
def open_house(tmp_path):
    """Return a function that opens the same installation anew, as another process would."""
    opened = []

    def open_it():
        settings = load_settings({}, data=tmp_path)
        runtime = Runtime(
            settings,
            (MANIFEST,),
            open_state(settings, "control"),
            open_state(settings, "customers"),
            open_history(settings),
        )
        runtime.control.migrate([MANIFEST.subfolder("migrations", "control")])
        opened.append(runtime)
        return runtime

    yield open_it
    for runtime in opened:
        runtime.close()


@pytest.fixture
def house(open_house):
    return open_house()


@pytest.fixture
def by():
    return BY


@pytest.fixture
def alice(house):
    return api.create_user(house, BY, email="alice@inn.test", name="Alice", role="administrator", password=PASSWORD)
