"""Order must not matter, through the real log, SQLite and chDB: any order and repetition gives the same profiles."""

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stammgast.events.contracts import Event, RawEvent, Rules
from stammgast.events.reading import read_raw
from stammgast.kernel.errors import NotFound
from stammgast.profiles import api
from stammgast.profiles.contracts import NoSuchProfile
from stammgast.profiles.figures import FEATURES
from stammgast.profiles.folding import Folding

NAMES = ["Order Completed", "Order Refunded", "Product Viewed", "Survey Answered", "Case Opened"]
RECEIVED = 1_790_000_000_000
MINUTE = 60_000


def some_events(seed, prefix, most=24):
    """Events of a handful of people who share devices; `prefix` keeps them apart from all others in the same stores."""
    random = Random(seed)
    return [one_event(random, prefix, f"{prefix}m{number:02d}") for number in range(random.randint(2, most))]


def one_event(random, prefix, message_id):
    choice = random.choice
    event = {
        "type": choice(["track", "track", "track", "page", "identify"]),
        "messageId": message_id,
        "anonymousId": f"{prefix}{choice('abcd')}",
        "originalTimestamp": iso(RECEIVED - random.randrange(6 * 24 * 60) * MINUTE),
        "context": {"channel": choice(["web", "shop"])},
    }
    if random.random() < 0.4:
        event["userId"] = f"{prefix}{choice('xyz')}"
    if random.random() < 0.3:
        event["context"]["consent"] = {"categoryPreferences": {"analytics": random.random() < 0.5}}
    if event["type"] == "identify":
        event["traits"] = {"city": choice(["Bonn", "Ulm", "Graz"]), "email": f"{prefix}{choice('uv')}@example.com"}
    else:
        event["properties"] = {"total": random.randrange(9999) / 100, "currency": choice(["EUR", "GBP"]), "score": 7}
        event["properties"]["product_id"] = choice("pqr")
    if event["type"] == "track":
        event["event"] = choice(NAMES)
    return event


def iso(millis):
    from stammgast.web.http import iso_time

    return iso_time(millis)


def picture(workbench, prefix):
    """All that may be seen of the people of a prefix, without numbers and without the prefix itself."""
    people = {}
    for namespace, value in [
        *(("anonymous_id", f"{prefix}{one}") for one in "abcd"),
        *(("user_id", f"{prefix}{one}") for one in "xyz"),
        *(("email", f"{prefix}{one}@example.com") for one in "uv"),
    ]:
        try:
            profile = workbench.profile(f"{namespace}:{value}")
        except NoSuchProfile:
            continue
        people[profile.profile] = profile
    shown = []
    for profile in people.values():
        page = api.timeline(workbench.runtime, profile.anchors, limit=1000)
        fields = (profile.identifiers, profile.traits, profile.features, profile.consent, profile.first_seen)
        events = [(one.message_id, one.time, one.name, one.amount) for one in page.events]
        shown.append(repr((fields, profile.last_seen, profile.email, sorted(events))).replace(prefix, "*"))
    return sorted(shown)


def recomputed(workbench, profile):
    """Figures made anew from what history holds of a profile."""
    folding, state = Folding(FEATURES), {}
    rows = workbench.rows(
        "raw, source, toUnixTimestamp64Milli(received_at), channel", f"profile_of(anchor) = {profile}"
    )
    for raw, source, received_at, channel in rows:
        event = read_raw(RawEvent(0, 0, source, received_at, raw.encode(), kind="batch"), Rules())
        assert isinstance(event, Event)
        event.channel = channel
        folding.fold(state, event)
    return folding.present(state)


def take_in_pieces(workbench, events, random):
    """Send in batches of random size, taken in one by one or together, the worker now and then started anew."""
    place = 0
    while place < len(events):
        size = random.randint(1, 6)
        workbench.send(*events[place : place + size], received_at=RECEIVED)
        place += size
        if random.random() < 0.5:
            workbench.worker.turn()
        if random.random() < 0.1:
            workbench.restart()
    workbench.work()


@given(st.integers(0, 2**32))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_repetition_and_division_gives_the_same_profiles(workbench, counter, seed):
    random = Random(seed)
    first, second = f"p{next(counter):06d}-", f"p{next(counter):06d}-"
    take_in_pieces(workbench, some_events(seed, first), random)
    events = some_events(seed, second)
    again = [*events, *random.choices(events, k=len(events) // 2)]
    random.shuffle(again)
    take_in_pieces(workbench, again, random)
    assert picture(workbench, second) == picture(workbench, first)


def test_figures_equal_those_recomputed_from_history(workbench):
    for seed in range(4):
        take_in_pieces(workbench, some_events(seed, f"r{seed}-"), Random(seed))
        numbers = {
            workbench.profile(f"anonymous_id:r{seed}-{one}").profile for one in "abcd" if is_known(workbench, seed, one)
        }
        assert numbers
        for number in numbers:
            profile = workbench.profile(f"profile:{number}")
            traits = {one.name: one.current.value for one in profile.traits}
            consent = {one.category: one.is_agreed for one in profile.consent}
            told = {**profile.features, "traits": traits, **({"consent": consent} if consent else {})}
            assert {"traits": {}, **recomputed(workbench, number)} == told


def is_known(workbench, seed, one):
    try:
        workbench.profile(f"anonymous_id:r{seed}-{one}")
    except (NoSuchProfile, NotFound):
        return False
    return True
