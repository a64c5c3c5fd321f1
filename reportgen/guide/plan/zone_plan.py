"""Step 5 for one zone: alert, entry condition, invalidation, first de-risk, and the if/then sentences around them.

All levels are written once for both sides: `outward` turns above into below. Alert < near edge <= entry < first
de-risk, and invalidation < near edge, counted outward from the price.
"""

from __future__ import annotations

from dataclasses import dataclass

from reportgen import notation
from reportgen.guide.context import Context
from reportgen.guide.plan import Condition, ZonePlan
from reportgen.guide.wording import at, band, counted_down, due, event_name, level_name, zone_with_band
from reportgen.guide.zones import Zone
from reportgen.guide.zones.geometry import aligned_level, far_edge, gap_atr, near_edge, next_cluster, outward
from reportgen.units import Maybe, Missing, Price, Where


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedLevel:
    """A price of the plan and what it is, in words that hold the number."""

    price: Price
    name: str


def plan_zone(zone: Zone, context: Context) -> ZonePlan | None:
    """Write the response to one zone; None when no typical range is known to measure distances in."""
    atr = context.atr
    if atr is None:
        return None
    line = entry_line(zone, context)
    goal = first_de_risk(zone, line.price, context, atr)
    gap = cascade_gap(zone, context, atr)
    return ZonePlan(
        label=zone.label,
        side=zone.side,
        alert=_alert(zone, context, atr),
        entry=entry_conditions(zone, line, context),
        entry_text=_entry_text(zone, line, context),
        invalidation=_invalidation(zone, line.price, context, atr),
        de_risk=goal.price,
        de_risk_is=goal.name,
        if_then=_if_then(zone, line, goal, context),
        post_event=context.leading_event is not None,
        cascade_gap_atr=gap,
        cascade=_cascade_text(zone, gap, context),
        countdown=counted_down(context.moving_events),
    )


def entry_line(zone: Zone, context: Context) -> NamedLevel:
    """Find the line that a close must cross: the chart level in line with the zone, else its far edge."""
    level = aligned_level(zone, context)
    if level is None:
        return NamedLevel(price=far_edge(zone), name=at(far_edge(zone), context))
    return NamedLevel(price=level.price, name=level_name(level, context))


def first_de_risk(zone: Zone, entry: Price, context: Context, atr: Price) -> NamedLevel:
    """Find where to take the first part off: the next cluster, else the next chart level, else a range beyond."""
    sign, assumptions = outward(zone.side), context.assumptions
    edge = sign * max(sign * entry, sign * far_edge(zone))
    room = assumptions.plan_room_atr * atr
    cluster = next_cluster(zone, context)
    if cluster is not None and sign * (near_edge(cluster) - edge) > room:
        return NamedLevel(price=near_edge(cluster), name=f"near edge of zone {cluster.label}")
    for level in context.levels(zone.side):
        if sign * (level.price - edge) > room:
            return NamedLevel(price=level.price, name=level_name(level, context))
    step = assumptions.plan_de_risk_atr
    return NamedLevel(price=_step(edge, sign * step * atr), name=f"{notation.atr(step)} beyond the band")


def cascade_gap(zone: Zone, context: Context, atr: Price) -> Maybe[float]:
    """Measure the gap to the next cluster in day ATR, or say that none is mapped."""
    beyond = next_cluster(zone, context)
    return (
        Missing(f"No further cluster is mapped beyond {zone.label}.") if beyond is None else gap_atr(zone, beyond, atr)
    )


def event_condition(context: Context) -> tuple[Condition, ...]:
    """Require that the event inside the horizon has passed; nothing when there is none."""
    event = context.leading_event
    if event is None:
        return ()
    return (Condition(kind="event_passed", level=None, text=f"{event_name(event)} has passed"),)


def close_condition(line: NamedLevel, side: Where, context: Context) -> Condition:
    """Require a close of the trading timeframe beyond a line."""
    return Condition(
        kind="closes_above" if side == "above" else "closes_below",
        level=line.price,
        text=f"closes {side} {line.name} ({context.timeframe})",
    )


VOLUME_EXPANDS = Condition(kind="volume_expands", level=None, text="on rising volume")


def entry_conditions(zone: Zone, line: NamedLevel, context: Context) -> tuple[Condition, ...]:
    """List what must hold together before an entry."""
    verb = "is inside" if zone.price_inside else "trades into"
    into = Condition(kind="trades_into", level=near_edge(zone), text=f"{verb} {zone_with_band(zone, context)}")
    return (*event_condition(context), into, close_condition(line, zone.side, context), VOLUME_EXPANDS)


def after_event(clause: str, context: Context) -> str:
    """Put `After … has passed` before a sentence that starts with If, when an event is inside the horizon."""
    event = context.leading_event
    return clause if event is None else f"After {event_name(event)} has passed: {clause[:1].lower()}{clause[1:]}"


def back(side: Where) -> Where:
    """Name the direction back from a side."""
    return "below" if side == "above" else "above"


def _alert(zone: Zone, context: Context, atr: Price) -> Price:
    """Look before price meets the next edge, but never on the other side of the price: halfway at the least."""
    edge = far_edge(zone) if zone.price_inside else near_edge(zone)
    way = abs(edge - context.price)
    return edge - outward(zone.side) * min(context.assumptions.plan_alert_atr * atr, way / 2)


def _invalidation(zone: Zone, entry: Price, context: Context, atr: Price) -> Price:
    """Back inside, beyond the near edge and the broken level alike, by a fraction of ATR."""
    sign = outward(zone.side)
    inner = sign * min(sign * entry, sign * near_edge(zone))
    return _step(inner, -sign * context.assumptions.plan_invalidation_atr * atr)


def _step(origin: Price, change: Price) -> Price:
    """Move a price, by half of itself at the most, so that none falls to zero."""
    return origin + max(-origin / 2, min(origin / 2, change))


def _entry_text(zone: Zone, line: NamedLevel, context: Context) -> str:
    event = context.leading_event
    after = "" if event is None else f"after {event_name(event)} ({due(event)}): "
    return f"{after}{context.timeframe} close {zone.side} {line.name} on rising volume"


def _if_then(zone: Zone, line: NamedLevel, goal: NamedLevel, context: Context) -> str:
    verb = "is inside" if zone.price_inside else "trades into"
    go = (
        f"If {context.base} {verb} {band(zone, context)} and closes {zone.side} {line.name} ({context.timeframe}) "
        f"on rising volume, then look for continuation to {goal_text(goal, context)}."
    )
    stay = f"If it wicks into the band and closes back {back(zone.side)} {at(line.price, context)}, do not chase."
    use = "" if context.leading_event is None else " Until then, use it as a post-event map."
    return f"{after_event(go, context)} {stay}{use}"


def goal_text(goal: NamedLevel, context: Context) -> str:
    """Write a de-risk level once: by its name when that holds the number, else number and name."""
    number = at(goal.price, context)
    return goal.name if number in goal.name else f"{number} ({goal.name})"


def _cascade_text(zone: Zone, gap: Maybe[float], context: Context) -> str:
    beyond = next_cluster(zone, context)
    if beyond is None or isinstance(gap, Missing):
        return f"No second cluster is mapped beyond {zone.label}: follow-through has no mapped fuel."
    start = f"{beyond.label} starts {notation.atr(gap)} beyond {zone.label}"
    if gap <= context.assumptions.cluster_near_atr:
        return f"{start}: close enough for a cascade, higher risk."
    if gap <= context.assumptions.cluster_far_atr:
        return f"{start}: a cascade needs follow-through, medium risk."
    return f"{start}: too far for the first wave alone, lower cascade risk."
