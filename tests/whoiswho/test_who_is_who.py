"""Scenarios of who is who, through the real log, worker and stores. Sources: public documents of well-known systems.

Segment Unify "Identity Resolution Settings" and "Space Setup" (limits, priorities, blocked values), RudderStack "Identity
resolution", PostHog "Identifying users" (shared devices, alias of identified users), Mixpanel "Identity Management".
"""

import pytest
from litestar.testing import TestClient

from stammgast.identity.store import contests
from stammgast.kernel.sql import rows_of
from stammgast.profiles.contracts import NoSuchProfile
from stammgast.web.app import make_app
from stammgast.whoiswho import curating
from stammgast.workspace import api as workspace
from stammgast.workspace.contracts import Actor

RECEIVED = 1_790_000_000_000
HOUR = 3_600_000
BY = Actor("command", 0, "Alice")


def at(hours, **event):
    """Return an event so many hours before it is received."""
    from stammgast.web.http import iso_time

    return {"type": "track", "event": "Seen", "originalTimestamp": iso_time(RECEIVED - int(hours * HOUR)), **event}


def order(hours, total, **event):
    return at(hours, **{"event": "Order Completed", "properties": {"total": total, "currency": "EUR"}, **event})


class People:
    """A workbench that takes events and answers who is who."""

    def __init__(self, workbench):
        self.workbench = workbench
        self._seen = 0

    def saw(self, *events):
        """Take events in; those without a message id get one, so that they keep it in any order."""
        numbers = range(self._seen, self._seen + len(events))
        self._seen = numbers.stop
        named = [{"messageId": f"n{number:04d}", **event} for number, event in zip(numbers, events, strict=True)]
        self.workbench.take(*named, received_at=RECEIVED)

    def number(self, reference):
        return self.workbench.profile(reference).profile

    def are_one(self, *references):
        return len({self.number(one) for one in references}) == 1

    def orders(self, reference):
        shown = self.workbench.profile(reference).features.get("orders")
        return shown["count"] if shown else 0

    def in_history(self, reference):
        rows = self.workbench.rows("message_id", f"profile_of(anchor) = {self.number(reference)}")
        return {message_id for (message_id,) in rows}

    def log(self):
        with self.workbench.runtime.customers.read() as connection:
            return rows_of(connection, "SELECT kind, rule, message_id, version FROM merges ORDER BY merge")

    def refusals(self):
        with self.workbench.runtime.customers.read() as connection:
            return rows_of(connection, "SELECT kept_value, left_value, reason, namespace FROM refusals ORDER BY time")


@pytest.fixture
def people(workbench):
    return People(workbench)


def test_two_devices_are_joined_at_login(people):
    # Mixpanel, Identifying Users: several devices of one person.
    people.saw(order(9, 10, anonymousId="phone"), order(8, 10, anonymousId="laptop"))
    people.saw(
        at(7, anonymousId="phone", userId="anna"), at(6, anonymousId="laptop", userId="anna", messageId="login2")
    )
    assert people.are_one("anonymous_id:phone", "anonymous_id:laptop", "user_id:anna")
    assert people.orders("user_id:anna") == 2
    assert people.log() == [("merge", "seen_together", "login2", 1)]


def test_anonymous_browsing_before_sign_up_is_credited_to_the_person(people):
    # Segment, Best Practices for Identifying Users; Amplitude, Track unique users.
    people.saw(at(9, anonymousId="phone", messageId="browsed"))
    people.saw(at(1, type="identify", anonymousId="phone", userId="anna", messageId="signed-up"))
    assert people.in_history("user_id:anna") == {"browsed", "signed-up"}


def test_a_second_login_on_a_shared_tablet_switches_profile_and_never_merges_two_people(people):
    # Adobe Experience Platform, Identity Graph Linking Rules: shared device.
    people.saw(at(9, anonymousId="tablet", userId="anna"), order(8, 10, anonymousId="tablet", userId="bob"))
    assert not people.are_one("user_id:anna", "user_id:bob")
    assert people.are_one("user_id:anna", "anonymous_id:tablet")
    assert (people.orders("user_id:anna"), people.orders("user_id:bob")) == (0, 1)
    assert people.refusals() == [("bob", "tablet", "limit", "user_id")]


