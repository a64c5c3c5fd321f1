"""The market simulator: a seeded generator in, a market with its true book out.

It stands beside the way from config to brief: its output is the bundled sample and the worked examples, where the true
liquidation levels are known. It shares the estimators' mechanism, so a good score on it proves the code and not the
market. Minute by minute: conditions moves price, the crowd lives through the minute's range, and what
was liquidated pushes price further in the next minute, so that cascades happen.

    simulate_worlds.py   who trades: the constants
    simulate_conditions.py  what moves price from outside
    simulate_crowd.py    positions and their levels
    simulate_tables.py   the tape as candles, open interest, funding and books
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from reportgen.units import Bools, Floats, Ints, Maybe, Milliseconds, Missing, Notional
from scripts.simulator.conditions import MINUTES_A_DAY, Conditions, half_life_factor
from scripts.simulator.crowd import FATAL, LIQUIDATION, SHORT, SIDE, SIZE, Crowd, Orders, draw_orders, trait_odds
from scripts.simulator.worlds import SimulatorWorld

# Columns of the tape while it is written.
_OPEN, _HIGH, _LOW, _CLOSE, _BOUGHT, _SOLD, _LONG_OUT, _SHORT_OUT, _LONGS, _SHORTS = range(10)
_COLUMNS = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrueBook:
    """Every open position of the crowd at one moment, n of them.

    Attributes:
        minute: Minutes since the tape's start. price: at that moment.
        is_short: Shape (n,). size_base: shape (n,), base coins. liquidation_price: shape (n,); 0 means none.
        has_stop: Shape (n,), True when a stop will close the position before that price.
    """

    minute: int
    price: float
    is_short: Bools
    size_base: Floats
    liquidation_price: Floats
    has_stop: Bools


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LargeOrders:
    """Orders above a size that opened positions, in order of time; n of them.

    Attributes:
        minute: Shape (n,), minutes since the tape's start. price: shape (n,), quote per base.
        bought: Shape (n,), True where a long was opened. notional: shape (n,), quote currency, of one trader.
    """

    minute: Ints
    price: Floats
    bought: Bools
    notional: Floats


NOT_KEPT: Final = Missing("Large orders were not kept.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedMarket:
    """A simulated market, one value a minute; every array has shape (minutes,).

    Attributes:
        start_ms: Open time of the first minute. world: its constants.
        open, high, low, close: Quote currency. volume_base: base coins. taker_buy_base: bought by takers.
        long_base, short_base: Open positions of the crowd at the minute's end, base coins.
        open_interest_base: The larger of the two plus the hedged part, base coins.
        liquidated_long_quote, liquidated_short_quote: Quote currency.
        funding_rate: Fraction per 8 h that would be settled at the minute's end.
        books: The true book at the asked minutes.
        large_orders: Where they were asked for.
    """

    start_ms: Milliseconds
    world: SimulatorWorld
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume_base: Floats
    taker_buy_base: Floats
    long_base: Floats
    short_base: Floats
    open_interest_base: Floats
    liquidated_long_quote: Floats
    liquidated_short_quote: Floats
    funding_rate: Floats
    books: tuple[TrueBook, ...]
    large_orders: Maybe[LargeOrders] = NOT_KEPT

    def __len__(self) -> int:
        """Count the minutes."""
        return len(self.close)


def _snapshot(crowd: Crowd, minute: int, price: float) -> TrueBook:
    """Copy the crowd's levels."""
    rows = crowd.levels()
    return TrueBook(
        minute=minute,
        price=price,
        is_short=rows[SIDE] == SHORT,
        size_base=rows[SIZE],
        liquidation_price=rows[LIQUIDATION],
        has_stop=rows[FATAL] == 0,
    )


