"""The worker over real stores: what counts, what does not, what is set aside, what survives."""

from dataclasses import replace
from time import monotonic

import pytest

from stammgast.events.api import order_discard, order_replay, quarantine_page, receipt
from stammgast.events.contracts import OwnEvent
from stammgast.events.orders import DISCARD, REPLAY, Order, order_entry
from stammgast.kernel import clock
from stammgast.kernel.effects import CancelTimer, Deliver, Derive, SetTimer, derived_message_id
from stammgast.kernel.errors import Invalid
from stammgast.kernel.features import Feature
from stammgast.kernel.position import LeaseLost
from stammgast.kernel.runtime import Manifest, TimerKind
from stammgast.kernel.timers import Timer, due_timers, set_timers
from stammgast.pipeline.runner import Worker
from stammgast.profiles import api
from tools.workbench import track

DAY = 86_400_000


def orders_of(workbench, user):
    return workbench.profile(f"user_id:{user}").features.get("orders", {}).get("count", 0)


def test_an_event_is_on_profile_and_timeline(workbench):
    workbench.take(track("anna", "Order Completed", "m1", total=12.5, currency="EUR"))
    profile = workbench.profile("user_id:anna")
    assert profile.features["revenue"] == {"EUR": {"amount": "12.50", "count": 1}}
    (event,) = api.timeline(workbench.runtime, profile.anchors).events
    assert (event.message_id, event.name, event.amount, event.properties["total"]) == (
        "m1",
        "Order Completed",
        12_500_000,
        12.5,
    )


def test_a_message_that_comes_again_counts_once(workbench):
    order = track("anna", "Order Completed", "m1", total=1)
    workbench.take(order, order)
    workbench.take(order)
    workbench.restart()
    workbench.take(order)
    assert orders_of(workbench, "anna") == 1
    assert len(workbench.rows("1")) == 1
    told = receipt(workbench.runtime, "m1")
    assert (told.fate, told.copies, told.profile_id) == ("deduplicated", 3, workbench.profile("user_id:anna").profile)


def test_a_reused_message_id_goes_to_the_quarantine(workbench):
    workbench.take(track("anna", "Login", "m1"))
    workbench.take(track("anna", "Logout", "m1"))
    (waiting,) = quarantine_page(workbench.runtime)
    assert (waiting.rejected.reason, waiting.rejected.name) == ("message_id_reused", "Logout")
    assert workbench.rows("name") == [("Login",)]


def test_a_reused_message_id_within_one_batch_goes_to_the_quarantine_too(workbench):
    workbench.take(track("anna", "Login", "m1"), track("anna", "Logout", "m1"))
    assert [one.rejected.name for one in quarantine_page(workbench.runtime)] == ["Logout"]


def test_message_ids_are_remembered_beyond_the_exact_window(workbench, monkeypatch):
    old = track("anna", "Order Completed", "old", total=1, time="2026-01-05T10:00:00Z")
    now = clock.now_millis()
    workbench.take(old, received_at=now)
    monkeypatch.setattr(clock, "now_millis", lambda: now + 40 * DAY)
    workbench.take(track("anna", "Login", "new"), received_at=now + 40 * DAY)  # Another month: the filter is closed.
    worker = workbench.worker
    assert worker._housekeeping.forget_messages(worker._epoch, worker._progress) == 1
    workbench.take(old, {**old, "event": "Order Refunded"}, received_at=now + 40 * DAY)
    assert orders_of(workbench, "anna") == 1
    assert [one.rejected.reason for one in quarantine_page(workbench.runtime)] == ["message_id_reused"]
    workbench.restart()
    workbench.take(old, received_at=now + 40 * DAY)
    assert orders_of(workbench, "anna") == 1


def test_an_event_that_a_stage_falls_over_is_set_aside_and_the_others_go_on(workbench):
    workbench.worker.close()
    workbench.worker = worker_with(workbench, features=[Feature("fragile", 1, fragile_fold, max, str)])
    workbench.take(*(track("anna", name, f"m{n}") for n, name in enumerate(["a", "poison", "b", "poison", "c"])))
    assert workbench.rows("name") == [("a",), ("b",), ("c",)]
    waiting = quarantine_page(workbench.runtime)
    assert {(one.rejected.reason, one.rejected.detail) for one in waiting} == {
        ("processing_failed", "folding: ZeroDivisionError")
    }
    assert workbench.profile("user_id:anna").features["events"]["by_name"] == {"a": 1, "b": 1, "c": 1}


