"""The guide's closing routine and its inputs on one strip: each line with its number and its verdict on zone risk.

A line of the routine is one function and one place in `walk_checklist`; its number is its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reportgen import notation
from reportgen.guide.context import Context
from reportgen.guide.plan import Plan, Scenario
from reportgen.guide.positioning import FundingReading
from reportgen.guide.structure import Structure
from reportgen.guide.structure.volume import volume_text
from reportgen.guide.wording import (
    at,
    band,
    counted_down,
    crowd,
    distance,
    distance_percent,
    due,
    event_name,
    level_kind,
    level_name,
    listed,
    not_available,
    ordinal,
)
from reportgen.guide.zones import Zone
from reportgen.guide.zones.geometry import aligned_level
from reportgen.units import Missing, Side, Where

Verdict = Literal["adds", "eases", "neutral", "unknown"]
"""What an input does to zone risk: never a buy or a sell."""

Lean = Literal["up", "down", "none", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistLine:
    """One step of the routine.

    Attributes:
        step: its place, from 1. name: short. reading: the finding with its number. verdict: its effect on zone risk.
    """

    step: int
    name: str
    reading: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class InputReading:
    """One of the guide's inputs, or one step of its routine.

    Attributes:
        name: Short. reading: with its number, or "n/a: reason". verdict: its effect on zone risk.
    """

    name: str
    reading: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Confluence:
    """Do map, structure and positioning lean the same way?

    Attributes:
        map_lean, structure_lean, positioning_lean: each layer's lean. lean: the common one.
        agree: layers that share it, 0-3. conflict: two layers lean opposite ways. text: one clause.
    """

    map_lean: Lean
    structure_lean: Lean
    positioning_lean: Lean
    lean: Lean
    agree: int
    conflict: bool
    text: str


_SIDES: tuple[Where, Where] = ("above", "below")


def read_inputs(context: Context) -> tuple[InputReading, ...]:
    """Read the guide's inputs in its order; a missing one reads `n/a: reason` and its verdict is unknown."""
    return (
        read_clusters(context),
        read_trend(context),
        read_open_interest(context),
        read_funding(context),
        read_chart_levels(context),
        read_volume(context),
        read_catalysts(context),
    )


def read_clusters(context: Context) -> InputReading:
    """Price against the nearest clusters: a near one adds, none at all eases."""
    name = "Price vs clusters"
    if context.no_map is not None:
        return _unknown(name, context.no_map)
    nearest = [zone for side in _SIDES if (zone := context.nearest_zone(side)) is not None]
    if not nearest:
        return InputReading(name=name, reading=no_dense_zone(context), verdict="eases")
    near = any(zone.distance_atr <= context.assumptions.checklist_near_atr for zone in nearest)
    reading = ", ".join(f"{zone.label} {distance(zone)}" for zone in nearest)
    return InputReading(name=name, reading=reading, verdict="adds" if near else "neutral")


def no_dense_zone(context: Context) -> str:
    """Say that nothing stands out, and how far was looked."""
    looked = [within for side in _SIDES if (within := context.looked_within(side)) is not None]
    return f"no dense zone within {notation.percent(min(looked), 0)}" if looked else "no dense zone"


def read_trend(context: Context) -> InputReading:
    """Trend: into a side with a dense zone adds, away from all of them eases."""
    name, structure = "Trend", context.structure
    if isinstance(structure, Missing):
        return _unknown(name, structure)
    return InputReading(name=name, reading=trend_text(structure), verdict=_trend_verdict(context, structure))


def trend_text(structure: Structure) -> str:
    """Write trend, strength and regime: down (−0.42) on 4h, expanding."""
    strength = notation.signed(structure.trend_strength, 2)
    return f"{structure.trend} ({strength}) on {structure.timeframe}, {structure.regime} regime"


