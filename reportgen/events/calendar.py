"""Scheduled events and how they stand to the horizon of a brief.

Stands beside the market data: config.yaml's `events:`, files, feeds and the built-in calendars come in, what the guide
and the page read goes out. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from reportgen.events.calendar_days import funds_shut_over_weekend
from reportgen.units import HOUR_MS, Milliseconds

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
