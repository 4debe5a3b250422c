"""Mail to a real server on loopback, with TLS and log-in."""

from dataclasses import replace

import msgspec
import pytest
from litestar.testing import TestClient

from stammgast.kernel.errors import Invalid
from stammgast.kernel.runtime import Manifest, MessagePurpose
from stammgast.outgoing import api
from stammgast.outgoing.contracts import (
    UNSUBSCRIBE_URL,
    Attachment,
    MailOrder,
    MailSettings,
    Pace,
    ShownSettings,
    TargetFacts,
)
from stammgast.outgoing.engine import Engine
from stammgast.web.app import make_app
from stammgast.workspace.api import create_brand
from tests.outgoing.conftest import BY, Post
from tests.outgoing.mail_server import PASSWORD, USER, make_certificates, start_mail_server

BASE = "https://inn.example"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def settings(settings, certificates):
    return replace(settings, outgoing_ca=str(certificates[0]), public_url=BASE)


@pytest.fixture
def serve(certificates):
    made = []

    def start(security="starttls", *, auth=True):
        made.append(start_mail_server(certificates, security, auth=auth)[0])
        return made[-1]

    yield start
    for one in made:
        one.stop(no_assert=True)


@pytest.fixture
def server(serve):
    return serve()


@pytest.fixture
def post(runtime):
    purposes = (MessagePurpose("survey", "surveys", can_unsubscribe=True), MessagePurpose("service", "your stay"))
    runtime.manifests = (*runtime.manifests, Manifest("tests", runtime.settings.data, purposes=purposes))
    one = Post(runtime)
    yield one
    one.engine.close()


def sender(post, server, name="Front desk", *, brand=0, security="starttls", user=USER, password=PASSWORD, **more):
    facts = TargetFacts(
        name=name,
        brand=brand,
        settings=MailSettings(
            host="127.0.0.1",
            port=server.port,
            security=security,
            user=user,
            from_address=more.pop("from_address", "desk@inn.example"),
            from_name="Gasthaus Mühle",
        ),
        pace=Pace(**more),
    )
    return api.create_target(post.runtime, BY, facts, password=password).target.id


def mail(key="m1", **more):
    given = {
        "purpose": "service",
        "to": "anna@guest.example",
        "subject": "Grüße aus der Mühle",
        "text": "Hello Anna.\n",
    }
    return MailOrder(key=key, **{**given, **more})


def send(post, *orders):
    post.effects(*map(api.order_mail, orders))
    post.turn()


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_arrives_by_tls_with_log_in_as_it_was_ordered(post, serve, security):
    server = serve(security, auth=security == "starttls")
    sender(post, server, security=security, user=USER if security == "starttls" else "")
    attached = Attachment("menu.pdf", "application/pdf", b"%PDF-1.4 menu")
    order = mail(
        html="<p>Hello <b>Anna</b></p>", to_name="Anna Müller", attachments=(attached,), reply_to="host@inn.example"
    )
    send(post, order)
    ((envelope, got),) = server.handler.got
    assert (envelope.mail_from, envelope.rcpt_tos) == ("desk@inn.example", ["anna@guest.example"])
    assert security == "tls" or server.handler.logins == [USER.encode()]
    assert str(got["From"]) == "Gasthaus Mühle <desk@inn.example>"
    assert (str(got["To"]), str(got["Reply-To"])) == ("Anna Müller <anna@guest.example>", "host@inn.example")
    assert str(got["Subject"]) == "Grüße aus der Mühle"
    assert got.get_body(("plain",)).get_content().splitlines() == ["Hello Anna."]
    assert got.get_body(("html",)).get_content().strip() == "<p>Hello <b>Anna</b></p>"
    (menu,) = got.iter_attachments()
    assert (menu.get_filename(), menu.get_content_type(), menu.get_content()) == (
        "menu.pdf", "application/pdf", b"%PDF-1.4 menu",
    )  # fmt: skip
    assert str(got["Auto-Submitted"]) == "auto-generated"
    assert got["List-Unsubscribe"] is None
    assert post.state("m1") == ("sent", "")
    assert envelope.content.isascii()


def test_each_attempt_sends_the_same_bytes_under_the_same_message_id(post, server):
    seen = []
    server.handler.answers = [lambda envelope: seen.append(envelope.content) or "451 try again later"]
    sender(post, server)
    send(post, mail(html="<p>Hi</p>", attachments=(Attachment("a.txt", "text/plain", b"x"),)))
    assert post.state("m1") == ("waiting", "")
    post.later(hours=0)
    post.turn()
    ((envelope, got),) = server.handler.got
    assert seen == [envelope.content]
    assert got["Message-ID"].endswith("@inn.example>")


