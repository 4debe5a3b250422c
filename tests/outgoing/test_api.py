"""The management API of what leaves the house."""

from dataclasses import replace

import pytest
from litestar.testing import TestClient

from stammgast.web.app import make_app
from stammgast.workspace import api as workspace
from tests.outgoing.conftest import BY


@pytest.fixture
def client(post):
    _, secret = workspace.create_token(post.runtime, BY, "tests", "administrator")
    with TestClient(make_app(post.runtime), base_url="http://inn.example") as client:
        client.headers["authorization"] = f"Bearer {secret}"
        yield client


def webhook(receiver, **more):
    return {"name": "CRM", "kind": "webhook", "url": receiver.url(), **more}


def test_a_target_is_made_changed_switched_rotated_and_removed(client, receiver):
    made = client.post("/api/outgoing/targets", json=webhook(receiver, atOnce=2)).json()
    assert made["secret"].startswith("whsec_")
    path = f"/api/outgoing/targets/{made['id']}"
    shown = client.get(path).json()
    assert "secret" not in shown
    assert (shown["atOnce"], shown["isOn"], shown["secrets"][0]["hint"]) == (2, True, made["secret"][-4:])
    changed = client.put(path, json=webhook(receiver, name="New CRM", inOrder=True)).json()
    assert (changed["name"], changed["inOrder"], changed["atOnce"]) == ("New CRM", True, 4)
    assert client.post(f"{path}/switch", json={"on": False}).json()["isOn"] is False
    rotated = client.post(f"{path}/rotate", json={"graceHours": 1}).json()
    assert rotated["secret"] != made["secret"]
    assert [one["endsAt"] is None for one in rotated["secrets"]] == [False, True]
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert client.get("/api/outgoing/targets").json() == []


def test_a_password_goes_in_and_never_comes_out(client):
    body = {
        "name": "Desk", "kind": "mail", "host": "smtp.inn.example", "fromAddress": "desk@inn.example", "user": "inn",
        "password": "a pass word",
    }  # fmt: skip
    made = client.post("/api/outgoing/targets", json=body)
    assert made.status_code == 201
    assert "a pass word" not in made.text
    assert made.json()["secrets"][0]["hint"] == ""


def test_deliveries_are_listed_looked_at_replayed_and_let_go(client, post, receiver):
    made = client.post("/api/outgoing/targets", json=webhook(receiver, atOnce=1)).json()
    receiver.answers = [(410,)]
    keys = [post.order(made["id"]) for _ in range(3)]
    post.turn()
    page = client.get("/api/outgoing/deliveries?limit=2").json()
    assert [one["key"] for one in page["deliveries"]] == [keys[2], keys[1]]
    rest = client.get(f"/api/outgoing/deliveries?limit=2&before={page['next']}").json()
    assert ([one["key"] for one in rest["deliveries"]], rest["next"]) == ([keys[0]], None)
    (failed,) = client.get("/api/outgoing/deliveries?state=failed").json()["deliveries"]
    assert (failed["key"], failed["reason"]) == (keys[0], "gone")
    assert [one["key"] for one in client.get(f"/api/outgoing/deliveries?key={keys[1]}").json()["deliveries"]] == [
        keys[1]
    ]
    detail = client.get(f"/api/outgoing/deliveries/{failed['id']}").json()
    assert [one["status"] for one in detail["attemptList"]] == [410]
    waiting = client.get("/api/outgoing/deliveries?state=waiting").json()["deliveries"][0]["id"]
    assert client.post(f"/api/outgoing/deliveries/{waiting}/replay").status_code == 409
    assert client.post(f"/api/outgoing/deliveries/{waiting}/discard").status_code == 202
    client.post(f"/api/outgoing/targets/{made['id']}/switch", json={"on": True})
    assert client.post(f"/api/outgoing/deliveries/{failed['id']}/replay").status_code == 202
    post.turn()
    states = {one["key"]: one["state"] for one in client.get("/api/outgoing/deliveries").json()["deliveries"]}
    assert states == {keys[0]: "sent", keys[1]: "sent", keys[2]: "discarded"}


def test_a_test_is_sent_and_its_delivery_found_by_its_key(client, post, receiver):
    made = client.post("/api/outgoing/targets", json=webhook(receiver)).json()
    told = client.post(f"/api/outgoing/targets/{made['id']}/test", json={})
    assert told.status_code == 202
    post.turn()
    (found,) = client.get(f"/api/outgoing/deliveries?key={told.json()['key']}").json()["deliveries"]
    assert (found["state"], found["purpose"], found["profile"]) == ("sent", "test", None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"name": " "}, "name"),
        ({"name": "a\u0000b"}, "name"),
        ({"brand": 99}, "brand"),
        ({"atOnce": 0}, "at_once"),
        ({"timeoutSeconds": 10**18}, "timeout_seconds"),
        ({"kind": "mail", "host": "smtp inn", "fromAddress": "a@inn.example"}, "host"),
        ({"kind": "mail", "host": "smtp.inn.example", "fromAddress": "nobody"}, "from_address"),
        ({"kind": "mail", "host": "smtp.inn.example", "fromAddress": "a@inn.example", "port": 0}, "port"),
    ],
)
def test_what_is_wrong_is_named(client, receiver, change, field):
    answer = client.post("/api/outgoing/targets", json=webhook(receiver) | change)
    assert answer.status_code == 422
    assert field in answer.text


def test_two_targets_of_one_name_are_refused(client, receiver):
    assert client.post("/api/outgoing/targets", json=webhook(receiver)).status_code == 201
    assert client.post("/api/outgoing/targets", json=webhook(receiver)).status_code == 409


def test_the_audit_log_knows_who_did_what_and_no_secret(client, post, receiver):
    made = client.post("/api/outgoing/targets", json=webhook(receiver)).json()
    client.post(f"/api/outgoing/targets/{made['id']}/rotate", json={})
    entries = workspace.list_audit(post.runtime, limit=10)
    said = str(entries)
    assert "outgoing.create" in said
    assert "outgoing.rotate" in said
    assert "whsec_" not in said


def test_metrics_and_doctor_tell_how_it_stands(client, post, receiver):
    from stammgast.operations.metrics import metrics_text

    made = client.post("/api/outgoing/targets", json=webhook(receiver)).json()
    receiver.answers = [(500,)]
    post.order(made["id"])
    post.turn()
    text = metrics_text(replace(post.runtime))
    assert f'stammgast_outgoing_deliveries{{target="{made["id"]}",state="waiting"}} 1' in text
    assert f'stammgast_outgoing_failures{{target="{made["id"]}"}} 1' in text
