"""Webhooks to a real receiver: signed so that another library takes them, to public addresses only, bounded in time and size."""

import json
import socket
import threading
import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from stammgast.kernel import clock
from stammgast.kernel.errors import Invalid
from stammgast.outgoing import api, calling
from stammgast.outgoing.addresses import read_allowed
from stammgast.outgoing.contracts import Pace, TargetFacts, WebhookSettings
from stammgast.outgoing.engine import Engine
from stammgast.outgoing.ways import Outside
from tests.outgoing.conftest import BY


def test_another_library_takes_its_signature_and_refuses_a_changed_body(post, receiver):
    target = post.target(receiver.url())
    post.order(target, "k1", guest="Anna", nights=3)
    post.turn()
    (request,) = receiver.got
    took = Webhook(post.secrets[target]).verify(request.body.decode(), request.headers)
    assert took == {
        "type": "guest.came",
        "timestamp": "1970-01-01T00:00:01.000Z",
        "data": {"guest": "Anna", "nights": 3},
    }
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"].startswith("msg_")
    with pytest.raises(WebhookVerificationError):
        Webhook(post.secrets[target]).verify(request.body.decode().replace("Anna", "Bob"), request.headers)
    assert post.state("k1") == ("sent", "")


def test_while_a_secret_is_rotated_receivers_with_the_old_and_with_the_new_one_take_it(post, receiver):
    target = post.target(receiver.url())
    old = post.secrets[target]
    new = api.rotate_secret(post.runtime, BY, target, grace_hours=1).secret
    post.order(target)
    post.turn()
    for secret in (old, new):
        Webhook(secret).verify(receiver.got[0].body.decode(), receiver.got[0].headers)
    newest = api.rotate_secret(post.runtime, BY, target, grace_hours=0).secret
    post.order(target)
    post.turn()
    Webhook(newest).verify(receiver.got[1].body.decode(), receiver.got[1].headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(receiver.got[1].body.decode(), receiver.got[1].headers)


def test_no_secret_lies_in_the_database_as_it_is(post, receiver):
    target = post.target(receiver.url())
    with post.runtime.control.read() as connection:
        stored = str(connection.exec_driver_sql("SELECT * FROM outgoing_targets").fetchall())
    assert post.secrets[target][6:-4] not in stored
    assert post.secrets[target] not in str(api.target(post.runtime, target))


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example/hook", "https://127.0.0.2/", "https://[::1]/", "https://10.0.0.1/", "https://localhost/",
        "https://169.254.169.254/latest", "ftp://crm.example/", "https://u:p@crm.example/", "https://crm.example/a b",
        "https://crm.example:99999/", "https://[::ffff:10.0.0.1]/", "https://router.local/", "https://", "crm.example",
        "https://crm.example/#x", "https://100.64.0.1/", "https://[fd00::1]/",
    ],
)  # fmt: skip
def test_an_address_that_may_not_be_called_is_refused_when_it_is_entered(post, url):
    with pytest.raises(Invalid):
        api.create_target(post.runtime, BY, TargetFacts(name="CRM", settings=WebhookSettings(url)))


@pytest.mark.parametrize(
    "answers",
    [["127.0.0.1"], ["93.184.216.34", "10.0.0.7"], ["::1"], ["fe80::1%eth0"], ["169.254.169.254"], ["::ffff:127.0.0.1"], ["0.0.0.0"]],
)  # fmt: skip
def test_a_name_that_leads_to_a_private_address_is_not_called(post, receiver, answers):
    post.engine = Engine(post.runtime, outside=Outside(read_allowed(""), resolve=lambda _host, _port: answers))
    key = post.order(post.target(f"https://crm.example:{receiver.port}/"))
    post.turn()
    assert receiver.got == []
    found = api.delivery_of_key(post.runtime, key)
    assert (found.state, found.attempts) == ("waiting", 1)
    assert "private network" in found.detail


def test_the_machines_own_resolver_is_asked_too(post, receiver):
    # `localhost.` is no host name that the form knows to be private, and every resolver leads it here.
    post.engine = Engine(post.runtime, outside=Outside(read_allowed("")))
    key = post.order(post.target(receiver.url()))
    post.turn()
    assert receiver.got == []
    assert "127.0.0.1, an address of a private network" in api.delivery_of_key(post.runtime, key).detail


