"""Kraken Futures' PF_ perpetuals: base coins, hourly funding, open interest in tickers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from reportgen.market.exchanges import answers as read
from reportgen.market.exchanges import questions as ask
from reportgen.market.exchanges import venue as rules
from reportgen.market.exchanges.answers import NAN
from reportgen.market.exchanges.questions import ALL_ROWS, Slot
from reportgen.market.exchanges.venue import Contract, Datum, FaultKind, Listing, Paged, RawBook, Row, Transport
from reportgen.units import Milliseconds

_HOURLY: Final = 1.0
_PERPETUAL: Final = "PF_"
_OWN_NAMES: Final = {"XBT": "BTC", "XDG": "DOGE"}
_SECOND_MS: Final = 1000
_MARKET: Final = {"symbol": Slot.MARKET}
_TICKERS: Final = "publicGetTickers"


def _listing(one: Any) -> Listing | None:  # noqa: ANN401 - JSON
    name = read.text(one, "symbol").upper()
    if not name.startswith(_PERPETUAL) or not name.endswith("USD") or one.get("tradeable") is not True:
        return None
    coin = name.removeprefix(_PERPETUAL).removesuffix("USD")
    return Listing(
        market_id=name,
        base=_OWN_NAMES.get(coin, coin),
        quote="USD",
        contract_size=read.positive(one, "contractSize", f"Kraken Futures states no contract size of {name}."),
        funding_hours=_HOURLY,
    )


def _moment(row: object, cell: str) -> float:
    """Read 2026-11-27T08:00:00.000Z as milliseconds."""
    return datetime.fromisoformat(read.text(row, cell)).timestamp() * _SECOND_MS


def _bars(price: str, *cells: str) -> Paged:
    asked = {"price_type": price, "symbol": Slot.MARKET, "interval": "1h"}
    return ask.history(
        "chartsGetPriceTypeSymbolInterval",
        asked | {"from": Slot.SINCE_SECONDS, "to": Slot.LAST_SECONDS},
        read.rows("time", "open", "high", "low", "close", *cells, at=("candles",)),
        rows=2000,
    )


def _funding(connection: Transport, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
    """Read the whole history, which is one answer; its oldest hours carry no relative rate."""
    answer = ask.about(connection, "publicGetHistoricalfundingrates", _MARKET, contract)
    rate = "relativeFundingRate"
    told = (row for row in read.rows_of(answer, "rates") if read.within(row, rate) is not None)
    found = ((_moment(row, "timestamp"), row) for row in told)
    return [(time, *read.numbers(row, rate)) for time, row in found if since <= time < until]


def _interest_history(answer: object) -> list[Row]:
    """Read open interest at the open of each hour: of a bar its first value, which nobody knew later than its stamp."""
    stamps, values = read.rows_of(answer, "result", "timestamp"), read.rows_of(answer, "result", "data")
    return [
        (read.number(stamp) * _SECOND_MS, read.number(value[0] if isinstance(value, list) else value), NAN)
        for stamp, value in zip(stamps, values, strict=True)
    ]


def _ticker(connection: Transport, contract: Contract) -> tuple[float, Any]:
    answer = connection.ask(_TICKERS)
    mine = (row for row in read.rows_of(answer, "tickers") if read.text(row, "symbol").upper() == contract.market_id)
    return _moment(answer, "serverTime"), next(mine, None)


def _funding_now(connection: Transport, contract: Contract) -> Row:
    """Read the running rate, which is USD per contract here."""
    time, ticker = _ticker(connection, contract)
    absolute, mark = read.numbers(ticker, "fundingRate", "markPrice")
    return (time, absolute / mark, _HOURLY)


def _order_book(connection: Transport, contract: Contract) -> RawBook:
    answer = ask.about(connection, "publicGetOrderbook", _MARKET, contract)
    bids, asks = (
        sorted(read.numbers(level, 0, 1) for level in read.rows_of(answer, "orderBook", side))
        for side in ("bids", "asks")
    )
    return RawBook(time_ms=int(_moment(answer, "serverTime")), bids=tuple(bids[::-1]), asks=tuple(asks))


VENUE: Final = rules.Venue(
    name="kraken",
    display="Kraken Futures",
    ccxt_id="krakenfutures",
    rank=8,
    quote="USD",
    rules=rules.stated(
        rules.rule(Datum.CANDLES, rules.BASE_VOLUME, rules.LISTING),
        rules.MARK,
        rules.rule(
            Datum.OPEN_INTEREST,
            "base coins (PF_), each position once; history from charts/v1/analytics",
            "at least a year",
            source="the venue's documentation; doctor --online compares the history with now",
        ),
        rules.rule(
            Datum.FUNDING,
            "relative rate per hour; the absolute one in USD a contract is not used",
            "all, in one answer",
        ),
        rules.rule(Datum.FUNDING_NOW, "USD per contract and hour ÷ mark price"),
        rules.rule(Datum.BOOK, "sizes in base coins (PF_)", "now, all levels a side"),
        rules.unread(
            Datum.LIQUIDATIONS,
            "Kraken Futures publishes liquidation volume (charts/v1/analytics) without saying its unit, so it is not "
            "read.",
        ),
        rules.unread(
            Datum.RATIO,
            "Kraken Futures publishes a long/short ratio (charts/v1/analytics) without saying what it counts, so it is "
            "not read.",
        ),
        rules.unread(
            Datum.BRACKETS,
            "Kraken Futures does not say in which unit its margin levels are bounded, so they are not used.",
        ),
    ),
    codes=rules.codes(rate="apiLimitExceeded", outage="Unavailable", symbol="contractNotFound")
    | {"Server Error": FaultKind.OUTAGE},
    listings=ask.listings("publicGetInstruments", {}, ("instruments",), _listing),
    ping=ask.count(_TICKERS, {}, ("tickers",), "tickers"),
    paged={
        Datum.CANDLES: _bars("trade", "volume"),
        Datum.MARK: _bars("mark"),
        Datum.OPEN_INTEREST: ask.history(
            "charts:analytics/{symbol}/open-interest",
            _MARKET | {"version": "v1", "interval": 3600, "since": Slot.SINCE_SECONDS, "to": Slot.LAST_SECONDS},
            _interest_history,
            rows=2000,
        ),
        Datum.FUNDING: Paged(page=_funding, rows=ALL_ROWS, step_ms=0),
    },
    interest_now=lambda line, contract: (
        (told := _ticker(line, contract))[0],
        *read.numbers(told[1], "openInterest"),
        NAN,
    ),
    funding_now=_funding_now,
    order_book=_order_book,
)
