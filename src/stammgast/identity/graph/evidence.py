"""What the partition rests on: identifiers seen together, what people decided, and who is held."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from stammgast.identity.graph.rules import Identifier, Ranking
from stammgast.kernel.clock import MILLIS_PER_DAY

Key = tuple[int, str]
"""(time in ms UTC, message id): the order in which evidence is taken."""
Kind = Literal["merge", "unmerge", "never", "allow", "hold", "release"]
STRONGER = "*"
"""In place of a namespace: an identifier met too many stronger ones, of whichever."""


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """That `identifiers` (distinct, sorted, no placeholders) were seen together on one UTC day.

    (time, message_id) is the smallest of that day's events.
    """

    time: int
    message_id: str
    identifiers: tuple[Identifier, ...]

    @property
    def day(self) -> int:
        """The UTC day since 1970."""
        return self.time // MILLIS_PER_DAY


class Decision(msgspec.Struct, frozen=True):
    """What a person said, for all time. The latest (decided_at, id) about a pair wins.

    merge: both are one person, whatever the limits. unmerge, never: they are not (never also ends suggestions).
    allow: what was decided about the two no longer counts; they link or not as if nobody had decided.
    hold, release: about `one` alone, which is also `other`; the latest wins over what the numbers say.
    """

    id: int
    decided_at: int
    kind: Kind
    one: Identifier
    other: Identifier


def first_seen(evidence: Iterable[Evidence]) -> dict[Identifier, Key]:
    """Return the smallest key of any evidence that holds an identifier, for each.

    >>> first_seen([Evidence(5, "b", (("email", "x"),)), Evidence(3, "c", (("email", "x"),))])
    {('email', 'x'): (3, 'c')}
    """
    seen: dict[Identifier, Key] = {}
    for one in evidence:
        key = (one.time, one.message_id)
        for identifier in one.identifiers:
            before = seen.get(identifier)
            if before is None or key < before:
                seen[identifier] = key
    return seen


def latest_decisions(decisions: Iterable[Decision]) -> list[Decision]:
    """Keep the latest decision about each pair, in the order in which they were made."""
    latest: dict[tuple[Identifier, Identifier], Decision] = {}
    for one in sorted(decisions, key=lambda one: (one.decided_at, one.id)):
        pair = (min(one.one, one.other), max(one.one, one.other))
        latest.pop(pair, None)
        latest[pair] = one
    return list(latest.values())


def normal_decision(given: Decision, normalise: Callable[[str, str], Identifier | None]) -> Decision | None:
    """Return a decision about identifiers in their normal form, None when it says nothing under these rules.

    That is so when one of them is a placeholder, or both of a pair read as one identifier.

    >>> one = Decision(1, 0, "never", ("email", "A@x.de"), ("email", "a@x.de"))
    >>> normal_decision(one, lambda namespace, value: (namespace, value.lower())) is None
    True
    """
    one, other = normalise(*given.one), normalise(*given.other)
    if one is None or other is None or (one == other and given.kind not in ("hold", "release")):
        return None
    return msgspec.structs.replace(given, one=one, other=other)


def is_on_purpose(identifiers: Sequence[Identifier]) -> bool:
    """Say whether a set is an alias event's, which links whatever the limits.

    Its previous id stands under both namespaces, since SDKs don't say which one it was; nothing else makes such a set.

    >>> is_on_purpose([("anonymous_id", "a1"), ("user_id", "7"), ("user_id", "a1")])
    True
    >>> is_on_purpose([("anonymous_id", "a1"), ("user_id", "7")])
    False
    """
    users = [value for namespace, value in identifiers if namespace == "user_id"]
    return len(users) > 1 and any(("anonymous_id", value) in identifiers for value in users)


def linking(identifiers: Iterable[Identifier], ranking: Ranking, held: Collection[Identifier]) -> list[Identifier]:
    """Return the identifiers of a set that take part in linking, strongest first."""
    able = [each for each in identifiers if ranking.rule(each[0]).may_link and each not in held]
    return able if len(able) < 2 else sorted(able, key=ranking.rank)  # noqa: PLR2004 - one needs no order


def met_by(identifiers: Sequence[Identifier], ranking: Ranking) -> dict[Identifier, list[Identifier]]:
    """Return, for each identifier of a set that may link, the others beside it that may; none where it is alone.

    An alias's two writings of one value are not a meeting of two people, so sets on purpose have none either.
    """
    able = [each for each in identifiers if ranking.rule(each[0]).may_link]
    if len(able) < 2 or is_on_purpose(identifiers):  # noqa: PLR2004 - a meeting takes two
        return {}
    return {each: [other for other in able if other != each] for each in able}


def too_many(namespace: str, met: Mapping[str, int], ranking: Ranking) -> str | None:
    """Say of what an identifier of a namespace met too many; `met` counts distinct ones of one UTC day by namespace.

    Return the namespace of which there are too many, STRONGER when there are too many stronger ones in all, else None.

    >>> from stammgast.identity.graph.rules import GraphRules
    >>> ranking = Ranking(GraphRules())
    >>> too_many("user_id", {"email": 60, "anonymous_id": 60}, ranking)
    'email'
    >>> too_many("device_id", {"user_id": 6, "email": 5}, ranking)
    '*'
    """
    priority = ranking.rule(namespace).priority
    stronger = sum(count for each, count in met.items() if ranking.rule(each).priority < priority)
    if stronger > ranking.rules.held_above:
        return STRONGER
    most = ranking.most_met
    return next((each for each, count in sorted(met.items()) if each in most and count > most[each]), None)


def met_too_many(identifier: Identifier, others: Iterable[Identifier], ranking: Ranking) -> str | None:
    """Say the same of the distinct `others` that an identifier met on one day."""
    return too_many(identifier[0], Counter(namespace for namespace, _ in others), ranking)


def held_identifiers(
    evidence: Iterable[Evidence], ranking: Ranking, decisions: Iterable[Decision] = ()
) -> set[Identifier]:
    """Return the identifiers that link nowhere: they met too many others on one UTC day.

    A person's latest hold or release of an identifier counts instead.
    """
    met: dict[tuple[Identifier, int], set[Identifier]] = defaultdict(set)
    for one in evidence:
        for identifier, others in met_by(one.identifiers, ranking).items():
            met[identifier, one.day].update(others)
    held = {identifier for (identifier, _), others in met.items() if met_too_many(identifier, others, ranking)}
    for decision in latest_decisions(decisions):
        if decision.kind == "hold":
            held.add(decision.one)
        elif decision.kind == "release":
            held.discard(decision.one)
    return held


def fits(identifiers: Iterable[Identifier], ranking: Ranking) -> bool:
    """Say whether so many identifiers may be one profile however they came together: then nothing is ever refused.

    Counts over all time, so a limit per period is met too.
    """
    counts = Counter(namespace for namespace, _ in identifiers)
    if counts.total() > ranking.rules.profile_cap:
        return False
    limits = ((ranking.rule(namespace).limit, count) for namespace, count in counts.items())
    return all(limit is None or count <= limit for limit, count in limits)
