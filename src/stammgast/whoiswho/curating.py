"""What people may say about who is who: split a profile, merge two, never merge a pair, hold or release an identifier.

Nothing is changed here: decisions go into the log as orders, and the worker obeys, as it would have from the beginning.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from stammgast.events.api import order_entry
from stammgast.identity.deciding import DECISIONS_MAX, Wish, decide_order
from stammgast.identity.graph.evidence import Decision, Kind, latest_decisions
from stammgast.identity.graph.rules import GraphRules, Ranking
from stammgast.identity.resolution import Pair
from stammgast.identity.store import contests
from stammgast.kernel.errors import NotFound, StammgastError
from stammgast.kernel.log import LogWriter
from stammgast.kernel.runtime import Runtime
from stammgast.profiles import api
from stammgast.profiles.api.pages import customers
from stammgast.whoiswho.store import tracing
from stammgast.whoiswho.store.tracing import DecidedRow
from stammgast.whoiswho.tracing.contracts import Foresight, NoSuchDecision, NothingToTakeBack
from stammgast.whoiswho.tracing.decisions import standing
from stammgast.whoiswho.tracing.foresight import foresee
from stammgast.whoiswho.tracing.rules import normaliser, ranking_of
from stammgast.workspace.api import changing
from stammgast.workspace.contracts import Actor

BUILT_IN = Ranking(GraphRules())


class NotOfThisProfile(StammgastError):
    """{namespace}:{value} is no identifier of profile {profile}. Choose among its own."""

    status = 422


class NothingToSplit(StammgastError):
    """Splitting profile {profile} needs some of its identifiers, and at least one must stay."""

    status = 422


class SamePerson(StammgastError):
    """Both references name profile {profile} already."""

    status = 422


class TooMuchToSplit(StammgastError):
    """This split would separate {pairs} pairs of identifiers, more than {most}. Split off fewer at once."""

    status = 422


class NotHeld(NotFound):
    """{namespace}:{value} is not held."""

    code = "not_held"


class NeverLinks(StammgastError):
    """{value} is a placeholder: it links nowhere anyway, so nobody needs to hold it."""

    status = 422


def split_profile(
    runtime: Runtime, by: Actor, reference: str, chosen: Sequence[Pair], *, is_forever: bool = False
) -> int:
    """Order that the `chosen` identifiers of a profile are another person's; return the log position of the order.

    `is_forever` also ends suggestions that they may be the same. Raises NoSuchProfile and the errors above.
    """
    number, wishes = _split_wishes(runtime, reference, chosen, is_forever=is_forever)
    return _order(runtime, by, wishes, "profile.split", f"profile:{number}")


def foresee_split(runtime: Runtime, reference: str, chosen: Sequence[Pair], *, is_forever: bool = False) -> Foresight:
    """Return what `split_profile` would do. Raises what that would raise."""
    return foresee(runtime, _split_wishes(runtime, reference, chosen, is_forever=is_forever)[1])


def _split_wishes(
    runtime: Runtime, reference: str, chosen: Sequence[Pair], *, is_forever: bool
) -> tuple[int, list[Wish]]:
    number = api.profile_number(runtime, reference)
    with runtime.customers.read() as connection:
        members = customers.identifiers_of(connection, [number])[number]
    for namespace, value in chosen:
        if (namespace, value) not in members:
            raise NotOfThisProfile(namespace=namespace, value=value, profile=number)
    if not chosen or len(set(chosen)) == len(members):
        raise NothingToSplit(profile=number)
    pairs = len(set(chosen)) * (len(members) - len(set(chosen)))
    if pairs + len(chosen) > DECISIONS_MAX:
        raise TooMuchToSplit(pairs=pairs, most=DECISIONS_MAX)
    return number, wishes_to_split(members, chosen, is_forever=is_forever)


def merge_profiles(runtime: Runtime, by: Actor, reference: str, other: str) -> int:
    """Order that two profiles are one person's, whatever was decided about them before; return the log position."""
    one, two, wishes = _merge_wishes(runtime, reference, other)
    return _order(runtime, by, wishes, "profile.merge", f"profile:{one} profile:{two}")


def foresee_merge(runtime: Runtime, reference: str, other: str) -> Foresight:
    """Return what `merge_profiles` would do. Raises what that would raise."""
    return foresee(runtime, _merge_wishes(runtime, reference, other)[2])


def _merge_wishes(runtime: Runtime, reference: str, other: str) -> tuple[int, int, list[Wish]]:
    one, two = api.profile_number(runtime, reference), api.profile_number(runtime, other)
    if one == two:
        raise SamePerson(profile=one)
    with runtime.customers.read() as connection:
        members = customers.identifiers_of(connection, [one, two])
        decisions = contests.load_decisions(connection)
    return one, two, wishes_to_merge(members[one], members[two], decisions, ranking_of(runtime))


