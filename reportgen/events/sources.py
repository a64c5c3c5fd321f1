"""Every source that config.yaml names, and the built-in calendars, become one list of events with notes on the rest.

Stands at the edge, between the configuration and the schedule. A YAML or CSV file is the operator's own hand: what is
wrong in it ends the command. ICS comes out of programs, and a feed belongs to others: what is wrong there is
counted and named on the page, and the rest goes on.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import yaml

from reportgen.config.events import EventFeed, EventFile, EventSources, Feed, ListedEvent, StatusFeed, UnlockFeed
from reportgen.config.text import decode_text
from reportgen.errors import DataError, UsageError
from reportgen.events.builtin import builtin_events, table_warnings, unknown_series
from reportgen.events.calendar import (
    KINDS,
    STATUSES,
    WEIGHT_OF_KIND,
    WEIGHTS,
    ScheduledEvent,
    UnknownEvents,
    clean_name,
    merge,
    topic_of,
)
from reportgen.market.web import LARGEST_BYTES, Network, Request
from reportgen.moments import parse_when
from reportgen.units import DAY_MS, HOUR_MS, Milliseconds

if TYPE_CHECKING:
    from reportgen.events.ics import IcsCalendar

LOOK_AHEAD_DAYS: Final = 14
"""Events of rules, tables, calendars and feeds are listed this far ahead, or to the horizon when that is farther."""

_LOOK_BACK_DAYS: Final = 2
_LATER_EVENTS: Final = 10
"""Of the events listed farther ahead, only so many reach the brief."""

_STATUS_FRESH_MS: Final = DAY_MS
_KNOWN_LATER_MS: Final = DAY_MS
"""A feed that was read so long after as-of may hold what nobody knew at as-of, such as a cancellation."""

_SUFFIXES: Final = (".yaml", ".yml", ".csv", ".ics")
MOST_EVENTS: Final = 20_000
FIELDS: Final = tuple(ListedEvent.model_fields)
_NEED: Final = "Write at least `name` and `at`"

_Word = TypeVar("_Word", bound=str)
_Read: TypeAlias = tuple[tuple[ScheduledEvent, ...], tuple[str, ...]]
"""Events, and a sentence on each entry that is odd or was left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatheredEvents:
    """Events, soonest first and each once.

    Attributes:
        events: As above. notes: sentences on entries that were left out, tables that run out, sources that disagree.
        odd: those of the notes that are about the operator's own files.
        absent: a sentence for each feed that gave nothing at all.
        unknown: what is not known for the horizon: series that do not cover it, and what absent feeds list.
    """

    events: tuple[ScheduledEvent, ...]
    notes: tuple[str, ...]
    odd: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    unknown: tuple[UnknownEvents, ...] = ()


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
    found, odd = _fixed(sources, span)
    notes = [*table_warnings(sources.calendars, as_of_ms), *odd]
    absent: list[str] = []
    unknown: list[UnknownEvents] = []
    if feeds := [one for one in sources.listed if isinstance(one, Feed)]:
        with ThreadPoolExecutor(max_workers=min(8, len(feeds))) as pool:
            for answer in pool.map(lambda feed: _of_feed(feed, as_of_ms, span, network), feeds):
                found += answer.events
                notes += answer.notes
                absent += answer.absent
                unknown += answer.unknown
    events, disagreements = merge(found)
    near = [event for event in events if span[0] <= event.last_ms and event.at_ms <= span[1]]
    later = [event for event in events if event.at_ms > span[1]][:_LATER_EVENTS]
    # Whoever lists the next date of a series knows that there is none before it.
    told = {topic_of(event.name) for event in events if event.at_ms >= as_of_ms}
    series = unknown_series(sources.calendars, as_of_ms, as_of_ms + horizon)
    return GatheredEvents(
        events=(*near, *later),
        notes=(*notes, *disagreements),
        odd=tuple(odd),
        absent=tuple(absent),
        unknown=(*(one for one in series if topic_of(one.name) not in told), *unknown),
    )


def events_in(sources: EventSources, span: tuple[Milliseconds, Milliseconds]) -> tuple[ScheduledEvent, ...]:
    """Read the built-in calendars, what is listed and the files for a span of the past; each event once.

    Raises:
        DataError: A file cannot be read or holds mistakes; a line each.
    """
    found = (event for event in _fixed(sources, span)[0] if span[0] <= event.at_ms <= span[1])
    return merge(found)[0]


