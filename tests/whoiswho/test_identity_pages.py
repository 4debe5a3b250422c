"""The pages of identity, through the whole application over real stores."""

import csv
import io
import re

import pytest
from litestar.testing import TestClient

from stammgast.app import migrate
from stammgast.kernel import clock
from stammgast.kernel.history import HistoryClient
from stammgast.kernel.settings import Settings
from stammgast.web.app import make_app
from stammgast.whoiswho import curating
from stammgast.workspace import api as workspace
from stammgast.workspace.contracts import Actor
from tools.workbench import Workbench, track

PASSWORD = "a calm evening at the inn"
BY = Actor("command", 0, "tests")
DAY = 86_400_000


class Visitor:
    """Somebody logged in, without scripts."""

    def __init__(self, runtime, email, language="en"):
        self.client = TestClient(make_app(runtime), base_url="http://inn.example")
        self.client.headers["accept-language"] = language
        self.csrf = re.search(r'name="csrf" content="(\w+)"', self.client.get("/login").text)[1]
        answer = self.post("/login", email=email, password=PASSWORD)
        assert answer.status_code == 303, answer.text
        self.csrf = re.search(r'name="csrf" content="(\w+)"', self.client.get("/me").text)[1]

    def get(self, path, **headers):
        return self.client.get(path, headers=headers, follow_redirects=False)

    def page(self, path):
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(self, path, **form):
        return self.client.post(path, data={"_csrf": self.csrf, **form}, follow_redirects=False)


def open_bench(folder, history_server, database):
    history = HistoryClient(f"{history_server}/default")
    history.command(f"DROP DATABASE IF EXISTS {database} SYNC")
    history.close()
    settings = Settings(data=folder, history_url=f"{history_server}/{database}")
    migrate(settings)
    bench = Workbench(settings)
    for name in ("analyst", "agent", "viewer"):
        email = f"{name}@inn.test"
        workspace.create_user(bench.runtime, BY, email=email, name=name.title(), role=name, password=PASSWORD)
    return bench


@pytest.fixture(scope="module")
def bench(tmp_path_factory, history_server):
    """Anna and Bob share a tablet; Anna bought twice, Bob once."""
    bench = open_bench(tmp_path_factory.mktemp("identity") / "data", history_server, "identity_pages")
    workspace.create_source(bench.runtime, BY, "Wirtshaus", kind="browser")
    share_a_tablet(bench)
    yield bench
    bench.runtime.history.command("DROP DATABASE identity_pages SYNC")
    bench.close()


def share_a_tablet(bench):
    tablet = {"anonymousId": "family-tablet", "context": {"channel": "web"}}
    # Received in the same millisecond, their message ids would say who came first.
    now = clock.now_millis() - 10
    bench.send({**tablet, "type": "page", "name": "Karte", "messageId": "t1"}, received_at=now)
    for user, name in (("anna", "Anna Wirt"), ("bob", "Bob Wirt")):
        traits = {"name": name, "email": f"{user}@inn.example"}
        bench.send(
            {**tablet, "type": "identify", "userId": user, "messageId": f"{user}-1", "traits": traits},
            received_at=now + 1,
        )
    bench.send(
        {**tablet, **order("anna", "a-1", 20)}, order("anna", "a-2", 30), order("bob", "b-1", 7), received_at=now + 2
    )
    bench.work()


def order(user, message_id, total):
    return track(user, "Order Completed", message_id, order_id=message_id, total=total, currency="EUR")


@pytest.fixture(scope="module")
def agent(bench):
    return Visitor(bench.runtime, "agent@inn.test")


@pytest.fixture(scope="module")
def viewer(bench):
    return Visitor(bench.runtime, "viewer@inn.test")


def test_the_overview_counts_profiles_identifiers_and_what_is_shared(agent):
    assert 'hx-get="/identity/figures"' in agent.page("/identity")
    figures = re.sub(r"<[^>]+>", " ", agent.page("/identity/figures"))
    assert re.search(r"Profiles\s+2\s", figures)
    assert re.search(r"Known by name or number\s+100\W?%", figures)
    assert re.search(r"Anonymous id\s+1\s+1\s", figures)
    assert re.search(r"family-tablet\s+Anonymous id · left out for 1 other", figures)


