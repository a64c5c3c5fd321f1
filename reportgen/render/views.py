"""What the templates ask of a brief that is more than reading a field: order, pairing, and whether a page will fit.

Stands at the last arrow, Brief -> bytes, between the frozen brief and the templates; pure functions, all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reportgen.brief import Brief, SymbolBrief
from reportgen.brief_changes import Change, Changes
from reportgen.brief_record import LevelFate
from reportgen.events.calendar import Event
from reportgen.guide.plan import ZonePlan
from reportgen.guide.reaction import Evidence, Reaction
from reportgen.guide.zones import NoDenseZone, Zone
from reportgen.render.filters import day_and_clock, fate
from reportgen.units import Fraction, Missing, Where

STALE_BARS = 2
"""A last close more bars than this before as-of is called stale."""

FIRST_CHANGES, FIRST_LEVELS, MAIL_LINES = 7, 6, 4
"""Lines that the first screen has room for, and a mail."""

_OUTCOMES = ("reject", "continue", "front_run", "ignore")


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


def nothing_on(symbol: SymbolBrief, side: Where) -> NoDenseZone | None:
    """Find why there is no zone on a side."""
    return next((nothing for nothing in symbol.no_dense_zone if nothing.side == side), None)


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
        for outcome in _OUTCOMES
    )
    return tuple(argument for argument in found if argument.supports or argument.against)


def leading_changes(changes: Changes) -> tuple[Change, ...]:
    """Give the largest changes, for the first screen."""
    return changes.items[:FIRST_CHANGES]


def changes_of(changes: Changes, symbol: SymbolBrief) -> tuple[Change, ...]:
    """Give the changes of one symbol, the largest first."""
    return tuple(change for change in changes.items if change.symbol == symbol.symbol)


def leading_levels(fates: tuple[LevelFate, ...]) -> tuple[LevelFate, ...]:
    """Give the levels for the first screen: those that were touched, then the nearest, in the order of the brief."""
    ranked = sorted(fates, key=lambda one: (one.touched_ms is None, one.distance_atr))
    kept = {id(one) for one in ranked[:FIRST_LEVELS]}
    return tuple(one for one in fates if id(one) in kept)


def told_changes(brief: Brief) -> str:
    """Tell the largest changes in one sentence, of the symbols that the reader gets, for a mail; "" without any."""
    found = brief.changes
    if isinstance(found, Missing):
        return ""
    read = {symbol.symbol for symbol in brief.symbols}
    own = [one for one in found.items if one.symbol in read][:MAIL_LINES]
    told = "; ".join(f"{one.base} {f'{one.label} ' if one.label else ''}{one.text}" for one in own)
    return f"Since {day_and_clock(found.since_ms)} UTC: {told}." if told else ""


def told_levels(brief: Brief) -> str:
    """Tell how the levels of the brief before did, and the record, for a mail; "" where nothing is known."""
    track = brief.track_record
    if isinstance(track, Missing) or isinstance(track.levels, Missing):
        return ""
    read = {symbol.symbol for symbol in brief.symbols}
    levels = leading_levels(tuple(one for one in track.levels if one.symbol in read))[:MAIL_LINES]
    told = "; ".join(f"{one.base} {one.label} {one.side}: {fate(one.state).lower()}" for one in levels)
    record = track.record.reason if isinstance(track.record, Missing) else track.record.text
    return f"{told}. {record}" if told else record


def inside(brief: Brief) -> tuple[Event, ...]:
    """Give the events inside the horizon, soonest first."""
    return tuple(sorted((event for event in brief.events if event.inside_horizon), key=lambda event: event.at_ms))


def stale(symbol: SymbolBrief) -> bool:
    """Say whether the last close is more than two bars old."""
    return not isinstance(symbol.coverage, Missing) and symbol.coverage.stale_bars > STALE_BARS


def oldest(brief: Brief) -> SymbolBrief | None:
    """Find the symbol whose data is the most stale, if any is."""
    late = [symbol for symbol in brief.symbols if stale(symbol)]
    return min(late, key=lambda symbol: symbol.price_time_ms or 0) if late else None


def fit(symbol: SymbolBrief, smaller: int = 0) -> str:
    """Name how much smaller a symbol is printed so that it fits one A4 page: "", "snug", "tight", "tight packed".

    Counts text lines as the print stylesheet breaks them: what is longer than its column takes another line.

    Args:
        symbol: What is printed.
        smaller: Steps below the estimate, for a page that was laid out and ran over.
    """
    height = printed_height(symbol)
    estimated = next((at for at, most in enumerate(_MM_THAT_FIT) if height <= most), len(_MM_THAT_FIT))
    return _FITS[min(estimated + smaller, len(_FITS) - 1)]


def printed_height(symbol: SymbolBrief) -> float:
    """Estimate what the texts of a symbol's printed page take, in millimetres, the figure left out."""
    scenarios = symbol.scenarios
    texts = () if isinstance(scenarios, Missing) else (scenarios.bullish.text, scenarios.bearish.text)
    return (
        _ZONE_MM * len(zone_rows(symbol))
        + _ENTRY_MM * sum(max(0, _lines(plan.entry_text, _ENTRY_CHARS) - 2) for plan in symbol.plan)
        + _CHECK_MM * sum(_lines(line.reading, _READING_CHARS) for line in symbol.checklist)
        + _TEXT_MM * _lines(" ".join(symbol.read), _LINE_CHARS)
        + _TEXT_MM * max((_lines(text, _HALF_LINE_CHARS) for text in texts), default=0)
        + _CAVEAT_MM * (symbol.map_quality.grade in ("Low", "None"))
        + _TEXT_MM * max(0, _lines(_stance_text(symbol), _LINE_CHARS) - 3)
        + _INPUT_MM * max(0, max((_lines(each.reading, _INPUT_CHARS) for each in symbol.inputs), default=0) - 3)
        + _FACT_MM * sum(_lines(text, _FACT_CHARS) - 1 for text in _long_facts(symbol))
    )


def _stance_text(symbol: SymbolBrief) -> str:
    """Give the paragraph that a symbol's printed stance is: stance, what events leave of it, size."""
    parts = (
        "" if isinstance(symbol.stance, Missing) else symbol.stance.text,
        symbol.confidence.text if symbol.confidence else "",
        "" if isinstance(symbol.sizing, Missing) else symbol.sizing.text,
    )
    return " ".join(part for part in parts if part)


def _long_facts(symbol: SymbolBrief) -> Iterator[str]:
    """Give the reasons that stand in the narrow list beside the figure, where a number would take one line."""
    if not isinstance(symbol.structure, Missing) and isinstance(symbol.structure.relative_strength, Missing):
        yield symbol.structure.relative_strength.reason


_READING_CHARS, _HALF_LINE_CHARS, _LINE_CHARS, _ENTRY_CHARS, _INPUT_CHARS, _FACT_CHARS = 42, 58, 118, 25, 17, 34
_INPUT_MM, _FACT_MM = 3, 2.6
_ENTRY_MM, _ZONE_MM, _CHECK_MM, _TEXT_MM, _CAVEAT_MM = 3.2, 9, 4, 4, 12
_FITS = ("", "snug", "tight", "tight packed")
_MM_THAT_FIT = (108, 123, 150)


def _lines(text: str, width: int) -> int:
    return 1 + len(text) // width


def percent_of(share: Fraction) -> str:
    """Write a share as a CSS length: 67.00%."""
    return f"{share * 100:.2f}%"
