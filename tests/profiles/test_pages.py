"""The pages of customers, through the whole application over real stores."""

import csv
import dataclasses
import html
import io
import re
import time
from pathlib import Path

import pytest
from litestar import get
from litestar.params import FromPath
from litestar.testing import TestClient

from stammgast.app import migrate
from stammgast.kernel import clock
from stammgast.kernel.history import HistoryClient
from stammgast.kernel.log import LogWriter
from stammgast.kernel.ports.shown import CustomerPanel
from stammgast.kernel.runtime import ListFilter, Manifest
from stammgast.kernel.settings import Settings
from stammgast.profiles.listing import Listing
from stammgast.profiles.store.customers import write_listings
from stammgast.web.app import make_app
from stammgast.web.guards import requires
from stammgast.workspace import api as workspace
from stammgast.workspace.contracts import Actor
from tools.workbench import Workbench, track

# Other modules' handlers are loaded with ours.

PASSWORD = "a calm evening at the inn"
BY = Actor("command", 0, "tests")
HOUR = 3_600_000
CROWD = 10_020


class Visitor:
    """Somebody logged in, without scripts."""

    def __init__(self, runtime, email):
        self.client = TestClient(make_app(runtime), base_url="http://inn.example")
        token = re.search(r'name="csrf" content="(\w+)"', self.client.get("/login").text)[1]
        form = {"_csrf": token, "email": email, "password": PASSWORD}
        answer = self.client.post("/login", data=form, follow_redirects=False)
        assert answer.status_code == 303, answer.text

    def get(self, path, **headers):
        return self.client.get(path, headers=headers, follow_redirects=False)

    def fragment(self, path, **headers):
        answer = self.get(path, **{"HX-Request": "true"}, **headers)
        assert answer.status_code == 200, answer.text
        return answer


def open_bench(folder, history_server, database):
    history = HistoryClient(f"{history_server}/default")
    history.command(f"DROP DATABASE IF EXISTS {database} SYNC")
    history.close()
    settings = Settings(data=folder, history_url=f"{history_server}/{database}")
    migrate(settings)
    bench = Workbench(settings)
    for name, role in (("alice", "analyst"), ("vic", "viewer")):
        workspace.create_user(bench.runtime, BY, email=f"{name}@inn.test", name=name, role=role, password=PASSWORD)
    return bench


@pytest.fixture(scope="module")
def bench(tmp_path_factory, history_server):
    """Clara, who visits and buys; Dora, who was two; a robot. Tests only read."""
    bench = open_bench(tmp_path_factory.mktemp("pages") / "data", history_server, "profile_pages")
    workspace.create_source(bench.runtime, BY, "Onlineshop", kind="browser")
    fill(bench)
    yield bench
    bench.runtime.history.command("DROP DATABASE profile_pages SYNC")
    bench.close()


def fill(bench):
    now = clock.now_millis()
    clara = {"userId": "clara", "anonymousId": "web-1", "context": {"channel": "web"}}
    consent = {"consent": {"categoryPreferences": {"analytics": True, "advertising": False}}, "channel": "web"}
    traits = {"name": "Clara Vogel", "email": "Clara@Inn.example", "plan": "silver", "newsletter": True}
    bench.send({**clara, "type": "identify", "messageId": "c0", "traits": traits}, received_at=now - 50 * HOUR)
    for number in range(60):
        page = {**clara, "type": "page", "name": f"Page {number}", "messageId": f"p{number}", "context": consent}
        bench.send(page, received_at=now - 49 * HOUR - number * HOUR)
    products = [{"name": "Herb tea", "quantity": 2, "price": 6.9}, {"name": "Oak board", "price": "35"}]
    order = track("clara", "Order Completed", "o1", order_id="A-17", total=48.8, currency="EUR", products=products)
    visit = [{**clara, "type": "page", "name": "", "messageId": f"v{one}"} for one in range(3)]
    bench.send(*visit, {**order, "context": {"channel": "web"}}, received_at=now - 2 * HOUR)
    answer = track("clara", "Survey Answered", "s1", score=9, comment="Warm <bread>", kind="nps")
    bench.send({**answer, "context": {"channel": "mail"}}, received_at=now - HOUR)
    bench.send({**clara, "type": "identify", "messageId": "c1", "traits": {"plan": "gold"}}, received_at=now - HOUR)
    bench.send({"type": "page", "anonymousId": "tablet", "messageId": "d0"}, received_at=now - HOUR)
    bench.send({"type": "identify", "userId": "dora", "messageId": "d1", "traits": {"name": "=Dora"}})
    robot = {"userAgent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}
    bench.send({"type": "page", "anonymousId": "robot-1", "messageId": "r0", "context": robot})
    bench.work()
    bench.take(
        {"type": "identify", "userId": "dora", "anonymousId": "tablet", "messageId": "d2", "traits": {"vip": True}}
    )


@pytest.fixture(scope="module")
def alice(bench):
    return Visitor(bench.runtime, "alice@inn.test")


@pytest.fixture(scope="module")
def clara(bench):
    return bench.profile("user_id:clara").profile


def names_in(page):
    return [html.unescape(one) for one in re.findall(r'class="row-link"[^>]*>([^<]+)<', page)]


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("", {"Clara Vogel", "=Dora"}),
        ("?q=vog", {"Clara Vogel"}),
        ("?q=clara@inn", {"Clara Vogel"}),
        ("?q=tablet", {"=Dora"}),
        ("?ordered=yes", {"Clara Vogel"}),
        ("?ordered=no&known=yes", {"=Dora"}),
        ("?channel=mail", {"Clara Vogel"}),
        ("?seen=1", {"Clara Vogel", "=Dora"}),
        ("?bots=yes&known=no", {"Visitor 52fa"}),
        ("?seen=nonsense&sort=nonsense&channel=", {"Clara Vogel", "=Dora"}),
    ],
)
def test_customers_are_found_and_filtered(alice, asked, names):
    assert set(names_in(alice.get(f"/customers{asked}").text)) == names