def test_login_logout_and_login_as_another_leaves_what_was_anonymous_with_the_devices_owner(people):
    # Amplitude, Track unique users: several people on one device.
    people.saw(at(9, anonymousId="tablet", userId="anna"), at(8, anonymousId="tablet", messageId="between"))
    people.saw(
        at(7, anonymousId="tablet", userId="bob", messageId="bobs"), at(6, anonymousId="tablet", messageId="after")
    )
    assert people.in_history("user_id:bob") == {"bobs"}
    assert people.in_history("user_id:anna") >= {"between", "after"}


def test_a_number_that_a_call_centre_types_for_two_customers_stays_with_the_first(people):
    # Adobe Experience Platform, Identity Graph Linking Rules: invalid email and phone.
    number = {"context": {"traits": {"phone": "030 1234567"}}}
    people.saw(at(9, userId="anna", **number), at(8, userId="bob", **number))
    assert not people.are_one("user_id:anna", "user_id:bob")
    assert people.are_one("user_id:anna", "phone:+49301234567")


def test_a_mail_typed_for_very_many_people_is_held_and_belongs_to_none_of_them(people):
    # Adobe Experience Platform, Identity Graph Linking Rules: graph collapse by a value that many were given.
    mail = {"type": "identify", "traits": {"email": "kasse@laden.de"}}
    for start in range(0, 500, 50):
        people.saw(*(at(9, userId=f"u{number}", messageId=f"m{number}", **mail) for number in range(start, start + 50)))
    with people.workbench.runtime.customers.read() as connection:
        assert [(one.namespace, one.value) for one in contests.load_held(connection)] == [("email", "kasse@laden.de")]
    assert len({people.number(f"user_id:u{number}") for number in (0, 3, 250, 499)}) == 4
    assert people.refusals() == []
    with pytest.raises(NoSuchProfile):
        people.number("email:kasse@laden.de")


def test_a_placeholder_mail_joins_nobody(people):
    # Segment Unify, Identity Resolution Settings: blocked values; PostHog, Identifying users: ids that are refused.
    for value in ("test@test.com", "'null'", "n/a"):
        people.saw(
            *(
                at(9, userId=f"{value}{n}", messageId=f"{value}{n}", traits={"email": value}, type="identify")
                for n in range(3)
            )
        )
    assert people.log() == []


def test_a_placeholder_mail_given_for_five_thousand_people_leaves_five_thousand(people):
    # Adobe Experience Platform, Identity Graph Linking Rules: erroneous or bad identity values.
    mail = {"type": "identify", "traits": {"email": "test@test.com"}}
    for start in range(0, 5_000, 1_000):
        people.saw(*(at(9, userId=f"u{n}", messageId=f"m{n}", **mail) for n in range(start, start + 1_000)))
    with people.workbench.runtime.customers.read() as connection:
        assert rows_of(connection, "SELECT count(*) FROM customers") == [(5_000,)]
    assert (people.log(), people.refusals()) == ([], [])


def test_an_alias_joins_two_who_are_both_identified(people):
    # PostHog, Identifying users: alias of two who are both identified.
    people.saw(order(9, 5, userId="old"), order(8, 5, userId="new"))
    people.saw(at(7, type="alias", userId="new", previousId="old", messageId="alias"))
    assert people.are_one("user_id:old", "user_id:new")
    assert people.orders("user_id:new") == 2
    assert people.log() == [("merge", "alias", "alias", 1)]


