"""Two installations take in the same: one folds by the present rules from the beginning, the other counts anew in between."""

from dataclasses import replace

import msgspec

from stammgast.events import orders
from stammgast.events.contracts import EntryMeta, OwnEvent
from stammgast.events.own import own_entry
from stammgast.events.wire import encode_meta
from stammgast.identity.deciding import Wish, decide_order
from stammgast.kernel.features import Feature
from stammgast.kernel.log import LogEntry
from stammgast.kernel.sql import rows_of
from stammgast.pipeline.recounting import plan, stage, window, writing
from stammgast.profiles.folding import Folding, decode_state
from stammgast.profiles.recounts import facts, keeping, reading
from tests.pipeline.contested import RECEIVED, happenings

TILL = {"type": "track", "event": "Order Completed", "anonymousId": "nobody", "subject": "none"}
GROUPS = ("acme", "globex", "null")
SMALL = (
    (plan, "ROWS", 20),
    (plan, "ACCOUNTS_MAX", 1),
    (facts, "PAGE", 3),
    (window, "PAGE", 3),
    (writing, "STEP", 2),
    (stage, "STEP", 2),
    (stage, "ROWS_AT_ONCE", 2),
    (stage, "SLICE_SECONDS", 0.0005),
)
"""Parts, pages and pieces so small that a handful of events needs many."""


def tally(version):
    """Return a fold whose states are of another shape with each version, and which falls over on those of another."""
    key = f"v{version}"

    def fold(state, event):
        if state is None:
            return {key: [1, event.time]}
        state[key][0] += 1
        state[key][1] = max(state[key][1], event.time)
        return state

    def combine(a, b):
        return {key: [a[key][0] + b[key][0], max(a[key][1], b[key][1])]}

    return Feature("tally", version, fold, combine, lambda state: state[key])


def raise_versions(runtime, number, names, setting=setattr):
    """Let the runtime's code be a later one: `tally` of this version, and the named features raised by it."""
    manifests = []
    for one in runtime.manifests:
        features = [each for each in one.features if each.name != "tally"]
        manifests.append(
            replace(one, features=tuple(later(each, number) if each.name in names else each for each in features))
        )
    manifests[-1] = replace(manifests[-1], features=(*manifests[-1].features, tally(number)))
    runtime.manifests = tuple(manifests)
    runtime.services.pop(Folding, None)
    if "accounts" in names:
        folds = keeping.ACCOUNT_FOLDING.features
        setting(keeping, "ACCOUNT_FOLDING", Folding(later(each, number) for each in folds))
    reading._versions.cache_clear()


def later(feature, number):
    return replace(feature, version=100 + number)


def decorated(random, number):
    """Return a contested history with accounts, robots, headers, nobody's events and own events in it, as log entries.

    It is about the same people whatever its number, so that those who are counted anew go on to act.
    """
    prefix, names = "q-", f"{number}-"
    entries = [decorated_entry(random, one, names) for one in happenings(random, prefix)]
    for place in range(random.randint(0, 4)):
        nobody = {**TILL, "messageId": f"{names}n{place}", "context": {"groupId": f"{prefix}acme"}}
        entries.append(entry([{**nobody, "properties": {"total": place, "currency": "EUR"}}], EntryMeta(), "own"))
    for place in range(random.randint(0, 3)):
        group = {"type": "group", "userId": f"{prefix}x", "groupId": f"{prefix}acme", "messageId": f"{names}g{place}"}
        entries.append(entry([{**group, "traits": {"name": "Acme", "left": random.random() < 0.5}}], EntryMeta()))
    entries += [
        own_entry([OwnEvent(origin="outgoing", profile=1, name="Message Sent", message_id=f"{names}o{place}")])
        for place in range(random.randint(0, 2))
    ]
    random.shuffle(entries)
    return entries


def decorated_entry(random, happening, names):
    if isinstance(happening, Wish):
        return orders.order_entry(decide_order([happening], "Alice"))
    one = {**happening, "messageId": names + happening["messageId"], "context": dict(happening.get("context", {}))}
    if random.random() < 0.3:
        one["context"]["groupId"] = f"q-{random.choice(GROUPS)}"
    if random.random() < 0.1:
        one["context"]["userAgent"] = "Googlebot/2.1 (+http://www.google.com/bot.html)"
    return entry([one], EntryMeta(opts_out_of_sale=random.random() < 0.2))


def entry(events, meta, kind="batch"):
    return LogEntry(RECEIVED, 1, len(events), kind, encode_meta(meta), msgspec.json.encode({"batch": events}))


def all_states(runtime):
    """Return everything folded: by set of identifiers, by account, by membership."""
    with runtime.customers.read() as connection:
        sets = dict(rows_of(connection, "SELECT anchor, identifiers FROM anchors"))
        states = {sets[anchor]: plain(state) for anchor, state in rows_of(connection, "SELECT * FROM anchor_states")}
        accounts = dict(rows_of(connection, "SELECT account, group_id FROM accounts"))
        of_accounts = {
            accounts[account]: plain(state)
            for account, state in rows_of(connection, "SELECT account, state FROM accounts")
        }
        members = {
            (accounts[account], sets[anchor]): (*columns, plain(state))
            for account, anchor, *columns, state in rows_of(connection, "SELECT * FROM account_members")
        }
    return states, of_accounts, members


def listed(runtime):
    """Return the lists, without numbers that may differ between two installations."""
    with runtime.customers.read() as connection:
        customers = rows_of(
            connection, "SELECT sort_name, email, first_seen, last_seen, events, orders, revenue FROM customers"
        )
        accounts = rows_of(connection, "SELECT group_id, name, members, former, events, orders FROM account_listings")
    return sorted(customers), sorted(accounts)


def plain(encoded):
    state = decode_state(bytes(encoded))
    if "tally" in state:
        ((_, state["tally"]),) = state["tally"].items()
    return state
