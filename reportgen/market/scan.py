"""Reading the rows of an opened table up to as-of, as typed columns.

`market/files.py` walks the tables of a folder through here. What the cells say is judged next, in
`market/border.py`; here a cell is refused only when it cannot be read as what its column declares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np

from reportgen.errors import DataError
from reportgen.market.opening import LATEST_MS, ROW, WANTED, Source
from reportgen.market.tables import Kind, TableFormat
from reportgen.units import Bools, Floats, Ints, Milliseconds


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