def read_open_interest(context: Context) -> InputReading:
    """Open interest: rising or elevated adds, falling eases."""
    name, reading = "Open interest", context.open_interest
    if isinstance(reading, Missing):
        return _unknown(name, reading)
    level = f"{'elevated, ' if reading.elevated else ''}{ordinal(reading.percentile)}"
    flush = ", a flush" if reading.flush else ""
    change = f"{notation.percent_change(reading.change_24h)} in 24{notation.THIN}h"
    verdict: Verdict = "adds" if reading.trend == "rising" or reading.elevated else "neutral"
    if reading.trend == "falling":
        verdict = "eases"
    return InputReading(name=name, reading=f"{reading.trend}, {change}{flush}; {level}", verdict=verdict)


def read_funding(context: Context) -> InputReading:
    """Funding: an extreme or a crowded side adds, a mild bias does neither."""
    name, reading = "Funding", context.funding
    if isinstance(reading, Missing):
        return _unknown(name, reading)
    verdict: Verdict = "adds" if reading.extreme or context.crowded_side is not None else "neutral"
    text = f"{notation.funding(reading.rate_8h)}, {_bias(reading)}{_crowding(context.crowded_side)}"
    return InputReading(name=name, reading=f"{text}; {ordinal(reading.percentile)}", verdict=verdict)


def read_chart_levels(context: Context) -> InputReading:
    """Support and resistance: a level in line with a zone adds."""
    name = "Support, resistance"
    if isinstance(context.structure, Missing):
        return _unknown(name, context.structure)
    aligned = any(aligned_level(zone, context) is not None for zone in context.zones)
    return InputReading(name=name, reading=nearest_levels(context), verdict="adds" if aligned else "neutral")


def nearest_levels(context: Context) -> str:
    """Write the nearest support and resistance, or that one is not known."""
    sides: tuple[Where, Where] = ("below", "above")
    return ", ".join(
        level_name(levels[0], context) if (levels := context.levels(side)) else f"no {level_kind(side)} known"
        for side in sides
    )


def read_volume(context: Context) -> InputReading:
    """Volume: expanding adds, contracting eases; spot stands beside it."""
    name, structure = "Volume", context.structure
    if isinstance(structure, Missing):
        return _unknown(name, structure)
    reading = volume_text(structure, unknown="; spot n/a")
    verdict: Verdict = "neutral"
    if structure.volume != "steady":
        verdict = "adds" if structure.volume == "expanding" else "eases"
    return InputReading(name=name, reading=reading, verdict=verdict)


def read_catalysts(context: Context) -> InputReading:
    """Catalysts: an event inside the horizon adds risk, one beyond it does not; what nobody told of is unknown."""
    name, event = "Catalysts", context.leading_event
    hours = f"{context.horizon_hours:g}{notation.THIN}h"
    inside = [other for other in context.events if other.lowers]
    if event is not None:
        more = f" and {len(inside) - 1} more within {hours}" if len(inside) > 1 else ""
        reading = f"{event_name(event)} {due(event)}{more}"
        return InputReading(name=name, reading=reading, verdict="adds")
    if context.unknown_events:
        unknown = listed([one.name for one in context.unknown_events])
        return InputReading(name=name, reading=f"not known within {hours}: {unknown}", verdict="unknown")
    if inside:
        return InputReading(name=name, reading=f"light ones only: {counted_down(inside)}", verdict="neutral")
    later = next((one for one in context.events if not one.inside_horizon), None)
    after = "" if later is None else f"; next {event_name(later)} {due(later)}"
    return InputReading(name=name, reading=f"none listed within {hours}{after}", verdict="neutral")


def _trend_verdict(context: Context, structure: Structure) -> Verdict:
    if structure.trend == "sideways" or not context.zones:
        return "neutral"
    ahead = context.nearest_zone("above" if structure.trend == "up" else "below")
    return "eases" if ahead is None else "adds"


def _bias(reading: FundingReading) -> str:
    if reading.extreme:
        moved = ", turned from neutral" if reading.turned_extreme else ""
        return f"{reading.bias}, stretched{moved}"
    return "neutral, not stretched" if reading.bias == "neutral" else f"{reading.bias}, mild"


def _crowding(side: Side | None) -> str:
    return "" if side is None else f", {crowd(side)} crowded"


