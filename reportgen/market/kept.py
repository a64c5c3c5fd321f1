"""What was gathered, as files: a market folder that grows, and a record of what the venues did not give.

Stands between `market/exchanges.py` and `market/files.py`: a live brief is made from these very bytes, so that it can
be made again from its own input. Rows that stand in a folder already are replaced by newer ones, never doubled.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np

from reportgen.market.append import judge
from reportgen.market.exchanges import Gathering
from reportgen.market.exchanges_tables import Piece
from reportgen.market.opening import open_database, open_table
from reportgen.market.record import ASKED, NOBODY, NOTE, RECORD
from reportgen.market.tables import TableFormat

_PARQUET: Final = ".parquet"
_SUFFIXES: Final = (_PARQUET, ".csv")
_COPY: Final = {_PARQUET: "FORMAT parquet, COMPRESSION zstd", ".csv": "FORMAT csv, HEADER true"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _NewRows:
    """Rows of one table, as columns of one length."""

    table: TableFormat
    columns: Mapping[str, Any]


def folder_files(gathering: Gathering, folder: Path | None = None) -> dict[str, bytes]:
    """Give the files of a market folder that holds what was gathered, beside what it held before.

    Args:
        gathering: What the venues gave.
        folder: The folder that grows; None, or one that is not there, for one of its own.

    Returns:
        Contents by file name: only those that change. Nothing is written.

    Raises:
        DataError: A table of the folder cannot be read.
    """
    files = {}
    for new in _tables(gathering):
        suffix = next(
            (each for each in _SUFFIXES if folder and (folder / f"{new.table.name}{each}").exists()), _PARQUET
        )
        name = f"{new.table.name}{suffix}"
        old = folder / name if folder and (folder / name).exists() else None
        files[name] = _merged(new, old, suffix)
    return files


def fingerprint(files: Mapping[str, bytes]) -> str:
    """Give one sha256 for a folder: of the names and sums of its files."""
    lines = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _tables(gathering: Gathering) -> Iterable[_NewRows]:
    """Put pieces of a table into its columns, the keys repeated, and the record beside them."""
    for _, group in groupby(gathering.pieces, key=lambda piece: piece.table.name):
        yield _columns(tuple(group))
    yield _record(gathering)


def _columns(pieces: Sequence[Piece]) -> _NewRows:
    table = pieces[0].table
    lengths = [len(next(iter(piece.columns.values()))) for piece in pieces]
    keys = {
        name: np.repeat(np.array([piece.keys[at] for piece in pieces], dtype=object), lengths)
        for at, name in enumerate(table.keys)
    }
    names = [name for name in (*table.required, *table.optional) if name not in keys]
    cells = {
        name: np.concatenate(
            [piece.columns.get(name, np.full(n, np.nan)) for piece, n in zip(pieces, lengths, strict=True)]
        )
        for name in names
        if any(name in piece.columns for piece in pieces)
    }
    return _NewRows(table=table, columns=keys | cells)


def _record(gathering: Gathering) -> _NewRows:
    """Write down who was asked, what was missing and what was noted, so that a later brief can say it too."""
    rows = [(symbol, venue, ASKED, NOBODY) for symbol, venue in gathering.asked]
    rows += [(symbol, gap.venue, gap.what, gap.reason) for symbol, gap in gathering.gaps]
    rows += [(NOBODY, NOBODY, NOTE, note) for note in gathering.notes]
    columns = {name: np.array([row[at] for row in rows], dtype=object) for at, name in enumerate(RECORD.keys)}
    times = np.full(len(rows), gathering.as_of_ms, dtype=np.int64)
    return _NewRows(table=RECORD, columns={**columns, RECORD.moment: times})


def _merged(new: _NewRows, old: Path | None, suffix: str) -> bytes:
    """Lay new rows over old ones, and give the file: the same rows always give the same bytes."""
    table = new.table
    identity = (*table.keys, *(name for name in table.order if name not in table.keys))
    with open_database() as database, tempfile.TemporaryDirectory() as scratch:
        database.execute("SET threads = 1")
        database.register("fresh_columns", dict(new.columns))
        empty = ", ".join(f"CASE WHEN isnan({name}) THEN NULL ELSE {name} END AS {name}" for name in _holey(new))
        cells = f"* REPLACE ({empty})" if empty else "*"
        database.execute(f"CREATE TEMP TABLE fresh AS SELECT {cells} FROM fresh_columns")  # noqa: S608 - our own names
        rows = "SELECT * FROM fresh"
        if old:
            _open_old(database, old, table)
            rows = f"SELECT * FROM before ANTI JOIN fresh USING ({', '.join(identity)}) UNION ALL BY NAME {rows}"  # noqa: S608 - our own names
        target = Path(scratch) / f"table{suffix}"
        ordered = f"SELECT * FROM ({rows}) ORDER BY {', '.join(identity)}"  # noqa: S608 - our own names
        database.execute(f"COPY ({ordered}) TO '{target}' ({_COPY[suffix]})")
        return target.read_bytes()


def _holey(new: _NewRows) -> list[str]:
    """List the columns whose NaN means that a cell is empty."""
    return [name for name in new.table.optional if name in new.columns]


def _open_old(database: duckdb.DuckDBPyConnection, path: Path, table: TableFormat) -> None:
    """Open a table that stands there, as `before`; one that cannot be read is left alone and said."""
    if table is not RECORD:
        judge(path, table, path.name)
    source = open_table(database, path, table)
    typed = ", ".join(
        f"{source.key(name) if name in table.keys else source.typed(name)} AS {name}"
        for name in (*table.required, *table.optional)
        if name in source.types
    )
    known = ", ".join(
        name for name in ("data_row", *table.required, *table.optional) if name in (*source.types, "data_row")
    )
    database.execute(f"CREATE TEMP TABLE before AS SELECT {typed}, * EXCLUDE ({known}) FROM {table.name}")  # noqa: S608 - our own names
