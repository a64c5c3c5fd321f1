"""OKX swaps: contracts of a fixed value, newest rows first, bounds of a page exclusive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from reportgen.market.exchanges import venue as rules
from reportgen.market.exchanges.answers import (
    NAN,
    Ask,
    asks,
    clock,
    listed,
    number,
    numbers,
    perpetual,
    rows,
    rows_of,
    sides,
    spot_name,
    spot_pair,
    text,
    tiers,
    within,
)
from reportgen.market.exchanges.venue import Contract, Datum, Listing, Paged, RawBook, Row, Transport, Unit, UnitRule
from reportgen.units import HOUR_MS, Maybe, Milliseconds, Missing

_MOST_PAGES: Final = 12
_EVENTS_A_PAGE: Final = 100
_DATA: Final = ("data",)


def _listing(one: Any) -> Listing | None:  # noqa: ANN401 - JSON
    """Read a swap; a contract value in another currency is no number of coins."""
    if one.get("state") != "live":
        return None
    name = text(one, "instId")
    base, quote, _ = name.split("-", 2)
    size: Maybe[float] = Missing(f"OKX states the contract value of {base} in {text(one, 'ctValCcy')}, not in coins.")
    if text(one, "ctValCcy") == base:
        size = number(within(one, "ctVal")) * number(within(one, "ctMult"))
    return Listing(
        market_id=name,
        base=base,
        quote=quote,
        contract_size=size,
        inverse=one.get("ctType") == "inverse",
        funding_hours=Missing("OKX lists no funding interval."),
    )


def _family(contract: Contract) -> str:
    return contract.market_id.removesuffix("-SWAP")


def _before(limit: int, name: Callable[[Contract], str] = lambda contract: contract.market_id, **more: str) -> Ask:
    return lambda contract, since, until: {
        "instId": name(contract), **more, "after": until, "before": since - 1, "limit": limit
    }  # fmt: skip


def _statistic(contract: Contract, since: Milliseconds, until: Milliseconds) -> dict[str, Any]:
    return {"instId": contract.market_id, "period": "1H", "begin": since, "end": until - 1, "limit": 100}


def _before_stamp(contract: Contract, since: Milliseconds, until: Milliseconds) -> dict[str, Any]:
    """Ask for rows by their stamp, the open of the hour whose end they hold."""
    return _statistic(contract, since - HOUR_MS, until - HOUR_MS)


def _history(answer: object) -> list[Row]:
    """Read open interest at the end of each hour, in the coins that the answer states beside its contracts."""
    return [(time + HOUR_MS, coins, usd) for time, coins, usd in rows(0, 2, 3, at=_DATA)(answer)]


def _interest_now(connection: Transport, contract: Contract) -> Row:
    asked = {"instType": "SWAP", "instId": contract.market_id}
    answer = connection.ask("publicGetPublicOpenInterest", asked, about=perpetual(contract))
    return numbers(within(answer, "data", 0), "ts", "oiCcy", "oiUsd")


def _funding_now(connection: Transport, contract: Contract) -> Row:
    answer = connection.ask("publicGetPublicFundingRate", {"instId": contract.market_id}, about=perpetual(contract))
    cells = ("ts", "fundingRate", "fundingTime", "nextFundingTime")
    time, rate, settles, then = numbers(within(answer, "data", 0), *cells)
    return (time, rate, (then - settles) / HOUR_MS)


def _order_book(connection: Transport, contract: Contract) -> RawBook:
    answer = connection.ask(
        "publicGetMarketBooks", {"instId": contract.market_id, "sz": 400}, about=perpetual(contract)
    )
    book = within(answer, "data", 0)
    bids, offers = sides(book, "bids", "asks")
    return RawBook(time_ms=int(number(within(book, "ts"))), bids=bids, asks=offers)


def _brackets(connection: Transport, contract: Contract, price: float) -> list[Row]:
    asked = {"instType": "SWAP", "instFamily": _family(contract), "tdMode": "isolated"}
    answer = connection.ask("publicGetPublicPositionTiers", asked, about=perpetual(contract))
    size = contract.listing.contract_size
    if isinstance(size, Missing):
        return []
    found = (numbers(row, "maxSz", "mmr", "maxLever") for row in rows_of(answer, "data"))
    return tiers((most * size * price, rate, leverage, NAN) for most, rate, leverage in found)


def _events(connection: Transport, contract: Contract, since: Milliseconds) -> tuple[Milliseconds, list[Row]]:
    """Read single liquidations backwards, as many pages as are reasonable; a forced sale closes a long."""
    found: list[Row] = []
    asked: dict[str, Any] = {
        "instType": "SWAP",
        "instFamily": _family(contract),
        "state": "filled",
        "limit": _EVENTS_A_PAGE,
    }
    for _ in range(_MOST_PAGES):
        answer = connection.ask("public:public/liquidation-orders", asked, about=perpetual(contract))
        new: list[Row] = []
        for row in (row for one in rows_of(answer, "data") for row in rows_of(one, "details")):
            time, size, price = numbers(row, "ts", "sz", "bkPx")
            new.append((time, 1.0 if text(row, "side") == "sell" else -1.0, size, price))
        found += new
        if len(new) < _EVENTS_A_PAGE or min(row[0] for row in new) <= since:
            break
        asked = {**asked, "after": int(min(row[0] for row in new))}
    # Nothing says how far the venue remembers: what is before the oldest event is not known to be quiet.
    return (int(min(row[0] for row in found)) if found else 0), found


VENUE: Final = rules.Venue(
    name="okx",
    display="OKX",
    ccxt_id="okx",
    rank=3,
    quote="USDT",
    rules={
        Datum.CANDLES: rules.candle_rule(
            "volCcy, base coins; vol is contracts", source="ccxt 4.5.90, run against a local server"
        ),
        Datum.MARK: rules.mark_rule(),
        Datum.SPOT: rules.SPOT,
        Datum.OPEN_INTEREST: UnitRule(
            unit=Unit.BASE,
            says="oiCcy, base coins, each position once; oiUsd as quote; history at the end of its hour",
            history="1440 hours",
            days=30,
            source="two independent programs shift the history by a period; doctor --online compares it with now",
        ),
        Datum.FUNDING: rules.funding_rule("realised fraction per interval", "about 3 months"),
        Datum.FUNDING_NOW: rules.running_rule(
            "an estimate for the next settlement; the interval from the two next ones"
        ),
        Datum.BOOK: rules.book_rule(Unit.CONTRACTS, "contracts × contract value", "400"),
        Datum.LIQUIDATIONS: UnitRule(
            unit=Unit.CONTRACTS,
            says="contracts × contract value × bankruptcy price: a lower bound",
            history="about the latest day, some 1,000 events",
            days=1,
            source="the venue's documentation; a public probe of 2026-08-08",
        ),
        Datum.RATIO: rules.ratio_rule("accounts long over short", "1440 hours"),
        Datum.BRACKETS: rules.bracket_rule("bounds in contracts × contract value × price"),
    },
    codes=rules.codes(rate="50011 50061", outage="50001 50004 50013 50026", symbol="51001"),
    listings=lambda connection: listed(
        rows_of(connection.ask("publicGetPublicInstruments", {"instType": "SWAP"}), "data"), _listing
    ),
    ping=clock("publicGetPublicTime", "data", 0, "ts"),
    paged={
        Datum.CANDLES: Paged(
            page=asks("publicGetMarketHistoryCandles", _before(300, bar="1H"), rows(0, 1, 2, 3, 4, 6, at=_DATA)),
            rows=300,
        ),
        Datum.MARK: Paged(
            page=asks("publicGetMarketHistoryMarkPriceCandles", _before(100, bar="1H"), rows(*range(5), at=_DATA)),
            rows=100,
        ),
        Datum.SPOT: Paged(
            page=asks(
                "publicGetMarketHistoryCandles",
                _before(300, lambda contract: spot_pair(contract, "-"), bar="1H"),
                rows(*range(6), at=_DATA),
                spot_name,
            ),
            rows=300,
        ),
        Datum.OPEN_INTEREST: Paged(
            page=asks("publicGetRubikStatContractsOpenInterestHistory", _before_stamp, _history), rows=100
        ),
        Datum.FUNDING: Paged(
            page=asks("publicGetPublicFundingRateHistory", _before(100), rows("fundingTime", "realizedRate", at=_DATA)),
            rows=100,
            step_ms=0,
        ),
        Datum.RATIO: Paged(
            page=asks("publicGetRubikStatContractsLongShortAccountRatioContract", _statistic, rows(0, 1, at=_DATA)),
            rows=100,
        ),
    },
    interest_now=_interest_now,
    funding_now=_funding_now,
    order_book=_order_book,
    brackets=_brackets,
    events=_events,
)
