"""Why identifiers are one person's, and what a decision would do: always what the worker then does."""

import pytest

from stammgast.identity.graph.canonical import resolve_canonically
from stammgast.identity.graph.evidence import Decision, Evidence
from stammgast.identity.graph.rules import GraphRules, Ranking
from stammgast.kernel import clock
from stammgast.whoiswho import curating
from stammgast.whoiswho.tracing.contracts import LogFilter, NoSuchDecision, NothingToTakeBack
from stammgast.whoiswho.tracing.holding import held_identifiers, released_identifiers
from stammgast.whoiswho.tracing.log import read_log, whole_log
from stammgast.whoiswho.tracing.reading import profile_identity
from stammgast.workspace.contracts import Actor
from tools.workbench import track

BY = Actor("command", 0, "Alice")
TABLET = ("anonymous_id", "family-tablet")
ANNA, BOB = ("user_id", "anna"), ("user_id", "bob")


@pytest.fixture
def shared(workbench):
    """Anna and Bob share a tablet; Anna came first."""
    tablet = {"anonymousId": "family-tablet"}
    # Received in the same millisecond, their message ids would say who came first.
    now = clock.now_millis() - 10
    workbench.send({**tablet, "type": "page", "name": "Karte", "messageId": "t1"}, received_at=now)
    for user in ("anna", "bob"):
        workbench.send({**tablet, "type": "identify", "userId": user, "messageId": f"{user}-1"}, received_at=now + 1)
    workbench.send(
        {**tablet, **buys("anna", "a-1", 20)}, buys("anna", "a-2", 30), buys("bob", "b-1", 7), received_at=now + 2
    )
    workbench.work()
    return workbench


def buys(user, message_id, total):
    return track(user, "Order Completed", message_id, order_id=message_id, total=total, currency="EUR")


def pairs_of(parts):
    return {frozenset(one.identifiers) for one in parts}


def figures_of(parts):
    return {frozenset(one.identifiers): (one.events, one.orders, one.revenue) for one in parts}


def real_figures(workbench, *references):
    found = {}
    for reference in references:
        one = workbench.profile(reference)
        identifiers = frozenset((each.namespace, each.value) for each in one.identifiers)
        revenue = one.features.get("revenue", {}).get("EUR", {"amount": "0"})["amount"]
        orders = one.features.get("orders", {"count": 0})["count"]
        found[identifiers] = (one.features["events"]["total"], orders, int(float(revenue) * 1_000_000))
    return found


def test_a_profile_tells_what_linked_its_identifiers_and_what_was_kept_apart(shared):
    anna = profile_identity(shared.runtime, "user_id:anna")
    assert [one.pair for one in anna.identifiers] == [ANNA, TABLET]
    assert [one.identifiers for one in anna.seen_together] == [(TABLET,), (ANNA, TABLET), (ANNA,)]
    assert [(one.message_id, one.events) for one in anna.seen_together] == [("t1", 1), ("anna-1", 2), ("a-2", 1)]
    (apart,) = anna.kept_apart
    assert (apart.kept, apart.left_out, apart.reason, apart.namespace) == (BOB, TABLET, "limit", "user_id")
    assert anna.foreign == {BOB: profile_identity(shared.runtime, "user_id:bob").profile}


def test_a_shared_device_names_its_first_owner_on_both_profiles(shared):
    for reference in ("user_id:anna", "user_id:bob"):
        (device,) = profile_identity(shared.runtime, reference).shared
        assert (device.identifier, device.others) == (TABLET, 1)
        assert device.owner == shared.profile("user_id:anna").profile


def test_a_split_does_what_was_foreseen(shared):
    foreseen = curating.foresee_split(shared.runtime, "user_id:anna", [TABLET])
    assert pairs_of(foreseen.before) >= {frozenset((ANNA, TABLET))}
    curating.split_profile(shared.runtime, BY, "user_id:anna", [TABLET])
    shared.work()
    real = real_figures(shared, "user_id:anna", "anonymous_id:family-tablet", "user_id:bob")
    assert figures_of(foreseen.after) == real
    numbers = {one.profile: frozenset(one.identifiers) for one in foreseen.after}
    assert numbers[shared.profile("user_id:anna").profile] == {ANNA}


def test_a_merge_does_what_was_foreseen_and_names_who_decided(shared):
    foreseen = curating.foresee_merge(shared.runtime, "user_id:anna", "user_id:bob")
    curating.merge_profiles(shared.runtime, BY, "user_id:anna", "user_id:bob")
    shared.work()
    assert figures_of(foreseen.after) == real_figures(shared, "user_id:bob")
    (turned, *_) = profile_identity(shared.runtime, "user_id:bob").turned
    assert (turned.kind, turned.rule, turned.person) == ("merge", "decided", "Alice")


def test_a_decision_that_is_taken_back_leaves_the_pair_to_the_rules_again(shared):
    before = real_figures(shared, "user_id:anna", "user_id:bob")
    curating.merge_profiles(shared.runtime, BY, "user_id:anna", "user_id:bob")
    shared.work()
    (decided,) = profile_identity(shared.runtime, "user_id:bob").decided
    assert (decided.kind, decided.person, decided.is_standing) == ("merge", "Alice", True)
    curating.take_back(shared.runtime, BY, decided.number)
    shared.work()
    assert real_figures(shared, "user_id:anna", "user_id:bob") == before
    told = profile_identity(shared.runtime, "user_id:bob").decided
    assert [(one.kind, one.is_standing) for one in told] == [("allow", False), ("merge", False)]
    with pytest.raises(NothingToTakeBack):
        curating.take_back(shared.runtime, BY, decided.number)
    with pytest.raises(NoSuchDecision):
        curating.take_back(shared.runtime, BY, 10**9)


