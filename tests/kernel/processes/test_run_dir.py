import os
import subprocess
import sys

import pytest

from stammgast.kernel.processes import run_dir as files
from stammgast.kernel.processes.lock import AlreadyRunning, DataFolderNotWritable, hold_lock


def test_the_password_is_made_once_and_readable_by_its_owner_only(tmp_path):
    password = files.warehouse_password(tmp_path)
    assert len(password) >= 20
    assert files.warehouse_password(tmp_path) == password
    assert (tmp_path / "warehouse.password").stat().st_mode & 0o777 == 0o600


def test_processes_that_begin_together_end_with_the_same_password(tmp_path):
    code = "import sys, pathlib; from stammgast.kernel.processes import run_dir as r; print(r.warehouse_password(pathlib.Path(sys.argv[1])))"
    command = [sys.executable, "-c", code, str(tmp_path)]
    together = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert len({one.communicate()[0] for one in together}) == 1
    assert [one.name for one in tmp_path.iterdir()] == ["warehouse.password"]


def test_a_small_file_is_replaced_whole(tmp_path):
    path = tmp_path / "deep" / "port"
    files.write_small(path, "1")
    files.write_small(path, "2")
    assert files.read_small(path) == "2"
    assert [one.name for one in path.parent.iterdir()] == ["port"]


@pytest.mark.parametrize(("content", "number"), [("8123\n", 8123), ("", None), ("x", None), (None, None)])
def test_a_number_that_is_none_reads_as_none(tmp_path, content, number):
    if content is not None:
        (tmp_path / "n").write_text(content)
    assert files.read_number(tmp_path / "n") == number


def test_a_number_that_another_program_has_got_since_is_not_our_process(tmp_path):
    other = subprocess.Popen(["sleep", "30"])
    try:
        files.write_small(tmp_path / "web.pid", str(other.pid))
        assert files.running_pid(tmp_path, "web") is None
    finally:
        other.kill()
        other.wait()


def test_only_one_may_hold_a_data_folder(tmp_path):
    held = hold_lock(tmp_path, tmp_path / "run")
    with pytest.raises(AlreadyRunning, match=r"already runs on .*--data"):
        hold_lock(tmp_path, tmp_path / "run", patience=0.1)
    os.close(held)
    os.close(hold_lock(tmp_path, tmp_path / "run"))


def test_a_lock_stays_held_while_a_child_that_inherited_it_lives(tmp_path):
    held = hold_lock(tmp_path, tmp_path / "run")
    child = subprocess.Popen(["sleep", "30"], pass_fds=(held,))
    os.close(held)
    try:
        with pytest.raises(AlreadyRunning):
            hold_lock(tmp_path, tmp_path / "run", patience=0.1)
    finally:
        child.kill()
        child.wait()
    os.close(hold_lock(tmp_path, tmp_path / "run"))


def test_a_data_folder_that_cannot_be_made_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFolderNotWritable, match=r"can't be written"):
        hold_lock(tmp_path / "file", tmp_path / "file" / "run")
