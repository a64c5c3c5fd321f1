"""The conservation nodes' two long loops, compiled: the accounts of bars, and the book over columns.

Needs numba (the `fast` extra) and is imported only where a long history makes compiling worth it; the numpy loops in
`accounts` and `conservation` say what these do, and a test holds the two together to 1e-12.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log, sqrt
from typing import Any, Final, NamedTuple

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from reportgen.units import Bools, Floats, Ints

# ---- Eight numbers at once: the two vector instructions that numba does not find itself ----

SLOW: Final = 8
QUICK: Final = 4
_INDEX: Final = ir.IntType(32)


def _load(context: Any, builder: Any, kind: Any, array: Any, at: Any, lanes: int) -> tuple[Any, Any]:  # noqa: ANN401
    """Load `lanes` neighbours of a flat array; give the vector and where it lies."""
    data = context.make_array(kind)(context, builder, array).data
    place = builder.bitcast(builder.gep(data, [at]), ir.VectorType(ir.DoubleType(), lanes).as_pointer())
    return builder.load(place, align=8), place


def _picked(builder: Any, vector: Any, lanes: list[int]) -> Any:  # noqa: ANN401
    """Give some of a vector's numbers as a vector, or repeat one."""
    return builder.shuffle_vector(vector, vector, ir.Constant(ir.VectorType(_INDEX, len(lanes)), lanes))


def _box_adder(lanes: int) -> Callable[..., Any]:
    """Make the function that adds the four differences of a box to `lanes` exponentials."""

    def add_box(_typing: Any, state: Any, left: Any, share: Any, places: Any, amounts: Any) -> Any:  # noqa: ANN401
        """Add each of four amounts x left x share to the numbers of `state` from each of four places on.

        `places` holds where to begin in the flat arrays: four in state, one in left, one in share.
        """

        def generate(context: Any, builder: Any, made: Any, given: Any) -> Any:  # noqa: ANN401
            at = [builder.extract_value(given[3], i) for i in range(6)]
            old, _ = _load(context, builder, made.args[1], given[1], at[4], lanes)
            part, _ = _load(context, builder, made.args[2], given[2], at[5], lanes)
            factor = builder.fmul(old, part)
            for edge in range(4):
                amount = builder.extract_value(given[4], edge)
                one = builder.insert_element(ir.Constant(factor.type, ir.Undefined), amount, ir.Constant(_INDEX, 0))
                added = builder.fmul(factor, _picked(builder, one, [0] * lanes))
                held, place = _load(context, builder, made.args[0], given[0], at[edge], lanes)
                builder.store(builder.fadd(held, added), place, align=8)
            return context.get_dummy_value()

        return types.void(state, left, share, places, amounts), generate

    adder: Callable[..., Any] = intrinsic(add_box)
    return adder


add_box_slow = _box_adder(SLOW)
add_box_quick = _box_adder(QUICK)


def _total_and_age(_typing: Any, slow: Any, quick: Any, at: Any, aged: Any) -> Any:  # noqa: ANN401
    """Sum one bin's exponentials, always in the same order, then multiply each by what `aged` leaves of it.

    `aged` is flat: the factors of the slow ones, then of the quick ones.
    """

    def generate(context: Any, builder: Any, made: Any, given: Any) -> Any:  # noqa: ANN401
        eight = builder.mul(given[2], ir.Constant(given[2].type, SLOW))
        four = builder.mul(given[2], ir.Constant(given[2].type, QUICK))
        sums = []
        for which, begin, lanes, after in ((0, eight, SLOW, 0), (1, four, QUICK, SLOW)):
            held, place = _load(context, builder, made.args[which], given[which], begin, lanes)
            skipped = ir.Constant(given[2].type, after)
            factor, _ = _load(context, builder, made.args[3], given[3], skipped, lanes)
            builder.store(builder.fmul(held, factor), place, align=8)
            sums.append(held)
        pair = builder.fadd(_picked(builder, sums[0], [0, 1, 2, 3]), _picked(builder, sums[0], [4, 5, 6, 7]))
        pair = builder.fadd(pair, sums[1])
        pair = builder.fadd(_picked(builder, pair, [0, 1]), _picked(builder, pair, [2, 3]))
        ends = [builder.extract_element(pair, ir.Constant(_INDEX, lane)) for lane in range(2)]
        return builder.fadd(*ends)

    return types.float64(slow, quick, at, aged), generate


