"""A split as people see it: before, with both numbers and where each device goes; after, for a month, under the old number."""

import html
import re

import pytest

from stammgast.events.exporting import anchors_of
from stammgast.identity.graph.numbering import FIRST_FRESH
from stammgast.kernel import clock
from stammgast.profiles.operating import find_customers
from stammgast.web.app import make_app
from stammgast.whoiswho import curating
from stammgast.workspace import api as workspace
from stammgast.workspace.contracts import Actor
from tests.whoiswho.test_identity_pages import PASSWORD, Visitor, order

BY = Actor("command", 0, "tests")
DAY = 86_400_000
BROWSER, TABLET, ANNA = ("anonymous_id", "browser"), ("anonymous_id", "tablet"), ("user_id", "anna")


@pytest.fixture
def inn(workbench):
    """Anna came as a visitor with a browser of her own; her tablet she only ever used logged in."""
    workbench.take(
        {"type": "page", "anonymousId": "browser", "messageId": "p1"},
        {"type": "page", "anonymousId": "browser", "messageId": "p2"},
    )
    workbench.take(
        {"type": "identify", "anonymousId": "browser", "userId": "anna", "messageId": "i1", "traits": {"name": "Anna"}},
        {**order("anna", "o1", 20), "anonymousId": "tablet"},
        {**order("anna", "o2", 30), "anonymousId": "tablet"},
    )
    workspace.create_user(workbench.runtime, BY, email="agent@inn.test", name="Agent", role="agent", password=PASSWORD)
    return workbench


