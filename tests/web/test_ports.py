"""The ports that manifests fill: each by a throw-away manifest, through the code that others use."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
import small_house
from litestar import get, post
from litestar.params import FromPath
from small_house import Visitor

from stammgast.kernel.errors import Invalid
from stammgast.kernel.ports.asking import ask_figure, standing_of
from stammgast.kernel.ports.figures import (
    Direction,
    FigureAnswer,
    FigureNotFound,
    FigureQuery,
    FigureValue,
    Unit,
)
from stammgast.kernel.ports.standing import NOTHING_FOUND, NOTHING_KNOWN, Against
from stammgast.kernel.runtime import Figure, Manifest, StandingCheck
from stammgast.web.app import make_app
from stammgast.web.guards import anybody, person_or_none
from stammgast.web.shell import AnyRequest
from stammgast.workspace import api

HERE = Path(__file__).parent
DAY = 86_400_000


def throw_away(**brought):
    return Manifest(name="throw_away", folder=HERE, **brought)


@pytest.fixture
def house_with(tmp_path):
    opened = []

    def open_with(**brought):
        opened.append(small_house.open_house(tmp_path / str(len(opened)), throw_away(**brought)))
        return opened[-1]

    yield open_with
    for one in opened:
        one.close()


# --- Figures ---


def nights(_runtime, query):
    """Nights by channel: 12 on the web, nobody by phone."""
    rows = [FigureValue(key="web", value=12.0, n=12, interval=(9.0, 15.0)), FigureValue(key="phone", value=None, n=0)]
    wanted = dict(query.filters).get("channel")
    found = [one for one in rows if wanted in (None, one.key)]
    return FigureAnswer(version=3, rows=tuple(found if query.breakdown else (FigureValue(value=12.0, n=12),)))


async def nights_soon(runtime, query):
    await anyio.lowlevel.checkpoint()
    return nights(runtime, query)


def ask(runtime, name, query):
    """Ask as web does, in a loop: on a thread of its own, since a browser may hold this one's."""
    with ThreadPoolExecutor(1) as one:
        return one.submit(anyio.run, ask_figure, runtime, name, query).result()


def figure(answer=nights, name="inn.nights"):
    return Figure(
        name, "Nights", "Nights slept", Unit.COUNT, Direction.MORE, 3, answer, dimensions={"channel": "Channel"}
    )


@pytest.mark.parametrize("answer", [nights, nights_soon])
def test_a_figure_of_a_manifest_answers_by_its_name(house_with, answer):
    runtime = house_with(figures=(figure(answer),))
    query = FigureQuery(start=0, end=DAY, zone="Europe/Berlin", breakdown="channel")
    told = ask(runtime, "inn.nights", query)
    assert (told.version, [(one.key, one.value, one.n, one.interval) for one in told.rows]) == (
        3,
        [("web", 12.0, 12, (9.0, 15.0)), ("phone", None, 0, None)],
    )


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"end": 0}, "end"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"zone": "../etc/passwd"}, "zone"),
        ({"filters": (("brand", "1"),)}, "filters"),
        ({"breakdown": "mood"}, "breakdown"),
    ],
)
def test_a_question_that_a_figure_cannot_answer_is_refused_by_its_field(house_with, asked, field):
    runtime = house_with(figures=(figure(),))
    with pytest.raises(Invalid) as refused:
        ask(runtime, "inn.nights", FigureQuery(**{"start": 0, "end": DAY} | asked))
    assert refused.value.facts["field"] == field


def test_a_figure_that_nobody_brings_is_not_found(house_with):
    with pytest.raises(FigureNotFound, match=r"no figure inn\.nights"):
        ask(house_with(), "inn.nights", FigureQuery(start=0, end=DAY))


def test_two_figures_of_one_name_are_a_mistake(house_with):
    with pytest.raises(AssertionError, match="one name"):
        ask(house_with(figures=(figure(), figure())), "inn.nights", FigureQuery(start=0, end=DAY))


# --- Standing ---


def test_nothing_stands_against_anybody_when_no_module_knows_of_complaints(house_with):
    told = standing_of(house_with(), 7)
    assert (told.is_clear, told.asked, told.reason) == (True, (), NOTHING_KNOWN)


