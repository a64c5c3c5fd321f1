"""Every source that config.yaml names, and the built-in calendars, become one list of events with notes on the rest.

Stands at the edge, between the configuration and the schedule. A file is the operator's own: what is wrong in it ends
the command. A feed belongs to others: what is wrong there becomes a note on the page, and the rest goes on.
"""

# ruff: noqa: PLC0415 - what reads one kind of source is loaded where such a source is named

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from reportgen.errors import DataError
from reportgen.events.calendar import ScheduledEvent
from reportgen.events.calendar_builtin import builtin_events, table_warnings
from reportgen.events.calendar_merge import merge
from reportgen.events.fetching import LARGEST_BYTES, Network, Request
from reportgen.events.origins import EventFeed, EventFile, EventSources, Feed, StatusFeed, UnlockFeed
from reportgen.units import DAY_MS, HOUR_MS, Maybe, Milliseconds, Missing

LOOK_AHEAD_DAYS: Final = 14
"""Events of rules, tables, calendars and feeds are listed this far ahead, or to the horizon when that is farther."""

_LOOK_BACK_DAYS: Final = 2
_LATER_EVENTS: Final = 10
"""Of the events listed farther ahead, only so many reach the brief."""

_STATUS_FRESH_MS: Final = DAY_MS
_KNOWN_LATER_MS: Final = DAY_MS
"""A feed that was read so long after as-of may hold what nobody knew at as-of, such as a cancellation."""

_SUFFIXES: Final = (".yaml", ".yml", ".csv", ".ics")


@dataclass(frozen=True, slots=True, kw_only=True)
class GatheredEvents:
    """Events, soonest first and each once.

    Attributes:
        events: As above. notes: sentences on entries that were left out, tables that run out, sources that disagree.
        absent: a sentence for each feed that gave nothing at all.
    """

    events: tuple[ScheduledEvent, ...]
    notes: tuple[str, ...]
    absent: tuple[str, ...] = ()


def gather_events(
    sources: EventSources, as_of_ms: Milliseconds, horizon_hours: float, network: Network
) -> GatheredEvents:
    """Read every source for the time around as-of.

    Args:
        sources: What the configuration names.
        as_of_ms: The moment of the brief.
        horizon_hours: How far it looks.
        network: How to fetch feeds.

    Raises:
        DataError: A file cannot be read or holds mistakes; a line each.
    """
    horizon = round(horizon_hours * HOUR_MS)
    span = (
        as_of_ms - max(horizon, _LOOK_BACK_DAYS * DAY_MS),
        as_of_ms + max(horizon, LOOK_AHEAD_DAYS * DAY_MS),
    )
    found = _fixed(sources, span)
    notes = [*table_warnings(sources.calendars, as_of_ms)]
    absent: list[str] = []
    if sources.feeds:
        with ThreadPoolExecutor(max_workers=min(8, len(sources.feeds))) as pool:
            told = pool.map(lambda feed: _of_feed(feed, as_of_ms, span, network), sources.feeds)
            for answer in told:
                if isinstance(answer, Missing):
                    absent.append(answer.reason)
                else:
                    found += answer.events
                    notes += answer.notes
    events, disagreements = merge(found)
    near = [event for event in events if span[0] <= event.last_ms and event.at_ms <= span[1]]
    later = [event for event in events if event.at_ms > span[1]][:_LATER_EVENTS]
    return GatheredEvents(events=(*near, *later), notes=(*notes, *disagreements), absent=tuple(absent))


def events_in(sources: EventSources, span: tuple[Milliseconds, Milliseconds]) -> tuple[ScheduledEvent, ...]:
    """Read the built-in calendars, what is listed and the files for a span of the past; each event once.

    Raises:
        DataError: A file cannot be read or holds mistakes; a line each.
    """
    found = (event for event in _fixed(sources, span) if span[0] <= event.at_ms <= span[1])
    return merge(found)[0]


def _fixed(sources: EventSources, span: tuple[Milliseconds, Milliseconds]) -> list[ScheduledEvent]:
    """Gather what needs no network."""
    return [*builtin_events(sources.calendars, *span), *sources.listed, *_of_files(sources.files, span)]


def _of_files(files: Iterable[EventFile], span: tuple[Milliseconds, Milliseconds]) -> list[ScheduledEvent]:
    """Read every file; collect what is wrong with them."""
    found: list[ScheduledEvent] = []
    problems: list[str] = []
    for file in files:
        try:
            found += read_event_file(file, span)
        except DataError as error:
            problems.append(str(error))
    if problems:
        raise DataError("\n".join(problems))
    return found


