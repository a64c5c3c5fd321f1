"""What the templates ask of a brief that is more than reading a field: order, pairing, and whether a page will fit.

Stands at the last arrow, Brief -> bytes, between the frozen brief and the templates; pure functions, all of them.
"""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from inspect import isfunction
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from markupsafe import Markup

from reportgen import notation
from reportgen.brief.types import AssumptionUsed, Brief, RecalculateIf, SymbolBrief
from reportgen.config.text import TextError, read_text
from reportgen.errors import RenderError
from reportgen.events.calendar import Event
from reportgen.guide.plan import ZonePlan
from reportgen.guide.reactions import Evidence, Reaction
from reportgen.guide.zones import NoDenseZone, Zone
from reportgen.market.quality import VenueReading
from reportgen.notation import EN_DASH, THIN
from reportgen.units import HOUR_MS, Fraction, Milliseconds, Missing, Where

_PLAIN = re.compile(r"[A-Z0-9]+/[A-Z0-9]+:[A-Z0-9]+")
_LONGEST = 40


def slug(symbol: SymbolBrief) -> str:
    """Name a symbol's files: BTC-USDT-USDT. Safe in a path and a URL; no two symbols share one.

    A symbol of another pattern than BTC/USDT:USDT gets a few digits of its hash behind the letters that are left.
    """
    return slug_of(symbol.symbol)


def slug_of(name: str) -> str:
    """Name the files of a symbol by its unified name, as `slug` does."""
    letters = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")
    if _PLAIN.fullmatch(name) and len(letters) <= _LONGEST:
        return letters
    return f"{letters[:_LONGEST]}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}".lstrip("-")


# ---- How moments, names and states are written on the page; numbers are `reportgen.notation`'s ----

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_NAME = 8
_ELLIPSIS = "\u2026"
_OUTCOMES = {
    "reject": "Reached, turns back",
    "continue": "Reached, goes on",
    "front_run": "Turns just before",
    "ignore": "Not reached",
}


def _utc(milliseconds: Milliseconds) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


def clock(milliseconds: Milliseconds) -> str:
    """Write a time of day: 07:00."""
    return f"{_utc(milliseconds):%H:%M}"


def long_date(milliseconds: Milliseconds, timezone: str = "UTC") -> str:
    """Write a date for the head of the page, as it is called in a time zone: Monday 19 January 2026."""
    moment = in_zone(milliseconds, timezone)
    return f"{moment:%A} {moment.day} {moment:%B %Y}"


def short_date(milliseconds: Milliseconds, timezone: str = "UTC") -> str:
    """Write a date with its year, as it is called in a time zone: 19 Jan 2026."""
    moment = in_zone(milliseconds, timezone)
    return f"{moment.day} {moment:%b %Y}"


def day_and_clock(milliseconds: Milliseconds) -> str:
    """Write a moment near as-of: 28 Jan, 19:00."""
    moment = _utc(milliseconds)
    return f"{moment.day} {moment:%b}, {moment:%H:%M}"


def weekday_and_clock(milliseconds: Milliseconds) -> str:
    """Write a moment within days: Tue 07:00."""
    return f"{_utc(milliseconds):%a %H:%M}"


def in_zone(milliseconds: Milliseconds, timezone: str) -> datetime:
    """Give a moment on the clocks of a time zone.

    Raises:
        RenderError: The name is no IANA time zone.
    """
    try:
        return _utc(milliseconds).astimezone(ZoneInfo(timezone))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise RenderError(f"`{timezone}` is no time zone. Use a name such as Europe/Berlin or UTC.") from error


def utc_clock(milliseconds: Milliseconds, timezone: str) -> str:
    """Write a time of day in UTC, with its weekday where the time zone has another: 07:00, or Thu 22:00."""
    same = in_zone(milliseconds, timezone).date() == _utc(milliseconds).date()
    return clock(milliseconds) if same else weekday_and_clock(milliseconds)


def local(milliseconds: Milliseconds, timezone: str) -> str:
    """Write the reader's time beside UTC: 08:00 Berlin, with its weekday on another day; nothing where it is UTC.

    Raises:
        RenderError: The name is no IANA time zone.
    """
    moment = in_zone(milliseconds, timezone)
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
    """Shorten a base name to eight characters, from within, for ends tell coins apart: 1000PEPE, 100…0MOG, 100…DOGE."""
    return name if len(name) <= _LONGEST_NAME else f"{name[:3]}{_ELLIPSIS}{name[4 - _LONGEST_NAME :]}"


def in_columns(name: str, width: int) -> str:
    """Fill a name up with blanks to so many columns of fixed width, of which Han and kana take two."""
    return name + " " * (width - sum(1 + (unicodedata.east_asian_width(one) in "WF") for one in name))


