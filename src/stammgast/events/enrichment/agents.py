"""What a user agent tells: kind of device, browser, operating system, and whether it is a robot."""

from __future__ import annotations

import re
from functools import cache, lru_cache

import msgspec

CACHED_AGENTS = 20_000
LENGTH_MAX = 1_000
"""Longer user agents are cut: real ones stay under 500 characters, and matching must stay cheap."""


class Agent(msgspec.Struct, frozen=True, gc=False):
    """What one user agent tells. Texts are empty when it does not say; `device` as in `Event.device`."""

    device: str = ""
    browser: str = ""
    os: str = ""
    is_bot: bool = False


NO_AGENT = Agent()


@lru_cache(CACHED_AGENTS)
def read_agent(user_agent: str) -> Agent:
    """Return what `user_agent` tells.

    >>> read_agent("Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604")
    Agent(device='tablet', browser='Mobile Safari', os='iOS', is_bot=False)
    """
    text = user_agent[:LENGTH_MAX]
    if not text.strip():
        return NO_AGENT
    from ua_parser import parse

    found = parse(text)
    return Agent(
        device=device_kind(text),
        browser=found.user_agent.family if found.user_agent else "",
        os=found.os.family if found.os else "",
        is_bot=_is_robot(text),
    )


# Order matters: a television often calls itself a phone's system, a tablet a phone or a desktop.
_DEVICES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("console", r"playstation|xbox|nintendo"),
        (
            "tv",
            r"smart-?tv|googletv|android ?tv|apple ?tv|hbbtv|netcast|web0s|roku|crkey|bravia|viera|\baft[a-z]{1,4}\b|tizen.*\btv\b",
        ),
        ("tablet", r"ipad|tablet|kindle|silk/|playbook|android(?!.*mobi)"),
        ("mobile", r"mobi|iphone|ipod|android|windows phone|blackberry|bb10|opera mini|symbian|kaios"),
        ("desktop", r"windows nt|macintosh|x11|cros |linux x86|linux i686|win64"),
        (
            "server",
            r"python|curl/|wget/|java/|go-http|okhttp|node|axios|ruby|php|libwww|apache-http|postman|analytics-|rudder",
        ),
    )
)


def device_kind(user_agent: str) -> str:
    """Return desktop, mobile, tablet, tv, console, server, or empty when the user agent shows none.

    An iPad that asks for desktop pages calls itself a Macintosh: nothing in the text tells them apart.

    >>> device_kind("Mozilla/5.0 (Linux; Android 14; SM-X200) AppleWebKit/537.36 Chrome/126.0 Safari/537.36")
    'tablet'
    """
    return next((kind for kind, pattern in _DEVICES if pattern.search(user_agent)), "")


def is_browser(user_agent: str) -> bool:
    """Say whether a request's own user agent is a browser's, and so the customer's, not a server SDK's.

    >>> is_browser("analytics-python/2.3.4")
    False
    """
    return user_agent.startswith(("Mozilla/", "Opera/"))


def _is_robot(user_agent: str) -> bool:
    return _robots().extract(user_agent) is not None  # type: ignore[attr-defined]


@cache
def _robots() -> object:
    # 1,500 patterns tried one after another take 0.7 ms a user agent; ua-parser's Rust engine looks for their literal
    # parts all at once (3 microseconds) and takes any patterns, not only its own.
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA
    from ua_parser_rs import UserAgentExtractor

    return UserAgentExtractor([(f"({one['pattern']})", *(None,) * 5) for one in CRAWLER_USER_AGENTS_DATA])
