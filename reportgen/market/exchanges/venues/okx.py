"""OKX swaps: contracts of a fixed value, newest rows first, bounds of a page exclusive."""

from __future__ import annotations

from typing import Any, Final

from reportgen.market.exchanges import answers as read
from reportgen.market.exchanges import questions as ask
from reportgen.market.exchanges import venue as rules
from reportgen.market.exchanges.questions import Slot
from reportgen.market.exchanges.venue import Contract, Datum, Listing, Row, Transport, Unit
from reportgen.units import HOUR_MS, Maybe, Milliseconds, Missing

_MOST_PAGES: Final = 12
_EVENTS_A_PAGE: Final = 100
_DATA: Final = ("data",)
_MARKET: Final = {"instId": Slot.MARKET}
_FAMILY: Final = {"instType": "SWAP", "instFamily": lambda contract: contract.market_id.removesuffix("-SWAP")}
_SPAN: Final = {"after": Slot.UNTIL, "before": Slot.BEFORE, "limit": Slot.LIMIT}
_BARS: Final = _MARKET | {"bar": "1H"} | _SPAN
_STATISTIC: Final = _MARKET | {"period": "1H", "begin": Slot.SINCE, "end": Slot.LAST, "limit": Slot.LIMIT}


def _listing(one: Any) -> Listing | None:  # noqa: ANN401 - JSON
    """Read a swap; a contract value in another currency is no number of coins."""
    if one.get("state") != "live":
        return None
    name, currency = read.text(one, "instId"), read.text(one, "ctValCcy")
    base, quote, _ = name.split("-", 2)
    size: Maybe[float] = Missing(f"OKX states the contract value of {base} in {currency}, not in coins.")
    if currency == base:
        value, times = read.numbers(one, "ctVal", "ctMult")
        size = value * times
    return Listing(
        market_id=name,
        base=base,
        quote=quote,
        contract_size=size,
        inverse=one.get("ctType") == "inverse",
        funding_hours=Missing("OKX lists no funding interval."),
    )


def _events(connection: Transport, contract: Contract, since: Milliseconds) -> tuple[Milliseconds, list[Row]]:
    """Read single liquidations backwards, as many pages as are reasonable; a forced sale closes a long."""
    found: list[Row] = []
    asked = _FAMILY | {"state": "filled", "limit": _EVENTS_A_PAGE}
    for _ in range(_MOST_PAGES):
        answer = ask.about(connection, "public:public/liquidation-orders", asked, contract)
        new: list[Row] = []
        for row in (row for one in read.rows_of(answer, "data") for row in read.rows_of(one, "details")):
            time, size, price = read.numbers(row, "ts", "sz", "bkPx")
            new.append((time, 1.0 if read.text(row, "side") == "sell" else -1.0, size, price))
        found += new
        oldest = min((row[0] for row in new), default=since)
        if len(new) < _EVENTS_A_PAGE or oldest <= since:
            break
        asked = asked | {"after": int(oldest)}
    # Nothing says how far the venue remembers: what is before the oldest event is not known to be quiet.
    return int(min((row[0] for row in found), default=0)), found


VENUE: Final = rules.Venue(
    name="okx",
    display="OKX",
    ccxt_id="okx",
    rank=3,
    quote="USDT",
    rules=rules.stated(
        rules.rule(
            Datum.CANDLES,
            "volCcy, base coins; vol is contracts",
            rules.LISTING,
            source="ccxt 4.5.90, run against a local server",
        ),
        rules.MARK,
        rules.SPOT,
        rules.rule(
            Datum.OPEN_INTEREST,
            "oiCcy, base coins, each position once; oiUsd as quote; history at the end of its hour",
            "1440 hours",
            source="two independent programs shift the history by a period; doctor --online compares it with now",
        ),
        rules.rule(Datum.FUNDING, "realised fraction per interval", "about 3 months"),
        rules.rule(Datum.FUNDING_NOW, "an estimate for the next settlement; the interval from the two next ones"),
        rules.rule(Datum.BOOK, "contracts × contract value", "now, 400 levels a side", unit=Unit.CONTRACTS),
        rules.rule(
            Datum.LIQUIDATIONS,
            "contracts × contract value × bankruptcy price: a lower bound",
            "about the latest day, some 1,000 events",
            source="the venue's documentation; a public probe of 2026-08-08",
        ),
        rules.rule(Datum.RATIO, "accounts long over short", "1440 hours"),
        rules.rule(Datum.BRACKETS, "bounds in contracts × contract value × price"),
    ),
    codes=rules.codes(rate="50011 50061", outage="50001 50004 50013 50026", symbol="51001"),
    listings=ask.listings("publicGetPublicInstruments", {"instType": "SWAP"}, _DATA, _listing),
    ping=ask.clock("publicGetPublicTime", "data", 0, "ts"),
    paged={
        Datum.CANDLES: ask.history(
            "publicGetMarketHistoryCandles", _BARS, read.rows(0, 1, 2, 3, 4, 6, at=_DATA), rows=300
        ),
        Datum.MARK: ask.history(
            "publicGetMarketHistoryMarkPriceCandles", _BARS, read.rows(*range(5), at=_DATA), rows=100
        ),
        Datum.SPOT: ask.history(
            "publicGetMarketHistoryCandles",
            _BARS | {"instId": ask.spot("-")},
            read.rows(*range(6), at=_DATA),
            rows=300,
            of=ask.spot_market,
        ),
        Datum.OPEN_INTEREST: ask.history(
            "publicGetRubikStatContractsOpenInterestHistory",
            _STATISTIC,
            read.rows(0, 2, 3, at=_DATA),
            rows=100,
            late_ms=HOUR_MS,
        ),
        Datum.FUNDING: ask.history(
            "publicGetPublicFundingRateHistory",
            _MARKET | _SPAN,
            read.rows("fundingTime", "realizedRate", at=_DATA),
            rows=100,
            step_ms=0,
        ),
        Datum.RATIO: ask.history(
            "publicGetRubikStatContractsLongShortAccountRatioContract",
            _STATISTIC,
            read.rows(0, 1, at=_DATA),
            rows=100,
        ),
    },
    interest_now=ask.now(
        "publicGetPublicOpenInterest",
        {"instType": "SWAP", **_MARKET},
        *(("data", 0, cell) for cell in ("ts", "oiCcy", "oiUsd")),
    ),
    funding_now=ask.now(
        "publicGetPublicFundingRate",
        _MARKET,
        *(("data", 0, cell) for cell in ("ts", "fundingRate", "fundingTime", "nextFundingTime")),
        into=lambda time, rate, settles, then: (time, rate, (then - settles) / HOUR_MS),
    ),
    order_book=ask.book(
        "publicGetMarketBooks", _MARKET | {"sz": 400}, ("data", 0, "ts"), (("data", 0, "bids"), ("data", 0, "asks"))
    ),
    brackets=ask.brackets(
        "publicGetPublicPositionTiers",
        _FAMILY | {"tdMode": "isolated"},
        _DATA,
        "maxSz",
        "mmr",
        "maxLever",
        contracts=True,
    ),
    events=_events,
)
