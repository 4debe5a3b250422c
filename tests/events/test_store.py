"""Quarantine and definitions, on both databases."""

from pathlib import Path

import pytest

import stammgast.events
from stammgast.events.contracts import EntryMeta, EventSchema, RawEvent, Rejected
from stammgast.events.enrichment.rules import ChannelRule
from stammgast.events.store import definitions, quarantine
from stammgast.kernel.settings import Settings
from stammgast.kernel.state import open_state

FOLDER = Path(stammgast.events.__file__).parent / "migrations"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def settings(request, tmp_path):
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    return Settings(data=tmp_path, state_url=url)


@pytest.fixture
def customers(settings):
    state = open_state(settings, "customers")
    state.migrate([FOLDER / "customers"])
    yield state
    state.close()


@pytest.fixture
def control(settings):
    state = open_state(settings, "control")
    state.migrate([FOLDER / "control"])
    yield state
    state.close()


def rejected(position, reason="missing_event", message_id="", source=7):
    raw = RawEvent(
        position=position,
        ordinal=2,
        source=source,
        received_at=1_700_000_000_000,
        body=b'{"a": "\xff"}',
        is_import=True,
        kind="import",
        sent_at=1_699_999_999_000,
        meta=EntryMeta("203.0.113.0", "Mozilla/5.0", is_browser=True, opts_out_of_sale=True),
    )
    digest = message_id.encode().ljust(16, b"\0") if message_id else b""
    return Rejected(raw=raw, reason=reason, detail="what", message_id=message_id, digest=digest, time=5, name="N")


def test_what_is_quarantined_can_be_read_again_as_it_came(customers):
    with customers.write() as connection:
        quarantine.add_quarantined(connection, [rejected(10, message_id="m1")], at=99)
        (row,) = quarantine.list_quarantined(connection, limit=10)
        assert row.rejected == rejected(10, message_id="m1")
        assert (row.quarantined_at, row.is_discarded) == (99, False)
        assert quarantine.quarantined_by_ids(connection, [row.id, 12345]) == [row]
        assert quarantine.quarantined_by_digests(connection, [row.rejected.digest]) == row
        assert quarantine.quarantined_by_digests(connection, [b"x" * 16]) is None


def test_an_entry_that_is_read_twice_is_quarantined_once(customers):
    for _ in range(2):
        with customers.write() as connection:
            quarantine.add_quarantined(connection, [rejected(10), rejected(11)], at=99)
            quarantine.add_quarantined(connection, [], at=99)
    with customers.read() as connection:
        assert len(quarantine.list_quarantined(connection, limit=10)) == 2


def test_lists_page_backwards_and_filter(customers):
    with customers.write() as connection:
        quarantine.add_quarantined(connection, [rejected(one) for one in range(1, 6)], at=1)
        quarantine.add_quarantined(connection, [rejected(6, "wrong_type", source=8)], at=1)
        newest = quarantine.list_quarantined(connection, limit=4)
        assert [one.rejected.raw.position for one in newest] == [6, 5, 4, 3]
        older = quarantine.list_quarantined(connection, before=newest[-1].id, limit=4)
        assert [one.rejected.raw.position for one in older] == [2, 1]
        assert len(quarantine.list_quarantined(connection, reason="wrong_type", limit=9)) == 1
        assert len(quarantine.list_quarantined(connection, source=7, limit=9)) == 5
        assert quarantine.count_quarantined(connection) == {"missing_event": 5, "wrong_type": 1}
        ids = quarantine.quarantined_ids(connection, "missing_event", 2)
        assert len(quarantine.quarantined_ids(connection, "missing_event", 9, after=ids[-1])) == 3


def test_a_discarded_event_keeps_its_receipt_and_loses_what_it_said(customers):
    with customers.write() as connection:
        quarantine.add_quarantined(connection, [rejected(1, message_id="m1"), rejected(2)], at=1)
        ids = [one.id for one in quarantine.list_quarantined(connection, limit=9)]
        quarantine.discard_quarantined(connection, ids)
        assert quarantine.list_quarantined(connection, limit=9) == []
        assert quarantine.quarantined_by_ids(connection, ids) == []
        assert quarantine.count_quarantined(connection) == {}
        left = quarantine.quarantined_by_digests(connection, [rejected(1, message_id="m1").digest])
        assert left.is_discarded
        assert (left.rejected.raw.body, left.rejected.raw.meta) == (b"", EntryMeta())


def test_a_replay_takes_out_what_succeeded_and_notes_the_new_reason_of_the_rest(customers):
    with customers.write() as connection:
        quarantine.add_quarantined(connection, [rejected(1), rejected(2)], at=1)
        second, first = quarantine.list_quarantined(connection, limit=9)
        quarantine.remove_quarantined(connection, [first.id])
        quarantine.requarantine(connection, second.id, rejected(2, "wrong_type"))
        assert quarantine.count_quarantined(connection) == {"wrong_type": 1}


def test_event_schemas_are_kept_by_name(control):
    schema = EventSchema("Order Completed", (("total", "number"), ("currency", "string")))
    with control.write() as connection:
        definitions.save_event_schema(connection, schema)
        definitions.save_event_schema(connection, EventSchema("Debug", is_blocked=True))
        definitions.save_event_schema(connection, EventSchema("Debug", (("a", "any"),)))
        assert definitions.list_event_schemas(connection) == [EventSchema("Debug", (("a", "any"),)), schema]
        assert definitions.delete_event_schema(connection, "Debug")
        assert not definitions.delete_event_schema(connection, "Debug")


def test_channel_rules_keep_their_order_and_none_means_those_we_come_with(control):
    rules = [ChannelRule(event="Till *", channel="shop"), ChannelRule(source=3, channel="phone", touchpoint="Hotline")]
    with control.write() as connection:
        assert definitions.list_channel_rules(connection) is None
        definitions.replace_channel_rules(connection, rules)
        assert definitions.list_channel_rules(connection) == tuple(rules)
        definitions.replace_channel_rules(connection, [])
        assert definitions.list_channel_rules(connection) is None
