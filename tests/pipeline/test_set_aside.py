"""Whatever fails again and again is set aside with its error, is shown, can be taken up again, and the rest goes on."""

import json

import pytest

from stammgast.events.api import order_replay, quarantine_page
from stammgast.events.orders import REPLAY, TRY_AGAIN, Order, order_entry
from stammgast.kernel import clock
from stammgast.kernel.effects import Deliver, Derive, SetTimer
from stammgast.kernel.log import LogEntry
from stammgast.kernel.outbox import Parcel, add_parcel
from stammgast.kernel.processes.failing import failing_tasks
from stammgast.kernel.runtime import Manifest, TimerKind
from stammgast.kernel.set_aside import list_set_aside
from stammgast.kernel.timers import Timer, due_timers, set_timers
from stammgast.pipeline import reruling, timing
from stammgast.pipeline.batch import compress
from stammgast.pipeline.runner import Worker
from stammgast.profiles import api
from stammgast.workspace.contracts import Actor
from tools.workbench import track

OPERATOR = Actor("command", 0, "test")
ODD = [0, -1, 2**63, 2**64, "", None, "x" * 200_000, [], {}, 1.5, True, "\0", [[["deep"]]]]


@pytest.fixture
def add_module(workbench):
    """Return a function that lets the worker have one more module, or none any more."""

    def add(**parts):
        workbench.worker.close()
        ours = [one for one in workbench.runtime.manifests if one.name != "extra"]
        if parts:
            ours.append(Manifest("extra", workbench.settings.data, **parts))
        workbench.runtime.manifests = ours
        workbench.worker = Worker(workbench.runtime)

    return add


def aside(workbench):
    with workbench.runtime.customers.read() as connection:
        return list_set_aside(connection, 100)


def names_aside(workbench):
    return {(one.stage, one.key, one.error) for one in aside(workbench)}


def take_up(workbench, *numbers):
    workbench.log.append_sync(order_entry(Order(TRY_AGAIN, numbers or tuple(one.number for one in aside(workbench)))))
    workbench.work()


def change(workbench, sql, *values):
    with workbench.runtime.customers.write() as connection:
        connection.exec_driver_sql(sql, values)


def names(workbench):
    return [name for (name,) in workbench.rows("name")]


def details(workbench):
    return [one.rejected.detail for one in quarantine_page(workbench.runtime)]


def turn(workbench, times):
    for _ in range(times):
        workbench.worker.turn()


def test_a_timer_that_falls_over_three_times_is_set_aside_and_fires_when_it_is_taken_up_again(
    workbench, add_module, monkeypatch
):
    monkeypatch.setattr(timing, "AGAIN_MILLIS", 0)
    fired = []
    change(workbench, "DELETE FROM timers")
    with workbench.runtime.customers.write() as connection:
        set_timers(connection, [Timer("broken", "one", 1, b"payload"), Timer("well", "two", 1)])

    def fall(timer, _now):
        fired.append(timer.kind)
        raise ZeroDivisionError

    def well(timer, _now):
        fired.append(timer.kind)
        return []

    add_module(timers=[TimerKind("broken", fall), TimerKind("well", well)])
    turn(workbench, 5)
    workbench.take(track("anna", "Login", "m1"))
    assert fired == ["broken", "well", "broken", "broken"]
    assert names_aside(workbench) == {("timer", "broken:one", "ZeroDivisionError")}
    with workbench.runtime.customers.read() as connection:
        assert due_timers(connection, clock.now_millis() + 10**12) == []

    seen = []
    add_module(timers=[TimerKind("broken", lambda timer, now: seen.append((timer.payload, timer.due_at <= now)) or [])])
    take_up(workbench)
    turn(workbench, 2)
    assert seen == [(b"payload", True)]
    assert aside(workbench) == []


def test_a_timer_of_a_module_that_is_gone_is_set_aside(workbench, monkeypatch):
    monkeypatch.setattr(timing, "AGAIN_MILLIS", 0)
    with workbench.runtime.customers.write() as connection:
        set_timers(connection, [Timer("of nobody", "one", 1)])
    turn(workbench, 4)
    assert names_aside(workbench) == {("timer", "of nobody:one", "KeyError")}