def test_a_viewer_does_not_see_the_identity_section(viewer):
    assert viewer.get("/identity").status_code == 403
    assert 'href="/identity"' not in viewer.page("/customers")


def test_every_part_of_the_section_leads_somewhere(agent):
    parts = re.search(r'aria-label="Parts of identity">(.*?)</nav>', agent.page("/identity"), re.DOTALL)[1]
    for path in re.findall(r'href="([^"]+)"', parts):
        assert agent.get(path).status_code == 200, path


@pytest.fixture(scope="module")
def anna(bench):
    return bench.profile("user_id:anna").profile


@pytest.fixture(scope="module")
def bob(bench):
    return bench.profile("user_id:bob").profile


def plain(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_picture_names_every_identifier_and_what_linked_it(viewer, anna):
    page = viewer.page(f"/customers/{anna}/identity")
    assert len(re.findall(r'class="node [^"]*"', page)) == 4  # anna, her mail, the tablet; bob, who was kept apart
    titles = re.findall(r"<title>([^<]+)</title>", page)
    titles = [" ".join(one.split()) for one in titles]
    assert any(re.match(r"anna .* family-tablet: seen together on 2 events, first: \w+", one) for one in titles)
    assert any(
        "kept apart. Together they would have more than one profile may have of: User id" in one for one in titles
    )


def test_the_same_is_told_as_a_table(viewer, anna, bob):
    page = viewer.page(f"/customers/{anna}/identity")
    table = plain(page[page.index('id="identifiers"') :])
    assert re.search(r"User id anna .* with anna@inn.example, family-tablet .* 3 ", table)
    apart = page[page.index('id="kept-apart"') :]
    assert f'href="/customers/{bob}">Bob Wirt</a>' in apart
    assert "this profile" in apart


def test_a_viewer_sees_no_way_to_decide(viewer, agent, anna):
    page = viewer.page(f"/customers/{anna}/identity")
    assert "data-choose" not in page
    assert "/identity/merge" not in page
    assert viewer.get(f"/customers/{anna}/identity/merge").status_code == 403
    assert viewer.post(f"/customers/{anna}/identity/split", chosen="email:anna@inn.example").status_code == 403
    assert "data-choose" in agent.page(f"/customers/{anna}/identity")


def test_a_shared_device_is_told_where_it_matters(viewer, anna, bob):
    for number in (anna, bob):
        for path in (f"/customers/{number}", f"/customers/{number}/identity"):
            told = plain(viewer.page(path))
            assert "Events that carry only this id count for Anna Wirt , its first owner" in told.replace(
                "Wirt,", "Wirt ,"
            )


def test_a_split_is_shown_before_it_is_done(agent, bench, anna):
    chosen = {"chosen": "anonymous_id:family-tablet"}
    page = agent.post(f"/customers/{anna}/identity/split", **chosen).text
    told = plain(page)
    assert "Nothing has changed yet" in told
    foreseen = [one for one in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL) if "family-tablet" in one]
    assert len(foreseen) == 2  # now and then
    assert bench.profile("user_id:anna").profile == anna


def test_choosing_nothing_or_all_to_split_is_refused_in_words(agent, anna):
    assert agent.post(f"/customers/{anna}/identity/split").status_code == 422
    everything = ["user_id:anna", "email:anna@inn.example", "anonymous_id:family-tablet"]
    refused = agent.post(f"/customers/{anna}/identity/split", chosen=everything)
    assert refused.status_code == 422
    assert "at least one must stay" in refused.text


