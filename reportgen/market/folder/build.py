"""Which venue leads, and which of its bars are used: decided by the data alone, the same way every morning.

Stands between the judged tables and `MarketData`. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.market.data import (
    NO_POSITIONS,
    Candles,
    EtfFlows,
    FundingRates,
    LeverageBrackets,
    Liquidations,
    LongShortRatio,
    MarketData,
    OpenInterest,
    OrderBook,
    Positions,
    VenueGap,
)
from reportgen.market.folder import tables
from reportgen.market.folder.columns import Rows, Series
from reportgen.market.folder.plausible import Judged
from reportgen.market.folder.tables import TableFormat
from reportgen.market.symbols import base_of
from reportgen.units import DAY_MS, HOUR_MS, Floats, Ints, Maybe, Milliseconds, Missing, Notional


def choose_candles(
    offered: Mapping[str, Sequence[Candles]], as_of_ms: Milliseconds, assumptions: Assumptions
) -> dict[str, Candles]:
    """Choose the bars of every venue, the primary venue first, the others by name.

    Args:
        offered: By venue, its bars in every interval; each with at least one bar, none after as-of.
        as_of_ms: The moment the brief speaks of.
        assumptions: Uses `finest_bars_days`, `reach_bars` and `venue_volume_days`.
    """
    chosen = {venue: best_interval(bars, assumptions) for venue, bars in sorted(offered.items())}
    primary = primary_venue(offered, chosen, as_of_ms, assumptions)
    return {primary: chosen[primary]} | chosen


def best_interval(bars: Sequence[Candles], assumptions: Assumptions) -> Candles:
    """Choose the finest bars that reach the venue's newest close and span enough days; else the longest of those."""
    newest = max(each.last_close_ms for each in bars)
    reaching = [each for each in bars if _reaches(each, newest, assumptions)]
    long_enough = [each for each in reaching if each.span_ms >= assumptions.finest_bars_days * DAY_MS]
    if long_enough:
        return min(long_enough, key=lambda each: each.interval_ms)
    return max(reaching, key=lambda each: (each.span_ms, -each.interval_ms))


def primary_venue(
    offered: Mapping[str, Sequence[Candles]],
    chosen: Mapping[str, Candles],
    as_of_ms: Milliseconds,
    assumptions: Assumptions,
) -> str:
    """Choose the venue whose path the map is drawn from.

    It is the one with the longest history, in hourly or finer bars, among those that reach the newest close of all;
    then the one with the larger volume of the last days; then the first by name. Where no such venue has hourly bars,
    coarser ones count.
    """
    newest = max(each.last_close_ms for bars in offered.values() for each in bars)
    reaching = {
        venue: [each for each in bars if _reaches(each, newest, assumptions)] for venue, bars in offered.items()
    }
    fine = {venue: [each for each in bars if each.interval_ms <= HOUR_MS] for venue, bars in reaching.items()}
    candidates = fine if any(fine.values()) else reaching
    since = as_of_ms - round(assumptions.venue_volume_days * DAY_MS)

    def rank(venue: str) -> tuple[int, Notional, str]:
        longest = max(len(each) * each.interval_ms for each in candidates[venue])
        recent = chosen[venue].part(slice(int(np.searchsorted(chosen[venue].open_time_ms, since)), None))
        return -longest, -float(np.sum(recent.volume_base * recent.close)), venue

    return min((venue for venue, bars in candidates.items() if bars), key=rank)


def missing_bars(open_time_ms: Ints, interval_ms: Milliseconds) -> int:
    """Count the bars that are absent between the first and the last of some, shape (n,), n > 0."""
    return round(int(open_time_ms[-1] - open_time_ms[0]) / interval_ms) + 1 - len(open_time_ms)


def _reaches(candles: Candles, newest: Milliseconds, assumptions: Assumptions) -> bool:
    return candles.last_close_ms >= newest - assumptions.reach_bars * candles.interval_ms


# ---- From judged rows to the frozen series of one symbol; a table without its rows becomes a `Missing` ----

