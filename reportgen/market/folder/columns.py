"""The rows of an opened table up to as-of, as typed columns.

What the cells say is judged next, in `market/folder/validate.py`; here a row is left out, or the table refused, only
when a cell cannot be read as what its column declares.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import duckdb
import numpy as np

from reportgen.errors import DataError
from reportgen.market.folder.files import LATEST_MS, ROW, WANTED, Source, ask_table
from reportgen.market.folder.tables import Kind
from reportgen.units import Bools, Floats, Ints, Milliseconds

EARLIEST_MS: Final = 10**11
"""1973 in milliseconds: smaller numbers are seconds."""

SHARE_LEFT_OUT: Final = 0.02
"""Share of a series' rows up to which impossible ones are left out and counted; beyond it the table is refused."""


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
        notes: Sentences on rows that could not be read.
    """

    source: Source
    series: tuple[Series, ...]
    row: Ints
    time_ms: Ints
    numbers: Mapping[str, Floats]
    notes: tuple[str, ...] = ()

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

    def only(self, keep: Bools) -> Rows:
        """Keep some rows, shape (n,), True to keep; series without any are gone."""
        if keep.all():
            return self
        before = np.concatenate([[0], np.cumsum(keep)])
        return Rows(
            source=self.source,
            series=tuple(
                Series(keys=each.keys, start=int(before[each.start]), stop=int(before[each.stop]))
                for each in self.series
                if before[each.stop] > before[each.start]
            ),
            row=self.row[keep],
            time_ms=self.time_ms[keep],
            numbers={name: values[keep] for name, values in self.numbers.items()},
            notes=self.notes,
        )


def newest_close(
    database: duckdb.DuckDBPyConnection, source: Source, symbols: tuple[str, ...] | None
) -> Milliseconds | None:
    """Find the last bar close of these symbols, of all for None; or None when they have no bars."""
    sql = f"SELECT max({source.known_at()}) FROM {source.table.name} WHERE {source.known_at()} < {LATEST_MS}"  # noqa: S608 - our own names
    asked = list(symbols) if symbols is not None else None
    sql += " AND (? IS NULL OR list_contains(?, symbol))"
    newest = ask_table(database, source.file, sql, [asked, asked]).fetchall()[0][0]
    return None if newest is None else int(newest)


def known_symbols(
    database: duckdb.DuckDBPyConnection, source: Source, as_of_ms: Milliseconds | None
) -> tuple[str, ...]:
    """List the symbols that have at least one row by as-of, sorted."""
    limit = LATEST_MS if as_of_ms is None else as_of_ms
    sql = f"SELECT DISTINCT symbol FROM {source.table.name} WHERE {source.known_at()} <= ? AND symbol IS NOT NULL"  # noqa: S608 - our own names
    return tuple(sorted(name for (name,) in ask_table(database, source.file, sql, [limit]).fetchall()))


def read_rows(
    database: duckdb.DuckDBPyConnection,
    source: Source,
    symbols: tuple[str, ...],
    as_of_ms: Milliseconds,
    *,
    few: float = SHARE_LEFT_OUT,
) -> Rows:
    """Read the rows of these symbols that were known by as-of; a few that cannot be read are left out and noted.

    Args:
        database: Where the table is open.
        source: The table.
        symbols: Unified.
        as_of_ms: Later rows are left out.
        few: Share of the rows that may be left out.

    Raises:
        DataError: Cells cannot be read as what their column should hold; names the first row of each column.
    """
    cut = cut_rows(database, source, symbols, as_of_ms)
    unread, notes = _unread_rows(database, source, cut, few)
    table = source.table
    where = f"WHERE NOT ({unread})" if notes else ""
    keys = ", ".join(f"{source.key(key)} AS {key}" for key in table.keys)
    counted = database.execute(f"SELECT {keys}, count(*) FROM {cut} {where} GROUP BY ALL ORDER BY ALL").fetchall()  # noqa: S608 - our own names
    present = [column for column in (*table.numbers, *table.optional) if column in source.types]
    numbers = ", ".join(f"COALESCE({source.typed(column)}, CAST('NaN' AS DOUBLE)) AS {column}" for column in present)
    time = "CAST(0 AS BIGINT)" if table.known_at == "date" else source.typed(table.moment)
    # Equal rows stay in the order of the file.
    order = ", ".join([source.key(key) for key in table.keys] + [source.typed(name) for name in table.order])
    arrays = database.execute(
        f"SELECT {ROW}, {time} AS moment, {numbers} FROM {cut} {where} ORDER BY {order}, {ROW}"  # noqa: S608 - our own names
    ).fetchnumpy()
    stops = np.cumsum([count for *_, count in counted], dtype=np.int64)
    return Rows(
        source=source,
        series=tuple(
            Series(keys=tuple(keys), start=int(stop) - count, stop=int(stop))
            for (*keys, count), stop in zip(counted, stops, strict=True)
        ),
        row=np.asarray(arrays.pop(ROW), dtype=np.int64),
        time_ms=np.asarray(arrays.pop("moment"), dtype=np.int64),
        numbers={name: np.asarray(values, dtype=np.float64) for name, values in arrays.items()},
        notes=(*source.notes, *notes),
    )


def cut_rows(
    database: duckdb.DuckDBPyConnection, source: Source, symbols: tuple[str, ...], as_of_ms: Milliseconds
) -> str:
    """Keep the rows of these symbols that were known by as-of, as a table; give its name."""
    known = f"({source.known_at()})"
    # Rows that cannot be placed in time, or lie beyond any calendar, stay in: they are mistakes to report.
    placed = f"{known} IS NULL OR {known} <= {as_of_ms} OR {known} >= {LATEST_MS}"
    asked = "symbol IS NULL OR symbol IN (SELECT unnest(CAST(? AS VARCHAR[])))"
    last_only = ""
    if source.table.snapshot:
        time = source.typed("time_ms")
        snapshot = ", ".join(source.table.snapshot)
        last_only = f"QUALIFY {time} IS NULL OR {time} = max({time}) OVER (PARTITION BY {snapshot})"
    cut = f"{source.table.name}_cut"
    ask_table(
        database,
        source.file,
        f"CREATE TEMP TABLE {cut} AS SELECT * FROM {source.table.name} WHERE ({asked}) AND ({placed}) {last_only}",  # noqa: S608 - our own names
        [list(symbols)],
    )
    return cut


def _unread_rows(
    database: duckdb.DuckDBPyConnection, source: Source, cut: str, few: float
) -> tuple[str, tuple[str, ...]]:
    """Give the SQL that finds rows with a cell that cannot be read, and a note on each column that has some.

    Raises:
        DataError: They are too many to be left out, or times lost their last digits.
    """
    faults = [
        (column, fault)
        for column in (*source.table.required, *source.table.optional)
        if column in source.types and (fault := _fault_sql(source, column))
    ]
    found = ", ".join(
        f"count(*) FILTER ({fault}), min({ROW}) FILTER ({fault}), arg_min({column}, {ROW}) FILTER ({fault})"
        for column, fault in faults
    )
    unread = " OR ".join(f"({fault})" for _, fault in faults)
    sql = f"SELECT count(*), count(*) FILTER ({unread}), {found} FROM {cut}"  # noqa: S608 - our own names
    rows, bad, *cells = database.execute(sql).fetchall()[0]
    lines, notes, shortened = [], [], False
    for place, (column, _) in enumerate(faults):
        count, row, value = cells[3 * place : 3 * place + 3]
        if not count:
            continue
        kind = source.table.kind(column)
        shown = "nothing" if value in (None, "") else f"`{str(value)[:40]}`"
        wanted = f"the column must hold {WANTED[kind]}. Correct or remove the row"
        if column == "interval":
            wanted = "write the length of the bar as 1m, 5m, 1h, 4h or 1d"
        elif kind is Kind.TIME and re.fullmatch(r"[\d.,]+[eE]\+?\d+", str(value)):
            shortened = True
            wanted = "a spreadsheet cut its last digits. Show the column as whole numbers and export again"
        lines.append(f"{source.file}: row {row}{also(count)}: {column} is {shown}; {wanted}.")
        kept_out = "1 row" if count == 1 else f"{count} rows"
        notes.append(f"{source.table.says.capitalize()}: {kept_out} left out: {column} is {shown}.")
    if lines and (shortened or bad > few * rows):
        raise DataError("\n".join(lines))
    return unread, tuple(notes)


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


def also(count: int) -> str:
    """Say how many more rows share a fault: "" or " and 3 more"."""
    return f" and {count - 1} more" if count > 1 else ""
