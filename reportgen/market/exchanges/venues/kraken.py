"""Kraken Futures' PF_ perpetuals: base coins, hourly funding, open interest in tickers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from reportgen.market.exchanges import venue as rules
from reportgen.market.exchanges.answers import (
    NAN,
    Ask,
    asks,
    flag,
    listed,
    number,
    numbers,
    perpetual,
    positive,
    rows,
    rows_of,
    text,
    within,
)
from reportgen.market.exchanges.venue import Contract, Datum, Listing, Paged, RawBook, Row, Transport, Unit, UnitRule
from reportgen.units import Milliseconds, Missing

_HOURLY: Final = 1.0
_PERPETUAL: Final = "PF_"
_OWN_NAMES: Final = {"XBT": "BTC", "XDG": "DOGE"}
_SECOND_MS: Final = 1000


def _listing(one: Any) -> Listing | None:  # noqa: ANN401 - JSON
    name = text(one, "symbol").upper()
    if not name.startswith(_PERPETUAL) or not name.endswith("USD") or not flag(one, "tradeable"):
        return None
    coin = name.removeprefix(_PERPETUAL).removesuffix("USD")
    return Listing(
        market_id=name,
        base=_OWN_NAMES.get(coin, coin),
        quote="USD",
        contract_size=positive(one, "contractSize", f"Kraken Futures states no contract size of {name}."),
        funding_hours=_HOURLY,
    )


def _bars(price: str) -> Ask:
    return lambda contract, since, until: {
        "price_type": price, "symbol": contract.market_id, "interval": "1h",
        "from": since // _SECOND_MS, "to": (until - 1) // _SECOND_MS,
    }  # fmt: skip


def _funding(connection: Transport, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
    asked = {"symbol": contract.market_id}
    answer = connection.ask("publicGetHistoricalfundingrates", asked, about=perpetual(contract))
    # The oldest hours carry no relative rate.
    rates = (row for row in rows_of(answer, "rates") if within(row, "relativeFundingRate") is not None)
    found = ((_moment(text(row, "timestamp")), row) for row in rates)
    return [(time, number(within(row, "relativeFundingRate"))) for time, row in found if since <= time < until]


def _interest_history(answer: object) -> list[Row]:
    """Read open interest at the open of each hour: of a bar its first value, which nobody knew later than its stamp."""
    stamps, values = rows_of(answer, "result", "timestamp"), rows_of(answer, "result", "data")
    return [
        (number(stamp) * _SECOND_MS, number(value[0] if isinstance(value, list) else value), NAN)
        for stamp, value in zip(stamps, values, strict=True)
    ]


def _interest_now(connection: Transport, contract: Contract) -> Row:
    time, ticker = _ticker(connection, contract)
    return (time, number(within(ticker, "openInterest")), NAN)


def _funding_now(connection: Transport, contract: Contract) -> Row:
    """Read the running rate, which is USD per contract here."""
    time, ticker = _ticker(connection, contract)
    absolute, mark = numbers(ticker, "fundingRate", "markPrice")
    return (time, absolute / mark, _HOURLY)


def _ticker(connection: Transport, contract: Contract) -> tuple[float, Any]:
    answer = connection.ask("publicGetTickers")
    mine = (row for row in rows_of(answer, "tickers") if text(row, "symbol").upper() == contract.market_id)
    return _moment(text(answer, "serverTime")), next(mine, None)


def _order_book(connection: Transport, contract: Contract) -> RawBook:
    answer = connection.ask("publicGetOrderbook", {"symbol": contract.market_id}, about=perpetual(contract))
    book = within(answer, "orderBook")
    bids = sorted((numbers(level, 0, 1) for level in rows_of(book, "bids")), reverse=True)
    offers = sorted(numbers(level, 0, 1) for level in rows_of(book, "asks"))
    return RawBook(time_ms=int(_moment(text(answer, "serverTime"))), bids=tuple(bids), asks=tuple(offers))


def _moment(written: str) -> float:
    """Read 2026-11-27T08:00:00.000Z as milliseconds."""
    return datetime.fromisoformat(written).timestamp() * _SECOND_MS


VENUE: Final = rules.Venue(
    name="kraken",
    display="Kraken Futures",
    ccxt_id="krakenfutures",
    rank=8,
    quote="USD",
    rules={
        Datum.CANDLES: rules.candle_rule(rules.BASE_VOLUME),
        Datum.MARK: rules.mark_rule(),
        Datum.OPEN_INTEREST: UnitRule(
            unit=Unit.BASE,
            says="base coins (PF_), each position once; history from charts/v1/analytics",
            history="at least a year",
            days=30,
            source="the venue's documentation; doctor --online compares the history with now",
        ),
        Datum.FUNDING: rules.funding_rule(
            "relative rate per hour; the absolute one in USD a contract is not used", "all, in one answer"
        ),
        Datum.FUNDING_NOW: rules.running_rule("USD per contract and hour ÷ mark price"),
        Datum.BOOK: rules.book_rule(Unit.BASE, "sizes in base coins (PF_)", "all"),
        Datum.LIQUIDATIONS: Missing(
            "Kraken Futures publishes liquidation volume (charts/v1/analytics) without saying its unit, so it is not "
            "read."
        ),
        Datum.RATIO: Missing(
            "Kraken Futures publishes a long/short ratio (charts/v1/analytics) without saying what it counts, so it is "
            "not read."
        ),
        Datum.BRACKETS: Missing(
            "Kraken Futures does not say in which unit its margin levels are bounded, so they are not used."
        ),
    },
    codes=rules.codes(rate="apiLimitExceeded", outage="Unavailable", symbol="contractNotFound")
    | {"Server Error": rules.FaultKind.OUTAGE},
    listings=lambda connection: listed(rows_of(connection.ask("publicGetInstruments"), "instruments"), _listing),
    ping=lambda connection: f"{len(rows_of(connection.ask('publicGetTickers'), 'tickers'))} tickers",
    paged={
        Datum.CANDLES: Paged(
            page=asks(
                "chartsGetPriceTypeSymbolInterval",
                _bars("trade"),
                rows("time", "open", "high", "low", "close", "volume", at=("candles",)),
            ),
            rows=2000,
        ),
        Datum.MARK: Paged(
            page=asks(
                "chartsGetPriceTypeSymbolInterval",
                _bars("mark"),
                rows("time", "open", "high", "low", "close", at=("candles",)),
            ),
            rows=2000,
        ),
        Datum.OPEN_INTEREST: Paged(
            page=asks(
                "charts:analytics/{symbol}/open-interest",
                lambda contract, since, until: {
                    "symbol": contract.market_id,
                    "version": "v1",
                    "interval": 3600,
                    "since": since // _SECOND_MS,
                    "to": (until - 1) // _SECOND_MS,
                },
                _interest_history,
            ),
            rows=2000,
        ),
        Datum.FUNDING: Paged(page=_funding, rows=1_000_000, step_ms=0),
    },
    interest_now=_interest_now,
    funding_now=_funding_now,
    order_book=_order_book,
)
