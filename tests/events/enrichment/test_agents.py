"""User agents of real devices and robots."""

from __future__ import annotations

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA, is_crawler

from stammgast.events.enrichment.agents import device_kind, read_agent

DEVICES = {
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1": "mobile",
    "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1": "tablet",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36": "mobile",
    "Mozilla/5.0 (Linux; Android 13; SM-X906C) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36": "tablet",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4.1 Safari/605.1.15": "desktop",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0": "desktop",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36": "desktop",
    "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) Version/6.0 TV Safari/537.36": "tv",
    "Mozilla/5.0 (Linux; Android 9; AFTSSS) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36": "tv",
    "Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15": "console",
    "python-requests/2.32.3": "server",
    "": "",
}


@pytest.mark.parametrize(("user_agent", "kind"), DEVICES.items())
def test_the_kind_of_device_is_read_from_its_user_agent(user_agent, kind):
    assert device_kind(user_agent) == kind


def test_robots_are_found_exactly_where_the_list_of_crawlers_finds_them():
    instances = [one for entry in CRAWLER_USER_AGENTS_DATA for one in entry.get("instances", ())]
    people = [one for one in DEVICES if one and "python" not in one]
    assert len(instances) > 1_000
    for user_agent in (*instances, *people):
        assert read_agent(user_agent).is_bot == is_crawler(user_agent[:1_000]), user_agent


def test_a_very_long_user_agent_is_cut_not_refused():
    assert read_agent("Mozilla/5.0 (Windows NT 10.0) " + "x" * 100_000).device == "desktop"