class _Pricing:
    """Price as fundamental plus the passing impact of liquidations, in logs."""

    def __init__(self, world: SimulatorWorld, conditions: Conditions, rng: np.random.Generator) -> None:
        """Start at the world's price."""
        n = len(conditions)
        self._start = math.log(world.start_price)
        self._fundamental = self._start
        self._passing = 0.0
        self._keep = half_life_factor(world.impact_half_life_minutes)
        self._world = world
        self._moves = (conditions.shock * conditions.volatility + conditions.jump).tolist()
        self._anchor = (conditions.anchor + self._start).tolist()
        self._pull = conditions.pull.tolist()
        spread = 2 * conditions.volatility**2
        self._above = (spread * rng.standard_exponential(n)).tolist()
        self._below = (spread * rng.standard_exponential(n)).tolist()
        self.log_price = self._start

    def step(self, t: int) -> tuple[float, float, float, float]:
        """Advance one minute; extremes come from a Brownian bridge between its open and its close.

        Returns:
            Open, high, low and close.
        """
        begin = self.log_price
        self._fundamental += self._moves[t] + self._pull[t] * (self._anchor[t] - self._fundamental)
        self._passing *= self._keep
        end = self._fundamental + self._passing
        middle, move = (begin + end) / 2, (end - begin) ** 2
        high = middle + math.sqrt(move + self._above[t]) / 2
        low = middle - math.sqrt(move + self._below[t]) / 2
        self.log_price = end
        return math.exp(begin), math.exp(high), math.exp(low), math.exp(end)

    def push(self, share_of_open_interest: float) -> None:
        """Let forced orders move the next minute: positive share for forced buying."""
        world = self._world
        impact = math.copysign(
            min(abs(share_of_open_interest) / world.impact_depth / 100, world.impact_cap), share_of_open_interest
        )
        self._fundamental += world.impact_permanent * impact
        self._passing += (1 - world.impact_permanent) * impact


def _large(orders: Orders, picked: slice, odds: tuple[float, float, float], least: float) -> Floats:
    """List the orders of at least a size, as rows (1 bought or 0 sold, size); shape (2, n)."""
    size = orders.as_long[SIZE, picked]
    some = np.flatnonzero(size >= least)
    bought = orders.draw[picked][some] < np.array(odds)[orders.trait[picked][some]]
    return np.stack([bought.astype(np.float64), size[some]])


def _run(
    rng: np.random.Generator,
    world: SimulatorWorld,
    conditions: Conditions,
    book_minutes: frozenset[int],
    least: Notional,
) -> tuple[Floats, tuple[TrueBook, ...], Floats]:
    """Live through the conditions minute by minute.

    Returns:
        The tape, shape (minutes, 10), the asked books, and the large orders, shape (4, n): minute, price, bought, size.
    """
    tape = np.empty((len(conditions), _COLUMNS))
    price, crowd = _Pricing(world, conditions, rng), Crowd()
    look_back = round(world.momentum_hours * 60)
    typical = world.annual_volatility / math.sqrt(365 * MINUTES_A_DAY) * math.sqrt(look_back)
    logs: list[float] = []
    books: list[TrueBook] = []
    large: list[Floats] = []
    orders: Orders | None = None
    for t in range(len(conditions)):
        today = t % MINUTES_A_DAY
        if orders is None or today == 0:
            orders = draw_orders(rng, world, conditions, t, min(t + MINUTES_A_DAY, len(conditions)))
        opened, high, low, close = price.step(t)
        long_out, short_out, sold, bought = crowd.live_through(low=low, high=high, minute=t)
        if long_out != short_out:
            price.push((short_out - long_out) / max(crowd.long_base, crowd.short_base, long_out, short_out))
        momentum = (price.log_price - logs[max(0, t - look_back)]) / typical if t else 0.0
        logs.append(price.log_price)
        picked = slice(int(orders.offsets[today]), int(orders.offsets[today + 1]))
        odds = trait_odds(world, momentum, float(conditions.long_bias[t]))
        if math.isfinite(least):
            found = _large(orders, picked, odds, least * world.crowd_weight)
            when = np.full(found.shape, [[t - conditions.warm_up], [close]])
            large.append(np.concatenate([when, found]))
        new_long, new_short = crowd.open(orders, picked, price=close, odds=odds, minute=t)
        buys, sells = new_long + bought + short_out, new_short + sold + long_out
        tape[t] = opened, high, low, close, buys, sells, long_out, short_out, crowd.long_base, crowd.short_base
        if t - conditions.warm_up in book_minutes:
            books.append(_snapshot(crowd, t - conditions.warm_up, close))
    return tape, tuple(books), np.concatenate(large, axis=1) if large else np.empty((4, 0))


