"""Formulas that add levels where open interest rises.

Each takes a tape, a grid and decision times and gives one frozen map a decision. Where a description leaves something
open, the docstring says how it was read; nothing was fitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from benchmarks.formulas.level_book import Levels, Rules, at_leverages, play, together
from benchmarks.formulas.tape import Tape
from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation.kernel import tier_nodes
from reportgen.liquidation.path import Grid
from reportgen.units import DAY_MS, Floats, Ints, Side

_COMMON: Final = (5.0, 10.0, 25.0, 50.0, 100.0)
_COMMON_WEIGHT: Final = (0.15, 0.30, 0.25, 0.20, 0.10)
_MARGIN: Final = 0.004
_EQUAL: Final = (0.2, 0.2, 0.2, 0.2, 0.2)
_NO_MARGIN: Final = np.zeros(5)
_PROFILE_DAYS: Final = 30
_HALF_LIFE_DAYS: Final = 7
_ENTRIES: Final = 8
"""Points that stand for an entry spread evenly over a bar's range."""
_DECAY_TIERS: Final = (20.0, 25.0, 50.0, 75.0, 100.0, 125.0)
_DECAY_WEIGHT: Final = (0.18, 0.27, 0.30, 0.15, 0.08, 0.02)
_BUFFER: Final = 0.002
_FEWEST, _MOST = 0.1, 0.9
_DECAY_A_MINUTE: Final = 0.998
_DECAY_SWEEP: Final = 0.7
_MINUTE_MS: Final = 60_000
_MEAN_BARS: Final = 60
_THRESHOLDS: Final = (1.2, 2.0, 3.0)
_TABLE: Final = ((0.0, 0.07, 31.9), (0.07, 0.10, 14.8), (0.10, 0.15, 4.3), (0.15, 0.20, 10.8), (0.20, 0.30, 15.1))
_TABLE_FAR: Final = (0.30, 0.60, 23.1)
"""From, to, percent of the mass; what the table does not name lies inside 7 %, and what is farther than 30 % is read as
30 to 60 %."""


def _by_colour(tape: Tape, mass: Floats, entry: Floats) -> Mapping[Side, Levels]:
    """Give rising bars' mass to longs and falling bars' to shorts, at the five common tiers with their margin."""
    margin = _MARGIN / np.asarray(_COMMON)
    own = {Side.LONG: tape.rose, Side.SHORT: ~tape.rose}
    return {
        side: at_leverages(entry, np.where(own[side], mass, 0.0), side, _COMMON, _COMMON_WEIGHT, margin)
        for side in Side
    }


def oi_profile_30d(tape: Tape, grid: Grid, decision_ms: Ints) -> Mapping[Side, Floats]:
    """Sum up 30 days of bars in which open interest rose, weighed by volume, scaled to open interest; nothing sweeps.

    Read so: entry at the close; 5-minute bars where there are any, else the bars there are.
    """
    candles = tape.candles
    mass = np.where(tape.change > 0, candles.volume_base, 0.0)
    old = candles.close_time_ms - _PROFILE_DAYS * DAY_MS
    levels = _by_colour(tape, mass, candles.close)
    added = play(levels, Rules(), candles, grid, decision_ms)
    gone = play(levels, Rules(), candles, grid, decision_ms - _PROFILE_DAYS * DAY_MS)
    at = np.maximum(np.searchsorted(candles.close_time_ms, decision_ms, side="right") - 1, 0)
    held = np.concatenate([[0.0], np.cumsum(mass)])
    window = held[at + 1] - held[np.searchsorted(candles.close_time_ms, old[at], side="right")]
    level = np.cumsum(tape.change) + _first(tape)
    scale = np.divide(level[at], window, out=np.zeros(len(at)), where=window > 0)
    return {side: np.maximum(added[side] - gone[side], 0.0) * scale[:, None] for side in Side}


def time_evolving(tape: Tape, grid: Grid, decision_ms: Ints) -> Mapping[Side, Floats]:
    """Sweep by high and low, add rises at the close by candle colour, scale all down by each fall over the book."""
    levels = _by_colour(tape, tape.increase, tape.candles.close)
    rules = Rules(swept=1.0, shrink=np.maximum(-tape.change, 0.0))
    return play(levels, rules, tape.candles, grid, decision_ms)


def swept_oi_7d(tape: Tape, grid: Grid, decision_ms: Ints) -> Mapping[Side, Floats]:
    """Add rises on the side that takers took, entry over the bar's range, five equal tiers, no margin, full sweep."""
    bought = tape.taker_bought > tape.candles.volume_base / 2
    mass = {Side.LONG: np.where(bought, tape.increase, 0.0), Side.SHORT: np.where(bought, 0.0, tape.increase)}
    levels = {
        side: together([at_leverages(e, m, side, _COMMON, _EQUAL, _NO_MARGIN) for e, m in _spread(tape, mass[side])])
        for side in Side
    }
    return play(levels, _seven_days(1.0), tape.candles, grid, decision_ms)


