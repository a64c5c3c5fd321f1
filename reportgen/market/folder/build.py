"""Which venue leads, and which of its bars are used: decided by the data alone, the same way every morning.

Stands between the border and `MarketData.candles`. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.market.data import (
    NO_ETF_FLOWS,
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
)
from reportgen.market.folder.columns import Rows, Series
from reportgen.market.folder.tables import (
    BRACKETS,
    CANDLES,
    FUNDING,
    FUNDING_NOW,
    LIQUIDATIONS,
    LONG_SHORT_RATIO,
    MARK_CANDLES,
    OPEN_INTEREST,
    ORDER_BOOK,
    POSITIONS,
    SPOT_CANDLES,
    TableFormat,
)
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
    newest = max(_last_close(each) for each in bars)
    reaching = [each for each in bars if _reaches(each, newest, assumptions)]
    long_enough = [each for each in reaching if _span(each) >= assumptions.finest_bars_days * DAY_MS]
    if long_enough:
        return min(long_enough, key=lambda each: each.interval_ms)
    return max(reaching, key=lambda each: (_span(each), -each.interval_ms))


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
    newest = max(_last_close(each) for bars in offered.values() for each in bars)
    reaching = {
        venue: [each for each in bars if _reaches(each, newest, assumptions)] for venue, bars in offered.items()
    }
    fine = {venue: [each for each in bars if each.interval_ms <= HOUR_MS] for venue, bars in reaching.items()}
    candidates = fine if any(fine.values()) else reaching
    since = as_of_ms - round(assumptions.venue_volume_days * DAY_MS)

    def rank(venue: str) -> tuple[int, Notional, str]:
        longest = max(len(each) * each.interval_ms for each in candidates[venue])
        return -longest, -_quote_volume(chosen[venue], since), venue

    return min((venue for venue, bars in candidates.items() if bars), key=rank)


def missing_bars(open_time_ms: Ints, interval_ms: Milliseconds) -> int:
    """Count the bars that are absent between the first and the last of some, shape (n,), n > 0."""
    return round(int(open_time_ms[-1] - open_time_ms[0]) / interval_ms) + 1 - len(open_time_ms)


def _last_close(candles: Candles) -> Milliseconds:
    return int(candles.open_time_ms[-1]) + candles.interval_ms


def _span(candles: Candles) -> Milliseconds:
    """Give the time from the first open to the last close."""
    return _last_close(candles) - int(candles.open_time_ms[0])


def _reaches(candles: Candles, newest: Milliseconds, assumptions: Assumptions) -> bool:
    return _last_close(candles) >= newest - assumptions.reach_bars * candles.interval_ms


def _quote_volume(candles: Candles, since_ms: Milliseconds) -> Notional:
    """Give the volume of the bars since a moment, in quote currency at their closes."""
    start = int(np.searchsorted(candles.open_time_ms, since_ms))
    return float(np.sum(candles.volume_base[start:] * candles.close[start:]))


# ---- From checked rows to the frozen series of one symbol; a table without its rows becomes a `Missing` ----

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SymbolRows:
    """The checked tables, seen from one symbol.

    Attributes:
        symbol: Whose rows. tables: by table name, those that have any rows of anybody.
        etf_flows: Of the funds that hold its base coin. refused: by symbol and table name, why rows are not used.
        lookalikes: By table name, files that may have been meant for it and are not read.
    """

    symbol: str
    tables: Mapping[str, Rows]
    etf_flows: Maybe[EtfFlows] = NO_ETF_FLOWS
    refused: Mapping[tuple[str, str], Missing] = field(default_factory=dict)
    lookalikes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def series(self, table: TableFormat) -> tuple[tuple[Rows, Series], ...]:
        """Give the symbol's series in a table, sorted by their keys."""
        rows = self.tables.get(table.name)
        return () if rows is None else tuple((rows, each) for each in rows.series if each.keys[0] == self.symbol)

    def absent(self, table: TableFormat) -> Missing:
        """Say why a table has nothing of the symbol."""
        if reason := self.refused.get((self.symbol, table.name)):
            return reason
        if table.name in self.lookalikes and table.name not in self.tables:
            files = " and ".join(self.lookalikes[table.name])
            return Missing(f"Not read, because its name is no table's: {files}. Call it {table.name}.csv or .parquet.")
        return Missing(f"The market data hold no {table.says} of {base_of(self.symbol)} up to the as-of time.")

    def by_venue(self, table: TableFormat, build: Callable[[Rows, Series], _T]) -> Maybe[Mapping[str, _T]]:
        """Build one thing a venue; of several series of a venue the last by key wins."""
        built = {each.keys[1]: build(rows, each) for rows, each in self.series(table)}
        return built or self.absent(table)


