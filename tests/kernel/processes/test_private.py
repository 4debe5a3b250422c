"""What other accounts of the machine may do with the data: nothing."""

import os
import stat

import pytest

from stammgast.kernel.processes.private import keep_private, open_to_others


@pytest.fixture(autouse=True)
def _umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_folders_and_files_of_an_earlier_version_are_shut(tmp_path):
    data = tmp_path / "data"
    (data / "state").mkdir(parents=True)
    (data / "history" / "deep").mkdir(parents=True)
    (data / "state" / "control.db").write_text("secret")
    keep_private(data)
    assert mode_of(data) == mode_of(data / "state") == mode_of(data / "history") == 0o700
    assert mode_of(data / "state" / "control.db") == 0o600
    assert list(open_to_others(data)) == []


def test_what_is_made_from_then_on_is_private(tmp_path):
    keep_private(tmp_path)
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "segment").write_text("")
    assert (mode_of(tmp_path / "log"), mode_of(tmp_path / "log" / "segment")) == (0o700, 0o600)


def test_a_link_that_leads_elsewhere_is_left_alone(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("")
    elsewhere.chmod(0o644)
    data = tmp_path / "data"
    data.mkdir()
    (data / "link").symlink_to(elsewhere)
    keep_private(data)
    assert mode_of(elsewhere) == 0o644


def test_a_whole_installation_leaves_nothing_open(running):
    assert list(open_to_others(running.data)) == []
