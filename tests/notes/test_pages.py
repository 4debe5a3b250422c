"""Notes and tags on the pages of customers and accounts, and over HTTP, through the whole application."""

import pytest
from litestar.testing import TestClient

from stammgast.notes import waiting
from stammgast.web.app import make_app
from stammgast.web.cookies import SESSION_COOKIE
from stammgast.workspace import api as workspace
from stammgast.workspace.contracts import Actor
from tests.web.small_house import csrf_in
from tools.workbench import track

BY = Actor("command", 0, "tests")


class Client:
    """Somebody logged in, without scripts."""

    def __init__(self, runtime, name, role, language="en"):
        person = workspace.create_user(runtime, BY, email=f"{name}@inn.test", name=name.title(), role=role)
        self.client = TestClient(make_app(runtime), base_url="http://inn.example")
        self.client.follow_redirects = False
        self.client.headers["Accept-Language"] = language
        self.client.cookies.set(SESSION_COOKIE, workspace.begin_session(runtime, person.id), domain="inn.example")

    def page(self, path):
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(self, path, **form):
        return self.client.post(path, data={"_csrf": csrf_in(self.client.get("/customers")), **form})

    def api(self, method, path, **body):
        headers = {"X-CSRF-Token": csrf_in(self.client.get("/customers"))}
        return self.client.request(method, path, json=body or None, headers=headers)


@pytest.fixture
def bench(workbench, monkeypatch):
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", 0)
    workbench.take(
        track("anna", "Login", "m1"),
        track("bob", "Login", "m2"),
        {"type": "group", "userId": "anna", "groupId": "acme", "messageId": "m3"},
    )
    return workbench


@pytest.fixture
def alice(bench):
    return Client(bench.runtime, "alice", "agent")


@pytest.mark.parametrize(("home", "words"), [("/customers/1", "profile 1"), ("/accounts/1", "account 1")])
def test_writing_leads_back_to_the_page_and_shows_there_at_once(bench, alice, home, words):
    answer = alice.post(f"{home}/notes", text="Calls on <Mondays>", note="form-1")
    assert (answer.status_code, answer.headers["location"]) == (303, home)
    page = alice.page(home)
    assert "Calls on &lt;Mondays&gt;" in page
    assert "on its way" in page
    bench.work()
    assert "on its way" not in alice.page(home)
    answer = alice.post(f"{home}/tags", tag="VIP")
    bench.work()
    page = alice.page(home)
    assert "?tag=VIP" in page
    entries, _ = workspace.list_audit(bench.runtime)
    assert [(one.action, one.subject) for one in entries if one.action != "seen"][:2] == [
        ("tag.add", words),
        ("note.write", words),
    ]
    assert all("Mondays" not in str(one.detail) for one in entries)


def test_a_note_is_changed_and_deleted_where_it_stands(bench, alice):
    alice.post("/customers/1/notes", text="One", note="form-1")
    bench.work()
    alice.post("/customers/1/notes", do="edit", note="form-1", text="Two")
    bench.work()
    assert 'class="note-text">Two<' in alice.page("/customers/1")
    alice.post("/customers/1/notes", do="delete", note="form-1")
    bench.work()
    page = alice.page("/customers/1")
    assert "Two" not in page
    assert "Alice deleted a note of Alice." in page


def test_the_list_shows_who_has_a_tag(bench, alice):
    alice.post("/customers/1/tags", tag="VIP")
    alice.post("/accounts/1/tags", tag="VIP")
    bench.work()
    page = alice.page("/customers?tag=vip")
    assert 'href="/customers/1"' in page
    assert 'href="/customers/2"' not in page
    assert 'href="/accounts/1"' in alice.page("/accounts?tag=vip")
    assert "No account found" in alice.page("/accounts?tag=other")
    alice.post("/customers/1/tags", do="remove", tag="VIP")
    bench.work()
    assert "Nobody found" in alice.page("/customers?tag=vip")


def test_who_only_looks_reads_and_cannot_write(bench, alice):
    alice.post("/customers/1/notes", text="For all", note="form-1")
    bench.work()
    vic = Client(bench.runtime, "vic", "viewer")
    page = vic.page("/customers/1")
    assert "For all" in page
    assert "New note" not in page
    assert vic.post("/customers/1/notes", text="x").status_code == 403
    assert vic.post("/customers/1/tags", tag="x").status_code == 403


@pytest.mark.parametrize("path", ["/api/profiles/user_id:anna", "/api/accounts/group_id:acme"])
def test_programs_do_the_same_over_http(bench, alice, path):
    made = alice.api("POST", f"{path}/notes", text="From the till")
    assert made.status_code == 201, made.text
    note = made.json()["id"]
    bench.work()
    (found,) = alice.api("GET", f"{path}/notes").json()["notes"]
    assert (found["text"], found["author"], found["waiting"], found["id"]) == ("From the till", "Alice", False, note)
    assert alice.api("PUT", f"{path}/notes/{note}", text="From the shop").status_code == 204
    assert alice.api("PUT", f"{path}/tags/key%2Faccount").status_code == 204
    bench.work()
    assert alice.api("GET", f"{path}/notes").json()["notes"][0]["editedBy"] == "Alice"
    assert [one["tag"] for one in alice.api("GET", f"{path}/tags").json()["tags"]] == ["key/account"]
    assert alice.api("DELETE", f"{path}/notes/{note}").status_code == 204
    assert alice.api("DELETE", f"{path}/tags/KEY%2Faccount").status_code == 204
    bench.work()
    assert alice.api("GET", f"{path}/tags").json() == {"tags": []}
    assert alice.api("PUT", f"{path}/notes/{note}", text="x").status_code == 404
    assert alice.api("POST", f"{path}/notes", text=" ").status_code == 422