def market_data(rows: SymbolRows, as_of_ms: Milliseconds, assumptions: Assumptions, *, simulated: bool) -> MarketData:
    """Build everything that is known of one symbol."""
    return MarketData(
        symbol=rows.symbol,
        as_of_ms=as_of_ms,
        candles=_candles(rows, CANDLES, as_of_ms, assumptions),
        open_interest=rows.by_venue(OPEN_INTEREST, _open_interest),
        funding=rows.by_venue(FUNDING, _funding),
        funding_now=rows.by_venue(FUNDING_NOW, _funding),
        order_book=_order_books(rows),
        liquidations=_liquidations(rows),
        brackets=rows.by_venue(BRACKETS, _brackets),
        simulated=simulated,
        etf_flows=rows.etf_flows,
        spot_candles=_candles(rows, SPOT_CANDLES, as_of_ms, assumptions),
        mark_candles=_candles(rows, MARK_CANDLES, as_of_ms, assumptions),
        long_short_ratio=_ratios(rows),
        positions=_positions(rows),
    )


def _candles(
    rows: SymbolRows, format_: TableFormat, as_of_ms: Milliseconds, assumptions: Assumptions
) -> Maybe[Mapping[str, Candles]]:
    """Build every offered series of bars, then keep one a venue."""
    offered: dict[str, list[Candles]] = {}
    for table, series in rows.series(format_):
        offered.setdefault(series.keys[1], []).append(_bars(table, series))
    return choose_candles(offered, as_of_ms, assumptions) if offered else rows.absent(format_)


def _bars(rows: Rows, series: Series) -> Candles:
    taker = rows.number("taker_buy_base")[series.rows]
    return Candles(
        interval_ms=rows.source.intervals[series.keys[2]],
        open_time_ms=rows.time_ms[series.rows],
        open=rows.number("open")[series.rows],
        high=rows.number("high")[series.rows],
        low=rows.number("low")[series.rows],
        close=rows.number("close")[series.rows],
        volume_base=_traded(rows)[series.rows],
        taker_buy_base=_whole(taker, "volume bought by takers", series),
    )


def _traded(rows: Rows) -> Floats:
    """Give the volume of bars; at a mark price nothing trades, so an empty cell there is a true zero."""
    volume = rows.number("volume_base")
    return np.where(np.isnan(volume), 0.0, volume) if rows.source.table is MARK_CANDLES else volume


def _whole(values: Floats, says: str, series: Series) -> Maybe[Floats]:
    """Give an optional column when every row fills it: parts of it would bias whatever is computed from it."""
    if np.isnan(values).any():
        return Missing(f"The market data hold no complete {says} of {base_of(series.keys[0])} on {series.keys[1]}.")
    return values


def _open_interest(rows: Rows, series: Series) -> OpenInterest:
    quote = rows.number("open_interest_quote")[series.rows]
    return OpenInterest(
        time_ms=rows.time_ms[series.rows],
        open_interest_base=rows.number("open_interest_base")[series.rows],
        open_interest_quote=_whole(quote, "open interest in quote currency", series),
    )


def _funding(rows: Rows, series: Series) -> FundingRates:
    return FundingRates(
        time_ms=rows.time_ms[series.rows],
        funding_rate=rows.number("funding_rate")[series.rows],
        interval_hours=rows.number("interval_hours")[series.rows],
    )


def _ratios(rows: SymbolRows) -> Maybe[Mapping[str, LongShortRatio]]:
    """Build one ratio a venue: of all accounts where it is there, else of the first kind by name."""
    found: dict[str, LongShortRatio] = {}
    for table, series in sorted(rows.series(LONG_SHORT_RATIO), key=lambda one: one[1].keys[2] != "accounts"):
        found.setdefault(
            series.keys[1],
            LongShortRatio(
                kind=series.keys[2],
                time_ms=table.time_ms[series.rows],
                ratio=table.number("ratio")[series.rows],
            ),
        )
    return {venue: found[venue] for venue in sorted(found)} or rows.absent(LONG_SHORT_RATIO)


def _positions(rows: SymbolRows) -> Maybe[Mapping[str, Positions]]:
    """Put the last snapshot of each venue together: one row an address and side; without a table nobody asked."""
    if POSITIONS.name not in rows.tables:
        return NO_POSITIONS
    held: dict[str, list[tuple[Rows, Series]]] = {}
    for table, series in rows.series(POSITIONS):
        held.setdefault(series.keys[1], []).append((table, series))
    return {venue: _held(found) for venue, found in held.items()} or rows.absent(POSITIONS)


