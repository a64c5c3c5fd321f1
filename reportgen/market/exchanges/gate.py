"""Gate USDT perpetuals, as they are published: contracts, times in seconds, open interest of both sides."""

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
    flag,
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
from reportgen.market.exchanges.venues import GATE, Datum
from reportgen.units import Milliseconds

_SECOND_MS = 1000


def _listings(line: Connection) -> Mapping[str, Listing]:
    return listed(_contracts(line), _listing)


def _contracts(line: Connection) -> list[Any]:
    return rows_of(line.ask("publicFuturesGetSettleContracts", {"settle": "usdt"}))


def _listing(one: Any) -> Listing | None:  # noqa: ANN401 - JSON
    if flag(one, "in_delisting"):
        return None
    name = text(one, "name")
    return Listing(
        market_id=name,
        base=name.rpartition("_")[0],
        quote="USDT",
        contract_size=positive(one, "quanto_multiplier", f"Gate states no contract size of {name}."),
        inverse=False,
        funding_hours=positive(one, "funding_interval", "Gate lists no funding interval.", over=3600),
    )


def _asked(contract: Contract, **more: object) -> dict[str, Any]:
    return {"settle": "usdt", "contract": contract.listing.market_id, **more}


def _span(since: Milliseconds, until: Milliseconds) -> dict[str, int]:
    return {"from": since // _SECOND_MS, "to": (until - 1) // _SECOND_MS}


def _bars(prefix: str, *cells: str) -> Page:
    def page(line: Connection, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
        asked = {"settle": "usdt", "contract": prefix + contract.listing.market_id, "interval": "1h"}
        answer = line.ask(
            "publicFuturesGetSettleCandlesticks", {**asked, **_span(since, until)}, about=perpetual(contract)
        )
        return [_in_ms(numbers(row, "t", "o", "h", "l", "c", *cells)) for row in rows_of(answer)]

    return page


def _spot(line: Connection, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
    asked = {"currency_pair": spot_pair(contract, "_"), "interval": "1h", **_span(since, until)}
    answer = line.ask("publicSpotGetCandlesticks", asked, about=spot_name(contract))
    return [_in_ms(numbers(row, 0, 5, 3, 4, 2, 6)) for row in rows_of(answer)]


def _in_ms(row: Row) -> Row:
    return (row[0] * _SECOND_MS, *row[1:])


def _statistic(*cells: str) -> Page:
    """Read one of the many things that Gate states together: the same question is asked once a run."""

    def page(line: Connection, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
        asked = _asked(contract, interval="1h", limit=100, **{"from": since // _SECOND_MS})
        answer = line.ask("publicFuturesGetSettleContractStats", asked, about=perpetual(contract))
        found = (_in_ms(numbers(row, "time", *cells)) for row in rows_of(answer))
        return [row for row in found if row[0] < until]

    return page


def _funding(line: Connection, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
    asked = _asked(contract, limit=1000, **_span(since, until))
    answer = line.ask("publicFuturesGetSettleFundingRate", asked, about=perpetual(contract))
    return [_in_ms(numbers(row, "t", "r")) for row in rows_of(answer)]


def _funding_now(line: Connection, contract: Contract) -> Row:
    """Find the rate in the list of contracts, which carries no time but that of the answer."""
    mine = next((row for row in _contracts(line) if text(row, "name") == contract.listing.market_id), None)
    return (float(line.server_now()), number(within(mine, "funding_rate")), NAN)


def _order_book(line: Connection, contract: Contract) -> RawBook:
    answer = line.ask("publicFuturesGetSettleOrderBook", _asked(contract, limit=100), about=perpetual(contract))
    bids, asks = sides(answer, "bids", "asks", price="p", size="s")
    return RawBook(time_ms=round(number(within(answer, "update")) * _SECOND_MS), bids=bids, asks=asks)


def _brackets(line: Connection, contract: Contract, _price: float) -> list[Row]:
    answer = line.ask("publicFuturesGetSettleRiskLimitTiers", _asked(contract), about=perpetual(contract))
    floor = 0.0
    found: list[Row] = []
    for row in sorted(rows_of(answer), key=lambda one: number(within(one, "risk_limit"))):
        cap, rate, leverage = numbers(row, "risk_limit", "maintenance_rate", "leverage_max")
        found.append((floor, cap, rate, leverage, float("nan")))
        floor = cap
    return found


def _hello(line: Connection) -> str:
    return clock_says(number(within(line.ask("publicSpotGetTime"), "server_time")))


READER = VenueReader(
    venue=GATE,
    listings=_listings,
    paged={
        Datum.CANDLES: Paged(page=_bars("", "v"), rows=1900),
        Datum.MARK: Paged(page=_bars("mark_"), rows=1900),
        Datum.SPOT: Paged(page=_spot, rows=900),
        Datum.OPEN_INTEREST: Paged(page=_statistic("open_interest", "open_interest_usd"), rows=100),
        Datum.FUNDING: Paged(page=_funding, rows=1000, step_ms=0),
        Datum.RATIO: Paged(page=_statistic("lsr_account"), rows=100),
        Datum.LIQUIDATIONS: Paged(page=_statistic("long_liq_usd", "short_liq_usd"), rows=100),
    },
    funding_now=_funding_now,
    order_book=_order_book,
    brackets=_brackets,
    hello=_hello,
)
