"""A worker turned by hand over a real log, real state and a real history; and pages of the running installation."""

import uuid
from pathlib import Path

import pytest

import stammgast.web
from stammgast.app import migrate
from tools.installation import enter
from tools.workbench import Workbench

VENDOR = Path(stammgast.web.__file__).parent / "static" / "vendor"
DESKTOP = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB"}


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


@pytest.fixture(scope="module")
def role():
    """Who looks at the pages; a module of tests may say otherwise."""
    return "analyst"


@pytest.fixture(scope="module")
def logged_in(running, browser, role):
    """The cookies of a person with this role."""
    if not (VENDOR / "htmx.min.js").exists():
        pytest.skip("browser libraries are not installed (make setup)")
    context = browser.new_context()
    enter(running, context.new_page(), f"{role}-{uuid.uuid4().hex[:8]}@inn.test", role=role)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def open_page(running, browser, logged_in):
    """Return a function that opens a page; what goes wrong in it, first of all the content policy, fails the test."""
    contexts, complaints = [], []

    def open_it(path, **look):
        context = browser.new_context(timezone_id="Europe/Berlin", storage_state=logged_in, **(look or DESKTOP))
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(running.url + path)
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def counter():
    """Numbers that keep the histories of a law's examples apart: all go into the same stores."""
    return iter(range(10**6))
