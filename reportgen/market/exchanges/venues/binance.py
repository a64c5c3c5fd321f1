"""Binance USD-M: base coins, each position once, 8 h funding unless its exceptions say else; bundled brackets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reportgen.market.exchanges import answers as read
from reportgen.market.exchanges import questions as ask
from reportgen.market.exchanges import venue as rules
from reportgen.market.exchanges.answers import NAN
from reportgen.market.exchanges.questions import Slot
from reportgen.market.exchanges.venue import Datum, Listing, Transport, VenueFault
from reportgen.units import Maybe, Missing

DATE: Final = "2024-10-24"

TIERS: Final[Mapping[str, tuple[tuple[float, float, float], ...]]] = {
    "BTCUSDT": (
        *((50_000, 0.004, 125), (600_000, 0.005, 100), (3_000_000, 0.0065, 75), (12_000_000, 0.01, 50)),
        *((70_000_000, 0.02, 25), (100_000_000, 0.025, 20), (230_000_000, 0.05, 10), (480_000_000, 0.1, 5)),
        *((600_000_000, 0.125, 4), (800_000_000, 0.15, 3), (1_200_000_000, 0.25, 2), (1_800_000_000, 0.5, 1)),
    ),
    "ETHUSDT": (
        *((50_000, 0.004, 125), (600_000, 0.005, 100), (3_000_000, 0.0065, 75), (12_000_000, 0.01, 50)),
        *((50_000_000, 0.02, 25), (65_000_000, 0.025, 20), (150_000_000, 0.05, 10), (320_000_000, 0.1, 5)),
        *((400_000_000, 0.125, 4), (530_000_000, 0.15, 3), (800_000_000, 0.25, 2), (1_200_000_000, 0.5, 1)),
    ),
    "SOLUSDT": (
        *((20_000, 0.005, 100), (100_000, 0.0065, 75), (800_000, 0.01, 50), (4_000_000, 0.02, 25)),
        *((8_000_000, 0.025, 20), (40_000_000, 0.05, 10), (80_000_000, 0.1, 5), (100_000_000, 0.125, 4)),
        *((200_000_000, 0.25, 2), (400_000_000, 0.5, 1)),
    ),
    "ARBUSDT": (
        *((5_000, 0.006, 75), (50_000, 0.01, 50), (80_000, 0.015, 40), (200_000, 0.02, 25)),
        *((600_000, 0.025, 20), (2_000_000, 0.05, 10), (4_000_000, 0.1, 5), (5_000_000, 0.125, 4)),
        *((12_000_000, 0.25, 2), (20_000_000, 0.5, 1)),
    ),
}
"""(notional cap in USDT, maintenance margin rate, highest leverage) by market, smallest positions first."""


def _listings(connection: Transport) -> Mapping[str, Listing]:
    hours: Maybe[dict[str, float]]
    try:
        found = read.rows_of(connection.ask("fapiPublicGetFundingInfo"))
        hours = {read.text(one, "symbol"): read.number(read.within(one, "fundingIntervalHours")) for one in found}
    except (VenueFault, ValueError) as error:
        hours = Missing(f"Binance did not say which symbols settle at other intervals: {error}")

    def listing(one: Any) -> Listing | None:  # noqa: ANN401 - JSON
        if one.get("contractType") != "PERPETUAL" or one.get("status") != "TRADING":
            return None
        name = read.text(one, "symbol")
        return Listing(
            market_id=name,
            base=read.text(one, "baseAsset"),
            quote=read.text(one, "quoteAsset"),
            funding_hours=hours if isinstance(hours, Missing) else hours.get(name, 8.0),
        )

    return read.listed(read.rows_of(connection.ask("fapiPublicGetExchangeInfo"), "symbols"), listing)


_MARKET: Final = {"symbol": Slot.MARKET}
_SPAN: Final = {"startTime": Slot.SINCE, "endTime": Slot.LAST, "limit": Slot.LIMIT}
_BARS: Final = _MARKET | {"interval": "1h"} | _SPAN
_STATISTIC: Final = _MARKET | {"period": "1h"} | _SPAN
_CANDLE: Final = read.rows(0, 1, 2, 3, 4, 5, 9)
_PREMIUM: Final = "fapiPublicGetPremiumIndex"
_AMOUNT: Final = ask.now("fapiPublicGetOpenInterest", _MARKET, ("time",), ("openInterest",))
_MARK_PRICE: Final = ask.now(_PREMIUM, _MARKET, ("markPrice",))


VENUE: Final = rules.Venue(
    name="binance",
    display="Binance",
    ccxt_id="binanceusdm",
    rank=1,
    window_seconds=60.0,
    quote="USDT",
    rules=rules.stated(
        rules.rule(Datum.CANDLES, "volume in base coins, with the part that takers bought", rules.LISTING),
        rules.MARK,
        rules.SPOT,
        rules.rule(Datum.OPEN_INTEREST, "base coins, each position once", "latest 30 days", days=29),
        rules.rule(Datum.FUNDING, "fraction per interval; 8 h unless fundingInfo names another", rules.LISTING),
        rules.rule(Datum.FUNDING_NOW, "lastFundingRate, an estimate for the next settlement"),
        rules.rule(Datum.BOOK, "sizes in base coins", "now, 1000 levels a side"),
        rules.rule(Datum.RATIO, "accounts long over short", "latest 30 days"),
        rules.rule(
            Datum.BRACKETS,
            f"bundled table of {DATE}: the venue's own needs an account",
            source="public tests built on snapshots of 2024",
        ),
    ),
    codes=rules.codes(rate="-1003 -1008 -1015", outage="-1000 -1001 -1006 -1007 -1016", symbol="-1121"),
    listings=_listings,
    ping=ask.clock("fapiPublicGetTime", "serverTime"),
    paged={
        Datum.CANDLES: ask.history("fapiPublicGetKlines", _BARS, _CANDLE, rows=1000),
        Datum.MARK: ask.history("fapiPublicGetMarkPriceKlines", _BARS, read.rows(*range(5)), rows=1000),
        Datum.SPOT: ask.history(
            "publicGetKlines", _BARS | {"symbol": ask.spot()}, _CANDLE, rows=1000, of=ask.spot_market
        ),
        Datum.OPEN_INTEREST: ask.history(
            "fapiDataGetOpenInterestHist",
            _STATISTIC,
            read.rows("timestamp", "sumOpenInterest", "sumOpenInterestValue"),
            rows=500,
        ),
        Datum.FUNDING: ask.history(
            "fapiPublicGetFundingRate", _MARKET | _SPAN, read.rows("fundingTime", "fundingRate"), rows=1000, step_ms=0
        ),
        Datum.RATIO: ask.history(
            "fapiDataGetGlobalLongShortAccountRatio", _STATISTIC, read.rows("timestamp", "longShortRatio"), rows=500
        ),
    },
    interest_now=lambda line, contract: (
        *(told := _AMOUNT(line, contract)),
        told[1] * _MARK_PRICE(line, contract)[0],
    ),
    funding_now=ask.now(_PREMIUM, _MARKET, ("time",), ("lastFundingRate",), NAN),
    order_book=ask.book("fapiPublicGetDepth", _MARKET | {"limit": 1000}, ("T",), (("bids",), ("asks",))),
    brackets=lambda _line, contract, _price: read.tiers((*tier, NAN) for tier in TIERS.get(contract.market_id, ())),
    brackets_date=DATE,
)
