"""Yardsticks beside the true book: other crowds on the same path, and the book seen as coarsely as a map sees.

The true book's lift holds the luck of which positions happened to be opened, which no path tells. A crowd drawn anew
from the same habits, living through the same prices, shares everything with the true one but that luck: the mean of
several is the book that somebody would expect who knew the path and every constant of the simulator. It is no strict
bound: a lift rewards maps that are steeper than the truth.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.formulas.lift import binned
from benchmarks.formulas.worlds import CACHE, DAYS, START_MS, TRAIN_UNTIL, SimulatedWorld, fingerprint
from reportgen.units import Floats, Ints, Side
from scripts.simulator.conditions import MINUTE_MS, MINUTES_A_DAY, draw_conditions
from scripts.simulator.crowd import FATAL, LIQUIDATION, SHORT, SIDE, SIZE, Crowd, draw_orders, trait_odds
from scripts.simulator.worlds import WORLDS

SAME_PATH: Final = "other crowds, same path"
BLURRED: Final = "true book, blurred"
CROWDS: Final = 8
_FIRST_SEED: Final = 770_000
_WARM_UP_DAYS: Final = 20
_BLUR_BINS: Final = 2.0


def same_path_book(
    world: SimulatedWorld, decision_ms: Ints, step: float, width: int, folder: Path = CACHE
) -> Mapping[Side, Floats]:
    """Average the books of other crowds that live through the world's path, by distance; shape (m, width) a side."""
    kept = folder / f"crowds-{world.world.replace(' ', '-')}-{world.seed}-{fingerprint(CROWDS, step, width)}.npz"
    if not kept.is_file():
        total = {side: np.zeros((len(decision_ms), width)) for side in Side}
        for crowd in range(CROWDS):
            rng = np.random.default_rng(_FIRST_SEED + crowd)
            for row, price, levels in _lived(world, decision_ms, rng):
                for side in Side:
                    own = (levels[SIDE] == SHORT) == (side is Side.SHORT)
                    own &= (levels[FATAL] != 0) & (levels[LIQUIDATION] > 0)
                    level = levels[LIQUIDATION][own]
                    total[side][row] += binned(level, levels[SIZE][own] * level, price, side, step, width)
        folder.mkdir(parents=True, exist_ok=True)
        unready = kept.with_suffix(".part.npz")
        np.savez_compressed(unready, long=total[Side.LONG] / CROWDS, short=total[Side.SHORT] / CROWDS)
        unready.replace(kept)
    with np.load(kept) as arrays:
        return {side: np.asarray(arrays[side.value]) for side in Side}


def blurred(book: Mapping[Side, Floats]) -> Mapping[Side, Floats]:
    """Blur a book by two bins of distance, about 20 bp; what would cross the price is left out."""
    reach = int(3 * _BLUR_BINS)
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / _BLUR_BINS) ** 2)
    taps /= taps.sum()
    return {side: np.stack([np.convolve(row, taps, mode="same") for row in rows]) for side, rows in book.items()}


def _lived(world: SimulatedWorld, decision_ms: Ints, rng: np.random.Generator) -> Iterator[tuple[int, float, Floats]]:
    """Let one crowd live through the path, and yield its open positions at each decision with the price then."""
    constants = WORLDS[world.world]
    conditions = draw_conditions(np.random.default_rng(world.seed), constants, start_ms=START_MS, days=DAYS)
    look = round(constants.momentum_hours * 60)
    typical = constants.annual_volatility / math.sqrt(365 * MINUTES_A_DAY) * math.sqrt(look)
    logs, crowd = np.log(world.minute_close), Crowd()
    wanted = {int(minute): row for row, minute in enumerate((decision_ms - START_MS) // MINUTE_MS - 1)}
    for day in range(TRAIN_UNTIL - _WARM_UP_DAYS, DAYS):
        begin = day * MINUTES_A_DAY
        first = begin + conditions.warm_up
        orders = draw_orders(rng, constants, conditions, first, first + MINUTES_A_DAY)
        for t in range(begin, begin + MINUTES_A_DAY):
            crowd.live_through(low=float(world.minute_low[t]), high=float(world.minute_high[t]), minute=t)
            momentum = float(logs[t] - logs[t - 1 - look]) / typical
            odds = trait_odds(constants, momentum, float(conditions.long_bias[t + conditions.warm_up]))
            picked = slice(int(orders.offsets[t - begin]), int(orders.offsets[t - begin + 1]))
            crowd.open(orders, picked, price=float(world.minute_close[t]), odds=odds, minute=t)
            if t in wanted:
                yield wanted[t], float(world.minute_close[t]), crowd.levels()
