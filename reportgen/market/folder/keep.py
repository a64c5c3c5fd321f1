"""Market folders as files: what was gathered, what a brief was made from, and the bundled sample."""

from __future__ import annotations

import dataclasses
import hashlib
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from importlib.resources import as_file, files
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from reportgen.config.assumptions import DEFAULTS, Assumptions
from reportgen.market.data import Gathered
from reportgen.market.exchanges.gather import Gathering
from reportgen.market.folder.append import Columns, merge, place_of_table, write_relation
from reportgen.market.folder.columns import cut_rows
from reportgen.market.folder.files import ROW, Source, find_tables, is_parquet, open_database, open_table, table_path
from reportgen.market.folder.read import ASKED, NOBODY, NOTE, RECORD, last_record, open_tables, read_market, symbols_in
from reportgen.market.folder.tables import ETF_FLOWS, TableFormat
from reportgen.market.symbols import REFERENCE_SYMBOL
from reportgen.units import Maybe, Milliseconds, Missing

# ---- What was gathered, as files: a market folder that grows, and a record of what the venues did not give ----


def folder_files(gathering: Gathering, folder: Path | None = None) -> dict[str, bytes]:
    """Give the files of a market folder that holds what was gathered, beside what it held before.

    Args:
        gathering: What the venues gave.
        folder: The folder that grows; None, or one that is not there, for one of its own.

    Returns:
        Contents by file name: only those that change. Nothing is written.

    Raises:
        DataError: A table of the folder cannot be read, or would become impossible.
    """
    told = [(symbol, venue, ASKED, NOBODY) for symbol, venue in gathering.asked]
    told += [(symbol, gap.venue, gap.what, gap.reason) for symbol, gap in gathering.gaps]
    told += [(NOBODY, NOBODY, NOTE, note) for note in gathering.notes]
    record = {name: np.array([row[at] for row in told], dtype=object) for at, name in enumerate(RECORD.keys)}
    new: list[tuple[TableFormat, Columns]] = []
    for _, group in groupby(gathering.pieces, key=lambda piece: piece.table.name):
        pieces = tuple(group)
        table = pieces[0].table
        lengths = [len(next(iter(piece.columns.values()))) for piece in pieces]
        columns: dict[str, Any] = {
            name: np.repeat(np.array([piece.keys[at] for piece in pieces], dtype=object), lengths)
            for at, name in enumerate(table.keys)
        }
        for name in (*table.required, *table.optional):
            if name not in columns and any(name in piece.columns for piece in pieces):
                cells = (piece.columns.get(name, np.full(n, np.nan)) for piece, n in zip(pieces, lengths, strict=True))
                columns[name] = np.concatenate(list(cells))
        new.append((table, columns))
    new.append((RECORD, record | {RECORD.moment: np.full(len(told), gathering.as_of_ms, dtype=np.int64)}))
    files = {}
    with TemporaryDirectory() as scratch:
        for table, rows in new:
            path = place_of_table(folder or Path(scratch) / "nothing", table)
            target = Path(scratch) / path.name
            merge(path, table, [rows], target, newer_wins=True)
            files[path.name] = target.read_bytes()
    return files


def fingerprint(files: Mapping[str, bytes]) -> str:
    """Give one sha256 for a folder: of the names and sums of its files."""
    lines = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


# ---- The rows of a market folder that a brief was made from, as a small market folder of its own ----

MOST_ROWS: Final = 500_000
"""More than this is not kept each morning: some 8 MiB a day, 3 GiB a year."""


def input_files(
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
        chosen = {
            f"{name}.parquet": _typed(source, cut_rows(source, asked, as_of_ms))
            for name, source in open_tables(database, find_tables(folder))[0].items()
        }
        if funds := table_path(folder, ETF_FLOWS.name):  # the page names this file, so it keeps its suffix
            source = open_table(database, funds, ETF_FLOWS)
            suffix = ".parquet" if is_parquet(funds) else ".csv"
            known = f"{source.known_at()} <= {as_of_ms}"
            chosen[f"{ETF_FLOWS.name}{suffix}"] = _typed(source, ETF_FLOWS.name, known)
        if record := table_path(folder, RECORD.name):
            source = open_table(database, record, RECORD)
            chosen[f"{RECORD.name}.parquet"] = _typed(source, RECORD.name, last_record(source, as_of_ms))
        counts = (f"SELECT count(*) FROM {relation}" for relation in chosen.values())
        rows = sum(int(database.execute(count).fetchall()[0][0]) for count in counts)
        if rows > most:
            return Missing(f"The brief rests on {rows:,} rows; up to {most:,} are kept with it.")
        for name, relation in chosen.items():
            write_relation(database, relation, Path(scratch) / name)
        return {name: (Path(scratch) / name).read_bytes() for name in chosen}


def _typed(source: Source, relation: str, where: str = "true") -> str:
    """Give the SQL of a relation's known columns as what they should hold, in the order of the file."""
    columns = [column for column in (*source.table.required, *source.table.optional) if column in source.types]
    cells = ", ".join(f"{source.typed(column)} AS {column}" for column in columns)
    return f"(SELECT {cells} FROM {relation} WHERE {where} ORDER BY {ROW})"


# ---- The bundled simulated market, read like any other; scripts/make_sample.py wrote it ----

_FOLDER = "sample_data"
_NAME = "the bundled simulated market"


def read_sample(
    symbols: tuple[str, ...] | None, as_of_ms: Milliseconds | None, *, assumptions: Assumptions = DEFAULTS
) -> Gathered:
    """Read the simulated market that ships with the product.

    Args:
        symbols: In any usual spelling; None means every symbol of the sample.
        as_of_ms: UTC epoch milliseconds; None means the sample's fixed end.
        assumptions: Uses those on the choice of bars and of the primary venue.

    Raises:
        DataError: The sample has none of these symbols, and no as-of was given.
        UsageError: A text names no market.
    """
    with sample_folder() as folder:
        wanted = symbols_in(folder, None) if symbols is None else symbols
        gathered = read_market(folder, wanted, as_of_ms=as_of_ms, simulated=True, assumptions=assumptions)
    # The package may lie anywhere: where it does is no news about the data.
    return dataclasses.replace(gathered, provenance=MappingProxyType(dict(gathered.provenance) | {"folder": _NAME}))


def sample_folder() -> AbstractContextManager[Path]:
    """Lend the folder of the bundled market."""
    return as_file(files("reportgen.market") / _FOLDER)