@get("/throw-away/{number:int}/mood", guards=[requires("analyst")], sync_to_thread=False)
def show_mood(number: FromPath[int]) -> str:
    return f"mood of {number}"


def with_throw_away(bench, email, *, place="now"):
    """Somebody who looks at the bench with one manifest more, which shows a panel and filters both lists."""

    def narrow(value, key):
        return key == int(value)

    def choices(_runtime, _brand, _chosen):
        return [("1", "Number one")]

    filters = [
        ListFilter("number", name, "Number", "All numbers", choices, narrow) for name in ("customers", "accounts")
    ]
    panel = CustomerPanel("mood", "/throw-away/{number:int}/mood", place)
    manifest = Manifest(
        "throw_away", Path(__file__).parent, routes=(show_mood,), list_filters=filters, customer_panels=(panel,)
    )
    runtime = dataclasses.replace(
        bench.runtime, manifests=(*bench.runtime.manifests, manifest), services=dict(bench.runtime.services)
    )
    return Visitor(runtime, email)


@pytest.mark.parametrize("place", ["top", "who", "now"])
def test_a_module_shows_its_panel_on_the_page_of_a_customer(bench, clara, place):
    alice = with_throw_away(bench, "alice@inn.test", place=place)
    page = alice.get(f"/customers/{clara}").text
    assert page.count(f'hx-get="/throw-away/{clara}/mood"') == 1
    assert alice.get(f"/throw-away/{clara}/mood").text == f"mood of {clara}"
    if place != "top":
        assert f"/throw-away/{clara}/mood" in alice.fragment(f"/customers/{clara}/parts/{place}").text


def test_nobody_gets_a_panel_that_they_may_not_open(bench, clara):
    vic = with_throw_away(bench, "vic@inn.test")
    page = vic.get(f"/customers/{clara}").text
    assert "/throw-away/" not in page
    assert "/identity/suggested/" not in page  # for agents


def test_whom_a_customer_may_be_the_same_person_as_is_a_panel_of_whoiswho(alice, clara):
    assert f'hx-get="/identity/suggested/{clara}"' in alice.get(f"/customers/{clara}").text


def test_a_module_filters_the_list_of_customers(bench, clara):
    alice = with_throw_away(bench, "alice@inn.test")
    page = alice.get(f"/customers?number={clara}").text
    assert names_in(page) == ["Clara Vogel"]
    assert re.search(rf'<option value="{clara}" selected>', page)
    assert names_in(alice.get("/customers?number=").text)[1:]
    export = alice.get(f"/customers/export.csv?number={clara}").text
    assert [line["Number"] for line in csv.DictReader(io.StringIO(export.lstrip("\ufeff")))] == [str(clara)]


def test_a_module_filters_the_list_of_accounts(bench):
    alice = with_throw_away(bench, "alice@inn.test")
    page = alice.get("/accounts?number=1").text
    assert '<option value="1" selected>Number one</option>' in page
    assert alice.get("/accounts?number=987654").status_code == 200


def test_customers_are_sorted_by_the_columns(alice):
    assert names_in(alice.get("/customers?sort=-revenue").text)[0] == "Clara Vogel"
    assert names_in(alice.get("/customers?sort=revenue").text)[0] == "=Dora"
    page = alice.get("/customers?sort=name").text
    assert names_in(page)[0] == "=Dora"
    assert 'aria-sort="ascending"' in page
    assert 'href="/customers?sort=-name"' in page
    assert 'href="/customers?sort=-revenue"' in page  # the most first


