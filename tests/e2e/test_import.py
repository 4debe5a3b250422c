"""Import and export through the command line, against whole installations."""

from __future__ import annotations

import json

import pytest

MAP = """
name: {name}
timestamp: date
identifiers: {{user_id: customer, email: mail}}
amount: {{column: total}}
currency: {{value: EUR}}
events:
  - event: Order Completed
    properties: {{order_id: number}}
"""
ORDERS = "number,customer,mail,date,total\n" + "".join(
    f"I{n},import-{n % 3},i{n % 3}@inn.example,2026-02-{n + 1:02d}T10:00:00,{n}.25\n" for n in range(20)
)


@pytest.fixture
def files(tmp_path):
    """Return a function: name of a map -> arguments of the import of a small file of orders."""

    def write(name):
        (tmp_path / "orders.csv").write_text(ORDERS + "I99,import-0,i0@inn.example,never,1\n")
        (tmp_path / "map.yaml").write_text(MAP.format(name=name))
        refused = tmp_path / "refused.csv"
        return ["import", str(tmp_path / "orders.csv"), "--map", str(tmp_path / "map.yaml"), "--refused", str(refused)]

    return write


def exported(installation, profile):
    lines = installation.run("export", "--profile", profile).splitlines()
    return [json.loads(line) for line in lines]


def test_an_import_into_a_running_system_is_in_profiles_and_history_when_it_ends_and_twice_adds_nothing(running, files):
    arguments = files("running")
    first = json.loads(running.run(*arguments, "--json"))
    assert (first["events"], first["sent"], first["reasons"]) == (20, 20, {"wrong_time": 1})
    status, profile = running.ask("/api/profiles/user_id:import-1", running.token())
    assert status == 200
    assert profile["lastSeen"].startswith("2026-02-20")
    events = exported(running, "user_id:import-1")
    # Orders 1, 4, 7 ... 19 are of the second customer.
    assert [event["properties"]["order_id"] for event in events] == [f"I{n}" for n in range(1, 20, 3)]
    running.run(*arguments)
    assert exported(running, "user_id:import-1") == events


def test_an_export_as_csv_does_not_carry_formulas(running, files, tmp_path):
    running.run(*files("formulas"))
    target = tmp_path / "out.csv"
    running.run("export", "--format", "csv", "--profile", "email:i2@inn.example", "--out", str(target))
    assert len(target.read_text().splitlines()) > 1


@pytest.mark.slow
def test_an_import_starts_the_system_when_it_does_not_run_and_stops_it_again(new_installation, files):
    installation = new_installation()
    installation.start()
    installation.stop()
    told = json.loads(installation.run(*files("cold"), "--json"))
    assert told["sent"] == 20
    assert installation.pid("web") is None
    installation.start()
    assert len(exported(installation, "user_id:import-0")) == 7
