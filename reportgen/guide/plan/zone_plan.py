"""Step 5 for one zone: alert, entry condition, invalidation, first exit, what it pays, and the sentences around them.

All levels are written once for both sides: `outward` turns above into below. Alert < near edge <= entry < first exit,
and invalidation < near edge, counted outward from the price.
"""

from __future__ import annotations

from reportgen import notation
from reportgen.guide.context import Context
from reportgen.guide.plan import Condition, NamedLevel, ZonePlan
from reportgen.guide.wording import at, band, counted_down, due, event_name, level_name, zone_with_band
from reportgen.guide.zones import Zone, far_edge, gap_atr, near_edge, outward
from reportgen.units import Maybe, Missing, Price, Where

VOLUME_EXPANDS = Condition(kind="volume_expands", level=None, text="on rising volume")


def plan_zone(zone: Zone, context: Context) -> ZonePlan | None:
    """Write the response to one zone; None when no usual day is known to measure distances in."""
    atr, a = context.atr, context.assumptions
    if atr is None:
        return None
    sign, line = outward(zone.side), entry_line(zone, context)
    # The alert stands before what price meets next, but never on the other side of the price.
    edge = line.price if sign * (near_edge(zone) - context.price) <= 0 else near_edge(zone)
    alert = edge - sign * min(a.plan_alert_atr * atr, abs(edge - context.price) / 2)
    # Wrong is back inside, beyond the near edge and the broken level alike.
    inner = sign * min(sign * line.price, sign * near_edge(zone))
    invalidation = _step(inner, -sign * a.plan_invalidation_atr * atr)
    goal = targets_beyond(zone.side, line.price, context, atr)[0]
    pays = abs(goal.price - line.price) / abs(line.price - invalidation)
    no_trade = f"no trade: pays {notation.ratio(pays)}" if pays < a.plan_least_reward else ""
    beyond = context.next_cluster(zone)
    gap: Maybe[float] = Missing(f"No further cluster is mapped beyond {zone.label}.")
    if beyond is not None:
        gap = gap_atr(zone, beyond, atr)
    event = context.leading_event
    after = "" if event is None else f"after {event_name(event)} ({due(event)}): "
    into = "from inside" if zone.price_inside else f"trades into {band(zone, context)} and"
    entry_text = f"{after}{into} {context.timeframe} close {zone.side} {line.name} on rising volume"
    verb = "is inside" if zone.price_inside else "trades into"
    then = f"look for continuation to {goal.name}"
    if no_trade:
        then = f"{no_trade} to {goal.name}: let it pass"
    go = (
        f"If {context.base} {verb} {band(zone, context)} and closes {zone.side} {line.name} ({context.timeframe}) "
        f"on rising volume, then {then}."
    )
    stay = f"If it wicks into the band and closes back {back(zone.side)} {at(line.price, context)}, do not chase."
    use = "" if context.leading_event is None else " Until then, use it as a post-event map."
    return ZonePlan(
        label=zone.label,
        side=zone.side,
        alert=alert,
        entry=entry_conditions(zone, line, context),
        entry_text=no_trade or entry_text,
        invalidation=invalidation,
        de_risk=goal.price,
        de_risk_is=goal.name,
        if_then=f"{after_event(go, context)} {stay}{use}",
        post_event=event is not None,
        cascade_gap_atr=gap,
        cascade=_cascade_text(zone, gap, context),
        countdown=counted_down(context.moving_events),
        line=line.price,
        reward_to_risk=pays,
        no_trade=no_trade,
        alert_touch=context.touch(alert),
        entry_touch=line.touch,
        de_risk_touch=goal.touch,
    )


def entry_line(zone: Zone, context: Context) -> NamedLevel:
    """Find the line that a close must cross: the farther of the chart level in line with the zone and its near edge.

    So a close beyond it always means that price trades in the zone. From inside the zone it is the level ahead, else
    the far edge.
    """
    level, sign = context.aligned_level(zone), outward(zone.side)
    inside = zone.price_inside or sign * (near_edge(zone) - context.price) <= 0
    edge = far_edge(zone) if inside else near_edge(zone)
    if level is not None and (inside or sign * (level.price - edge) >= 0):
        return NamedLevel(price=level.price, name=level_name(level, context), touch=context.touch(level.price))
    which = "far" if inside else "near"
    return NamedLevel(price=edge, name=f"{at(edge, context)} ({which} edge of {zone.label})", touch=context.touch(edge))


def targets_beyond(side: Where, line: Price, context: Context, atr: Price) -> tuple[NamedLevel, ...]:
    """List where to take parts off beyond a line, nearest first: chart levels and edges of zones, else a usual day.

    What lies nearer to the line than `plan_room_atr` is the line itself; the far edge of a zone counts where the zone
    is at least as wide as the plan's stop is deep. At least one exit is always given.
    """
    sign, a = outward(side), context.assumptions
    known = [(level.price, level_name(level, context)) for level in context.levels(side)]
    known += [
        (near_edge(zone), f"{at(near_edge(zone), context)} (near edge of {zone.label})")
        for zone in context.zones
        if zone.side == side
    ]
    known += [
        (far_edge(zone), f"{at(far_edge(zone), context)} (far edge of {zone.label})")
        for zone in context.zones
        if zone.side == side and zone.high - zone.low >= a.plan_invalidation_atr * atr
    ]
    room = a.plan_room_atr * atr
    ahead = sorted((one for one in known if sign * (one[0] - line) > room), key=lambda one: sign * one[0])
    apart: list[tuple[Price, str]] = []
    for price, name in ahead:
        if not apart or abs(price - apart[-1][0]) > room:
            apart.append((price, name))
    if not apart:
        step = _step(line, sign * a.plan_de_risk_atr * atr)
        apart = [(step, f"{at(step, context)} ({notation.usual_days(a.plan_de_risk_atr)} beyond)")]
    return tuple(
        NamedLevel(price=price, name=name, touch=context.touch(price)) for price, name in apart[: a.plan_steps]
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


def _step(origin: Price, change: Price) -> Price:
    """Move a price, by half of itself at the most, so that none falls to zero."""
    return origin + max(-origin / 2, min(origin / 2, change))


def _cascade_text(zone: Zone, gap: Maybe[float], context: Context) -> str:
    """Say what the second cluster does to a move through the first: the first triggers, the second decides."""
    beyond = context.next_cluster(zone)
    if beyond is None or isinstance(gap, Missing):
        return f"No second cluster is mapped beyond {zone.label}: follow-through has no mapped fuel."
    start = f"{beyond.label} starts {notation.usual_days(gap)} beyond {zone.label}"
    if gap <= context.assumptions.cluster_near_atr:
        return f"{start}: close enough for a cascade, higher risk."
    if gap <= context.assumptions.cluster_far_atr:
        return f"{start}: a cascade needs follow-through, medium risk."
    return f"{start}: too far for the first wave alone, lower cascade risk."
