"""When an entry of an ICS file happens: its rules, dates and exceptions, followed in wall-clock time of its zone.

Rules that are too dense are refused, and those that may never come true are followed in a process that can be ended.
"""

from __future__ import annotations

import multiprocessing
import re
import time as clock
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from reportgen.errors import UsageError
from reportgen.events.calendar import clean_name
from reportgen.events.ics.entries import STAMP, Entry, Property, When, read_when
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
