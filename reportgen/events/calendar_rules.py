"""Events that follow from a rule alone: expiries at Deribit and CME, funding settlements, New York's holidays.

Stands below `calendar_builtin`. Each rule gives the events of a span of days; nothing is looked up anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta
from typing import Final

from reportgen.events.calendar import ScheduledEvent, Weight
from reportgen.events.calendar_days import (
    FRIDAY,
    LONDON,
    NEW_YORK,
    business_day,
    moment,
    new_york_half_days,
    new_york_holidays,
    nth,
)
from reportgen.units import DAY_MS

_QUARTER_ENDS: Final = (3, 6, 9, 12)
_DERIBIT: Final = "rule: Deribit expires at 08:00 UTC, weeklies on Friday, monthlies on the last Friday"
_CME: Final = "rule: CME, last Friday of the month at 16:00 London, earlier where London or New York is shut"
_FUNDING: Final = "rule: most venues settle funding at 00:00, 08:00 and 16:00 UTC"
_NEW_YORK_RULE: Final = "rule: NYSE holidays"
_DERIBIT_WEIGHTS: Final[dict[str, Weight]] = {
    "daily": "low", "weekly": "low", "monthly": "medium", "quarterly": "medium",
}  # fmt: skip


def days(first: date, last: date) -> Iterator[date]:
    """List the days of a span, both ends included."""
    return (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))


def deribit_terms(day: date) -> tuple[str, ...]:
    """List the terms that expire on a day, the shortest first: daily, weekly, monthly, quarterly."""
    last_friday = nth(day.year, day.month, FRIDAY, -1)
    applies = {
        "daily": True,
        "weekly": day.weekday() == FRIDAY,
        "monthly": day == last_friday,
        "quarterly": day == last_friday and day.month in _QUARTER_ENDS,
    }
    return tuple(term for term, so in applies.items() if so)


def deribit_expiries(first: date, last: date, terms: frozenset[str]) -> Iterator[ScheduledEvent]:
    """Give Deribit's option expiries: one a day at most, named by the longest term that expires."""
    for day in days(first, last):
        expiring = deribit_terms(day)
        if terms.intersection(expiring):
            yield ScheduledEvent(
                name=f"Deribit {expiring[-1]} options expiry",
                kind="expiry",
                at_ms=moment(day, time(8), "UTC"),
                source=_DERIBIT,
                weight=_DERIBIT_WEIGHTS[expiring[-1]],
            )


def cme_expiry_day(year: int, month: int) -> date:
    """Find the last trading day of CME's bitcoin and ether futures of a month."""
    day = nth(year, month, FRIDAY, -1)
    while not business_day(day):
        day -= timedelta(days=1)
    return day


def cme_expiries(first: date, last: date) -> Iterator[ScheduledEvent]:
    """Give the expiries of CME's monthly bitcoin and ether futures."""
    for day in days(first, last):
        if day == cme_expiry_day(day.year, day.month):
            yield ScheduledEvent(
                name="CME bitcoin and ether futures expiry",
                kind="expiry",
                at_ms=moment(day, time(16), LONDON),
                source=_CME,
                weight="low",
                symbols=("BTC", "ETH"),
            )


def funding_settlements(first: date, last: date) -> Iterator[ScheduledEvent]:
    """Give the three settlements a day."""
    for day in days(first, last):
        for hour in (0, 8, 16):
            yield ScheduledEvent(
                name=f"Funding settlement {hour:02}:00 UTC",
                kind="funding",
                at_ms=moment(day, time(hour), "UTC"),
                source=_FUNDING,
                weight="low",
            )


def market_holidays(first: date, last: date) -> Iterator[ScheduledEvent]:
    """Give the days on which New York's exchanges stay shut or close early; US funds do the same."""
    for day in days(first, last):
        whole, half = new_york_holidays(day.year).get(day), new_york_half_days(day.year).get(day)
        if whole or half:
            start = moment(day, time(0), NEW_YORK)
            yield ScheduledEvent(
                name=f"US markets shut: {whole}" if whole else f"US markets close at 13:00 New York: {half}",
                kind="holiday",
                at_ms=start if whole else moment(day, time(13), NEW_YORK),
                ends_ms=start + DAY_MS if whole else None,
                source=_NEW_YORK_RULE,
                weight="low",
            )
