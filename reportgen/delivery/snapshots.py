"""Each brief's rows for analysis, as Parquet: snapshots/TABLE/date=YYYY-MM-DD/r1.parquet.

Stands between a brief's facts and the transaction. What is missing is NULL, never zero; the same brief gives the same
bytes. `query.py` reads them with SQL, and so does anything that knows Hive partitions.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from reportgen.delivery.facts import BriefFacts
from reportgen.delivery.layout import Shelf
from reportgen.delivery.snapshot_rows import KEY_COLUMNS, TABLES, Row, rows_of

FOLDER: Final = "snapshots"


def snapshot_path(table: str, shelf: Shelf) -> str:
    """Name the file of a brief's rows in one table."""
    return f"{FOLDER}/{table}/date={shelf.day}/r{shelf.revision}.parquet"


def snapshot_files(facts: BriefFacts, shelf: Shelf) -> dict[str, bytes]:
    """Write a brief's rows, one Parquet file a table.

    Args:
        facts: What the brief says.
        shelf: Where it stands; each row carries its date (as the partition), its revision and its folder.

    Returns:
        Bytes by path; a table in which the brief has no row has no file.
    """
    tables = rows_of(facts)
    keys: Row = {"as_of": facts.as_of, "revision": shelf.revision, "brief": shelf.folder}
    filled = {name: [{**keys, **row} for row in rows] for name, rows in tables.items() if rows}
    written = _parquet(filled)
    return {snapshot_path(name, shelf): content for name, content in written.items()}


def _parquet(tables: Mapping[str, Sequence[Row]]) -> dict[str, bytes]:
    """Turn rows into Parquet bytes, by way of a scratch folder."""
    import duckdb  # noqa: PLC0415 - heavy, and most of what imports this module only names paths

    written = {}
    # One thread: the order of rows, and with it the bytes, must not depend on the machine.
    with (
        tempfile.TemporaryDirectory(prefix="reportgen-") as scratch,
        duckdb.connect(":memory:", config={"threads": 1}) as database,
    ):
        source, target = Path(scratch) / "rows.json", Path(scratch) / "rows.parquet"
        for name, rows in tables.items():
            source.write_text("\n".join(json.dumps(row, allow_nan=False) for row in rows), encoding="utf-8")
            typed = ", ".join(f"{column}: '{kind}'" for column, kind in {**KEY_COLUMNS, **TABLES[name]}.items())
            read = f"read_json('{_quoted(source)}', format = 'newline_delimited', columns = {{{typed}}})"
            copy = f"COPY (SELECT * FROM {read}) TO '{_quoted(target)}' (FORMAT parquet, COMPRESSION zstd)"  # noqa: S608 - own names
            database.execute(copy)
            written[name] = target.read_bytes()
    return written


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
