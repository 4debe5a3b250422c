"""Both databases behave the same, so every test here runs on both."""

import sys
import textwrap
import threading
import time

import pytest
from sqlalchemy import text

from stammgast.kernel.errors import Unavailable
from stammgast.kernel.settings import Settings
from stammgast.kernel.state import newest_revisions, open_state


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def settings(request, tmp_path):
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    return Settings(data=tmp_path, state_url=url)


@pytest.fixture
def control(settings, tmp_path):
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_room.py").write_text(
        textwrap.dedent("""
        import sqlalchemy as sa
        from alembic import op
        revision = "inn_0001"
        down_revision = None
        branch_labels = ("inn_control",)
        def upgrade():
            op.create_table("room", sa.Column("number", sa.Integer, primary_key=True), sa.Column("guest", sa.Text))
        """)
    )
    state = open_state(settings, "control")
    state.migrate([folder])
    state.migrate([folder])  # twice in a row changes nothing
    yield state
    state.close()


def test_a_database_that_is_up_to_date_is_not_migrated_again_and_one_that_is_behind_is(control, tmp_path, monkeypatch):
    folder = tmp_path / "migrations"
    monkeypatch.setitem(sys.modules, "alembic", None)  # importing it would fail
    control.migrate([folder])
    monkeypatch.undo()
    (folder / "0002_floor.py").write_text(
        textwrap.dedent("""
        import sqlalchemy as sa
        from alembic import op
        revision = "inn_0002"
        down_revision = "inn_0001"
        def upgrade():
            op.add_column("room", sa.Column("floor", sa.Integer))
        """)
    )
    control.migrate([folder])
    with control.write() as connection:
        connection.execute(text("INSERT INTO room (number, floor) VALUES (1, 2)"))


def test_the_newest_revisions_are_those_on_which_none_builds(tmp_path):
    (tmp_path / "0001_a.py").write_text('revision: str = "a_0001"\ndown_revision = None\n')
    (tmp_path / "0002_a.py").write_text('revision = "a_0002"\ndown_revision = "a_0001"\n')
    (tmp_path / "0001_b.py").write_text('revision = "b_0001"\ndown_revision = None\n')
    assert newest_revisions([tmp_path]) == {"a_0002", "b_0001"}


def guests(state):
    with state.read() as connection:
        return [row.guest for row in connection.execute(text("SELECT guest FROM room ORDER BY number"))]


def test_what_is_written_is_read(control):
    with control.write() as connection:
        connection.execute(text("INSERT INTO room VALUES (1, 'Alice')"))
    assert guests(control) == ["Alice"]


def test_an_error_takes_the_whole_transaction_back(control):
    def write_and_fail():
        with control.write() as connection:
            connection.execute(text("INSERT INTO room VALUES (1, 'Alice')"))
            raise KeyError("Alice")

    with pytest.raises(KeyError):
        write_and_fail()
    assert guests(control) == []


def test_what_is_written_while_reading_is_taken_back(control):
    with control.read() as connection:
        connection.execute(text("INSERT INTO room VALUES (1, 'Alice')"))
    assert guests(control) == []


def test_readers_go_on_while_somebody_writes(control):
    with control.write() as writing:
        writing.execute(text("INSERT INTO room VALUES (1, 'Alice')"))
        assert guests(control) == []
    assert guests(control) == ["Alice"]


def test_a_second_writer_waits_for_the_first(control):
    entered = []

    def write(number):
        with control.write() as connection:
            entered.append(number)
            connection.execute(text("INSERT INTO room VALUES (:n, 'guest')"), {"n": number})
            time.sleep(0.05)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    assert len(guests(control)) == 4


@pytest.mark.usefixtures("control")
def test_the_two_databases_do_not_see_each_others_tables(settings):
    customers = open_state(settings, "customers")
    customers.migrate([])
    try:
        with pytest.raises(Exception, match="room"), customers.read() as connection:
            connection.execute(text("SELECT * FROM room"))
    finally:
        customers.close()


def test_a_database_that_is_gone_is_unavailable_not_a_crash(tmp_path):
    gone = open_state(Settings(data=tmp_path, state_url="postgresql://nobody@127.0.0.1:1/none"), "control")
    assert not gone.is_reachable()
    with pytest.raises(Unavailable), gone.write():
        pass
    gone.close()
