"""Both databases behave the same, so every test here runs on both."""

import textwrap
import threading
import time

import pytest
from sqlalchemy import text

from stammgast.kernel.errors import Unavailable
from stammgast.kernel.settings import Settings
from stammgast.kernel.state import open_state


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
        revision, down_revision, branch_labels = "inn_0001", None, ("inn_control",)
        def upgrade():
            op.create_table("room", sa.Column("number", sa.Integer, primary_key=True), sa.Column("guest", sa.Text))
        """)
    )
    state = open_state(settings, "control")
    state.migrate([folder])
    state.migrate([folder])  # twice in a row changes nothing
    yield state
    state.close()


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
