"""A timeline shows what profiles have already, whether history has got it or not, and shows it alike."""

import random
import uuid

import pytest

from stammgast.profiles import api, undelivered
from stammgast.profiles.accounts import api as accounts
from stammgast.profiles.history import rows_present
from tools.workbench import track

AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120 Safari/537.36"
RICH = [
    {
        "type": "page",
        "name": "Speisekarte",
        "userId": "anna",
        "anonymousId": "browser-1",
        "messageId": "rich-1",
        "timestamp": "2026-03-01T12:30:00.123Z",
        "context": {
            "userAgent": AGENT,
            "locale": "de-DE",
            "page": {"path": "/karte", "title": "Größe 🛒", "referrer": "https://www.google.com/"},
            "campaign": {"name": "frühling", "source": "brief", "medium": "mail"},
            "groupId": "inn-7",
        },
        "properties": {"a": {"b": 1}, "n": 2**60, "it's": "x\ty"},
    },
    track("anna", "Order Completed", "rich-2", total=13.8, currency="EUR", order_id="B-1"),
    {"type": "identify", "userId": "anna", "messageId": "rich-3", "traits": {"name": "Anna", "plan": "gold"}},
    {"type": "group", "userId": "anna", "groupId": "inn-7", "messageId": "rich-4", "traits": {"name": "Inn"}},
]


@pytest.fixture
def stalled(workbench):
    """A workbench that takes events in but delivers none before it is restarted."""

    def take(*events):
        workbench.worker._sender.stop()
        workbench.send(*events)
        while workbench.worker.position < workbench.log.head():
            workbench.worker.turn()

    workbench.stall = take
    return workbench


def deliver(workbench):
    workbench.restart()
    workbench.work()


def page(workbench, **how):
    return api.timeline(workbench.runtime, workbench.profile("user_id:anna").anchors, **how)


def ids(found):
    return [one.message_id for one in found.events]


def test_an_event_looks_the_same_before_and_after_it_is_delivered(stalled):
    stalled.stall(*RICH)
    raw = [api.raw_event(stalled.runtime, stalled.profile("user_id:anna").anchors, one["messageId"]) for one in RICH]
    account = accounts.get_account(stalled.runtime, "group_id:inn-7")
    before = page(stalled)
    of_account = [one.event for one in accounts.account_timeline(stalled.runtime, account).events]
    assert stalled.rows("1") == []
    deliver(stalled)
    assert len(stalled.rows("1")) == len(RICH)
    assert page(stalled) == before
    assert sorted(ids(before)) == ["rich-1", "rich-2", "rich-3", "rich-4"]
    assert [one.event for one in accounts.account_timeline(stalled.runtime, account).events] == of_account
    assert {one.message_id for one in of_account} == {"rich-1", "rich-4"}
    assert [
        api.raw_event(stalled.runtime, stalled.profile("user_id:anna").anchors, one["messageId"]) for one in RICH
    ] == raw
    assert None not in raw


def test_pages_and_filters_go_through_both_as_through_one(stalled):
    chance = random.Random(5)
    minutes = [f"2026-03-01T12:{chance.randrange(4):02d}:00Z" for _ in range(40)]
    events = [track("anna", chance.choice(["Login", "Order"]), f"m{n:02d}") for n in range(40)]
    events = [one | {"timestamp": at} for one, at in zip(events, minutes, strict=True)]
    stalled.take(*events[::2])
    stalled.stall(*events[1::2])

    def walk(**how):
        found, cursor = [], ""
        while cursor is not None:
            one = page(stalled, before=cursor, limit=7, **how)
            found += ids(one)
            cursor = one.next
        return found

    everything, orders = walk(), walk(names=["Order"])
    assert (len(everything), len(set(everything))) == (40, 40)
    assert set(orders) == {one["messageId"] for one in events if one["event"] == "Order"}
    assert walk(types=["page"]) == []
    deliver(stalled)
    assert walk() == everything
    assert walk(names=["Order"]) == orders


def test_what_is_delivered_between_the_two_looks_is_there_once(stalled, monkeypatch):
    stalled.stall(*RICH)
    ask = undelivered.history.timeline_rows

    def ask_later(history, wanted):
        deliver(stalled)
        assert len(rows_present(history, 1)) == len(RICH)
        return ask(history, wanted)

    anchors = stalled.profile("user_id:anna").anchors
    monkeypatch.setattr(undelivered.history, "timeline_rows", ask_later)
    assert sorted(ids(api.timeline(stalled.runtime, anchors))) == ["rich-1", "rich-2", "rich-3", "rich-4"]


def test_others_rows_stay_theirs_and_a_long_queue_is_not_searched(stalled, monkeypatch):
    stalled.stall(*RICH, track("bert", "Login", "b1"))
    assert "b1" not in ids(page(stalled))
    monkeypatch.setattr(undelivered, "ROWS_MAX", 3)
    assert ids(page(stalled)) == []


def test_history_sorts_digests_as_we_do(workbench):
    digests = [str(uuid.uuid4()) for _ in range(200)]
    sql = "SELECT arraySort(arrayMap(x -> toUUID(x), {digests:Array(String)}))"
    ((theirs,),) = workbench.runtime.history.query(sql, {"digests": digests})
    assert theirs == sorted(digests, key=lambda one: undelivered._place(0, one))
