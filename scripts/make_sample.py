"""Make the bundled sample: four simulated markets, 75 days of hourly bars, as Parquet in reportgen/market/sample_data.

Run `python -m scripts.make_sample`; the same code gives the same bytes. Nothing of this runs when a brief is made.
Beside the tables stands what the tour needs, made from them with config.yaml in that folder: a calibration, and the
brief of the morning before. `--kept` makes these two alone, as after a change of what a brief holds.
"""

from __future__ import annotations

import argparse
import gzip
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from reportgen.delivery.archive.calibrations import read_calibrations, write_calibrations
from reportgen.market.folder.append import write_table
from reportgen.moments import moment_text
from reportgen.morning.making import FIRST_MORNING
from reportgen.units import DAY_MS
from scripts.simulator.conditions import Conditions, draw_conditions
from scripts.simulator.market import SimulatedMarket, simulate
from scripts.simulator.tables import Columns, Listing, candle_rows, folder_tables, ratio_rows, stacked, stretch
from scripts.simulator.worlds import DEFAULT_WORLD, MID_BRACKETS, THIN_BRACKETS, Leg, SimulatorWorld

AS_OF_MS = int(datetime(2026, 11, 20, 7, tzinfo=UTC).timestamp() * 1000)
SIMULATED_DAYS, KEPT_DAYS, END_DAY = 84, 75, 78
SPOT_DAYS, RATIO_DAYS, SESSIONS = 35, 14, 45
"""Of spot candles, of long/short ratios and of fund flows; SOL has no funds, and WIF none of the three."""
FUNDS = (("SIM-ONE", 0.6), ("SIM-TWO", 0.3), ("SIM-SIX", 0.1))
"""Invented ones, with their share of the flows."""
FLOW_SCALE = {"BTC": 240e6, "ETH": 90e6}
"""Standard deviation of a session's flows, USD."""
SPOT_SHARE, SPOT_BASIS, SPOT_NOISE = 0.22, 0.0003, 0.35
"""Spot volume for a contract's, its price beside the contract's, and the deviation of an hour's log volume."""
DRAWS_KEPT = 5
"""One of so many of a calibration's draws, so that it stays small."""
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


def more_tables(rng: np.random.Generator, listed: Sequence[Listing]) -> dict[str, Columns]:
    """Give spot candles and long/short ratios of the large coins' first venue, and flows of invented funds."""
    large = [each for each in listed if each.venue == "binance" and not each.symbol.startswith("WIF")]
    return {
        "spot_candles": stacked([_spot(rng, each) for each in large]),
        "long_short_ratio": stacked([ratio_rows(each, RATIO_DAYS) for each in large]),
        "etf_flows": stacked([_flows(rng, each) for each in large if each.symbol[:3] in FLOW_SCALE]),
    }


def _spot(rng: np.random.Generator, listing: Listing) -> Columns:
    """Give the spot market beside a contract: close in price, with a volume that goes its own way."""
    cells = dict(candle_rows(rng, replace(listing, share=SPOT_SHARE, basis=SPOT_BASIS), 60, "1h"))
    busy = np.exp(SPOT_NOISE * rng.standard_normal(len(cells["volume_base"])))
    for name in ("volume_base", "taker_buy_base"):
        cells[name] = np.round(cells[name] * busy, listing.size_decimals)
    return {name: values[-SPOT_DAYS * 24 :] for name, values in cells.items()}


def _flows(rng: np.random.Generator, listing: Listing) -> Columns:
    """Give a session's money for each fund: it follows the day's return, and noise."""
    market, asset = listing.market, listing.symbol[:3]
    last = datetime.fromtimestamp(AS_OF_MS / 1000, tz=UTC).date() - timedelta(days=1)
    days = [last - timedelta(days=back) for back in range(2 * SESSIONS) if (last - timedelta(days=back)).weekday() < 5]
    rows: list[tuple[str, str, float]] = []
    for day in sorted(days[:SESSIONS]):
        end = (
            int(datetime(day.year, day.month, day.day, 21, tzinfo=UTC).timestamp()) * 1000 - market.start_ms
        ) // 60_000
        move = np.log(market.close[end] / market.close[end - DAY_MS // 60_000]) / listing.market.world.annual_volatility
        whole = FLOW_SCALE[asset] * (move * 12 + rng.standard_normal())
        rows += [(day.isoformat(), fund, round(whole * share, -5)) for fund, share in FUNDS]
    day_column, tickers, flows = zip(*rows, strict=True)
    return {
        "asset": np.full(len(rows), asset), "date": np.array(day_column), "ticker": np.array(tickers),
        "net_flow_quote": np.array(flows),
    }  # fmt: skip


def keep_for_the_tour() -> None:
    """Calibrate the sample as it was known on the morning before, and keep the brief of that morning."""
    before = moment_text(AS_OF_MS - DAY_MS)
    with TemporaryDirectory() as made:
        weights, config = TARGET / "calibration.json", TARGET / "config.yaml"
        _reportgen("calibrate", "--symbols", "BTC,ETH", "--until", before, "--out", str(weights))
        thinned = [replace(each, weight_draws=each.weight_draws[::DRAWS_KEPT]) for each in read_calibrations(weights)]
        write_calibrations(weights, thinned)
        _reportgen("brief", "--config", str(config), "--as-of", before, "--output", made)
        brief = (Path(made) / "latest" / "brief.json").read_bytes()
    (TARGET / FIRST_MORNING).write_bytes(gzip.compress(brief, mtime=0))
    for path in (weights, TARGET / FIRST_MORNING):
        print(f"{path.name}: {path.stat().st_size} bytes")


def _reportgen(command: str, *words: str) -> None:
    subprocess.run([sys.executable, "-m", "reportgen", command, "--sample", *words], check=True)  # noqa: S603 - our own


def main() -> None:
    """Write the sample."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=TARGET, help="folder to write the tables into")
    parser.add_argument("--kept", action="store_true", help="only what the tour needs beside the tables")
    asked = parser.parse_args()
    target: Path = asked.out
    target.mkdir(parents=True, exist_ok=True)
    if not asked.kept:
        listed = listings()
        tables = folder_tables(np.random.default_rng(1), listed) | more_tables(np.random.default_rng(2), listed)
        for name, columns in tables.items():
            # As text a table of dates is kept with a brief byte for byte; Parquet would store the dates anew.
            path = target / f"{name}{'.csv' if name == 'etf_flows' else '.parquet'}"
            write_table(path, columns)
            print(f"{path.name}: {len(next(iter(columns.values())))} rows, {path.stat().st_size} bytes")
    if target == TARGET:
        keep_for_the_tour()


if __name__ == "__main__":
    main()
