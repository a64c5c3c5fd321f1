"""What a venue is: how it counts, by which codes it complains, and how each of its data is asked for and read.

Each file of `market/exchanges/venues/` fills one `Venue`; docs/venues.md is printed from its rules, and the page prints
the rule of every number it shows. Pure: a venue's file says what to ask, `market/exchanges/connection.py` asks it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol, TypeAlias

from reportgen.units import HOUR_MS, Maybe, Milliseconds, Missing

CCXT: Final = "ccxt 4.5.90, its own source"
AUDIT: Final = "third-party audit of 2026-09, checked against the field's name in the venue's documentation"


class Datum(StrEnum):
    """What can be asked of a venue."""

    CANDLES = "candles"
    MARK = "mark candles"
    SPOT = "spot candles"
    OPEN_INTEREST = "open interest"
    FUNDING = "funding"
    FUNDING_NOW = "running funding"
    BOOK = "order book"
    LIQUIDATIONS = "liquidations"
    RATIO = "long/short ratio"
    BRACKETS = "leverage brackets"


class Unit(StrEnum):
    """What one of a venue's numbers counts."""

    BASE = "base coins"
    CONTRACTS = "contracts"
    USD = "USD"
    RATE = "fraction per interval"
    RATIO = "long over short"
    MARGIN = "margin rate by notional"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRule:
    """How a venue expresses one datum.

    Attributes:
        unit: Of the raw number. sides: 2 where a position is counted for its long and its short, so that it is halved.
        says: The conversion, as the page prints it. history: how far back the venue's public answers reach.
        days: How many of those days are asked for. source: where this was learnt.
    """

    unit: Unit
    says: str
    history: str
    days: int
    source: str
    sides: int = 1


class FaultKind(StrEnum):
    """Why a venue gave nothing."""

    GEO_BLOCKED = "geo_blocked"
    RATE_LIMITED = "rate_limited"
    OUTAGE = "outage"
    BAD_SYMBOL = "bad_symbol"
    BAD_PAYLOAD = "bad_payload"
    OUT_OF_TIME = "out_of_time"


class VenueFault(Exception):
    """A question to a venue that has no answer.

    Attributes:
        kind: Decides whether asking again can help. retry_after: seconds that the venue asked to wait, if it did.
    """

    def __init__(self, kind: FaultKind, sentence: str, retry_after: float | None = None) -> None:
        """Keep the sentence as the message."""
        super().__init__(sentence)
        self.kind = kind
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One perpetual as a venue lists it.

    Attributes:
        market_id: The venue's own name. base: its coin, with the multiplier in the name: `1000PEPE`. quote: settled in.
        contract_size: Base units that one contract holds, 1 where sizes are base coins already; or why unknown.
        inverse: Whether sizes are USD and margin is the coin. funding_hours: the present interval, or why unknown.
        tiers: (notional floor, maintenance rate, highest leverage) where the list itself holds them.
    """

    market_id: str
    base: str
    quote: str
    funding_hours: Maybe[float]
    contract_size: Maybe[float] = 1.0
    inverse: bool = False
    tiers: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One venue's perpetual, seen from a symbol of the watchlist.

    Attributes:
        symbol: `PEPE/USDT:USDT`. venue: where. listing: as the venue lists it.
        scale: Coins of the symbol in one coin of the listing: 1000 where a venue trades 1000PEPE for PEPE.
    """

    symbol: str
    venue: Venue
    listing: Listing
    scale: float

    @property
    def market_id(self) -> str:
        """The venue's own name."""
        return self.listing.market_id


Row: TypeAlias = tuple[float, ...]
"""Cells of a series, time in milliseconds first; NaN where the venue leaves one empty that may be."""

Page: TypeAlias = Callable[["Transport", Contract, Milliseconds, Milliseconds], list[Row]]
"""Asks for the rows in [since, until); more, fewer and any order may come."""


