"""Reading the rows of an opened table up to as-of, as typed columns.

`market/folder/read.py` walks the tables of a folder through here. What the cells say is judged next, in
`market/folder/validate.py`; here a cell is refused only when it cannot be read as what its column declares.
"""

from __future__ import annotations

import csv
import difflib
import glob
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import duckdb
import numpy as np

from reportgen.errors import DataError
from reportgen.market.folder.tables import Kind, TableFormat, interval_ms
from reportgen.units import DAY_MS, Bools, Floats, Ints, Milliseconds

# ---- Opening one table file with duckdb: CSV or Parquet, with the columns that its table declares ----

EARLIEST_MS: Final = 10**11
"""1973 in milliseconds: smaller numbers are seconds."""

LATEST_MS: Final = 10**14
"""The year 5138 in milliseconds: larger numbers are microseconds or nanoseconds."""

ROW: Final = "data_row"
NOTHING_PRESUMED: Final[Mapping[str, str]] = MappingProxyType({})
_PARQUET_TYPES: Final = {
    Kind.TEXT: re.compile(r"VARCHAR|ENUM.*"),
    Kind.TIME: re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DECIMAL.*"),
    Kind.NUMBER: re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DECIMAL.*"),
    Kind.DATE: re.compile(r"VARCHAR|DATE|TIMESTAMP(_NS|_MS|_S)?"),
}
SQL_TYPES: Final = {Kind.TEXT: "VARCHAR", Kind.TIME: "BIGINT", Kind.NUMBER: "DOUBLE", Kind.DATE: "DATE"}
WANTED: Final = {
    Kind.TEXT: "text",
    Kind.TIME: "UTC epoch milliseconds as whole numbers",
    Kind.NUMBER: "numbers",
    Kind.DATE: "dates such as 2026-01-19",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One opened table file: a relation of the database, named like its table.

    Attributes:
        file: Its name. table: what it should hold. types: its columns' types. intervals: known bar lengths in it.
    """

    file: str
    table: TableFormat
    types: Mapping[str, str]
    intervals: Mapping[str, Milliseconds]

    def typed(self, column: str) -> str:
        """Give the SQL that reads a column as what it should hold: NULL where it cannot be."""
        sql_type = SQL_TYPES[self.table.kind(column)]
        return column if self.types[column] == sql_type else f"TRY_CAST({column} AS {sql_type})"

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


def open_database() -> duckdb.DuckDBPyConnection:
    """Open an empty database in memory that fetches nothing from anywhere."""
    return duckdb.connect(
        ":memory:", config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    )


def open_table(
    database: duckdb.DuckDBPyConnection,
    path: Path,
    table: TableFormat,
    presumed: Mapping[str, str] = NOTHING_PRESUMED,
) -> Source:
    """Open a table file as a relation named like the table.

    Args:
        database: Where the relation is made.
        path: The file.
        table: What it should hold.
        presumed: What a column that the file lacks says in every row, by column.

    Raises:
        DataError: The file cannot be read, or its columns are not those of the table.
    """
    try:
        header = _csv_header(path) if path.suffix == ".csv" else ()
        database.execute(_relation_sql(path, table, header))
        _presume(database, table, presumed)
        described = database.execute(f"DESCRIBE {table.name}").fetchall()
        empty = not database.execute(f"SELECT 1 FROM {table.name} LIMIT 1").fetchall()  # noqa: S608 - our own names
    except OSError as error:
        raise DataError(f"{path.name}: cannot be opened ({error.strerror}). Check the file's permissions.") from error
    except (duckdb.Error, UnicodeDecodeError) as error:
        raise DataError(_unreadable(path, str(error))) from error
    types: Mapping[str, str] = {name: kind for name, kind, *_ in described if name != ROW}
    _refuse_wrong_columns(path.name, table, types, empty=empty)
    if empty and path.suffix == ".parquet":
        types = _retyped(database, table, types)
    return Source(file=path.name, table=table, types=types, intervals=_intervals(database, table))


def _presume(database: duckdb.DuckDBPyConnection, table: TableFormat, presumed: Mapping[str, str]) -> None:
    """Name the opened file like its table, with the columns added that it lacks and that can be presumed."""
    has = {name for name, *_ in database.execute(f"DESCRIBE {table.name}_file").fetchall()}
    added = "".join(
        f", CAST('{value}' AS {SQL_TYPES[table.kind(column)]}) AS {column}"
        for column, value in presumed.items()
        if column not in has
    )
    database.execute(f"CREATE TEMP VIEW {table.name} AS SELECT *{added} FROM {table.name}_file")  # noqa: S608 - our own names


def _csv_header(path: Path) -> tuple[str, ...]:
    """Read the header line of a CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        header = next(csv.reader(lines), [])
    if not header:
        raise DataError(f"{path.name}: is empty. A table without rows still needs its header line.")
    if header[0].lstrip().startswith("<"):
        raise DataError(f"{path.name}: is a web page, not a table. Download the file again.")
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise DataError(f"{path.name}: has two columns called `{twice[0]}`. Remove or rename one.")
    return tuple(header)


def _relation_sql(path: Path, table: TableFormat, header: tuple[str, ...]) -> str:
    """Give the SQL that opens a file; brackets in its path are no wildcards, and CSV cells stay text for now."""
    quoted = glob.escape(str(path)).replace("'", "''")
    if not header:
        return (
            f"CREATE TEMP VIEW {table.name}_file AS SELECT file_row_number + 1 AS {ROW}, * EXCLUDE (file_row_number) "  # noqa: S608 - our own names
            f"FROM read_parquet('{quoted}', file_row_number = true)"
        )
    columns = ", ".join("'" + name.replace("'", "''") + "': 'VARCHAR'" for name in header)
    return (
        f"CREATE TEMP TABLE {table.name}_file AS SELECT row_number() OVER () AS {ROW}, * "  # noqa: S608 - our own names
        f"FROM read_csv('{quoted}', columns = {{{columns}}}, auto_detect = false, header = true, delim = ',', "
        "quote = '\"', escape = '\"')"
    )


def _unreadable(path: Path, cause: str) -> str:
    """Say in one sentence why a file could not be parsed, with its row when duckdb named a line."""
    kind = "Parquet" if path.suffix == ".parquet" else "CSV"
    if line := re.search(r"Line: (\d+)", cause):
        widths = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", cause)
        why = f"has {widths[2]} cells where the header has {widths[1]}" if widths else "cannot be parsed"
        return f"{path.name}: row {int(line[1]) - 1}: {why}. Correct the row, or export the file again."
    return (
        f"{path.name}: cannot be read as {kind}: the file is damaged or of another kind. Export or download it again."
    )


def _refuse_wrong_columns(file: str, table: TableFormat, types: Mapping[str, str], *, empty: bool) -> None:
    """Refuse a file that lacks a column or keeps another type in it; an empty table may have any types."""
    problems = []
    for column in table.required:
        if column not in types:
            near = difflib.get_close_matches(column, [name for name in types if name not in table.required], n=1)
            hint = f"Did you mean `{near[0]}`? Rename it." if near else f"It has {', '.join(types)}."
            problems.append(f"{file}: has no column `{column}`. {hint}")
    for column in () if empty else (*table.required, *table.optional):
        kind = table.kind(column)
        if column in types and types[column] != "VARCHAR" and not _PARQUET_TYPES[kind].fullmatch(types[column]):
            problems.append(f"{file}: column `{column}` holds {types[column]}; it must hold {WANTED[kind]}.")
        elif file.endswith(".parquet") and types.get(column) == "VARCHAR" and kind in (Kind.TIME, Kind.NUMBER):
            problems.append(f"{file}: column `{column}` holds text; it must hold {WANTED[kind]}.")
    if problems:
        raise DataError("\n".join(problems))


def _retyped(database: duckdb.DuckDBPyConnection, table: TableFormat, types: Mapping[str, str]) -> Mapping[str, str]:
    """Give an empty table the declared types: nobody who writes no rows can be held to theirs."""
    known = [name for name in (*table.required, *table.optional) if name in types]
    declared = {name: SQL_TYPES[table.kind(name)] for name in known}
    columns = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in declared.items())
    database.execute(f"CREATE OR REPLACE TEMP VIEW {table.name} AS SELECT 0 AS {ROW}, {columns} WHERE false")
    return declared