def _fixed(sources: EventSources, span: tuple[Milliseconds, Milliseconds]) -> tuple[list[ScheduledEvent], list[str]]:
    """Gather what needs no network, with notes; what is wrong with the files is collected."""
    found = [*builtin_events(sources.calendars, *span)]
    notes: list[str] = []
    problems: list[str] = []
    for one in sources.listed:
        try:
            if isinstance(one, ListedEvent):
                found.append(event_of_row(_texts(one.model_dump(exclude_none=True)), "config.yaml"))
            elif isinstance(one, EventFile):
                read, odd = read_event_file(one, span)
                found += read
                notes += odd
        except DataError as error:
            problems.append(str(error))
    if problems:
        raise DataError("\n".join(problems))
    return found, notes


def read_event_file(file: EventFile, span: tuple[Milliseconds, Milliseconds]) -> _Read:
    """Read one calendar file; of YAML and CSV everything, of ICS what overlaps the span, with what is wrong in it.

    Raises:
        DataError: It is not there, too large, of another kind, or holds mistakes.
    """
    path, name = file.file, str(file.file)
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

        return _of_ics(read_ics(content, path.name, span, file.kind), file, path.name)
    text = decode_text(content, name)
    return (events_of_csv if path.suffix.lower() == ".csv" else events_of_yaml)(text, path.name), ()


def _of_feed(
    feed: Feed, as_of_ms: Milliseconds, span: tuple[Milliseconds, Milliseconds], network: Network
) -> GatheredEvents:
    """Read one feed; what goes wrong with a part of it becomes a note."""
    if isinstance(feed, StatusFeed) and abs(network.now_ms - as_of_ms) > _STATUS_FRESH_MS:
        note = f"The state of {feed.exchange_status} was not asked for: it tells of now, and as-of is another day."
        return GatheredEvents(events=(), notes=(note,))
    request, parse = _asked(feed, as_of_ms, span)
    answer = network.read(request, parse)
    if isinstance(answer, str):
        kind = feed.kind if isinstance(feed, EventFeed) else "unlock" if isinstance(feed, UnlockFeed) else "outage"
        weight = (feed.weight if isinstance(feed, EventFeed) else None) or WEIGHT_OF_KIND[kind]
        unknown = UnknownEvents(name=f"the calendar of {request.shown}", weight=weight, reason=f"{answer}.")
        return GatheredEvents(events=(), notes=(), absent=(unknown.reason,), unknown=(unknown,))
    events, problems = answer.value
    retrieved = f"{datetime.fromtimestamp(answer.since_ms / 1000, tz=UTC):%Y-%m-%d}"
    late = answer.since_ms - as_of_ms > _KNOWN_LATER_MS
    hindsight = f"{request.shown} was first read on {retrieved}, after as-of: it may know what was not known then."
    notes = (answer.note, hindsight if late else "", *problems)
    placed = tuple(replace(event, retrieved=retrieved) for event in events)
    return GatheredEvents(events=placed, notes=tuple(filter(None, notes)))


def _asked(
    feed: Feed, as_of_ms: Milliseconds, span: tuple[Milliseconds, Milliseconds]
) -> tuple[Request, Callable[[bytes], _Read]]:
    """Give what to ask for, and what reads the answer: its events, and what could not be read of it."""
    if isinstance(feed, UnlockFeed):
        from reportgen.events.services import read_unlocks, unlock_request

        request = unlock_request(feed.unlocks, feed.url)
        return request, lambda content: (read_unlocks(content, feed.symbol, request.shown, span), ())
    if isinstance(feed, StatusFeed):
        from reportgen.events.services import read_status, status_request

        request = status_request(feed.exchange_status, feed.url)
        return request, lambda content: (read_status(content, feed.exchange_status, request.shown, as_of_ms), ())

    def parse(content: bytes) -> _Read:
        from reportgen.events.ics import read_ics

        return _of_ics(read_ics(content, request.shown, span, feed.kind), feed, request.shown)

    request = Request(url=feed.url)
    return request, parse


def _of_ics(calendar: IcsCalendar, source: EventFile | EventFeed, place: str) -> _Read:
    """Keep the ICS entries whose title holds one of the words asked for, with the weight asked for."""
    words = tuple(word.casefold() for word in source.only)
    kept = (event for event in calendar.events if not words or any(word in event.name.casefold() for word in words))
    events = tuple(event if source.weight is None else replace(event, weight=source.weight) for event in kept)
    count = f"{calendar.left_out} of {calendar.entries} entries could not be listed."
    told = (*([count] if calendar.left_out else ()), *calendar.problems)
    return events, tuple(f"{place}: {problem}" for problem in told)


