"""Scheduled events and how they stand to the horizon of a brief.

Stands beside the market data: config.yaml's `events:`, files, feeds and the built-in calendars come in, what the guide
and the page read goes out. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

from reportgen.units import HOUR_MS, Milliseconds

# ---- Days on which markets are shut, by rule: New York's exchanges, London's banks, and their weekends ----

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
    free = day in london_holidays(day.year) or day in new_york_holidays(day.year)
    return day.weekday() < SATURDAY and not free


def session_day(day: date) -> bool:
    """Tell whether New York's exchanges, and the funds listed there, trade."""
    return day.weekday() < SATURDAY and day not in new_york_holidays(day.year)


def funds_shut_over_weekend(at_ms: Milliseconds) -> bool:
    """Tell whether US funds are shut at a moment, from the close before a weekend to the open after it."""
    day = day_in(at_ms, NEW_YORK)
    last = day
    while not (session_day(last) and moment(last, _closing(last), NEW_YORK) <= at_ms):
        last -= timedelta(days=1)
    following = last + timedelta(days=1)
    while not session_day(following):
        following += timedelta(days=1)
    if at_ms >= moment(following, _OPENS, NEW_YORK):
        return False
    between = (last + timedelta(days=ahead) for ahead in range(1, (following - last).days))
    return any(one.weekday() == SATURDAY for one in between)


def _closing(day: date) -> time:
    return _CLOSES_EARLY if day in new_york_half_days(day.year) else _CLOSES


def _observed(day: date) -> date:
    """Move a holiday from a Saturday to the Friday before, from a Sunday to the Monday after."""
    return day + timedelta(days={SATURDAY: -1, SUNDAY: 1}.get(day.weekday(), 0))


Kind = Literal[
    "macro", "crypto", "expiry", "holiday", "funding", "unlock", "listing", "maintenance", "outage", "other"
]  # fmt: skip
Weight = Literal["high", "medium", "low"]
Status = Literal["confirmed", "tentative", "cancelled"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
WEIGHTS: Final[tuple[Weight, ...]] = get_args(Weight)
STATUSES: Final[tuple[Status, ...]] = get_args(Status)

WEIGHT_OF_KIND: Final[dict[Kind, Weight]] = {
    "macro": "high", "crypto": "medium", "expiry": "medium", "holiday": "low", "funding": "low", "unlock": "medium",
    "listing": "medium", "maintenance": "medium", "outage": "high", "other": "medium",
}  # fmt: skip
"""The weight of an event whose source gives none. High and medium move the plan; low only lowers confidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledEvent:
    """An event as a source lists it.

    Attributes:
        name: Untrusted text. kind: one of KINDS. at_ms: when; the start of the day where only the date is known.
        source: where the date comes from; all of them where several agree. retrieved: ISO date on which it was read
            there, or "".
        weight: how much it can override. status: confirmed, tentative or cancelled.
        ends_ms: its end, exclusive; the end of the day where only the date is known; None for a moment.
        time_known: False when only the date is known. symbols: base coins that it concerns; empty for all.
    """

    name: str
    kind: Kind
    at_ms: Milliseconds
    source: str
    weight: Weight = "medium"
    status: Status = "confirmed"
    ends_ms: Milliseconds | None = None
    time_known: bool = True
    retrieved: str = ""
    symbols: tuple[str, ...] = ()

    @property
    def matters(self) -> bool:
        """Whether it is heavy enough to override a map, and takes place."""
        return self.weight != "low" and self.status != "cancelled"

    @property
    def last_ms(self) -> Milliseconds:
        """The last moment that belongs to it."""
        return self.at_ms if self.ends_ms is None else max(self.at_ms, self.ends_ms - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something scheduled that can override local leverage.

    Attributes:
        name: As its source wrote it (untrusted text). kind: macro, crypto, expiry, holiday, funding, unlock, listing,
            maintenance, outage, other.
        at_ms: When. inside_horizon: True when any of it falls between as-of and as-of + horizon.
        hours_away: From as-of; 0 while it is under way, negative when past. source: where the date comes from.
        weight, status, ends_ms, time_known, retrieved, symbols: as in `ScheduledEvent`.
        in_weekend: True when US funds are shut over a weekend at that time, so that part of what they make of it
            comes with their next session.
    """

    name: str
    kind: str
    at_ms: Milliseconds
    inside_horizon: bool
    hours_away: float
    source: str
    weight: Weight = "medium"
    status: Status = "confirmed"
    ends_ms: Milliseconds | None = None
    time_known: bool = True
    retrieved: str = ""
    symbols: tuple[str, ...] = ()
    in_weekend: bool = False

    @property
    def matters(self) -> bool:
        """Whether it is heavy enough to override a map, and takes place."""
        return self.weight != "low" and self.status != "cancelled"

    @property
    def overrides(self) -> bool:
        """Whether it moves the plan to the post-event map: inside the horizon, heavy enough, not cancelled."""
        return self.inside_horizon and self.matters

    @property
    def lowers(self) -> bool:
        """Whether it lowers confidence in one direction: inside the horizon and not cancelled."""
        return self.inside_horizon and self.status != "cancelled"

    def concerns(self, base: str) -> bool:
        """Tell whether it concerns a coin."""
        return not self.symbols or base in self.symbols


def schedule(events: Iterable[ScheduledEvent], as_of_ms: Milliseconds, horizon_hours: float) -> tuple[Event, ...]:
    """Place events against as-of: soonest first, those before it dropped, ties in the order they were listed.

    Args:
        events: As listed, in any order.
        as_of_ms: The moment of the brief; an event at exactly that moment, or one still under way, is kept.
        horizon_hours: How far the brief looks; an event at exactly its end is inside.
    """
    ahead = sorted((event for event in events if event.last_ms >= as_of_ms), key=lambda event: event.at_ms)
    return tuple(_placed(event, as_of_ms, horizon_hours) for event in ahead)


def lately(events: Iterable[ScheduledEvent], as_of_ms: Milliseconds, horizon_hours: float) -> tuple[Event, ...]:
    """Give the events that passed within the last horizon and mattered, the latest first; `hours_away` is negative."""
    first = as_of_ms - round(horizon_hours * HOUR_MS)
    past = [event for event in events if first <= event.at_ms and event.last_ms < as_of_ms]
    placed = (_placed(event, as_of_ms, horizon_hours) for event in sorted(past, key=lambda event: -event.at_ms))
    return tuple(event for event in placed if event.matters)


def _placed(event: ScheduledEvent, as_of_ms: Milliseconds, horizon_hours: float) -> Event:
    ahead, past = event.at_ms - as_of_ms, event.last_ms < as_of_ms
    return Event(
        name=event.name,
        kind=event.kind,
        at_ms=event.at_ms,
        inside_horizon=not past and ahead <= horizon_hours * HOUR_MS,
        hours_away=(ahead if past else max(0, ahead)) / HOUR_MS,
        source=event.source,
        weight=event.weight,
        status=event.status,
        ends_ms=event.ends_ms,
        time_known=event.time_known,
        retrieved=event.retrieved,
        symbols=event.symbols,
        in_weekend=event.time_known and event.kind != "holiday" and funds_shut_over_weekend(event.at_ms),
    )
