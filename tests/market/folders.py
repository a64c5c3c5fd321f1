"""Small market folders for the tests: columns of a proper table, which a test then bends."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from reportgen.market.data import Gathered
from reportgen.market.folder.append import write_table
from reportgen.market.folder.tables import interval_ms
from reportgen.units import HOUR_MS

START_MS = 1_760_000_400_000
"""A whole hour in October 2025."""

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
Columns = dict[str, list[Any]]


def candles(
    symbol: str = BTC, venue: str = "binance", interval: str = "1h", bars: int = 48, first_ms: int = START_MS
) -> Columns:
    """Make bars that wander without a random number."""
    length = interval_ms(interval) or HOUR_MS
    close = [100 + 3 * np.sin(bar / 5) + bar % 7 / 10 for bar in range(bars)]
    opened = [close[0], *close[:-1]]
    return {
        "venue": [venue] * bars,
        "symbol": [symbol] * bars,
        "interval": [interval] * bars,
        "open_time_ms": [first_ms + bar * length for bar in range(bars)],
        "open": opened,
        "high": [max(pair) + 1 for pair in zip(opened, close, strict=True)],
        "low": [min(pair) - 1 for pair in zip(opened, close, strict=True)],
        "close": close,
        "volume_base": [10.0 + bar % 5 for bar in range(bars)],
        "taker_buy_base": [4.0 + bar % 3 for bar in range(bars)],
    }


def open_interest(symbol: str = BTC, venue: str = "binance", snapshots: int = 48) -> Columns:
    """Make hourly snapshots."""
    return {
        "venue": [venue] * snapshots,
        "symbol": [symbol] * snapshots,
        "time_ms": [START_MS + snapshot * HOUR_MS for snapshot in range(snapshots)],
        "open_interest_base": [1000.0 + snapshot % 11 for snapshot in range(snapshots)],
        "open_interest_quote": [100_000.0 + snapshot for snapshot in range(snapshots)],
    }


def funding(symbol: str = BTC, venue: str = "binance", rates: int = 6) -> Columns:
    """Make rates of every eight hours."""
    return {
        "venue": [venue] * rates,
        "symbol": [symbol] * rates,
        "time_ms": [START_MS + rate * 8 * HOUR_MS for rate in range(rates)],
        "funding_rate": [0.0001 * (rate - 2) for rate in range(rates)],
        "interval_hours": [8.0] * rates,
    }


def liquidations(symbol: str = BTC, venue: str = "binance", bars: int = 48) -> Columns:
    """Make hourly totals."""
    return {
        "venue": [venue] * bars,
        "symbol": [symbol] * bars,
        "interval": ["1h"] * bars,
        "open_time_ms": [START_MS + bar * HOUR_MS for bar in range(bars)],
        "liquidated_long_quote": [float(bar % 4) for bar in range(bars)],
        "liquidated_short_quote": [float(bar % 3) for bar in range(bars)],
    }


def order_book(symbol: str = BTC, venue: str = "binance", snapshots: int = 3) -> Columns:
    """Make snapshots of two levels a side, ten hours apart."""
    sides, prices = ["bid", "bid", "ask", "ask"], [99.9, 99.0, 100.1, 101.0]
    rows = 4 * snapshots
    return {
        "venue": [venue] * rows,
        "symbol": [symbol] * rows,
        "time_ms": [START_MS + 1 + row // 4 * 10 * HOUR_MS for row in range(rows)],
        "side": sides * snapshots,
        "level": [0, 1, 0, 1] * snapshots,
        "price": prices * snapshots,
        "size_base": [1.0 + row // 4 for row in range(rows)],
    }


def brackets(symbol: str = BTC, venue: str = "binance", as_of: str = "2024-10-24") -> Columns:
    """Make a table of two brackets."""
    return {
        "venue": [venue] * 2,
        "symbol": [symbol] * 2,
        "tier": [1, 2],
        "notional_floor": [0.0, 50_000.0],
        "notional_cap": [50_000.0, 600_000.0],
        "maintenance_margin_rate": [0.004, 0.005],
        "max_leverage": [125.0, 100.0],
        "maintenance_amount": [0.0, 50.0],
        "as_of": [as_of] * 2,
    }


def mark_candles(symbol: str = BTC, venue: str = "binance") -> Columns:
    """Make bars of the mark price, which carry no volume."""
    made = candles(symbol=symbol, venue=venue)
    return {name: values for name, values in made.items() if name not in {"volume_base", "taker_buy_base"}}


def long_short_ratio(symbol: str = BTC, venue: str = "binance", kind: str = "accounts", rows: int = 48) -> Columns:
    """Make hourly ratios."""
    return {
        "venue": [venue] * rows,
        "symbol": [symbol] * rows,
        "kind": [kind] * rows,
        "time_ms": [START_MS + row * HOUR_MS for row in range(rows)],
        "ratio": [1.0 + row % 9 / 10 for row in range(rows)],
    }


def positions(symbol: str = BTC, snapshots: int = 2) -> Columns:
    """Make snapshots of three positions, twenty hours apart; no price liquidates the last."""
    rows = 3 * snapshots
    return {
        "venue": ["hyperliquid"] * rows,
        "address": [f"0x{row % 3:040x}" for row in range(rows)],
        "symbol": [symbol] * rows,
        "time_ms": [START_MS + 1 + row // 3 * 20 * HOUR_MS for row in range(rows)],
        "side": ["long", "short", "long"] * snapshots,
        "size_base": [5.0 + row for row in range(rows)],
        "entry_price": [100.0, 99.0, 101.0] * snapshots,
        "liquidation_price": [90.0, 112.0, None] * snapshots,
    }


def whole_folder() -> dict[str, Columns]:
    """Make every table, for BTC on two venues and ETH on one."""
    return {
        "candles": stacked(
            candles(),
            candles(venue="bybit", bars=40, first_ms=START_MS + 8 * HOUR_MS),
            candles(interval="4h", bars=12),
            candles(symbol=ETH, bars=47),
        ),
        "open_interest": stacked(open_interest(), open_interest(symbol=ETH)),
        "funding": stacked(funding(), funding(venue="bybit")),
        "liquidations": stacked(liquidations(), liquidations(venue="bybit")),
        "order_book": order_book(),
        "leverage_brackets": stacked(brackets(), brackets(as_of="2025-10-10")),
        "spot_candles": candles(),
        "mark_candles": mark_candles(),
        "long_short_ratio": stacked(long_short_ratio(), long_short_ratio(kind="top_positions")),
        "positions": positions(),
    }


def stacked(*parts: Columns) -> Columns:
    """Put tables of the same columns under each other."""
    return {name: [value for part in parts for value in part[name]] for name in parts[0]}


def chosen(columns: Columns, rows: Sequence[int]) -> Columns:
    """Keep rows of a table, in the order given."""
    return {name: [values[row] for row in rows] for name, values in columns.items()}


def shuffled(columns: Columns, seed: int) -> Columns:
    """Put the rows of a table in another order."""
    count = len(next(iter(columns.values())))
    return chosen(columns, np.random.default_rng(seed).permutation(count).tolist())


def bent(columns: Columns, column: str, row: int, value: Any) -> Columns:
    """Change one cell; rows count from 1 as in the error messages."""
    return columns | {column: [*columns[column][: row - 1], value, *columns[column][row:]]}


def write_folder(folder: Path, tables: Mapping[str, Columns], suffix: str = "parquet") -> Path:
    """Write a market folder and give its path."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in tables.items():
        if suffix == "parquet":
            write_table(folder / f"{name}.parquet", columns)
        else:
            write_csv(folder / f"{name}.csv", columns)
    return folder


def write_csv(path: Path, columns: Columns) -> None:
    """Write a CSV file without the product's own writer."""
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(columns)
        lines.writerows(zip(*columns.values(), strict=True))


def plain(value: Any) -> Any:
    """Turn gathered data into lists and dicts that can be compared, without where they came from."""
    if isinstance(value, Gathered):
        value = dataclasses.replace(value, provenance={})
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return [(key, plain(item)) for key, item in value.items()]
    if isinstance(value, np.ndarray):
        return ["unknown" if each != each else each for each in value.tolist()]  # noqa: PLR0124 - NaN equals nothing
    return value
