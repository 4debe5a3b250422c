"""The worker obeys the law: through the real log, SQLite and chDB, what it keeps is the canonical resolution."""

from random import Random

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stammgast.events import orders
from stammgast.identity.deciding import Wish, decide_order
from stammgast.identity.graph.canonical import resolve_canonically
from stammgast.identity.graph.evidence import Evidence, held_identifiers, linking
from stammgast.identity.graph.rules import GraphRules, Ranking
from stammgast.identity.identifiers import Normaliser
from stammgast.identity.resolution import linkable
from stammgast.identity.store import contests, graph
from stammgast.identity.store.numbers import load_bearers
from stammgast.kernel.sql import rows_of
from stammgast.profiles.store import customers

RECEIVED = 1_790_000_000_000
HOUR = 3_600_000
DEFAULT = GraphRules()


def iso(millis):
    from stammgast.web.http import iso_time

    return iso_time(millis)


def one_event(random, prefix, message_id):
    choice = random.choice
    event = {
        "type": choice(["track", "page"]),
        "event": "Seen",
        "messageId": message_id,
        "originalTimestamp": iso(RECEIVED - random.randrange(6 * 24) * HOUR),
    }
    if random.random() < 0.75:
        event["anonymousId"] = f"{prefix}{choice('abcd')}"
    if random.random() < 0.6 or "anonymousId" not in event:
        event["userId"] = f"{prefix}{choice('vwxyz')}"
    if random.random() < 0.3:
        event["context"] = {"traits": {"email": f"{prefix}{choice('mn')}@laden.de"}}
    if random.random() < 0.08:
        event |= {"type": "alias", "userId": f"{prefix}{choice('xyz')}", "previousId": f"{prefix}{choice('abxyz')}"}
    return event


def at_the_till(prefix, number):
    """Return an event of one of many people for whom the same mail was typed on the same day."""
    return {
        "type": "track",
        "event": "Seen",
        "messageId": f"{prefix}t{number:02d}",
        "originalTimestamp": iso(RECEIVED - number * 60_000),
        "userId": f"{prefix}u{number}",
        "context": {"traits": {"email": f"{prefix}kasse@laden.de"}, "device": {"id": f"{prefix}till"}},
    }


def one_decision(random, prefix):
    pairs = [("anonymous_id", f"{prefix}{one}") for one in "abcd"] + [("user_id", f"{prefix}{one}") for one in "xyz"]
    if random.random() < 0.3:
        till = random.choice([("email", f"{prefix}kasse@laden.de"), ("device_id", f"{prefix}till"), pairs[0]])
        return Wish(random.choice(["hold", "release", "release"]), till, till)
    one, other = random.sample(pairs, 2)
    return Wish(random.choice(["merge", "merge", "unmerge", "never"]), one, other)