def test_a_timer_whose_effects_cannot_be_written_is_set_aside_and_the_other_timers_fire(workbench, add_module):
    with workbench.runtime.customers.write() as connection:
        set_timers(connection, [Timer("mail", str(number), 1) for number in range(9)])

    def fire(timer, _now):
        return [Deliver("mail", timer.key, 2**70 if timer.key == "4" else b"")]

    add_module(timers=[TimerKind("mail", fire)])
    workbench.take(track("anna", "Login", "m1"))
    assert names_aside(workbench) == {("timer", "mail:4", "OverflowError")}
    with workbench.runtime.customers.read() as connection:
        assert len(connection.exec_driver_sql("SELECT key FROM effects").fetchall()) == 8
    assert names(workbench) == ["Login"]


@pytest.mark.parametrize(
    "effect",
    [
        Deliver("mail", "one", 2**70),
        Deliver("mail", 2**70, b""),
        Deliver("mail", "one", object()),
        Deliver(None, "one", b""),
        SetTimer(Timer("tick", "one", 2**70)),
        SetTimer(Timer("tick", None, 1)),
        Derive(None),
    ],
    ids=lambda effect: type(effect).__name__,
)
def test_an_event_whose_commit_fails_is_set_aside_and_the_others_are_taken(workbench, add_module, effect):
    add_module(reactors=[lambda happened: [effect] if happened.event.name == "poison" else []])
    many = [track("anna", "poison" if n in (3, 11) else "fine", f"m{n}") for n in range(16)]
    workbench.take(*many[:8])
    workbench.take(*many[8:])
    assert names(workbench) == ["fine"] * 14
    waiting = quarantine_page(workbench.runtime)
    assert {(one.rejected.reason, one.rejected.message_id) for one in waiting} == {
        ("processing_failed", "m3"),
        ("processing_failed", "m11"),
    }
    assert workbench.profile("user_id:anna").features["events"]["total"] == 14

    add_module()
    order_replay(workbench.runtime, by=OPERATOR, reason="processing_failed")
    workbench.work()
    assert sorted(names(workbench)) == ["fine"] * 14 + ["poison"] * 2
    assert quarantine_page(workbench.runtime) == []


def test_what_fails_only_now_and_then_is_not_set_aside(workbench, add_module):
    falls = iter([True, True, False])

    def react(happened):
        return [Deliver("mail", "one", 2**70)] if happened.event.name == "poison" and next(falls, False) else []

    add_module(reactors=[react])
    workbench.take(track("anna", "fine", "m1"), track("anna", "poison", "m2"))
    assert sorted(names(workbench)) == ["fine", "poison"]
    assert quarantine_page(workbench.runtime) == []


def test_a_line_of_the_list_that_cannot_be_made_is_set_aside_and_the_others_are_listed(workbench):
    workbench.take(*(track(user, "Login", f"m-{user}") for user in ("anna", "bert", "cora")))
    broken = workbench.profile("user_id:bert").profile
    with workbench.runtime.customers.read() as connection:
        (whole,) = connection.exec_driver_sql("SELECT state FROM anchor_states WHERE anchor = ?", (broken,)).one()
    change(workbench, "UPDATE anchor_states SET state = ? WHERE anchor = ?", b"\xc1", broken)
    workbench.worker._bench.forget()
    workbench.worker._projection.mark(set(range(1, 10)), set())
    workbench.take(track("dora", "Login", "m-dora"))
    assert names_aside(workbench) == {("customer", str(broken), "DecodeError")}
    assert api.list_customers(workbench.runtime).total == 4

    change(workbench, "DELETE FROM customers WHERE profile = ?", broken)
    take_up(workbench)
    assert len(aside(workbench)) == 1, "it failed again and stays"
    change(workbench, "UPDATE anchor_states SET state = ? WHERE anchor = ?", whole, broken)
    take_up(workbench)
    assert aside(workbench) == []
    assert {one.name for one in api.list_customers(workbench.runtime).rows} == {"anna", "bert", "cora", "dora"}


def test_a_line_that_is_set_aside_is_tried_anew_when_the_worker_starts(workbench):
    workbench.take(track("anna", "Login", "m1"))
    broken = workbench.profile("user_id:anna").profile
    with workbench.runtime.customers.read() as connection:
        (whole,) = connection.exec_driver_sql("SELECT state FROM anchor_states").one()
    change(workbench, "UPDATE anchor_states SET state = ?", b"\xc1")
    workbench.worker._projection.mark({broken}, set())
    workbench.work()
    assert len(aside(workbench)) == 1
    change(workbench, "UPDATE anchor_states SET state = ?", whole)
    workbench.restart()
    workbench.work()
    assert aside(workbench) == []


