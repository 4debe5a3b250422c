import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stammgast.kernel.errors import NotFound
from stammgast.kernel.logging import LineFormatter, blotted


def line_of(message, *arguments, exc_info=None, as_text=False, **extra):
    record = logging.LogRecord("stammgast.test", logging.WARNING, __file__, 1, message, arguments, exc_info)
    vars(record).update(extra)
    return LineFormatter("web", as_text=as_text).format(record)


@pytest.mark.parametrize(
    "personal",
    ["anna@example.org", "203.0.113.77", "2001:db8:85a3::8a2e:370:7334", "+49 30 1234567", "sgk_0123456789abcdef"],
)
def test_personal_values_and_secrets_are_blotted_out_wherever_they_stand(personal):
    line = line_of("no profile for %s", personal, detail=f"seen {personal} twice")
    assert personal not in line
    assert line.count("[...]") == 2


def test_a_line_is_json_with_the_process_and_the_given_facts():
    line = json.loads(line_of("%s events", 3, backlog=7))
    assert line["message"] == "3 events"
    assert (line["process"], line["level"], line["backlog"]) == ("web", "warning", 7)
    assert line["time"].endswith("Z")


def test_an_exception_is_told_by_kind_and_place_but_not_by_its_message():
    try:
        int("anna's secret")
    except ValueError as problem:
        line = json.loads(line_of("failed", exc_info=(ValueError, problem, problem.__traceback__)))
    assert line["error"] == "ValueError"
    assert "test_logging.py" in line["where"]
    assert "anna" not in json.dumps(line)


def test_our_own_error_is_told_by_its_code():
    problem = NotFound(what="profile", name="anna")
    assert json.loads(line_of("failed", exc_info=(NotFound, problem, None)))["error"] == "not_found"


def test_a_password_in_an_address_is_blotted_out():
    assert "secret" not in blotted("can't reach postgresql://app:secret@db.internal/stammgast")


def test_on_a_terminal_a_line_is_text():
    assert line_of("stopping", as_text=True).endswith("web       warning: stopping")


@given(st.text())
def test_every_message_makes_exactly_one_line(text):
    assert len(line_of("%s", text).splitlines()) == 1
    assert len(line_of("%s", text, as_text=True).splitlines()) == 1


def test_loopback_is_nobodys_address():
    assert blotted("listening on 127.0.0.1:8400") == "listening on 127.0.0.1:8400"
