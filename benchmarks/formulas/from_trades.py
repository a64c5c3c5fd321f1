"""Formulas that add levels where volume or single trades are large."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from benchmarks.formulas.level_book import Levels, Rules, at_leverages, play
from benchmarks.formulas.tape import Tape
from reportgen.errors import DataError
from reportgen.liquidation.path import Grid
from reportgen.units import Floats, Ints, Missing, Side

_BAR_LEVERAGES: Final = (5.0, 20.0, 100.0)
_MEAN_BARS: Final = 20
_TRADE_LEVERAGES: Final = (10.0, 25.0, 50.0, 100.0)


def bar_volume(tape: Tape, grid: Grid, decision_ms: Ints) -> Mapping[Side, Floats]:
    """Add bought (sold) volume over its mean at three leverages, longs from the low, shorts from the high.

    Read so: what was bought opens longs, what was sold opens shorts; the mean is simple and over 20 bars; the three
    leverages weigh the same; levels are removed when crossed.
    """
    candles = tape.candles
    volume = {Side.LONG: tape.taker_bought, Side.SHORT: candles.volume_base - tape.taker_bought}
    origin = {Side.LONG: candles.low, Side.SHORT: candles.high}
    equal = np.full(len(_BAR_LEVERAGES), 1 / len(_BAR_LEVERAGES)).tolist()
    levels = {
        side: at_leverages(
            origin[side], _over_mean(volume[side]), side, _BAR_LEVERAGES, equal, np.zeros(len(_BAR_LEVERAGES))
        )
        for side in Side
    }
    return play(levels, Rules(swept=1.0), candles, grid, decision_ms)


def large_trades(tape: Tape, grid: Grid, decision_ms: Ints) -> Mapping[Side, Floats]:
    """Count every large trade in full at each of four leverages, without margin; nothing sweeps, nothing fades.

    Read so: a taker's buy is a long, a sale a short.
    """
    trades = tape.large_trades
    if isinstance(trades, Missing):
        raise DataError(trades.reason)
    bar = np.searchsorted(tape.candles.close_time_ms, trades.time_ms, side="right")
    levels = {}
    for side in Side:
        own = np.flatnonzero((trades.taker_bought == (side is Side.LONG)) & (bar < len(tape.candles)))
        ones = (1.0,) * len(_TRADE_LEVERAGES)
        flat = np.zeros(len(_TRADE_LEVERAGES))
        one = at_leverages(trades.price[own], trades.notional[own], side, _TRADE_LEVERAGES, ones, flat)
        levels[side] = Levels(bar=bar[own][one.bar], price=one.price, mass=one.mass)
    return play(levels, Rules(), tape.candles, grid, decision_ms)


def _over_mean(volume: Floats) -> Floats:
    """Divide volume by its mean over the trailing bars, shape (n,)."""
    total = np.concatenate([[0.0], np.cumsum(volume)])
    end = np.arange(1, len(volume) + 1)
    start = np.maximum(0, end - _MEAN_BARS)
    mean = (total[end] - total[start]) / (end - start)
    return np.asarray(np.divide(volume, mean, out=np.zeros(len(volume)), where=mean > 0))
