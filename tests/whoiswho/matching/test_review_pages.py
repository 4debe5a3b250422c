"""The review page, its fragments and its API, through the whole application."""

import re

import pytest
from litestar.testing import TestClient

from stammgast.web.app import make_app
from stammgast.whoiswho.matching import engine, reviewing, searching, store
from stammgast.whoiswho.matching.contracts import RunCounts
from stammgast.whoiswho.matching.scoring import Part, prior_bits, probability
from stammgast.whoiswho.matching.store import Filter, NewSuggestion
from stammgast.workspace import api as workspace
from stammgast.workspace.contracts import Actor

ALICE = Actor("command", 0, "Alice")
PASSWORD = "a calm evening at the inn"
PRIOR = prior_bits(0.001)
PEOPLE = (
    {"firstName": "Anna", "lastName": "Maurer", "birthday": "1956-04-09", "email": "anna@example.com"},
    {"firstName": "Anna", "lastName": "Mauer", "birthday": "1956-04-09", "email": "a.maurer@firma.example"},
    {"firstName": "Berta", "lastName": "Lind", "address": {"street": "Ringweg 3", "city": "Köln"}},
    {"firstName": "Lind", "lastName": "Berta", "address": {"street": "Ringweg 3", "city": "Köln"}},
)
ANNA = (
    Part("first_name", "same", 7.5),
    Part("last_name", "very_alike", 6.25),
    Part("birth_date", "same", 11.0),
    Part("email", "different", -2.5),
)
BERTA = (Part("first_name", "swapped", 6.0), Part("last_name", "swapped", 6.0), Part("street", "same", 1.5))


class Visitor:
    """Somebody logged in, without scripts."""

    def __init__(self, runtime, email):
        self.client = TestClient(make_app(runtime), base_url="http://inn.example")
        token = re.search(r'name="csrf" content="(\w+)"', self.client.get("/login").text)[1]
        form = {"_csrf": token, "email": email, "password": PASSWORD}
        assert self.client.post("/login", data=form, follow_redirects=False).status_code == 303

    def get(self, path, **headers):
        return self.client.get(path, headers=headers, follow_redirects=False)

    def post(self, path, **fields):
        page = self.get("/identity/review").text
        token = re.search(r'name="csrf" content="(\w+)"', page)[1]
        return self.client.post(path, data={"_csrf": token, **fields}, follow_redirects=False)


@pytest.fixture
def bench(workbench):
    for name, role in (("alice", "analyst"), ("bob", "agent"), ("vic", "viewer")):
        workspace.create_user(
            workbench.runtime, ALICE, email=f"{name}@inn.test", name=name.title(), role=role, password=PASSWORD
        )
    workbench.take(
        *(
            {"type": "identify", "userId": f"u{number}", "messageId": f"m{number}", "traits": traits}
            for number, traits in enumerate(PEOPLE)
        )
    )
    return workbench


def suggest(bench):
    """Keep two suggestions as a search would."""
    numbers = [bench.profile(f"user_id:u{number}").profile for number in range(4)]
    found = []
    for (one, other), parts in ((numbers[:2], ANNA), (numbers[2:], BERTA)):
        bits = PRIOR + sum(part.bits for part in parts)
        found.append(NewSuggestion(one, other, bits, bits, probability(bits), parts))
    with bench.runtime.control.write() as connection:
        run = store.add_run(connection, version=1, made_by="Alice", created_at=1_000)
        counts = RunCounts(profiles=4, records=4, pairs=2, suggestions=2)
        store.change_run(connection, run, state="done", phase="done", begun_at=1_000, ended_at=3_000, counts=counts)
        store.replace_open(connection, run, 1, PRIOR, found)
    return reviewing.list_suggestions(bench.runtime, Filter(), limit=10)


def test_the_queue_shows_the_likeliest_pair_side_by_side_with_the_weight_of_each_field(bench):
    suggest(bench)
    page = Visitor(bench.runtime, "alice@inn.test").get("/identity/review")
    assert page.status_code == 200
    text = " ".join(page.text.split())
    for told in ("Anna Maurer", "Anna Mauer", "Berta Lind", "1956-04-09", "+11.0", "-2.5", "Very alike", "-10.0"):
        assert told in text or told.replace("-", "\N{MINUS SIGN}") in text, told
    assert text.count('class="fall ') == 6  # the prior, four fields, the sum


def test_probabilities_are_written_in_the_language_of_each_reader(bench):
    suggest(bench)
    visitor = Visitor(bench.runtime, "alice@inn.test")
    assert "&gt; 99.9%" in visitor.get("/identity/review").text
    visitor.post("/preferences", language="de", next="/")
    assert "&gt; 99,9\N{NO-BREAK SPACE}%" in visitor.get("/identity/review").text


def test_before_the_first_search_the_page_says_what_one_does(bench):
    page = Visitor(bench.runtime, "alice@inn.test").get("/identity/review").text
    assert "Not searched yet" in page
    assert "/identity/review/search" in page


def test_without_the_extra_page_api_and_command_say_how_to_install_it(bench, monkeypatch):
    monkeypatch.setattr(engine, "is_installed", lambda: False)
    monkeypatch.setattr(searching, "is_installed", lambda: False)
    monkeypatch.setattr("stammgast.whoiswho.pages.review.is_installed", lambda: False)
    visitor = Visitor(bench.runtime, "alice@inn.test")
    page = visitor.get("/identity/review").text
    assert "pip install" in page
    assert "/identity/review/search" not in page
    answer = visitor.post("/identity/review/search")
    assert answer.status_code == 409
    with pytest.raises(engine.MatchingNotInstalled, match=r"pip install \"stammgast\[matching\]\""):
        searching.order_search(bench.runtime, ALICE)


