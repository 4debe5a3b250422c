import pytest
from small_house import Visitor, csrf_in

from stammgast.web.app import make_app
from stammgast.web.cookies import SESSION_COOKIE
from stammgast.workspace import api

PASSWORD = "a calm evening at the inn"


def secret_of(link):
    return link.partition("link=")[2]


def test_who_is_not_logged_in_is_led_to_the_log_in_and_back(visitor):
    answer = visitor.get("/connect/sources?brand=2")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/connect/sources%3Fbrand%3D2")
    page = visitor.get(answer.headers["location"])
    assert 'value="/connect/sources?brand=2"' in page.text
    entered = visitor.post(
        "/login", {"email": "alice@inn.test", "password": PASSWORD, "next": "/connect/sources?brand=2"}
    )
    assert entered.headers["location"] == "/connect/sources?brand=2"
    assert visitor.get("/connect/sources").status_code == 200


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"])
def test_the_log_in_leads_nowhere_else(visitor, elsewhere):
    answer = visitor.post("/login", {"email": "alice@inn.test", "password": PASSWORD, "next": elsewhere})
    assert answer.headers["location"] == "/"


def test_a_wrong_password_is_told_and_the_address_stays_typed(visitor):
    answer = visitor.post("/login", {"email": "alice@inn.test", "password": "wrong"})
    assert answer.status_code == 401
    assert "do not belong together" in answer.text
    assert 'value="alice@inn.test"' in answer.text
    assert "wrong" not in answer.text.replace("wrong_", "")


def test_the_session_cookie_is_out_of_reach_of_scripts(visitor):
    answer = visitor.post("/login", {"email": "alice@inn.test", "password": PASSWORD})
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith(SESSION_COOKIE))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie  # the installation is reached by http


def test_logging_out_ends_the_session(alice):
    secret = alice.client.cookies[SESSION_COOKIE]
    assert alice.post("/logout", {}, page="/").status_code == 303
    alice.client.cookies.set(SESSION_COOKIE, secret)
    assert alice.get("/").status_code == 303


def test_the_one_time_link_makes_the_administrator_and_lets_them_in(empty_house):
    visitor, house = Visitor(make_app(empty_house)), empty_house
    assert "one-time link" in visitor.get("/login").text
    link = api.make_setup_link(house)
    path = "/setup?link=" + secret_of(link)
    form = {"link": secret_of(link), "email": "alice@inn.test", "name": "Alice", "company": "Gasthof Löwe"}
    refused = visitor.post("/setup", form | {"password": "short"}, page=path)
    assert refused.status_code == 422
    assert "at least 10 characters" in refused.text
    assert 'value="Gasthof Löwe"' in refused.text
    entered = visitor.post("/setup", form | {"password": PASSWORD}, page=path)
    assert entered.status_code == 303
    assert "Good to see you, Alice" in visitor.get("/").text
    assert api.company(house).name == "Gasthof Löwe"
    assert visitor.get(path).status_code == 410


def test_an_invented_link_opens_nothing(visitor):
    answer = visitor.get("/setup?link=guess")
    assert answer.status_code == 410
    assert "has been used or is too old" in answer.text


def test_a_form_without_its_token_changes_nothing(alice, house):
    before = api.revision(house)
    for fields in ({"name": "Evil"}, {"name": "Evil", "_csrf": ""}, {"name": "Evil", "_csrf": "f" * 32}):
        answer = alice.client.post("/settings/brands", data=fields)
        assert answer.status_code == 403
        assert "Nothing was changed" in answer.text
    assert api.revision(house) == before


def test_a_form_sent_from_another_site_changes_nothing(alice, house):
    before = api.revision(house)
    answer = alice.post("/settings/brands", {"name": "Evil"}, page="/", **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert api.revision(house) == before


def test_the_token_may_come_as_a_header(alice, house):
    headers = {"X-CSRF-Token": csrf_in(alice.get("/"))}
    made = alice.client.post("/settings/brands", data={"name": "Löwe"}, headers=headers, follow_redirects=False)
    assert made.status_code == 303
    assert "Löwe" in [one.name for one in api.brands(house)]


@pytest.mark.usefixtures("house")
def test_the_visitors_token_is_worthless_after_the_log_in(visitor):
    old = csrf_in(visitor.get("/login"))
    visitor.log_in("alice@inn.test")
    assert visitor.client.post("/settings/brands", data={"name": "Evil", "_csrf": old}).status_code == 403


@pytest.mark.parametrize("path", ["/login", "/", "/nowhere", "/api/me", "/api/nowhere"])
def test_every_answer_carries_the_security_headers(visitor, path):
    headers = visitor.get(path).headers
    assert "unsafe" not in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


def test_roles_are_kept_apart(visitor):
    visitor.log_in("bob@inn.test")
    for path in ("/settings/people", "/settings/tokens", "/settings/audit", "/connect/sources/new"):
        answer = visitor.get(path)
        assert answer.status_code == 403, path
        assert "needs administrator" in answer.text
    assert visitor.post("/settings/brands", {"name": "Evil"}, page="/").status_code == 403
    home = visitor.get("/").text
    assert "/settings/people" not in home
    assert "/connect/sources" in home
