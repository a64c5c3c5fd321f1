"""A day's typical range at many moments at once, each from the bars closed by then."""

from __future__ import annotations

import math

import numpy as np

from reportgen.assumptions import Assumptions
from reportgen.indicators.bars import resample
from reportgen.indicators.volatility import true_range
from reportgen.market.data import Candles
from reportgen.units import DAY_MS, HOUR_MS, Floats, Ints, Missing


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
