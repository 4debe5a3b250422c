"""In numbers and examples: what other rules do to everything that is known."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from stammgast.identity.graph.placing import NOBODY, Turn
from stammgast.identity.graph.resettling import Resettled
from stammgast.identity.graph.rules import Identifier
from stammgast.identity.rulebook.contracts import EXAMPLES_MAX, Example, RulesEffect

IDENTIFIERS_SHOWN = 5


def effect_of(
    found: Resettled, held_before: Collection[Identifier], left_out_before: int, seconds: float
) -> RulesEffect:
    """Return the numbers of a whole resolution, with up to EXAMPLES_MAX examples of each kind (names not filled in)."""
    gone = found.gone()
    vanished = [number for number, leads_to in gone.items() if leads_to == NOBODY]
    arisen = found.arisen()
    before = set(found.layout.profiles.tolist()) - {NOBODY}
    held, released = found.held.keys() - set(held_before), set(held_before) - found.held.keys()
    return RulesEffect(
        profiles_before=len(before),
        profiles_after=len(before) - len(gone) + len(arisen),
        merged=len(gone) - len(vanished),
        split=len(arisen),
        vanished=len(vanished),
        held_before=len(held_before),
        held_after=len(found.held),
        held=len(held),
        released=len(released),
        left_out_before=left_out_before,
        left_out_after=len(found.refusals),
        relinked=len(found.layout.graph.relinked),
        moved_sets=len(found.placed()),
        seconds=round(seconds, 1),
        examples=(
            *_turns(found, "merge"),
            *_turns(found, "split"),
            *(Example("placeholder", number) for number in sorted(vanished)[:EXAMPLES_MAX]),
            *(Example("held", NOBODY, identifiers=(one,)) for one in sorted(held)[:EXAMPLES_MAX]),
            *(Example("released", NOBODY, identifiers=(one,)) for one in sorted(released)[:EXAMPLES_MAX]),
        ),
    )


def _turns(found: Resettled, kind: str) -> Iterator[Example]:
    chosen: Iterable[Turn] = [one for one in found.turns if one.kind == kind][:EXAMPLES_MAX]
    for one in chosen:
        members = found.members.get(one.merged, ()) if kind == "split" else one.identifiers
        yield Example(
            "merge" if kind == "merge" else "split",
            one.kept,
            other=one.merged,
            identifiers=tuple(members)[:IDENTIFIERS_SHOWN],
            rule=one.rule,
        )
