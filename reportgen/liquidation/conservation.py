"""The conservation nodes: what each would have swept, holds now, and held over time, from one side's flows.

Everything is linear in the node weights once the flows are given, so calibration, map and
uncertainty all start from masses at unit weight. Levels are points here; `by_distance` blurs them for the eye and for
scores. A touched level is gone: a rung at or above the bar's touch is swept before anything is added.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.liquidation.path import NO_MARKS, Grid, along_marks, constant_deposits, paths_of
from reportgen.market.data import Candles, OpenInterest
from reportgen.units import DAY_MS, Floats, Ints, Maybe, Missing, Side

_RESCALE = 1e-100
_DECADES = 100.0
"""So many powers of ten the survival may fall before mass is put on a new scale, or it would leave the numbers."""
_BARS_AT_ONCE = 64
_UNTOUCHED = np.iinfo(np.int64).max // 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LedgerBars:
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


class BarLedger:
    """Mass by rung over the survival since it was put there, so that decay is one product for all of it."""

    def __init__(self, bars: LedgerBars, below: Ints, weight: Floats) -> None:
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


def run(bars: LedgerBars, below: Ints, weight: Floats, most: float) -> Floats:
    """Run the bars: sweep, decay, deposit.

    Args:
        bars: n bars.
        below: Shape (k,), rungs from entry to level, at least one.
        weight: Shape (k,), summing to 1.
        most: Largest part of the book that one bar may close.

    Returns:
        Shape (5, n): opened, closed, swept, book, log survival.
    """
    standing = BarLedger(bars, below, weight)
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ladder:
    """The rungs on which one side's levels stand, counted so that its levels lie towards smaller numbers.

    Attributes:
        origin: Log price of rung 0. step: log width between rungs. side: shorts count downwards in price.
    """

    origin: float
    step: float
    side: Side

    @property
    def sign(self) -> float:
        """1 for longs, whose levels lie below; -1 for shorts."""
        return 1.0 if self.side is Side.LONG else -1.0

    def place(self, price: Floats) -> Floats:
        """Give prices as ladder coordinates, any shape."""
        return np.asarray(self.sign * (np.log(price) - self.origin) / self.step)

    def log_price(self, rung: Ints) -> Floats:
        """Give the log price of rungs, any shape."""
        return np.asarray(self.origin + self.sign * self.step * rung)

    def below_entry(self, distance: Floats) -> Ints:
        """Give log distances as whole rungs, at least one, shape (k,)."""
        return np.maximum(1, np.rint(distance / self.step)).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flows:
    """One side's accounts, bar by bar, in base coins (in hours of path where there is no open interest); n bars.

    Attributes:
        side: Whose positions. ladder: where rungs stand.
        close_time_ms: Shape (n,).
        entry: Shape (n,), rung of the close, where the bar's positions open.
        touch: Shape (n,), the lowest rung that the bar's path touched; it and all above are swept.
        opened: Shape (n,). closed: shape (n,), what truly left the book, after the cap. swept: shape (n,).
        book: Shape (n,), at the end of the bar.
        log_survival: Shape (n,), log of the product of the survivals up to and with the bar: a deposit of bar t that
            nothing touched holds exp(log_survival[T] - log_survival[t]) of itself at the end of bar T.
    """

    side: Side
    ladder: Ladder
    close_time_ms: Ints
    entry: Ints
    touch: Ints
    opened: Floats
    closed: Floats
    swept: Floats
    book: Floats
    log_survival: Floats


def node_distances(assumptions: Assumptions) -> Floats:
    """Give the nodes' log distances from entry, log-spaced, shape (k,)."""
    a = assumptions
    return np.asarray(np.geomspace(a.node_nearest, a.node_farthest, len(a.node_weights)))


def reference_weights(assumptions: Assumptions) -> Floats:
    """Give the share of a deposit at each node, shape (k,), summing to 1."""
    weight = np.asarray(assumptions.node_weights, dtype=np.float64)
    return np.asarray(weight / weight.sum())


def aligned_open_interest(candles: Candles, open_interest: Maybe[OpenInterest]) -> Maybe[Floats]:
    """Give open interest at each bar's close: the latest snapshot by then.

    Bars before the first snapshot hold its value, that is no change; their level is not known, and nothing is read
    from it but how fast positions turn over.

    Returns:
        Shape (n,), base coins, or why there is none.
    """
    if isinstance(open_interest, Missing):
        return open_interest
    known = np.isfinite(open_interest.open_interest_base) & (open_interest.open_interest_base > 0)
    time, value = open_interest.time_ms[known], open_interest.open_interest_base[known]
    if not len(candles) or not len(time) or time[0] > candles.close_time_ms[-1]:
        return Missing("No open-interest snapshot by the last close: flows cannot be told.")
    at = np.searchsorted(time, candles.close_time_ms, side="right") - 1
    return np.asarray(value[np.maximum(at, 0)])


