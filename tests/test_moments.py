"""Moments as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.errors import UsageError
from reportgen.moments import day_of, moment_text, parse_moment, parse_span, parse_when


@given(
    milliseconds=st.integers(0, 4_102_444_800_000),
    offset=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_a_moment_is_the_same_in_every_zone(milliseconds: int, offset: timezone) -> None:
    """Writing a moment in any zone and reading it back gives its milliseconds."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    assert parse_moment(moment.astimezone(offset).isoformat()) == milliseconds
    assert parse_moment(moment_text(milliseconds)) == milliseconds


def test_a_date_alone_is_the_start_of_that_day_in_utc() -> None:
    """Where a time is asked for, 2026-01-19 is its midnight."""
    assert parse_moment("2026-01-19") == parse_moment("2026-01-19T00:00Z")
    with pytest.raises(UsageError, match="is not a date"):
        parse_moment("2026-02-30")


@pytest.mark.parametrize("text", ["2200-01-01T00:00Z", "9999-12-31T23:59-12:00", "9999-12-31"])
def test_a_year_without_calendar_is_refused(text: str) -> None:
    """Nothing can be counted on from the last day that a date can hold; 2199 is far enough."""
    assert parse_moment("2199-12-31T23:59Z") > 0
    for read in (parse_moment, parse_when):
        with pytest.raises(UsageError, match="lies after 2199"):
            read(text)
    with pytest.raises(UsageError, match="lies after 2199"):
        parse_when("9999-12-31T23:59", "Asia/Tokyo")


@pytest.mark.parametrize(
    ("zone", "day"), [("UTC", "2026-11-12"), ("Asia/Tokyo", "2026-11-13"), ("America/New_York", "2026-11-12")]
)
def test_a_day_is_called_as_its_zone_calls_it(zone: str, day: str) -> None:
    """22:00 UTC on the 12th is 07:00 on the 13th in Tokyo, and the afternoon of the 12th in New York."""
    assert day_of(parse_moment("2026-11-12T22:00Z"), zone) == day


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-01-19T07:00", "no time zone"),
        ("yesterday", "not a date and time"),
        ("1768806000", "not a date and time"),
        ("20260119", "no time of day"),
        ("1969-12-31T23:59Z", "before 1970"),
        ("0001-01-01T00:00+14:00", "before 1970"),
        ("", "not a date and time"),
    ],
)
def test_an_unclear_moment_is_refused_with_an_example(text: str, said: str) -> None:
    """A moment without zone or time of day is an error that shows how to write it."""
    with pytest.raises(UsageError, match=said) as caught:
        parse_moment(text)
    assert "2026-01-19T07:00Z" in str(caught.value)


def test_spans_are_counted_in_milliseconds() -> None:
    """A day is 24 hours, an hour is 60 minutes, and a minute is 60 000 milliseconds."""
    assert parse_span("1d") == parse_span("24h") == parse_span("1440m") == 1440 * 60_000


@pytest.mark.parametrize("text", ["", "4", "h", "0h", "-1h", "1w", "4 h", "1.5h", "99999h"])
def test_what_is_no_span_is_refused_with_an_example(text: str) -> None:
    """A span without a number or a known unit is an error that shows how to write it."""
    with pytest.raises(UsageError, match="30m, 4h or 1d"):
        parse_span(text)
