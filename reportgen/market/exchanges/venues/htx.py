"""HTX linear swaps: asked for liquidations alone, which few venues publish."""

from __future__ import annotations

from typing import Any, Final

from reportgen.market.exchanges import venue as rules
from reportgen.market.exchanges.answers import listed, number, numbers, perpetual, positive, rows_of, text, within
from reportgen.market.exchanges.venue import Contract, Datum, Listing, Row, Transport, Unit, UnitRule
from reportgen.units import Milliseconds, Missing

_CONTRACTS: Final = "contractPublicGetLinearSwapApiV1SwapContractInfo"
_MOST_PAGES: Final = 12
_EVENTS_A_PAGE: Final = 100
_TRADING: Final = 1


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
        funding_hours=Missing("HTX is not asked for funding."),
    )


def _events(connection: Transport, contract: Contract, since: Milliseconds) -> list[Row]:
    """Read single liquidations backwards, as many pages as are reasonable; the position's side says who lost."""
    found: list[Row] = []
    asked: dict[str, Any] = {"contract_code": contract.market_id, "start_time": since, "limit": _EVENTS_A_PAGE}
    for _ in range(_MOST_PAGES):
        answer = connection.ask("contractPublicGetV5MarketLiquidationOrders", asked, about=perpetual(contract))
        new: list[Row] = []
        for row in rows_of(answer, "data"):
            time, size, price = numbers(row, "liquidation_time", "volume", "bankrupt_price")
            new.append((time, 1.0 if text(row, "position_side") == "long" else -1.0, size, price))
        found += new
        if len(new) < _EVENTS_A_PAGE:
            break
        asked = {**asked, "end_time": int(min(row[0] for row in new)) - 1}
    return found


VENUE: Final = rules.Venue(
    name="htx",
    display="HTX",
    ccxt_id="htx",
    rank=9,
    quote="USDT",
    rules={
        **{datum: Missing(f"HTX is asked for liquidations alone, not for {datum}.") for datum in Datum},
        Datum.LIQUIDATIONS: UnitRule(
            unit=Unit.CONTRACTS,
            says="contracts × contract size × bankruptcy price: a lower bound",
            history="some days",
            days=7,
            source=rules.CCXT,
        ),
    },
    codes=rules.codes(rate="1032", outage="1030", symbol="1332 1333"),
    listings=lambda connection: listed(
        rows_of(connection.ask(_CONTRACTS, {"business_type": "swap"}), "data"), _listing
    ),
    ping=lambda connection: (
        f"{len(rows_of(connection.ask(_CONTRACTS, {'contract_code': 'BTC-USDT'}), 'data'))} contract named BTC-USDT"
    ),
    paged={},
    events=_events,
)
