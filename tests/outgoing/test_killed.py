"""Killed by -9 before, while and after the other side takes it: nothing is lost, and what may come twice has one id."""

from collections import Counter
from dataclasses import replace
from random import Random
from threading import Timer

import pytest

from stammgast.outgoing import api
from stammgast.outgoing.contracts import MailOrder, MailSettings, Pace, TargetFacts
from stammgast.outgoing.mail import message_id
from stammgast.outgoing.signing import webhook_id
from tests.outgoing.conftest import BY
from tests.outgoing.mail_server import PASSWORD, USER, make_certificates, start_mail_server
from tests.outgoing.mortal import Mortal

pytestmark = pytest.mark.slow

COUNT = 12


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def settings(settings, certificates):
    return replace(settings, outgoing_ca=str(certificates[0]))


@pytest.fixture
def mortal(runtime):
    one = Mortal(runtime)
    yield one
    one.engine.close()


@pytest.fixture
def server(certificates):
    controller, _ = start_mail_server(certificates)
    yield controller
    controller.stop(no_assert=True)


def told_once(mortal, keys):
    told = mortal.told()
    assert sorted(name for name, _ in told) == ["Message Sent"] * len(keys)
    assert len({properties["delivery"] for _, properties in told}) == len(keys)


def killing(mortal, when):
    """Return an answer of the receiver that kills the engine before or after it is given, once."""

    def answer(_request):
        if when == "taken":
            mortal.kill()
        elif when == "answered":
            Timer(0.0, mortal.kill).start()
        return (200,)

    return answer


def killing_within(mortal, seconds):
    """Return an answer that lets the engine die so many seconds later, whatever it does then."""

    def answer(_request):
        Timer(seconds, lambda: mortal.life.is_alive() and mortal.kill()).start()
        return (200,)

    return answer


@pytest.mark.parametrize("when", ["taken", "answered"])
@pytest.mark.parametrize("at_once", [1, 4])
def test_a_webhook_taken_while_the_worker_dies_comes_again_under_its_id_and_no_other_does(
    mortal, receiver, when, at_once
):
    target = mortal.target(receiver.url(), at_once=at_once)
    keys = [mortal.order(target, profile=7) for _ in range(COUNT)]
    deaths = 0
    for place in (0, 3, 5):
        receiver.answers = [(200,)] * place + [killing(mortal, when)]
        noted, before = mortal.sent(), len(receiver.got)
        deaths += mortal.live()
        again = {one.headers["webhook-id"] for one in receiver.got[before:]}
        assert not again & {webhook_id(key) for key in noted}, "sent again though its answer was noted"
    receiver.answers = []
    assert not mortal.live()
    counted = Counter(receiver.ids())
    assert counted.keys() == {webhook_id(key) for key in keys}
    assert sum(counted.values()) - COUNT <= deaths * at_once
    assert {mortal.state(key) for key in keys} == {("sent", "")}
    assert deaths == 3 or when == "answered"
    told_once(mortal, keys)


def test_killed_at_any_moment_nothing_is_lost_and_what_is_noted_is_not_sent_again(mortal, receiver):
    random = Random(3)
    target = mortal.target(receiver.url(), at_once=3)
    keys = [mortal.order(target, profile=7) for _ in range(60)]
    deaths = 0
    for _ in range(8):
        noted, before = mortal.sent(), len(receiver.got)
        receiver.answers = [(200,)] * random.randrange(5) + [killing_within(mortal, random.uniform(0, 0.05))]
        deaths += mortal.live()
        again = {one.headers["webhook-id"] for one in receiver.got[before:]}
        assert not again & {webhook_id(key) for key in noted}
    receiver.answers = []
    mortal.live()
    assert deaths
    assert set(receiver.ids()) == {webhook_id(key) for key in keys}
    assert len(receiver.got) - len(keys) <= deaths * 3
    told_once(mortal, keys)


@pytest.mark.parametrize("when", ["before", "taken"])
def test_a_mail_taken_while_the_worker_dies_comes_again_under_its_message_id(mortal, server, when):
    settings = MailSettings(host="127.0.0.1", port=server.port, user=USER, from_address="desk@inn.example")
    facts = TargetFacts(name="Desk", settings=settings, pace=Pace(at_once=1))
    api.create_target(mortal.runtime, BY, facts, password=PASSWORD)
    orders = [
        MailOrder(key=f"m{number}", purpose="p", to="a@guest.example", subject="s", text="t", profile=7)
        for number in range(5)
    ]
    mortal.effects(*map(api.order_mail, orders))

    def die(_envelope):
        mortal.kill()
        return "250 taken" if when == "taken" else "451 not yet"

    server.handler.answers = ["250 taken", die]
    assert mortal.live()
    assert not mortal.live()
    counted = Counter(server.handler.ids())
    assert counted.keys() == {message_id(one.key, "desk@inn.example") for one in orders}
    assert sum(counted.values()) == len(orders) + (when == "taken")
    told_once(mortal, orders)


def test_what_was_under_way_is_held_where_its_target_says_so(mortal, receiver):
    target = mortal.target(receiver.url(), at_once=1, when_unsure="hold")
    keys = [mortal.order(target, profile=7) for _ in range(3)]
    receiver.answers = [(200,), killing(mortal, "taken")]
    assert mortal.live()
    assert not mortal.live()
    assert [mortal.state(key) for key in keys] == [("sent", ""), ("failed", "unsure"), ("sent", "")]
    assert len(receiver.got) == 3
    api.replay(mortal.runtime, BY, 2)
    assert not mortal.live()
    assert mortal.state(keys[1]) == ("sent", "")


def test_order_is_kept_also_over_a_death(mortal, receiver):
    target = mortal.target(receiver.url(), in_order=True)
    keys = [mortal.order(target) for _ in range(6)]
    receiver.answers = [(200,), (200,), killing(mortal, "taken")]
    assert mortal.live()
    assert not mortal.live()
    wanted = [webhook_id(key) for key in keys]
    assert receiver.ids() == [*wanted[:3], *wanted[2:]]
