"""SQL over the snapshots: each table is a view by its name, and nothing else can be read or written.

Rows are loaded into memory first; then the database is locked: no files, no network, no settings.

    zones        the last revision of each day          zones_all    every revision
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reportgen.delivery.archive.rows import FOLDER, KEYS, TABLES, database_of
from reportgen.delivery.archive.store import FolderStore, Store
from reportgen.errors import DataError, UsageError

if TYPE_CHECKING:
    import duckdb


_ROWS: Final = "read_parquet($files, hive_partitioning = true, hive_types = {'date': DATE}, union_by_name = true)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a query gives. columns: their names. rows: values as Python has them, None for NULL."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def run_query(store: Store, sql: str) -> Answer:
    """Answer one SELECT over the tables of an archive.

    Args:
        store: The archive.
        sql: One statement of DuckDB's SQL.

    Raises:
        UsageError: Not one SELECT, or not SQL; says what the database found.
        DataError: A file of rows is damaged; names it.
    """
    import duckdb

    with database_of({}) as database, tempfile.TemporaryDirectory(prefix="reportgen-") as scratch:
        try:
            statements = duckdb.extract_statements(sql)
        except duckdb.Error as error:
            raise UsageError(_sentence(error)) from error
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise UsageError("A query is one SELECT. Put the others into queries of their own; nothing can be changed.")
        for table in TABLES:
            _load(database, store, table, Path(scratch), wanted=table in sql.lower())
        database.execute("DROP VIEW one; DROP TABLE brief; DROP TABLE given; RESET threads")
        # Where it may spill it may also read: an empty folder of its own, never ./.tmp of the working directory.
        spill = str(Path(scratch) / "spill").replace("'", "''")
        database.execute(f"SET temp_directory = '{spill}'")
        database.execute("SET enable_external_access = false")
        database.execute("SET lock_configuration = true")
        try:
            found = database.execute(sql)
            columns = tuple(str(column[0]) for column in found.description or ())
            return Answer(columns=columns, rows=tuple(found.fetchall()))
        except duckdb.Error as error:
            raise UsageError(_sentence(error)) from error


def _load(database: duckdb.DuckDBPyConnection, store: Store, table: str, scratch: Path, *, wanted: bool) -> None:
    """Make a table and its view; one whose name the query does not hold stays empty and costs nothing."""
    import duckdb

    database.execute(
        f"CREATE TABLE {table}_all AS SELECT NULL::DATE AS date, * FROM (SELECT {KEYS}, {TABLES[table]})"  # noqa: S608 - own names
    )
    paths = sorted(path for path in store.files(f"{FOLDER}/{table}") if path.endswith(".parquet")) if wanted else []
    files = list(_local(store, paths, scratch))
    try:
        if files:
            sql = f"INSERT INTO {table}_all BY NAME SELECT * FROM {_ROWS} ORDER BY date, revision"  # noqa: S608 - own names
            database.execute(sql, {"files": files})
    except duckdb.Error as error:
        # Find the first file that cannot be read, by its path in the archive.
        import duckdb

        named, fault = f"{FOLDER}/{table}", "some of its files do not hold the columns of this table"
        for path, file in dict(zip(paths, files, strict=True)).items():
            with duckdb.connect(":memory:") as alone:
                try:
                    alone.execute(f"CREATE TABLE rows AS SELECT * FROM {_ROWS}", {"files": [file]})  # noqa: S608 - own text
                except duckdb.Error:
                    named, fault = path, "is damaged"
                    break
        raise DataError(
            f"{store.path(named)}: {fault}. Restore it, and see what else with `reportgen archive verify`."
        ) from error
    last = f"SELECT date, max(revision) FROM {table}_all GROUP BY date"  # noqa: S608 - own names
    database.execute(f"CREATE VIEW {table} AS SELECT * FROM {table}_all WHERE (date, revision) IN ({last})")  # noqa: S608


def _local(store: Store, paths: Iterable[str], scratch: Path) -> Iterator[str]:
    """Name files on this machine; those of a remote archive are fetched first."""
    for path in paths:
        if isinstance(store, FolderStore):
            yield store.path(path)
        elif (content := store.read(path)) is not None:
            target = scratch / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            yield str(target)


def _sentence(error: Exception) -> str:
    """Say what the database found wrong, on one line, with the tables there are."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = " ".join(line for line in lines if not line.startswith(("LINE ", "^")))
    place = next((line for line in lines if line.startswith("LINE ")), "")
    return f"{said.rstrip('.')}. {f'At: {place} ' if place else ''}Tables: {', '.join(TABLES)}."
