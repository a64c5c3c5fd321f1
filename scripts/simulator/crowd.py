"""The levered crowd of the simulator: how positions are drawn, where they end, and the book that holds them.

`market.simulate` feeds it one minute of price after the other. Everything about a position is settled when it is
drawn, as ratios to its entry price for either side, so that a minute costs a few array operations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from reportgen.market.data import LeverageBrackets
from reportgen.units import Bools, Floats, Ints
from scripts.simulator.conditions import Conditions
from scripts.simulator.worlds import SimulatorWorld

LONG, SHORT = 0, 1
_SIGN = np.array([1.0, -1.0])
_NEVER = float("inf")
# Rows of the table of positions.
SIDE, SIZE, DOWN, UP, LIQUIDATION, RESCUED, FATAL, HALVES, ENTRY, EXPIRY = range(10)
_FIELDS = 10
_PRICES = [DOWN, UP, LIQUIDATION, RESCUED, ENTRY]
_DEAD = np.zeros((_FIELDS, 1))
_DEAD[[DOWN, UP, EXPIRY], 0] = -_NEVER, _NEVER, _NEVER


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Orders:
    """Positions that will be opened, sorted by minute, n of them.

    Attributes:
        offsets: Shape (minutes + 1,): those of minute t are offsets[t]:offsets[t + 1].
        draw: Shape (n,), uniform: the side is long when below the odds.
        trait: Shape (n,), 1 follower, -1 contrarian, 0 neither.
        as_long, as_short: Shape (10, n), the rows of the crowd's table for an entry price of 1 at minute 0.
    """

    offsets: Ints
    draw: Floats
    trait: Ints
    as_long: Floats
    as_short: Floats


def liquidation_ratio(brackets: LeverageBrackets, notional: Floats, collateral: Floats) -> Floats:
    """Return liquidation price / entry for a long and a short position, linear contract.

    Args:
        brackets: Maintenance margin by notional at the liquidation price.
        notional: Shape (n,), quote currency at entry.
        collateral: Shape (n,), fraction of that notional.

    Returns:
        Shape (2, n); 0 for a long that no price can liquidate.
    """
    out = np.empty((2, len(notional)))
    for side in (LONG, SHORT):
        ratio = np.ones_like(notional)
        for _ in range(3):  # the bracket is the one that holds the notional at the liquidation price
            tier = np.searchsorted(brackets.notional_floor, notional * ratio, side="right") - 1
            rate = brackets.maintenance_margin_rate[tier]
            spare = collateral + brackets.maintenance_amount[tier] / notional
            ratio = np.maximum((1 - _SIGN[side] * spare) / (1 - _SIGN[side] * rate), 0)
        out[side] = ratio
    return out


def draw_orders(
    rng: np.random.Generator, world: SimulatorWorld, conditions: Conditions, first: int, last: int
) -> Orders:
    """Draw the positions that arrive in minutes first..last-1, with everything that will happen to them.

    Returns:
        Orders; offsets count from `first`.
    """
    rate = world.arrivals_per_minute * conditions.busy[first:last] * conditions.activity[first:last]
    offsets = np.concatenate(([0], np.cumsum(rng.poisson(rate))))
    n = int(offsets[-1])
    kind = rng.choice(3, n, p=world.holding_share)
    relative_size = rng.standard_normal(n) * world.size_sigma
    size = world.size_median * np.exp(relative_size)
    log_leverage = (
        np.log(np.array(world.holding_leverage) * world.leverage_median)[kind]
        + world.leverage_sigma * rng.standard_normal(n)
        - world.leverage_size_power * relative_size
    )
    tier = np.searchsorted(world.brackets.notional_floor, size, side="right") - 1
    leverage = np.clip(np.exp(log_leverage), world.lowest_leverage, world.brackets.max_leverage[tier])
    spare = np.where(rng.random(n) < world.cross_share, np.exp(world.cross_sigma * rng.standard_normal(n)), 0)
    collateral = (1 + spare) / leverage
    level = liquidation_ratio(world.brackets, size, collateral)
    rescued = liquidation_ratio(world.brackets, size, collateral * (1 + world.top_up_size))
    has_stop = rng.random(n) < world.stop_share
    tops_up = (rng.random(n) < world.top_up_share) & ~has_stop
    way = np.where(has_stop, rng.uniform(world.stop_from, world.stop_to, n), np.where(tops_up, world.top_up_at, 1))
    reach = np.array(world.take_profit_distance)[kind] * np.exp(world.take_profit_sigma * rng.standard_normal(n))
    reach = np.where(rng.random(n) < world.take_profit_share, reach, _NEVER)
    trait = rng.random(n)
    follows = trait < world.follower_share
    opposes = trait > 1 - world.contrarian_share
    ends = {
        SIZE: size * world.crowd_weight,
        FATAL: 1 - has_stop.astype(np.float64) - 2 * tops_up,
        HALVES: rng.random(n) < world.partial_share,
        EXPIRY: np.ceil(rng.exponential(np.array(world.holding_hours)[kind]) * 60) + 1,
    }
    adverse = 1 - way * (1 - level)
    return Orders(
        offsets=offsets,
        draw=rng.random(n),
        trait=follows.astype(np.int64) - opposes,
        as_long=_rows(LONG, ends=ends, level=level, rescued=rescued, adverse=adverse, favourable=np.exp(reach)),
        as_short=_rows(SHORT, ends=ends, level=level, rescued=rescued, adverse=adverse, favourable=np.exp(-reach)),
    )


def _rows(
    side: int, *, ends: dict[int, Floats], level: Floats, rescued: Floats, adverse: Floats, favourable: Floats
) -> Floats:
    """Stack the rows of the crowd's table for one side, shape (10, n)."""
    rows = np.ones((_FIELDS, len(favourable)))
    for row, values in ends.items():
        rows[row] = values
    rows[SIDE] = side
    rows[DOWN if side == LONG else UP] = adverse[side]
    rows[UP if side == LONG else DOWN] = favourable
    rows[LIQUIDATION] = level[side]
    rows[RESCUED] = rescued[side]
    return rows