def read_event_file(file: EventFile, span: tuple[Milliseconds, Milliseconds]) -> tuple[ScheduledEvent, ...]:
    """Read one calendar file; of YAML and CSV everything, of ICS what overlaps the span.

    Raises:
        DataError: It is not there, too large, of another kind, or holds mistakes.
    """
    path, name = file.path, str(file.path)
    if path.suffix.lower() not in _SUFFIXES:
        raise DataError(f"{name}: is not a calendar by its name. Calendars end in {', '.join(_SUFFIXES)}.")
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise DataError(f"{name}: is larger than {LARGEST_BYTES // 1_000_000} MB. Keep the next months only.")
        content = path.read_bytes()
    except OSError as error:
        why = "there is no such file" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise DataError(f"{name}: {why}. Correct `file:` under `events:`.") from error
    if path.suffix.lower() == ".ics":
        from reportgen.events.ics import read_ics

        calendar = read_ics(content, path.name, span, file.kind)
        if calendar.problems:
            raise DataError("\n".join(f"{name}: {problem}" for problem in calendar.problems))
        return _chosen(calendar.events, file)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: byte {error.start} is not UTF-8. Save it as UTF-8.") from error
    from reportgen.events.listing import events_of_csv, events_of_yaml

    return (events_of_csv if path.suffix.lower() == ".csv" else events_of_yaml)(text, path.name)


def _of_feed(
    feed: Feed, as_of_ms: Milliseconds, span: tuple[Milliseconds, Milliseconds], network: Network
) -> Maybe[GatheredEvents]:
    """Read one feed; what goes wrong with a part of it becomes a note."""
    if isinstance(feed, StatusFeed) and abs(network.now_ms - as_of_ms) > _STATUS_FRESH_MS:
        note = f"The state of {feed.venue} was not asked for: it tells of now, and as-of is another day."
        return GatheredEvents(events=(), notes=(note,))
    request = _request(feed)
    answer = network.read(request, lambda content: _parsed(feed, content, request.shown, (as_of_ms, span)))
    if isinstance(answer, str):
        return Missing(f"{answer}.")
    events, problems = answer.value
    retrieved = f"{datetime.fromtimestamp(answer.since_ms / 1000, tz=UTC):%Y-%m-%d}"
    late = answer.since_ms - as_of_ms > _KNOWN_LATER_MS
    hindsight = f"{request.shown} was first read on {retrieved}, after as-of: it may know what was not known then."
    notes = (answer.note, hindsight if late else "", *(f"{request.shown}: {problem}" for problem in problems))
    placed = tuple(replace(event, retrieved=retrieved) for event in events)
    return GatheredEvents(events=placed, notes=tuple(filter(None, notes)))


def _request(feed: Feed) -> Request:
    if isinstance(feed, UnlockFeed):
        from reportgen.events.unlocks import unlock_address

        return Request(url=unlock_address(feed.slug, feed.url))
    if isinstance(feed, StatusFeed):
        from reportgen.events.status import status_request

        return status_request(feed.venue, feed.url)
    return Request(url=feed.url)


def _parsed(
    feed: Feed, content: bytes, place: str, when: tuple[Milliseconds, tuple[Milliseconds, Milliseconds]]
) -> tuple[tuple[ScheduledEvent, ...], tuple[str, ...]]:
    as_of_ms, span = when
    if isinstance(feed, UnlockFeed):
        from reportgen.events.unlocks import read_unlocks

        return read_unlocks(content, feed.symbol, place, span), ()
    if isinstance(feed, StatusFeed):
        from reportgen.events.status import read_status

        return read_status(content, feed.venue, place, as_of_ms), ()
    from reportgen.events.ics import read_ics

    calendar = read_ics(content, place, span, feed.kind)
    return _chosen(calendar.events, feed), calendar.problems


def _chosen(events: tuple[ScheduledEvent, ...], source: EventFile | EventFeed) -> tuple[ScheduledEvent, ...]:
    """Keep the ICS entries whose title holds one of the words asked for, with the weight asked for."""
    words = tuple(word.casefold() for word in source.only)
    kept = (event for event in events if not words or any(word in event.name.casefold() for word in words))
    return tuple(event if source.weight is None else replace(event, weight=source.weight) for event in kept)