def test_a_search_without_result_says_so(alice):
    page = alice.get("/customers?q=nobody-like-this").text
    assert "Nobody found" in page
    assert "No customers yet" not in page


def test_a_wrong_cursor_is_refused_in_words(alice):
    assert alice.get("/customers?after=x").status_code == 422


def test_the_export_is_for_analysts_and_harmless_in_spreadsheets(alice, bench):
    answer = alice.get("/customers/export.csv?known=yes")
    assert answer.headers["content-disposition"] == 'attachment; filename="customers.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {one["Customer"] for one in rows} == {"Clara Vogel", "'=Dora"}
    assert {one["Revenue"] for one in rows} == {"48.80", ""}
    viewer = Visitor(bench.runtime, "vic@inn.test")
    assert viewer.get("/customers/export.csv").status_code == 403
    assert "export.csv" not in viewer.get("/customers").text


def test_nobody_sees_customers_without_logging_in(bench, clara):
    stranger = TestClient(make_app(bench.runtime), base_url="http://inn.example")
    for path in ("/customers", f"/customers/{clara}", f"/customers/{clara}/timeline"):
        answer = stranger.get(path, follow_redirects=False)
        assert answer.status_code in {302, 303, 401}
        assert "Clara" not in answer.text


def test_a_customer_shows_who_they_are_and_where_that_came_from(alice, clara):
    page = alice.get(f"/customers/{clara}").text
    assert '<h1 class="break">Clara Vogel</h1>' in page
    for text in (
        "Plan",
        "gold",
        "silver",
        "Said too, but does not count:",
        "Onlineshop",
        "clara@inn.example",
        "web-1",
        "€48.80",
        "Herb tea",
    ):
        assert text in page
    assert page.index("Advertising") < page.index("Analysis of use")  # what was refused comes first
    assert len(page) < 100_000
    assert not re.search(r"<[^>]+\s(style|on\w+)=", page)


def test_a_merged_number_leads_to_the_profile_that_is_now(alice, bench):
    dora = bench.profile("user_id:dora")
    (gone,) = dora.merged
    answer = alice.get(f"/customers/{gone}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/customers/{dora.profile}?was={gone}")
    page = alice.get(f"/customers/{dora.profile}?was={gone}").text
    assert f"Number {gone} became part of this profile" in page
    assert f"{gone} joined {dora.profile}" in page
    assert "Seen together on one event" in page


@pytest.mark.parametrize("number", ["9999", "999999999999999999999999", "0"])
def test_an_unknown_customer_is_not_found(alice, number):
    assert alice.get(f"/customers/{number}").status_code == 404


def test_the_timeline_folds_a_visit_and_quotes_an_answer(alice, clara):
    fragment = alice.fragment(f"/customers/{clara}/timeline").text
    assert "Session · Website" in fragment
    assert "4 events" in fragment
    assert "Order completed" in fragment
    assert re.search("2 .</span> Herb tea", fragment)
    assert '<blockquote class="quote">Warm &lt;bread&gt;</blockquote>' in fragment
    assert not re.search(r"<[^>]+\s(style|on\w+)=", fragment)


def test_the_timeline_reads_on_and_names_each_day_once(alice, clara):
    path, days, shown = f"/customers/{clara}/timeline", [], 0
    while path:
        fragment = alice.fragment(path).text
        days += re.findall(r'<h3 class="day">([^<]+)<', fragment)
        shown += len(re.findall(r'class="moment-more"', fragment))
        more = re.search(r'class="more"><a [^>]*hx-get="([^"]+)"', fragment)
        path = html.unescape(more[1]) if more else None
    assert shown == 60 + 4 + 3
    assert len(days) == len(set(days)) > 1


def test_the_timeline_is_filtered_and_the_address_keeps_it(alice, clara):
    asked = f"/customers/{clara}/timeline?channel=mail&name=track:Survey+Answered"
    answer = alice.fragment(asked, **{"HX-Trigger": "timeline-filters"})
    assert "Survey answered" in answer.text
    assert "Order completed" not in answer.text.partition("</form>")[2]
    address = answer.headers["hx-push-url"]
    assert address == f"/customers/{clara}?channel=mail&name=track%3ASurvey+Answered"
    page = alice.get(address).text
    assert "timeline?channel=mail&amp;name=track%3ASurvey+Answered" in page
    nothing = alice.fragment(f"/customers/{clara}/timeline?channel=phone").text
    assert "Nothing of this kind" in nothing


def test_newer_events_are_counted_and_stand_out(alice, clara):
    now = clock.now_millis()
    assert alice.fragment(f"/customers/{clara}/newer?since={now}").text.strip() == ""
    one = alice.fragment(f"/customers/{clara}/newer?since={now - 90 * 60_000}").text
    assert "Show 2 new events" in one
    assert "Show the newest events" in alice.fragment(f"/customers/{clara}/newer?since=0").text
    answer = alice.fragment(f"/customers/{clara}/timeline?since={now - 90 * 60_000}")
    assert answer.text.count(" fresh") == 2
    assert answer.headers["hx-trigger"] == "renewed"


