"""The profile stage through the real worker: each customer looked at whole, what changed noted once, whoever dies when."""

import dataclasses
from contextlib import contextmanager

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stammgast.events.aside import order_try_again
from stammgast.events.contracts import OwnEvent
from stammgast.kernel import clock
from stammgast.kernel.blobs import ATTACHMENTS, blobs_of
from stammgast.kernel.blobs.holds import hold_blobs, release_blobs
from stammgast.kernel.effects import Deliver, Derive, SetTimer
from stammgast.kernel.ports.watching import Cause, Keeping, Kept, Looked, Watcher, observed_message_id
from stammgast.kernel.position import LeaseLost, take_lease
from stammgast.kernel.runtime import Manifest
from stammgast.kernel.sql import rows_of, run, run_many
from stammgast.kernel.timers import Timer
from stammgast.operations.api import metrics_text, status
from stammgast.pipeline.crash import WATCH_POINTS
from stammgast.pipeline.runner import Worker
from stammgast.pipeline.watching import stage as stage_module
from stammgast.pipeline.watching.store import load_marks
from stammgast.profiles import api
from stammgast.workspace.contracts import Actor
from tests.pipeline.mortal import MortalBench
from tests.pipeline.watched import BUYERS, buyers, with_buyers
from tools.workbench import track

HOUR, DAY = 3_600_000, 86_400_000


def watched_by(bench, *watchers, trails=None):
    """Let a bench's worker begin again with these watchers, as after an update that brings them."""
    bench.worker.close()
    manifest = Manifest("watching", bench.settings.data, watchers=watchers, trails=trails)
    bench.runtime.manifests = (*(one for one in bench.runtime.manifests if one.name != "watching"), manifest)
    bench.worker = Worker(bench.runtime)
    return bench


def rows(bench, sql, *values):
    with bench.runtime.customers.read() as connection:
        return rows_of(connection, sql, values)


def results(bench, watcher="buyers"):
    return dict(rows(bench, "SELECT profile, result FROM watch_results WHERE watcher = ?", watcher))


def entered(bench):
    return bench.rows("anchor", "name = 'Entered'")


def order(user, number, **more):
    return track(
        user, "Order Completed", f"{user}-{number}", order_id=f"{user}-{number}", total=10, currency="EUR", **more
    )


# --- What a watcher sees ---


def test_a_watcher_sees_the_whole_profile(workbench):
    seen = []

    def look(view, before):
        seen.append((view, before))
        return Looked(b"x")

    watched_by(workbench, Watcher("all", 1, look), trails=lambda _connection, anchors: dict.fromkeys(anchors, "trail"))
    consent = {"consent": {"categoryPreferences": {"advertising": False}}}
    workbench.take(
        {"type": "identify", "userId": "anna", "messageId": "1", "traits": {"plan": "gold"}, "context": consent},
        track("anna", "Login", "2"),
    )
    view, before = seen[-1]
    assert (view.profile, view.anchors, view.identifiers) == (1, (1,), (("user_id", "anna"),))
    assert (view.traits["plan"], view.consent, view.trails, view.unsure) == (
        "gold",
        {"advertising": False},
        "trail",
        frozenset(),
    )
    assert sum(view.features["events"].values()) == 2
    assert (before.kept, before.absorbed, before.is_first_round, before.next_transition) == (None, (), False, 1)
    assert view.cause & Cause.LIVE
    workbench.take(track("anna", "Login", "3"))
    assert seen[-1][1].kept == Kept(b"x", 1, 1)
    assert len(seen) == 2


def test_each_profile_is_looked_at_once_for_all_that_a_batch_brought(workbench):
    seen = []
    watched_by(workbench, Watcher("all", 1, lambda view, _before: Looked(seen.append(view.profile))))
    workbench.send(*(track(f"u{one % 3}", "Login", f"m{one}") for one in range(30)))
    workbench.work()
    assert sorted(seen) == [1, 2, 3]


def test_without_watchers_nothing_is_kept(workbench):
    workbench.take(order("anna", 1))
    assert rows(workbench, "SELECT * FROM watch_marks") == rows(workbench, "SELECT * FROM watched") == []


