"""One side's book of liquidation levels over time: sweep, age, deposit, column by column.

The state is O(1) a bar: for each exponential of the age law one array over price, kept as differences along price so
that a deposit on a whole range costs four numbers. Levels that the path has touched are gone: everything beyond the
bar's extreme is cleared before new mass arrives. `frozen_profile` computes the same book at one moment directly, node
by node and with the exact age law; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from reportgen.liquidation.deposits import Path
from reportgen.liquidation.kernel import Nodes
from reportgen.units import Floats, Ints

_POINTS_AT_ONCE = 12_000
_COLUMNS_AT_ONCE = 8  # what they deposit then stays in the processor's cache
_FADED = 40.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Boxes:
    """Deposits that are still alive, as uniform ranges on the bin axis; p of them.

    Attributes:
        bar, node: Shape (p,), which bar and which node each comes from.
        low, high: Shape (p,), bin coordinates, cut at what was swept since. density: shape (p,), mass per bin.
    """

    bar: Ints
    node: Ints
    low: Floats
    high: Floats
    density: Floats


def deposit_boxes(path: Path, nodes: Nodes, cut: Floats, step: float) -> Boxes:
    """Spread each bar's deposit over its range and each node's cell, and drop what has been touched whole.

    Args:
        path: n bars.
        nodes: k nodes.
        cut: Shape (n,), nothing lives at or above this bin coordinate (already touched, or beyond the close).
        step: Log width of a bin.

    Returns:
        At most n x k boxes. A box is as wide as range and cell together (in quadrature), at least one bin.
    """
    middle = ((path.near + path.far) / 2)[:, None] - nodes.distance / step
    width = np.maximum(1.0, np.hypot((path.far - path.near)[:, None], nodes.cell / step))
    low = middle - width / 2
    bar, node = np.nonzero(low < cut[:, None])
    width = width[bar, node]
    low = low[bar, node]
    return Boxes(
        bar=bar,
        node=node,
        low=low,
        high=np.minimum(low + width, cut[bar]),
        density=path.deposit[bar] * nodes.weight[node] / width,
    )


def scatter(boxes: Boxes, scale: Sequence[Floats | float], group: Ints, groups: int, bins: int) -> Floats:
    """Add boxes to difference arrays: the running sum along the last axis is mass per bin.

    Args:
        boxes: p boxes.
        scale: One factor, or shape (p,), for each layer.
        group: Shape (p,), which of the groups a box belongs to.
        groups: How many groups.
        bins: Length of the price axis.

    Returns:
        Shape (layers, groups, bins + 1), differences of mass per bin.
    """
    ends = np.clip(np.stack([boxes.low, boxes.high]), 0, bins)
    cell = np.minimum(ends.astype(np.int64), bins - 1)
    upper = (ends - cell) * boxes.density
    lower = boxes.density - upper
    index = (group * (bins + 1) + cell).ravel()
    index = np.concatenate([index, index + 1])
    weight = np.stack([lower[0], -lower[1], upper[0], -upper[1]])
    size = groups * (bins + 1)
    layered = np.empty((len(scale), size))
    for layer, factor in enumerate(scale):
        layered[layer] = np.bincount(index, weights=(weight * factor).ravel(), minlength=size)
    return layered.reshape(len(scale), groups, bins + 1)


def book_over_time(path: Path, nodes: Nodes, column_end_ms: Ints, bins: int, step: float) -> Floats:
    """Run the book and keep it at the end of each column.

    Args:
        path: n bars; those closing after the last column are ignored, those before the first are warm-up.
        nodes: Kernel nodes or leverage tiers.
        column_end_ms: Shape (c,), ascending.
        bins: Length of the price axis.
        step: Log width of a bin.

    Returns:
        Mass per bin, shape (c, bins), non-negative.
    """
    ends = _with_warm_up(path, column_end_ms)
    out = np.zeros((len(column_end_ms), bins + 1))
    skip = len(ends) - len(column_end_ms)
    state = np.zeros((len(nodes.decay_rate), bins + 1))
    for column, (lowest, elapsed, added) in enumerate(_columns(path, nodes, ends, bins, step)):
        state *= np.exp(-nodes.decay_rate * elapsed)[:, None]
        _sweep(state, lowest, bins)
        state += added
        if column >= skip:
            np.sum(state, axis=0, out=out[column - skip])
    return np.maximum(np.cumsum(out, axis=1)[:, :-1], 0.0)


def frozen_profile(path: Path, nodes: Nodes, at_ms: int, bins: int, step: float) -> Floats:
    """Give the book at one moment, node by node, with the exact age law.

    Returns:
        Mass per node and bin, shape (k, bins); its sum over nodes is the map.
    """
    later = np.minimum.accumulate(path.near[::-1])[::-1]
    cut = np.minimum(path.close, np.append(later[1:], np.inf))
    boxes = deposit_boxes(path, nodes, cut, step)
    alive = nodes.survival((at_ms - path.close_time_ms).astype(np.float64))
    count = len(nodes.distance)
    by_node = scatter(boxes, [alive[boxes.bar, boxes.node]], boxes.node, count, bins)[0]
    return np.asarray(np.maximum(np.cumsum(by_node, axis=1)[:, :-1], 0.0))


def _with_warm_up(path: Path, column_end_ms: Ints) -> Ints:
    """Put one column before the first that takes in all the warm-up."""
    if len(column_end_ms) < 2 or not len(path.close_time_ms):
        return column_end_ms
    before = 2 * int(column_end_ms[0]) - int(column_end_ms[1])
    return np.concatenate([[before], column_end_ms]) if path.close_time_ms[0] <= before else column_end_ms


def _columns(path: Path, nodes: Nodes, ends: Ints, bins: int, step: float) -> Iterator[tuple[float, float, Floats]]:
    """Yield for each column the lowest touch, the time since the column before, and what it deposits."""
    used = int(np.searchsorted(path.close_time_ms, ends[-1], side="right"))
    column = np.searchsorted(ends, path.close_time_ms[:used], side="left")
    cut, lowest = _touches(path, column, len(ends), used)
    elapsed = np.diff(ends, prepend=ends[0]).astype(np.float64)
    start_of = np.searchsorted(column, np.arange(len(ends) + 1))
    first = 0
    while first < len(ends):
        last = _batch_end(start_of, first, max(1, _POINTS_AT_ONCE // len(nodes.distance)))
        bars = slice(int(start_of[first]), int(start_of[last]))
        added = _deposits(path, nodes, bars, cut, column, ends, (first, last), bins, step)
        for offset in range(last - first):
            yield float(lowest[first + offset]), float(elapsed[first + offset]), added[:, offset]
        first = last


def _batch_end(start_of: Ints, first: int, bars: int) -> int:
    """Take as many whole columns as hold about this many bars, at least one."""
    last = int(np.searchsorted(start_of, start_of[first] + bars, side="right")) - 1
    return min(len(start_of) - 1, max(first + 1, min(last, first + _COLUMNS_AT_ONCE)))


def _deposits(  # noqa: PLR0913, PLR0917 - the pieces of one batch, all of them
    path: Path, nodes: Nodes, bars: slice, cut: Floats, column: Ints, ends: Ints, span: tuple[int, int], bins: int,
    step: float,
) -> Floats:  # fmt: skip
    """Deposit a batch of columns, each bar aged to its column's end; shape (r, columns, bins + 1)."""
    at_once = max(1, _POINTS_AT_ONCE // len(nodes.distance))
    groups = span[1] - span[0]
    added = np.zeros((len(nodes.decay_rate), groups, bins + 1))
    for start in range(bars.start, bars.stop, at_once):
        some = slice(start, min(bars.stop, start + at_once))
        boxes = deposit_boxes(path.part(some), nodes, cut[some], step)
        age = (ends[column[some]] - path.close_time_ms[some]).astype(np.float64)
        group = column[some][boxes.bar] - span[0]
        if not age.any():
            by_node = scatter(
                boxes, [1.0], group * len(nodes.distance) + boxes.node, groups * len(nodes.distance), bins
            )
            mixed = nodes.decay_weight.T @ by_node.reshape(groups, len(nodes.distance), bins + 1)
            added += mixed.transpose(1, 0, 2)
            continue
        left = np.flatnonzero(nodes.decay_rate * age.min() < _FADED)  # what has faded whole needs no layer
        faded = [
            np.exp(-nodes.decay_rate[layer] * age)[boxes.bar] * nodes.decay_weight[boxes.node, layer] for layer in left
        ]
        added[left] += scatter(boxes, faded, group, groups, bins)
    return added


def _touches(path: Path, column: Ints, columns: int, used: int) -> tuple[Floats, Floats]:
    """Find, for each bar, what later bars of its column (and its own close) cut off, and each column's lowest touch."""
    near = path.near[:used]
    lowest = np.full(columns, np.inf)
    np.minimum.at(lowest, column, near)
    cut = path.close[:used].copy()
    running = np.inf
    for bar in range(used - 1, 0, -1):
        running = min(running, near[bar]) if column[bar] == column[bar - 1] else np.inf
        cut[bar - 1] = min(cut[bar - 1], running)
    return cut, lowest


def _sweep(state: Floats, lowest: float, bins: int) -> None:
    """Clear, in place, everything at or above the lowest touch; a bin cut through keeps its lower part."""
    if lowest >= bins:
        return
    cell = max(0, int(np.floor(lowest)))
    kept = min(1.0, max(0.0, lowest - cell))
    below = state[:, :cell].sum(axis=1)
    inside = (below + state[:, cell]) * kept
    state[:, cell] = inside - below
    state[:, cell + 1] = -inside
    state[:, cell + 2 :] = 0.0
