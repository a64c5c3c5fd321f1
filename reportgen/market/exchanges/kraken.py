"""Kraken Futures' PF_ perpetuals, as they are published: base coins, hourly funding, open interest in tickers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from reportgen.market.exchanges.connection import Connection
from reportgen.market.exchanges.readers import (
    NAN,
    Page,
    Paged,
    RawBook,
    Row,
    VenueReader,
    flag,
    listed,
    number,
    numbers,
    perpetual,
    positive,
    rows_of,
    text,
    within,
)
from reportgen.market.exchanges.units import Contract, Listing
from reportgen.market.exchanges.venues import KRAKEN, Datum
from reportgen.units import Milliseconds

_HOURLY: Final = 1.0
_PERPETUAL: Final = "PF_"
_OWN_NAMES: Final = {"XBT": "BTC", "XDG": "DOGE"}
_SECOND_MS: Final = 1000


def _listings(line: Connection) -> Mapping[str, Listing]:
    return listed(rows_of(line.ask("publicGetInstruments"), "instruments"), _listing)


def _listing(one: Any) -> Listing | None:  # noqa: ANN401 - JSON
    name = text(one, "symbol").upper()
    if not name.startswith(_PERPETUAL) or not name.endswith("USD") or not flag(one, "tradeable"):
        return None
    coin = name.removeprefix(_PERPETUAL).removesuffix("USD")
    return Listing(
        market_id=name,
        base=_OWN_NAMES.get(coin, coin),
        quote="USD",
        contract_size=positive(one, "contractSize", f"Kraken Futures states no contract size of {name}."),
        inverse=False,
        funding_hours=_HOURLY,
    )


def _bars(price: str, *cells: str) -> Page:
    def page(line: Connection, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
        market: dict[str, Any] = {"price_type": price, "symbol": contract.listing.market_id, "interval": "1h"}
        span = {"from": since // _SECOND_MS, "to": (until - 1) // _SECOND_MS}
        answer = line.ask("chartsGetPriceTypeSymbolInterval", {**market, **span}, about=perpetual(contract))
        found = rows_of(answer, "candles")
        return [numbers(row, "time", "open", "high", "low", "close", *cells) for row in found]

    return page


def _funding(line: Connection, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
    asked = {"symbol": contract.listing.market_id}
    answer = line.ask("publicGetHistoricalfundingrates", asked, about=perpetual(contract))
    # The oldest hours carry no relative rate.
    rates = (row for row in rows_of(answer, "rates") if within(row, "relativeFundingRate") is not None)
    found = ((_moment(text(row, "timestamp")), row) for row in rates)
    return [(time, number(within(row, "relativeFundingRate"))) for time, row in found if since <= time < until]


def _interest_now(line: Connection, contract: Contract) -> Row:
    time, ticker = _ticker(line, contract)
    return (time, number(within(ticker, "openInterest")), NAN)


def _funding_now(line: Connection, contract: Contract) -> Row:
    """Read the running rate, which is USD per contract here."""
    time, ticker = _ticker(line, contract)
    absolute, mark = numbers(ticker, "fundingRate", "markPrice")
    return (time, absolute / mark, _HOURLY)


def _ticker(line: Connection, contract: Contract) -> tuple[float, Any]:
    answer = line.ask("publicGetTickers")
    mine = (row for row in rows_of(answer, "tickers") if text(row, "symbol").upper() == contract.listing.market_id)
    return _moment(text(answer, "serverTime")), next(mine, None)


def _order_book(line: Connection, contract: Contract) -> RawBook:
    answer = line.ask("publicGetOrderbook", {"symbol": contract.listing.market_id}, about=perpetual(contract))
    book = within(answer, "orderBook")
    bids = sorted((numbers(level, 0, 1) for level in rows_of(book, "bids")), reverse=True)
    asks = sorted(numbers(level, 0, 1) for level in rows_of(book, "asks"))
    return RawBook(time_ms=int(_moment(text(answer, "serverTime"))), bids=tuple(bids), asks=tuple(asks))


def _moment(written: str) -> float:
    """Read 2026-11-27T08:00:00.000Z as milliseconds."""
    return datetime.fromisoformat(written).timestamp() * _SECOND_MS


def _hello(line: Connection) -> str:
    return f"{len(rows_of(line.ask('publicGetTickers'), 'tickers'))} tickers"


READER = VenueReader(
    venue=KRAKEN,
    listings=_listings,
    paged={
        Datum.CANDLES: Paged(page=_bars("trade", "volume"), rows=2000),
        Datum.MARK: Paged(page=_bars("mark"), rows=2000),
        Datum.FUNDING: Paged(page=_funding, rows=1_000_000, step_ms=0),
    },
    interest_now=_interest_now,
    funding_now=_funding_now,
    order_book=_order_book,
    hello=_hello,
)
