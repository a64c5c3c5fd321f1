"""A market folder becomes market data: what its tables knew of some symbols at a moment, judged once.

Live answers come through here too, as the folder that is kept with the brief.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import duckdb
import numpy as np

from reportgen.config.assumptions import DEFAULTS, Assumptions
from reportgen.errors import DataError, UsageError
from reportgen.market.data import NO_ETF_FLOWS, EtfFlows, Gathered, MarketData, VenueGap
from reportgen.market.folder.build import SymbolRows, market_data
from reportgen.market.folder.columns import Rows, known_symbols, newest_close, read_rows
from reportgen.market.folder.files import (
    LATEST_MS,
    ROW,
    Source,
    TableFiles,
    find_tables,
    open_database,
    open_table,
    sha256_of,
    table_path,
)
from reportgen.market.folder.plausible import judge_together
from reportgen.market.folder.tables import CANDLES, ETF_FLOWS, NEWEST_CLOSE, TABLES, TableFormat
from reportgen.market.folder.validate import checked
from reportgen.market.symbols import REFERENCE_SYMBOL, base_of, unified_symbol
from reportgen.units import Maybe, Milliseconds, Missing

# ---- The etf_flows table of a market folder becomes the flows of one asset: what had been reported by as-of ----


def read_fund_flows(
    database: duckdb.DuckDBPyConnection, path: Path | None, as_of_ms: Milliseconds
) -> Mapping[str, EtfFlows]:
    """Read the table, if there is one, as flows by asset; a row of a total counts only where no fund stands alone.

    Raises:
        DataError: A row cannot be read, or says the same twice in different words; names the row.
    """
    if path is None:
        return {}
    source = open_table(database, path, ETF_FLOWS)
    date, flow, known = source.typed("date"), source.typed("net_flow_quote"), source.known_at()
    rules = (
        (f"{date} IS NULL", "date is no date such as 2026-01-19"),
        (f"{flow} IS NULL OR NOT isfinite({flow})", "net_flow_quote is no number of USD; leave pending rows out"),
        ("COALESCE(CAST(asset AS VARCHAR), '') = ''", "asset is empty"),
        ("COALESCE(CAST(ticker AS VARCHAR), '') = ''", "ticker is empty"),
    )
    rows = f"FROM {ETF_FLOWS.name} WHERE ({known} IS NULL OR {known} <= {as_of_ms})"
    for bad, says in rules:
        row = source.ask(f"SELECT min({ROW}) {rows} AND ({bad})")[0][0]
        if row is not None:
            raise DataError(f"{path.name}: row {row}: {says}. Correct or remove the row.")
    funds: dict[str, dict[str, dict[str, float]]] = {}
    for asset, day, ticker, least, most, row in source.ask(
        f"SELECT upper(CAST(asset AS VARCHAR)), strftime({date}, '%Y-%m-%d'), upper(CAST(ticker AS VARCHAR)), "
        f"min({flow}), max({flow}), min({ROW}) {rows} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    ):
        if least != most:
            raise DataError(f"{path.name}: row {row}: {asset} {ticker} on {day} stands there twice. Keep one of them.")
        funds.setdefault(asset, {}).setdefault(day, {})[ticker] = least
    for sessions in funds.values():
        for told in sessions.values():
            if len(told) > 1:
                told.pop("TOTAL", None)
    return {
        asset: EtfFlows(
            date=tuple(sessions),
            net_flow_quote=np.array([sum(told.values()) for told in sessions.values()], dtype=np.float64),
            tickers=np.array([len(told) for told in sessions.values()], dtype=np.int64),
            source=path.name,
        )
        for asset, sessions in funds.items()
    }


# ---- The record beside gathered tables: which venue was asked for what and when, and what it did not give ----

RECORD: Final = TableFormat(
    name="gathering",
    says="record of what was gathered",
    keys=("symbol", "venue", "what", "reason"),
    numbers=(),
    known_at="time",
)
ASKED: Final = "asked"
NOTE: Final = "note"
NOBODY: Final = "-"
"""Stands where a row concerns no symbol, no venue or has nothing to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What was recorded when data was last gathered. gaps: by symbol. notes: sentences. file: its path, if any."""

    gaps: dict[str, tuple[VenueGap, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    file: Path | None = None


def read_record(folder: Path, as_of_ms: Milliseconds) -> Recorded:
    """Read what the last gathering at or before a moment had to do without.

    Raises:
        DataError: The record is damaged.
    """
    path = table_path(folder, RECORD.name)
    if path is None:
        return Recorded()
    with open_database() as database:
        source = open_table(database, path, RECORD)
        where = last_record(source, as_of_ms)
        rows = source.ask(f"SELECT symbol, venue, what, reason FROM {RECORD.name} WHERE {where} ORDER BY ALL")
    gaps: dict[str, tuple[VenueGap, ...]] = {}
    for symbol, venue, what, reason in rows:
        if what not in {ASKED, NOTE}:
            gaps[symbol] = (*gaps.get(symbol, ()), VenueGap(venue=venue, what=what, reason=reason))
    return Recorded(gaps=gaps, notes=tuple(reason for _, _, what, reason in rows if what == NOTE), file=path)


def last_record(source: Source, as_of_ms: Milliseconds) -> str:
    """Give the SQL condition for the rows of the last gathering at or before a moment."""
    time = source.typed(RECORD.moment)
    return f"{time} = (SELECT max({time}) FROM {RECORD.name} WHERE {time} <= {as_of_ms})"


# ---- A market folder becomes market data: CSV or Parquet tables in, one frozen `Gathered` out ----


def read_market(
    folder: Path,
    symbols: tuple[str, ...],
    *,
    as_of_ms: Milliseconds | None,
    simulated: bool = False,
    assumptions: Assumptions = DEFAULTS,
) -> Gathered:
    """Read what a market folder knew of some symbols at a moment.

    Args:
        folder: Holds `candles`, `open_interest` and the other tables of `market/folder/tables.py`; any may be absent.
        symbols: In any usual spelling; the same market twice counts once.
        as_of_ms: UTC epoch milliseconds; None means the last close among these symbols' bars.
        simulated: Whether the numbers come from the simulator.
        assumptions: Uses those on the choice of bars and of the primary venue.

    Returns:
        One market a symbol, in order. What a table does not hold of a symbol is a `Missing` there.

    Raises:
        DataError: The folder or a table is unusable; every problem found, a line each.
        UsageError: No symbol, or a text that names no market.
    """
    wanted = tuple(dict.fromkeys(unified_symbol(symbol) for symbol in symbols))
    if not wanted:
        raise UsageError("No symbol was asked for. Name at least one, such as BTC.")
    files = find_tables(folder)
    with open_database() as database:
        sources, unusable = open_tables(database, files)
        if unusable:
            raise DataError("\n".join(unusable.values()))
        candles = sources.get(CANDLES.name)
        as_of = _last_bar(candles, wanted, folder) if as_of_ms is None else as_of_ms
        asked = tuple(dict.fromkeys((*wanted, REFERENCE_SYMBOL)))
        tables, notes, unusable = read_tables(sources, asked, as_of)
        if unusable:
            raise DataError("\n".join(unusable.values()))
        flows = read_fund_flows(database, files.tables.get(ETF_FLOWS.name), as_of)
        known = () if candles is None else known_symbols(candles, as_of)
    record = read_record(folder, as_of)
    judged = judge_together(tables)
    markets = {}
    for symbol in asked:
        base = base_of(symbol)
        none = Missing(f"The market data hold no ETF flows of {base} up to the as-of time.") if flows else NO_ETF_FLOWS
        markets[symbol] = market_data(
            SymbolRows(symbol=symbol, judged=judged, lookalikes=files.lookalikes),
            as_of,
            assumptions,
            simulated=simulated,
            etf_flows=flows.get(base, none),
            gaps=record.gaps.get(symbol, ()),
        )
    read = [*files.tables.values(), *([record.file] if record.file else [])]
    return Gathered(
        as_of_ms=as_of,
        markets=MappingProxyType({symbol: markets[symbol] for symbol in wanted}),
        reference=markets[REFERENCE_SYMBOL],
        known_symbols=known,
        notes=(*chain(*notes.values()), *judged.notes, *files.unread, *record.notes),
        provenance=MappingProxyType({"folder": str(folder)} | {path.name: sha256_of(path) for path in read}),
    )


def read_tables(
    sources: Mapping[str, Source], symbols: tuple[str, ...] | None, as_of_ms: Milliseconds
) -> tuple[dict[str, Rows], dict[str, tuple[str, ...]], dict[str, str]]:
    """Read and check tables, for every symbol where none is named.

    Returns:
        By table name each: the rows, sentences on what was left out of them, and why the others cannot be used.
    """
    tables: dict[str, Rows] = {}
    notes: dict[str, tuple[str, ...]] = {}
    problems: dict[str, str] = {}
    for name, source in sources.items():
        try:
            tables[name], notes[name] = checked(read_rows(source, symbols, as_of_ms))
        except DataError as error:
            problems[name] = str(error)
    return tables, notes, problems


def symbols_in(folder: Path, as_of_ms: Milliseconds | None) -> tuple[str, ...]:
    """List the symbols that a market folder had closed bars of at a moment, sorted; None means its end.

    Raises:
        DataError: The folder or its candles are unusable.
    """
    path = find_tables(folder).tables.get(CANDLES.name)
    if path is None:
        return ()
    with open_database() as database:
        return known_symbols(open_table(database, path, CANDLES), as_of_ms)


def open_tables(database: duckdb.DuckDBPyConnection, files: TableFiles) -> tuple[dict[str, Source], dict[str, str]]:
    """Open every table of a market folder but the ETF flows.

    Candles are opened first: a table without times is as old as the newest bar, so at an earlier as-of it is not known.

    Returns:
        By table name, those that are open, and why the others are not.
    """
    sources: dict[str, Source] = {}
    problems: dict[str, str] = {}
    for table in TABLES:
        if table.name not in files.tables:
            continue
        try:
            presumed = dict(table.presumed)
            if NEWEST_CLOSE in presumed.values():
                candles = sources.get(CANDLES.name)
                newest = None if candles is None else newest_close(candles, None)
                presumed = {
                    column: str(newest) if value == NEWEST_CLOSE else value
                    for column, value in presumed.items()
                    if value != NEWEST_CLOSE or newest is not None
                }
            sources[table.name] = open_table(database, files.tables[table.name], table, presumed)
        except DataError as error:
            problems[table.name] = str(error)
    return sources, problems


def _last_bar(candles: Source | None, symbols: tuple[str, ...], folder: Path) -> Milliseconds:
    """Take as-of from the data: the last close of the symbols that were asked for."""
    if candles is None:
        raise DataError(
            f"{folder}: holds no candles, so no as-of can be taken from it. Add candles.csv or name an as-of."
        )
    newest = newest_close(candles, symbols)
    if newest is not None:
        return newest
    # Bars without a usable time give no close either: their own fault is the better message.
    checked(read_rows(candles, symbols, LATEST_MS - 1))
    known = known_symbols(candles, None)
    raise DataError(f"{candles.file}: holds no bars of {', '.join(symbols)}. {unknown_market(symbols[0], known)}")


def unknown_market(symbol: str, known: tuple[str, ...]) -> str:
    """Say which markets a source has, the nearest first."""
    if not known:
        return "The source has no market with closed bars by then."
    coins = {base_of(one): one for one in reversed(known)}
    close = difflib.get_close_matches(base_of(symbol), coins, n=1)  # of the coin alone: what all share says nothing
    start = f"Did you mean {coins[close[0]]}? " if close and coins[close[0]] != symbol else ""
    return f"{start}The source has {', '.join(known[:8])}{' and more' if len(known) > 8 else ''}."


_VENUES_TABLES: Final = {
    "candles": "candles", "open_interest": "open interest", "funding": "funding rates",
    "funding_now": "running funding rates", "order_book": "order book", "brackets": "leverage brackets",
    "spot_candles": "spot candles", "mark_candles": "mark-price candles", "long_short_ratio": "long/short ratio",
}  # fmt: skip


def only_venues(market: MarketData, venues: Collection[str]) -> MarketData:
    """Keep the tables of some venues; a table that none of them has becomes Missing with the reason.

    Args:
        market: All that is known of one symbol.
        venues: Names as the source writes them; empty keeps everything. Liquidations are of all venues together and
            stay, and so do positions: whoever names an address wants to see it.
    """
    if not venues:
        return market
    kept: dict[str, Any] = {}
    for name, what in _VENUES_TABLES.items():
        table: Maybe[Mapping[str, object]] = getattr(market, name)
        if not isinstance(table, Missing):
            none = Missing(f"No {what} of {', '.join(sorted(venues))}, the venues that the watchlist asks for.")
            kept[name] = {venue: rows for venue, rows in table.items() if venue in venues} or none
    return replace(market, **kept, gaps=tuple(gap for gap in market.gaps if gap.venue in venues))
