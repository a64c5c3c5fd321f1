"""One event from several sources becomes one, which names them all. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from reportgen.events.calendar import WEIGHTS, ScheduledEvent, Status
from reportgen.events.calendar_names import topic_of
from reportgen.units import DAY_MS, HOUR_MS

SAME_MOMENT_MS: Final = HOUR_MS // 4
"""Sources that are this close agree on the time."""

_NEAR_MS: Final = 2 * DAY_MS


def merge(events: Iterable[ScheduledEvent]) -> tuple[tuple[ScheduledEvent, ...], tuple[str, ...]]:
    """Join the events that are one: the same topic and coins, at the same time, or on a day where one knows no hour.

    The first with a known time gives name and time; the heavier weight counts; a source read later decides whether it
    is cancelled. Two sources that put one topic at different times of one day are both kept, as tentative.

    Returns:
        The events, soonest first, and a sentence for each disagreement.
    """
    by_topic: dict[str, list[ScheduledEvent]] = {}
    for event in sorted(events, key=lambda one: (one.at_ms, not one.time_known)):
        kept = by_topic.setdefault(topic_of(event.name), [])
        place = next((at for at in _lately(kept, event) if _same(event, kept[at])), None)
        if place is None:
            kept.append(event)
        else:
            kept[place] = _joined(kept[place], event)
    notes = [note for kept in by_topic.values() for note in _disagreements(kept)]
    found = (event for kept in by_topic.values() for event in kept)
    return tuple(sorted(found, key=lambda event: (event.at_ms, event.name))), tuple(notes)


def _lately(kept: list[ScheduledEvent], event: ScheduledEvent) -> Iterator[int]:
    """List the places of the kept events that are near enough to be the same, the first of them first."""
    first = len(kept)
    while first and event.at_ms - kept[first - 1].at_ms <= _NEAR_MS:
        first -= 1
    return iter(range(first, len(kept)))


def _disagreements(kept: list[ScheduledEvent]) -> Iterator[str]:
    """Mark neighbours of one topic that sources put at different hours of a day, and say so."""
    for at in range(1, len(kept)):
        event, other = kept[at - 1], kept[at]
        if _contradict(event, other):
            kept[at - 1], kept[at] = replace(event, status="tentative"), replace(other, status="tentative")
            yield (
                f"Two sources put {event.name} at different times of one day ({event.source}; {other.source}): "
                "both are shown, as tentative."
            )


def _same(one: ScheduledEvent, other: ScheduledEvent) -> bool:
    """Tell whether two events of one topic are one."""
    if _apart(one, other):
        return False
    if one.time_known and other.time_known:
        return abs(one.at_ms - other.at_ms) <= SAME_MOMENT_MS
    return one.at_ms <= other.last_ms and other.at_ms <= one.last_ms


def _apart(one: ScheduledEvent, other: ScheduledEvent) -> bool:
    """Tell whether two events concern different coins."""
    return bool(one.symbols and other.symbols) and not set(one.symbols) & set(other.symbols)


def _joined(one: ScheduledEvent, other: ScheduledEvent) -> ScheduledEvent:
    lead, second = (one, other) if one.time_known or not other.time_known else (other, one)
    sources = dict.fromkeys([*lead.source.split("; "), *second.source.split("; ")])
    symbols = tuple(dict.fromkeys((*lead.symbols, *second.symbols))) if lead.symbols and second.symbols else ()
    return replace(
        lead,
        source="; ".join(sources),
        weight=min(lead.weight, second.weight, key=WEIGHTS.index),
        status=_status(lead, second),
        retrieved=max(lead.retrieved, second.retrieved),
        symbols=symbols,
    )


def _status(one: ScheduledEvent, other: ScheduledEvent) -> Status:
    """Let the source that was read later decide on a cancellation; confirmed counts for more than tentative.

    A cancellation counts where one of the days is not known: it is the news that a calendar did not have.
    """
    if "cancelled" in (one.status, other.status) and one.status != other.status:
        if one.retrieved and other.retrieved and one.retrieved != other.retrieved:
            return max(one, other, key=lambda event: event.retrieved).status
        return "cancelled"
    return "confirmed" if "confirmed" in (one.status, other.status) else one.status


def _contradict(one: ScheduledEvent, other: ScheduledEvent) -> bool:
    """Tell whether two sources know one macro release of one topic at different hours of one day."""
    known = one.time_known and other.time_known and "cancelled" not in (one.status, other.status)
    far = SAME_MOMENT_MS < abs(one.at_ms - other.at_ms) < DAY_MS // 2
    sources = one.source != other.source and one.kind == other.kind == "macro"
    return known and far and sources
