"""Which of several words about a trait counts: a pure function of what was said, so that a change holds at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from stammgast.kernel.errors import Invalid
from stammgast.kernel.i18n import Phrase
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ids import SourceId
from stammgast.profiles.contracts import Trait, TraitRule, TraitValue
from stammgast.profiles.figures import traits as figures
from stammgast.profiles.figures.corrections import Correction, Corrections
from stammgast.profiles.figures.traits import Said, Traits, first_said, is_cut, same_value
from stammgast.profiles.trait_words import BY_HAND

Rule = Literal["newest", "first", "most_frequent", "source_priority"]
RULES: tuple[Rule, ...] = ("newest", "first", "most_frequent", "source_priority")
Hold = Literal["always", "until_said"]
HOLDS: tuple[Hold, ...] = ("always", "until_said")
EVERY_TRAIT = "*"
"""The name under which the policy of all other traits is kept."""
NAME_LENGTH_MAX = 255
SOURCES_MAX = 100


class TraitPolicy(msgspec.Struct, frozen=True):
    """How the value of a trait is chosen. `sources`: for `source_priority`, those that count before all others, in order."""

    rule: Rule = "newest"
    sources: tuple[SourceId, ...] = ()
    corrections: Hold = "always"
    """How long a person's correction counts before all others: always, or until a source says something new."""


class TraitPolicies(msgspec.Struct, frozen=True):
    """The policies of all traits; `*` is that of every trait not named."""

    by_trait: Mapping[str, TraitPolicy] = {}

    def of(self, name: str) -> TraitPolicy:
        """Return the policy of a trait.

        >>> TraitPolicies({"*": TraitPolicy("first")}).of("city").rule
        'first'
        """
        return self.by_trait.get(name) or self.by_trait.get(EVERY_TRAIT) or TraitPolicy()

    def for_names(self, names: Iterable[str]) -> tuple[TraitPolicy, ...]:
        """Return the policies of some traits, to tell whether any of them changed."""
        return tuple(self.of(one) for one in names)


NEWEST_COUNTS = TraitPolicies()


def check_policy(trait: str, policy: TraitPolicy) -> None:
    """Raise Invalid when a policy makes no sense."""
    if not trait.strip() or len(trait) > NAME_LENGTH_MAX or "\0" in trait:
        raise Invalid(field="trait", problem=Phrase(_("a name has 1 to {most} characters"), most=NAME_LENGTH_MAX))
    if policy.rule == "source_priority" and not policy.sources:
        raise Invalid(field="sources", problem=_("name at least one source that comes before the others"))
    if len(policy.sources) > SOURCES_MAX or len(set(policy.sources)) != len(policy.sources):
        raise Invalid(field="sources", problem=Phrase(_("name each source once, at most {most}"), most=SOURCES_MAX))


def values_of(
    state: Traits, policies: TraitPolicies = NEWEST_COUNTS, corrections: Corrections | None = None
) -> dict[str, Any]:
    """Return trait -> the value that counts, by name; a trait that was taken back is left out.

    `corrections`: the state of the feature `corrections` of the same profile.
    """
    values = {}
    for name, trait, policy, correction in _by_name(state, policies, corrections or {}):
        if correction is not None:
            value = correction[2]
        else:
            winner = _winner(trait, policy) if trait else None
            value = None if winner is None else winner[3]
        if value is not None:
            values[name] = value
    return values


def trait_values(features: Mapping[str, Any], policies: TraitPolicies = NEWEST_COUNTS) -> dict[str, Any]:
    """Return trait -> the value that counts, out of a profile's states."""
    return values_of(features.get("traits", {}), policies, features.get("corrections"))


def decide_traits(
    state: Traits, policies: TraitPolicies = NEWEST_COUNTS, corrections: Corrections | None = None
) -> tuple[Trait, ...]:
    """Return each trait with the value that counts, why, and the values that lost, newest first."""
    decided = []
    for name, trait, policy, correction in _by_name(state, policies, corrections or {}):
        if correction is not None:
            if correction[2] is not None:
                decided.append(_corrected(name, trait, correction))
            continue
        winner = _winner(trait, policy) if trait else None
        if winner is not None:
            is_fallback = is_cut(trait) and policy.rule == "most_frequent"
            decided.append(
                _told(name, trait, winner, "newest" if is_fallback else policy.rule, is_fallback=is_fallback)
            )
    return tuple(decided)


