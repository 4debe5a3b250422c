"""Deciding who is who, with a look ahead: split a profile, merge two, hold and release, take back. The worker obeys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from stammgast.identity.resolution import Pair
from stammgast.kernel.errors import Invalid, StammgastError
from stammgast.kernel.history import HistoryUnavailable
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ids import Anchor
from stammgast.kernel.runtime import Runtime
from stammgast.profiles import api
from stammgast.profiles.api.pages import words
from stammgast.profiles.contracts import CustomerRow, NoSuchProfile, Profile, TimelineEvent
from stammgast.web.contracts import Role
from stammgast.web.forms import Form, SentForm
from stammgast.web.guards import person_of, requires
from stammgast.web.pages import redirect, render, runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.whoiswho import curating
from stammgast.whoiswho.tracing.contracts import Foresight
from stammgast.whoiswho.tracing.reading import is_obeyed
from stammgast.workspace.contracts import Actor

AGENT = [requires(Role.AGENT)]
ANALYST = [requires(Role.ANALYST)]
FOUND_SHOWN = 10
OUTCOMES_MAX = 4
MOVING_SHOWN = 5
ANCHORS_MAX = 1_000


@post("/customers/{number:int}/identity/split", guards=AGENT, status_code=200, sync_to_thread=True)
def split(request: AnyRequest, number: FromPath[int], form: SentForm) -> Response[Any]:
    """Show what splitting off the chosen identifiers would do; with `do` = split, do it."""
    runtime, reference = runtime_of(request), f"profile:{number}"
    chosen = [read_pair(one) for one in form.every("chosen")]
    is_forever = form.flag("never")
    if not chosen:
        raise Invalid(field="chosen", problem=_("choose the identifiers that are another person's"))
    if form.text("do") == "split":
        staying = _staying(runtime, reference, chosen)
        position = curating.split_profile(
            runtime, Actor.of(person_of(request)), reference, chosen, is_forever=is_forever
        )
        return to_outcome(number, position, [staying, write_pair(chosen[0])])
    foresight = curating.foresee_split(runtime, reference, chosen, is_forever=is_forever)
    return render(
        request,
        "whoiswho/identity_split.html",
        keeps_nothing=True,
        profile=api.get_profile(runtime, reference),
        chosen=chosen,
        foresight=foresight,
        moving=moving(runtime, foresight),
        is_forever=is_forever,
        words=words,
    )


@get("/customers/{number:int}/identity/merge", guards=AGENT, sync_to_thread=True)
def choose_merge(request: AnyRequest, number: FromPath[int], other: FromQuery[int] = 0) -> Response[Any]:
    """Find the other customer; once chosen, show what merging would do."""
    runtime = runtime_of(request)
    profile = api.get_profile(runtime, f"profile:{number}")
    text = (request.query_params.get("q") or "").strip()[:200]
    found: Sequence[CustomerRow] = ()
    foresight, second, problem = None, None, None
    if other:
        try:
            second = api.get_profile(runtime, f"profile:{other}")
            foresight = curating.foresee_merge(runtime, f"profile:{number}", f"profile:{other}")
        except StammgastError as refused:
            problem = refused
    elif text:
        rows = api.list_customers(runtime, text, limit=FOUND_SHOWN + 1).rows
        found = [one for one in rows if one.profile != number][:FOUND_SHOWN]
    return render(
        request,
        "whoiswho/identity_merge.html",
        status=problem.status if problem else 200,
        profile=profile,
        second=second,
        text=text,
        found=found,
        foresight=foresight,
        moving=moving(runtime, foresight),
        form=Form(problem=problem),
        words=words,
    )


@post("/customers/{number:int}/identity/merge", guards=AGENT, status_code=200, sync_to_thread=True)
def merge(request: AnyRequest, number: FromPath[int], form: SentForm) -> Redirect:
    """Merge the two."""
    other = form.whole("other")
    position = curating.merge_profiles(
        runtime_of(request), Actor.of(person_of(request)), f"profile:{number}", f"profile:{other}"
    )
    return to_outcome(number, position, [f"profile:{number}", f"profile:{other}"])


@post("/customers/{number:int}/identity/take-back", guards=AGENT, status_code=200, sync_to_thread=True)
def take_back(request: AnyRequest, number: FromPath[int], form: SentForm) -> Redirect:
    """Let a decision no longer count."""
    position = curating.take_back(runtime_of(request), Actor.of(person_of(request)), form.whole("decision"))
    return to_outcome(number, position, [f"profile:{number}", *form.every("about")])


@get("/customers/{number:int}/identity/outcome", guards=AGENT, sync_to_thread=True)
def show_outcome(request: AnyRequest, number: FromPath[int], position: FromQuery[int] = 0) -> Response[str]:
    """Show whether the worker has obeyed, and then the profiles that are now."""
    return render(request, "whoiswho/identity_outcome.html", **_outcome(request, number, position))


@get("/customers/{number:int}/identity/outcome/state", guards=AGENT, sync_to_thread=True)
def show_outcome_state(request: AnyRequest, number: FromPath[int], position: FromQuery[int] = 0) -> Response[str]:
    """Show the same as a fragment, which asks again until it is done."""
    return render(request, "whoiswho/_identity_outcome.html", **_outcome(request, number, position))


def moving(runtime: Runtime, foresight: Foresight | None) -> dict[int, tuple[TimelineEvent, ...]]:
    """Return the newest events that would come to each profile from another; none while the history does not answer."""
    found = {}
    for part in foresight.after if foresight else ():
        if part.moved_anchors:
            anchors = [Anchor(one) for one in part.moved_anchors[:ANCHORS_MAX]]
            try:
                found[part.profile] = api.timeline(runtime, anchors, limit=MOVING_SHOWN).events
            except HistoryUnavailable:
                return {}
    return found


def to_outcome(number: int, position: int, references: list[str]) -> Redirect:
    """Lead to where one sees the worker obey."""
    query = urlencode([("position", position), *(("of", one) for one in dict.fromkeys(references))])
    return redirect(f"/customers/{number}/identity/outcome?{query}")


def read_pair(text: str) -> Pair:
    """Return the identifier that a form names.

    >>> read_pair("till:7:3"), write_pair(("till", "7:3"))
    (('till', '7:3'), 'till:7:3')
    """
    namespace, _colon, value = text.partition(":")
    return namespace, value


def write_pair(pair: Pair) -> str:
    """Return an identifier as forms and references name it."""
    return f"{pair[0]}:{pair[1]}"


def _staying(runtime: Runtime, reference: str, chosen: list[Pair]) -> str:
    """Return an identifier of the profile that is not chosen; splitting refuses when there is none."""
    members = [(one.namespace, one.value) for one in api.get_profile(runtime, reference).identifiers]
    return next((write_pair(one) for one in members if one not in chosen), reference)


def _outcome(request: AnyRequest, number: int, position: int) -> dict[str, Any]:
    runtime = runtime_of(request)
    is_done = is_obeyed(runtime, position)
    references = request.query_params.getall("of", [])[:OUTCOMES_MAX]
    return {
        "number": number,
        "is_done": is_done,
        "profiles": _profiles(runtime, references) if is_done else (),
        "query": request.url.query,
        "words": words,
    }


def _profiles(runtime: Runtime, references: list[str]) -> list[Profile]:
    """Return the profiles that these name now, each once."""
    found: dict[int, Profile] = {}
    for reference in references:
        try:
            profile = api.get_profile(runtime, reference)
        except NoSuchProfile:
            continue
        found.setdefault(profile.profile, profile)
    return list(found.values())
