"""Hyperliquid perpetuals, as they are published: one address, the question in the body, rates by the hour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.market.exchanges.connection import Connection
from reportgen.market.exchanges.readers import (
    NAN,
    Paged,
    RawBook,
    Row,
    VenueReader,
    flag,
    listed,
    number,
    numbers,
    optional,
    perpetual,
    rows_of,
    text,
    within,
)
from reportgen.market.exchanges.units import Contract, Listing
from reportgen.market.exchanges.venues import HYPERLIQUID, Datum
from reportgen.units import Milliseconds

_INFO = "publicPostInfo"
_OVERVIEW = {"type": "metaAndAssetCtxs"}
_HOURLY = 1.0


def _listings(line: Connection) -> Mapping[str, Listing]:
    answer = line.ask(_INFO, _OVERVIEW)
    tables = {str(number(key)): rows_of(table, "marginTiers") for key, table in rows_of(answer, 0, "marginTables")}

    def read(one: Any) -> Listing | None:  # noqa: ANN401 - JSON
        if flag(one, "isDelisted"):
            return None
        name = text(one, "name")
        tiers = tables.get(str(optional(one, "marginTableId")), [])
        alone = (0.0, number(within(one, "maxLeverage")))
        levels = [numbers(tier, "lowerBound", "maxLeverage") for tier in tiers] or [alone]
        return Listing(
            market_id=name,
            base=name,
            quote="USDC",
            contract_size=1.0,
            inverse=False,
            funding_hours=_HOURLY,
            tiers=tuple((floor, 1 / (2 * leverage), leverage) for floor, leverage in levels),
        )

    return listed(rows_of(answer, 0, "universe"), read)


def _candles(line: Connection, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
    span = {"startTime": since, "endTime": until - 1}
    asked: dict[str, Any] = {"coin": contract.listing.market_id, "interval": "1h", **span}
    answer = line.ask(_INFO, {"type": "candleSnapshot", "req": asked}, about=perpetual(contract))
    return [numbers(row, "t", "o", "h", "l", "c", "v") for row in rows_of(answer)]


def _funding(line: Connection, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
    asked = {"type": "fundingHistory", "coin": contract.listing.market_id, "startTime": since, "endTime": until - 1}
    answer = line.ask(_INFO, asked, about=perpetual(contract))
    return [numbers(row, "time", "fundingRate") for row in rows_of(answer)]


def _interest_now(line: Connection, contract: Contract) -> Row:
    return (float(line.server_now()), number(within(_context(line, contract), "openInterest")), NAN)


def _funding_now(line: Connection, contract: Contract) -> Row:
    return (float(line.server_now()), number(within(_context(line, contract), "funding")), _HOURLY)


def _context(line: Connection, contract: Contract) -> Any:  # noqa: ANN401 - JSON
    """Find the coin's numbers by its place in the list of all; they carry no time but that of the answer."""
    answer = line.ask(_INFO, _OVERVIEW)
    names = [text(one, "name") for one in rows_of(answer, 0, "universe")]
    return within(answer, 1, names.index(contract.listing.market_id))


def _order_book(line: Connection, contract: Contract) -> RawBook:
    answer = line.ask(_INFO, {"type": "l2Book", "coin": contract.listing.market_id}, about=perpetual(contract))
    bids, asks = (tuple(numbers(level, "px", "sz") for level in rows_of(answer, "levels", side)) for side in (0, 1))
    return RawBook(time_ms=int(number(within(answer, "time"))), bids=bids, asks=asks)


def _brackets(_line: Connection, contract: Contract, _price: float) -> list[Row]:
    tiers = contract.listing.tiers
    caps = (*(floor for floor, _, _ in tiers[1:]), 10 * max(tiers[-1][0], 1e8))
    return [(floor, cap, rate, leverage, NAN) for (floor, rate, leverage), cap in zip(tiers, caps, strict=True)]


def _hello(line: Connection) -> str:
    answer = line.ask(_INFO, {"type": "allMids"})
    return f"{len(within(answer))} mid prices"


READER = VenueReader(
    venue=HYPERLIQUID,
    listings=_listings,
    paged={
        Datum.CANDLES: Paged(page=_candles, rows=5000),
        Datum.FUNDING: Paged(page=_funding, rows=500, step_ms=0),
    },
    interest_now=_interest_now,
    funding_now=_funding_now,
    order_book=_order_book,
    brackets=_brackets,
    hello=_hello,
)
