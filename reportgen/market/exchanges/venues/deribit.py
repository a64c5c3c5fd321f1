"""Deribit perpetuals: inverse ones in USD, funding that accrues by the second."""

from __future__ import annotations

from typing import Any, Final

from reportgen.market.exchanges import answers as read
from reportgen.market.exchanges import questions as ask
from reportgen.market.exchanges import venue as rules
from reportgen.market.exchanges.questions import Slot
from reportgen.market.exchanges.venue import Datum, Listing, Unit
from reportgen.units import Missing

_HOURLY: Final = 1.0
_EIGHT_HOURS: Final = 8.0
_MARKET: Final = {"instrument_name": Slot.MARKET}
_SPAN: Final = _MARKET | {"start_timestamp": Slot.SINCE, "end_timestamp": Slot.LAST}
_CELLS: Final = ("ticks", "open", "high", "low", "close", "volume")
_TICKER: Final = "publicGetTicker"
_TIME: Final = ("result", "timestamp")
_INTEREST: Final = ("result", "open_interest")
_MARK_PRICE: Final = ask.now(_TICKER, _MARKET, ("result", "mark_price"))


def _listing(one: Any) -> Listing | None:  # noqa: ANN401 - JSON
    """Read an inverse perpetual: they alone count in USD as the table says, and the linear ones are small."""
    inverse = "reversed" in {one.get("future_type"), one.get("instrument_type")}
    if one.get("settlement_period") != "perpetual" or one.get("is_active") is not True or not inverse:
        return None
    return Listing(
        market_id=read.text(one, "instrument_name"),
        base=read.text(one, "base_currency"),
        quote=read.text(one, "quote_currency"),
        contract_size=Missing("Deribit counts inverse perpetuals in USD."),
        inverse=True,
        funding_hours=_HOURLY,
    )


VENUE: Final = rules.Venue(
    name="deribit",
    display="Deribit",
    ccxt_id="deribit",
    rank=7,
    quote="USD",
    rules=rules.stated(
        rules.rule(
            Datum.CANDLES,
            "volume in base coins of the inverse perpetual; linear ones (ETH_USDC-PERPETUAL) are not read",
            rules.LISTING,
        ),
        rules.rule(
            Datum.OPEN_INTEREST,
            "USD ÷ mark price (inverse), each position once",
            "now only",
            unit=Unit.USD,
            days=0,
            source=rules.AUDIT,
        ),
        rules.rule(Datum.FUNDING, "continuous; interest_1h, fraction per hour", "long"),
        rules.rule(Datum.FUNDING_NOW, "funding_8h of the ticker, fraction over 8 hours"),
        rules.rule(Datum.BOOK, "USD ÷ price (inverse)", "now, 1000 levels a side", unit=Unit.USD),
    ),
    codes=rules.codes(rate="10028 10047", outage="10040", symbol="13020 -32602"),
    listings=ask.listings("publicGetGetInstruments", {"currency": "any", "kind": "future"}, ("result",), _listing),
    ping=ask.clock("publicGetGetTime", "result"),
    paged={
        Datum.CANDLES: ask.history(
            "publicGetGetTradingviewChartData",
            _SPAN | {"resolution": "60"},
            lambda answer: list(
                zip(*(map(read.number, read.rows_of(answer, "result", name)) for name in _CELLS), strict=True)
            ),
            rows=5000,
        ),
        Datum.FUNDING: ask.history(
            "publicGetGetFundingRateHistory",
            _SPAN,
            read.rows("timestamp", "interest_1h", at=("result",)),
            rows=744,
            step_ms=0,
        ),
    },
    interest_now=ask.now(_TICKER, _MARKET, _TIME, _INTEREST, _INTEREST),
    funding_now=ask.now(_TICKER, _MARKET, _TIME, ("result", "funding_8h"), _EIGHT_HOURS),
    mark_price=lambda line, contract: _MARK_PRICE(line, contract)[0],
    order_book=ask.book(
        "publicGetGetOrderBook", _MARKET | {"depth": 1000}, _TIME, (("result", "bids"), ("result", "asks"))
    ),
)