def plain(page):
    """Return a page's words."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def split(inn, *chosen):
    curating.split_profile(inn.runtime, BY, "user_id:anna", chosen)
    inn.work()


def test_the_preview_says_which_number_and_which_events_go_where_and_so_it_comes(inn):
    number = inn.profile("user_id:anna").profile
    foreseen = curating.foresee_split(inn.runtime, "user_id:anna", [BROWSER])
    assert {one.profile: one.was for one in foreseen.after} == {number: number, FIRST_FRESH: 0}
    told = {one.identifier: one for one in foreseen.goings}
    going = told[BROWSER]
    assert (going.was, going.to, going.events) == (number, FIRST_FRESH, 2)
    assert [(one.profile, one.identifier, one.events) for one in going.stays] == [(number, ANNA, 1)]
    assert (told[TABLET].was, told[TABLET].to, told[TABLET].events) == (number, number, 2)
    split(inn, BROWSER)
    assert [int(inn.profile(f"anonymous_id:{one}").profile) for one in ("browser", "tablet")] == [FIRST_FRESH, number]


def test_a_device_whose_events_all_carry_the_user_id_goes_nowhere_with_them(inn):
    number = inn.profile("user_id:anna").profile
    (going,) = [
        one for one in curating.foresee_split(inn.runtime, "user_id:anna", [TABLET]).goings if one.identifier == TABLET
    ]
    assert (going.was, going.to, going.events) == (number, 0, 0)
    assert [(one.profile, one.identifier, one.events) for one in going.stays] == [(number, ANNA, 2)]
    agent = Visitor(inn.runtime, "agent@inn.test")
    page = plain(agent.post(f"/customers/{number}/identity/split", chosen="anonymous_id:tablet").text)
    assert f"2 events that carry it stay with Anna number {number} : they also carry User id anna" in page
    assert "Where each identifier goes Anonymous id tablet Anna" in page
    assert "By itself it names nobody any more" in page
    split(inn, TABLET)
    inn.take({"type": "page", "anonymousId": "tablet", "messageId": "p3"})
    assert inn.profile("anonymous_id:tablet").profile not in (number, 0)
    assert inn.profile("user_id:anna").features["orders"]["count"] == 2


def test_for_thirty_days_the_old_number_says_that_somebody_was_split_off(inn, monkeypatch):
    number = inn.profile("user_id:anna").profile
    split(inn, BROWSER)
    told = inn.profile(f"profile:{number}")
    assert [(one.profile, one.name) for one in told.split_off] == [
        (FIRST_FRESH, inn.profile("profile:1000000001").name)
    ]
    assert [one.profile for one in inn.profile(f"profile:{FIRST_FRESH}").split_from] == [number]
    hits = find_customers(inn.runtime, str(number), 6, 0)
    assert [(str(detail), path) for _, detail, path in hits] == [
        (f"number {number}", f"/customers/{number}"),
        (f"split off from number {number} lately", f"/customers/{FIRST_FRESH}"),
    ]
    now = clock.now_millis()
    for days, is_told in ((29, True), (31, False)):
        monkeypatch.setattr(clock, "now_millis", lambda days=days: now + days * DAY)
        assert bool(inn.profile(f"profile:{number}").split_off) == is_told
        assert bool(inn.profile(f"profile:{FIRST_FRESH}").split_from) == is_told
        assert len(find_customers(inn.runtime, str(number), 6, 0)) == 1 + is_told


def test_numbers_merged_later_still_say_it_and_who_is_one_again_says_nothing(inn):
    number = inn.profile("user_id:anna").profile
    split(inn, BROWSER)
    inn.take({"type": "identify", "userId": "old", "messageId": "x1", "originalTimestamp": "2020-01-01T00:00:00Z"})
    curating.merge_profiles(inn.runtime, BY, "user_id:old", "user_id:anna")
    inn.work()
    merged = inn.profile(f"profile:{number}")
    assert merged.profile == inn.profile("user_id:old").profile != number
    assert [one.profile for one in merged.split_off] == [FIRST_FRESH]
    curating.merge_profiles(inn.runtime, BY, "user_id:anna", "anonymous_id:browser")
    inn.work()
    assert inn.profile(f"profile:{number}").split_off == ()


@pytest.mark.parametrize(
    ("language", "new", "kept", "notice", "back"),
    [
        ("en", "new", "number", "somebody was split off: Visitor", "this profile was split off from Anna, number"),
        ("de", "neu", "Nummer", "wurde jemand abgetrennt: Besucher", "wurde dieses Profil von Anna abgetrennt, Nummer"),
    ],
)
def test_pages_tell_both_numbers_before_and_where_to_after(inn, language, new, kept, notice, back):
    agent = Visitor(inn.runtime, "agent@inn.test", language)
    number = inn.profile("user_id:anna").profile
    page = plain(agent.post(f"/customers/{number}/identity/split", chosen="anonymous_id:browser").text)
    assert re.search(rf"Anna {kept} {number} ", page)
    assert re.search(rf"{new} {kept} {FIRST_FRESH}", page)
    agent.post(f"/customers/{number}/identity/split", chosen="anonymous_id:browser", do="split")
    inn.work()
    for path in (f"/customers/{number}", f"/customers/{number}/identity"):
        page = agent.page(path)
        assert notice in plain(page)
        assert f'href="/customers/{FIRST_FRESH}"' in page
    assert f"{back} {number}." in plain(agent.page(f"/customers/{FIRST_FRESH}"))
    hits = plain(agent.page(f"/search?q={number}"))
    assert f"{kept} {number}".lower() in hits.lower()


def test_the_api_tells_the_same(inn):
    from litestar.testing import TestClient

    number = inn.profile("user_id:anna").profile
    token = workspace.create_token(inn.runtime, BY, "agent", "agent")[1]
    with TestClient(make_app(inn.runtime), base_url="http://inn.example") as client:
        client.headers["Authorization"] = f"Bearer {token}"
        split(inn, BROWSER)
        told = client.get(f"/api/profiles/profile:{number}").json()
        assert [one["profileId"] for one in told["splitOff"]] == [FIRST_FRESH]
        assert told["splitOff"][0]["at"]
        told = client.get(f"/api/profiles/profile:{FIRST_FRESH}").json()
        assert [(one["profileId"], one["name"]) for one in told["splitFrom"]] == [(number, "Anna")]


def test_an_export_of_a_number_holds_the_events_of_whom_it_names(inn):
    number = inn.profile("user_id:anna").profile
    split(inn, BROWSER)
    for reference in (number, FIRST_FRESH):
        expected = sorted(inn.profile(f"profile:{reference}").anchors)
        assert [one for one in anchors_of(inn.runtime.history, str(reference)) if one < FIRST_FRESH] == expected
