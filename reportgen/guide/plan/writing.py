"""Step 5, whole: the stance as one rung of a ladder, a response for every zone, both scenarios, and the size."""

from __future__ import annotations

import math

from reportgen import notation
from reportgen.guide.confluence import Confluence
from reportgen.guide.context import Context
from reportgen.guide.plan import Plan, Rung, Sizing, Stance
from reportgen.guide.plan.scenario import write_scenarios
from reportgen.guide.plan.zone_plan import plan_zone
from reportgen.guide.wording import because, due, event_name, listed, sentence
from reportgen.market.data import Depth
from reportgen.units import Fraction, Missing

_SLIPPAGE_DECIMALS = 3
MODEST = "Keep it modest: no single layer carries the thesis."


def write_plan(context: Context, confluence: Confluence) -> Plan:
    """Turn the map into responses.

    Every zone gets levels as long as a usual day is known; both scenarios are always written.
    """
    plans = tuple(plan for zone in context.zones if (plan := plan_zone(zone, context)) is not None)
    stance = decide_stance(context, confluence)
    return Plan(
        stance=stance, zones=plans, scenarios=write_scenarios(context, plans), sizing=size_idea(context, stance)
    )


def decide_stance(context: Context, confluence: Confluence) -> Stance:
    """Choose the rung: stale, event, no map, no zone in reach, conflict, low quality, else how many layers agree.

    Each rung has its size, as a part of the operator's own maximum, 0 when standing aside. A surprise in spot money
    leaves `size_surprise` of it.
    """
    a, grade, agreed = context.assumptions, context.map_quality.grade, confluence.text
    kind: Rung
    size = 0.0
    if context.stale:
        kind, text = "stale", f"Stand aside: {context.stale.rstrip('.')}, so price may be elsewhere by now."
    elif context.moving_events:
        named = " and ".join(f"{event_name(event)} ({due(event)})" for event in context.moving_events[:2])
        use = "use it as a post-event map of acceleration zones, not as a directional bet before it"
        kind, text = "wait for event", f"Wait for {named} to pass; then {use}."
    elif context.no_map is not None:
        kind, text = "no map", f"Observe: there is no map. {sentence(because(context.no_map))}"
    elif not any(context.in_reach(zone) for zone in context.zones):
        kind, text = "no zone in reach", f"Observe: {out_of_reach(context)}."
    elif confluence.conflict:
        kind, text = "conflict", f"Stand aside: {agreed}."
    elif grade in ("Low", "None"):
        reduced = f"in reduced size: map quality is {grade.lower()}, so the close counts for more than the map"
        kind, size, text = "low quality", a.size_low, f"Act on price confirmation only, {reduced}; {agreed}."
    elif not confluence.agree:
        kind, text = "no lean", f"Stand aside: {agreed}."
    else:
        rungs: tuple[tuple[Rung, Fraction, str], ...] = (
            ("one of three", a.size_one, ", in a small part of the usual size"),
            ("two of three", a.size_two, ", in part of the usual size"),
            ("aligned", a.size_aligned, ""),
        )
        kind, size, how = rungs[confluence.agree - 1]
        text = f"Act on confirmation only{how}: {agreed}."
    if context.surprise:
        text = f"{text} Spot money surprised: {context.surprise}; it can override any zone."
        size *= a.size_surprise
    if context.unknown_movers:
        text = f"{text} Look up {listed(context.unknown_movers)}: no date is known here for this horizon."
    return Stance(kind=kind, text=text, size=size)


def out_of_reach(context: Context) -> str:
    """Say that no dense zone is likely enough to be touched, and how likely the nearest is."""
    nearest = min(context.zones, key=lambda zone: zone.distance_atr, default=None)
    if nearest is None:
        return "no dense zone is mapped on either side"
    hours = f"{context.horizon_hours:g}{notation.THIN}h"
    least = notation.percent(context.assumptions.reach_touch, 0)
    touched = "not known" if nearest.touch_probability is None else notation.share(nearest.touch_probability)
    return (
        f"no dense zone is in reach; the nearest, {nearest.label} {notation.percent(nearest.distance_fraction)} "
        f"{nearest.side}, is touched within {hours} in {touched} of such cases, and {least} are asked for"
    )


