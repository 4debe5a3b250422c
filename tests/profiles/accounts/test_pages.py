"""Pages and API of accounts and of trait policies, through the whole application over real stores."""

import re

import pytest
from litestar.testing import TestClient

from stammgast.app import migrate
from stammgast.kernel import clock
from stammgast.kernel.history import HistoryClient
from stammgast.kernel.settings import Settings
from stammgast.profiles.accounts.listing import AccountListing
from stammgast.profiles.store.accounts import write_listings
from stammgast.web.app import make_app
from stammgast.workspace import api as workspace
from stammgast.workspace.contracts import Actor
from tools.workbench import Workbench, track

PASSWORD = "a calm evening at the inn"
BY = Actor("command", 0, "tests")
HOUR = 3_600_000
CROWD = 10_020


class Visitor:
    """Somebody logged in, without scripts."""

    def __init__(self, runtime, email):
        self.client = TestClient(make_app(runtime), base_url="http://inn.example")
        self.token = re.search(r'name="csrf" content="(\w+)"', self.client.get("/login").text)[1]
        answer = self.post("/login", email=email, password=PASSWORD)
        assert answer.status_code == 303, answer.text
        self.token = re.search(r'name="csrf" content="(\w+)"', self.client.get("/accounts").text)[1]

    def get(self, path):
        return self.client.get(path, follow_redirects=False)

    def post(self, path, **form):
        return self.client.post(path, data={"_csrf": self.token, **form}, follow_redirects=False)


@pytest.fixture(scope="module")
def bench(tmp_path_factory, history_server):
    """An inn with two members, one of whom left, and a household. The shop and the till do not agree about its beds."""
    history = HistoryClient(f"{history_server}/default")
    history.command("DROP DATABASE IF EXISTS account_pages SYNC")
    history.close()
    settings = Settings(
        data=tmp_path_factory.mktemp("accounts") / "data", history_url=f"{history_server}/account_pages"
    )
    migrate(settings)
    bench = Workbench(settings)
    for name, role in (("alice", "administrator"), ("agnes", "agent"), ("vic", "viewer")):
        workspace.create_user(bench.runtime, BY, email=f"{name}@inn.test", name=name, role=role, password=PASSWORD)
    for name in ("Onlineshop", "Till"):
        workspace.create_source(bench.runtime, BY, name, kind="server")
    fill(bench)
    yield bench
    bench.runtime.history.command("DROP DATABASE account_pages SYNC")
    bench.close()


def fill(bench):
    now = clock.now_millis()
    inn = {"type": "group", "groupId": "inn", "userId": "anna"}
    traits = {"name": "Inn at the <Lime>", "type": "company", "beds": 12, "role": "owner"}
    bench.send({"type": "identify", "userId": "anna", "messageId": "i1", "traits": {"name": "Anna Maurer"}})
    bench.send({**inn, "messageId": "g1", "traits": traits}, received_at=now - 9 * HOUR)
    bench.send({**inn, "messageId": "g2", "traits": {"beds": 14}}, received_at=now - 8 * HOUR)
    bench.send({**inn, "userId": "bob", "messageId": "g3", "traits": {"left": True}}, received_at=now - 7 * HOUR)
    order = track("anna", "Order Completed", "o1", total=30, currency="EUR")
    bench.send({**order, "context": {"groupId": "inn"}}, received_at=now - 6 * HOUR)
    home = {**inn, "groupId": "home", "messageId": "g4", "traits": {"type": "household"}}
    bench.take(home, received_at=now - 5 * HOUR)


@pytest.fixture(scope="module")
def alice(bench):
    return Visitor(bench.runtime, "alice@inn.test")


@pytest.fixture(scope="module")
def inn(alice):
    return re.search(r'href="(/accounts/\d+)">Inn', alice.get("/accounts?q=inn").text)[1]


def names_in(page):
    return re.findall(r'class="row-link"[^>]*>([^<]+)<', page)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("?sort=name", ["home", "Inn at the &lt;Lime&gt;"]),
        ("?sort=-revenue", ["Inn at the &lt;Lime&gt;", "home"]),
        ("?q=lime", ["Inn at the &lt;Lime&gt;"]),
        ("?kind=household", ["home"]),
        ("?ordered=yes", ["Inn at the &lt;Lime&gt;"]),
        ("?seen=1&sort=nonsense&kind=", ["home", "Inn at the &lt;Lime&gt;"]),
        ("?kind=castle", []),
    ],
)
def test_accounts_are_found_sorted_and_filtered(alice, asked, names):
    page = alice.get(f"/accounts{asked}").text
    assert names_in(page) == names
    assert ("No account found" in page) is not bool(names)


def test_a_wrong_cursor_is_refused_in_words(alice):
    assert alice.get("/accounts?after=x").status_code == 422


def value_of(label, page):
    found = re.search(rf"<dt>{label}</dt>.*?datum-value\">(.*?)</span>\s*<details", page, re.DOTALL)
    return re.sub(r"<[^>]+>", "", found[1]).strip()