def css_text(text: str) -> Markup:
    """Write text for a string of a style sheet, where nothing in it can end that string or the sheet."""
    return Markup("").join(c if c.isalnum() or c == " " else Markup(f"\\{ord(c):x} ") for c in text)  # noqa: S704 - a number


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


def listed(names: Sequence[str]) -> str:
    """Join names: SOL, WIF and XRP."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part) if names else ""


def outcome(name: str) -> str:
    """Name an outcome as the guide does: Tap and reject."""
    return _OUTCOMES[name]


def away(fraction: float, side: str) -> float:
    """Sign a distance by its side: above is plus, below minus."""
    return fraction if side == "above" else -fraction


def venue_name(venue: str) -> str:
    """Write a venue as a name: binance becomes Binance, okx OKX."""
    return venue.upper() if len(venue) <= len("okx") else venue[:1].upper() + venue[1:]


def is_missing(value: object) -> bool:
    """Tell a value that is missing from one that is there."""
    return isinstance(value, Missing)


# ---- How events are written on the page: their times, and the note of each kind, Markdown from a folder that users own
NOTES = "events"
"""Folder of the notes below a templates folder: events/macro.md, one a kind."""

_LARGEST_NOTE = 20_000
_TAGS = {"p", "b", "strong", "i", "em", "ul", "ol", "li", "code", "br", "a", "h5"}


def overriding(brief: Brief, symbol: SymbolBrief | None = None) -> tuple[Event, ...]:
    """Give the events that move the plan, the heaviest first as the guide does; those of a symbol when one is given."""
    moving = (event for event in brief.events if event.overrides and (symbol is None or event.concerns(symbol.base)))
    return tuple(sorted(moving, key=lambda event: event.urgency))


def next_event(brief: Brief) -> Event | None:
    """Find the event that moves the plan most, else the soonest heavier one, else the soonest that takes place."""
    ahead = sorted(
        (event for event in brief.events if event.hours_away >= 0 and event.status != "cancelled"),
        key=lambda event: (not event.matters, event.at_ms),
    )
    return next(iter((*overriding(brief), *ahead)), None)


def beside(brief: Brief, event: Event) -> int:
    """Count the other events inside the horizon that take place."""
    return sum(other.lowers and other is not event for other in brief.events)


def event_when(event: Event, timezone: str, *, near: bool = False) -> str:
    """Write when an event is, UTC first: 10 Dec, 13:30 UTC, 14:30 Berlin; a date alone where the hour is not known.

    `near` leaves out the reader's own time.
    """
    if event.kind == "holiday" and event.ends_ms is not None:
        return f"{short_date((event.at_ms + event.ends_ms) // 2)}, all day in New York"
    if not event.time_known:
        return f"{short_date(event.at_ms)}, hour not known"
    until = ""
    if event.ends_ms is not None:
        same = short_date(event.ends_ms) == short_date(event.at_ms)
        until = f"{EN_DASH}{clock(event.ends_ms) if same else day_and_clock(event.ends_ms)}"
    there = "" if near else local(event.at_ms, timezone)
    return f"{day_and_clock(event.at_ms)}{until} UTC{', ' + there if there else ''}"


def event_due(event: Event) -> str:
    """Write the countdown from as-of: in 6 h 30 min; under way; 3 h ago; hour not known."""
    if event.hours_away < 0:
        return f"{countdown(event.hours_away)} ago"
    if not event.time_known:
        return (
            f"in {countdown(event.hours_away)} or later that day" if event.hours_away > 0 else "today, hour not known"
        )
    return f"in {countdown(event.hours_away)}" if event.hours_away > 0 else "under way"


def kinds_inside(brief: Brief) -> tuple[str, ...]:
    """List the kinds of the events inside the horizon that take place, soonest first, each once."""
    return tuple(dict.fromkeys(event.kind for event in brief.events if event.lowers))


def event_note(kind: str, folders: tuple[Path, ...]) -> Markup:
    """Render the note of a kind from the first folder that has one; empty where none has.

    Raises:
        RenderError: A note cannot be read.
    """
    for folder in folders:
        path = folder / NOTES / f"{kind}.md"
        if path.is_file():
            try:
                return _rendered(read_text(path)[:_LARGEST_NOTE])
            except (OSError, TextError) as error:
                raise RenderError(f"{path} cannot be read. Save it as UTF-8 text, or remove it.") from error
    return Markup()


@lru_cache(maxsize=32)
def _rendered(text: str) -> Markup:
    """Turn Markdown into the few tags that a note may have."""
    import nh3
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark", {"html": False})
    tokens = markdown.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = "h5"  # whatever its rank in the note, on the page it stands below the kind's own heading
    made = markdown.renderer.render(tokens, markdown.options, {})
    safe = nh3.clean(made, tags=_TAGS, attributes={"a": {"href"}}, url_schemes={"https", "http"})
    return Markup(safe)  # noqa: S704 - sanitised in the line above


STALE_BARS = 2
"""A last close more bars than this before as-of is called stale."""

_OUTCOME_ROWS = ("reject", "continue", "front_run", "ignore")


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRow:
    """One line of the plan table: a zone with what belongs to it, or a side on which nothing stands out.

    Attributes:
        side: Where. zone, plan, reaction: None together with `nothing` set; plan and reaction may be absent alone.
        nothing: Why there is no zone on this side.
    """

    side: Where
    zone: Zone | None
    plan: ZonePlan | None
    reaction: Reaction | None
    nothing: NoDenseZone | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """What today's features say for and against one outcome at one zone."""

    outcome: str
    supports: tuple[Evidence, ...]
    against: tuple[Evidence, ...]


