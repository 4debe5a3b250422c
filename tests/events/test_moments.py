"""Clock correction, worked by hand."""

import pytest

from stammgast.events.moments import correct_clock, keep_clock, read_moment

RECEIVED = 1_700_000_000_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@pytest.mark.parametrize(
    ("stamp", "millis"),
    [
        ("2023-11-14T22:13:20Z", RECEIVED),
        ("2023-11-14T22:13:20+00:00", RECEIVED),
        ("2023-11-14T22:13:20", RECEIVED),
        ("2023-11-14 23:13:20.5+01:00", RECEIVED + 500),
        (" 2023-11-14T22:13:20.123456Z ", RECEIVED + 123),
        ("2023-11-14", 1_699_920_000_000),
        (1_700_000_000, RECEIVED),
        (1_700_000_000_000, RECEIVED),
        ("1969-12-31T23:59:59.999Z", -1),
    ],
)
def test_timestamps_of_all_sdks_are_read(stamp, millis):
    assert read_moment(stamp) == millis


@pytest.mark.parametrize("stamp", ["", "soon", "2023-13-01", "Tue Nov 14 2023", "1899-12-31", 10**18, "2300-01-01"])
def test_what_is_no_time_we_could_keep_is_refused(stamp):
    with pytest.raises(ValueError):  # noqa: PT011 - the stamp alone says why
        read_moment(stamp)


def test_a_clock_that_is_a_day_late_is_put_right():
    happened = RECEIVED - DAY - 5_000
    assert correct_clock(happened, RECEIVED - DAY, RECEIVED) == (RECEIVED - 5_000, ())


def test_a_clock_that_is_years_ahead_is_put_right():
    ahead = 3650 * DAY
    assert correct_clock(RECEIVED + ahead - HOUR, RECEIVED + ahead, RECEIVED) == (RECEIVED - HOUR, ())


def test_a_sent_time_long_before_the_event_is_not_believed():
    said = RECEIVED - HOUR
    assert correct_clock(said, said - MINUTE, RECEIVED) == (RECEIVED + MINUTE, ())
    assert correct_clock(said, said - MINUTE - 1, RECEIVED) == (said, ("clock_uncorrected",))


def test_a_correction_into_the_last_century_is_not_believed():
    assert correct_clock(RECEIVED - 9000 * DAY, RECEIVED, RECEIVED) == (
        RECEIVED,
        ("clock_uncorrected", "clock_clamped"),
    )


def test_without_a_sent_time_the_event_is_believed():
    assert correct_clock(RECEIVED - HOUR, None, RECEIVED) == (RECEIVED - HOUR, ())
    assert correct_clock(None, RECEIVED, RECEIVED) == (RECEIVED, ())


def test_more_than_a_day_ahead_is_clamped_to_when_it_came():
    assert correct_clock(RECEIVED + DAY, None, RECEIVED) == (RECEIVED + DAY, ())
    assert correct_clock(RECEIVED + DAY + 1, None, RECEIVED) == (RECEIVED, ("clock_clamped",))
    assert keep_clock(RECEIVED + DAY + 1, RECEIVED) == (RECEIVED, ("clock_clamped",))


def test_history_from_before_2000_is_kept_only_in_an_import():
    assert keep_clock(-DAY, RECEIVED) == (-DAY, ())
    assert correct_clock(-DAY, None, RECEIVED) == (RECEIVED, ("clock_clamped",))


@pytest.mark.parametrize(
    ("stamp", "same"),
    [
        ("2026-11-24t14:35:00z", "2026-11-24T14:35:00Z"),
        ("2026-11-24t14:35:00.250+01:00", "2026-11-24T13:35:00.250Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ("2016-12-31t23:59:60.5z", "2017-01-01T00:00:00.500Z"),
        ("2017-01-01T00:59:60+01:00", "2017-01-01T00:00:00Z"),
    ],
)
def test_times_are_read_as_rfc_3339_allows_them(stamp, same):
    # RFC 3339, section 5.6: "T" and "Z" may be lower case; section 5.7: a leap second is written :60.
    assert read_moment(stamp) == read_moment(same)


@pytest.mark.parametrize("stamp", ["2016-12-31T23:60:00Z", "2016-12-31T23:59:61Z", "::60", "2026-13-01t00:00:00z"])
def test_what_is_no_time_is_still_none(stamp):
    with pytest.raises(ValueError, match=r"\S"):
        read_moment(stamp)
