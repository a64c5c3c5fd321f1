"""Frozen maps and what price did after each: the raw material of every score.

A map is frozen at a decision time and looked at no later; the bars after it say which prices were reached. Any maker
of maps can be scored: the product's engines, the controls, the published formulas of the benchmarks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reportgen.liquidation.deposits import Grid
from reportgen.market.data import Candles
from reportgen.units import Bools, Floats, Ints, Milliseconds, Side


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrozenMaps:
    """One map a decision time, each made from what was known by then.

    Attributes:
        grid: Price bins shared by all.
        decision_ms: Shape (m,), ascending, each the close of a bar.
        mass: Per side, shape (m, bins), ascending in price, >= 0. Its unit does not matter to ranks.
    """

    grid: Grid
    decision_ms: Ints
    mass: Mapping[Side, Floats]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reach:
    """How far price went between a decision time and its horizon, shape (m,) each; the price at decision is `price`.

    Attributes:
        price: Last close by the decision time. low, high: Extremes of the bars after it, up to the horizon.
        whole: True where every bar up to the horizon is there.
    """

    price: Floats
    low: Floats
    high: Floats
    whole: Bools


def decision_times(candles: Candles, start_ms: Milliseconds, until_ms: Milliseconds, every_ms: Milliseconds) -> Ints:
    """List the closes of bars from start to until that fall on the step; shape (m,)."""
    close = candles.close_time_ms
    return np.asarray(close[(close >= start_ms) & (close <= until_ms) & (close % every_ms == 0)])


def reach_after(candles: Candles, decision_ms: Ints, horizon_ms: Milliseconds) -> Reach:
    """Find the extremes of the bars that open at or after each decision time and close by its horizon.

    Args:
        candles: Bars; `interval_ms` divides the horizon.
        decision_ms: Shape (m,).
        horizon_ms: At least one bar.
    """
    first = np.searchsorted(candles.open_time_ms, decision_ms)
    last = np.searchsorted(candles.close_time_ms, decision_ms + horizon_ms, side="right")
    count = max(1, int(horizon_ms // candles.interval_ms))
    index = np.minimum(first[:, None] + np.arange(count), len(candles) - 1)
    inside = first[:, None] + np.arange(count) < last[:, None]
    at = np.maximum(np.searchsorted(candles.close_time_ms, decision_ms, side="right") - 1, 0)
    price = candles.close[at]
    return Reach(
        price=price,
        low=np.minimum(price, np.where(inside, candles.low[index], np.inf).min(axis=1)),
        high=np.maximum(price, np.where(inside, candles.high[index], -np.inf).max(axis=1)),
        whole=(last - first) == count,
    )


def reached_mass(maps: FrozenMaps, reach: Reach, side: Side) -> Floats:
    """Sum a side's mass between the price at decision and the extreme reached, parts of bins included; shape (m,)."""
    mass = maps.mass[side]
    held = np.concatenate([np.zeros((len(mass), 1)), np.cumsum(mass, axis=1)], axis=1)
    near, far = (reach.low, reach.price) if side is Side.LONG else (reach.price, reach.high)
    return np.maximum(_held_below(held, maps.grid.position(far)) - _held_below(held, maps.grid.position(near)), 0.0)


def _held_below(held: Floats, position: Floats) -> Floats:
    """Interpolate each row's running sum at one bin coordinate."""
    at = np.clip(position, 0, held.shape[1] - 1)
    cell = np.minimum(at.astype(np.int64), held.shape[1] - 2)
    rows = np.arange(len(held))
    return np.asarray(held[rows, cell] + (at - cell) * (held[rows, cell + 1] - held[rows, cell]))
