"""Levels bar by bar: sweep what was touched, fade, shrink, add; kept at each decision.

One loop serves all formulas. Levels stand on a ladder finer than the map's bins, so that a touch is decided to 2.5 bp.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from reportgen.liquidation.path import Grid
from reportgen.market.data import Candles
from reportgen.units import Floats, Ints, Side

_RUNGS: Final = 4
_FAINT: Final = 1e-100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Levels:
    """What one side's bars add, p levels in order of their bars.

    Attributes:
        bar: Shape (p,), index of the bar. price: shape (p,), where the position would be liquidated.
        mass: Shape (p,), >= 0, in whatever unit the formula has.
    """

    bar: Ints
    price: Floats
    mass: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rules:
    """What happens to levels after they were added.

    Attributes:
        swept: Part of a level that goes when a bar touches it: 0 leaves it for good, 1 removes it.
        half_life_ms: Of every level, infinite for none.
        shrink: Shape (n,), mass taken off the whole book in each bar, proportionally; None for none.
    """

    swept: float = 0.0
    half_life_ms: float = np.inf
    shrink: Floats | None = None


def at_leverages(
    entry: Floats, mass: Floats, side: Side, leverages: Sequence[float], weights: Sequence[float], margin: Floats
) -> Levels:
    """Put each bar's mass at entry x (1 -/+ 1 / leverage +/- margin), a part at each leverage.

    Args:
        entry: Shape (n,), quote per base.
        mass: Shape (n,); bars without mass add nothing.
        side: Longs lie below the entry.
        leverages: k of them.
        weights: k of them, the part at each.
        margin: Shape (k,), fraction of the entry by which levels lie nearer for the maintenance margin.
    """
    bars = np.flatnonzero(mass > 0)
    distance = 1 / np.asarray(leverages) - margin
    factor = 1 - distance if side is Side.LONG else 1 + distance
    return Levels(
        bar=np.repeat(bars, len(factor)),
        price=(entry[bars, None] * factor).ravel(),
        mass=(mass[bars, None] * np.asarray(weights)).ravel(),
    )


def together(parts: Sequence[Levels]) -> Levels:
    """Put several sets of levels into one, in order of their bars."""
    bar = np.concatenate([part.bar for part in parts])
    order = np.argsort(bar, kind="stable")
    return Levels(
        bar=bar[order],
        price=np.concatenate([part.price for part in parts])[order],
        mass=np.concatenate([part.mass for part in parts])[order],
    )


def play(
    levels: Mapping[Side, Levels], rules: Rules, candles: Candles, grid: Grid, decision_ms: Ints
) -> Mapping[Side, Floats]:
    """Run the bars and keep both sides' books at each decision.

    Args:
        levels: Per side.
        rules: How they end.
        candles: n bars; those closing after the last decision are ignored.
        grid: Price bins; levels beyond them are left out.
        decision_ms: Shape (m,), ascending.

    Returns:
        Per side, mass per bin, shape (m, bins), ascending in price: the shape of the product's `maps_at`.
    """
    size = grid.bins * _RUNGS
    rung, mass, offsets = _flat(levels, grid, len(candles))
    touch = {side: _touched(candles, grid, side).tolist() for side in Side}
    keep = _kept_by_time(candles, rules)
    known = np.searchsorted(candles.close_time_ms, decision_ms, side="right")
    state = np.zeros(2 * size)
    out = np.zeros((len(decision_ms), 2 * grid.bins))
    scale, bar = 1.0, 0
    for row, end in enumerate(known.tolist()):
        while bar < end:
            if rules.swept > 0:
                state[touch[Side.LONG][bar] : size] *= 1 - rules.swept
                state[size + touch[Side.SHORT][bar] :] *= 1 - rules.swept
            scale *= keep[bar]
            if rules.shrink is not None and rules.shrink[bar] > 0:
                held = float(state.sum()) * scale
                scale *= max(0.0, 1 - float(rules.shrink[bar]) / held) if held > 0 else 1.0
            if scale < _FAINT:
                state *= scale
                scale = 1.0
            some = slice(offsets[bar], offsets[bar + 1])
            if some.stop > some.start:
                np.add.at(state, rung[some], mass[some] / scale)
            bar += 1
        out[row] = state.reshape(-1, _RUNGS).sum(axis=1) * scale
    return {Side.LONG: out[:, : grid.bins], Side.SHORT: out[:, grid.bins :][:, ::-1]}


def _flat(levels: Mapping[Side, Levels], grid: Grid, bars: int) -> tuple[Ints, Floats, list[int]]:
    """Lay both sides' levels behind each other, shorts mirrored: rungs, masses, and where each bar's begin."""
    size = grid.bins * _RUNGS
    rungs, masses, whose = [], [], []
    for number, side in enumerate(Side):
        one = levels[side]
        place = np.floor(_ladder(grid, one.price, side)).astype(np.int64)
        inside = (place >= 0) & (place < size)
        rungs.append(place[inside] + number * size)
        masses.append(one.mass[inside])
        whose.append(one.bar[inside])
    bar = np.concatenate(whose)
    order = np.argsort(bar, kind="stable")
    offsets = np.searchsorted(bar[order], np.arange(bars + 1)).tolist()
    return np.concatenate(rungs)[order], np.concatenate(masses)[order], offsets


def _touched(candles: Candles, grid: Grid, side: Side) -> Ints:
    """Give the lowest rung that each bar touched on a side, shape (n,); it and all above are swept."""
    extreme = candles.low if side is Side.LONG else candles.high
    place = np.ceil(_ladder(grid, extreme, side)).astype(np.int64)
    return np.clip(place, 0, grid.bins * _RUNGS)


def _ladder(grid: Grid, price: Floats, side: Side) -> Floats:
    """Give prices as ladder coordinates in which a side's levels lie towards 0."""
    place = grid.position(price) * _RUNGS
    return place if side is Side.LONG else grid.bins * _RUNGS - place


def _kept_by_time(candles: Candles, rules: Rules) -> list[float]:
    """Give the part of all levels that outlives each bar's time, gaps included."""
    elapsed = np.diff(candles.close_time_ms, prepend=candles.close_time_ms[:1])
    kept: list[float] = np.power(0.5, elapsed / rules.half_life_ms).tolist()
    return kept
