"""The rows of an opened table up to as-of, as typed columns.

What the cells say is judged next, in `market/folder/validate.py`; here a row is left out, or the table refused, only
when a cell cannot be read as what its column declares.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from reportgen.errors import DataError
from reportgen.market.folder.files import LATEST_MS, ROW, WANTED, Source
from reportgen.market.folder.tables import Kind, TableFormat
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
        bar_ms: Length of a bar; 0 for a table without intervals.
    """

    keys: tuple[str, ...]
    start: int
    stop: int
    bar_ms: Milliseconds = 0

    @property
    def rows(self) -> slice:
        """The rows as a slice."""
        return slice(self.start, self.stop)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """A table up to as-of, sorted by keys, then by time.

    Attributes:
        file: Where from. table: what it holds. series: the runs. row: shape (n,), 1-based data row of the file.
        time_ms: Shape (n,); zeros for a table without times. numbers: by column, shape (n,), NaN where a cell is empty.
        notes: Sentences on rows that could not be read.
    """

    file: str
    table: TableFormat
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
        before = np.concatenate([[0], np.cumsum(keep)]).tolist()
        moved = (replace(each, start=before[each.start], stop=before[each.stop]) for each in self.series)
        return replace(
            self,
            series=tuple(each for each in moved if each.stop > each.start),
            row=self.row[keep],
            time_ms=self.time_ms[keep],
            numbers={name: values[keep] for name, values in self.numbers.items()},
        )

    def but(self, numbers: Mapping[str, Floats]) -> Rows:
        """Put other numbers in, shape (n,) each."""
        return replace(self, numbers={**self.numbers, **numbers})


def newest_close(source: Source, symbols: tuple[str, ...] | None) -> Milliseconds | None:
    """Find the last bar close of these symbols, of all for None; or None when they have no bars."""
    asked = list(symbols) if symbols is not None else None
    known = source.known_at()
    sql = f"SELECT max({known}) FROM {source.table.name} WHERE {known} < {LATEST_MS}"
    newest = source.ask(f"{sql} AND (? IS NULL OR list_contains(?, symbol))", [asked, asked])[0][0]
    return None if newest is None else int(newest)


def known_symbols(source: Source, as_of_ms: Milliseconds | None) -> tuple[str, ...]:
    """List the symbols that have at least one row by as-of, sorted; at any time for None."""
    limit = LATEST_MS if as_of_ms is None else as_of_ms
    sql = f"SELECT DISTINCT symbol FROM {source.table.name} WHERE {source.known_at()} <= ? AND symbol IS NOT NULL"
    return tuple(sorted(name for (name,) in source.ask(sql, [limit])))


def read_rows(
    source: Source, symbols: tuple[str, ...] | None, as_of_ms: Milliseconds, *, few: float = SHARE_LEFT_OUT
) -> Rows:
    """Read the rows of these symbols that were known by as-of; a few that cannot be read are left out and noted.

    Args:
        source: The table.
        symbols: Unified; None reads all.
        as_of_ms: Later rows are left out.
        few: Share of the rows that may be left out.

    Raises:
        DataError: Cells cannot be read as what their column should hold; names the first row of each column.
    """
    cut = cut_rows(source, symbols, as_of_ms)
    unread, notes = _unread_rows(source, cut, few)
    table = source.table
    where = f"WHERE NOT ({unread})" if notes else ""
    keys = ", ".join(f"{source.key(key)} AS {key}" for key in table.keys)
    counted = source.ask(f"SELECT {keys}, count(*) FROM {cut} {where} GROUP BY ALL ORDER BY ALL")
    present = [column for column in (*table.numbers, *table.optional) if column in source.types]
    numbers = ", ".join(f"COALESCE({source.typed(column)}, CAST('NaN' AS DOUBLE)) AS {column}" for column in present)
    time = "CAST(0 AS BIGINT)" if table.known_at == "date" else source.typed(table.moment)
    # Equal rows stay in the order of the file.
    order = ", ".join([source.key(key) for key in table.keys] + [source.typed(name) for name in table.order])
    placed = f"{table.name}_placed"
    source.ask(
        f"CREATE TEMP TABLE {placed} AS SELECT {ROW}, {time} AS moment, {numbers} FROM {cut} {where} "
        f"ORDER BY {order}, {ROW}"
    )
    source.ask(f"DROP TABLE {cut}")
    # Column by column: a whole answer would stand in memory twice.
    arrays = {
        column: source.database.execute(f"SELECT {column} FROM {placed}").fetchnumpy()[column]
        for column in (ROW, "moment", *present)
    }
    source.ask(f"DROP TABLE {placed}")
    series, start = [], 0
    for *values, count in counted:
        text = values[table.keys.index("interval")] if "interval" in table.keys else ""
        series.append(Series(keys=tuple(values), start=start, stop=start + count, bar_ms=source.intervals.get(text, 0)))
        start += count
    return Rows(
        file=source.file,
        table=table,
        series=tuple(series),
        row=np.asarray(arrays.pop(ROW), dtype=np.int64),
        time_ms=np.asarray(arrays.pop("moment"), dtype=np.int64),
        numbers={name: np.asarray(values, dtype=np.float64) for name, values in arrays.items()},
        notes=(*source.notes, *notes),
    )


