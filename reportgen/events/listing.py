"""Events that people list: a row of names and texts, from config.yaml, a YAML file or a CSV file, becomes an event.

Stands at the edge. Every mistake of a file is collected, with its place.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final, TypeVar

import yaml

from reportgen.errors import DataError, UsageError
from reportgen.events.calendar import KINDS, STATUSES, WEIGHT_OF_KIND, WEIGHTS, ScheduledEvent
from reportgen.events.calendar_names import clean_name
from reportgen.moments import parse_when

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
