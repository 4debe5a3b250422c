import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from small_house import csrf_in

from stammgast.workspace import api


@pytest.mark.parametrize("path", ["/api/sources", "/api/tokens", "/api/workspace", "/api/me", "/api/sources/1"])
def test_without_a_token_the_api_answers_with_a_problem(visitor, path):
    for headers in ({}, {"Authorization": "Bearer sgt_guess"}, {"Authorization": "Basic c2d0Og=="}):
        answer = visitor.get(path, **headers)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == "Bearer"
        problem = answer.json()
        assert problem["status"] == 401
        assert set(problem) >= {"type", "title", "status", "detail", "code"}


def test_roles_hold_for_tokens(visitor, token):
    viewer = token("viewer")
    assert visitor.get("/api/sources", **viewer).status_code == 200
    refused = visitor.client.post("/api/sources", json={"name": "Shop"}, headers=viewer)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert visitor.get("/api/tokens", **token("analyst")).status_code == 403


def test_sources_are_made_changed_rotated_and_revoked(visitor, token, house):
    headers = token("administrator")
    made = visitor.client.post(
        "/api/sources",
        json={"name": "Shop", "kind": "browser", "allowedOrigins": ["https://shop.example"]},
        headers=headers,
    )
    assert made.status_code == 201
    source = made.json()
    assert api.source_by_key(house, source["writeKey"]).id == source["id"]
    path = f"/api/sources/{source['id']}"
    assert source["keys"] == [source["writeKey"][-4:]]
    assert "writeKey" not in visitor.get(path, **headers).json()
    changed = visitor.client.patch(path, json={"rateLimit": 9}, headers=headers).json()
    assert (changed["name"], changed["rateLimit"], changed["allowedOrigins"]) == ("Shop", 9, ["https://shop.example"])
    rotated = visitor.client.post(path + "/rotate", json={"graceHours": 0}, headers=headers).json()
    assert api.source_by_key(house, source["writeKey"]) is None
    assert api.source_by_key(house, rotated["writeKey"]) is not None
    revoked = visitor.client.post(path + "/revoke", headers=headers).json()
    assert revoked["revokedAt"].endswith("Z")
    assert revoked["keys"] == []


def test_refusals_name_the_field_and_the_code(visitor, token):
    headers = token("administrator")
    visitor.client.post("/api/sources", json={"name": "Shop"}, headers=headers)
    taken = visitor.client.post("/api/sources", json={"name": "Shop"}, headers=headers)
    assert (taken.status_code, taken.json()["code"], taken.json()["field"]) == (409, "name_taken", "name")
    origin = visitor.client.post("/api/sources", json={"name": "B", "allowedOrigins": ["x"]}, headers=headers)
    assert (origin.status_code, origin.json()["field"]) == (422, "allowed_origins")
    missing = visitor.get("/api/sources/99", **headers)
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert visitor.client.post("/api/sources", content=b"{", headers=headers).status_code == 400
    assert visitor.client.put("/api/sources", headers=headers).status_code == 405


def test_tokens_are_made_and_revoked(visitor, token):
    headers = token("administrator")
    made = visitor.client.post("/api/tokens", json={"name": "Sync", "role": "viewer"}, headers=headers).json()
    own = {"Authorization": f"Bearer {made['token']}"}
    assert visitor.get("/api/me", **own).json() == {"kind": "token", "name": "Sync", "role": "viewer", "brands": []}
    assert all(one.get("token") is None for one in visitor.get("/api/tokens", **headers).json())
    assert visitor.client.delete(f"/api/tokens/{made['id']}", headers=headers).status_code == 204
    assert visitor.get("/api/me", **own).status_code == 401


def test_a_log_in_may_use_the_api_with_the_form_token_only(alice):
    assert alice.get("/api/me").json()["name"] == "Alice"
    csrf = csrf_in(alice.get("/"))
    assert alice.client.post("/api/sources", json={"name": "Shop"}).status_code == 403
    made = alice.client.post("/api/sources", json={"name": "Shop"}, headers={"X-CSRF-Token": csrf})
    assert made.status_code == 201


def test_the_document_describes_the_api_and_no_page(visitor):
    document = visitor.get("/api/openapi.json").json()
    assert document["openapi"].startswith("3.")
    assert all(path.startswith("/api/") for path in document["paths"])
    assert {"/api/sources", "/api/tokens", "/api/me"} <= set(document["paths"])
    for methods in document["paths"].values():
        for told in methods.values():
            assert told["summary"]
            assert "401" in told["responses"]


def test_schemathesis_finds_no_failure_on_our_side(app, token):
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app)
    headers = token("administrator")
    answered = set()

    for operation in schema.get_all_operations():

        @settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(case=operation.ok().as_strategy())
        def ask(case):
            answer = case.call(headers=headers)
            answered.add(answer.status_code)
            assert answer.status_code < 500, (case.method, case.path, answer.text)

        ask()
    assert {200, 404} <= answered
