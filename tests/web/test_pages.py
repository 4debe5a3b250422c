import re

import pytest
from small_house import csrf_in

from stammgast.kernel.errors import Invalid, StammgastError
from stammgast.web.templating import FIXED_SERIES, series_index
from stammgast.workspace import api
from stammgast.workspace.contracts import Actor

PAGES = [
    "/", "/connect/sources", "/connect/sources/new", "/connect/sources/1", "/connect/sources/1/change", "/settings/company",
    "/settings/brands", "/settings/staff", "/settings/people", "/settings/people/new", "/settings/people/1",
    "/settings/tokens", "/settings/audit", "/settings/about", "/me", "/design", "/api", "/search?q=so",
]  # fmt: skip
KB = 1_000


@pytest.fixture
def with_source(alice, house):
    api.create_source(house, Actor("command", 0, "tests"), "Onlineshop", kind="browser")
    return alice


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_in_both_languages_without_inline_script_or_style(with_source, path):
    for language, lang in (("en", "en"), ("de", "de")):
        answer = with_source.get(path, **{"Accept-Language": language})
        assert answer.status_code == 200
        assert f'<html lang="{lang}"' in answer.text
        assert not re.search(r"<[^>]+\s(style|on\w+)=", answer.text)
        assert not re.search(r"<script(?![^>]*\ssrc=)", answer.text)
        assert len(answer.content) < 100 * KB
        assert not re.search(r"""(src|href)="(?!/|#|data:)""", answer.text)


def test_script_stays_under_80_kb_before_charts(alice):
    page = alice.get("/design").text
    addresses = re.findall(r'<script[^>]*src="([^"]+)"', page)
    if not any("htmx" in one for one in addresses):
        pytest.skip("browser libraries are not installed (make setup)")
    version = addresses[0].split("/")[2]
    modules = [f"/static/{version}/web/js/{name}.js" for name in ("app", "charts", "palette", "tables")]
    total = sum(len(alice.get(one).content) for one in {*addresses, *modules})
    assert total < 80 * KB


