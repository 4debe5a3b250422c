"""The rulebook over HTTP and on the command line: versions, dry runs, applying, going back; and who was left out."""

import msgspec
import pytest
import yaml
from litestar.testing import TestClient

from stammgast.identity.graph.rules import DEFAULT_NAMESPACES, GraphRules, UnfitRules, read_rules, write_rules
from stammgast.profiles.api import profile_number
from stammgast.profiles.contracts import LeftOut, NoSuchProfile
from stammgast.web.app import make_app
from stammgast.whoiswho.rules import book, trials
from stammgast.workspace import api as workspace
from stammgast.workspace.contracts import Actor
from tools.workbench import track

BY = Actor("command", 0, "Alice")
GMAIL = "mail_providers: [{domains: [gmail.com, googlemail.com], plus: true, dots: true, is_one: true}]"


@pytest.fixture
def inn(workbench):
    """Two customers under two writings of one mailbox, and ten who share a till."""
    workbench.take(
        {"type": "identify", "userId": "anna", "messageId": "a1", "traits": {"email": "anna.maurer+shop@gmail.com"}},
        {"type": "identify", "anonymousId": "x", "messageId": "a2", "traits": {"email": "annamaurer@googlemail.com"}},
        *({**track(f"guest{n}", "Paid", f"t{n}"), "context": {"device": {"id": "till"}}} for n in range(8)),
    )
    return workbench


@pytest.fixture
def ask(inn):
    """Return a function: (role, method, path, body) -> answer."""
    with TestClient(make_app(inn.runtime), base_url="http://inn.example") as client:
        tokens = {}

        def ask(role, method, path, body=None):
            if role not in tokens:
                tokens[role] = workspace.create_token(inn.runtime, BY, role, role)[1]
            headers = {"Authorization": f"Bearer {tokens[role]}"}
            return client.request(method, f"/api/identity/rules{path}", json=body, headers=headers)

        yield ask


def apply(inn, rules):
    made = book.save_version(inn.runtime, BY, rules)
    book.apply_version(inn.runtime, BY, made.version)
    inn.work()
    return made


def test_a_version_is_saved_tried_applied_and_taken_back(ask, inn):
    assert ask("agent", "GET", "").status_code == 403
    assert ask("analyst", "POST", "", {"yaml": GMAIL}).status_code == 403
    made = ask("administrator", "POST", "", {"yaml": GMAIL, "note": "Gmail"}).json()
    assert (made["version"], made["inForce"], made["note"]) == (2, False, "Gmail")
    assert ask("administrator", "POST", "", {"yaml": made["yaml"]}).status_code == 409
    ordered = ask("analyst", "POST", "/2/dry-run").json()
    assert ordered["state"] == "waiting"
    trials.carry_out(inn.runtime, ordered["id"])
    found = ask("analyst", "GET", f"/dry-runs/{ordered['id']}").json()
    assert found["state"] == "done"
    effect = found["effect"]
    assert (effect["profiles_before"], effect["profiles_after"], effect["merged"], effect["split"]) == (10, 9, 1, 0)
    assert [one["kind"] for one in effect["examples"]] == ["merge"]
    assert profile_number(inn.runtime, "user_id:anna") != profile_number(inn.runtime, "anonymous_id:x")
    assert ask("analyst", "POST", "/2/apply").status_code == 403
    assert ask("administrator", "POST", "/2/apply").status_code == 202
    inn.work()
    assert profile_number(inn.runtime, "user_id:anna") == profile_number(inn.runtime, "anonymous_id:x")
    assert profile_number(inn.runtime, "email:a.n.n.a.maurer@gmail.com") == profile_number(inn.runtime, "user_id:anna")
    told = ask("analyst", "GET", "").json()
    assert (told["inForce"], told["previous"], told["ordered"]) == (2, 1, None)
    assert told["applications"][0]["effect"]["merged"] == 1
    assert ask("administrator", "POST", "/2/apply").status_code == 409
    assert ask("administrator", "POST", "/1/apply").status_code == 202
    inn.work()
    assert profile_number(inn.runtime, "user_id:anna") != profile_number(inn.runtime, "anonymous_id:x")
    assert ask("analyst", "GET", "/9").status_code == 404


def test_the_merge_log_names_the_version_that_joined_two(inn):
    apply(inn, read_rules(GMAIL))
    from stammgast.profiles import api

    (merge,) = api.merges(inn.runtime, inn.profile("user_id:anna"))
    assert (merge.version, merge.rule) == (2, "seen_together")


