"""Deribit perpetuals: inverse ones in USD, funding that accrues by the second."""

from __future__ import annotations

from typing import Any, Final

from reportgen.market.exchanges import venue as rules
from reportgen.market.exchanges.answers import (
    asks,
    clock,
    flag,
    listed,
    number,
    numbers,
    perpetual,
    rows,
    rows_of,
    sides,
    text,
    within,
)
from reportgen.market.exchanges.venue import Contract, Datum, Listing, Paged, RawBook, Row, Transport, Unit, UnitRule
from reportgen.units import Milliseconds, Missing

_HOURLY: Final = 1.0
_EIGHT_HOURS: Final = 8.0
_CANDLE: Final = ("ticks", "open", "high", "low", "close", "volume")


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
    return {"instrument_name": contract.market_id, **more}


def _span(contract: Contract, since: Milliseconds, until: Milliseconds) -> dict[str, Any]:
    return _asked(contract, start_timestamp=since, end_timestamp=until - 1)


def _candles(answer: object) -> list[Row]:
    columns = [[number(cell) for cell in rows_of(answer, "result", name)] for name in _CANDLE]
    return list(zip(*columns, strict=True))


def _ticker(connection: Transport, contract: Contract) -> Any:  # noqa: ANN401 - JSON
    return within(connection.ask("publicGetTicker", _asked(contract), about=perpetual(contract)), "result")


def _interest_now(connection: Transport, contract: Contract) -> Row:
    time, usd = numbers(_ticker(connection, contract), "timestamp", "open_interest")
    return (time, usd, usd)


def _order_book(connection: Transport, contract: Contract) -> RawBook:
    answer = connection.ask("publicGetGetOrderBook", _asked(contract, depth=1000), about=perpetual(contract))
    bids, offers = sides(within(answer, "result"), "bids", "asks")
    return RawBook(time_ms=int(number(within(answer, "result", "timestamp"))), bids=bids, asks=offers)


VENUE: Final = rules.Venue(
    name="deribit",
    display="Deribit",
    ccxt_id="deribit",
    rank=7,
    quote="USD",
    rules={
        Datum.CANDLES: rules.candle_rule(
            "volume in base coins of the inverse perpetual; linear ones (ETH_USDC-PERPETUAL) are not read"
        ),
        Datum.OPEN_INTEREST: UnitRule(
            unit=Unit.USD,
            says="USD ÷ mark price (inverse), each position once",
            history="now only",
            days=0,
            source=rules.AUDIT,
        ),
        Datum.FUNDING: rules.funding_rule("continuous; interest_1h, fraction per hour", "long"),
        Datum.FUNDING_NOW: rules.running_rule("funding_8h of the ticker, fraction over 8 hours"),
        Datum.BOOK: rules.book_rule(Unit.USD, "USD ÷ price (inverse)", "1000"),
    },
    codes=rules.codes(rate="10028 10047", outage="10040", symbol="13020 -32602"),
    listings=lambda connection: listed(
        rows_of(connection.ask("publicGetGetInstruments", {"currency": "any", "kind": "future"}), "result"), _listing
    ),
    ping=clock("publicGetGetTime", "result"),
    paged={
        Datum.CANDLES: Paged(
            page=asks(
                "publicGetGetTradingviewChartData",
                lambda contract, since, until: {**_span(contract, since, until), "resolution": "60"},
                _candles,
            ),
            rows=5000,
        ),
        Datum.FUNDING: Paged(
            page=asks("publicGetGetFundingRateHistory", _span, rows("timestamp", "interest_1h", at=("result",))),
            rows=744,
            step_ms=0,
        ),
    },
    interest_now=_interest_now,
    funding_now=lambda connection, contract: (
        *numbers(_ticker(connection, contract), "timestamp", "funding_8h"),
        _EIGHT_HOURS,
    ),
    mark_price=lambda connection, contract: number(within(_ticker(connection, contract), "mark_price")),
    order_book=_order_book,
)
