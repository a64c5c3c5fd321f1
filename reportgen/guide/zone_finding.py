"""Step 2 at work: from a liquidation map to Zones A, B and C, their edges' uncertainty, and why each ranks there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reportgen import notation
from reportgen.assumptions import Assumptions
from reportgen.guide.positioning import Positioning
from reportgen.guide.reaction import touch_probability
from reportgen.guide.structure import Structure
from reportgen.guide.zone_ranking import rank_zones
from reportgen.guide.zones import Label, NoDenseZone, Zone
from reportgen.liquidation.density import Run, dense_runs
from reportgen.liquidation.heatmap import LiquidationMap
from reportgen.liquidation.shares import SideShares, shares_of_side
from reportgen.liquidation.smoothing import along_price
from reportgen.liquidation.uncertainty import RunUncertainty, draw_profiles, follow_runs
from reportgen.units import Fraction, Maybe, Price, Side, Where


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
    """
    frame = _Frame(price=estimate.price, atr=atr, horizon_hours=horizon_hours, assumptions=assumptions)
    zones: list[Zone] = []
    nothing: list[NoDenseZone] = []
    shares: dict[Side, SideShares] = {}
    for side in Side:
        nodes = along_price(estimate.sides[side].node_mass, assumptions)
        where: Where = "below" if side is Side.LONG else "above"
        scope = _scope_bins(frame, where, estimate.grid.step, nodes.shape[1])
        draws = draw_profiles(nodes, rng, assumptions)
        shares[side] = shares_of_side(nodes, draws, scope, estimate.grid.step)
        runs = dense_runs(shares[side].share[:scope], assumptions)
        if not runs:
            nothing.append(_nothing(frame, where, shares[side]))
        named = _labelled(runs, where)
        followed = follow_runs([run for _, run in named], draws[:, :scope], assumptions)
        for (label, run), uncertain in zip(named, followed, strict=True):
            zones.append(_zone(label, where, run, uncertain, estimate.grid.step, frame))
    ranked = rank_zones(tuple(zones), structure, positioning, atr=atr, assumptions=assumptions)
    return ZoneFinding(zones=ranked, no_dense_zone=tuple(nothing), shares=shares)


def _scope_bins(frame: _Frame, where: Where, step: float, width: int) -> int:
    """Count the bins within the scope on a side."""
    fraction = frame.scope_fraction()
    reach = np.log1p(fraction) if where == "above" else -np.log1p(-fraction)
    return min(width, max(1, round(float(reach) / step)))


def _labelled(runs: tuple[Run, ...], where: Where) -> tuple[tuple[Label, Run], ...]:
    """Name the nearest run A (above) or B (below), and the largest one beyond it C."""
    if not runs:
        return ()
    nearest: Label = "A" if where == "above" else "B"
    beyond = runs[1:]
    named: list[tuple[Label, Run]] = [(nearest, runs[0])]
    if beyond:
        named.append(("C", max(beyond, key=lambda run: run.share)))
    return tuple(named)


def _zone(label: Label, where: Where, run: Run, uncertain: RunUncertainty, step: float, frame: _Frame) -> Zone:
    """Turn a run of bins into a zone of prices; its rank and reasons come later."""
    outward = 1 if where == "above" else -1

    def price_at(bins: float) -> Price:
        return float(frame.price * np.exp(outward * step * bins))

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
