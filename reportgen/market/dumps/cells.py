"""Opening an archive dump: zip, gzip or plain, and its CSV cells with the lines that they stand in.

The first step of `reportgen fetch --from-dump`. Nothing is judged here but that a cell can be read; which dump it is
and what its columns mean is known to `market/dumps/binance.py`, `dumps_tardis.py` and `dumps_coinalyze.py`.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reportgen.errors import DataError
from reportgen.market.folder.columns import EARLIEST_MS, LATEST_MS
from reportgen.market.folder.tables import TableFormat
from reportgen.units import Bools, Floats, Ints

_THOUSAND: Final = 1000
_SHOWN_CELL: Final = 40
_BEGINNING: Final = 4096

Column: TypeAlias = NDArray[Any] | Sequence[Any]
Columns: TypeAlias = Mapping[str, Column]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """One file of an archive, unpacked.

    Attributes:
        name: What errors call it. path: of the file or the archive around it: folders say which market it is of.
        data: Its bytes; of trades only the first.
    """

    name: str
    path: Path
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """Rows for one table of the market folder."""

    table: TableFormat
    columns: Columns


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Converted:
    """What one dump gave.

    Attributes:
        name: The file. kind: what it is, "Binance klines". rows: data rows in it. parts: what they became.
        dropped: Rows left out, by the reason. note: what was presumed, if anything.
    """

    name: str
    kind: str
    rows: int
    parts: tuple[Part, ...]
    dropped: Mapping[str, int] = field(default_factory=dict)
    note: str = ""


class DumpError(DataError):
    """A dump is unusable; the sentence names file and line."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """A CSV file as columns of text.

    Attributes:
        name: The file. columns: by name, n cells each. line: shape (n,), 1-based line of each row.
    """

    name: str
    columns: Mapping[str, Sequence[str]]
    line: Ints

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.line)

    def error(self, row: int, says: str) -> DumpError:
        """Make the error about a row."""
        return DumpError(f"{self.name}:{self.line[row]}: {says}")

    def numbers(self, column: str, *, empty: bool = False) -> Floats:
        """Read a column as finite numbers, shape (n,); empty cells become NaN where they are allowed.

        Raises:
            DumpError: A cell is none.
        """
        cells = self.columns[column]
        filled = [cell or "nan" for cell in cells] if empty else cells
        try:
            values = np.array(filled, dtype=np.float64)
        except ValueError:
            bad = next(row for row, cell in enumerate(filled) if not _is_number(cell))
            raise self._unread(bad, column, cells[bad]) from None
        unread = ~np.isfinite(values)
        if empty:
            unread &= np.array([bool(cell) for cell in cells], dtype=np.bool_)
        if unread.any():
            bad = int(np.argmax(unread))
            raise self._unread(bad, column, cells[bad])
        return values

    def times(self, column: str) -> Ints:
        """Read a column of milliseconds or microseconds as milliseconds, shape (n,).

        Raises:
            DumpError: A cell is neither.
        """
        try:
            values = np.array(self.columns[column], dtype=np.int64)
        except (ValueError, OverflowError):
            # A float such as 1.7e12 is a spreadsheet's doing: digits may be gone.
            bad = next(row for row, cell in enumerate(self.columns[column]) if not cell.strip().lstrip("-").isdigit())
            raise self._unread(bad, column, self.columns[column][bad], "whole milliseconds") from None
        values = np.where(values >= LATEST_MS, values // _THOUSAND, values)
        outside = (values < EARLIEST_MS) | (values >= LATEST_MS)
        if outside.any():
            bad = int(np.argmax(outside))
            raise self._unread(bad, column, self.columns[column][bad], "milliseconds or microseconds")
        return values

    def only(self, keep: Bools) -> Cells:
        """Keep some rows, shape (n,), True to keep."""
        rows = np.flatnonzero(keep).tolist()
        columns = {name: [cells[row] for row in rows] for name, cells in self.columns.items()}
        return Cells(name=self.name, columns=columns, line=self.line[keep])

    def first_of_each(self) -> Bools:
        """Find the rows that say something that no row before them says, shape (n,)."""
        seen: set[tuple[str, ...]] = set()
        rows = list(zip(*self.columns.values(), strict=True))
        keep = np.zeros(len(rows), dtype=np.bool_)
        for at, row in enumerate(rows):
            keep[at] = row not in seen
            seen.add(row)
        return keep

    def _unread(self, row: int, column: str, cell: str, wanted: str = "a number") -> DumpError:
        shown = f"`{cell[:_SHOWN_CELL]}`" if cell else "empty"
        return self.error(row, f"{column} is {shown}; it must hold {wanted}. Download the file again.")


def unpacked(path: Path) -> Iterator[Dump]:
    """Open a dump: every CSV or JSON file in a zip, the one in a gzip, or the file itself.

    A `.CHECKSUM` file beside it, as Binance publishes them, is checked.

    Raises:
        DumpError: The file cannot be read, is damaged, or differs from its checksum.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DumpError(f"{path}: cannot be read ({error.strerror}). Check its path and permissions.") from error
    _check_sum(path, raw)
    try:
        if path.suffix == ".zip":
            yield from _zipped(path, raw)
        else:
            yield Dump(name=path.name, path=path, data=_plain(path, raw))
    except (zipfile.BadZipFile, EOFError, zlib.error, OSError, RuntimeError) as error:
        raise DumpError(f"{path.name}: is damaged or no archive at all. Download the file again.") from error


