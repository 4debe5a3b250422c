"""Enrichment: what the reader of the log calls for each event; pure but for caches."""

from __future__ import annotations

from typing import Any

from stammgast.events.contracts import Event
from stammgast.events.enrichment.agents import NO_AGENT, Agent, is_browser, read_agent
from stammgast.events.enrichment.campaign import NO_CAMPAIGN, Campaign, read_context
from stammgast.events.enrichment.geo import country_of
from stammgast.events.enrichment.language import language_of
from stammgast.events.enrichment.rules import ChannelRule
from stammgast.events.enrichment.snapshot import EnrichmentRules
from stammgast.events.enrichment.visit import read_visit

__all__ = ["ChannelRule", "EnrichmentRules", "enrich"]

TITLE_LENGTH_MAX = 300
NAME_LENGTH_MAX = 100
_EMPTY: dict[str, Any] = {}


def enrich(event: Event, ip: str, user_agent: str, rules: EnrichmentRules) -> None:
    """Fill the event's enrichment fields in place.

    ip: the customer's truncated address; empty when not known (server SDKs, imports). `context.ip` beats it.
    user_agent: of the request; counts only when it is a browser's, since a server SDK's says nothing about the
    customer. `context.userAgent` beats it. An event already marked as staff (by its full address) stays so.
    """
    context = event.context
    said_ip = context.get("ip")
    if isinstance(said_ip, str) and said_ip:
        ip = said_ip
    user_agent = _customers_agent(context, user_agent)
    _fill_device(event, read_agent(user_agent) if user_agent else NO_AGENT)
    event.country = (country_of(ip) if ip else "") or _said_country(context)
    locale = context.get("locale")
    event.language = language_of(locale) if isinstance(locale, str) else ""
    host = _fill_page(event, rules.payments)
    _fill_channel(event, host, rules)
    event.is_staff = event.is_staff or rules.staff_marker.is_staff(event, ip)


def _customers_agent(context: dict[str, Any], requests: str) -> str:
    said = context.get("userAgent")
    if isinstance(said, str) and said:
        return said
    return requests if is_browser(requests) else ""


def _fill_device(event: Event, agent: Agent) -> None:
    event.device = agent.device
    event.browser = agent.browser
    event.os = agent.os
    event.is_bot = agent.is_bot
    if "os" in event.context or "device" in event.context:
        _fill_from_app(event)


def _fill_from_app(event: Event) -> None:
    """Take what a mobile SDK says in `context.os` and `context.device`: it knows better than the user agent."""
    system = event.context.get("os")
    if isinstance(system, dict) and isinstance(name := system.get("name"), str) and name:
        event.os = name[:NAME_LENGTH_MAX]
    device = event.context.get("device")
    kind = device.get("type") if isinstance(device, dict) else None
    if isinstance(kind, str) and kind.lower() in ("ios", "android", "mobile", "tablet"):
        model = str(device.get("model") or "").lower() if isinstance(device, dict) else ""
        event.device = "tablet" if "ipad" in model or kind.lower() == "tablet" else event.device or "mobile"


def _said_country(context: dict[str, Any]) -> str:
    location = context.get("location")
    country = location.get("country") if isinstance(location, dict) else None
    return country.upper() if isinstance(country, str) and len(country) == 2 and country.isalpha() else ""  # noqa: PLR2004 - alpha-2


def _fill_page(event: Event, payments: frozenset[str]) -> str:
    """Fill page, campaign and referrer; return the page's host, empty when the event is on no page."""
    page = event.context.get("page")
    page = page if isinstance(page, dict) else _EMPTY
    own = event.properties if event.type == "page" else _EMPTY
    said = event.context.get("campaign")
    if not page and not own and not said:
        return ""
    visit = read_visit(
        _either(own, page, "url"),
        _either(own, page, "path"),
        _either(own, page, "search"),
        _either(own, page, "referrer"),
        read_context(said) if isinstance(said, dict) else NO_CAMPAIGN,
        payments,
    )
    event.page_path = visit.path
    event.page_title = _either(own, page, "title")[:TITLE_LENGTH_MAX]
    event.referrer_medium = visit.referrer_medium
    event.referrer_name = visit.referrer_name
    if visit.campaign is not NO_CAMPAIGN:
        _fill_campaign(event, visit.campaign)
    return visit.host


def _fill_campaign(event: Event, campaign: Campaign) -> None:
    event.campaign_source = campaign.source
    event.campaign_medium = campaign.medium
    event.campaign_name = campaign.name
    event.campaign_term = campaign.term
    event.campaign_content = campaign.content
    event.click_id = campaign.click_id


def _fill_channel(event: Event, host: str, rules: EnrichmentRules) -> None:
    context = event.context
    library = context.get("library")
    library_name = _text(library, "name") if isinstance(library, dict) else ""
    channel, touchpoint = rules.classifier.classify(
        event.source, library_name, event.type, event.name, host, event.page_path
    )
    # A sender that names them itself (an import map, a till) knows best.
    event.channel = _text(context, "channel")[:NAME_LENGTH_MAX] or channel
    event.touchpoint = _text(context, "touchpoint")[:NAME_LENGTH_MAX] or touchpoint


def _either(own: dict[str, Any], page: dict[str, Any], key: str) -> str:
    value = own.get(key) if own else None
    if type(value) is not str or not value:
        value = page.get(key)
    return value if type(value) is str else ""


def _text(place: dict[str, Any], key: str) -> str:
    value = place.get(key)
    return value if isinstance(value, str) else ""
