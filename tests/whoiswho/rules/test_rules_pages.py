"""The pages of identity rules, through the whole application."""

import html
import re

import pytest

from stammgast.identity.graph.rules import GraphRules, MailProvider, NamespaceRule, read_rules
from stammgast.whoiswho.pages.rules_form import changed_draft, draft_of, rules_of_draft
from stammgast.whoiswho.rules import book, trials
from stammgast.whoiswho.rules.differences import differences
from stammgast.workspace import api as workspace
from tests.whoiswho.test_identity_pages import BY, PASSWORD, Visitor

RULES = GraphRules(
    namespaces=(
        NamespaceRule(namespace="user_id", priority=10, limit=1, never_link=("kiosk", "till-[0-9]+")),
        NamespaceRule(namespace="work_mail", priority=30, limit=2, period="year", reading="mail", may_link=False),
    ),
    mail_providers=(MailProvider(domains=("gmail.com", "googlemail.com"), plus=True, dots=True, is_one=True),),
    held_above=7,
    never_link=("nobody",),
)


@pytest.fixture
def inn(workbench):
    workbench.take(
        {"type": "identify", "userId": "anna", "messageId": "a1", "traits": {"email": "anna+x@gmail.com"}},
        {"type": "identify", "anonymousId": "x", "messageId": "a2", "traits": {"email": "an.na@gmail.com"}},
    )
    return workbench


@pytest.fixture
def visit(inn):
    """Return a function: role -> somebody logged in."""
    for name in ("administrator", "analyst", "agent"):
        email = f"{name}@inn.test"
        workspace.create_user(inn.runtime, BY, email=email, name=name.title(), role=name, password=PASSWORD)
    return lambda role, language="en": Visitor(inn.runtime, f"{role}@inn.test", language)


def fields_of(page):
    """Return what the editor's form would send as it stands."""
    form = page[page.index('action="/identity/rules/new"') : page.index('id="file"')]
    found = {}
    for name, value in re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', form):
        found.setdefault(name, []).append(html.unescape(value))
    for name, options in re.findall(r'<select[^>]* name="(\w+)">(.*?)</select>', form, re.DOTALL):
        found.setdefault(name, []).append(re.search(r'value="([^"]*)" selected', options)[1])
    for name, value in re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>([^<]*)</textarea>', form):
        found.setdefault(name, []).append(html.unescape(value))
    found.pop("_csrf", None)
    return found


def test_an_administrator_changes_tries_applies_and_takes_back(visit, inn):
    alice = visit("administrator")
    assert "Version 1 is in force" in alice.page("/identity/rules")
    fields = fields_of(alice.page("/identity/rules/new"))
    added = alice.post("/identity/rules/new", **fields, do="add_provider").text
    fields = fields_of(added) | {"domains": "gmail.com", "ignores": "both", "held_above": "8", "note": "Gmail"}
    saved = alice.post("/identity/rules/new", **fields, do="save")
    assert saved.headers["location"] == "/identity/rules/2"
    page = alice.page("/identity/rules/2")
    assert "Mail at gmail.com: dots and what follows a plus are ignored" in page
    assert "more than 8 stronger ones on a day (was 10)" in page
    assert alice.post("/identity/rules/2/dry-run").status_code == 303
    assert "hx-get" in alice.page("/identity/rules/2")
    trials.carry_out(inn.runtime, book.newest_trial(inn.runtime, 2).id)
    assert alice.get("/identity/rules/2/trial").headers["hx-refresh"] == "true"
    page = alice.page("/identity/rules/2")
    assert "1 customers are merged into others" in page
    assert "Merged, for example" in page
    waiting = alice.post("/identity/rules/2/apply").headers["location"]
    assert "Being applied" in alice.page(waiting)
    assert "hx-redirect" not in alice.get(waiting.replace("rules?", "rules/progress?")).headers
    inn.work()
    assert alice.get(waiting.replace("rules?", "rules/progress?")).headers["hx-redirect"] == "/identity/rules"
    page = alice.page("/identity/rules")
    assert "Version 2 is in force" in page
    assert "Back to version 1" in page
    assert alice.post("/identity/rules/1/apply").status_code == 303
    inn.work()
    assert "Version 1 is in force" in alice.page("/identity/rules")


