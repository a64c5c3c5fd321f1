"""Days on which markets are shut, and the events that follow from a rule."""

from __future__ import annotations

from datetime import date, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.events.builtin import (
    DEFAULT_NAMES,
    TABLE,
    BuiltinCalendar,
    builtin_events,
    cme_expiry_day,
    deribit_terms,
    table_warnings,
    unknown_series,
)
from reportgen.events.sessions import (
    business_day,
    easter,
    funds_shut_over_weekend,
    london_holidays,
    new_york_half_days,
    new_york_holidays,
    session_day,
)
from reportgen.moments import moment_text, parse_moment
from reportgen.units import DAY_MS, HOUR_MS

CLOSED = {
    2026: "01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25",
    2027: "01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24",
}
"""NYSE closures as exchange_calendars 4.13.2 lists them."""


@pytest.mark.parametrize("year", CLOSED)
def test_the_holiday_rules_give_the_published_closures(year: int) -> None:
    """New York's closures by rule are those that another library lists."""
    assert [f"{day:%m-%d}" for day in new_york_holidays(year)] == CLOSED[year].split()


def test_early_closes_of_2026() -> None:
    """The day after Thanksgiving and Christmas Eve end early; the third of July is shut altogether that year."""
    assert [str(day) for day in new_york_half_days(2026)] == ["2026-11-27", "2026-12-24"]


def test_a_new_year_on_a_saturday_is_not_made_up_for() -> None:
    """The exchange works on the last day of 2027 although the first of 2028 is a Saturday."""
    assert session_day(date(2027, 12, 31))


@pytest.mark.parametrize(("year", "sunday"), [(2024, "2024-03-31"), (2026, "2026-04-05"), (2027, "2027-03-28")])
def test_easter(year: int, sunday: str) -> None:
    """Easter falls where almanacs put it."""
    assert str(easter(year)) == sunday


def test_london_moves_christmas_to_weekdays() -> None:
    """Both Christmas holidays of 2027 fall on a weekend and are made up for on Monday and Tuesday."""
    assert {date(2027, 12, 27), date(2027, 12, 28)} <= london_holidays(2027)


@pytest.mark.parametrize(
    ("month", "day"),
    [((2026, 11), "2026-11-27"), ((2026, 12), "2026-12-24"), ((2027, 3), "2027-03-25"), ((2027, 5), "2027-05-28")],
)
def test_cme_expires_on_the_last_friday_on_which_both_cities_work(month: tuple[int, int], day: str) -> None:
    """A last Friday that is Christmas or Good Friday moves the expiry to the business day before."""
    assert str(cme_expiry_day(*month)) == day
    assert business_day(cme_expiry_day(*month))


@given(st.dates(date(2024, 1, 1), date(2035, 12, 31)))
def test_longer_terms_expire_on_days_of_the_shorter(day: date) -> None:
    """Quarterlies expire on a monthly day, monthlies on a weekly one, which is a Friday in the month's last week."""
    order = ("daily", "weekly", "monthly", "quarterly")
    terms = deribit_terms(day)
    assert terms == order[: len(terms)]
    assert ("weekly" in terms) == (day.weekday() == 4)
    assert ("monthly" in terms) == (day.weekday() == 4 and (day + timedelta(days=7)).month != day.month)


def test_december_has_its_expiries_where_venues_put_them() -> None:
    """Deribit's quarterly of December 2026 is on Christmas Day at 08:00 UTC, CME's the day before at 16:00 London."""
    found = builtin_events(DEFAULT_NAMES, parse_moment("2026-12-21T00:00Z"), parse_moment("2026-12-26T00:00Z"))
    when = {event.name: moment_text(event.at_ms) for event in found}
    assert when["Deribit quarterly options expiry"] == "2026-12-25T08:00Z"
    assert when["CME bitcoin and ether futures expiry"] == "2026-12-24T16:00Z"
    assert "US markets shut: Christmas" in when


def test_releases_follow_the_wall_clock_of_their_city() -> None:
    """A CPI of August is at 12:30 UTC and one of December at 13:30, both 08:30 in New York."""
    found = builtin_events(("us_cpi",), parse_moment("2026-08-01T00:00Z"), parse_moment("2026-12-31T00:00Z"))
    assert [moment_text(event.at_ms)[11:] for event in (found[0], found[-1])] == ["12:30Z", "13:30Z"]


