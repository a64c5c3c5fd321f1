"""Step 5, whole: the stance first, then a response for every zone, both scenarios, and the size.

Last room of the guide before the brief: Context and Confluence come in, Plan goes out.
"""

from __future__ import annotations

import math

from reportgen import notation
from reportgen.guide.checklist import Confluence
from reportgen.guide.context import Context
from reportgen.guide.plan import Plan, Sizing, Stance
from reportgen.guide.plan.scenario import write_scenarios
from reportgen.guide.plan.zone_plan import plan_zone
from reportgen.guide.wording import because, due, event_name, sentence
from reportgen.market.data import Depth
from reportgen.units import Fraction, Missing

# ---- How large, and at what cost: modest for every symbol, smaller where the map, the book or the calendar say so ----
_SLIPPAGE_DECIMALS = 3


def size_idea(context: Context, confluence: Confluence) -> Sizing:
    """Suggest the most to put at risk on one idea: a small ceiling, times every reduction that applies.

    Map quality, an unknown order book, an event inside the horizon and conflicting layers each reduce; nothing
    enlarges. `risk_fraction` is the ceiling after the reductions.
    """
    reductions = _reductions(context, confluence)
    factor = math.prod(left for left, _ in reductions)
    ceiling = context.assumptions.risk_ceiling
    reasons = tuple(reason for _, reason in reductions)
    text = f"Risk at most {notation.percent(ceiling * factor, 2)} of equity on one idea"
    if reasons:
        text += (
            f": the usual {notation.percent(ceiling, 2)} times {notation.grouped(factor, 2)} for {'; '.join(reasons)}"
        )
    return Sizing(
        risk_fraction=ceiling * factor,
        factor=factor,
        slippage_text=slippage_note(context),
        text=f"{text}.",
        reasons=reasons,
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


def _reductions(context: Context, confluence: Confluence) -> tuple[tuple[Fraction, str], ...]:
    assumptions, quality, event = context.assumptions, context.map_quality, context.leading_event
    left = {
        "High": 1.0,
        "Medium": assumptions.size_medium,
        "Low": assumptions.size_low,
        "None": assumptions.size_none,
    }
    found: list[tuple[Fraction, str]] = []
    if quality.grade != "High":
        found.append((left[quality.grade], f"map quality {quality.grade.lower()}"))
    if isinstance(quality.depth, Missing):
        found.append((assumptions.size_no_depth, "unknown order-book depth"))
    if event is not None:
        found.append((assumptions.size_event, f"{event_name(event)} {due(event)}"))
    if confluence.conflict:
        found.append((assumptions.size_conflict, "layers that conflict"))
    return tuple(found)


def write_plan(context: Context, confluence: Confluence) -> Plan:
    """Turn the map into responses.

    Every zone gets levels as long as a typical range is known; both scenarios are always written. The stance is, in
    this order: wait for an event inside the horizon, observe when no dense zone is mapped, stand aside when layers
    conflict, else act on confirmation only.
    """
    plans = tuple(plan for zone in context.zones if (plan := plan_zone(zone, context)) is not None)
    return Plan(
        stance=decide_stance(context, confluence),
        zones=plans,
        scenarios=write_scenarios(context, plans),
        sizing=size_idea(context, confluence),
    )


def decide_stance(context: Context, confluence: Confluence) -> Stance:
    """Say what to do with all of it, and why."""
    events = context.moving_events
    if events:
        named = " and ".join(f"{event_name(event)} ({due(event)})" for event in events[:2])
        text = (
            f"Wait for {named} to pass; then use it as a post-event map "
            "of acceleration zones, not as a directional bet before it."
        )
        return Stance(kind="wait for event", text=text)
    if context.no_map is not None:
        return Stance(kind="observe", text=f"Observe: there is no map. {sentence(because(context.no_map))}")
    if not context.zones:
        return Stance(kind="observe", text="Observe: no dense zone is mapped on either side.")
    if confluence.conflict:
        return Stance(kind="stand aside", text=f"Stand aside: {confluence.text}.")
    return Stance(kind="conditional", text=_conditional(context, confluence))


def _conditional(context: Context, confluence: Confluence) -> str:
    quality = context.map_quality.grade
    if quality in ("Low", "None"):
        return (
            f"Act on price confirmation only, in reduced size: map quality is {quality.lower()}, "
            f"so the close counts for more than the map; {confluence.text}."
        )
    return f"Act on confirmation only: {confluence.text}."
