"""How a map's time and memory grow with its bars: each case in a process of its own, for `python -m benchmarks`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks.maps import Engine, MapTime
from benchmarks.processes import ROOT, environment

SIZES: Final = (2_160, 5_760, 25_920, 105_120, 525_600, 2_100_000)
LONG: Final = 500_000
"""Bars from which one run is enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A map of so many bars: 1,000 price bins by 720 columns, both sides, warm."""

    bars: int
    engine: Engine


ENGINES: Final[tuple[Engine, ...]] = ("default", "conserved")
BUDGETS: Final = ((5_760, 60.0), (25_920, 150.0))
BUDGET_MS: Final = {Case(bars=n, engine=engine): ms for engine in ENGINES for n, ms in BUDGETS}


def timed(case: Case, runs: int) -> MapTime:
    """Time one case in a process of its own."""
    words = [str(case.bars), case.engine, str(runs)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.maps", *words],
        cwd=ROOT,
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    return MapTime(**json.loads(done.stdout))


def budgeted(runs: int) -> Iterator[tuple[Case, MapTime]]:
    """Time the cases that have a budget."""
    for case in BUDGET_MS:
        yield case, timed(case, runs)


def scaled(runs: int) -> Iterator[tuple[Case, MapTime]]:
    """Time every engine from 2,160 bars to 2,100,000."""
    for engine in ENGINES:
        for bars in SIZES:
            case = Case(bars=bars, engine=engine)
            yield case, timed(case, 1 if bars > LONG else runs)


HEADING: Final = (
    f"{'map, warm, 1000 x 720, both sides':36}{'least':>9}{'median':>10}{'CPU ms':>9}{'ns a bar':>10}{'MiB':>7}"
)


def row(case: Case, found: MapTime) -> str:
    """Write one case as a line: least and median wall time, least CPU, CPU a bar, the memory that the map took."""
    name = f"{case.bars:>12,} bars, {case.engine}"
    budget = BUDGET_MS.get(case)
    numbers = f"{found.least_ms:9.1f}{found.wall_ms:10.1f}{found.cpu_ms:9.1f}{1e6 * found.cpu_ms / case.bars:10.0f}"
    return f"{name:36}{numbers}{found.map_mib:7.0f}" + ("" if budget is None else f"   budget {budget:.0f} ms")
