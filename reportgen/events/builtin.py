"""The calendars that come with reportgen: which of them are in force, their events in a span, and where they end.

Stands between config.yaml's `calendars:` and the schedule. Pure: the table and the rules are all there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Final

from reportgen.events.calendar import (
    FRANKFURT,
    FRIDAY,
    LONDON,
    NEW_YORK,
    ScheduledEvent,
    Weight,
    business_day,
    day_in,
    moment,
    new_york_half_days,
    new_york_holidays,
    nth,
)
from reportgen.units import DAY_MS, Milliseconds

# ---- Events that follow from a rule alone: expiries at Deribit and CME, funding settlements, New York's holidays ----

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


# ---- Dates of central banks and US statistics, as their publishers listed them and others transcribed them ----


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One kind of release.

    Attributes:
        key: Its name in `calendars:`. name: as printed. publisher: who decides on the dates.
        source: Where the dates come from. retrieved: ISO date of reading them there, "" where not noted.
        at, zone: Wall-clock time of every release. days: ascending. tentative: days that their publisher calls so.
        weight: How much a release can override.
    """

    key: str
    name: str
    publisher: str
    source: str
    retrieved: str
    at: time
    zone: str
    days: tuple[date, ...]
    weight: Weight
    tentative: tuple[date, ...] = ()


def _days(year: int, *month_days: str) -> tuple[date, ...]:
    return tuple(date.fromisoformat(f"{year}-{one}") for one in month_days)


_FOMC_2026: Final = _days(2026, "01-28", "03-18", "04-29", "06-17", "07-29", "09-16", "10-28", "12-09")
_FOMC_2027: Final = _days(2027, "01-27", "03-17", "04-28", "06-09", "07-28", "09-15", "10-27", "12-08")

TABLE: Final = (
    Series(
        key="fomc",
        name="FOMC decision",
        publisher="Federal Reserve",
        source="federalreserve.gov/monetarypolicy/fomccalendars.htm, transcribed by a third party",
        retrieved="2026-08-13",
        at=time(14),
        zone=NEW_YORK,
        days=(*_FOMC_2026, *_FOMC_2027),
        weight="high",
        tentative=_FOMC_2027,
    ),
    Series(
        key="us_cpi",
        name="US CPI",
        publisher="Bureau of Labor Statistics",
        source="bls.gov/schedule/news_release/cpi.htm, transcribed by a third party",
        retrieved="",
        at=time(8, 30),
        zone=NEW_YORK,
        days=_days(2026, "08-12", "09-11", "10-14", "11-10", "12-10"),
        weight="high",
    ),
    Series(
        key="us_jobs",
        name="US employment situation",
        publisher="Bureau of Labor Statistics",
        source="bls.gov/schedule/news_release/empsit.htm, transcribed by a third party",
        retrieved="",
        at=time(8, 30),
        zone=NEW_YORK,
        days=_days(2026, "08-07", "09-04", "10-02", "11-06", "12-04"),
        weight="high",
    ),
    Series(
        key="ecb",
        name="ECB decision",
        publisher="European Central Bank",
        source="ecb.europa.eu/press/calendars/mgcgc/html/index.en.html, transcribed by a third party",
        retrieved="",
        at=time(14, 15),
        zone=FRANKFURT,
        days=(
            *_days(2026, "02-05", "03-19", "04-30", "06-11", "07-23", "09-10", "10-29", "12-17"),
            *_days(2027, "02-04", "03-18"),
        ),
        weight="medium",
    ),
)


MACRO: Final = tuple(series.key for series in TABLE)
DERIBIT: Final = ("deribit_daily", "deribit_weekly", "deribit_monthly", "deribit_quarterly")
NAMES: Final = ("macro", *MACRO, *DERIBIT, "cme_expiry", "us_holidays", "funding")
DEFAULT_NAMES: Final = ("macro", *DERIBIT[1:], "cme_expiry", "us_holidays")
"""Not every daily expiry and not every funding settlement: they would fill the first screen every day."""

RUNS_OUT_DAYS: Final = 30


def builtin_events(names: Iterable[str], first_ms: Milliseconds, last_ms: Milliseconds) -> tuple[ScheduledEvent, ...]:
    """Give the events of the built-in calendars that overlap a span.

    Args:
        names: Out of NAMES; `macro` stands for the four series of the table.
        first_ms: Start of the span, included. last_ms: its end, included.
        last_ms: End of the span, included.
    """
    chosen = frozenset(names)
    # A day of another zone may begin a UTC day earlier or later; what does not belong is dropped at the end.
    first, last = day_in(first_ms, "UTC") - timedelta(days=1), day_in(last_ms, "UTC") + timedelta(days=1)
    found = [event for series in _series(chosen) for event in _releases(series, first, last)]
    terms = frozenset(name.partition("_")[2] for name in DERIBIT if name in chosen)
    found += deribit_expiries(first, last, terms)
    found += cme_expiries(first, last) if "cme_expiry" in chosen else ()
    found += market_holidays(first, last) if "us_holidays" in chosen else ()
    found += funding_settlements(first, last) if "funding" in chosen else ()
    inside = (event for event in found if event.at_ms <= last_ms and event.last_ms >= first_ms)
    return tuple(sorted(inside, key=lambda event: event.at_ms))


def table_warnings(names: Iterable[str], as_of_ms: Milliseconds) -> tuple[str, ...]:
    """Say which series of the table end within 30 days of as-of, or have ended."""
    return tuple(_warnings(frozenset(names), as_of_ms))


def _warnings(chosen: frozenset[str], as_of_ms: Milliseconds) -> Iterator[str]:
    today = day_in(as_of_ms, "UTC")
    for series in _series(chosen):
        last, left = series.days[-1], (series.days[-1] - today).days
        known = f"The built-in table of {series.name} dates"
        advice = f"Look later ones up at the {series.publisher} and list them under “events:”"
        if as_of_ms > moment(last, series.at, series.zone):
            yield f"{known} ended on {last}: later ones are not known here. {advice}."
        elif left < RUNS_OUT_DAYS:
            yield f"{known} ends on {last}, {left} day{'' if left == 1 else 's'} from as-of. {advice}."
        if today < series.days[0]:
            yield f"{known} begins on {series.days[0]}: earlier ones are not known here."


def _series(chosen: frozenset[str]) -> tuple[Series, ...]:
    return tuple(series for series in TABLE if "macro" in chosen or series.key in chosen)


def _releases(series: Series, first: date, last: date) -> Iterator[ScheduledEvent]:
    for day in series.days:
        if first <= day <= last:
            yield ScheduledEvent(
                name=series.name,
                kind="macro",
                at_ms=moment(day, series.at, series.zone),
                source=series.source,
                weight=series.weight,
                status="tentative" if day in series.tentative else "confirmed",
                retrieved=series.retrieved,
            )
