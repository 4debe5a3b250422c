"""The customers database: its tables, and the same worker on PostgreSQL."""

from dataclasses import replace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st

from stammgast.app import migrate
from stammgast.kernel.blobs import holds
from stammgast.kernel.customers_tables import metadata
from stammgast.kernel.state import State
from stammgast.pipeline.bloom import Bloom, as_numbers
from stammgast.pipeline.manifest import MANIFEST as PIPELINE
from stammgast.pipeline.watching import store as watching
from stammgast.profiles import api
from stammgast.profiles.manifest import MANIFEST
from tools.workbench import Workbench, track


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_migrations_make_the_tables_that_the_code_names(kind, tmp_path, request):
    if kind == "sqlite":
        state = State("customers", f"sqlite:///{tmp_path / 'customers.db'}")
    else:
        url = request.getfixturevalue("postgres_url")
        state = State("customers", url.replace("postgresql://", "postgresql+psycopg://"))
    state.migrate([one.subfolder("migrations", "customers") for one in (MANIFEST, PIPELINE)])
    with state.read() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": lambda name, *_: name != "timers"})
        differences = [
            one
            for one in compare_metadata(context, [metadata, holds.metadata, watching.metadata])
            if "comment" not in str(one[0]) and "alembic_version" not in str(one)
        ]
    assert differences == []
    state.close()


@pytest.mark.postgres
def test_the_worker_does_the_same_on_postgresql(settings, postgres_url):
    settings = replace(settings, state_url=postgres_url)
    migrate(settings)
    bench = Workbench(settings)
    try:
        traits = {"email": "anna@example.com", "name": "Anna Maurer"}
        bench.take({"type": "page", "anonymousId": "x", "messageId": "m0"})
        bench.take(*(track("anna", "Order Completed", f"m{n}", total=n, currency="EUR") for n in range(1, 9)))
        bench.take({"type": "identify", "userId": "anna", "anonymousId": "x", "messageId": "m9", "traits": traits})
        bench.take(track("anna", "Order Completed", "m1", total=1, currency="EUR"), track("anna", "Other", "m1"))
        bench.restart()
        bench.take(track("anna", "Order Completed", "m2", total=2, currency="EUR"))
        profile = bench.profile("email:ANNA@example.com")
        assert profile.features["revenue"] == {"EUR": {"amount": "36.00", "count": 8}}
        assert profile.merged == (2,)
        assert len(api.timeline(bench.runtime, profile.anchors).events) == 10
        assert [one.name for one in api.list_customers(bench.runtime, "mau", sort="name").rows] == ["Anna Maurer"]
        assert [one.fate for one in api.recent_events(bench.runtime, limit=1)] == ["deduplicated"]
        assert len(api.merges(bench.runtime, profile)) == 1
    finally:
        bench.close()


digests = st.lists(st.binary(min_size=16, max_size=16), min_size=1, max_size=50)


@given(digests)
def test_a_bloom_filter_never_forgets(seen):
    bloom = Bloom()
    bloom.add(as_numbers(seen))
    assert Bloom(bloom.to_bytes()).maybe(as_numbers(seen)).all()


def test_a_full_bloom_filter_seldom_suspects_the_innocent():
    import numpy as np

    from stammgast.pipeline.bloom import CAPACITY

    random = np.random.default_rng(7)
    bloom = Bloom()
    bloom.add(random.integers(0, 2**63, (CAPACITY, 2), dtype=np.uint64))
    suspects = bloom.maybe(random.integers(0, 2**63, (200_000, 2), dtype=np.uint64)).sum()
    # 24 bits an id, 12 probes: (1 - e^(-12/24))^12 = 1.4e-5, so 3 of 200,000 are expected.
    assert suspects <= 20
