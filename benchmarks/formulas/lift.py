"""How much denser a map is where liquidations took place, within the prices that were reached; 1 is a uniform map.

For a decision, a side and a horizon: the mean, over what was liquidated at levels that price was the first to touch, of
the map's density there over its mean density in all that price reached. The true book gives the most that can be had.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.formulas.worlds import SimulatedWorld
from reportgen.units import HOUR_MS, Floats, Ints, Side
from scripts.simulator.conditions import MINUTE_MS

HOURS: Final = (4, 24)
TRUE_BOOK: Final = "true book"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Realised:
    """What one side's m decisions were followed by, in bins of distance from the price of each.

    Attributes:
        weight: Shape (m, width), quote currency. reached: shape (m, width), part of each bin that price reached.
    """

    weight: Floats
    reached: Floats


def realised_by_distance(
    world: SimulatedWorld, decision_ms: Ints, price: Floats, side: Side, hours: int, step: float, width: int
) -> Realised:
    """Locate what was liquidated in the hours after each decision, minute by minute.

    A minute's liquidations are spread over the ground that it was the first to reach; what was liquidated in other
    minutes are positions that opened later, and no frozen map's.
    """
    minutes = hours * HOUR_MS // MINUTE_MS
    start = (decision_ms - int(world.candles.open_time_ms[0])) // MINUTE_MS
    at = start[:, None] + np.arange(minutes)
    extreme = world.minute_low if side is Side.LONG else world.minute_high
    sign = -1.0 if side is Side.LONG else 1.0
    went = np.maximum(sign * np.log(extreme[at] / price[:, None]), 0.0)
    far = np.maximum.accumulate(went, axis=1)
    new = np.diff(far, axis=1, prepend=0.0) > 0
    told = np.cumsum(np.where(new, world.minute_liquidated[side][at], 0.0), axis=1)
    edge = step * np.arange(width + 1)
    held = np.stack(
        [
            np.interp(edge, np.append(0.0, row[fresh]), np.append(0.0, sums[fresh]))
            for row, sums, fresh in zip(far, told, new, strict=True)
        ]
    )
    reached = np.clip(far[:, -1:] / step - np.arange(width), 0.0, 1.0)
    return Realised(weight=np.diff(held, axis=1), reached=reached)


def true_book_by_distance(
    world: SimulatedWorld, decision_ms: Ints, price: Floats, side: Side, step: float, width: int
) -> Floats:
    """Lay out the true book at each decision by distance, quote currency, shape (m, width).

    Positions with a stop are left out: they close before their level. Every decision is a moment of a book.
    """
    found = np.zeros((len(decision_ms), width))
    book = np.searchsorted(world.book_ms, decision_ms)
    start = np.searchsorted(world.level_book, np.arange(len(world.book_ms) + 1))
    for row, one in enumerate(book.tolist()):
        some = slice(start[one], start[one + 1])
        own = world.level_short[some] == (side is Side.SHORT)
        level, notional = world.level_price[some][own], world.level_notional[some][own]
        found[row] = binned(level, notional, float(price[row]), side, step, width)
    return found


def binned(level: Floats, notional: Floats, price: float, side: Side, step: float, width: int) -> Floats:
    """Add up notional by distance of its level from a price, outwards on a side; shape (width,)."""
    sign = -1.0 if side is Side.LONG else 1.0
    away = np.floor(sign * np.log(level / price) / step).astype(np.int64)
    inside = (away >= 0) & (away < width)
    return np.bincount(away[inside], weights=notional[inside], minlength=width).astype(np.float64)


def lift_sums(mass: Mapping[Side, Floats], followed: Mapping[Side, Realised]) -> tuple[Floats, Floats]:
    """Give for each decision what a lift is the ratio of, both sides together; shape (m,) each.

    Where a map has nothing in all that was reached, it counts for nothing.
    """
    above, below = 0.0, 0.0
    for side in Side:
        seen = followed[side]
        width = seen.weight.shape[1]
        own = mass[side][:, :width]
        inside = (own * seen.reached).sum(axis=1)
        mean = np.divide(inside, seen.reached.sum(axis=1), out=np.zeros(len(own)), where=inside > 0)
        dense = (own * seen.weight).sum(axis=1)
        above = above + np.divide(dense, mean, out=np.zeros(len(own)), where=mean > 0)
        below = below + seen.weight.sum(axis=1)
    return np.asarray(above), np.asarray(below)
