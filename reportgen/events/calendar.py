"""Scheduled events and how they stand to the horizon of a brief.

Stands beside the market data: config.yaml's `events:` come in, what the guide and the page read goes out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reportgen.units import HOUR_MS, Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledEvent:
    """An event as the operator listed it.

    Attributes:
        name: Untrusted text. kind: macro, crypto, expiry, unlock, maintenance, other.
        at_ms: When. source: where the date comes from.
    """

    name: str
    kind: str
    at_ms: Milliseconds
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something scheduled that can override local leverage.

    Attributes:
        name: As the operator wrote it (untrusted text). kind: macro, crypto, expiry, unlock, maintenance, other.
        at_ms: When. inside_horizon: True when it falls between as-of and as-of + horizon.
        hours_away: From as-of; negative when past. source: where the date comes from.
    """

    name: str
    kind: str
    at_ms: Milliseconds
    inside_horizon: bool
    hours_away: float
    source: str


def schedule(events: Iterable[ScheduledEvent], as_of_ms: Milliseconds, horizon_hours: float) -> tuple[Event, ...]:
    """Place events against as-of: soonest first, those before it dropped, ties in the order they were listed.

    Args:
        events: As listed in config.yaml, in any order.
        as_of_ms: The moment of the brief; an event at exactly that moment is still to come.
        horizon_hours: How far the brief looks; an event at exactly its end is inside.
    """
    ahead = sorted((event for event in events if event.at_ms >= as_of_ms), key=lambda event: event.at_ms)
    return tuple(
        Event(
            name=event.name,
            kind=event.kind,
            at_ms=event.at_ms,
            inside_horizon=event.at_ms - as_of_ms <= horizon_hours * HOUR_MS,
            hours_away=(event.at_ms - as_of_ms) / HOUR_MS,
            source=event.source,
        )
        for event in ahead
    )
