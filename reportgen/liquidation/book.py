"""One side's book of liquidation levels over time: sweep, age, deposit, column by column.

The state is O(1) a bar: for each exponential of the age law one array over price, kept as differences along price
(`boxes`). Levels that the path has touched are gone: everything beyond the bar's extreme is cleared before new mass
arrives. Bars of one column are aged to its end at once and together, and layers that lie on the same bars share one
state, so the loop over columns is the only one. `frozen_profile` computes the same book at one moment directly, node by
node and with the exact age law; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from reportgen.liquidation.boxes import add_aged, deposit_boxes, entries_of, taking_part
from reportgen.liquidation.columns import Columns, Layer, columns_of, on_shared_rates, touches
from reportgen.liquidation.compiled_book import compiled_book
from reportgen.liquidation.deposits import Path
from reportgen.liquidation.kernel import Nodes
from reportgen.units import Floats, Ints

_POINTS_AT_ONCE = 12000
_COLUMNS_AT_ONCE = 16  # what they deposit then stays in the processor's cache
_FADED = 40.0


def book_over_time(path: Path, nodes: Nodes, column_end_ms: Ints, bins: int, step: float) -> Floats:
    """Run one layer's book and keep it at the end of each column; as `mixed_book`, at a scale of one."""
    return mixed_book((Layer(path=path, nodes=nodes, scale=1.0),), column_end_ms, bins, step)


def mixed_book(layers: Sequence[Layer], column_end_ms: Ints, bins: int, step: float) -> Floats:
    """Run the book of layers on the same bars and keep their mix at the end of each column.

    Args:
        layers: Of one side. Their paths agree in times, near extremes and closes, so what sweeps one sweeps all. Bars
            closing after the last column are ignored, those before the first are warm-up.
        column_end_ms: Shape (c,), ascending.
        bins: Length of the price axis.
        step: Log width of a bin.

    Returns:
        Mass per bin, shape (c, bins), non-negative.
    """
    columns = columns_of(layers[0].path, column_end_ms)
    rate, shared = on_shared_rates(layers)
    fast = compiled_book(shared, columns, rate, (len(column_end_ms), bins), step)
    if fast is not None:
        return fast
    cut, lowest_touch = touches(layers[0].path, columns)
    deposited = _deposited(shared, columns, cut, bins, step)
    faded = np.exp(-np.outer(np.diff(columns.end_ms, prepend=columns.end_ms[0]), rate))[:, :, None]
    skip = len(columns.end_ms) - len(column_end_ms)
    out = np.zeros((len(column_end_ms), bins + 2))
    state = np.zeros((len(rate), bins + 2))
    top = 0  # all is zero from here on
    for column, (added, lowest) in enumerate(zip(deposited, lowest_touch.tolist(), strict=True)):
        top = _sweep(state, top, lowest)
        state[:, :top] *= faded[column]
        state[:, : added.shape[1]] += added
        top = max(top, added.shape[1])
        if column >= skip:
            np.add.reduce(state[:, :top], axis=0, out=out[column - skip, :top])
    np.cumsum(out, axis=1, out=out)
    return np.maximum(out[:, :bins], 0.0)


def frozen_profile(path: Path, nodes: Nodes, at_ms: int, bins: int, step: float) -> Floats:
    """Give the book at one moment, node by node, with the exact age law.

    Returns:
        Mass per node and bin, shape (k, bins); its sum over nodes is the map.
    """
    later = np.minimum.accumulate(path.near[::-1])[::-1]
    cut = np.minimum(path.close, np.append(later[1:], np.inf))
    widest = np.maximum(1.0, np.hypot(path.far - path.near, nodes.cell.max(initial=0.0) / step))
    farthest = (path.near + path.far) / 2 - nodes.distance.max(initial=0.0) / step - widest
    left = np.flatnonzero(farthest < cut)  # of a long path most bars have been touched whole
    by_node = np.zeros(len(nodes.distance) * (bins + 1))
    at_once = max(1, _POINTS_AT_ONCE // max(1, len(nodes.distance)))
    for start in range(0, len(left), at_once):
        some = left[start : start + at_once]
        boxes = deposit_boxes(path.part(some), nodes, cut[some], step)
        entries = entries_of(boxes, boxes.node, bins)
        alive = nodes.survival((at_ms - path.close_time_ms[some]).astype(np.float64))[boxes.bar, boxes.node]
        np.add.at(by_node, entries.index.ravel(), (entries.amount * alive).ravel())
    mass = np.cumsum(by_node.reshape(len(nodes.distance), bins + 1), axis=1)[:, :-1]
    return np.asarray(np.maximum(mass, 0.0))


def _deposited(layers: Sequence[Layer], columns: Columns, cut: Floats, bins: int, step: float) -> Iterator[Floats]:
    """Yield what each column deposits, differences of shape (r, w); beyond w it deposits nothing."""
    at_once = max(1, _POINTS_AT_ONCE // max(1, *(len(layer.nodes.distance) for layer in layers)))
    rates = len(layers[0].nodes.decay_rate)
    room = np.empty(rates * _COLUMNS_AT_ONCE * (bins + 1))  # used again and again: fresh memory is slow
    first = 0
    while first < len(columns.end_ms):
        last = _batch_end(columns.start_of, first, at_once)
        bars = range(int(columns.start_of[first]), int(columns.start_of[last]), at_once)
        highest = cut[bars.start : bars.stop].max(initial=0.0)
        width = min(bins, 1 + int(highest))
        added = room[: rates * (last - first) * (width + 1)].reshape(rates, last - first, width + 1)
        added[:] = 0.0
        for start in bars:
            some = slice(start, min(bars.stop, start + at_once))
            _deposit(added, layers, columns.end_ms[first:last], cut[some], some, step)
        yield from added.transpose(1, 0, 2)
        first = last


def _batch_end(start_of: Ints, first: int, bars: int) -> int:
    """Take as many whole columns as hold about this many bars, at least one."""
    last = int(np.searchsorted(start_of, start_of[first] + bars, side="right")) - 1
    return min(len(start_of) - 1, max(first + 1, min(last, first + _COLUMNS_AT_ONCE)))


def _deposit(added: Floats, layers: Sequence[Layer], ends: Ints, cut: Floats, bars: slice, step: float) -> None:
    """Deposit some bars of a batch of columns in place, each bar aged to its column's end."""
    rate = layers[0].nodes.decay_rate
    times = layers[0].path.close_time_ms[bars]
    column = np.searchsorted(ends, times, side="left")
    aged = np.outer(rate, (ends[column] - times).astype(np.float64))
    left = np.where(aged < _FADED, np.exp(-aged), 0.0)
    for layer in layers:
        boxes = deposit_boxes(layer.path.part(bars), layer.nodes, cut, step)
        entries = entries_of(boxes, column[boxes.bar], added.shape[2] - 1)
        add_aged(added.reshape(len(rate), -1), boxes, entries, layer.nodes, taking_part(layer.nodes), left)


def _sweep(state: Floats, top: int, lowest: float) -> int:
    """Clear, in place, everything at or above the lowest touch; a bin cut through keeps its lower part.

    Returns:
        The place from which on all is zero now, where it was `top` before.
    """
    if lowest >= top:
        return top
    cell = max(0, int(lowest))
    kept = min(1.0, max(0.0, lowest - cell))
    above = np.add.reduce(state[:, cell + 1 : top], axis=1)  # all differences sum to zero: the bin holds minus this
    state[:, cell] += (1.0 - kept) * above
    state[:, cell + 1] = kept * above
    state[:, cell + 2 : top] = 0.0
    return cell + 2
