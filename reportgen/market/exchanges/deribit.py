"""Deribit perpetuals, as they are published: inverse ones in USD, funding that accrues by the second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.market.exchanges.connection import Connection
from reportgen.market.exchanges.readers import (
    Paged,
    RawBook,
    Row,
    VenueReader,
    clock_says,
    flag,
    listed,
    number,
    numbers,
    perpetual,
    rows_of,
    sides,
    text,
    within,
)
from reportgen.market.exchanges.units import Contract, Listing
from reportgen.market.exchanges.venues import DERIBIT, Datum
from reportgen.units import Milliseconds, Missing

_HOURLY = 1.0
_EIGHT_HOURS = 8.0
_CANDLE = ("ticks", "open", "high", "low", "close", "volume")


def _listings(line: Connection) -> Mapping[str, Listing]:
    asked = {"currency": "any", "kind": "future"}
    return listed(rows_of(line.ask("publicGetGetInstruments", asked), "result"), _listing)


def _listing(one: Any) -> Listing | None:  # noqa: ANN401 - JSON
    """Read an inverse perpetual: they alone count in USD as the table says, and the linear ones are small."""
    inverse = "reversed" in {one.get("future_type"), one.get("instrument_type")}
    if one.get("settlement_period") != "perpetual" or not flag(one, "is_active") or not inverse:
        return None
    return Listing(
        market_id=text(one, "instrument_name"),
        base=text(one, "base_currency"),
        quote=text(one, "quote_currency"),
        contract_size=Missing("Deribit counts inverse perpetuals in USD."),
        inverse=True,
        funding_hours=_HOURLY,
    )


def _asked(contract: Contract, **more: object) -> dict[str, Any]:
    return {"instrument_name": contract.listing.market_id, **more}


def _candles(line: Connection, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
    asked = _asked(contract, resolution="60", start_timestamp=since, end_timestamp=until - 1)
    answer = line.ask("publicGetGetTradingviewChartData", asked, about=perpetual(contract))
    columns = [[number(cell) for cell in rows_of(answer, "result", name)] for name in _CANDLE]
    return list(zip(*columns, strict=True))


def _funding(line: Connection, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
    asked = _asked(contract, start_timestamp=since, end_timestamp=until - 1)
    answer = line.ask("publicGetGetFundingRateHistory", asked, about=perpetual(contract))
    return [numbers(row, "timestamp", "interest_1h") for row in rows_of(answer, "result")]


def _ticker(line: Connection, contract: Contract) -> Any:  # noqa: ANN401 - JSON
    return within(line.ask("publicGetTicker", _asked(contract), about=perpetual(contract)), "result")


def _interest_now(line: Connection, contract: Contract) -> Row:
    time, usd = numbers(_ticker(line, contract), "timestamp", "open_interest")
    return (time, usd, usd)


def _funding_now(line: Connection, contract: Contract) -> Row:
    return (*numbers(_ticker(line, contract), "timestamp", "funding_8h"), _EIGHT_HOURS)


def _mark_price(line: Connection, contract: Contract) -> float:
    return number(within(_ticker(line, contract), "mark_price"))


def _order_book(line: Connection, contract: Contract) -> RawBook:
    answer = line.ask("publicGetGetOrderBook", _asked(contract, depth=1000), about=perpetual(contract))
    bids, asks = sides(within(answer, "result"), "bids", "asks")
    return RawBook(time_ms=int(number(within(answer, "result", "timestamp"))), bids=bids, asks=asks)


def _hello(line: Connection) -> str:
    return clock_says(number(within(line.ask("publicGetGetTime"), "result")))


READER = VenueReader(
    venue=DERIBIT,
    listings=_listings,
    paged={
        Datum.CANDLES: Paged(page=_candles, rows=5000),
        Datum.FUNDING: Paged(page=_funding, rows=744, step_ms=0),
    },
    interest_now=_interest_now,
    funding_now=_funding_now,
    mark_price=_mark_price,
    order_book=_order_book,
    hello=_hello,
)
