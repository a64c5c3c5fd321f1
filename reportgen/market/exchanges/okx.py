"""OKX swaps, as they are published: contracts of a fixed value, newest rows first, bounds of a page exclusive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reportgen.market.exchanges.connection import Connection
from reportgen.market.exchanges.readers import (
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
    rows_of,
    sides,
    spot_name,
    spot_pair,
    text,
    within,
)
from reportgen.market.exchanges.units import Contract, Listing
from reportgen.market.exchanges.venues import OKX, Datum
from reportgen.units import HOUR_MS, Maybe, Milliseconds, Missing

_MOST_PAGES = 12
_EVENTS_A_PAGE = 100


def _listings(line: Connection) -> Mapping[str, Listing]:
    return listed(rows_of(line.ask("publicGetPublicInstruments", {"instType": "SWAP"}), "data"), _listing)


def _listing(one: Any) -> Listing | None:  # noqa: ANN401 - JSON
    if one.get("state") != "live":
        return None
    name = text(one, "instId")
    base, quote, _ = name.split("-", 2)
    return Listing(
        market_id=name,
        base=base,
        quote=quote,
        contract_size=_contract_size(one, base),
        inverse=one.get("ctType") == "inverse",
        funding_hours=Missing("OKX lists no funding interval."),
    )


def _contract_size(one: object, base: str) -> Maybe[float]:
    """Read how many coins a contract holds; a value in another currency is no number of coins."""
    if text(one, "ctValCcy") != base:
        return Missing(f"OKX states the contract value of {base} in {text(one, 'ctValCcy')}, not in coins.")
    return number(within(one, "ctVal")) * number(within(one, "ctMult"))


def _market_id(contract: Contract) -> str:
    return contract.listing.market_id


def _family(contract: Contract) -> str:
    return contract.listing.market_id.removesuffix("-SWAP")


def _dashed(contract: Contract) -> str:
    return spot_pair(contract, "-")


def _bars(
    endpoint: str, name: Callable[[Contract], str], about: Callable[[Contract], str], cells: tuple[int, ...], limit: int
) -> Page:
    def page(line: Connection, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
        asked = {"instId": name(contract), "bar": "1H", "after": until, "before": since - 1, "limit": limit}
        return [numbers(row, *cells) for row in rows_of(line.ask(endpoint, asked, about=about(contract)), "data")]

    return page


def _statistic(endpoint: str, *cells: int) -> Page:
    def page(line: Connection, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
        asked = {"instId": _market_id(contract), "period": "1H", "begin": since, "end": until - 1, "limit": 100}
        return [numbers(row, *cells) for row in rows_of(line.ask(endpoint, asked, about=perpetual(contract)), "data")]

    return page


def _funding(line: Connection, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
    asked = {"instId": _market_id(contract), "after": until, "before": since - 1, "limit": 100}
    answer = line.ask("publicGetPublicFundingRateHistory", asked, about=perpetual(contract))
    return [numbers(row, "fundingTime", "realizedRate") for row in rows_of(answer, "data")]


def _interest_now(line: Connection, contract: Contract) -> Row:
    asked = {"instType": "SWAP", "instId": _market_id(contract)}
    answer = line.ask("publicGetPublicOpenInterest", asked, about=perpetual(contract))
    return numbers(within(answer, "data", 0), "ts", "oi", "oiUsd")


def _funding_now(line: Connection, contract: Contract) -> Row:
    answer = line.ask("publicGetPublicFundingRate", {"instId": _market_id(contract)}, about=perpetual(contract))
    time, rate, settles, then = numbers(
        within(answer, "data", 0), "ts", "fundingRate", "fundingTime", "nextFundingTime"
    )
    return (time, rate, (then - settles) / HOUR_MS)


def _order_book(line: Connection, contract: Contract) -> RawBook:
    answer = line.ask("publicGetMarketBooks", {"instId": _market_id(contract), "sz": 400}, about=perpetual(contract))
    book = within(answer, "data", 0)
    bids, asks = sides(book, "bids", "asks")
    return RawBook(time_ms=int(number(within(book, "ts"))), bids=bids, asks=asks)


def _brackets(line: Connection, contract: Contract, price: float) -> list[Row]:
    asked = {"instType": "SWAP", "instFamily": _family(contract), "tdMode": "isolated"}
    answer = line.ask("publicGetPublicPositionTiers", asked, about=perpetual(contract))
    size = contract.listing.contract_size
    if isinstance(size, Missing):
        return []
    floor = 0.0
    found: list[Row] = []
    for row in sorted(rows_of(answer, "data"), key=lambda one: number(within(one, "maxSz"))):
        most, rate, leverage = numbers(row, "maxSz", "mmr", "maxLever")
        cap = most * size * price
        found.append((floor, cap, rate, leverage, float("nan")))
        floor = cap
    return found


def _events(line: Connection, contract: Contract, since: Milliseconds) -> list[Row]:
    """Read single liquidations backwards, as many pages as are reasonable."""
    found: list[Row] = []
    asked: dict[str, Any] = {"instType": "SWAP", "uly": _family(contract), "state": "filled", "limit": _EVENTS_A_PAGE}
    for _ in range(_MOST_PAGES):
        answer = line.ask("public/liquidation-orders", asked, about=perpetual(contract))
        details = [row for one in rows_of(answer, "data") for row in rows_of(one, "details")]
        new = [_event(row) for row in details]
        found += new
        if len(new) < _EVENTS_A_PAGE or min(row[0] for row in new) <= since:
            break
        asked = {**asked, "after": int(min(row[0] for row in new))}
    return found


def _event(row: object) -> Row:
    """Read one: a forced sale closes a long."""
    long = 1.0 if text(row, "side") == "sell" else -1.0
    time, size, price = numbers(row, "ts", "sz", "bkPx")
    return (time, long, size, price)


def _hello(line: Connection) -> str:
    return clock_says(number(within(line.ask("publicGetPublicTime"), "data", 0, "ts")))


_CANDLE = (0, 1, 2, 3, 4, 6)
READER = VenueReader(
    venue=OKX,
    listings=_listings,
    paged={
        Datum.CANDLES: Paged(
            page=_bars("publicGetMarketHistoryCandles", _market_id, perpetual, _CANDLE, 300), rows=300
        ),
        Datum.MARK: Paged(
            page=_bars("publicGetMarketHistoryMarkPriceCandles", _market_id, perpetual, (0, 1, 2, 3, 4), 100), rows=100
        ),
        Datum.SPOT: Paged(
            page=_bars("publicGetMarketHistoryCandles", _dashed, spot_name, (0, 1, 2, 3, 4, 5), 300), rows=300
        ),
        Datum.OPEN_INTEREST: Paged(
            page=_statistic("publicGetRubikStatContractsOpenInterestHistory", 0, 1, 3), rows=100
        ),
        Datum.FUNDING: Paged(page=_funding, rows=100, step_ms=0),
        Datum.RATIO: Paged(page=_statistic("publicGetRubikStatContractsLongShortAccountRatioContract", 0, 1), rows=100),
    },
    interest_now=_interest_now,
    funding_now=_funding_now,
    order_book=_order_book,
    brackets=_brackets,
    events=_events,
    hello=_hello,
)
