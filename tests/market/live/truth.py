"""What really happens on the simulated exchanges: one path a coin, the same for every venue, known at any moment."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping

HOUR = 3_600_000
DAY = 24 * HOUR
START: Mapping[str, float] = {"BTC": 87_000.0, "ETH": 3_000.0, "PEPE": 0.00001}
SHARE: Mapping[str, float] = {
    "binance": 1.0, "bybit": 0.6, "okx": 0.4, "gate": 0.3, "bitget": 0.25, "hyperliquid": 0.3, "deribit": 0.1,
    "kraken": 0.05,
}  # fmt: skip
"""Open interest and volume of a venue over Binance's."""


def start_price(coin: str) -> float:
    """Give the price that a coin moves around."""
    return START.get(coin, 10.0)


def price(coin: str, at: float) -> float:
    """Give the price at a moment, USD for one coin."""
    waves = 0.05 * math.sin(at / (5 * DAY)) + 0.01 * math.sin(at / (2.1 * HOUR)) + 0.002 * math.sin(at / 1e5)
    return round(start_price(coin) * (1 + waves), 10)


@functools.cache
def bar(coin: str, opened: int) -> tuple[float, float, float, float]:
    """Give open, high, low and close of an hour."""
    first, last = price(coin, opened), price(coin, opened + HOUR)
    return first, max(first, last) * 1.002, min(first, last) * 0.998, last


@functools.cache
def volume(coin: str, venue: str, opened: int) -> float:
    """Give the coins traded in an hour."""
    return SHARE[venue] * 4e8 / start_price(coin) * (1 + 0.5 * math.sin(opened / (3 * HOUR)))


def interest(coin: str, venue: str, at: float) -> float:
    """Give open interest in coins, each position once."""
    return SHARE[venue] * 7e9 / start_price(coin) * (1 + 0.1 * math.sin(at / (3 * DAY)))


def funding(at: float, hours: float) -> float:
    """Give the rate of one interval."""
    return 0.0001 * (1 + math.sin(at / (4 * DAY))) * hours / 8


def running(hours: float) -> float:
    """Give the rate that has not settled yet."""
    return -0.00012 * hours / 8


def liquidated(opened: int) -> tuple[float, float]:
    """Give USD of liquidated longs and shorts in an hour."""
    return 1e5 * (1 + math.sin(opened / DAY)), 8e4 * (1 + math.cos(opened / DAY))


def ratio(at: float) -> float:
    """Give accounts long over short."""
    return 1.5 + 0.3 * math.sin(at / DAY)


def hours(since: int, until: int) -> range:
    """List the full hours in [since, until)."""
    return range(-(-since // HOUR) * HOUR, until, HOUR)
