"""The main job on a real retailer's year: his orders become customers' timelines, which a person opens in the interface."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from stammgast.app import open_history
from stammgast.kernel.settings import Settings
from tools.installation import Installation, enter

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def retailer(tmp_path_factory, shared_data):
    """A whole installation with the retailer's orders in it, and what the import told."""
    file = shared_data("online_retail/online_retail_all.csv.gz")
    installation = Installation(tmp_path_factory.mktemp("retailer") / "data")
    installation.start()
    told = json.loads(installation.run("import", str(file), "--map", "online_retail", "--json"))
    installation.wait_until_processed(installation.token())
    yield installation, told
    installation.stop()


def test_the_years_orders_are_in_history_to_the_penny(retailer):
    installation, told = retailer
    assert (told["rows"], told["refused"]) == (541_909, 0)
    history = open_history(Settings(data=installation.data))
    try:
        names = dict(history.query("SELECT name, count() FROM events GROUP BY name"))
        # 25,900 invoices, 3,836 of them cancellations; sum(Quantity * UnitPrice): the data's README.
        assert {name: names[name] for name in ("Order Completed", "Order Refunded")} == {
            "Order Completed": 22_064,
            "Order Refunded": 3_836,
        }
        net = history.query("SELECT sum(amount) FROM events", row=tuple[Decimal])[0][0]
        assert str(net.normalize()) == "9747747.934"
        assert history.query("SELECT uniqExact(message_id) = count() FROM events")[0][0] == 1
    finally:
        history.close()


def test_every_customer_is_one_profile_and_nobody_else_is(retailer):
    installation, _told = retailer
    token = installation.token()
    found, after = set(), ""
    while True:
        status, page = installation.ask(f"/api/profiles?query=&limit=500&after={after}", token)
        assert status == 200
        found |= {one["profileId"] for one in page["profiles"]}
        if page["next"] is None:
            break
        after = page["next"]
    assert len(found) == 4_372


def test_a_customers_figures_are_those_of_the_file(retailer):
    installation, _told = retailer
    status, profile = installation.ask("/api/profiles/user_id:14911", installation.token())
    assert status == 200
    # pandas over the file: 201 invoices worth 143,825.06 and 47 cancellations that gave back 11,252.44.
    assert profile["features"]["orders"] == 201
    assert profile["features"]["revenue"] == {"GBP": 143825.06}
    assert profile["features"]["refunds"] == {"GBP": 11252.44}


@pytest.mark.browser
def test_the_customers_page_shows_them(retailer, page):
    installation, _told = retailer
    enter(installation, page)
    page.goto(f"{installation.url}/customers?q=14911")
    page.locator("a.row-link").first.click()
    page.locator(".moment-title", has_text="Order completed").first.wait_for()
    shown = page.locator("main").inner_text()
    assert "201" in shown
    assert "143,825.06" in shown
    assert "14911" in shown
