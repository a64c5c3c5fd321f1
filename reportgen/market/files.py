"""A market folder becomes market data: CSV or Parquet tables in, one frozen `Gathered` out.

The file source of `reportgen brief`. Opens the tables (`market/opening.py`), reads their rows up to as-of
(`market/scan.py`), passes them over the border (`market/border.py`) and builds each symbol (`market/build.py`).
Nothing that was not yet known at as-of has any influence. docs/data-formats.md describes the folder.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import duckdb

from reportgen.assumptions import DEFAULTS, Assumptions
from reportgen.errors import DataError, UsageError
from reportgen.market.border import checked
from reportgen.market.build import SymbolRows, market_data
from reportgen.market.data import Gathered
from reportgen.market.fund_flows import fund_flows, read_fund_flows
from reportgen.market.opening import LATEST_MS, Source, open_database, open_table
from reportgen.market.record import read_record
from reportgen.market.scan import Rows, known_symbols, newest_close, read_rows
from reportgen.market.symbols import REFERENCE_SYMBOL, unified_symbol
from reportgen.market.tables import CANDLES, ETF_FLOWS, NEWEST_CLOSE, TABLES, TableFormat
from reportgen.units import Milliseconds

_SUFFIXES = (".parquet", ".csv")


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
        folder: Holds `candles`, `open_interest` and the other tables of `market/tables.py` as .parquet or .csv; any may
            be absent.
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
    paths = _table_paths(folder)
    with open_database() as database:
        sources = _open_all(database, paths)
        as_of = _last_bar(database, sources.get(CANDLES.name), wanted, folder) if as_of_ms is None else as_of_ms
        asked = tuple(dict.fromkeys((*wanted, REFERENCE_SYMBOL)))
        tables, notes = _read_all(database, sources, asked, as_of)
        funds = table_path(folder, ETF_FLOWS.name)
        flows = read_fund_flows(database, funds, as_of)
        candles = sources.get(CANDLES.name)
        known = () if candles is None else known_symbols(database, candles, as_of)
    record = read_record(folder, as_of)
    markets = {
        symbol: replace(
            market_data(
                SymbolRows(symbol=symbol, tables=tables, etf_flows=fund_flows(flows, symbol)),
                as_of,
                assumptions,
                simulated=simulated,
            ),
            gaps=record.gaps.get(symbol, ()),
        )
        for symbol in asked
    }
    files = [*paths.values(), *([funds] if funds else []), *([record.file] if record.file else [])]
    return Gathered(
        as_of_ms=as_of,
        markets=MappingProxyType({symbol: markets[symbol] for symbol in wanted}),
        reference=markets[REFERENCE_SYMBOL],
        known_symbols=known,
        notes=(*notes, *record.notes),
        provenance=MappingProxyType({"folder": str(folder)} | {path.name: _sha256(path) for path in files}),
    )


def symbols_in(folder: Path, as_of_ms: Milliseconds | None) -> tuple[str, ...]:
    """List the symbols that a market folder had closed bars of at a moment, sorted; None means its end.

    Raises:
        DataError: The folder or its candles are unusable.
    """
    path = _table_paths(folder).get(CANDLES.name)
    if path is None:
        return ()
    with open_database() as database:
        return known_symbols(database, open_table(database, path, CANDLES), as_of_ms)


def _table_paths(folder: Path) -> dict[str, Path]:
    """Find the table files of a folder, by table name."""
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise DataError(
            f"{folder}: the market folder {what}. Give the folder that holds candles.parquet or candles.csv."
        )
    found: dict[str, Path] = {}
    for table in TABLES:
        file = table_path(folder, table.name)
        if file:
            found[table.name] = file
    if not found:
        names = ", ".join(table.name for table in TABLES)
        raise DataError(f"{folder}: holds no market table. Tables are {names}, each as .parquet or .csv.")
    return found


def table_path(folder: Path, name: str) -> Path | None:
    """Find the file of a table, or None.

    Raises:
        DataError: It is there in both formats.
    """
    files = [folder / f"{name}{suffix}" for suffix in _SUFFIXES if (folder / f"{name}{suffix}").exists()]
    if len(files) > 1:
        raise DataError(f"{folder}: holds both {files[0].name} and {files[1].name}. Keep one of them.")
    return files[0] if files else None


def open_tables(database: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, Source]:
    """Open every table of a market folder but the ETF flows; by table name.

    Raises:
        DataError: The folder or a table is unusable; every problem found, a line each.
    """
    return _open_all(database, _table_paths(folder))


def _open_all(database: duckdb.DuckDBPyConnection, paths: Mapping[str, Path]) -> dict[str, Source]:
    """Open every table; collect what is wrong with the files."""
    sources: dict[str, Source] = {}
    problems = []
    for table in TABLES:
        if table.name in paths:
            try:
                presumed = _presumed(database, table, sources)
                sources[table.name] = open_table(database, paths[table.name], table, presumed)
            except DataError as error:
                problems.append(str(error))
    if problems:
        raise DataError("\n".join(problems))
    return sources


def _presumed(
    database: duckdb.DuckDBPyConnection, table: TableFormat, sources: Mapping[str, Source]
) -> Mapping[str, str]:
    """Say what columns that a file may lack are taken to hold; a table without times is as old as the newest bar.

    Candles are opened first. An undated table was taken when the folder was, so at an earlier as-of it is not known.
    """
    if NEWEST_CLOSE not in table.presumed.values():
        return table.presumed
    candles = sources.get(CANDLES.name)
    newest = None if candles is None else newest_close(database, candles, None)
    return {
        column: str(newest) if value == NEWEST_CLOSE else value
        for column, value in table.presumed.items()
        if value != NEWEST_CLOSE or newest is not None
    }


def _read_all(
    database: duckdb.DuckDBPyConnection, sources: Mapping[str, Source], symbols: tuple[str, ...], as_of: Milliseconds
) -> tuple[dict[str, Rows], tuple[str, ...]]:
    """Read and check every table; collect what is wrong with the rows."""
    tables: dict[str, Rows] = {}
    notes: tuple[str, ...] = ()
    problems = []
    for name, source in sources.items():
        try:
            tables[name], more = checked(read_rows(database, source, symbols, as_of))
            notes += more
        except DataError as error:
            problems.append(str(error))
    if problems:
        raise DataError("\n".join(problems))
    return tables, notes


def _last_bar(
    database: duckdb.DuckDBPyConnection, candles: Source | None, symbols: tuple[str, ...], folder: Path
) -> Milliseconds:
    """Take as-of from the data: the last close of the symbols that were asked for."""
    if candles is None:
        raise DataError(
            f"{folder}: holds no candles, so no as-of can be taken from it. Add candles.csv or name an as-of."
        )
    newest = newest_close(database, candles, symbols)
    if newest is not None:
        return newest
    # Bars without a usable time give no close either: their own fault is the better message.
    checked(read_rows(database, candles, symbols, LATEST_MS - 1))
    known = known_symbols(database, candles, None)
    near = difflib.get_close_matches(symbols[0], known, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"It has {', '.join(known) or 'no rows at all'}."
    raise DataError(f"{candles.file}: holds no bars of {', '.join(symbols)}. {hint}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
