"""What Stammgast derives or does stands on timelines, and changes neither who anybody is nor any figure."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stammgast.events.api import append_derived, own_body, quarantine_page, receipt
from stammgast.events.contracts import OwnEvent
from stammgast.kernel import clock
from stammgast.kernel.effects import Derive, derived_message_id
from stammgast.kernel.own_queue import queue_own, queued_own
from stammgast.pipeline import batch, runner
from stammgast.profiles import api
from tests.pipeline.test_worker import worker_with
from tools.workbench import track

HOUR = 3_600_000


def own(profile, message_id, name="Message Sent", **properties):
    return OwnEvent(origin="outgoing", profile=profile, name=name, message_id=message_id, properties=properties)


def anchors(workbench):
    with workbench.runtime.customers.read() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM anchors").scalar()


def test_an_own_event_stands_on_the_timeline_with_its_origin_and_counts_nowhere(workbench):
    workbench.take(track("anna", "Login", "m1"))
    before = workbench.profile("user_id:anna")
    append_derived(workbench.runtime, [own(before.profile, "o1", subject="Thanks")])
    workbench.work()
    after = workbench.profile("user_id:anna")
    assert (after.features, after.first_seen, after.last_seen) == (before.features, before.first_seen, before.last_seen)
    events = api.timeline(workbench.runtime, after.anchors).events
    assert [(one.name, one.origin) for one in events] == [("Message Sent", "outgoing"), ("Login", "")]
    assert events[0].properties == {"subject": "Thanks"}
    assert workbench.rows("name, origin, anchor") == [("Login", "", 1), ("Message Sent", "outgoing", 1)]
    assert anchors(workbench) == 1
    assert receipt(workbench.runtime, "o1").profile_id == after.profile


def test_the_same_own_event_counts_once(workbench):
    workbench.take(track("anna", "Login", "m1"))
    for _ in range(2):
        append_derived(workbench.runtime, [own(1, "o1")])
        workbench.work()
    assert workbench.rows("name") == [("Login",), ("Message Sent",)]


def test_no_sender_can_make_one_or_take_its_message_id(workbench):
    workbench.take({**track("anna", "Message Sent", "o1"), "origin": "outgoing", "profile": 1})
    assert workbench.rows("name, origin") == [("Message Sent", "")]
    append_derived(workbench.runtime, [own(1, "o1")])
    workbench.work()
    assert workbench.rows("name, origin") == [("Message Sent", ""), ("Message Sent", "outgoing")]


@pytest.mark.parametrize("number", [2, 999_999, 2**32 - 1])
def test_one_about_nobody_goes_to_the_quarantine(workbench, number):
    workbench.take(track("anna", "Login", "m1"))
    append_derived(workbench.runtime, [own(number, "o1")])
    workbench.work()
    assert [one.rejected.reason for one in quarantine_page(workbench.runtime)] == ["unknown_profile"]


def test_it_follows_a_merge_as_everything_does(workbench):
    workbench.take(track("anna", "Login", "m1"), track("bob", "Login", "m2"))
    bob = workbench.profile("user_id:bob")
    append_derived(workbench.runtime, [own(bob.profile, "o1")])
    workbench.take({"type": "alias", "userId": "anna", "previousId": "bob", "messageId": "m3"})
    merged = workbench.profile("user_id:anna")
    assert bob.profile in merged.anchors
    assert "o1" in [one.message_id for one in api.timeline(workbench.runtime, merged.anchors).events]


def test_the_queue_is_admitted_once_also_when_the_batch_fails_first(workbench, monkeypatch):
    workbench.take(track("anna", "Login", "m1"))
    with workbench.runtime.customers.write() as connection:
        queue_own(connection, [own_body(own(1, f"q{number}")) for number in range(3)], clock.now_millis())

    def failing(*_):
        raise OSError("no room")

    with monkeypatch.context() as patched:
        patched.setattr(runner, "commit", failing)
        with pytest.raises(OSError, match="no room"):
            workbench.worker.turn()
    workbench.worker.turn()
    workbench.work()
    assert sorted(workbench.rows("message_id")) == [("m1",), ("q0",), ("q1",), ("q2",)]
    with workbench.runtime.customers.read() as connection:
        assert queued_own(connection) == []


def test_what_an_event_sets_off_is_about_its_customer(workbench):
    def react(happened):
        if happened.event.name != "Order Completed":
            return []
        message_id = derived_message_id(happened.event.message_id, "thank", 1)
        return [Derive(own(0, message_id, "Thanked"))]

    workbench.worker.close()
    workbench.worker = worker_with(workbench, reactors=[react])
    workbench.take(track("anna", "Order Completed", "m1", total=1))
    anna = workbench.profile("user_id:anna")
    assert [one.name for one in api.timeline(workbench.runtime, anna.anchors).events] == ["Thanked", "Order Completed"]
    assert anna.features["events"]["total"] == 1


@pytest.mark.parametrize(("width", "detail"), [(1, "outgoing: more than 4 deep"), (150, "outgoing: more than 100")])
def test_what_follows_without_end_is_cut_and_shown(workbench, width, detail):
    def react(happened):
        cause = happened.event.message_id
        return [Derive(own(0, derived_message_id(cause, "echo", 1, one), "Echo")) for one in range(width)]

    workbench.worker.close()
    workbench.worker = worker_with(workbench, reactors=[react])
    workbench.take(track("anna", "Login", "m1"))
    (kept,) = quarantine_page(workbench.runtime)
    assert (kept.rejected.reason, kept.rejected.detail) == ("derived_too_much", detail)
    assert len(workbench.rows("name")) - 1 == (batch.ROUNDS_MAX - 1 if width == 1 else batch.DERIVED_MAX)


def test_history_knows_consent_and_the_header(workbench):
    workbench.take(
        {**track("anna", "Login", "m1"), "context": {"consent": {"categoryPreferences": {"ads": False, "mail": True}}}}
    )
    assert workbench.rows("consent, opts_out_of_sale") == [({"ads": False, "mail": True}, False)]


people = st.sampled_from(["anna", "bob", "cid"])
deed = st.tuples(
    people, st.sampled_from(["a", "b"]), st.sampled_from(["Login", "Order Completed"]), st.integers(0, 200)
)
history = st.lists(
    st.one_of(deed, st.tuples(people, st.sampled_from(["Message Sent", "Order Completed"]))), max_size=14
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happened=history)
def test_with_and_without_own_events_identity_and_figures_are_equal(workbench, happened):
    example = next(_numbers)
    with_own = lived(workbench, happened, f"w{example}", with_own=True)
    assert with_own == lived(workbench, happened, f"o{example}", with_own=False)


_numbers = iter(range(10**6))


def lived(workbench, happened, prefix, *, with_own):
    """Features and identifiers of everybody after a history, names of the example taken out."""
    start = 1_760_000_000_000
    for place, one in enumerate(happened):
        message_id = f"{prefix}-{place}"
        if len(one) == 4:
            user, device, name, hours = one
            event = track(f"{prefix}{user}", name, message_id, order_id=str(place), total=5, currency="EUR")
            moment = {
                "timestamp": clock.from_millis(start + hours * HOUR).isoformat(),
                "anonymousId": f"{prefix}{device}",
            }
            workbench.take({**event, **moment}, received_at=start + 1000 * HOUR)
        elif with_own and (about := found(workbench, f"user_id:{prefix}{one[0]}")) is not None:
            append_derived(workbench.runtime, [own(about.profile, message_id, one[1], total=5, currency="EUR")])
    workbench.work()
    whole = [found(workbench, f"user_id:{prefix}{user}") for user in ("anna", "bob", "cid")]
    text = msgspec.json.encode(
        [one and (one.features, sorted((each.namespace, each.value) for each in one.identifiers)) for one in whole]
    )
    return text.decode().replace(prefix, "")


def found(workbench, reference):
    try:
        return workbench.profile(reference)
    except api.NoSuchProfile:
        return None
