"""Make the bundled sample: four simulated markets, 75 days of hourly bars, as Parquet in reportgen/market/sample_data.

Run `python -m scripts.make_sample`; the same code gives the same bytes. Nothing of this runs when a brief is made.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from reportgen.market.folder.append import write_table
from reportgen.units import DAY_MS
from scripts.simulator.conditions import Conditions, draw_conditions
from scripts.simulator.market import SimulatedMarket, simulate
from scripts.simulator.tables import Listing, folder_tables, stretch
from scripts.simulator.worlds import DEFAULT_WORLD, MID_BRACKETS, THIN_BRACKETS, Leg, SimulatorWorld

AS_OF_MS = int(datetime(2026, 11, 20, 7, tzinfo=UTC).timestamp() * 1000)
SIMULATED_DAYS, KEPT_DAYS, END_DAY = 84, 75, 78
SEED = 12
TARGET = Path(__file__).parents[1] / "reportgen" / "market" / "sample_data"

BITCOIN = replace(DEFAULT_WORLD, start_price=88_000.0, crowd_weight=190.0, annual_volatility=0.5)
ETHER = replace(DEFAULT_WORLD, start_price=3_150.0, crowd_weight=150.0, annual_volatility=0.66)
SOLANA = replace(
    DEFAULT_WORLD, start_price=142.0, crowd_weight=45.0, size_median=5_000.0, annual_volatility=0.75,
    brackets=MID_BRACKETS, leverage_median=17.0,
)  # fmt: skip
THIN_ALT = replace(
    DEFAULT_WORLD, start_price=0.42, crowd_weight=4.0, size_median=1_500.0, annual_volatility=1.1,
    brackets=THIN_BRACKETS, leverage_median=11.0, jumps_per_day=3.0, jump_sd=0.011, arrivals_per_minute=2.0,
    turnover_per_day=2.6, funding_slope=0.003,
)  # fmt: skip

BITCOIN_LEGS = (
    Leg(days=12, pull_hours=14, volatility=0.8),
    Leg(days=9, log_move=0.11, pull_hours=30, long_bias=0.02, activity=1.1),
    Leg(days=10, pull_hours=26),
    Leg(days=8, log_move=-0.15, pull_hours=30, volatility=1.25, activity=1.1),
    Leg(days=14, pull_hours=16, volatility=0.85),
    Leg(days=7, log_move=0.07, pull_hours=30, long_bias=0.02),
    Leg(days=15, pull_hours=12, volatility=0.75, activity=1.05),
)
ETHER_LEGS = (
    Leg(days=12, pull_hours=16, volatility=0.85),
    Leg(days=9, log_move=0.16, pull_hours=30, long_bias=0.02, activity=1.1),
    Leg(days=10, pull_hours=26),
    Leg(days=8, log_move=-0.20, pull_hours=30, volatility=1.2, activity=1.1),
    Leg(days=14, pull_hours=18, volatility=0.85),
    Leg(days=7, log_move=0.05, pull_hours=30),
    Leg(days=7, pull_hours=16, volatility=0.8),
    Leg(days=8, log_move=-0.09, pull_hours=18, volatility=0.85, long_bias=0.07, activity=1.2),
)
SOLANA_LEGS = (
    Leg(days=12, pull_hours=16, volatility=0.85),
    Leg(days=9, log_move=0.15, pull_hours=30, activity=1.1),
    Leg(days=10, pull_hours=26),
    Leg(days=8, log_move=-0.22, pull_hours=30, volatility=1.2, activity=1.1),
    Leg(days=14, pull_hours=18, volatility=0.85),
    Leg(days=13, log_move=0.10, pull_hours=30),
    Leg(days=9, log_move=0.12, pull_hours=18, volatility=0.85, long_bias=-0.03, activity=1.15),
)
THIN_ALT_LEGS = (
    Leg(days=20, pull_hours=20),
    Leg(days=9, log_move=0.25, pull_hours=30, activity=1.3),
    Leg(days=12, log_move=-0.35, pull_hours=30, volatility=1.2),
    Leg(days=24, pull_hours=20, volatility=0.9),
    Leg(days=10, pull_hours=20, log_move=0.05),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coin:
    """One market of the sample: its world and regimes, how far it follows Bitcoin, and where it is listed."""

    symbol: str
    world: SimulatorWorld
    legs: tuple[Leg, ...]
    correlation: float
    venues: tuple[tuple[str, float], ...]
    price_decimals: int
    size_decimals: int
    depth_per_percent: float
    half_spread: float


_BOTH = (("binance", 0.64), ("bybit", 0.36))
COINS = (
    Coin(symbol="BTC/USDT:USDT", world=BITCOIN, legs=BITCOIN_LEGS, correlation=0.0, venues=_BOTH,
         price_decimals=1, size_decimals=1, depth_per_percent=62e6, half_spread=0.00001),
    Coin(symbol="ETH/USDT:USDT", world=ETHER, legs=ETHER_LEGS, correlation=0.8, venues=_BOTH,
         price_decimals=2, size_decimals=0, depth_per_percent=41e6, half_spread=0.00002),
    Coin(symbol="SOL/USDT:USDT", world=SOLANA, legs=SOLANA_LEGS, correlation=0.72, venues=_BOTH,
         price_decimals=2, size_decimals=0, depth_per_percent=9e6, half_spread=0.00004),
    Coin(symbol="WIF/USDT:USDT", world=THIN_ALT, legs=THIN_ALT_LEGS, correlation=0.5,
         venues=(("binance", 1.0),), price_decimals=4, size_decimals=0, depth_per_percent=0.22e6, half_spread=0.0003),
)  # fmt: skip


def coin_market(rng: np.random.Generator, coin: Coin, leader: Conditions | None) -> tuple[Conditions, SimulatedMarket]:
    """Simulate one coin under the leader's conditions."""
    conditions = draw_conditions(
        rng, coin.world, start_ms=AS_OF_MS - END_DAY * DAY_MS, days=SIMULATED_DAYS, legs=coin.legs, common=leader,
        correlation=coin.correlation,
    )  # fmt: skip
    return conditions, simulate(rng, coin.world, conditions)


def listings() -> list[Listing]:
    """Simulate every coin and list it on its venues."""
    out: list[Listing] = []
    leader: Conditions | None = None
    for number, coin in enumerate(COINS):
        conditions, tape = coin_market(np.random.default_rng([SEED, number]), coin, leader)
        leader = leader or conditions
        market = stretch(tape, days=KEPT_DAYS, end_hour=END_DAY * 24, end_ms=AS_OF_MS)
        print(f"{coin.symbol}: {market.low.min():.6g} to {market.high.max():.6g}, now {market.close[-1]:.6g}")
        out.extend(
            Listing(
                symbol=coin.symbol, venue=venue, market=market, share=share, price_decimals=coin.price_decimals,
                size_decimals=coin.size_decimals, depth_per_percent=coin.depth_per_percent * share,
                half_spread=coin.half_spread,
            )
            for venue, share in coin.venues
        )  # fmt: skip
    return out


def main() -> None:
    """Write the sample."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=TARGET, help="folder to write into")
    target: Path = parser.parse_args().out
    target.mkdir(parents=True, exist_ok=True)
    for name, columns in folder_tables(np.random.default_rng(1), listings()).items():
        path = target / f"{name}.parquet"
        write_table(path, columns)
        print(f"{path.name}: {len(columns['symbol'])} rows, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
