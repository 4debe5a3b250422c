"""States of traits that an earlier version folded go on after an update."""

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import text

from stammgast.kernel.state import State
from stammgast.profiles.figures.traits import combine_traits
from stammgast.profiles.folding import decode_state, encode_state
from stammgast.profiles.manifest import MANIFEST


def revision():
    import importlib.util

    path = MANIFEST.folder / "migrations" / "customers" / "0007_trait_states.py"
    spec = importlib.util.spec_from_file_location("trait_states", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_values_of_the_first_version_are_kept_as_said_once_and_those_of_the_second_stay(tmp_path):
    state = State("customers", f"sqlite:///{tmp_path / 'customers.db'}")
    state.migrate([MANIFEST.subfolder("migrations", "customers")])
    second = [[[9, "n", 1, "Ulm", 3, 2, "a"]]]
    stored = {
        1: {"traits": {"city": [[9, "n", 1, "Ulm"], [5, "m", 2, None]]}, "events": {"page": 2}},
        2: {"events": {}},
        3: {"traits": {"city": second}},
    }
    with state.write() as connection:
        for anchor, one in stored.items():
            connection.execute(text("INSERT INTO anchor_states VALUES (:a, :s)"), {"a": anchor, "s": encode_state(one)})
        with Operations.context(MigrationContext.configure(connection)):
            revision().upgrade()
    with state.read() as connection:
        found = {
            anchor: decode_state(bytes(one)) for anchor, one in connection.execute(text("SELECT * FROM anchor_states"))
        }
    first = [[[9, "n", 1, "Ulm", 1, 9, "n"], [5, "m", 2, None, 1, 5, "m"]]]
    assert found == {
        1: {"traits": {"city": first}, "events": {"page": 2}},
        2: {"events": {}},
        3: {"traits": {"city": second}},
    }
    assert combine_traits(found[1]["traits"], found[3]["traits"])["city"][0][0] == [9, "n", 1, "Ulm", 4, 2, "a"]
    state.close()
