"""The conservation nodes: what each would have swept, holds now, and held over time, from one side's flows.

Everything is linear in the node weights once the flows are given (MODEL section 1), so calibration, map and
uncertainty all start from masses at unit weight. Levels are points here; `by_distance` blurs them for the eye and for
scores. A touched level is gone: a rung at or above the bar's touch is swept before anything is added.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from reportgen.liquidation.deposits import Grid
from reportgen.liquidation.flows import Flows, compiled
from reportgen.units import Floats, Ints

_FADED = -41.0
"""Log survival below which a deposit counts for nothing: 1e-18."""
_NOTHING = 1e-18
_BARS_AT_ONCE = 1024


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NodeSweeps:
    """What each bar would have swept of each node, were all that opens deposited there: the matrix of calibration.

    Attributes:
        base: Shape (n, k), base coins. quote: shape (n, k), each coin at its level's price.
    """

    base: Floats
    quote: Floats


def swept_by_node(flows: Flows, distance: Floats) -> NodeSweeps:
    """Give the swept mass per bar and node at unit weight, the flows held as they are.

    Args:
        flows: n bars.
        distance: Shape (k,), log distances from entry; they need not be those that the flows were made with.

    Returns:
        With the reference weights w, `base @ w` is `flows.swept`.
    """
    n, count = len(flows.entry), len(distance)
    swept = NodeSweeps(base=np.zeros((n, count)), quote=np.zeros((n, count)))
    tables = _running_minima(flows.touch)
    for node, rungs in enumerate(flows.ladder.below_entry(distance)):
        level = flows.entry - rungs
        touched = _first_touch(level, tables)
        bar = np.flatnonzero(touched < n)
        at = touched[bar]
        mass = flows.opened[bar] * np.exp(flows.log_survival[at - 1] - flows.log_survival[bar])
        swept.base[:, node] = np.bincount(at, weights=mass, minlength=n)
        price = np.exp(flows.ladder.log_price(level[bar]))
        swept.quote[:, node] = np.bincount(at, weights=mass * price, minlength=n)
    return swept


def node_profile(flows: Flows, distance: Floats, grid: Grid) -> Floats:
    """Give what each node holds at the end of the last bar, at unit weight; what lies beyond the grid is left out.

    Returns:
        Shape (k, bins), ascending in price, base coins.
    """
    alive = np.exp(flows.log_survival[-1] - flows.log_survival)
    bar = np.flatnonzero(flows.log_survival[-1] - flows.log_survival > _FADED)
    later = np.append(np.minimum.accumulate(flows.touch[::-1])[::-1][1:], np.iinfo(np.int64).max)
    below = flows.ladder.below_entry(distance)
    profile = np.empty((len(below), grid.bins))
    for node, rungs in enumerate(below):
        level = flows.entry[bar] - rungs
        there = level < later[bar]
        weights = (flows.opened * alive)[bar][there]
        profile[node] = np.bincount(_bin_of(level[there], flows, grid), weights=weights, minlength=grid.bins + 1)[:-1]
    return profile


def book_over_time(flows: Flows, distance: Floats, weight: Floats, column_end_ms: Ints, grid: Grid) -> Floats:
    """Run the book and keep it at the end of each column.

    Args:
        flows: n bars; those closing after the last column are ignored, those before the first are warm-up.
        distance: Shape (k,), log distances from entry.
        weight: Shape (k,), >= 0, part of a deposit at each node.
        column_end_ms: Shape (c,), ascending.
        grid: Price bins; what lies beyond them is left out.

    Returns:
        Shape (c, bins), ascending in price, base coins x weight.
    """
    below = flows.ladder.below_entry(distance)
    base = int(flows.entry.min()) - int(below.max())
    size = int(flows.entry.max()) - base + 1
    place = _bin_of(base + np.arange(size), flows, grid)
    fast = compiled(len(flows.entry))
    if fast is not None:
        closed = np.searchsorted(flows.close_time_ms, column_end_ms, side="right")
        given = (flows.entry, flows.touch, flows.opened, flows.log_survival, closed, below, weight, place, grid.bins)
        return np.asarray(fast.book_over_time(*given))
    state, since = np.zeros(size), flows.log_survival[0]
    out = np.zeros((len(column_end_ms), grid.bins))
    for start, end, column in _pieces(flows.close_time_ms, column_end_ms):
        if end > start:
            state[max(0, int(flows.touch[start:end].min()) - base) :] = 0.0
            state *= np.exp(flows.log_survival[end - 1] - since)
            since = flows.log_survival[end - 1]
            state[state < _NOTHING * state.max()] = 0.0  # or they would fade into numbers too small to be fast
            state += _opened_in(flows, slice(start, end), below, weight, base, size)
        if column >= 0:
            out[column] = np.bincount(place, weights=state, minlength=grid.bins + 1)[:-1]
    return out


def _opened_in(flows: Flows, bars: slice, below: Ints, weight: Floats, base: int, size: int) -> Floats:
    """Deposit a run of bars as it stands at the run's end: aged, and without what the run itself touched."""
    touch = flows.touch[bars]
    later = np.append(np.minimum.accumulate(touch[::-1])[::-1][1:], np.iinfo(np.int64).max)
    mass = flows.opened[bars] * np.exp(flows.log_survival[bars][-1] - flows.log_survival[bars])
    level = flows.entry[bars, None] - below
    amount = np.where(level < later[:, None], mass[:, None] * weight, 0.0)
    return np.asarray(np.bincount((level - base).ravel(), weights=amount.ravel(), minlength=size), dtype=np.float64)


def _pieces(close_time_ms: Ints, column_end_ms: Ints) -> Iterator[tuple[int, int, int]]:
    """Yield (first bar, end bar, column) in runs of bounded length; column is -1 before a column's last run."""
    start = 0
    for column, end in enumerate(np.searchsorted(close_time_ms, column_end_ms, side="right").tolist()):
        while end - start > _BARS_AT_ONCE:
            yield start, start + _BARS_AT_ONCE, -1
            start += _BARS_AT_ONCE
        yield start, end, column
        start = end


def _bin_of(rung: Ints, flows: Flows, grid: Grid) -> Ints:
    """Find the bins of rungs; one bin more than the grid's takes all that lies beyond it."""
    cell = np.floor((flows.ladder.log_price(rung) - grid.log_low) / grid.step)
    return np.asarray(np.where((cell >= 0) & (cell < grid.bins), cell, grid.bins).astype(np.int64))


def _running_minima(touch: Ints) -> list[Ints]:
    """Give minima over 1, 2, 4, ... bars from each bar on, the path ending in a touch of everything."""
    minima = [np.append(touch, np.iinfo(np.int64).min)]
    while (width := 2 ** (len(minima) - 1)) < len(touch):
        longer = minima[-1].copy()
        longer[:-width] = np.minimum(longer[:-width], minima[-1][width:])
        longer[-width:] = np.iinfo(np.int64).min
        minima.append(longer)
    return minima


def _first_touch(level: Ints, tables: list[Ints]) -> Ints:
    """Find the first later bar that touches each bar's level, shape (n,); n when none does."""
    at = np.arange(1, len(level) + 1)
    for power in range(len(tables) - 1, -1, -1):
        at += np.where(tables[power][at] > level, 2**power, 0)
    return at
