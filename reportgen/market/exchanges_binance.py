"""Binance USD-M, as it publishes: base coins, each position once, 8 h funding unless its exceptions say else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reportgen.market.brackets_binance import DATE, TIERS
from reportgen.market.exchanges_faults import VenueFault
from reportgen.market.exchanges_line import Connection
from reportgen.market.exchanges_readers import (
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
    perpetual,
    rows_of,
    sides,
    spot_name,
    spot_pair,
    text,
    within,
)
from reportgen.market.venues import BINANCE, Datum
from reportgen.market.venues_units import Contract, Listing
from reportgen.units import Maybe, Milliseconds, Missing


def _listings(line: Connection) -> Mapping[str, Listing]:
    hours = _exceptions(line)

    def read(one: Any) -> Listing | None:  # noqa: ANN401 - JSON
        if one.get("contractType") != "PERPETUAL" or one.get("status") != "TRADING":
            return None
        name = text(one, "symbol")
        return Listing(
            market_id=name,
            base=text(one, "baseAsset"),
            quote=text(one, "quoteAsset"),
            contract_size=1.0,
            inverse=False,
            funding_hours=hours if isinstance(hours, Missing) else hours.get(name, 8.0),
        )

    return listed(rows_of(line.ask("fapiPublicGetExchangeInfo"), "symbols"), read)


def _exceptions(line: Connection) -> Maybe[dict[str, float]]:
    """List the symbols that do not settle every 8 hours."""
    try:
        found = rows_of(line.ask("fapiPublicGetFundingInfo"))
        return {text(one, "symbol"): number(within(one, "fundingIntervalHours")) for one in found}
    except (VenueFault, ValueError) as error:
        return Missing(f"Binance did not say which symbols settle at other intervals: {error}")


def _bars(
    endpoint: str, name: Callable[[Contract], str], about: Callable[[Contract], str], cells: tuple[int, ...]
) -> Page:
    def page(line: Connection, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
        asked = {"symbol": name(contract), "interval": "1h", "startTime": since, "endTime": until - 1, "limit": 1000}
        return [numbers(row, *cells) for row in rows_of(line.ask(endpoint, asked, about=about(contract)))]

    return page


def _market_id(contract: Contract) -> str:
    return contract.listing.market_id


def _statistic(endpoint: str, *cells: str) -> Page:
    def page(line: Connection, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
        asked = {"symbol": _market_id(contract), "period": "1h", "startTime": since, "endTime": until - 1, "limit": 500}
        return [numbers(row, *cells) for row in rows_of(line.ask(endpoint, asked, about=perpetual(contract)))]

    return page


def _funding(line: Connection, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
    asked = {"symbol": _market_id(contract), "startTime": since, "endTime": until - 1, "limit": 1000}
    answer = line.ask("fapiPublicGetFundingRate", asked, about=perpetual(contract))
    return [numbers(row, "fundingTime", "fundingRate") for row in rows_of(answer)]


def _interest_now(line: Connection, contract: Contract) -> Row:
    asked = {"symbol": _market_id(contract)}
    time, amount = numbers(
        line.ask("fapiPublicGetOpenInterest", asked, about=perpetual(contract)), "time", "openInterest"
    )
    return (time, amount, amount * number(within(_premium(line, contract), "markPrice")))


def _premium(line: Connection, contract: Contract) -> Any:  # noqa: ANN401 - JSON
    return line.ask("fapiPublicGetPremiumIndex", {"symbol": _market_id(contract)}, about=perpetual(contract))


def _funding_now(line: Connection, contract: Contract) -> Row:
    return (*numbers(_premium(line, contract), "time", "lastFundingRate"), NAN)


def _order_book(line: Connection, contract: Contract) -> RawBook:
    asked: dict[str, Any] = {"symbol": _market_id(contract), "limit": 1000}
    answer = line.ask("fapiPublicGetDepth", asked, about=perpetual(contract))
    bids, asks = sides(answer, "bids", "asks")
    return RawBook(time_ms=int(number(within(answer, "T"))), bids=bids, asks=asks)


def _brackets(_line: Connection, contract: Contract, _price: float) -> list[Row]:
    floor = 0.0
    found: list[Row] = []
    for cap, rate, leverage in TIERS.get(_market_id(contract), ()):
        found.append((floor, float(cap), rate, float(leverage), NAN))
        floor = float(cap)
    return found


def _hello(line: Connection) -> str:
    return clock_says(number(within(line.ask("fapiPublicGetTime"), "serverTime")))


_CANDLE = (0, 1, 2, 3, 4, 5, 9)
READER = VenueReader(
    venue=BINANCE,
    listings=_listings,
    paged={
        Datum.CANDLES: Paged(page=_bars("fapiPublicGetKlines", _market_id, perpetual, _CANDLE), rows=1000),
        Datum.MARK: Paged(
            page=_bars("fapiPublicGetMarkPriceKlines", _market_id, perpetual, (0, 1, 2, 3, 4)), rows=1000
        ),
        Datum.SPOT: Paged(page=_bars("publicGetKlines", spot_pair, spot_name, _CANDLE), rows=1000),
        Datum.OPEN_INTEREST: Paged(
            page=_statistic("fapiDataGetOpenInterestHist", "timestamp", "sumOpenInterest", "sumOpenInterestValue"),
            rows=500,
        ),
        Datum.FUNDING: Paged(page=_funding, rows=1000, step_ms=0),
        Datum.RATIO: Paged(
            page=_statistic("fapiDataGetGlobalLongShortAccountRatio", "timestamp", "longShortRatio"), rows=500
        ),
    },
    interest_now=_interest_now,
    funding_now=_funding_now,
    order_book=_order_book,
    brackets=_brackets,
    brackets_date=DATE,
    hello=_hello,
)
