"""Time zone finding with its draws in a warm process: `python -m benchmarks.draws` prints milliseconds as JSON."""

from __future__ import annotations

import json
import statistics
import time
from typing import Final

import numpy as np

from benchmarks.maps import START_MS, random_candles
from reportgen.config.assumptions import DEFAULTS
from reportgen.guide.positioning import Positioning
from reportgen.guide.zones.finding import find_zones
from reportgen.liquidation.map import build_map
from reportgen.liquidation.margin import flat
from reportgen.units import Missing

BARS: Final = 5_760
COLUMNS: Final = 24
RUNS: Final = 25
ATR_FRACTION: Final = 0.03
HOURS: Final = 24.0


def draws_time() -> tuple[float, float, float, float]:
    """Time both sides' zones with all draws after one run that is not counted: wall median, range, least CPU."""
    candles = random_candles(BARS)
    ends = np.linspace(START_MS, int(candles.close_time_ms[-1]), COLUMNS + 1)[1:].astype(np.int64)
    estimate = build_map(candles, flat(0.004, 125.0, "benchmark"), ends, DEFAULTS)
    none = Missing("the benchmark needs none")
    nothing_known = Positioning(open_interest=none, funding=none, crowded_side=None, crowded_because="not known")
    wall, cpu = [], []
    for _ in range(RUNS + 1):
        before = time.perf_counter(), time.process_time()
        found = find_zones(
            estimate,
            none,
            nothing_known,
            atr=ATR_FRACTION * estimate.price,
            horizon_hours=HOURS,
            rng=np.random.default_rng(1),
            assumptions=DEFAULTS,
        )
        wall.append(1000 * (time.perf_counter() - before[0]))
        cpu.append(1000 * (time.process_time() - before[1]))
    if not found.zones:
        raise RuntimeError("no zone was found, so the time says nothing")
    return statistics.median(wall[1:]), min(wall[1:]), max(wall[1:]), min(cpu[1:])


if __name__ == "__main__":
    print(json.dumps(draws_time()))
