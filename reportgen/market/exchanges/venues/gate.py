"""Gate USDT perpetuals: contracts, times in seconds, open interest of both sides."""

from __future__ import annotations

import math
from typing import Any, Final

from reportgen.market.exchanges import venue as rules
from reportgen.market.exchanges.answers import (
    NAN,
    Ask,
    asks,
    clock,
    flag,
    listed,
    number,
    numbers,
    optional,
    perpetual,
    positive,
    rows,
    rows_of,
    sides,
    spot_name,
    spot_pair,
    text,
    tiers,
    within,
)
from reportgen.market.exchanges.venue import (
    Contract,
    Datum,
    Listing,
    Page,
    Paged,
    RawBook,
    Row,
    Transport,
    Unit,
    UnitRule,
    VenueFault,
)
from reportgen.units import Milliseconds

_SECOND_MS: Final = 1000
_SAME_SIZE: Final = 0.25
"""How far open interest may lie from once or twice the positions: they are counted at different moments."""


def _contracts(connection: Transport) -> list[Any]:
    return rows_of(connection.ask("publicFuturesGetSettleContracts", {"settle": "usdt"}))


def _listing(one: Any) -> Listing | None:  # noqa: ANN401 - JSON
    if flag(one, "in_delisting"):
        return None
    name = text(one, "name")
    return Listing(
        market_id=name,
        base=name.rpartition("_")[0],
        quote="USDT",
        contract_size=positive(one, "quanto_multiplier", f"Gate states no contract size of {name}."),
        funding_hours=positive(one, "funding_interval", "Gate lists no funding interval.", over=3600),
    )


def _asked(contract: Contract, **more: object) -> dict[str, Any]:
    return {"settle": "usdt", "contract": contract.market_id, **more}


def _span(since: Milliseconds, until: Milliseconds) -> dict[str, int]:
    return {"from": since // _SECOND_MS, "to": (until - 1) // _SECOND_MS}


def _bars(prefix: str) -> Ask:
    return lambda contract, since, until: {
        **_asked(contract), "contract": prefix + contract.market_id, "interval": "1h", **_span(since, until)
    }  # fmt: skip


def _statistic(*cells: str) -> Page:
    """Read one of the many things that Gate states together: the same question is asked once a run."""
    return asks(
        "publicFuturesGetSettleContractStats",
        lambda contract, since, _: _asked(contract, interval="1h", limit=100, **{"from": since // _SECOND_MS}),
        rows("time", *cells, seconds=True),
    )


def _listed(connection: Transport, contract: Contract, cell: str) -> float:
    """Read a number of the list of contracts, which carries no time but that of the answer."""
    mine = next((row for row in _contracts(connection) if text(row, "name") == contract.market_id), None)
    return optional(mine, cell)


def _funding_now(connection: Transport, contract: Contract) -> Row:
    rate = _listed(connection, contract, "funding_rate")
    return (float(connection.server_now()), number(rate), NAN)


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


def _order_book(connection: Transport, contract: Contract) -> RawBook:
    answer = connection.ask("publicFuturesGetSettleOrderBook", _asked(contract, limit=100), about=perpetual(contract))
    bids, offers = sides(answer, "bids", "asks", price="p", size="s")
    return RawBook(time_ms=round(number(within(answer, "update")) * _SECOND_MS), bids=bids, asks=offers)


def _brackets(connection: Transport, contract: Contract, _price: float) -> list[Row]:
    answer = connection.ask("publicFuturesGetSettleRiskLimitTiers", _asked(contract), about=perpetual(contract))
    return tiers((*numbers(row, "risk_limit", "maintenance_rate", "leverage_max"), NAN) for row in rows_of(answer))


VENUE: Final = rules.Venue(
    name="gate",
    display="Gate",
    ccxt_id="gate",
    rank=4,
    quote="USDT",
    rules={
        Datum.CANDLES: rules.candle_rule("contracts × quanto multiplier", unit=Unit.CONTRACTS),
        Datum.MARK: rules.mark_rule(),
        Datum.SPOT: rules.SPOT,
        Datum.OPEN_INTEREST: UnitRule(
            unit=Unit.CONTRACTS,
            sides=2,
            says="contracts × quanto multiplier; halved where they are twice the list's position_size",
            history="long",
            days=30,
            source=rules.AUDIT,
        ),
        Datum.FUNDING: rules.funding_rule("fraction per interval; the interval in seconds from the list", "long"),
        Datum.FUNDING_NOW: rules.running_rule("funding_rate of the contract, for the next settlement"),
        Datum.BOOK: rules.book_rule(Unit.CONTRACTS, "contracts × quanto multiplier", "100"),
        Datum.LIQUIDATIONS: UnitRule(
            unit=Unit.USD,
            says="USD a bar by liquidated side, from contract_stats",
            history="long",
            days=30,
            source=rules.CCXT,
        ),
        Datum.RATIO: rules.ratio_rule("accounts long over short", "long"),
        Datum.BRACKETS: rules.bracket_rule("risk limits in USDT"),
    },
    codes=rules.codes(
        rate="TOO_MANY_REQUESTS",
        outage="SERVER_ERROR INTERNAL",
        symbol="CONTRACT_NOT_FOUND INVALID_CURRENCY_PAIR INVALID_CURRENCY",
    ),
    listings=lambda connection: listed(_contracts(connection), _listing),
    ping=clock("publicSpotGetTime", "server_time"),
    paged={
        Datum.CANDLES: Paged(
            page=asks(
                "publicFuturesGetSettleCandlesticks", _bars(""), rows("t", "o", "h", "l", "c", "v", seconds=True)
            ),
            rows=1900,
        ),
        Datum.MARK: Paged(
            page=asks(
                "publicFuturesGetSettleCandlesticks", _bars("mark_"), rows("t", "o", "h", "l", "c", seconds=True)
            ),
            rows=1900,
        ),
        Datum.SPOT: Paged(
            page=asks(
                "publicSpotGetCandlesticks",
                lambda contract, since, until: {
                    "currency_pair": spot_pair(contract, "_"),
                    "interval": "1h",
                    **_span(since, until),
                },
                rows(0, 5, 3, 4, 2, 6, seconds=True),
                spot_name,
            ),
            rows=900,
        ),
        Datum.OPEN_INTEREST: Paged(page=_statistic("open_interest", "open_interest_usd"), rows=100),
        Datum.FUNDING: Paged(
            page=asks(
                "publicFuturesGetSettleFundingRate",
                lambda contract, since, until: _asked(contract, limit=1000, **_span(since, until)),
                rows("t", "r", seconds=True),
            ),
            rows=1000,
            step_ms=0,
        ),
        Datum.RATIO: Paged(page=_statistic("lsr_account"), rows=100),
        Datum.LIQUIDATIONS: Paged(page=_statistic("long_liq_usd", "short_liq_usd"), rows=100),
    },
    funding_now=_funding_now,
    sides=_sides,
    order_book=_order_book,
    brackets=_brackets,
)
