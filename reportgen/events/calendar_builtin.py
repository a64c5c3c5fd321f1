"""The calendars that come with reportgen: which of them are in force, their events in a span, and where they end.

Stands between config.yaml's `calendars:` and the schedule. Pure: the table and the rules are all there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final

from reportgen.events.calendar import ScheduledEvent
from reportgen.events.calendar_days import day_in, moment
from reportgen.events.calendar_rules import cme_expiries, deribit_expiries, funding_settlements, market_holidays
from reportgen.events.calendar_table import TABLE, Series
from reportgen.units import Milliseconds

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
