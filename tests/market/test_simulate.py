"""The simulator makes markets that look like markets, and its true book adds up."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.units import DAY_MS, Floats
from scripts.simulator.conditions import Conditions, draw_conditions, draw_legs
from scripts.simulator.crowd import LONG, SHORT, liquidation_ratio
from scripts.simulator.market import SimulatedMarket, simulate
from scripts.simulator.worlds import DEFAULT_WORLD, MAJOR_BRACKETS, WORLDS, Leg, SimulatorWorld, bracket_table

START = 20_000 * DAY_MS
DAYS = 12


def weather_of(world: SimulatorWorld, seed: int, days: float, **more: object) -> Conditions:
    """Draw conditions from a fixed start."""
    return draw_conditions(np.random.default_rng(seed), world, start_ms=START, days=days, **more)  # type: ignore[arg-type]


@cache
def market_of(name: str, seed: int = 3) -> SimulatedMarket:
    """Simulate a short market of a named world, with three books."""
    world = replace(WORLDS[name], warm_up_days=4.0)
    end = DAYS * 1_440 - 1
    return simulate(
        np.random.default_rng(seed), world, weather_of(world, seed, DAYS), book_minutes=(end // 3, end // 2, end)
    )


def hourly_returns(market: SimulatedMarket) -> Floats:
    """Log returns between the ends of hours."""
    return np.diff(np.log(market.close[59::60]))


def liquidated(market: SimulatedMarket) -> float:
    """Total liquidated notional."""
    return float((market.liquidated_long_quote + market.liquidated_short_quote).sum())


def test_same_seed_same_market() -> None:
    """The same generator state gives the same tape, another one gives another."""
    world = replace(DEFAULT_WORLD, warm_up_days=0.5)
    tapes = [simulate(np.random.default_rng(7), world, weather_of(world, seed, 1)).close for seed in (7, 7, 8)]
    assert np.array_equal(tapes[0], tapes[1])
    assert not np.array_equal(tapes[0], tapes[2])


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_tape_is_a_valid_tape(name: str) -> None:
    """In every world lows and highs enclose opens and closes, minutes join, and amounts are positive and finite."""
    market = market_of(name)
    assert np.all(market.low <= np.minimum(market.open, market.close))
    assert np.all(market.high >= np.maximum(market.open, market.close))
    assert np.allclose(market.open[1:], market.close[:-1], rtol=1e-9)
    assert np.all(market.low > 0)
    assert np.all((market.taker_buy_base >= 0) & (market.taker_buy_base <= market.volume_base))
    assert np.all(market.open_interest_base >= np.maximum(market.long_base, market.short_base))
    assert np.all(np.isfinite(market.funding_rate))


def test_figures_look_like_a_market() -> None:
    """Volatility, tails, turnover and the liquidated part of volume lie in the loose ranges of real markets."""
    market = market_of("default")
    returns = hourly_returns(market)
    interest = float(np.mean(market.open_interest_base * market.close))
    volume = float((market.volume_base * market.close).sum())
    volatility = returns.std() * np.sqrt(365 * 24)
    kurtosis = np.mean((returns - returns.mean()) ** 4) / returns.var() ** 2
    assert 0.35 < volatility < 1.2
    assert 3.5 < kurtosis < 80
    assert 2.5 < volume / DAYS / interest < 10
    assert 0.002 < liquidated(market) / volume < 0.04


def test_book_adds_up_to_open_positions() -> None:
    """The true book holds exactly the open longs and shorts of the tape."""
    market = market_of("default")
    for book in market.books:
        longs = book.size_base[~book.is_short].sum()
        shorts = book.size_base[book.is_short].sum()
        assert longs == pytest.approx(market.long_base[book.minute], rel=1e-6)
        assert shorts == pytest.approx(market.short_base[book.minute], rel=1e-6)


def test_levels_lie_beyond_the_price() -> None:
    """No open position is past its liquidation level: longs' lie below the price, shorts' above."""
    market = market_of("isolated without stops")
    for book in market.books:
        assert np.all(book.liquidation_price[~book.is_short] < book.price)
        assert np.all(book.liquidation_price[book.is_short] > book.price)


def test_falls_liquidate_longs() -> None:
    """Hours that fall far liquidate longs, hours that rise far liquidate shorts."""
    market = market_of("default")
    returns = hourly_returns(market)
    longs, shorts = (
        values.reshape(-1, 60).sum(axis=1)[1:]
        for values in (market.liquidated_long_quote, market.liquidated_short_quote)
    )
    falls, rises = returns < np.quantile(returns, 0.05), returns > np.quantile(returns, 0.95)
    assert longs[falls].sum() > shorts[falls].sum()
    assert shorts[rises].sum() > longs[rises].sum()


def test_feedback_makes_cascades() -> None:
    """Liquidations that move price make it more volatile and liquidate more."""
    calm, wild = market_of("no feedback"), market_of("default")
    assert hourly_returns(wild).std() > hourly_returns(calm).std()
    assert liquidated(wild) > liquidated(calm)


def test_stops_spare_liquidations() -> None:
    """Where more traders use stops and cross margin, less is liquidated; where none does, more."""
    shares = [
        liquidated(market_of(name)) / float((market_of(name).volume_base * market_of(name).close).sum())
        for name in ("heavy stops and cross margin", "default", "isolated without stops")
    ]
    assert shares == sorted(shares)


def test_crowded_longs_pay() -> None:
    """A crowd that leans long has a higher funding rate than one that leans short."""
    world = replace(DEFAULT_WORLD, warm_up_days=1.0)
    means = []
    for bias in (-0.15, 0.15):
        conditions = weather_of(world, 5, 2, legs=[Leg(days=2, long_bias=bias)])
        means.append(float(simulate(np.random.default_rng(5), world, conditions).funding_rate.mean()))
    assert means[0] < 0 < means[1]


def test_shared_weather_correlates_markets() -> None:
    """A market that shares another's conditions moves with it."""
    world = replace(DEFAULT_WORLD, warm_up_days=0.5)
    leader = weather_of(world, 1, 4, legs=[Leg(days=4)])
    follower = weather_of(world, 2, 4, legs=[Leg(days=4)], common=leader, correlation=0.8)
    markets = [simulate(np.random.default_rng(9), world, conditions) for conditions in (leader, follower)]
    returns = [hourly_returns(market) for market in markets]
    assert np.corrcoef(returns[0], returns[1])[0, 1] > 0.5


