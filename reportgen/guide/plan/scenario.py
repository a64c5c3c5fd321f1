"""One bullish and one bearish scenario, always both, from zones where there are any and from chart levels otherwise.

Conditional sentences only: each says what must happen first and what would make it void.
"""

from __future__ import annotations

from typing import Literal

from reportgen import notation
from reportgen.guide.context import Context
from reportgen.guide.plan import NamedLevel, Scenario, Scenarios, ZonePlan
from reportgen.guide.plan.zone_plan import (
    VOLUME_EXPANDS,
    after_event,
    back,
    close_condition,
    entry_conditions,
    entry_line,
    event_condition,
    targets_beyond,
)
from reportgen.guide.wording import at, distance, fuel, level_name, listed, zone_with_band
from reportgen.guide.zones import far_edge, outward
from reportgen.units import Missing, Price, Where


def write_scenarios(context: Context, plans: tuple[ZonePlan, ...]) -> Scenarios:
    """Write both scenarios; `plans` gives the gap to the second cluster."""
    return Scenarios(bullish=_scenario("above", context, plans), bearish=_scenario("below", context, plans))


def trigger_lines(side: Where, context: Context) -> tuple[NamedLevel | None, tuple[NamedLevel, ...]]:
    """Find the level that a close must cross on one side, and those before it that stand inside the noise.

    The nearest of the chart's levels and the first zone's entry that is at least `plan_noise_days` away; where all are
    nearer, the first zone's far edge if it is far enough, else a usual day from the price.

    Returns:
        The line, None where not even a usual day is known; and the levels passed over, nearest first.
    """
    atr, a, sign = context.atr, context.assumptions, outward(side)
    if atr is None:
        return None, ()
    zone = context.nearest_zone(side)
    known = [
        NamedLevel(price=level.price, name=level_name(level, context), touch=context.touch(level.price))
        for level in context.levels(side)
    ]
    if zone is not None:
        entry, edge = entry_line(zone, context), far_edge(zone)
        known += [entry] if all(one.price != entry.price for one in known) else []
        known.append(
            NamedLevel(price=edge, name=f"{at(edge, context)} (far edge of {zone.label})", touch=context.touch(edge))
        )
    ahead = sorted((one for one in known if sign * (one.price - context.price) > 0), key=lambda one: sign * one.price)
    least = a.plan_noise_days * atr
    line = next((one for one in ahead if sign * (one.price - context.price) >= least), None)
    noise = tuple(one for one in ahead if sign * (one.price - context.price) < least)
    if line is None:
        step = context.price + sign * min(a.plan_de_risk_atr * atr, context.price / 2)
        name = f"{at(step, context)} ({notation.usual_days(a.plan_de_risk_atr)} from here)"
        line = NamedLevel(price=step, name=name, touch=context.touch(step))
    return line, noise


def _scenario(side: Where, context: Context, plans: tuple[ZonePlan, ...]) -> Scenario:
    zone, (line, noise), atr = context.nearest_zone(side), trigger_lines(side, context), context.atr
    direction: Literal["bullish", "bearish"] = "bullish" if side == "above" else "bearish"
    if line is None or atr is None:
        text = f"If {context.base} moves {side} its range, wait for the chart to show a level first: none is known yet."
        return Scenario(direction=direction, trigger=event_condition(context), text=after_event(text, context))
    targets = targets_beyond(side, line.price, context, atr)
    trigger = (*event_condition(context), close_condition(line, side, context), VOLUME_EXPANDS)
    start = f"closes {side} {line.name}"
    if zone is None:
        fuelled = _no_fuel(side, context)
    elif line.price == entry_line(zone, context).price:
        trigger = entry_conditions(zone, line, context)
        start = f"{'is inside' if zone.price_inside else 'trades into'} {zone_with_band(zone, context)} and {start}"
        fuelled = f"{fuel(zone)} there could extend the move"
    else:
        fuelled = f"the next dense zone is {zone_with_band(zone, context)}, {distance(zone)}"
        if outward(side) * (line.price - far_edge(zone)) >= 0:
            fuelled = f"{zone_with_band(zone, context)} is spent"
        elif zone.price_inside:
            fuelled = f"{fuel(zone)} in {zone_with_band(zone, context)} could extend the move"
        else:
            fuelled += f": {fuel(zone)} there could extend the move"
    steps = f"{'exits in steps: ' if len(targets) > 1 else 'exit: '}{', then '.join(one.name for one in targets)}"
    clause = f"If {context.base} {start} ({context.timeframe}) on rising volume, {fuelled}; {steps}."
    wick = (
        f"If it only wicks {side} and closes back {back(side)} {at(line.price, context)}, "
        "the move may only have harvested liquidity: do not chase."
    )
    parts = (_inside_noise(noise, line, atr, context), after_event(clause, context), wick, _flush(side, context, plans))
    return Scenario(
        direction=direction,
        trigger=trigger,
        text=" ".join(part for part in parts if part),
        line=line,
        targets=targets,
        noise=noise,
    )


def _inside_noise(noise: tuple[NamedLevel, ...], line: NamedLevel, atr: Price, context: Context) -> str:
    """Say which levels are too near to mean anything, and what to wait for instead."""
    if not noise:
        return ""
    far = notation.usual_days(abs(noise[-1].price - context.price) / atr)
    verb = "is" if len(noise) == 1 else "are"
    named = listed([one.name for one in noise])
    return f"{named[:1].upper()}{named[1:]}, within {far}, {verb} inside the noise: wait for {line.name}."


def _flush(side: Where, context: Context, plans: tuple[ZonePlan, ...]) -> str:
    """Say what falling open interest means on the way, and what the second cluster decides."""
    zone = context.nearest_zone(side)
    if zone is None:
        return ""
    flush = "If open interest falls sharply on the way, the flush may already be under way"
    plan = next((plan for plan in plans if plan.label == zone.label and plan.side == side), None)
    if plan is None or isinstance(plan.cascade_gap_atr, Missing):
        return f"{flush}; no second cluster is mapped beyond {zone.label}."
    gap = notation.usual_days(plan.cascade_gap_atr)
    return f"{flush}; the second cluster, {gap} beyond {zone.label}, decides on a cascade."


def _no_fuel(side: Where, context: Context) -> str:
    if context.no_map is not None:
        return f"there is no map of what lies {side}"
    within = context.looked_within(side)
    scope = "" if within is None else f" within {notation.percent(within, 0)}"
    return f"no dense zone lies {side}{scope}, so no forced orders are mapped on the way"
