"""One search for likely duplicates, from reading everybody's records to keeping what people shall review."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from stammgast.kernel import clock
from stammgast.kernel.errors import StammgastError
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.runtime import Runtime
from stammgast.whoiswho.matching import store
from stammgast.whoiswho.matching.contracts import AlreadySearching, NoSuchRun, Phase, Run, RunCounts, RunFacts
from stammgast.whoiswho.matching.engine import MatchingNotInstalled, is_installed
from stammgast.whoiswho.matching.gathering import forbidden_pairs, gather_records
from stammgast.whoiswho.matching.learning import OVERALL, Corrections, corrected, corrections
from stammgast.whoiswho.matching.scoring import Part, Scored, ScoredPair, fitting_prior, prior_bits, probability, score
from stammgast.whoiswho.matching.training import VERSION, train
from stammgast.workspace.api import changing
from stammgast.workspace.contracts import Actor

SUGGESTED_FROM = 0.5
"""Pairs less probable than this are not suggested: they would be wrong more often than right."""
SUGGESTIONS_MAX = 20_000
"""The most probable are kept; a person who gets through them searches anew."""

OUR_ERROR = _("An error on our side; the log tells more.")

Tell = Callable[[Phase, RunCounts], None]


class Stopped(StammgastError):
    """The search was stopped by a person."""

    status = 409


def order_search(runtime: Runtime, by: Actor, *, is_begun: bool = False) -> int:
    """Let the web process begin a search; return its number. Raises MatchingNotInstalled and AlreadySearching.

    `is_begun`: the caller does it, and the web process leaves it alone.
    """
    if not is_installed():
        raise MatchingNotInstalled
    with changing(runtime, by) as change:
        if store.newest_runs(change.connection, 1, "waiting", "running"):
            raise AlreadySearching
        number = store.add_run(change.connection, version=VERSION, made_by=by.name, created_at=clock.now_millis())
        if is_begun:
            store.change_run(change.connection, number, state="running")
        change.note("matching.search", f"run {number}")
    return number


def find_run(runtime: Runtime, number: int) -> Run:
    """Return one run. Raises NoSuchRun."""
    with runtime.control.read() as connection:
        found = store.find_run(connection, number)
    if found is None:
        raise NoSuchRun(number=number)
    return found


def newest_run(runtime: Runtime) -> Run | None:
    """Return the newest run, None before the first."""
    with runtime.control.read() as connection:
        return next(iter(store.newest_runs(connection, 1)), None)


def stop_search(runtime: Runtime, by: Actor, number: int) -> None:
    """Ask a run to stop; what was suggested before it stays. Raises NoSuchRun."""
    find_run(runtime, number)
    with changing(runtime, by) as change:
        store.change_run(change.connection, number, only_in=("waiting",), state="stopped", ended_at=clock.now_millis())
        store.change_run(change.connection, number, only_in=("running",), wants_stop=True)
        change.note("matching.stop", f"run {number}")


def search(runtime: Runtime, number: int, tell: Tell | None = None) -> Run:
    """Do a run that waits; return it as it ended. What goes wrong is kept with it and raised."""
    notebook = _Notebook(runtime, number, tell)
    begun = clock.now_millis()
    with runtime.control.write() as connection:
        if not store.change_run(connection, number, only_in=("waiting", "running"), state="running", begun_at=begun):
            raise AlreadySearching
    try:
        _search(runtime, number, notebook)
    except Stopped:
        notebook.end("stopped")
    except StammgastError as problem:
        notebook.end("failed", str(problem))
        raise
    except Exception:
        notebook.end("failed", OUR_ERROR)
        raise
    return find_run(runtime, number)


def _search(runtime: Runtime, number: int, notebook: _Notebook) -> None:
    notebook.note("gathering")
    records, profiles = gather_records(runtime)
    notebook.counts = RunCounts(profiles=profiles, records=len(records))
    notebook.note("learning")
    model = train(records)
    notebook.note("comparing")
    scored = score(records, model)
    with runtime.control.read() as connection:
        refused = store.decided_pairs(connection, "refused", "never")
        learned_from = store.decided_examples(connection, VERSION)
    learned = corrections(learned_from)
    found, prior = rank(scored, learned, len(records), forbidden_pairs(runtime, refused))
    notebook.note("keeping")
    facts = RunFacts(model, prior, scored.keys, learned)
    with runtime.control.write() as connection:
        kept = store.replace_open(connection, number, VERSION, prior_bits(prior), found)
        counts = RunCounts(profiles, len(records), len(scored.pairs), kept, len(learned_from))
        ended = clock.now_millis()
        store.change_run(connection, number, counts=counts, facts=facts, state="done", phase="done", ended_at=ended)


def rank(
    scored: Scored, learned: Corrections, records: int, forbidden: set[tuple[int, int]]
) -> tuple[list[store.NewSuggestion], float]:
    """Return what to suggest, best first, and the prior that fits the pairs with what decisions taught."""
    overall = learned.get(OVERALL, 0.0)
    pairs = [corrected(pair, learned) for pair in scored.pairs]
    prior = scored.prior
    if learned and pairs:
        import numpy as np

        prior = fitting_prior(np.array([pair.bits for pair in pairs]), records, prior)
    start = prior_bits(prior)
    found = [
        _suggestion(pair, pair.bits + start + overall, plain.bits + prior_bits(scored.prior), overall)
        for pair, plain in zip(pairs, scored.pairs, strict=True)
        if (pair.one, pair.other) not in forbidden
    ]
    likely = [one for one in found if one.probability >= SUGGESTED_FROM]
    return sorted(likely, key=lambda one: (-one.bits, one.one, one.other))[:SUGGESTIONS_MAX], prior


def _suggestion(pair: ScoredPair, bits: float, model_bits: float, overall: float) -> store.NewSuggestion:
    parts: Sequence[Part] = pair.parts
    if overall:
        parts = (*parts, Part(OVERALL, OVERALL, round(overall, 4)))
    rounded = tuple(Part(part.field, part.level, round(part.bits, 4)) for part in parts)
    return store.NewSuggestion(
        pair.one, pair.other, round(bits, 6), round(model_bits, 6), round(probability(bits), 6), rounded
    )


class _Notebook:
    """How far a run is, written down for those who watch; raises Stopped when a person wants it to."""

    def __init__(self, runtime: Runtime, number: int, tell: Tell | None) -> None:
        self.counts = RunCounts()
        self._runtime = runtime
        self._number = number
        self._tell = tell

    def note(self, phase: Phase) -> None:
        with self._runtime.control.write() as connection:
            found = store.find_run(connection, self._number)
            if found is None or found.wants_stop:
                raise Stopped
            store.change_run(connection, self._number, phase=phase, counts=self.counts)
        if self._tell:
            self._tell(phase, self.counts)

    def end(self, state: str, problem: str = "") -> None:
        with self._runtime.control.write() as connection:
            ended = clock.now_millis()
            store.change_run(connection, self._number, state=state, problem=problem, ended_at=ended, counts=self.counts)
