"""What is promised of what leaves the house: at least once, in order where asked, nobody in another's way."""

import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stammgast.kernel import clock
from stammgast.outgoing import api, deciding
from stammgast.outgoing.contracts import Health, Pace, WebhookOrder
from stammgast.outgoing.deciding import Answer, after_answer, delay_millis, next_step
from stammgast.outgoing.pacing import Pacing
from tests.outgoing.conftest import BY, Post


def test_what_fails_goes_again_later_and_the_timeline_is_told_once(post, receiver):
    receiver.answers = [(500, {}, "kitchen on fire"), (503,)]
    key = post.order(post.target(receiver.url()), profile=7)
    post.turn()
    found = api.delivery_of_key(post.runtime, key)
    assert (found.state, found.detail) == ("waiting", "HTTP 500: kitchen on fire")
    assert 8_000 <= found.next_at - clock.now_millis() + 2_000 <= 14_500
    for _ in range(2):
        post.later(hours=0)
        post.turn()
    assert post.state(key) == ("sent", "")
    assert len(set(receiver.ids())) == 1
    assert [one.status for one in api.attempts_at(post.runtime, delivery=found.number)] == [200, 503, 500]
    told = {
        "kind": "webhook",
        "purpose": "tests",
        "subject": "guest.came",
        "target": "CRM",
        "delivery": 1,
        "attempts": 3,
    }
    assert post.told() == [("Message Sent", told)]


def test_what_fails_for_days_is_a_dead_letter_that_can_be_sent_again(post, receiver):
    receiver.answers = [(500,)] * 2
    target = post.target(receiver.url(), give_up_hours=24)
    key = post.order(target, profile=7)
    post.turn()
    post.later(hours=25)
    post.turn()
    assert post.state(key) == ("failed", "gave_up")
    api.replay(post.runtime, BY, 1)
    post.turn()
    assert post.state(key) == ("sent", "")
    assert [name for name, _ in post.told()] == ["Message Failed", "Message Sent"]
    assert post.told()[0][1]["reason"] == "gave_up"


def test_a_message_that_fails_again_after_a_replay_is_told_once_only(post, receiver):
    receiver.answers = [(410,)] * 2
    target = post.target(receiver.url())
    key = post.order(target, profile=7)
    post.turn()
    api.switch_target(post.runtime, BY, target, is_on=True)
    api.replay_all(post.runtime, BY, target)
    post.turn()
    assert (len(receiver.got), post.state(key)) == (2, ("failed", "gone"))
    assert [name for name, _ in post.told()] == ["Message Failed"]


def test_the_same_key_goes_once_whenever_it_is_ordered(post, receiver):
    target = post.target(receiver.url())
    for _ in range(3):
        post.order(target, "k")
        post.turn()
    assert len(receiver.got) == 1


def test_a_key_is_remembered_when_its_delivery_is_not_kept_any_more(post, receiver):
    target = post.target(receiver.url())
    post.order(target, "k")
    post.turn()
    with post.runtime.customers.write() as connection:
        connection.exec_driver_sql("UPDATE outgoing_deliveries SET ended_at = 1")
    post.engine._sweep_if_due()
    assert post.state("k") is None
    assert api.attempts_at(post.runtime, target=target) == []
    post.order(target, "k")
    post.turn()
    assert len(receiver.got) == 1


def test_order_is_kept_where_asked_also_when_one_fails(post, receiver):
    receiver.answers = [(200,), (500,), (500,), (200,)]
    target = post.target(receiver.url(), in_order=True)
    for number in range(5):
        post.order(target, number=number)
    for _ in range(3):
        post.turn()
        post.later(hours=0)
    post.turn()
    numbers = [msgspec.json.decode(one.body)["data"]["number"] for one in receiver.got]
    assert numbers == [0, 1, 1, 1, 2, 3, 4]
    assert receiver.flying_max == 1


def test_without_order_others_pass_one_that_fails(post, receiver):
    receiver.answers = [(500,)]
    target = post.target(receiver.url(), at_once=1)
    keys = [post.order(target) for _ in range(4)]
    post.turn()
    assert [post.state(key)[0] for key in keys] == ["waiting", "sent", "sent", "sent"]


