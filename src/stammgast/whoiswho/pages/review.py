"""Reviewing customers that are likely the same person: the queue, one pair side by side, many at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath

from stammgast.kernel.errors import Invalid
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.runtime import Runtime
from stammgast.profiles.contracts import NoSuchProfile
from stammgast.web.contracts import Role
from stammgast.web.forms import SentForm
from stammgast.web.guards import person_of, requires
from stammgast.web.numbers import whole
from stammgast.web.pages import redirect, render, runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import TableState, read_table
from stammgast.whoiswho.matching import reviewing, searching
from stammgast.whoiswho.matching.contracts import PHASES, NoSuchSuggestion, Suggestion, SuggestionState
from stammgast.whoiswho.matching.engine import is_installed
from stammgast.whoiswho.matching.gathering import told_of
from stammgast.whoiswho.matching.reviewing import Summary
from stammgast.whoiswho.matching.scoring import prior_bits
from stammgast.whoiswho.matching.store import Filter
from stammgast.whoiswho.pages import review_words as words
from stammgast.workspace.contracts import Actor

AGENT = [requires(Role.AGENT)]
ANALYST = [requires(Role.ANALYST)]
QUEUE_SIZE = 25
PATH = "/identity/review"
SUGGESTED_PATH = "/identity/suggested/{number:int}"
"""The panel on the page of a customer."""
STATES: tuple[SuggestionState, ...] = ("open", "accepted", "refused", "never")
STRENGTHS = (
    ("", _("Every probability")),
    ("strong", _("99 % and more")),
    ("likely", _("90 to 99 %")),
    ("even", _("Less than 90 %")),
)
_STRONG, _LIKELY = prior_bits(0.99), prior_bits(0.9)
_BOUNDS: dict[str, tuple[float | None, float | None]] = {
    "strong": (_STRONG, None),
    "likely": (_LIKELY, _STRONG),
    "even": (None, _LIKELY),
}
BITS_PROPOSED = 10.0
"""About 99.9 %: what accepting many at once begins with."""
DONE_WORDS = {
    "accepted": _("Accepted. The two become one customer within a second."),
    "refused": _("Refused. This pair is not suggested again; events may still join the two."),
    "never": _("The two are never merged, whatever events say."),
    "open": _("Taken back. The pair is open again."),
    "search": _("The search begins within a second."),
    "stop": _("The search stops."),
}


@get(PATH, guards=AGENT, sync_to_thread=True)
def show_review(request: AnyRequest) -> Response[str]:
    """Show the queue and the pair that is looked at."""
    runtime = runtime_of(request)
    reviewing.follow_merges(runtime)
    wanted, table = _wanted(request), read_table(request, size=QUEUE_SIZE)
    queue = reviewing.list_suggestions(runtime, wanted, limit=QUEUE_SIZE, offset=table.offset)
    pair = _pair(request, queue)
    return render(
        request,
        "whoiswho/review.html",
        is_installed=is_installed(),
        search=searching.newest_run(runtime),
        counts=reviewing.count_by_state(runtime),
        total=reviewing.count_suggestions(runtime, wanted),
        table=TableState(table.page, QUEUE_SIZE, "", is_descending=False, text=""),
        queue=queue,
        names=reviewing.names_of(runtime, [profile for one in queue for profile in (one.one, one.other)]),
        chosen=_chosen(request),
        strengths=STRENGTHS,
        bits_proposed=BITS_PROPOSED,
        done=_done(request),
        words=words,
        **({} if pair is None else _side_by_side(runtime, wanted, pair)),
    )


@get(PATH + "/run", guards=AGENT, sync_to_thread=True)
def show_run(request: AnyRequest) -> Response[str]:
    """Show how far the search is (a fragment); when it has ended, the page is loaded anew."""
    found = searching.newest_run(runtime_of(request))
    steps = 0 if found is None else PHASES.index(found.phase)
    answer = render(request, "whoiswho/_review_run.html", search=found, step=steps, steps=len(PHASES) - 1, words=words)
    if found is None or not found.is_busy:
        answer.headers["HX-Refresh"] = "true"
    return answer


@post(PATH + "/search", guards=ANALYST, status_code=303, sync_to_thread=True)
def begin_search(request: AnyRequest) -> Response[Any]:
    """Begin a search."""
    searching.order_search(runtime_of(request), _by(request))
    return redirect(PATH, flash=DONE_WORDS["search"])


@post(PATH + "/search/{number:int}/stop", guards=ANALYST, status_code=303, sync_to_thread=True)
def stop_search(request: AnyRequest, number: FromPath[int]) -> Response[Any]:
    """Stop a search."""
    searching.stop_search(runtime_of(request), _by(request), number)
    return redirect(PATH, flash=DONE_WORDS["stop"])


@post(PATH + "/{number:int}/{decision:str}", guards=ANALYST, status_code=303, sync_to_thread=True)
def decide(request: AnyRequest, number: FromPath[int], decision: FromPath[str], form: SentForm) -> Response[Any]:
    """Accept, refuse, forbid or reopen a pair, and go on to the next."""
    runtime, by = runtime_of(request), _by(request)
    if decision == "accept":
        reviewing.accept(runtime, by, number)
    elif decision == "refuse":
        reviewing.refuse(runtime, by, number)
    elif decision == "never":
        reviewing.forbid(runtime, by, number)
    elif decision == "reopen":
        reviewing.reopen(runtime, by, number)
    else:
        raise NoSuchSuggestion(number=number)
    back = {name: form.text(name) for name in ("state", "strength", "customer") if form.text(name)}
    after = {"pair": form.text("next")} if form.text("next") else {}
    if decision == "reopen":
        back, after = {}, {"pair": str(number)}
    return redirect(f"{PATH}?{urlencode({**back, **after, 'done': number})}")


@get(PATH + "/all", guards=ANALYST, sync_to_thread=True)
def preview_all(request: AnyRequest) -> Response[str]:
    """Show what accepting all above a weight would do."""
    bits = _bits(request.query_params.get("bits") or str(BITS_PROPOSED))
    runtime = runtime_of(request)
    examples = reviewing.last_above(runtime, bits, 5)
    return render(
        request,
        "whoiswho/review_all.html",
        bits=bits,
        foreseen=reviewing.preview_above(runtime, bits),
        examples=examples,
        names=reviewing.names_of(runtime, [profile for one in examples for profile in (one.one, one.other)]),
    )


@post(PATH + "/all", guards=ANALYST, status_code=303, sync_to_thread=True)
def accept_all(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Accept all above a weight."""
    done = reviewing.accept_above(runtime_of(request), _by(request), _bits(form.text("bits")))
    return redirect(f"{PATH}?{urlencode({'batch': done.batch})}")


