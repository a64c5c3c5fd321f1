"""What is wrong with a liquidation feed, in one sentence each: too little, one-sided, stopped, or in other units."""

from __future__ import annotations

import numpy as np

from reportgen.assumptions import Assumptions
from reportgen.market.data import Candles
from reportgen.units import DAY_MS, Floats, Ints, Milliseconds


def feed_fault(
    symbol: str, open_time_ms: Ints, interval_ms: Milliseconds, realised: Floats, candles: Candles,
    assumptions: Assumptions,
) -> str:  # fmt: skip
    """Say why liquidations cannot be fitted; nothing when they can.

    Args:
        symbol: For the sentence.
        open_time_ms: Shape (m,), bars that candles and liquidations share.
        interval_ms: Their length.
        realised: Shape (m, 2), quote currency, longs and shorts.
        candles: The market's bars, which tell when the feed should have ended.
        assumptions: calibration_least_days, _least_events, _longest_gap_days.
    """
    a = assumptions
    if not len(open_time_ms):
        return f"No bar of {symbol} has candles, open interest and liquidations at once, after the book has filled."
    days = len(open_time_ms) * interval_ms / DAY_MS
    if days < a.calibration_least_days:
        return (
            f"The liquidations of {symbol} cover {days:.1f} days after the book has filled; at least "
            f"{a.calibration_least_days:.0f} are needed, and 14 to 30 are better."
        )
    events = np.count_nonzero(realised > 0, axis=0)
    for side, count in zip(("long", "short"), events.tolist(), strict=True):
        if count < a.calibration_least_events:
            seen = f"{count} bars with liquidated {side}s" if count else f"not one liquidated {side}"
            return f"The liquidations of {symbol} hold {seen}; at least {a.calibration_least_events} bars are needed."
    return _silence(symbol, open_time_ms[realised.any(axis=1)], open_time_ms[0], candles, a)


def unit_fault(
    symbol: str, place: Ints, realised: Floats, candles: Candles, open_interest: Floats, assumptions: Assumptions
) -> str:
    """Say that dollars or coins are off by a contract's size; nothing when they look right.

    Args:
        symbol: For the sentence.
        place: Shape (n,), which row of `realised` each candle belongs to, -1 for none.
        realised: Shape (m, 2), quote currency.
        candles: n bars.
        open_interest: Shape (n,), base coins.
        assumptions: The plausible ranges.
    """
    a = assumptions
    used = place >= 0
    volume = float(np.sum(candles.volume_base[used] * candles.close[used]))
    if volume <= 0:
        return f"The bars of {symbol} have no volume, so nothing can be compared with it."
    share = float(realised.sum()) / volume
    if not a.calibration_least_share <= share <= a.calibration_largest_share:
        return (
            f"The liquidations of {symbol} are {share:.2g} of its volume, which cannot be: they must be in quote "
            "currency, not in contracts or coins. Multiply by contract size and price."
        )
    daily = float(np.mean(candles.volume_base[used])) * DAY_MS / candles.interval_ms
    turned = daily / float(np.median(open_interest[used]))
    if not 1 / a.calibration_largest_turnover <= turned <= a.calibration_largest_turnover:
        return (
            f"The daily volume of {symbol} is {turned:.2g} of its open interest, which cannot be: both must be in "
            "base coins, not in contracts. Multiply by the contract size."
        )
    return ""


def _silence(symbol: str, event_ms: Ints, first_ms: Milliseconds, candles: Candles, assumptions: Assumptions) -> str:
    """Find the longest stretch without any liquidation, from the sample's start to the last bar."""
    last = int(candles.close_time_ms[-1])
    moments = np.concatenate([[first_ms], event_ms, [last]])
    longest = int(np.argmax(np.diff(moments)))
    gap = (int(moments[longest + 1]) - int(moments[longest])) / DAY_MS
    if gap <= assumptions.calibration_longest_gap_days:
        return ""
    since = np.datetime64(int(moments[longest]), "ms").astype("datetime64[m]")
    return (
        f"The liquidations of {symbol} are silent for {gap:.1f} days from {since}Z on: the feed stopped. "
        f"End the sample there with --until {since}Z, or start after it with --from."
    )
