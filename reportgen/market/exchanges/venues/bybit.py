"""Bybit linear perpetuals: open interest of both sides, newest rows first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reportgen.market.exchanges import venue as rules
from reportgen.market.exchanges.answers import (
    NAN,
    asks,
    clock,
    listed,
    number,
    numbers,
    optional,
    perpetual,
    positive,
    rows,
    rows_of,
    shares,
    sides,
    spot_name,
    spot_pair,
    text,
    tiers,
    within,
)
from reportgen.market.exchanges.venue import Contract, Datum, Listing, Paged, RawBook, Row, Transport, Unit, UnitRule
from reportgen.units import Milliseconds

_MOST_PAGES: Final = 10
_LIST: Final = ("result", "list")


def _listings(connection: Transport) -> Mapping[str, Listing]:
    found: dict[str, Listing] = {}
    cursor = ""
    for _ in range(_MOST_PAGES):
        asked = {"category": "linear", "limit": 1000, **({"cursor": cursor} if cursor else {})}
        answer = connection.ask("publicGetV5MarketInstrumentsInfo", asked)
        found |= listed(rows_of(answer, *_LIST), _listing)
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
        funding_hours=positive(one, "fundingInterval", "Bybit lists no funding interval.", over=60),
    )


def _asked(contract: Contract, **more: object) -> dict[str, Any]:
    return {"category": "linear", "symbol": contract.market_id, **more}


def _hours(contract: Contract, since: Milliseconds, until: Milliseconds) -> dict[str, Any]:
    return _asked(contract, interval="60", start=since, end=until - 1, limit=1000)


def _ticker(connection: Transport, contract: Contract) -> tuple[float, Any]:
    answer = connection.ask("publicGetV5MarketTickers", _asked(contract), about=perpetual(contract))
    return number(within(answer, "time")), within(answer, *_LIST, 0)


def _interest(row: object) -> float:
    """Read both sides: twice the one side where the venue states it (since 2026-06-11)."""
    single = optional(row, "singleOpenInterest")
    return 2 * single if single > 0 else number(within(row, "openInterest"))


def _interest_now(connection: Transport, contract: Contract) -> Row:
    time, ticker = _ticker(connection, contract)
    return (time, _interest(ticker), NAN)


def _funding_now(connection: Transport, contract: Contract) -> Row:
    time, ticker = _ticker(connection, contract)
    return (time, number(within(ticker, "fundingRate")), NAN)


def _order_book(connection: Transport, contract: Contract) -> RawBook:
    answer = connection.ask("publicGetV5MarketOrderbook", _asked(contract, limit=500), about=perpetual(contract))
    bids, offers = sides(within(answer, "result"), "b", "a")
    return RawBook(time_ms=int(number(within(answer, "result", "ts"))), bids=bids, asks=offers)


def _brackets(connection: Transport, contract: Contract, _price: float) -> list[Row]:
    answer = connection.ask("publicGetV5MarketRiskLimit", _asked(contract), about=perpetual(contract))
    return tiers(
        (*numbers(row, "riskLimitValue", "maintenanceMargin", "maxLeverage"), optional(row, "mmDeduction"))
        for row in rows_of(answer, *_LIST)
    )


VENUE: Final = rules.Venue(
    name="bybit",
    display="Bybit",
    ccxt_id="bybit",
    rank=2,
    quote="USDT",
    rules={
        Datum.CANDLES: rules.candle_rule(rules.BASE_VOLUME),
        Datum.MARK: rules.mark_rule(),
        Datum.SPOT: rules.SPOT,
        Datum.OPEN_INTEREST: UnitRule(
            unit=Unit.BASE,
            sides=2,
            says="base coins: singleOpenInterest where it is given, else both sides halved",
            history="since listing",
            days=30,
            source="recorded 2026-08-13: openInterest 59,972.256 is twice singleOpenInterest 29,986.128",
        ),
        Datum.FUNDING: rules.funding_rule(
            "fraction per interval; the interval in minutes from the list", "since listing"
        ),
        Datum.FUNDING_NOW: rules.running_rule("an estimate for the next settlement, from the ticker"),
        Datum.BOOK: rules.book_rule(Unit.BASE, "sizes in base coins", "500"),
        Datum.RATIO: rules.ratio_rule("accounts long over accounts short", "since 2020-07"),
        Datum.BRACKETS: rules.bracket_rule("risk limits in USDT"),
    },
    codes=rules.codes(rate="10006 10018", outage="10016 10000", symbol="10001"),
    listings=_listings,
    ping=clock("publicGetV5MarketTime", "time"),
    paged={
        Datum.CANDLES: Paged(page=asks("publicGetV5MarketKline", _hours, rows(*range(6), at=_LIST)), rows=1000),
        Datum.MARK: Paged(page=asks("publicGetV5MarketMarkPriceKline", _hours, rows(*range(5), at=_LIST)), rows=1000),
        Datum.SPOT: Paged(
            page=asks(
                "publicGetV5MarketKline",
                lambda contract, since, until: {
                    **_hours(contract, since, until),
                    "category": "spot",
                    "symbol": spot_pair(contract),
                },
                rows(*range(6), at=_LIST),
                spot_name,
            ),
            rows=1000,
        ),
        Datum.OPEN_INTEREST: Paged(
            page=asks(
                "publicGetV5MarketOpenInterest",
                lambda contract, since, until: _asked(
                    contract, intervalTime="1h", startTime=since, endTime=until - 1, limit=200
                ),
                lambda answer: [
                    (number(within(row, "timestamp")), _interest(row), NAN) for row in rows_of(answer, *_LIST)
                ],
            ),
            rows=200,
        ),
        Datum.FUNDING: Paged(
            page=asks(
                "publicGetV5MarketFundingHistory",
                lambda contract, since, until: _asked(contract, startTime=since, endTime=until - 1, limit=200),
                rows("fundingRateTimestamp", "fundingRate", at=_LIST),
            ),
            rows=200,
            step_ms=0,
        ),
        Datum.RATIO: Paged(
            page=asks(
                "publicGetV5MarketAccountRatio",
                lambda contract, since, until: _asked(
                    contract, period="1h", startTime=since, endTime=until - 1, limit=500
                ),
                shares("timestamp", "buyRatio", "sellRatio", _LIST),
            ),
            rows=500,
        ),
    },
    interest_now=_interest_now,
    funding_now=_funding_now,
    order_book=_order_book,
    brackets=_brackets,
)