total_and_age: Callable[..., Any] = intrinsic(_total_and_age)


# ---- The default map's book, compiled: sweep, age and deposit one column after the other, straight into the state ----
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


_RESCALE = 1e-100


@numba.njit(cache=True, nogil=True)
def run_bars(  # noqa: PLR0913, PLR0917 - a compiled loop takes plain arrays
    entry: Ints, touch: Ints, steady: Floats, change: Floats, before: Floats, answers: bool,  # noqa: FBT001
    below: Ints, weight: Floats, most: float,
) -> Floats:  # fmt: skip
    """Run the bars of one side: sweep, decay, deposit, as `accounts.run` does; shape (5, n)."""
    base, nearest = entry.min() - below.max(), below.min()
    ladder = np.zeros(entry.max() - base + 1)
    out = np.empty((5, len(entry)))
    book, survival, log_survival, highest = 0.0, 1.0, 0.0, -1
    for bar in range(len(entry)):
        rung = entry[bar] - base
        low = max(touch[bar] - base, 0)
        swept = 0.0
        for at in range(low, highest + 1):
            swept += ladder[at]
            ladder[at] = 0.0
        swept *= survival
        highest = min(highest, low - 1)
        left = change[bar] + swept if answers else 0.0
        opened = steady[bar] + max(left, 0.0)
        wanted = steady[bar] + max(-left, 0.0)
        kept = 1.0 - min(most, wanted / before[bar]) if before[bar] > 0 else 1.0 - most
        remaining = max(book - swept, 0.0)
        survival *= kept
        log_survival += log(kept)
        if survival < _RESCALE:
            ladder *= survival
            survival = 1.0
        amount = opened / survival
        for node in range(len(below)):
            ladder[rung - below[node]] += weight[node] * amount
        highest = max(highest, rung - nearest)
        book = remaining * kept + opened
        out[0, bar] = opened
        out[1, bar] = remaining * (1.0 - kept)
        out[2, bar] = swept
        out[3, bar] = book
        out[4, bar] = log_survival
    return out


@numba.njit(cache=True, nogil=True)
def book_over_time(  # noqa: PLR0913, PLR0917 - a compiled loop takes plain arrays
    entry: Ints, touch: Ints, opened: Floats, log_survival: Floats, end: Ints, below: Ints, weight: Floats,
    place: Ints, bins: int,
) -> Floats:  # fmt: skip
    """Keep the book at the end of each column, as `conservation.book_over_time` does.

    Args:
        entry: Shape (n,), as in `Flows`.
        touch: Shape (n,), as in `Flows`.
        opened: Shape (n,), as in `Flows`.
        log_survival: Shape (n,), as in `Flows`.
        end: Shape (c,), how many bars have closed by each column's end.
        below: Shape (k,), rungs from entry to level.
        weight: Shape (k,).
        place: Shape (rungs,), each rung's bin; `bins` for what lies beyond the grid.
        bins: Length of the price axis.

    Returns:
        Shape (c, bins).
    """
    base, nearest = entry.min() - below.max(), below.min()
    ladder = np.zeros(len(place))
    out = np.zeros((len(end), bins + 1))
    highest, bar, scale, last = -1, 0, 1.0, 0.0
    for column in range(len(end)):
        while bar < end[column]:
            low = max(touch[bar] - base, 0)
            for at in range(low, highest + 1):
                ladder[at] = 0.0
            highest = min(highest, low - 1)
            scale *= np.exp(log_survival[bar] - last)
            last = log_survival[bar]
            if scale < _RESCALE:
                ladder *= scale
                scale = 1.0
            amount = opened[bar] / scale
            rung = entry[bar] - base
            for node in range(len(below)):
                ladder[rung - below[node]] += weight[node] * amount
            highest = max(highest, rung - nearest)
            bar += 1
        for at in range(highest + 1):
            out[column, place[at]] += ladder[at] * scale
    return out[:, :bins]
