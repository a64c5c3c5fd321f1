"""What was gathered, as files: a market folder that grows, and a record of what the venues did not give.

Stands between `market/exchanges.py` and `market/files.py`: a live brief is made from these very bytes, so that it can
be made again from its own input. Rows that stand in a folder already are replaced by newer ones, never doubled.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from reportgen.market.append import merge, place_of_table
from reportgen.market.exchanges import Gathering
from reportgen.market.exchanges_tables import Piece
from reportgen.market.record import ASKED, NOBODY, NOTE, RECORD
from reportgen.market.tables import TableFormat


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
        DataError: A table of the folder cannot be read, or would become impossible.
    """
    files = {}
    with TemporaryDirectory() as scratch:
        for new in _tables(gathering):
            path = place_of_table(folder or Path(scratch) / "nothing", new.table)
            target = Path(scratch) / path.name
            merge(path, new.table, [new.columns], target, newer_wins=True)
            files[path.name] = target.read_bytes()
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
