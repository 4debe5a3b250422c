"""A worker turned by hand over a real log, real state and a real history."""

import pytest

from stammgast.app import migrate
from tools.workbench import Workbench


@pytest.fixture
def make_workbench(settings):
    """Return a function that opens a workbench on `settings` (migrated once)."""
    made = []

    def make(given=settings):
        migrate(given)
        made.append(Workbench(given))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def workbench(make_workbench):
    return make_workbench()
