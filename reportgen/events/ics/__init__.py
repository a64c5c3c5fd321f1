"""An ICS calendar becomes events entry by entry: each VEVENT is an event, lies outside the span, or is named.

Stands at the edge: `entries` reads the text. Rules, dates and exceptions are followed in wall-clock time of an entry's
zone; rules that are too dense are refused, and those that may never come true are followed in a process that can be
ended.
"""

from __future__ import annotations

import multiprocessing
import re
import time as clock
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from reportgen.errors import DataError, UsageError
from reportgen.events.calendar import WEIGHT_OF_KIND, Kind, ScheduledEvent, clean_name
from reportgen.events.ics.entries import STAMP, STATUSES, Entry, Property, When, read_entries, read_when
from reportgen.moments import at_wall_clock, skipped
from reportgen.units import DAY_MS, HOUR_MS, Milliseconds

LONGEST_SECONDS: Final = 20.0
"""All rules of a calendar that need a process of their own are followed for no longer, and one for a quarter of it."""

MOST_INSTANCES: Final = 5_000
"""A rule that could give more of them in its life so far is refused, and so are more events than this in the span."""

_RANGES: Final = {
    "INTERVAL": (1, 100_000), "COUNT": (1, 1_000_000), "BYSECOND": (0, 60), "BYMINUTE": (0, 59), "BYHOUR": (0, 23),
    "BYMONTHDAY": (-31, 31), "BYYEARDAY": (-366, 366), "BYWEEKNO": (-53, 53), "BYMONTH": (1, 12),
    "BYSETPOS": (-366, 366),
}  # fmt: skip
_WORDS: Final = {
    "FREQ": re.compile("SECONDLY|MINUTELY|HOURLY|DAILY|WEEKLY|MONTHLY|YEARLY"),
    "UNTIL": STAMP,
    "BYDAY": re.compile(r"[+-]?\d{0,2}(MO|TU|WE|TH|FR|SA|SU)"),
    "WKST": re.compile("MO|TU|WE|TH|FR|SA|SU"),
}
_SECONDS_APART: Final = {"SECONDLY": 1, "MINUTELY": 60, "HOURLY": HOUR_MS // 1000}
_COMES_TRUE: Final = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST"})
"""A rule of days and longer with no other part is never stepped through for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """A series in wall-clock time of its zone: what can be handed to another process."""

    start: datetime
    rules: tuple[Mapping[str, str], ...]
    except_rules: tuple[Mapping[str, str], ...]
    dates: tuple[datetime, ...]
    except_dates: frozenset[datetime]
    except_days: frozenset[date]
    first: datetime
    last: datetime


def read_recurrence(
    entry: Entry, start: When, lasts: Milliseconds, span: tuple[Milliseconds, Milliseconds]
) -> Recurrence:
    """Read what makes a series of an entry; a rule that cannot be read leaves its first date, and is named.

    Args:
        entry: The entry.
        start: Its DTSTART.
        lasts: How long each instance is.
        span: First and last moment of what is looked for.

    Raises:
        UsageError: Its rule is too dense.
    """
    rules: dict[str, list[Mapping[str, str]]] = {"RRULE": [], "EXRULE": []}
    for name, kept in rules.items():
        for found in entry.properties.get(name, ()):
            try:
                kept.append(_rule(entry, name, found.value, start))
            except UsageError as error:
                entry.say(f"{error}: of its series only the dates that are sure are listed.")
    for rule in rules["RRULE"]:
        if _bound(rule, start.ms(), span[1]) > MOST_INSTANCES:
            raise UsageError(f"it recurs more than {MOST_INSTANCES} times. Thin its RRULE out, or list the dates")
    added, excepted = _dates(entry, "RDATE", start), _dates(entry, "EXDATE", start)
    first, last = (datetime(1970, 1, 1) + timedelta(milliseconds=moment) for moment in span)  # noqa: DTZ001 - wall clock
    return Recurrence(
        start=start.local,
        rules=tuple(rules["RRULE"]),
        except_rules=tuple(rules["EXRULE"]),
        dates=tuple(one.beside(start) for one in added),
        except_dates=frozenset(one.beside(start) for one in excepted),
        except_days=frozenset(one.local.date() for one in excepted if one.whole_day or start.whole_day),
        first=first - timedelta(milliseconds=min(lasts, span[1] - span[0]), days=2),
        last=last + timedelta(days=2),
    )


def _dates(entry: Entry, name: str, start: When) -> list[When]:
    """Read RDATE or EXDATE; what cannot be read is noted. Of a period only its start counts."""
    found: list[When] = []
    for one in entry.properties.get(name, ()):
        for value in filter(None, (part.strip() for part in one.value.split(","))):
            try:
                at = read_when(
                    entry, name, replace(one, parameters={**one.parameters, "VALUE": ""}), value.partition("/")[0]
                )
            except UsageError as error:
                entry.say(f"{error}: that date was left out of its series.".replace("its ", "its series: ", 1))
                continue
            if name == "RDATE" and at.whole_day != start.whole_day:
                entry.say(f"has an RDATE {value[:20]} of another sort than its DTSTART; it was left out of its series.")
                continue
            found.append(at)
    return found


def _rule(entry: Entry, name: str, text: str, start: When) -> Mapping[str, str]:
    """Read a rule; its UNTIL becomes wall-clock time of the series, a day being its last second.

    Raises:
        UsageError: A part of it is unknown, stands there twice or is out of range; a clause.
    """
    rule: dict[str, str] = {}
    for part in filter(None, text.upper().replace(" ", "").split(";")):
        key, _, value = part.partition("=")
        values = value.split(",")
        least, most = _RANGES.get(key, (0, 0))
        if key in _RANGES:
            fits = all(re.fullmatch(r"[+-]?\d{1,7}", one) and least <= int(one) <= most for one in values)
        else:
            fits = key in _WORDS and all(_WORDS[key].fullmatch(one) for one in values)
        if not fits or key in rule:
            raise UsageError(f"has a {name} with `{clean_name(part)[:40]}`, which cannot be followed")
        rule[key] = value
    if "FREQ" not in rule:
        raise UsageError(f"has a {name} without FREQ")
    if "UNTIL" in rule:
        timed = "T" in rule["UNTIL"]
        zone = {} if rule["UNTIL"].endswith("Z") else {"TZID": "\n"}
        stamp = Property(value=rule["UNTIL"].removesuffix("Z") if not timed else rule["UNTIL"], parameters=zone)
        if timed and zone:
            stamp = Property(value=f"{stamp.value}Z", parameters={})
        until = read_when(Entry(calendar=entry.calendar), f"{name} UNTIL", stamp)
        # Without Z it is the wall clock of the series; with Z it is brought there.
        local = until.local if zone or start.whole_day else until.beside(start)
        local = datetime.combine(local, time(23, 59, 59)) if until.whole_day or start.whole_day else local
        rule["UNTIL"] = f"{local:%Y%m%dT%H%M%S}"
        if "COUNT" in rule:
            entry.say(f"has a {name} with both COUNT and UNTIL: whichever comes first ends it. Keep one of them.")
    return rule


def _bound(rule: Mapping[str, str], start_ms: Milliseconds, last_ms: Milliseconds) -> float:
    """Bound how many instances a rule has up to the end of the span, or has to be stepped through until there."""
    interval = int(rule.get("INTERVAL", 1))
    seconds = max(0, last_ms - start_ms) / 1000
    a_day = 1
    for key in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        a_day *= len(rule.get(key, "").split(","))
    if rule["FREQ"] in _SECONDS_APART:
        stepped = seconds / _SECONDS_APART[rule["FREQ"]] / interval
        return min(stepped, float(rule.get("COUNT", stepped))) * a_day
    # A day is stepped through once at the most; a rule of centuries is still a few ten thousand days.
    return a_day * seconds / (DAY_MS / 1000) / (interval * 365 if rule["FREQ"] == "YEARLY" else 1) / 20


def _follow(series: Recurrence) -> list[datetime]:
    """List the instances of a series in its window; DTSTART counts as one."""
    from dateutil.rrule import rruleset, rrulestr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # COUNT beside UNTIL has been named already
        every = rruleset()
        every.rdate(series.start)
        for add, rules in ((every.rrule, series.rules), (every.exrule, series.except_rules)):
            for rule in rules:
                add(rrulestr(";".join(f"{key}={value}" for key, value in rule.items()), dtstart=series.start))
        for one in series.dates:
            every.rdate(one)
        for one in series.except_dates:
            every.exdate(one)
        found: list[datetime] = []
        for one in every.xafter(series.first, inc=True):
            if one > series.last or len(found) > MOST_INSTANCES:
                break
            found.append(one)
    return found


class Follower:
    """Follows series: those that surely end here, the others in a process that is ended when its time is up."""

    def __init__(self) -> None:
        """Start without a process and with all the time."""
        self._pool: Any = None
        self._until = clock.monotonic() + LONGEST_SECONDS

    def __call__(self, series: Recurrence) -> list[datetime]:
        """List the instances of a series in its window.

        Raises:
            UsageError: It took too long, or its dates leave Python's years.
        """
        rules = (*series.rules, *series.except_rules)
        try:
            if all(set(rule) <= _COMES_TRUE and rule["FREQ"] not in _SECONDS_APART for rule in rules):
                return _follow(series)
            if self._pool is None:
                self._pool = multiprocessing.get_context("spawn").Pool(1)
            left = min(LONGEST_SECONDS / 4, self._until - clock.monotonic())
            return list(self._pool.apply_async(_follow, (series,)).get(max(0, left)))
        except multiprocessing.TimeoutError:
            self.end()
            raise UsageError("its RRULE could not be followed in time: it may never come true. Correct it") from None
        except (ValueError, OverflowError, TypeError, RecursionError):
            raise UsageError("its RRULE cannot be followed. Correct it") from None

    def end(self) -> None:
        """End the process, if there is one."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool.join()
            self._pool = None


_LAST_MS: Final = at_wall_clock(datetime(9999, 12, 30, tzinfo=UTC))
"""An end later than this is this: dates of other zones must stay within Python's years."""

_DURATION: Final = re.compile(
    r"([+-]?)P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IcsCalendar:
    """What a calendar holds in a span.

    Attributes:
        events: In no order. problems: what could not be read or contradicts itself, a sentence each without the place.
        entries: VEVENTs of the file. left_out: those of them that became no event for a problem.
    """

    events: tuple[ScheduledEvent, ...]
    problems: tuple[str, ...]
    entries: int = 0
    left_out: int = 0


def read_ics(content: bytes, place: str, span: tuple[Milliseconds, Milliseconds], kind: Kind = "other") -> IcsCalendar:
    """Read the events of a calendar that overlap a span.

    Args:
        content: The file; it may hold several VCALENDARs.
        place: What errors and the events' source call it.
        span: First and last moment.
        kind: Of events that name no kind of their own in CATEGORIES.

    Raises:
        DataError: It is no calendar, breaks off, or holds more than MOST_INSTANCES events in the span.
    """
    entries, problems = read_entries(content, place)
    events: list[ScheduledEvent] = []
    follow = Follower()
    left_out = 0
    try:
        # Group entries by UID; an empty UID is no identity, and the highest SEQUENCE of a UID replaces those before.
        groups: dict[str, list[Entry]] = {}
        for number, entry in enumerate(entries):
            if entry.text("SEQUENCE") and not entry.text("SEQUENCE").isdecimal():
                entry.say(
                    f"has a SEQUENCE `{clean_name(entry.text('SEQUENCE'))[:20]}` that is no number; it is read as 0."
                )
            groups.setdefault(entry.text("UID") or f"\n{number}", []).append(entry)
        for series in groups.values():
            found, lost = _events_of(series, span, follow)
            left_out += lost
            events += (_event(entry, when, at_ms, place, kind) for entry, when, at_ms in found)
            problems += (problem for entry in series for problem in entry.problems)
    finally:
        follow.end()
    events = [event for event in events if event.at_ms <= span[1] and event.last_ms >= span[0]]
    if len(events) > MOST_INSTANCES:
        raise DataError(f"{place}: holds {len(events)} events in the next weeks, more than {MOST_INSTANCES}.")
    told = tuple(dict.fromkeys(problems))
    return IcsCalendar(events=tuple(events), problems=told, entries=len(entries), left_out=left_out)


def _events_of(
    series: list[Entry], span: tuple[Milliseconds, Milliseconds], follow: Follower
) -> tuple[list[tuple[Entry, When, Milliseconds]], int]:
    """Give what the entries of one UID mean in a span: (entry, how it is written, when), and how many were left out."""
    masters = [entry for entry in series if not entry.properties.get("RECURRENCE-ID")]
    moved = [entry for entry in series if entry.properties.get("RECURRENCE-ID")]
    withdrawn = [one for one in masters if one.first("DTSTART") is None and one.status == "cancelled"]
    if len(withdrawn) < len(masters):  # a cancellation without a time calls the entries of its UID off
        masters = [one for one in masters if one not in withdrawn]
        for one in masters if withdrawn else ():
            one.properties["STATUS"] = [Property(value="CANCELLED", parameters={})]
    latest = max((_sequence(one) for one in masters), default=0)
    found: list[tuple[Entry, When, Milliseconds]] = []
    left_out = 0
    for entry in masters:
        if _sequence(entry) < latest:
            entry.say(f"is replaced by the entry of the same UID with SEQUENCE {latest}.")
            left_out += 1
            continue
        try:
            start = _start(entry)
            instances, taken = _instances(entry, start, moved, span, follow)
        except UsageError as error:
            entry.say(f"is left out: {error}.".replace("..", "."))
            left_out += 1
            continue
        moved = [one for one in moved if one not in taken]
        found += ((entry, start, at_ms) for at_ms in instances)
        for one in taken:
            left_out += _moved_event(one, entry, start, found)
    for one in moved:
        if masters and _readable(one):
            one.say("changes an instance that its series does not have; it is listed by itself.")
        left_out += _moved_event(one, None, None, found)
    return found, left_out


def _sequence(entry: Entry) -> int:
    text = entry.text("SEQUENCE")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _start(entry: Entry) -> When:
    """Read DTSTART.

    Raises:
        UsageError: It has none, it cannot be read, or the clocks skip it.
    """
    written = [one for one in entry.properties.get("DTSTART", ()) if one.value.strip()]
    if not written:
        raise UsageError("it has no DTSTART. Give it a start")
    if len({(one.value, one.parameters.get("TZID", "")) for one in written}) > 1:
        entry.say("has several DTSTARTs that differ: the first was taken. Keep one.")
    start = read_when(entry, "DTSTART", written[0])
    if not start.whole_day and "RRULE" not in entry.properties and skipped(start.local.replace(tzinfo=start.zone)):
        raise UsageError("it starts at a time that the clocks skip that day. Correct DTSTART")
    return start


def _readable(entry: Entry) -> When | None:
    """Read the RECURRENCE-ID of an entry; None where it has none that can be read."""
    found = entry.first("RECURRENCE-ID")
    try:
        return None if found is None else read_when(Entry(calendar=entry.calendar), "RECURRENCE-ID", found)
    except UsageError:
        return None


def _moved_event(
    entry: Entry, master: Entry | None, at: When | None, found: list[tuple[Entry, When, Milliseconds]]
) -> int:
    """Add the event of a changed instance; without a DTSTART it stands where its RECURRENCE-ID says. 1 if left out."""
    instead = _readable(entry)
    if instead is None:
        entry.say(
            f"has a RECURRENCE-ID `{clean_name(entry.text('RECURRENCE-ID'))[:40]}` that cannot be read; correct it."
        )
    if master is not None and not entry.first("SUMMARY"):
        entry.properties["SUMMARY"] = master.properties.get("SUMMARY", [])
    try:
        start = _start(entry) if entry.first("DTSTART") or instead is None else instead
    except UsageError as error:
        entry.say(f"is left out: {error}.".replace("..", "."))
        return 1
    if at is not None and start is instead and instead.whole_day and not at.whole_day:
        local = datetime.combine(instead.local, at.local.time())
        start = replace(at, local=local)  # the instance of that day, at the hour of its series
    found.append((entry, start, start.ms()))
    return 0


def _instances(
    entry: Entry, start: When, moved: list[Entry], span: tuple[Milliseconds, Milliseconds], follow: Follower
) -> tuple[list[Milliseconds], list[Entry]]:
    """List when an entry happens around a span, without the instances that others change, and those others.

    Raises:
        UsageError: Its rule is too dense, or could not be followed in time.
    """
    ends_ms = _ends(entry, start, start.ms())
    recurrence = read_recurrence(entry, start, 0 if ends_ms is None else ends_ms - start.ms(), span)
    recurs = any(entry.properties.get(name) for name in ("RRULE", "RDATE"))
    every = follow(recurrence) if recurs else [start.local]
    instances = [one for one in every if one.date() not in recurrence.except_days]
    taken: list[Entry] = []
    for other in moved:
        if other.first("RECURRENCE-ID") and "THISANDFUTURE" in other.properties["RECURRENCE-ID"][0].parameters.values():
            other.say("changes all instances from its own on, which is not followed: only its own is changed.")
        at = _readable(other)
        if at is None:
            continue
        its, by_day = at.beside(start), at.whole_day or start.whole_day
        hit = [one for one in instances if one == its or (by_day and one.date() == its.date())]
        if hit or (recurs and not recurrence.first <= its <= recurrence.last):
            taken.append(other)
            instances = [one for one in instances if one not in hit]
    return [start.ms(one) for one in instances], taken


def _ends(entry: Entry, start: When, at_ms: Milliseconds) -> Milliseconds | None:
    """Give the end of an entry that starts at a moment, None for a moment; an end that makes no sense is noted."""
    ends, lasts = entry.first("DTEND"), entry.first("DURATION")
    length: Milliseconds | None = None
    if ends is not None:
        try:
            until = read_when(entry, "DTEND", ends)
            if until.whole_day != start.whole_day:
                known = "its hour is not known" if start.whole_day else "its end is not known"
                entry.say(f"has a DTSTART and a DTEND of which one is a date and one a time: {known}.")
            else:
                length = until.ms() - start.ms()
        except UsageError as error:
            entry.say(f"has no end that can be read ({error}).")
    elif lasts is not None:
        found = _DURATION.fullmatch(lasts.value.strip())
        if found is None or not any(found.groups()[1:]):
            entry.say(f"has a DURATION `{clean_name(lasts.value)[:20]}` that cannot be read; it has no end.")
        else:
            weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
            spans = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
            length = spans // timedelta(milliseconds=1) * (-1 if found[1] == "-" else 1)
    if length is not None and length < 0:
        entry.say(f"ends before it starts: its end was left out. Correct {'DTEND' if ends else 'its DURATION'}.")
        length = None
    if start.whole_day:
        length = length or DAY_MS
    return min(at_ms + length, _LAST_MS) if length else None


def _event(entry: Entry, start: When, at_ms: Milliseconds, place: str, kind: Kind) -> ScheduledEvent:
    written = entry.text("STATUS").upper()
    if written not in STATUSES:
        entry.say(f"has a STATUS `{clean_name(written)[:20]}` that is not known; it is taken as confirmed.")
    words = {
        word.strip().lower() for one in entry.properties.get("CATEGORIES", ()) for word in one.value.split(",")
    }  # fmt: skip
    chosen: Kind = next((known for known in WEIGHT_OF_KIND if known in words), kind)
    return ScheduledEvent(
        name=entry.title,
        kind=chosen,
        at_ms=at_ms,
        source=place,
        weight=WEIGHT_OF_KIND[chosen],
        status=entry.status,
        ends_ms=_ends(entry, start, at_ms),
        time_known=not start.whole_day,
    )
