"""Measure and print: `.venv/bin/python -m benchmarks [--runs N] [--json] [--without-peer]`."""

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

from benchmarks import peer
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

BUDGET_MS: Final = {"help": 150.0, "brief": 2000.0, "5760": 80.0, "25920": 250.0}
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


def map_times() -> dict[str, list[float]]:
    """Time the map in a process of its own: bars -> wall median, lowest, highest and CPU median in milliseconds."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.maps"],
        cwd=ROOT,
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    times: dict[str, list[float]] = json.loads(done.stdout)
    return times


def machine() -> str:
    """Say what was measured on."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, bytecode compiled"


def print_table(cold: tuple[Median, ...], maps: dict[str, list[float]], heavy: Sequence[str]) -> None:
    """Print the figures beside their budgets."""
    print(machine())
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
    print(f"\n{'map, warm, 1000 x 720, both sides':36}{'wall ms':>10}{'range':>16}{'CPU ms':>9}{'budget':>14}")
    for bars, (median, low, high, cpu) in maps.items():
        span, budget = f"{low:.0f} to {high:.0f}", f"{BUDGET_MS[bars]:.0f} ms"
        print(f"{int(bars):>12,} bars{'':19}{median:10.0f}{span:>16}{cpu:9.0f}{budget:>14}")


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each cold process (5)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--without-peer", action="store_true", help="leave quantstats out (it needs a network once)")
    options = parser.parse_args()
    compile_bytecode(Path(sys.executable), ROOT / "reportgen", ROOT / "benchmarks")
    if not options.without_peer:
        peer.install()
    cold = cold_runs(options.runs, with_peer=not options.without_peer)
    maps = map_times()
    heavy = sorted(HEAVY & loaded_by_help())
    if options.json:
        found = {"machine": machine(), "cold": [asdict(row) for row in cold], "map_ms": maps, "help_loads": heavy}
        print(json.dumps(found, indent=1))
    else:
        print_table(cold, maps, heavy)


if __name__ == "__main__":
    main()
