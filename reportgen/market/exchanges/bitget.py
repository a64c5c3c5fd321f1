"""Bitget USDT perpetuals, as they are published: base coins, each position once, no history of open interest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.market.exchanges.connection import Connection
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
    positive,
    rows_of,
    sides,
    spot_name,
    spot_pair,
    text,
    within,
)
from reportgen.market.exchanges.units import Contract, Listing
from reportgen.market.exchanges.venues import BITGET, Datum
from reportgen.units import Milliseconds

_PRODUCT = "USDT-FUTURES"
_MOST_PAGES = 24


def _listings(line: Connection) -> Mapping[str, Listing]:
    return listed(rows_of(line.ask("publicMixGetV2MixMarketContracts", {"productType": _PRODUCT}), "data"), _listing)


def _listing(one: Any) -> Listing | None:  # noqa: ANN401 - JSON
    if one.get("symbolType") != "perpetual" or one.get("symbolStatus") != "normal":
        return None
    return Listing(
        market_id=text(one, "symbol"),
        base=text(one, "baseCoin"),
        quote=text(one, "quoteCoin"),
        contract_size=1.0,
        inverse=False,
        funding_hours=positive(one, "fundInterval", "Bitget lists no funding interval."),
    )


def _asked(contract: Contract, **more: object) -> dict[str, Any]:
    return {"symbol": contract.listing.market_id, "productType": _PRODUCT, **more}


def _bars(endpoint: str, cells: int) -> Page:
    def page(line: Connection, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
        asked = _asked(contract, granularity="1H", startTime=since, endTime=until, limit=200)
        found = rows_of(line.ask(endpoint, asked, about=perpetual(contract)), "data")
        return [numbers(row, *range(cells)) for row in found]

    return page


def _spot(line: Connection, contract: Contract, _since: Milliseconds, until: Milliseconds) -> list[Row]:
    # The spot history walks back from its end alone.
    asked = {"symbol": spot_pair(contract), "granularity": "1h", "endTime": until, "limit": 200}
    answer = line.ask("publicSpotGetV2SpotMarketHistoryCandles", asked, about=spot_name(contract))
    return [numbers(row, *range(6)) for row in rows_of(answer, "data")]


def _funding(line: Connection, contract: Contract, since: Milliseconds, _until: Milliseconds) -> list[Row]:
    """Turn the numbered pages, newest first, until one reaches back far enough."""
    found: list[Row] = []
    for page in range(1, _MOST_PAGES + 1):
        asked = _asked(contract, pageSize=100, pageNo=page)
        answer = line.ask("publicMixGetV2MixMarketHistoryFundRate", asked, about=perpetual(contract))
        new = [numbers(row, "fundingTime", "fundingRate") for row in rows_of(answer, "data")]
        found += new
        if len(new) < 100 or min(row[0] for row in new) <= since:
            break
    return found


def _ratio(line: Connection, contract: Contract, _since: Milliseconds, _until: Milliseconds) -> list[Row]:
    asked = {"symbol": contract.listing.market_id, "period": "1h"}
    answer = line.ask("publicMixGetV2MixMarketAccountLongShort", asked, about=perpetual(contract))
    found = (numbers(row, "ts", "longAccountRatio", "shortAccountRatio") for row in rows_of(answer, "data"))
    return [(time, long / short) for time, long, short in found if short]


def _interest_now(line: Connection, contract: Contract) -> Row:
    answer = line.ask("publicMixGetV2MixMarketOpenInterest", _asked(contract), about=perpetual(contract))
    return (
        number(within(answer, "data", "ts")),
        number(within(answer, "data", "openInterestList", 0, "size")),
        NAN,
    )


def _funding_now(line: Connection, contract: Contract) -> Row:
    answer = line.ask("publicMixGetV2MixMarketCurrentFundRate", _asked(contract), about=perpetual(contract))
    rate, hours = numbers(within(answer, "data", 0), "fundingRate", "fundingRateInterval")
    return (number(within(answer, "requestTime")), rate, hours)


def _order_book(line: Connection, contract: Contract) -> RawBook:
    answer = line.ask("publicMixGetV2MixMarketMergeDepth", _asked(contract, limit="100"), about=perpetual(contract))
    bids, asks = sides(within(answer, "data"), "bids", "asks")
    return RawBook(time_ms=int(number(within(answer, "data", "ts"))), bids=bids, asks=asks)


def _brackets(line: Connection, contract: Contract, _price: float) -> list[Row]:
    answer = line.ask("publicMixGetV2MixMarketQueryPositionLever", _asked(contract), about=perpetual(contract))
    found = [
        (*numbers(row, "startUnit", "endUnit", "keepMarginRate", "leverage"), NAN) for row in rows_of(answer, "data")
    ]
    return sorted(found)


def _hello(line: Connection) -> str:
    answer = line.ask("publicCommonGetV2PublicTime")
    return clock_says(number(within(answer, "data", "serverTime")))


READER = VenueReader(
    venue=BITGET,
    listings=_listings,
    paged={
        Datum.CANDLES: Paged(page=_bars("publicMixGetV2MixMarketHistoryCandles", 6), rows=200),
        Datum.MARK: Paged(page=_bars("publicMixGetV2MixMarketHistoryMarkCandles", 5), rows=200),
        Datum.SPOT: Paged(page=_spot, rows=200),
        Datum.FUNDING: Paged(page=_funding, rows=1_000_000, step_ms=0),
        Datum.RATIO: Paged(page=_ratio, rows=1_000_000),
    },
    interest_now=_interest_now,
    funding_now=_funding_now,
    order_book=_order_book,
    brackets=_brackets,
    hello=_hello,
)
