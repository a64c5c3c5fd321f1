"""Bitget USDT perpetuals: base coins, each position once, no history of open interest."""

from __future__ import annotations

from typing import Any, Final

from reportgen.market.exchanges import answers as read
from reportgen.market.exchanges import questions as ask
from reportgen.market.exchanges import venue as rules
from reportgen.market.exchanges.answers import NAN
from reportgen.market.exchanges.questions import ALL_ROWS, Slot
from reportgen.market.exchanges.venue import Contract, Datum, Listing, Paged, Row, Transport
from reportgen.units import Milliseconds

_PRODUCT: Final = {"productType": "USDT-FUTURES"}
_MARKET: Final = {"symbol": Slot.MARKET, **_PRODUCT}
_BARS: Final = _MARKET | {"granularity": "1H", "startTime": Slot.SINCE, "endTime": Slot.UNTIL, "limit": Slot.LIMIT}
_CANDLE: Final = read.rows(*range(6), at=("data",))
_MOST_PAGES: Final = 24
_INTERVAL: Final = "fundingRateInterval"


def _listing(one: Any) -> Listing | None:  # noqa: ANN401 - JSON
    if one.get("symbolType") != "perpetual" or one.get("symbolStatus") != "normal":
        return None
    return Listing(
        market_id=read.text(one, "symbol"),
        base=read.text(one, "baseCoin"),
        quote=read.text(one, "quoteCoin"),
        funding_hours=read.positive(one, "fundInterval", "Bitget lists no funding interval."),
    )


def _funding(connection: Transport, contract: Contract, since: Milliseconds, _until: Milliseconds) -> list[Row]:
    """Turn the numbered pages, newest first, until one reaches back far enough."""
    found: list[Row] = []
    for page in range(1, _MOST_PAGES + 1):
        asked = _MARKET | {"pageSize": 100, "pageNo": page}
        answer = ask.about(connection, "publicMixGetV2MixMarketHistoryFundRate", asked, contract)
        new = [read.numbers(row, "fundingTime", "fundingRate") for row in read.rows_of(answer, "data")]
        found += new
        if len(new) < 100 or min(row[0] for row in new) <= since:
            break
    return found


def _funding_now(connection: Transport, contract: Contract) -> Row:
    """Read the running rate; answers before 2025 lack its interval, and then the list of perpetuals says."""
    answer = ask.about(connection, "publicMixGetV2MixMarketCurrentFundRate", _MARKET, contract)
    row = read.within(answer, "data", 0)
    return (*read.numbers(answer, "requestTime"), *read.numbers(row, "fundingRate"), read.optional(row, _INTERVAL))


VENUE: Final = rules.Venue(
    name="bitget",
    display="Bitget",
    ccxt_id="bitget",
    rank=5,
    quote="USDT",
    rules=rules.stated(
        rules.rule(Datum.CANDLES, rules.BASE_VOLUME, "months"),
        rules.rule(Datum.MARK, rules.PRICES, "months"),
        rules.SPOT,
        rules.rule(Datum.OPEN_INTEREST, "base coins, each position once", "now only", days=0, source=rules.AUDIT),
        rules.rule(Datum.FUNDING, "fraction per interval; the interval in hours from the list", "months"),
        rules.rule(Datum.FUNDING_NOW, "an estimate for the next settlement"),
        rules.rule(Datum.BOOK, "sizes in base coins", "now, the most levels a side"),
        rules.unread(
            Datum.LIQUIDATIONS,
            "Bitget publishes three days of liquidations (v3 market/liquidations); no answer of it was recorded, "
            "so they are not read.",
        ),
        rules.rule(Datum.RATIO, "accounts long over accounts short", "some days"),
        rules.rule(Datum.BRACKETS, "bounds in USDT"),
    ),
    codes=rules.codes(rate="429 30007", outage="40725", symbol="40034 40309 400172"),
    listings=ask.listings("publicMixGetV2MixMarketContracts", _PRODUCT, ("data",), _listing),
    ping=ask.clock("publicCommonGetV2PublicTime", "data", "serverTime"),
    paged={
        Datum.CANDLES: ask.history("publicMixGetV2MixMarketHistoryCandles", _BARS, _CANDLE, rows=200),
        Datum.MARK: ask.history(
            "publicMixGetV2MixMarketHistoryMarkCandles", _BARS, read.rows(*range(5), at=("data",)), rows=200
        ),
        Datum.SPOT: ask.history(
            "publicSpotGetV2SpotMarketHistoryCandles",
            # The spot history walks back from its end alone.
            {"symbol": ask.spot(), "granularity": "1h", "endTime": Slot.UNTIL, "limit": Slot.LIMIT},
            _CANDLE,
            rows=200,
            of=ask.spot_market,
        ),
        Datum.FUNDING: Paged(page=_funding, rows=ALL_ROWS, step_ms=0),
        Datum.RATIO: ask.history(
            "publicMixGetV2MixMarketAccountLongShort",
            {"symbol": Slot.MARKET, "period": "1h"},
            read.shares("ts", "longAccountRatio", "shortAccountRatio", ("data",)),
            rows=ALL_ROWS,
        ),
    },
    interest_now=ask.now(
        "publicMixGetV2MixMarketOpenInterest", _MARKET, ("data", "ts"), ("data", "openInterestList", 0, "size"), NAN
    ),
    funding_now=_funding_now,
    order_book=ask.book(
        "publicMixGetV2MixMarketMergeDepth",
        _MARKET | {"limit": "max"},
        ("data", "ts"),
        (("data", "bids"), ("data", "asks")),
    ),
    brackets=lambda line, contract, _price: sorted(
        (*read.numbers(row, "startUnit", "endUnit", "keepMarginRate", "leverage"), NAN)
        for row in read.rows_of(ask.about(line, "publicMixGetV2MixMarketQueryPositionLever", _MARKET, contract), "data")
    ),
)