def zone_of(symbol: SymbolBrief, label: str) -> Zone | None:
    """Find the nearest zone of a letter."""
    found = [zone for zone in symbol.zones if zone.label == label]
    return min(found, key=lambda zone: zone.distance_atr) if found else None


def zone_rows(symbol: SymbolBrief) -> tuple[ZoneRow, ...]:
    """Order zones as the chart does, highest price first, each with its plan and reaction; empty sides in place."""
    plans = {(plan.label, plan.side): plan for plan in symbol.plan}
    reactions = {(reaction.label, reaction.side): reaction for reaction in symbol.reactions}
    rows = [
        ZoneRow(
            side=zone.side,
            zone=zone,
            plan=plans.get((zone.label, zone.side)),
            reaction=reactions.get((zone.label, zone.side)),
            nothing=None,
        )
        for zone in sorted(symbol.zones, key=lambda zone: -zone.low)
    ]
    empty = {
        nothing.side: ZoneRow(side=nothing.side, zone=None, plan=None, reaction=None, nothing=nothing)
        for nothing in symbol.no_dense_zone
    }
    first = [empty["above"]] if "above" in empty else []
    last = [empty["below"]] if "below" in empty else []
    return (*first, *rows, *last)


def reacting(symbol: SymbolBrief) -> tuple[ZoneRow, ...]:
    """Give the zones that have a reaction, highest price first."""
    return tuple(row for row in zone_rows(symbol) if row.reaction is not None)


def arguments(reaction: Reaction) -> tuple[Argument, ...]:
    """Sort a zone's evidence by outcome, for before against; outcomes without any are left out."""
    found = tuple(
        Argument(
            outcome=outcome,
            supports=tuple(e for e in reaction.evidence if e.outcome == outcome and e.supports),
            against=tuple(e for e in reaction.evidence if e.outcome == outcome and not e.supports),
        )
        for outcome in _OUTCOME_ROWS
    )
    return tuple(argument for argument in found if argument.supports or argument.against)


def stale(symbol: SymbolBrief) -> bool:
    """Tell whether the last bar is too old to act on; a brief of schema 1 says it by the bars alone."""
    by_bars = not isinstance(symbol.coverage, Missing) and symbol.coverage.stale_bars > STALE_BARS
    return bool(symbol.stale) or by_bars


def stale_symbols(brief: Brief) -> tuple[SymbolBrief, ...]:
    """List the symbols whose data are too old to act on, in the brief's order."""
    return tuple(filter(stale, brief.symbols))


def oldest(brief: Brief) -> SymbolBrief | None:
    """Find the symbol whose data is the most stale, if any is."""
    return min(stale_symbols(brief), key=lambda symbol: symbol.price_time_ms or 0, default=None)


def percent_of(share: Fraction) -> str:
    """Write a share as a CSS length: 67.00%."""
    return f"{share * 100:.2f}%"


# ---- When to look again, what is missing, how firm the zones are, what the map rests on ----

_AGAIN = {
    "breakout": "Price",
    "open interest": "Open interest",
    "funding": "Funding",
    "event": "Event",
    "flows": "ETF and spot flows",
    "volatility": "Volatility",
}
_SETTINGS = (
    *("typical_position_notional", "zone_gate_intensity", "zone_gate_share", "draws", "plan_least_reward"),
    *("reach_touch", "funding_extreme_8h", "refresh_open_interest"),
)
_RANKED_FOR = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingGroup:
    """One input that some symbols lack for one reason. symbols: base coins, () for all; venue: "" for all."""

    what: str
    venue: str
    symbols: tuple[str, ...]
    reason: str


