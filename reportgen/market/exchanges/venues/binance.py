"""Binance USD-M: base coins, each position once, 8 h funding unless its exceptions say else; bundled brackets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from reportgen.market.exchanges import venue as rules
from reportgen.market.exchanges.answers import (
    NAN,
    Ask,
    asks,
    clock,
    listed,
    number,
    numbers,
    perpetual,
    rows,
    rows_of,
    sides,
    spot_name,
    spot_pair,
    text,
    tiers,
    within,
)
from reportgen.market.exchanges.venue import (
    Contract,
    Datum,
    Listing,
    Paged,
    RawBook,
    Row,
    Transport,
    Unit,
    UnitRule,
    VenueFault,
)
from reportgen.units import Maybe, Missing

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


def _listings(connection: Transport) -> Mapping[str, Listing]:
    hours: Maybe[dict[str, float]]
    try:
        found = rows_of(connection.ask("fapiPublicGetFundingInfo"))
        hours = {text(one, "symbol"): number(within(one, "fundingIntervalHours")) for one in found}
    except (VenueFault, ValueError) as error:
        hours = Missing(f"Binance did not say which symbols settle at other intervals: {error}")

    def read(one: Any) -> Listing | None:  # noqa: ANN401 - JSON
        if one.get("contractType") != "PERPETUAL" or one.get("status") != "TRADING":
            return None
        name = text(one, "symbol")
        return Listing(
            market_id=name,
            base=text(one, "baseAsset"),
            quote=text(one, "quoteAsset"),
            funding_hours=hours if isinstance(hours, Missing) else hours.get(name, 8.0),
        )

    return listed(rows_of(connection.ask("fapiPublicGetExchangeInfo"), "symbols"), read)


def _span(limit: int, name: Callable[[Contract], str] = lambda contract: contract.market_id, **more: str) -> Ask:
    return lambda contract, since, until: {
        "symbol": name(contract), **more, "startTime": since, "endTime": until - 1, "limit": limit
    }  # fmt: skip


def _premium(connection: Transport, contract: Contract) -> Any:  # noqa: ANN401 - JSON
    return connection.ask("fapiPublicGetPremiumIndex", {"symbol": contract.market_id}, about=perpetual(contract))


def _interest_now(connection: Transport, contract: Contract) -> Row:
    answer = connection.ask("fapiPublicGetOpenInterest", {"symbol": contract.market_id}, about=perpetual(contract))
    time, amount = numbers(answer, "time", "openInterest")
    return (time, amount, amount * number(within(_premium(connection, contract), "markPrice")))


def _order_book(connection: Transport, contract: Contract) -> RawBook:
    asked = {"symbol": contract.market_id, "limit": 1000}
    answer = connection.ask("fapiPublicGetDepth", asked, about=perpetual(contract))
    bids, asked_for = sides(answer, "bids", "asks")
    return RawBook(time_ms=int(number(within(answer, "T"))), bids=bids, asks=asked_for)


_CANDLE: Final = rows(0, 1, 2, 3, 4, 5, 9)
_HOURS: Final = _span(1000, interval="1h")
_STATISTIC: Final = _span(500, period="1h")

VENUE: Final = rules.Venue(
    name="binance",
    display="Binance",
    ccxt_id="binanceusdm",
    rank=1,
    window_seconds=60.0,
    quote="USDT",
    rules={
        Datum.CANDLES: rules.candle_rule(rules.TAKER_VOLUME),
        Datum.MARK: rules.mark_rule(),
        Datum.SPOT: rules.SPOT,
        Datum.OPEN_INTEREST: UnitRule(
            unit=Unit.BASE, says="base coins, each position once", history="latest 30 days", days=29, source=rules.CCXT
        ),
        Datum.FUNDING: rules.funding_rule(
            "fraction per interval; 8 h unless fundingInfo names another", "since listing"
        ),
        Datum.FUNDING_NOW: rules.running_rule("lastFundingRate, an estimate for the next settlement"),
        Datum.BOOK: rules.book_rule(Unit.BASE, "sizes in base coins", "1000"),
        Datum.RATIO: rules.ratio_rule("accounts long over short", "latest 30 days"),
        Datum.BRACKETS: rules.bracket_rule(
            f"bundled table of {DATE}: the venue's own needs an account", "public tests built on snapshots of 2024"
        ),
    },
    codes=rules.codes(rate="-1003 -1008 -1015", outage="-1000 -1001 -1006 -1007 -1016", symbol="-1121"),
    listings=_listings,
    ping=clock("fapiPublicGetTime", "serverTime"),
    paged={
        Datum.CANDLES: Paged(page=asks("fapiPublicGetKlines", _HOURS, _CANDLE), rows=1000),
        Datum.MARK: Paged(page=asks("fapiPublicGetMarkPriceKlines", _HOURS, rows(0, 1, 2, 3, 4)), rows=1000),
        Datum.SPOT: Paged(
            page=asks("publicGetKlines", _span(1000, spot_pair, interval="1h"), _CANDLE, spot_name), rows=1000
        ),
        Datum.OPEN_INTEREST: Paged(
            page=asks(
                "fapiDataGetOpenInterestHist",
                _STATISTIC,
                rows("timestamp", "sumOpenInterest", "sumOpenInterestValue"),
            ),
            rows=500,
        ),
        Datum.FUNDING: Paged(
            page=asks("fapiPublicGetFundingRate", _span(1000), rows("fundingTime", "fundingRate")), rows=1000, step_ms=0
        ),
        Datum.RATIO: Paged(
            page=asks("fapiDataGetGlobalLongShortAccountRatio", _STATISTIC, rows("timestamp", "longShortRatio")),
            rows=500,
        ),
    },
    interest_now=_interest_now,
    funding_now=lambda connection, contract: (*numbers(_premium(connection, contract), "time", "lastFundingRate"), NAN),
    order_book=_order_book,
    brackets=lambda _line, contract, _price: tiers((*tier, NAN) for tier in TIERS.get(contract.market_id, ())),
    brackets_date=DATE,
)