@post(PATH + "/all/{batch:int}/undo", guards=ANALYST, status_code=303, sync_to_thread=True)
def undo_all(request: AnyRequest, batch: FromPath[int]) -> Response[Any]:
    """Take back everything that was accepted at once."""
    reviewing.undo_batch(runtime_of(request), _by(request), batch)
    return redirect(PATH, flash=_("Taken back. The pairs are open again, and the customers part within a second."))


@get(SUGGESTED_PATH, guards=AGENT, sync_to_thread=True)
def show_suggested(request: AnyRequest, number: FromPath[int]) -> Response[str]:
    """Show whom a customer may be the same person as; a fragment for the customer's page."""
    runtime = runtime_of(request)
    found = reviewing.suggested_for(runtime, number)
    others = [_other(one, number) for one in found]
    names = reviewing.names_of(runtime, others)
    return render(
        request, "whoiswho/_suggested_list.html", suggested=list(zip(found, others, strict=True)), names=names
    )


ROUTES = (
    show_review,
    show_run,
    begin_search,
    stop_search,
    decide,
    preview_all,
    accept_all,
    undo_all,
    show_suggested,
)


def _other(one: Suggestion, profile: int) -> int:
    return one.other if one.one == profile else one.one


def _by(request: AnyRequest) -> Actor:
    return Actor.of(person_of(request))


def _chosen(request: AnyRequest) -> dict[str, str]:
    """Return what the address asks for; what makes no sense is left out."""
    asked = request.query_params
    return {
        "state": _one_of(asked.get("state"), STATES) or "open",
        "strength": _one_of(asked.get("strength"), _BOUNDS),
        "customer": _number_text(asked.get("customer")),
    }


def _one_of(asked: str | None, allowed: Iterable[str]) -> str:
    return asked if asked is not None and asked in allowed else ""


def _number_text(text: str | None) -> str:
    number = whole(text)
    return "" if number is None else str(number)


def _wanted(request: AnyRequest) -> Filter:
    chosen = _chosen(request)
    least, most = _BOUNDS.get(chosen["strength"], (None, None))
    customer = int(chosen["customer"]) if chosen["customer"] else None
    state = next(one for one in STATES if one == chosen["state"])
    return Filter(state=state, bits_min=least, bits_max=most, profile=customer)


def _bits(text: str) -> float:
    try:
        found = float(text.replace(",", "."))
    except ValueError:
        found = float("nan")
    if not -1_000 <= found <= 1_000:  # noqa: PLR2004 - far beyond any weight; false for what is no number
        raise Invalid(field="bits", problem=_("write a number of bits, such as 10"))
    return found


def _pair(request: AnyRequest, queue: Sequence[Suggestion]) -> Suggestion | None:
    """Return the pair that the address names, else the first of the queue."""
    asked = _number_text(request.query_params.get("pair"))
    if asked:
        try:
            return reviewing.find_suggestion(runtime_of(request), int(asked))
        except NoSuchSuggestion:
            pass  # a newer search replaced it
    return queue[0] if queue else None


def _done(request: AnyRequest) -> dict[str, Any] | None:
    """Return what was just decided, for the line that says so and offers to take it back."""
    runtime = runtime_of(request)
    if batch := _number_text(request.query_params.get("batch")):
        return {
            "batch": int(batch),
            "count": reviewing.count_batch(runtime, int(batch)),
            "suggestion": None,
            "said": "",
        }
    asked = _number_text(request.query_params.get("done"))
    if not asked:
        return None
    try:
        found = reviewing.find_suggestion(runtime, int(asked))
    except NoSuchSuggestion:
        return None
    said = DONE_WORDS.get(found.state)
    return None if said is None else {"batch": 0, "count": 0, "suggestion": found, "said": said}


def _side_by_side(runtime: Runtime, wanted: Filter, pair: Suggestion) -> dict[str, Any]:
    told = told_of(runtime, {pair.one, pair.other})
    before, after = reviewing.neighbours(runtime, wanted, pair)
    return {
        "pair": pair,
        "fall": words.waterfall(pair, told.get(pair.one, {}), told.get(pair.other, {})),
        "sides": [_summary(runtime, profile) for profile in (pair.one, pair.other)],
        "before": before,
        "after": after,
    }


def _summary(runtime: Runtime, profile: int) -> Summary:
    try:
        return reviewing.summary_of(runtime, profile)
    except NoSuchProfile:
        return Summary(profile, str(profile), None, None, 0, 0, 0, profile)
