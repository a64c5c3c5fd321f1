"""Bybit linear perpetuals, as they are published: open interest of both sides, newest rows first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reportgen.market.exchanges.connection import Connection
from reportgen.market.exchanges.readers import (
    NAN,
    Page,
    Paged,
    RawBook,
    Row,
    VenueReader,
    clock_says,
    listed,
    number,
    numbers,
    optional,
    perpetual,
    positive,
    rows_of,
    sides,
    spot_name,
    spot_pair,
    text,
    within,
)
from reportgen.market.exchanges.units import Contract, Listing
from reportgen.market.exchanges.venues import BYBIT, Datum
from reportgen.units import Milliseconds

_MOST_PAGES = 10


def _listings(line: Connection) -> Mapping[str, Listing]:
    found: dict[str, Listing] = {}
    cursor = ""
    for _ in range(_MOST_PAGES):
        asked = {"category": "linear", "limit": 1000, **({"cursor": cursor} if cursor else {})}
        answer = line.ask("publicGetV5MarketInstrumentsInfo", asked)
        found |= listed(rows_of(answer, "result", "list"), _listing)
        cursor = within(answer, "result").get("nextPageCursor") or ""
        if not cursor:
            break
    return found


def _listing(one: Any) -> Listing | None:  # noqa: ANN401 - JSON
    if one.get("contractType") != "LinearPerpetual" or one.get("status") != "Trading":
        return None
    return Listing(
        market_id=text(one, "symbol"),
        base=text(one, "baseCoin"),
        quote=text(one, "quoteCoin"),
        contract_size=1.0,
        inverse=False,
        funding_hours=positive(one, "fundingInterval", "Bybit lists no funding interval.", over=60),
    )


def _asked(contract: Contract, **more: object) -> dict[str, Any]:
    return {"category": "linear", "symbol": contract.listing.market_id, **more}


def _bars(
    endpoint: str, category: str, name: Callable[[Contract], str], about: Callable[[Contract], str], cells: int
) -> Page:
    def page(line: Connection, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
        asked = {"category": category, "symbol": name(contract), "interval": "60", "start": since, "end": until - 1}
        answer = line.ask(endpoint, {**asked, "limit": 1000}, about=about(contract))
        return [numbers(row, *range(cells)) for row in rows_of(answer, "result", "list")]

    return page


def _interest(line: Connection, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
    asked = _asked(contract, intervalTime="1h", startTime=since, endTime=until - 1, limit=200)
    answer = line.ask("publicGetV5MarketOpenInterest", asked, about=perpetual(contract))
    return [(*numbers(row, "timestamp", "openInterest"), NAN) for row in rows_of(answer, "result", "list")]


def _funding(line: Connection, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
    asked = _asked(contract, startTime=since, endTime=until - 1, limit=200)
    answer = line.ask("publicGetV5MarketFundingHistory", asked, about=perpetual(contract))
    return [numbers(row, "fundingRateTimestamp", "fundingRate") for row in rows_of(answer, "result", "list")]


def _ratio(line: Connection, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
    asked = _asked(contract, period="1h", startTime=since, endTime=until - 1, limit=500)
    answer = line.ask("publicGetV5MarketAccountRatio", asked, about=perpetual(contract))
    found = (numbers(row, "timestamp", "buyRatio", "sellRatio") for row in rows_of(answer, "result", "list"))
    return [(time, long / short) for time, long, short in found if short]


def _interest_now(line: Connection, contract: Contract) -> Row:
    time, ticker = _ticker(line, contract)
    return (time, number(within(ticker, "openInterest")), NAN)


def _funding_now(line: Connection, contract: Contract) -> Row:
    time, ticker = _ticker(line, contract)
    return (time, number(within(ticker, "fundingRate")), NAN)


def _ticker(line: Connection, contract: Contract) -> tuple[float, Any]:
    answer = line.ask("publicGetV5MarketTickers", _asked(contract), about=perpetual(contract))
    return number(within(answer, "time")), within(answer, "result", "list", 0)


def _order_book(line: Connection, contract: Contract) -> RawBook:
    answer = line.ask("publicGetV5MarketOrderbook", _asked(contract, limit=500), about=perpetual(contract))
    bids, asks = sides(within(answer, "result"), "b", "a")
    return RawBook(time_ms=int(number(within(answer, "result", "ts"))), bids=bids, asks=asks)


def _brackets(line: Connection, contract: Contract, _price: float) -> list[Row]:
    answer = line.ask("publicGetV5MarketRiskLimit", _asked(contract), about=perpetual(contract))
    floor = 0.0
    found: list[Row] = []
    for row in sorted(rows_of(answer, "result", "list"), key=lambda one: number(within(one, "riskLimitValue"))):
        cap, rate, leverage = numbers(row, "riskLimitValue", "maintenanceMargin", "maxLeverage")
        found.append((floor, cap, rate, leverage, optional(row, "mmDeduction")))
        floor = cap
    return found


def _hello(line: Connection) -> str:
    return clock_says(number(within(line.ask("publicGetV5MarketTime"), "time")))


def _market_id(contract: Contract) -> str:
    return contract.listing.market_id


READER = VenueReader(
    venue=BYBIT,
    listings=_listings,
    paged={
        Datum.CANDLES: Paged(page=_bars("publicGetV5MarketKline", "linear", _market_id, perpetual, 6), rows=1000),
        Datum.MARK: Paged(page=_bars("publicGetV5MarketMarkPriceKline", "linear", _market_id, perpetual, 5), rows=1000),
        Datum.SPOT: Paged(page=_bars("publicGetV5MarketKline", "spot", spot_pair, spot_name, 6), rows=1000),
        Datum.OPEN_INTEREST: Paged(page=_interest, rows=200),
        Datum.FUNDING: Paged(page=_funding, rows=200, step_ms=0),
        Datum.RATIO: Paged(page=_ratio, rows=500),
    },
    interest_now=_interest_now,
    funding_now=_funding_now,
    order_book=_order_book,
    brackets=_brackets,
    hello=_hello,
)
