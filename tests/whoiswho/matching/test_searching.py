"""A search over a real installation: what it suggests, what people's decisions do, what the next search learns."""

import pytest

from stammgast.whoiswho.matching import reviewing, store
from stammgast.whoiswho.matching.contracts import AlreadyDecided, TooEarlyToUndo
from stammgast.whoiswho.matching.searching import order_search, search
from stammgast.whoiswho.matching.store import Filter
from stammgast.workspace.contracts import Actor

pytest.importorskip("splink", reason="the extra matching is not installed")

ALICE = Actor("user", 1, "Alice")


def person(number, **traits):
    return {"type": "identify", "userId": f"u{number}", "messageId": f"m{number}", "traits": traits}


MAURER = {"firstName": "Anna", "lastName": "Maurer", "birthday": "1956-04-09"}
TWINS = (
    person(
        1,
        **MAURER,
        email="anna.maurer@example.com",
        address={"street": "Hauptstr. 3", "postalCode": "50667", "city": "Köln"},
    ),
    person(2, **MAURER, email="amaurer@firma.example", address={"street": "Hauptstraße 3", "postalCode": "50667"}),
)
STRANGERS = tuple(
    person(
        10 + number,
        firstName=first,
        lastName=last,
        birthday=f"19{50 + number}-0{1 + number % 9}-1{number % 10}",
        email=f"{first}.{last}@example.org".lower(),
        address={"street": f"Ringweg {number}", "postalCode": str(20095 + 731 * number), "city": city},
    )
    for number, (first, last, city) in enumerate(
        [
            ("Berta", "Lind", "Hamburg"), ("Carl", "Voss", "Bremen"), ("Dora", "Kunz", "Mainz"), ("Emil", "Roth", "Ulm"),
            ("Frieda", "Zander", "Trier"), ("Gustav", "Pohl", "Essen"), ("Hanna", "Ernst", "Bonn"), ("Ivo", "Reiter", "Jena"),
        ]
    )
)  # fmt: skip


@pytest.fixture
def bench(workbench):
    workbench.take(*TWINS, *STRANGERS)
    return workbench


def look(bench):
    return search(bench.runtime, order_search(bench.runtime, ALICE))


def opened(bench, **wanted):
    return reviewing.list_suggestions(bench.runtime, Filter(**wanted), limit=100)


def numbers(bench, *users):
    return tuple(sorted(bench.profile(f"user_id:u{user}").profile for user in users))


def test_two_profiles_of_one_person_are_suggested_and_strangers_are_not(bench):
    done = look(bench)
    assert (done.state, done.counts.profiles, done.counts.suggestions) == ("done", 10, 1)
    (found,) = opened(bench)
    assert (found.one, found.other) == numbers(bench, 1, 2)
    assert {part.field: part.level for part in found.parts} == {
        "first_name": "same",
        "last_name": "same",
        "birth_date": "same",
        "email": "different",
        "street": "same",
        "place": "same_postcode",
    }
    assert found.bits == pytest.approx(found.prior + sum(part.bits for part in found.parts), abs=0.01)


def test_the_same_records_give_the_same_suggestions(bench):
    look(bench)
    first = [(one.one, one.other, one.bits, one.parts) for one in opened(bench)]
    look(bench)
    assert [(one.one, one.other, one.bits, one.parts) for one in opened(bench)] == first


def test_accepting_merges_the_two_and_undoing_parts_them_again(bench):
    look(bench)
    (found,) = opened(bench)
    reviewing.accept(bench.runtime, ALICE, found.id)
    assert opened(bench) == []
    with pytest.raises(TooEarlyToUndo):
        reviewing.reopen(bench.runtime, ALICE, found.id)
    bench.work()
    assert len(set(numbers(bench, 1, 2))) == 1
    with pytest.raises(AlreadyDecided):
        reviewing.accept(bench.runtime, ALICE, found.id)
    reviewing.reopen(bench.runtime, ALICE, found.id)
    bench.work()
    assert len(set(numbers(bench, 1, 2))) == 2
    assert [one.id for one in opened(bench)] == [found.id]