def test_an_account_that_cannot_be_listed_is_set_aside_and_the_others_are_listed(workbench):
    groups = [
        {"type": "group", "userId": f"u{n}", "groupId": f"g{n}", "messageId": f"m{n}", "traits": {"name": f"Inn {n}"}}
        for n in range(3)
    ]
    workbench.take(*groups)
    with workbench.runtime.customers.read() as connection:
        number, whole = connection.exec_driver_sql("SELECT account, state FROM accounts WHERE group_id = 'g1'").one()
    change(workbench, "UPDATE accounts SET state = ? WHERE account = ?", b"\xc1", number)
    workbench.worker._projection.mark(set(), set(), [1, 2, 3])
    workbench.work()
    assert names_aside(workbench) == {("account", str(number), "DecodeError")}
    change(workbench, "UPDATE accounts SET state = ? WHERE account = ?", whole, number)
    take_up(workbench)
    assert aside(workbench) == []


def test_identity_rules_that_cannot_be_applied_are_set_aside(workbench, monkeypatch):
    monkeypatch.setattr(reruling, "RETRY_SECONDS_MAX", 0.0)
    change(
        workbench,
        "INSERT INTO applied_rules (number, version, rules, person, ordered_at, state, batch, effect)"
        " VALUES (99, 99, '{broken', '', 1, 'ordered', 0, '')",
    )
    workbench.restart()
    workbench.take(track("anna", "Login", "m1"))
    assert names_aside(workbench) == {("rules", "99", "DecodeError")}
    workbench.restart()
    workbench.work()
    with workbench.runtime.customers.read() as connection:
        (text,) = connection.exec_driver_sql("SELECT rules FROM applied_rules WHERE number = 1").one()
    change(workbench, "UPDATE applied_rules SET rules = ? WHERE number = 99", text)
    take_up(workbench)
    assert aside(workbench) == []
    with workbench.runtime.customers.read() as connection:
        assert connection.exec_driver_sql("SELECT state FROM applied_rules WHERE number = 99").one() == ("in_force",)


def test_a_row_that_history_takes_in_no_shape_is_set_aside_and_stops_no_later_one(workbench):
    workbench.take(track("anna", "Login", "m1"), track("anna", "Logout", "m2"))
    batch_number = workbench.worker._progress.next_batch - 1
    workbench.worker.close()
    bad = b'{"batch":%d,"row":0,"no_such_column":1}\n' % (batch_number + 1)
    change(workbench, "UPDATE worker SET next_batch = next_batch + 1")
    with workbench.runtime.customers.write() as connection:
        add_parcel(connection, Parcel(batch_number + 1, 1, compress(bad), ()))
    workbench.worker = Worker(workbench.runtime)
    workbench.take(track("anna", "Search", "m3"))
    assert sorted(names(workbench)) == ["Login", "Logout", "Search"]
    (one,) = aside(workbench)
    assert (one.stage, one.payload) == ("history", bad)
    take_up(workbench)
    (again,) = aside(workbench)
    assert again.number != one.number, "it was sent once more and refused once more"
    good = json.dumps({"batch": 1, "row": 0, "name": "Mended", "message_id": "m4"}).encode() + b"\n"
    change(workbench, "UPDATE set_aside SET payload = ?", good)
    take_up(workbench)
    assert aside(workbench) == []
    assert sorted(names(workbench)) == ["Login", "Logout", "Mended", "Search"]


ORDERS = {
    "replay": lambda odd: {"action": "replay", "ids": [odd]},
    "replay whole": lambda odd: {"action": "replay", "ids": odd},
    "discard": lambda odd: {"action": "discard", "ids": [odd]},
    "try again": lambda odd: {"action": "try_again", "ids": [odd]},
    "decide": lambda odd: {
        "action": "decide",
        "facts": {"person": "", "wishes": [{"kind": "never", "one": ["user_id", odd], "other": ["user_id", "b"]}]},
    },
    "decide kind": lambda odd: {
        "action": "decide",
        "facts": {"person": odd, "wishes": [{"kind": odd, "one": ["user_id", "a"], "other": ["user_id", "b"]}]},
    },
    "rules": lambda odd: {"action": "apply_identity_rules", "facts": {"rules": odd, "person": ""}},
    "rules version": lambda odd: {"action": "apply_identity_rules", "facts": {"rules": {"version": odd}, "person": ""}},
    "rules region": lambda odd: {
        "action": "apply_identity_rules",
        "facts": {"rules": {"version": 2, "phone_region": odd}, "person": odd},
    },
    "action": lambda odd: {"action": odd},
    "whole": lambda odd: odd,
}


