"""Make the markets of the guide's four worked examples, as Parquet in tests/worked_examples/<name>/market.

Run `python -m scripts.make_worked_examples`; the same code gives the same bytes. Each market is simulated under
directed regimes and cut at an hour whose chart and book are the example's. `config.yaml` and `expected.yaml` beside it
are written by hand from the guide's text.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from reportgen.market.folder.append import write_table
from scripts.simulator.conditions import Conditions, draw_conditions
from scripts.simulator.market import SimulatedMarket, simulate
from scripts.simulator.tables import Listing, folder_tables, stretch
from scripts.simulator.worlds import DEFAULT_WORLD, THIN_BRACKETS, Leg, SimulatorWorld

AS_OF_MS = int(datetime(2026, 10, 14, 7, tzinfo=UTC).timestamp() * 1000)
TARGET = Path(__file__).parents[1] / "tests" / "worked_examples"
SIMULATED_DAYS, KEPT_DAYS = 48, 40

BITCOIN = replace(DEFAULT_WORLD, start_price=92_000.0, crowd_weight=190.0, annual_volatility=0.42, jumps_per_day=0.3)
ETHER = replace(DEFAULT_WORLD, start_price=3_400.0, crowd_weight=150.0, annual_volatility=0.5, jumps_per_day=0.3)
ALTCOIN = replace(
    DEFAULT_WORLD, start_price=0.42, crowd_weight=4.0, size_median=1_500.0, annual_volatility=1.1,
    brackets=THIN_BRACKETS, leverage_median=11.0, jumps_per_day=4.0, jump_sd=0.012, arrivals_per_minute=2.0,
    turnover_per_day=2.6, funding_slope=0.003,
)  # fmt: skip

_BEFORE = (Leg(days=10, pull_hours=20), Leg(days=10, log_move=0.05, pull_hours=30), Leg(days=14, pull_hours=20))
RANGE_UNDER_SHORTS = (
    *_BEFORE,
    Leg(days=8, pull_hours=9, volatility=0.8),
    Leg(days=6, pull_hours=9, volatility=0.8, long_bias=-0.02, activity=1.25),
)
STEADY = (*_BEFORE, Leg(days=14, pull_hours=16, volatility=0.8))
CLEAN_RISE = (*_BEFORE, Leg(days=14, log_move=0.08, pull_hours=14, volatility=0.8, long_bias=-0.02, activity=1.15))
CROWDED_DOWNTREND = (
    *_BEFORE,
    Leg(days=14, log_move=-0.17, pull_hours=12, volatility=0.75, long_bias=0.09, activity=1.25),
)
THIN_BREAKOUT = (Leg(days=30, pull_hours=22), Leg(days=18, log_move=0.16, pull_hours=22))


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """One market of an example: where it trades, under which regimes, and what it follows."""

    symbol: str
    world: SimulatorWorld
    legs: tuple[Leg, ...]
    venues: tuple[tuple[str, float], ...]
    price_decimals: int
    size_decimals: int
    depth_per_percent: float
    half_spread: float
    correlation: float = 0.0
    lost_bars: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One worked example: its players, leader first, a seed, and the hour of the simulation at which it is cut."""

    name: str
    players: tuple[Player, ...]
    seed: int
    hour: int


_BOTH = (("binance", 0.62), ("bybit", 0.38))
_BTC = Player(
    symbol="BTC/USDT:USDT", world=BITCOIN, legs=RANGE_UNDER_SHORTS, venues=_BOTH, price_decimals=1, size_decimals=1,
    depth_per_percent=62e6, half_spread=0.00001,
)  # fmt: skip
_ETH = Player(
    symbol="ETH/USDT:USDT", world=ETHER, legs=CROWDED_DOWNTREND, venues=_BOTH, price_decimals=2, size_decimals=0,
    depth_per_percent=41e6, half_spread=0.00002, correlation=0.6,
)  # fmt: skip
_WIF = Player(
    symbol="WIF/USDT:USDT", world=ALTCOIN, legs=THIN_BREAKOUT, venues=(("bybit", 1.0),), price_decimals=4,
    size_decimals=0, depth_per_percent=60e3, half_spread=0.0008, lost_bars=(400, 401, 640, 871, 872, 873, 930),
)  # fmt: skip

EXAMPLES = (
    Example(name="btc_range_shorts_above", players=(_BTC,), seed=2, hour=1146),
    Example(name="eth_downtrend_longs_below", players=(replace(_BTC, legs=STEADY), _ETH), seed=8, hour=1033),
    Example(name="altcoin_unreliable_map", players=(_WIF,), seed=2, hour=1148),
    Example(name="macro_event_conflict", players=(replace(_BTC, legs=CLEAN_RISE),), seed=2, hour=1067),
)


def simulated(players: tuple[Player, ...], seed: int) -> Iterator[tuple[Player, SimulatedMarket]]:
    """Simulate the players, each under the first one's conditions as far as it follows it."""
    leader: Conditions | None = None
    for number, player in enumerate(players):
        rng = np.random.default_rng([seed, number])
        conditions = draw_conditions(
            rng, player.world, start_ms=AS_OF_MS, days=SIMULATED_DAYS, legs=player.legs, common=leader,
            correlation=player.correlation,
        )  # fmt: skip
        leader = leader or conditions
        yield player, simulate(rng, player.world, conditions)


def listings(player: Player, market: SimulatedMarket) -> list[Listing]:
    """List a player's market on its venues."""
    return [
        Listing(
            symbol=player.symbol, venue=venue, market=market, share=share, price_decimals=player.price_decimals,
            size_decimals=player.size_decimals, depth_per_percent=player.depth_per_percent * share,
            half_spread=player.half_spread, lost_bars=player.lost_bars,
        )
        for venue, share in player.venues
    ]  # fmt: skip


def make(example: Example, target: Path) -> None:
    """Write one example's market folder."""
    folder = target / example.name / "market"
    folder.mkdir(parents=True, exist_ok=True)
    listed = [
        listing
        for player, market in simulated(example.players, example.seed)
        for listing in listings(player, stretch(market, days=KEPT_DAYS, end_hour=example.hour, end_ms=AS_OF_MS))
    ]
    for name, columns in folder_tables(np.random.default_rng(example.seed), listed).items():
        write_table(folder / f"{name}.parquet", columns)
    print(f"{example.name}: {sum(path.stat().st_size for path in folder.iterdir())} bytes")


def main() -> None:
    """Write the examples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=TARGET, help="folder to write into")
    parser.add_argument("--only", help="name of one example")
    options = parser.parse_args()
    for example in EXAMPLES:
        if options.only in (None, example.name):
            make(example, options.out)


if __name__ == "__main__":
    main()