def event_of_row(row: Mapping[str, str], default_source: str) -> ScheduledEvent:
    """Read one listed event.

    Args:
        row: Texts by field; absent and empty are the same. Fields are FIELDS.
        default_source: Where it stands, for events that name no source of their own.

    Raises:
        UsageError: A field is absent, unknown or cannot be read; one sentence without the place.
    """
    given = {key: text.strip() for key, text in row.items() if text and text.strip()}
    for key in given:
        if key not in FIELDS:
            close = get_close_matches(key, FIELDS, n=1)
            raise UsageError(f"`{key}` is not a field. " + (f"Did you mean `{close[0]}`?" if close else f"{_NEED}."))
    name, at = clean_name(given.get("name", "")), given.get("at", "")
    if not name or not at:
        raise UsageError(f"`{'at' if name else 'name'}` is missing. {_NEED}.")
    zone = given.get("zone")
    when = parse_when(at, zone)
    ends_ms = when.ends_ms
    if "ends" in given:
        until = parse_when(given.get("ends", ""), zone)
        ends_ms = until.ends_ms or until.at_ms
        if ends_ms <= when.at_ms:
            raise UsageError(f"`ends` {given.get('ends')} does not lie after `at` {at}. Correct one of them.")
    kind = _word(given.get("kind", "other"), KINDS, "kind")
    return ScheduledEvent(
        name=name,
        kind=kind,
        at_ms=when.at_ms,
        source=clean_name(given.get("source", default_source)),
        weight=_word(given.get("weight", WEIGHT_OF_KIND[kind]), WEIGHTS, "weight"),
        status=_word(given.get("status", "confirmed"), STATUSES, "status"),
        ends_ms=ends_ms,
        time_known=when.time_known,
        retrieved=clean_name(given.get("retrieved", "")),
        symbols=tuple(filter(None, (part.strip().upper() for part in given.get("symbols", "").split(",")))),
    )


def events_of_yaml(text: str, file: str) -> tuple[ScheduledEvent, ...]:
    """Read a YAML file: a list of events, or a mapping with `events:`.

    Raises:
        DataError: It is no such list, or events in it cannot be read; a line each.
    """
    try:
        # Texts stay texts: a date that YAML would turn into an object keeps its zone for us to read.
        loaded: Any = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - builds texts, lists and mappings only
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file}:{mark.line + 1}" if mark else file
        raise DataError(f"{place}: this is not YAML. Check indentation and quotes.") from error
    found = loaded.get("events") if isinstance(loaded, dict) else loaded
    if not isinstance(found, list):
        raise DataError(f"{file}: holds no list of events. Start each with `- name:`.")
    return _all_read(enumerate((_texts(one) for one in found), start=1), file, "event")


def events_of_csv(text: str, file: str) -> tuple[ScheduledEvent, ...]:
    """Read a CSV file with a header line out of FIELDS.

    Raises:
        DataError: It has no such header, or rows cannot be read; a line each.
    """
    if "\0" in text:
        raise DataError(f"{file}: is not a text file. Export it as CSV in UTF-8.")
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=None), restkey="")
    try:
        header = [(name or "").strip().lower() for name in reader.fieldnames or ()]
    except csv.Error as error:
        raise DataError(f"{file}:1: this is not CSV ({error}). Export it again.") from error
    if not {"name", "at"} <= set(header):
        raise DataError(f"{file}: the first line names no `name` and `at`. Its columns may be {', '.join(FIELDS)}.")
    reader.fieldnames = header
    rows = ((reader.line_num, {key: text for key, text in row.items() if isinstance(text, str)}) for row in reader)
    try:
        return _all_read(rows, file, "line")
    except csv.Error as error:
        raise DataError(f"{file}:{reader.line_num}: this is not CSV ({error}). Export it again.") from error


def _texts(row: object) -> Mapping[str, str]:
    """Read a mapping of texts; a list of symbols is joined by commas."""
    if not isinstance(row, dict):
        return {"name": "", "at": ""}
    return {str(key): ",".join(map(str, one)) if isinstance(one, list) else str(one) for key, one in row.items()}


def _all_read(rows: Iterator[tuple[int, Mapping[str, str]]], file: str, unit: str) -> tuple[ScheduledEvent, ...]:
    found, problems = [], []
    for count, (number, row) in enumerate(rows, start=1):
        if count > MOST_EVENTS:
            raise DataError(f"{file}: holds more than {MOST_EVENTS} events. Keep those of the next months.")
        try:
            found.append(event_of_row(row, file))
        except UsageError as error:
            problems.append(f"{file}: {unit} {number}: {error}")
    if problems:
        raise DataError("\n".join(problems))
    return tuple(found)


def _word(text: str, known: tuple[_Word, ...], field: str) -> _Word:
    """Find one of the known words."""
    for word in known:
        if word == text.lower():
            return word
    close = get_close_matches(text.lower(), known, n=1)
    hint = f"Did you mean `{close[0]}`?" if close else f"It is one of {', '.join(known)}."
    raise UsageError(f"`{text[:40]}` is not a {field}. {hint}")
