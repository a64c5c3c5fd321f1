"""The settings of the simulated markets: who trades there, how price moves, which brackets the exchange has.

Read by `market.simulate` and its scripts only. These are facts of an invented world, not assumptions of the
estimator: nothing in the brief depends on them, so they stand here and not in config/assumptions.py. Defaults
are checked against markets by tests/market/test_simulate.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from reportgen.market.data import LeverageBrackets
from reportgen.units import Fraction, Notional


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """A stretch of conditions: one of the four regimes, or a directed one.

    Attributes:
        days: Length. log_move: how far the price's anchor moves over the leg, log price.
        pull_hours: half-life of the distance between price and anchor; short makes a tight range.
        volatility: multiple of the world's volatility.
        long_bias: added to the probability that a new position is long, in [-0.5, 0.5].
        activity: multiple of the arrivals of new positions.
    """

    days: float
    log_move: float = 0.0
    pull_hours: float = 24.0
    volatility: float = 1.0
    long_bias: float = 0.0
    activity: float = 1.0


FOUR_REGIMES: tuple[Leg, ...] = (
    Leg(days=5.0, pull_hours=14.0, volatility=0.75),
    Leg(days=4.0, pull_hours=30.0, volatility=1.0),
    Leg(days=3.0, log_move=0.09, pull_hours=36.0, volatility=1.0, long_bias=0.03, activity=1.15),
    Leg(days=3.0, log_move=-0.10, pull_hours=36.0, volatility=1.2, long_bias=-0.02, activity=1.15),
)
"""A quiet range, a wide range, a rise and a fall; drawn in random order and length."""


def bracket_table(as_of: str, *rows: tuple[float, float, float]) -> LeverageBrackets:
    """Build brackets from rows (notional floor, maintenance-margin rate, highest leverage).

    The deduction follows from continuity: amount_n = amount_(n-1) + floor_n x (rate_n - rate_(n-1)).
    """
    floor, rate, leverage = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    steps = np.diff(rate, prepend=rate[0])
    cap = np.append(floor[1:], floor[-1] * 2)
    return LeverageBrackets(
        as_of=as_of,
        notional_floor=floor,
        notional_cap=cap,
        maintenance_margin_rate=rate,
        max_leverage=leverage,
        maintenance_amount=np.cumsum(floor * steps),
    )


_TABLE_DATE = "2024-10-24"

MAJOR_BRACKETS = bracket_table(
    _TABLE_DATE,
    (0, 0.004, 125),
    (50_000, 0.005, 100),
    (600_000, 0.0065, 75),
    (3_000_000, 0.01, 50),
    (12_000_000, 0.02, 25),
    (70_000_000, 0.025, 20),
    (100_000_000, 0.05, 10),
    (230_000_000, 0.1, 5),
)
"""Bitcoin and Ether, the tiers that matter."""

MID_BRACKETS = bracket_table(
    _TABLE_DATE,
    (0, 0.005, 100),
    (20_000, 0.0065, 75),
    (100_000, 0.01, 50),
    (800_000, 0.02, 25),
    (4_000_000, 0.025, 20),
    (8_000_000, 0.05, 10),
    (40_000_000, 0.1, 5),
)
"""Solana."""

THIN_BRACKETS = bracket_table(
    _TABLE_DATE,
    (0, 0.006, 75),
    (5_000, 0.01, 50),
    (50_000, 0.015, 40),
    (80_000, 0.02, 25),
    (200_000, 0.025, 20),
    (600_000, 0.05, 10),
    (2_000_000, 0.1, 5),
)
"""A small altcoin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorWorld:
    """A simulated market's constants.

    Attributes:
        start_price: Quote currency for a coin. brackets: the exchange's.
        annual_volatility: of the price without cascades, fraction a year at leg volatility 1.
        log_volatility_sd: standard deviation of log volatility. log_volatility_half_life_hours: its memory.
        day_swing: amplitude of volatility and activity over the day, fraction; busiest_hour: UTC hour of its peak.
        jumps_per_day: number. jump_sd: size, log price.
        regimes: legs to draw from where none are given.
        arrivals_per_minute: positions opened. crowd_weight: identical traders behind each.
        size_median: quote currency a trader. size_sigma: of log size.
        leverage_median: at median size. leverage_sigma: of log leverage. leverage_size_power: leverage falls with
            size to this power. lowest_leverage: x.
        holding_hours: mean holding time of the three classes. holding_share: their parts. holding_leverage: factors.
        take_profit_distance: median, fraction, by class. take_profit_sigma: of its log. take_profit_share: who has one.
        partial_share: part of take-profits that close half first.
        cross_share: positions on cross margin. cross_sigma: of log(spare collateral / margin), median 1.
        top_up_share: positions that add margin once. top_up_at: part of the way to liquidation. top_up_size: of margin.
        stop_share: positions with a stop. stop_from, stop_to: where, part of the way to liquidation.
        follower_share, contrarian_share: of traders. conviction: how far momentum moves their odds.
        momentum_hours: what momentum they look at. base_long_bias: added to the odds of a long, always.
        hedged_ratio: hedged open interest per levered open interest. hedged_memory_hours: how slowly it follows.
        turnover_per_day: volume of market makers / open interest. volume_power: how volume follows volatility.
        volume_sigma: log noise of a minute's volume. taker_tilt: takers' share of volume follows the return.
        impact_depth: liquidated notional that moves price by 1 %, as a fraction of open interest. No feedback: inf.
        impact_permanent: part of it that stays. impact_half_life_minutes: of the rest.
        impact_cap: largest push in a minute, log price.
        funding_base: fraction per 8 h. funding_slope: per unit of crowd imbalance. funding_noise: sd. funding_cap.
        warm_up_days: simulated before the tape starts, so that the book is full.
    """

    start_price: float = 92_000.0
    brackets: LeverageBrackets = MAJOR_BRACKETS
    annual_volatility: Fraction = 0.58
    log_volatility_sd: float = 0.42
    log_volatility_half_life_hours: float = 10.0
    day_swing: Fraction = 0.35
    busiest_hour: float = 15.0
    jumps_per_day: float = 1.2
    jump_sd: float = 0.004
    regimes: tuple[Leg, ...] = FOUR_REGIMES
    arrivals_per_minute: float = 3.0
    crowd_weight: float = 60.0
    size_median: Notional = 9_000.0
    size_sigma: float = 1.3
    leverage_median: float = 22.0
    leverage_sigma: float = 0.75
    leverage_size_power: float = 0.15
    lowest_leverage: float = 1.5
    holding_hours: tuple[float, float, float] = (0.7, 8.0, 72.0)
    holding_share: tuple[float, float, float] = (0.35, 0.42, 0.23)
    holding_leverage: tuple[float, float, float] = (1.6, 1.0, 0.55)
    take_profit_distance: tuple[float, float, float] = (0.005, 0.015, 0.06)
    take_profit_sigma: float = 0.6
    take_profit_share: Fraction = 0.6
    partial_share: Fraction = 0.3
    cross_share: Fraction = 0.4
    cross_sigma: float = 0.8
    top_up_share: Fraction = 0.3
    top_up_at: Fraction = 0.7
    top_up_size: Fraction = 0.6
    stop_share: Fraction = 0.45
    stop_from: Fraction = 0.25
    stop_to: Fraction = 0.8
    follower_share: Fraction = 0.45
    contrarian_share: Fraction = 0.35
    conviction: Fraction = 0.35
    momentum_hours: float = 4.0
    base_long_bias: Fraction = 0.012
    hedged_ratio: float = 0.5
    hedged_memory_hours: float = 96.0
    turnover_per_day: float = 1.3
    volume_power: float = 1.1
    volume_sigma: float = 0.45
    taker_tilt: Fraction = 0.12
    impact_depth: Fraction = 0.06
    impact_permanent: Fraction = 0.3
    impact_half_life_minutes: float = 30.0
    impact_cap: float = 0.012
    funding_base: Fraction = 0.0001
    funding_slope: float = 0.0012
    funding_noise: Fraction = 0.00002
    funding_cap: Fraction = 0.003
    warm_up_days: float = 6.0


DEFAULT_WORLD = SimulatorWorld()

WORLDS: dict[str, SimulatorWorld] = {
    "default": DEFAULT_WORLD,
    "whales": replace(DEFAULT_WORLD, size_sigma=2.0, size_median=4_500.0),
    "heavy stops and cross margin": replace(DEFAULT_WORLD, stop_share=0.7, cross_share=0.7),
    "isolated without stops": replace(DEFAULT_WORLD, stop_share=0.0, cross_share=0.0, top_up_share=0.0),
    "hedged": replace(DEFAULT_WORLD, hedged_ratio=2.0, turnover_per_day=3.2),
    "no feedback": replace(DEFAULT_WORLD, impact_depth=float("inf")),
}
"""The worlds an estimator must survive."""