def _intervals(database: duckdb.DuckDBPyConnection, table: TableFormat) -> Mapping[str, Milliseconds]:
    """Find the bar lengths that a file holds; texts that are no length are left to be reported."""
    if "interval" not in table.keys:
        return {}
    found = database.execute(f"SELECT DISTINCT CAST(interval AS VARCHAR) FROM {table.name}").fetchall()  # noqa: S608 - our own names
    lengths = {text: interval_ms(text) for (text,) in found if text is not None}
    return {text: length for text, length in sorted(lengths.items()) if length is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One run of rows with the same keys.

    Attributes:
        keys: Their values, symbol and venue first. start, stop: the rows are [start, stop) of every column.
    """

    keys: tuple[str, ...]
    start: int
    stop: int

    @property
    def rows(self) -> slice:
        """The rows as a slice."""
        return slice(self.start, self.stop)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """A table up to as-of, sorted by keys, then by time.

    Attributes:
        source: Where from. series: the runs. row: shape (n,), 1-based data row of the file.
        time_ms: Shape (n,); zeros for a table without times. numbers: by column, shape (n,), NaN where a cell is empty.
    """

    source: Source
    series: tuple[Series, ...]
    row: Ints
    time_ms: Ints
    numbers: Mapping[str, Floats]

    def number(self, column: str) -> Floats:
        """Give a numeric column, shape (n,); all NaN when the file lacks it."""
        known = self.numbers.get(column)
        return np.full(len(self.row), np.nan) if known is None else known

    def continues(self) -> Bools:
        """Find the rows that have a row of the same series before them, shape (n,)."""
        continues = np.ones(len(self.row), dtype=np.bool_)
        continues[[each.start for each in self.series]] = False
        return continues

    def per_row(self, values: Iterable[int]) -> Ints:
        """Spread one value per series over its rows, shape (n,)."""
        lengths = [each.stop - each.start for each in self.series]
        return np.repeat(np.array(list(values), dtype=np.int64), lengths)


def newest_close(
    database: duckdb.DuckDBPyConnection, source: Source, symbols: tuple[str, ...] | None
) -> Milliseconds | None:
    """Find the last bar close of these symbols, of all for None; or None when they have no bars."""
    sql = f"SELECT max({source.known_at()}) FROM {source.table.name} WHERE {source.known_at()} < {LATEST_MS}"  # noqa: S608 - our own names
    asked = list(symbols) if symbols is not None else None
    newest = database.execute(f"{sql} AND (? IS NULL OR list_contains(?, symbol))", [asked, asked]).fetchall()[0][0]
    return None if newest is None else int(newest)


def known_symbols(
    database: duckdb.DuckDBPyConnection, source: Source, as_of_ms: Milliseconds | None
) -> tuple[str, ...]:
    """List the symbols that have at least one row by as-of, sorted."""
    limit = LATEST_MS if as_of_ms is None else as_of_ms
    sql = f"SELECT DISTINCT symbol FROM {source.table.name} WHERE {source.known_at()} <= ? AND symbol IS NOT NULL"  # noqa: S608 - our own names
    return tuple(sorted(name for (name,) in database.execute(sql, [limit]).fetchall()))


def read_rows(
    database: duckdb.DuckDBPyConnection, source: Source, symbols: tuple[str, ...], as_of_ms: Milliseconds
) -> Rows:
    """Read the rows of these symbols that were known by as-of.

    Raises:
        DataError: A cell cannot be read as what its column should hold; names the row.
    """
    cut = cut_rows(database, source, symbols, as_of_ms)
    if problems := _unreadable_cells(database, source, cut):
        raise DataError("\n".join(problems))
    keys = ", ".join(f"{source.key(key)} AS {key}" for key in source.table.keys)
    counted = database.execute(f"SELECT {keys}, count(*) FROM {cut} GROUP BY ALL ORDER BY ALL").fetchall()  # noqa: S608 - our own names
    arrays = database.execute(_columns_sql(source, cut)).fetchnumpy()
    return Rows(
        source=source,
        series=_series(counted),
        row=np.asarray(arrays.pop(ROW), dtype=np.int64),
        time_ms=np.asarray(arrays.pop("moment"), dtype=np.int64),
        numbers={name: np.asarray(values, dtype=np.float64) for name, values in arrays.items()},
    )


def cut_rows(
    database: duckdb.DuckDBPyConnection, source: Source, symbols: tuple[str, ...], as_of_ms: Milliseconds
) -> str:
    """Keep the rows of these symbols that were known by as-of, as a table; give its name."""
    known = f"({source.known_at()})"
    # Rows that cannot be placed in time, or lie beyond any calendar, stay in: they are mistakes to report.
    placed = f"{known} IS NULL OR {known} <= {as_of_ms} OR {known} >= {LATEST_MS}"
    asked = "symbol IS NULL OR symbol IN (SELECT unnest(CAST(? AS VARCHAR[])))"
    cut = f"{source.table.name}_cut"
    database.execute(
        f"CREATE TEMP TABLE {cut} AS SELECT * FROM {source.table.name} "  # noqa: S608 - our own names
        f"WHERE ({asked}) AND ({placed}) {_last_only(source)}",
        [list(symbols)],
    )
    return cut


def _columns_sql(source: Source, cut: str) -> str:
    """Give the SQL for every column as numbers, sorted by keys, then by time; equal rows by their place in the file."""
    table = source.table
    columns = [column for column in (*table.numbers, *table.optional) if column in source.types]
    numbers = ", ".join(f"COALESCE({source.typed(column)}, CAST('NaN' AS DOUBLE)) AS {column}" for column in columns)
    time = "CAST(0 AS BIGINT)" if table.known_at == "date" else source.typed(table.moment)
    order = ", ".join([source.key(key) for key in table.keys] + [source.typed(name) for name in table.order])
    return f"SELECT {ROW}, {time} AS moment, {numbers} FROM {cut} ORDER BY {order}, {ROW}"  # noqa: S608 - our own names


def _series(counted: list[tuple[Any, ...]]) -> tuple[Series, ...]:
    """Turn (keys…, count) into runs of rows."""
    stops = np.cumsum([count for *_, count in counted], dtype=np.int64)
    return tuple(
        Series(keys=tuple(keys), start=int(stop) - count, stop=int(stop))
        for (*keys, count), stop in zip(counted, stops, strict=True)
    )


def _last_only(source: Source) -> str:
    """Keep the last snapshot alone where the table holds snapshots of many rows."""
    if not source.table.snapshot:
        return ""
    time = source.typed("time_ms")
    return f"QUALIFY {time} IS NULL OR {time} = max({time}) OVER (PARTITION BY {', '.join(source.table.snapshot)})"


def _unreadable_cells(database: duckdb.DuckDBPyConnection, source: Source, cut: str) -> list[str]:
    """List the cells that cannot be read as what their column should hold, one line a column."""
    faults = [
        (column, fault)
        for column in (*source.table.required, *source.table.optional)
        if column in source.types and (fault := _fault_sql(source, column))
    ]
    found = ", ".join(
        f"count(*) FILTER ({fault}), min({ROW}) FILTER ({fault}), arg_min({column}, {ROW}) FILTER ({fault})"
        for column, fault in faults
    )
    cells = database.execute(f"SELECT {found} FROM {cut}").fetchall()[0]  # noqa: S608 - our own names
    lines = []
    for place, (column, _) in enumerate(faults):
        count, row, value = cells[3 * place : 3 * place + 3]
        if count:
            shown = "nothing" if value in (None, "") else f"`{value}`"
            lines.append(
                f"{source.file}: row {row}{also(count)}: {column} is {shown}; {_wanted(source.table, column)}."
            )
    return lines


def _fault_sql(source: Source, column: str) -> str:
    """Give the SQL condition under which a cell of a column is unreadable, or "" when it cannot be."""
    match source.table.kind(column):
        case Kind.TEXT if column == "interval":
            return f"{source.bar_length()} IS NULL"
        case Kind.TEXT:
            return f"COALESCE(CAST({column} AS VARCHAR), '') = ''"
        case Kind.TIME | Kind.DATE:
            return f"{source.typed(column)} IS NULL"
        case Kind.NUMBER:
            unread = f"{column} IS NOT NULL AND {source.typed(column)} IS NULL"
            return unread if source.types[column] == "VARCHAR" else ""


def _wanted(table: TableFormat, column: str) -> str:
    """Say what a cell should have held."""
    if column == "interval":
        return "write the length of the bar as 1m, 5m, 1h, 4h or 1d"
    return f"the column must hold {WANTED[table.kind(column)]}. Correct or remove the row"


def also(count: int) -> str:
    """Say how many more rows share a fault: "" or " and 3 more"."""
    return f" and {count - 1} more" if count > 1 else ""