class Crowd:
    """Every open position, as columns of one table; dead columns are swept out now and then."""

    def __init__(self) -> None:
        """Start without positions."""
        self._table = np.empty((_FIELDS, 16_384))
        self._count = 0
        self._alive = 0
        self.long_base = 0.0
        self.short_base = 0.0

    def open(
        self, orders: Orders, picked: slice, *, price: float, odds: tuple[float, float, float], minute: int
    ) -> tuple[float, float]:
        """Open the picked orders at `price`, long with the odds of their trait.

        Returns:
            Base coins bought and sold.
        """
        n = picked.stop - picked.start
        if n == 0:
            return 0.0, 0.0
        if self._count + n > self._table.shape[1]:
            self._compact(n)
        short = orders.draw[picked] >= np.array(odds)[orders.trait[picked]]
        new = np.where(short, orders.as_short[:, picked], orders.as_long[:, picked])
        new[_PRICES] *= price
        new[SIZE] /= price
        new[EXPIRY] += minute
        self._table[:, self._count : self._count + n] = new
        self._count += n
        self._alive += n
        sold = float(new[SIZE] @ short)
        bought = float(new[SIZE].sum()) - sold
        self.long_base += bought
        self.short_base += sold
        return bought, sold

    def live_through(self, *, low: float, high: float, minute: int) -> tuple[float, float, float, float]:
        """Let a minute between `low` and `high` pass: liquidations, stops, top-ups, take-profits, closes in time.

        Returns:
            Base coins of longs and shorts liquidated, then of longs and shorts closed otherwise.
        """
        table = self._table[:, : self._count]
        hit = np.flatnonzero((table[DOWN] >= low) | (table[UP] <= high) | (table[EXPIRY] <= minute))
        if len(hit) == 0:
            return 0.0, 0.0, 0.0, 0.0
        rows = table[:, hit]
        fallen, risen, short = rows[DOWN] >= low, rows[UP] <= high, rows[SIDE] == SHORT
        touched = fallen | risen
        if touched.any():
            adverse = np.where(short, risen, fallen)
            saved = adverse & (rows[FATAL] < 0)
            halved = touched & ~adverse & (rows[HALVES] > 0)
            closed = np.where(saved, 0, np.where(halved, rows[SIZE] / 2, rows[SIZE]))
            kind = 2 * (adverse & (rows[FATAL] > 0)) + short
            stays = saved | halved
            if stays.any():
                _keep_open(rows, saved, halved)
                table[:, hit[stays]] = rows[:, stays]
            hit = hit[~stays]
        else:
            closed, kind = rows[SIZE], short.astype(np.int64)
        table[:, hit] = _DEAD
        self._alive -= len(hit)
        long_closed, short_closed, long_out, short_out = np.bincount(kind, closed, 4).tolist()
        self.long_base -= long_out + long_closed
        self.short_base -= short_out + short_closed
        if self._count > 2 * self._alive + 512:
            self._compact(0)
        return long_out, short_out, long_closed, short_closed

    def _compact(self, wanted: int) -> None:
        """Drop dead columns and keep room for `wanted` more."""
        kept = self._table[:, : self._count][:, self._table[SIZE, : self._count] > 0]
        self._count = kept.shape[1]
        capacity = self._table.shape[1]
        while capacity < self._count + wanted + 1_024:
            capacity *= 2
        if capacity > self._table.shape[1]:
            self._table = np.empty((_FIELDS, capacity))
        self._table[:, : self._count] = kept

    def levels(self) -> Floats:
        """Return the open positions as rows of the table (SIDE, SIZE, LIQUIDATION, ...), shape (10, alive)."""
        table = self._table[:, : self._count]
        return table[:, table[SIZE] > 0].copy()


def _keep_open(rows: Floats, saved: Bools, halved: Bools) -> None:
    """Rewrite positions that live on: topped up, or half closed, in place; rows has shape (10, hits)."""
    short = rows[SIDE] == SHORT
    rows[SIZE, halved] /= 2
    rows[HALVES, halved] = 0
    rows[LIQUIDATION, saved] = rows[RESCUED, saved]
    rows[FATAL, saved] = 1
    for on_side, adverse, favourable in ((short, UP, DOWN), (~short, DOWN, UP)):
        half = halved & on_side
        rows[favourable, half] *= rows[favourable, half] / rows[ENTRY, half]  # the other half waits twice as far away
        rows[adverse, saved & on_side] = rows[RESCUED, saved & on_side]


def trait_odds(world: SimulatorWorld, momentum: float, bias: float) -> tuple[float, float, float]:
    """Return the odds of a long by trait: 0, 1 and -1, so that the trait is the index.

    Args:
        world: Constants.
        momentum: Recent return in units of its standard deviation.
        bias: Added to all of them.
    """
    lean = world.conviction * math.tanh(momentum / 2)
    even = bias + 1 / 2
    return even, even + lean, even - lean
