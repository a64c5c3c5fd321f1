"""From a liquidation map to Zones A, B and C, their edges' uncertainty, and why each ranks there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from reportgen import notation
from reportgen.config.assumptions import Assumptions
from reportgen.guide.positioning import Positioning
from reportgen.guide.structure import Structure
from reportgen.guide.zones import Label, NoDenseZone, Rule, Zone, ZoneReason
from reportgen.liquidation.cone import touch_probability
from reportgen.liquidation.map import LiquidationMap
from reportgen.liquidation.profile import (
    DenseRun,
    RunUncertainty,
    SideShares,
    along_price,
    dense_runs,
    draw_profiles,
    follow_runs,
    shares_of_side,
)
from reportgen.units import Floats, Fraction, Maybe, Missing, Price, Side, Where


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ZoneFinding:
    """What the map shows: zones, or "no dense zone", for each side; and the shares they were found in."""

    zones: tuple[Zone, ...]
    no_dense_zone: tuple[NoDenseZone, ...]
    shares: Mapping[Side, SideShares]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """What turns bins into prices: the price, the day's range, the horizon, the constants."""

    price: Price
    atr: Price
    horizon_hours: float
    assumptions: Assumptions

    def scope_fraction(self) -> Fraction:
        """How far a side's mass is counted."""
        a = self.assumptions
        return min(max(a.zone_scope_fraction, a.zone_scope_atr * self.atr / self.price), a.zone_scope_ceiling)


def find_zones(
    estimate: LiquidationMap,
    structure: Maybe[Structure],
    positioning: Positioning,
    *,
    atr: Price,
    horizon_hours: float,
    rng: np.random.Generator,
    assumptions: Assumptions,
    tilts: Mapping[Side, Floats] | None = None,
) -> ZoneFinding:
    """Find the nearest dense cluster on each side and the larger one beyond it.

    Args:
        estimate: The map.
        structure: Chart levels for the ranking.
        positioning: Open interest and funding for the ranking.
        atr: A day's typical range in price.
        horizon_hours: For the probability of touch.
        rng: Seeded generator behind the draws.
        assumptions: Gate, scope, draws, ranking.
        tilts: Per side, draws from a calibration's posterior as `draw_profiles` takes them; None without one.
    """
    frame = _Frame(price=estimate.price, atr=atr, horizon_hours=horizon_hours, assumptions=assumptions)
    zones: list[Zone] = []
    nothing: list[NoDenseZone] = []
    shares: dict[Side, SideShares] = {}
    for side in Side:
        nodes = along_price(estimate.sides[side].node_mass, assumptions)
        where: Where = "below" if side is Side.LONG else "above"
        fraction = frame.scope_fraction()
        reach = np.log1p(fraction) if where == "above" else -np.log1p(-fraction)
        scope = min(nodes.shape[1], max(1, round(float(reach) / estimate.grid.step)))
        draws = draw_profiles(nodes, rng, assumptions, None if tilts is None else tilts[side])
        shares[side] = shares_of_side(nodes, draws, scope, estimate.grid.step)
        runs = dense_runs(shares[side].share[:scope], assumptions)
        if not runs:
            nothing.append(_nothing(frame, where, shares[side]))
        outward, step = (1 if where == "above" else -1), estimate.grid.step

        def price_at(bins: float, along: float = outward * step) -> Price:
            return float(estimate.price * np.exp(along * bins))

        named = _labelled(runs, where, price_at, frame)
        followed = follow_runs([run for _, run in named], draws[:, :scope], assumptions)
        for (label, run), uncertain in zip(named, followed, strict=True):
            zones.append(_zone(label, where, run, uncertain, price_at, frame))
    ranked = rank_zones(tuple(zones), structure, positioning, atr=atr, assumptions=assumptions)
    return ZoneFinding(zones=ranked, no_dense_zone=tuple(nothing), shares=shares)


def _labelled(
    runs: tuple[DenseRun, ...], where: Where, price_at: Callable[[float], Price], frame: _Frame
) -> tuple[tuple[Label, DenseRun], ...]:
    """Name the nearest run A (above) or B (below), and the largest beyond it C where it is larger and clear of it."""
    if not runs:
        return ()
    first, room = runs[0], frame.assumptions.second_gap_days * frame.atr
    nearest: Label = "A" if where == "above" else "B"
    beyond = [
        run for run in runs[1:] if run.share > first.share and abs(price_at(run.start) - price_at(first.stop)) >= room
    ]
    second: tuple[tuple[Label, DenseRun], ...] = (("C", max(beyond, key=lambda run: run.share)),) if beyond else ()
    return ((nearest, first), *second)


