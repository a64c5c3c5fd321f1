"""The sample of a calibration: what each bar swept and what was liquidated in it, or why that cannot be compared.

Open interest, bars and liquidations of one symbol are brought to common bars, the longer of the two intervals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.liquidation.calibration.choice import leading_venue
from reportgen.liquidation.calibration.fit import Observed
from reportgen.liquidation.conservation import aligned_open_interest, conservation_flows, node_distances, swept_by_node
from reportgen.market.data import Candles, Liquidations, MarketData
from reportgen.units import DAY_MS, Floats, Ints, Maybe, Milliseconds, Missing, Price, Side


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
    # Find the longest stretch without any liquidation, from the sample's start to the last bar.
    last = int(candles.close_time_ms[-1])
    moments = np.concatenate([[open_time_ms[0]], open_time_ms[realised.any(axis=1)], [last]])
    longest = int(np.argmax(np.diff(moments)))
    gap = (int(moments[longest + 1]) - int(moments[longest])) / DAY_MS
    if gap <= a.calibration_longest_gap_days:
        return ""
    since = np.datetime64(int(moments[longest]), "ms").astype("datetime64[m]")
    return (
        f"The liquidations of {symbol} are silent for {gap:.1f} days from {since}Z on: the feed stopped. "
        f"End the sample there with --until {since}Z, or start after it with --from."
    )


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """One symbol's bars for a calibration.

    Attributes:
        symbol: Unified name.
        start_ms: Open of the first bar. end_ms: close of the last. interval_ms: length of a bar.
        liquidation_venues: Sorted. open_interest_venues: sorted.
        price: Median close. open_interest_base: median, base coins.
        by_churn: The observed rows for each churn that was asked for, in that order.
    """

    symbol: str
    start_ms: Milliseconds
    end_ms: Milliseconds
    interval_ms: Milliseconds
    liquidation_venues: tuple[str, ...]
    open_interest_venues: tuple[str, ...]
    price: Price
    open_interest_base: float
    by_churn: tuple[Observed, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CommonBars:
    """Bars of the market and of the liquidations that stand for the same time.

    Attributes:
        interval_ms: Length. place: shape (n,), which common bar each candle belongs to, -1 for none.
        open_time_ms: Shape (m,), ascending. realised: shape (m, 2), quote currency, longs and shorts.
    """

    interval_ms: Milliseconds
    place: Ints
    open_time_ms: Ints
    realised: Floats


def sample_of(market: MarketData, start_ms: Milliseconds, assumptions: Assumptions) -> Maybe[Sample]:
    """Bring a market's liquidations and swept masses together.

    Args:
        market: Known up to as-of.
        start_ms: Bars that open earlier only fill the book.
        assumptions: Those of the engine, and those named calibration_*.

    Returns:
        The sample, or the one sentence that says what is wrong with the data.
    """
    found, liquidations = leading_venue(market), market.liquidations
    if isinstance(found, Missing):
        return found
    if isinstance(liquidations, Missing):
        return liquidations
    venue, bars, open_interest = found
    level = aligned_open_interest(bars, open_interest)
    if isinstance(level, Missing):
        return Missing(f"There is no open interest of {market.symbol} by the last bar.")
    warm = int(open_interest.time_ms[0]) + round(assumptions.calibration_warm_up_days * DAY_MS)
    common = common_bars(bars, liquidations, max(start_ms, warm))
    fault = feed_fault(market.symbol, common.open_time_ms, common.interval_ms, common.realised, bars, assumptions)
    fault = fault or unit_fault(market.symbol, common.place, common.realised, bars, level, assumptions)
    if fault:
        return Missing(fault)
    used = common.place >= 0
    return Sample(
        symbol=market.symbol,
        start_ms=int(common.open_time_ms[0]),
        end_ms=int(common.open_time_ms[-1]) + common.interval_ms,
        interval_ms=common.interval_ms,
        liquidation_venues=tuple(sorted(liquidations.venues)),
        open_interest_venues=tuple(sorted(venue.split("+"))),
        price=float(np.median(bars.close[used])),
        open_interest_base=float(np.median(level[used])),
        by_churn=tuple(
            _observed(bars, level, common, replace(assumptions, churn=churn))
            for churn in assumptions.calibration_churns
        ),
    )


def common_bars(candles: Candles, liquidations: Liquidations, start_ms: Milliseconds) -> CommonBars:
    """Find the bars that both tables hold whole: the longer interval of the two, from a moment on."""
    interval = max(candles.interval_ms, liquidations.interval_ms)
    wanted = _whole(candles.open_time_ms, candles.interval_ms, interval)
    there = _whole(liquidations.open_time_ms, liquidations.interval_ms, interval)
    both = np.intersect1d(wanted, there)
    both = both[both * interval >= start_ms]
    realised = np.zeros((len(both), 2))
    at = _place(liquidations.open_time_ms // interval, both)
    known = at >= 0
    np.add.at(realised[:, 0], at[known], liquidations.liquidated_long_quote[known])
    np.add.at(realised[:, 1], at[known], liquidations.liquidated_short_quote[known])
    return CommonBars(
        interval_ms=interval,
        place=_place(candles.open_time_ms // interval, both),
        open_time_ms=both * interval,
        realised=realised,
    )


def _whole(open_time_ms: Ints, interval_ms: Milliseconds, common_ms: Milliseconds) -> Ints:
    """List the numbers of the common bars that shorter bars fill up."""
    bar, count = np.unique(open_time_ms // common_ms, return_counts=True)
    return np.asarray(bar[count >= common_ms // interval_ms], dtype=np.int64)


def _place(bar: Ints, both: Ints) -> Ints:
    """Find each bar's index among the common ones, -1 where it is not there; shape of `bar`."""
    at = np.searchsorted(both, bar)
    inside = (at < len(both)) & (both[np.minimum(at, len(both) - 1)] == bar) if len(both) else np.zeros(len(bar), bool)
    return np.where(inside, at, -1)