def swept_oi_7d_repaired(tape: Tape, grid: Grid, decision_ms: Ints) -> Mapping[Side, Floats]:
    """Do the same with the venue's maintenance margin, on both sides, at the path-only book's nine tiers."""
    price = float(tape.candles.close[0])
    levels = {}
    for side in Side:
        distance = tier_nodes(side, price, tape.brackets, DEFAULTS).distance
        away = 1 - np.exp(-distance) if side is Side.LONG else np.expm1(distance)
        equal = np.full(len(away), 1 / len(away)).tolist()
        parts = [
            at_leverages(e, m, side, (1 / away).tolist(), equal, 0 * away) for e, m in _spread(tape, tape.increase)
        ]
        levels[side] = together(parts)
    return play(levels, _seven_days(1.0), tape.candles, grid, decision_ms)


def oi_levels(tape: Tape, grid: Grid, decision_ms: Ints) -> Mapping[Side, Floats]:
    """Add both sides at five tiers where the change of open interest is 1.2, 2 or 3 times its mean of 60 bars.

    Read so: a bar's mass is the number of thresholds that it passes; levels are removed when crossed.
    """
    size = np.abs(tape.change)
    total = np.concatenate([[0.0], np.cumsum(size)])
    end = np.arange(1, len(size) + 1)
    start = np.maximum(0, end - _MEAN_BARS)
    mean = (total[end] - total[start]) / (end - start)
    mass = sum((size > threshold * mean).astype(np.float64) for threshold in _THRESHOLDS) * (mean > 0)
    levels = {side: at_leverages(tape.middle, np.asarray(mass), side, _COMMON, _EQUAL, _NO_MARGIN) for side in Side}
    return play(levels, Rules(swept=1.0), tape.candles, grid, decision_ms)


def taker_share_decay(tape: Tape, grid: Grid, decision_ms: Ints) -> Mapping[Side, Floats]:
    """Part each rise by the takers' share, six tiers with a buffer; .998 a minute stays, a touch takes 70 %."""
    volume = tape.candles.volume_base
    share = np.divide(tape.taker_bought, volume, out=np.full(len(volume), 0.5), where=volume > 0)
    return _share_decay(tape, np.clip(share, _FEWEST, _MOST), grid, decision_ms)


def even_share_decay(tape: Tape, grid: Grid, decision_ms: Ints) -> Mapping[Side, Floats]:
    """Do the same with half of each rise on either side, where the takers' share is not known."""
    return _share_decay(tape, np.full(len(tape.candles), 0.5), grid, decision_ms)


def _share_decay(tape: Tape, long_share: Floats, grid: Grid, decision_ms: Ints) -> Mapping[Side, Floats]:
    """Part each rise, and let it decay."""
    mass = {Side.LONG: tape.increase * long_share, Side.SHORT: tape.increase * (1 - long_share)}
    buffer = np.full(len(_DECAY_TIERS), _BUFFER)
    levels = {side: at_leverages(tape.middle, mass[side], side, _DECAY_TIERS, _DECAY_WEIGHT, buffer) for side in Side}
    half_life = _MINUTE_MS * np.log(0.5) / np.log(_DECAY_A_MINUTE)
    return play(levels, Rules(swept=_DECAY_SWEEP, half_life_ms=half_life), tape.candles, grid, decision_ms)


def distance_table(tape: Tape, grid: Grid, decision_ms: Ints) -> Mapping[Side, Floats]:
    """Spread each rise by a published table of long-side mass by distance; 7-day half-life, nothing sweeps.

    Read so: distances are from the entry at the close, even inside each class, and shorts mirror longs.
    """
    entry = Levels(bar=np.flatnonzero(tape.increase > 0), price=np.zeros(0), mass=np.zeros(0))
    entry = Levels(bar=entry.bar, price=tape.candles.close[entry.bar], mass=tape.increase[entry.bar])
    entries = play(dict.fromkeys(Side, entry), _seven_days(0.0), tape.candles, grid, decision_ms)
    found = {}
    for side in Side:
        kernel = _table_kernel(grid, side)
        own = entries[side] if side is Side.LONG else entries[side][:, ::-1]
        spread = np.zeros_like(own)
        for away, part in enumerate(kernel.tolist()):
            spread[:, : grid.bins - away] += part * own[:, away:]
        found[side] = spread if side is Side.LONG else spread[:, ::-1]
    return found


def _table_kernel(grid: Grid, side: Side) -> Floats:
    """Give the part of an entry's mass so many bins away, shape (bins,), from the table."""
    away = np.arange(grid.bins + 1) * grid.step
    edge = 1 - np.exp(-away) if side is Side.LONG else np.expm1(away)
    inside = [
        percent * np.diff(np.clip((edge - low) / (high - low), 0.0, 1.0))
        for low, high, percent in (*_TABLE, _TABLE_FAR)
    ]
    kernel = np.sum(inside, axis=0)
    return np.asarray(kernel / sum(percent for _, _, percent in (*_TABLE, _TABLE_FAR)))


def _spread(tape: Tape, mass: Floats) -> list[tuple[Floats, Floats]]:
    """Give entries evenly over each bar's range with their part of its mass."""
    low, width = np.log(tape.candles.low), np.log(tape.candles.high / tape.candles.low)
    return [(np.exp(low + width * (part + 0.5) / _ENTRIES), mass / _ENTRIES) for part in range(_ENTRIES)]


def _seven_days(swept: float) -> Rules:
    return Rules(swept=swept, half_life_ms=float(_HALF_LIFE_DAYS * DAY_MS))


def _first(tape: Tape) -> float:
    """Give open interest of the first bar."""
    return 0.0 if not isinstance(tape.open_interest, np.ndarray) else float(tape.open_interest[0])