# --- What follows ---


def test_what_changed_is_told_once_and_goes_out_once(workbench):
    watched_by(workbench, BUYERS)
    workbench.take(order("anna", 1), order("bob", 1))
    assert (results(workbench), entered(workbench)) == ({}, [])
    for number in range(2, 6):
        workbench.take(order("anna", number))
    assert results(workbench) == {1: b"buyer"}
    assert entered(workbench) == [(1,)]
    assert rows(workbench, "SELECT payload FROM effects WHERE kind = 'tests'") == [(b"1",)]
    timeline = api.timeline(workbench.runtime, workbench.profile("user_id:anna").anchors).events
    assert [(one.name, one.origin) for one in timeline if one.origin] == [("Entered", "tests")]


def test_leaving_and_entering_again_is_another_transition(workbench):
    def gold(view, before):
        result = b"gold" if view.traits.get("plan") == "gold" else b"-"
        if before.kept is None or before.kept.result == result:
            return Looked(result)
        message_id = observed_message_id(view, "gold", 1, before.next_transition)
        return Looked(result, (Derive(OwnEvent(origin="tests", profile=0, name="Entered", message_id=message_id)),))

    watched_by(workbench, Watcher("gold", 1, gold))
    for number, plan in enumerate(("basic", "gold", "basic", "gold", "gold")):
        workbench.take({"type": "identify", "userId": "anna", "messageId": f"m{number}", "traits": {"plan": plan}})
    assert len(entered(workbench)) == 3
    assert rows(workbench, "SELECT transition FROM watch_results") == [(4,)]


@pytest.mark.parametrize(
    ("event", "how", "is_live"),
    [
        ({}, {}, True),
        ({"timestamp": "2020-01-01T00:00:00Z", "originalTimestamp": "2020-01-01T00:00:00Z"}, {}, False),
        ({}, {"kind": "import"}, False),
    ],
)
def test_what_is_old_or_imported_is_only_noted(workbench, event, how, is_live):
    watched_by(workbench, BUYERS)
    if how:
        event = {**event, "timestamp": clock.from_millis(clock.now_millis()).isoformat()}
    workbench.take(*({**order("anna", number), **event} for number in range(2)), **how)
    assert results(workbench) == {1: b"buyer"}
    assert len(entered(workbench)) == 1
    assert bool(rows(workbench, "SELECT * FROM effects WHERE kind = 'tests'")) is is_live


def test_timers_and_tables_of_its_own_are_kept_in_the_same_transaction(workbench):
    with workbench.runtime.customers.write() as connection:
        run(connection, "CREATE TABLE members (profile INTEGER PRIMARY KEY, transition INTEGER)")

    def load(connection, profiles):
        wanted = set(profiles)
        found = rows_of(connection, "SELECT profile, transition FROM members")
        return {profile: Kept(b"in", 1, transition) for profile, transition in found if profile in wanted}

    def keep(connection, kept, gone):
        run_many(connection, "DELETE FROM members WHERE profile = ?", [(one,) for one in {*gone, *kept}])
        run_many(
            connection, "INSERT INTO members VALUES (?, ?)", [(one, found.transition) for one, found in kept.items()]
        )

    def look(view, before):
        timer = SetTimer(Timer("tests", str(view.profile), view.now + DAY))
        return Looked(b"in", (timer,) if before.kept is None else ())

    watched_by(workbench, Watcher("members", 1, look, Keeping(load, keep)))
    workbench.take(track("anna", "Login", "1"), track("bob", "Login", "2"))
    assert rows(workbench, "SELECT * FROM members") == [(1, 1), (2, 1)]
    assert rows(workbench, "SELECT key FROM timers WHERE kind = 'tests' ORDER BY key") == [("1",), ("2",)]
    assert results(workbench, "members") == {}


# --- Merges and splits ---


