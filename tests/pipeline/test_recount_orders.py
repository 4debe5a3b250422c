"""What people order about counting anew, and what happens when it can't be done."""

from dataclasses import replace

import pytest

from stammgast.kernel.features import Feature
from stammgast.kernel.history import HistoryClient, HistoryRefused, HistoryUnavailable
from stammgast.kernel.set_aside import HISTORY, Aside, put_aside, take_out_by_key
from stammgast.kernel.sql import rows_of
from stammgast.profiles import api
from stammgast.profiles.folding import Folding, decode_state, encode_state
from stammgast.profiles.recounts.ordering import features_there, look, order_recount
from stammgast.workspace.contracts import Actor
from tests.pipeline.mortal import hurry
from tests.pipeline.recounted import SMALL, raise_versions
from tools.workbench import track

ALICE = Actor("command", 0, "Alice")
PEOPLE = ("anna", "bob", "carla", "dora", "emil", "frida", "gert", "hans")


@pytest.fixture(autouse=True)
def small_steps(monkeypatch):
    hurry(monkeypatch.setattr)
    for one in SMALL:
        monkeypatch.setattr(*one)


@pytest.fixture
def known(workbench):
    """Eight customers with three orders each, in an account."""
    events = [
        {**track(who, "Order Completed", f"{who}{number}", total=number, currency="EUR"), "context": {"groupId": "inn"}}
        for who in PEOPLE
        for number in (1, 2, 3)
    ]
    workbench.take(*events)
    return workbench


def falsify(workbench, name="orders"):
    """Write wrong figures, as a disk or a mistake of ours might."""
    with workbench.runtime.customers.write() as connection:
        for anchor, encoded in rows_of(connection, "SELECT anchor, state FROM anchor_states"):
            state = {**decode_state(bytes(encoded)), name: [99, 0, 0]}
            connection.exec_driver_sql(
                "UPDATE anchor_states SET state = ? WHERE anchor = ?", (encode_state(state), anchor)
            )
    workbench.restart()


def order(workbench, action, *features, **how):
    number = order_recount(workbench.runtime, ALICE, action, features, **how)
    while api.recount(workbench.runtime).order < number:
        workbench.worker.turn()


def orders_of(workbench, who):
    return workbench.profile(f"user_id:{who}").features.get("orders", {}).get("count")


def all_orders(workbench):
    return [orders_of(workbench, who) for who in PEOPLE]


def test_one_figure_is_counted_anew_on_demand_and_shown_meanwhile(known):
    falsify(known)
    assert all_orders(known) == [99] * 8
    order(known, "start", "orders")
    assert known.profile("user_id:hans").recounting == {"orders": 0}
    assert orders_of(known, "hans") == 99
    known.work()
    found = api.recount(known.runtime)
    assert all_orders(known) == [3] * 8
    assert (found.state, found.person, found.changed, tuple(found.features)) == ("done", "Alice", 8, ("orders",))
    assert {one.orders for one in api.list_customers(known.runtime).rows} == {3}


def test_everything_counted_anew_changes_nothing_where_all_was_well(known):
    order(known, "start")
    known.work()
    found = api.recount(known.runtime)
    assert (found.state, found.changed) == ("done", 0)
    assert tuple(sorted(found.features)) == tuple(sorted(features_there(known.runtime)))
    assert found.events == found.events_total == 48  # for the customers, and once more for their account


def test_paused_it_stands_still_over_a_restart_and_resumed_it_goes_on_where_it_was(known):
    falsify(known)
    order(known, "start", "orders")
    while not api.recount(known.runtime).anchor:
        known.worker.turn()
    order(known, "pause")
    paused = api.recount(known.runtime)
    assert (paused.state, 0 < paused.anchor < 8) == ("paused", True)
    known.restart()
    known.take(track("emil", "Order Completed", "later", total=1, currency="EUR"))
    assert api.recount(known.runtime) == paused
    assert known.profile("user_id:hans").recounting == {"orders": paused.percent}
    order(known, "resume")
    known.work()
    assert all_orders(known) == [3, 3, 3, 3, 4, 3, 3, 3]
    assert api.recount(known.runtime).state == "done"


def test_a_look_tells_what_it_would_go_through_and_changes_nothing(known):
    before = api.recount(known.runtime)
    found = look(known.runtime, ["orders"])
    assert (found.features, found.customers, found.accounts, found.events, found.lacking) == (("orders",), 8, 0, 24, 0)
    assert look(known.runtime).accounts == 1
    known.work()
    assert api.recount(known.runtime) == before


def test_a_fold_that_falls_over_on_somebody_is_tried_three_times_then_set_aside_and_tried_again_when_ordered(
    known, monkeypatch
):
    broken = [True]
    calls = []

    def fold(state, event):
        if event.user_id in ("carla", "dora"):
            calls.append(event.user_id)
            if broken[0]:
                raise KeyError(event.user_id)
        return (state or 0) + 1

    manifests = known.runtime.manifests
    mood = Feature("mood", 1, fold, lambda a, b: a + b, lambda state: state)
    monkeypatch.setattr(known.runtime, "manifests", (*manifests[:-1], replace(manifests[-1], features=(mood,))))
    known.runtime.services.pop(Folding, None)
    known.restart()
    known.work()
    found = api.recount(known.runtime)
    assert found.state == "done"
    assert [(one.first, one.last, one.attempts, one.error, one.outdated) for one in found.parts] == [
        (3, 4, 3, "folding: KeyError", ("mood",))
    ]
    assert calls == ["carla", "dora"] * 3
    assert [known.profile(f"user_id:{who}").features.get("mood") for who in PEOPLE] == [3, 3, None, None, 3, 3, 3, 3]
    assert known.profile("user_id:carla").recounting == {"mood": 100}
    # What comes in meanwhile is folded for nobody of these, and set aside for none.
    known.take(track("carla", "Login", "m9"), track("anna", "Login", "m10"))
    assert known.profile("user_id:carla").features["events"]["total"] == 4
    assert known.profile("user_id:anna").features["mood"] == 4
    broken[0] = False
    order(known, "again")
    known.work()
    assert api.recount(known.runtime).parts == ()
    assert [known.profile(f"user_id:{who}").features["mood"] for who in ("carla", "dora")] == [4, 3]
    known.restart()
    assert api.recount(known.runtime).state == "done"