def test_the_other_of_a_merge_is_found_by_search(agent, anna, bob):
    page = agent.page(f"/customers/{anna}/identity/merge?q=bob")
    assert f"/customers/{anna}/identity/merge?other={bob}" in page
    preview = plain(agent.page(f"/customers/{anna}/identity/merge?other={bob}"))
    assert "2 come here" in preview
    assert "Nobody else matches" in agent.page(f"/customers/{anna}/identity/merge?q=anna")
    assert agent.get(f"/customers/{anna}/identity/merge?other={anna}").status_code == 422


@pytest.fixture(scope="module")
def club(tmp_path_factory, history_server):
    """Twelve members who all give the club's address, and a merge, a split and a decision for the log."""
    bench = open_bench(tmp_path_factory.mktemp("club") / "data", history_server, "identity_club")
    share_a_tablet(bench)
    for number in range(12):
        traits = {"email": "=verein@inn.example"}
        bench.send({"type": "identify", "userId": f"m{number}", "messageId": f"m{number}", "traits": traits})
    bench.work()
    curating.split_profile(
        bench.runtime, Actor("user", 1, "Alice"), "user_id:anna", [("anonymous_id", "family-tablet")]
    )
    bench.work()
    yield bench
    bench.runtime.history.command("DROP DATABASE identity_club SYNC")
    bench.close()


@pytest.fixture
def keeper(club):
    return Visitor(club.runtime, "analyst@inn.test")


def test_held_identifiers_are_listed_with_what_they_met(keeper):
    told = plain(keeper.page("/identity/held"))
    assert "=verein@inn.example by the rules" in told
    assert "Met 12 stronger identifiers on" in told
    assert "m11" in told


def test_an_identifier_is_held_and_released_by_hand_after_a_look(club, keeper):
    typed = {"namespace": "email", "value": "Kasse@Inn.example"}
    assert "No event carries it yet" in keeper.post("/identity/held", **typed).text
    assert keeper.post("/identity/held", **typed, do="hold").status_code == 303
    club.work()
    assert "Held by Analyst" in plain(keeper.page("/identity/held"))
    assert keeper.post("/identity/held/release", identifier="email:kasse@inn.example", do="release").status_code == 303
    club.work()
    told = plain(keeper.page("/identity/held"))
    assert "Held by Analyst" not in told
    assert "kasse@inn.example Analyst" in told


def test_what_needs_no_holding_is_refused_beside_the_form(keeper):
    answer = keeper.post("/identity/held", namespace="user_id", value="guest")
    assert answer.status_code == 422
    assert "it links nowhere anyway" in answer.text
    assert 'value="guest"' in answer.text


def test_releasing_shows_what_would_be(keeper):
    told = plain(keeper.post("/identity/held/release", identifier="email:=verein@inn.example").text)
    assert "Nothing has changed yet" in told
    assert "=verein@inn.example" in told


def test_the_log_tells_splits_refusals_and_who_decided(keeper):
    told = plain(keeper.page("/identity/log"))
    assert re.search(r"Split Profile \d+ was split off \d+ .* Decided by a person: Alice", told)
    assert "Kept apart A person decided that they are not one" in told
    assert "Decided Split: Alice" in told


@pytest.mark.parametrize(
    ("asked", "lines"),
    [
        ("kind=decision&person=Alice", 1),
        ("kind=split", 1),
        ("person=Nobody", 0),
        ("until=2001-01-01", 0),
        ("namespace=phone", 0),
    ],
)
def test_the_log_is_filtered_by_its_address(keeper, asked, lines):
    page = keeper.page(f"/identity/log?{asked}")
    body = re.search(r"<tbody>(.*?)</tbody>", page, re.DOTALL)
    assert (body[1].count("<tr>") if body else 0) == lines


def test_the_log_is_exported_whole_and_harmless(keeper, club):
    curating.hold_identifier(club.runtime, Actor("user", 1, "=cmd()"), ("email", "x@inn.example"))
    club.work()
    answer = keeper.get("/identity/log.csv?kind=decision")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert {one["kind"] for one in rows} == {"decision"}
    assert "'=cmd()" in {one["person"] for one in rows}
    assert Visitor(club.runtime, "agent@inn.test").get("/identity/log.csv").status_code == 403
