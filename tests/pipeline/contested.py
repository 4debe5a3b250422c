"""Histories in which who is who is contested, and what must hold after them. For laws over real stores."""

from stammgast.events import orders
from stammgast.events.contracts import RawEvent, Rules
from stammgast.events.reading import read_raw
from stammgast.identity.deciding import Wish, decide_order
from stammgast.kernel.sql import rows_of
from stammgast.profiles import api
from stammgast.profiles.folding import Folding, decode_state
from stammgast.web.http import iso_time

RECEIVED = 1_790_000_000_000
HOUR = 3_600_000
NAMES = ("Order Completed", "Order Completed", "Order Refunded", "Product Viewed", "Survey Answered", "Case Opened")


def happenings(random, prefix):
    """Return events and wishes in the order in which they come, some twice; all values begin with `prefix`."""
    found = [one_event(random, prefix, f"{prefix}m{number:02d}") for number in range(random.randint(6, 36))]
    if random.random() < 0.5:
        found += [at_the_till(prefix, number) for number in range(random.randint(9, 13))]
    if random.random() < 0.5:
        found += [many_mails(prefix, number) for number in range(random.randint(4, 8))]
    found += random.choices(found, k=len(found) // 5)
    found += [one_wish(random, prefix) for _ in range(random.choice([0, 1, 2, 4]))]
    random.shuffle(found)
    return found


def one_event(random, prefix, message_id):
    """Return an event of a few people who share tablets and mails; event times have no order."""
    choice = random.choice
    event = {
        "type": "track",
        "event": choice(NAMES),
        "messageId": message_id,
        "originalTimestamp": iso_time(RECEIVED - random.randrange(6 * 24) * HOUR),
        "context": {"channel": choice(["web", "shop"])},
        "properties": {"total": random.randrange(9999) / 100, "currency": choice(["EUR", "GBP"]), "score": 7},
    }
    event["properties"]["product_id"] = choice("pqr")
    if random.random() < 0.75:
        event["anonymousId"] = f"{prefix}{choice('abcd')}"
    if random.random() < 0.6 or "anonymousId" not in event:
        event["userId"] = f"{prefix}{choice('vwxyz')}"
    if random.random() < 0.3:
        event["context"]["traits"] = {"email": f"{prefix}{choice('mn')}@laden.de", "city": choice(["Bonn", "Ulm"])}
    if random.random() < 0.2:
        event["context"]["consent"] = {"categoryPreferences": {"analytics": random.random() < 0.5}}
    if random.random() < 0.08:
        event |= {"type": "alias", "userId": f"{prefix}{choice('xyz')}", "previousId": f"{prefix}{choice('abxyz')}"}
    return event


def at_the_till(prefix, number):
    """Return an order of one of many people for whom the same mail was typed on one day."""
    return {
        "type": "track",
        "event": "Order Completed",
        "messageId": f"{prefix}t{number:02d}",
        "originalTimestamp": iso_time(RECEIVED - number * 60_000),
        "userId": f"{prefix}u{number}",
        "properties": {"total": number, "currency": "EUR"},
        "context": {"traits": {"email": f"{prefix}kasse@laden.de"}, "device": {"id": f"{prefix}till"}},
    }


def many_mails(prefix, number):
    """Return an event of someone who has one more mail: from the sixth on beyond the limit."""
    return {
        "type": "identify",
        "messageId": f"{prefix}e{number:02d}",
        "originalTimestamp": iso_time(RECEIVED - number * 13 * HOUR),
        "userId": f"{prefix}x",
        "traits": {"email": f"{prefix}{number}@x.de"},
    }


def one_wish(random, prefix):
    """Return something that a person decides about any two of them, or about one identifier."""
    pairs = [("anonymous_id", f"{prefix}{one}") for one in "abcd"] + [("user_id", f"{prefix}{one}") for one in "xyz"]
    if random.random() < 0.3:
        till = random.choice([("email", f"{prefix}kasse@laden.de"), ("device_id", f"{prefix}till"), pairs[0]])
        return Wish(random.choice(["hold", "release", "release"]), till, till)
    return Wish(random.choice(["merge", "merge", "unmerge", "never"]), *random.sample(pairs, 2))


def append(bench, part):
    """Put some of a history into the log."""
    wishes = [one for one in part if isinstance(one, Wish)]
    events = [one for one in part if not isinstance(one, Wish)]
    if wishes:
        bench.log.append_sync(orders.order_entry(decide_order(wishes, "Alice")))
    if events:
        bench.send(*events, received_at=RECEIVED)


def pieces(random, history, most=8):
    """Yield a history in parts of random size."""
    place = 0
    while place < len(history):
        size = random.randint(1, most)
        yield history[place : place + size]
        place += size


def same_figures(bench):
    """Compare every profile's figures with those folded anew from what history says is its; return the profiles."""
    runtime = bench.runtime
    folding = Folding(one for manifest in runtime.manifests for one in manifest.features)
    anew = _from_history(runtime, folding)
    stored = _from_states(runtime, folding)
    assert stored == anew
    with runtime.customers.read() as connection:
        listed = rows_of(connection, "SELECT profile, events, orders FROM customers")
    counted = {
        number: (shown["events"]["total"], shown.get("orders", {}).get("count", 0)) for number, shown in anew.items()
    }
    assert {number: (events, orders) for number, events, orders in listed} == counted
    for number, shown in anew.items():
        told = api.get_profile(runtime, f"profile:{number}").features
        assert {name: shown[name] for name in told} == told
    return set(anew)


def _from_history(runtime, folding):
    states = {}
    rows = runtime.history.query(
        "SELECT profile_of(anchor), raw, source, toUnixTimestamp64Milli(received_at), channel, brand FROM events"
        " WHERE profile_of(anchor) > 0"
    )
    for profile, raw, source, received_at, channel, brand in rows:
        event = read_raw(RawEvent(0, 0, source, received_at, raw.encode(), kind="batch"), Rules())
        event.channel, event.brand = channel, brand
        folding.fold(states.setdefault(profile, {}), event)
    return {profile: folding.present(state) for profile, state in states.items()}


def _from_states(runtime, folding):
    with runtime.customers.read() as connection:
        rows = rows_of(
            connection,
            "SELECT coalesce(p.profile, s.anchor), s.state FROM anchor_states s"
            " LEFT JOIN anchor_profiles p ON p.anchor = s.anchor WHERE coalesce(p.profile, s.anchor) > 0",
        )
    states = {}
    for profile, encoded in rows:
        states.setdefault(profile, []).append(decode_state(bytes(encoded)))
    return {profile: folding.present(folding.combine(many)) for profile, many in states.items()}