def _observed(candles: Candles, open_interest: Floats, common: CommonBars, assumptions: Assumptions) -> Observed:
    """Sweep both sides with one churn and lay the rows below each other, in order of time."""
    distance = node_distances(assumptions)
    count = len(common.open_time_ms)
    used = common.place >= 0
    swept, reached = [], []
    for side in Side:
        flows = conservation_flows(candles, open_interest, side, assumptions)
        total = np.zeros((count, len(distance)))
        np.add.at(total, common.place[used], swept_by_node(flows, distance).quote[used])
        swept.append(total)
        reached.append(_reached(candles, common, side, assumptions))
    return Observed(
        time_ms=np.repeat(common.open_time_ms + common.interval_ms, 2),
        side=np.tile(np.arange(2), count),
        swept=np.stack(swept, axis=1).reshape(2 * count, -1),
        realised=common.realised.reshape(-1),
        reached=np.stack(reached, axis=1).reshape(2 * count, -1),
    )


def _reached(candles: Candles, common: CommonBars, side: Side, assumptions: Assumptions) -> Floats:
    """Give the share of each band of distance that a common bar ran through, from the close before it; (m, bands)."""
    used = np.flatnonzero(common.place >= 0)
    place = common.place[used]
    first = np.searchsorted(place, np.arange(len(common.open_time_ms)))
    before = np.log(candles.close[np.maximum(used[first] - 1, 0)])
    touched = np.full(len(first), -np.inf)
    sign = 1.0 if side is Side.LONG else -1.0
    extreme = candles.low if side is Side.LONG else candles.high
    np.maximum.at(touched, place, -sign * np.log(extreme[used]))
    gone = sign * before + touched
    edges = np.concatenate([[0.0], np.asarray(assumptions.control_distances)])
    return np.asarray(np.clip((gone[:, None] - edges[:-1]) / np.diff(edges), 0.0, 1.0))