def fragile_fold(state, event):
    return (state or 0) + 1 // (event.name != "poison")


def test_a_poisoned_event_can_be_replayed_once_the_stage_is_mended(workbench):
    workbench.worker.close()
    workbench.worker = worker_with(workbench, features=[Feature("fragile", 1, fragile_fold, max, str)])
    workbench.take(track("anna", "poison", "m1"))
    workbench.restart()
    (waiting,) = quarantine_page(workbench.runtime)
    workbench.log.append_sync(order_entry(Order(REPLAY, (waiting.id,))))
    workbench.work()
    assert workbench.rows("name") == [("poison",)]
    assert quarantine_page(workbench.runtime) == []


def test_an_error_that_names_no_event_is_traced_to_it_by_halving(workbench):
    normalise = workbench.worker._bench.normalise

    def fragile(namespace, value):
        if value == "poison":
            raise LookupError(value)
        return normalise(namespace, value)

    workbench.worker._bench.normalise = fragile
    workbench.take(*(track(user, "Login", f"m{n}") for n, user in enumerate(["a", "b", "poison", "c", "d"])))
    assert workbench.rows("user_id") == [("a",), ("b",), ("c",), ("d",)]
    assert [one.rejected.detail for one in quarantine_page(workbench.runtime)] == ["computing: LookupError"]


def test_a_log_entry_that_is_no_batch_is_set_aside_whole(workbench):
    from stammgast.kernel.log import LogEntry

    workbench.log.append_sync(LogEntry(clock.now_millis(), 1, 1, "batch", b"", b"{not json"))
    workbench.take(track("anna", "Login", "m1"))
    assert len(quarantine_page(workbench.runtime)) == 1
    assert workbench.rows("name") == [("Login",)]


def test_a_replay_keeps_the_time_it_came_and_takes_the_event_out_of_the_quarantine(workbench):
    received = clock.now_millis() - 3 * DAY
    workbench.take({"type": "track", "event": "Login", "messageId": "m1"}, received_at=received)
    (waiting,) = quarantine_page(workbench.runtime)
    assert waiting.rejected.reason == "missing_identity"
    assert order_replay(workbench.runtime, by=operator(), ids=[waiting.id]) == 1
    workbench.work()
    assert [one.rejected.reason for one in quarantine_page(workbench.runtime)] == ["missing_identity"]


def test_a_discarded_event_leaves_a_receipt_only(workbench):
    workbench.take({"type": "track", "event": "Login", "messageId": "m1"})
    assert order_discard(workbench.runtime, by=operator(), reason="missing_identity") == 1
    workbench.work()
    assert quarantine_page(workbench.runtime) == []
    assert receipt(workbench.runtime, "m1").fate == "discarded"


@pytest.mark.parametrize(
    "body",
    [
        b'{"action":"replay","ids":[9223372036854775808]}',
        b'{"action":"discard","ids":[9223372036854775808,0,-5]}',
        b'{"action":"replay","ids":["one"]}',
        b'{"action":"decide","facts":{"odd":true}}',
        b'{"action":"apply_identity_rules"}',
        b'{"action":"decide","facts":{"pairs":9223372036854775808}}',
        b'{"action":"apply_identity_rules","facts":{"version":1e400}}',
        b"{not json",
        b"[]",
    ],
)
def test_an_order_that_cannot_be_carried_out_holds_nothing_up(workbench, body):
    from stammgast.kernel.log import LogEntry

    workbench.log.append_sync(LogEntry(clock.now_millis(), 0, 1, "internal", b"", body))
    workbench.take(track("anna", "Login", "m1"))
    assert workbench.rows("name") == [("Login",)]


def test_an_order_that_falls_over_is_set_aside_and_shown(workbench):
    from stammgast.kernel.log import LogEntry

    workbench.log.append_sync(LogEntry(clock.now_millis(), 0, 1, "internal", b"", b'{"action":"replay","ids":["one"]}'))
    workbench.work()
    assert [one.rejected.detail for one in quarantine_page(workbench.runtime)] == ["order: ValidationError"]


@pytest.mark.parametrize("number", [2**63, 0, -1])
def test_a_number_that_names_no_event_is_refused_before_it_is_ordered(workbench, number):
    with pytest.raises(Invalid, match="ids"):
        order_replay(workbench.runtime, by=operator(), ids=[number])


