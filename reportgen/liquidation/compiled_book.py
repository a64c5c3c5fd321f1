"""The way to the compiled book, where it is worth taking: numba is installed, the history long, the nodes in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import TypeVar

import numpy as np

from reportgen.liquidation.columns import Columns, Layer
from reportgen.units import Floats, Side

_T = TypeVar("_T")
_WORTH_COMPILING = 20_000
"""Bars from which loading numba costs less than the numpy loops of a few symbols."""
_CACHE_LINE = 64


def loops_for(bars: int) -> ModuleType | None:
    """Give the compiled loops where the history is long enough and numba is installed."""
    if bars < _WORTH_COMPILING:
        return None
    try:
        from reportgen.liquidation import fast_book  # noqa: PLC0415 - loads numba
    except (ImportError, RuntimeError):  # not installed, or it finds no folder that it may keep its code in
        return None
    return fast_book


def each_side(work: Callable[[Side], _T], bars: int) -> Mapping[Side, _T]:
    """Do the same work for both sides: one thread each where the loops are compiled, since those let others run.

    Neither side reads what the other makes, so the result does not depend on which is first.
    """
    if loops_for(bars) is None:
        return {side: work(side) for side in Side}
    with ThreadPoolExecutor(len(Side)) as pool:
        return dict(zip(Side, pool.map(work, Side), strict=True))


def compiled_book(
    layers: Sequence[Layer], columns: Columns, rate: Floats, shape: tuple[int, int], step: float
) -> Floats | None:
    """Run the book of layers that share their rates, as `book.mixed_book` does.

    Args:
        layers: Of one side, their age laws in the same exponentials.
        columns: How their bars fall into columns, the warm-up first.
        rate: Shape (r,), the exponentials, per millisecond, ascending.
        shape: Columns to keep, and bins.
        step: Log width of a bin.

    Returns:
        Mass per bin; None where the numpy loop has to do it.
    """
    loops = loops_for(int(columns.start_of[-1]))
    if loops is None or not all(_in_order(layer) for layer in layers):
        return None
    if len(rate) > loops.LANES or sum(len(layer.nodes.distance) for layer in layers) > loops.MOST:
        return None
    used = slice(0, int(columns.start_of[-1]))
    path = layers[0].path
    bars = loops.Bars(
        path.close_time_ms[used],
        path.near[used],
        path.close[used],
        np.stack([layer.path.far[used] for layer in layers]),
        np.stack([layer.path.deposit[used] for layer in layers]),
    )
    bins = shape[1] + 2
    state = loops.State(_aligned(bins * loops.SLOW), _aligned(bins * loops.QUICK), np.zeros(bins))
    out = np.zeros(shape)
    kinds = _kinds(loops, layers, rate, step)
    loops.run(state, bars, kinds, columns.end_ms, columns.start_of, rate, out)
    return out


def _kinds(loops: ModuleType, layers: Sequence[Layer], rate: Floats, step: float) -> object:
    """Put the nodes of all layers one after the other, as the compiled loops take them."""
    nodes = [layer.nodes for layer in layers]
    still = np.array([not x.decay_weight[:, rate > 0].any() for x in nodes])
    weight = [x.weight * (x.decay_weight[:, 0] if calm else 1.0) for x, calm in zip(nodes, still, strict=True)]
    share = np.zeros((sum(len(x.distance) for x in nodes), loops.LANES))
    share[:, : len(rate)] = np.concatenate([x.decay_weight for x in nodes])
    quick = share[:, loops.SLOW :]
    shape = np.zeros((3, loops.MOST))
    shape[0, : len(share)] = np.concatenate([x.distance for x in nodes]) / step
    shape[1, : len(share)] = np.square(np.concatenate([x.cell for x in nodes]) / step)
    shape[2, : len(share)] = np.concatenate(weight)
    return loops.Kinds(
        np.cumsum([0, *(len(x.distance) for x in nodes)]),
        still,
        shape.ravel(),
        share[:, : loops.SLOW].ravel(),
        quick.ravel(),
        (quick > loops.FADED).any(axis=1),
    )


def _in_order(layer: Layer) -> bool:
    """Tell whether a farther node's box never begins above a nearer one's."""
    return bool((np.diff(layer.nodes.distance) >= 0).all() and (np.diff(layer.nodes.cell) >= 0).all())


def _aligned(size: int) -> Floats:
    """Make zeros that begin where a line of the processor's cache does."""
    room = np.zeros(size + _CACHE_LINE)
    begin = -room.ctypes.data % _CACHE_LINE // room.itemsize
    return room[begin : begin + size]