def _zone(
    label: Label,
    where: Where,
    run: DenseRun,
    uncertain: RunUncertainty,
    price_at: Callable[[float], Price],
    frame: _Frame,
) -> Zone:
    """Turn a run of bins into a zone of prices; its rank and reasons come later."""

    def band(bins: tuple[float, float]) -> tuple[Price, Price]:
        first, last = sorted((price_at(bins[0]), price_at(bins[1])))
        return first, last

    near, far = price_at(run.start), price_at(run.stop)
    near_band, far_band = band(uncertain.near_band), band(uncertain.far_band)
    distance = abs(near - frame.price)
    above = where == "above"
    return Zone(
        label=label,
        side=where,
        liquidated_side=Side.SHORT if above else Side.LONG,
        low=near if above else far,
        high=far if above else near,
        low_band=near_band if above else far_band,
        high_band=far_band if above else near_band,
        share=run.share,
        intensity=run.intensity,
        notional=None,
        distance_fraction=distance / frame.price,
        distance_atr=distance / frame.atr,
        touch_probability=touch_probability(distance / frame.atr, frame.horizon_hours, frame.assumptions),
        persistence=uncertain.persistence,
        rank=0,
        score=0.0,
        price_inside=run.start == 0,
        reasons=(),
    )


def _nothing(frame: _Frame, where: Where, shares: SideShares) -> NoDenseZone:
    """Say that a side has no dense zone, and how its densest stretch failed."""
    within = frame.scope_fraction()
    reach = notation.percent(within, 0)
    if shares.total <= 0:
        reason = f"No estimated liquidation mass is left within {reach} {where} the price."
    else:
        a = frame.assumptions
        reason = (
            f"Nothing stands out within {reach} {where} the price: no stretch holds {notation.share(a.zone_gate_share)}"
            f" of that side at {notation.times(a.zone_gate_intensity)} its median density."
        )
    return NoDenseZone(side=where, within_fraction=within, reason=reason)


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
    reasons = [_reasons(zone, structure, positioning, atr, assumptions) for zone in zones]
    scores = [float(sum(reason.adds for reason in own)) for own in reasons]
    order = sorted(range(len(zones)), key=lambda i: (-scores[i], zones[i].distance_atr, zones[i].side))
    return tuple(
        replace(zone, rank=order.index(i) + 1, score=scores[i], reasons=reasons[i]) for i, zone in enumerate(zones)
    )


def _reasons(
    zone: Zone, structure: Maybe[Structure], positioning: Positioning, atr: Price, assumptions: Assumptions
) -> tuple[ZoneReason, ...]:
    """Apply each assumption to one zone."""
    far, near = zone.distance_atr > assumptions.zone_distant_atr, zone.distance_atr <= assumptions.zone_near_atr
    away = f"{'near: ' if near else 'distant: ' if far else ''}{notation.usual_days(zone.distance_atr)} away"
    doubtful, sure = (
        zone.persistence < assumptions.persistence_doubtful,
        zone.persistence >= assumptions.persistence_sure,
    )
    recurs = f"recurs in {'only ' if doubtful else ''}{notation.share(zone.persistence)} of draws"
    interest, funding = positioning.open_interest, positioning.funding
    if isinstance(interest, Missing):
        building = _vote("open_interest", 0, None, f"open interest unknown: {interest.reason}")
    else:
        change = f"{notation.percent_change(interest.change_24h)} in 24{notation.THIN}h"
        adds = {"rising": 1, "flat": 0, "falling": -1}[interest.trend]
        building = _vote("open_interest", adds, interest.change_24h, f"open interest {interest.trend}, {change}")
    if isinstance(funding, Missing):
        paying = _vote("funding", 0, None, f"funding unknown: {funding.reason}")
    else:  # for a zone whose side is the crowded one
        pays = {"longs pay": "long", "shorts pay": "short", "neutral": ""}[funding.bias]
        own = funding.extreme and pays == zone.liquidated_side
        state = "extreme on this side" if own else "extreme on the other side" if funding.extreme else "not extreme"
        text = f"funding {state}, {notation.funding(funding.rate_8h)}"
        paying = _vote("funding", int(own), funding.rate_8h, text)
    return (
        _vote("nearest", near - far, zone.distance_atr, away),
        _alignment(zone, structure, atr, assumptions),
        building,
        paying,
        _vote("persistence", sure - doubtful, zone.persistence, recurs),
    )


def _vote(rule: Rule, adds: int, value: float | None, text: str) -> ZoneReason:
    return ZoneReason(rule=rule, adds=adds, value=value, text=text)


def _alignment(zone: Zone, structure: Maybe[Structure], atr: Price, assumptions: Assumptions) -> ZoneReason:
    """Vote for a zone that a chart level stands in or close to."""
    if isinstance(structure, Missing):
        return _vote("chart_level", 0, None, f"chart levels unknown: {structure.reason}")
    gaps = [
        (abs(level.price - min(max(level.price, zone.low), zone.high)) / atr, level)
        for level in (*structure.supports, *structure.resistances)
    ]
    if not gaps:
        return _vote("chart_level", 0, None, "no chart level known")
    gap, level = min(gaps, key=lambda pair: pair[0])
    decimals = notation.price_decimals(level.price)
    name = f"{'resistance' if level.where == 'above' else 'support'} {notation.price(level.price, decimals)}"
    name = f"{name} ({level.name})" if level.name else name
    if gap <= assumptions.zone_chart_level_atr:
        return _vote("chart_level", 1, gap, f"aligned with {name}")
    alone = "isolated: " if gap > assumptions.zone_near_atr else ""
    return _vote("chart_level", 0, gap, f"{alone}nearest chart level {notation.usual_days(gap)} off")
