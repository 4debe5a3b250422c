"""What all tests share: real stores, whole installations, a real browser. Everything is started for real, once where it can be."""

import os
import shutil
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import pytest
from hypothesis import settings as laws

import stammgast.web
from stammgast.app import migrate
from tools.installation import COMMAND, Installation, clean_environ, enter
from tools.workbench import Workbench

ROOT = Path(__file__).parents[1]
VENDOR = Path(stammgast.web.__file__).parent / "static" / "vendor"
DESKTOP = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB"}
REFUSE_SKIPS = bool(os.environ.get("REFUSE_SKIPS"))
"""Set in CI: a browser, SDK or database test that is skipped fails."""
# Laws run on busy machines: what they say may not depend on how fast it is said.
laws.register_profile("stammgast", deadline=None)
laws.load_profile("stammgast")
NEVER_SKIPPED = ("browser", "sdk", "postgres")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if REFUSE_SKIPS and report.skipped and any(item.get_closest_marker(name) for name in NEVER_SKIPPED):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"Skipped, but REFUSE_SKIPS is set: {reason}"
    return report


@pytest.fixture(scope="session")
def shared_data():
    """Return a function: name -> path of a public data set; skips where the data sets are not beside the repository."""
    folder = Path(os.environ.get("STAMMGAST_SHARED_DATA") or ROOT.parent / "shared" / "data")

    def find(name):
        path = folder / name
        if not path.exists():
            pytest.skip(f"{name} is not in {folder} (STAMMGAST_SHARED_DATA)")
        return path

    return find


@pytest.fixture(scope="session")
def history_server(tmp_path_factory):
    """Address (with user and password, without database) of a real ClickHouse: STAMMGAST_HISTORY_URL, else our warehouse."""
    given = os.environ.get("STAMMGAST_HISTORY_URL")
    if given:
        yield given.rsplit("/", 1)[0]
        return
    from stammgast.kernel.processes.ports import answers_http, free_port
    from stammgast.kernel.processes.run_dir import warehouse_password
    from stammgast.kernel.settings import Settings

    data = tmp_path_factory.mktemp("warehouse")
    port = free_port()
    environ = {**clean_environ(), "STAMMGAST_WAREHOUSE_PORT": str(port)}
    process = subprocess.Popen([*COMMAND, "warehouse", "--data", str(data)], env=environ)
    deadline = time.monotonic() + 60
    while not answers_http("127.0.0.1", port, "/ping"):
        assert process.poll() is None, "the warehouse did not start"
        assert time.monotonic() < deadline, "the warehouse does not answer"
        time.sleep(0.05)
    yield f"http://stammgast:{warehouse_password(Settings(data=data).run_dir)}@127.0.0.1:{port}"
    process.terminate()
    process.wait(30)


@pytest.fixture(scope="session")
def migrated_state(tmp_path_factory):
    """A folder with both state databases, new and up to date, to be copied: migrating takes a hundred times as long."""
    from stammgast.app import migrate_state
    from stammgast.kernel.settings import Settings

    settings = Settings(data=tmp_path_factory.mktemp("migrated"))
    migrate_state(settings)
    return settings.state_dir


@pytest.fixture
def settings(tmp_path, history_server, migrated_state):
    """Settings of an installation of one's own: new folder, new history database."""
    from stammgast.kernel.history import HistoryClient
    from stammgast.kernel.settings import Settings

    database = f"t{os.getpid()}_{time.monotonic_ns()}"
    settings = Settings(data=tmp_path / "data", history_url=f"{history_server}/{database}")
    shutil.copytree(migrated_state, settings.state_dir)
    yield settings
    client = HistoryClient(f"{history_server}/default")
    for name in (f"{database}_bi", database):
        client.command(f"DROP DATABASE IF EXISTS {name} SYNC")
    client.close()


@pytest.fixture
def runtime(settings):
    """An open, migrated installation as the web process sees it, with a real history behind it."""
    from stammgast.app import migrate, open_runtime

    migrate(settings)
    runtime = open_runtime(settings, "web")
    yield runtime
    runtime.close()


@pytest.fixture(scope="session")
def running(tmp_path_factory):
    """One whole installation for the session; leave it as you would a shared kitchen."""
    installation = Installation(tmp_path_factory.mktemp("running") / "data")
    installation.start()
    yield installation
    installation.stop()


@pytest.fixture
def new_installation(tmp_path):
    """Return a function that makes an installation of one's own (not started); it is stopped at the end."""
    made = []

    def make(*options, environ=None):
        made.append(Installation(tmp_path / f"data{len(made)}", *options, environ=environ))
        return made[-1]

    yield make
    for one in made:
        if one.pid("supervisor"):
            one.stop()


def find_chromium():
    """Return the path of an installed Chromium, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def browser():
    """A real Chromium, headless."""
    path = find_chromium()
    if path is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=20_000)
    quiet = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*quiet, "--no-first-run"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A fresh browser page with no cookies; what the page's scripts throw fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB", timezone_id="Europe/Berlin")
    page = context.new_page()
    thrown = []
    page.on("pageerror", lambda error: thrown.append(error))  # noqa: PLW0108 - Playwright can't take a built-in
    yield page
    context.close()
    assert not thrown


def find_postgres():
    """Return the folder of PostgreSQL's server binaries, or None."""
    found = shutil.which("initdb")
    if found:
        return (
            Path(found).resolve().parent if (Path(found).resolve().parent / "postgres").exists() else Path(found).parent
        )
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: int(one.parent.name), reverse=True)
    return installed[0] if installed else None


@pytest.fixture(scope="session")
def postgres():
    """Address of a real PostgreSQL server of one's own, without database."""
    binaries = find_postgres()
    if binaries is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: apt-get install postgresql)")
    from stammgast.kernel.processes.ports import free_port

    # PostgreSQL refuses to run as root, and whoever runs it must reach its folder.
    other = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="stammgast-postgres-"))
    if other:
        shutil.chown(folder, "nobody", "nogroup")
    port = free_port()
    quiet = {"stdout": subprocess.DEVNULL, "cwd": folder, **other}
    cluster = folder / "cluster"
    subprocess.run(
        [binaries / "initdb", "-D", cluster, "-U", "stammgast", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        **quiet,
    )
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    server = [binaries / "pg_ctl", "-D", cluster, "-w", "-l", folder / "log"]
    subprocess.run([*server, "-o", options, "start"], check=True, **quiet)
    yield f"postgresql://stammgast@127.0.0.1:{port}"
    subprocess.run([*server, "-m", "immediate", "stop"], check=True, **quiet)
    shutil.rmtree(folder)


@pytest.fixture
def postgres_url(postgres):
    """Address of an empty database of one's own on a real PostgreSQL server."""
    import psycopg

    name = f"t{time.monotonic_ns()}"
    with psycopg.connect(f"{postgres}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield f"{postgres}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


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