def _slow(values: Floats, half_life: float) -> Floats:
    """Follow `values`, shape (n,), with an exponential memory."""
    keep = half_life_factor(half_life)
    out = np.empty_like(values)
    state = float(values[0])
    for i, value in enumerate(values.tolist()):
        state = keep * state + (1 - keep) * value
        out[i] = state
    return out


def simulate(
    rng: np.random.Generator,
    world: SimulatorWorld,
    conditions: Conditions,
    *,
    book_minutes: Sequence[int] = (),
    large_from: Notional = math.inf,
) -> SimulatedMarket:
    """Simulate a market.

    Args:
        rng: Seeded generator; the same one gives the same market.
        world: Constants.
        conditions: From `draw_conditions`.
        book_minutes: Minutes since the tape's start at whose end the true book is kept.
        large_from: Orders of one trader that are at least so large are listed, quote currency; none by default.

    Returns:
        The market without its warm-up.
    """
    tape, books, large = _run(rng, world, conditions, frozenset(book_minutes), large_from)
    column = tape.T
    levered = np.maximum(column[_LONGS], column[_SHORTS])
    interest = levered + world.hedged_ratio * _slow(levered, world.hedged_memory_hours * 60)
    mood = (conditions.busy * conditions.activity) ** world.volume_power
    noise = np.exp(world.volume_sigma * rng.standard_normal(len(conditions)) - world.volume_sigma**2 / 2)
    makers = interest * world.turnover_per_day / MINUTES_A_DAY * mood * noise
    move = np.log(column[_CLOSE] / column[_OPEN]) / conditions.volatility
    maker_buys = makers * (1 + world.taker_tilt * np.tanh(move)) / 2
    crowded = _slow((column[_LONGS] - column[_SHORTS]) / np.maximum(column[_LONGS] + column[_SHORTS], 1), 240)
    funding = world.funding_base + world.funding_slope * crowded + rng.normal(0, world.funding_noise, len(conditions))
    kept = slice(conditions.warm_up, None)
    return SimulatedMarket(
        start_ms=conditions.start_ms + conditions.warm_up * 60_000,
        world=world,
        open=column[_OPEN, kept],
        high=column[_HIGH, kept],
        low=column[_LOW, kept],
        close=column[_CLOSE, kept],
        volume_base=(column[_BOUGHT] + column[_SOLD] + makers)[kept],
        taker_buy_base=(column[_BOUGHT] + maker_buys)[kept],
        long_base=column[_LONGS, kept],
        short_base=column[_SHORTS, kept],
        open_interest_base=interest[kept],
        liquidated_long_quote=(column[_LONG_OUT] * column[_LOW])[kept],
        liquidated_short_quote=(column[_SHORT_OUT] * column[_HIGH])[kept],
        funding_rate=np.clip(funding, -world.funding_cap, world.funding_cap)[kept],
        books=books,
        large_orders=_listed(large[:, large[0] >= 0], world) if math.isfinite(large_from) else NOT_KEPT,
    )


def _listed(large: Floats, world: SimulatorWorld) -> LargeOrders:
    """Give the rows of large orders their names."""
    minute, price, bought, size = large
    return LargeOrders(
        minute=minute.astype(np.int64), price=price, bought=bought > 0, notional=size / world.crowd_weight
    )
