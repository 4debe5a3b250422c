"""Real SDKs, unchanged but for their host, against the collector: every call type arrives, complete."""

import shutil
import subprocess
from pathlib import Path

import pytest

from stammgast.kernel import clock

pytestmark = pytest.mark.sdk

ROOT = Path(__file__).parents[2]
ALL_TYPES = ["alias", "group", "identify", "page", "screen", "track"]


def call_everything(client):
    """Use the interface that both Python SDKs share."""
    client.identify("alice", {"email": "alice@inn.example"})
    client.track("alice", "Order Completed", {"total": 19.99, "currency": "EUR"})
    client.page("alice", "Inn", "Home", {"url": "https://inn.example/"})
    client.screen(anonymous_id="device-1", name="Start")
    client.group("alice", "acme", {"employees": 3})
    client.alias("device-1", "alice")


def check_everything(collector):
    events = {one.type: one for one in collector.wait_for_events(6)}
    assert sorted(events) == ALL_TYPES
    assert ("email", "alice@inn.example") in events["identify"].identifiers
    assert (events["track"].name, events["track"].amount, events["track"].currency) == (
        "Order Completed",
        19_990_000,
        "EUR",
    )
    assert (events["page"].name, events["page"].properties["url"]) == ("Home", "https://inn.example/")
    assert (events["screen"].name, events["screen"].anonymous_id) == ("Start", "device-1")
    assert (events["group"].group_id, events["group"].traits) == ("acme", {"employees": 3})
    assert (events["alias"].previous_id, events["alias"].user_id) == ("device-1", "alice")
    for one in events.values():
        assert one.message_id
        assert not one.message_id.startswith("made-")
        assert one.context["library"]["name"]
        assert one.original_time is not None
        assert abs(one.time - clock.now_millis()) < 60_000
        assert one.flags == ()


@pytest.mark.parametrize("gzip", [False, True])
def test_segment_analytics_python_sends_all_its_call_types(collector, gzip):
    from segment.analytics import Client

    errors = []
    client = Client("key", host=collector.url, gzip=gzip, on_error=lambda error, _items: errors.append(error))
    call_everything(client)
    client.shutdown()
    assert errors == []
    check_everything(collector)


@pytest.mark.parametrize("gzip", [False, True])
def test_rudder_sdk_python_sends_all_its_call_types(collector, gzip):
    from rudderstack.analytics.client import Client

    errors = []
    client = Client("key", host=collector.url, gzip=gzip, on_error=lambda error, _items: errors.append(error))
    call_everything(client)
    client.shutdown()
    assert errors == []
    check_everything(collector)


def test_segment_analytics_node_sends_all_its_call_types(collector, tmp_path):
    modules = ROOT / "assets" / "node_modules"
    if shutil.which("node") is None or not (modules / "@segment" / "analytics-node").exists():
        pytest.skip("Node or @segment/analytics-node is missing: run `make setup`")
    # Node looks for packages beside the program, so the program goes where the packages are linked.
    (tmp_path / "node_modules").symlink_to(modules)
    program = shutil.copy(Path(__file__).parent / "send_with_node_sdk.mjs", tmp_path)
    command = ["node", program, collector.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    check_everything(collector)


def test_an_sdk_that_is_refused_can_say_why(collector):
    from segment.analytics.request import APIError, post

    with pytest.raises(APIError) as refused:
        post("wrong", collector.url, batch=[])
    assert (refused.value.status, refused.value.code) == (401, "invalid_write_key")
    assert "write key" in refused.value.message
