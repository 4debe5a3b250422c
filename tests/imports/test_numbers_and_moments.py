"""Numbers and times in the forms that people and programs write."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from stammgast.imports.contracts import Value
from stammgast.imports.moments import example_of, read_moment
from stammgast.imports.numbers import read_number
from stammgast.imports.texts import Unusable, parse_time


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("1.234,50", ",", "1234.50"),
        ("12,5 €", ",", "12.5"),
        ("€ 12,5", ",", "12.5"),
        ("-15,00", ",", "-15.00"),
        ("15,00-", ",", "-15.00"),
        ("1.000", ",", "1000"),
        ("1.000", ".", "1.000"),
        ("(1,234.50)", ".", "-1234.50"),
        ("$1,234.5", ".", "1234.5"),
        ("-$4.99", ".", "-4.99"),
        ("CHF 1'250.\u2013", ".", "1250"),
        ("12,-", ",", "12"),
        ("1\u202f234,5\u00a0EUR", ",", "1234.5"),
        ("\u22123", ".", "-3"),
        ("1,00,000.50", ".", "100000.50"),
        ("4.9E+3", ".", "4900"),
        (".5", ".", "0.5"),
    ],
)
def test_a_number_is_read_as_it_is_meant(text, decimal, number):
    assert read_number(text, decimal) == Decimal(number)


@pytest.mark.parametrize(
    ("text", "decimal"),
    [("1.5", ","), ("1,5", "."), ("1.23,4", "."), ("", "."), ("1 2x", "."), ("€", "."), ("1e999", ".")],
)
def test_what_would_change_by_a_guess_is_no_number(text, decimal):
    assert read_number(text, decimal) is None


@pytest.mark.parametrize(
    ("text", "form", "moment"),
    [
        ("03.02.2026 14:05", "%d.%m.%Y %H:%M", "2026-02-03T14:05:00"),
        ("4.2.2026 9:05", "%d.%m.%Y %H:%M", "2026-02-04T09:05:00"),
        ("05.02.2026 24:00", "%d.%m.%Y %H:%M", "2026-02-06T00:00:00"),
        ("2/3/26 7:05 PM", "%m/%d/%y %I:%M %p", "2026-02-03T19:05:00"),
        ("12:00 AM", "%I:%M %p", None),
        ("3. März 2026", "%d. %B %Y", "2026-03-03T00:00:00"),
        ("Feb 3, 2026", "%b %d, %Y", "2026-02-03T00:00:00"),
        ("2026-05-01 10:00:00 +0200", "iso", "2026-05-01T10:00:00+02:00"),
        ("2026-05-01 10:00:00 UTC", "iso", "2026-05-01T10:00:00+00:00"),
        ("2026-05-01T10:00:00.123Z", "iso", "2026-05-01T10:00:00.123000+00:00"),
        ("01/02/2026 03:04:05 PDT", "%m/%d/%Y %H:%M:%S %Z", "2026-01-02T03:04:05-07:00"),
        ("01.02.2026 03:04:05 Europe/Berlin", "%d.%m.%Y %H:%M:%S %Z", "2026-02-01T03:04:05+01:00"),
        ("1767225600000000", "unix_us", "2026-01-01T00:00:00+00:00"),
        ("46056.5", "excel", "2026-02-03T12:00:00"),
    ],
)
def test_a_time_is_read_in_its_form(text, form, moment):
    if moment is None:
        with pytest.raises(ValueError, match=r"^$"):
            read_moment(text, form)
    else:
        assert read_moment(text, form).isoformat() == moment


def test_a_day_that_does_not_exist_is_told_as_such_and_a_form_by_an_example():
    with pytest.raises(Unusable, match=r"'29.02.2026' is a day or time that does not exist"):
        parse_time("29.02.2026", Value(column="day", format="%d.%m.%Y"))
    with pytest.raises(Unusable, match=r"'soon' is no time of the form 24.12.2026"):
        parse_time("soon", Value(column="day", format="%d.%m.%Y"))


@pytest.mark.parametrize("form", ["%d.%m.%Y %H:%M:%S", "%m/%d/%Y %I:%M %p", "iso", "%b %d, %Y", "%Y%m%d"])
def test_the_example_of_a_form_has_that_form(form):
    assert read_moment(example_of(form), form).date() == datetime(2026, 12, 24, tzinfo=UTC).date()
