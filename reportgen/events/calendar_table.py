"""Dates of central banks and US statistics, as their publishers listed them and others transcribed them.

Every row has a source and the day on which it was read there; none is extrapolated. A series ends where its source
ended: the page says so 30 days ahead (`calendar_builtin`). Check a date with its publisher before relying on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import Final

from reportgen.events.calendar import Weight
from reportgen.events.calendar_days import FRANKFURT, NEW_YORK


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
