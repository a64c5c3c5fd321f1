"""Opening an archive dump: zip, gzip, zstd or plain, and its CSV columns as typed arrays, each row once.

The first step of `reportgen fetch --from-dump`. Nothing is judged here but that a cell can be read; which dump it is
and what its columns mean is known to `market/dumps/binance.py`, `tardis.py` and `coinalyze.py`.
"""

from __future__ import annotations

import csv
import glob
import gzip
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import IO, Any, Final

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reportgen.errors import DataError
from reportgen.market.folder.append import Columns, Part
from reportgen.market.folder.columns import EARLIEST_MS, SHARE_LEFT_OUT
from reportgen.market.folder.files import LATEST_MS, most_unpacked, open_database, sha256_of
from reportgen.market.folder.tables import TableFormat
from reportgen.units import Bools, Floats, Ints

_MEGABYTE: Final = 2**20
_PIECE: Final = 2**20
_BEGINNING: Final = 65_536
_SHOWN_CELL: Final = 40
_WHOLE: Final = "CASE WHEN regexp_full_match({cell}, '[0-9]{{1,18}}') THEN CAST({cell} AS BIGINT) END"
_SCALED: Final = f"CASE WHEN {_WHOLE} >= {LATEST_MS} THEN ({_WHOLE}) // 1000 ELSE {_WHOLE} END"
_TIME: Final = (
    f"COALESCE(CASE WHEN {_SCALED} BETWEEN {EARLIEST_MS} AND {LATEST_MS - 1} THEN {_SCALED} END, "
    r"CASE WHEN regexp_full_match({cell}, '\d{{4}}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?') "
    "THEN epoch_ms(TRY_CAST({cell} AS TIMESTAMP)) END)"
)
"""SQL that reads a cell of milliseconds, microseconds or text as milliseconds: NULL where it cannot be."""

_NUMBER: Final = "CASE WHEN isfinite(TRY_CAST({cell} AS DOUBLE)) THEN TRY_CAST({cell} AS DOUBLE) END"
_WANTED_TIME: Final = "milliseconds or microseconds, or a time such as 2026-07-11 00:05:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """One file of an archive, unpacked.

    Attributes:
        name: What errors call it. path: of the file or the archive around it: folders say which market it is of.
        plain: Where its unpacked bytes lie.
    """

    name: str
    path: Path
    plain: Path


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


class NotMappedError(DumpError):
    """A dump is sound, and of a market or of data that nobody here can map: it is left out and counted."""


def part(table: TableFormat, keys: Mapping[str, str], columns: Columns) -> Part:
    """Make rows of some columns, n > 0 of them, and of keys that are the same in every row."""
    count = len(next(iter(columns.values())))
    return Part(table=table, columns={**{name: [value] * count for name, value in keys.items()}, **columns})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """The rows of a CSV file, each once.

    Attributes:
        name: The file. rows: in it. frame: by the line of each: times in milliseconds, numbers, NaN where a cell may be
            empty and is, and texts as they stand there.
        dropped: Rows left out so far, by the reason.
    """

    name: str
    rows: int
    frame: pd.DataFrame
    dropped: Mapping[str, int]

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.frame)

    def times(self, name: str) -> Ints:
        """Give a column of times, shape (n,)."""
        return self.frame[name].to_numpy(np.int64)

    def numbers(self, name: str) -> Floats:
        """Give a column of numbers, shape (n,); all NaN where the file lacks it."""
        return self.frame[name].to_numpy(np.float64) if name in self.frame else np.full(len(self), np.nan)

    def texts(self, name: str) -> NDArray[Any]:
        """Give a column as text, shape (n,)."""
        return self.frame[name].to_numpy(object)

    def error(self, row: int, says: str) -> DumpError:
        """Make the error about a row."""
        return DumpError(f"{self.name}:{self.frame.index[row]}: {says}")

    def only(self, keep: Bools, reason: str = "") -> Cells:
        """Keep some rows, shape (n,); the others are counted under the reason, if there is one."""
        more = {reason: int(np.sum(~keep))} if reason else {}
        return replace(self, frame=self.frame[keep], dropped=counted(self.dropped, more))


def counted(dropped: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    """Add counts up by reason, leaving out those of nothing."""
    both = {reason: dropped.get(reason, 0) + more.get(reason, 0) for reason in (*dropped, *more)}
    return {reason: count for reason, count in both.items() if count}


def converted(
    cells: Cells, kind: str, parts: Sequence[Part], dropped: Mapping[str, int] = MappingProxyType({}), note: str = ""
) -> Converted:
    """Say what became of a file's rows; `dropped` are those left out after they were read."""
    left_out = counted(cells.dropped, dropped)
    return Converted(name=cells.name, kind=kind, rows=cells.rows, parts=tuple(parts), dropped=left_out, note=note)


