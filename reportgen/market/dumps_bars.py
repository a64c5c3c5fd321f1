"""Events into bars: liquidation orders by the hour, prices and trades by the minute.

Between the rows of an archive dump and the tables of a market folder.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from reportgen.market.dumps_read import Columns
from reportgen.units import HOUR_MS, Bools, Floats, Ints, Milliseconds

MINUTE_MS: Final = HOUR_MS // 60


def hourly_liquidations(
    times: Ints,
    notional: Floats,
    is_long: Bools,
    *,
    venue: str,
    symbol: str,
    whole: tuple[Milliseconds, Milliseconds] | None,
) -> Columns:
    """Add orders up by the hour.

    Args:
        times: Shape (n,). notional: shape (n,), quote currency. is_long: shape (n,), the side that was liquidated.
        notional: See above.
        is_long: See above.
        venue: Whose.
        symbol: Of what.
        whole: The span that the source covers, so that its quiet hours are zeros; from the first order to the last
            when it is not known.

    Returns:
        Columns of `liquidations`.
    """
    hours = times // HOUR_MS
    if whole is not None:
        first, count = whole[0] // HOUR_MS, (whole[1] - whole[0]) // HOUR_MS
        first = min(first, int(hours.min(initial=first)))
        count = max(count, int(hours.max(initial=first)) - first + 1)
    elif len(hours):
        first, count = int(hours.min()), int(np.ptp(hours)) + 1
    else:
        first, count = 0, 0
    place = hours - first
    return {
        "venue": [venue] * count,
        "symbol": [symbol] * count,
        "interval": ["1h"] * count,
        "open_time_ms": (first + np.arange(count, dtype=np.int64)) * HOUR_MS,
        "liquidated_long_quote": _sums(place[is_long], notional[is_long], count),
        "liquidated_short_quote": _sums(place[~is_long], notional[~is_long], count),
    }


def minute_bars(times: Ints, price: Floats) -> tuple[Ints, Floats, Floats, Floats, Floats]:
    """Make bars of a minute from ticks in the order of time; minutes without a tick have no bar.

    Args:
        times: Shape (n,), ascending.
        price: Shape (n,).

    Returns:
        Open time, open, high, low and close, shape (bars,) each.
    """
    minute = times // MINUTE_MS
    starts = np.flatnonzero(np.diff(minute, prepend=-1))
    if not len(starts):
        empty = np.empty(0)
        return np.empty(0, dtype=np.int64), empty, empty, empty, empty
    ends = np.append(starts[1:], len(minute)) - 1
    high, low = np.maximum.reduceat(price, starts), np.minimum.reduceat(price, starts)
    return minute[starts] * MINUTE_MS, price[starts], high, low, price[ends]


def _sums(place: Ints, notional: Floats, count: int) -> Floats:
    return np.bincount(place, weights=notional, minlength=count).astype(np.float64)
