"""The default map's book, compiled: sweep, age and deposit one column after the other, straight into the state.

Needs numba (the `fast` extra) and is imported only where a long history makes compiling worth it; `book.mixed_book`
says what this does, and a test holds the two together to 1e-12. Bars of a column go from the last to the first, so that
what later bars touched, and how old a bar's deposit is by the column's end, are known when it is put down.
"""

from __future__ import annotations

from math import exp, sqrt
from typing import Final, NamedTuple

import numba
import numpy as np

from reportgen.liquidation.fast_lanes import QUICK, SLOW, add_box_quick, add_box_slow, total_and_age
from reportgen.units import Bools, Floats, Ints

LANES: Final = SLOW + QUICK
MOST: Final = 64
"""Nodes of all layers together, at most."""
FADED: Final = 1e-17
_U = np.uint64  # numba asks of every signed index whether it counts from the end


class Bars(NamedTuple):
    """A side's n bars, for each of l layers: as in `Path`, the layers' far extremes and deposits stacked, (l, n)."""

    close_ms: Ints
    near: Floats
    close: Floats
    far: Floats
    deposit: Floats


class Kinds(NamedTuple):
    """The nodes of all layers one after the other, k of them, in bins.

    `first` has shape (l + 1,), each layer's first node; `still` (l,), whether a layer never ages. `shape` holds the
    distances, then the squared cells, then the weights, `MOST` places for each. `slow` and `quick` are flat, each
    node's part in the slow and in the quick exponentials, and `uses_quick` is (k,).
    """

    first: Ints
    still: Bools
    shape: Floats
    slow: Floats
    quick: Floats
    uses_quick: Bools


class State(NamedTuple):
    """Differences of mass along price, flat: by bin and slow exponential, by bin and quick one, and what never ages."""

    slow: Floats
    quick: Floats
    still: Floats


class Scratch(NamedTuple):
    """Room to work in: what is left of a deposit in each exponential, and the boxes of one bar and layer.

    `box` holds each node's low end and what its box adds in the bins of its two ends and in the next ones, `MOST`
    places for each; `ends` holds those two bins.
    """

    slow: Floats
    quick: Floats
    box: Floats
    ends: Ints


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _sweep(state: Floats, lanes: int, top: int, lowest: float) -> int:
    """Clear what stands at or above the lowest touch; the differences sum to zero, so what lies above tells the bin."""
    if lowest >= top:
        return top
    cell = int(max(0.0, lowest))
    kept = min(1.0, max(0.0, lowest - cell))
    for lane in range(lanes):
        above = 0.0
        for at in range((cell + 1) * lanes + lane, top * lanes + lane, lanes):
            above += state[at]
            state[at] = 0.0
        state[cell * lanes + lane] += above * (1.0 - kept)
        state[(cell + 1) * lanes + lane] = above * kept
    return cell + 2


@numba.njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _boxes(  # noqa: PLR0913, PLR0917 - a compiled loop takes plain numbers
    shape: Floats, first: int, end: int, near: float, far: float, deposit: float, below: float, bins: int,
    box: Floats, ends: Ints,
) -> None:  # fmt: skip
    """Lay out the boxes of one bar and layer, at least one bin wide each and cut at what has been touched."""
    span, middle = (far - near) * (far - near), 0.5 * (near + far)
    most, last = float(bins), bins - 1
    for node in range(_U(first), _U(end)):  # few arrays, or the compiler gives up telling whether they overlap
        width = sqrt(span + shape[node + _U(MOST)])
        width = width if width > 1.0 else 1.0  # noqa: FURB136 - max() asks about NaN
        density = deposit * shape[node + _U(2 * MOST)] / width
        low = middle - shape[node] - 0.5 * width
        box[node] = low
        high = low + width
        high = high if high < below else below  # noqa: FURB136
        high = high if high > 0.0 else 0.0  # noqa: FURB136
        high = high if high < most else most  # noqa: FURB136
        low = low if low > 0.0 else 0.0  # noqa: FURB136
        low = low if low < most else most  # noqa: FURB136
        start, stop = int(low), int(high)
        start = start if start < last else last  # noqa: FURB136
        stop = stop if stop < last else last  # noqa: FURB136
        ends[node] = start
        ends[node + _U(MOST)] = stop
        upper, upper_stop = (low - start) * density, (stop - high) * density
        box[node + _U(MOST)] = density - upper
        box[node + _U(2 * MOST)] = upper
        box[node + _U(3 * MOST)] = -density - upper_stop
        box[node + _U(4 * MOST)] = upper_stop