def test_a_split_that_is_taken_back_comes_together_again(shared):
    before = real_figures(shared, "user_id:anna", "user_id:bob")
    curating.split_profile(shared.runtime, BY, "user_id:anna", [TABLET], is_forever=True)
    shared.work()
    (decided,) = profile_identity(shared.runtime, "user_id:anna").decided
    assert decided.kind == "never"
    curating.take_back(shared.runtime, BY, decided.number)
    shared.work()
    assert real_figures(shared, "user_id:anna", "user_id:bob") == before


def test_allowing_a_pair_is_as_if_nobody_had_decided():
    sets = [Evidence(1, "a", (TABLET, ANNA)), Evidence(2, "b", (TABLET, BOB))]
    ranking = Ranking(GraphRules())
    decided = [Decision(1, 1, "unmerge", TABLET, ANNA), Decision(2, 2, "allow", ANNA, TABLET)]
    assert resolve_canonically(sets, ranking, decided).partition() == resolve_canonically(sets, ranking).partition()


def test_a_held_identifier_tells_what_it_met_and_a_release_does_what_was_foreseen(workbench):
    club = ("email", "verein@laden.example")
    for number in range(12):
        traits = {"email": club[1]}
        workbench.send({"type": "identify", "userId": f"u{number}", "messageId": f"m{number}", "traits": traits})
    workbench.work()
    ((held,), total) = held_identifiers(workbench.runtime)
    assert (total, held.identifier, held.met, held.by) == (1, club, 12, "")
    foreseen = curating.foresee_release(workbench.runtime, club)
    assert not foreseen.is_without_effect
    curating.release_identifier(workbench.runtime, BY, club)
    workbench.work()
    assert held_identifiers(workbench.runtime) == ((), 0)
    (released,) = released_identifiers(workbench.runtime)
    assert (released.identifier, released.by) == (club, "Alice")
    after = {frozenset(one.identifiers) for one in foreseen.after}
    owner = workbench.profile("email:verein@laden.example")
    assert frozenset((one.namespace, one.value) for one in owner.identifiers) in after
    assert owner.profile == released.profile


def test_the_log_of_all_pages_through_everything_once_newest_first(shared):
    shared.take({"anonymousId": "family-tablet", "type": "identify", "userId": "carl", "messageId": "carl-1"})
    curating.split_profile(shared.runtime, Actor("command", 0, "Bea"), "user_id:anna", [TABLET])
    shared.work()
    curating.merge_profiles(shared.runtime, BY, "user_id:anna", "user_id:bob")
    shared.work()
    whole = [one for page in whole_log(shared.runtime, LogFilter()) for one in page.lines]
    assert [one.at for one in whole] == sorted((one.at for one in whole), reverse=True)
    assert {one.kind for one in whole} == {"merge", "split", "refusal", "decision"}
    paged, after = [], ""
    while True:
        page = read_log(shared.runtime, LogFilter(), after=after, limit=1)
        paged += page.lines
        if page.next is None:
            break
        after = page.next
    assert sorted(paged, key=repr) == sorted(whole, key=repr)


def test_the_log_is_filtered_by_kind_namespace_time_and_person(shared):
    curating.merge_profiles(shared.runtime, BY, "user_id:anna", "user_id:bob")
    shared.work()

    def kinds(**wanted):
        return [one.kind for one in read_log(shared.runtime, LogFilter(**wanted)).lines]

    assert set(kinds(kinds=("decision",))) == {"decision"}
    assert kinds(person="Alice") == ["decision"]
    assert kinds(person="Nobody") == []
    assert kinds(namespace="phone") == []
    assert "merge" in kinds(namespace="user_id")
    assert kinds(until=1) == []
    assert len(kinds(since=1)) == len(kinds())


def test_a_late_event_that_undoes_a_merge_is_told_as_such(workbench):
    def tablet(day, message_id, **more):
        when = f"2026-03-{day:02}T10:00:00Z"
        times = {"timestamp": when, "originalTimestamp": when}
        return {"anonymousId": "family-tablet", "messageId": message_id, **times, **more}

    workbench.take(tablet(3, "m3", type="page"), tablet(2, "m2", type="identify", userId="bob"))
    workbench.take(tablet(1, "m1", type="identify", userId="anna"))
    told = profile_identity(workbench.runtime, "user_id:bob").turned
    (undone,) = [one for one in told if one.is_undoing]
    assert (undone.kind, undone.rule) == ("split", "limit:user_id")
    assert undone.message_id
    assert {each for each, _ in undone.identifiers} == {"user_id", "anonymous_id"}


def test_whoever_keeps_most_identifiers_goes_on_even_where_the_number_changes_hands(shared):
    bob, anna = (shared.profile(f"user_id:{one}").profile for one in ("bob", "anna"))
    foreseen = curating.foresee_split(shared.runtime, "user_id:anna", [TABLET])
    told = {one.identifiers[0]: (one.was, one.moved_events) for one in foreseen.after}
    assert told == {ANNA: (anna, 0), BOB: (bob, 1)}  # the tablet's own page view comes to Bob
