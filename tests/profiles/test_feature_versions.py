"""A fold that was changed, or that is new, is counted anew from history, and until then its figures are not taken for anything."""

import logging
from dataclasses import replace

import pytest

from stammgast.operations.api import examine
from stammgast.pipeline.runner import Worker
from stammgast.profiles import api
from stammgast.profiles.folding import Folding
from stammgast.profiles.recounts.ordering import order_recount
from stammgast.workspace.contracts import Actor
from tools.workbench import track


def raised(features, name):
    return tuple(replace(one, version=one.version + 1) if one.name == name else one for one in features)


def give(workbench, monkeypatch, change):
    """Let the code's features be others, as after an upgrade; web knows at once, the worker when it is started."""
    manifest = next(one for one in workbench.runtime.manifests if one.features)
    others = [one for one in workbench.runtime.manifests if one is not manifest]
    changed = replace(manifest, features=change(manifest.features))
    monkeypatch.setattr(workbench.runtime, "manifests", (*others, changed))
    workbench.runtime.services.pop(Folding, None)


@pytest.fixture
def anna(workbench):
    workbench.take(track("anna", "Order Completed", "m1", total=1, currency="EUR"))
    return lambda: workbench.profile("user_id:anna")


def finding(workbench):
    return next(one for one in examine(workbench.runtime) if one.name == "figures of profiles")


@pytest.mark.usefixtures("anna")
def test_without_a_change_nothing_is_counted_anew(workbench):
    for _ in range(2):
        assert api.recount(workbench.runtime).state == "none"
        assert api.counting(workbench.runtime).is_all_well
        assert finding(workbench).is_well
        workbench.restart()


def test_a_raised_version_hides_its_figure_until_the_worker_has_counted_it_anew(workbench, anna, monkeypatch, caplog):
    give(workbench, monkeypatch, lambda features: raised(features, "orders"))
    assert "orders" not in anna().features
    assert anna().recounting == {"orders": 0}
    assert finding(workbench).mend.startswith("Start the worker")
    with caplog.at_level(logging.WARNING):
        workbench.restart()
    assert [(one.feature, one.folded_by, one.version) for one in caplog.records] == [("orders", 1, 2)]
    assert anna().recounting == {"orders": 0}
    assert "orders" not in anna().features
    assert finding(workbench).found == "orders: being counted anew, 0 %"
    workbench.work()
    assert anna().features["orders"]["count"] == 1
    assert anna().recounting == {}
    found = api.recount(workbench.runtime)
    assert (found.state, found.percent, found.events, list(found.features)) == ("done", 100, 1, ["orders"])
    assert finding(workbench).is_well


def test_a_new_feature_counts_what_was_before_it(workbench, anna, monkeypatch):
    mood = replace(next(one for one in api.folding_of(workbench.runtime).features if one.name == "events"), name="mood")
    give(workbench, monkeypatch, lambda features: (*features, mood))
    workbench.restart()
    workbench.take(track("anna", "Login", "m2"))
    assert anna().features["mood"] == {"total": 2, "by_name": {"Login": 1, "Order Completed": 1}}


def test_a_feature_that_was_away_and_comes_back_counts_what_it_missed(workbench, anna, monkeypatch):
    manifests = workbench.runtime.manifests
    give(workbench, monkeypatch, lambda features: tuple(one for one in features if one.name != "orders"))
    workbench.restart()
    workbench.take(track("anna", "Order Completed", "m2", total=1, currency="EUR"))
    monkeypatch.setattr(workbench.runtime, "manifests", manifests)
    workbench.runtime.services.pop(Folding, None)
    workbench.restart()
    workbench.work()
    assert anna().features["orders"]["count"] == 2


def test_the_list_shows_what_was_counted_anew(workbench, monkeypatch):
    workbench.take(track("anna", "Order Completed", "m1", total=1, currency="EUR"))

    def twice(features):
        fold = next(one.fold for one in features if one.name == "orders")
        return tuple(
            replace(one, version=2, fold=lambda state, event: fold(fold(state, event), event))
            if one.name == "orders"
            else one
            for one in features
        )

    give(workbench, monkeypatch, twice)
    workbench.restart()
    workbench.work()
    assert [one.orders for one in api.list_customers(workbench.runtime).rows] == [2]


def test_a_worker_that_was_replaced_writes_nothing_of_it(workbench, anna, monkeypatch):
    from stammgast.kernel.position import LeaseLost

    give(workbench, monkeypatch, lambda features: raised(features, "orders"))
    workbench.restart()
    other = Worker(workbench.runtime)
    with pytest.raises(LeaseLost):
        workbench.work()
    other.close()
    assert "orders" not in anna().features


def test_while_it_is_paused_the_list_follows_what_may_be_relied_on_and_keeps_the_rest(workbench, monkeypatch):
    shop = {"context": {"channel": "shop"}}
    workbench.take(track("anna", "Order Completed", "m1", total=1, currency="EUR"))
    give(workbench, monkeypatch, lambda features: raised(raised(features, "orders"), "traits"))
    workbench.restart()
    order_recount(workbench.runtime, Actor("command", 0, "Alice"), "pause")
    while api.recount(workbench.runtime).state != "paused":
        workbench.worker.turn()
    workbench.take(
        track("anna", "Order Completed", "m2", total=4, currency="EUR") | shop,
        {"type": "identify", "userId": "anna", "messageId": "m3", "traits": {"email": "anna@inn.test"}},
    )
    (line,) = api.list_customers(workbench.runtime).rows
    assert (line.orders, line.events, line.revenue) == (1, 3, 5_000_000)
    assert api.list_customers(workbench.runtime, "anna@inn.test").rows == (line,)
    assert "shop" in workbench.profile("user_id:anna").features["channels"]
    order_recount(workbench.runtime, Actor("command", 0, "Alice"), "resume")
    while api.recount(workbench.runtime).state != "done":
        workbench.worker.turn()
    workbench.work()
    (line,) = api.list_customers(workbench.runtime).rows
    assert (line.orders, line.email) == (2, "anna@inn.test")