def operator():
    from stammgast.workspace.contracts import Actor

    return Actor("command", 0, "test")


def test_orders_to_discard_are_obeyed_in_the_order_of_the_log(workbench):
    workbench.send({"type": "track", "event": "Login", "messageId": "m1"})
    workbench.work()
    (waiting,) = quarantine_page(workbench.runtime)
    workbench.log.append_sync(order_entry(Order(DISCARD, (waiting.id,))))
    workbench.log.append_sync(order_entry(Order(REPLAY, (waiting.id,))))
    workbench.work()
    assert receipt(workbench.runtime, "m1").fate in ("discarded", "quarantined")
    assert len(workbench.rows("1")) == 0


def test_a_worker_that_was_replaced_can_commit_nothing_more(workbench):
    first = workbench.worker
    workbench.send(track("anna", "Login", "m1"))
    second = Worker(workbench.runtime)
    with pytest.raises(LeaseLost):
        first.turn()
    first.close()
    workbench.worker = second
    workbench.work()
    assert len(workbench.rows("1")) == 1


def test_nobodys_events_are_in_history_and_on_no_profile(workbench):
    workbench.take(
        {"type": "track", "event": "Order Completed", "messageId": "m1", "subject": "none", "properties": {"total": 3}},
        kind="import",
    )
    assert workbench.rows("anchor, name") == [(0, "Order Completed")]
    assert api.list_customers(workbench.runtime).total == 0


def test_two_profiles_become_one_and_the_old_number_still_leads_there(workbench):
    workbench.take({"type": "page", "anonymousId": "x", "messageId": "m1"})
    workbench.take(track("anna", "Login", "m2"))
    old = [workbench.profile(one).profile for one in ("anonymous_id:x", "user_id:anna")]
    workbench.take({"type": "identify", "anonymousId": "x", "userId": "anna", "messageId": "m3"})
    profile = workbench.profile(f"profile:{max(old)}")
    assert profile.profile == min(old)
    assert profile.merged == (max(old),)
    assert profile.features["events"]["total"] == 3
    (merge,) = api.merges(workbench.runtime, profile)
    assert (merge.message_id, merge.rule, merge.version) == ("m3", "seen_together", 1)
    assert workbench.rows("profile_of(anchor)") == [(min(old),)] * 3
    assert api.list_customers(workbench.runtime).total == 1