def some_happenings(random, prefix):
    found = [one_event(random, prefix, f"{prefix}m{number:02d}") for number in range(random.randint(2, 40))]
    if random.random() < 0.3:
        found += [at_the_till(prefix, number) for number in range(random.randint(9, 13))]
    found += random.choices(found, k=len(found) // 5)
    found += [one_decision(random, prefix) for _ in range(random.choice([0, 0, 1, 3]))]
    random.shuffle(found)
    return found


def take_in_pieces(workbench, happenings, random):
    place = 0
    while place < len(happenings):
        part = happenings[place : place + random.randint(1, 8)]
        place += len(part)
        wishes = [one for one in part if isinstance(one, Wish)]
        if wishes:
            workbench.log.append_sync(orders.order_entry(decide_order(wishes, "Alice")))
        workbench.send(*(one for one in part if not isinstance(one, Wish)), received_at=RECEIVED)
        if random.random() < 0.6:
            workbench.worker.turn()
        if random.random() < 0.1:
            workbench.restart()
    workbench.work()


def leader_of(links, ranking, held):
    """Return the identifier whose profile the events of a set are."""
    able = linking(links, ranking, held)
    return able[0] if able else min(links, key=ranking.rank)


def same_as_canonical(workbench, rules=DEFAULT):
    """Compare everything that is stored with the canonical resolution of the evidence that is stored."""
    ranking, normalise = Ranking(rules), Normaliser(rules).normal
    with workbench.runtime.customers.read() as connection:
        anchors = {
            anchor: linkable(msgspec.msgpack.decode(raw, type=tuple[tuple[str, str], ...]), normalise)
            for anchor, raw in rows_of(connection, "SELECT anchor, identifiers FROM anchors")
        }
        evidence = [
            Evidence(time, message_id, anchors[anchor])
            for anchor, time, message_id in rows_of(connection, "SELECT anchor, time, message_id FROM evidence")
        ]
        profile_of = dict(rows_of(connection, "SELECT anchor, profile FROM anchor_profiles"))
        owners = {
            (one, two): three
            for one, two, three in rows_of(connection, "SELECT namespace, value, profile FROM identifiers")
        }
        held = {(one.namespace, one.value) for one in contests.load_held(connection)}
        decisions = contests.load_decisions(connection)
        refusals = set(rows_of(connection, "SELECT kept_value, left_value, time, message_id, reason FROM refusals"))
        aliases = dict(rows_of(connection, "SELECT alias, profile FROM aliases"))
        bearers = load_bearers(connection)
        listed = {profile for (profile,) in rows_of(connection, "SELECT profile FROM customers")}
    assert held == held_identifiers(evidence, ranking, decisions)
    found = resolve_canonically(evidence, ranking, decisions, held)
    stored = {}
    for pair, owner in owners.items():
        stored.setdefault(owner, set()).add(pair)
    leaders = {leader_of(links, ranking, held) for links in anchors.values() if links}
    known = {frozenset(group & owners.keys()): bool(group & leaders) for group in found.partition()}
    assert stored.pop(0, set()) == {pair for group, has_events in known.items() if not has_events for pair in group}
    assert {frozenset(one) for one in stored.values()} == {group for group, has_events in known.items() if has_events}
    assert refusals == {
        (one.kept[1], one.left_out[1], one.evidence.time, one.evidence.message_id, one.reason) for one in found.refusals
    }
    current = {anchor: profile_of.get(anchor, anchor) for anchor in anchors}
    for anchor, links in anchors.items():
        if not links:
            assert current[anchor] == 0, "placeholders alone are nobody"
            continue
        assert current[anchor] == owners[leader_of(links, ranking, held)]
    assert all(current[bearers.get(profile, profile)] == profile for profile in current.values() if profile), (
        "a profile has the anchor that bears its number"
    )
    assert aliases == {alias: current[bearers.get(alias, alias)] for alias in aliases}
    numbers = {*aliases, *current.values(), *bearers} - {0}
    assert all(number in anchors or number in bearers for number in numbers)
    borne = {*bearers.values(), *(anchor for anchor in anchors if bearers.get(anchor, anchor) == anchor)}
    assert borne >= anchors.keys(), "every anchor bears a number"
    assert all(alias != profile for alias, profile in aliases.items())
    assert listed == set(current.values()) - {0}
    mapped = dict(workbench.runtime.history.query("SELECT anchor, any(profile_of(anchor)) FROM events GROUP BY anchor"))
    assert mapped == {anchor: current[anchor] for anchor in mapped}
    return found


@given(st.integers(0, 2**32))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes_in_whatever_order_the_worker_keeps_the_canonical_profiles(workbench, counter, seed):
    random = Random(seed)
    take_in_pieces(workbench, some_happenings(random, f"p{next(counter):06d}-"), random)
    same_as_canonical(workbench)


def test_limits_held_identifiers_and_decisions_all_occur_in_such_histories(workbench):
    for seed in range(10):
        random = Random(seed)
        take_in_pieces(workbench, some_happenings(random, f"q{seed}-"), random)
    workbench.take({"type": "page", "userId": "anna"}, {"type": "page", "userId": "bob"})
    workbench.log.append_sync(
        orders.order_entry(decide_order([Wish("merge", ("user_id", "anna"), ("user_id", "bob"))], ""))
    )
    workbench.work()
    found = same_as_canonical(workbench)
    assert {one.reason for one in found.refusals} >= {"limit", "separated"}
    with workbench.runtime.customers.read() as connection:
        assert contests.load_held(connection)
        kinds = {(kind, rule) for kind, rule in rows_of(connection, "SELECT DISTINCT kind, rule FROM merges")}
        assert customers.count_customers(connection, (), msgspec.convert({}, customers.CustomerFilter)) > 10
        assert graph.turned_since(connection, 0)
    assert kinds >= {("merge", "seen_together"), ("merge", "decided"), ("split", "limit:user_id")}
