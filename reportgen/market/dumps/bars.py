"""Prices and trades become bars of a minute.

Trades are millions of rows a day, so duckdb reads their file and they are never held as text.
"""

from __future__ import annotations

import glob
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pandas as pd

from reportgen.market.dumps.cells import DumpError
from reportgen.market.folder.append import Columns
from reportgen.market.folder.files import open_database
from reportgen.units import HOUR_MS, Floats, Ints

MINUTE_MS: Final = HOUR_MS // 60


def minute_bars(times: Ints, price: Floats) -> tuple[Ints, Floats, Floats, Floats, Floats]:
    """Make bars of a minute from ticks, shape (n,) each, in the order of time; minutes without a tick have no bar.

    Returns:
        Open time, open, high, low and close, shape (bars,) each.
    """
    found = pd.Series(price).groupby(times // MINUTE_MS).agg(["first", "max", "min", "last"])
    first, high, low, last = (found[name].to_numpy(np.float64) for name in ("first", "max", "min", "last"))
    return found.index.to_numpy(np.int64) * MINUTE_MS, first, high, low, last


_TYPES: Final = {
    "exchange": "VARCHAR", "symbol": "VARCHAR", "timestamp": "BIGINT", "local_timestamp": "BIGINT", "id": "VARCHAR",
    "side": "VARCHAR", "price": "DOUBLE", "amount": "DOUBLE",
}  # fmt: skip
_MINUTE_MICROSECONDS: Final = 60_000_000
_EARLIEST, _LATEST = 10**14, 10**17
"""1973 and 5138 in microseconds."""


_KEPT: Final = (
    "(SELECT timestamp, side, price, amount, min(place) AS place FROM trades WHERE exchange = ? AND symbol = ? "
    "GROUP BY timestamp, local_timestamp, id, side, price, amount)"
)
_BARS: Final = (
    f"SELECT timestamp // {_MINUTE_MICROSECONDS} * {_MINUTE_MICROSECONDS // 1000} AS open_time_ms, "
    "arg_min(price, moment) AS open, max(price) AS high, min(price) AS low, arg_max(price, moment) AS close, "
    "sum(amount) AS volume_base, COALESCE(sum(amount) FILTER (side = 'buy'), 0) AS taker_buy_base "
    "FROM (SELECT *, CAST(timestamp AS HUGEINT) * 1000000000 + place AS moment "
    f"FROM {_KEPT} ORDER BY place) GROUP BY 1 ORDER BY 1"
)
_COUNTS: Final = f"SELECT count(*), count(*) FILTER (side IN ('buy', 'sell')) FROM {_KEPT}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TradeBars:
    """Bars of a minute of one market.

    Attributes:
        exchange, symbol: as the file names them. rows: of its trades. repeated: of them, word for word again.
        columns: interval, open_time_ms, open, high, low, close, volume_base, and taker_buy_base where every trade tells
            its side.
    """

    exchange: str
    symbol: str
    rows: int
    repeated: int
    columns: Columns


def trade_bars(path: Path, name: str, header: list[str]) -> tuple[TradeBars, ...]:
    """Make the bars of a file of trades in plain CSV, market by market; errors call it by its name.

    Raises:
        DumpError: A row cannot be read.
    """
    names = ", ".join(f"'{column}': '{_TYPES.get(column, 'VARCHAR')}'" for column in header)
    quoted = glob.escape(str(path)).replace("'", "''")
    with open_database() as database:
        database.execute("SET threads TO 1")  # sums of floats depend on their order
        try:
            database.execute(
                "CREATE TEMP TABLE trades AS SELECT *, row_number() OVER () AS place "
                f"FROM read_csv('{quoted}', columns = {{{names}}}, auto_detect = false, header = true, delim = ',')"
            )
        except duckdb.Error as error:
            line = re.search(r"Line: (\d+)", str(error))
            cell = re.search(r'converting column "(\w+)"\. Could not convert string "([^"]{0,40})', str(error))
            what = f"{cell[1]} is `{cell[2]}`; it must hold a number" if cell else "cannot be parsed"
            raise DumpError(f"{name}{f':{line[1]}' if line else ''}: {what}. Download the file again.") from error
        bad = database.execute(
            "SELECT min(place), arg_min(timestamp, place), arg_min(price, place), arg_min(amount, place) FROM trades "
            f"WHERE timestamp IS NULL OR timestamp < {_EARLIEST} OR timestamp >= {_LATEST} OR price IS NULL "
            "OR price <= 0 OR NOT isfinite(price) OR amount IS NULL OR amount < 0 OR NOT isfinite(amount)"
        ).fetchall()[0]
        if bad[0] is not None:
            said = f"timestamp {bad[1]}, price {bad[2]}, amount {bad[3]}"
            raise DumpError(f"{name}:{bad[0] + 1}: {said}: no trade in microseconds. Download the file again.")
        markets = database.execute(
            "SELECT exchange, symbol, count(*) FROM trades WHERE exchange IS NOT NULL AND symbol IS NOT NULL "
            "GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()
        found = []
        for exchange, symbol, rows in markets:
            bars = database.execute(_BARS, [exchange, symbol]).df()
            kept, sided = database.execute(_COUNTS, [exchange, symbol]).fetchall()[0]
            told = bars if sided == kept else bars.drop(columns="taker_buy_base")
            columns: dict[str, Any] = {"interval": ["1m"] * len(told)}
            columns |= {str(name): told[name].to_numpy() for name in told}
            found.append(TradeBars(exchange=exchange, symbol=symbol, rows=rows, repeated=rows - kept, columns=columns))
        return tuple(found)
