"""Every source that config.yaml names, and the built-in calendars, become one list of events with notes on the rest.

Stands at the edge, between the configuration and the schedule. A file is the operator's own: what is wrong in it ends
the command. A feed belongs to others: what is wrong there becomes a note on the page, and the rest goes on.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from reportgen.errors import DataError, UsageError
from reportgen.events.builtin import builtin_events, table_warnings
from reportgen.events.calendar import KINDS, STATUSES, WEIGHT_OF_KIND, WEIGHTS, ScheduledEvent, Status
from reportgen.events.fetching import LARGEST_BYTES, Network, Request
from reportgen.events.names import clean_name, topic_of
from reportgen.events.origins import EventFeed, EventFile, EventSources, Feed, StatusFeed, UnlockFeed
from reportgen.moments import parse_when
from reportgen.units import DAY_MS, HOUR_MS, Maybe, Milliseconds, Missing

# ---- Events that people list: a row of names and texts, from config.yaml, a YAML file or a CSV file, becomes an event
FIELDS: Final = ("name", "at", "zone", "kind", "weight", "status", "ends", "symbols", "source", "retrieved")
MOST_EVENTS: Final = 20_000
_NEED: Final = "Write at least `name` and `at`"

_Word = TypeVar("_Word", bound=str)


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
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), restkey="")
    header = [(name or "").strip().lower() for name in reader.fieldnames or ()]
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
    for number, row in rows:
        if number > MOST_EVENTS:
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


# ---- One event from several sources becomes one, which names them all. Pure ----

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


# ---- What backtests have shown about zones near events: the only thing that a brief may claim about it ----

BACKTESTS: Final = "backtests"
"""Folder of the records below the output folder."""

_SAYS: Final = {
    "different near events": "zones behaved differently near events",
    "not distinguishable": "zones near events could not be told from the others",
    "insufficient evidence": "insufficient evidence on zones near events",
}


class _Split(BaseModel):
    verdict: str = ""
    why: str = ""


class _Record(BaseModel):
    symbol: str
    simulated: bool
    until_ms: int
    near_events: _Split = _Split()


def shown_near_events(
    output: Path, symbols: Iterable[str], as_of_ms: Milliseconds, *, simulated: bool
) -> tuple[str, ...]:
    """Write one sentence for each symbol that has a record, from its newest one.

    Args:
        output: Folder of the briefs.
        symbols: Unified names, in the page's order.
        as_of_ms: Records that end later are left out.
        simulated: Whether the brief's market is; records of the other sort are left out.
    """
    newest: dict[str, _Record] = {}
    for path in sorted((output / BACKTESTS).glob("*/backtest.json")):
        try:
            record = _Record.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            continue  # a record of another version shows nothing about events
        fits = record.simulated == simulated and record.until_ms <= as_of_ms and record.near_events.verdict in _SAYS
        if fits and (record.symbol not in newest or record.until_ms > newest[record.symbol].until_ms):
            newest[record.symbol] = record
    return tuple(_sentence(newest[symbol]) for symbol in symbols if symbol in newest)


def _sentence(record: _Record) -> str:
    day = datetime.fromtimestamp(record.until_ms / 1000, tz=UTC)
    says = _SAYS.get(record.near_events.verdict, "")
    return f"{record.symbol}, backtest up to {day:%Y-%m-%d}: {says}. {record.near_events.why}"


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
        from reportgen.events.services import unlock_address

        return Request(url=unlock_address(feed.slug, feed.url))
    if isinstance(feed, StatusFeed):
        from reportgen.events.services import status_request

        return status_request(feed.venue, feed.url)
    return Request(url=feed.url)


def _parsed(
    feed: Feed, content: bytes, place: str, when: tuple[Milliseconds, tuple[Milliseconds, Milliseconds]]
) -> tuple[tuple[ScheduledEvent, ...], tuple[str, ...]]:
    as_of_ms, span = when
    if isinstance(feed, UnlockFeed):
        from reportgen.events.services import read_unlocks

        return read_unlocks(content, feed.symbol, place, span), ()
    if isinstance(feed, StatusFeed):
        from reportgen.events.services import read_status

        return read_status(content, feed.venue, place, as_of_ms), ()
    from reportgen.events.ics import read_ics

    calendar = read_ics(content, place, span, feed.kind)
    return _chosen(calendar.events, feed), calendar.problems


def _chosen(events: tuple[ScheduledEvent, ...], source: EventFile | EventFeed) -> tuple[ScheduledEvent, ...]:
    """Keep the ICS entries whose title holds one of the words asked for, with the weight asked for."""
    words = tuple(word.casefold() for word in source.only)
    kept = (event for event in events if not words or any(word in event.name.casefold() for word in words))
    return tuple(event if source.weight is None else replace(event, weight=source.weight) for event in kept)
