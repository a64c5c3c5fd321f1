"""How moments, names and states are written on the page; numbers are `reportgen.notation`'s.

Stands at the last arrow, Brief -> bytes: each function is a filter or a test in the templates, small enough to be read
where it is used. Times come in UTC epoch milliseconds; UTC is always written first.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reportgen.errors import RenderError
from reportgen.notation import EN_DASH, MINUS, THIN
from reportgen.units import Milliseconds, Missing

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_NAME = 8
_ELLIPSIS = "\u2026"
_OUTCOMES = {
    "reject": "Tap and reject",
    "continue": "Tap and continue",
    "tap_continue": "Tap and continue",
    "front_run": "Front-run",
    "ignore": "Ignore",
}
_NO_OUTCOME = {"open": "Still open", "censored": "No outcome", "not_an_event": "No event"}


def _utc(milliseconds: Milliseconds) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


def clock(milliseconds: Milliseconds) -> str:
    """Write a time of day: 07:00."""
    return f"{_utc(milliseconds):%H:%M}"


def long_date(milliseconds: Milliseconds) -> str:
    """Write a date for the head of the page: Monday 19 January 2026."""
    moment = _utc(milliseconds)
    return f"{moment:%A} {moment.day} {moment:%B %Y}"


def short_date(milliseconds: Milliseconds) -> str:
    """Write a date with its year: 19 Jan 2026."""
    moment = _utc(milliseconds)
    return f"{moment.day} {moment:%b %Y}"


def day_and_clock(milliseconds: Milliseconds) -> str:
    """Write a moment near as-of: 28 Jan, 19:00."""
    moment = _utc(milliseconds)
    return f"{moment.day} {moment:%b}, {moment:%H:%M}"


def weekday_and_clock(milliseconds: Milliseconds) -> str:
    """Write a moment within days: Tue 07:00."""
    return f"{_utc(milliseconds):%a %H:%M}"


def local(milliseconds: Milliseconds, timezone: str) -> str:
    """Write the reader's time beside UTC: 08:00 Berlin, with its weekday on another day; nothing where it is UTC.

    Raises:
        RenderError: The name is no IANA time zone.
    """
    try:
        moment = _utc(milliseconds).astimezone(ZoneInfo(timezone))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise RenderError(f"`{timezone}` is no time zone. Use a name such as Europe/Berlin or UTC.") from error
    city = timezone.rsplit("/", 1)[-1].replace("_", " ")
    if city in ("UTC", "UCT", "Zulu"):
        return ""
    weekday = "" if moment.date() == _utc(milliseconds).date() else f"{moment:%a} "
    return f"{weekday}{moment:%H:%M} {city}"


def countdown(hours: float) -> str:
    """Write a span counted from as-of: 45 min, 6 h 30 min, 9 d 12 h."""
    minutes = math.floor(abs(hours) * 60 + 1 / 2)
    days, minutes = divmod(minutes, 24 * 60)
    whole, minutes = divmod(minutes, 60)
    parts = ((days, "d"), (whole, "h"), (minutes if not days else 0, "min"))
    text = " ".join(f"{count}{THIN}{unit}" for count, unit in parts if count)
    return text or f"0{THIN}min"


def hours(value: float) -> str:
    """Write a horizon: 24 h."""
    return f"{value:g}{THIN}h"


def eight(name: str) -> str:
    """Shorten a base name to eight characters and an ellipsis: 1000PEPE, 1000000M…."""
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + _ELLIPSIS


def clause(text: str) -> str:
    """Take the full stop from a reason, to stand after n/a."""
    return text.strip().rstrip(".")


def sentence(text: str) -> str:
    """Give a reason its capital and its full stop, to stand alone."""
    plain = clause(text)
    return f"{plain[:1].upper()}{plain[1:]}." if plain else ""


def lower_first(text: str) -> str:
    """Continue a sentence with a reason: No candles becomes no candles; OKX stays."""
    return text if text[1:2].isupper() else f"{text[:1].lower()}{text[1:]}"


def outcome(name: str) -> str:
    """Name an outcome as the guide does: Tap and reject."""
    return _OUTCOMES[name]


def fate(state: str) -> str:
    """Name what became of a zone: an outcome, or why there is none."""
    return _OUTCOMES.get(state) or _NO_OUTCOME[state]


def away(fraction: float, side: str) -> float:
    """Sign a distance by its side: above is plus, below minus."""
    return fraction if side == "above" else -fraction


def tenths(share: float) -> str:
    """Write a persistence: in 8 of 10 draws."""
    return f"in {round(share * 10)} of 10 draws"


def venue_name(venue: str) -> str:
    """Write a venue as a name: binance becomes Binance, okx OKX."""
    return venue.upper() if len(venue) <= len("okx") else venue[:1].upper() + venue[1:]


def is_missing(value: object) -> bool:
    """Tell a value that is missing from one that is there."""
    return isinstance(value, Missing)


FILTERS = {
    function.__name__: function
    for function in (
        clock,
        long_date,
        short_date,
        day_and_clock,
        weekday_and_clock,
        local,
        countdown,
        hours,
        eight,
        clause,
        sentence,
        lower_first,
        outcome,
        fate,
        away,
        tenths,
        venue_name,
    )
}

SIGNS = {"THIN": THIN, "MINUS": MINUS, "EN_DASH": EN_DASH}
