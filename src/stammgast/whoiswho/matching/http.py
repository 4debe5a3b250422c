"""Management API of likely duplicates: what is suggested and why, deciding, searching."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from stammgast.profiles.api.pages import read_cursor, write_cursor
from stammgast.web.contracts import Role
from stammgast.web.guards import person_of, requires
from stammgast.web.http import ApiController, iso_time
from stammgast.web.pages import runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.whoiswho.matching import reviewing, searching
from stammgast.whoiswho.matching.contracts import Run, RunState, Suggestion, SuggestionState
from stammgast.whoiswho.matching.store import Filter
from stammgast.workspace.contracts import Actor

AGENT = [requires(Role.AGENT)]
ANALYST = [requires(Role.ANALYST)]
LIMIT_MAX = 500
Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Bits = Annotated[float, msgspec.Meta(ge=-1000, le=1000)]


class PartAnswer(msgspec.Struct):
    """What one field said: the level of agreement and its weight; each bit doubles or halves the odds."""

    field: str
    level: str
    bits: float


class SuggestionAnswer(msgspec.Struct, rename="camel"):
    """Two profiles that are likely one person's. `bits` is `priorBits` and all parts together."""

    id: int
    profile_ids: tuple[int, int]
    probability: float
    bits: float
    prior_bits: float
    parts: list[PartAnswer]
    state: SuggestionState
    decided_at: str | None
    decided_by: str | None


class SuggestionsAnswer(msgspec.Struct):
    """A page of suggestions, the heaviest first. `next` is what to pass as `after`, null at the end."""

    suggestions: list[SuggestionAnswer]
    next: str | None
    total: int


class SearchAnswer(msgspec.Struct, rename="camel"):
    """A search for likely duplicates and what it went through."""

    id: int
    state: RunState
    phase: str
    began: str | None
    ended: str | None
    profiles: int
    compared: int
    suggestions: int
    decisions: int
    """People's decisions it learned from."""
    problem: str


class ManyOrder(msgspec.Struct, frozen=True, rename="camel"):
    """Every open suggestion of at least this weight; `dryRun` only tells what it would do."""

    at_least_bits: Bits
    dry_run: bool = True


class ManyAnswer(msgspec.Struct, rename="camel"):
    """What accepting does, or did. `batch` takes it back; null after a dry run."""

    suggestions: int
    customers_before: int | None
    customers_after: int | None
    largest: int | None
    batch: int | None


