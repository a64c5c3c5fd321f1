"""The accounts of one side, bar by bar: what each bar opened, closed and swept, and what is left of it later.

A bar's sweep answers to what earlier bars opened, and what it opens answers to its sweep, so bars go one by one. What
is slow about that is done for many bars at once: which part of each deposit each later bar touches depends on the path
alone. Of what opened at rung e, the nodes farther than e - L are left once the path has touched rung L; a running sum
of the node weights tells how much that is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reportgen.units import Floats, Ints

_RESCALE = 1e-100
_DECADES = 100.0
"""So many powers of ten the survival may fall before mass is put on a new scale, or it would leave the numbers."""
_BARS_AT_ONCE = 64
_UNTOUCHED = np.iinfo(np.int64).max // 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bars:
    """What the accounts of one side are made from, n bars.

    Attributes:
        entry: Shape (n,), rung of the close. touch: shape (n,), the lowest rung touched.
        steady: Shape (n,), opened and closed in any case. change: shape (n,), of open interest.
        before: Shape (n,), open interest before the bar; infinite when nothing ever closes by itself.
        answers: Whether what opens and closes also answers to `change` and to what was swept.
    """

    entry: Ints
    touch: Ints
    steady: Floats
    change: Floats
    before: Floats
    answers: bool


class Standing:
    """Mass by rung over the survival since it was put there, so that decay is one product for all of it."""

    def __init__(self, bars: Bars, below: Ints, weight: Floats) -> None:
        """Start empty, with room for every level that these bars can open."""
        self.below, self.weight, self.farthest = below, weight, int(below.max())
        self.base = int(bars.entry.min()) - self.farthest
        self.mass = np.zeros(int(bars.entry.max()) - self.base + 1)
        self.top = 0  # nothing stands from here on
        nearer = np.bincount(below, weights=weight, minlength=self.farthest + 1)
        self.farther = np.maximum(np.cumsum(nearer[::-1])[::-1] - nearer, 0.0)
        self.farther[-1] = 0.0

    def sweep(self, touch: Ints) -> Floats:
        """Take off what each bar is the first to touch, shape (m,)."""
        reached = np.minimum(np.minimum.accumulate(np.maximum(touch - self.base, 0)), self.top)
        lowest = int(reached[-1])
        held = np.concatenate([[0.0], np.cumsum(self.mass[lowest : self.top])])
        before = np.concatenate([[self.top], reached[:-1]])
        self.mass[lowest : self.top] = 0.0
        self.top = lowest
        return np.asarray(held[before - lowest] - held[reached - lowest])

    def touched_among(self, entry: Ints, touch: Ints) -> tuple[Floats, Ints]:
        """Tell which part of each bar's deposit each later bar is the first to touch.

        Returns:
            Shape (m, m), later bar x bar that opened; and shape (m,), the lowest rung touched after each bar.
        """
        count = len(entry)
        later = np.where(np.tri(count, dtype=np.bool_), _UNTOUCHED, touch)  # bar that opened x later bar
        np.minimum.accumulate(later, axis=1, out=later)
        depth = np.clip(entry[:, None] - later, 0, self.farthest)
        left = self.farther[depth]
        gone = np.zeros((count, count))
        gone[1:] = (left[:, :-1] - left[:, 1:]).T
        return gone, later[:, -1]

    def put(self, entry: Ints, amount: Floats, cut: Ints) -> None:
        """Add deposits, less what has been touched at or above each one's cut, shape (m,) each."""
        level = entry[:, None] - self.below
        there = level < cut[:, None]
        np.add.at(self.mass, level[there] - self.base, (amount[:, None] * self.weight)[there])
        if there.any():
            self.top = max(self.top, int(level[there].max()) - self.base + 1)


def run(bars: Bars, below: Ints, weight: Floats, most: float) -> Floats:
    """Run the bars: sweep, decay, deposit.

    Args:
        bars: n bars.
        below: Shape (k,), rungs from entry to level, at least one.
        weight: Shape (k,), summing to 1.
        most: Largest part of the book that one bar may close.

    Returns:
        Shape (5, n): opened, closed, swept, book, log survival.
    """
    standing = Standing(bars, below, weight)
    book, survival = 0.0, 1.0
    found = np.empty((4, len(bars.entry)))
    at_once = min(_BARS_AT_ONCE, max(1, int(_DECADES / -np.log10(max(1.0 - most, _RESCALE)))))
    for start in range(0, len(bars.entry), at_once):
        some = slice(start, start + at_once)
        entry, touch = bars.entry[some], bars.touch[some]
        old_touched = standing.sweep(touch)
        touched, cut = standing.touched_among(entry, touch)
        amount = np.zeros(len(entry))
        rows: list[tuple[float, float, float, float]] = []
        columns = (old_touched, touched.any(axis=1), bars.steady[some], bars.change[some], bars.before[some])
        for bar, (old, any_new, steady, change, had) in enumerate(zip(*(x.tolist() for x in columns), strict=True)):
            gone = old + float(touched[bar, :bar] @ amount[:bar]) if any_new else old
            swept = gone * survival
            left = change + swept if bars.answers else 0.0
            opened, wanted = (steady + left, steady) if left > 0 else (steady, steady - left)
            part = wanted / had if had > 0 else most
            kept = 1.0 - min(most, part)
            survival *= kept
            amount[bar] = opened / survival
            book = (book - swept if book > swept else 0.0) * kept + opened
            rows.append((opened, swept, kept, book))
        found[:, some] = np.array(rows).T
        standing.put(entry, amount, cut)
        if survival < _RESCALE:
            standing.mass *= survival
            survival = 1.0
    opens, sweeps, keeps, books = found
    remaining = np.maximum(np.concatenate([[0.0], books[:-1]]) - sweeps, 0.0)
    return np.stack([opens, remaining * (1.0 - keeps), sweeps, books, np.cumsum(np.log(keeps))])
