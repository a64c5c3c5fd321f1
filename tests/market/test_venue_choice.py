"""A watchlist entry that names venues gets only those."""

from __future__ import annotations

import numpy as np
import pytest

from reportgen.market.data import FundingRates, MarketData
from reportgen.market.folder.read import only_venues
from reportgen.units import Missing


@pytest.fixture
def market() -> MarketData:
    """Hold a market with funding of two venues and nothing else."""
    rates = FundingRates(
        time_ms=np.array([0, 1], dtype=np.int64),
        funding_rate=np.array([0.0001, 0.0002]),
        interval_hours=np.array([8.0, 8.0]),
    )
    gone = Missing("There is no such table.")
    return MarketData(
        symbol="BTC/USDT:USDT",
        as_of_ms=2,
        candles=gone,
        open_interest=gone,
        funding={"bybit": rates, "binance": rates},
        order_book=gone, liquidations=gone, brackets=gone, simulated=False,
    )  # fmt: skip


def test_no_venues_named_keeps_everything(market: MarketData) -> None:
    """An entry that is a bare symbol reads every venue of the source."""
    assert only_venues(market, ()) is market


def test_only_the_named_venues_stay_in_the_order_of_the_source(market: MarketData) -> None:
    """A named venue keeps its table, an unnamed one is gone, and the primary venue stays first."""
    one = only_venues(market, ["binance"]).funding
    both = only_venues(market, ["binance", "bybit"]).funding
    assert not isinstance(one, Missing)
    assert not isinstance(both, Missing)
    assert list(one) == ["binance"]
    assert list(both) == ["bybit", "binance"]


def test_a_venue_without_the_table_is_missing_with_the_reason(market: MarketData) -> None:
    """Asking for a venue that has nothing names it; a table that was missing keeps its own reason."""
    chosen = only_venues(market, ["okx"])
    assert isinstance(chosen.funding, Missing)
    assert "okx" in chosen.funding.reason
    assert chosen.candles == market.candles