def test_static_files_are_kept_for_ever_and_compressed(alice):
    address = re.search(r'href="(/static/[^"]+components.css)"', alice.get("/").text).group(1)
    for encoding in ("gzip", "zstd"):
        answer = alice.get(address, **{"Accept-Encoding": encoding})
        assert answer.headers["content-encoding"] == encoding
        assert "immutable" in answer.headers["cache-control"]
    plain = alice.get(address, **{"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert ".button" in plain.text
    assert alice.client.head(address).content == b""
    for wrong in (address.replace("components", "nothing"), re.sub(r"/static/\w+/", "/static/0/", address)):
        assert alice.get(wrong).status_code == 404
    assert alice.get(address.rpartition("/")[0] + "/../../manifest.py").status_code == 404


def test_an_unknown_page_says_so_in_the_readers_language(alice):
    answer = alice.get("/nowhere", **{"Accept-Language": "de-AT"})
    assert answer.status_code == 404
    assert "Hier ist nichts" in answer.text


@pytest.mark.usefixtures("house")
def test_a_bug_tells_nothing_of_the_inside(alice, monkeypatch, caplog):
    def break_it(*_given):
        raise ZeroDivisionError("secret inside")

    monkeypatch.setattr(api, "list_sources", break_it)
    monkeypatch.setattr(api, "sources_for", break_it)
    page, program = alice.get("/connect/sources"), alice.get("/api/sources")
    assert (page.status_code, program.status_code) == (500, 500)
    assert "secret inside" not in page.text + program.text
    assert program.json()["code"] == "internal"
    assert "secret inside" in caplog.text


def test_htmx_is_told_in_one_sentence(alice):
    answer = alice.get("/connect/sources/99", **{"HX-Request": "true"})
    assert (answer.status_code, answer.text) == (404, "There is no source 99.")


def test_htmx_without_a_log_in_is_sent_to_it(visitor):
    answer = visitor.get("/connect/sources", **{"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/login")


@pytest.mark.parametrize("kind", ["browser", "server"])
def test_the_key_of_a_new_source_is_shown_on_its_page(alice, house, kind):
    answer = alice.post(
        "/connect/sources/new", {"name": "Shop", "kind": kind, "brand_id": "1"}, page="/connect/sources/new"
    )
    assert answer.status_code == 303
    shown = alice.get(answer.headers["location"]).text
    key = re.search(r"sgk_\w+", shown).group()
    assert shown.count(key) >= 3  # on its own, and in the examples
    number = api.source_by_key(house, key).id
    alice.client.cookies.delete("sg_told", domain="inn.example", path=f"/connect/sources/{number}")
    assert (key in alice.get(f"/connect/sources/{number}").text) is (kind == "browser")
    rotated = alice.post(f"/connect/sources/{number}/rotate", {"grace_hours": "0"}, page="/")
    assert rotated.status_code == 303
    assert api.source_by_key(house, key) is None
    assert alice.post(f"/connect/sources/{number}/revoke", {}, page="/").status_code == 303
    told = alice.get(f"/connect/sources/{number}")
    assert "Its keys no longer work" in told.text
    assert "Its keys no longer work" not in alice.get(f"/connect/sources/{number}").text


def test_what_was_typed_stays_when_a_form_is_refused(alice):
    answer = alice.post(
        "/connect/sources/new",
        {"name": "Shop <b>", "kind": "mobile", "brand_id": "1", "allowed_origins": "shop.example", "rate_limit": "7"},
        page="/connect/sources/new",
    )
    assert answer.status_code == 422
    assert "Write an origin like https://shop.example, not “shop.example”." in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert 'value="Shop &lt;b&gt;"' in answer.text
    assert 'value="7"' in answer.text
    assert re.search(r'value="mobile" checked', answer.text)


def test_people_are_invited_changed_and_shut_out(alice, house):
    made = alice.post(
        "/settings/people/new",
        {"name": "Dora", "email": "dora@inn.test", "role": "analyst"},
        page="/settings/people/new",
    )
    assert made.status_code == 303
    assert "/setup?link=" in alice.get(made.headers["location"]).text
    dora = api.user_by_email(house, "dora@inn.test")
    assert alice.post(f"/settings/people/{dora.id}", {"name": "Dora", "role": "agent"}, page="/").status_code == 303
    assert alice.post(f"/settings/people/{dora.id}/able", {}, page="/").status_code == 303
    assert api.user(house, dora.id).disabled_at
    refused = alice.post("/settings/people/1", {"name": "Alice", "role": "viewer"}, page="/")
    assert refused.status_code == 409
    assert "last administrator" in refused.text


def test_tokens_are_made_and_revoked_on_their_page(alice, house):
    made = alice.post("/settings/tokens", {"name": "Sync", "role": "viewer"}, page="/settings/tokens")
    secret = re.search(r"sgt_\w+", alice.get(made.headers["location"]).text).group()
    assert alice.get("/api/me", Authorization=f"Bearer {secret}").json()["name"] == "Sync"
    number = api.list_tokens(house)[0].id
    assert alice.post(f"/settings/tokens/{number}/revoke", {}, page="/").status_code == 303
    assert alice.get("/api/me", Authorization=f"Bearer {secret}").status_code == 401


def test_company_brands_and_staff_rules_are_kept(alice, house):
    company = {"name": "Löwe", "zone": "Europe/Vienna", "first_weekday": "6", "currency": "CHF"}
    assert alice.post("/settings/company", company, page="/settings/company").status_code == 303
    assert (api.company(house).currency, api.company(house).first_weekday) == ("CHF", 6)
    wrong = alice.post("/settings/company", company | {"currency": "TALER"}, page="/settings/company")
    assert wrong.status_code == 422
    assert "three letters" in wrong.text
    assert alice.post("/settings/brands", {"name": "Catering"}, page="/settings/brands").status_code == 303
    assert alice.post("/settings/brands", {"name": "Bär", "number": "2"}, page="/settings/brands").status_code == 303
    assert [one.name for one in api.brands(house)] == ["Bär", "Standard"]
    rule = {"kind": "network", "value": "203.0.113.0/24"}
    assert alice.post("/settings/staff", rule, page="/settings/staff").status_code == 303
    assert "203.0.113.0/24" in alice.get("/settings/staff").text
    assert alice.post("/settings/staff/1/remove", {}, page="/settings/staff").status_code == 303
    assert api.list_staff_rules(house) == []


def test_the_brand_chosen_is_in_the_address_and_stays_chosen(with_source, house):
    by = Actor("command", 0, "tests")
    brand = api.create_brand(house, by, "Catering")
    api.create_source(house, by, "Buffet", brand=brand.id)
    chosen = with_source.get(f"/connect/sources?brand={brand.id}").text
    assert "Buffet" in chosen
    assert "Onlineshop" not in chosen
    kept = with_source.get("/connect/sources").text
    assert "Onlineshop" not in kept
    everything = with_source.get("/connect/sources?brand=0").text
    assert "Onlineshop" in everything
    assert "Buffet" in with_source.get("/connect/sources?brand=99").text  # an unknown brand filters nothing


def test_language_and_colours_are_kept_for_visitors_and_for_people(visitor):
    visitor.post("/preferences", {"language": "de", "theme": "dark", "next": "/login"})
    page = visitor.get("/login").text
    assert '<html lang="de" data-theme="dark"' in page
    visitor.log_in("bob@inn.test")
    visitor.post("/preferences", {"language": "de"}, page="/")
    visitor.post("/preferences", {"theme": "light"}, page="/")
    visitor.client.cookies.clear()
    assert '<html lang="de" data-theme="light"' in visitor.log_in("bob@inn.test").get("/").text


def test_ones_own_password_is_changed(visitor):
    visitor.log_in("bob@inn.test")
    form = {"what": "password", "old_password": "wrong", "password": "another calm evening"}
    assert visitor.post("/me", form, page="/me").status_code == 401
    form["old_password"] = "a calm evening at the inn"
    assert visitor.post("/me", form, page="/me").status_code == 303
    assert visitor.get("/me").status_code == 200


def test_the_search_finds_pages_in_the_readers_language(alice):
    assert "/settings/staff" in alice.get("/search?q=staff", **{"HX-Request": "true"}).text
    german = alice.get("/search?q=zugriffe", **{"HX-Request": "true", "Accept-Language": "de"}).text
    assert "/settings/staff" in german
    assert "<html" not in german
    assert "&lt;script&gt;" in alice.get("/search?q=<script>").text


def test_tables_page_sort_and_filter_by_the_address(alice):
    first = alice.get("/design?sort=-orders").text
    assert 'aria-sort="descending"' in first
    assert "1\u201325 of 40" in first
    assert "26\u201340 of 40" in alice.get("/design?sort=-orders&page=2").text
    assert "1\u20134 of 4" in alice.get("/design?q=anna").text
    assert alice.get("/design?sort=nonsense&page=-1&size=9999999999999").status_code == 200


def test_the_audit_page_tells_of_the_log_in(alice):
    page = alice.get("/settings/audit?action=user.").text
    assert "logged in" in page
    assert "hat sich angemeldet" in alice.get("/settings/audit", **{"Accept-Language": "de"}).text


def test_series_have_their_colour_everywhere():
    assert len(set(FIXED_SERIES.values())) == len(FIXED_SERIES)
    assert series_index("web") == 1
    assert series_index("loyal") == series_index("loyal")
    assert all(1 <= series_index(name) <= 8 for name in "abcdefghij")


def test_refusals_are_told_in_german_with_their_facts(alice):
    german = alice.get("/connect/sources/99", **{"HX-Request": "true", "Accept-Language": "de"})
    assert german.text == "Eine Quelle 99 gibt es nicht."
    assert issubclass(Invalid, StammgastError)


def test_hot_paths_never_meet_the_framework(tmp_path):
    import small_house
    from litestar.testing import TestClient

    from stammgast.kernel.runtime import AsgiMount, Manifest
    from stammgast.web.app import make_app

    async def hot(scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["path"].encode()})

    mount = AsgiMount(("/v1/",), ("/analytics.js",), lambda _runtime: hot, "anybody")
    house = small_house.open_house(tmp_path, Manifest("hot", tmp_path, mounts=(mount,)))
    with TestClient(make_app(house)) as client:
        assert client.get("/v1/track").text == "/v1/track"
        assert client.get("/analytics.js").text == "/analytics.js"
        assert "content-security-policy" not in client.get("/v1/t").headers
        assert client.get("/analytics.js/x").status_code == 404
    house.close()


def test_forms_carry_the_token_of_the_page(alice):
    page = alice.get("/settings/brands")
    tokens = set(re.findall(r'name="_csrf" value="(\w+)"', page.text))
    assert tokens == {csrf_in(page)}
