"""An ICS calendar becomes events: time zones, whole days, recurrence, moved and cancelled instances.

Stands at the edge. A calendar is text from elsewhere, and a short rule in it can mean millions of instances: it is read
in a process of its own that is ended when its time is up, and rules that are too dense are refused before they are
followed.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from multiprocessing.connection import Connection
from typing import Any, Final

from reportgen.errors import DataError, UsageError
from reportgen.events.calendar import WEIGHT_OF_KIND, Kind, ScheduledEvent, Status, clean_name
from reportgen.moments import at_wall_clock, skipped, zone_named
from reportgen.units import DAY_MS, HOUR_MS, Milliseconds

LONGEST_SECONDS: Final = 20.0
"""A calendar that is not read by then is given up."""

MOST_INSTANCES: Final = 5_000
"""A rule that could give more of them in its life so far is refused, and so are more events than this in the span."""

_SECONDS_APART: Final = {"SECONDLY": 1, "MINUTELY": 60, "HOURLY": HOUR_MS // 1000}
_WITHIN_A_DAY: Final = ("BYHOUR", "BYMINUTE", "BYSECOND")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STATUS: Final[dict[str, Status]] = {"TENTATIVE": "tentative", "CANCELLED": "cancelled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class IcsCalendar:
    """What a calendar holds in a span.

    Attributes:
        events: In no order. problems: what could not be read, one sentence each without the place.
    """

    events: tuple[ScheduledEvent, ...]
    problems: tuple[str, ...]


def read_ics(content: bytes, place: str, span: tuple[Milliseconds, Milliseconds], kind: Kind = "other") -> IcsCalendar:
    """Read the events of a calendar that overlap a span.

    Args:
        content: The file.
        place: What errors and the events' source call it.
        span: First and last moment.
        kind: Of events that name no kind of their own in CATEGORIES.

    Raises:
        DataError: It is no calendar, or takes longer than LONGEST_SECONDS.
    """
    head = content[:2000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[:1] == b"<":
        raise DataError(f"{place}: is a web page, not a calendar. Its server may have refused; check the address.")
    if b"BEGIN:VCALENDAR" not in head.upper():
        raise DataError(f"{place}: is not an ICS calendar: it does not begin with BEGIN:VCALENDAR.")
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_read_there, args=(theirs, content, place, span, kind), daemon=True)
    child.start()
    theirs.close()
    try:
        if not ours.poll(LONGEST_SECONDS):
            raise DataError(
                f"{place}: could not be read within {LONGEST_SECONDS:g} s: too many events, or a rule without end."
            )
        answer = ours.recv()
    except EOFError as error:
        raise DataError(f"{place}: could not be read: the calendar is damaged or too large.") from error
    finally:
        child.kill()
        child.join()
        ours.close()
    if isinstance(answer, IcsCalendar):
        return answer
    raise DataError(f"{place}: {answer}")


def _read_there(pipe: Connection, content: bytes, place: str, span: tuple[int, int], kind: Kind) -> None:
    """Read the calendar in the process that may be ended, and send what was found or one sentence."""
    try:
        pipe.send(parse_ics(content, place, span, kind))
    except DataError as error:
        pipe.send(str(error))
    pipe.close()


def parse_ics(content: bytes, place: str, span: tuple[Milliseconds, Milliseconds], kind: Kind) -> IcsCalendar:
    """Do what `read_ics` does, in this process and for as long as it takes.

    Raises:
        DataError: It is no calendar; one sentence without the place.
    """
    from icalendar import Calendar

    try:
        calendar = Calendar.from_ical(content)
    except (ValueError, IndexError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise DataError(f"is not a readable ICS calendar ({clean_name(str(error)) or 'damaged'}).") from error
    problems: list[str] = []
    default = clean_name(str(calendar.get("X-WR-TIMEZONE", "")))
    withdrawn = str(calendar.get("METHOD", "")).strip().upper() == "CANCEL"
    kept = Calendar()
    for part in calendar.subcomponents:
        if part.name == "VTIMEZONE":
            kept.add_component(part)
        elif part.name == "VEVENT":
            if withdrawn:  # the whole file says that its events are off
                part["STATUS"] = "CANCELLED"
            problem = _checked(part, default, span[1])
            if problem:
                problems.append(problem)
            else:
                kept.add_component(part)
    events = tuple(_expanded(kept, place, span, kind, problems))
    if len(events) > MOST_INSTANCES:
        raise DataError(f"holds {len(events)} events in the next weeks, more than {MOST_INSTANCES}.")
    return IcsCalendar(events=events, problems=tuple(dict.fromkeys(problems)))


def _checked(part: Any, default_zone: str, last_ms: Milliseconds) -> str:  # noqa: ANN401 - as below
    """Give the refusal of an entry; a property that icalendar cannot read is one too."""
    try:
        return _refusal(part, default_zone, last_ms)
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        return f"“{clean_name(str(part.get('SUMMARY', '')))}” cannot be read ({clean_name(str(error))}). Correct it."


def _refusal(part: Any, default_zone: str, last_ms: Milliseconds) -> str:  # noqa: ANN401 - icalendar is untyped here
    """Say why an entry is left out, or "" when it can be followed; a floating time gets the calendar's zone."""
    title = clean_name(str(part.get("SUMMARY", ""))) or "an entry without a title"
    started = getattr(part.get("DTSTART"), "dt", None)
    if started is None:
        return f"“{title}” has no DTSTART. Give it a start."
    ended = getattr(part.get("DTEND"), "dt", None)
    try:
        for key, value in (("DTSTART", started), ("DTEND", ended)):
            if isinstance(value, datetime) and value.tzinfo is None:
                part[key].dt = _placed(value, str(part[key].params.get("TZID", "")), default_zone)
    except UsageError as error:
        return f"“{title}”: {error}"
    started, ended = part["DTSTART"].dt, getattr(part.get("DTEND"), "dt", None)
    if isinstance(started, datetime) and skipped(started) and "RRULE" not in part:
        return f"“{title}” starts at a time that the clocks skip that day. Correct DTSTART."
    if ended is not None and _ms(ended) < _ms(started):
        return f"“{title}” ends before it starts. Correct DTEND."
    rules = part.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        if _instances(rule, _ms(started), last_ms) > MOST_INSTANCES:
            return f"“{title}” recurs more than {MOST_INSTANCES} times. Thin its RRULE out, or list the dates."
    return ""


