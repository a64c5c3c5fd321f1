"""HTX linear swaps: asked for liquidations alone, which few venues publish."""

from __future__ import annotations

from typing import Any, Final

from reportgen.market.exchanges import answers as read
from reportgen.market.exchanges import questions as ask
from reportgen.market.exchanges import venue as rules
from reportgen.market.exchanges.venue import Contract, Datum, FaultKind, Listing, Row, Transport, VenueFault
from reportgen.units import HOUR_MS, Milliseconds, Missing

_CONTRACTS: Final = "contractPublicGetLinearSwapApiV1SwapContractInfo"
_WINDOW_MS: Final = 2 * HOUR_MS
"""The longest that one question may cover."""

_MOST_PAGES: Final = 12
_EVENTS_A_PAGE: Final = 100
_TRADING: Final = 1


def _listing(one: Any) -> Listing | None:  # noqa: ANN401 - JSON
    name = read.text(one, "contract_code")
    base, _, quote = name.partition("-")
    if read.number(read.within(one, "contract_status")) != _TRADING or "-" in quote:
        return None
    return Listing(
        market_id=name,
        base=base,
        quote=quote,
        contract_size=read.positive(one, "contract_size", f"HTX states no contract size of {name}."),
        funding_hours=Missing("HTX is not asked for funding."),
    )


def _events(connection: Transport, contract: Contract, since: Milliseconds) -> tuple[Milliseconds, list[Row]]:
    """Read single liquidations in windows of two hours, newest first: a window that was answered is known whole."""
    found: list[Row] = []
    end = known = connection.server_now() // HOUR_MS * HOUR_MS
    while end > since:
        try:
            found += _window(connection, contract, end - _WINDOW_MS, end)
        except VenueFault:
            if known == end and not found:
                raise
            break
        known = end = end - _WINDOW_MS
    return known, found


def _window(connection: Transport, contract: Contract, begin: Milliseconds, end: Milliseconds) -> list[Row]:
    """Read what lies in [begin, end), page by page; the position's side says who lost.

    Raises:
        VenueFault: It did not answer, or holds more pages than are reasonable.
    """
    found: list[Row] = []
    asked: dict[str, Any] = {
        "contract_code": contract.market_id, "start_time": begin, "end_time": end - 1, "direct": "prev",
        "limit": _EVENTS_A_PAGE,
    }  # fmt: skip
    for _ in range(_MOST_PAGES):
        answer = ask.about(connection, "contractPublicGetV5MarketLiquidationOrders", asked, contract)
        page = read.rows_of(answer, "data")
        for row in page:
            time, size, price = read.numbers(row, "liquidation_time", "volume", "bankrupt_price")
            side = 1.0 if read.text(row, "position_side") == "long" else -1.0
            found += [(time, side, size, price)] if begin <= time < end else []
        if len(page) < _EVENTS_A_PAGE:
            return found
        asked = {**asked, "from": min(int(read.number(read.within(row, "id"))) for row in page)}
    raise VenueFault(FaultKind.BAD_PAYLOAD, "HTX has more liquidations in two hours than can be asked for.")


VENUE: Final = rules.Venue(
    name="htx",
    display="HTX",
    ccxt_id="htx",
    rank=9,
    quote="USDT",
    rules=rules.stated(
        *(rules.unread(datum, f"HTX is asked for liquidations alone, not for {datum}.") for datum in Datum),
        rules.rule(
            Datum.LIQUIDATIONS,
            "contracts × contract size × bankruptcy price: a lower bound",
            "90 days, two hours a question",
            source="the venue's documentation; recorded 2026-06-19",
        ),
    ),
    codes=rules.codes(rate="1032", outage="1030", symbol="1332 1333"),
    listings=ask.listings(_CONTRACTS, {"business_type": "swap"}, ("data",), _listing),
    ping=ask.count(_CONTRACTS, {"contract_code": "BTC-USDT"}, ("data",), "contract named BTC-USDT"),
    paged={},
    events=_events,
)
