"""Gate USDT perpetuals: contracts, times in seconds, open interest of both sides."""

from __future__ import annotations

import math
from typing import Any, Final

from reportgen.market.exchanges import answers as read
from reportgen.market.exchanges import questions as ask
from reportgen.market.exchanges import venue as rules
from reportgen.market.exchanges.answers import NAN
from reportgen.market.exchanges.questions import Slot
from reportgen.market.exchanges.venue import Contract, Datum, Listing, Paged, Row, Transport, Unit, VenueFault

_SECOND_MS: Final = 1000
_SAME_SIZE: Final = 0.25
"""How far open interest may lie from once or twice the positions: they are counted at different moments."""

_USDT: Final = {"settle": "usdt"}
_MARKET: Final = {**_USDT, "contract": Slot.MARKET}
_CONTRACTS: Final = "publicFuturesGetSettleContracts"
_CANDLES: Final = "publicFuturesGetSettleCandlesticks"
_SPAN: Final = {"from": Slot.SINCE_SECONDS, "to": Slot.LAST_SECONDS}
_BARS: Final = _MARKET | {"interval": "1h"} | _SPAN
_STATISTIC: Final = _MARKET | {"interval": "1h", "limit": Slot.LIMIT, "from": Slot.SINCE_SECONDS}
_SIZES: Final = "contracts × quanto multiplier"


def _listing(one: Any) -> Listing | None:  # noqa: ANN401 - JSON
    if one.get("in_delisting") is True:
        return None
    name = read.text(one, "name")
    return Listing(
        market_id=name,
        base=name.rpartition("_")[0],
        quote="USDT",
        contract_size=read.positive(one, "quanto_multiplier", f"Gate states no contract size of {name}."),
        funding_hours=read.positive(one, "funding_interval", "Gate lists no funding interval.", over=3600),
    )


def _listed(connection: Transport, contract: Contract, cell: str) -> float:
    """Read a number of the list of contracts, which carries no time but that of the answer."""
    contracts = read.rows_of(connection.ask(_CONTRACTS, _USDT))
    mine = next((row for row in contracts if read.text(row, "name") == contract.market_id), None)
    return read.optional(mine, cell)


def _funding_now(connection: Transport, contract: Contract) -> Row:
    rate = read.number(_listed(connection, contract, "funding_rate"))
    return (float(connection.server_now()), rate, NAN)


def _sides(connection: Transport, contract: Contract, interest: float) -> tuple[int, str]:
    """Compare contract_stats with the list's position_size, which counts longs alone: twice it is both sides."""
    try:
        ratio = interest / (_listed(connection, contract, "position_size") or NAN)
    except (VenueFault, ValueError, AttributeError):
        return 2, ""
    counted = next((sides for sides in (1, 2) if abs(ratio / sides - 1) < _SAME_SIZE), None)
    if counted:
        return counted, ""
    return 2, "" if math.isnan(ratio) else f"Gate's open interest is {ratio:.2f} times its positions; it is halved."


def _statistic(*cells: str) -> Paged:
    """Read one of the many things that Gate states together: the same question is asked once a run."""
    found = read.rows("time", *cells, seconds=True)
    return ask.history("publicFuturesGetSettleContractStats", _STATISTIC, found, rows=100)


VENUE: Final = rules.Venue(
    name="gate",
    display="Gate",
    ccxt_id="gate",
    rank=4,
    quote="USDT",
    rules=rules.stated(
        rules.rule(Datum.CANDLES, _SIZES, rules.LISTING, unit=Unit.CONTRACTS),
        rules.MARK,
        rules.SPOT,
        rules.rule(
            Datum.OPEN_INTEREST,
            f"{_SIZES}; halved where they are twice the list's position_size",
            "long",
            unit=Unit.CONTRACTS,
            sides=2,
            source=rules.AUDIT,
        ),
        rules.rule(Datum.FUNDING, "fraction per interval; the interval in seconds from the list", "long"),
        rules.rule(Datum.FUNDING_NOW, "funding_rate of the contract, for the next settlement"),
        rules.rule(Datum.BOOK, _SIZES, "now, 100 levels a side", unit=Unit.CONTRACTS),
        rules.rule(
            Datum.LIQUIDATIONS, "USD a bar by liquidated side, from contract_stats", "long", unit=Unit.USD, days=30
        ),
        rules.rule(Datum.RATIO, "accounts long over short", "long"),
        rules.rule(Datum.BRACKETS, "risk limits in USDT"),
    ),
    codes=rules.codes(
        rate="TOO_MANY_REQUESTS",
        outage="SERVER_ERROR INTERNAL",
        symbol="CONTRACT_NOT_FOUND INVALID_CURRENCY_PAIR INVALID_CURRENCY",
    ),
    listings=ask.listings(_CONTRACTS, _USDT, (), _listing),
    ping=ask.clock("publicSpotGetTime", "server_time"),
    paged={
        Datum.CANDLES: ask.history(_CANDLES, _BARS, read.rows("t", "o", "h", "l", "c", "v", seconds=True), rows=1900),
        Datum.MARK: ask.history(
            _CANDLES,
            _BARS | {"contract": lambda contract: f"mark_{contract.market_id}"},
            read.rows("t", "o", "h", "l", "c", seconds=True),
            rows=1900,
        ),
        Datum.SPOT: ask.history(
            "publicSpotGetCandlesticks",
            {"currency_pair": ask.spot("_"), "interval": "1h", **_SPAN},
            read.rows(0, 5, 3, 4, 2, 6, seconds=True),
            rows=900,
            of=ask.spot_market,
        ),
        Datum.OPEN_INTEREST: _statistic("open_interest", "open_interest_usd"),
        Datum.FUNDING: ask.history(
            "publicFuturesGetSettleFundingRate",
            _MARKET | {"limit": Slot.LIMIT} | _SPAN,
            read.rows("t", "r", seconds=True),
            rows=1000,
            step_ms=0,
        ),
        Datum.RATIO: _statistic("lsr_account"),
        Datum.LIQUIDATIONS: _statistic("long_liq_usd", "short_liq_usd"),
    },
    funding_now=_funding_now,
    sides=_sides,
    order_book=ask.book(
        "publicFuturesGetSettleOrderBook",
        _MARKET | {"limit": 100},
        ("update",),
        (("bids",), ("asks",)),
        price="p",
        size="s",
        unit_ms=_SECOND_MS,
    ),
    brackets=ask.brackets(
        "publicFuturesGetSettleRiskLimitTiers", _MARKET, (), "risk_limit", "maintenance_rate", "leverage_max"
    ),
)
