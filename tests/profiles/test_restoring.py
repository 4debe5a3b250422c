"""An event read from history is the event that was folded: field by field, through a real history."""

import copy

import msgspec
import pytest

from stammgast.events.contracts import EntryMeta, Event
from stammgast.events.wire import encode_meta
from stammgast.kernel.log import LogEntry
from stammgast.pipeline.batch import Batch
from stammgast.profiles.recounts.facts import Wanted, page_of_accounts, page_of_customers
from stammgast.profiles.recounts.restoring import NOT_RESTORED, restored

EVERYTHING = Wanted(None, with_robots=True, with_accounts=True)
CONTEXT = {
    "page": {"path": "/a", "title": "Tee", "url": "https://inn.test/a?utm_source=x&utm_medium=cpc&gclid=1"},
    "userAgent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile/15E148 Safari/604.1",
    "locale": "de-DE",
    "location": {"country": "DE"},
    "traits": {"age": 3, "city": "Ulm"},
    "groupId": "acme",
    "consent": {"categoryPreferences": {"ads": True, "analytics": False}},
}
SENT = [
    {"type": "track", "event": "Order Completed", "userId": "a", "context": CONTEXT, "messageId": "m1"}
    | {"properties": {"total": 19.99, "currency": "EUR", "a.b": 10**40, "n": 3, "x": [1, 2.5, None], "1": {"ä": "\t"}}},
    {"type": "identify", "userId": 17, "traits": {"city": "Bonn", "e": 1e300, "none": None}, "context": CONTEXT},
    {"type": "identify", "userId": "a", "traits": {}, "timestamp": "1931-02-03T04:05:06.789Z"},
    {"type": "group", "userId": "a", "groupId": "acme", "traits": {"name": "Acme"}, "context": CONTEXT},
    {"type": "alias", "userId": "a", "previousId": 12.0},
    {"type": "page", "anonymousId": "x", "name": "Start", "properties": {"a": {"b": 1}, "a.b": 2}},
    {"type": "screen", "anonymousId": "x", "name": "", "properties": None},
    {"type": "track", "event": "Bot", "anonymousId": "r", "context": {"userAgent": "Googlebot/2.1"}},
]
NOBODY = {"type": "track", "event": "Order Completed", "anonymousId": "n", "subject": "none", "messageId": "n1"}


@pytest.fixture
def folded(monkeypatch):
    """The events that go through the folds from now on."""
    seen = []
    fold = Batch._fold

    def watch(batch, fresh, known):
        # As they are now: whoever folds may change nothing, but who knows.
        seen.extend(copy.deepcopy(one.event) for one in fresh)
        fold(batch, fresh, known)

    monkeypatch.setattr(Batch, "_fold", watch)
    return seen


def fields(event):
    found = msgspec.structs.asdict(event)
    found["context"] = {name: one for name, one in found["context"].items() if f"context.{name}" not in NOT_RESTORED}
    found["consent"] = found["consent"] or None
    return {name: one for name, one in found.items() if name not in NOT_RESTORED}


def send(workbench, events, meta, kind="batch", more=b""):
    body = b'{"batch":' + msgspec.json.encode(events) + more + b"}"
    workbench.log.append_sync(LogEntry(1_790_000_000_123, 1, len(events), kind, encode_meta(meta), body))


def test_every_field_comes_back(workbench, folded):
    send(workbench, SENT, EntryMeta(ip="192.0.2.0", is_browser=True, opts_out_of_sale=True), more=b',"context":{"z":1}')
    send(workbench, [{**one, "messageId": f"i{place}"} for place, one in enumerate(SENT)], EntryMeta(), "import")
    send(workbench, [{**NOBODY, "groupId": "acme"}], EntryMeta(), "own")
    workbench.work()
    rows = page_of_customers(workbench.runtime.history, EVERYTHING, (1, 99), 10**6, None)
    rows += [one for one in page_of_accounts(workbench.runtime.history, ["acme"], 10**6, None) if not one.anchor]
    found = {(one.is_import, one.message_id): fields(one) for one in map(restored, rows)}
    assert len(folded) == 2 * len(SENT) + 1
    assert found == {(one.is_import, one.message_id): fields(one) for one in folded}


def test_what_history_could_not_hold_is_folded_as_it_came(workbench, folded, monkeypatch):
    from stammgast.kernel.history import HistoryClient, HistoryRefused

    insert = HistoryClient.insert_json_lines

    def refuse(history, table, lines, **how):
        if b"terrible" in lines and b'"properties"' in lines.replace(b'\\"properties\\"', b""):
            raise HistoryRefused(history_code=117, reason="INCORRECT_DATA")
        return insert(history, table, lines, **how)

    monkeypatch.setattr(HistoryClient, "insert_json_lines", refuse)
    event = {"type": "track", "event": "A", "userId": "a", "messageId": "t", "properties": {"terrible": 1}}
    send(workbench, [event], EntryMeta())
    workbench.work()
    assert workbench.rows("flags") == [(["properties_unfit"],)]
    (row,) = page_of_customers(workbench.runtime.history, EVERYTHING, (1, 99), 10**6, None)
    assert fields(restored(row)) == fields(folded[0])


def test_no_fold_looks_at_what_does_not_come_back(workbench):
    """Fold over an event that names what it is asked for; a fold that asks for more can't be counted anew."""
    asked = set()

    class Watched(Event):
        def __getattribute__(self, name):
            asked.add(name)
            return super().__getattribute__(name)

    event = Watched(message_id="m", digest=b"", content=1, type="track", name="Order Completed", time=1, received_at=1)
    for manifest in workbench.runtime.manifests:
        for feature in manifest.features:
            feature.fold(None, event)
    assert asked
    assert asked.isdisjoint(NOT_RESTORED)
