"""What opened, closed and was swept in each bar, so that open interest is accounted for to the last coin.

MODEL section 1: every contract has one long and one short, so both sides see the whole change of open interest; what a
bar's path swept and open interest did not lose must have been opened again. Entry is at the close, and every level
lies beyond it, so nothing that is opened is already touched: book = book before + opened - closed - swept, exactly.

Levels stand on a fine ladder of log prices (`level_log_width`), which makes "touched" a comparison of whole numbers:
the numpy loop of `accounts`, its compiled twin and every later use of the flows agree on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from reportgen.assumptions import Assumptions
from reportgen.liquidation import accounts
from reportgen.liquidation.accounts import Bars
from reportgen.market.data import Candles, OpenInterest
from reportgen.units import DAY_MS, HOUR_MS, Floats, Ints, Maybe, Missing, Side

_WORTH_COMPILING = 20_000
"""Bars from which loading numba costs less than the numpy loops of a few symbols."""


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
    return _account(candles, side, turnover(candles, assumptions), change, before, assumptions)


def constant_flows(candles: Candles, side: Side, assumptions: Assumptions) -> Flows:
    """Account for one side without open interest: the same deposit every hour of path, gone only when touched."""
    same = np.full(len(candles), candles.interval_ms / HOUR_MS)
    return _account(candles, side, same, None, np.full(len(candles), np.inf), assumptions)


def _account(
    candles: Candles, side: Side, steady: Floats, change: Floats | None, before: Floats, assumptions: Assumptions
) -> Flows:
    """Put the path on the ladder and run the bars; `change` None means that deposits answer to nothing."""
    a = assumptions
    ladder = Ladder(origin=float(np.log(candles.close[0])), step=a.level_log_width, side=side)
    bars = Bars(
        entry=np.rint(ladder.place(candles.close)).astype(np.int64),
        touch=np.ceil(ladder.place(candles.low if side is Side.LONG else candles.high)).astype(np.int64),
        steady=steady,
        change=np.zeros(len(candles)) if change is None else change,
        before=before,
        answers=change is not None,
    )
    run = run_bars(bars, ladder.below_entry(node_distances(a)), reference_weights(a), a.flow_most_closed)
    return Flows(
        side=side,
        ladder=ladder,
        close_time_ms=candles.close_time_ms,
        entry=bars.entry,
        touch=bars.touch,
        opened=run[0],
        closed=run[1],
        swept=run[2],
        book=run[3],
        log_survival=run[4],
    )


def run_bars(bars: Bars, below: Ints, weight: Floats, most: float) -> Floats:
    """Run the bars with the loop that suits the history's length.

    Args:
        bars: n bars.
        below: Shape (k,), rungs from entry to level.
        weight: Shape (k,), summing to 1.
        most: Largest part of the book that one bar may close.

    Returns:
        Shape (5, n): opened, closed, swept, book, log survival.
    """
    fast = compiled(len(bars.entry))
    if fast is not None:
        given = (bars.entry, bars.touch, bars.steady, bars.change, bars.before, bars.answers, below, weight, most)
        return np.asarray(fast.run_bars(*given))
    return accounts.run(bars, below, weight, most)


def compiled(bars: int) -> ModuleType | None:
    """Give the compiled loops where the history is long enough and numba is installed; they agree to 1e-12."""
    if bars < _WORTH_COMPILING:
        return None
    try:
        from reportgen.liquidation import fast_conserved  # noqa: PLC0415 - loads numba
    except (ImportError, RuntimeError):  # not installed, or it finds no folder that it may keep its code in
        return None
    return fast_conserved
