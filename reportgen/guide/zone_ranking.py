"""Which zone deserves attention first: the guide's assumption set, one vote each, with the number behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reportgen import notation
from reportgen.assumptions import Assumptions
from reportgen.guide.positioning import Positioning
from reportgen.guide.structure import Level, Structure
from reportgen.guide.zones import Zone, ZoneReason
from reportgen.units import Maybe, Missing, Price


def rank_zones(
    zones: tuple[Zone, ...],
    structure: Maybe[Structure],
    positioning: Positioning,
    *,
    atr: Price,
    assumptions: Assumptions,
) -> tuple[Zone, ...]:
    """Rank zones by votes for and against, ties by distance.

    Votes (the guide's "practical assumption set"): nearest before distant; aligned with a chart level before isolated;
    rising open interest; extreme funding on the side that the zone would liquidate; and, of the map itself, how often
    the zone recurs in draws.

    Returns:
        The zones with rank, score and reasons, in the order they came.
    """
    reasons = {
        id(zone): (
            _nearness(zone, assumptions),
            _alignment(zone, structure, atr, assumptions),
            _open_interest(positioning),
            _funding(zone, positioning),
            _persistence(zone, assumptions),
        )
        for zone in zones
    }
    score = {id(zone): float(sum(reason.adds for reason in reasons[id(zone)])) for zone in zones}
    order = sorted(zones, key=lambda zone: (-score[id(zone)], zone.distance_atr, zone.side))
    rank = {id(zone): place for place, zone in enumerate(order, 1)}
    return tuple(replace(zone, rank=rank[id(zone)], score=score[id(zone)], reasons=reasons[id(zone)]) for zone in zones)


def _nearness(zone: Zone, assumptions: Assumptions) -> ZoneReason:
    """Vote for near zones and against distant ones."""
    away = notation.atr(zone.distance_atr)
    if zone.distance_atr <= assumptions.zone_near_atr:
        return ZoneReason(rule="nearest", adds=1, value=zone.distance_atr, text=f"near: {away} away")
    if zone.distance_atr > assumptions.zone_distant_atr:
        return ZoneReason(rule="nearest", adds=-1, value=zone.distance_atr, text=f"distant: {away} away")
    return ZoneReason(rule="nearest", adds=0, value=zone.distance_atr, text=f"{away} away")


def _levels(structure: Structure) -> Iterator[Level]:
    yield from structure.supports
    yield from structure.resistances


def _alignment(zone: Zone, structure: Maybe[Structure], atr: Price, assumptions: Assumptions) -> ZoneReason:
    """Vote for a zone that a chart level stands in or close to."""
    if isinstance(structure, Missing):
        return ZoneReason(rule="chart_level", adds=0, value=None, text=f"chart levels unknown: {structure.reason}")
    gaps = [
        (abs(level.price - min(max(level.price, zone.low), zone.high)) / atr, level) for level in _levels(structure)
    ]
    if not gaps:
        return ZoneReason(rule="chart_level", adds=0, value=None, text="no chart level known")
    gap, level = min(gaps, key=lambda pair: pair[0])
    decimals = notation.price_decimals(level.price)
    name = f"{'resistance' if level.where == 'above' else 'support'} {notation.price(level.price, decimals)}"
    if gap <= assumptions.zone_chart_level_atr:
        return ZoneReason(rule="chart_level", adds=1, value=gap, text=f"aligned with {name}")
    alone = "isolated: " if gap > assumptions.zone_near_atr else ""
    return ZoneReason(rule="chart_level", adds=0, value=gap, text=f"{alone}nearest chart level {notation.atr(gap)} off")


def _open_interest(positioning: Positioning) -> ZoneReason:
    """Vote for rising open interest, against falling."""
    reading = positioning.open_interest
    if isinstance(reading, Missing):
        return ZoneReason(rule="open_interest", adds=0, value=None, text=f"open interest unknown: {reading.reason}")
    adds = {"rising": 1, "flat": 0, "falling": -1}[reading.trend]
    change = notation.percent_change(reading.change_24h)
    return ZoneReason(
        rule="open_interest",
        adds=adds,
        value=reading.change_24h,
        text=f"open interest {reading.trend}, {change} in 24{notation.THIN}h",
    )


def _funding(zone: Zone, positioning: Positioning) -> ZoneReason:
    """Vote for a zone whose side is the crowded one while funding is extreme."""
    reading = positioning.funding
    if isinstance(reading, Missing):
        return ZoneReason(rule="funding", adds=0, value=None, text=f"funding unknown: {reading.reason}")
    rate = notation.funding(reading.rate_8h)
    pays = {"longs pay": "long", "shorts pay": "short", "neutral": ""}[reading.bias]
    if reading.extreme and pays == zone.liquidated_side:
        return ZoneReason(rule="funding", adds=1, value=reading.rate_8h, text=f"funding extreme on this side, {rate}")
    state = "extreme on the other side" if reading.extreme else "not extreme"
    return ZoneReason(rule="funding", adds=0, value=reading.rate_8h, text=f"funding {state}, {rate}")


def _persistence(zone: Zone, assumptions: Assumptions) -> ZoneReason:
    """Vote for zones that recur in draws, against those that often vanish."""
    share = notation.share(zone.persistence)
    if zone.persistence >= assumptions.persistence_sure:
        return ZoneReason(rule="persistence", adds=1, value=zone.persistence, text=f"recurs in {share} of draws")
    if zone.persistence < assumptions.persistence_doubtful:
        return ZoneReason(rule="persistence", adds=-1, value=zone.persistence, text=f"recurs in only {share} of draws")
    return ZoneReason(rule="persistence", adds=0, value=zone.persistence, text=f"recurs in {share} of draws")
