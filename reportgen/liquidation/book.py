"""One side's book of liquidation levels over time: sweep, age, deposit, column by column.

The state is O(1) a bar: for each exponential of the age law one array over price, kept as differences along price
(`boxes`). Levels that the path has touched are gone: everything beyond the bar's extreme is cleared before new mass
arrives. Bars of one column are aged to its end at once and together, and layers that lie on the same bars share one
state, so the loop over columns is the only one. `frozen_profile` computes the same book at one moment directly, node by
node and with the exact age law; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reportgen.liquidation.kernel import Nodes
from reportgen.liquidation.path import Path
from reportgen.units import Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """One engine's input for one side.

    Attributes:
        path: Its bars or pieces of bars. nodes: where what they open is liquidated. scale: in the mix.
        sharp: Whether it is not blurred where marks cut the bars.
    """

    path: Path
    nodes: Nodes
    scale: float
    sharp: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """How a side's bars fall into columns; n bars, c columns.

    Attributes:
        end_ms: Shape (c,). start_of: shape (c + 1,), each column's first bar; the last is n.
    """

    end_ms: Ints
    start_of: Ints


def columns_of(path: Path, column_end_ms: Ints) -> Columns:
    """Sort a path's bars into columns, with one column more before the first that takes in all the warm-up."""
    ends = column_end_ms
    if len(ends) > 1 and len(path.close_time_ms):
        before = 2 * int(ends[0]) - int(ends[1])
        ends = np.concatenate([[before], ends]) if path.close_time_ms[0] <= before else ends
    start_of = np.concatenate([[0], np.searchsorted(path.close_time_ms, ends, side="right")])
    return Columns(end_ms=ends, start_of=start_of)


def touches(path: Path, columns: Columns) -> tuple[Floats, Floats]:
    """Tell what the path touched within each column.

    Returns:
        Shape (n,), for each bar the bin coordinate at or above which nothing that it opened lives at its column's end:
        what later bars of the column touched, and its own close; and shape (c,), each column's lowest touch, infinite
        where it has no bar.
    """
    start_of = columns.start_of
    cut = path.close[: start_of[-1]].copy()
    lowest = np.full(len(columns.end_ms), np.inf)
    for column, (first, last) in enumerate(zip(start_of[:-1].tolist(), start_of[1:].tolist(), strict=True)):
        if last > first:
            later = np.minimum.accumulate(path.near[first:last][::-1])[::-1]
            lowest[column] = later[0]
            np.minimum(cut[first : last - 1], later[1:], out=cut[first : last - 1])
    return cut, lowest


def on_shared_rates(layers: Sequence[Layer]) -> tuple[Floats, tuple[Layer, ...]]:
    """Write the age laws of all layers in the same exponentials, and put each layer's scale into its deposits."""
    rate = np.unique(np.concatenate([layer.nodes.decay_rate for layer in layers]))
    shared = []
    for layer in layers:
        weight = np.zeros((len(layer.nodes.distance), len(rate)))
        weight[:, np.searchsorted(rate, layer.nodes.decay_rate)] = layer.nodes.decay_weight
        nodes = replace(layer.nodes, decay_rate=rate, decay_weight=weight)
        shared.append(replace(layer, nodes=nodes, path=replace(layer.path, deposit=layer.scale * layer.path.deposit)))
    return rate, tuple(shared)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Edges:
    """What bars open, node by node, as differences of mass per bin: both ends of each uniform range.

    Attributes:
        place: Shape (2, k, n), low end and high end: the first of the two neighbouring places that an end changes.
        amount: Shape (2, 2, k, n), by how much each of the two, for either end; 0 where nothing is left alive.
    """

    place: Ints
    amount: Floats


def deposit_edges(path: Path, nodes: Nodes, cut: Floats, row: Ints, bins: int, step: float) -> Edges:
    """Spread each bar's deposit over its range and each node's cell, and drop what has been touched.

    Args:
        path: n bars.
        nodes: k nodes.
        cut: Shape (n,), nothing lives at or above this bin coordinate (already touched, or beyond the close).
        row: Shape (n,) or (k, 1), the row of difference arrays, of `bins` + 1 places each, that a deposit belongs to.
        bins: Length of the price axis; what lies beyond it is left out.
        step: Log width of a bin.

    Returns:
        Ranges as wide as a bar's range and a node's cell together (in quadrature), at least one bin.
    """
    span = path.far - path.near
    width = np.sqrt(span * span + np.square(nodes.cell / step)[:, None])
    np.maximum(width, 1.0, out=width)
    low = (path.near + path.far) / 2 - (nodes.distance / step)[:, None] - width / 2
    density = nodes.weight[:, None] * path.deposit / width
    density[low >= cut] = 0.0
    place = np.empty((2, *width.shape), dtype=np.int64)
    amount = np.empty((2, 2, *width.shape))
    for end, at in enumerate((low, np.minimum(low + width, cut, out=width))):
        np.maximum(at, 0.0, out=at)
        np.minimum(at, bins, out=at)
        cell = np.minimum(at.astype(np.int64), bins - 1)
        upper = np.multiply(at - cell, density, out=amount[end, 1])
        np.subtract(density, upper, out=amount[end, 0])
        np.add(cell, row * (bins + 1), out=place[end])
        np.negative(density, out=density)
    return Edges(place=place, amount=amount)