_T = TypeVar("_T")
_Build: TypeAlias = Callable[[Rows, Series], _T]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SymbolRows:
    """The judged tables, seen from one symbol.

    Attributes:
        symbol: Whose rows. judged: the tables. lookalikes: by table name, files that may have been meant for it and
            are not read.
    """

    symbol: str
    judged: Judged
    lookalikes: Mapping[str, tuple[str, ...]]

    def absent(self, table: TableFormat) -> Missing:
        """Say why a table has nothing of the symbol."""
        if reason := self.judged.refused.get((self.symbol, table.name)):
            return reason
        if table.name in self.lookalikes and table.name not in self.judged.tables:
            files = " and ".join(self.lookalikes[table.name])
            return Missing(f"Not read, because its name is no table's: {files}. Call it {table.name}.csv or .parquet.")
        return Missing(f"The market data hold no {table.says} of {base_of(self.symbol)} up to the as-of time.")

    def offered(self, table: TableFormat, build: _Build[_T]) -> dict[str, list[_T]]:
        """Build every series of a table, by venue, in the order of their keys."""
        found: dict[str, list[_T]] = {}
        for rows, each in self.judged.series(table, self.symbol):
            found.setdefault(each.keys[1], []).append(build(rows, each))
        return found

    def by_venue(self, table: TableFormat, build: _Build[_T]) -> Maybe[Mapping[str, _T]]:
        """Build one thing a venue; of several series of a venue the last by key wins."""
        return {venue: found[-1] for venue, found in self.offered(table, build).items()} or self.absent(table)

    def bars(
        self, table: TableFormat, as_of_ms: Milliseconds, assumptions: Assumptions
    ) -> Maybe[Mapping[str, Candles]]:
        """Build every offered series of bars, then keep one a venue."""
        offered = self.offered(table, _bars)
        return choose_candles(offered, as_of_ms, assumptions) if offered else self.absent(table)


def market_data(
    rows: SymbolRows,
    as_of_ms: Milliseconds,
    assumptions: Assumptions,
    *,
    simulated: bool,
    etf_flows: Maybe[EtfFlows],
    gaps: Sequence[VenueGap],
) -> MarketData:
    """Build everything that is known of one symbol.

    Args:
        rows: Its rows.
        as_of_ms: The moment the brief speaks of.
        assumptions: Uses those on the choice of bars and of the primary venue.
        simulated: Whether the numbers come from the simulator.
        etf_flows: Of the funds that hold its base coin.
        gaps: What was missing when the data were gathered.
    """
    ratios = rows.offered(
        tables.LONG_SHORT_RATIO,
        lambda table, each: LongShortRatio(
            kind=each.keys[2], time_ms=table.time_ms[each.rows], ratio=table.number("ratio")[each.rows]
        ),
    )
    # Of all accounts where it is there, else of the first kind by name.
    ratio = {venue: min(found, key=lambda one: one.kind != "accounts") for venue, found in sorted(ratios.items())}
    return MarketData(
        symbol=rows.symbol,
        as_of_ms=as_of_ms,
        candles=rows.bars(tables.CANDLES, as_of_ms, assumptions),
        open_interest=rows.by_venue(
            tables.OPEN_INTEREST,
            lambda table, each: OpenInterest(
                time_ms=table.time_ms[each.rows],
                open_interest_quote=_whole(table, each, "open_interest_quote", "open interest in quote currency"),
                **_cells(table, each),
            ),
        ),
        funding=rows.by_venue(tables.FUNDING, _funding),
        funding_now=rows.by_venue(tables.FUNDING_NOW, _funding),
        order_book=_order_books(rows),
        liquidations=_liquidations(rows),
        brackets=rows.by_venue(
            tables.BRACKETS, lambda table, each: LeverageBrackets(as_of=each.keys[2], **_cells(table, each))
        ),
        simulated=simulated,
        etf_flows=etf_flows,
        spot_candles=rows.bars(tables.SPOT_CANDLES, as_of_ms, assumptions),
        mark_candles=rows.bars(tables.MARK_CANDLES, as_of_ms, assumptions),
        long_short_ratio=ratio or rows.absent(tables.LONG_SHORT_RATIO),
        positions=_positions(rows),
        gaps=(*gaps, *rows.judged.gaps.get(rows.symbol, ())),
        doubts=tuple(rows.judged.doubts.get(rows.symbol, ())),
    )


def _cells(rows: Rows, series: Series) -> dict[str, Floats]:
    """Give the columns of a series that every row fills, by the names that the frozen types have too."""
    return {name: rows.number(name)[series.rows] for name in rows.table.numbers}


def _whole(rows: Rows, series: Series, column: str, says: str) -> Maybe[Floats]:
    """Give an optional column when every row fills it: parts of it would bias whatever is computed from it."""
    values = rows.number(column)[series.rows]
    if np.isnan(values).any():
        return Missing(f"The market data hold no complete {says} of {base_of(series.keys[0])} on {series.keys[1]}.")
    return values


