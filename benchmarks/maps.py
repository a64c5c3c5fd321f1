"""Time the liquidation map in a warm process: `python -m benchmarks.maps` prints milliseconds as JSON.

It runs as a process of its own, so that the one that measures others stays small.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import Final

import numpy as np

from reportgen.assumptions import DEFAULTS
from reportgen.liquidation.compiled_book import each_side
from reportgen.liquidation.deposits import Grid
from reportgen.liquidation.heatmap import DEFAULT_ENGINE, history_of, layers_of_sides
from reportgen.liquidation.margin import flat
from reportgen.market.data import Candles
from reportgen.units import Ints, Missing

BINS: Final = 1000
COLUMNS: Final = 720
BAR_COUNTS: Final = (5_760, 25_920)
RUNS: Final = 7
INTERVAL_MS: Final = 300_000
START_MS: Final = 1_760_000_000_000
START_PRICE: Final = 90_000.0
BAR_VOLATILITY: Final = 0.0008


def random_candles(bars: int, seed: int = 7) -> Candles:
    """Draw a random walk of 5-minute bars; its shape does not matter to the time, its range of prices does a little."""
    rng = np.random.default_rng(seed)
    close = START_PRICE * np.exp(np.cumsum(rng.normal(0, BAR_VOLATILITY, bars)))
    opened = np.concatenate(([START_PRICE], close[:-1]))
    wick = np.exp(np.abs(rng.normal(0, BAR_VOLATILITY, (2, bars))))
    return Candles(
        interval_ms=INTERVAL_MS,
        open_time_ms=START_MS + INTERVAL_MS * np.arange(bars, dtype=np.int64),
        open=opened,
        high=np.maximum(opened, close) * wick[0],
        low=np.minimum(opened, close) / wick[1],
        close=close,
        volume_base=rng.lognormal(3, 1, bars),
        taker_buy_base=Missing("the benchmark needs none"),
    )


def both_sides(candles: Candles, grid: Grid, column_end_ms: Ints) -> float:
    """Draw the default engine's map over time for longs and shorts; give its total mass."""
    brackets = flat(0.004, 125.0, "benchmark")
    parts = layers_of_sides(candles, grid, brackets, DEFAULT_ENGINE, DEFAULTS)
    books = each_side(lambda side: history_of(parts[side], column_end_ms, grid), len(candles))
    return sum(float(book.sum()) for book in books.values())


def map_milliseconds(bars: int) -> tuple[float, float, float, float]:
    """Time the map `RUNS` times after one run that is not counted: wall median, lowest, highest, CPU median."""
    candles = random_candles(bars)
    middle = 0.5 * float(np.log(candles.low.min()) + np.log(candles.high.max()))
    step = DEFAULTS.bin_log_width
    grid = Grid(log_low=middle - 0.5 * BINS * step, step=step, bins=BINS)
    ends = np.linspace(START_MS, int(candles.close_time_ms[-1]), COLUMNS + 1)[1:].astype(np.int64)
    wall, cpu = [], []
    for _ in range(RUNS + 1):
        before = time.perf_counter(), time.process_time()
        mass = both_sides(candles, grid, ends)
        wall.append(1000 * (time.perf_counter() - before[0]))
        cpu.append(1000 * (time.process_time() - before[1]))
        if not mass > 0:
            raise RuntimeError("the map is empty, so its time says nothing")
    return statistics.median(wall[1:]), min(wall[1:]), max(wall[1:]), statistics.median(cpu[1:])


if __name__ == "__main__":
    print(json.dumps({str(bars): map_milliseconds(bars) for bars in BAR_COUNTS}))
