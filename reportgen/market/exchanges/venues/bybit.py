"""Bybit linear perpetuals: open interest of both sides, newest rows first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reportgen.market.exchanges import answers as read
from reportgen.market.exchanges import questions as ask
from reportgen.market.exchanges import venue as rules
from reportgen.market.exchanges.answers import NAN
from reportgen.market.exchanges.questions import Slot
from reportgen.market.exchanges.venue import Datum, Listing, Transport

_MOST_PAGES: Final = 10
_LIST: Final = ("result", "list")


def _listings(connection: Transport) -> Mapping[str, Listing]:
    found: dict[str, Listing] = {}
    asked: dict[str, object] = {"category": "linear", "limit": 1000}
    for _ in range(_MOST_PAGES):
        answer = connection.ask("publicGetV5MarketInstrumentsInfo", asked)
        found |= read.listed(read.rows_of(answer, *_LIST), _listing)
        cursor = read.within(answer, "result").get("nextPageCursor")
        if not cursor:
            break
        asked = {**asked, "cursor": cursor}
    return found


def _listing(one: Any) -> Listing | None:  # noqa: ANN401 - JSON
    if one.get("contractType") != "LinearPerpetual" or one.get("status") != "Trading":
        return None
    return Listing(
        market_id=read.text(one, "symbol"),
        base=read.text(one, "baseCoin"),
        quote=read.text(one, "quoteCoin"),
        funding_hours=read.positive(one, "fundingInterval", "Bybit lists no funding interval.", over=60),
    )


def _interest(row: object) -> float:
    """Read both sides: twice the one side where the venue states it (since 2026-06-11)."""
    single = read.optional(row, "singleOpenInterest")
    return 2 * single if single > 0 else read.number(read.within(row, "openInterest"))


_MARKET: Final = {"category": "linear", "symbol": Slot.MARKET}
_BARS: Final = _MARKET | {"interval": "60", "start": Slot.SINCE, "end": Slot.LAST, "limit": Slot.LIMIT}
_SPAN: Final = {"startTime": Slot.SINCE, "endTime": Slot.LAST, "limit": Slot.LIMIT}
_CANDLE: Final = read.rows(*range(6), at=_LIST)
_TICKERS: Final = "publicGetV5MarketTickers"


VENUE: Final = rules.Venue(
    name="bybit",
    display="Bybit",
    ccxt_id="bybit",
    rank=2,
    quote="USDT",
    rules=rules.stated(
        rules.rule(Datum.CANDLES, rules.BASE_VOLUME, rules.LISTING),
        rules.MARK,
        rules.SPOT,
        rules.rule(
            Datum.OPEN_INTEREST,
            "base coins: singleOpenInterest where it is given, else both sides halved",
            rules.LISTING,
            sides=2,
            source="recorded 2026-08-13: openInterest 59,972.256 is twice singleOpenInterest 29,986.128",
        ),
        rules.rule(Datum.FUNDING, "fraction per interval; the interval in minutes from the list", rules.LISTING),
        rules.rule(Datum.FUNDING_NOW, "an estimate for the next settlement, from the ticker"),
        rules.rule(Datum.BOOK, "sizes in base coins", "now, 500 levels a side"),
        rules.rule(Datum.RATIO, "accounts long over accounts short", "since 2020-07"),
        rules.rule(Datum.BRACKETS, "risk limits in USDT"),
    ),
    codes=rules.codes(rate="10006 10018", outage="10016 10000", symbol="10001"),
    listings=_listings,
    ping=ask.clock("publicGetV5MarketTime", "time"),
    paged={
        Datum.CANDLES: ask.history("publicGetV5MarketKline", _BARS, _CANDLE, rows=1000),
        Datum.MARK: ask.history("publicGetV5MarketMarkPriceKline", _BARS, read.rows(*range(5), at=_LIST), rows=1000),
        Datum.SPOT: ask.history(
            "publicGetV5MarketKline",
            _BARS | {"category": "spot", "symbol": ask.spot()},
            _CANDLE,
            rows=1000,
            of=ask.spot_market,
        ),
        Datum.OPEN_INTEREST: ask.history(
            "publicGetV5MarketOpenInterest",
            _MARKET | {"intervalTime": "1h"} | _SPAN,
            lambda answer: [
                (read.number(read.within(row, "timestamp")), _interest(row), NAN)
                for row in read.rows_of(answer, *_LIST)
            ],
            rows=200,
        ),
        Datum.FUNDING: ask.history(
            "publicGetV5MarketFundingHistory",
            _MARKET | _SPAN,
            read.rows("fundingRateTimestamp", "fundingRate", at=_LIST),
            rows=200,
            step_ms=0,
        ),
        Datum.RATIO: ask.history(
            "publicGetV5MarketAccountRatio",
            _MARKET | {"period": "1h"} | _SPAN,
            read.shares("timestamp", "buyRatio", "sellRatio", _LIST),
            rows=500,
        ),
    },
    interest_now=lambda line, contract: (
        read.number(read.within(answer := ask.about(line, _TICKERS, _MARKET, contract), "time")),
        _interest(read.within(answer, *_LIST, 0)),
        NAN,
    ),
    funding_now=ask.now(_TICKERS, _MARKET, ("time",), (*_LIST, 0, "fundingRate"), NAN),
    order_book=ask.book(
        "publicGetV5MarketOrderbook", _MARKET | {"limit": 500}, ("result", "ts"), (("result", "b"), ("result", "a"))
    ),
    brackets=ask.brackets(
        "publicGetV5MarketRiskLimit",
        _MARKET,
        _LIST,
        "riskLimitValue",
        "maintenanceMargin",
        "maxLeverage",
        deduction="mmDeduction",
    ),
)