def test_a_certificate_that_nobody_vouches_for_is_refused(post, server):
    post.engine = Engine(msgspec_replace(post.runtime, outgoing_ca=""))
    sender(post, server)
    send(post, mail())
    assert server.handler.got == []
    assert "certificate verify failed" in api.delivery_of_key(post.runtime, "m1").detail.lower()


def msgspec_replace(runtime, **settings):
    return replace(runtime, settings=replace(runtime.settings, **settings), services={})


def test_a_server_without_tls_gets_no_password_and_no_mail(post, serve):
    server = serve("none", auth=False)
    sender(post, server)
    send(post, mail())
    assert (server.handler.got, post.state("m1")) == ([], ("waiting", ""))
    assert "starttls" in api.delivery_of_key(post.runtime, "m1").detail.lower()


def test_a_refused_log_in_is_the_senders_fault_and_mends_itself_with_the_password(post, server):
    number = sender(post, server, password="wrong")
    send(post, mail())
    assert post.state("m1") == ("waiting", "")
    assert "SMTP 535" in api.delivery_of_key(post.runtime, "m1").detail
    assert api.all_health(post.runtime)[number].failures == 1
    known = api.target(post.runtime, number)
    facts = TargetFacts(name=known.name, settings=known.settings, brand=known.brand, pace=known.pace)
    api.change_target(post.runtime, BY, number, facts, password=PASSWORD)
    post.later(hours=0)
    post.turn()
    assert post.state("m1") == ("sent", "")


def test_an_address_that_does_not_exist_fails_at_once_and_for_good(post, server):
    server.handler.refuses = {"gone@guest.example": "550 no such user", "full@guest.example": "452 mailbox full"}
    number = sender(post, server)
    send(post, mail("gone", to="gone@guest.example", profile=7), mail("full", to="full@guest.example"))
    assert (post.state("gone"), post.state("full")) == (("failed", "refused"), ("waiting", ""))
    assert api.delivery_of_key(post.runtime, "gone").detail == "SMTP 550: no such user"
    assert [name for name, _ in post.told()] == ["Message Failed"]
    assert api.all_health(post.runtime)[number].failures == 0


def test_spam_is_refused_for_good_and_greylisting_is_waited_for(post, server):
    server.handler.answers = ["554 spam", "451 greylisted"]
    sender(post, server, at_once=1)
    send(post, mail("spam"), mail("grey"))
    assert (post.state("spam"), post.state("grey")) == (("failed", "refused"), ("waiting", ""))


def test_each_brand_has_its_sender_and_what_has_none_waits_for_one(post, server):
    brand = create_brand(post.runtime, BY, "Alm").id
    send(post, mail("early", brand=brand))
    assert post.state("early") == ("waiting", "")
    (told,) = api.problems(post.runtime, 0)
    assert told.startswith("1 mails wait for a sender")
    sender(post, server, "all", from_address="all@inn.example")
    post.turn()
    sender(post, server, "Alm", brand=brand, from_address="alm@inn.example")
    send(post, mail("alm", brand=brand), mail("other"))
    froms = {got["Message-ID"]: envelope.mail_from for envelope, got in server.handler.got}
    assert sorted(froms.values()) == ["all@inn.example", "all@inn.example", "alm@inn.example"]
    assert api.delivery_of_key(post.runtime, "alm").target == api.list_targets(post.runtime)[0].id


def test_the_null_way_takes_mails_where_no_sender_is_and_sends_nothing(post, server):
    api.create_target(post.runtime, BY, TargetFacts(name="Look", settings=ShownSettings()))
    send(post, mail("shown", profile=7))
    found = api.delivery_of_key(post.runtime, "shown")
    assert (found.state, found.detail) == ("sent", "shown only, not sent")
    assert api.order_of(post.runtime, found.number).text == "Hello Anna.\n"
    sender(post, server)
    send(post, mail("real"))
    assert len(server.handler.got) == 1


