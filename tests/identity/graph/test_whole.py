"""Re-resolving the whole graph on integers comes to what the canonical resolution says, from wherever it starts."""

from dataclasses import dataclass
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from stammgast.identity.graph.canonical import resolve_canonically
from stammgast.identity.graph.evidence import Decision, Evidence, held_identifiers, linking
from stammgast.identity.graph.layout import Stands, lay_out
from stammgast.identity.graph.resettling import resettle
from stammgast.identity.graph.rules import GraphRules, MailProvider, NamespaceRule, Ranking
from stammgast.identity.graph.whole import WholeGraph
from stammgast.identity.identifiers import Normaliser

DAY = 86_400_000
PRIORITIES = {"user_id": 10, "email": 30, "device_id": 80, "anonymous_id": 90}


@dataclass
class Kept:
    anchor: int
    raw: tuple
    profile: int
    time: int
    message_id: str


def some_rules(random):
    namespaces = tuple(
        NamespaceRule(
            namespace=name,
            priority=random.choice([priority, 50]),
            limit=random.choice([None, 1, 2]),
            period=random.choice(["ever", "ever", "month"]),
            may_link=random.random() < 0.85,
            never_link=("m",) if random.random() < 0.2 else (),
        )
        for name, priority in PRIORITIES.items()
    )
    providers = (MailProvider(domains=("x.de",), plus=True),) if random.random() < 0.5 else ()
    return GraphRules(
        namespaces=namespaces,
        profile_cap=random.choice([3, 6, 1000]),
        held_above=random.choice([2, 3, 10]),
        held_above_limited=random.choice([None, 1, 2, 20]),
        held_above_browsers=random.choice([None, 1, 2, 200]),
        mail_providers=providers,
        never_link=("n",) if random.random() < 0.2 else (),
    )


def some_raw(random):
    pairs = set()
    if random.random() < 0.7:
        pairs.add(("anonymous_id", random.choice("abcdefg")))
    if random.random() < 0.5 or not pairs:
        pairs.add(("user_id", random.choice("mnuvwxyz")))
    if random.random() < 0.4:
        pairs.add(("email", random.choice(["p@x.de", "p+a@x.de", "q@x.de", "q+b@x.de", "r@y.de"])))
    if random.random() < 0.2:
        pairs.add(("device_id", random.choice("ij")))
    if random.random() < 0.1:
        name = random.choice("abc")
        pairs |= {("anonymous_id", name), ("user_id", name), ("user_id", random.choice("uvw"))}
    return tuple(sorted(pairs))


class History:
    """Random sets with their evidence, and what people said."""

    def __init__(self, random):
        raws = sorted({some_raw(random) for _ in range(random.randint(1, 40))})
        self.rows = {}
        for anchor, raw in enumerate(raws, 1):
            days = random.sample(range(60), random.randint(1, 3))
            self.rows[anchor] = (raw, [(day * DAY + random.randrange(1000), f"m{random.random()}") for day in days])
        named = sorted({pair for raw in raws for pair in raw} | {("user_id", "unseen")})
        self.decisions = [some_decision(random, number, named) for number in range(random.choice([0, 0, 1, 4]))]

    def resolve(self, rules):
        """Return (owner, held, links of each anchor) as the law says."""
        ranking, normalise = Ranking(rules), Normaliser(rules).normal
        links = {
            anchor: tuple(sorted({one for pair in raw if (one := normalise(*pair))}))
            for anchor, (raw, _) in self.rows.items()
        }
        evidence = [
            Evidence(time, message_id, links[anchor])
            for anchor, (_, keys) in self.rows.items()
            if links[anchor]
            for time, message_id in keys
        ]
        decisions = normal_decisions(self.decisions, normalise)
        held = held_identifiers(evidence, ranking, decisions)
        return resolve_canonically(evidence, ranking, decisions, held), held, links


def some_decision(random, number, named):
    one, other = random.choice(named), random.choice(named)
    if one == other or random.random() < 0.3:
        return Decision(number, number, random.choice(["hold", "release"]), one, one)
    return Decision(number, number, random.choice(["merge", "unmerge", "never"]), one, other)


