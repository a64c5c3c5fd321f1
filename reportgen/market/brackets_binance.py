"""Binance USD-M maintenance brackets of 2024-10-24: Binance shows its own to accounts only, so these are bundled.

The source is the snapshot of that day that freqtrade publishes; newer brackets differ at the top of leverage. A table
of your own in the market folder, dated later, comes first (docs/venues.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

DATE: Final = "2024-10-24"

TIERS: Final[Mapping[str, tuple[tuple[float, float, float], ...]]] = {
    "BTCUSDT": (
        (50_000, 0.004, 125),
        (600_000, 0.005, 100),
        (3_000_000, 0.0065, 75),
        (12_000_000, 0.01, 50),
        (70_000_000, 0.02, 25),
        (100_000_000, 0.025, 20),
        (230_000_000, 0.05, 10),
        (480_000_000, 0.1, 5),
        (600_000_000, 0.125, 4),
        (800_000_000, 0.15, 3),
        (1_200_000_000, 0.25, 2),
        (1_800_000_000, 0.5, 1),
    ),
    "ETHUSDT": (
        (50_000, 0.004, 125),
        (600_000, 0.005, 100),
        (3_000_000, 0.0065, 75),
        (12_000_000, 0.01, 50),
        (50_000_000, 0.02, 25),
        (65_000_000, 0.025, 20),
        (150_000_000, 0.05, 10),
        (320_000_000, 0.1, 5),
        (400_000_000, 0.125, 4),
        (530_000_000, 0.15, 3),
        (800_000_000, 0.25, 2),
        (1_200_000_000, 0.5, 1),
    ),
    "SOLUSDT": (
        (20_000, 0.005, 100),
        (100_000, 0.0065, 75),
        (800_000, 0.01, 50),
        (4_000_000, 0.02, 25),
        (8_000_000, 0.025, 20),
        (40_000_000, 0.05, 10),
        (80_000_000, 0.1, 5),
        (100_000_000, 0.125, 4),
        (200_000_000, 0.25, 2),
        (400_000_000, 0.5, 1),
    ),
    "ARBUSDT": (
        (5_000, 0.006, 75),
        (50_000, 0.01, 50),
        (80_000, 0.015, 40),
        (200_000, 0.02, 25),
        (600_000, 0.025, 20),
        (2_000_000, 0.05, 10),
        (4_000_000, 0.1, 5),
        (5_000_000, 0.125, 4),
        (12_000_000, 0.25, 2),
        (20_000_000, 0.5, 1),
    ),
}
"""(notional cap in USDT, maintenance margin rate, highest leverage) by market, smallest positions first."""
