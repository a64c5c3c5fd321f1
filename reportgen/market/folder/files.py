"""The files of a market folder: finding them, and opening each as a relation with its table's columns."""

from __future__ import annotations

import csv
import difflib
import glob
import gzip
import hashlib
import os
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Final

import duckdb

from reportgen.errors import DataError, UsageError
from reportgen.market.folder.tables import ETF_FLOWS, TABLES, Kind, TableFormat, interval_ms
from reportgen.market.symbols import unified_symbol, venue_name
from reportgen.units import DAY_MS, Milliseconds

LATEST_MS: Final = 10**14
"""The year 5138 in milliseconds: larger numbers are microseconds or nanoseconds."""

ROW: Final = "data_row"
NOTHING_PRESUMED: Final[Mapping[str, str]] = MappingProxyType({})
SUFFIXES: Final = (".parquet", ".csv", ".csv.gz", ".csv.zst")
_LONGEST_HEADER: Final = 100_000
_BEGINNING: Final = 100
_PIECE: Final = 2**20
_MOST_MEMORY: Final = "384MB"
_THREADS: Final = min(2, os.cpu_count() or 1)
"""Each thread needs memory of its own, so that a larger machine would need more than the limit."""

_LARGEST_UNPACKED: Final = 512 * 2**20
_LARGEST_PACKED: Final = 50
_LIKE_A_TABLE: Final = 0.75
_NUMERIC: Final = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DECIMAL.*")
_PARQUET_TYPES: Final = {
    Kind.TEXT: re.compile(r"VARCHAR|ENUM.*"),
    Kind.TIME: _NUMERIC,
    Kind.NUMBER: _NUMERIC,
    Kind.DATE: re.compile(r"VARCHAR|DATE|TIMESTAMP(_NS|_MS|_S)?"),
}
SQL_TYPES: Final = {Kind.TEXT: "VARCHAR", Kind.TIME: "BIGINT", Kind.NUMBER: "DOUBLE", Kind.DATE: "DATE"}
WANTED: Final = {
    Kind.TEXT: "text",
    Kind.TIME: "UTC epoch milliseconds as whole numbers",
    Kind.NUMBER: "numbers",
    Kind.DATE: "dates such as 2026-01-19",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """One opened table file: a relation of the database, named like its table.

    Attributes:
        database: Where it is open. file: its name. table: what it should hold. types: its columns' types.
        intervals: Known bar lengths in it. decimal_comma: whether its numbers are written 12,5.
        notes: On names that are written in several ways.
    """

    database: duckdb.DuckDBPyConnection
    file: str
    table: TableFormat
    types: Mapping[str, str]
    intervals: Mapping[str, Milliseconds]
    decimal_comma: bool = False
    notes: tuple[str, ...] = ()

    def ask(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        """Ask something; a view reads its file anew each time, and may meet its damage only then.

        Raises:
            DataError: The file is damaged.
        """
        return _ask(self.database, self.file, sql, parameters)

    def typed(self, column: str) -> str:
        """Give the SQL that reads a column as what it should hold: NULL where it cannot be."""
        kind = self.table.kind(column)
        if self.types[column] == SQL_TYPES[kind]:
            return column
        if kind is Kind.TIME and self.types[column] == "VARCHAR":
            # 1.76889E+12 is a spreadsheet's doing: its last digits are gone.
            return (
                f"CASE WHEN regexp_full_match({column}, '\\s*[0-9]+(\\.0*)?\\s*') THEN TRY_CAST({column} AS BIGINT) END"
            )
        text = f"replace({column}, ',', '.')" if kind is Kind.NUMBER and self.decimal_comma else column
        return f"TRY_CAST({text} AS {SQL_TYPES[kind]})"

    def key(self, column: str) -> str:
        """Give the SQL that reads a key as text: dates as 2026-01-19, however they are kept."""
        return f"CAST({self.typed(column)} AS VARCHAR)"

    def bar_length(self) -> str:
        """Give the SQL for the length of a row's bar, NULL where `interval` is no length."""
        cases = " ".join(f"WHEN '{text}' THEN {length}" for text, length in self.intervals.items())
        return f"CASE interval {cases} END" if cases else "CAST(NULL AS BIGINT)"

    def known_at(self) -> str:
        """Give the SQL for the moment a row became known, milliseconds."""
        moment = self.typed(self.table.moment)
        if self.table.known_at in {"date", "next day"}:
            later = DAY_MS if self.table.known_at == "next day" else 0
            return f"epoch_ms(CAST({moment} AS TIMESTAMP)) + {later}"
        return f"{moment} + COALESCE({self.bar_length()}, 0)" if self.table.known_at == "bar end" else moment


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFiles:
    """The files of a market folder.

    Attributes:
        tables: By table name, ETF flows included; a folder of Parquet parts counts as a file.
        lookalikes: By the table that they may have been meant for: names of files that are not read.
    """

    tables: Mapping[str, Path]
    lookalikes: Mapping[str, tuple[str, ...]]

    @property
    def unread(self) -> tuple[str, ...]:
        """Sentences on the files that look like tables and are not read."""
        return tuple(
            f"{name} is not read; the table is called {table}.csv or {table}.parquet."
            for table, names in self.lookalikes.items()
            for name in names
        )


def find_tables(folder: Path) -> TableFiles:
    """Find the table files of a folder, whatever the case of their names.

    Raises:
        DataError: The folder is not there or holds no table, or holds one twice.
    """
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise DataError(
            f"{folder}: the market folder {what}. Give the folder that holds candles.parquet or candles.csv."
        )
    names = [table.name for table in (*TABLES, ETF_FLOWS)]
    found = {name: path for name in names if (path := table_path(folder, name))}
    others = sorted(path.name for path in folder.iterdir() if path not in found.values() and path.name[0] != ".")
    lookalikes: dict[str, tuple[str, ...]] = {}
    for other in others:
        near = difflib.get_close_matches(other.lower().partition(".")[0], names, n=1, cutoff=_LIKE_A_TABLE)
        if near and not other.lower().startswith("gathering."):
            lookalikes[near[0]] = (*lookalikes.get(near[0], ()), other)
    if not found.keys() - {ETF_FLOWS.name}:
        known = ", ".join(table.name for table in TABLES)
        hint = (
            f" {', '.join(name for names in lookalikes.values() for name in names)} is not read." if lookalikes else ""
        )
        raise DataError(f"{folder}: holds no market table. Tables are {known}, each as .parquet or .csv.{hint}")
    return TableFiles(tables=found, lookalikes=lookalikes)


def table_path(folder: Path, name: str) -> Path | None:
    """Find the file of a table, or None.

    Raises:
        DataError: It is there in two formats.
    """
    wanted = {f"{name}{suffix}" for suffix in SUFFIXES}
    found = [path for path in folder.iterdir() if path.name.lower() in wanted]
    files = sorted(found, key=lambda path: SUFFIXES.index(path.name.lower()[path.name.index(".") :]))
    if len(files) > 1:
        raise DataError(f"{folder}: holds both {files[0].name} and {files[1].name}. Keep one of them.")
    return files[0] if files else None


@contextmanager
def open_database() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an empty database that fetches nothing from anywhere; a scratch folder takes what its memory cannot hold."""
    with TemporaryDirectory() as scratch:
        config: dict[str, str | bool | int | float | list[str]] = {
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": _MOST_MEMORY,
            "temp_directory": scratch,
            "threads": _THREADS,
        }
        with duckdb.connect(":memory:", config=config) as database:
            yield database


def most_unpacked(path: Path) -> int:
    """Give the bytes that a packed file may unpack to: 512 MB, or fifty times its size where that is more."""
    return max(_LARGEST_UNPACKED, _LARGEST_PACKED * path.stat().st_size)


def is_parquet(path: Path) -> bool:
    """Tell Parquet from CSV by the name."""
    return path.name.lower().endswith(".parquet")


def sha256_of(path: Path) -> str:
    """Give the sum of a file; of a folder of parts the sum of their sums, in the order of their names."""
    if path.is_dir():
        parts = "".join(sha256_of(part) for part in sorted(path.rglob("*.parquet")))
        return hashlib.sha256(parts.encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _ask(database: duckdb.DuckDBPyConnection, file: str, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
    try:
        return database.execute(sql, parameters).fetchall()
    except duckdb.Error as error:
        raise DataError(_unreadable(file, str(error))) from error


def open_table(
    database: duckdb.DuckDBPyConnection,
    path: Path,
    table: TableFormat,
    presumed: Mapping[str, str] = NOTHING_PRESUMED,
) -> Source:
    """Open a table file as a relation named like the table, with one spelling of each venue and symbol.

    Args:
        database: Where the relation is made.
        path: The file, or a folder of Parquet parts.
        table: What it should hold.
        presumed: What a column that the file lacks says in every row, by column.

    Raises:
        DataError: The file cannot be read, or its columns are not those of the table.
    """
    file, name = path.name, table.name
    ask = partial(_ask, database, file)
    try:
        # The path of a Parquet part never overrides a column, whatever it is called.
        folder, delimiter = path.is_dir(), ""
        rows = (
            f"{'row_number() OVER ()' if folder else 'file_row_number + 1'} AS {ROW}, * EXCLUDE (file_row_number) FROM "
            f"read_parquet({_quoted(path, '/**/*.parquet' if folder else '')}, file_row_number = true, "
            "hive_partitioning = false, union_by_name = true)"
        )
        if not is_parquet(path):
            rows, delimiter = _csv_rows(path)
    except OSError as error:
        raise DataError(f"{file}: cannot be opened ({error.strerror}). Check the file's permissions.") from error
    # Cells of CSV stay text for now, and are kept: a view would read the file anew for each question.
    ask(f"CREATE TEMP {'TABLE' if delimiter else 'VIEW'} {name}_file AS SELECT {rows}")
    has = {each.lower(): kind for each, kind, *_ in ask(f"DESCRIBE {name}_file")}
    added = "".join(
        f", CAST('{value}' AS {SQL_TYPES[table.kind(column)]}) AS {column}"
        for column, value in presumed.items()
        if column not in has
    )
    known = (*table.required, *table.optional)
    renamed, notes = _one_spelling(database, file, table, has)
    ask(f"CREATE TEMP VIEW {name} AS SELECT *{renamed}{added} FROM {name}_file")
    # Names of columns count in any case, as they do in SQL.
    described = (
        (column.lower() if column.lower() in known else column, kind) for column, kind, *_ in ask(f"DESCRIBE {name}")
    )
    types = {column: kind for column, kind in described if column != ROW}
    empty = not ask(f"SELECT 1 FROM {name} LIMIT 1")
    types = _own_columns(database, file, table, types, empty=empty)
    if empty and is_parquet(path):  # nobody who writes no rows can be held to their types
        types = {each: SQL_TYPES[table.kind(each)] for each in known if each in types}
        columns = ", ".join(f"CAST(NULL AS {kind}) AS {column}" for column, kind in types.items())
        ask(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT 0 AS {ROW}, {columns} WHERE false")
    texts = ask(f"SELECT DISTINCT CAST(interval AS VARCHAR) FROM {name} ORDER BY 1") if "interval" in table.keys else []
    lengths = {text: interval_ms(text) for (text,) in texts if text is not None}
    # Where any number is written with a point, a comma cannot be its decimal sign.
    numbers = [column for column in (*table.numbers, *table.optional) if column in types]
    points = " OR ".join(f"contains({column}, '.')" for column in numbers) or "false"
    return Source(
        database=database,
        file=file,
        table=table,
        types=types,
        notes=notes,
        decimal_comma=delimiter == ";" and not ask(f"SELECT 1 FROM {name} WHERE {points} LIMIT 1"),
        intervals={text: length for text, length in lengths.items() if length is not None},
    )


def _quoted(path: Path, pattern: str = "") -> str:
    """Write a path into SQL, with a pattern behind it; brackets in the path itself are no wildcards."""
    return "'" + glob.escape(str(path)).replace("'", "''") + f"{pattern}'"


def _csv_rows(path: Path) -> tuple[str, str]:
    """Read the header line of a CSV file; give the SQL of its rows, and what parts its cells."""
    file = path.name
    begin = _beginning(path)
    if begin.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in begin[:_BEGINNING]:
        raise DataError(f"{file}: is UTF-16 (a spreadsheet's Unicode text). Save it as CSV in UTF-8.")
    more = ", new_line = '\\r'" if b"\r" in begin and b"\n" not in begin else ""
    first = re.split(rb"\r\n|\n|\r", begin, maxsplit=1)[0]
    if len(first) >= _LONGEST_HEADER:
        raise DataError(f"{file}: its first line is longer than {_LONGEST_HEADER:,} bytes, which no header is.")
    try:
        text = first.decode("utf-8-sig")
        delimiter = max(",;\t", key=text.count)
        header = next(csv.reader([text], delimiter=delimiter), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(_unreadable(file, str(error))) from error
    if not header:
        raise DataError(f"{file}: is empty. A table without rows still needs its header line.")
    if header[0].lstrip().startswith("<"):
        raise DataError(f"{file}: is a web page, not a table. Download the file again.")
    # Columns without a name, such as the row numbers that pandas writes, are further columns.
    names = tuple(cell.strip() or f"unnamed_{at}" for at, cell in enumerate(header))
    if twice := sorted({name for name in names if [each.lower() for each in names].count(name.lower()) > 1}):
        raise DataError(f"{file}: has two columns called `{twice[0]}`. Remove or rename one.")
    columns = ", ".join("'" + name.replace("'", "''") + "': 'VARCHAR'" for name in names)
    rows = (
        f"row_number() OVER () AS {ROW}, * FROM read_csv({_quoted(path)}, columns = {{{columns}}}, "
        f"auto_detect = false, header = true, delim = '{delimiter}', quote = '\"', escape = '\"'{more})"
    )
    return rows, delimiter


def _beginning(path: Path) -> bytes:
    """Read the beginning of a file, unpacked.

    Raises:
        DataError: It is damaged, or unpacks to more than a table can hold.
    """
    file, most = path.name, most_unpacked(path)
    endless = DataError(f"{file}: unpacks to more than {most // 2**20} MB. Is it a table?")
    if file.lower().endswith(".gz"):
        try:
            with gzip.open(path) as packed:
                begin = packed.read(_LONGEST_HEADER)
                size = len(begin)
                while piece := packed.read(_PIECE):
                    size += len(piece)
                    if size > most:
                        raise endless
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{file}: is damaged or no gzip file. Export or download it again.") from error
        return begin
    if file.lower().endswith(".zst"):
        lines = (
            f"FROM read_csv({_quoted(path)}, columns = {{'l': 'VARCHAR'}}, auto_detect = false, header = false, "
            "delim = '\x01', quote = '', escape = '')"
        )
        with open_database() as database:  # duckdb unpacks it, Python's own library only from 3.14 on
            size = _ask(database, file, f"SELECT sum(strlen(l) + 1) {lines}")[0][0] or 0
            if size > most:
                raise endless
            first = _ask(database, file, f"SELECT l {lines} LIMIT 1")
        return f"{first[0][0]}\n".encode() if first else b""
    with path.open("rb") as plain:
        return plain.read(_LONGEST_HEADER)


def _one_spelling(
    database: duckdb.DuckDBPyConnection, file: str, table: TableFormat, has: Mapping[str, str]
) -> tuple[str, tuple[str, ...]]:
    """Give the SQL that writes venues and symbols in one way each, and notes on those that were written in several."""

    def symbol_name(text: str) -> str:  # what names no linear perpetual keeps its spelling
        try:
            return unified_symbol(text)
        except UsageError:
            return text.strip()

    replaced, notes = [], []
    for column, normal in (("symbol", symbol_name), ("venue", venue_name)):
        if column not in table.keys or not has.get(column, "").startswith(("VARCHAR", "ENUM")):
            continue
        every = f"SELECT DISTINCT CAST({column} AS VARCHAR) FROM {table.name}_file ORDER BY 1"
        spellings: dict[str, list[str]] = {}
        for (text,) in _ask(database, file, every):
            if text is not None:
                spellings.setdefault(normal(text), []).append(text)
        cases = " ".join(
            "WHEN '" + text.replace("'", "''") + "' THEN '" + name.replace("'", "''") + "'"
            for name, texts in spellings.items()
            for text in texts
            if text != name
        )
        if cases:
            replaced.append(f"CASE CAST({column} AS VARCHAR) {cases} ELSE CAST({column} AS VARCHAR) END AS {column}")
        notes += [
            f"{table.says.capitalize()}: the {column} is written {' and '.join(f'`{text}`' for text in texts)}; "
            f"they are one, {name}."
            for name, texts in spellings.items()
            if len(texts) > 1
        ]
    return (f" REPLACE ({', '.join(replaced)})" if replaced else ""), tuple(notes)


def _unreadable(file: str, cause: str) -> str:
    """Say in one sentence why a file could not be parsed, with its row when duckdb named a line."""
    kind = "Parquet" if file.lower().endswith(".parquet") else "CSV"
    if "out of memory" in cause.lower():
        return f"{file}: needs more room than the disk of the temporary files has. Make room there, or set TMPDIR."
    if "unicode" in cause.lower() or "utf-8" in cause.lower():
        return f"{file}: is not UTF-8 text. Save it as CSV in UTF-8."
    if line := re.search(r"Line: (\d+)", cause):
        widths = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", cause)
        why = f"has {widths[2]} cells where the header has {widths[1]}" if widths else "cannot be parsed"
        return f"{file}: row {int(line[1]) - 1}: {why}. Correct the row, or export the file again."
    return f"{file}: cannot be read as {kind}: the file is damaged or of another kind. Export or download it again."


def _own_columns(
    database: duckdb.DuckDBPyConnection, file: str, table: TableFormat, has: Mapping[str, str], *, empty: bool
) -> dict[str, str]:
    """Give the types of a file's columns, without optional ones of another type that hold nothing at all.

    Raises:
        DataError: It lacks a column, or keeps another type in it; an empty table may have any types.
    """
    text = () if file.lower().endswith(".parquet") else ("VARCHAR",)  # cells of CSV are read as what they should hold
    odd = [
        each for each in table.optional if each in has and has[each] not in text and not _NUMERIC.fullmatch(has[each])
    ]
    counts = ", ".join(f"count({column})" for column in odd)
    held = _ask(database, file, f"SELECT {counts} FROM {table.name}")[0] if odd else ()
    void = {column for column, count in zip(odd, held, strict=True) if not count}
    types = {column: kind for column, kind in has.items() if column not in void}
    problems = []
    for column in table.required:
        if column not in types:
            near = difflib.get_close_matches(column, [name for name in types if name not in table.required], n=1)
            hint = f"Did you mean `{near[0]}`? Rename it." if near else f"It has {', '.join(types)}."
            problems.append(f"{file}: has no column `{column}`. {hint}")
    for column in () if empty else (*table.required, *table.optional):
        kind, said = table.kind(column), types.get(column)
        if said and said not in text and not _PARQUET_TYPES[kind].fullmatch(said):
            holds = "text" if said == "VARCHAR" else said
            problems.append(f"{file}: column `{column}` holds {holds}; it must hold {WANTED[kind]}.")
    if problems:
        raise DataError("\n".join(problems))
    return types
