from __future__ import annotations

from functools import partial
from pathlib import Path

from stammgast.events import http, operating
from stammgast.events.catalogue.gathering import gather
from stammgast.events.commands import COMMANDS
from stammgast.events.health import source_health
from stammgast.events.http_api import CONTROLLERS
from stammgast.events.http_aside import CONTROLLERS as ASIDE_CONTROLLERS
from stammgast.events.http_catalogue import CONTROLLERS as CATALOGUE_CONTROLLERS
from stammgast.events.pages import ROUTES
from stammgast.events.pages.catalogue import find_events
from stammgast.events.tracker.serving import browser_snippet
from stammgast.kernel.i18n import marked
from stammgast.kernel.log import LogWriter
from stammgast.kernel.runtime import (
    AsgiMount,
    HomePanel,
    Manifest,
    Metric,
    NavigationEntry,
    ReadyCheck,
    SearchProvider,
    Task,
)
from stammgast.workspace.contracts import BrowserSnippet, SourceWatch

MANIFEST = Manifest(
    name="events",
    folder=Path(__file__).parent,
    routes=(*CONTROLLERS, *ASIDE_CONTROLLERS, *CATALOGUE_CONTROLLERS, *ROUTES),
    navigation=(
        NavigationEntry("connect", marked("Quarantine"), "/connect/quarantine", "quarantine", order=40),
        NavigationEntry("connect", marked("Event catalogue"), "/connect/catalogue", "event", order=45),
        NavigationEntry("connect", marked("Event rules"), "/connect/rules", "filter", order=50),
        NavigationEntry("settings", marked("Channels"), "/settings/channels", "tag", order=35),
    ),
    search=(SearchProvider(marked("Events"), find_events),),
    home_panels=(HomePanel("quarantine", "/home/quarantine", order=30, seconds=10),),
    mounts=(
        AsgiMount(http.PREFIXES, http.PATHS, http.make_collector, "who has a write key; the tracker itself: anybody"),
    ),
    commands=COMMANDS,
    services={
        LogWriter: operating.open_log,
        BrowserSnippet: lambda _: BrowserSnippet(browser_snippet),
        SourceWatch: lambda runtime: SourceWatch(partial(source_health, runtime)),
    },
    blob_mentions=(operating.mentioned_in_quarantine,),
    tasks=(
        Task("events.trim_log", "web", 10, operating.trim_log),
        Task("events.catalogue", "web", 15, gather),
    ),
    action_words={
        "catalogue.event": marked("described an event"),
        "catalogue.properties": marked("described an event's properties"),
        "channel_rules.change": marked("changed the channel rules"),
        "payment_hosts.change": marked("changed the payment providers"),
        "event_schema.save": marked("wrote an event rule"),
        "event_schema.delete": marked("deleted an event rule"),
        "quarantine.replay": marked("replayed quarantined events"),
        "quarantine.discard": marked("discarded quarantined events"),
        "set_aside.try_again": marked("had the worker take up again what it set aside"),
        "events.export": marked("exported events"),
    },
    ready_checks=(ReadyCheck("log", operating.log_problem),),
    metrics=(
        Metric(
            "stammgast_log_backlog_events", "Events in the log that wait for the worker.", "gauge", operating.backlog
        ),
        Metric("stammgast_log_head", "Events ever accepted.", "counter", operating.head),
        Metric("stammgast_quarantine_events", "Events in the quarantine.", "gauge", operating.quarantined),
    ),
)
