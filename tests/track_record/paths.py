"""Random markets for the tests of the record."""

from __future__ import annotations

import numpy as np

from reportgen.market.data import Candles, Liquidations, MarketData, OpenInterest
from reportgen.units import HOUR_MS, Maybe, Missing, Side

START_MS = 480_000 * HOUR_MS
ABSENT = Missing("There is no such table.")


def walk(seed: int, bars: int, *, interval_ms: int = HOUR_MS, volatility: float = 0.005) -> Candles:
    """Make a random walk with wicks."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, volatility, bars)))
    opened = np.concatenate([[100.0], close[:-1]])
    wick = np.exp(rng.exponential(volatility / 2, (2, bars)))
    return Candles(
        interval_ms=interval_ms,
        open_time_ms=START_MS + interval_ms * np.arange(bars, dtype=np.int64),
        open=opened,
        high=np.maximum(opened, close) * wick[0],
        low=np.minimum(opened, close) / wick[1],
        close=close,
        volume_base=rng.lognormal(3, 0.4, bars),
        taker_buy_base=ABSENT,
    )


def liquidations(candles: Candles, seed: int) -> Liquidations:
    """Make totals that follow how far each bar went against a side."""
    rng = np.random.default_rng(seed)
    before = candles.open
    down, up = np.log(before / candles.low), np.log(candles.high / before)
    noise = rng.lognormal(0, 0.6, (2, len(candles)))
    return Liquidations(
        venues=("binance",),
        interval_ms=candles.interval_ms,
        open_time_ms=candles.open_time_ms,
        liquidated_long_quote=1e8 * down**1.5 * noise[0],
        liquidated_short_quote=1e8 * up**1.5 * noise[1],
    )


def open_interest(candles: Candles, seed: int) -> OpenInterest:
    """Make a level that wanders, every quarter of a bar, with marks on the way from open to close."""
    rng = np.random.default_rng(seed)
    count = 4 * len(candles)
    level = 1e5 * np.exp(np.cumsum(rng.normal(0, 0.002, count)))
    part = np.tile(np.arange(4) / 4, len(candles))
    mark = np.repeat(candles.open, 4) * (1 - part) + np.repeat(candles.close, 4) * part
    times = np.repeat(candles.open_time_ms, 4) + (part * candles.interval_ms).astype(np.int64)
    return OpenInterest(time_ms=times, open_interest_base=level, open_interest_quote=level * mark)


def market(
    candles: Candles, told: Maybe[Liquidations], interest: Maybe[OpenInterest] | dict[str, OpenInterest]
) -> MarketData:
    """Put a market together; open interest is of the bars' venue, or of those named."""
    return MarketData(
        symbol="BTC/USDT:USDT",
        as_of_ms=int(candles.close_time_ms[-1]),
        candles={"binance": candles},
        open_interest={"binance": interest} if isinstance(interest, OpenInterest) else interest,
        funding=ABSENT,
        order_book=ABSENT,
        liquidations=told,
        brackets=ABSENT,
        simulated=False,
    )


def side_of(told: Liquidations, side: Side) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Take one side's totals."""
    return told.liquidated_long_quote if side is Side.LONG else told.liquidated_short_quote