def test_the_columns_beside_the_timeline_can_be_renewed(alice, clara):
    assert "gold" in alice.fragment(f"/customers/{clara}/records").text
    assert "€48.80" in alice.fragment(f"/customers/{clara}/parts/now").text
    assert alice.get(f"/customers/{clara}/parts/other").status_code == 404


def test_the_raw_event_is_shown_to_its_own_customer_only(alice, bench, clara):
    fragment = alice.fragment(f"/customers/{clara}/event?id=o1").text
    assert "&#34;order_id&#34;: &#34;A-17&#34;" in fragment
    assert "1 more in what came in:" in fragment
    dora = bench.profile("user_id:dora").profile
    assert alice.get(f"/customers/{dora}/event?id=o1", **{"HX-Request": "true"}).status_code == 404


def test_a_robot_is_marked(alice, bench):
    robot = bench.profile("anonymous_id:robot-1").profile
    assert "Robot</span>" in alice.fragment(f"/customers/{robot}/timeline").text
    assert "Only robots or staff" in alice.get(f"/customers/{robot}").text


def test_without_history_the_timeline_says_so_and_the_rest_stays(bench, clara):
    dead = HistoryClient("http://nobody:x@127.0.0.1:9/none")
    alice = Visitor(dataclasses.replace(bench.runtime, history=dead, services={LogWriter: bench.log}), "alice@inn.test")
    fragment = alice.fragment(f"/customers/{clara}/timeline").text
    assert "The history does not answer" in fragment
    assert f'hx-get="/customers/{clara}/timeline?' in fragment
    assert alice.fragment(f"/customers/{clara}/newer?since=0").text.strip() == ""
    assert "€48.80" in alice.get(f"/customers/{clara}").text
    assert "The history does not answer" in alice.fragment("/home/came-in").text
    dead.close()


def test_home_shows_what_came_in_and_who_is_new(alice):
    came_in = alice.fragment("/home/came-in?span=day").text
    assert "Events by channel" in came_in
    again = html.unescape(re.search(r'hx-get="(/home/came-in[^"]+known=[^"]+)"', came_in)[1])
    assert alice.get(again, **{"HX-Request": "true"}).status_code == 204
    assert "Clara Vogel" in alice.fragment("/home/newest-customers").text
    worker = alice.fragment("/home/worker").text
    assert "Up to date" in worker or "silent" in worker


@pytest.fixture(scope="module")
def crowd(tmp_path_factory, history_server):
    """Ten thousand and twenty customers, as the list knows them."""
    bench = open_bench(tmp_path_factory.mktemp("crowd") / "data", history_server, "profile_crowd")
    start = clock.now_millis() - 30 * 24 * HOUR
    rows = [
        Listing(
            number, f"Guest {number:05}", f"guest {number:05}", f"g{number}@inn.example", start, start + number * 1000,
            1 + number % 50, number % 7, number * 10_000, "EUR", number % 3 > 0,
            ("guest", f"{number:05}", f"g{number}@inn.example"), ("channel:web",),
        )
        for number in range(1, CROWD + 1)
    ]  # fmt: skip
    with bench.runtime.customers.write() as connection:
        write_listings(connection, rows, ())
    yield bench
    bench.runtime.history.command("DROP DATABASE profile_crowd SYNC")
    bench.close()


def test_ten_thousand_customers_are_paged_without_gap_or_repetition(crowd):
    alice = Visitor(crowd.runtime, "alice@inn.test")
    path, seen = "/customers?q=g10&sort=name", []
    while path:
        page = alice.get(path).text
        seen += names_in(page)
        following = re.search(r'<a [^>]*href="([^"]+)"[^>]*rel="next"', page)
        path = html.unescape(following[1]) if following else None
    wanted = [10, *range(100, 110), *range(1000, 1100), *range(10_000, 10_021)]
    assert seen == [f"Guest {number:05}" for number in wanted if number <= CROWD]
    assert "More than 10,000 customers" in alice.get("/customers").text


@pytest.mark.parametrize("asked", ["", "?sort=-revenue", "?q=guest", "?q=g99", "?channel=web&ordered=yes&sort=name"])
def test_a_list_of_ten_thousand_takes_little_work(crowd, asked):
    alice = Visitor(crowd.runtime, "alice@inn.test")
    took = []
    for _ in range(5):
        begun = time.process_time()
        assert alice.get(f"/customers{asked}").status_code == 200
        took.append(time.process_time() - begun)
    # Work of the processor and not time, of which a busy machine takes any amount; half of what a quiet one may take.
    assert min(took) < 0.1, took
