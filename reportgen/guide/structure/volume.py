"""Volume against its usual, and whether spot confirms the move or it is the contract's alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from reportgen import notation
from reportgen.config.assumptions import Assumptions
from reportgen.guide.structure import SpotVolume, Structure, TakerFlow, Volume
from reportgen.guide.structure.bars import resample, slice_until
from reportgen.guide.structure.volatility import percentile_of_last
from reportgen.market.data import Candles, MarketData
from reportgen.units import HOUR_MS, Floats, Maybe, Milliseconds, Missing


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


def beside_spot(
    structure: Maybe[Structure], market: MarketData, timeframe_ms: Milliseconds, assumptions: Assumptions
) -> Maybe[Structure]:
    """Put spot volume beside the contract's, read over the same bars."""
    if isinstance(structure, Missing):
        return structure
    return replace(structure, spot_volume=read_spot_volume(market, timeframe_ms, assumptions))


def read_spot_volume(market: MarketData, timeframe_ms: Milliseconds, assumptions: Assumptions) -> Maybe[SpotVolume]:
    """Read whether spot volume expands, on the venue that the map is drawn from, else on the leading spot venue.

    Args:
        market: All that is known of one symbol.
        timeframe_ms: Length of the trading timeframe.
        assumptions: `volume_*` and `stale_hours`.

    Returns:
        The reading, or why spot says nothing: absent, too old, too short.
    """
    spot, as_of_ms = market.spot_candles, market.as_of_ms
    if isinstance(spot, Missing):
        return spot
    primary = "" if isinstance(market.candles, Missing) else next(iter(market.candles))
    venue = primary if primary in spot else next(iter(spot))
    bars = resample(slice_until(spot[venue], as_of_ms), timeframe_ms, as_of_ms)
    if isinstance(bars, Missing):
        return Missing(f"Spot bars of {venue} do not fit. {bars.reason}")
    if len(bars) < assumptions.volume_recent_bars:
        return Missing(f"There are only {len(bars)} closed spot bars of {venue}.")
    age_hours = (as_of_ms - int(bars.close_time_ms[-1])) / HOUR_MS
    if age_hours > assumptions.stale_hours + timeframe_ms / HOUR_MS:
        return Missing(f"The last spot bar of {venue} closed {notation.grouped(age_hours, 0)} hours before as-of.")
    ratio = recent_over_median(bars.last(assumptions.volume_history_bars).volume_base, assumptions.volume_recent_bars)
    if isinstance(ratio, Missing):
        return Missing(f"Most spot candles of {venue} carry no volume.")
    return SpotVolume(volume=volume_state(ratio, assumptions), ratio=ratio, venue=venue)


def read_taker_flow(bars: Candles, assumptions: Assumptions) -> Maybe[TakerFlow]:
    """Read who crosses the spread over the recent bars, as a percentile of such runs of bars before.

    Args:
        bars: Of the trading timeframe, up to as-of.
        assumptions: `volume_recent_bars`, `volume_history_bars` and `taker_tail`.
    """
    bars, window = bars.last(assumptions.volume_history_bars), assumptions.volume_recent_bars
    if isinstance(bars.taker_buy_base, Missing):
        return bars.taker_buy_base
    views = np.lib.stride_tricks.sliding_window_view
    bought = views(bars.taker_buy_base, window).sum(axis=1)
    traded = views(bars.volume_base, window).sum(axis=1)
    known = (traded > 0) & np.isfinite(bought)
    if not known[-1] or known.sum() < 2 * window:
        return Missing("Too few bars carry taker volume.")
    shares = bought[known] / traded[known]
    percentile, tail = percentile_of_last(shares), assumptions.taker_tail
    bias: Literal["buyers", "sellers", "balanced"] = "balanced"
    if percentile >= 1 - tail or percentile <= tail:
        bias = "buyers" if percentile > tail else "sellers"
    return TakerFlow(share=float(shares[-1]), percentile=percentile, bias=bias)


def volume_state(ratio: float, assumptions: Assumptions) -> Volume:
    """Put a word to recent volume over its median."""
    if ratio >= assumptions.volume_expanding:
        return "expanding"
    return "contracting" if ratio <= assumptions.volume_contracting else "steady"


def confirms(structure: Structure) -> bool | None:
    """Tell whether spot volume expands with the contract's; None where there is nothing to confirm."""
    spot = structure.spot_volume
    if structure.volume != "expanding" or isinstance(spot, Missing):
        return None
    return spot.volume == "expanding"


def volume_text(structure: Structure, *, unknown: str = "") -> str:
    """Write both volumes: 2.1× its median, expanding; spot 1.8× confirms it. unknown: what stands for missing spot."""
    own = f"{notation.times(structure.volume_ratio)} its median, {structure.volume}"
    spot = structure.spot_volume
    if isinstance(spot, Missing):
        return f"{own}{unknown}"
    said = {True: " confirms it", False: " does not confirm it", None: f", {spot.volume}"}[confirms(structure)]
    return f"{own}; spot {notation.times(spot.ratio)}{said}"