def test_a_mail_that_may_be_ended_says_how_and_one_click_ends_it(post, server):
    sender(post, server)
    text, html = f"Stop: {UNSUBSCRIBE_URL}\n", f'<a href="{UNSUBSCRIBE_URL}">stop</a>'
    send(post, mail("s1", purpose="survey", text=text, html=html, profile=7))
    (got,) = server.handler.mails()
    link = got["List-Unsubscribe"].strip("<>")
    assert link.startswith(f"{BASE}/unsubscribe/")
    assert got["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in got.get_body(("plain",)).get_content()
    assert link in got.get_body(("html",)).get_content()
    with TestClient(make_app(post.runtime), base_url=BASE) as client:
        answer = client.post(link, data={"List-Unsubscribe": "One-Click"}, follow_redirects=False)
    assert answer.status_code == 200
    send(post, mail("s2", purpose="survey", to="Anna@Guest.example", profile=7), mail("s3"))
    assert (post.state("s2"), post.state("s3")) == (("failed", "unsubscribed"), ("sent", ""))
    assert len(server.handler.got) == 2


def test_opening_the_link_ends_nothing_and_a_person_can_end_it_and_come_back(post, server):
    sender(post, server)
    send(post, mail("s1", purpose="survey"))
    link = server.handler.mails()[0]["List-Unsubscribe"].strip("<>")
    with TestClient(make_app(post.runtime), base_url=BASE) as client:
        page = client.get(link)
        assert "anna@guest.example" in page.text
        assert "surveys" in page.text
        assert page.headers["referrer-policy"] == "same-origin"
        send(post, mail("s2", purpose="survey"))
        assert post.state("s2") == ("sent", "")
        ended = client.post(link, follow_redirects=False)
        assert (ended.status_code, ended.headers["location"]) == (303, link.removeprefix(BASE) + "/ended")
        assert "No more mails about surveys go to anna@guest.example." in client.get(link + "/ended").text
        send(post, mail("s3", purpose="survey"))
        assert post.state("s3") == ("failed", "unsubscribed")
        assert client.post(link + "/again", follow_redirects=False).status_code == 303
        send(post, mail("s4", purpose="survey"))
        assert post.state("s4") == ("sent", "")
        assert client.get(link[:-2]).status_code == 404
        assert client.get(f"{BASE}/unsubscribe/x").status_code == 404
        assert client.post(f"{BASE}/unsubscribe/%00", data={}).status_code in (400, 404)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"to": "nobody"}, "'nobody' is no mail address"),
        ({"attachments": (Attachment("x", "pdf", b""),)}, "'pdf' is no media type"),
    ],
)
def test_what_can_not_be_written_as_a_mail_fails_with_its_reason(post, server, change, said):
    sender(post, server)
    send(post, mail(**change))
    found = api.delivery_of_key(post.runtime, "m1")
    assert (found.state, found.reason, found.detail) == ("failed", "unreadable", said)


@pytest.mark.parametrize("field", ["to", "subject", "to_name", "reply_to", "in_reply_to"])
def test_no_header_can_be_slipped_in(field):
    with pytest.raises(ValueError, match=f"a line break in its {field}"):
        api.order_mail(mail(**{field: "x@guest.example\r\nBcc: all@guest.example"}))


def test_letters_beyond_ascii_before_the_at_go_by_servers_that_take_them(post, server):
    sender(post, server)
    send(post, mail(to="jürgen@gast-mühle.example"))
    ((envelope, _got),) = server.handler.got
    assert envelope.rcpt_tos == ["jürgen@xn--gast-mhle-v9a.example"]


def test_a_server_that_hangs_is_left_and_the_mail_may_have_gone(post, server):
    import time

    server.handler.answers = [lambda _envelope: time.sleep(2) or "250 late"]
    sender(post, server, timeout_seconds=1, when_unsure="hold")
    send(post, mail())
    assert post.state("m1") == ("failed", "unsure")


def test_the_test_mail_goes_to_whom_it_is_said(post, server):
    number = sender(post, server)
    with pytest.raises(Invalid):
        api.send_test(post.runtime, BY, number)
    key = api.send_test(post.runtime, BY, number, " me@inn.example ")
    post.turn()
    assert server.handler.got[0][0].rcpt_tos == ["me@inn.example"]
    assert post.state(key) == ("sent", "")


def test_the_password_is_sealed_and_never_told(post, server):
    number = sender(post, server)
    with post.runtime.control.read() as connection:
        assert PASSWORD not in str(connection.exec_driver_sql("SELECT * FROM outgoing_targets").fetchall())
        assert PASSWORD not in str(connection.exec_driver_sql("SELECT * FROM audit_log").fetchall())
    assert PASSWORD not in msgspec.json.encode(api.target(post.runtime, number)).decode()
