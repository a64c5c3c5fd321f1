"""Candles and markets made directly, for the tests of what is judged from them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reportgen.market.data import Candles, MarketData, OpenInterest, OrderBook
from reportgen.units import HOUR_MS, Maybe, Milliseconds, Missing

GONE = Missing("There is no such table.")
END_MS = 490_000 * HOUR_MS


def bars(
    count: int = 24 * 60, *, interval_ms: Milliseconds = HOUR_MS, end_ms: Milliseconds = END_MS, volume: float = 1e6
) -> Candles:
    """Make bars up to a close: price swings around 100, each bar about 1 high."""
    close = 100 + 2 * np.sin(np.arange(count) / 9)
    opened = np.concatenate([close[:1], close[:-1]])
    return Candles(
        interval_ms=interval_ms,
        open_time_ms=end_ms + interval_ms * np.arange(-count, 0, dtype=np.int64),
        open=opened,
        high=np.maximum(opened, close) + 0.4,
        low=np.minimum(opened, close) - 0.4,
        close=close,
        volume_base=np.full(count, volume),
        taker_buy_base=GONE,
    )


def thinned(candles: Candles, keep: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Candles:
    """Drop bars."""
    return Candles(
        interval_ms=candles.interval_ms,
        open_time_ms=candles.open_time_ms[keep],
        open=candles.open[keep],
        high=candles.high[keep],
        low=candles.low[keep],
        close=candles.close[keep],
        volume_base=candles.volume_base[keep],
        taker_buy_base=GONE,
    )


def levels(base: float, count: int = 24 * 60, end_ms: Milliseconds = END_MS) -> OpenInterest:
    """Make hourly snapshots of a constant open interest, the last one at a moment."""
    return OpenInterest(
        time_ms=end_ms + HOUR_MS * np.arange(1 - count, 1, dtype=np.int64),
        open_interest_base=np.full(count, base),
        open_interest_quote=GONE,
    )


def book(size_base: float, *, reach: float = 0.02, time_ms: Milliseconds = END_MS, rows: int = 40) -> OrderBook:
    """Make a book around 100 whose levels all have the same size."""
    steps = np.linspace(reach / rows, reach, rows)
    sizes = np.full(rows, size_base)
    return OrderBook(
        time_ms=time_ms,
        bid_price=100 * (1 - steps),
        bid_size_base=sizes,
        ask_price=100 * (1 + steps),
        ask_size_base=sizes,
    )


def market(
    *,
    candles: Maybe[Mapping[str, Candles]] | None = None,
    open_interest: Maybe[Mapping[str, OpenInterest]] = GONE,
    order_book: Maybe[Mapping[str, OrderBook]] = GONE,
    as_of_ms: Milliseconds = END_MS,
) -> MarketData:
    """Make a market; a deep one on one venue unless told otherwise."""
    return MarketData(
        symbol="BTC/USDT:USDT",
        as_of_ms=as_of_ms,
        candles={"binance": bars()} if candles is None else candles,
        open_interest=open_interest,
        funding=GONE,
        order_book=order_book,
        liquidations=GONE,
        brackets=GONE,
        simulated=False,
    )
