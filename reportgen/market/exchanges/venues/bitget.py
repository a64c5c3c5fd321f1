"""Bitget USDT perpetuals: base coins, each position once, no history of open interest."""

from __future__ import annotations

from typing import Any, Final

from reportgen.market.exchanges import venue as rules
from reportgen.market.exchanges.answers import (
    NAN,
    asks,
    clock,
    listed,
    number,
    numbers,
    optional,
    perpetual,
    positive,
    rows,
    rows_of,
    shares,
    sides,
    spot_name,
    spot_pair,
    text,
    within,
)
from reportgen.market.exchanges.venue import Contract, Datum, Listing, Paged, RawBook, Row, Transport, Unit, UnitRule
from reportgen.units import Milliseconds, Missing

_PRODUCT: Final = "USDT-FUTURES"
_MOST_PAGES: Final = 24
_DATA: Final = ("data",)


def _listing(one: Any) -> Listing | None:  # noqa: ANN401 - JSON
    if one.get("symbolType") != "perpetual" or one.get("symbolStatus") != "normal":
        return None
    return Listing(
        market_id=text(one, "symbol"),
        base=text(one, "baseCoin"),
        quote=text(one, "quoteCoin"),
        funding_hours=positive(one, "fundInterval", "Bitget lists no funding interval."),
    )


def _asked(contract: Contract, **more: object) -> dict[str, Any]:
    return {"symbol": contract.market_id, "productType": _PRODUCT, **more}


def _hours(contract: Contract, since: Milliseconds, until: Milliseconds) -> dict[str, Any]:
    return _asked(contract, granularity="1H", startTime=since, endTime=until, limit=200)


def _funding(connection: Transport, contract: Contract, since: Milliseconds, _until: Milliseconds) -> list[Row]:
    """Turn the numbered pages, newest first, until one reaches back far enough."""
    found: list[Row] = []
    for page in range(1, _MOST_PAGES + 1):
        asked = _asked(contract, pageSize=100, pageNo=page)
        answer = connection.ask("publicMixGetV2MixMarketHistoryFundRate", asked, about=perpetual(contract))
        new = [numbers(row, "fundingTime", "fundingRate") for row in rows_of(answer, "data")]
        found += new
        if len(new) < 100 or min(row[0] for row in new) <= since:
            break
    return found


def _interest_now(connection: Transport, contract: Contract) -> Row:
    answer = connection.ask("publicMixGetV2MixMarketOpenInterest", _asked(contract), about=perpetual(contract))
    amount = within(answer, "data", "openInterestList", 0, "size")
    return (number(within(answer, "data", "ts")), number(amount), NAN)


def _funding_now(connection: Transport, contract: Contract) -> Row:
    answer = connection.ask("publicMixGetV2MixMarketCurrentFundRate", _asked(contract), about=perpetual(contract))
    row = within(answer, "data", 0)
    # Without its interval, as answers were before 2025, the list of perpetuals says.
    return (
        number(within(answer, "requestTime")),
        number(within(row, "fundingRate")),
        optional(row, "fundingRateInterval"),
    )


def _order_book(connection: Transport, contract: Contract) -> RawBook:
    answer = connection.ask(
        "publicMixGetV2MixMarketMergeDepth", _asked(contract, limit="max"), about=perpetual(contract)
    )
    bids, offers = sides(within(answer, "data"), "bids", "asks")
    return RawBook(time_ms=int(number(within(answer, "data", "ts"))), bids=bids, asks=offers)


def _brackets(connection: Transport, contract: Contract, _price: float) -> list[Row]:
    answer = connection.ask("publicMixGetV2MixMarketQueryPositionLever", _asked(contract), about=perpetual(contract))
    cells = ("startUnit", "endUnit", "keepMarginRate", "leverage")
    return sorted((*numbers(row, *cells), NAN) for row in rows_of(answer, "data"))


VENUE: Final = rules.Venue(
    name="bitget",
    display="Bitget",
    ccxt_id="bitget",
    rank=5,
    quote="USDT",
    rules={
        Datum.CANDLES: rules.candle_rule(rules.BASE_VOLUME, history="months"),
        Datum.MARK: rules.mark_rule("months"),
        Datum.SPOT: rules.SPOT,
        Datum.OPEN_INTEREST: UnitRule(
            unit=Unit.BASE, says="base coins, each position once", history="now only", days=0, source=rules.AUDIT
        ),
        Datum.FUNDING: rules.funding_rule("fraction per interval; the interval in hours from the list", "months"),
        Datum.FUNDING_NOW: rules.running_rule("an estimate for the next settlement"),
        Datum.BOOK: rules.book_rule(Unit.BASE, "sizes in base coins", "the most"),
        Datum.LIQUIDATIONS: Missing(
            "Bitget publishes three days of liquidations (v3 market/liquidations); no answer of it was recorded, so "
            "they are not read."
        ),
        Datum.RATIO: rules.ratio_rule("accounts long over accounts short", "some days"),
        Datum.BRACKETS: rules.bracket_rule("bounds in USDT"),
    },
    codes=rules.codes(rate="429 30007", outage="40725", symbol="40034 40309 400172"),
    listings=lambda connection: listed(
        rows_of(connection.ask("publicMixGetV2MixMarketContracts", {"productType": _PRODUCT}), "data"), _listing
    ),
    ping=clock("publicCommonGetV2PublicTime", "data", "serverTime"),
    paged={
        Datum.CANDLES: Paged(
            page=asks("publicMixGetV2MixMarketHistoryCandles", _hours, rows(*range(6), at=_DATA)), rows=200
        ),
        Datum.MARK: Paged(
            page=asks("publicMixGetV2MixMarketHistoryMarkCandles", _hours, rows(*range(5), at=_DATA)), rows=200
        ),
        Datum.SPOT: Paged(
            page=asks(
                "publicSpotGetV2SpotMarketHistoryCandles",
                # The spot history walks back from its end alone.
                lambda contract, _, until: {
                    "symbol": spot_pair(contract),
                    "granularity": "1h",
                    "endTime": until,
                    "limit": 200,
                },
                rows(*range(6), at=_DATA),
                spot_name,
            ),
            rows=200,
        ),
        Datum.FUNDING: Paged(page=_funding, rows=1_000_000, step_ms=0),
        Datum.RATIO: Paged(
            page=asks(
                "publicMixGetV2MixMarketAccountLongShort",
                lambda contract, _since, _until: {"symbol": contract.market_id, "period": "1h"},
                shares("ts", "longAccountRatio", "shortAccountRatio", _DATA),
            ),
            rows=1_000_000,
        ),
    },
    interest_now=_interest_now,
    funding_now=_funding_now,
    order_book=_order_book,
    brackets=_brackets,
)