def _held(found: list[tuple[Rows, Series]]) -> Positions:
    table = found[0][0]
    at = np.array([series.start for _, series in found], dtype=np.int64)
    return Positions(
        address=tuple(series.keys[2] for _, series in found),
        is_long=np.array([series.keys[3] == "long" for _, series in found], dtype=np.bool_),
        size_base=table.number("size_base")[at],
        entry_price=table.number("entry_price")[at],
        liquidation_price=table.number("liquidation_price")[at],
        time_ms=int(table.time_ms[at[0]]),
    )


def _brackets(rows: Rows, series: Series) -> LeverageBrackets:
    return LeverageBrackets(
        as_of=series.keys[2],
        notional_floor=rows.number("notional_floor")[series.rows],
        notional_cap=rows.number("notional_cap")[series.rows],
        maintenance_margin_rate=rows.number("maintenance_margin_rate")[series.rows],
        max_leverage=rows.number("max_leverage")[series.rows],
        maintenance_amount=rows.number("maintenance_amount")[series.rows],
    )


def _order_books(rows: SymbolRows) -> Maybe[Mapping[str, OrderBook]]:
    """Put the two sides of each venue's last snapshot together; an absent side is empty."""
    sides: dict[str, dict[str, tuple[Rows, Series]]] = {}
    for table, series in rows.series(ORDER_BOOK):
        sides.setdefault(series.keys[1], {})[series.keys[2]] = (table, series)
    books = {venue: _book(found.get("bid"), found.get("ask")) for venue, found in sides.items()}
    return books or rows.absent(ORDER_BOOK)


def _book(bid: tuple[Rows, Series] | None, ask: tuple[Rows, Series] | None) -> OrderBook:
    rows, series = bid or ask  # type: ignore[misc] # a venue is only here because it has a side
    # Rows come in ascending price: the best ask is the first, the best bid the last.
    bid_price, bid_size = _side(bid)
    ask_price, ask_size = _side(ask)
    return OrderBook(
        time_ms=int(rows.time_ms[series.start]),
        bid_price=bid_price[::-1],
        bid_size_base=bid_size[::-1],
        ask_price=ask_price,
        ask_size_base=ask_size,
    )


def _side(side: tuple[Rows, Series] | None) -> tuple[Floats, Floats]:
    if side is None:
        return np.empty(0), np.empty(0)
    rows, series = side
    return rows.number("price")[series.rows], rows.number("size_base")[series.rows]


def _liquidations(rows: SymbolRows) -> Maybe[Liquidations]:
    """Add the venues up, in the interval with the longest history, then the finest.

    A name such as `binance+bybit` is a sum already: then the one with most venues stands alone, or they count twice.
    """
    found = rows.series(LIQUIDATIONS)
    if not found:
        return rows.absent(LIQUIDATIONS)
    table = found[0][0]
    spans: dict[Milliseconds, Milliseconds] = {}
    for _, series in found:
        length = table.source.intervals[series.keys[2]]
        spans[length] = max(spans.get(length, length), int(np.ptp(table.time_ms[series.rows])) + length)
    interval = max(spans, key=lambda length: (spans[length], -length))
    same = [series for _, series in found if table.source.intervals[series.keys[2]] == interval]
    sums = [series for series in same if series.keys[1] == "all" or "+" in series.keys[1]]
    if sums:
        same = [max(sums, key=lambda series: (series.keys[1] == "all", series.keys[1].count("+")))]
    return _added_up(table, same, interval)


def _added_up(rows: Rows, venues: list[Series], interval: Milliseconds) -> Liquidations:
    """Add the bars of venues; where a venue lacks a bar the others' sum stands: a lower bound, as all of it is."""
    times = np.concatenate([rows.time_ms[each.rows] for each in venues])
    open_time_ms, place = np.unique(times, return_inverse=True)
    longs = np.concatenate([rows.number("liquidated_long_quote")[each.rows] for each in venues])
    shorts = np.concatenate([rows.number("liquidated_short_quote")[each.rows] for each in venues])
    return Liquidations(
        venues=tuple(sorted({name for each in venues for name in each.keys[1].split("+")})),
        interval_ms=interval,
        open_time_ms=open_time_ms,
        liquidated_long_quote=np.bincount(place, weights=longs).astype(np.float64),
        liquidated_short_quote=np.bincount(place, weights=shorts).astype(np.float64),
    )
