"""What the book is run on: layers of one side, and how their bars fall into columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from reportgen.liquidation.deposits import Path
from reportgen.liquidation.kernel import Nodes
from reportgen.units import Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """One engine's input for one side: a path, its nodes, and its scale in the mix."""

    path: Path
    nodes: Nodes
    scale: float


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
