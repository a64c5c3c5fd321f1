"""The rows of a market folder that a brief was made from, as a small market folder of its own.

Stands beside `market/files.py`, whose choice of rows it repeats: what is kept with a brief gives the same brief again,
whatever becomes of the folder it came from.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import duckdb

from reportgen.market.files import open_tables, table_path
from reportgen.market.opening import ROW, Source, open_database, open_table
from reportgen.market.record import RECORD
from reportgen.market.scan import cut_rows
from reportgen.market.symbols import REFERENCE_SYMBOL
from reportgen.market.tables import ETF_FLOWS
from reportgen.market.write import write_relation
from reportgen.units import Maybe, Milliseconds, Missing

MOST_ROWS: Final = 500_000
"""More than this is not kept each morning: some 8 MiB a day, 3 GiB a year."""


def used_rows(
    folder: Path, symbols: Iterable[str], as_of_ms: Milliseconds, *, most: int = MOST_ROWS
) -> Maybe[Mapping[str, bytes]]:
    """Give what `read_market` reads of some symbols at a moment, as files of a market folder.

    Args:
        folder: The market folder; read before without an error.
        symbols: Unified, as they stand in the tables.
        as_of_ms: UTC epoch milliseconds; later rows are left out.
        most: Rows above which nothing is kept.

    Returns:
        Contents by file name, or why they are too many. The same folder always gives the same bytes.
    """
    asked = tuple(dict.fromkeys((*symbols, REFERENCE_SYMBOL)))
    with open_database() as database, tempfile.TemporaryDirectory() as scratch:
        database.execute("SET threads = 1")  # the order of rows must not depend on the machine
        chosen = dict(_chosen(database, folder, asked, as_of_ms))
        rows = sum(_count(database, relation) for relation in chosen.values())
        if rows > most:
            return Missing(f"The brief rests on {rows:,} rows; up to {most:,} are kept with it.")
        return {name: _written(database, relation, Path(scratch) / name) for name, relation in chosen.items()}


def _chosen(
    database: duckdb.DuckDBPyConnection, folder: Path, symbols: tuple[str, ...], as_of_ms: Milliseconds
) -> Iterator[tuple[str, str]]:
    """Choose the rows of each table; give the new file's name and its relation."""
    for name, source in open_tables(database, folder).items():
        cut = cut_rows(database, source, symbols, as_of_ms)
        yield f"{name}.parquet", _typed(source, cut)
    funds = table_path(folder, ETF_FLOWS.name)
    if funds is not None:  # the page names this file, so it keeps its suffix
        source = open_table(database, funds, ETF_FLOWS)
        yield funds.name, f"{_typed(source, ETF_FLOWS.name, f'{source.known_at()} <= {as_of_ms}')}"
    record = table_path(folder, RECORD.name)
    if record is not None:
        source = open_table(database, record, RECORD)
        time = source.typed(RECORD.moment)
        last = f"{time} = (SELECT max({time}) FROM {RECORD.name} WHERE {time} <= {as_of_ms})"  # noqa: S608 - our own names
        yield f"{RECORD.name}.parquet", _typed(source, RECORD.name, last)


def _typed(source: Source, relation: str, where: str = "true") -> str:
    """Give the SQL of a relation's known columns as what they should hold, in the order of the file."""
    table = source.table
    columns = [column for column in (*table.required, *table.optional) if column in source.types]
    cells = ", ".join(f"{source.typed(column)} AS {column}" for column in columns)
    return f"(SELECT {cells} FROM {relation} WHERE {where} ORDER BY {ROW})"  # noqa: S608 - our own names


def _count(database: duckdb.DuckDBPyConnection, relation: str) -> int:
    return int(database.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0])  # noqa: S608 - our own names


def _written(database: duckdb.DuckDBPyConnection, relation: str, path: Path) -> bytes:
    write_relation(database, relation, path)
    return path.read_bytes()
