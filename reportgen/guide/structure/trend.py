"""What traders did: volume against its usual, open interest over a span, funding on one scale.

Step 1 reads volume here, step 3 open interest and funding.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from reportgen.guide.structure.bars import value_at
from reportgen.market.data import FundingRates
from reportgen.units import DAY_MS, HOUR_MS, Floats, Fraction, Ints, Maybe, Milliseconds, Missing

# ---- Direction and speed of a price path: efficiency, higher highs and lows, momentum, and whether it fades ----


def efficiency(close: Floats) -> float:
    """Return net move over path: how straight price went (Kaufman's efficiency ratio, signed).

    Args:
        close: Shape (n,), > 0.

    Returns:
        In [-1, 1]: 1 when every bar rose, -1 when every bar fell, 0 when price ended where it began or never moved.
    """
    moves = np.diff(np.log(close))
    path = float(np.abs(moves).sum())
    return float(moves.sum()) / path if path > 0 else 0.0


def halves_agree(high: Floats, low: Floats, step: float) -> Literal[-1, 0, 1]:
    """Compare the later half of a window with the earlier: higher highs and higher lows, or lower ones.

    Args:
        high: Shape (n,), > 0; the middle bar of an odd n belongs to the later half.
        low: Shape (n,), > 0.
        step: How far an extreme must have moved to count, as a part of the window's whole log range.

    Returns:
        1 when both extremes are higher, -1 when both are lower, 0 when they disagree or there is one bar.
    """
    middle = len(high) // 2
    if not middle:
        return 0
    tops, bottoms = np.log(high), np.log(low)
    least = step * float(tops.max() - bottoms.min())
    rise = float(tops[middle:].max() - tops[:middle].max())
    lift = float(bottoms[middle:].min() - bottoms[:middle].min())
    if min(rise, lift) > least:
        return 1
    return -1 if max(rise, lift) < -least else 0


def momentum(close: Floats, window: int) -> float:
    """Return the move of the last bars in units of what so many bars usually move.

    Args:
        close: Shape (n,), > 0; all of it tells the usual size of a bar's move (root mean square of log returns).
        window: Bars of the move, 1 <= window < n.

    Returns:
        A z-score; 0 when price never moved.
    """
    moves = np.diff(np.log(close))
    usual = math.sqrt(float((moves**2).mean()) * window)
    return float(moves[-window:].sum()) / usual if usual > 0 else 0.0


def fading(close: Floats, window: int) -> float:
    """Return how much of a move came early: the earlier half's part minus the later half's.

    Args:
        close: Shape (n,), > 0.
        window: Bars of the move, even, 2 <= window < n.

    Returns:
        In [-1, 1]: 0 for a steady pace, towards 1 when the later half stalls or turns back, towards -1 when the move
        speeds up; 0 when there is no move.
    """
    path = np.log(close[-window - 1 :])
    middle = window // 2
    early, late = float(path[middle] - path[0]), float(path[-1] - path[middle])
    whole = abs(early) + abs(late)
    return math.copysign(1.0, early + late) * (early - late) / whole if whole > 0 else 0.0


_FUNDING_HOURS = 8
_YEAR_DAYS = 365


def recent_over_median(volume: Floats, window: int) -> Maybe[float]:
    """Return the mean of the last values over the median of such means: like is compared with like.

    Args:
        volume: Shape (n,), >= 0.
        window: Values in a mean, 1 <= window <= n.

    Returns:
        A ratio, 1 when the recent volume is usual, or Missing when most of the bars carry no volume.
    """
    means = np.lib.stride_tricks.sliding_window_view(volume, window).mean(axis=1)
    usual = float(np.median(means))
    if usual <= 0:
        return Missing("Most candles carry no volume, so it cannot be called expanding or contracting.")
    return float(means[-1]) / usual


def change_since(times: Ints, values: Floats, span_ms: Milliseconds, tolerance_ms: Milliseconds) -> Maybe[Fraction]:
    """Return the change of a snapshot series over a span that ends at its last snapshot.

    Args:
        times: Shape (n,), n >= 1, ascending.
        values: Shape (n,), >= 0.
        span_ms: The span.
        tolerance_ms: How much older than the span's beginning the snapshot there may be.

    Returns:
        Fraction, or Missing when there is no snapshot at the beginning, or it is zero.
    """
    before = value_at(times, values, int(times[-1]) - span_ms, tolerance_ms, "a snapshot")
    if isinstance(before, Missing):
        return before
    if before <= 0:
        return Missing("The snapshot that the change would be measured from is zero.")
    return float(values[-1]) / before - 1


def fall_from_peak(times: Ints, values: Floats, span_ms: Milliseconds) -> Fraction:
    """Return how far the last snapshot lies under the highest of a span, as a fraction >= 0.

    Args:
        times: Shape (n,), n >= 1, ascending.
        values: Shape (n,), >= 0.
        span_ms: The span, counted back from the last snapshot.
    """
    peak = float(values[times >= times[-1] - span_ms].max())
    return 1 - float(values[-1]) / peak if peak > 0 else 0.0


def funding_8h(rates: FundingRates) -> Floats:
    """Put settled rates on one scale: fraction per 8 hours, shape (n,)."""
    return rates.funding_rate * _FUNDING_HOURS / rates.interval_hours


def annualised(rate_8h: Fraction) -> Fraction:
    """Return a rate per 8 hours as a simple rate per 365 days."""
    return rate_8h * (DAY_MS // HOUR_MS // _FUNDING_HOURS) * _YEAR_DAYS