def normal_decisions(decisions, normalise):
    found = []
    for one in decisions:
        pair = normalise(*one.one), normalise(*one.other)
        is_about_one = one.kind in ("hold", "release")
        if None not in pair and (is_about_one or pair[0] != pair[1]):
            found.append(Decision(one.id, one.decided_at, one.kind, *pair))
    return found


def carry_out(history, rules, stands):
    """Re-resolve from what `stands`, (profiles, owners); return what came of it and what stands then."""
    profiles, owners, held_before = stands
    normalise = Normaliser(rules).normal
    graph = WholeGraph(Ranking(rules), normalise)
    for anchor, (raw, _) in history.rows.items():
        graph.add(anchor, raw)
    numbers = {pair: number for number, pair in enumerate(owners, 1)}
    decisions = normal_decisions(history.decisions, normalise)
    layout = lay_out(
        graph,
        Stands(
            [(anchor, profile) for anchor, profile in profiles.items() if anchor != profile],
            [(numbers[pair], *pair, profile) for pair, profile in owners.items()],
        ),
        decisions,
        lambda anchors: [(anchor, time // DAY) for anchor in anchors for time, _ in history.rows[anchor][1]],
    )

    def load(anchors):
        for anchor in anchors:
            raw, keys = history.rows[anchor]
            yield Kept(anchor, raw, profiles.get(anchor, anchor), *min(keys))

    found = resettle(layout, load, decisions, held_before, lambda _done, _total: None)
    profiles = {**{anchor: profiles.get(anchor, anchor) for anchor in history.rows}, **dict(found.placed())}
    by_number = {number: pair for pair, number in numbers.items()}
    owners = {pair: profile for pair, profile in owners.items() if numbers[pair] not in layout.orphans}
    owners |= {by_number[number]: profile for number, profile in found.reowned()} | found.fresh
    return found, (profiles, owners, set(found.held))


def stands_as_the_law_says(history, rules, stands, refusals):
    profiles, owners, held = stands
    resolved, lawful_held, links = history.resolve(rules)
    assert held == lawful_held
    assert owners.keys() == {each for many in links.values() for each in many}
    ranking = Ranking(rules)
    groups = {}
    for anchor, many in links.items():
        if not many:
            assert profiles[anchor] == 0
            continue
        able = linking(many, ranking, lawful_held)
        leader = able[0] if able else min(many, key=ranking.rank)
        assert profiles[anchor] == owners[leader] != 0
        groups.setdefault(resolved.owner[leader], set()).add(profiles[anchor])
    assert all(len(one) == 1 for one in groups.values())
    assert len({min(one) for one in groups.values()}) == len(groups)
    for pair, owner in owners.items():
        expected = groups.get(resolved.owner[pair], {0})
        assert {owner} == expected
    assert all(profiles[profile] == profile for profile in profiles.values() if profile)
    assert {(one.kept, one.left_out, one.evidence.time, one.reason) for _, one in refusals} == {
        (one.kept, one.left_out, one.evidence.time, one.reason) for one in resolved.refusals
    }


@given(st.integers(0, 2**32))
def test_whatever_rules_follow_upon_each_other_the_graph_stands_as_under_the_last_from_the_beginning(seed):
    random = Random(seed)
    history = History(random)
    stands = ({}, {}, set())
    for _ in range(3):
        rules = some_rules(random)
        found, stands = carry_out(history, rules, stands)
        stands_as_the_law_says(history, rules, stands, found.refusals)
    found, again = carry_out(history, rules, stands)
    assert again == stands
    assert not found.placed()
    assert not found.turns


def test_a_graph_of_placeholders_alone_stands_under_any_rules():
    history = History(Random(0))
    history.rows, history.decisions = {1: ((("email", "null"),), [(0, "m")])}, []
    rules = GraphRules()
    found, stands = carry_out(history, rules, ({}, {}, set()))
    stands_as_the_law_says(history, rules, stands, found.refusals)
    assert stands == ({1: 0}, {}, set())
