"""What the market published, as frozen arrays: the input of the five steps.

`market/folder/read.py` fills these, for live markets too; everything after reads them. All arrays of one object have
the same length n, are sorted by time without duplicates, and hold finite values (no NaN) unless the field says
otherwise. Times are UTC epoch milliseconds. Nothing here is later than `MarketData.as_of_ms`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from reportgen.units import Bools, Floats, Fraction, Ints, Maybe, Milliseconds, Missing

NO_SPOT: Final = Missing("No spot candles were given.")
NO_MARK: Final = Missing("No mark-price candles were given.")
NO_RATIO: Final = Missing("No long/short ratio was given.")
NO_POSITIONS: Final = Missing("No addresses were given whose positions could be looked up.")
NO_FUNDING_NOW: Final = Missing("No running funding rates were given.")
NO_ETF_FLOWS: Final = Missing("No ETF flows were given.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candles:
    """Closed bars of one market on one venue: of the contract, of spot, or of the mark price.

    Attributes:
        interval_ms: Length of a bar.
        open_time_ms: Shape (n,), ascending; bars may be missing, never duplicated.
        open: Shape (n,), quote per base coin, > 0.
        high: Shape (n,), >= open, close and low.
        low: Shape (n,), > 0.
        close: Shape (n,).
        volume_base: Shape (n,), base coins, >= 0; all zero for a mark price, at which nothing trades.
        taker_buy_base: Shape (n,), base coins bought by takers, or why it is not known.
    """

    interval_ms: Milliseconds
    open_time_ms: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume_base: Floats
    taker_buy_base: Maybe[Floats]

    @property
    def close_time_ms(self) -> Ints:
        """Close time of each bar (exclusive end), shape (n,)."""
        return self.open_time_ms + self.interval_ms

    @property
    def last_close_ms(self) -> Milliseconds:
        """Close time of the last bar, of one at least."""
        return int(self.open_time_ms[-1]) + self.interval_ms

    @property
    def span_ms(self) -> Milliseconds:
        """Time from the first open to the last close."""
        return self.last_close_ms - int(self.open_time_ms[0])

    def __len__(self) -> int:
        """Count the bars."""
        return len(self.open_time_ms)

    def first(self, count: int) -> Candles:
        """Give the first bars only."""
        return self.part(slice(count))

    def last(self, count: int) -> Candles:
        """Give the last bars only, all of them when there are fewer."""
        return self.part(slice(max(0, len(self) - count), None))

    def part(self, bars: slice | Bools) -> Candles:
        """Give some of the bars: a slice, or shape (n,), True to keep."""
        taker = self.taker_buy_base
        return Candles(
            interval_ms=self.interval_ms,
            open_time_ms=self.open_time_ms[bars],
            open=self.open[bars],
            high=self.high[bars],
            low=self.low[bars],
            close=self.close[bars],
            volume_base=self.volume_base[bars],
            taker_buy_base=taker if isinstance(taker, Missing) else taker[bars],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenInterest:
    """Open interest snapshots of one market on one venue, one side counted once.

    Attributes:
        time_ms: Shape (n,), the moment of each snapshot.
        open_interest_base: Shape (n,), base coins.
        open_interest_quote: Shape (n,), quote currency, or why it is not known: never guessed from a price.
    """

    time_ms: Ints
    open_interest_base: Floats
    open_interest_quote: Maybe[Floats]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FundingRates:
    """Settled funding of one market on one venue.

    Attributes:
        time_ms: Shape (n,), settlement times.
        funding_rate: Shape (n,), fraction per interval: 0.0001 is 0.01 %; positive when longs pay.
        interval_hours: Shape (n,), hours that each rate covers.
    """

    time_ms: Ints
    funding_rate: Floats
    interval_hours: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrderBook:
    """The last order-book snapshot of one market on one venue.

    Attributes:
        time_ms: The moment of the snapshot.
        bid_price: Shape (m,), best first. bid_size_base: shape (m,), base coins.
        ask_price: Shape (k,), best first. ask_size_base: shape (k,), base coins.
    """

    time_ms: Milliseconds
    bid_price: Floats
    bid_size_base: Floats
    ask_price: Floats
    ask_size_base: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Liquidations:
    """Liquidated notional per bar: a lower bound, as venues publish only part of it.

    Attributes:
        venues: Whose liquidations are added up, sorted; ("all",) where the source says no more.
        interval_ms: Length of a bar.
        open_time_ms: Shape (n,).
        liquidated_long_quote: Shape (n,), quote currency. liquidated_short_quote: the same for shorts.
    """

    venues: tuple[str, ...]
    interval_ms: Milliseconds
    open_time_ms: Ints
    liquidated_long_quote: Floats
    liquidated_short_quote: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LeverageBrackets:
    """Maintenance-margin brackets of one market on one venue, smallest positions first.

    Attributes:
        as_of: ISO date of the table.
        notional_floor: Shape (t,), quote currency. notional_cap: shape (t,), the next floor.
        maintenance_margin_rate: Shape (t,), fraction of position notional.
        max_leverage: Shape (t,).
        maintenance_amount: Shape (t,), quote currency deducted from notional x rate.
    """

    as_of: str
    notional_floor: Floats
    notional_cap: Floats
    maintenance_margin_rate: Floats
    max_leverage: Floats
    maintenance_amount: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LongShortRatio:
    """Accounts or positions long over short, of one market on one venue: a crowd's lean, not its size.

    Attributes:
        kind: What is counted, as the venue says: `accounts`, `top_accounts`, `top_positions`.
        time_ms: Shape (n,). ratio: shape (n,), long over short, > 0.
    """

    kind: str
    time_ms: Ints
    ratio: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Positions:
    """Real positions of known addresses in one market on one venue.

    Attributes:
        address: One an entry, n of them. is_long: shape (n,).
        size_base: Shape (n,), base coins, > 0. entry_price: shape (n,), > 0.
        liquidation_price: Shape (n,), NaN where no price liquidates the position.
        time_ms: When the venue was asked.
    """

    address: tuple[str, ...]
    is_long: Bools
    size_base: Floats
    entry_price: Floats
    liquidation_price: Floats
    time_ms: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EtfFlows:
    """Net flows of the exchange-traded funds that hold one asset.

    Attributes:
        date: ISO dates of the sessions, n of them, ascending.
        net_flow_quote: Shape (n,), USD into the funds; negative when money left.
        tickers: Shape (n,), how many funds had reported. source: where the figures come from.
    """

    date: tuple[str, ...]
    net_flow_quote: Floats
    tickers: Ints
    source: str


ALL_DATA: Final = "all data"
"""What is missing of a venue that gave nothing at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueGap:
    """Something that a venue was asked for and did not give. venue: name. what: "candles". reason: one sentence."""

    venue: str
    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketData:
    """All that is known of one symbol up to as-of.

    Attributes:
        symbol: Unified name, `BTC/USDT:USDT`.
        as_of_ms: Nothing in here is later.
        candles: By venue, the primary venue first (`market/folder/build.py`); per venue the finest interval
            that reaches as-of with enough history.
        open_interest, funding, order_book, brackets: By venue; an absent table is one `Missing`.
        liquidations: All venues of the table together.
        simulated: True when the numbers come from the simulator.
        spot_candles, mark_candles, long_short_ratio, positions: By venue; an absent table is one `Missing`.
        funding_now: By venue, the rates that were running: estimates until they settle.
        etf_flows: Of the funds that hold the base coin.
        gaps: What venues did not give when the data was last gathered, or gave and cannot be used, by venue and name.
        doubts: Clauses on what is used and yet deserves less trust; each lowers the quality of the map.
    """

    symbol: str
    as_of_ms: Milliseconds
    candles: Maybe[Mapping[str, Candles]]
    open_interest: Maybe[Mapping[str, OpenInterest]]
    funding: Maybe[Mapping[str, FundingRates]]
    order_book: Maybe[Mapping[str, OrderBook]]
    liquidations: Maybe[Liquidations]
    brackets: Maybe[Mapping[str, LeverageBrackets]]
    simulated: bool
    spot_candles: Maybe[Mapping[str, Candles]] = NO_SPOT
    mark_candles: Maybe[Mapping[str, Candles]] = NO_MARK
    long_short_ratio: Maybe[Mapping[str, LongShortRatio]] = NO_RATIO
    positions: Maybe[Mapping[str, Positions]] = NO_POSITIONS
    funding_now: Maybe[Mapping[str, FundingRates]] = NO_FUNDING_NOW
    etf_flows: Maybe[EtfFlows] = NO_ETF_FLOWS
    gaps: tuple[VenueGap, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def leading_open_interest(self) -> Maybe[OpenInterest]:
        """Give open interest of the venue whose bars lead, else of the first by name."""
        if isinstance(self.candles, Missing):
            return self.candles
        if isinstance(self.open_interest, Missing):
            return self.open_interest
        primary = next(iter(self.candles))
        return self.open_interest[primary if primary in self.open_interest else min(self.open_interest)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gathered:
    """Everything that one brief is made from.

    Attributes:
        as_of_ms: Nothing in here is later.
        markets: By symbol, in the order they were asked for.
        reference: `BTC/USDT:USDT`, asked for or not; its candles are Missing when there are none.
        known_symbols: Every symbol with at least one closed bar by as-of, sorted: for "did you mean".
        notes: Sentences on what was left out of the input, such as rows that stood there twice.
        provenance: Where it came from: folder, and the sha256 of each file by its name.
    """

    as_of_ms: Milliseconds
    markets: Mapping[str, MarketData]
    reference: MarketData
    known_symbols: tuple[str, ...]
    notes: tuple[str, ...]
    provenance: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """Resting size near the price, from one order-book snapshot.

    Attributes:
        within: Distance from mid that the size stands in, fraction; less than was asked where the snapshot ends sooner.
        bid_quote: Quote currency resting within that distance below. ask_quote: the same above.
        time_ms: The moment of the snapshot. venue: where.
    """

    within: Fraction
    bid_quote: float
    ask_quote: float
    time_ms: Milliseconds
    venue: str