def add_edges(to: Floats, edges: Edges, factor: Floats) -> None:
    """Add what bars open, in place, to difference arrays.

    Args:
        to: Flat, contiguous rows of difference arrays.
        edges: Of k nodes and n bars.
        factor: Shape (j, n), what is left of the first j nodes.
    """
    # Two neighbours are one complex number, so that each end is one addition and not two.
    pairs = np.ndarray(len(to) - 1, dtype=np.complex128, buffer=to, strides=to.strides)
    left = np.empty(factor.shape, dtype=np.complex128)
    for place, (lower, upper) in zip(edges.place, edges.amount, strict=True):
        np.multiply(lower[: len(factor)], factor, out=left.real)
        np.multiply(upper[: len(factor)], factor, out=left.imag)
        np.add.at(pairs, place[: len(factor)].ravel(), left.ravel())


_NO_PART = 1e-18
"""A node this little in an exponential of its age law is not in it."""
_POINTS_AT_ONCE = 24000
_COLUMNS_AT_ONCE = 32  # what they deposit then stays in the processor's cache
_FADED = 40.0
_ROUNDING = 1e-10
"""Of a column's densest bin: less is what sums of differences leave where there is no mass."""


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
    out[out < _ROUNDING * out.max(axis=1, keepdims=True)] = 0.0
    return out[:, :bins]


def frozen_profile(path: Path, nodes: Nodes, at_ms: int, bins: int, step: float) -> Floats:
    """Give the book at one moment, node by node, with the exact age law.

    Returns:
        Mass per node and bin, shape (k, bins); its sum over nodes is the map.
    """
    # Nothing of a bar's length is held by a name that is not needed any more: millions of bars are much memory.
    cut = np.minimum(path.close, np.append(np.minimum.accumulate(path.near[::-1])[-2::-1], np.inf))
    left = np.flatnonzero(  # of a long path most bars have been touched whole
        (path.near + path.far) / 2
        - nodes.distance.max(initial=0.0) / step
        - np.maximum(1.0, np.hypot(path.far - path.near, nodes.cell.max(initial=0.0) / step))
        < cut
    )
    by_node = np.zeros(len(nodes.distance) * (bins + 1))
    at_once = max(1, _POINTS_AT_ONCE // max(1, len(nodes.distance)))
    row = np.arange(len(nodes.distance))[:, None]
    for start in range(0, len(left), at_once):
        some = left[start : start + at_once]
        edges = deposit_edges(path.part(some), nodes, cut[some], row, bins, step)
        add_edges(by_node, edges, nodes.survival((at_ms - path.close_time_ms[some]).astype(np.float64)).T)
    mass = np.cumsum(by_node.reshape(len(nodes.distance), bins + 1), axis=1)[:, :-1]
    return np.asarray(np.maximum(mass, 0.0))


def _deposited(layers: Sequence[Layer], columns: Columns, cut: Floats, bins: int, step: float) -> Iterator[Floats]:
    """Yield what each column deposits, differences of shape (r, w); beyond w it deposits nothing."""
    at_once = max(1, _POINTS_AT_ONCE // max(1, *(len(layer.nodes.distance) for layer in layers)))
    rates = len(layers[0].nodes.decay_rate)
    room = np.empty(rates * _COLUMNS_AT_ONCE * (bins + 1))  # used again and again: fresh memory is slow
    first = 0
    while first < len(columns.end_ms):
        # Take as many whole columns as hold about this many bars, at least one.
        last = int(np.searchsorted(columns.start_of, columns.start_of[first] + at_once, side="right")) - 1
        last = min(len(columns.start_of) - 1, max(first + 1, min(last, first + _COLUMNS_AT_ONCE)))
        bars = range(int(columns.start_of[first]), int(columns.start_of[last]), at_once)
        highest = cut[bars.start : bars.stop].max(initial=0.0)
        width = min(bins, 1 + int(highest))
        added = room[: rates * (last - first) * (width + 1)].reshape(rates, last - first, width + 1)
        added[:] = 0.0
        for start in bars:
            some = slice(start, min(bars.stop, start + at_once))
            # Deposit some bars of a batch of columns in place, each bar aged to its column's end.
            ends = columns.end_ms[first:last]
            rate = layers[0].nodes.decay_rate
            times = layers[0].path.close_time_ms[some]
            column = np.searchsorted(ends, times, side="left")
            aged = np.outer(rate, (ends[column] - times).astype(np.float64))
            left = np.where(aged < _FADED, np.exp(-aged), 0.0)
            for layer in layers:
                edges = deposit_edges(layer.path.part(some), layer.nodes, cut[some], column, added.shape[2] - 1, step)
                used = layer.nodes.decay_weight > _NO_PART
                for part in np.flatnonzero(used.any(axis=0)).tolist():
                    until = int(np.flatnonzero(used[:, part])[-1]) + 1
                    factor = layer.nodes.decay_weight[:until, part, None] * left[part]
                    add_edges(added[part].reshape(-1), edges, factor)
        yield from added.transpose(1, 0, 2)
        first = last


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