def cut_rows(source: Source, symbols: tuple[str, ...] | None, as_of_ms: Milliseconds) -> str:
    """Keep the rows of these symbols, of all for None, that were known by as-of, as a table; give its name."""
    known = f"({source.known_at()})"
    # Rows that cannot be placed in time, or lie beyond any calendar, stay in: they are mistakes to report.
    placed = f"{known} IS NULL OR {known} <= {as_of_ms} OR {known} >= {LATEST_MS}"
    asked = "CAST(? AS VARCHAR[]) IS NULL OR symbol IS NULL OR symbol IN (SELECT unnest(CAST(? AS VARCHAR[])))"
    newest = ""
    if source.table.snapshot:
        time = source.typed("time_ms")
        newest = (
            f"QUALIFY {time} IS NULL OR {time} = max({time}) OVER (PARTITION BY {', '.join(source.table.snapshot)})"
        )
    name = source.table.name
    wanted = None if symbols is None else list(symbols)
    sql = f"CREATE TEMP TABLE {name}_cut AS SELECT * FROM {name} WHERE ({asked}) AND ({placed}) {newest}"
    source.ask(sql, [wanted, wanted])
    return f"{name}_cut"


def _unread_rows(source: Source, cut: str, few: float) -> tuple[str, tuple[str, ...]]:
    """Give the SQL that finds rows with a cell that cannot be read, and a note on each column that has some.

    Raises:
        DataError: They are too many to be left out, or times lost their last digits.
    """
    faults: dict[str, str] = {}
    for column in (*source.table.required, *source.table.optional):
        kind, held = source.table.kind(column), source.types.get(column)
        if kind is Kind.TEXT:
            void = f"COALESCE(CAST({column} AS VARCHAR), '') = ''"
            faults[column] = f"{source.bar_length()} IS NULL" if column == "interval" else void
        elif kind is not Kind.NUMBER or held == "VARCHAR":
            given = f"{column} IS NOT NULL AND " if kind is Kind.NUMBER else ""
            faults[column] = f"{given}{source.typed(column)} IS NULL"
    found = ", ".join(
        f"count(*) FILTER ({fault}), min({ROW}) FILTER ({fault}), arg_min({column}, {ROW}) FILTER ({fault})"
        for column, fault in faults.items()
    )
    unread = " OR ".join(f"({fault})" for fault in faults.values())
    rows, bad, *cells = source.ask(f"SELECT count(*), count(*) FILTER ({unread}), {found} FROM {cut}")[0]
    lines, notes, shortened = [], [], False
    for place, column in enumerate(faults):
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
        notes.append(f"{source.table.says.capitalize()}: {counted_rows(count)} left out: {column} is {shown}.")
    if lines and (shortened or bad > few * rows):
        raise DataError("\n".join(lines))
    return unread, tuple(notes)


def also(count: int) -> str:
    """Say how many more rows share a fault: "" or " and 3 more"."""
    return f" and {count - 1} more" if count > 1 else ""


def counted_rows(count: int) -> str:
    """Write how many rows: "1 row", "3 rows"."""
    return "1 row" if count == 1 else f"{count} rows"
