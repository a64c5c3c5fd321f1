"""What was realised after each decision: liquidations, or the fall of open interest, up to the horizon."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reportgen.market.data import Liquidations, OpenInterest
from reportgen.units import Floats, Ints, Milliseconds, Side


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
