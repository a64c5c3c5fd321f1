"""On a market whose true book is known, nothing finds more of it than the book itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.formulas.ceiling import blurred
from benchmarks.formulas.entrants import DEFAULT, Outward, field, laid_out
from benchmarks.formulas.lift import Realised, lift_sums, realised_by_distance, true_book_by_distance
from benchmarks.formulas.tape import tape_of
from benchmarks.formulas.worlds import BOOK_MINUTES, LARGE_FROM, START_MS, SimulatedWorld, arrays_of, world_of
from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation.margin import brackets_of
from reportgen.units import DAY_MS, Floats, Ints, Side
from scripts.simulator.conditions import MINUTE_MS, MINUTES_A_DAY, draw_conditions
from scripts.simulator.market import simulate
from scripts.simulator.worlds import DEFAULT_WORLD

DAYS = 12
SCORED_FROM = 7
LEAD = 6


@pytest.fixture(scope="module")
def world() -> SimulatedWorld:
    """Simulate twelve days."""
    rng = np.random.default_rng(12)
    constants = replace(DEFAULT_WORLD, warm_up_days=3.0)
    conditions = draw_conditions(rng, constants, start_ms=START_MS, days=DAYS)
    every = range(BOOK_MINUTES - 1, DAYS * MINUTES_A_DAY, BOOK_MINUTES)
    made = simulate(rng, constants, conditions, book_minutes=every, large_from=LARGE_FROM)
    return world_of("default", 12, arrays_of(made))


@pytest.fixture(scope="module")
def decision_ms() -> Ints:
    """Decide every four hours, a day of lead first, up to a day before the end."""
    every = BOOK_MINUTES * MINUTE_MS
    first, last = START_MS + SCORED_FROM * DAY_MS - LEAD * every, START_MS + (DAYS - 1) * DAY_MS
    return np.arange(first, last + 1, every, dtype=np.int64)


@pytest.fixture(scope="module")
def maps(world: SimulatedWorld, decision_ms: Ints) -> tuple[Outward, ...]:
    """Freeze every engine's and every formula's maps."""
    market = world.market(int(world.candles.close_time_ms[-1]))
    tape = tape_of(world.candles, brackets_of(market, DEFAULTS), world.open_interest, world.large_trades)
    entrants, lacking = field(tape, world.open_interest, DEFAULTS)
    assert not lacking
    rng = np.random.default_rng(1)
    return tuple(laid_out(entrants, world.candles, decision_ms, LEAD, 0.3, rng, DEFAULTS))


def price_at(world: SimulatedWorld, decision_ms: Ints) -> Floats:
    """Give the last close by each decision."""
    return world.candles.close[np.searchsorted(world.candles.close_time_ms, decision_ms)]


def lift(mass: dict[Side, Floats], followed: dict[Side, Realised]) -> float:
    """Divide the sums."""
    above, below = lift_sums(mass, followed)
    return float(above.sum() / below.sum())


@pytest.mark.parametrize("hours", [4, 24])
def test_the_true_book_beats_every_map(
    world: SimulatedWorld, decision_ms: Ints, maps: tuple[Outward, ...], hours: int
) -> None:
    """Its lift is the highest, a uniform map's is one, and blurring it costs."""
    now, step = decision_ms[LEAD:], maps[0].step
    price, width = price_at(world, now), maps[0].mass[Side.LONG].shape[1]
    followed = {side: realised_by_distance(world, now, price, side, hours, step, width) for side in Side}
    book = {side: true_book_by_distance(world, now, price, side, step, width) for side in Side}
    best = lift(book, followed)
    others = {f"{one.of} {one.name}": lift(dict(one.mass), followed) for one in maps}
    assert best > max(others.values())
    assert others[f"{DEFAULT} uniform in reach"] == pytest.approx(1)
    assert 1 < lift(dict(blurred(book)), followed) < best


def test_what_was_liquidated_is_placed_inside_what_was_reached(world: SimulatedWorld, decision_ms: Ints) -> None:
    """No dollar lies where price did not go, and no more lie there than were liquidated."""
    price = price_at(world, decision_ms)
    first = (decision_ms - START_MS) // MINUTE_MS
    for side in Side:
        found = realised_by_distance(world, decision_ms, price, side, 24, 0.001, 400)
        assert (found.weight[found.reached == 0] == 0).all()
        told = np.array([world.minute_liquidated[side][at : at + MINUTES_A_DAY].sum() for at in first])
        assert (found.weight.sum(axis=1) <= told * (1 + 1e-9)).all()
        assert found.weight.sum() > 0.3 * told.sum()


def test_the_book_holds_what_is_open(world: SimulatedWorld, decision_ms: Ints) -> None:
    """Over all distances the book by distance is every level without a stop that lies beyond the price."""
    price = price_at(world, decision_ms)
    book = {side: true_book_by_distance(world, decision_ms, price, side, 0.01, 2000) for side in Side}
    at = np.searchsorted(world.book_ms, decision_ms)
    total = [world.level_notional[world.level_book == one].sum() for one in at]
    held = sum(book[side].sum(axis=1) for side in Side)
    assert held == pytest.approx(np.array(total), rel=0.01)
    assert (held <= np.array(total) * (1 + 1e-9)).all()


def test_markets_are_cut_at_a_moment(world: SimulatedWorld) -> None:
    """What a calibration is given ends where it shall: bars, open interest and liquidations."""
    until = START_MS + 5 * DAY_MS
    market = world.market(until)
    bars, interest, told = market.candles, market.open_interest, market.liquidations
    assert isinstance(bars, dict)
    assert isinstance(interest, dict)
    assert bars["simulated"].close_time_ms[-1] == until
    assert interest["simulated"].time_ms[-1] == until
    assert told.open_time_ms[-1] + told.interval_ms == until  # type: ignore[union-attr]
