"""What traders did: volume against its usual, open interest over a span, funding on one scale.

Step 1 reads volume here, step 3 open interest and funding.
"""

from __future__ import annotations

import numpy as np

from reportgen.indicators.bars import value_at
from reportgen.market.data import FundingRates
from reportgen.units import DAY_MS, HOUR_MS, Floats, Fraction, Ints, Maybe, Milliseconds, Missing

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