def test_an_identifier_held_under_new_rules_is_held_and_released_under_the_old(inn):
    effect = trials.try_rules(inn.runtime, GraphRules(held_above=5))
    assert (effect.held, effect.held_before, effect.held_after) == (1, 0, 1)
    apply(inn, GraphRules(held_above=5))
    with pytest.raises(LeftOut) as refused:
        profile_number(inn.runtime, "device_id:till")
    assert "it is held" in str(refused.value)
    assert refused.value.facts["count"] == 8
    book.apply_version(inn.runtime, BY, 1)
    inn.work()
    assert profile_number(inn.runtime, "device_id:till") == profile_number(inn.runtime, "user_id:guest0")


def test_who_was_left_out_and_came_with_one_customer_leads_to_that_customer(inn):
    namespaces = tuple(msgspec.structs.replace(one, may_link=one.namespace != "email") for one in DEFAULT_NAMESPACES)
    apply(inn, GraphRules(namespaces=namespaces))
    anna = profile_number(inn.runtime, "user_id:anna")
    assert profile_number(inn.runtime, "email:anna.maurer+shop@gmail.com") == anna
    inn.take({"type": "identify", "userId": "bob", "messageId": "b", "traits": {"email": "anna.maurer+shop@gmail.com"}})
    with pytest.raises(LeftOut, match="the rules say that email links nobody"):
        profile_number(inn.runtime, "email:anna.maurer+shop@gmail.com")
    with pytest.raises(NoSuchProfile):
        profile_number(inn.runtime, "email:nobody@x.de")


def test_profiles_beyond_a_new_limit_part_although_nobody_touches_them(inn):
    inn.take(*({**track("carla", "Seen", f"c{n}"), "anonymousId": f"phone{n}"} for n in range(4)))
    assert len(inn.profile("user_id:carla").identifiers) == 5
    limited = tuple(
        msgspec.structs.replace(one, limit=2 if one.namespace == "anonymous_id" else one.limit)
        for one in DEFAULT_NAMESPACES
    )
    effect = trials.try_rules(inn.runtime, GraphRules(namespaces=limited))
    assert effect.left_out_after == effect.left_out_before + 2
    apply(inn, GraphRules(namespaces=limited))
    assert len(inn.profile("user_id:carla").identifiers) == 3
    with inn.runtime.customers.read() as connection:
        from stammgast.kernel.sql import rows_of

        assert rows_of(connection, "SELECT DISTINCT version FROM refusals") == [(2,)]


def test_what_a_person_decided_is_read_under_each_rules_anew(inn):
    from stammgast.whoiswho import curating

    curating.merge_profiles(inn.runtime, BY, "user_id:anna", "user_id:guest1")
    inn.work()
    apply(inn, GraphRules(never_link=("guest1",)))
    with pytest.raises(NoSuchProfile):
        profile_number(inn.runtime, "user_id:guest1")
    book.apply_version(inn.runtime, BY, 1)
    inn.work()
    assert profile_number(inn.runtime, "user_id:guest1") == profile_number(inn.runtime, "user_id:anna")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("held_above: 0", ">= 1"),
        ("never_link: ['(a+)+']", "take the inner or the outer"),
        ("never_link: ['a(']", "write \\ before it"),
        ("never_link: ['(a|b|ab)*c']", "one pattern for each"),
        ("phone_region: ZZ", "two letters such as DE"),
        ("mail_providers: [{domains: [Gmail.com]}]", "lower case"),
        ("namespaces: [{namespace: a, priority: 1}, {namespace: a, priority: 2}]", "keep one"),
        ("namespace: []", "unknown field `namespace`"),
        ("a: [b", "expected"),
    ],
)
def test_rules_that_can_not_be_used_say_how_to_mend_them(text, hint):
    with pytest.raises(UnfitRules) as refused:
        read_rules(text)
    assert hint in str(refused.value)


def test_a_file_of_every_setting_reads_back_the_same():
    rules = GraphRules(
        version=4,
        profile_cap=50,
        mail_providers=read_rules(GMAIL).mail_providers,
        never_link=(r"kiosk-?\d+",),
        namespaces=(
            *DEFAULT_NAMESPACES,
            msgspec.structs.replace(
                DEFAULT_NAMESPACES[0], namespace="till", limit=None, period="week", may_link=False, reading="lower"
            ),
        ),
    )
    assert read_rules(write_rules(rules)) == rules
    assert yaml.safe_load(write_rules(rules))["version"] == 4