def test_an_open_complaint_stands_against_its_customer_and_nobody_else(house_with):
    def complaints(_runtime, profile):
        return [Against(kind="open_complaint", reason="Cold soup", since=DAY)] if profile == 7 else []

    runtime = house_with(standing=(StandingCheck("cases", complaints),))
    against, clear = standing_of(runtime, 7), standing_of(runtime, 8)
    assert (against.is_clear, against.reason, against.against[0].kind) == (False, "Cold soup", "open_complaint")
    assert (clear.is_clear, clear.asked, clear.reason) == (True, ("cases",), NOTHING_FOUND)


def test_who_cannot_tell_says_no(house_with):
    def broken(_runtime, _profile):
        raise ZeroDivisionError

    told = standing_of(house_with(standing=(StandingCheck("cases", broken),)), 7)
    assert (told.is_clear, told.against[0].kind) == (False, "unknown")


# --- Embeds ---


@get("/survey", guards=[anybody()], sync_to_thread=False)
def show_survey(request: AnyRequest, write_key: FromPath[str]) -> str:
    return f"{write_key.partition('_')[0]} {person_or_none(request)} {dict(request.cookies)}"


@post("/survey", guards=[anybody()], sync_to_thread=False, status_code=200)
def answer_survey() -> str:
    return "thanks"


@pytest.fixture
def embedding(house_with):
    runtime = house_with(embeds=(show_survey, answer_survey))
    small_house.furnish(runtime)
    visitor = Visitor(make_app(runtime))
    with visitor.client:
        visitor.enter(runtime, small_house.EMAIL)
        yield runtime, visitor


def source_with(runtime, *sites, name="Frames"):
    return api.create_source(runtime, small_house.BY, name, kind="browser", allowed_origins=list(sites))


def ancestors_of(answer):
    policies = answer.headers.get_list("content-security-policy")
    assert len(policies) == 1
    return policies[0].partition("frame-ancestors ")[2].partition(";")[0]


def test_only_the_sites_of_its_source_may_frame_an_embedded_page(embedding):
    runtime, visitor = embedding
    made = source_with(runtime, "https://shop.example", "https://inn.example:8443")
    answer = visitor.get(f"/embed/{made.write_key}/survey")
    assert answer.status_code == 200
    assert ancestors_of(answer) == "https://inn.example:8443 https://shop.example"
    assert "x-frame-options" not in answer.headers


def test_nobody_is_logged_in_on_an_embedded_page_and_no_cookie_leaves_it(embedding):
    runtime, visitor = embedding
    made = source_with(runtime, "https://shop.example")
    token = api.create_token(runtime, small_house.BY, "t", "analyst")[1]
    answer = visitor.get(f"/embed/{made.write_key}/survey", Authorization=f"Bearer {token}")
    assert answer.text == "sgk None {}"
    assert "set-cookie" not in answer.headers
    sent = visitor.client.post(f"/embed/{made.write_key}/survey", data={"answer": "9"})
    assert (sent.status_code, sent.text) == (200, "thanks")


def test_a_source_that_names_no_site_is_framed_by_nobody(embedding):
    runtime, visitor = embedding
    answer = visitor.get(f"/embed/{source_with(runtime).write_key}/survey")
    assert (answer.status_code, ancestors_of(answer), answer.headers["x-frame-options"]) == (200, "'none'", "DENY")


@pytest.mark.parametrize("path", ["/embed/sgk_unknown/survey", "/embed/x/nowhere", "/embed/", "/embed//survey"])
def test_a_key_that_opens_nothing_shows_nothing(embedding, path):
    _runtime, visitor = embedding
    answer = visitor.get(path)
    assert (answer.status_code, ancestors_of(answer)) == (404, "'none'")
    assert "set-cookie" not in answer.headers


def test_a_key_that_was_taken_back_shows_nothing(embedding):
    runtime, visitor = embedding
    made = source_with(runtime, "https://shop.example")
    api.revoke_source(runtime, small_house.BY, made.source.id)
    assert visitor.get(f"/embed/{made.write_key}/survey").status_code == 404