def test_an_account_shows_traits_members_and_figures(alice, inn):
    page = alice.get(inn).text
    for text in (
        "Inn at the &lt;Lime&gt;",
        "Company",
        "1 member",
        "Anna Maurer",
        "Owner",
        "has left",
        "€30.00",
        "Group id inn",
    ):
        assert text in page
    assert value_of("Beds", page) == "14"
    assert "Said too, but does not count:" in page
    assert "The newest value counts." in page
    assert not re.search(r"<[^>]+\s(style|on\w+)=", page)


def test_the_members_page_tells_present_from_former_ones(alice, inn):
    assert names_in(alice.get(f"{inn}/members").text) == ["Anna Maurer", "bob"]
    assert names_in(alice.get(f"{inn}/members?status=current").text) == ["Anna Maurer"]
    assert names_in(alice.get(f"{inn}/members?status=former").text) == ["bob"]


def test_the_timeline_of_an_account_names_who_did_it(alice, inn):
    fragment = alice.get(f"{inn}/timeline").text
    assert fragment.count('class="moment"') == 4
    assert "Has left an account" in fragment
    assert "Order completed" in fragment
    assert "Anna Maurer" in fragment


def test_an_event_of_an_account_is_shown_as_it_came_in(alice, inn):
    assert "&#34;beds&#34;: 14" in alice.get(f"{inn}/event?id=g2").text
    assert alice.get(f"{inn}/event?id=nothing").status_code == 404


@pytest.mark.parametrize("path", ["/accounts/9999", "/accounts/9999/members", "/accounts/99999999999999999999999"])
def test_an_unknown_account_is_not_found(alice, path):
    assert alice.get(path).status_code == 404


def test_a_customer_shows_the_accounts_they_belong_to(alice, bench, inn):
    page = alice.get(f"/customers/{bench.profile('user_id:anna').profile}").text
    assert f'<a href="{inn}">Inn at the &lt;Lime&gt;</a>' in page
    assert "Household" in page


def test_nobody_sees_accounts_without_logging_in(bench, inn):
    stranger = TestClient(make_app(bench.runtime), base_url="http://inn.example")
    for path in ("/accounts", inn, f"{inn}/members", f"{inn}/timeline", "/identity/traits"):
        answer = stranger.get(path, follow_redirects=False)
        assert answer.status_code in {302, 303, 401}
        assert "Lime" not in answer.text