def _bars(rows: Rows, series: Series) -> Candles:
    volume = rows.number("volume_base")[series.rows]
    # At a mark price nothing trades, so an empty cell there is a true zero.
    mark = {"volume_base": np.where(np.isnan(volume), 0.0, volume)} if rows.table is tables.MARK_CANDLES else {}
    return Candles(
        interval_ms=series.bar_ms,
        open_time_ms=rows.time_ms[series.rows],
        taker_buy_base=_whole(rows, series, "taker_buy_base", "volume bought by takers"),
        **_cells(rows, series) | mark,
    )


def _funding(rows: Rows, series: Series) -> FundingRates:
    return FundingRates(time_ms=rows.time_ms[series.rows], **_cells(rows, series))


def _positions(rows: SymbolRows) -> Maybe[Mapping[str, Positions]]:
    """Put the last snapshot of each venue together: one row an address and side; without a table nobody asked."""
    table = rows.judged.tables.get(tables.POSITIONS.name)
    if table is None:
        return NO_POSITIONS
    found: dict[str, Positions] = {}
    for venue, held in rows.offered(tables.POSITIONS, lambda _, each: each).items():
        at = np.array([each.start for each in held], dtype=np.int64)
        found[venue] = Positions(
            address=tuple(each.keys[2] for each in held),
            is_long=np.array([each.keys[3] == "long" for each in held], dtype=np.bool_),
            time_ms=int(table.time_ms[at[0]]),
            **{name: table.number(name)[at] for name in (*tables.POSITIONS.numbers, *tables.POSITIONS.optional)},
        )
    return found or rows.absent(tables.POSITIONS)


def _order_books(rows: SymbolRows) -> Maybe[Mapping[str, OrderBook]]:
    """Put the two sides of each venue's last snapshot together; an absent side is empty."""
    books: dict[str, OrderBook] = {}
    for venue, sides in rows.offered(tables.ORDER_BOOK, lambda table, each: (each.keys[2], table, each)).items():
        cells = {side: _cells(table, each) for side, table, each in sides}
        # Rows come in ascending price: the best ask is the first, the best bid the last.
        bid, ask = (cells.get(side, dict.fromkeys(tables.ORDER_BOOK.numbers, np.empty(0))) for side in ("bid", "ask"))
        _, table, last = next((one for one in sides if one[0] == "bid"), sides[0])
        books[venue] = OrderBook(
            time_ms=int(table.time_ms[last.start]),
            bid_price=bid["price"][::-1],
            bid_size_base=bid["size_base"][::-1],
            ask_price=ask["price"],
            ask_size_base=ask["size_base"],
        )
    return books or rows.absent(tables.ORDER_BOOK)


def _liquidations(rows: SymbolRows) -> Maybe[Liquidations]:
    """Add the venues up, in the interval with the longest history, then the finest.

    A name such as `binance+bybit` is a sum already: then the one with most venues stands alone, or they count twice.
    Where a venue lacks a bar the others' sum stands: a lower bound, as all of it is.
    """
    found = list(rows.judged.series(tables.LIQUIDATIONS, rows.symbol))
    if not found:
        return rows.absent(tables.LIQUIDATIONS)
    table = found[0][0]
    spans: dict[Milliseconds, Milliseconds] = {}
    for _, each in found:
        spans[each.bar_ms] = max(
            spans.get(each.bar_ms, each.bar_ms), int(np.ptp(table.time_ms[each.rows])) + each.bar_ms
        )
    interval = max(spans, key=lambda length: (spans[length], -length))
    venues = [each for _, each in found if each.bar_ms == interval]
    if sums := [each for each in venues if each.keys[1] == "all" or "+" in each.keys[1]]:
        venues = [max(sums, key=lambda each: (each.keys[1] == "all", each.keys[1].count("+")))]
    times = np.concatenate([table.time_ms[each.rows] for each in venues])
    open_time_ms, place = np.unique(times, return_inverse=True)
    weights = {
        name: np.concatenate([table.number(name)[each.rows] for each in venues]) for name in tables.LIQUIDATIONS.numbers
    }
    return Liquidations(
        venues=tuple(sorted({name for each in venues for name in each.keys[1].split("+")})),
        interval_ms=interval,
        open_time_ms=open_time_ms,
        **{name: np.bincount(place, weights=each).astype(np.float64) for name, each in weights.items()},
    )