def _unknown(name: str, missing: Missing) -> InputReading:
    return InputReading(name=name, reading=not_available(missing), verdict="unknown")


def walk_checklist(context: Context, plan: Plan) -> tuple[ChecklistLine, ...]:
    """Walk the routine in the guide's order: zones, chart, open interest, funding, events, scenarios, alerts."""
    lines = (
        _mark_zones(context),
        _note_structure(context),
        read_open_interest(context),
        read_funding(context),
        _list_events(context),
        _scenarios_written(context, plan),
        _alerts_set(context, plan),
    )
    return tuple(
        ChecklistLine(step=step, name=line.name, reading=line.reading, verdict=line.verdict)
        for step, line in enumerate(lines, start=1)
    )


def _mark_zones(context: Context) -> InputReading:
    clusters = read_clusters(context)
    name, quality = "Nearest zones", context.map_quality.grade.lower()
    if context.no_map is not None:
        return InputReading(name=name, reading=clusters.reading, verdict="unknown")
    found = [zone for side in _SIDES if (zone := context.nearest_zone(side)) is not None]
    where = "; ".join(_marked(zone, context) for zone in found) or no_dense_zone(context)
    return InputReading(name=name, reading=f"{where}; map quality {quality}", verdict=clusters.verdict)


def _marked(zone: Zone, context: Context) -> str:
    return f"{zone.label} {band(zone, context)}, {distance_percent(zone)}, {distance(zone)}"


def _note_structure(context: Context) -> InputReading:
    """A level in line with a zone adds, as does a trend that leads into one; else the trend's own verdict stands."""
    name, structure = "Structure", context.structure
    if isinstance(structure, Missing):
        return InputReading(name=name, reading=not_available(structure), verdict="unknown")
    aligned = any(aligned_level(zone, context) is not None for zone in context.zones)
    verdict: Verdict = "adds" if aligned else read_trend(context).verdict
    lead = structure.relative_strength
    strength = ""
    if not isinstance(lead, Missing):
        days = f"{structure.relative_strength_days:g}{notation.THIN}d"
        strength = f"; {notation.percent_change(lead)} against BTC over {days}"
    reading = f"{trend_text(structure)}; {nearest_levels(context)}{strength}"
    return InputReading(name=name, reading=reading, verdict=verdict)


def _list_events(context: Context) -> InputReading:
    catalysts = read_catalysts(context)
    override = "; can override the map" if context.leading_event is not None else ""
    return InputReading(name="Event risk", reading=f"{catalysts.reading}{override}", verdict=catalysts.verdict)


def _scenarios_written(context: Context, plan: Plan) -> InputReading:
    """Both are always written; the line names the close that each waits for."""
    sides = (_waits_for(plan.scenarios.bullish, context), _waits_for(plan.scenarios.bearish, context))
    known = all(sides)
    reading = "bullish {}, bearish {}".format(*(side or "has no level yet" for side in sides))
    return InputReading(name="Scenarios", reading=reading, verdict="neutral" if known else "unknown")


def _waits_for(scenario: Scenario, context: Context) -> str:
    where = "above" if scenario.direction == "bullish" else "below"
    level = next((part.level for part in scenario.trigger if part.kind == f"closes_{where}"), None)
    return "" if level is None else f"{where} {at(level, context)}"


def _alerts_set(context: Context, plan: Plan) -> InputReading:
    """Alerts stand before each zone; without zones at the nearest chart levels."""
    by_price = sorted(plan.zones, key=lambda zone: -zone.alert)
    alerts = [f"{at(zone.alert, context)} ({zone.label} {zone.side})" for zone in by_price]
    if not alerts:
        alerts = [
            f"{at(levels[0].price, context)} ({levels[0].where})" for side in _SIDES if (levels := context.levels(side))
        ]
    if not alerts:
        reading = not_available(Missing("Neither a zone nor a chart level is known."))
        return InputReading(name="Alerts", reading=reading, verdict="unknown")
    return InputReading(name="Alerts", reading=f"at {', '.join(alerts)}", verdict="neutral")
