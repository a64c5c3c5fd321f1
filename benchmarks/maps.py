"""Time the liquidation map in a warm process: `python -m benchmarks.maps BARS ENGINE RUNS` prints it as JSON.

It runs as a process of its own, so that the one that measures others stays small, and so that its peak memory is this
map's.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final, Literal

import numpy as np

from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation.book import mixed_book
from reportgen.liquidation.conservation import book_over_time, conservation_flows, node_distances, reference_weights
from reportgen.liquidation.map import DEFAULT_ENGINE, layers_of_sides
from reportgen.liquidation.margin import flat
from reportgen.liquidation.path import Grid
from reportgen.market.data import Candles
from reportgen.units import Floats, Ints, Missing, Side

Engine = Literal["default", "conserved"]
BINS: Final = 1000
COLUMNS: Final = 720
START_MS: Final = 1_760_000_000_000
START_PRICE: Final = 90_000.0
MINUTE_MS: Final = 60_000
LONGEST_OF_FIVE_MINUTES: Final = 105_120  # a year of them; longer histories have bars of one minute
MINUTE_VOLATILITY: Final = 0.00036
OPEN_INTEREST_VOLATILITY: Final = 0.002
DAYS_OF_VOLUME_OPEN: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class MapTime:
    """A map's time and memory in one process.

    Attributes:
        wall_ms: Median on the clock. least_ms, most_ms: its range. cpu_ms: least processor time of all threads.
        peak_mib: Largest resident size. map_mib: the part of it that came while the map ran.
    """

    wall_ms: float
    least_ms: float
    most_ms: float
    cpu_ms: float
    peak_mib: float
    map_mib: float


def random_candles(bars: int, seed: int = 7) -> Candles:
    """Draw a random walk; its shape does not matter to the time, its range of prices does a little."""
    rng = np.random.default_rng(seed)
    minutes = 5 if bars <= LONGEST_OF_FIVE_MINUTES else 1
    volatility = MINUTE_VOLATILITY * np.sqrt(minutes)
    close = START_PRICE * np.exp(np.cumsum(rng.normal(0, volatility, bars)))
    opened = np.concatenate(([START_PRICE], close[:-1]))
    wick = np.exp(np.abs(rng.normal(0, volatility, (2, bars))))
    return Candles(
        interval_ms=minutes * MINUTE_MS,
        open_time_ms=START_MS + minutes * MINUTE_MS * np.arange(bars, dtype=np.int64),
        open=opened,
        high=np.maximum(opened, close) * wick[0],
        low=np.minimum(opened, close) / wick[1],
        close=close,
        volume_base=rng.lognormal(3, 1, bars),
        taker_buy_base=Missing("the benchmark needs none"),
    )


def middle_grid(candles: Candles) -> Grid:
    """Lay the bins around the middle of the path."""
    middle = 0.5 * float(np.log(candles.low.min()) + np.log(candles.high.max()))
    step = DEFAULTS.bin_log_width
    return Grid(log_low=middle - 0.5 * BINS * step, step=step, bins=BINS)


def default_map(candles: Candles, grid: Grid, ends: Ints) -> Callable[[], float]:
    """Prepare a run of the default engine's map over time for longs and shorts, which gives its total mass."""
    brackets = flat(0.004, 125.0, "benchmark")

    def run() -> float:
        parts = layers_of_sides(candles, grid, brackets, DEFAULT_ENGINE, DEFAULTS)
        return sum(float(mixed_book(parts[side], ends, grid.bins, grid.step)[-1].sum()) for side in Side)

    return run


def conserved_map(candles: Candles, grid: Grid, ends: Ints) -> Callable[[], float]:
    """Prepare a run of the conservation nodes' flows and book over time, both sides."""
    rng = np.random.default_rng(11)
    day = DAYS_OF_VOLUME_OPEN * candles.volume_base.mean() * 24 * 60 * MINUTE_MS / candles.interval_ms
    steps = rng.normal(0, OPEN_INTEREST_VOLATILITY, len(candles)) * np.sqrt(candles.interval_ms / (5 * MINUTE_MS))
    level = np.asarray(day * np.exp(np.cumsum(steps)))
    distance, weight = node_distances(DEFAULTS), reference_weights(DEFAULTS)

    def one_side(side: Side) -> Floats:
        return book_over_time(conservation_flows(candles, level, side, DEFAULTS), distance, weight, ends, grid)

    return lambda: sum(float(one_side(side)[-1].sum()) for side in Side)


def map_time(bars: int, engine: Engine, runs: int) -> MapTime:
    """Time the map some times after one run that is not counted.

    Raises:
        RuntimeError: The map is empty, so its time says nothing.
    """
    candles = random_candles(bars)
    ends = np.linspace(START_MS, int(candles.close_time_ms[-1]), COLUMNS + 1)[1:].astype(np.int64)
    run = (default_map if engine == "default" else conserved_map)(candles, middle_grid(candles), ends)
    resident = peak_mib()
    wall, cpu = [], []
    for _ in range(runs + 1):
        before = time.perf_counter(), time.process_time()
        mass = run()
        wall.append(1000 * (time.perf_counter() - before[0]))
        cpu.append(1000 * (time.process_time() - before[1]))
        if not mass > 0:
            raise RuntimeError("the map is empty, so its time says nothing")
    counted = wall[1:]
    return MapTime(
        wall_ms=statistics.median(counted),
        least_ms=min(counted),
        most_ms=max(counted),
        cpu_ms=min(cpu[1:]),
        peak_mib=peak_mib(),
        map_mib=peak_mib() - resident,
    )


def peak_mib() -> float:
    """Give the largest resident size of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    wanted_bars, wanted_engine, wanted_runs = sys.argv[1:]
    found = map_time(int(wanted_bars), "default" if wanted_engine == "default" else "conserved", int(wanted_runs))
    print(json.dumps(asdict(found)))
