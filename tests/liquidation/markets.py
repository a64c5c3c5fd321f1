"""Small seeded paths for the map's tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.liquidation.path import Grid, Path, paths_of
from reportgen.market.data import Candles
from reportgen.units import HOUR_MS, Floats, Missing, Price, Side

START_MS = 1_700_006_400_000


def candles_from(close: Floats, *, spread: float = 0.004, seed: int = 1, interval_ms: int = HOUR_MS) -> Candles:
    """Build bars around a path of closes: each opens at the close before and reaches a little beyond both."""
    rng = np.random.default_rng(seed)
    opened = np.concatenate([close[:1], close[:-1]])
    high = np.maximum(opened, close) * (1 + spread * rng.random(len(close)))
    low = np.minimum(opened, close) * (1 - spread * rng.random(len(close)))
    return Candles(
        interval_ms=interval_ms,
        open_time_ms=START_MS + interval_ms * np.arange(len(close)),
        open=opened,
        high=high,
        low=low,
        close=close,
        volume_base=rng.lognormal(5, 0.6, len(close)),
        taker_buy_base=Missing("not needed here"),
    )


def random_walk(bars: int, seed: int = 7, volatility: float = 0.006) -> Candles:
    """Build a seeded random walk of hourly bars around 100."""
    rng = np.random.default_rng(seed)
    return candles_from(100 * np.exp(np.cumsum(rng.normal(0, volatility, bars))), seed=seed)


def mirrored(candles: Candles, around: float = 100.0) -> Candles:
    """Mirror log prices: highs become lows, rises become falls."""
    square = around * around
    return Candles(
        interval_ms=candles.interval_ms,
        open_time_ms=candles.open_time_ms,
        open=square / candles.open,
        high=square / candles.low,
        low=square / candles.high,
        close=square / candles.close,
        volume_base=candles.volume_base,
        taker_buy_base=candles.taker_buy_base,
    )


def scaled(candles: Candles, factor: float) -> Candles:
    """Multiply every price."""
    return Candles(
        interval_ms=candles.interval_ms,
        open_time_ms=candles.open_time_ms,
        open=candles.open * factor,
        high=candles.high * factor,
        low=candles.low * factor,
        close=candles.close * factor,
        volume_base=candles.volume_base,
        taker_buy_base=candles.taker_buy_base,
    )


def grid_for(low: Price, high: Price, assumptions: Assumptions) -> Grid:
    """Lay bins around a range of prices, reaching `map_reach` beyond both ends."""
    log_low = np.log(low) - assumptions.map_reach
    bins = int(np.ceil((np.log(high) + assumptions.map_reach - log_low) / assumptions.bin_log_width))
    return Grid(log_low=float(log_low), step=assumptions.bin_log_width, bins=bins)


def path_of(candles: Candles, grid: Grid, side: Side, deposit: Floats) -> Path:
    """Turn bars into one side's path on a grid, with what each bar deposits, shape (n,)."""
    return replace(paths_of(candles, grid)[side], deposit=deposit)
