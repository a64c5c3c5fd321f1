"""What every map of a backtest is scored on: decisions, what price did after them, what was realised."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.guide.structure.bars import resample
from reportgen.guide.structure.volatility import true_range
from reportgen.liquidation.path import Grid
from reportgen.market.data import Candles, Liquidations, MarketData, OpenInterest
from reportgen.units import DAY_MS, HOUR_MS, Bools, Floats, Ints, Milliseconds, Missing, Side


def day_ranges(candles: Candles, decision_ms: Ints, assumptions: Assumptions) -> Floats:
    """Give `day_range` of the bars closed by each decision time, shape (m,), price; NaN where it is not known.

    Args:
        candles: Bars; finer ones are gathered into hours.
        decision_ms: Shape (m,), ascending, whole hours where bars are finer.
        assumptions: `atr_bars` and `atr_scale`.
    """
    bars: Candles | Missing = candles
    if candles.interval_ms < HOUR_MS and len(candles):
        bars = resample(candles, HOUR_MS, int(candles.close_time_ms[-1]))
    unknown = np.full(len(decision_ms), np.nan)
    if isinstance(bars, Missing) or not len(bars):
        return unknown
    needed = assumptions.atr_bars * HOUR_MS // bars.interval_ms
    if not needed:
        return unknown
    total = np.concatenate([[0.0], np.cumsum(true_range(bars))])
    known = np.searchsorted(bars.close_time_ms, decision_ms, side="right")
    mean = (total[known] - total[np.maximum(known - needed, 0)]) / needed
    scale = math.sqrt(DAY_MS / bars.interval_ms) * assumptions.atr_scale
    return np.where((known >= needed) & (mean > 0), mean * scale, np.nan)


def liquidations_after(told: Liquidations, decision_ms: Ints, horizon_ms: Milliseconds) -> Mapping[Side, Floats]:
    """Add up each side's liquidations of the bars that open at or after a decision and close by its horizon.

    Args:
        told: Liquidations by bar.
        decision_ms: Shape (m,).
        horizon_ms: A multiple of the bar, else nothing is known.

    Returns:
        Per side shape (m,), quote currency; NaN where a bar is not there.
    """
    count = int(horizon_ms // told.interval_ms)
    if count * told.interval_ms != horizon_ms or not len(told.open_time_ms):
        return {side: np.full(len(decision_ms), np.nan) for side in Side}
    wanted = decision_ms[:, None] + told.interval_ms * np.arange(count)
    at = np.minimum(np.searchsorted(told.open_time_ms, wanted), len(told.open_time_ms) - 1)
    known = (told.open_time_ms[at] == wanted).all(axis=1)
    columns = {Side.LONG: told.liquidated_long_quote, Side.SHORT: told.liquidated_short_quote}
    return {side: np.where(known, columns[side][at].sum(axis=1), np.nan) for side in Side}


def open_interest_fall(told: OpenInterest, decision_ms: Ints, horizon_ms: Milliseconds) -> Floats:
    """Give by how much open interest fell up to the horizon, 0 where it rose; shape (m,), fraction.

    A snapshot counts for a moment up to a quarter of the horizon later; NaN where there is none.
    """
    start = _at(told, decision_ms, horizon_ms // 4)
    end = _at(told, decision_ms + horizon_ms, horizon_ms // 4)
    return np.maximum(start - end, 0.0) / np.where(start > 0, start, np.nan)


def _at(told: OpenInterest, moment_ms: Ints, oldest_ms: Milliseconds) -> Floats:
    """Look up the last snapshot of each moment; NaN where it is too old."""
    if not len(told.time_ms):
        return np.full(len(moment_ms), np.nan)
    row = np.searchsorted(told.time_ms, moment_ms, side="right") - 1
    fresh = (row >= 0) & (moment_ms - told.time_ms[np.maximum(row, 0)] <= oldest_ms)
    return np.where(fresh, told.open_interest_base[np.maximum(row, 0)], np.nan)


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


def outward(maps: FrozenMaps, price: Floats, side: Side, width: int) -> Floats:
    """Lay a side's maps out by log distance from each price, nearest first; shape (m, width), mass per bin.

    Args:
        maps: m maps.
        price: Shape (m,), the price each is centred on.
        side: Longs are counted downwards, shorts upwards.
        width: Bins of the grid's own step; beyond the grid there is nothing.
    """
    mass = maps.mass[side]
    bins = mass.shape[1]
    held = np.concatenate([np.zeros((len(mass), 1)), np.cumsum(mass, axis=1)], axis=1)
    sign = -1 if side is Side.LONG else 1
    place = np.clip(maps.grid.position(price)[:, None] + sign * np.arange(width + 1), 0, bins)
    return np.maximum(sign * np.diff(_outward_at(held, place), axis=1), 0.0)


def running(mass: Floats) -> Floats:
    """Sum outward mass from the price, shape (m, width + 1), for `between`."""
    return np.concatenate([np.zeros((len(mass), 1)), np.cumsum(mass, axis=1)], axis=1)


def between(held: Floats, near: Floats, far: Floats, step: float) -> Floats:
    """Sum the mass between two distances, parts of bins included; shape (m,), 0 where far <= near.

    Args:
        held: From `running`.
        near: Shape (m,), log distance from the price.
        far: The same.
        step: Log width of a bin.
    """
    width = held.shape[1] - 1
    place = np.clip(np.column_stack([near, np.maximum(near, far)]) / step, 0, width)
    ends = _outward_at(held, place)
    return np.asarray(ends[:, 1] - ends[:, 0])


def _outward_at(held: Floats, place: Floats) -> Floats:
    """Interpolate each row's running sum at bin coordinates within it; shapes (m, bins + 1), (m, k) -> (m, k)."""
    cell = np.minimum(place.astype(np.int64), held.shape[1] - 2)
    low = np.take_along_axis(held, cell, axis=1)
    return np.asarray(low + (place - cell) * (np.take_along_axis(held, cell + 1, axis=1) - low))