def size_idea(context: Context, stance: Stance) -> Sizing:
    """Suggest the most to put at risk on one idea: the operator's maximum, times the rung, times what else applies.

    Medium map quality, an unknown order book and releases whose dates nobody knows reduce further; nothing enlarges.
    """
    a, quality = context.assumptions, context.map_quality
    rung = stance.size or 0.0
    reductions: list[tuple[Fraction, str]] = [(rung, stance.kind)] if rung < 1 else []
    if quality.grade == "Medium":
        reductions.append((a.size_medium, "map quality medium"))
    elif quality.grade != "High" and stance.kind != "low quality":
        reductions.append((a.size_low, f"map quality {quality.grade.lower()}"))
    if isinstance(quality.depth, Missing):
        reductions.append((a.size_no_depth, "unknown order-book depth"))
    if context.unknown_movers:
        reductions.append((a.size_unknown, f"unknown dates of {listed(context.unknown_movers)}"))
    event = context.leading_event
    reasons = [reason for _, reason in reductions]
    if event is not None:
        reasons[0] = f"{event_name(event)} {due(event)}"
    if stance.kind == "low quality":
        reasons[0] = f"map quality {quality.grade.lower()}"
    factor = math.prod(left for left, _ in reductions)
    maximum = notation.percent(a.risk_ceiling, 2)
    if not factor:
        text = f"Risk nothing of the maximum of {maximum} of equity: {reasons[0]}."
    else:
        text = f"Risk at most {notation.percent(a.risk_ceiling * factor, 2)} of equity on one idea"
        times = f": the maximum of {maximum} times {notation.grouped(factor, 2)} for {'; '.join(reasons)}"
        text = f"{text}{times if reasons else ''}. {MODEST}"
    return Sizing(
        risk_fraction=a.risk_ceiling * factor,
        factor=factor,
        slippage_text=slippage_note(context),
        text=text,
        reasons=tuple(reasons),
    )


def slippage(depth: Depth, order: float) -> Fraction:
    """Estimate the average slippage of a market order: size evenly spread from mid to `within`, the thinner side.

    The order fills up to order / resting of that distance, on average at half of it. Larger orders than what rests
    are scaled on in the same way, so the number keeps growing as depth shrinks; infinite in an empty book.
    """
    resting = min(depth.bid_quote, depth.ask_quote)
    return depth.within * order / resting / 2 if resting > 0 else math.inf


def slippage_note(context: Context) -> str:
    """Write what a market order would cost by the last order-book snapshot, or that there is none."""
    depth, order = context.map_quality.depth, context.assumptions.slippage_order
    size = notation.dollars(order)
    if isinstance(depth, Missing):
        return f"Allow for more slippage than usual, as its size is not known. {sentence(because(depth))}"
    resting = min(depth.bid_quote, depth.ask_quote)
    rests = f"{notation.dollars(resting)} within {notation.percent(depth.within)} of mid on {depth.venue}, thinner side"
    if resting < order:
        return f"A {size} market order is larger than all that rests ({rests}): use limit orders, widen slippage far."
    cost = slippage(depth, order)
    smallest = 10 ** -(_SLIPPAGE_DECIMALS + 2)
    amount = f"under {notation.percent(smallest, _SLIPPAGE_DECIMALS)}"
    if cost >= smallest:
        amount = f"about {notation.percent(cost, _SLIPPAGE_DECIMALS)}"
    advice = "widen slippage, prefer limit orders" if cost > context.assumptions.slippage_wide else "slippage is small"
    return f"A {size} market order would slip {amount} (estimate): {rests}; {advice}."
