"""The conservation nodes' two long loops, compiled: the accounts of bars, and the book over columns.

Needs numba (the `fast` extra) and is imported only where a long history makes compiling worth it; the numpy loops in
`accounts` and `conservation` say what these do, and a test holds the two together to 1e-12.
"""

from __future__ import annotations

from math import log

import numba
import numpy as np

from reportgen.units import Floats, Ints

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