@pytest.mark.parametrize("kind", ORDERS)
def test_an_order_of_each_kind_with_each_odd_value_holds_nothing_up(workbench, kind, monkeypatch):
    monkeypatch.setattr(reruling, "RETRY_SECONDS_MAX", 0.0)
    for odd in ODD:
        body = json.dumps(ORDERS[kind](odd)).encode()
        workbench.log.append_sync(LogEntry(clock.now_millis(), 0, 1, "internal", b"", body))
    for number, body in enumerate([b"", b"{not json", b"\xff\xfe", b"[" * 5_000]):
        workbench.log.append_sync(LogEntry(clock.now_millis(), number, 1, "internal", b"", body))
    workbench.take(track("anna", "Login", "m1"))
    assert names(workbench) == ["Login"]
    assert len(details(workbench)) >= 4, "what can't be read is shown"
    assert all(one.startswith("order: ") for one in details(workbench))
    workbench.restart()
    workbench.take(track("anna", "Logout", "m2"))
    assert sorted(names(workbench)) == ["Login", "Logout"]


def test_an_order_nobody_knows_is_set_aside_and_obeyed_once_it_is_replayed_by_who_does(workbench):
    workbench.take({"type": "track", "event": "Login", "messageId": "m1"})
    (held,) = quarantine_page(workbench.runtime)
    body = json.dumps({"action": "discard later", "ids": [held.id]}).encode()
    workbench.log.append_sync(LogEntry(clock.now_millis(), 0, 1, "internal", b"", body))
    workbench.work()
    order = quarantine_page(workbench.runtime)[0]
    assert order.rejected.detail == "order: UnknownOrder"
    workbench.log.append_sync(order_entry(Order(REPLAY, (order.id,))))
    workbench.work()
    assert {one.id for one in quarantine_page(workbench.runtime)} == {held.id, order.id}

    mended = json.dumps({"action": "discard", "ids": [held.id]}).encode()
    change(workbench, "UPDATE quarantine SET body = ? WHERE id = ?", mended, order.id)
    workbench.log.append_sync(order_entry(Order(REPLAY, (order.id,))))
    workbench.work()
    assert quarantine_page(workbench.runtime) == []


def test_an_order_that_replays_itself_ends(workbench):
    workbench.log.append_sync(LogEntry(clock.now_millis(), 0, 1, "internal", b"", b"{not json"))
    workbench.work()
    (order,) = quarantine_page(workbench.runtime)
    itself = json.dumps({"action": "replay", "ids": [order.id]}).encode()
    change(workbench, "UPDATE quarantine SET body = ?", itself)
    workbench.log.append_sync(order_entry(Order(REPLAY, (order.id,))))
    workbench.take(track("anna", "Login", "m1"))
    assert names(workbench) == ["Login"]
    assert quarantine_page(workbench.runtime) == []


def test_a_chore_that_falls_over_stops_no_other_and_is_told(workbench, monkeypatch):
    chores = workbench.worker._chores
    done = []

    def fall():
        raise ZeroDivisionError

    monkeypatch.setattr("stammgast.kernel.processes.failing.PAUSE_SECONDS_MAX", 0.0)
    for _ in range(3):
        chores.do("broken", fall)
        chores.do("well", lambda: done.append(1))
    run_dir = workbench.settings.run_dir
    assert len(done) == 3
    assert [(one.process, one.name, one.error, one.failures) for one in failing_tasks(run_dir)] == [
        ("worker", "broken", "ZeroDivisionError", 3)
    ]
    chores.do("broken", lambda: None)
    assert failing_tasks(run_dir) == []


def test_events_that_are_set_aside_derive_nothing(workbench, add_module):
    """What an event would have set off is not kept when the event is not."""
    add_module(reactors=[lambda _: [Deliver("mail", "good", b""), Deliver("mail", "bad", 2**70)]])
    workbench.take(track("anna", "poison", "m1"))
    with workbench.runtime.customers.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM effects").scalar_one() == 0
