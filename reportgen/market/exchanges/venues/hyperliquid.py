"""Hyperliquid perpetuals: one address, the question in the body, rates by the hour, and positions that all can see."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from reportgen.market.exchanges import answers as read
from reportgen.market.exchanges import questions as ask
from reportgen.market.exchanges import venue as rules
from reportgen.market.exchanges.answers import NAN
from reportgen.market.exchanges.questions import Slot
from reportgen.market.exchanges.venue import Contract, Datum, Listing, Row, Transport
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
    margin = read.rows_of(answer, 0, "marginTables")
    tables = {str(read.number(key)): read.rows_of(table, "marginTiers") for key, table in margin}

    def listing(one: Any) -> Listing | None:  # noqa: ANN401 - JSON
        if one.get("isDelisted") is True:
            return None
        name = read.text(one, "name")
        tiers = tables.get(str(read.optional(one, "marginTableId")), [])
        alone = (0.0, *read.numbers(one, "maxLeverage"))
        levels = [read.numbers(tier, "lowerBound", "maxLeverage") for tier in tiers] or [alone]
        return Listing(
            market_id=name,
            base=name,
            quote="USDC",
            funding_hours=_HOURLY,
            tiers=tuple((floor, 1 / (2 * leverage), leverage) for floor, leverage in levels),
        )

    return read.listed(read.rows_of(answer, 0, "universe"), listing)


def _now(connection: Transport, contract: Contract, cell: str, last: float) -> Row:
    """Find one of the coin's numbers by its place in the list of all; they carry no time but that of the answer."""
    answer = connection.ask(_INFO, _OVERVIEW)
    names = [read.text(one, "name") for one in read.rows_of(answer, 0, "universe")]
    value = read.number(read.within(answer, 1, names.index(contract.market_id), cell))
    return (float(connection.server_now()), value, last)


def _brackets(_line: Transport, contract: Contract, _price: float) -> list[Row]:
    tiers = contract.listing.tiers
    caps = (*(floor for floor, _, _ in tiers[1:]), 10 * max(tiers[-1][0], 1e8))
    return [(floor, cap, rate, leverage, NAN) for (floor, rate, leverage), cap in zip(tiers, caps, strict=True)]


_SPAN: Final = {"startTime": Slot.SINCE, "endTime": Slot.LAST}
_BARS: Final = {"type": "candleSnapshot", "req": {"coin": Slot.MARKET, "interval": "1h", **_SPAN}}
_FUNDING: Final = {"type": "fundingHistory", "coin": Slot.MARKET, **_SPAN}
_BOOK: Final = {"type": "l2Book", "coin": Slot.MARKET}

VENUE: Final = rules.Venue(
    name="hyperliquid",
    display="Hyperliquid",
    ccxt_id="hyperliquid",
    rank=6,
    quote="USDC",
    rules=rules.stated(
        rules.rule(Datum.CANDLES, rules.BASE_VOLUME, "latest 5000 bars"),
        rules.rule(
            Datum.OPEN_INTEREST,
            "base coins, taken as each position once: sources disagree",
            "now only",
            days=0,
            source="liquidvision and Coinglass agree with one side; hydromancer.xyz says two",
        ),
        rules.rule(Datum.FUNDING, "fraction per hour, settled hourly", rules.LISTING, days=40),
        rules.rule(Datum.FUNDING_NOW, "fraction per hour, for the next hour"),
        rules.rule(Datum.BOOK, "sizes in base coins", "now, 20 levels a side"),
        rules.rule(
            Datum.BRACKETS,
            "half of 1 / highest leverage, by margin table in USD",
            source="recorded margin tables; the venue's documentation",
        ),
    ),
    codes={},
    weight=_weight,
    window_seconds=60.0,
    listings=_listings,
    ping=ask.count(_INFO, {"type": "allMids"}, (), "mid prices"),
    paged={
        Datum.CANDLES: ask.history(_INFO, _BARS, read.rows("t", "o", "h", "l", "c", "v"), rows=5000),
        Datum.FUNDING: ask.history(_INFO, _FUNDING, read.rows("time", "fundingRate"), rows=500, step_ms=0),
    },
    interest_now=lambda line, contract: _now(line, contract, "openInterest", NAN),
    funding_now=lambda line, contract: _now(line, contract, "funding", _HOURLY),
    order_book=ask.book(_INFO, _BOOK, ("time",), (("levels", 0), ("levels", 1)), price="px", size="sz"),
    brackets=_brackets,
)
