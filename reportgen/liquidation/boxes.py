"""Deposits as uniform ranges of price, and how they are added to difference arrays along price.

A deposit on a whole range costs four numbers in each exponential of the age law: mass per bin is the running sum of
the differences. All of it is linear, so any number of bars and nodes go in at once, in any order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reportgen.liquidation.deposits import Path
from reportgen.liquidation.kernel import Nodes
from reportgen.units import Floats, Ints

_NO_PART = 1e-18
"""A node this little in an exponential of its age law is not in it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Boxes:
    """Deposits that are still alive, as uniform ranges on the bin axis; p of them, node by node.

    Attributes:
        bar, node: Shape (p,), which bar and which node each comes from; `node` ascends.
        low, high: Shape (p,), bin coordinates, cut at what was swept since. density: shape (p,), mass per bin.
    """

    bar: Ints
    node: Ints
    low: Floats
    high: Floats
    density: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entries:
    """What boxes add to difference arrays: four numbers each.

    Attributes:
        index: Shape (4, p), places in a row of difference arrays. amount: shape (4, p).
    """

    index: Ints
    amount: Floats


def deposit_boxes(path: Path, nodes: Nodes, cut: Floats, step: float) -> Boxes:
    """Spread each bar's deposit over its range and each node's cell, and drop what has been touched whole.

    Args:
        path: n bars.
        nodes: k nodes.
        cut: Shape (n,), nothing lives at or above this bin coordinate (already touched, or beyond the close).
        step: Log width of a bin.

    Returns:
        At most k x n boxes. A box is as wide as range and cell together (in quadrature), at least one bin.
    """
    span = path.far - path.near
    widths = np.sqrt(span * span + np.square(nodes.cell / step)[:, None])
    np.maximum(widths, 1.0, out=widths)
    lows = (path.near + path.far) / 2 - (nodes.distance / step)[:, None]
    lows -= widths / 2
    node, bar = (lows < cut).nonzero()
    width, low = widths[node, bar], lows[node, bar]
    return Boxes(
        bar=bar,
        node=node,
        low=low,
        high=np.minimum(low + width, cut[bar]),
        density=path.deposit[bar] * nodes.weight[node] / width,
    )


def entries_of(boxes: Boxes, row: Ints, bins: int) -> Entries:
    """Turn boxes into differences of mass per bin.

    Args:
        boxes: p boxes.
        row: Shape (p,), which difference array, of `bins` + 1 places, a box belongs to.
        bins: Length of the price axis; what lies beyond it is left out.
    """
    start = row * (bins + 1)
    index, amount = np.empty((4, len(row)), dtype=np.int64), np.empty((4, len(row)))
    for edge, (at, density) in enumerate(((boxes.low, boxes.density), (boxes.high, -boxes.density))):
        place = np.minimum(np.maximum(at, 0.0), bins)
        cell = np.minimum(place.astype(np.int64), bins - 1)
        upper = np.multiply(place - cell, density, out=amount[2 * edge + 1])
        np.subtract(density, upper, out=amount[2 * edge])
        np.add(start, cell, out=index[2 * edge])
        np.add(index[2 * edge], 1, out=index[2 * edge + 1])
    return Entries(index=index, amount=amount)


def taking_part(nodes: Nodes) -> tuple[tuple[int, int], ...]:
    """List the exponentials that a layer's nodes use, each with the number of its nodes up to the last that does."""
    used = nodes.decay_weight > _NO_PART
    until = len(used) - np.argmax(used[::-1], axis=0)
    return tuple((int(layer), int(until[layer])) for layer in np.flatnonzero(used.any(axis=0)))


def add_aged(
    layered: Floats, boxes: Boxes, entries: Entries, nodes: Nodes, parts: tuple[tuple[int, int], ...], left: Floats
) -> None:
    """Add boxes, in place, to every exponential of the age law that their nodes take part in.

    Args:
        layered: Shape (r, rows x (bins + 1)).
        boxes: p boxes, and what they add, as entries.
        entries: Of the same boxes.
        nodes: k nodes with r exponentials.
        parts: As `taking_part` gives them.
        left: Shape (r, n), what is left of each bar's deposit in each exponential; 0 where it has faded.
    """
    until = np.searchsorted(boxes.node, np.arange(len(nodes.distance) + 1))
    for layer, count in parts:
        some = slice(0, int(until[count]))
        factor = left[layer].take(boxes.bar[some])
        factor *= nodes.decay_weight[:, layer].take(boxes.node[some])
        np.add.at(layered[layer], entries.index[:, some].ravel(), (entries.amount[:, some] * factor).ravel())