def test_the_numbers_of_held_identifiers_and_what_is_built_in_are_in_the_form(visit, inn):
    alice = visit("administrator")
    fields = fields_of(alice.page("/identity/rules/new"))
    assert (fields["held_above_limited"], fields["held_above_browsers"], fields["built_in"]) == (["20"], ["200"], ["2"])
    fields |= {"held_above_limited": "15", "held_above_browsers": "", "built_in": "1"}
    assert alice.post("/identity/rules/new", **fields, do="save").status_code == 303
    rules = book.version(inn.runtime, 2).rules
    assert (rules.held_above_limited, rules.held_above_browsers, rules.built_in) == (15, None, 1)
    page = html.unescape(alice.page("/identity/rules/2"))
    assert "Identifiers of one kind with a limit that any other may meet on a day: 15 (was 20)" in page
    assert "Browsers that any identifier may meet on a day: any number (was 200)" in page
    assert "more than 15 of one kind with a limit" in page
    assert "browsers on one day is held" not in page
    book.apply_version(inn.runtime, BY, 2)
    inn.work()
    page = html.unescape(alice.page("/identity/rules"))
    assert "More is built in now" in page
    assert "googlemail.com is gmail.com" in page
    renewed = fields_of(alice.page("/identity/rules/new?built_in=newest"))
    assert (renewed["built_in"], renewed["held_above_limited"], renewed["held_above_browsers"]) == (
        ["2"],
        ["15"],
        ["200"],
    )


def test_what_was_typed_stays_when_it_can_not_be_used(visit):
    alice = visit("administrator")
    fields = fields_of(alice.page("/identity/rules/new"))
    for name, typed, told in (
        ("never_link", "(a+)+", "take the inner or the outer"),
        ("held_above", "many", "write a whole number"),
        ("limit", ["x", *fields["limit"][1:]], "write a whole number for user_id"),
    ):
        answer = alice.post("/identity/rules/new", **{**fields, name: typed}, do="save")
        assert answer.status_code == 422
        assert told in html.unescape(answer.text).lower()
        assert fields_of(answer.text)[name] == ([typed] if isinstance(typed, str) else typed)


def test_a_file_is_taken_uploaded_or_pasted_and_given_back(visit):
    alice = visit("administrator")
    text = alice.get("/identity/rules/1/file").text
    assert read_rules(text).version == 1
    assert alice.post("/identity/rules/file", yaml=text).status_code == 409
    pasted = alice.post("/identity/rules/file", yaml=text.replace("held_above: 10", "held_above: 4"), note="Four")
    assert pasted.headers["location"] == "/identity/rules/2"
    answer = alice.client.post(
        "/identity/rules/file",
        data={"_csrf": alice.csrf},
        files={"file": ("rules.yaml", b"held_above: 0")},
        follow_redirects=False,
    )
    assert answer.status_code == 422
    assert "held_above: 0" in answer.text
    assert read_rules(alice.get("/identity/rules/2/file").text).held_above == 4


def test_analysts_look_and_try_but_do_not_change(visit):
    bob = visit("analyst")
    assert "Change the rules" not in bob.page("/identity/rules")
    assert bob.get("/identity/rules/new").status_code == 403
    assert bob.post("/identity/rules/1/apply").status_code == 403
    assert visit("agent").get("/identity/rules").status_code == 403


def test_the_pages_speak_german(visit):
    alice = visit("administrator", "de")
    assert "Version 1 gilt" in alice.page("/identity/rules")
    assert "Als neue Version speichern" in alice.page("/identity/rules/new")


def test_the_form_describes_any_rules_and_reads_them_back():
    assert rules_of_draft(draft_of(RULES)) == RULES


def test_moving_a_line_up_makes_it_stronger_than_its_neighbour():
    moved = rules_of_draft(changed_draft(draft_of(RULES), "up:1"))
    assert [(one.namespace, one.priority) for one in moved.namespaces] == [("work_mail", 10), ("user_id", 30)]


@pytest.mark.parametrize(("order", "count"), [("drop:0", 1), ("add", 3), ("up:0", 2), ("down:1", 2)])
def test_lines_are_dropped_and_added(order, count):
    assert len(changed_draft(draft_of(RULES), order).namespaces) == count


@pytest.mark.parametrize("order", ["save", "drop:9", "up:x", ""])
def test_other_orders_change_no_line(order):
    assert changed_draft(draft_of(RULES), order) is None


def test_differences_are_told_in_words():
    told = {str(one) for one in differences(GraphRules(), RULES)}
    assert "kiosk is a placeholder in user_id" in told
    assert "A customer may have of work_mail: 2 a year (was any number)" in told
    assert "work_mail links nobody" in told
    assert "email has no rules of its own any more" in told
    assert "Mail at gmail.com, googlemail.com: one provider; dots and what follows a plus are ignored" in told
    assert differences(RULES, RULES) == []