def test_beyond_its_limit_the_weaker_identifier_is_left_out_and_the_event_goes_to_the_stronger(people):
    # Segment Unify, Identity Resolution Settings: limits and priorities, an identifier is demoted.
    people.saw(
        *(at(9 - n, userId="anna", messageId=f"m{n}", context={"traits": {"email": f"a{n}@b.de"}}) for n in range(7))
    )
    assert len([one for one in people.workbench.profile("user_id:anna").identifiers if one.namespace == "email"]) == 5
    assert people.in_history("user_id:anna") == {f"m{n}" for n in range(7)}
    assert [one[1] for one in people.refusals()] == ["a5@b.de", "a6@b.de"]


def test_a_late_event_joins_two_old_profiles(people):
    # RudderStack, Identity Resolution: a bridge between two clusters that comes late.
    people.saw(order(5, 1, anonymousId="phone"), order(4, 1, userId="anna"))
    assert not people.are_one("anonymous_id:phone", "user_id:anna")
    people.saw(at(100, anonymousId="phone", userId="anna", messageId="late"))
    assert people.are_one("anonymous_id:phone", "user_id:anna")
    assert people.orders("user_id:anna") == 2


def test_a_late_event_undoes_a_merge_and_the_log_says_so(people):
    # Adobe Experience Platform, Identity Optimization Algorithm: earlier links are removed.
    people.saw(order(50, 1, anonymousId="tablet", messageId="first"))
    people.saw(
        order(9, 1, userId="anna", messageId="hers"), at(8, anonymousId="tablet", userId="anna", messageId="login")
    )
    assert people.orders("user_id:anna") == 2
    before = people.number("anonymous_id:tablet")
    people.saw(at(40, anonymousId="tablet", userId="bob", messageId="late"))
    assert people.are_one("anonymous_id:tablet", "user_id:bob")
    assert not people.are_one("user_id:anna", "user_id:bob")
    assert (people.orders("user_id:anna"), people.orders("user_id:bob")) == (1, 1)
    assert people.in_history("user_id:anna") == {"hers", "login"}
    assert ("split", "limit:user_id", "login", 1) in people.log()
    assert people.number(f"profile:{before}") in {people.number("user_id:anna"), people.number("user_id:bob")}


def test_after_an_unmerge_events_and_figures_return_and_further_events_go_where_they_belong(people):
    # PostHog, Identifying users: splitting merged users.
    people.saw(order(9, 1, userId="anna"), order(8, 1, anonymousId="phone", messageId="bought"))
    people.saw(at(7, userId="anna", anonymousId="phone", messageId="login"))
    number = people.number("user_id:anna")
    curating.split_profile(people.workbench.runtime, BY, f"profile:{number}", [("anonymous_id", "phone")])
    people.workbench.work()
    assert not people.are_one("user_id:anna", "anonymous_id:phone")
    assert (people.orders("user_id:anna"), people.orders("anonymous_id:phone")) == (1, 1)
    people.saw(order(6, 1, anonymousId="phone", messageId="again"), at(5, userId="anna", anonymousId="phone"))
    assert people.in_history("anonymous_id:phone") == {"bought", "again"}
    assert people.orders("user_id:anna") == 1
    assert people.log()[-1][:2] == ("split", "separated")


def test_two_people_merged_by_hand_are_split_again_and_merged_again(people):
    people.saw(order(9, 1, userId="anna", anonymousId="phone"), order(8, 1, userId="bob", anonymousId="tablet"))
    runtime = people.workbench.runtime
    curating.merge_profiles(runtime, BY, "user_id:anna", "user_id:bob")
    people.workbench.work()
    assert people.orders("user_id:anna") == 2
    bobs = [("user_id", "bob"), ("anonymous_id", "tablet")]
    curating.split_profile(runtime, BY, "user_id:anna", bobs, is_forever=True)
    people.workbench.work()
    assert people.are_one("user_id:bob", "anonymous_id:tablet")
    assert (people.orders("user_id:anna"), people.orders("user_id:bob")) == (1, 1)
    curating.merge_profiles(runtime, BY, "user_id:bob", "user_id:anna")
    people.workbench.work()
    assert people.are_one("user_id:anna", "user_id:bob", "anonymous_id:phone", "anonymous_id:tablet")