@numba.njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _deposit(state: State, kinds: Kinds, layer: int, below: float, room: Scratch) -> None:
    """Put down the boxes of one bar and layer that begin below what has been touched."""
    still = kinds.still[layer]
    for node in range(kinds.first[layer + 1] - 1, kinds.first[layer] - 1, -1):
        n = _U(node)
        if room.box[n] >= below:
            break  # nearer nodes stand higher still
        start, stop = _U(room.ends[n]), _U(room.ends[n + _U(MOST)])
        lower, upper = room.box[n + _U(MOST)], room.box[n + _U(2 * MOST)]
        lower_stop, upper_stop = room.box[n + _U(3 * MOST)], room.box[n + _U(4 * MOST)]
        if still:
            state.still[start] += lower
            state.still[start + _U(1)] += upper
            state.still[stop] += lower_stop
            state.still[stop + _U(1)] += upper_stop
            continue
        amounts = (lower, upper, lower_stop, upper_stop)
        at, to = start * _U(SLOW), stop * _U(SLOW)
        places = (at, at + _U(SLOW), to, to + _U(SLOW), _U(0), n * _U(SLOW))
        add_box_slow(state.slow, room.slow, kinds.slow, places, amounts)
        if kinds.uses_quick[n]:
            at, to = start * _U(QUICK), stop * _U(QUICK)
            places = (at, at + _U(QUICK), to, to + _U(QUICK), _U(0), n * _U(QUICK))
            add_box_quick(state.quick, room.quick, kinds.quick, places, amounts)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _aged(rate: Floats, elapsed_ms: int, out: Floats) -> None:
    """Tell what is left of each exponential after some time; the places beyond the rates stay as they are."""
    for lane in range(len(rate)):
        out[lane] = exp(-rate[lane] * elapsed_ms)


@numba.njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _fade(left: Floats, aged: Floats, first: int) -> None:
    """Let what is left of a deposit grow older; what has faded is gone, or it would become too small to be fast."""
    for lane in range(len(left)):
        rest = left[lane] * aged[first + lane]
        left[lane] = rest if rest > FADED else 0.0


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _column(  # noqa: PLR0913, PLR0917 - a compiled loop takes plain arrays
    state: State, bars: Bars, kinds: Kinds, span: tuple[int, int], end_ms: int, rate: Floats, bins: int,
    room: Scratch, aged: Floats,
) -> float:  # fmt: skip
    """Deposit one column's bars, from the last to the first; give the highest place where one may lie."""
    room.slow[:] = 1.0
    room.quick[:] = 1.0
    cut, highest, later, gap_known = np.inf, 0.0, end_ms, -1
    for bar in range(span[1] - 1, span[0] - 1, -1):
        gap = later - bars.close_ms[bar]
        later = bars.close_ms[bar]
        if gap != gap_known:
            gap_known = gap
            _aged(rate, gap, aged)
        _fade(room.slow, aged, 0)
        _fade(room.quick, aged, SLOW)
        below = min(cut, bars.close[bar])
        cut = min(cut, bars.near[bar])
        highest = max(highest, below)
        for layer in range(len(bars.far)):
            first, end = kinds.first[layer], kinds.first[layer + 1]
            size, far = bars.deposit[layer, bar], bars.far[layer, bar]
            _boxes(kinds.shape, first, end, bars.near[bar], far, size, below, bins, room.box, room.ends)
            _deposit(state, kinds, layer, below, room)
    return highest


@numba.njit(cache=True, nogil=True, error_model="numpy")
def run(state: State, bars: Bars, kinds: Kinds, end_ms: Ints, start_of: Ints, rate: Floats, out: Floats) -> None:
    """Run the book, as `book.mixed_book` does, and write it into `out`, which is zero.

    Args:
        state: Empty; `slow` begins at a multiple of 64 bytes, or each access would touch two lines of the cache.
        bars: Of one side.
        kinds: Their nodes.
        end_ms: Shape (c,), of the columns, the warm-up's too.
        start_of: Shape (c + 1,), each column's first bar.
        rate: Shape (r,), at most `LANES`, per millisecond, ascending.
        out: Shape (columns kept, bins); the last columns are.
    """
    bins, skip = out.shape[1], len(end_ms) - len(out)
    room = Scratch(np.zeros(SLOW), np.zeros(QUICK), np.zeros(5 * MOST), np.zeros(2 * MOST, dtype=np.int64))
    aged, unseen, top = np.ones(LANES), np.zeros(bins), 0
    for column in range(len(end_ms)):
        span = (start_of[column], start_of[column + 1])
        lowest = np.inf
        for bar in range(span[0], span[1]):
            lowest = min(lowest, bars.near[bar])
        _sweep(state.slow, SLOW, top, lowest)
        _sweep(state.quick, QUICK, top, lowest)
        top = _sweep(state.still, 1, top, lowest)
        highest = _column(state, bars, kinds, span, end_ms[column], rate, bins, room, aged)
        top = max(top, int(min(float(bins - 1), highest)) + 2)
        _aged(rate, end_ms[min(column + 1, len(end_ms) - 1)] - end_ms[column], aged)
        row = out[column - skip] if column >= skip else unseen
        held = 0.0
        for at in range(top):
            held += total_and_age(state.slow, state.quick, _U(at), aged) + state.still[at]
            if at < bins:
                row[at] = max(held, 0.0)
