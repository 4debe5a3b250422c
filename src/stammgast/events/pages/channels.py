"""Settings: the ordered rules that say which channel and touchpoint an event belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from litestar import Response, get, post

from stammgast.events import api
from stammgast.events.channel_rules import check_rules
from stammgast.events.enrichment.rules import CHANNELS, DEFAULT_CHANNEL_RULES, ChannelRule
from stammgast.kernel.errors import Invalid, StammgastError
from stammgast.kernel.i18n import marked as _
from stammgast.web.contracts import Role
from stammgast.web.forms import Form, SentForm
from stammgast.web.guards import person_of, requires
from stammgast.web.numbers import whole
from stammgast.web.pages import redirect, render, runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import Column
from stammgast.workspace.api import list_sources
from stammgast.workspace.contracts import SOURCE_KINDS, Actor

ANALYST = [requires(Role.ANALYST)]
EMPTY_LINES = 3
FIELDS = ("event", "page", "source", "source_kind", "type", "library", "channel", "touchpoint")
TYPES = ("track", "page", "screen", "identify", "group", "alias")
COLUMNS = (
    Column(_("Event")),
    Column(_("Page")),
    Column(_("Channel")),
    Column(_("Touchpoint")),
    Column(_("Source")),
    Column(_("Kind of source")),
    Column(_("Type")),
    Column(_("Library")),
    Column(_("Order")),
)


@get("/settings/channels", guards=ANALYST, sync_to_thread=True)
def show_channels(request: AnyRequest) -> Response[str]:
    """Show the rules."""
    return _page(request, api.channel_rules(runtime_of(request)), Form())


@post("/settings/channels", guards=ANALYST, status_code=200, sync_to_thread=True)
def change_channels(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Keep the rules as the form shows them, or bring back those Stammgast comes with."""
    if form.text("do") == "reset":
        api.change_channel_rules(runtime_of(request), _by(request), ())
        return redirect("/settings/channels", flash=_("The rules that Stammgast comes with hold again."))
    rules = read_rules(form)
    try:
        moved = _moved(rules, form.text("do"))
        if moved is not None:
            return _page(request, moved, Form(), keeps_nothing=True)
        check_rules(rules)
        api.change_channel_rules(runtime_of(request), _by(request), rules)
    except StammgastError as problem:
        return _page(request, rules, form.refused(problem), problem.status)
    return redirect("/settings/channels", flash=_("The rules hold for events from now on."))


@post("/settings/payment-hosts", guards=ANALYST, status_code=200, sync_to_thread=True)
def change_payment_hosts(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Keep the list of payment providers, or bring back the usual one."""
    hosts = None if form.text("do") == "reset" else form.lines("hosts")
    try:
        api.change_payment_hosts(runtime_of(request), _by(request), hosts)
    except StammgastError as problem:
        return _page(request, api.channel_rules(runtime_of(request)), form.refused(problem), problem.status)
    return redirect("/settings/channels", flash=_("The list holds for events from now on."))


def read_rules(form: Form) -> list[ChannelRule]:
    """Return the lines of the form that say anything."""
    lines = zip_longest(*(form.every(name) for name in FIELDS), fillvalue="")
    rules = []
    for line in lines:
        facts: dict[str, Any] = {name: text.strip() for name, text in zip(FIELDS, line, strict=True)}
        facts["source"] = whole(facts["source"]) or 0
        rule = ChannelRule(**facts)
        if rule != ChannelRule():
            rules.append(rule)
    return rules


def _moved(rules: Sequence[ChannelRule], order: str) -> list[ChannelRule] | None:
    """Return the rules with one of them moved (`up:3`, `down:3`) or left out (`drop:3`), None for another order."""
    action, _colon, place_text = order.partition(":")
    if action not in ("up", "down", "drop"):
        return None
    place = whole(place_text)
    if place is None or place >= len(rules):
        raise Invalid(field="do", problem=_("that rule is not there any more"))
    changed = list(rules)
    rule = changed.pop(place)
    if action != "drop":
        changed.insert(max(0, place - 1) if action == "up" else place + 1, rule)
    return changed


def _page(
    request: AnyRequest, rules: Sequence[ChannelRule], form: Form, status: int = 200, **how: bool
) -> Response[str]:
    return render(
        request,
        "events/channels.html",
        status=status,
        **how,
        form=form,
        rules=rules,
        is_default=tuple(rules) == DEFAULT_CHANNEL_RULES,
        empty_lines=EMPTY_LINES,
        columns=COLUMNS,
        channels=CHANNELS,
        kinds=SOURCE_KINDS,
        types=TYPES,
        hosts=form.text("hosts") or "\n".join(api.payment_hosts(runtime_of(request))),
        source_options=[(one.id, one.name) for one in list_sources(runtime_of(request))],
    )


def _by(request: AnyRequest) -> Actor:
    return Actor.of(person_of(request))


ROUTES = (show_channels, change_channels, change_payment_hosts)
