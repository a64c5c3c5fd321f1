"""Seeded candles for the tests of indicators, structure and positioning, and what may be done to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from reportgen.market.data import Candles
from reportgen.units import DAY_MS, HOUR_MS, Floats, Milliseconds

START_MS: Milliseconds = 20_000 * DAY_MS
"""A UTC midnight."""

MIDDLE = 100.0
"""The price that paths begin at and are mirrored around."""


def candles_along(close: Floats, *, interval_ms: Milliseconds = HOUR_MS, wick: float = 0.003, seed: int = 5) -> Candles:
    """Build bars along closes: each opens at the close before, with random wicks beyond both."""
    rng = np.random.default_rng(seed)
    opened = np.concatenate([close[:1], close[:-1]])
    return Candles(
        interval_ms=interval_ms,
        open_time_ms=START_MS + interval_ms * np.arange(len(close), dtype=np.int64),
        open=opened,
        high=np.maximum(opened, close) * np.exp(wick * rng.random(len(close))),
        low=np.minimum(opened, close) * np.exp(-wick * rng.random(len(close))),
        close=close,
        volume_base=rng.lognormal(3.0, 0.4, len(close)),
        taker_buy_base=rng.random(len(close)),
    )


def walk(bars: int, *, seed: int = 5, drift: float = 0.0, volatility: float = 0.006) -> Candles:
    """Build hourly bars of a seeded random walk."""
    moves = np.random.default_rng(seed).normal(drift, volatility, bars)
    return candles_along(MIDDLE * np.exp(np.cumsum(moves)), seed=seed)


def steady(bars: int, per_bar: float) -> Candles:
    """Build hourly bars that all move by the same log return."""
    return candles_along(MIDDLE * np.exp(per_bar * np.arange(bars)))


def noisy_range(bars: int, *, seed: int = 5, width: float = 0.01) -> Candles:
    """Build hourly bars whose closes are independent noise around one price."""
    return candles_along(MIDDLE * np.exp(width * np.random.default_rng(seed).uniform(-1, 1, bars)), seed=seed)


def scaled(candles: Candles, by: float) -> Candles:
    """Multiply every price."""
    return replace(
        candles, open=candles.open * by, high=candles.high * by, low=candles.low * by, close=candles.close * by
    )


def mirrored(candles: Candles) -> Candles:
    """Turn log prices upside down around `MIDDLE`."""
    square = MIDDLE**2
    return replace(
        candles,
        open=square / candles.open,
        high=square / candles.low,
        low=square / candles.high,
        close=square / candles.close,
    )


def later(candles: Candles, by_ms: Milliseconds) -> Candles:
    """Move every bar in time."""
    return replace(candles, open_time_ms=candles.open_time_ms + by_ms)


def without(candles: Candles, rows: list[int]) -> Candles:
    """Leave bars out."""
    kept = np.ones(len(candles), dtype=bool)
    kept[rows] = False
    taker = candles.taker_buy_base
    assert isinstance(taker, np.ndarray)
    return Candles(
        interval_ms=candles.interval_ms,
        open_time_ms=candles.open_time_ms[kept],
        open=candles.open[kept],
        high=candles.high[kept],
        low=candles.low[kept],
        close=candles.close[kept],
        volume_base=candles.volume_base[kept],
        taker_buy_base=taker[kept],
    )
