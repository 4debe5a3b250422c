"""Why one customer is one person: the picture, what linked and what was kept apart, merge history, decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from stammgast.identity.resolution import Pair
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.runtime import Runtime
from stammgast.profiles import api
from stammgast.profiles.api.pages import merged_away, words
from stammgast.profiles.contracts import Profile
from stammgast.web.contracts import Role
from stammgast.web.guards import person_of, requires
from stammgast.web.pages import redirect, render, runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import Column
from stammgast.whoiswho.pages import identity_words
from stammgast.whoiswho.pages.picture import Picture, Wire, draw
from stammgast.whoiswho.tracing.contracts import Decided, KnownIdentifier, ProfileIdentity, SeenTogether
from stammgast.whoiswho.tracing.reading import anchors_of_others, event_kinds, profile_identity
from stammgast.whoiswho.tracing.rules import ranking_of
from stammgast.workspace.api import list_sources, record_seen

VIEWER = [requires(Role.VIEWER)]
ROWS_SHOWN = 30
APART_SHOWN = 20
TURNS_SHOWN = 50
LOOKED_UP_MAX = 400
COLUMNS = (
    Column(_("Identifier")),
    Column(_("First seen"), is_hidden_small=True),
    Column(_("Linked by")),
    Column(_("Events"), align="end", is_hidden_small=True),
)


class Linked(msgspec.Struct, frozen=True):
    """An identifier with the first evidence that linked it to a stronger or an equal one; None when nothing did."""

    known: KnownIdentifier
    by: SeenTogether | None
    beside: tuple[Pair, ...]
    """What else of this profile was on that event."""


@get("/customers/{number:int}/identity", guards=VIEWER, sync_to_thread=True)
def show_customer_identity(request: AnyRequest, number: FromPath[int]) -> Response[Any]:
    """Show the page; a number that was merged away leads to the profile that is now."""
    runtime = runtime_of(request)
    profile = api.get_profile(runtime, f"profile:{number}")
    if profile.profile != number:
        return redirect(f"/customers/{profile.profile}/identity?was={number}")
    record_seen(runtime, person_of(request), f"profile {number}")
    return render(request, "whoiswho/identity_customer.html", **about(request, runtime, profile))


def about(request: AnyRequest, runtime: Runtime, profile: Profile) -> dict[str, Any]:
    """Return all that the page shows."""
    found = profile_identity(runtime, f"profile:{profile.profile}")
    rows = linked(found)
    is_all = request.query_params.get("shown") == "all"
    shown = rows if is_all else rows[:ROWS_SHOWN]
    picture, told = picture_of(found, runtime)
    apart = found.kept_apart if is_all else found.kept_apart[:APART_SHOWN]
    # Only what is shown is looked up in the history: a life may hold thousands.
    drawn = [told[line.wire.key] for line in picture.lines]
    messages = [one.by.message_id for one in shown if one.by]
    messages += [
        one.message_id for one in (*drawn, *apart, *found.turned[:TURNS_SHOWN]) if not isinstance(one, Decided)
    ]
    return {
        "profile": profile,
        "found": found,
        "rows": shown,
        "rows_more": len(rows) - len(shown),
        "apart": apart,
        "picture": picture,
        "told": told,
        "shared": found.shared,
        "shared_names": found.names,
        "kinds": event_kinds(runtime, [*profile.anchors, *anchors_of_others(runtime, found)], messages[:LOOKED_UP_MAX]),
        "columns": COLUMNS,
        "sources": {one.id: one.name for one in list_sources(runtime)},
        "was": merged_away(request, profile),
        "words": words,
        "says": identity_words,
    }


def linked(found: ProfileIdentity) -> list[Linked]:
    """Return the identifiers, strongest first, each with the first evidence that it shares with others of the profile."""
    own = {one.pair for one in found.identifiers}
    first: dict[Pair, tuple[SeenTogether, tuple[Pair, ...]]] = {}
    for one in found.seen_together:
        mine = tuple(each for each in one.identifiers if each in own)
        if len(mine) > 1:
            for each in mine:
                first.setdefault(each, (one, tuple(other for other in mine if other != each)))
    return [Linked(one, *first.get(one.pair, (None, ()))) for one in found.identifiers]


def picture_of(found: ProfileIdentity, runtime: Runtime) -> tuple[Picture, dict[str, Any]]:
    """Return the picture, and for each connection's key what it tells: evidence or a refusal."""
    own = {one.pair for one in found.identifiers}
    told: dict[str, Any] = {}
    wires: list[Wire] = []
    evidence: dict[tuple[Pair, Pair], SeenTogether] = {}
    for one in found.seen_together:
        mine = [each for each in one.identifiers if each in own]
        for other in mine[1:]:
            _add(evidence, (mine[0], other), one)
    for number, (pair, one) in enumerate(evidence.items()):
        key = f"e{number}"
        told[key] = one
        wires.append(Wire(*pair, "seen", key, one.events))
    apart = _refused(found)
    for number, (pair, refusal) in enumerate(apart.items()):
        key = f"r{number}"
        told[key] = refusal
        wires.append(Wire(*pair, "refused", key))
    for number, (pair, one) in enumerate(_held(found, own, apart).items()):
        key = f"h{number}"
        told[key] = one
        wires.append(Wire(*pair, "held", key, one.events))
    for word in found.decided:
        if word.kind == "merge" and word.is_standing:
            told[f"d{word.number}"] = word
            wires.append(Wire(word.one_side[0], word.other_side[0], "decided", f"d{word.number}"))
    return draw(sorted(own), found.foreign, wires, ranking_of(runtime).rank), told


def _add(evidence: dict[tuple[Pair, Pair], SeenTogether], pair: tuple[Pair, Pair], one: SeenTogether) -> None:
    """Add events to what connects a pair; the first set tells when it began."""
    before = evidence.get(pair)
    evidence[pair] = one if before is None else msgspec.structs.replace(before, events=before.events + one.events)


def _refused(found: ProfileIdentity) -> Mapping[tuple[Pair, Pair], Any]:
    return {(one.kept, one.left_out): one for one in found.kept_apart}


def _held(
    found: ProfileIdentity, own: set[Pair], apart: Mapping[tuple[Pair, Pair], Any]
) -> dict[tuple[Pair, Pair], SeenTogether]:
    """Return what would connect the profile with identifiers that link nowhere, or that are somebody else's."""
    links: dict[tuple[Pair, Pair], SeenTogether] = {}
    for one in found.seen_together:
        mine: Sequence[Pair] = [each for each in one.identifiers if each in own]
        for other in one.identifiers:
            is_loose = other not in own or other in found.held
            if mine and is_loose and other != mine[0] and (mine[0], other) not in apart and other in found.held:
                _add(links, (mine[0], other), one)
    return links