def test_what_a_name_led_to_when_it_was_checked_is_what_is_called(post, receiver):
    asked = []

    def once(host, _port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["203.0.113.1"]

    post.runtime.settings.__dict__["outgoing_private"] = "intranet.example"
    post.engine = Engine(post.runtime, outside=Outside(read_allowed("intranet.example"), resolve=once))
    post.order(post.target(receiver.url(host="intranet.example")))
    post.turn()
    assert asked == ["intranet.example"]
    assert receiver.got[0].headers["host"] == f"intranet.example:{receiver.port}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed_wherever_it_leads(post, receiver, status):
    receiver.answers = [(status, {"Location": receiver.url("/elsewhere")})]
    key = post.order(post.target(receiver.url()))
    post.turn()
    assert [one.path for one in receiver.got] == ["/hook"]
    assert "redirects are not followed" in api.delivery_of_key(post.runtime, key).detail


def test_a_target_that_is_gone_for_good_is_closed_until_somebody_opens_it(post, receiver):
    receiver.answers = [(410,)]
    target = post.target(receiver.url())
    first, second = post.order(target), None
    post.turn()
    second = post.order(target)
    post.turn()
    assert (post.state(first), post.state(second)) == (("failed", "gone"), ("waiting", ""))
    assert len(receiver.got) == 1
    assert api.problems(post.runtime, clock.now_millis()) == [
        "CRM answered that it is gone: switch it on again once it is back, or remove it."
    ]
    api.switch_target(post.runtime, BY, target, is_on=True)
    post.turn()
    assert post.state(second) == ("sent", "")
    api.replay(post.runtime, BY, api.delivery_of_key(post.runtime, first).number)
    post.turn()
    assert post.state(first) == ("sent", "")
    assert len(set(receiver.ids())) == 2


def test_retry_after_is_heeded_for_all_that_goes_there(post, receiver):
    receiver.answers = [(429, {"Retry-After": "3600"})]
    target = post.target(receiver.url(), at_once=1)
    before = clock.now_millis()
    first = post.order(target)
    post.turn()
    post.order(target)
    post.turn()
    assert len(receiver.got) == 1
    assert 3_590_000 < api.delivery_of_key(post.runtime, first).next_at - before < 3_650_000
    assert api.all_health(post.runtime)[target].resting_until > before + 3_590_000


def test_a_receiver_that_talks_slowly_for_ever_is_cut_off():
    server = socket.create_server(("127.0.0.1", 0))

    def drip():
        connection, _ = server.accept()
        with connection:
            connection.recv(65_536)
            try:
                for _ in range(200):
                    connection.sendall(b"H")
                    time.sleep(0.05)
            except OSError:
                pass

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    began = time.monotonic()
    url = f"http://127.0.0.1:{server.getsockname()[1]}/"
    with pytest.raises(calling.CallFailed) as failed:
        calling.post(url, "127.0.0.1", {}, b"{}", 0.5, Outside(read_allowed("")).tls())
    assert 0.4 < time.monotonic() - began < 3
    assert failed.value.was_sent
    assert "no answer within 0.5 s" in str(failed.value)
    server.close()
    thread.join(5)


def test_of_an_endless_answer_only_the_beginning_is_read(post, receiver):
    receiver.answers = [(200, {}, "x" * 3_000_000)]
    key = post.order(post.target(receiver.url()))
    post.turn()
    assert post.state(key) == ("sent", "")
    assert len(api.delivery_of_key(post.runtime, key).detail) < 400


def test_an_order_too_large_for_a_webhook_is_refused_when_it_is_made(post):
    with pytest.raises(ValueError, match="at most 262144"):
        post.order(1, text="x" * 300_000)


def test_a_target_switched_off_keeps_what_is_for_it(post, receiver):
    target = post.target(receiver.url())
    api.switch_target(post.runtime, BY, target, is_on=False)
    key = post.order(target)
    post.turn()
    assert post.state(key) == ("waiting", "")
    api.switch_target(post.runtime, BY, target, is_on=True)
    post.turn()
    assert post.state(key) == ("sent", "")


def test_the_test_button_sends_something_that_says_so(post, receiver):
    target = post.target(receiver.url())
    key = api.send_test(post.runtime, BY, target)
    post.turn()
    assert json.loads(receiver.got[0].body)["type"] == "stammgast.test"
    assert post.state(key) == ("sent", "")
    assert post.told() == []


def test_changing_a_target_keeps_its_secret(post, receiver):
    target = post.target("http://127.0.0.1:1/")
    api.change_target(
        post.runtime,
        BY,
        target,
        TargetFacts(name="New", settings=WebhookSettings(receiver.url()), pace=Pace(at_once=2)),
    )
    post.order(target)
    post.turn()
    Webhook(post.secrets[target]).verify(receiver.got[0].body.decode(), receiver.got[0].headers)