class Transport(Protocol):
    """How a venue's file asks: `market/exchanges/connection.py` is one."""

    def ask(self, endpoint: str, parameters: Mapping[str, Any] | None = None, *, about: str = "such market") -> Any:  # noqa: ANN401 - JSON
        """Ask one question, once a run; a VenueFault when there is no answer."""

    def server_now(self) -> Milliseconds:
        """Give the venue's time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged:
    """How a history is asked for, page by page.

    Attributes:
        page: Asks for one. rows: how many it holds at most. step_ms: between two rows; 0 for a contract's own funding.
    """

    page: Page
    rows: int
    step_ms: Milliseconds = HOUR_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class RawBook:
    """A snapshot as it came: (price, size) best first; sizes in the venue's unit."""

    time_ms: Milliseconds
    bids: tuple[Row, ...]
    asks: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Venue:
    """One exchange: the rules of its numbers, and everything that is asked of it.

    Attributes:
        name: As config.yaml and the market folder write it. display: as a page prints it. ccxt_id: its class in ccxt.
        rank: Its place among the venues, the most traded first.
        quote: The currency that its perpetuals are priced in, counted one to one as the symbol's own.
        rules: By datum; a Missing says why there is nothing to ask for.
        codes: Its own codes that mean something else than a broken answer.
        listings: Its perpetuals, by its own names. ping: one cheap question and what came back, for the doctor.
        paged: Histories by datum: candles are (time, open, high, low, close, volume[, bought by takers]), open interest
            (time, amount, USD or NaN), funding (time, rate), ratio (time, long over short), liquidations (time, of
            longs, of shorts) as bars in quote currency.
        interest_now: (time, amount, USD or NaN) at present. funding_now: (time, rate so far, hours of its interval or
            NaN where the list of perpetuals says). mark_price: at present, per coin of the listing.
        order_book: The book now. brackets: (floor, maintenance rate, highest leverage, deduction or NaN) by notional;
            needs a price where the bounds are contracts. brackets_date: of a bundled table; "" for one read today.
        events: Since when single liquidations are known, and (time, 1 for longs and -1 for shorts, amount, price) each.
        sides: From the last raw open interest, how often each position counts, and a note where nothing says.
        weight: What a question costs of the venue's limit, where it documents that and ccxt charges something else.
        window_seconds: In which the venue counts requests: an unexplained refusal waits that long.
    """

    name: str
    display: str
    ccxt_id: str
    rank: int
    quote: str
    rules: Mapping[Datum, Maybe[UnitRule]]
    codes: Mapping[str, FaultKind]
    listings: Callable[[Transport], Mapping[str, Listing]]
    ping: Callable[[Transport], str]
    paged: Mapping[Datum, Paged]
    order_book: Callable[[Transport, Contract], RawBook] | None = None
    interest_now: Callable[[Transport, Contract], Row] | None = None
    funding_now: Callable[[Transport, Contract], Row] | None = None
    mark_price: Callable[[Transport, Contract], float] | None = None
    brackets: Callable[[Transport, Contract, float], list[Row]] | None = None
    brackets_date: str = ""
    events: Callable[[Transport, Contract, Milliseconds], tuple[Milliseconds, list[Row]]] | None = None
    sides: Callable[[Transport, Contract, float], tuple[int, str]] | None = None
    weight: Callable[[Mapping[str, Any]], float] | None = None
    window_seconds: float = 5.0

    def rule(self, datum: Datum) -> Maybe[UnitRule]:
        """Give the rule of a datum, or why there is none."""
        return self.rules.get(datum, Missing(f"{self.display} publishes no {datum} over public REST."))


_USUAL: Final = {
    Datum.CANDLES: (Unit.BASE, 92), Datum.MARK: (Unit.BASE, 8), Datum.SPOT: (Unit.BASE, 22),
    Datum.OPEN_INTEREST: (Unit.BASE, 30), Datum.FUNDING: (Unit.RATE, 92), Datum.FUNDING_NOW: (Unit.RATE, 0),
    Datum.BOOK: (Unit.BASE, 0), Datum.LIQUIDATIONS: (Unit.CONTRACTS, 1), Datum.RATIO: (Unit.RATIO, 8),
    Datum.BRACKETS: (Unit.MARGIN, 0),
}  # fmt: skip
"""What most venues count in, and the days that are asked for."""


def rule(
    datum: Datum, says: str, history: str = "now", *,
    unit: Unit | None = None, days: int | None = None, source: str = CCXT, sides: int = 1,
) -> tuple[Datum, UnitRule]:  # fmt: skip
    """State how a venue expresses a datum; unit and days are the usual ones where nothing is said."""
    usual, usual_days = _USUAL[datum]
    days = usual_days if days is None else days
    return datum, UnitRule(unit=unit or usual, says=says, history=history, days=days, source=source, sides=sides)


def unread(datum: Datum, why: str) -> tuple[Datum, Missing]:
    """State why there is nothing to ask for, or nothing that can be used."""
    return datum, Missing(why)


def stated(*entries: tuple[Datum, Maybe[UnitRule]]) -> Mapping[Datum, Maybe[UnitRule]]:
    """Put a venue's rules together."""
    return dict(entries)


BASE_VOLUME: Final = "volume in base coins"
LISTING: Final = "since listing"
PRICES: Final = "prices as published"
MARK: Final = rule(Datum.MARK, PRICES, LISTING)
SPOT: Final = rule(Datum.SPOT, BASE_VOLUME, LISTING)


def codes(*, rate: str = "", outage: str = "", symbol: str = "") -> dict[str, FaultKind]:
    """Sort a venue's own codes, separated by blanks: asked too much, out of order, no such market."""
    kinds = ((rate, FaultKind.RATE_LIMITED), (outage, FaultKind.OUTAGE), (symbol, FaultKind.BAD_SYMBOL))
    return {code: kind for listed, kind in kinds for code in listed.split()}