def test_who_became_part_of_another_is_forgotten_and_does_not_enter_twice(workbench):
    watched_by(workbench, BUYERS)
    workbench.take(order("anna", 1))
    workbench.take({**track("x", "Login", "l1"), "userId": "bob"}, order("bob", 1), order("bob", 2))
    assert results(workbench) == {2: b"buyer"}
    workbench.take({"type": "alias", "userId": "anna", "previousId": "bob", "messageId": "a1"})
    anna = workbench.profile("user_id:anna").profile
    assert results(workbench) == {anna: b"buyer"}
    assert len(entered(workbench)) == 1
    assert [one for (one,) in rows(workbench, "SELECT profile FROM watched")] == [anna]


# --- Who falls over ---


def set_aside(bench):
    return rows(bench, "SELECT key, error FROM set_aside WHERE stage = 'watcher'")


@pytest.mark.parametrize("how", ["event", "order"])
def test_a_watcher_that_falls_over_sets_that_profile_aside_visibly_and_nobody_else(workbench, how):
    is_broken = [True]

    def moody(view, _before):
        if is_broken[0] and ("user_id", "bob") in view.identifiers:
            raise ZeroDivisionError("about bob")
        return Looked(b"fine")

    watched_by(workbench, Watcher("moody", 1, moody), BUYERS)
    workbench.take(*(order(user, number) for user in ("anna", "bob", "cleo") for number in range(2)))
    assert results(workbench, "moody") == {1: b"fine", 3: b"fine"}
    assert set(results(workbench)) == {1, 2, 3}
    assert set_aside(workbench) == [("moody: 2", "ZeroDivisionError")]
    assert "stammgast_set_aside" in metrics_text(workbench.runtime)
    assert status(workbench.runtime).set_aside == 1
    is_broken[0] = False
    if how == "event":
        workbench.take(track("bob", "Login", "again"))
    else:
        order_try_again(workbench.runtime, by=Actor("command", 0, "tests"), is_all=True)
        workbench.work()
    assert set_aside(workbench) == []
    assert set(results(workbench, "moody")) == {1, 2, 3}


def test_effects_without_a_change_are_a_mistake_of_the_watcher(workbench):
    def echo(view, _before):
        return Looked(b"same", (Deliver("tests", f"k{view.now}", b""),))

    watched_by(workbench, Watcher("echo", 1, echo))
    workbench.take(track("anna", "Login", "1"))
    workbench.take(track("anna", "Login", "2"))
    assert len(rows(workbench, "SELECT * FROM effects WHERE kind = 'tests'")) == 1
    assert set_aside(workbench) == [("echo: 1", "WatcherEchoes")]


# --- Time ---


def passing(bench, millis):
    """Let stored moments be so much nearer: as if the time had passed."""
    with bench.runtime.customers.write() as connection:
        run(connection, "UPDATE watched SET wake_at = wake_at - ?", (millis,))


def settle(bench):
    for _ in range(8):
        bench.worker._stage._asked_at = float("-inf")
        bench.worker.turn()


def test_a_profile_is_looked_at_when_its_moment_comes(workbench):
    seen = []

    def look(view, _before):
        seen.append(view.cause)
        return Looked(b"%d" % len(seen), wake_at=view.now + HOUR if len(seen) == 1 else None)

    watched_by(workbench, Watcher("clock", 1, look))
    workbench.take(track("anna", "Login", "1"))
    settle(workbench)
    assert len(seen) == 1
    passing(workbench, 2 * HOUR)
    settle(workbench)
    assert seen[1:] == [Cause.TIME]
    assert results(workbench, "clock") == {1: b"2"}
    assert rows(workbench, "SELECT wake_at FROM watched") == [(None,)]


def test_a_moment_only_ever_moves_earlier_until_it_came(workbench):
    asked = iter([5, 9, 2, 7, 7])

    def look(view, _before):
        return Looked(wake_at=view.now + next(asked) * HOUR)

    watched_by(workbench, Watcher("clock", 1, look))
    waits = []
    for number in range(4):
        workbench.take(track("anna", "Login", f"m{number}"))
        ((wake_at,),) = rows(workbench, "SELECT wake_at FROM watched")
        waits.append(round((wake_at - clock.now_millis()) / HOUR))
    assert waits == [5, 5, 2, 2]
    passing(workbench, 3 * HOUR)
    settle(workbench)
    ((wake_at,),) = rows(workbench, "SELECT wake_at FROM watched")
    assert round((wake_at - clock.now_millis()) / HOUR) == 7


