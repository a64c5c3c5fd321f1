"""One bullish and one bearish scenario, always both, from zones where there are any and from chart levels otherwise.

Conditional sentences only: each says what must happen first and what would make it void.
"""

from __future__ import annotations

from typing import Literal

from reportgen import notation
from reportgen.guide.context import Context
from reportgen.guide.plan import Condition, Scenario, Scenarios, ZonePlan
from reportgen.guide.plan.zone_plan import (
    VOLUME_EXPANDS,
    NamedLevel,
    after_event,
    back,
    close_condition,
    entry_conditions,
    entry_line,
    event_condition,
    goal_text,
)
from reportgen.guide.wording import at, distance, fuel, level_kind, level_name, zone_with_band
from reportgen.guide.zones import Zone
from reportgen.guide.zones.geometry import level_on_the_way, outward
from reportgen.units import Missing, Where


def write_scenarios(context: Context, plans: tuple[ZonePlan, ...]) -> Scenarios:
    """Write both scenarios; `plans` gives the de-risk level and the gap to the second cluster."""
    return Scenarios(
        bullish=_scenario("bullish", "above", context, plans), bearish=_scenario("bearish", "below", context, plans)
    )


def _scenario(
    direction: Literal["bullish", "bearish"], side: Where, context: Context, plans: tuple[ZonePlan, ...]
) -> Scenario:
    zone = context.nearest_zone(side)
    if zone is None:
        return _open_ground(direction, side, context)
    plan = next((plan for plan in plans if plan.label == zone.label and plan.side == side), None)
    barrier = level_on_the_way(zone, context)
    if barrier is None:
        line = entry_line(zone, context)
        trigger = entry_conditions(zone, line, context)
        verb = "is inside" if zone.price_inside else "trades into"
        start = f"{verb} {zone_with_band(zone, context)} and closes {side} {line.name}"
        fuelled = f"{fuel(zone)} there"
    else:
        line = NamedLevel(price=barrier.price, name=level_name(barrier, context))
        trigger = close_trigger(line, side, context)
        start = f"closes {side} {line.name}"
        fuelled = f"the next dense zone is {zone_with_band(zone, context)}, {distance(zone)}: {fuel(zone)} there"
    clause = (
        f"If {context.base} {start} ({context.timeframe}) on rising volume, {fuelled} could extend the move"
        f"{_goal(plan, context)}."
    )
    text = " ".join((after_event(clause, context), _wick(side, line, context), _flush(zone, plan)))
    return Scenario(direction=direction, trigger=trigger, text=text)


def close_trigger(line: NamedLevel, side: Where, context: Context) -> tuple[Condition, ...]:
    """Require a close beyond a line on rising volume, after the event if there is one."""
    return (*event_condition(context), close_condition(line, side, context), VOLUME_EXPANDS)


def _goal(plan: ZonePlan | None, context: Context) -> str:
    if plan is None:
        return ""
    return f" to {goal_text(NamedLevel(price=plan.de_risk, name=plan.de_risk_is), context)}"


def _wick(side: Where, line: NamedLevel, context: Context) -> str:
    return (
        f"If it only wicks {side} and closes back {back(side)} {at(line.price, context)}, "
        "the move may only have harvested liquidity: do not chase."
    )


def _flush(zone: Zone, plan: ZonePlan | None) -> str:
    flush = "If open interest falls sharply on the way, the flush may already be under way"
    if plan is None or isinstance(plan.cascade_gap_atr, Missing):
        return f"{flush}; no second cluster is mapped beyond {zone.label}."
    return (
        f"{flush}; the second cluster, {notation.atr(plan.cascade_gap_atr)} beyond {zone.label}, decides on a cascade."
    )


def _open_ground(direction: Literal["bullish", "bearish"], side: Where, context: Context) -> Scenario:
    """Write the scenario for a side without a dense zone, from the chart alone."""
    line = _line_without_zone(side, context)
    if line is None:
        text = f"If {context.base} moves {side} its range, wait for the chart to show a level first: none is known yet."
        return Scenario(direction=direction, trigger=event_condition(context), text=after_event(text, context))
    clause = (
        f"If {context.base} closes {side} {line.name} ({context.timeframe}) on rising volume, "
        f"{_next_level(side, line, context)}; {_no_fuel(side, context)}."
    )
    return Scenario(
        direction=direction,
        trigger=close_trigger(line, side, context),
        text=f"{after_event(clause, context)} {_wick(side, line, context)}",
    )


def _line_without_zone(side: Where, context: Context) -> NamedLevel | None:
    """Take the nearest chart level, else a typical day's range from the price."""
    levels, atr = context.levels(side), context.atr
    if levels:
        return NamedLevel(price=levels[0].price, name=level_name(levels[0], context))
    if atr is None:
        return None
    step = min(context.assumptions.plan_de_risk_atr * atr, context.price / 2)
    price = context.price + outward(side) * step
    return NamedLevel(price=price, name=at(price, context))


def _next_level(side: Where, line: NamedLevel, context: Context) -> str:
    sign = outward(side)
    beyond = next((level for level in context.levels(side) if sign * (level.price - line.price) > 0), None)
    if not context.levels(side):
        return f"that is a typical day's range from here, and no {level_kind(side)} is known"
    if beyond is None:
        return f"no further {level_kind(side)} is known"
    return f"the next level is {level_name(beyond, context)}"


def _no_fuel(side: Where, context: Context) -> str:
    if context.no_map is not None:
        return f"there is no map of what lies {side}"
    within = context.looked_within(side)
    scope = "" if within is None else f" within {notation.percent(within, 0)}"
    return f"no dense zone lies {side}{scope}, so no forced orders are mapped on the way"
