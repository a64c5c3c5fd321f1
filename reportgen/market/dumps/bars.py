"""Events into bars: liquidation orders by the hour, prices and trades by the minute.

Trades are millions of rows a day, so duckdb reads their file and they are never held as text.
"""

from __future__ import annotations

import glob
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import numpy as np

from reportgen.market.dumps.cells import Column, Columns, DumpError
from reportgen.market.folder.files import open_database
from reportgen.units import HOUR_MS, Bools, Floats, Ints, Milliseconds

MINUTE_MS: Final = HOUR_MS // 60


def hourly_liquidations(
    times: Ints,
    notional: Floats,
    is_long: Bools,
    *,
    venue: str,
    symbol: str,
    whole: tuple[Milliseconds, Milliseconds] | None,
) -> Columns:
    """Add orders up by the hour.

    Args:
        times: Shape (n,). notional: shape (n,), quote currency. is_long: shape (n,), the side that was liquidated.
        notional: As above.
        is_long: As above.
        venue: Whose.
        symbol: Of what.
        whole: The span that the source covers, so that its quiet hours are zeros; from the first order to the last
            when it is not known.

    Returns:
        Columns of `liquidations`.
    """
    hours = times // HOUR_MS
    if whole is not None:
        first, count = whole[0] // HOUR_MS, (whole[1] - whole[0]) // HOUR_MS
        first = min(first, int(hours.min(initial=first)))
        count = max(count, int(hours.max(initial=first)) - first + 1)
    elif len(hours):
        first, count = int(hours.min()), int(np.ptp(hours)) + 1
    else:
        first, count = 0, 0
    place = hours - first
    return {
        "venue": [venue] * count,
        "symbol": [symbol] * count,
        "interval": ["1h"] * count,
        "open_time_ms": (first + np.arange(count, dtype=np.int64)) * HOUR_MS,
        "liquidated_long_quote": _sums(place[is_long], notional[is_long], count),
        "liquidated_short_quote": _sums(place[~is_long], notional[~is_long], count),
    }


def minute_bars(times: Ints, price: Floats) -> tuple[Ints, Floats, Floats, Floats, Floats]:
    """Make bars of a minute from ticks in the order of time; minutes without a tick have no bar.

    Args:
        times: Shape (n,), ascending.
        price: Shape (n,).

    Returns:
        Open time, open, high, low and close, shape (bars,) each.
    """
    minute = times // MINUTE_MS
    starts = np.flatnonzero(np.diff(minute, prepend=-1))
    if not len(starts):
        empty = np.empty(0)
        return np.empty(0, dtype=np.int64), empty, empty, empty, empty
    ends = np.append(starts[1:], len(minute)) - 1
    high, low = np.maximum.reduceat(price, starts), np.minimum.reduceat(price, starts)
    return minute[starts] * MINUTE_MS, price[starts], high, low, price[ends]


def _sums(place: Ints, notional: Floats, count: int) -> Floats:
    return np.bincount(place, weights=notional, minlength=count).astype(np.float64)


_TYPES: Final = {
    "exchange": "VARCHAR", "symbol": "VARCHAR", "timestamp": "BIGINT", "local_timestamp": "BIGINT", "id": "VARCHAR",
    "side": "VARCHAR", "price": "DOUBLE", "amount": "DOUBLE",
}  # fmt: skip
_MINUTE_MICROSECONDS: Final = 60_000_000
_EARLIEST, _LATEST = 10**14, 10**17
"""1973 and 5138 in microseconds."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TradeBars:
    """Bars of a minute of one market.

    Attributes:
        exchange, symbol: as the file names them. rows: of its trades. repeated: of them, word for word again.
        open_time_ms: Shape (bars,). columns: open, high, low, close, volume_base, and taker_buy_base where every trade
            tells its side.
    """

    exchange: str
    symbol: str
    rows: int
    repeated: int
    open_time_ms: Ints
    columns: dict[str, Column]


def trade_bars(path: Path, name: str, header: list[str]) -> tuple[TradeBars, ...]:
    """Make the bars of a file of trades, market by market.

    Args:
        path: Plain CSV.
        name: What errors call it.
        header: Its columns.

    Raises:
        DumpError: A row cannot be read.
    """
    names = ", ".join(f"'{column}': '{_TYPES.get(column, 'VARCHAR')}'" for column in header)
    quoted = glob.escape(str(path)).replace("'", "''")
    with open_database() as database:
        database.execute("SET threads TO 1")  # sums of floats depend on their order
        try:
            database.execute(
                "CREATE TEMP TABLE trades AS SELECT *, row_number() OVER () AS place "  # noqa: S608 - our own names
                f"FROM read_csv('{quoted}', columns = {{{names}}}, auto_detect = false, header = true, delim = ',')"
            )
        except duckdb.Error as error:
            raise _unread(name, str(error)) from error
        bad = database.execute(
            "SELECT min(place), arg_min(timestamp, place), arg_min(price, place), arg_min(amount, place) FROM trades "  # noqa: S608 - our own numbers
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
        return tuple(_market_bars(database, exchange, symbol, rows) for exchange, symbol, rows in markets)


def _market_bars(database: duckdb.DuckDBPyConnection, exchange: str, symbol: str, rows: int) -> TradeBars:
    bars = database.execute(_BARS, [exchange, symbol]).fetchnumpy()
    kept, sided = database.execute(_COUNTS, [exchange, symbol]).fetchall()[0]
    columns: dict[str, Column] = {
        column: np.asarray(bars[column], dtype=np.float64) for column in ("open", "high", "low", "close", "volume_base")
    }
    if sided == kept:
        columns["taker_buy_base"] = np.asarray(bars["taker_buy_base"], dtype=np.float64)
    return TradeBars(
        exchange=exchange,
        symbol=symbol,
        rows=rows,
        repeated=rows - kept,
        open_time_ms=np.asarray(bars["open_time_ms"], dtype=np.int64),
        columns=columns,
    )


_KEPT: Final = (
    "(SELECT timestamp, side, price, amount, min(place) AS place FROM trades WHERE exchange = ? AND symbol = ? "
    "GROUP BY timestamp, local_timestamp, id, side, price, amount)"
)
_BARS: Final = (
    f"SELECT timestamp // {_MINUTE_MICROSECONDS} * {_MINUTE_MICROSECONDS // 1000} AS open_time_ms, "  # noqa: S608 - our own names
    "arg_min(price, moment) AS open, max(price) AS high, min(price) AS low, arg_max(price, moment) AS close, "
    "sum(amount) AS volume_base, COALESCE(sum(amount) FILTER (side = 'buy'), 0) AS taker_buy_base "
    "FROM (SELECT *, CAST(timestamp AS HUGEINT) * 1000000000 + place AS moment "
    f"FROM {_KEPT} ORDER BY place) GROUP BY 1 ORDER BY 1"
)
_COUNTS: Final = f"SELECT count(*), count(*) FILTER (side IN ('buy', 'sell')) FROM {_KEPT}"  # noqa: S608 - our own names


def _unread(name: str, cause: str) -> DumpError:
    """Say where duckdb stopped."""
    line = re.search(r"Line: (\d+)", cause)
    cell = re.search(r'Error when converting column "(\w+)"\. Could not convert string "([^"]{0,40})', cause)
    what = f"{cell[1]} is `{cell[2]}`; it must hold a number" if cell else "cannot be parsed"
    return DumpError(f"{name}{f':{line[1]}' if line else ''}: {what}. Download the file again.")