def _placed(naive: datetime, tzid: str, default_zone: str) -> datetime:
    """Give a time without an offset its zone: its own TZID, else the calendar's X-WR-TIMEZONE."""
    if not tzid and not default_zone:
        raise UsageError(f"{naive:%Y-%m-%dT%H:%M} has no time zone. Add Z, a TZID or X-WR-TIMEZONE.")
    return naive.replace(tzinfo=zone_named(tzid or default_zone))


def _instances(rule: Any, start_ms: Milliseconds, last_ms: Milliseconds) -> float:  # noqa: ANN401 - as above
    """Bound how many instances a rule has up to the end of the span, or has to be stepped through until there."""

    def words(key: str) -> list[Any]:
        found = rule.get(key, [])
        return list(found) if isinstance(found, list) else [found]

    frequency = str((words("FREQ") or [""])[0]).upper()
    interval = max(1, int((words("INTERVAL") or [1])[0]))
    seconds = max(0, last_ms - start_ms) / 1000
    a_day = 1
    for key in _WITHIN_A_DAY:
        a_day *= max(1, len(words(key)))
    if frequency in _SECONDS_APART:
        stepped = seconds / _SECONDS_APART[frequency] / interval
        count = words("COUNT")
        return min(stepped, float(count[0])) * a_day if count else stepped * a_day
    # A day is stepped through once at the most; a rule of centuries is still a few ten thousand days.
    return a_day * seconds / (DAY_MS / 1000) / (interval * 365 if frequency == "YEARLY" else 1) / 20


def _expanded(
    calendar: Any,  # noqa: ANN401 - as above
    place: str,
    span: tuple[Milliseconds, Milliseconds],
    kind: Kind,
    problems: list[str],
) -> Iterator[ScheduledEvent]:
    import recurring_ical_events

    first, last = (_EPOCH + timedelta(milliseconds=moment) for moment in span)
    try:
        # Cancelled instances are kept: that one is off is news.
        for found in recurring_ical_events.of(calendar, skip_bad_series=True).between(first, last):
            yield _event(found, place, kind)
    except (ValueError, OverflowError, TypeError, KeyError, AttributeError, RecursionError) as error:
        problems.append(f"a recurrence cannot be followed ({clean_name(str(error))}). Correct its RRULE.")


def _event(found: Any, place: str, kind: Kind) -> ScheduledEvent:  # noqa: ANN401 - as above
    started, ended = found["DTSTART"].dt, getattr(found.get("DTEND"), "dt", None)
    whole_day = not isinstance(started, datetime)
    at_ms = _ms(started)
    ends_ms = _ms(ended) if ended is not None and _ms(ended) > at_ms else None
    chosen = _kind(found, kind)
    return ScheduledEvent(
        name=clean_name(str(found.get("SUMMARY", ""))) or "Entry without a title",
        kind=chosen,
        at_ms=at_ms,
        source=place,
        weight=WEIGHT_OF_KIND[chosen],
        status=_STATUS.get(str(found.get("STATUS", "")).upper(), "confirmed"),
        ends_ms=(ends_ms or at_ms + DAY_MS) if whole_day else ends_ms,
        time_known=not whole_day,
    )


def _kind(found: Any, default: Kind) -> Kind:  # noqa: ANN401 - as above
    """Take the kind from CATEGORIES where one of them is a kind."""
    categories = found.get("CATEGORIES", [])
    words = {
        str(word).strip().lower()
        for group in (categories if isinstance(categories, list) else [categories])
        for word in getattr(group, "cats", [group])
    }
    return next((known for known in WEIGHT_OF_KIND if known in words), default)


def _ms(moment: date) -> Milliseconds:
    """Give a date (a UTC day) or a time as UTC epoch milliseconds."""
    if isinstance(moment, datetime):
        return at_wall_clock(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    return at_wall_clock(datetime.combine(moment, time(), UTC))