def test_what_was_refused_is_not_suggested_again_but_events_may_still_join_it(bench):
    look(bench)
    (found,) = opened(bench)
    reviewing.refuse(bench.runtime, ALICE, found.id)
    assert look(bench).counts.suggestions == 0
    both = {"type": "identify", "userId": "u1", "messageId": "m99", "traits": {"email": "amaurer@firma.example"}}
    bench.take({"type": "alias", "userId": "u1", "previousId": "u2", "messageId": "m98"}, both)
    assert len(set(numbers(bench, 1, 2))) == 1


def test_what_is_never_to_be_merged_stays_apart_whatever_events_say(bench):
    look(bench)
    (found,) = opened(bench)
    reviewing.forbid(bench.runtime, ALICE, found.id)
    bench.work()
    bench.take({"type": "alias", "userId": "u1", "previousId": "u2", "messageId": "m98"})
    assert len(set(numbers(bench, 1, 2))) == 2
    assert look(bench).counts.suggestions == 0


def test_a_pair_forbidden_on_the_customers_page_is_not_suggested(bench):
    from stammgast.events.api import order_entry
    from stammgast.identity.deciding import Wish, decide_order

    wish = Wish("never", ("user_id", "u1"), ("user_id", "u2"))
    bench.log.append_sync(order_entry(decide_order([wish], "Alice")))
    bench.work()
    assert look(bench).counts.suggestions == 0


def test_a_pair_that_merged_meanwhile_leaves_the_queue(bench):
    look(bench)
    bench.take({"type": "alias", "userId": "u1", "previousId": "u2", "messageId": "m98"})
    reviewing.follow_merges(bench.runtime)
    assert opened(bench) == []
    assert reviewing.count_by_state(bench.runtime) == {"gone": 1}


def test_accepting_all_above_a_weight_says_before_what_it_does_and_is_undone_at_once(bench):
    third = person(
        3, **MAURER, email="anna.maurer@example.net", address={"street": "Hauptstr. 3", "postalCode": "50667"}
    )
    bench.take(third)
    look(bench)
    least = min(one.bits for one in opened(bench))
    foreseen = reviewing.preview_above(bench.runtime, least)
    assert (foreseen.suggestions, foreseen.customers_before, foreseen.customers_after, foreseen.largest) == (3, 3, 1, 3)
    done = reviewing.accept_above(bench.runtime, ALICE, least)
    bench.work()
    assert done.suggestions == 3
    assert len(set(numbers(bench, 1, 2, 3))) == 1
    assert reviewing.undo_batch(bench.runtime, ALICE, done.batch) == 3
    bench.work()
    assert len(set(numbers(bench, 1, 2, 3))) == 3


def test_decisions_move_the_next_search(bench):
    look(bench)
    (found,) = opened(bench)
    refused = [
        store.NewSuggestion(1_000 + 2 * number, 1_001 + 2 * number, found.bits, found.bits, 0.9, found.parts)
        for number in range(30)
    ]
    with bench.runtime.control.write() as connection:
        store.replace_open(connection, found.run, 1, found.prior, refused)
    for one in opened(bench):
        with bench.runtime.control.write() as connection:
            store.decide(connection, [one.id], "refused", only_in=("open",), now=1, by="Alice")
    done = look(bench)
    assert done.counts.decisions == 30
    again = opened(bench)
    assert not again or again[0].bits < found.bits - 1


def test_a_search_that_was_stopped_says_so_and_leaves_what_was_suggested(bench):
    look(bench)
    number = order_search(bench.runtime, ALICE)
    with bench.runtime.control.write() as connection:
        store.change_run(connection, number, wants_stop=True)
    assert search(bench.runtime, number).state == "stopped"
    assert len(opened(bench)) == 1