Fresh: TypeAlias = Callable[[], np.random.Generator]
"""Gives a generator that starts anew from one seed, so that every score resamples the same days."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Situation:
    """Decisions of one market, shape (m,) each, and what followed.

    Attributes:
        candles: Of the primary venue. decision_ms: ascending. horizon_ms: of every score but the 24 h one.
        reach: What price did up to the horizon. atr: a day's typical range then, price, NaN where not known.
        realised: Per side, quote currency liquidated up to the horizon; NaN where not known.
        fall: Fall of open interest up to the horizon, fraction; NaN where not known.
        assumptions: All constants. fresh: for resampling.
    """

    candles: Candles
    decision_ms: Ints
    horizon_ms: Milliseconds
    reach: Reach
    atr: Floats
    realised: Mapping[Side, Floats]
    fall: Floats
    assumptions: Assumptions
    fresh: Fresh

    @property
    def day(self) -> Ints:
        """UTC day of each decision, the block of every interval."""
        return self.decision_ms // DAY_MS

    @property
    def has_liquidations(self) -> bool:
        """Tell whether any bar has liquidations of both sides known."""
        return bool((self.reach.whole & np.isfinite(self.realised[Side.LONG])).any())

    def went(self, side: Side) -> Floats:
        """Log distance that price went against a side up to the horizon, shape (m,), >= 0."""
        reach = self.reach
        return np.asarray(np.log(reach.price / reach.low) if side is Side.LONG else np.log(reach.high / reach.price))


def situation_of(
    market: MarketData, candles: Candles, decision_ms: Ints, horizon_ms: Milliseconds, a: Assumptions, fresh: Fresh
) -> Situation:
    """Gather what followed each decision; what is not known becomes NaN."""
    unknown = np.full(len(decision_ms), np.nan)
    told, interest = market.liquidations, market.leading_open_interest
    none = dict.fromkeys(Side, unknown)
    return Situation(
        candles=candles,
        decision_ms=decision_ms,
        horizon_ms=horizon_ms,
        reach=reach_after(candles, decision_ms, horizon_ms),
        atr=day_ranges(candles, decision_ms, a),
        realised=none if isinstance(told, Missing) else liquidations_after(told, decision_ms, horizon_ms),
        fall=unknown if isinstance(interest, Missing) else open_interest_fall(interest, decision_ms, horizon_ms),
        assumptions=a,
        fresh=fresh,
    )
