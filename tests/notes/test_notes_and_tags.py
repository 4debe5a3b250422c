"""Notes and tags, through the real log, worker and stores."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from stammgast.events.api import append_order, quarantine_page
from stammgast.kernel.ids import BrandId
from stammgast.notes import api, store, waiting
from stammgast.notes.contracts import NoSuchNote, NotYourNote, Subject, Tagging, TooManyTags, WrongTag
from stammgast.notes.orders import NOTE, TAG
from stammgast.pipeline import commit as committing
from stammgast.profiles import api as profiles
from stammgast.profiles.accounts import api as accounts
from stammgast.profiles.accounts.contracts import AccountFilter
from stammgast.profiles.contracts import CustomerFilter
from stammgast.web.contracts import Person, Role
from stammgast.whoiswho import curating
from stammgast.workspace.contracts import Actor
from tools.workbench import track

ALICE = Person(kind="user", id=1, name="Alice", role=Role.AGENT)
BOB = Person(kind="user", id=2, name="Bob", role=Role.AGENT)
CHIEF = Person(kind="user", id=3, name="Chief", role=Role.ADMINISTRATOR)
BY = Actor("command", 0, "tests")


@pytest.fixture(autouse=True)
def no_patience(monkeypatch):
    """Nobody turns the worker while a page waits for it."""
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", 0)


def about(bench, reference="user_id:anna"):
    return api.about_customer(bench.profile(reference))


def texts(bench, reference="user_id:anna", reader=ALICE):
    return [one.text for one in api.notes_about(bench.runtime, about(bench, reference), reader)]


def labels(bench, reference="user_id:anna"):
    return [one.label for one in api.tags_about(bench.runtime, about(bench, reference))]


def listed(bench, word):
    return [one.name for one in profiles.list_customers(bench.runtime, wanted=CustomerFilter(word=word)).rows]


@pytest.mark.parametrize(
    ("name", "metadata"), [("customers", store.CUSTOMERS_METADATA), ("control", store.CONTROL_METADATA)]
)
def test_migrations_make_the_tables_that_the_code_names(settings, name, metadata):
    from stammgast.kernel.state import open_state

    state = open_state(settings, name)
    own = set(metadata.tables)
    with state.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_name": lambda one, kind, _: kind != "table" or one in own}
        )
        differences = [one for one in compare_metadata(context, metadata) if "comment" not in str(one[0])]
    assert differences == []
    state.close()


def test_a_note_is_seen_at_once_by_its_author_and_by_all_once_the_worker_has_it(workbench):
    workbench.take(track("anna", "Login", "m1"))
    api.write_note(workbench.runtime, ALICE, about(workbench), "Calls on Mondays\r\n  only ")
    (own,) = api.notes_about(workbench.runtime, about(workbench), ALICE)
    assert (own.text, own.is_waiting) == ("Calls on Mondays\n  only", True)
    assert texts(workbench, reader=BOB) == []
    workbench.work()
    (kept,) = api.notes_about(workbench.runtime, about(workbench), BOB)
    assert (kept.text, kept.author.name, kept.is_waiting, kept.edited_at) == (own.text, "Alice", False, None)
    waiting.sweep_waiting(workbench.runtime)
    with workbench.runtime.control.read() as connection:
        assert not store.has_waiting(connection)


def test_a_form_that_is_sent_twice_writes_once(workbench):
    workbench.take(track("anna", "Login", "m1"))
    for _ in range(2):
        api.write_note(workbench.runtime, ALICE, about(workbench), "Once", note="form-1")
    assert texts(workbench) == ["Once"]
    workbench.work()
    assert texts(workbench) == ["Once"]


def test_only_its_author_changes_a_note_and_an_administrator_may_delete_it(workbench):
    workbench.take(track("anna", "Login", "m1"))
    runtime = workbench.runtime
    note = api.write_note(runtime, ALICE, about(workbench), "Likes tea")
    workbench.work()
    for change in (lambda: api.edit_note(runtime, BOB, about(workbench), note, "x"), lambda: api.edit_note(runtime, CHIEF, about(workbench), note, "x"), lambda: api.delete_note(runtime, BOB, about(workbench), note)):  # fmt: skip
        with pytest.raises(NotYourNote):
            change()
    api.edit_note(runtime, ALICE, about(workbench), note, "Likes coffee")
    assert texts(workbench) == ["Likes coffee"]
    workbench.work()
    (edited,) = api.notes_about(runtime, about(workbench), BOB)
    assert (edited.text, edited.edited_by) == ("Likes coffee", "Alice")
    api.delete_note(runtime, CHIEF, about(workbench), note)
    workbench.work()
    (deleted,) = api.notes_about(runtime, about(workbench), BOB)
    assert (deleted.text, deleted.deleted_by, deleted.author.name) == ("", "Chief", "Alice")
    with pytest.raises(NoSuchNote):
        api.edit_note(runtime, ALICE, about(workbench), note, "back")
    with runtime.customers.read() as connection:
        assert connection.exec_driver_sql("SELECT text FROM notes").all() == [("",)]


def test_a_note_of_somebody_else_is_not_reached_through_another_customer(workbench):
    workbench.take(track("anna", "Login", "m1"), track("bob", "Login", "m2"))
    note = api.write_note(workbench.runtime, ALICE, about(workbench), "Anna's")
    workbench.work()
    with pytest.raises(NoSuchNote):
        api.delete_note(workbench.runtime, CHIEF, about(workbench, "user_id:bob"), note)


def test_merging_brings_notes_and_tags_together_and_splitting_gives_each_its_own_back(workbench):
    runtime = workbench.runtime
    workbench.take(track("anna", "Login", "m1"), track("bob", "Login", "m2"))
    for name in ("anna", "bob"):
        api.write_note(runtime, ALICE, about(workbench, f"user_id:{name}"), f"about {name}")
        api.tag(runtime, ALICE, about(workbench, f"user_id:{name}"), name)
    workbench.work()
    curating.merge_profiles(runtime, BY, "user_id:anna", "user_id:bob")
    workbench.work()
    assert set(texts(workbench)) == {"about anna", "about bob"}
    assert labels(workbench) == ["anna", "bob"]
    assert len(listed(workbench, "#bob")) == 1
    api.untag(runtime, ALICE, about(workbench), "bob")
    workbench.work()
    assert (labels(workbench), listed(workbench, "#bob")) == (["anna"], [])
    curating.split_profile(runtime, BY, "user_id:anna", [("user_id", "bob")])
    workbench.work()
    assert texts(workbench, "user_id:anna") == ["about anna"]
    assert texts(workbench, "user_id:bob") == ["about bob"]
    # What was taken from both together was said about Anna's identifier, the stronger one: Bob's own word stands again.
    assert (labels(workbench, "user_id:anna"), labels(workbench, "user_id:bob")) == (["anna"], ["bob"])
    assert listed(workbench, "#bob") == ["bob"]


def test_a_browser_that_is_split_off_takes_nothing_along_that_was_said_about_the_person(workbench):
    workbench.take({"type": "page", "anonymousId": "web-1", "messageId": "m0"})
    workbench.take({**track("anna", "Login", "m1"), "anonymousId": "web-1"}, track("anna", "Login", "m2"))
    anna = workbench.profile("user_id:anna")
    assert anna.profile == workbench.profile("anonymous_id:web-1").profile
    api.write_note(workbench.runtime, ALICE, about(workbench), "Anna, not the browser")
    api.tag(workbench.runtime, ALICE, about(workbench), "vip")
    workbench.work()
    curating.split_profile(workbench.runtime, BY, "user_id:anna", [("anonymous_id", "web-1")])
    workbench.work()
    assert (texts(workbench), labels(workbench)) == (["Anna, not the browser"], ["vip"])
    assert (texts(workbench, "anonymous_id:web-1"), labels(workbench, "anonymous_id:web-1")) == ([], [])


def test_tags_are_found_by_list_and_search_in_any_case_and_gone_when_taken_away(workbench):
    runtime = workbench.runtime
    workbench.take(track("anna", "Login", "m1"), track("bob", "Login", "m2"))
    api.tag(runtime, ALICE, about(workbench), " #Key  Account ")
    api.tag(runtime, BOB, about(workbench), "key account")
    assert [one.is_waiting for one in api.tags_about(runtime, about(workbench), ALICE)] == [True]
    workbench.work()
    assert labels(workbench) == ["key account"]
    assert listed(workbench, "#key account") == ["anna"]
    assert [one.name for one in profiles.list_customers(runtime, "#KEY").rows] == ["anna"]
    assert api.known_tags(runtime, "customer") == ["key account"]
    api.untag(runtime, ALICE, about(workbench), "KEY account")
    workbench.work()
    assert (labels(workbench), listed(workbench, "#key account"), api.known_tags(runtime, "customer")) == ([], [], [])


def test_accounts_have_notes_and_tags_of_their_own(workbench):
    workbench.take({"type": "group", "userId": "anna", "groupId": "acme", "messageId": "m1"})
    runtime = workbench.runtime
    acme = api.about_account(accounts.get_account(runtime, "group_id:acme"))
    api.write_note(runtime, ALICE, acme, "Pays late")
    api.tag(runtime, ALICE, acme, "Wholesale")
    workbench.work()
    assert [one.text for one in api.notes_about(runtime, acme, BOB)] == ["Pays late"]
    assert [one.label for one in api.tags_about(runtime, acme)] == ["Wholesale"]
    assert texts(workbench) == []
    found = accounts.list_accounts(runtime, wanted=AccountFilter(word="#wholesale")).rows
    assert [one.group_id for one in found] == ["acme"]


def test_many_are_tagged_by_one_order(workbench):
    workbench.take(*(track(f"u{number}", "Login", f"m{number}") for number in range(5)))
    anchors = [workbench.profile(f"user_id:u{number}").profile for number in range(5)]
    assert api.tag_many(workbench.runtime, ALICE, "customer", [*anchors, anchors[0]], "newsletter") == 5
    workbench.work()
    assert len(listed(workbench, "#newsletter")) == 5


@pytest.mark.parametrize("label", ["", "  # ", "x" * 61])
def test_a_tag_that_is_none_is_refused_with_what_to_do(workbench, label):
    workbench.take(track("anna", "Login", "m1"))
    with pytest.raises(WrongTag):
        api.tag(workbench.runtime, ALICE, about(workbench), label)


def test_nobody_gets_more_tags_than_a_page_can_show(workbench, monkeypatch):
    monkeypatch.setattr(api, "TAGS_MAX", 2)
    workbench.take(track("anna", "Login", "m1"))
    for label in ("a", "b"):
        api.tag(workbench.runtime, ALICE, about(workbench), label)
    with pytest.raises(TooManyTags, match="2 tags already"):
        api.tag(workbench.runtime, ALICE, about(workbench), "c")


def test_what_a_batch_that_fails_held_is_kept_once_by_the_next(workbench, monkeypatch):
    workbench.take(track("anna", "Login", "m1"))
    api.write_note(workbench.runtime, ALICE, about(workbench), "Once")
    api.tag(workbench.runtime, ALICE, about(workbench), "vip")

    def die(place):
        if place == "in_commit":
            raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(committing, "crash_point", die)
        with pytest.raises(RuntimeError, match="killed"):
            workbench.work()
    assert texts(workbench, reader=BOB) == []
    workbench.restart()
    workbench.work()
    assert (texts(workbench, reader=BOB), labels(workbench), listed(workbench, "#vip")) == (["Once"], ["vip"], ["anna"])


def test_a_worker_that_died_before_the_list_was_written_writes_it_at_its_next_start(workbench):
    workbench.take(track("anna", "Login", "m1"))
    api.tag(workbench.runtime, ALICE, about(workbench), "vip")
    while workbench.worker.position < workbench.log.head():
        workbench.worker.turn()
    assert listed(workbench, "#vip") == []
    workbench.restart()
    workbench.work()
    assert listed(workbench, "#vip") == ["anna"]


@pytest.mark.parametrize(
    ("action", "facts"),
    [
        (NOTE, {"do": "write", "note": "n", "text": "x" * 10_001, "subject": ["customer", 1], "by": {"kind": "user", "id": 1, "name": "A"}}),
        (NOTE, {"do": "write", "note": "n", "text": "a\0b", "subject": ["customer", 1], "by": {"kind": "user", "id": 1, "name": "A"}}),
        (NOTE, {"do": "write", "note": "n", "text": "a", "subject": ["customer", 2**70], "by": {"kind": "user", "id": 1, "name": "A"}}),
        (NOTE, {"do": "sing"}),
        (TAG, {"label": "  ", "subjects": [["customer", 1]], "isOn": True}),
        (TAG, {}),
    ],
)  # fmt: skip
def test_an_order_that_makes_no_sense_is_set_aside_and_holds_nothing_up(workbench, action, facts):
    workbench.take(track("anna", "Login", "m1"))
    append_order(workbench.runtime, action, facts)
    append_order(
        workbench.runtime, TAG, Tagging("after", (Subject("customer", 1),), is_on=True, by=api.author_of(ALICE))
    )
    workbench.work()
    assert len(quarantine_page(workbench.runtime)) == 1
    assert labels(workbench) == ["after"]


def test_somebody_bound_to_a_brand_reads_what_colleagues_of_theirs_wrote(workbench):
    workbench.take(track("anna", "Login", "m1"))
    bound = [Person(kind="user", id=9 + one, name=f"B{one}", role=Role.AGENT, brands=(BrandId(one),)) for one in (1, 2)]
    for person in (ALICE, *bound):
        api.write_note(workbench.runtime, person, about(workbench), f"by {person.name}")
    workbench.work()
    assert set(texts(workbench)) == {"by Alice", "by B1", "by B2"}
    assert texts(workbench, reader=bound[0]) == ["by B1"]


def test_a_note_changes_no_figure_and_no_history(workbench):
    workbench.take(track("anna", "Login", "m1"))
    before = workbench.profile("user_id:anna")
    api.write_note(workbench.runtime, ALICE, about(workbench), "Kept")
    workbench.work()
    after = workbench.profile("user_id:anna")
    assert (after.features, after.last_seen) == (before.features, before.last_seen)
    assert workbench.rows("name") == [("Login",)]
