"""Measure and print: `.venv/bin/python -m benchmarks [--runs N] [--json] [--without-peer] [--scaling]`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from benchmarks import peer, scaling
from benchmarks.maps import MapTime
from benchmarks.processes import (
    ROOT,
    Median,
    Run,
    command_path,
    compile_bytecode,
    environment,
    loaded_by_help,
    measure,
    median_of,
)

BUDGET_MS: Final = {"import": 60.0, "help": 150.0, "brief": 2000.0, "draws": 15.0}
BUDGET_MIB: Final = 250.0
HEAVY: Final = frozenset({"pandas", "matplotlib", "weasyprint", "ccxt", "duckdb", "numpy"})


def cold_runs(runs: int, *, with_peer: bool) -> tuple[Median, ...]:
    """Measure cold processes, the brief and its peer in turns so that both meet the same machine."""
    command = command_path()
    helps = [measure([command, "--help"]) for _ in range(2 * runs + 1)]
    briefs: list[Run] = []
    peers: list[Run] = []
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder)
        for turn in range(runs + 1):
            words: Sequence[str | Path] = [command, "brief", "--sample", "--symbols", "BTC,ETH"]
            briefs.append(measure([*words, "--output", target / str(turn)]))
            if with_peer:
                peers.append(measure(peer.page_command(target / "peer.html")))
    found = [median_of("reportgen --help", helps[1:]), median_of("2-symbol brief, HTML + PDF + JSON", briefs[1:])]
    if with_peer:
        found.append(median_of("quantstats, 1 asset, HTML", peers[1:]))
    return tuple(found)


def import_ms(runs: int) -> float:
    """Give the least processor time that `import reportgen` takes in a new process, in milliseconds."""
    script = "import time; a = time.process_time(); import reportgen; print(time.process_time() - a)"
    command = [sys.executable, "-c", script]
    times = [subprocess.run(command, cwd=ROOT, env=environment(), check=True, capture_output=True) for _ in range(runs)]
    return 1000 * min(float(done.stdout) for done in times)


def draws_time() -> list[float]:
    """Time zone finding with its draws in a process of its own: wall median, lowest, highest and least CPU in ms."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.draws"],
        cwd=ROOT,
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    times: list[float] = json.loads(done.stdout)
    return times


def machine() -> str:
    """Say what was measured on."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, bytecode compiled"


def print_table(cold: tuple[Median, ...], heavy: Sequence[str]) -> None:
    """Print the figures beside their budgets."""
    print(f"\n{'cold process':36}{'runs':>6}{'wall ms':>10}{'range':>16}{'CPU ms':>9}{'peak MiB':>10}{'budget':>17}")
    budgets = (f"{BUDGET_MS['help']:.0f} ms", f"{BUDGET_MS['brief']:.0f} ms, {BUDGET_MIB:.0f} MiB", "")
    for row, budget in zip(cold, budgets, strict=False):
        span = f"{row.wall_low_ms:.0f} to {row.wall_high_ms:.0f}"
        numbers = f"{row.runs:6}{row.wall_ms:10.0f}{span:>16}{row.cpu_ms:9.0f}{row.peak_mib:10.0f}"
        print(f"{row.what:36}{numbers}{budget:>17}")
    print(f"\n--help loads of the heavy libraries: {', '.join(heavy) or 'none'}")
    if len(cold) > 2:
        brief, page = cold[1:3]
        wall, cpu, peak = page.wall_ms / brief.wall_ms, page.cpu_ms / brief.cpu_ms, page.peak_mib / brief.peak_mib
        print(f"quantstats / brief (above 1: brief lighter): wall {wall:.2f}, CPU {cpu:.2f}, peak memory {peak:.2f}")


def print_maps(found: Sequence[tuple[scaling.Case, MapTime]], draws: Sequence[float] | None) -> None:
    """Print the maps' times, and that of the draws, beside their budgets."""
    print(f"\n{scaling.HEADING}")
    for case, time in found:
        print(scaling.row(case, time))
    if draws is not None:
        median, least, _, cpu = draws
        print(
            f"{'zones with 500 draws, both sides':36}{least:9.1f}{median:10.1f}{cpu:9.1f}{BUDGET_MS['draws']:20.0f} ms"
        )


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each cold process (5)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--without-peer", action="store_true", help="leave quantstats out (it needs a network once)")
    parser.add_argument("--scaling", action="store_true", help="only the maps, from 2,160 to 2,100,000 bars")
    options = parser.parse_args()
    compile_bytecode(Path(sys.executable), ROOT / "reportgen", ROOT / "benchmarks")
    cold: tuple[Median, ...] = ()
    heavy: list[str] = []
    draws: list[float] | None = None
    if options.scaling:
        maps = tuple(scaling.scaled(options.runs))
    else:
        if not options.without_peer:
            peer.install()
        cold = cold_runs(options.runs, with_peer=not options.without_peer)
        maps, draws = tuple(scaling.budgeted(options.runs)), draws_time()
        heavy = sorted(HEAVY & loaded_by_help())
    if options.json:
        rows = [{**asdict(case), **asdict(time)} for case, time in maps]
        found = {"machine": machine(), "cold": [asdict(each) for each in cold], "maps": rows, "draws_ms": draws}
        print(json.dumps({**found, "help_loads": heavy}, indent=1))
        return
    print(machine())
    print(f"import reportgen: {import_ms(options.runs):.0f} ms CPU, budget {BUDGET_MS['import']:.0f} ms")
    if cold:
        print_table(cold, heavy)
    print_maps(maps, draws)


if __name__ == "__main__":
    main()
