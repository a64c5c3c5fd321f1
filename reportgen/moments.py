"""Moments and spans as people write them: ISO 8601 with a zone, or 4h, becomes milliseconds, and back.

Stands at the edge, between config.yaml or the command line and everything that counts in milliseconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reportgen.errors import UsageError

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_SPAN: Final = re.compile(r"([0-9]{1,4})([mhd])")
_UNIT_MS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EXAMPLE: Final = "2026-01-19T07:00Z"
_LAST_YEAR: Final = 2199


def parse_moment(text: str) -> int:
    """Read an ISO 8601 date and time that carries a zone, or a date alone, as UTC epoch milliseconds.

    Args:
        text: `2026-01-19T07:00Z`, `2026-01-19T08:00+01:00`, or `2026-01-19` for the start of that UTC day.

    Raises:
        UsageError: The text is no date and time, carries no zone, or lies before 1970 or after 2199.
    """
    written = text.strip()
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        raise UsageError(f"`{text}` is not a date and time. Write it as {_EXAMPLE} or 2026-01-19.") from error
    if _DAY.fullmatch(written):
        moment = moment.replace(tzinfo=UTC)
    elif "T" not in written.upper() and " " not in written:
        raise UsageError(f"`{text}` has no time of day. Write it as {_EXAMPLE} or 2026-01-19.")
    if moment.tzinfo is None:
        raise UsageError(f"`{text}` has no time zone. Add Z for UTC or an offset such as +01:00: {_EXAMPLE}.")
    _refuse_far(moment, text)
    milliseconds = (moment - _EPOCH) // _MILLISECOND
    if milliseconds < 0:
        raise UsageError(f"`{text}` lies before 1970. Write it as {_EXAMPLE}.")
    return milliseconds


def _refuse_far(moment: date, text: str) -> None:
    """Refuse a time in a year that no calendar reaches and no arithmetic of dates may leave."""
    if moment.year > _LAST_YEAR:
        raise UsageError(f"`{text}` lies after {_LAST_YEAR}. Write it as {_EXAMPLE}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """When an event is: a moment, or a whole day of which the hour is not known.

    Attributes:
        at_ms: The moment, or the start of the day. ends_ms: end of that day, None for a moment.
        time_known: False for a day.
    """

    at_ms: int
    ends_ms: int | None
    time_known: bool


def parse_when(text: str, zone: str | None = None) -> When:
    """Read the time of an event: with an offset, as wall-clock time of a named zone, or a date alone.

    Args:
        text: `2026-12-10T13:30Z`, `2026-12-10T08:30` with a zone, or `2026-12-10` where the hour is not known.
        zone: IANA name for times and dates without an offset; a date without one is a UTC day.

    Raises:
        UsageError: No time, no zone, no such zone, or a time that a change of clocks skips or repeats there.
    """
    written = text.strip()
    if _DAY.fullmatch(written):
        try:
            day = date.fromisoformat(written)
        except ValueError as error:
            raise UsageError(f"`{text}` is not a date. Write it as 2026-01-19.") from error
        _refuse_far(day, text)
        ends = day + timedelta(days=1)
        start_ms, ends_ms = (
            at_wall_clock(datetime.combine(one, time(), zone_named(zone or "UTC"))) for one in (day, ends)
        )
        return When(at_ms=start_ms, ends_ms=ends_ms, time_known=False)
    if zone is None:
        return When(at_ms=parse_moment(text), ends_ms=None, time_known=True)
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        raise UsageError(f"`{text}` is not a date and time. Write it as {_EXAMPLE}.") from error
    if moment.tzinfo is not None:
        raise UsageError(f"`{text}` has an offset and a zone ({zone}). Keep one of them.")
    _refuse_far(moment, text)
    local = moment.replace(tzinfo=zone_named(zone))
    if skipped(local):
        raise UsageError(f"`{text}` does not exist in {zone}: the clocks skip it that day. Correct it, or write UTC.")
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        raise UsageError(f"`{text}` happens twice in {zone} that day. Write it with its offset, as {_EXAMPLE}.")
    return When(at_ms=at_wall_clock(local), ends_ms=None, time_known=True)


def zone_named(name: str) -> ZoneInfo:
    """Find a time zone.

    Raises:
        UsageError: There is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"`{name}` is not a time zone. Use an IANA name such as America/New_York or UTC.") from error


def at_wall_clock(moment: datetime) -> int:
    """Give a datetime with a zone as UTC epoch milliseconds."""
    return (moment - _EPOCH) // _MILLISECOND


def skipped(moment: datetime) -> bool:
    """Tell whether a change of clocks skips a wall-clock time of its zone."""
    there = moment.astimezone(UTC).astimezone(moment.tzinfo)
    return there.replace(tzinfo=None) != moment.replace(tzinfo=None)


def parse_span(text: str) -> int:
    """Read a span of time such as 30m, 4h or 1d as milliseconds.

    Raises:
        UsageError: The text is no span.
    """
    found = _SPAN.fullmatch(text.strip())
    if not found or not int(found[1]):
        raise UsageError(f"`{text}` is not a span of time. Write it as 30m, 4h or 1d.")
    return int(found[1]) * _UNIT_MS[found[2]]


def moment_text(milliseconds: int) -> str:
    """Write UTC epoch milliseconds as ISO 8601 in UTC, to the minute where that is exact: 2026-01-19T07:00Z."""
    moment = _EPOCH + milliseconds * _MILLISECOND
    exact = "minutes" if moment.second == moment.microsecond == 0 else "auto"
    return moment.replace(tzinfo=None).isoformat(timespec=exact) + "Z"


def day_of(milliseconds: int, zone: str = "UTC") -> str:
    """Name the day of a moment, UTC epoch milliseconds, in a time zone by its IANA name: 2026-01-19.

    Raises:
        UsageError: There is no such zone.
    """
    return (_EPOCH + milliseconds * _MILLISECOND).astimezone(zone_named(zone)).date().isoformat()
