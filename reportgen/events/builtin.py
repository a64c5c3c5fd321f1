"""The calendars that come with reportgen: which of them are in force, their events in a span, and where they end.

Stands between config.yaml's `calendars:` and the schedule. Pure: the table and the rules are all there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Final, Literal, TypeAlias

from reportgen.events.calendar import ScheduledEvent, Weight
from reportgen.events.sessions import (
    FRANKFURT,
    FRIDAY,
    LONDON,
    NEW_YORK,
    business_day,
    day_in,
    moment,
    new_york_half_days,
    new_york_holidays,
    nth,
)
from reportgen.units import DAY_MS, Milliseconds

BuiltinCalendar: TypeAlias = Literal[
    "macro", "fomc", "us_cpi", "us_jobs", "ecb", "deribit_daily", "deribit_weekly", "deribit_monthly",
    "deribit_quarterly", "cme_expiry", "us_holidays", "funding",
]  # fmt: skip
"""A name in `calendars:`; `macro` stands for the four series of the table."""

DEFAULT_NAMES: Final[tuple[BuiltinCalendar, ...]] = (
    "macro", "deribit_weekly", "deribit_monthly", "deribit_quarterly", "cme_expiry", "us_holidays",
)  # fmt: skip
"""Not every daily expiry and not every funding settlement: they would fill the first screen every day."""

RUNS_OUT_DAYS: Final = 30

_QUARTER_ENDS: Final = (3, 6, 9, 12)


def deribit_terms(day: date) -> tuple[str, ...]:
    """List the terms that expire on a day, the shortest first: daily, weekly, monthly, quarterly."""
    last_friday = day == nth(day.year, day.month, FRIDAY, -1)
    applies = {
        "daily": True,
        "weekly": day.weekday() == FRIDAY,
        "monthly": last_friday,
        "quarterly": last_friday and day.month in _QUARTER_ENDS,
    }
    return tuple(term for term, so in applies.items() if so)


def cme_expiry_day(year: int, month: int) -> date:
    """Find the last trading day of CME's bitcoin and ether futures of a month."""
    day = nth(year, month, FRIDAY, -1)
    while not business_day(day):
        day -= timedelta(days=1)
    return day


def _by_rule(day: date, chosen: frozenset[str]) -> Iterator[ScheduledEvent]:
    """Give the events of a day that follow from a rule alone."""
    expiring = deribit_terms(day)
    if not chosen.isdisjoint(f"deribit_{term}" for term in expiring):
        yield ScheduledEvent(
            name=f"Deribit {expiring[-1]} options expiry",
            kind="expiry",
            at_ms=moment(day, time(8), "UTC"),
            source="rule: Deribit expires at 08:00 UTC, weeklies on Friday, monthlies on the last Friday",
            weight="low" if expiring[-1] in {"daily", "weekly"} else "medium",
        )
    if "cme_expiry" in chosen and day == cme_expiry_day(day.year, day.month):
        yield ScheduledEvent(
            name="CME bitcoin and ether futures expiry",
            kind="expiry",
            at_ms=moment(day, time(16), LONDON),
            source="rule: CME, last Friday of the month at 16:00 London, earlier where London or New York is shut",
            weight="low",
            symbols=("BTC", "ETH"),
        )
    whole, half = new_york_holidays(day.year).get(day), new_york_half_days(day.year).get(day)
    if "us_holidays" in chosen and (whole or half):
        start = moment(day, time(0), NEW_YORK)
        yield ScheduledEvent(
            name=f"US markets shut: {whole}" if whole else f"US markets close at 13:00 New York: {half}",
            kind="holiday",
            at_ms=start if whole else moment(day, time(13), NEW_YORK),
            ends_ms=start + DAY_MS if whole else None,
            source="rule: NYSE holidays",
            weight="low",
        )
    for hour in (0, 8, 16) if "funding" in chosen else ():
        yield ScheduledEvent(
            name=f"Funding settlement {hour:02}:00 UTC",
            kind="funding",
            at_ms=moment(day, time(hour), "UTC"),
            source="rule: most venues settle funding at 00:00, 08:00 and 16:00 UTC",
            weight="low",
        )


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


def builtin_events(names: Iterable[str], first_ms: Milliseconds, last_ms: Milliseconds) -> tuple[ScheduledEvent, ...]:
    """Give the events of the built-in calendars that overlap a span.

    Args:
        names: Out of BuiltinCalendar.
        first_ms: Start of the span, included.
        last_ms: End of the span, included.
    """
    chosen = frozenset(names)
    # A day of another zone may begin a UTC day earlier or later; what does not belong is dropped at the end.
    first, last = day_in(first_ms, "UTC") - timedelta(days=1), day_in(last_ms, "UTC") + timedelta(days=1)
    found = [
        ScheduledEvent(
            name=series.name,
            kind="macro",
            at_ms=moment(day, series.at, series.zone),
            source=series.source,
            weight=series.weight,
            status="tentative" if day in series.tentative else "confirmed",
            retrieved=series.retrieved,
        )
        for series in _series(chosen)
        for day in series.days
        if first <= day <= last
    ]
    for ahead in range((last - first).days + 1):
        found += _by_rule(first + timedelta(days=ahead), chosen)
    inside = (event for event in found if event.at_ms <= last_ms and event.last_ms >= first_ms)
    return tuple(sorted(inside, key=lambda event: event.at_ms))


def table_warnings(names: Iterable[str], as_of_ms: Milliseconds) -> Iterator[str]:
    """Say which series of the table end within 30 days of as-of, or have ended."""
    today = day_in(as_of_ms, "UTC")
    for series in _series(frozenset(names)):
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
