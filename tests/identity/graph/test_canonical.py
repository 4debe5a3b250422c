"""Canonical resolution: what a limit, the cap, a decision and the order of evidence do to who is who."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from stammgast.identity.graph.canonical import resolve_canonically
from stammgast.identity.graph.evidence import Decision, Evidence, held_identifiers
from stammgast.identity.graph.rules import GraphRules, NamespaceRule, Ranking

DAY = 86_400_000
RANKING = Ranking(GraphRules())
ANNA, BOB = ("user_id", "anna"), ("user_id", "bob")
TABLET, PHONE = ("anonymous_id", "tablet"), ("anonymous_id", "phone")
NUMBER = ("phone", "+4930123456")


def seen(time, *identifiers):
    return Evidence(time, f"m{time}", tuple(sorted(identifiers)))


def profiles(evidence, decisions=(), ranking=RANKING):
    held = held_identifiers(evidence, ranking, decisions)
    return resolve_canonically(evidence, ranking, decisions, held)


def together(found, *identifiers):
    return len({found.owner[one] for one in identifiers}) == 1


def test_two_devices_are_joined_at_login():
    assert together(profiles([seen(1, TABLET, ANNA), seen(2, PHONE, ANNA)]), TABLET, PHONE, ANNA)


def test_a_shared_tablet_stays_with_whom_it_met_first_in_event_time_and_the_refusal_says_why():
    found = profiles([seen(2, TABLET, BOB), seen(1, TABLET, ANNA)])
    assert together(found, TABLET, ANNA)
    assert not together(found, TABLET, BOB)
    (refusal,) = found.refusals
    assert (refusal.evidence.time, refusal.kept, refusal.left_out, refusal.reason, refusal.namespace) == (
        2,
        BOB,
        TABLET,
        "limit",
        "user_id",
    )


def test_a_number_that_a_call_centre_types_for_two_customers_joins_only_the_first():
    found = profiles([seen(1, NUMBER, ANNA), seen(2, NUMBER, BOB)])
    assert together(found, NUMBER, ANNA)
    assert not together(found, ANNA, BOB)


def test_a_mail_typed_for_many_people_on_one_day_is_held_and_belongs_to_none_of_them():
    mail = ("email", "kasse@laden.de")
    evidence = [seen(number, mail, ("user_id", str(number))) for number in range(1, 12)]
    assert held_identifiers(evidence, RANKING) == {mail}
    assert len(profiles(evidence).partition()) == 12


def test_the_same_number_of_people_on_two_days_holds_nobody():
    mail = ("email", "kasse@laden.de")
    evidence = [seen(number * DAY // 6, mail, ("user_id", str(number))) for number in range(1, 12)]
    assert held_identifiers(evidence, RANKING) == set()


def test_a_person_releases_what_was_held_and_may_hold_it_again():
    mail = ("email", "kasse@laden.de")
    evidence = [seen(number, mail, ("user_id", str(number))) for number in range(1, 12)]
    release = Decision(1, 100, "release", mail, mail)
    assert held_identifiers(evidence, RANKING, [release]) == set()
    assert held_identifiers(evidence, RANKING, [release, Decision(2, 200, "hold", mail, mail)]) == {mail}


def test_an_alias_joins_two_who_are_both_identified_since_it_is_on_purpose():
    alias = seen(3, ANNA, BOB, ("anonymous_id", "bob"))
    assert together(profiles([seen(1, ANNA, PHONE), seen(2, BOB, TABLET), alias]), ANNA, BOB, PHONE, TABLET)


def test_whom_an_alias_joined_meets_a_third_and_stays_apart():
    evidence = [seen(1, ANNA, BOB, ("anonymous_id", "bob")), seen(2, ("user_id", "carla"), ("anonymous_id", "bob"))]
    found = profiles(evidence)
    assert together(found, ANNA, BOB)
    assert not together(found, ANNA, ("user_id", "carla"))


def test_what_is_larger_than_its_limit_by_a_decision_still_takes_in_what_the_limit_ignores():
    found = profiles([seen(1, ANNA), seen(2, BOB, PHONE)], [Decision(1, 1, "merge", ANNA, BOB)])
    assert together(found, ANNA, BOB, PHONE)


def test_a_merge_by_a_person_counts_for_all_time_until_the_same_pair_is_unmerged():
    evidence = [seen(1, ANNA), seen(2, BOB)]
    merge, unmerge = Decision(1, 10, "merge", ANNA, BOB), Decision(2, 20, "unmerge", BOB, ANNA)
    assert together(profiles(evidence, [merge]), ANNA, BOB)
    assert not together(profiles(evidence, [unmerge, merge]), ANNA, BOB)


def test_a_pair_never_to_be_merged_is_kept_apart_on_every_way():
    mail = ("email", "a@b.de")
    never = Decision(1, 10, "never", PHONE, TABLET)
    found = profiles([seen(1, PHONE, mail), seen(2, TABLET, mail), seen(3, PHONE, TABLET)], [never])
    assert not together(found, PHONE, TABLET)
    assert {one.reason for one in found.refusals} == {"separated"}


def test_a_profile_stops_growing_at_the_cap():
    ranking = Ranking(GraphRules(profile_cap=3))
    found = profiles([seen(n, ANNA, ("anonymous_id", str(n))) for n in range(5)], ranking=ranking)
    assert sorted(map(len, found.partition())) == [1, 1, 1, 3]
    assert {one.reason for one in found.refusals} == {"cap"}


def test_a_limit_per_month_counts_what_was_first_seen_in_the_same_month():
    ranking = Ranking(GraphRules(namespaces=(NamespaceRule(namespace="email", priority=2, limit=1, period="month"),)))
    first, second, third = (("email", f"{one}@b.de") for one in "abc")
    found = profiles(
        [seen(1, first, PHONE), seen(2 * DAY, second, PHONE), seen(40 * DAY, third, PHONE)], ranking=ranking
    )
    assert together(found, first, third, PHONE)
    assert not together(found, first, second)


def test_the_profile_that_survives_is_the_oldest_then_by_message_then_by_identifier():
    found = profiles([seen(5, ANNA, PHONE), seen(3, PHONE)])
    assert found.owner[ANNA] == PHONE
    found = profiles([Evidence(3, "b", (PHONE,)), Evidence(3, "a", (TABLET,)), Evidence(9, "c", (PHONE, TABLET))])
    assert found.owner[PHONE] == TABLET


@given(st.randoms(use_true_random=False))
def test_order_and_repetition_of_evidence_do_not_matter(random):
    evidence = [
        seen(random.randrange(9) * DAY, ("user_id", random.choice("ab")), ("anonymous_id", random.choice("xyz")))
        for _ in range(8)
    ]
    again = [*evidence, *random.choices(evidence, k=3)]
    random.shuffle(again)
    assert profiles(again) == profiles(evidence)


def test_ten_thousand_contested_sets_are_one_partition_whatever_their_order():
    random = Random(1)
    names = ("user_id", "email", "anonymous_id")
    evidence = [seen(number, *((name, str(random.randrange(3_000))) for name in names)) for number in range(10_000)]
    found = resolve_canonically(evidence, RANKING)
    assert len(found.refusals) > 5_000
    random.shuffle(evidence)
    assert resolve_canonically(evidence, RANKING).owner == found.owner
