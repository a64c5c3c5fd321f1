"""Coverage says where the input came from and how much of the open positions it explains."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.config.assumptions import DEFAULTS
from reportgen.market.data import MarketData
from reportgen.market.quality import (
    Coverage,
    assess_coverage,
    book_coverage,
    daily_quote_volume,
    open_interest_shares,
    stale_reason,
)
from reportgen.units import DAY_MS, HOUR_MS, Fraction, Missing
from tests.market.bars import END_MS, GONE, bars, book, levels, market, thinned


def coverage_of(data: MarketData) -> Coverage:
    """Assess a market that has candles."""
    found = assess_coverage(data, inputs_known=5, inputs_total=7, assumptions=DEFAULTS)
    assert not isinstance(found, Missing)
    return found


def covered(open_interest_base: float, count: int = 240) -> Fraction:
    """Give the start-up coverage of a market with constant volume and open interest."""
    data = market(candles={"binance": bars(count)}, open_interest={"binance": levels(open_interest_base, count)})
    found = book_coverage(data, DEFAULTS)
    assert not isinstance(found, Missing)
    return found


def test_age_history_and_gaps_are_those_of_the_bars_used() -> None:
    """The primary venue's bars are counted, and the age in whole bars."""
    keep = np.ones(240, dtype=np.bool_)
    keep[[20, 21]] = False
    data = market(candles={"okx": thinned(bars(240), keep), "bybit": bars(100)}, as_of_ms=END_MS + 5 * HOUR_MS // 2)
    found = coverage_of(data)
    assert (found.primary_venue, found.last_close_ms, found.stale_bars) == ("okx", END_MS, 2)
    assert found.history_days * DAY_MS == 240 * HOUR_MS
    assert [(each.venue, each.bars, each.gaps, each.interval) for each in found.venues] == [
        ("okx", 238, 2, "1h"),
        ("bybit", 100, 0, "1h"),
    ]


def test_a_venue_counts_for_every_table_it_fills() -> None:
    """A venue without candles stands after those with them."""
    data = market(order_book={"hyperliquid": book(1.0)}, open_interest={"binance": levels(1.0)})
    assert [(each.venue, each.tables) for each in coverage_of(data).venues] == [
        ("binance", ("candles", "open interest")),
        ("hyperliquid", ("order book",)),
    ]


def test_without_candles_coverage_is_their_reason() -> None:
    """There is nothing to cover."""
    assert assess_coverage(market(candles=GONE), inputs_known=0, inputs_total=7, assumptions=DEFAULTS) == GONE


def test_start_up_coverage_needs_open_interest() -> None:
    """Without it the share is unknown, not zero and not one."""
    assert book_coverage(market(), DEFAULTS) == GONE
    short = market(open_interest={"binance": levels(1.0, 1)})
    assert isinstance(book_coverage(short, DEFAULTS), Missing)


@given(open_interest=st.floats(min_value=1e6, max_value=1e12), count=st.integers(min_value=3, max_value=240))
def test_start_up_coverage_grows_with_time_and_churn(open_interest: float, count: int) -> None:
    """It lies between nothing and all; a longer history and a busier market know more of the book."""
    share = covered(open_interest, count)
    assert 0 <= share <= 1
    assert share <= covered(open_interest, count + 1)
    assert share <= covered(open_interest / 2, count)


def test_one_bar_of_churn_closes_its_share_of_the_unknown() -> None:
    """Two snapshots: what one bar turned over is known, up to nine tenths."""
    churned = DEFAULTS.coverage_churn * 1e6
    assert covered(10 * churned, 2) == pytest.approx(0.1)
    assert covered(churned, 2) == pytest.approx(DEFAULTS.coverage_largest_close)


def test_shares_of_open_interest_add_up_to_one() -> None:
    """A venue whose snapshots ended days ago has no share."""
    shares = open_interest_shares(
        market(open_interest={"a": levels(3.0), "b": levels(1.0), "old": levels(9.0, end_ms=END_MS - 3 * DAY_MS)})
    )
    assert shares == {"a": 0.75, "b": 0.25}


@pytest.mark.parametrize("venue", ["all", "binance+bybit"])
def test_a_sum_of_venues_has_no_shares(venue: str) -> None:
    """One number for many venues does not say how they part it."""
    assert isinstance(open_interest_shares(market(open_interest={venue: levels(1.0)})), Missing)


def test_daily_volume_does_not_depend_on_the_bar() -> None:
    """24 hourly bars trade what one daily bar of their sum trades."""
    hourly, daily = bars(240, volume=2.0), bars(10, interval_ms=24 * HOUR_MS, volume=48.0)
    assert daily_quote_volume(hourly, 7) == pytest.approx(daily_quote_volume(daily, 7), rel=0.05)
    assert daily_quote_volume(bars(240, volume=4.0), 7) == pytest.approx(2 * daily_quote_volume(hourly, 7))


@pytest.mark.parametrize(
    ("late_hours", "horizon_hours", "stale"),
    [(0, 24, False), (2, 24, False), (2.01, 24, True), (1.5, 1, True), (1, 1, False), (60, 24, True)],
)
def test_a_last_bar_older_than_two_bars_or_than_the_horizon_is_stale(
    late_hours: float, horizon_hours: float, *, stale: bool
) -> None:
    """Hourly bars are news up to two hours after the last close, and never longer than the brief looks ahead."""
    data = market(candles={"okx": bars(240)}, as_of_ms=END_MS + round(late_hours * HOUR_MS))
    assert bool(stale_reason(data, horizon_hours, DEFAULTS)) == stale


def test_the_age_of_stale_bars_is_said() -> None:
    """Up to two days in hours, then in days."""
    late = [market(candles={"okx": bars(240)}, as_of_ms=END_MS + hours * HOUR_MS) for hours in (5, 60)]
    assert [stale_reason(each, 24, DEFAULTS) for each in late] == [
        "The last bar closed 5.0 hours before as-of.",
        "The last bar closed 2.5 days before as-of.",
    ]
