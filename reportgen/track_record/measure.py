"""One maker's maps become a few columns, so that the maps themselves need not be kept.

Swept mass answers "how much"; the two densities answer "where", as far as totals by the hour permit: an hour's
liquidations took place somewhere between that hour's extremes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reportgen.track_record.frozen import reach_after
from reportgen.track_record.outward import between, running
from reportgen.track_record.result import MapKind
from reportgen.track_record.situation import Situation
from reportgen.units import DAY_MS, Floats, Side


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """What is left of m maps.

    Attributes:
        name: Of the maker. kind: engine, baseline or control.
        swept: Per side, shape (m,), mass in the prices reached up to the horizon.
        banded: Per side, shape (m, bands), that mass by distance in ATR.
        near_density: Per side, shape (m,), density where price went over density all around; 1 is uniform.
        day_density: Per side, shape (m,), sum over the next 24 h of what was liquidated x the density of the frozen map
            in the ground that the bar was first to reach over its density in all that the day reached.
    """

    name: str
    kind: MapKind
    swept: Mapping[Side, Floats]
    banded: Mapping[Side, Floats]
    near_density: Mapping[Side, Floats]
    day_density: Mapping[Side, Floats]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DayAhead:
    """Which prices each bar of the 24 h after a decision was the first to reach, on one side.

    Levels touched earlier in the day are gone, and what is liquidated there again is none of the frozen map's.

    Attributes:
        near, far: Shape (m, bars), log distances from the price at decision between which the bar broke new ground.
        reached: Shape (m,), the farthest of the day.
        realised: Shape (m, bars), liquidated in the bar, quote currency; 0 where it broke no new ground.
        known: Shape (m,), the day is whole and its liquidations are known.
    """

    near: Floats
    far: Floats
    reached: Floats
    realised: Floats
    known: Floats


def day_ahead(situation: Situation, side: Side) -> DayAhead:
    """Follow the day after each decision."""
    s = situation
    bars = int(DAY_MS // s.horizon_ms)
    step = s.horizon_ms * np.arange(bars)
    moment = (s.decision_ms[:, None] + step).ravel()
    row = np.minimum(np.searchsorted(s.decision_ms, moment), len(s.decision_ms) - 1)
    there = (s.decision_ms[row] == moment).reshape(-1, bars)
    after = reach_after(s.candles, moment, s.horizon_ms)
    low, high = (np.log(x).reshape(-1, bars) for x in (after.low, after.high))
    price = np.log(s.reach.price)[:, None]
    near, far = (price - high, price - low) if side is Side.LONG else (low - price, high - price)
    far = np.maximum(far, 0.0)
    before = np.maximum.accumulate(np.column_stack([np.zeros(len(far)), far[:, :-1]]), axis=1)
    near = np.maximum(near, before)
    realised = s.realised[side][row].reshape(-1, bars)
    known = there.all(axis=1) & after.whole.reshape(-1, bars).all(axis=1) & np.isfinite(realised).all(axis=1)
    return DayAhead(
        near=near, far=far, reached=far.max(axis=1), realised=np.where(far > near, realised, 0.0), known=known * 1.0
    )


def measure(
    name: str,
    kind: MapKind,
    mass: Mapping[Side, Floats],
    step: float,
    situation: Situation,
    ahead: Mapping[Side, DayAhead],
) -> Measured:
    """Reduce one maker's maps to what the scores need.

    Args:
        name: Of the maker.
        kind: Engine, baseline or control.
        mass: Per side, shape (m, width), outwards from the price of each decision.
        step: Log width of a bin.
        situation: What followed.
        ahead: The day after, per side.
    """
    held = {side: running(mass[side]) for side in Side}
    edges = np.array([0.0, *situation.assumptions.skill_distance_edges, np.inf])
    atr = np.nan_to_num(situation.atr / situation.reach.price)  # unknown ATR: no band is reached, and rows are left out
    return Measured(
        name=name,
        kind=kind,
        swept={side: between(held[side], 0 * atr, situation.went(side), step) for side in Side},
        banded={side: _banded(held[side], situation.went(side), atr, edges, step) for side in Side},
        near_density={side: _near_density(held[side], situation, side, step) for side in Side},
        day_density={side: _day_density(held[side], ahead[side], step) for side in Side},
    )


def _banded(held: Floats, went: Floats, atr: Floats, edges: Floats, step: float) -> Floats:
    """Sum the reached mass inside each band, shape (m, bands)."""
    to = [np.minimum(went, np.where(atr > 0, edge, 0.0) * np.maximum(atr, step)) for edge in edges[1:]]
    return np.column_stack([between(held, edge * atr, far, step) for edge, far in zip(edges[:-1], to, strict=True)])


def _near_density(held: Floats, situation: Situation, side: Side, step: float) -> Floats:
    """Divide the density where price went by the density all around."""
    went = situation.went(side)
    reach = situation.assumptions.location_reach_atr * situation.atr / situation.reach.price
    around = np.where(np.isfinite(reach), reach, 0.0)
    return _times(_density(held, 0 * went, went, step), _density(held, 0 * went, around, step))


def _day_density(held: Floats, ahead: DayAhead, step: float) -> Floats:
    """Weigh the densities of the day's bars by what was liquidated in them."""
    whole = _density(held, 0 * ahead.reached, ahead.reached, step)
    total = np.zeros(len(held))
    for bar in range(ahead.far.shape[1]):
        density = _density(held, ahead.near[:, bar], ahead.far[:, bar], step)
        total += np.where(ahead.known > 0, ahead.realised[:, bar], 0.0) * _times(density, whole)
    return total


def _density(held: Floats, near: Floats, far: Floats, step: float) -> Floats:
    width = far - near
    return np.divide(between(held, near, far, step), width, out=np.zeros(len(held)), where=width > 0)


def _times(one: Floats, other: Floats) -> Floats:
    return np.divide(one, other, out=np.zeros(len(one)), where=other > 0)
