"""A simulated market is published as valid tables of a market folder."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from reportgen.units import DAY_MS
from scripts.simulator.conditions import draw_conditions
from scripts.simulator.market import SimulatedMarket, simulate
from scripts.simulator.tables import Columns, Listing, bars, folder_tables, stretch
from scripts.simulator.worlds import DEFAULT_WORLD

START = 20_000 * DAY_MS


@cache
def market() -> SimulatedMarket:
    """Simulate two days."""
    world = replace(DEFAULT_WORLD, warm_up_days=0.5)
    rng = np.random.default_rng(2)
    return simulate(rng, world, draw_conditions(rng, world, start_ms=START, days=2))


@cache
def tables() -> dict[str, Columns]:
    """List it on two venues, the second one with two lost bars."""
    listings = [
        Listing(symbol="BTC/USDT:USDT", venue="one", market=market(), share=0.7),
        Listing(symbol="BTC/USDT:USDT", venue="two", market=market(), share=0.3, lost_bars=(5, 6)),
    ]
    return folder_tables(np.random.default_rng(1), listings)


def test_bars_keep_extremes_and_volume() -> None:
    """Hourly bars hold the tape's extremes, its volume, and join at the hours."""
    hourly = bars(market(), 60)
    assert hourly.high.max() == market().high.max()
    assert hourly.low.min() == market().low.min()
    assert hourly.volume_base.sum() == pytest.approx(market().volume_base.sum())
    assert np.allclose(hourly.open[1:], hourly.close[:-1])
    assert hourly.close_time_ms[-1] == START + 2 * DAY_MS


def test_stretch_keeps_the_path_and_dates_its_end() -> None:
    """A cut market holds the tape's last day before an hour, and ends at the given moment."""
    end_ms = START + 100 * DAY_MS
    kept = stretch(market(), days=1, end_hour=30, end_ms=end_ms)
    assert len(kept) == 24 * 60
    assert kept.start_ms == end_ms - DAY_MS
    assert np.array_equal(kept.close, market().close[6 * 60 : 30 * 60])
    assert np.array_equal(kept.funding_rate, market().funding_rate[6 * 60 : 30 * 60])


def test_candles_stay_valid_after_rounding() -> None:
    """A venue's basis and ticks never put a close outside its bar's range."""
    table = tables()["candles"]
    assert np.all(table["low"] <= np.minimum(table["open"], table["close"]))
    assert np.all(table["high"] >= np.maximum(table["open"], table["close"]))


def test_lost_bars_are_absent() -> None:
    """A venue that lost two bars has two fewer, and only there."""
    table = tables()["candles"]
    times = [set(table["open_time_ms"][table["venue"] == venue].tolist()) for venue in ("one", "two")]
    lost = {START + hour * DAY_MS // 24 for hour in (5, 6)}
    assert times[0] - times[1] == lost


def test_venues_share_open_interest() -> None:
    """Two venues' open interest adds up to the market's."""
    table = tables()["open_interest"]
    last = table["time_ms"] == START + 2 * DAY_MS
    assert table["open_interest_base"][last].sum() == pytest.approx(market().open_interest_base[-1], rel=0.02)


def test_funding_settles_every_eight_hours() -> None:
    """Rates stand at 00, 08 and 16 UTC and cover eight hours each."""
    table = tables()["funding"]
    assert np.all(table["time_ms"] % (DAY_MS // 3) == 0)
    assert np.count_nonzero(table["venue"] == "one") == 6


def test_liquidations_count_all_venues_once() -> None:
    """Liquidations of both venues are one row an hour."""
    table = tables()["liquidations"]
    assert set(table["venue"]) == {"one+two"}
    assert len(table["venue"]) == 48
    assert table["liquidated_long_quote"].sum() == pytest.approx(market().liquidated_long_quote.sum(), rel=0.01)


def test_order_book_is_a_book() -> None:
    """Bids fall and asks rise from the mid, and the snapshot is not later than the tape's end."""
    table = tables()["order_book"]
    mid = market().close[-1]
    for venue in ("one", "two"):
        bid = table["price"][(table["venue"] == venue) & (table["side"] == "bid")]
        ask = table["price"][(table["venue"] == venue) & (table["side"] == "ask")]
        assert np.all(np.diff(bid) < 0)
        assert np.all(np.diff(ask) > 0)
        assert bid[0] < mid < ask[0]
    assert table["time_ms"].max() <= START + 2 * DAY_MS
    assert np.all(table["size_base"] > 0)
