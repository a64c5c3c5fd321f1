"""Days on which markets are shut, by rule: New York's exchanges, London's banks, and their weekends. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from reportgen.units import Milliseconds

NEW_YORK: Final = "America/New_York"
LONDON: Final = "Europe/London"
FRANKFURT: Final = "Europe/Berlin"
MONDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = 0, 3, 4, 5, 6

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_OPENS, _CLOSES, _CLOSES_EARLY = time(9, 30), time(16), time(13)
_JUNETEENTH_SINCE: Final = 2022


def moment(day: date, at: time, zone: str) -> Milliseconds:
    """Give a wall-clock time of a zone as UTC epoch milliseconds."""
    return int((datetime.combine(day, at, ZoneInfo(zone)) - _EPOCH).total_seconds() * 1000)


def day_in(at_ms: Milliseconds, zone: str) -> date:
    """Give the calendar day of a moment in a zone."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(ZoneInfo(zone)).date()


def easter(year: int) -> date:
    """Give Easter Sunday of the Gregorian calendar (the anonymous computus of Meeus, Astronomical Algorithms)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    weekday = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * weekday) // 451
    month, day = divmod(h + weekday - 7 * m + 114, 31)
    return date(year, month, day + 1)


def nth(year: int, month: int, weekday: int, count: int) -> date:
    """Find the count-th weekday of a month; -1 is the last."""
    if count > 0:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (count - 1))
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - weekday) % 7)


@lru_cache(maxsize=64)
def new_york_holidays(year: int) -> dict[date, str]:
    """List the days on which New York's exchanges stay shut, with their names."""
    found = {
        nth(year, 1, MONDAY, 3): "Martin Luther King Day",
        nth(year, 2, MONDAY, 3): "Presidents’ Day",
        easter(year) - timedelta(days=2): "Good Friday",
        nth(year, 5, MONDAY, -1): "Memorial Day",
        _observed(date(year, 7, 4)): "Independence Day",
        nth(year, 9, MONDAY, 1): "Labor Day",
        nth(year, 11, THURSDAY, 4): "Thanksgiving",
        _observed(date(year, 12, 25)): "Christmas",
    }
    new_year = date(year, 1, 1)
    if new_year.weekday() != SATURDAY:  # on a Saturday it is not made up for: the year's books close on that Friday
        found[_observed(new_year)] = "New Year’s Day"
    if year >= _JUNETEENTH_SINCE:
        found[_observed(date(year, 6, 19))] = "Juneteenth"
    return dict(sorted(found.items()))


@lru_cache(maxsize=64)
def new_york_half_days(year: int) -> dict[date, str]:
    """List the days on which New York's exchanges shut at 13:00."""
    eves = {date(year, 7, 3): "the eve of Independence Day", date(year, 12, 24): "Christmas Eve"}
    found = {nth(year, 11, THURSDAY, 4) + timedelta(days=1): "the day after Thanksgiving"} | {
        day: name for day, name in eves.items() if day.weekday() < FRIDAY and day not in new_york_holidays(year)
    }
    return dict(sorted(found.items()))


@lru_cache(maxsize=64)
def london_holidays(year: int) -> frozenset[date]:
    """List England's bank holidays; those on a weekend move to the next free weekday."""
    sunday = easter(year)
    found = {
        sunday - timedelta(days=2), sunday + timedelta(days=1), nth(year, 5, MONDAY, 1), nth(year, 5, MONDAY, -1),
        nth(year, 8, MONDAY, -1),
    }  # fmt: skip
    for day in (date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)):
        moved = day
        while moved.weekday() >= SATURDAY or moved in found:
            moved += timedelta(days=1)
        found.add(moved)
    return frozenset(found)


def business_day(day: date) -> bool:
    """Tell whether both London and New York work."""
    return session_day(day) and day not in london_holidays(day.year)


def session_day(day: date) -> bool:
    """Tell whether New York's exchanges, and the funds listed there, trade."""
    return day.weekday() < SATURDAY and day not in new_york_holidays(day.year)


def funds_shut_over_weekend(at_ms: Milliseconds) -> bool:
    """Tell whether US funds are shut at a moment, from the close before a weekend to the open after it."""
    day = day_in(at_ms, NEW_YORK)
    last = day
    while not session_day(last) or at_ms < moment(
        last, _CLOSES_EARLY if last in new_york_half_days(last.year) else _CLOSES, NEW_YORK
    ):
        last -= timedelta(days=1)
    following = last + timedelta(days=1)
    while not session_day(following):
        following += timedelta(days=1)
    if at_ms >= moment(following, _OPENS, NEW_YORK):
        return False
    between = (last + timedelta(days=ahead) for ahead in range(1, (following - last).days))
    return any(one.weekday() == SATURDAY for one in between)


def _observed(day: date) -> date:
    """Move a holiday from a Saturday to the Friday before, from a Sunday to the Monday after."""
    return day + timedelta(days={SATURDAY: -1, SUNDAY: 1}.get(day.weekday(), 0))
