"""What a unit of work costs by the length of its market: `.venv/bin/python -m benchmarks.units [DAYS ...]`.

A unit is what `--workers` and `--cluster` hand out: one market's section of a brief, its backtest, its calibration.
Each runs in a process of its own over a simulated market of hourly bars; the figures go into docs/scale.md.
"""

from __future__ import annotations

import json
import pickle
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.processes import ROOT, environment
from reportgen.config.assumptions import DEFAULTS
from reportgen.market.data import Gathered

KINDS: Final = ("section", "backtest", "calibrate")
_END_MS: Final = 1_772_323_200_000
_DAY_MS: Final = 86_400_000


def folder_of(days: int) -> Path:
    """Give the folder of a simulated market of so many days, made once under .cache/."""
    from reportgen.market.folder.append import write_table
    from scripts.simulator.conditions import draw_conditions
    from scripts.simulator.market import simulate
    from scripts.simulator.tables import Listing, folder_tables, stretch
    from scripts.simulator.worlds import DEFAULT_WORLD

    folder = ROOT / ".cache" / "units" / str(days)
    if not folder.exists():
        folder.mkdir(parents=True)
        rng = np.random.default_rng(4)
        conditions = draw_conditions(rng, DEFAULT_WORLD, start_ms=_END_MS - days * _DAY_MS, days=days)
        tape = stretch(simulate(rng, DEFAULT_WORLD, conditions), days=days, end_hour=days * 24, end_ms=_END_MS)
        listing = Listing(symbol="BTC/USDT:USDT", venue="binance", market=tape, share=1.0)
        for name, columns in folder_tables(np.random.default_rng(1), [listing]).items():
            write_table(folder / f"{name}.parquet", columns)
    return folder


def unit_of(kind: str, gathered: Gathered) -> Callable[[], object]:
    """Give one unit as a call."""
    from reportgen.brief.write import write_brief
    from reportgen.liquidation.calibration.make import calibrate
    from reportgen.liquidation.calibration.sample import Sample, sample_of
    from reportgen.track_record.backtest import BacktestQuestion, scored_backtest

    (market,) = gathered.markets.values()
    fresh = partial(np.random.default_rng, 1)
    if kind == "section":
        hours = {"timeframe": "4h", "timeframe_ms": 14_400_000, "horizon_hours": 24.0, "timezone": "UTC"}
        return lambda: write_brief(gathered, **hours)  # type: ignore[arg-type]
    if kind == "backtest":
        question = BacktestQuestion(
            from_ms=None, until_ms=None, engines=(), provenance={}, notes=(), assumptions=DEFAULTS, fresh=fresh
        )
        return lambda: scored_backtest(market, question)

    def fit() -> object:
        sample = sample_of(market, 0, DEFAULTS)
        return calibrate([sample], DEFAULTS, fresh()) if isinstance(sample, Sample) else sample

    return fit


def measure(kind: str, days: int) -> dict[str, float]:
    """Do one unit in this process, twice, and count the second: CPU, memory beyond what was read, size on the wire."""
    from reportgen.market.folder.read import read_market

    gathered = read_market(folder_of(days), ("BTC/USDT:USDT",), as_of_ms=None, assumptions=DEFAULTS)
    unit = unit_of(kind, gathered)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit()
    began = time.process_time()
    unit()
    cpu = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sent = len(pickle.dumps(next(iter(gathered.markets.values())), 5))
    return {"cpu_s": cpu, "own_mib": (peak - before) / 1024, "peak_mib": peak / 1024, "sent_mib": sent / 2**20}


def main(words: list[str]) -> None:
    """Print a line a unit and length, or, asked for one of them, its figures as JSON."""
    if words[:1] and words[0] in KINDS:
        print(json.dumps(measure(words[0], int(words[1]))))
        return
    print(f"{'unit':12}{'days':>6}{'CPU s':>9}{'own MiB':>10}{'peak MiB':>10}{'sent MiB':>10}")
    for kind in KINDS:
        for days in [int(word) for word in words] or [60, 120, 240]:
            folder_of(days)
            command = [sys.executable, "-m", "benchmarks.units", kind, str(days)]
            done = subprocess.run(command, cwd=ROOT, env=environment(), check=True, capture_output=True, text=True)
            cpu, own, peak, sent = json.loads(done.stdout).values()
            print(f"{kind:12}{days:6}{cpu:9.2f}{own:10.0f}{peak:10.0f}{sent:10.2f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