def unpacked(path: Path) -> Iterator[Dump]:
    """Open a dump: every CSV or JSON file in a zip, the one in a gzip or zstd file, or the file itself.

    A `.CHECKSUM` file beside it, as Binance publishes them, is checked. What a dump unpacks to lives until the next one
    is asked for.

    Raises:
        DumpError: The file cannot be read, is damaged, differs from its checksum, or unpacks to too much.
    """
    name = path.name
    try:
        beside = path.with_name(f"{name}.CHECKSUM")
        told = beside.read_text(encoding="utf-8", errors="replace").split()[:1] if beside.is_file() else None
        if told is not None and told != [sha256_of(path)]:
            raise DumpError(f"{name}: differs from {beside.name}. Download both again.")
        with TemporaryDirectory() as scratch:
            plain = Path(scratch) / "plain"
            most = most_unpacked(path)
            match path.suffix.lower():
                case ".zip":
                    with zipfile.ZipFile(path) as archive:
                        inside = [each for each in archive.namelist() if each.lower().endswith((".csv", ".json"))]
                        if not inside:
                            raise DumpError(f"{name}: holds no CSV and no JSON file. Is it a dump of market data?")
                        for each in inside:
                            with archive.open(each) as packed:
                                _unpack(name, packed, plain, most)
                            yield Dump(name=Path(each).name, path=path, plain=plain)
                case ".gz":
                    with gzip.open(path) as packed:
                        _unpack(name, packed, plain, most)
                    yield Dump(name=name, path=path, plain=plain)
                case ".zst":
                    try:
                        _unpack_zstd(path, plain, most)
                    except duckdb.Error as error:
                        raise DumpError(f"{name}: is no sound zstd file. Unpack it, or download it again.") from error
                    yield Dump(name=name.removesuffix(path.suffix), path=path, plain=plain)
                case _:
                    yield Dump(name=name, path=path, plain=path)
    except PermissionError as error:
        raise DumpError(f"{path}: cannot be read ({error.strerror}). Check its path and permissions.") from error
    except (*(zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, UnicodeDecodeError),) as error:
        raise DumpError(f"{name}: is damaged or no archive at all. Download the file again.") from error


def _unpack(name: str, packed: IO[bytes] | gzip.GzipFile, plain: Path, most: int) -> None:
    """Unpack a file piece by piece, as far as it may go."""
    size = 0
    with plain.open("wb") as out:
        while piece := packed.read(_PIECE):
            size += len(piece)
            if size > most:
                raise DumpError(f"{name}: unpacks to more than {most // _MEGABYTE} MB. Is it a dump of market data?")
            out.write(piece)


def _unpack_zstd(path: Path, plain: Path, most: int) -> None:
    """Unpack a zstd file line by line: duckdb reads them, Python's own library only from 3.14 on."""
    quoted = glob.escape(str(path)).replace("'", "''")
    size = 0
    with open_database() as database, plain.open("wb") as out:
        lines = database.execute(
            f"SELECT line FROM read_csv('{quoted}', columns = {{'line': 'VARCHAR'}}, auto_detect = false, "
            "header = false, delim = '\x01', quote = '', escape = '', compression = 'zstd')"
        )
        while rows := lines.fetchmany(_BEGINNING):
            piece = "".join(f"{line or ''}\n" for (line,) in rows).encode()
            size += len(piece)
            if size > most:
                raise DumpError(f"{path.name}: unpacks to more than {most // _MEGABYTE} MB.")
            out.write(piece)


def header_of(dump: Dump) -> list[str] | None:
    """Give the names in the first line, lower case, or None when it holds data already.

    Raises:
        DumpError: The file is empty, or no text.
    """
    with dump.plain.open("rb") as file:
        first = re.split(rb"\r\n|\n|\r", file.read(_BEGINNING), maxsplit=1)[0]
    try:
        names = [cell.strip().lower() for cell in next(csv.reader([first.decode("utf-8-sig")]), [])]
    except UnicodeDecodeError as error:
        raise DumpError(f"{dump.name}: is not UTF-8 text. Is it a CSV file?") from error
    except csv.Error as error:
        raise DumpError(f"{dump.name}:1: cannot be parsed. Download the file again.") from error
    if not names:
        raise DumpError(f"{dump.name}: is empty. Download the file again.")
    if names[0].startswith("<"):
        raise DumpError(f"{dump.name}: is a web page, not a dump. Download the file again.")
    return names if re.match("[a-z_]", names[0]) else None


