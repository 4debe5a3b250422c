"""The wheel carries everything: it runs from an empty folder, away from the repository."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools.installation import Installation, clean_environ

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_contains_the_browser_assets_the_country_database_and_no_tests(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "stammgast/web/static/vendor/htmx.min.js",
        "stammgast/web/static/vendor/echarts.min.js",
        "stammgast/web/static/vendor/analytics/standalone.js",
        "stammgast/events/geo/country.mmdb",
        "stammgast/profiles/migrations/history/0001_events.sql",
    ):
        assert needed in names
    assert not [name for name in names if name.startswith(("tests/", "tools/", "bench/"))]
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_stammgast_up_runs_from_the_wheel_in_an_empty_folder(wheel, tmp_path, monkeypatch):
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    # Before everything else on the path, and away from the repository: what runs is the wheel's.
    installation = Installation(empty / "data", environ={"PYTHONPATH": str(site), "PYTHONSAFEPATH": "1"})
    try:
        installation.start()
        where = [sys.executable, "-c", "import stammgast; print(stammgast.__file__)"]
        told = subprocess.run(
            where, env={**clean_environ(), "PYTHONPATH": str(site)}, capture_output=True, text=True, check=True
        )
        assert told.stdout.startswith(str(site))
        status, script = installation.ask("/analytics.js")
        assert status == 200
        assert len(script) > 50_000
        assert installation.ask("/login")[0] == 200
    finally:
        installation.stop()
        shutil.rmtree(site)
    assert [one.name for one in empty.iterdir()] == ["data"]
