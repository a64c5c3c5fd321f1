"""Writing the tables of a market folder, and adding rows to them: nothing twice, nothing half.

New rows join the table that is there, in CSV or Parquet as it is. A moment that the folder knows already keeps what it
says when dumps are added, and says the newer thing when exchanges were asked (`market/folder/keep.py`): venues
correct their
past. Every table is written beside its place, held against the rules, and only then are all of them put in place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeAlias

import duckdb
import numpy as np
from numpy.typing import NDArray

from reportgen.errors import DataError, UsageError
from reportgen.market.folder.columns import SHARE_LEFT_OUT, read_rows
from reportgen.market.folder.files import LATEST_MS, open_database, open_table, table_path
from reportgen.market.folder.tables import NEWEST_CLOSE, TABLES, Kind, TableFormat
from reportgen.market.folder.validate import checked
from reportgen.units import Ints

Columns: TypeAlias = Mapping[str, NDArray[Any] | Sequence[Any]]
"""Arrays or lists by column name, all of one length."""

_FORMATS = {".parquet": "FORMAT parquet, COMPRESSION zstd", ".csv": "FORMAT csv, HEADER true"}


def write_table(path: Path, columns: Columns) -> None:
    """Write one table as Parquet or CSV, by the suffix of its name; the same columns always give the same bytes.

    Args:
        path: `candles.parquet`, `funding.csv`, ….
        columns: Arrays or lists by column name, all of one length, in the order they shall stand in the file.

    Raises:
        UsageError: The suffix is neither `.parquet` nor `.csv`, or the columns differ in length.
    """
    if path.suffix not in _FORMATS:
        raise UsageError(f"{path.name}: a market table is written as .parquet or .csv.")
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1:
        raise UsageError(f"{path.name}: the columns differ in length.")
    arrays = {name: plain(values) for name, values in columns.items()}
    # One thread: the order of rows, and with it the bytes, must not depend on the machine.
    with duckdb.connect(":memory:", config={"threads": 1}) as database:
        database.register("columns_to_write", arrays)
        write_relation(database, "columns_to_write", path)


def write_relation(database: duckdb.DuckDBPyConnection, relation: str, path: Path) -> None:
    """Write a relation of a database that runs on one thread as Parquet or CSV, by the suffix of the file's name."""
    target = str(path).replace("'", "''")
    database.execute(f"COPY (SELECT * FROM {relation}) TO '{target}' ({_FORMATS[path.suffix.lower()]})")


def plain(values: NDArray[Any] | Sequence[Any]) -> NDArray[Any]:
    """Give duckdb an array that it knows: text as objects, numbers as they are."""
    array = np.asarray(values)
    return array.astype(object) if array.dtype.kind == "U" else array


