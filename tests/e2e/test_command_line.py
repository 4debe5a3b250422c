"""The command line as a person meets it: quick, clear when it refuses, the same whether the system runs or not."""

import json
import os
import socket
import stat
import subprocess
import sys
import time

import pytest

from tools.installation import COMMAND, clean_environ


def stammgast(*arguments, environ=None):
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, check=False, env={**clean_environ(), **(environ or {})}
    )


def test_listing_the_commands_is_quick_and_loads_nothing_heavy():
    code = (
        "import sys; sys.argv = ['stammgast', '--help']\n"
        "from stammgast.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('heavy:', sorted({'numpy', 'sqlalchemy', 'litestar', 'chdb', 'clickhouse_connect', 'rich'} & set(sys.modules)))"
    )
    best = 10.0
    for _ in range(5):
        begun = time.monotonic()
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        best = min(best, time.monotonic() - begun)
    assert "heavy: []" in told.stdout
    assert best < 2.0  # 0.2 s on a quiet machine; a test machine may have much else to do


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("STAMMGAST_PORT", "eighty", "Setting port is 'eighty', but it must be a whole number."),
        ("STAMMGAST_PROT", "8400", "There is no setting prot (named in the environment)"),
        ("STAMMGAST_HISTORY_URL", "localhost", "must be an address that begins with http://"),
    ],
)
@pytest.mark.parametrize("command", ["up", "web", "worker", "warehouse", "status"])
def test_a_wrong_setting_stops_every_command_with_one_clear_sentence(tmp_path, command, variable, value, sentence):
    refused = stammgast(command, "--data", str(tmp_path), environ={variable: value})
    assert refused.returncode == 2
    assert sentence in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_up_on_a_taken_port_says_which_option_helps(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = stammgast("up", "--data", str(tmp_path), "--port", str(port))
    assert refused.returncode == 2
    assert refused.stderr == (
        f"Port {port} on 127.0.0.1 is in use by another program. Stop that one, or choose another port with --port.\n"
    )


COMMANDS = (
    ("user", "link"),
    ("user", "create", "a@inn.test", "--role", "viewer"),
    ("source", "create", "Shop"),
    ("token", "create", "CI", "--role", "viewer"),
    ("team", "create", "Kitchen"),
    ("status",),
    ("doctor",),
    ("export",),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_in_the_wrong_folder_says_so_and_leaves_nothing_behind(tmp_path, command):
    refused = stammgast(*command, "--data", str(tmp_path / "wrong"))
    assert refused.returncode == 2
    assert refused.stderr == (
        f"There is no installation in {tmp_path / 'wrong'}. Name the folder of yours with --data,"
        f" or begin one there with `stammgast up --data {tmp_path / 'wrong'}`.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_an_installation_is_made_without_starting_it_once(tmp_path):
    made = stammgast("init", "--data", str(tmp_path / "new inn"))
    assert f"stammgast up --data '{tmp_path / 'new inn'}'" in made.stdout
    assert stammgast("source", "create", "Shop", "--data", str(tmp_path / "new inn")).returncode == 0
    assert "stays as it is" in stammgast("init", "--data", str(tmp_path / "new inn")).stdout
    assert "is taken" in stammgast("source", "create", "Shop", "--data", str(tmp_path / "new inn")).stderr


def test_sources_and_tokens_are_made_while_nothing_runs(tmp_path):
    stammgast("init", "--data", str(tmp_path))
    made = json.loads(stammgast("source", "create", "Shop", "--json", "--data", str(tmp_path)).stdout)
    assert set(made) == {"id", "writeKey"}
    token = json.loads(
        stammgast("token", "create", "CI", "--role", "analyst", "--json", "--data", str(tmp_path)).stdout
    )
    assert token["token"].startswith("sgt_")


def test_a_name_that_is_taken_is_refused_in_a_sentence(tmp_path):
    stammgast("init", "--data", str(tmp_path))
    stammgast("source", "create", "Shop", "--data", str(tmp_path))
    refused = stammgast("source", "create", "Shop", "--data", str(tmp_path))
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr
    assert "Shop" in refused.stderr


def test_status_of_a_stopped_installation_says_what_is_not_running(tmp_path):
    stammgast("init", "--data", str(tmp_path))
    told = json.loads(stammgast("status", "--json", "--data", str(tmp_path)).stdout)
    assert told["ready"] is False
    assert "stammgast up" in told["problems"]["worker"]
    assert {one["name"]: one["running"] for one in told["processes"]} == dict.fromkeys(
        ["supervisor", "warehouse", "worker", "web"], False
    )
    assert (told["logBacklog"], told["lagSeconds"]) == (0, 0)


def test_doctor_says_how_to_mend_a_broken_database(tmp_path):
    stammgast("init", "--data", str(tmp_path))
    path = tmp_path / "state" / "customers.db"
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + os.urandom(len(whole) - 4096))
    told = stammgast("doctor", "--data", str(tmp_path))
    assert told.returncode == 1
    assert "MEND  customers database" in told.stdout
    assert "backup" in told.stdout


def test_doctor_finds_nothing_to_mend_in_a_new_installation(tmp_path):
    stammgast("init", "--data", str(tmp_path / "new"))
    told = stammgast("doctor", "--json", "--data", str(tmp_path / "new"))
    findings = {one["name"]: one for one in json.loads(told.stdout)}
    assert {"disk space", "disk writes", "versions", "clock", "port of web", "control database"} <= set(findings)
    unwell = [
        one for one in findings.values() if not one["is_well"] and one["name"] not in {"disk space", "port of web"}
    ]
    assert not unwell


def test_what_holds_secrets_is_for_its_owner_only(tmp_path):
    process = subprocess.Popen([*COMMAND, "warehouse", "--data", str(tmp_path)], env=clean_environ())
    password = tmp_path / "run" / "warehouse.password"
    deadline = time.monotonic() + 30
    while not password.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.terminate()
    process.wait(30)
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