def test_properties_that_clickhouse_can_not_hold_together_do_not_block_history(workbench):
    workbench.take(
        track("anna", "odd", "m1", **{"a": {"b": 1}, "a.b": 2, "date": "2020-01-01", "big": 10**400 // 10**399}),
        track("anna", "odd", "m2", a=[1, "x", {"y": 1}], date=5, empty={"": 1}),
    )
    assert workbench.rows("name") == [("odd",), ("odd",)]
    assert workbench.rows("properties.`a_b`.:Float64", "message_id = 'm1'") == [(2.0,)]


def worker_with(workbench, *, features=(), reactors=(), timers=()):
    """Return a worker that has one more module."""
    extra = Manifest("extra", workbench.settings.data, features=features, reactors=reactors, timers=timers)
    workbench.runtime.manifests = (*workbench.runtime.manifests, extra)
    try:
        return Worker(workbench.runtime)
    finally:
        workbench.runtime.manifests = workbench.runtime.manifests[:-1]


def test_a_reactors_effects_are_kept_with_the_event_that_caused_them(workbench):
    def react(happened):
        if happened.event.name != "Order Completed":
            return []
        message_id = derived_message_id(happened.event.message_id, "thank", 1)
        derived = OwnEvent(origin="tests", profile=0, name="Thanked", message_id=message_id)
        timer = Timer("remind", f"profile-{happened.profile}", happened.now + DAY)
        return [Derive(derived), SetTimer(timer), Deliver("mail", "thanks-1", b"anna")]

    workbench.worker.close()
    workbench.worker = worker_with(workbench, reactors=[react])
    workbench.take(track("anna", "Order Completed", "m1", total=1))
    workbench.take(track("anna", "Order Completed", "m1", total=1))
    assert sorted(workbench.rows("name")) == [("Order Completed",), ("Thanked",)]
    with workbench.runtime.customers.read() as connection:
        assert [one.kind for one in due_timers(connection, clock.now_millis() + 2 * DAY)] == ["remind"]
        effects = connection.exec_driver_sql("SELECT kind, key FROM effects").fetchall()
    assert [tuple(one) for one in effects] == [("mail", "thanks-1")]


def test_a_timer_that_is_due_fires_once_and_may_set_itself_again(workbench):
    fired = []

    def fire(timer, now):
        fired.append((timer.key, timer.payload))
        again = Timer("tick", timer.key, now + DAY, b"second")
        return [SetTimer(again), CancelTimer("tick", "other")]

    workbench.worker.close()
    with workbench.runtime.customers.write() as connection:
        set_timers(connection, [Timer("tick", "one", 1, b"first"), Timer("tick", "other", clock.now_millis() + DAY)])
    workbench.worker = worker_with(workbench, timers=[TimerKind("tick", fire)])
    for _ in range(3):
        workbench.worker.turn()
    assert fired == [("one", b"first")]
    with workbench.runtime.customers.read() as connection:
        (left,) = due_timers(connection, clock.now_millis() + 2 * DAY)
    assert (left.key, left.payload) == ("one", b"second")


def test_a_timer_that_falls_over_is_tried_again_later_and_blocks_nothing(workbench):
    def fire(_timer, _now):
        raise ZeroDivisionError

    workbench.worker.close()
    with workbench.runtime.customers.write() as connection:
        set_timers(connection, [Timer("broken", "one", 1), Timer("unknown", "two", 1)])
    workbench.worker = worker_with(workbench, timers=[TimerKind("broken", fire)])
    workbench.take(track("anna", "Login", "m1"))
    with workbench.runtime.customers.read() as connection:
        assert due_timers(connection, clock.now_millis()) == []
        assert len(due_timers(connection, clock.now_millis() + DAY)) == 2


def test_the_worker_pauses_while_the_outbox_is_full(workbench, monkeypatch):
    worker = workbench.worker
    worker._sender.stop()
    monkeypatch.setattr(workbench.runtime, "settings", replace(workbench.settings, outbox_limit=2))
    workbench.send(track("anna", "Login", "m1"), track("anna", "Login", "m2"))
    workbench.send(track("anna", "Login", "m3"))
    assert worker.turn()
    before = worker.position
    assert before >= 2
    workbench.send(track("anna", "Login", "m4"))
    assert not worker.turn()
    assert worker.position == before
    worker._tell()
    assert api.worker_status(workbench.runtime).is_paused
    monkeypatch.undo()
    workbench.restart()
    workbench.work()
    assert len(workbench.rows("1")) == 4


def test_the_status_tells_position_and_rate(workbench):
    workbench.take(track("anna", "Login", "m1"))
    workbench.worker._tell()
    status = api.worker_status(workbench.runtime)
    assert (status.position, status.events, status.lag_seconds, status.outbox_events) == (1, 1, 0.0, 0)


def test_it_is_told_soon_that_nothing_waits_any_more(workbench, monkeypatch):
    monkeypatch.setattr("stammgast.kernel.worker_status.PERIOD_SECONDS", 1000.0)
    workbench.take(track("anna", "Login", "m1"))
    deadline = monotonic() + 20
    while (status := api.worker_status(workbench.runtime)) is None or (status.position, status.outbox_events) != (1, 0):
        assert monotonic() < deadline
        workbench.worker.turn()


def test_the_live_view_shows_each_fate(workbench):
    workbench.take(track("anna", "Login", "m1"))
    workbench.take(track("anna", "Login", "m1"), {"type": "track", "event": "x", "messageId": "m2"})
    fates = {(one.message_id, one.fate, one.reason) for one in api.recent_events(workbench.runtime)}
    assert fates == {
        ("m1", "processed", ""),
        ("m1", "deduplicated", ""),
        ("m2", "quarantined", "missing_identity"),
    }
    newest = api.recent_events(workbench.runtime)[0].number
    assert api.recent_events(workbench.runtime, after=newest) == ()


def test_a_worker_that_died_before_listing_lists_after_its_restart(workbench):
    workbench.send(track("anna", "Login", "m1"))
    while workbench.worker.position < workbench.log.head():
        workbench.worker.turn()
    assert api.list_customers(workbench.runtime).total == 0
    workbench.restart()
    workbench.work()
    assert [one.name for one in api.list_customers(workbench.runtime).rows] == ["anna"]