class SuggestionsController(ApiController):
    """Likely the same person."""

    path = "/api/identity/suggestions"
    tags = ("Identity",)

    @get(guards=AGENT, summary="List likely duplicates", sync_to_thread=True)
    def list_them(
        self,
        request: AnyRequest,
        decided: Annotated[SuggestionState, QueryParameter(name="state")] = "open",
        profile: Annotated[int | None, QueryParameter(ge=1, le=2**53, description="Only pairs with it.")] = None,
        after: Annotated[str, QueryParameter(max_length=600, description="The `next` of the page before.")] = "",
        limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 50,
    ) -> SuggestionsAnswer:
        """What a search found, with the weight of each field."""
        runtime = runtime_of(request)
        place = read_cursor(after, tuple[Bits, Number]) if after else None
        wanted = Filter(state=decided, profile=profile)
        found = reviewing.list_suggestions(runtime, wanted, limit=limit + 1, after=place)
        more = write_cursor((found[limit - 1].bits, found[limit - 1].id)) if len(found) > limit else None
        total = reviewing.count_suggestions(runtime, wanted)
        return SuggestionsAnswer([_answer(one) for one in found[:limit]], more, total)

    @get("/searches/newest", guards=AGENT, summary="Get the newest search", sync_to_thread=True)
    def newest(self, request: AnyRequest) -> SearchAnswer | None:
        """How far it is, or what came of it; null before the first."""
        found = searching.newest_run(runtime_of(request))
        return None if found is None else _search_answer(found)

    @post("/searches", guards=ANALYST, status_code=202, summary="Search for duplicates", sync_to_thread=True)
    def search(self, request: AnyRequest) -> SearchAnswer:
        """Begin a search in the background. Needs the extra `stammgast[matching]` where Stammgast runs."""
        runtime = runtime_of(request)
        number = searching.order_search(runtime, Actor.of(person_of(request)))
        return _search_answer(searching.find_run(runtime, number))

    @post("/accept", guards=ANALYST, status_code=202, summary="Accept all above a weight", sync_to_thread=True)
    def accept_many(self, request: AnyRequest, data: JSONBody[ManyOrder]) -> ManyAnswer:
        """Merge many at once, or see what it would do."""
        runtime = runtime_of(request)
        if data.dry_run:
            seen = reviewing.preview_above(runtime, data.at_least_bits)
            return ManyAnswer(seen.suggestions, seen.customers_before, seen.customers_after, seen.largest, None)
        done = reviewing.accept_above(runtime, Actor.of(person_of(request)), data.at_least_bits)
        return ManyAnswer(done.suggestions, None, None, None, done.batch)

    @post("/accept/{batch:int}/undo", guards=ANALYST, status_code=202, summary="Take back many", sync_to_thread=True)
    def undo_many(self, request: AnyRequest, batch: FromPath[int]) -> ManyAnswer:
        """Take back what was accepted at once; the pairs are open again."""
        done = reviewing.undo_batch(runtime_of(request), Actor.of(person_of(request)), min(batch, 2**53))
        return ManyAnswer(done, None, None, None, None)

    @post("/{number:int}/accept", guards=ANALYST, status_code=202, summary="Accept a suggestion", sync_to_thread=True)
    def accept(self, request: AnyRequest, number: FromPath[int]) -> SuggestionAnswer:
        """The two become one customer within a second."""
        runtime, number = runtime_of(request), min(number, 2**53)
        reviewing.accept(runtime, Actor.of(person_of(request)), number)
        return _answer(reviewing.find_suggestion(runtime, number))

    @post("/{number:int}/refuse", guards=ANALYST, status_code=200, summary="Refuse a suggestion", sync_to_thread=True)
    def refuse(self, request: AnyRequest, number: FromPath[int]) -> SuggestionAnswer:
        """The pair is not suggested again; events may still join the two."""
        runtime, number = runtime_of(request), min(number, 2**53)
        reviewing.refuse(runtime, Actor.of(person_of(request)), number)
        return _answer(reviewing.find_suggestion(runtime, number))

    @post("/{number:int}/never", guards=ANALYST, status_code=202, summary="Never merge a pair", sync_to_thread=True)
    def never(self, request: AnyRequest, number: FromPath[int]) -> SuggestionAnswer:
        """The two stay apart whatever events say."""
        runtime, number = runtime_of(request), min(number, 2**53)
        reviewing.forbid(runtime, Actor.of(person_of(request)), number)
        return _answer(reviewing.find_suggestion(runtime, number))

    @post("/{number:int}/reopen", guards=ANALYST, status_code=202, summary="Take back a decision", sync_to_thread=True)
    def reopen(self, request: AnyRequest, number: FromPath[int]) -> SuggestionAnswer:
        """The pair is open again, and what was ordered is taken back."""
        runtime, number = runtime_of(request), min(number, 2**53)
        reviewing.reopen(runtime, Actor.of(person_of(request)), number)
        return _answer(reviewing.find_suggestion(runtime, number))


CONTROLLERS = (SuggestionsController,)


def _answer(one: Suggestion) -> SuggestionAnswer:
    return SuggestionAnswer(
        id=one.id,
        profile_ids=(one.one, one.other),
        probability=one.probability,
        bits=one.bits,
        prior_bits=one.prior,
        parts=[PartAnswer(part.field, part.level, part.bits) for part in one.parts],
        state=one.state,
        decided_at=iso_time(one.decided_at),
        decided_by=one.decided_by or None,
    )


def _search_answer(run: Run) -> SearchAnswer:
    return SearchAnswer(
        id=run.id,
        state=run.state,
        phase=run.phase,
        began=iso_time(run.begun_at),
        ended=iso_time(run.ended_at),
        profiles=run.counts.profiles,
        compared=run.counts.records,
        suggestions=run.counts.suggestions,
        decisions=run.counts.decisions,
        problem=run.problem,
    )