def read_cells(
    dump: Dump,
    columns: Sequence[str],
    *,
    times: Sequence[str] = (),
    numbers: Sequence[str] = (),
    texts: Sequence[str] = (),
    optional: Sequence[str] = (),
) -> Cells:
    """Read a CSV file that may have a header line or none, each row once.

    Args:
        dump: The file.
        columns: Names in the order of a file without header.
        times: Those that hold milliseconds, microseconds, or 2026-07-11 00:05:01.
        numbers: Those that hold numbers in every row.
        texts: Those that are read as they stand there.
        optional: Numbers that may be empty, or absent altogether.

    Raises:
        DumpError: Not text, another width, a column is absent, or more than a few rows cannot be read.
    """
    with open_database() as database:
        names = load_rows(database, dump, columns, (*times, *numbers, *texts))
        database.execute("SET threads TO 1")
        present = [name for name in optional if name in names]
        typed = dict.fromkeys(times, _TIME) | dict.fromkeys((*numbers, *present), _NUMBER)
        unread = {name: f"typed_{name} IS NULL" for name in (*times, *numbers)}
        unread |= {name: f"typed_{name} IS NULL AND {name} <> ''" for name in present}
        bad = " OR ".join(f"({fault})" for fault in unread.values())
        read = ", ".join(f"{sql.format(cell=name)} AS typed_{name}" for name, sql in typed.items())
        database.execute(
            f"CREATE TEMP TABLE typed AS SELECT *, {read} FROM (SELECT *, "
            f"row_number() OVER (PARTITION BY {', '.join(names)} ORDER BY line) AS nth FROM loaded) WHERE nth = 1"
        )
        rows, fresh, lost, first = database.execute(
            "SELECT (SELECT count(*) FROM loaded), "
            f"count(*), count(*) FILTER ({bad}), min(line) FILTER ({bad}) FROM typed"
        ).fetchall()[0]
        if lost > SHARE_LEFT_OUT * fresh:
            for column, fault in unread.items():
                cell = database.execute(f"SELECT {column} FROM typed WHERE line = {first} AND ({fault})").fetchall()
                if cell:
                    shown = f"`{cell[0][0][:_SHOWN_CELL]}`" if cell[0][0] else "empty"
                    wanted = _WANTED_TIME if column in times else "a number"
                    says = f"{column} is {shown}; it must hold {wanted}. Download the file again."
                    raise DumpError(f"{dump.name}:{first}: {says}")
        kept = ", ".join([*(f"typed_{name} AS {name}" for name in typed), *texts])
        frame = database.execute(f"SELECT line, {kept} FROM typed WHERE NOT ({bad}) ORDER BY line").df()
    dropped = counted({}, {"stood there twice": rows - fresh, "could not be read": lost})
    return Cells(name=dump.name, rows=int(rows), frame=frame.set_index("line"), dropped=dropped)


def load_rows(
    database: duckdb.DuckDBPyConnection, dump: Dump, columns: Sequence[str], needed: Sequence[str]
) -> list[str]:
    """Load a CSV file as text into the table `loaded`, with the line of each row; give the columns that it has.

    Raises:
        DumpError: A column is absent, or a row has another width.
    """
    header = header_of(dump)
    with dump.plain.open("rb") as file:
        width = file.readline(_BEGINNING).count(b",") + 1
    names = list(columns[:width]) if header is None else header
    if absent := [name for name in needed if name not in names]:
        raise DumpError(f"{dump.name}:1: has no column `{absent[0]}`; it has {', '.join(names)}.")
    if len(names) != width or len(set(names)) != width:
        raise DumpError(f"{dump.name}:1: has {width} columns where {len(set(names))} have a name of their own.")
    known = {name: name if name in columns else f"further_{at}" for at, name in enumerate(names)}
    spec = ", ".join(f"'{name}': 'VARCHAR'" for name in known.values())
    quoted = glob.escape(str(dump.plain)).replace("'", "''")
    cells = ", ".join(f"trim(COALESCE({name}, '')) AS {name}" for name in known.values())
    begins = 1 if header is None else 2
    repeated = (
        "" if header is None else f"WHERE lower({known[header[0]]}) <> '{header[0].replace(chr(39), chr(39) * 2)}'"
    )
    try:
        database.execute(
            f"CREATE TEMP TABLE loaded AS SELECT row_number() OVER () + {begins - 1} AS line, {cells} "
            f"FROM read_csv('{quoted}', columns = {{{spec}}}, auto_detect = false, "
            f"header = {'false' if header is None else 'true'}, delim = ',', quote = '\"', escape = '\"') {repeated}"
        )
    except duckdb.Error as error:
        line = re.search(r"Line: (\d+)", str(error))
        found = re.search(r"Expected Number of Columns: \d+ Found: (\d+)", str(error))
        says = "cannot be parsed. Download the file again."
        if found:
            says = f"has {found[1]} cells where {width} are meant. Download the file again."
        elif "unicode" in str(error).lower() or "utf-8" in str(error).lower():
            says = "is not UTF-8 text. Is it a CSV file?"
        raise DumpError(f"{dump.name}{f':{line[1]}' if line else ''}: {says}") from error
    return list(known.values())
