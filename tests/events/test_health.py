"""How sources do, told from what really came in."""

import pytest
from litestar.testing import TestClient

from stammgast.events import health
from stammgast.events.catalogue import gathering
from stammgast.events.store import catalogue as store
from stammgast.kernel import clock
from stammgast.web.app import make_app
from stammgast.workspace import api as workspace
from stammgast.workspace.contracts import Actor, SourceWatch
from tools.workbench import track

BY = Actor("command", 0, "tests")
DAY = clock.MILLIS_PER_DAY


@pytest.fixture
def bench(workbench):
    workspace.create_source(workbench.runtime, BY, "Till")
    return workbench


def page(bench, path):
    _made, secret = workspace.create_token(bench.runtime, BY, "viewer", "viewer")
    with TestClient(make_app(bench.runtime), base_url="http://inn.example") as client:
        return client.get(path, headers={"Authorization": f"Bearer {secret}"})


def of_the_till(bench):
    return bench.runtime.service(SourceWatch).health()[1]


def test_a_source_tells_its_last_event_its_volume_its_library_and_what_waits(bench):
    library = {"library": {"name": "analytics-python", "version": "2.3.0"}}
    bench.take(
        track("anna", "Order Completed", "1") | {"context": library},
        track("anna", "Order Completed", "2") | {"context": library},
        {"type": "track", "event": "Nobody's"},
    )
    gathering.gather(bench.runtime)
    found = of_the_till(bench)
    assert found.arrival.fate == "quarantined" or found.arrival.name == "Order Completed"
    assert found.days[-1] == sum(found.days) == 2
    assert found.quarantined == 1
    assert found.quarantined_share == pytest.approx(1 / 3)
    assert [one[:2] for one in found.libraries] == [("analytics-python", "2.3.0")]
    assert found.silent_since is None


def test_an_event_is_told_at_once_before_anything_was_gathered(bench):
    assert bench.runtime.service(SourceWatch).health() == {}
    waiting = page(bench, "/connect/sources/1")
    assert "Waiting for the first event" in waiting.text
    assert page(bench, "/connect/sources/1/arrivals?known=waiting").status_code == 204
    bench.take(track("anna", "Order Completed", "1"))
    first = page(bench, "/connect/sources/1/arrivals?known=waiting").text
    assert "First event received" in first
    assert "Order Completed" in first
    again = page(bench, f"/connect/sources/1/arrivals?known={of_the_till(bench).last_at}")
    assert again.status_code == 204
    assert "First event received" not in page(bench, "/connect/sources/1").text


def test_a_first_event_that_lies_in_the_quarantine_is_told_too(bench):
    bench.take({"type": "track", "event": "Nobody's"})
    assert "First event received" in page(bench, "/connect/sources/1/arrivals?known=waiting").text


def seen(bench, days_ago, now):
    """Let the till have sent something on these days."""
    with bench.runtime.control.write() as connection:
        row = {"type": "track", "name": "Sale", "source": 1, "events": 5}
        for ago in days_ago:
            at = now - ago * DAY
            store.add(connection, store.seen_days, [row | {"day": at // DAY}])
            times = {"first_at": at, "last_at": at, "received_at": at}
            store.add(connection, store.seen_events, [row | {"origin": "", **times}])


def test_a_source_that_sent_daily_and_stopped_is_silent_and_looks_it(bench):
    now = clock.now_millis()
    seen(bench, range(3, 20), now)
    assert of_the_till(bench).silent_since == now - 3 * DAY
    assert "Silent" in page(bench, "/connect/sources").text
    workspace.revoke_source(bench.runtime, BY, 1)
    bench.runtime.services.clear()
    assert of_the_till(bench).silent_since is None


@pytest.mark.parametrize("days_ago", [range(1, 20), (2, 9, 16, 23, 29), (20, 21, 22)])
def test_a_source_that_sends_as_ever_is_not_silent(bench, days_ago):
    seen(bench, days_ago, clock.now_millis())
    assert of_the_till(bench).silent_since is None


def test_a_shop_that_is_shut_at_weekends_is_not_silent_on_monday_morning():
    friday_evening = 4 * DAY + 18 * 3_600_000
    monday_morning = 7 * DAY + 8 * 3_600_000
    days = [week * 7 + day - 28 for week in range(5) for day in range(5) if week * 7 + day - 28 <= 4]
    assert not health.is_silent(days, friday_evening, monday_morning)
    assert health.is_silent(days, friday_evening, monday_morning + DAY)
