"""How far price moves: true range, the day's typical range that every distance counts in, and percentiles."""

from __future__ import annotations

import math

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.guide.structure.bars import interval_name, resample
from reportgen.market.data import Candles
from reportgen.units import DAY_MS, HOUR_MS, Floats, Fraction, Maybe, Missing, Price


def true_range(candles: Candles) -> Floats:
    """Return each bar's true range: its range, widened to the close before it.

    Args:
        candles: n bars. The first has no close before it, so its range stands alone.

    Returns:
        Shape (n,), price, >= 0, finite.
    """
    before = np.concatenate([candles.open[:1], candles.close[:-1]])
    ranges: Floats = np.maximum(candles.high, before) - np.minimum(candles.low, before)
    return ranges


def day_range(candles: Candles, assumptions: Assumptions) -> Maybe[Price]:
    """Return a day's typical range, the yardstick of every distance.

    It is the mean true range of the last 24 hourly bars x sqrt(24) x 0.6. Finer bars are gathered into hours first;
    of coarser bars of h hours the last 24/h are used, x sqrt(24/h) x 0.6.

    Args:
        candles: Bars up to the moment that counts; the last ones are used.
        assumptions: `atr_bars` and `atr_scale`.

    Returns:
        Price, > 0, or Missing when bars are too few, too coarse, or have not moved at all.
    """
    bars: Maybe[Candles] = candles
    if candles.interval_ms < HOUR_MS and len(candles):
        parts = -(-HOUR_MS // candles.interval_ms)  # only as many as the day's range needs
        recent = candles.part(slice(-parts * (assumptions.atr_bars + 2), None))
        bars = resample(recent, HOUR_MS, int(recent.close_time_ms[-1]))
    if isinstance(bars, Missing):
        return bars
    needed = assumptions.atr_bars * HOUR_MS // bars.interval_ms
    name = interval_name(bars.interval_ms)
    if not needed:
        return Missing(f"A day's typical range cannot be read from bars of {name}.")
    if len(bars) < needed:
        return Missing(f"A day's typical range needs {needed} bars of {name}; there are {len(bars)}.")
    mean = float(true_range(bars.part(slice(-needed - 1, None)))[-needed:].mean())
    if mean <= 0:
        return Missing(f"Price has not moved in the last {needed} bars of {name}, so there is no typical range.")
    return mean * math.sqrt(DAY_MS / bars.interval_ms) * assumptions.atr_scale


def daily_atr(candles: Candles, days: int) -> Maybe[Price]:
    """Return what traders call ATR: Wilder's average true range of daily bars, which end at midnight UTC.

    Args:
        candles: Bars up to as-of.
        days: Bars of the average, 14; the first average is a mean, each day after it weighs 1 / days.
    """
    bars = resample(candles, DAY_MS, int(candles.close_time_ms[-1]))
    if isinstance(bars, Missing):
        return bars
    if len(bars) <= days:
        return Missing(f"ATR({days}) needs {days + 1} daily bars; there are {len(bars)}.")
    ranges = true_range(bars)[1:]
    average = float(ranges[:days].mean())
    for one in ranges[days:]:
        average += (float(one) - average) / days
    return average


def range_fractions(candles: Candles, window: int) -> Floats:
    """Return the mean true range of each run of bars, as a fraction of its last close.

    Args:
        candles: n bars.
        window: Bars in a run, 1 <= window <= n.

    Returns:
        Shape (n - window + 1,), fraction.
    """
    runs = np.lib.stride_tricks.sliding_window_view(true_range(candles), window)
    fractions: Floats = runs.mean(axis=1) / candles.close[window - 1 :]
    return fractions


def extent_fractions(candles: Candles, window: int) -> Floats:
    """Return highest high minus lowest low of each run of bars, as a fraction of its last close.

    Args:
        candles: n bars.
        window: Bars in a run, 1 <= window <= n.

    Returns:
        Shape (n - window + 1,), fraction.
    """
    highest = np.lib.stride_tricks.sliding_window_view(candles.high, window).max(axis=1)
    lowest = np.lib.stride_tricks.sliding_window_view(candles.low, window).min(axis=1)
    fractions: Floats = (highest - lowest) / candles.close[window - 1 :]
    return fractions


def percentile_of_last(values: Floats) -> Fraction:
    """Return the share of the earlier values that lie below the last one; ties count half.

    Args:
        values: Shape (n,), n >= 2, finite.

    Returns:
        Fraction in [0, 1]: 1 when the last is the highest, 0 when the lowest, 0.5 when all are equal.

    Raises:
        ValueError: With fewer than two values there is nothing to compare with.
    """
    if len(values) < 2:
        raise ValueError("a percentile needs a value and at least one before it")
    earlier, last = values[:-1], values[-1]
    below, level = np.count_nonzero(earlier < last), np.count_nonzero(earlier == last)
    return float(below + level / 2) / len(earlier)
