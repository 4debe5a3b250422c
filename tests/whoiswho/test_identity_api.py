"""Identity over HTTP: tokens of each role, through the whole application over real stores."""

import pytest
from litestar.testing import TestClient

from stammgast.profiles import api
from stammgast.web.app import make_app
from stammgast.workspace import api as workspace
from stammgast.workspace.contracts import Actor
from tools.workbench import track

BY = Actor("command", 0, "tests")


@pytest.fixture
def inn(workbench):
    """Anna and Bob share a tablet."""
    for user in ("anna", "bob"):
        event = {"anonymousId": "tablet", "type": "identify", "userId": user, "messageId": f"{user}-1"}
        workbench.send(event, track(user, "Order Completed", f"{user}-2", order_id=user, total=5, currency="EUR"))
    workbench.work()
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
            return client.request(method, f"/api{path}", json=body, headers=headers)

        yield ask


def test_a_profile_tells_its_links_refusals_log_and_decisions(ask):
    assert ask("viewer", "GET", "/profiles/user_id:anna/identity").status_code == 403
    told = ask("agent", "GET", "/profiles/user_id:anna/identity").json()
    assert [one["identifier"] for one in told["identifiers"]] == ["user_id:anna", "anonymous_id:tablet"]
    assert [one["identifiers"] for one in told["links"]] == [["user_id:anna", "anonymous_id:tablet"], ["user_id:anna"]]
    (refusal,) = told["refusals"]
    assert (refusal["kept"], refusal["leftOut"], refusal["reason"]) == ("user_id:bob", "anonymous_id:tablet", "limit")
    assert told["decisions"] == []


def test_previews_say_what_split_and_merge_then_do(ask, inn):
    body = {"identifiers": ["anonymous_id:tablet"]}
    parts = ask("agent", "POST", "/profiles/user_id:anna/unmerge/preview", body).json()["after"]
    assert {tuple(one["identifiers"]): one["events"] for one in parts}[("user_id:anna",)] == 2
    merged = ask("agent", "POST", "/profiles/user_id:anna/merge/preview", {"other": "user_id:bob"}).json()
    assert len(merged["before"]) == 2
    assert [(one["events"], one["orders"], one["movedEvents"]) for one in merged["after"]] == [(4, 2, 2)]
    assert ask("agent", "POST", "/profiles/user_id:anna/merge", {"other": "user_id:bob"}).status_code == 202
    inn.work()
    assert inn.profile("user_id:bob").features["events"]["total"] == 4


def test_a_preview_refuses_what_the_order_would_refuse(ask):
    wrong = ask("agent", "POST", "/profiles/user_id:anna/unmerge/preview", {"identifiers": ["user_id:bob"]})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "not_of_this_profile")
    same = ask("agent", "POST", "/profiles/user_id:anna/merge/preview", {"other": "anonymous_id:tablet"})
    assert (same.status_code, same.json()["code"]) == (422, "same_person")


def test_an_identifier_is_held_and_released_by_analysts(ask, inn):
    body = {"identifier": "email:Club@Inn.example"}
    assert ask("agent", "POST", "/identity/held", body).status_code == 403
    assert ask("analyst", "POST", "/identity/held", body).status_code == 202
    inn.work()
    told = ask("agent", "GET", "/identity/held").json()
    assert [(one["identifier"], one["by"]) for one in told["held"]] == [("email:club@inn.example", "analyst")]
    assert ask("analyst", "POST", "/identity/held/release", body).status_code == 202
    inn.work()
    told = ask("agent", "GET", "/identity/held").json()
    assert (told["total"], [one["identifier"] for one in told["released"]]) == (0, ["email:club@inn.example"])
    again = ask("analyst", "POST", "/identity/held/release", body)
    assert (again.status_code, again.json()["code"]) == (404, "not_held")


def test_a_placeholder_needs_no_holding(ask):
    refused = ask("analyst", "POST", "/identity/held", {"identifier": "user_id:guest"})
    assert (refused.status_code, refused.json()["code"]) == (422, "never_links")


def test_a_decision_is_taken_back_by_its_number(ask, inn):
    ask("agent", "POST", "/profiles/user_id:anna/merge", {"other": "user_id:bob"})
    inn.work()
    (decision,) = ask("agent", "GET", "/profiles/user_id:bob/identity").json()["decisions"]
    assert (decision["kind"], decision["person"], decision["standing"]) == ("merge", "agent", True)
    assert ask("agent", "DELETE", f"/identity/decisions/{decision['number']}").status_code == 202
    inn.work()
    assert api.profile_number(inn.runtime, "user_id:anna") != api.profile_number(inn.runtime, "user_id:bob")
    again = ask("agent", "DELETE", f"/identity/decisions/{decision['number']}")
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_take_back")
    assert ask("agent", "DELETE", "/identity/decisions/999999").status_code == 404


def test_the_log_is_paged_and_filtered(ask, inn):
    ask("agent", "POST", "/profiles/user_id:anna/merge", {"other": "user_id:bob"})
    inn.work()
    whole = ask("agent", "GET", "/identity/log").json()
    assert whole["next"] is None
    lines, after = [], ""
    while after is not None:
        page = ask("agent", "GET", f"/identity/log?limit=1&after={after}").json()
        lines += page["lines"]
        after = page["next"]
    assert lines == whole["lines"]
    decisions = ask("agent", "GET", "/identity/log?kind=decision&kind=split").json()["lines"]
    assert [one["kind"] for one in decisions] == ["decision"]
    assert ask("agent", "GET", "/identity/log?after=nonsense").status_code == 422