def test_legs_steer_the_price() -> None:
    """A leg with a move takes the price most of the way there."""
    world = replace(DEFAULT_WORLD, warm_up_days=0.5)
    ends = []
    for move in (-0.2, 0.2):
        conditions = weather_of(world, 4, 4, legs=[Leg(days=4, log_move=move, pull_hours=6)])
        ends.append(float(np.log(simulate(np.random.default_rng(4), world, conditions).close[-1] / world.start_price)))
    assert ends[0] < -0.1
    assert ends[1] > 0.1


def test_drawn_legs_cover_the_days() -> None:
    """Drawn regimes add up to the days asked for."""
    legs = draw_legs(np.random.default_rng(1), DEFAULT_WORLD, 40)
    assert sum(leg.days for leg in legs) == pytest.approx(40)


def test_brackets_are_continuous() -> None:
    """Maintenance margin does not jump where a bracket ends."""
    at = MAJOR_BRACKETS.notional_floor[1:]
    margin = [
        at * MAJOR_BRACKETS.maintenance_margin_rate[part] - MAJOR_BRACKETS.maintenance_amount[part]
        for part in (slice(None, -1), slice(1, None))
    ]
    assert margin[0] == pytest.approx(margin[1])


@settings(max_examples=60)
@given(leverage=st.floats(2, 100), notional=st.floats(1_000, 2e7))
def test_margin_is_used_up_at_the_level(leverage: float, notional: float) -> None:
    """At the liquidation level equity equals the maintenance margin of the bracket that holds the position there."""
    ratios = liquidation_ratio(MAJOR_BRACKETS, np.array([notional]), np.array([1 / leverage]))
    for side, sign in ((LONG, 1), (SHORT, -1)):
        ratio = float(ratios[side, 0])
        there = notional * ratio
        tier = int(np.searchsorted(MAJOR_BRACKETS.notional_floor, there, side="right")) - 1
        needed = there * MAJOR_BRACKETS.maintenance_margin_rate[tier] - MAJOR_BRACKETS.maintenance_amount[tier]
        equity = notional / leverage + sign * (there - notional)
        assert equity == pytest.approx(needed, abs=notional * 1e-6)


def test_reference_vectors_of_an_exchange() -> None:
    """The levels agree with published reference positions: 5x and 3x at entry 10, margin rate 1 %, deduction 0.01."""
    table = replace(bracket_table("2026-01-01", (0, 0.01, 20)), maintenance_amount=np.array([0.01]))
    ratios = liquidation_ratio(table, np.array([10.0, 10.0]), np.array([1 / 5, 1 / 3]))
    assert 10 * ratios[SHORT, 0] == pytest.approx(11.89108910891089)
    assert 10 * ratios[LONG] == pytest.approx([8.070707070707071, 6.723905723905723])