def test_a_target_that_is_down_or_slow_stops_no_other_one(post, receiver):
    slow = [post.target(receiver.url(), name=f"slow {one}") for one in range(2)]
    down = post.target("http://127.0.0.1:1/", name="down")
    quick = post.target(receiver.url("/quick"), name="quick")
    receiver.answers = [lambda request: (200, {}, "", 0 if request.path == "/quick" else 1.0)] * 100
    for _ in range(8):
        for one in (*slow, down, quick):
            post.order(one)
    began = time.monotonic()
    while api.counts(post.runtime).get(quick, api.Counts()).sent < 8:
        post.engine.turn()
        post.engine.wait(0.01)
        assert time.monotonic() - began < 5
    assert api.counts(post.runtime)[slow[0]].sent < 8
    post.turn(20)
    assert [api.counts(post.runtime)[one].sent for one in slow] == [8, 8]
    assert api.counts(post.runtime)[down].waiting == 8


def test_no_more_go_at_once_than_may_at_one_target_and_in_all(post, receiver):
    receiver.answers = [(200, {}, "", 0.05)] * 60
    target = post.target(receiver.url(), at_once=3)
    for _ in range(12):
        post.order(target)
    post.turn()
    assert receiver.flying_max == 3
    others = [post.target(receiver.url(), name=f"t{one}", at_once=8) for one in range(4)]
    post.engine.pacing.at_once = 5
    for one in others * 8:
        post.order(one)
    post.turn()
    assert receiver.flying_max == 5


def test_a_target_that_is_down_rests_and_is_asked_with_one_at_a_time(post):
    target = post.target("http://127.0.0.1:1/", at_once=1)
    for _ in range(10):
        post.order(target)
    post.turn()
    health = api.all_health(post.runtime)[target]
    assert health.failures == deciding.FAILURES_MAX
    assert 3_000 < health.resting_until - clock.now_millis() < 6_000
    assert sum(one.attempts for one in api.list_deliveries(post.runtime).deliveries) == 3


def test_when_it_is_up_again_everything_goes_at_once(post, receiver, monkeypatch):
    monkeypatch.setattr("stammgast.outgoing.turning.OUTAGE_MILLIS", 0)
    receiver.answers = [(500,)] * 3
    target = post.target(receiver.url(), at_once=1)
    keys = [post.order(target) for _ in range(10)]
    post.turn()
    with post.runtime.customers.write() as connection:
        connection.exec_driver_sql("UPDATE outgoing_health SET resting_until = 0")
    post.turn()
    assert {post.state(key)[0] for key in keys} == {"sent"}
    assert len(receiver.got) == 13


def test_what_nobody_knows_the_fate_of_goes_again_or_is_held(post, receiver):
    receiver.answers = [(200, {}, "", 2.0)] * 2
    again = post.order(post.target(receiver.url(), name="again", timeout_seconds=1))
    held = post.order(post.target(receiver.url(), name="hold", timeout_seconds=1, when_unsure="hold"))
    post.turn()
    assert (post.state(again), post.state(held)) == (("waiting", ""), ("failed", "unsure"))


def test_what_never_reached_the_other_side_is_not_held(post):
    key = post.order(post.target("http://127.0.0.1:1/", when_unsure="hold"))
    post.turn()
    assert post.state(key) == ("waiting", "")


def test_what_comes_too_late_is_not_sent(post, receiver):
    target = post.target(receiver.url())
    order = WebhookOrder(key="late", purpose="tests", target=target, type="x", time=0, profile=7, not_after=1)
    post.effects(api.order_webhook(order))
    post.turn()
    assert (receiver.got, post.state("late")) == ([], ("failed", "too_late"))
    assert [name for name, _ in post.told()] == ["Message Failed"]


