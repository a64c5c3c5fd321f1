"""Every venue's numbers, in its own units, sides and orders, come out as the one truth that they were made from."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from reportgen.market.exchanges.gather import Gathering
from reportgen.market.exchanges.rows import TableRows
from reportgen.market.exchanges.venue import Datum
from reportgen.market.exchanges.venues import VENUES
from tests.market.live import truth
from tests.market.live.conftest import Gather, asking
from tests.market.live.exchange_server import Exchanges

COINS = ("BTC", "PEPE")


@pytest.fixture(scope="module")
def everything(server: Exchanges) -> Gathering:
    """Gather everything of two coins once for all these tests."""
    server.reset()
    return asking(server)(*COINS)


def piece(found: Gathering, table: str, coin: str, venue: str, *more: str) -> TableRows:
    """Find the rows of one series."""
    keys = (f"{coin}/USDT:USDT", venue, *more)
    return next(one for one in found.pieces if one.table.name == table and one.keys == keys)


def listed(datum: Datum) -> list[tuple[str, str]]:
    """List (venue, coin) where a venue publishes a datum; Deribit has no PEPE."""
    return [
        (name, coin)
        for name, venue in VENUES.items()
        for coin in COINS
        if hasattr(venue.rule(datum), "says") and not (name == "deribit" and coin == "PEPE")
    ]


@pytest.mark.parametrize(("venue", "coin"), listed(Datum.CANDLES))
def test_candles_are_closed_whole_and_in_coins(everything: Gathering, venue: str, coin: str) -> None:
    """Prices and volumes equal the truth, for 1000PEPE, kPEPE and contracts too, and the forming bar is not there."""
    rows = piece(everything, "candles", coin, venue, "1h")
    opened = rows.columns["open_time_ms"]
    assert len(opened) == 92 * 24
    assert set(np.diff(opened)) == {truth.HOUR}
    assert opened[-1] + truth.HOUR <= everything.as_of_ms < opened[-1] + 2 * truth.HOUR + 60_000
    expected = np.array([truth.bar(coin, int(at)) for at in opened])
    for at, name in enumerate(("open", "high", "low", "close")):
        np.testing.assert_allclose(rows.columns[name], expected[:, at], rtol=1e-9)
    np.testing.assert_allclose(
        rows.columns["volume_base"], [truth.volume(coin, venue, int(at)) for at in opened], rtol=1e-9
    )


@pytest.mark.parametrize(("venue", "coin"), listed(Datum.OPEN_INTEREST))
def test_open_interest_counts_each_position_once_in_coins(everything: Gathering, venue: str, coin: str) -> None:
    """Contracts, USD and both-sided numbers all become the same truth, history and present alike."""
    rows = piece(everything, "open_interest", coin, venue)
    expected = [truth.interest(coin, venue, int(at)) for at in rows.columns["time_ms"]]
    np.testing.assert_allclose(rows.columns["open_interest_base"], expected, rtol=2e-3)
    quote = rows.columns["open_interest_quote"]
    prices = [truth.price(coin, int(at)) for at in rows.columns["time_ms"]]
    known = ~np.isnan(quote)
    np.testing.assert_allclose(quote[known], (np.array(expected) * prices)[known], rtol=2e-3)


@pytest.mark.parametrize(("venue", "coin"), [*listed(Datum.FUNDING), ("binance", "ETH")])
def test_funding_has_its_real_interval(everything: Gathering, gather: Gather, venue: str, coin: str) -> None:
    """Rates are per interval, times are freed of jitter, and the interval is read from the gaps: 1, 4 or 8 hours."""
    found = everything if coin in COINS else gather(coin, venues=(venue,), data=(Datum.FUNDING, Datum.CANDLES))
    rows = piece(found, "funding", coin, venue)
    hours = 4 if coin == "ETH" else 1 if venue in {"hyperliquid", "deribit", "kraken"} else 8
    assert set(rows.columns["interval_hours"]) == {hours}
    assert all(later - earlier == hours * truth.HOUR for earlier, later in pairwise(rows.columns["time_ms"].tolist()))
    expected = [truth.funding(int(at), hours) for at in rows.columns["time_ms"]]
    np.testing.assert_allclose(rows.columns["funding_rate"], expected, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(("venue", "coin"), listed(Datum.FUNDING_NOW))
def test_running_funding_is_of_now_and_apart(everything: Gathering, venue: str, coin: str) -> None:
    """Hourly, 8-hourly and absolute rates all become the one that is running, in a table of its own."""
    rows = piece(everything, "funding_now", coin, venue)
    (hours,) = rows.columns["interval_hours"]
    assert rows.columns["funding_rate"].tolist() == pytest.approx([truth.running(hours)])
    assert 0 <= everything.as_of_ms - rows.columns["time_ms"][0] < 60_000
    assert truth.running(hours) not in piece(everything, "funding", coin, venue).columns["funding_rate"]


@pytest.mark.parametrize(("venue", "coin"), listed(Datum.BOOK))
def test_books_are_in_coins_around_the_price(everything: Gathering, venue: str, coin: str) -> None:
    """Both sides stand around the price, each level holding the same coins whatever the venue counts in."""
    bids, asks = (piece(everything, "order_book", coin, venue, side) for side in ("bid", "ask"))
    at = int(bids.columns["time_ms"][0])
    assert bids.columns["price"].max() < truth.price(coin, at) < asks.columns["price"].min()
    for side in (bids, asks):
        expected = truth.interest(coin, venue, at) / 1e5
        np.testing.assert_allclose(side.columns["size_base"], expected, rtol=2e-3)


@pytest.mark.parametrize(("venue", "coin"), [(venue, coin) for venue in ("okx", "gate", "htx") for coin in COINS])
def test_liquidations_are_dollars_by_the_side_that_was_liquidated(everything: Gathering, venue: str, coin: str) -> None:
    """Single orders in contracts and ready-made bars give the same dollars of longs and shorts, hour by hour."""
    rows = piece(everything, "liquidations", coin, venue, "1h")
    expected = np.array([truth.liquidated(int(at)) for at in rows.columns["open_time_ms"]])
    np.testing.assert_allclose(rows.columns["liquidated_long_quote"][:-1], expected[:-1, 0], rtol=1e-6)
    np.testing.assert_allclose(rows.columns["liquidated_short_quote"][:-1], expected[:-1, 1], rtol=1e-6)
    assert len(rows.columns["open_time_ms"]) >= 24


@pytest.mark.parametrize(("venue", "coin"), listed(Datum.RATIO))
def test_the_long_short_ratio_is_accounts_over_accounts(everything: Gathering, venue: str, coin: str) -> None:
    """Shares of accounts and ratios alike become one ratio."""
    rows = piece(everything, "long_short_ratio", coin, venue, "accounts")
    expected = [truth.ratio(int(at)) for at in rows.columns["time_ms"]]
    np.testing.assert_allclose(rows.columns["ratio"], expected, rtol=1e-9)


@pytest.mark.parametrize(("venue", "coin"), listed(Datum.SPOT))
def test_spot_is_priced_in_single_coins(everything: Gathering, venue: str, coin: str) -> None:
    """Spot knows no multiplied coins, so its bars agree with the contract's after conversion."""
    spot = piece(everything, "spot_candles", coin, venue, "1h")
    expected = [truth.bar(coin, int(at))[3] for at in spot.columns["open_time_ms"]]
    np.testing.assert_allclose(spot.columns["close"], expected, rtol=1e-9)
    volume = [truth.volume(coin, venue, int(at)) for at in spot.columns["open_time_ms"]]
    np.testing.assert_allclose(spot.columns["volume_base"], volume, rtol=1e-9)