def _plain(path: Path, raw: bytes) -> bytes:
    """Unpack a file that is no zip; of trades only the beginning, as duckdb reads them from the file."""
    if "trades" in path.name.lower():
        with gzip.open(io.BytesIO(raw)) if path.suffix == ".gz" else io.BytesIO(raw) as file:
            return file.read(_BEGINNING)
    return gzip.decompress(raw) if path.suffix == ".gz" else raw


def _zipped(path: Path, raw: bytes) -> Iterator[Dump]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith((".csv", ".json"))]
        if not names:
            raise DumpError(f"{path.name}: holds no CSV and no JSON file. Is it a dump of market data?")
        for name in names:
            yield Dump(name=Path(name).name, path=path, data=archive.read(name))


def _check_sum(path: Path, raw: bytes) -> None:
    beside = path.with_name(f"{path.name}.CHECKSUM")
    if not beside.is_file():
        return
    wanted = beside.read_text(encoding="utf-8", errors="replace").split()[:1]
    if wanted != [hashlib.sha256(raw).hexdigest()]:
        raise DumpError(f"{path.name}: differs from {beside.name}. Download both again.")


def read_cells(dump: Dump, columns: Sequence[str], needed: Sequence[str]) -> Cells:
    """Read a CSV file that may have a header line or none.

    Args:
        dump: The file.
        columns: Names in the order of a file without header.
        needed: Those that must be there.

    Raises:
        DumpError: Not text, another width, or a column is absent.
    """
    rows = _rows(dump)
    header = header_of(dump)
    names = list(columns) if header is None else header
    if absent := [name for name in needed if name not in names]:
        raise DumpError(f"{dump.name}:1: has no column `{absent[0]}`; it has {', '.join(names)}.")
    body = [(line, row) for line, row in rows if header is None or [cell.strip().lower() for cell in row] != header]
    width = len(names)
    for line, row in body:
        if len(row) != width and not (header is None and len(needed) <= len(row) < width):
            raise DumpError(
                f"{dump.name}:{line}: has {len(row)} cells where {width} are meant. Download the file again."
            )
    shortest = min((len(row) for _, row in body), default=width)
    kept = {
        name: [row[at].strip() for _, row in body] for at, name in enumerate(names) if at < shortest and name in columns
    }
    if short := [name for name in needed if name not in kept]:
        raise DumpError(f"{dump.name}:1: has no column `{short[0]}`. Download the file again.")
    return Cells(name=dump.name, columns=kept, line=np.array([line for line, _ in body], dtype=np.int64))


def header_of(dump: Dump) -> list[str] | None:
    """Give the names in the first line, lower case, or None when it holds data already.

    Raises:
        DumpError: The file is empty, or no text.
    """
    beginning = Dump(name=dump.name, path=dump.path, data=dump.data.partition(b"\n")[0])
    first = next(iter(csv.reader([_text(beginning).rstrip("\r")])), [])
    if not first:
        raise DumpError(f"{dump.name}: is empty. Download the file again.")
    names = [cell.strip().lower() for cell in first]
    if names[0].startswith("<"):
        raise DumpError(f"{dump.name}: is a web page, not a dump. Download the file again.")
    return names if names[0] and not _is_number(names[0]) and not names[0][0].isdigit() else None


def _rows(dump: Dump) -> list[tuple[int, list[str]]]:
    """Split into lines and cells; empty lines are left out, the rest keep their numbers."""
    reader = csv.reader(io.StringIO(_text(dump), newline=""))
    try:
        return [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise DumpError(f"{dump.name}:{reader.line_num}: cannot be parsed ({error}).") from error


def _text(dump: Dump) -> str:
    try:
        return dump.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DumpError(f"{dump.name}: is not UTF-8 text. Is it a CSV file?") from error


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
