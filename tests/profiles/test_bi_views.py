"""What a BI tool sees: views that say the same as a profile's page, to an account that sees nothing else."""

from datetime import UTC, datetime
from decimal import Decimal
from random import Random

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from stammgast.app import manifests, migrate
from stammgast.kernel.history_views import HistoryView, bi_database, make_views
from stammgast.operations.doctor import examine
from tools.workbench import Workbench, track

VIEWS = [view for one in manifests() for view in one.views]
GOOGLEBOT = {"userAgent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}


@pytest.fixture
def bench(settings):
    migrate(settings)
    bench = Workbench(settings)
    yield bench
    bench.close()


def seen(bench, sql):
    """Ask as a BI tool does: `BI.` stands for the database of the views."""
    return bench.runtime.history.query(sql.replace("BI.", f"{bi_database(bench.runtime.history)}."))


def at(minutes):
    return datetime.fromtimestamp(1_760_000_000 + round(minutes * 60), UTC).isoformat()


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_has_the_columns_that_its_file_says_with_what_they_mean(bench, view):
    database = bi_database(bench.runtime.history)
    rows = bench.runtime.history.query(
        "SELECT name, type, comment FROM system.columns WHERE database = {d:String} AND table = {t:String}"
        " ORDER BY position",
        {"d": database, "t": view.name},
    )
    assert rows == list(view.columns)
    assert len(rows) > 10
    assert all(meaning for _, _, meaning in rows)
    assert seen(bench, f"SELECT * FROM BI.{view.name}") == []


def test_an_event_shows_clean_names_and_its_customers_number_also_after_a_merge(bench):
    page = {"type": "page", "name": "Start", "anonymousId": "browser", "messageId": "p", "properties": {"path": "/x"}}
    order = track("anna", "Order Completed", "o", order_id=17, total=19.99, currency="EUR")
    bench.take(page, order)
    columns = "name, page_name, page_path, profile, amount, properties.order_id"
    sql = f"SELECT {columns} FROM BI.events ORDER BY message_id"
    anna, browser = (bench.profile(one).profile for one in ("user_id:anna", "anonymous_id:browser"))
    assert anna != browser
    expected = [("Order Completed", "", "", anna, "19.99", 17), ("page", "Start", "/x", browser, None, None)]
    assert seen(bench, sql) == expected
    bench.take({"type": "identify", "userId": "anna", "anonymousId": "browser", "messageId": "i"})
    survivor = bench.profile("user_id:anna").profile
    assert [row[3] for row in seen(bench, sql)] == [survivor] * 3


def test_an_event_of_nobody_has_no_customer(bench):
    nobody = {"type": "track", "event": "Till Opened", "messageId": "n", "subject": "none"}
    bench.take(nobody, track("anna", "Login", "l"), kind="import")
    assert seen(bench, "SELECT profile IS NULL, name FROM BI.events ORDER BY name") == [
        (0, "Login"),
        (1, "Till Opened"),
    ]
    assert seen(bench, "SELECT uniqExact(profile) FROM BI.events") == [(1,)]


def some_lives(random):
    """Events of a few people: pages, orders and refunds around the session gap, some by a robot."""
    names = ["Order Completed", "Order Refunded", "Product Viewed"]
    for number in range(120):
        person, name = f"p{random.randrange(5)}", random.choice(names)
        minutes = random.choice([0, 29.99, 30, 30.02, 45, 75]) + 60 * random.randrange(6)
        event = track(person, name, f"m{number}", time=at(minutes), total=random.choice([None, 3, 9.99]))
        robot = {"context": GOOGLEBOT} if random.random() < 0.1 else {}
        yield {**event, **robot}


def net(profile):
    both = (profile.features.get(name, {}).get("EUR", {}) for name in ("revenue", "refunds"))
    return sum((Decimal(one.get("amount", 0)) for one in both), Decimal(0))


def test_orders_refunds_and_sessions_of_the_views_are_those_on_the_profiles(bench):
    bench.take(*some_lives(Random(7)))
    bench.take({"type": "alias", "userId": "p0", "previousId": "p1", "messageId": "alias", "timestamp": at(0)})
    people = {one.profile: one for one in (bench.profile(f"user_id:p{number}") for number in range(5))}
    orders = dict(seen(bench, "SELECT profile, count() FROM BI.orders GROUP BY profile"))
    assert orders == {number: one.features["orders"]["count"] for number, one in people.items()}
    money = (
        "SELECT profile, sum(amount) FROM (SELECT * FROM BI.orders UNION ALL SELECT * FROM BI.refunds) GROUP BY profile"
    )
    assert {number: Decimal(total) for number, total in seen(bench, money)} == {
        number: net(one) for number, one in people.items()
    }
    told = "count(), sum(dateDiff('second', began_at, ended_at)), sum(events), sum(orders)"
    sessions = {
        number: told for number, *told in seen(bench, f"SELECT profile, {told} FROM BI.sessions GROUP BY profile")
    }
    assert sessions == {
        number: [
            one.features["sessions"]["count"],
            one.features["sessions"]["seconds"],
            one.features["events"]["total"],
            one.features["orders"]["count"],
        ]
        for number, one in people.items()
    }


def test_a_session_is_like_its_first_event(bench):
    def page(message_id, minutes, path, url):
        event = {"type": "page", "anonymousId": "b", "messageId": message_id, "timestamp": at(minutes)}
        return {**event, "context": {"page": {"path": path, "url": url}}}

    first = page("1", 0, "/landing", "https://shop.example/landing?utm_campaign=spring&utm_source=news")
    bench.take(page("2", 5, "/later", "https://shop.example/later"), first)
    sql = (
        "SELECT landing_page, campaign, campaign_source, pages, dateDiff('minute', began_at, ended_at) FROM BI.sessions"
    )
    assert seen(bench, sql) == [("/landing", "spring", "news", 2, 5)]


def test_views_are_made_anew_at_every_start_and_keep_nothing_of_how_they_were(bench, settings):
    history = bench.runtime.history
    make_views(history, [HistoryView("orders", "", (), "(\n    one UInt8 COMMENT 'x'\n)\nAS SELECT 1 AS one")])
    assert seen(bench, "SELECT * FROM BI.orders") == [(1,)]
    migrate(settings)
    assert seen(bench, "SELECT * FROM BI.orders") == []


def test_a_server_that_allows_no_views_stops_nothing_and_the_doctor_says_how_to_mend_it(bench):
    history = bench.runtime.history
    denied = HistoryView("denied", "", (), "(\n    one String COMMENT 'x'\n)\nAS SELECT * FROM file('/etc/passwd')")
    assert make_views(history, [denied]) is False
    assert finding(bench).is_well
    history.command(f"DROP VIEW {bi_database(history)}.orders SYNC")
    told = finding(bench)
    assert not told.is_well
    assert told.found.endswith("_bi: orders")
    assert f"ON {bi_database(history)}.*" in told.mend


def finding(bench):
    return next(one for one in examine(bench.runtime) if one.name == "views for BI")


def test_the_read_only_account_of_an_installation_reads_the_views_and_nothing_beside_them(running):
    run = running.data / "run"
    client = clickhouse_connect.get_client(
        host="127.0.0.1",
        port=int((run / "warehouse.port").read_text()),
        username="bi",
        password=(run / "bi.password").read_text().strip(),
        database="stammgast_bi",
    )
    assert {name for (name,) in client.query("SHOW TABLES").result_rows} == {view.name for view in VIEWS}
    for view in VIEWS:
        assert client.query(f"SELECT count() FROM {view.name}").first_row[0] >= 0
    for forbidden in ("SELECT count() FROM stammgast.events", "SELECT raw FROM events", "DROP VIEW orders"):
        with pytest.raises(DatabaseError):
            client.query(forbidden)
    client.close()