def test_nothing_daily_stands_on_the_first_screen_by_default() -> None:
    """By default no day has an expiry or a settlement that every day has; asked for, they come."""
    start = parse_moment("2026-11-16T00:00Z")  # a Monday to a Thursday without a holiday
    span = (start, start + 3 * DAY_MS)
    assert builtin_events(DEFAULT_NAMES, *span) == ()
    assert len(builtin_events(("deribit_daily",), *span)) == 3
    assert len(builtin_events(("funding",), *span)) == 10


def test_a_day_has_one_deribit_expiry_whatever_is_asked_for() -> None:
    """Daily, weekly, monthly and quarterly of one Friday are one event, named by the longest."""
    start = parse_moment("2026-12-25T00:00Z")
    (event,) = builtin_events(
        [name for name in get_args(BuiltinCalendar) if name.startswith("deribit")], start, start + 12 * HOUR_MS
    )
    assert "quarterly" in event.name


def test_every_row_of_the_table_is_dated_and_sourced() -> None:
    """Each series has a publisher, a source, weekdays in order, and names only days of its own as tentative."""
    for series in TABLE:
        assert series.source
        assert series.publisher
        assert list(series.days) == sorted(set(series.days))
        assert all(day.weekday() < 5 for day in series.days)
        assert set(series.tentative) <= set(series.days)


def test_the_page_is_warned_30_days_before_a_series_ends() -> None:
    """Thirty days before its last date a series is quiet, 29 days before it warns, after it says that it ended."""
    last = parse_moment("2026-12-10T13:30Z")
    quiet, soon, over = (tuple(table_warnings(("us_cpi",), last + days * DAY_MS)) for days in (-30, -29, 1))
    assert quiet == ()
    assert "29 days from as-of" in soon[0]
    assert "ended on 2026-12-10" in over[0]
    assert not list(table_warnings((), last))


@pytest.mark.parametrize(
    ("moment", "shut"),
    [
        ("2026-11-20T20:59Z", False),  # Friday, a minute before the close in New York
        ("2026-11-20T21:00Z", True),
        ("2026-11-22T12:00Z", True),
        ("2026-11-23T14:30Z", False),  # Monday's open
        ("2026-11-26T15:00Z", False),  # Thanksgiving, a Thursday: shut, and no weekend
        ("2026-11-27T18:00Z", True),  # the early close before a weekend
        ("2026-09-07T15:00Z", True),  # Labor Day prolongs its weekend
    ],
)
def test_the_weekend_of_us_funds(moment: str, shut: bool) -> None:  # noqa: FBT001 - a case of the table
    """Funds are shut from the close before a weekend, early ones too, to the open after it."""
    assert funds_shut_over_weekend(parse_moment(moment)) == shut


US = ("US CPI", "US employment situation")
ECB = "ECB decision"


@pytest.mark.parametrize(
    ("first", "last", "unknown"),
    [
        ("2023-12-31T00:00Z", "2024-01-02T00:00Z", {"FOMC decision", *US, ECB}),
        ("2024-01-01T05:00Z", "2024-01-02T05:00Z", set()),
        ("2026-01-13T07:00Z", "2026-01-14T07:00Z", set()),
        ("2026-12-30T07:00Z", "2026-12-31T07:00Z", set()),
        ("2026-12-31T07:00Z", "2027-01-01T07:00Z", set(US)),
        ("2027-03-18T07:00Z", "2027-03-19T07:00Z", {*US, ECB}),
        ("2028-01-01T07:00Z", "2028-01-02T07:00Z", {"FOMC decision", *US, ECB}),
    ],
)  # fmt: skip
def test_a_series_that_does_not_cover_the_horizon_is_unknown(first: str, last: str, unknown: set[str]) -> None:
    """Before the first year and after the last day that its publisher listed, a series is named, not taken as none."""
    found = unknown_series(("macro",), parse_moment(first), parse_moment(last))
    assert {one.name for one in found} == unknown
    assert all(one.name in one.reason and "not known here" in one.reason for one in found)
    assert unknown_series((), parse_moment(first), parse_moment(last)) == ()


def test_a_release_of_the_past_is_in_the_table() -> None:
    """US CPI of 13 January 2026, 08:30 New York, and the one that a lapse in funding moved to 24 October 2025."""
    for day in ("2026-01-13T13:30Z", "2025-10-24T12:30Z"):
        at = parse_moment(day)
        assert [event.name for event in builtin_events(("us_cpi",), at, at)] == ["US CPI"]
    assert builtin_events(("us_cpi",), parse_moment("2025-11-01T00:00Z"), parse_moment("2025-12-18T13:29Z")) == ()