def take_back(runtime: Runtime, by: Actor, number: int) -> int:
    """Order that a decision no longer counts, where it is still the latest word; return the log position.

    `number` is that of the order it came in. Its identifiers link or not as if nobody had decided; a hold is released.
    Raises NoSuchDecision and NothingToTakeBack.
    """
    with runtime.customers.read() as connection:
        rows = tracing.decisions_between(connection, number * DECISIONS_MAX, (number + 1) * DECISIONS_MAX - 1)
        if not rows:
            raise NoSuchDecision(number=number)
        about = tracing.decisions_naming(connection, {each for row in rows for each in (row.one, row.other)})
    latest = standing(about)
    wishes = wishes_to_take_back([row for row in rows if row.number in latest])
    if not wishes:
        raise NothingToTakeBack(number=number)
    return _order(runtime, by, wishes, "decision.take_back", f"decision:{number}")


def foresee_hold(runtime: Runtime, identifier: Pair) -> Foresight:
    """Return what holding an identifier would do."""
    return foresee(runtime, [Wish("hold", identifier, identifier)])


def foresee_release(runtime: Runtime, identifier: Pair) -> Foresight:
    """Return what releasing an identifier would do."""
    return foresee(runtime, [Wish("release", identifier, identifier)])


def normal_pair(runtime: Runtime, namespace: str, value: str) -> Pair:
    """Return an identifier as a person typed it in its normal form. Raises NeverLinks for a placeholder."""
    found = normaliser(runtime)(namespace, value)
    if found is None:
        raise NeverLinks(value=value)
    return found


def release_identifier(runtime: Runtime, by: Actor, identifier: Pair) -> int:
    """Order that a held identifier links again; return the log position. Raises NotHeld."""
    with runtime.customers.read() as connection:
        held = {(one.namespace, one.value) for one in contests.load_held(connection)}
    if identifier not in held:
        raise NotHeld(namespace=identifier[0], value=identifier[1])
    return _order(runtime, by, [Wish("release", identifier, identifier)], "identifier.release", ":".join(identifier))


def hold_identifier(runtime: Runtime, by: Actor, identifier: Pair) -> int:
    """Order that an identifier links nowhere; return the log position."""
    return _order(runtime, by, [Wish("hold", identifier, identifier)], "identifier.hold", ":".join(identifier))


def wishes_to_split(members: Collection[Pair], chosen: Collection[Pair], *, is_forever: bool) -> list[Wish]:
    """Return what keeps the chosen identifiers apart from all others, and together among themselves.

    >>> anna, tablet, bob = ("user_id", "anna"), ("anonymous_id", "t"), ("user_id", "bob")
    >>> [(one.kind, one.one[1], one.other[1]) for one in wishes_to_split([anna, tablet, bob], [bob], is_forever=False)]
    [('unmerge', 'bob', 't'), ('unmerge', 'bob', 'anna')]
    """
    going = sorted(set(chosen))
    staying = sorted(set(members).difference(going))
    kept_together = [Wish("merge", going[0], one) for one in going[1:]]
    return [*kept_together, *(Wish("never" if is_forever else "unmerge", one, two) for one in going for two in staying)]


def wishes_to_merge(
    one: Collection[Pair], two: Collection[Pair], decisions: Iterable[Decision], ranking: Ranking = BUILT_IN
) -> list[Wish]:
    """Return what joins the strongest of both and takes back whatever keeps any of them apart."""
    pair = (min(one, key=ranking.rank), min(two, key=ranking.rank))
    apart = [
        (each.one, each.other)
        for each in latest_decisions(decisions)
        if each.kind in ("unmerge", "never")
        and ((each.one in one and each.other in two) or (each.one in two and each.other in one))
    ]
    return [Wish("merge", *each) for each in dict.fromkeys([pair, *apart])]


def wishes_to_take_back(rows: Iterable[DecidedRow]) -> list[Wish]:
    """Return what undoes decisions: pairs are left to the rules again, a hold becomes a release and the other way round.

    >>> tablet, bob = ("anonymous_id", "t"), ("user_id", "bob")
    >>> [one.kind for one in wishes_to_take_back([DecidedRow(1, 0, "never", bob, tablet, "Alice")])]
    ['allow']
    """
    undoing: dict[str, Kind] = {"hold": "release", "release": "hold"}
    return [Wish(undoing.get(row.kind, "allow"), row.one, row.other) for row in rows if row.kind != "allow"]


def _order(runtime: Runtime, by: Actor, wishes: Sequence[Wish], action: str, subject: str) -> int:
    with changing(runtime, by) as change:
        change.note(action, subject, pairs=len(wishes))
    return runtime.service(LogWriter).append_sync(order_entry(decide_order(wishes, by.name)))