def test_brackets_are_bounded_in_dollars(everything: Gathering) -> None:
    """OKX bounds them in contracts: 500 of 0.01 BTC are 5 BTC at the last close; Binance's are dated."""
    okx = next(one for one in everything.pieces if one.table.name == "leverage_brackets" and "okx" in one.keys)
    close = piece(everything, "candles", "BTC", "okx", "1h").columns["close"][-1]
    assert okx.columns["notional_cap"][0] == pytest.approx(5 * close)
    assert okx.columns["maintenance_amount"][1] == pytest.approx(5 * close * 0.001)
    binance = next(one for one in everything.pieces if one.table.name == "leverage_brackets" and "binance" in one.keys)
    assert binance.keys[2] == "2024-10-24"
    assert binance.columns["maintenance_amount"][:5] == pytest.approx([0, 50, 950, 11_450, 131_450])


def test_only_what_is_not_listed_is_missing(everything: Gathering) -> None:
    """With every venue well nothing is missing but the perpetual that Deribit does not have."""
    assert [(symbol, gap.venue, gap.what) for symbol, gap in everything.gaps] == [
        ("PEPE/USDT:USDT", "deribit", "perpetual")
    ]


def test_nothing_is_asked_twice_in_a_run(exchanges: Exchanges, gather: Gather) -> None:
    """No question is put to a venue a second time, though several tables come from the same answer."""
    gather("BTC", "ETH")
    assert {question: count for question, count in exchanges.questions.items() if count > 1} == {}