def turnover(candles: Candles, assumptions: Assumptions) -> Floats:
    """Give each bar's churn, positions that change hands and leave open interest as it is; shape (n,), base coins.

    Constant and volume blended: (1 - share) x the trailing mean of volume + share x volume, times `churn`.
    """
    a = assumptions
    bars = max(1, int(a.volume_mean_days * DAY_MS // candles.interval_ms))
    total = np.concatenate([[0.0], np.cumsum(candles.volume_base)])
    end = np.arange(1, len(candles) + 1)
    start = np.maximum(0, end - bars)
    mean = (total[end] - total[start]) / (end - start)
    return np.asarray(a.churn * ((1 - a.volume_share) * mean + a.volume_share * candles.volume_base))


def conservation_flows(candles: Candles, open_interest: Floats, side: Side, assumptions: Assumptions) -> Flows:
    """Account for one side with open interest, at the reference weights.

    Args:
        candles: n bars.
        open_interest: Shape (n,), base coins at each close (`aligned_open_interest`).
        side: Longs or shorts.
        assumptions: `churn`, `volume_share`, the nodes, `flow_most_closed`, `level_log_width`.
    """
    change = np.diff(open_interest, prepend=open_interest[:1])
    before = np.concatenate([open_interest[:1], open_interest[:-1]])
    return _account(_bars_of(candles, side), side, turnover(candles, assumptions), change, before, assumptions)


def constant_flows(
    candles: Candles, side: Side, assumptions: Assumptions, open_interest: Maybe[OpenInterest] = NO_MARKS
) -> Flows:
    """Account for one side without open interest: the same deposit every hour of path, gone only when touched.

    Args:
        candles: Bars.
        side: Longs or shorts.
        assumptions: The nodes, `level_log_width`.
        open_interest: Snapshots whose mark prices cut the bars, so that a baseline walks the path of the map beside it.
    """
    bars = _bars_of(candles, side)
    grid = Grid(log_low=float(np.log(candles.close[0])), step=assumptions.level_log_width, bins=0)
    path = replace(paths_of(candles, grid)[Side.LONG], deposit=constant_deposits(candles))
    fine = along_marks(path, grid, candles.interval_ms, open_interest)
    if fine is not path:
        touch = fine.near if side is Side.LONG else fine.far
        touched, close = (np.exp(grid.log_low + grid.step * place) for place in (touch, fine.close))
        bars = (fine.close_time_ms, close, touched)
    return _account(bars, side, fine.deposit, None, np.full(len(fine.deposit), np.inf), assumptions)


def _bars_of(candles: Candles, side: Side) -> tuple[Ints, Floats, Floats]:
    """Give what a ledger reads of bars: their ends, closes, and the extremes that touch this side's levels."""
    return candles.close_time_ms, candles.close, candles.low if side is Side.LONG else candles.high


def _account(
    path: tuple[Ints, Floats, Floats],
    side: Side,
    steady: Floats,
    change: Floats | None,
    before: Floats,
    assumptions: Assumptions,
) -> Flows:
    """Put the path on the ladder and run the bars; `change` None means that deposits answer to nothing."""
    a = assumptions
    time, close, extreme = path
    ladder = Ladder(origin=float(np.log(close[0])), step=a.level_log_width, side=side)
    bars = LedgerBars(
        entry=np.rint(ladder.place(close)).astype(np.int64),
        touch=np.ceil(ladder.place(extreme)).astype(np.int64),
        steady=steady,
        change=np.zeros(len(close)) if change is None else change,
        before=before,
        answers=change is not None,
    )
    found = run(bars, ladder.below_entry(node_distances(a)), reference_weights(a), a.flow_most_closed)
    return Flows(
        side=side,
        ladder=ladder,
        close_time_ms=time,
        entry=bars.entry,
        touch=bars.touch,
        opened=found[0],
        closed=found[1],
        swept=found[2],
        book=found[3],
        log_survival=found[4],
    )


_FADED = -41.0
"""Log survival below which a deposit counts for nothing: 1e-18."""
_NOTHING = 1e-18
_COLUMNS_AT_ONCE = 1024


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NodeSweeps:
    """What each bar would have swept of each node, were all that opens deposited there: the matrix of calibration.

    Attributes:
        base: Shape (n, k), base coins. quote: shape (n, k), each coin at its level's price.
    """

    base: Floats
    quote: Floats


def swept_by_node(flows: Flows, distance: Floats) -> NodeSweeps:
    """Give the swept mass per bar and node at unit weight, the flows held as they are.

    Args:
        flows: n bars.
        distance: Shape (k,), log distances from entry; they need not be those that the flows were made with.

    Returns:
        With the reference weights w, `base @ w` is `flows.swept`.
    """
    n, count = len(flows.entry), len(distance)
    swept = NodeSweeps(base=np.zeros((n, count)), quote=np.zeros((n, count)))
    # Give minima over 1, 2, 4, ... bars from each bar on, the path ending in a touch of everything.
    minima = [np.append(flows.touch, np.iinfo(np.int64).min)]
    while (width := 2 ** (len(minima) - 1)) < len(flows.touch):
        longer = minima[-1].copy()
        longer[:-width] = np.minimum(longer[:-width], minima[-1][width:])
        longer[-width:] = np.iinfo(np.int64).min
        minima.append(longer)
    for node, rungs in enumerate(flows.ladder.below_entry(distance)):
        level = flows.entry - rungs
        touched = _first_touch(level, minima)
        bar = np.flatnonzero(touched < n)
        at = touched[bar]
        mass = flows.opened[bar] * np.exp(flows.log_survival[at - 1] - flows.log_survival[bar])
        swept.base[:, node] = np.bincount(at, weights=mass, minlength=n)
        price = np.exp(flows.ladder.log_price(level[bar]))
        swept.quote[:, node] = np.bincount(at, weights=mass * price, minlength=n)
    return swept


def node_profile(flows: Flows, distance: Floats, grid: Grid) -> Floats:
    """Give what each node holds at the end of the last bar, at unit weight; what lies beyond the grid is left out.

    Returns:
        Shape (k, bins), ascending in price, base coins.
    """
    alive = np.exp(flows.log_survival[-1] - flows.log_survival)
    bar = np.flatnonzero(flows.log_survival[-1] - flows.log_survival > _FADED)
    later = np.append(np.minimum.accumulate(flows.touch[::-1])[::-1][1:], np.iinfo(np.int64).max)
    below = flows.ladder.below_entry(distance)
    profile = np.empty((len(below), grid.bins))
    for node, rungs in enumerate(below):
        level = flows.entry[bar] - rungs
        there = level < later[bar]
        weights = (flows.opened * alive)[bar][there]
        profile[node] = np.bincount(_bin_of(level[there], flows, grid), weights=weights, minlength=grid.bins + 1)[:-1]
    return profile


def book_over_time(flows: Flows, distance: Floats, weight: Floats, column_end_ms: Ints, grid: Grid) -> Floats:
    """Run the book and keep it at the end of each column.

    Args:
        flows: n bars; those closing after the last column are ignored, those before the first are warm-up.
        distance: Shape (k,), log distances from entry.
        weight: Shape (k,), >= 0, part of a deposit at each node.
        column_end_ms: Shape (c,), ascending.
        grid: Price bins; what lies beyond them is left out.

    Returns:
        Shape (c, bins), ascending in price, base coins x weight.
    """
    below = flows.ladder.below_entry(distance)
    base = int(flows.entry.min()) - int(below.max())
    size = int(flows.entry.max()) - base + 1
    place = _bin_of(base + np.arange(size), flows, grid)
    state, since = np.zeros(size), flows.log_survival[0]
    out = np.zeros((len(column_end_ms), grid.bins))
    for start, end, column in _pieces(flows.close_time_ms, column_end_ms):
        if end > start:
            state[max(0, int(flows.touch[start:end].min()) - base) :] = 0.0
            state *= np.exp(flows.log_survival[end - 1] - since)
            since = flows.log_survival[end - 1]
            state[state < _NOTHING * state.max()] = 0.0  # or they would fade into numbers too small to be fast
            # Deposit a run of bars as it stands at the run's end: aged, and without what the run itself touched.
            bars = slice(start, end)
            touch = flows.touch[bars]
            later = np.append(np.minimum.accumulate(touch[::-1])[::-1][1:], np.iinfo(np.int64).max)
            mass = flows.opened[bars] * np.exp(flows.log_survival[bars][-1] - flows.log_survival[bars])
            level = flows.entry[bars, None] - below
            amount = np.where(level < later[:, None], mass[:, None] * weight, 0.0)
            state += np.asarray(
                np.bincount((level - base).ravel(), weights=amount.ravel(), minlength=size), dtype=np.float64
            )
        if column >= 0:
            out[column] = np.bincount(place, weights=state, minlength=grid.bins + 1)[:-1]
    return out


def _pieces(close_time_ms: Ints, column_end_ms: Ints) -> Iterator[tuple[int, int, int]]:
    """Yield (first bar, end bar, column) in runs of bounded length; column is -1 before a column's last run."""
    start = 0
    for column, end in enumerate(np.searchsorted(close_time_ms, column_end_ms, side="right").tolist()):
        while end - start > _COLUMNS_AT_ONCE:
            yield start, start + _COLUMNS_AT_ONCE, -1
            start += _COLUMNS_AT_ONCE
        yield start, end, column
        start = end


def _bin_of(rung: Ints, flows: Flows, grid: Grid) -> Ints:
    """Find the bins of rungs; one bin more than the grid's takes all that lies beyond it."""
    cell = np.floor((flows.ladder.log_price(rung) - grid.log_low) / grid.step)
    return np.asarray(np.where((cell >= 0) & (cell < grid.bins), cell, grid.bins).astype(np.int64))


def _first_touch(level: Ints, tables: list[Ints]) -> Ints:
    """Find the first later bar that touches each bar's level, shape (n,); n when none does."""
    at = np.arange(1, len(level) + 1)
    for power in range(len(tables) - 1, -1, -1):
        at += np.where(tables[power][at] > level, 2**power, 0)
    return at
