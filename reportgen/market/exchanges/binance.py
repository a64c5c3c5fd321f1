"""Binance USD-M, as it publishes: base coins, each position once, 8 h funding unless its exceptions say else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from reportgen.market.exchanges.connection import Connection, VenueFault
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
    perpetual,
    rows_of,
    sides,
    spot_name,
    spot_pair,
    text,
    within,
)
from reportgen.market.exchanges.units import Contract, Listing
from reportgen.market.exchanges.venues import BINANCE, Datum
from reportgen.units import Maybe, Milliseconds, Missing

# ---- Binance USD-M maintenance brackets of 2024-10-24: Binance shows its own to accounts only, so these are bundled --
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