def test_pages_that_history_refuses_three_times_are_set_aside(known, monkeypatch):
    falsify(known)
    query = HistoryClient.query
    refused = []

    def refuse(history, sql, parameters=None, **how):
        if "row, message_id" in sql and (parameters or {}).get("last") == 8:
            refused.append(parameters)
            raise HistoryRefused(history_code=1, reason="NO")
        return query(history, sql, parameters, **how)

    monkeypatch.setattr(HistoryClient, "query", refuse)
    order(known, "start", "orders")
    known.work()
    found = api.recount(known.runtime)
    assert len(refused) == 3
    assert (found.state, [(one.last, one.error, one.outdated) for one in found.parts]) == (
        "done",
        [(8, "HistoryRefused", ())],
    )
    assert all_orders(known)[0] == 3
    assert all_orders(known)[-1] == 99
    monkeypatch.setattr(HistoryClient, "query", query)
    order(known, "again")
    known.work()
    assert all_orders(known) == [3] * 8


def test_while_history_does_not_answer_it_waits_and_collection_goes_on(known, monkeypatch):
    falsify(known)
    query = HistoryClient.query

    def silent(history, sql, parameters=None, **how):
        if "row, message_id" in sql:
            raise HistoryUnavailable(reason="gone")
        return query(history, sql, parameters, **how)

    monkeypatch.setattr(HistoryClient, "query", silent)
    order(known, "start", "orders")
    while api.recount(known.runtime).note != "history":
        known.worker.turn()
    known.send(track("anna", "Login", "m9"))
    while known.worker.position < known.log.head():
        known.worker.turn()
    monkeypatch.setattr(HistoryClient, "query", query)
    known.work()
    assert all_orders(known) == [3] * 8
    assert api.recount(known.runtime).note == ""


def test_nothing_is_counted_where_history_lacks_events_unless_a_person_insists(known):
    falsify(known)
    known.runtime.history.command("ALTER TABLE events DELETE WHERE message_id = 'anna1' SETTINGS mutations_sync = 2")
    order(known, "start", "orders")
    known.work()
    found = api.recount(known.runtime)
    assert (found.state, found.lacking) == ("blocked", 1)
    assert all_orders(known) == [99] * 8
    order(known, "start", "orders", is_forced=True)
    known.work()
    assert all_orders(known) == [2, *[3] * 7]


def test_a_customer_with_very_many_events_is_counted_in_many_pages(workbench, monkeypatch):
    monkeypatch.undo()
    hurry(monkeypatch.setattr)
    events = [track("robot", "Order Completed", f"m{number}", total=1, currency="EUR") for number in range(9_500)]
    for place in range(0, len(events), 500):
        workbench.send(*events[place : place + 500])
    workbench.take(track("anna", "Order Completed", "a1", total=1, currency="EUR"))
    falsify(workbench)
    order(workbench, "start", "orders")
    workbench.take(track("robot", "Order Completed", "later", total=1, currency="EUR"))
    assert (orders_of(workbench, "robot"), orders_of(workbench, "anna")) == (9_501, 1)


def test_another_version_while_it_is_under_way_begins_anew(known):
    raise_versions(known.runtime, 1, ("orders",))
    known.restart()
    while not api.recount(known.runtime).anchor:
        known.worker.turn()
    raise_versions(known.runtime, 2, ("sessions",))
    known.restart()
    assert {"orders", "sessions", "tally"} <= api.recount(known.runtime).features.keys()
    known.work()
    shown = known.profile("user_id:hans").features
    assert (shown["orders"]["count"], shown["sessions"]["count"], shown["tally"][0]) == (3, 1, 3)


def test_a_window_that_was_not_told_of_a_batch_is_opened_again(known):
    falsify(known)
    order(known, "start", "orders")
    recounting = known.worker._recounting
    while not recounting._windows:
        known.worker.turn()
    told, recounting.took = recounting.took, lambda _batch, _taken: None
    known.send(track("hans", "Order Completed", "later", total=1, currency="EUR"))
    while known.worker.position < known.log.head():
        known.worker.turn()
    recounting.took = told
    known.work()
    assert all_orders(known) == [3, 3, 3, 3, 3, 3, 3, 4]


def test_nothing_is_counted_while_a_row_that_history_refused_is_set_aside(known):
    falsify(known)
    with known.runtime.customers.write() as connection:
        put_aside(connection, [Aside(HISTORY, "1/0", "HistoryRefused", b"{}")], 0)
    order(known, "start", "orders")
    known.work()
    found = api.recount(known.runtime)
    assert (found.state, found.lacking) == ("blocked", 1)
    with known.runtime.customers.write() as connection:
        take_out_by_key(connection, HISTORY, ["1/0"])
    order(known, "resume")
    known.work()
    assert all_orders(known) == [3] * 8
