"""The calendars that come with reportgen: which of them are in force, their events in a span, and where they end.

Stands between config.yaml's `calendars:` and the schedule. Pure: the table and the rules are all there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Final, Literal, TypeAlias

from reportgen.events.calendar import ScheduledEvent, UnknownEvents, Weight
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
    """One kind of release whose dates a publisher lists, and others transcribed.

    Attributes:
        key: Its name in `calendars:`. name: as printed. publisher: who decides on the dates.
        source: Where the dates come from. retrieved: ISO date of reading them there.
        at, zone: Wall-clock time of every release. days: ascending. tentative: days that their publisher calls so.
        until: The last day that its publisher's list covers; the first is FIRST_DAY for all.
        weight: How much a release can override.
    """

    key: BuiltinCalendar
    name: str
    publisher: str
    source: str
    retrieved: str
    at: time
    zone: str
    days: tuple[date, ...]
    until: date
    weight: Weight
    tentative: tuple[date, ...] = ()


def _days(year: int, month_days: str) -> tuple[date, ...]:
    return tuple(date.fromisoformat(f"{year}-{one}") for one in month_days.split())


FIRST_DAY: Final = date(2024, 1, 1)
"""No series of the table is known before."""

_FOMC_2027: Final = _days(2027, "01-27 03-17 04-28 06-09 07-28 09-15 10-27 12-08")

# The schedules of 2025 and 2026 as they came out in the end: two lapses in appropriations moved US releases (September
# 2025 to 24 October and 20 November, November 2025 to 16 and 18 December, January 2026 to 11 and 13 February) and took
# those of October 2025 away.
TABLE: Final = (
    Series(
        key="fomc",
        name="FOMC decision",
        publisher="Federal Reserve",
        source="federalreserve.gov/monetarypolicy/fomccalendars.htm, transcribed by third parties",
        retrieved="2026-11-30",
        at=time(14),
        zone=NEW_YORK,
        days=(
            *_days(2024, "01-31 03-20 05-01 06-12 07-31 09-18 11-07 12-18"),
            *_days(2025, "01-29 03-19 05-07 06-18 07-30 09-17 10-29 12-10"),
            *_days(2026, "01-28 03-18 04-29 06-17 07-29 09-16 10-28 12-09"),
            *_FOMC_2027,
        ),
        until=date(2027, 12, 31),
        weight="high",
        tentative=_FOMC_2027,
    ),
    Series(
        key="us_cpi",
        name="US CPI",
        publisher="Bureau of Labor Statistics",
        source="bls.gov/schedule/news_release/cpi.htm, transcribed by third parties",
        retrieved="2026-11-30",
        at=time(8, 30),
        zone=NEW_YORK,
        days=(
            *_days(2024, "01-11 02-13 03-12 04-10 05-15 06-12 07-11 08-14 09-11 10-10 11-13 12-11"),
            *_days(2025, "01-15 02-12 03-12 04-10 05-13 06-11 07-15 08-12 09-11 10-24 12-18"),
            *_days(2026, "01-13 02-13 03-11 04-10 05-12 06-10 07-14 08-12 09-11 10-14 11-10 12-10"),
        ),
        until=date(2026, 12, 31),
        weight="high",
    ),
    Series(
        key="us_jobs",
        name="US employment situation",
        publisher="Bureau of Labor Statistics",
        source="bls.gov/schedule/news_release/empsit.htm, transcribed by third parties",
        retrieved="2026-11-30",
        at=time(8, 30),
        zone=NEW_YORK,
        days=(
            *_days(2024, "01-05 02-02 03-08 04-05 05-03 06-07 07-05 08-02 09-06 10-04 11-01 12-06"),
            *_days(2025, "01-10 02-07 03-07 04-04 05-02 06-06 07-03 08-01 09-05 11-20 12-16"),
            *_days(2026, "01-09 02-11 03-06 04-03 05-08 06-05 07-02 08-07 09-04 10-02 11-06 12-04"),
        ),
        until=date(2026, 12, 31),
        weight="high",
    ),
    Series(
        key="ecb",
        name="ECB decision",
        publisher="European Central Bank",
        source="ecb.europa.eu/press/calendars/mgcgc/html/index.en.html, transcribed by third parties",
        retrieved="2026-11-30",
        at=time(14, 15),
        zone=FRANKFURT,
        days=(
            *_days(2024, "01-25 03-07 04-11 06-06 07-18 09-12 10-17 12-12"),
            *_days(2025, "01-30 03-06 04-17 06-05 07-24 09-11 10-30 12-18"),
            *_days(2026, "02-05 03-19 04-30 06-11 07-23 09-10 10-29 12-17"),
            *_days(2027, "02-04 03-18"),
        ),
        until=date(2027, 3, 18),
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


def unknown_series(names: Iterable[str], first_ms: Milliseconds, last_ms: Milliseconds) -> tuple[UnknownEvents, ...]:
    """Name the series of the table that do not cover a span: whether a release falls into it is not known here."""
    found: list[UnknownEvents] = []
    for series in _series(frozenset(names)):
        begins = moment(FIRST_DAY, time(0), series.zone)
        ends = moment(series.until + timedelta(days=1), time(0), series.zone)
        if first_ms < begins:
            known = f"{series.name} dates before {FIRST_DAY} are not known here"
        elif last_ms >= ends:
            known = (
                f"{series.name} dates after {series.until} are not known here: look them up at the "
                f"{series.publisher} and list them under “events:”"
            )
        else:
            continue
        found.append(UnknownEvents(name=series.name, weight=series.weight, reason=f"{known}."))
    return tuple(found)


def table_warnings(names: Iterable[str], as_of_ms: Milliseconds) -> Iterator[str]:
    """Say which series of the table have their last date within 30 days of as-of; see `unknown_series` for after."""
    today = day_in(as_of_ms, "UTC")
    for series in _series(frozenset(names)):
        last, left = series.days[-1], (series.days[-1] - today).days
        if left < RUNS_OUT_DAYS and today <= series.until:
            ended = "ended" if as_of_ms > moment(last, series.at, series.zone) else "ends"
            yield (
                f"The built-in table of {series.name} dates {ended} on {last}"
                + (f", {left} day{'' if left == 1 else 's'} from as-of" if ended == "ends" else "")
                + f". Look later ones up at the {series.publisher} and list them under “events:”."
            )


def _series(chosen: frozenset[str]) -> tuple[Series, ...]:
    return tuple(series for series in TABLE if "macro" in chosen or series.key in chosen)
