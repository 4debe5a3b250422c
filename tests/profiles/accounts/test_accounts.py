"""Accounts out of group calls: members, roles, leaving, traits, figures, timeline; and what merging and splitting does."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stammgast.profiles.accounts import api
from stammgast.profiles.accounts.contracts import AccountFilter, Money, NoSuchAccount
from stammgast.profiles.accounts.folding import is_account
from stammgast.profiles.contracts import WrongCursor
from stammgast.profiles.policing import change_policy
from stammgast.profiles.trait_policies import TraitPolicy
from stammgast.whoiswho import curating
from stammgast.workspace.contracts import Actor
from tests.pipeline.test_law import take_in_pieces
from tools.workbench import track

BY = Actor("command", 0, "tests")
RECEIVED = 1_790_000_000_000
MINUTE = 60_000


def group(user, account, message_id, *, minute=0, **traits):
    return {
        "type": "group",
        "userId": user,
        "groupId": account,
        "messageId": message_id,
        "originalTimestamp": iso(RECEIVED + minute * MINUTE - 10**8),
        "traits": traits,
    }


def act(user, account, name, message_id, *, minute=0, **properties):
    event = track(user, name, message_id, **properties)
    return {**event, "originalTimestamp": iso(RECEIVED + minute * MINUTE - 10**8), "context": {"groupId": account}}


def iso(millis):
    from stammgast.web.http import iso_time

    return iso_time(millis)


def account(bench, group_id):
    return api.get_account(bench.runtime, f"group_id:{group_id}")


def members(bench, group_id, **how):
    return api.list_members(bench.runtime, account(bench, group_id).account, **how).rows


def belongs_to(bench, reference):
    profile = bench.profile(reference)
    return {one.group_id: one for one in api.accounts_of_profile(bench.runtime, profile.anchors)}


def take(bench, *events):
    bench.take(*events, received_at=RECEIVED)


def test_a_group_call_makes_an_account_with_its_traits_and_its_member(workbench):
    take(workbench, group("anna", "inn", "g1", name="Inn at the Lime", type="Company", role="owner", beds=12))
    inn = account(workbench, "inn")
    assert (inn.name, inn.kind, inn.members, inn.former) == ("Inn at the Lime", "company", 1, 0)
    assert {one.name: one.current.value for one in inn.traits} == {
        "name": "Inn at the Lime",
        "type": "Company",
        "beds": 12,
    }
    (anna,) = members(workbench, "inn")
    assert (anna.profile, anna.role, anna.has_left) == (workbench.profile("user_id:anna").profile, "owner", False)
    assert belongs_to(workbench, "user_id:anna")["inn"].name == "Inn at the Lime"
    assert "name" not in {one.name for one in workbench.profile("user_id:anna").traits}


def test_an_account_counts_what_its_members_did_as_it_and_tells_apart_what_they_did_besides(workbench):
    take(
        workbench,
        group("anna", "inn", "g1", name="Inn"),
        act("anna", "inn", "Order Completed", "o1", minute=1, total=10, currency="EUR"),
        act("bob", "inn", "Order Completed", "o2", minute=200, total=5, currency="GBP"),
        act("bob", "inn", "Order Refunded", "o3", minute=201, total=2, currency="GBP"),
        track("anna", "Order Completed", "o4", total=100, currency="EUR"),
    )
    inn = account(workbench, "inn")
    assert (inn.figures.events, inn.figures.orders, inn.members) == (4, 2, 2)
    assert inn.figures.revenue == (Money("EUR", 10_000_000, 1), Money("GBP", 5_000_000, 1))
    assert inn.figures.refunds == (Money("GBP", -2_000_000, 1),)
    assert api.count_sessions(workbench.runtime, inn.account) == 2
    total = api.members_total(workbench.runtime, inn.account)
    assert (total.members, total.events, total.orders) == (2, 5, 3)
    assert total.revenue == (Money("EUR", 110_000_000, 1), Money("GBP", 3_000_000, 1))


def test_a_profile_can_belong_to_several_accounts(workbench):
    take(workbench, group("anna", "inn", "g1"), group("anna", "home", "g2", type="household", minute=5))
    assert set(belongs_to(workbench, "user_id:anna")) == {"inn", "home"}


def test_who_leaves_is_a_former_member_whenever_the_word_comes_in(workbench):
    take(workbench, group("anna", "inn", "g1", left=True, minute=10), group("anna", "inn", "g2", role="cook", minute=5))
    (anna,) = members(workbench, "inn", status="former")
    assert (anna.role, anna.left_at) == ("cook", RECEIVED + 10 * MINUTE - 10**8)
    assert members(workbench, "inn", status="current") == ()
    assert (account(workbench, "inn").members, account(workbench, "inn").former) == (0, 1)


def test_acting_as_an_account_after_leaving_does_not_bring_one_back_but_a_group_call_does(workbench):
    take(workbench, group("anna", "inn", "g1", left=True), act("anna", "inn", "Login", "a1", minute=9))
    assert belongs_to(workbench, "user_id:anna")["inn"].has_left
    take(workbench, group("anna", "inn", "g2", minute=10))
    assert not belongs_to(workbench, "user_id:anna")["inn"].has_left


def test_acting_as_an_account_makes_a_member_without_a_group_call(workbench):
    take(workbench, act("bob", "inn", "Login", "a1"))
    assert [one.events for one in members(workbench, "inn", status="current")] == [1]
    assert account(workbench, "inn").name == "inn"


def test_a_visitor_nobody_knows_is_a_member_with_a_few_letters_for_a_name(workbench):
    visit = {**act("", "inn", "Login", "a1"), "userId": None, "anonymousId": "browser-9"}
    take(workbench, visit, {**act("", "inn", "Login", "a2"), "userId": None, "anonymousId": "browser-10"})
    names = {one.name for one in members(workbench, "inn")}
    assert len(names) == 2
    assert all(one.startswith("Visitor ") for one in names)
    timeline = api.account_timeline(workbench.runtime, account(workbench, "inn")).events
    assert {one.name for one in timeline} == names


def test_two_profiles_that_become_one_are_one_member_and_two_again_after_a_split(workbench):
    take(
        workbench,
        group("anna", "inn", "g1"),
        {**group("anna2", "inn", "g2", minute=3), "userId": None, "anonymousId": "browser"},
        act("anna", "inn", "Order Completed", "o1", minute=4, total=7, currency="EUR"),
    )
    assert account(workbench, "inn").members == 2
    take(workbench, {"type": "identify", "userId": "anna", "anonymousId": "browser", "messageId": "i1"})
    (anna,) = members(workbench, "inn")
    assert (anna.events, anna.orders) == (3, 1)
    assert listed(workbench, "inn").members == 1
    curating.split_profile(workbench.runtime, BY, "user_id:anna", [("anonymous_id", "browser")])
    workbench.work()
    assert {one.profile for one in members(workbench, "inn")} == {
        workbench.profile(one).profile for one in ("user_id:anna", "anonymous_id:browser")
    }
    assert listed(workbench, "inn").members == 2


def test_a_merge_lets_the_newest_word_say_whether_the_person_left(workbench):
    gone = {**group("x", "inn", "g2", minute=9, left=True), "userId": None, "anonymousId": "browser"}
    take(workbench, group("anna", "inn", "g1", role="owner"), gone)
    assert (account(workbench, "inn").members, account(workbench, "inn").former) == (1, 1)
    take(workbench, {"type": "identify", "userId": "anna", "anonymousId": "browser", "messageId": "i1"})
    assert (account(workbench, "inn").members, account(workbench, "inn").former) == (0, 1)
    assert [one.role for one in members(workbench, "inn")] == ["owner"]


def listed(bench, group_id):
    return next(one for one in api.list_accounts(bench.runtime, group_id, limit=500).rows if one.group_id == group_id)


def test_the_list_is_searched_sorted_filtered_and_paged(workbench):
    events = [
        group("anna", f"a{n}", f"g{n}", minute=n, name=f"Café {n}", type="cafe" if n % 2 else "inn") for n in range(5)
    ]
    take(workbench, *events, act("anna", "a3", "Order Completed", "o1", total=9, currency="EUR"))
    runtime = workbench.runtime
    names = lambda **how: [one.name for one in api.list_accounts(runtime, **how).rows]  # noqa: E731
    assert names(sort="name") == [f"Café {n}" for n in range(5)]
    assert names(query="caf 3") == names(query="A3") == ["Café 3"]
    assert names(sort="revenue", limit=1) == ["Café 3"]
    assert names(wanted=AccountFilter(kind="cafe"), sort="name") == ["Café 1", "Café 3"]
    assert names(wanted=AccountFilter(has_orders=False), sort="name", is_reversed=True) == [
        f"Café {n}" for n in (4, 2, 1, 0)
    ]
    assert api.account_kinds(runtime) == ["inn", "cafe"]
    page = api.list_accounts(runtime, sort="name", limit=3)
    assert page.total == 5
    rest = api.list_accounts(runtime, sort="name", limit=3, after=page.next)
    assert ([one.name for one in rest.rows], rest.next) == (["Café 3", "Café 4"], None)
    with pytest.raises(WrongCursor):
        api.list_accounts(runtime, after="nonsense!")


def test_members_are_paged_seen_last_first(workbench):
    take(workbench, *(act(f"u{n}", "inn", "Login", f"a{n}", minute=n) for n in range(5)))
    number = account(workbench, "inn").account
    first = api.list_members(workbench.runtime, number, limit=3)
    rest = api.list_members(workbench.runtime, number, limit=3, after=first.next)
    assert [one.name for one in (*first.rows, *rest.rows)] == ["u4", "u3", "u2", "u1", "u0"]
    assert rest.next is None


def test_the_timeline_holds_what_names_the_account_and_says_whose_it_was(workbench):
    take(
        workbench,
        group("anna", "inn", "g1"),
        act("bob", "inn", "Login", "a1", minute=1),
        track("bob", "Login", "a2"),
        act("bob", "other", "Login", "a3"),
    )
    inn = account(workbench, "inn")
    first = api.account_timeline(workbench.runtime, inn, limit=1)
    rest = api.account_timeline(workbench.runtime, inn, limit=5, before=first.next)
    assert [(one.event.message_id, one.name) for one in (*first.events, *rest.events)] == [
        ("a1", "bob"),
        ("g1", "anna"),
    ]
    assert rest.next is None
    assert '"a1"' in api.raw_event(workbench.runtime, inn, "a1")
    assert api.raw_event(workbench.runtime, inn, "a2") is None


def test_robots_tell_that_somebody_belongs_but_make_no_figures_and_no_account(workbench):
    robot = {"userAgent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}
    visit = act("spider", "ghost", "Login", "r1")
    take(
        workbench,
        {**group("anna", "inn", "r0", name="Inn"), "context": robot},
        {**visit, "context": {**visit["context"], **robot}},
    )
    assert (account(workbench, "inn").name, account(workbench, "inn").figures.events) == ("Inn", 0)
    assert account(workbench, "inn").members == 1
    with pytest.raises(NoSuchAccount):
        account(workbench, "ghost")


@pytest.mark.parametrize("nobody", ["null", "undefined", " ", "0000", "none"])
def test_what_software_writes_when_it_knows_no_account_makes_none(nobody):
    assert not is_account(nobody)


@pytest.mark.parametrize(
    "reference", ["group_id:nowhere", "account:99", "account:x", "inn", "user_id:anna", "", "group_id:a\0"]
)
def test_an_account_that_is_not_there_is_refused(workbench, reference):
    with pytest.raises(NoSuchAccount):
        api.get_account(workbench.runtime, reference)


def test_a_change_of_policy_holds_at_once_and_writes_the_lists_anew_even_after_a_restart(workbench):
    take(
        workbench,
        group("anna", "inn", "g1", name="Old Inn"),
        group("anna", "inn", "g2", minute=5, name="New Inn"),
        {
            "type": "identify",
            "userId": "anna",
            "messageId": "i1",
            "traits": {"name": "Anna"},
            "timestamp": iso(RECEIVED - 9**9),
        },
        {"type": "identify", "userId": "anna", "messageId": "i2", "traits": {"name": "Anne"}},
    )
    assert (listed(workbench, "inn").name, customer(workbench).name) == ("New Inn", "Anne")
    change_policy(workbench.runtime, BY, "name", TraitPolicy("first"))
    assert (account(workbench, "inn").name, workbench.profile("user_id:anna").name) == ("Old Inn", "Anna")
    workbench.restart()
    workbench.worker.turn()
    workbench.work()
    assert (listed(workbench, "inn").name, customer(workbench).name) == ("Old Inn", "Anna")


def customer(bench):
    from stammgast.profiles.api import list_customers

    return list_customers(bench.runtime, "anna").rows[0]


# The law: any order, repetition and division into batches ends in the same accounts.


def some_events(seed, prefix):
    random = Random(seed)
    return [one_event(random, prefix, f"{prefix}m{number:02d}") for number in range(random.randint(2, 24))]


def one_event(random, prefix, message_id):
    choice = random.choice
    ids = {"anonymousId": f"{prefix}{choice('abc')}"}
    if random.random() < 0.4:
        ids["userId"] = f"{prefix}{choice('xyz')}"
    named = f"{prefix}{choice(['inn', 'home'])}"
    minute = random.randrange(3000)
    if random.random() < 0.5:
        traits = {
            "name": choice(["Inn", "Home", None]),
            "role": choice(["cook", "guest", 3]),
            "left": random.random() < 0.3,
        }
        kept = {name: value for name, value in traits.items() if random.random() < 0.7}
        return {**group("", named, message_id, minute=minute, **kept), **ids}
    event = act("", named, choice(["Order Completed", "Order Refunded", "Login"]), message_id, minute=minute)
    event["properties"] = {"total": random.randrange(9999) / 100, "currency": choice(["EUR", "GBP"])}
    return {**event, **ids}


def picture(bench, prefix):
    """All that may be seen of the accounts of a prefix, without numbers."""
    shown = []
    for name in ("inn", "home"):
        try:
            one = account(bench, f"{prefix}{name}")
        except NoSuchAccount:
            continue
        line = listed(bench, f"{prefix}{name}")
        total = api.members_total(bench.runtime, one.account)
        people = sorted(
            repr((m.events, m.orders, m.revenue, m.role, m.has_left, m.left_at, m.first_seen, m.last_seen, m.sessions))
            for m in members(bench, f"{prefix}{name}")
        )
        told = [
            (e.event.message_id, bool(e.profile)) for e in api.account_timeline(bench.runtime, one, limit=100).events
        ]
        figures = (one.name, one.traits, one.figures, one.members, one.former, line.members, line.former, line.revenue)
        sessions = api.count_sessions(bench.runtime, one.account)
        shown.append(repr((figures, total, people, sorted(told), sessions)).replace(prefix, "*"))
    return shown


@given(st.integers(0, 2**32))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_repetition_and_division_gives_the_same_accounts(workbench, counter, seed):
    random = Random(seed)
    first, second = f"p{next(counter):06d}-", f"p{next(counter):06d}-"
    take_in_pieces(workbench, some_events(seed, first), random)
    events = some_events(seed, second)
    again = [*events, *random.choices(events, k=len(events) // 2)]
    random.shuffle(again)
    take_in_pieces(workbench, again, random)
    assert picture(workbench, second) == picture(workbench, first) != []