def test_a_search_that_waits_shows_its_progress_and_can_be_stopped(bench):
    visitor = Visitor(bench.runtime, "alice@inn.test")
    with bench.runtime.control.write() as connection:
        number = store.add_run(connection, version=1, made_by="Alice", created_at=1_000)
    assert 'id="review-run"' in visitor.get("/identity/review").text
    fragment = visitor.get("/identity/review/run", **{"HX-Request": "true"})
    assert "Waiting to begin" in fragment.text
    assert "HX-Refresh" not in fragment.headers
    assert visitor.post(f"/identity/review/search/{number}/stop").status_code == 303
    assert searching.find_run(bench.runtime, number).state == "stopped"
    assert visitor.get("/identity/review/run", **{"HX-Request": "true"}).headers["HX-Refresh"] == "true"


def test_deciding_goes_on_to_the_next_pair_and_offers_to_take_it_back(bench):
    anna, berta = suggest(bench)
    visitor = Visitor(bench.runtime, "alice@inn.test")
    answer = visitor.post(f"/identity/review/{anna.id}/accept", next=berta.id)
    assert answer.headers["location"] == f"/identity/review?pair={berta.id}&done={anna.id}"
    page = visitor.get(answer.headers["location"]).text
    assert f"/identity/review/{anna.id}/reopen" in page
    assert "The two become one customer" in page
    bench.work()
    assert bench.profile("user_id:u0").profile == bench.profile("user_id:u1").profile
    assert visitor.post(f"/identity/review/{berta.id}/refuse").status_code == 303
    assert reviewing.count_by_state(bench.runtime) == {"accepted": 1, "refused": 1}


def test_accepting_many_shows_first_what_it_does(bench):
    suggest(bench)
    visitor = Visitor(bench.runtime, "alice@inn.test")
    preview = visitor.get("/identity/review/all?bits=1").text
    assert "Accept 2 pairs" in preview
    answer = visitor.post("/identity/review/all", bits="1")
    page = visitor.get(answer.headers["location"]).text
    assert "2 pairs accepted" in page
    bench.work()
    undo = re.search(r"/identity/review/all/\d+/undo", page)[0]
    assert visitor.post(undo).status_code == 303
    assert reviewing.count_by_state(bench.runtime) == {"open": 2}
    assert visitor.get("/identity/review/all?bits=words").status_code == 422


def test_a_filter_and_the_customer_page_find_the_pairs_of_one_customer(bench):
    _, berta = suggest(bench)
    visitor = Visitor(bench.runtime, "bob@inn.test")
    assert "Nothing here" in visitor.get("/identity/review?strength=even&customer=999").text
    fragment = visitor.get(f"/identity/suggested/{berta.other}").text
    assert f"/identity/review?pair={berta.id}" in fragment
    assert "Berta Lind" in fragment
    assert visitor.get("/identity/suggested/999").text.strip() == ""


def test_agents_look_and_only_analysts_decide(bench):
    anna, _ = suggest(bench)
    agent = Visitor(bench.runtime, "bob@inn.test")
    page = agent.get("/identity/review")
    assert page.status_code == 200
    assert f"/identity/review/{anna.id}/accept" not in page.text
    assert agent.post(f"/identity/review/{anna.id}/accept").status_code == 403
    assert Visitor(bench.runtime, "vic@inn.test").get("/identity/review").status_code == 403


def test_ten_thousand_suggestions_are_paged(bench):
    numbers = [bench.profile(f"user_id:u{number}").profile for number in range(4)]
    many = [NewSuggestion(numbers[0], 100_000 + number, 10.0, 10.0, 0.999, ANNA) for number in range(10_000)]
    with bench.runtime.control.write() as connection:
        run = store.add_run(connection, version=1, made_by="Alice", created_at=1_000)
        store.change_run(connection, run, state="done", phase="done", begun_at=1_000, ended_at=2_000)
        store.replace_open(connection, run, 1, PRIOR, many)
    page = Visitor(bench.runtime, "alice@inn.test").get("/identity/review?page=400").text
    assert "10,000" in page
    assert len(page) < 100_000


def test_the_api_tells_and_decides(bench):
    anna, berta = suggest(bench)
    _, token = workspace.create_token(bench.runtime, ALICE, name="script", role="analyst")
    client = TestClient(make_app(bench.runtime), base_url="http://inn.example")
    client.headers["Authorization"] = f"Bearer {token}"
    first = client.get("/api/identity/suggestions?limit=1").json()
    assert [one["id"] for one in first["suggestions"]] == [anna.id]
    assert first["total"] == 2
    second = client.get("/api/identity/suggestions", params={"limit": 1, "after": first["next"]}).json()
    assert [one["id"] for one in second["suggestions"]] == [berta.id]
    assert second["next"] is None
    assert second["suggestions"][0]["parts"][0] == {"field": "first_name", "level": "swapped", "bits": 6.0}
    dry = client.post("/api/identity/suggestions/accept", json={"atLeastBits": 1}).json()
    assert (dry["suggestions"], dry["customersAfter"], dry["batch"]) == (2, 2, None)
    assert client.post(f"/api/identity/suggestions/{berta.id}/never").json()["state"] == "never"
    again = client.post(f"/api/identity/suggestions/{berta.id}/accept")
    assert (again.status_code, again.json()["code"]) == (409, "already_decided")
    assert client.get("/api/identity/suggestions/searches/newest").json()["suggestions"] == 2