def missing_inputs(brief: Brief) -> tuple[MissingGroup, ...]:
    """Gather what is missing for the same reason, each reason once and without the symbol's name in it."""
    bases = {symbol.symbol: symbol.base for symbol in brief.symbols}
    groups: dict[tuple[str, str, str], list[str]] = {}
    for one in brief.missing:
        base = bases.get(one.symbol, one.symbol)
        reason = one.reason.replace(f" of {base} ", " ") if base else one.reason
        groups.setdefault((one.what, one.venue, reason), []).extend([base] if base else [])
    return tuple(
        MissingGroup(what=what, venue=venue, symbols=tuple(dict.fromkeys(found)), reason=reason)
        for (what, venue, reason), found in groups.items()
    )


def when_again(brief: Brief, symbol: SymbolBrief, *, all: bool = True) -> tuple[tuple[str, str], ...]:  # noqa: A002
    """Write the reasons to make the map again as today's levels, each by its name; one that is not watched says so.

    Without `all` those are left out that every symbol of the brief has alike: the next event, and flows not watched.
    """
    same = _next_of(brief, symbol) == _next_of(brief, brief.symbols[0])
    own = [
        one
        for one in symbol.recalculate
        if all or not ((one.kind == "event" and same) or (one.kind == "flows" and not one.levels))
    ]
    return tuple((_AGAIN[one.kind], _again(brief, symbol, one)) for one in own)


def _next_of(brief: Brief, symbol: SymbolBrief) -> Event | None:
    """Find the next event that matters to a symbol."""
    return next((event for event in brief.events if event.matters and event.concerns(symbol.base)), None)


def _again(brief: Brief, symbol: SymbolBrief, one: RecalculateIf) -> str:
    if " n/a: " in one.text and not one.levels:
        return "not watched: n/a"
    if one.kind == "event":
        event = _next_of(brief, symbol)
        if event is not None and one.levels:
            return f"{event.name}: from {day_and_clock(brief.as_of_ms + round(one.levels[0] * HOUR_MS))}"
        return "calendar not known" if brief.unknown_events else "none listed"
    if one.kind in ("breakout", "funding", "open interest"):
        return _beyond(symbol, one)
    if one.kind == "volatility" and not isinstance(symbol.structure, Missing):
        return f"no longer {symbol.structure.regime}"
    return one.text


def _beyond(symbol: SymbolBrief, one: RecalculateIf) -> str:
    below, above = one.levels
    if one.kind == "breakout":
        low, high = (notation.price(level, symbol.price_decimals) for level in (below, above))
        return f"above {high} or below {low}"
    if one.kind == "funding":
        return f"below {notation.signed(below * 100, 3)} or above {notation.funding(above)}"
    low, high = (notation.dollars(level).removeprefix("$") for level in (below, above))
    return f"below {low} or above {high} {symbol.base}"


def disappears_when(symbol: SymbolBrief, zone: Zone) -> str:
    """Say which settings remove a zone: Disappears when bars are 4 times as long; no single setting removes it."""
    own = [one for one in symbol.sensitivities if (one.label, one.side) == (zone.label, zone.side)]
    if not own:
        return "not tried with other settings"
    lost = [one.assumption for one in own if not one.survives]
    return f"Disappears when {' or '.join(lost)}" if lost else "no single setting removes it"


def ranked_for(zone: Zone) -> str:
    """Name the first reasons for a zone's rank whose input is known."""
    known = [clause(one.text) for one in zone.reasons if one.value is not None and one.rule != "persistence"]
    return "; ".join(known[:_RANKED_FOR])


def firm_zones(symbols: Sequence[SymbolBrief]) -> tuple[tuple[SymbolBrief, Zone], ...]:
    """List every zone, symbol by symbol, the highest price first."""
    return tuple((symbol, zone) for symbol in symbols for zone in sorted(symbol.zones, key=lambda zone: -zone.low))


def venue_rules(brief: Brief) -> tuple[VenueReading, ...]:
    """Give one reading a venue that says how its numbers were read."""
    told = {
        one.venue: one
        for symbol in brief.symbols
        for one in symbol.venues
        if one.open_interest_rule or one.funding_rule
    }
    return tuple(told.values())


def leading_settings(brief: Brief) -> tuple[AssumptionUsed, ...]:
    """Choose the constants to print: those that the operator set, then those that matter most."""
    by_name = {one.name: one for one in brief.assumptions}
    changed = [one.name for one in brief.assumptions if one.changed]
    wanted = dict.fromkeys((*changed, *_SETTINGS))
    return tuple(by_name[name] for name in tuple(wanted)[: max(len(_SETTINGS), len(changed))] if name in by_name)


HELPERS = {
    name: held for name, held in vars().items() if isfunction(held) and held.__module__ == __name__ and name[0] != "_"
}
"""What templates may ask by name, as a filter or as a function: all that is public here."""