# --- Rounds over everybody ---


def test_a_new_watcher_and_a_new_version_look_at_everybody(workbench, monkeypatch):
    monkeypatch.setattr(stage_module, "STEP", 2)
    workbench.take(*(order(f"u{one}", number) for one in range(5) for number in range(2)))
    seen = []

    def look(view, before):
        seen.append((view.profile, view.is_quiet, before.is_first_round, before.kept))
        return buyers(view, before)

    watched_by(workbench, Watcher("buyers", 1, look))
    workbench.work()
    assert sorted(seen) == [(one, True, True, None) for one in range(1, 6)]
    assert rows(workbench, "SELECT * FROM effects WHERE kind = 'tests'") == []
    watched_by(workbench, Watcher("buyers", 1, look))
    workbench.work()
    assert len(seen) == 5
    watched_by(workbench, Watcher("buyers", 2, look))
    workbench.work()
    assert len(seen) == 10
    assert rows(workbench, "SELECT DISTINCT version FROM watch_results") == [(2,)]
    assert len(entered(workbench)) == 5


def test_a_round_goes_on_where_a_worker_before_stopped(workbench, monkeypatch):
    monkeypatch.setattr(stage_module, "STEP", 2)
    workbench.take(*(track(f"u{one}", "Login", f"m{one}") for one in range(7)))
    seen = []
    watcher = Watcher("all", 1, lambda view, _before: Looked(seen.append(view.profile)))
    watched_by(workbench, watcher)
    stage = workbench.worker._stage
    stage.follow(
        (workbench.worker._bench.ranking.rules.version, workbench.worker._recounting.counted_by),
        workbench.worker._progress.next_anchor,
    )
    for _ in range(2):
        stage.step(workbench.worker._epoch, workbench.worker._progress)
    assert seen == [1, 2, 3, 4]
    watched_by(workbench, watcher)
    workbench.work()
    assert seen == [1, 2, 3, 4, 5, 6, 7]


# --- Fenced, and killed ---


def test_a_worker_that_was_replaced_writes_nothing_more(workbench):
    watched_by(workbench, BUYERS)
    workbench.take(order("anna", 1))
    stage = workbench.worker._stage
    stage.mark({1})
    with workbench.runtime.customers.write() as connection:
        take_lease(connection)
    before = rows(workbench, "SELECT * FROM watched"), rows(workbench, "SELECT * FROM watch_marks")
    with pytest.raises(LeaseLost):
        stage.step(workbench.worker._epoch, workbench.worker._progress)
    assert (rows(workbench, "SELECT * FROM watched"), rows(workbench, "SELECT * FROM watch_marks")) == before


@pytest.mark.slow
@pytest.mark.parametrize("point", [*WATCH_POINTS, "in_commit", "committed", "published", "computed"])
def test_whoever_dies_when_everybody_enters_once(make_workbench, settings, point):
    given = dataclasses.replace(settings, worker_batch=4)
    make_workbench(given).close()
    bench = MortalBench(given)
    bench.prepare = with_buyers
    try:
        for number in range(3):
            bench.send(*(order(f"u{one}", number) for one in range(6)))
            for passes in (1, 2, 3):
                bench.live(point, passes=passes)
        bench.work()
        assert point in bench.deaths
        assert results(bench) == dict.fromkeys(range(1, 7), b"buyer")
        assert sorted(entered(bench)) == [(one,) for one in range(1, 7)]
        assert len(rows(bench, "SELECT * FROM effects WHERE kind = 'tests'")) == 6
        assert rows(bench, "SELECT * FROM watch_marks") == []
    finally:
        bench.close()


# --- The law ---


def told(view, _before):
    """Everything that lists go by, as bytes."""
    return Looked(
        msgspec.msgpack.encode(
            [view.anchors, view.identifiers, sorted(view.traits.items()), view.features.get("orders")]
        )
    )


