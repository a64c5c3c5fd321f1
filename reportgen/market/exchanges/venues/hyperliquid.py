"""Hyperliquid perpetuals: one address, the question in the body, rates by the hour, and positions that all can see."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from reportgen.market.exchanges import venue as rules
from reportgen.market.exchanges.answers import (
    NAN,
    asks,
    flag,
    listed,
    number,
    numbers,
    optional,
    perpetual,
    rows,
    rows_of,
    text,
    within,
)
from reportgen.market.exchanges.venue import Contract, Datum, Listing, Paged, RawBook, Row, Transport, Unit, UnitRule
from reportgen.units import HOUR_MS

_INFO: Final = "publicPostInfo"
_OVERVIEW: Final = {"type": "metaAndAssetCtxs"}
_HOURLY: Final = 1.0
_QUESTION: Final = 20.0
_LIGHT: Final = 2.0


def _weight(asked: Mapping[str, Any]) -> float:
    """Charge what the venue documents of its 1,200 a minute: 20 a question, 2 the light ones, more for many rows."""
    kind = asked.get("type")
    if kind in {"l2Book", "allMids", "clearinghouseState"}:
        return _LIGHT
    span = asked.get("req", asked)
    hours = (span["endTime"] - span["startTime"]) / HOUR_MS if "endTime" in span else 0.0
    candles = math.ceil(min(hours, 5000) / 60) if kind == "candleSnapshot" else 0
    settlements = math.ceil(min(hours, 500) / 20) if kind == "fundingHistory" else 0
    return _QUESTION + candles + settlements


def _listings(connection: Transport) -> Mapping[str, Listing]:
    answer = connection.ask(_INFO, _OVERVIEW)
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
            funding_hours=_HOURLY,
            tiers=tuple((floor, 1 / (2 * leverage), leverage) for floor, leverage in levels),
        )

    return listed(rows_of(answer, 0, "universe"), read)


def _now(connection: Transport, contract: Contract, cell: str, last: float) -> Row:
    """Find one of the coin's numbers by its place in the list of all; they carry no time but that of the answer."""
    answer = connection.ask(_INFO, _OVERVIEW)
    names = [text(one, "name") for one in rows_of(answer, 0, "universe")]
    return (float(connection.server_now()), number(within(answer, 1, names.index(contract.market_id), cell)), last)


def _order_book(connection: Transport, contract: Contract) -> RawBook:
    answer = connection.ask(_INFO, {"type": "l2Book", "coin": contract.market_id}, about=perpetual(contract))
    bids, offers = (tuple(numbers(level, "px", "sz") for level in rows_of(answer, "levels", side)) for side in (0, 1))
    return RawBook(time_ms=int(number(within(answer, "time"))), bids=bids, asks=offers)


def _brackets(_line: Transport, contract: Contract, _price: float) -> list[Row]:
    tiers = contract.listing.tiers
    caps = (*(floor for floor, _, _ in tiers[1:]), 10 * max(tiers[-1][0], 1e8))
    return [(floor, cap, rate, leverage, NAN) for (floor, rate, leverage), cap in zip(tiers, caps, strict=True)]


VENUE: Final = rules.Venue(
    name="hyperliquid",
    display="Hyperliquid",
    ccxt_id="hyperliquid",
    rank=6,
    quote="USDC",
    rules={
        Datum.CANDLES: rules.candle_rule(rules.BASE_VOLUME, history="latest 5000 bars"),
        Datum.OPEN_INTEREST: UnitRule(
            unit=Unit.BASE,
            says="base coins, taken as each position once: sources disagree",
            history="now only",
            days=0,
            source="liquidvision and Coinglass agree with one side; hydromancer.xyz says two",
        ),
        Datum.FUNDING: rules.funding_rule("fraction per hour, settled hourly", "since listing", days=40),
        Datum.FUNDING_NOW: rules.running_rule("fraction per hour, for the next hour"),
        Datum.BOOK: rules.book_rule(Unit.BASE, "sizes in base coins", "20"),
        Datum.BRACKETS: rules.bracket_rule(
            "half of 1 / highest leverage, by margin table in USD", "recorded margin tables; the venue's documentation"
        ),
    },
    codes={},
    weight=_weight,
    window_seconds=60.0,
    listings=_listings,
    ping=lambda connection: f"{len(within(connection.ask(_INFO, {'type': 'allMids'})))} mid prices",
    paged={
        Datum.CANDLES: Paged(
            page=asks(
                _INFO,
                lambda contract, since, until: {
                    "type": "candleSnapshot",
                    "req": {"coin": contract.market_id, "interval": "1h", "startTime": since, "endTime": until - 1},
                },
                rows("t", "o", "h", "l", "c", "v"),
            ),
            rows=5000,
        ),
        Datum.FUNDING: Paged(
            page=asks(
                _INFO,
                lambda contract, since, until: {
                    "type": "fundingHistory",
                    "coin": contract.market_id,
                    "startTime": since,
                    "endTime": until - 1,
                },
                rows("time", "fundingRate"),
            ),
            rows=500,
            step_ms=0,
        ),
    },
    interest_now=lambda connection, contract: _now(connection, contract, "openInterest", NAN),
    funding_now=lambda connection, contract: _now(connection, contract, "funding", _HOURLY),
    order_book=_order_book,
    brackets=_brackets,
)