def test_policies_are_changed_by_administrators_and_hold_at_once(alice, bench, inn):
    assert alice.post("/identity/traits", trait="beds", rule="first").status_code == 303
    page = alice.get(inn).text
    assert value_of("Beds", page) == "12"
    assert "The first value counts." in page
    assert alice.post("/identity/traits", trait="beds", rule="source_priority", sources="2").status_code == 303
    assert "1. Till" in alice.get("/identity/traits").text
    assert alice.post("/identity/traits/remove", trait="beds").status_code == 303
    assert value_of("Beds", alice.get(inn).text) == "14"
    assert workspace.list_audit(bench.runtime, action="trait_policy.change")[1] == 2


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"trait": "", "rule": "first"}, "A name has 1 to 255 characters"),
        ({"trait": "beds", "rule": "loudest"}, "Choose one of these"),
        ({"trait": "beds", "rule": "source_priority"}, "Name at least one source"),
        ({"trait": "beds", "rule": "source_priority", "sources": "77"}, "One of these sources is not there"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_beside_its_field(alice, form, words):
    answer = alice.post("/identity/traits", **form)
    assert answer.status_code == 422
    assert words in answer.text


def test_agents_look_at_policies_but_do_not_change_them(bench):
    agnes = Visitor(bench.runtime, "agnes@inn.test")
    page = agnes.get("/identity/traits").text
    assert "Administrators may change them." in page
    assert agnes.post("/identity/traits", trait="beds", rule="first").status_code == 403
    assert Visitor(bench.runtime, "vic@inn.test").get("/identity/traits").status_code == 403


@pytest.fixture(scope="module")
def ask(bench):
    """Return a function that asks the API as an administrator's token."""
    _, token = workspace.create_token(bench.runtime, BY, "tests", "administrator")
    client = TestClient(make_app(bench.runtime), base_url="http://inn.example")

    def ask(path, method="GET", status=200, **more):
        answer = client.request(method, path, headers={"Authorization": f"Bearer {token}"}, **more)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    return ask


def test_http_tells_an_account(ask):
    told = ask("/api/accounts/group_id:inn")
    assert (told["name"], told["kind"], told["memberCount"], told["formerMemberCount"]) == (
        "Inn at the <Lime>",
        "company",
        1,
        1,
    )
    assert told["traits"]["beds"] == 14
    assert [one["value"] for one in told["traitValues"]["beds"]["others"]] == [12]
    assert (told["orders"], told["revenue"], told["sessions"]) == (1, {"EUR": 30.0}, 4)
    assert [(one["name"], one["role"], one["left"]) for one in told["members"]] == [
        ("Anna Maurer", "owner", False),
        ("bob", "", True),
    ]
    assert told["membersTotal"] == {"members": 1, "events": 5, "orders": 1, "revenue": {"EUR": 30.0}}
    assert ask(f"/api/accounts/account:{told['accountId']}") == told


def test_http_pages_through_members_and_events(ask):
    first = ask("/api/accounts/group_id:inn/members?limit=1")
    rest = ask("/api/accounts/group_id:inn/members", params={"after": first["next"]})
    assert [one["name"] for one in (*first["members"], *rest["members"])] == ["Anna Maurer", "bob"]
    page = ask("/api/accounts/group_id:inn/events?limit=3")
    last = ask("/api/accounts/group_id:inn/events", params={"before": page["next"]})
    assert [one["event"]["messageId"] for one in (*page["events"], *last["events"])] == ["o1", "g3", "g2", "g1"]
    only = ask("/api/accounts/group_id:inn/events", params={"name": "Order Completed"})
    assert [one["event"]["amount"] for one in only["events"]] == ["30.00"]


def test_http_lists_accounts(ask):
    told = ask("/api/accounts", params={"query": "inn", "sort": "members"})
    assert [(one["groupId"], one["members"], one["revenue"]) for one in told["accounts"]] == [("inn", 1, "30.00")]
    assert [one["groupId"] for one in ask("/api/accounts?kind=Household")["accounts"]] == ["home"]


def test_http_tells_of_a_profile_its_accounts_and_why_its_traits_count(ask):
    told = ask("/api/profiles/user_id:anna")
    assert {(one["groupId"], one["role"], one["left"]) for one in told["accounts"]} == {
        ("inn", "owner", False),
        ("home", "", False),
    }
    name = told["traitValues"]["name"]
    assert (name["current"]["value"], name["rule"], name["others"], name["cut"]) == ("Anna Maurer", "newest", [], False)


def test_http_changes_policies(ask):
    assert ask("/api/identity/traits") == [{"trait": "*", "rule": "newest", "sources": [], "corrections": "always"}]
    kept = ask("/api/identity/traits/beds", "PUT", json={"rule": "source_priority", "sources": [2, 1]})
    assert kept == {"trait": "beds", "rule": "source_priority", "sources": [2, 1], "corrections": "always"}
    assert ask("/api/identity/traits/beds", "PUT", json={"rule": "first", "sources": [2]})["sources"] == []
    assert ask("/api/accounts/group_id:inn")["traits"]["beds"] == 12
    ask("/api/identity/traits/beds", "DELETE", status=204)
    ask("/api/identity/traits/beds", "DELETE", status=404)
    ask("/api/identity/traits/beds", "PUT", status=422, json={"rule": "source_priority"})
    ask("/api/identity/traits/beds", "PUT", status=400, json={"rule": "loudest"})


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/accounts/group_id:nowhere", 404),
        ("/api/accounts/inn", 404),
        ("/api/accounts/group_id:nowhere/members", 404),
        ("/api/accounts/group_id:nowhere/events", 404),
        ("/api/accounts?after=x", 422),
        ("/api/accounts?sort=beds", 400),
        ("/api/accounts/group_id:inn/events?before=x", 422),
        ("/api/accounts/group_id:inn/members?status=dead", 400),
    ],
)
def test_http_refuses_with_a_problem(ask, path, status):
    assert ask(path, status=status)["status"] == status


def test_an_empty_list_says_how_accounts_arise(make_workbench):
    bench = make_workbench()
    workspace.create_user(bench.runtime, BY, email="alice@inn.test", name="Alice", role="viewer", password=PASSWORD)
    assert "analytics.group(" in Visitor(bench.runtime, "alice@inn.test").get("/accounts").text


def test_ten_thousand_accounts_are_paged_by_cursor(make_workbench):
    bench = make_workbench()
    workspace.create_user(bench.runtime, BY, email="alice@inn.test", name="Alice", role="viewer", password=PASSWORD)
    with bench.runtime.customers.write() as connection:
        write_listings(connection, [crowd_row(number) for number in range(1, CROWD + 1)])
    alice = Visitor(bench.runtime, "alice@inn.test")
    page = alice.get("/accounts?sort=name").text
    assert names_in(page)[0] == "Inn 00001"
    assert "More than 10,000 accounts" in page
    after = re.search(r'href="(/accounts\?[^"]*after=[^"]+)"', page)[1].replace("&amp;", "&")
    assert names_in(alice.get(after).text)[0] == "Inn 00051"
    assert names_in(alice.get("/accounts?q=inn+09999").text) == ["Inn 09999"]


def crowd_row(number):
    name = f"Inn {number:05d}"
    figures = (number % 7, 0, number, 0, 0, "", number * 1000, number * 2000)
    return AccountListing(
        number, f"g{number}", name, name.casefold(), "company", *figures, ("inn", f"{number:05d}", f"g{number}")
    )
