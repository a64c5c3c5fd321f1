"""Score engines, formulas and controls: `python -m benchmarks.formulas [--source DIR]… [--simulator] [--development]`.

Prints Markdown. Without options it runs the simulator; with --source only those folders, unless --simulator asks for
both. --development takes other seeds than the reported ones, for asking why.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks.formulas.market_scores import score_folder
from benchmarks.formulas.pooled import pool
from benchmarks.formulas.simulated_scores import WorldScores, score_world
from benchmarks.formulas.tables import by_world_table, dollars_table, market_table, targets_table, worlds_table
from benchmarks.formulas.worlds import DEVELOPMENT, REPORTED, simulated


def main() -> None:
    """Read the options, score, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.formulas", description=__doc__)
    parser.add_argument("--source", type=Path, action="append", default=[], help="a market folder; may be repeated")
    parser.add_argument("--simulator", action="store_true", help="run the simulated markets too")
    parser.add_argument("--development", action="store_true", help="other seeds, fewer of them")
    options = parser.parse_args()
    for folder in options.source:
        _print(market_table(score_folder(folder)))
    if options.simulator or not options.source:
        _simulator(DEVELOPMENT if options.development else REPORTED)


def _simulator(seeds: dict[str, tuple[int, ...]]) -> None:
    """Score every world and print its tables."""
    worlds: dict[str, list[WorldScores]] = {}
    default = next(iter(seeds))
    for world, numbers in seeds.items():
        for seed in numbers:
            sys.stderr.write(f"{world}, seed {seed}\n")
            worlds.setdefault(world, []).append(score_world(simulated(world, seed), other_crowds=world == default))
    pooled = {world: pool([markets]) for world, markets in worlds.items()}
    everywhere = pool(list(worlds.values()))
    _print(worlds_table(pooled[default], f"World {default}"))
    _print(by_world_table([*pooled.items(), ("mean of worlds", everywhere)]))
    _print(dollars_table([one.dollars for markets in worlds.values() for one in markets]))
    _print(["In the default world:", "", *targets_table(pooled[default])])
    _print(["Mean of the worlds:", "", *targets_table(everywhere)])


def _print(lines: Iterable[str]) -> None:
    """Print a table and an empty line."""
    for line in lines:
        print(line)
    print(flush=True)


if __name__ == "__main__":
    main()
