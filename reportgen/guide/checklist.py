"""The guide's closing routine and its inputs on one strip: each line with its number and its verdict on zone risk.

A line of the routine is one function and one place in `walk_checklist`; its number is its place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from reportgen import notation
from reportgen.guide.context import Context
from reportgen.guide.plan import Plan, ZonePlan
from reportgen.guide.positioning import FundingReading
from reportgen.guide.structure import Structure
from reportgen.guide.structure.volume import volume_text
from reportgen.guide.wording import (
    at,
    band,
    crowd,
    distance,
    due,
    event_name,
    level_kind,
    level_name,
    listed,
    not_available,
    ordinal,
    relative_meaning,
    swept_text,
)
from reportgen.units import Missing, Price, Where

Verdict = Literal["adds", "eases", "neutral", "unknown"]
"""What an input does to zone risk: never a buy or a sell."""


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


_ALERTS: Final = "Alerts"
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
    """Price against the nearest clusters: one likely to be touched adds; none, or none in reach, eases."""
    name = "Price vs clusters"
    if context.no_map is not None:
        return _unknown(name, context.no_map)
    nearest = [zone for side in _SIDES if (zone := context.nearest_zone(side)) is not None]
    if not nearest:
        return InputReading(name=name, reading=no_dense_zone(context), verdict="eases")
    reading = "; ".join(f"{zone.label} {distance(zone)}" for zone in nearest)
    likely = max(1.0 if zone.price_inside else zone.touch_probability or 0.0 for zone in nearest)
    return InputReading(name=name, reading=reading, verdict=_by_likelihood(likely, context))


def _by_likelihood(touched: float, context: Context) -> Verdict:
    """More likely met than not adds; out of reach eases."""
    if touched >= context.assumptions.likely_touch:
        return "adds"
    return "eases" if touched < context.assumptions.reach_touch else "neutral"


def no_dense_zone(context: Context) -> str:
    """Say that nothing stands out, and how far was looked."""
    looked = [within for side in _SIDES if (within := context.looked_within(side)) is not None]
    return f"no dense zone within {notation.percent(min(looked), 0)}" if looked else "no dense zone"


def read_trend(context: Context) -> InputReading:
    """Trend: into a side with a dense zone adds, away from all of them eases."""
    name, structure = "Trend", context.structure
    if isinstance(structure, Missing):
        return _unknown(name, structure)
    verdict: Verdict = "neutral"
    if structure.trend != "sideways" and context.zones:
        ahead = context.nearest_zone("above" if structure.trend == "up" else "below")
        verdict = "eases" if ahead is None else "adds"
    return InputReading(name=name, reading=trend_text(structure), verdict=verdict)


def trend_text(structure: Structure) -> str:
    """Write trend, strength and regime: down (−0.42; −8.1 % in 7 d) on 4h, expanding regime."""
    strength = notation.signed(structure.trend_strength, 2)
    if structure.trend_change is not None:
        days = f"{structure.trend_days:g}{notation.THIN}d"
        strength = f"{strength}; {notation.percent_change(structure.trend_change)} in {days}"
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
    crowding = "" if context.crowded_side is None else f", {crowd(context.crowded_side)} crowded"
    text = f"{notation.funding(reading.rate_8h)}, {_bias(reading, context)}{crowding}"
    return InputReading(name=name, reading=f"{text}; {ordinal(reading.percentile)}", verdict=verdict)


def read_chart_levels(context: Context) -> InputReading:
    """Support and resistance: a level in line with a zone adds."""
    name = "Support, resistance"
    if isinstance(context.structure, Missing):
        return _unknown(name, context.structure)
    aligned = any(context.aligned_level(zone) is not None for zone in context.zones)
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
    """Catalysts: an event inside the horizon or a surprise in spot money adds risk; unknown dates leave it unknown."""
    name, event = "Catalysts", context.leading_event
    hours = f"{context.horizon_hours:g}{notation.THIN}h"
    inside = [other for other in context.events if other.lowers]
    said = []
    if event is not None:
        more = f" and {len(inside) - 1} more within {hours}" if len(inside) > 1 else ""
        said.append(f"{event_name(event)} {due(event)}{more}")
    if context.surprise:
        said.append(f"a surprise in spot money: {context.surprise}")
    unknown = listed([one.name for one in context.unknown_events])
    absent = [f"not known within {hours}: {unknown}"] if unknown else []
    if said:
        return InputReading(name=name, reading="; ".join(said + absent), verdict="adds")
    if absent:
        return InputReading(name=name, reading=absent[0], verdict="unknown")
    if inside:
        return InputReading(name=name, reading=f"{len(inside)} inside {hours}, low weight", verdict="neutral")
    later = next((one for one in context.events if not one.inside_horizon), None)
    after = "" if later is None else f"; next {event_name(later)} {due(later)}"
    return InputReading(name=name, reading=f"none listed within {hours}{after}", verdict="neutral")


def _bias(reading: FundingReading, context: Context) -> str:
    """Name who pays by the rate, and how far that goes by rate and percentile: near the baseline nothing is stretched.

    A rate inside the band can still be rare for its own history; then both are said.
    """
    a = context.assumptions
    if reading.extreme:
        moved = ", turned from neutral" if reading.turned_extreme else ""
        return f"{reading.bias}, stretched{moved}"
    if reading.bias != "neutral":
        return f"{reading.bias}, mild"
    rare = min(reading.percentile, 1 - reading.percentile) <= a.funding_extreme_tail
    low, high = (a.funding_baseline_8h + sign * a.funding_neutral_band for sign in (-1, 1))
    band = f"inside {notation.grouped(low * 100, 2)} to {notation.percent(high, 2)}"
    return f"neutral, not stretched ({band}{', though rare for its history' if rare else ''})"


def _unknown(name: str, missing: Missing) -> InputReading:
    return InputReading(name=name, reading=not_available(missing), verdict="unknown")


def walk_checklist(context: Context, plan: Plan) -> tuple[ChecklistLine, ...]:
    """Walk the routine in the guide's order: zones, chart, open interest, funding, events, scenarios, alerts."""
    catalysts = read_catalysts(context)
    override = "; can override the map" if context.leading_event is not None or context.surprise else ""
    lines = (
        _mark_zones(context),
        _note_structure(context),
        read_open_interest(context),
        read_funding(context),
        replace(catalysts, name="Event risk", reading=f"{catalysts.reading}{override}"),
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
    marked = "; ".join(f"{zone.label} {band(zone, context)}, {distance(zone)}" for zone in found)
    where = marked or no_dense_zone(context)
    return InputReading(name=name, reading=f"{where}; map quality {quality}", verdict=clusters.verdict)


def _note_structure(context: Context) -> InputReading:
    """A level in line with a zone adds, as does a trend that leads into one; else the trend's own verdict stands."""
    name, structure = "Structure", context.structure
    if isinstance(structure, Missing):
        return InputReading(name=name, reading=not_available(structure), verdict="unknown")
    aligned = any(context.aligned_level(zone) is not None for zone in context.zones)
    verdict: Verdict = "adds" if aligned else read_trend(context).verdict
    lead = structure.relative_strength
    strength = ""
    if not isinstance(lead, Missing):
        days = f"{structure.relative_strength_days:g}{notation.THIN}d"
        strength = f"; {notation.percent_change(lead)} against BTC over {days}, {relative_meaning(lead, context)}"
    swept = "" if structure.sweep is None else f"; {swept_text(structure.sweep, context)}"
    reading = f"{trend_text(structure)}; {nearest_levels(context)}{swept}{strength}"
    return InputReading(name=name, reading=reading, verdict=verdict)


def _scenarios_written(context: Context, plan: Plan) -> InputReading:
    """Name each trigger with its distance and touch share, and what the nearest plan pays: a likely one adds."""
    parts, touches = [], []
    for scenario in (plan.scenarios.bullish, plan.scenarios.bearish):
        line, where = scenario.line, "above" if scenario.direction == "bullish" else "below"
        if line is None:
            parts.append(f"{scenario.direction} has no level yet")
            continue
        away = notation.percent(abs(line.price / context.price - 1))
        share = "" if line.touch is None else f", touched in {notation.share(line.touch)}"
        parts.append(f"{scenario.direction} {where} {at(line.price, context)} ({away} away{share})")
        touches.append(line.touch or 0.0)
    pays = [f"{one.label} {one.side} pays {notation.ratio(one.reward_to_risk)}" for one in plan.zones
            if one.reward_to_risk is not None and one.label != "C"]  # fmt: skip
    verdict: Verdict = "unknown" if len(touches) < 2 else _by_likelihood(max(touches), context)
    return InputReading(name="Scenarios", reading="; ".join((", ".join(parts), *pays)), verdict=verdict)


def _alerts_set(context: Context, plan: Plan) -> InputReading:
    """Alerts stand before each zone; without zones at the nearest chart levels. A likely one adds."""
    by_price = sorted(plan.zones, key=lambda zone: -zone.alert)
    alerts = [(zone.alert, f"{zone.label} {zone.side}") for zone in by_price]
    if not alerts:
        alerts = [(levels[0].price, levels[0].where) for side in _SIDES if (levels := context.levels(side))]
    if not alerts:
        reading = not_available(Missing("Neither a zone nor a chart level is known."))
        return InputReading(name=_ALERTS, reading=reading, verdict="unknown")
    said = []
    for price, what in alerts:
        touched = context.touch(price)
        share = "" if touched is None else f", {notation.share(touched)}"
        said.append(f"{at(price, context)} ({what}{share})")
    likely = max(context.touch(price) or 0.0 for price, _ in alerts)
    return InputReading(name=_ALERTS, reading=f"at {', '.join(said)}", verdict=_by_likelihood(likely, context))


def alerts_since(
    checklist: tuple[ChecklistLine, ...],
    plans: tuple[ZonePlan, ...],
    before: tuple[ZonePlan, ...],
    *,
    decimals: int,
    least: Price,
) -> tuple[ChecklistLine, ...]:
    """Say on the line of alerts which of them are new: farther than `least` from every alert of the brief before."""
    new = [plan for plan in plans if all(abs(plan.alert - old.alert) > least for old in before)]
    said = ", ".join(f"{notation.price(plan.alert, decimals)} ({plan.label} {plan.side})" for plan in new)
    text = f"new since the last brief: {said}" if new else "none new since the last brief"
    return tuple(
        replace(line, reading=f"{line.reading}; {text}", verdict="adds" if new else line.verdict)
        if line.name == _ALERTS and plans
        else line
        for line in checklist
    )
