"""HTX linear swaps: asked for liquidations alone, which few venues publish."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reportgen.market.exchanges.connection import Connection
from reportgen.market.exchanges.readers import (
    Row,
    VenueReader,
    listed,
    number,
    numbers,
    perpetual,
    positive,
    rows_of,
    text,
    within,
)
from reportgen.market.exchanges.units import Contract, Listing
from reportgen.market.exchanges.venues import HTX
from reportgen.units import Milliseconds, Missing

_MOST_PAGES: Final = 12
_EVENTS_A_PAGE: Final = 100
_TRADING: Final = 1


def _listings(line: Connection) -> Mapping[str, Listing]:
    answer = line.ask("contractPublicGetLinearSwapApiV1SwapContractInfo", {"business_type": "swap"})
    return listed(rows_of(answer, "data"), _listing)


def _listing(one: Any) -> Listing | None:  # noqa: ANN401 - JSON
    name = text(one, "contract_code")
    base, _, quote = name.partition("-")
    if number(within(one, "contract_status")) != _TRADING or "-" in quote:
        return None
    return Listing(
        market_id=name,
        base=base,
        quote=quote,
        contract_size=positive(one, "contract_size", f"HTX states no contract size of {name}."),
        inverse=False,
        funding_hours=Missing("HTX is not asked for funding."),
    )


def _events(line: Connection, contract: Contract, since: Milliseconds) -> list[Row]:
    """Read single liquidations backwards, as many pages as are reasonable."""
    found: list[Row] = []
    asked: dict[str, Any] = {"contract_code": contract.listing.market_id, "start_time": since, "limit": _EVENTS_A_PAGE}
    for _ in range(_MOST_PAGES):
        answer = line.ask("contractPublicGetV5MarketLiquidationOrders", asked, about=perpetual(contract))
        new = [_event(row) for row in rows_of(answer, "data")]
        found += new
        if len(new) < _EVENTS_A_PAGE:
            break
        asked = {**asked, "end_time": int(min(row[0] for row in new)) - 1}
    return found


def _event(row: object) -> Row:
    """Read one: the side of the position says who was liquidated."""
    long = 1.0 if text(row, "position_side") == "long" else -1.0
    time, size, price = numbers(row, "liquidation_time", "volume", "bankrupt_price")
    return (time, long, size, price)


def _hello(line: Connection) -> str:
    answer = line.ask("contractPublicGetLinearSwapApiV1SwapContractInfo", {"contract_code": "BTC-USDT"})
    return f"{len(rows_of(answer, 'data'))} contract named BTC-USDT"


READER = VenueReader(venue=HTX, listings=_listings, paged={}, events=_events, hello=_hello)