def _by_name(
    state: Traits, policies: TraitPolicies, corrections: Corrections
) -> Iterator[tuple[str, figures.Trait, TraitPolicy, Correction | None]]:
    """Yield (name, what was said, its policy, the correction that holds), by name."""
    for name in sorted(state.keys() | corrections.keys()) if corrections else sorted(state):
        trait, policy = state.get(name, []), policies.of(name)
        correction = corrections.get(name)
        if correction is not None and not _holds(correction, trait, policy):
            correction = None
        yield name, trait, policy, correction


def _holds(correction: Correction, trait: figures.Trait, policy: TraitPolicy) -> bool:
    """Say whether a correction counts before all that sources say.

    >>> correction, said = [5, "m", "Ulm", "Anna", False], [[[9, "n", 1, "Bonn", 2, 8, "k"]]]
    >>> [_holds(correction, said, TraitPolicy(corrections=one)) for one in HOLDS]
    [True, False]
    """
    time, _, _, _, is_taken_back = correction
    if is_taken_back:
        return False
    if policy.corrections == "always" or not trait:
        return True
    # Where counts are kept, the first time of a value is known: saying an old one again is nothing new.
    return all((one[0] if is_cut(trait) else one[5]) <= time for one in trait[0])


def _corrected(name: str, trait: figures.Trait, correction: Correction) -> Trait:
    time, message_id, value, by, _ = correction
    said = trait[0] if trait else []
    first = first_said(trait) if trait else None
    everything = said if first is None else [*said, first]
    lost = [_value(trait, one) for one in _distinct(everything) if not same_value(one[3], value)]
    current = TraitValue(value, time, BY_HAND, message_id, by=by)
    return Trait(name, current, tuple(lost), "corrected", bool(trait) and is_cut(trait))


def _winner(trait: figures.Trait, policy: TraitPolicy) -> Said | None:
    """Return [time, message id, source, value, ...] of the word that counts, None when it was taken back."""
    match policy.rule:
        case "first":
            return first_said(trait)
        case "most_frequent" if not is_cut(trait):
            return _most_frequent(trait[0])
        case "source_priority":
            return _by_source(trait[0], policy.sources)
    return _unless_null(trait[0][0])


def _most_frequent(said: Sequence[Said]) -> Said | None:
    """Return the newest word of the value said most often; of two as frequent the one said last counts."""
    best: tuple[int, Said] | None = None
    for one in _distinct(said):
        count = _count(said, one[3])
        if best is None or count > best[0]:
            best = (count, one)
    return None if best is None else best[1]


def _by_source(said: Sequence[Said], sources: Sequence[SourceId]) -> Said | None:
    """Return the newest word of the first source that has one; else the newest of the others."""
    newest: dict[int, Said] = {}
    for one in reversed(said):
        newest[one[2]] = one
    for source in sources:
        if source in newest and newest[source][3] is not None:
            return newest[source]
    others = [one for one in said if one[2] not in sources]
    return _unless_null(others[0]) if others else None


def _unless_null(one: Said) -> Said | None:
    return None if one[3] is None else one


def _distinct(said: Iterable[Said]) -> list[Said]:
    """Return the first entry of each value that is not null."""
    found: list[Said] = []
    for one in said:
        if one[3] is not None and not any(same_value(one[3], known[3]) for known in found):
            found.append(one)
    return found


def _count(said: Iterable[Said], value: Any) -> int:
    return sum(one[4] for one in said if same_value(one[3], value))


def _told(name: str, trait: figures.Trait, winner: Said, rule: TraitRule, *, is_fallback: bool) -> Trait:
    said, first = trait[0], first_said(trait)
    everything = said if first is None else [*said, first]
    lost = [one for one in _distinct(everything) if not same_value(one[3], winner[3])]
    values = tuple(_value(trait, one) for one in lost)
    return Trait(name, _value(trait, winner), values, rule, is_cut(trait), is_fallback)


def _value(trait: figures.Trait, one: Said) -> TraitValue:
    count = None if is_cut(trait) else _count(trait[0], one[3])
    return TraitValue(one[3], one[0], SourceId(one[2]), one[1], count)