def test_two_simultaneous_first_events_from_one_browser_make_one_profile(people):
    # Segment Unify, Identity Resolution: concurrent events of a new visitor.
    one, two = at(9, anonymousId="phone", messageId="1"), at(9, anonymousId="phone", messageId="2")
    people.workbench.send(one, received_at=RECEIVED)
    people.workbench.send(two, received_at=RECEIVED)
    people.workbench.work()
    assert people.in_history("anonymous_id:phone") == {"1", "2"}


def test_a_released_mail_links_again(people):
    mail = {"type": "identify", "traits": {"email": "verein@laden.de"}}
    people.saw(*(at(9 - n / 60, userId=f"u{n}", messageId=f"m{n}", **mail) for n in range(11)))
    curating.release_identifier(people.workbench.runtime, BY, ("email", "verein@laden.de"))
    people.workbench.work()
    assert people.are_one("email:verein@laden.de", "user_id:u0")


def test_numbers_merged_away_stay_valid(people):
    people.saw(at(9, anonymousId="phone"), at(8, userId="anna"))
    old = people.number("user_id:anna")
    people.saw(at(7, anonymousId="phone", userId="anna"))
    assert people.number(f"profile:{old}") == people.number("anonymous_id:phone") != old


def test_a_number_merged_away_follows_its_own_evidence_when_that_moves_on_in_the_same_batch(people):
    people.saw(at(100, userId="zoe"), at(90, userId="u0"), at(50, anonymousId="till"))
    people.saw(*(at(45 - n / 60, anonymousId="till", userId=f"u{n}") for n in range(12)))
    old = people.number("anonymous_id:till")
    assert len({old, people.number("user_id:u0"), people.number("user_id:zoe")}) == 3
    curating.release_identifier(people.workbench.runtime, BY, ("anonymous_id", "till"))
    people.saw(at(95, anonymousId="till", userId="zoe"))
    assert people.number(f"profile:{old}") == people.number("anonymous_id:till") == people.number("user_id:zoe")


def test_a_split_names_identifiers_of_the_profile_and_leaves_some(people):
    people.saw(at(9, anonymousId="phone", userId="anna"))
    runtime = people.workbench.runtime
    with pytest.raises(curating.NotOfThisProfile):
        curating.split_profile(runtime, BY, "user_id:anna", [("user_id", "bob")])
    with pytest.raises(curating.NothingToSplit):
        curating.split_profile(runtime, BY, "user_id:anna", [("user_id", "anna"), ("anonymous_id", "phone")])


def test_an_agent_splits_and_merges_over_http_and_a_viewer_may_not(people):
    people.saw(order(9, 1, userId="anna", anonymousId="phone"), at(8, anonymousId="phone"))
    runtime = people.workbench.runtime
    tokens = {role: workspace.create_token(runtime, BY, role, role)[1] for role in ("agent", "viewer")}
    path, body = "/api/profiles/user_id:anna", {"identifiers": ["anonymous_id:phone"], "never": True}
    with TestClient(make_app(runtime), base_url="http://testserver.local") as client:
        viewer, agent = ({"Authorization": f"Bearer {tokens[role]}"} for role in ("viewer", "agent"))
        assert client.post(f"{path}/unmerge", json=body, headers=viewer).status_code == 403
        refused = client.post(f"{path}/unmerge", json={"identifiers": ["user_id:bob"]}, headers=agent)
        assert (refused.status_code, refused.json()["code"]) == (422, "not_of_this_profile")
        assert client.post(f"{path}/unmerge", json=body, headers=agent).status_code == 202
        people.workbench.work()
        assert not people.are_one("user_id:anna", "anonymous_id:phone")
        merge = {"other": "anonymous_id:phone"}
        assert client.post(f"{path}/merge", json=merge, headers=agent).status_code == 202
        people.workbench.work()
        assert people.are_one("user_id:anna", "anonymous_id:phone")
        assert client.post(f"{path}/merge", json=merge, headers=agent).json()["code"] == "same_person"
