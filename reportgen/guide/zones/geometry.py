"""What lies around a zone: its edges as price meets them, chart levels in line with it, the next cluster beyond."""

from __future__ import annotations

from reportgen.guide.context import Context
from reportgen.guide.structure import Level
from reportgen.guide.zones import Zone
from reportgen.units import Price, Where


def outward(side: Where) -> int:
    """Give +1 above and -1 below: the direction that leads away from the price."""
    return 1 if side == "above" else -1


def near_edge(zone: Zone) -> Price:
    """Give the edge that price meets first."""
    return zone.low if zone.side == "above" else zone.high


def far_edge(zone: Zone) -> Price:
    """Give the edge that price meets last."""
    return zone.high if zone.side == "above" else zone.low


def aligned_level(zone: Zone, context: Context) -> Level | None:
    """Find the chart level in the zone or next to it: the nearest to the band, then the one with most touches."""
    atr = context.atr
    if atr is None:
        return None
    reach, sign = context.assumptions.zone_chart_level_atr * atr, outward(zone.side)

    def off(level: Level) -> Price:
        return max(zone.low - level.price, level.price - zone.high, 0.0)

    near = [
        level for level in context.levels(zone.side) if sign * (level.price - context.price) > 0 and off(level) <= reach
    ]
    return min(near, key=lambda level: (off(level), -level.touches), default=None)


def level_on_the_way(zone: Zone, context: Context) -> Level | None:
    """Find the first chart level that price meets before the zone, unless it is in line with the zone."""
    sign, aligned = outward(zone.side), aligned_level(zone, context)
    return next(
        (
            level
            for level in context.levels(zone.side)
            if level != aligned and 0 < sign * (level.price - context.price) < sign * (near_edge(zone) - context.price)
        ),
        None,
    )


def next_cluster(zone: Zone, context: Context) -> Zone | None:
    """Find the nearest zone that starts beyond this one on the same side."""
    sign = outward(zone.side)
    beyond = [
        other for other in context.zones if other.side == zone.side and sign * (near_edge(other) - near_edge(zone)) > 0
    ]
    return min(beyond, key=lambda other: sign * near_edge(other), default=None)


def gap_atr(zone: Zone, beyond: Zone, atr: Price) -> float:
    """Measure the gap between a zone's far edge and the next cluster in usual days, 0 where they touch."""
    return max(0.0, outward(zone.side) * (near_edge(beyond) - far_edge(zone))) / atr