_ADDED_TYPES: Final = {Kind.TIME: "BIGINT", Kind.NUMBER: "DOUBLE"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """New rows for one table of the market folder."""

    table: TableFormat
    columns: Columns

    def __len__(self) -> int:
        """Count the rows."""
        return len(next(iter(self.columns.values())))


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """What became of the new rows of one table.

    Attributes:
        table: Its name. path: the file. added: rows that are new. repeated: rows that the folder had, or that came
            twice. contradicted: of those, rows that said something else than what stays.
        total: rows that the table holds now.
    """

    table: str
    path: Path
    added: int
    repeated: int
    contradicted: int
    total: int


def append_to_folder(folder: Path, parts: Sequence[Part]) -> tuple[Appended, ...]:
    """Add rows to the tables of a market folder, all of them or none.

    Args:
        folder: Made when it is not there.
        parts: New rows; several may be for one table.

    Returns:
        One answer for each table that got any rows, in the folder's order.

    Raises:
        DataError: The folder's own tables cannot be read, or what would be written is impossible; nothing is changed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    staged: list[tuple[Path, Appended]] = []
    with TemporaryDirectory(prefix=".", dir=folder) as beside:
        for table in TABLES:
            if new := [part.columns for part in parts if part.table == table and len(part)]:
                path = place_of_table(folder, table)
                target = Path(beside) / f"{table.name}{path.suffix.lower()}"
                staged.append((target, merge(path, table, new, target)))
        for target, appended in staged:
            target.replace(appended.path)
    return tuple(appended for _, appended in staged)


def place_of_table(folder: Path, table: TableFormat) -> Path:
    """Give the file of a table in a folder: the one that is there, else the Parquet that would be made.

    Raises:
        DataError: It is there, and packed or in parts, so that nothing can be added to it.
    """
    path = table_path(folder, table.name) if folder.is_dir() else None
    if path and (path.is_dir() or path.suffix.lower() not in _FORMATS):
        what = "a folder of parts" if path.is_dir() else "packed"
        raise DataError(
            f"{path.name}: is {what}, so no rows can be added to it. Make one .parquet or .csv of it first."
        )
    return path or folder / f"{table.name}.parquet"


def merge(
    path: Path, table: TableFormat, new: Sequence[Columns], target: Path, *, newer_wins: bool = False
) -> Appended:
    """Write a table with new rows beside its old ones, both held against the rules.

    Args:
        path: The table as it stands; it may not be there. It is not changed.
        table: What it holds.
        new: New rows, as columns.
        target: Where the whole is written, in the format of its suffix.
        newer_wins: Whether new rows replace all that the table says of their series and moment, or give way to it.

    Raises:
        DataError: The table cannot be read, or what would be written is impossible.
    """
    if path.exists():
        judge(path, table, path.name, few=0)  # what cannot be read would be lost when the table is written anew
    with open_database() as database:
        appended = _join(database, table, path, new, newer_wins=newer_wins)
        write_relation(database, "merged", target)
    judge(target, table, path.name)
    return appended


def judge_part(part: Part, name: str) -> tuple[Part, int]:
    """Hold new rows against the rules before they join anything.

    Args:
        part: The rows.
        name: The file that they come from; errors name it, and rows as they stand in it once repeats are gone.

    Returns:
        The rows that can be true, and how many cannot.

    Raises:
        DataError: Too many are impossible.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{part.table.name}.parquet"
        write_table(path, part.columns)
        good = np.sort(judge(path, part.table, name)) - 1
    if len(good) == len(part):
        return part, 0
    columns = {column: np.asarray(values)[good] for column, values in part.columns.items()}
    return Part(table=part.table, columns=columns), len(part) - len(good)


def judge(path: Path, table: TableFormat, shown: str, *, few: float = SHARE_LEFT_OUT) -> Ints:
    """Hold a whole table file against the rules.

    Args:
        path: The file.
        table: What it holds.
        shown: What errors call it.
        few: Share of the rows that may be unreadable.

    Returns:
        The rows that can be true, counted from 1, in no order.

    Raises:
        DataError: It is unusable.
    """
    try:
        with open_database() as database:
            presumed = {column: value for column, value in table.presumed.items() if value != NEWEST_CLOSE}
            source = open_table(database, path, replace(table, snapshot=()), presumed)
            return checked(read_rows(source, None, LATEST_MS - 1, few=few))[0].row
    except DataError as error:
        raise DataError(str(error).replace(path.name, shown)) from error


def _join(
    database: duckdb.DuckDBPyConnection, table: TableFormat, path: Path, new: Sequence[Columns], *, newer_wins: bool
) -> Appended:
    """Put old and new rows into the relation `merged`, each moment once, sorted, and count them."""
    database.execute("SET threads TO 1")  # the order of rows, and with it the bytes, must not depend on the machine
    parts = []
    known = (*table.required, *table.optional)
    if path.exists():
        source = open_table(database, path, table)
        typed = {
            name: source.typed(name) if table.kind(name) in _ADDED_TYPES else source.key(name)
            for name in known
            if name in source.types
        }
        cells = (
            f"{_empty(table, name, typed[name])} AS {name}" if name in typed else f'"{name}"' for name in source.types
        )
        parts.append(f"SELECT {', '.join(cells)}, 0 AS age_ FROM {table.name}")
    for number, columns in enumerate(new):
        database.register(f"new_{number}", {name: plain(values) for name, values in columns.items()})
        if absent := [column for column in table.required if column not in columns]:
            raise DataError(f"{path.name}: the new rows have no column `{absent[0]}`, so they cannot be added to it.")
        types = {name: _ADDED_TYPES.get(table.kind(name), "VARCHAR") for name in columns if name in known}
        cells = (f"{_empty(table, name, f'CAST({name} AS {kind})')} AS {name}" for name, kind in types.items())
        parts.append(f"SELECT {', '.join(cells)}, 1 AS age_ FROM new_{number}")
    moment = tuple(dict.fromkeys((*table.keys, table.moment)))
    keys = ", ".join(dict.fromkeys((*moment, *table.order)))
    together = " UNION ALL BY NAME ".join(parts)
    if newer_wins and path.exists():
        # A whole list gives way to a whole list: brackets and books of one moment must not be mixed of two.
        fresh = " UNION ALL BY NAME ".join(parts[1:])
        kept = f"SELECT * FROM ({parts[0]}) ANTI JOIN ({fresh}) USING ({', '.join(moment)})"
        together = f"{kept} UNION ALL BY NAME {fresh}"
    wins = "place_ DESC" if newer_wins else "age_, place_"
    database.execute(
        "CREATE TEMP TABLE ranked AS SELECT *, "
        f"row_number() OVER (PARTITION BY {keys} ORDER BY {wins}) AS nth_ "
        f"FROM (SELECT *, row_number() OVER () AS place_ FROM ({together}))"
    )
    database.execute(
        f"CREATE TEMP VIEW merged AS SELECT * EXCLUDE (age_, place_, nth_) FROM ranked WHERE nth_ = 1 ORDER BY {keys}"
    )
    has = {name for name, *_ in database.execute("DESCRIBE ranked").fetchall()}
    numbers = [name for name in (*table.numbers, *table.optional) if name in has]
    first = "".join(f", first_value({name}) OVER same AS {name}_first" for name in numbers)
    nan = "CAST('nan' AS DOUBLE)"
    differ = " OR ".join(f"COALESCE({name}, {nan}) <> COALESCE({name}_first, {nan})" for name in numbers) or "false"
    added, repeated, contradicted, total = database.execute(
        "SELECT count(*) FILTER (age_ = 1 AND nth_ = 1), count(*) FILTER (age_ = 1 AND nth_ > 1), "
        f"count(*) FILTER (age_ = 1 AND nth_ > 1 AND ({differ})), count(*) FILTER (nth_ = 1) "
        f"FROM (SELECT *{first} FROM ranked WINDOW same AS (PARTITION BY {keys} ORDER BY nth_))"
    ).fetchall()[0]
    return Appended(table=table.name, path=path, added=added, repeated=repeated, contradicted=contradicted, total=total)


def _empty(table: TableFormat, column: str, cell: str) -> str:
    """Give the SQL of a cell that is NULL where it is empty: empty text, or no number where there need be none."""
    if table.kind(column) is Kind.NUMBER and column in table.optional:
        return f"CASE WHEN isnan({cell}) THEN NULL ELSE {cell} END"
    return cell if table.kind(column) in _ADDED_TYPES else f"NULLIF({cell}, '')"
