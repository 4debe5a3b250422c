"""The law: taken in piece by piece, closure by closure, evidence and decisions come to the canonical partition of all."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from stammgast.identity.graph.canonical import resolve_canonically
from stammgast.identity.graph.closure import News, advance
from stammgast.identity.graph.evidence import Decision, Evidence, fits, held_identifiers, latest_decisions
from stammgast.identity.graph.rules import GraphRules, NamespaceRule, Ranking

DAY = 86_400_000


class Stores:
    """Keeps the graph in dictionaries: the least a store must do."""

    def __init__(self, ranking):
        self.ranking = ranking
        self.days = {}
        self.by_identifier = {}
        self.decisions = {}
        self.owner = {}
        self.groups = {}
        self.refusals = {}
        self.currently_held = set()
        self.next_profile = 1
        self.resolved_anew = 0
        self.appended = 0
        self.new_sets = set()

    def owners(self, identifiers):
        return {one: self.owner[one] for one in identifiers if one in self.owner}

    def members(self, profiles):
        return {profile: list(self.groups.get(profile, ())) for profile in profiles}

    def is_contested(self, profile):
        group = self.groups.get(profile, set())
        return (
            not fits(group, self.ranking)
            or any(self.is_decided(one) for one in group)
            or any(one.kept in group or one.left_out in group for many in self.refusals.values() for one in many)
        )

    def is_decided(self, identifier):
        return bool(list(self.decisions_of([identifier])))

    def held(self):
        return self.currently_held

    def is_released(self, identifier):
        latest = [one for one in latest_decisions(self.decisions_of([identifier])) if one.one == one.other]
        return bool(latest) and latest[-1].kind == "release"

    def sets_of(self, identifiers):
        for one in {found for each in identifiers for found in self.by_identifier.get(each, ())}:
            yield Evidence(*min(self.days[one].values()), one)

    def decisions_of(self, identifiers):
        wanted = set(identifiers)
        return [one for one in self.decisions.values() if one.one in wanted or one.other in wanted]

    def formed_by(self, profiles):
        known = {one for each in profiles for member in self.groups[each] for one in self.by_identifier.get(member, ())}
        return max((min(self.days[one].values()) for one in known - self.new_sets), default=(-1, ""))

    def met(self, identifier, day):
        return [one for one in self.by_identifier[identifier] if day in self.days[one]]

    def take(self, evidence):
        """Take in one batch."""
        news = {}
        for one in evidence:
            known = self.days.get(one.identifiers)
            key = (one.time, one.message_id)
            days = self.days.setdefault(one.identifiers, {})
            if one.day in days and days[one.day] <= key:
                continue
            days[one.day] = key
            for each in one.identifiers:
                self.by_identifier.setdefault(each, set()).add(one.identifiers)
            before = news.get((one.identifiers, one.day))
            is_new_set = before.is_new_set if before is not None else known is None
            news[one.identifiers, one.day] = News(one, is_new_set)
        self.new_sets = {one.evidence.identifiers for one in news.values() if one.is_new_set}
        self.apply(advance(list(news.values()), self, self.ranking))
        for one in evidence:
            for each in one.identifiers:
                if each not in self.owner:
                    self.own([each])

    def decide(self, decision):
        """Obey a person."""
        if decision.id in self.decisions:
            return
        self.decisions[decision.id] = decision
        also = {decision.one, decision.other}
        if decision.one == decision.other:
            holding = held_identifiers(self.all_evidence(), self.ranking, self.decisions_of([decision.one]))
            self.currently_held = (self.currently_held - also) | (holding & also)
        self.apply(advance([], self, self.ranking, also))

    def apply(self, found):
        self.currently_held |= found.newly_held.keys()
        for one in found.appended:
            self.append(one)
        for cluster in found.plain:
            self.own([*cluster.fresh, *(one for many in self.members(cluster.profiles).values() for one in many)])
        if found.resolved is None:
            return
        self.resolved_anew += 1
        for one in found.closure.evidence:
            self.refusals.pop(one.identifiers, None)
        for one in found.resolved.refusals:
            self.refusals.setdefault(one.evidence.identifiers, set()).add(one)
        groups = {}
        for identifier, survivor in found.resolved.owner.items():
            if identifier in found.closure.complete:
                groups.setdefault(survivor, []).append(identifier)
        for group in groups.values():
            self.own(group)

    def append(self, one):
        self.appended += 1
        at = {one.resolved.owner.get(leader, leader): profile for profile, leader in one.members.items()}
        groups = {}
        for each in one.cluster.fresh:
            groups.setdefault(one.resolved.owner[each], []).append(each)
        for survivor, group in groups.items():
            self.own([*group, *self.groups.get(at.get(survivor), ())])
        for refusal in one.resolved.refusals:
            self.refusals.setdefault(refusal.evidence.identifiers, set()).add(refusal)

    def own(self, identifiers):
        for one in identifiers:
            self.groups.get(self.owner.get(one), set()).discard(one)
        self.owner.update(dict.fromkeys(identifiers, self.next_profile))
        self.groups[self.next_profile] = set(identifiers)
        self.next_profile += 1

    def all_evidence(self):
        return [Evidence(*key, one) for one, days in self.days.items() for key in days.values()]

    def partition(self):
        return {frozenset(group) for group in self.groups.values() if group}


def same_as_canonical(stores):
    evidence, decisions = stores.all_evidence(), list(stores.decisions.values())
    held = held_identifiers(evidence, stores.ranking, decisions)
    assert stores.currently_held == held
    found = resolve_canonically(evidence, stores.ranking, decisions, held)
    assert stores.partition() == found.partition()
    refused = {one for many in stores.refusals.values() for one in many}
    assert {pair(one) for one in refused} == {pair(one) for one in found.refusals}
    return found


def pair(refusal):
    return (refusal.evidence, refusal.kept, refusal.left_out, refusal.reason, refusal.namespace)


def some_rules(random):
    return Ranking(
        GraphRules(
            namespaces=(
                NamespaceRule(namespace="user_id", priority=1, limit=1),
                NamespaceRule(
                    namespace="email",
                    priority=2,
                    limit=random.choice([1, 2, 3]),
                    period=random.choice(["ever", "week", "month"]),
                ),
                NamespaceRule(namespace="card", priority=2, may_link=random.random() < 0.5),
                NamespaceRule(namespace="device", priority=9, limit=random.choice([None, 2])),
            ),
            profile_cap=random.choice([5, 1000]),
            held_above=random.choice([1, 2, 4, 10]),
            held_above_limited=random.choice([None, 1, 2, 3, 20]),
            held_above_browsers=random.choice([None, 1, 2, 3, 200]),
        )
    )


def some_identifier(random, many):
    return (
        random.choice(["user_id", "email", "card", "device", "device", "anonymous_id"]),
        str(random.randrange(many)),
    )


def some_evidence(random, count, many):
    found = []
    for number in range(count):
        identifiers = {some_identifier(random, many) for _ in range(random.choice([1, 2, 2, 2, 3, 4]))}
        if random.random() < 0.08:
            alias = str(random.randrange(many))
            identifiers = {("user_id", str(random.randrange(many))), ("user_id", alias), ("anonymous_id", alias)}
        time = random.randrange(40) * DAY // random.choice([1, 1, 8])
        found.append(Evidence(time, f"m{number:03d}", tuple(sorted(identifiers))))
    return found


def some_decisions(random, count, many):
    found = []
    for number in range(count):
        one, other = some_identifier(random, many), some_identifier(random, many)
        kind = random.choice(["merge", "unmerge", "never", "merge", "release", "hold"])
        if kind in ("release", "hold"):
            other = one
        elif one == other:
            continue
        found.append(Decision(number, random.randrange(5), kind, one, other))
    return found


def one_history(seed, *, decided):
    random = Random(seed)
    ranking = some_rules(random)
    many = random.choice([2, 3, 5, 8])
    evidence = some_evidence(random, random.randint(1, 18), many)
    happenings = [*evidence, *random.choices(evidence, k=len(evidence) // 3)]
    happenings += some_decisions(random, random.randint(0, 4) if decided else 0, many)
    random.shuffle(happenings)
    if random.random() < 0.4:
        happenings.sort(key=lambda one: one.time if isinstance(one, Evidence) else 0)
    stores = Stores(ranking)
    place = 0
    while place < len(happenings):
        part = happenings[place : place + random.randint(1, 5)]
        place += len(part)
        for one in part:
            if isinstance(one, Decision):
                stores.decide(one)
        stores.take([one for one in part if isinstance(one, Evidence)])
    for one in (one for one in happenings if isinstance(one, Decision)):
        for each in (one.one, one.other):
            if each not in stores.owner:
                stores.own([each])
    return stores


@given(st.integers(0, 2**48))
@settings(max_examples=300, deadline=None)
def test_piece_by_piece_comes_to_the_canonical_partition(seed):
    same_as_canonical(one_history(seed, decided=False))


@given(st.integers(0, 2**48))
@settings(max_examples=300, deadline=None)
def test_decisions_may_come_at_any_time_between(seed):
    same_as_canonical(one_history(seed, decided=True))


def test_thousands_of_histories_with_conflicts_hold_the_law():
    refusals = appended = 0
    for seed in range(1_500):
        stores = one_history(seed, decided=seed % 3 == 1)
        refusals += len(same_as_canonical(stores).refusals)
        appended += stores.appended
    assert refusals > 2_000  # else the histories would test nothing
    assert appended > 300
