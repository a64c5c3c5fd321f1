"""Writing tables of a market folder: the simulator's script and `fetch` make folders that `market/files.py` reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from reportgen.errors import UsageError

_FORMATS = {".parquet": "FORMAT parquet, COMPRESSION zstd", ".csv": "FORMAT csv, HEADER true"}


def write_table(path: Path, columns: Mapping[str, NDArray[Any] | Sequence[Any]]) -> None:
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
    database.execute(f"COPY (SELECT * FROM {relation}) TO '{target}' ({_FORMATS[path.suffix]})")  # noqa: S608 - COPY takes no parameters


def plain(values: NDArray[Any] | Sequence[Any]) -> NDArray[Any]:
    """Give duckdb an array that it knows: text as objects, numbers as they are."""
    array = np.asarray(values)
    return array.astype(object) if array.dtype.kind == "U" else array