USERS = st.sampled_from("abc")
HAPPENING = st.one_of(
    st.tuples(st.just("order"), USERS),
    st.tuples(st.just("visit"), USERS, st.sampled_from("xyz")),
    st.tuples(st.just("named"), USERS, st.integers(0, 3)),
    st.tuples(st.just("alias"), USERS, USERS),
    st.tuples(st.just("restart")),
)


@given(st.lists(HAPPENING, min_size=1, max_size=12), st.integers(1, 3))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_kept_is_what_looking_at_everybody_now_would_find(
    workbench, monkeypatch_step, counter, happenings, step
):
    run_number = next(counter)
    watched_by(workbench, Watcher("told", 1, told))
    with monkeypatch_step(step):
        for number, (kind, *said) in enumerate(happenings):
            users = [f"{one}{run_number}" for one in said if isinstance(one, str)]
            message_id = f"{run_number}-{number}"
            if kind == "order":
                workbench.send(order(users[0], message_id))
            elif kind == "visit":
                workbench.send({"type": "page", "userId": users[0], "anonymousId": users[1], "messageId": message_id})
            elif kind == "named":
                workbench.send(
                    {"type": "identify", "userId": users[0], "messageId": message_id, "traits": {"n": said[1]}}
                )
            elif kind == "alias":
                workbench.send({"type": "alias", "userId": users[0], "previousId": users[1], "messageId": message_id})
            else:
                workbench.worker.turn()
                watched_by(workbench, Watcher("told", 1, told))
        workbench.work()
    kept = results(workbench, "told")
    watched_by(workbench, Watcher("told", 2 + run_number, told), Watcher("fresh", run_number, told))
    workbench.work()
    assert results(workbench, "fresh") == kept


@pytest.fixture(scope="module")
def counter():
    import itertools

    return itertools.count(1)


@pytest.fixture
def monkeypatch_step():
    @contextmanager
    def with_step(step):
        before, stage_module.STEP = stage_module.STEP, step
        try:
            yield
        finally:
            stage_module.STEP = before

    return with_step


def test_marks_are_rows_and_outlive_the_worker(workbench):
    watched_by(workbench, BUYERS)
    workbench.send(order("anna", 1))
    stage = workbench.worker._stage
    stage.work = lambda *_args, **_how: False
    while workbench.worker.position < workbench.log.head():
        workbench.worker.turn()
    with workbench.runtime.customers.read() as connection:
        assert [marks for _number, _since, marks in load_marks(connection)] == [{1: int(Cause.LIVE)}]
    assert status(workbench.runtime).watch_waiting in (0, 1)
    assert stage.lag_seconds() >= 0
    watched_by(workbench, BUYERS)
    workbench.work()
    assert rows(workbench, "SELECT profile FROM watched") == [(1,)]


@pytest.mark.postgres
def test_everything_of_it_holds_on_postgresql_too(make_workbench, settings, postgres_url):
    bench = watched_by(make_workbench(dataclasses.replace(settings, state_url=postgres_url)), BUYERS, CLOCK)
    bench.take(*(order(user, number) for user in ("anna", "bob") for number in range(2)))
    bench.take({"type": "alias", "userId": "anna", "previousId": "bob", "messageId": "a1"})
    anna = bench.profile("user_id:anna").profile
    assert results(bench) == {anna: b"buyer"}
    assert [one for (one,) in rows(bench, "SELECT profile FROM watched")] == [anna]
    assert len(entered(bench)) == 2
    passing(bench, 2 * HOUR)
    settle(bench)
    assert results(bench, "clock")[anna] == b"time"
    blob = blobs_of(bench.runtime).put(b"letter", ATTACHMENTS)
    with bench.runtime.customers.write() as connection:
        hold_blobs(connection, [(blob.name, "mail:1")] * 2, 0)
        assert release_blobs(connection, "mail:1") == [blob.name]


def by_the_clock(view, _before):
    return Looked(b"time" if view.cause == Cause.TIME else b"else", wake_at=view.now + HOUR)


CLOCK = Watcher("clock", 1, by_the_clock)
