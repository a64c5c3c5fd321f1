"""Whom a mail is for, and the brief as that reader wants it: their symbols first, or only those; their time zone.

Stands inside the last arrow, Brief -> bytes. The personal brief holds the same values as the brief it is made from, in
another order; nothing is computed again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from reportgen.brief import Brief
from reportgen.errors import RenderError
from reportgen.notation import THIN, percent_change, price
from reportgen.render.filters import countdown, local, short_date
from reportgen.render.views import inside
from reportgen.units import Milliseconds, Missing

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TWELVE_HOURS: Final = frozenset({"US", "CA", "AU", "NZ", "IN", "PH", "PK", "BD", "EG", "SA", "KR", "MX", "CO"})
"""Regions that write 8:00 AM rather than 08:00."""

_MONTH_FIRST: Final = frozenset({"US", "PH"})
"""Regions that write Jan 19, 2026."""

_LONGEST_NAME: Final = 60
"""Of an event or a symbol in a subject, characters."""

_PLAIN: Final = str.maketrans({THIN: " ", "\u2212": "-", "\u00a0": " "})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What a reader asked for.

    Attributes:
        symbols: Unified names, theirs first. only: nothing but those.
        timezone: IANA name, "" for the brief's. locale: BCP 47, how dates and local times are written; the text is
            English in any case. html: False for plain text alone.
    """

    symbols: tuple[str, ...] = ()
    only: bool = False
    timezone: str = ""
    locale: str = "en"
    html: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalBrief:
    """A brief as its reader wants it.

    Attributes:
        brief: The same values, ordered, with the reader's time zone.
        headline: The brief's finding; where only some symbols are shown, theirs.
        note: What the reader asked for and did not get, or "".
    """

    brief: Brief
    headline: str
    note: str


def personal(brief: Brief, reader: Reader) -> PersonalBrief:
    """Order a brief for one reader; when none of their symbols is in it, they get all of it and a note."""
    there = {symbol.symbol: symbol for symbol in brief.symbols}
    theirs = tuple(there[name] for name in dict.fromkeys(reader.symbols) if name in there)
    absent = [name for name in reader.symbols if name not in there]
    others = tuple(symbol for symbol in brief.symbols if symbol.symbol not in reader.symbols)
    alone = reader.only and bool(theirs)
    shown = theirs if alone else theirs + others
    note = f"Not in this brief: {', '.join(absent)}." if absent else ""
    if reader.only and reader.symbols and not theirs:
        note = f"{note} Here is all of it instead."
    names = {symbol.symbol for symbol in shown}
    made = replace(
        brief,
        symbols=shown,
        timezone=reader.timezone or brief.timezone,
        missing=tuple(one for one in brief.missing if not one.symbol or one.symbol in names),
    )
    partial = alone and len(shown) < len(brief.symbols)
    headline = " ".join(f"{s.base}: {s.finding.rstrip('.')}." for s in shown[:2]) if partial else brief.headline
    return PersonalBrief(brief=made, headline=headline, note=note)


def plain(text: str) -> str:
    """Write with the keys of a typewriter: plain spaces and minus signs."""
    return text.translate(_PLAIN)


def subject(brief: Brief, reader: Reader) -> str:
    """Write the subject: the day, the first symbol, the event inside the horizon; a simulated market first of all.

    Raises:
        RenderError: A name in it holds a line break or another control character, which could forge a header.
    """
    parts = [f"Morning brief {date(brief.as_of_ms, reader.locale)}, {_utc(brief.as_of_ms):%H:%M} UTC"]
    first = next((symbol for symbol in brief.symbols if not isinstance(symbol.price, Missing)), None)
    if first is not None and not isinstance(first.price, Missing):
        change = "" if isinstance(first.change_24h, Missing) else f" {percent_change(first.change_24h)}"
        parts.append(f"{_short(first.base)} {price(first.price, first.price_decimals)}{change}")
    parts += [f"{_short(event.name)} in {countdown(event.hours_away)}" for event in inside(brief)[:1]]
    text = plain(" · ".join(parts))
    text = f"Simulated market: {text}" if brief.simulated else text
    if any(not character.isprintable() for character in text):
        raise RenderError(
            f"The subject would hold a line break or control character: {text!r}. "
            "Mend the name of the event or symbol, and make the brief again."
        )
    return text


def date(milliseconds: Milliseconds, locale: str) -> str:
    """Write a date as the reader's region does: 19 Jan 2026, or Jan 19, 2026."""
    if _region(locale) not in _MONTH_FIRST:
        return short_date(milliseconds)
    moment = _utc(milliseconds)
    return f"{moment:%b} {moment.day}, {moment.year}"


def local_time(milliseconds: Milliseconds, timezone: str, locale: str) -> str:
    """Write the reader's own time beside UTC: 08:00 Berlin, or 2:00 AM New York; nothing where it is UTC."""
    written = local(milliseconds, timezone)
    if not written or _region(locale) not in _TWELVE_HOURS:
        return written
    moment = _utc(milliseconds).astimezone(ZoneInfo(timezone))
    clock = f"{moment:%I}".lstrip("0") + f":{moment:%M} {'AM' if moment.hour < 12 else 'PM'}"
    return written.replace(f"{moment:%H:%M}", clock)


def _region(locale: str) -> str:
    """Take the region from a language tag: US from en-US or en_US."""
    return locale.replace("_", "-").rpartition("-")[2].upper()


def _utc(milliseconds: Milliseconds) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}\u2026"