def test_what_names_no_target_or_makes_no_sense_is_shown_and_stops_nothing(post, receiver):
    post.order(99, "lost", profile=7)
    with post.runtime.customers.write() as connection:
        sql = "INSERT INTO effects (kind, key, payload, created_at) VALUES ('webhook', 'odd', x'c1', 1)"
        connection.exec_driver_sql(sql)
        huge = msgspec.msgpack.encode({"key": "h", "purpose": "p", "target": 2**64 - 1, "type": "x", "time": 0})
        connection.exec_driver_sql(sql.replace("odd", "huge").replace("c1", huge.hex()))
    key = post.order(post.target(receiver.url()))
    post.turn()
    assert [post.state(one) for one in ("lost", "odd", "huge", key)] == [
        ("failed", "no_target"), ("failed", "unreadable"), ("failed", "unreadable"), ("sent", ""),
    ]  # fmt: skip
    assert [name for name, _ in post.told()] == ["Message Failed"]


def test_what_waits_for_a_target_that_is_removed_fails_and_is_told(post, receiver):
    target = post.target(receiver.url())
    api.switch_target(post.runtime, BY, target, is_on=False)
    key = post.order(target, profile=7)
    post.turn()
    api.remove_target(post.runtime, BY, target)
    post.turn()
    assert (post.state(key), len(post.told())) == (("failed", "no_target"), 1)


def test_somebody_may_let_go_of_what_waits(post):
    target = post.target("http://127.0.0.1:1/")
    key = post.order(target)
    post.turn()
    api.discard(post.runtime, BY, api.delivery_of_key(post.runtime, key).number)
    post.later()
    post.turn()
    assert post.state(key) == ("discarded", "")


def test_an_engine_that_was_replaced_sends_nothing_more(post, receiver):
    target = post.target(receiver.url())
    post.turn()
    other = Post(post.runtime)
    other.turn()
    key = post.order(target)
    with pytest.raises(Exception, match="has taken over"):
        post.turn()
    assert receiver.got == []
    other.turn()
    assert post.state(key) == ("sent", "")


def test_what_is_under_way_when_the_worker_stops_is_waited_for(post, receiver):
    receiver.answers = [(200, {}, "", 0.5)]
    key = post.order(post.target(receiver.url()))
    post.engine.ensure_running()
    deadline = time.monotonic() + 5
    while not receiver.got:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    post.engine.close()
    assert post.state(key) == ("sent", "")


def test_the_rate_of_a_target_is_kept():
    moment = [0.0]
    pacing = Pacing(100, now=lambda: moment[0])
    from stammgast.outgoing.contracts import ShownSettings, Target

    target = Target(
        id=1, uid="u", name="n", kind="shown", brand=0, is_on=True, settings=ShownSettings(), created_at=0, opened_at=0,
        pace=Pace(per_minute=120, at_once=50),
    )  # fmt: skip
    begun = 0
    for step in range(600):
        moment[0] = step / 10
        for _ in range(pacing.room(target, Health(), 0)):
            pacing.begin(1)
            pacing.end(1)
            begun += 1
    assert 118 <= begun <= 122


@given(st.text(min_size=1), st.integers(1, 100))
def test_waits_grow_up_to_a_day_and_are_spread(key, tries):
    least, most = (min(86_400_000 / 1.2, 10_000 * 3 ** (tries - 1)) * share for share in (0.8, 1.2))
    assert least - 1 <= delay_millis(key, tries) <= most
    assert delay_millis(key, tries) <= 86_400_000


def test_a_message_that_is_at_fault_itself_does_not_let_its_target_rest():
    health = Health()
    for _ in range(5):
        after_answer(health, Answer(outcome="again", detail="HTTP 422", status=422), 1)
    assert (health.failures, health.resting_until) == (0, 0)


def test_giving_up_counts_from_the_first_attempt_and_not_from_the_order(post, receiver):
    target = post.target(receiver.url())
    api.switch_target(post.runtime, BY, target, is_on=False)
    key = post.order(target)
    post.turn()
    with post.runtime.customers.write() as connection:
        connection.exec_driver_sql("UPDATE outgoing_deliveries SET created_at = 1")
    receiver.answers = [(500,)]
    api.switch_target(post.runtime, BY, target, is_on=True)
    post.turn()
    assert post.state(key) == ("waiting", "")
    found = api.delivery_of_key(post.runtime, key)
    tired = msgspec.structs.replace(found, first_at=1)
    assert next_step(tired, Answer(outcome="again", detail=""), Pace(), clock.now_millis()).reason == "gave_up"
