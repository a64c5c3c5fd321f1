"""Binance Vision's archive: klines of futures, spot and mark price, metrics, funding rates and liquidation snapshots.

What VENUES.md section 5 learnt of the files: a header stands in newer ones only, spot times are microseconds since
2025, metrics jitter by seconds and are written as text, funding jitters by milliseconds, and every liquidation stands
there twice. The file's name says the symbol; spot and futures klines share names, so the folder or the units part them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

import numpy as np

from reportgen.errors import UsageError
from reportgen.market.dumps.bars import hourly_liquidations
from reportgen.market.dumps.cells import Cells, Column, Converted, Dump, DumpError, Part, read_cells
from reportgen.market.folder.columns import LATEST_MS
from reportgen.market.folder.tables import (
    CANDLES,
    FUNDING,
    LIQUIDATIONS,
    LONG_SHORT_RATIO,
    MARK_CANDLES,
    OPEN_INTEREST,
    SPOT_CANDLES,
    TableFormat,
    interval_ms,
)
from reportgen.market.symbols import unified_symbol
from reportgen.units import DAY_MS, HOUR_MS, Bools, Ints, Milliseconds

VENUE: Final = "binance"
COIN_VENUE: Final = "binance_coinm"
_NAME: Final = re.compile(
    r"([A-Z0-9_]+)-(\d+[smhdwM]o?|[a-zA-Z]+)(?:-(\d{4}-\d{2}(?:-\d{2})?))?\.csv(?:\.gz)?", re.ASCII
)
_KLINES: Final = (
    *("open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count"),
    *("taker_buy_volume", "taker_buy_quote_volume", "ignore"),
)
_METRICS: Final = (
    *("create_time", "symbol", "sum_open_interest", "sum_open_interest_value", "count_toptrader_long_short_ratio"),
    *("sum_toptrader_long_short_ratio", "count_long_short_ratio", "sum_taker_long_short_vol_ratio"),
)
_FUNDING: Final = ("calc_time", "funding_interval_hours", "last_funding_rate")
_LIQUIDATIONS: Final = (
    *("time", "side", "order_type", "time_in_force", "original_quantity", "price", "average_price", "order_status"),
    *("last_fill_quantity", "accumulated_fill_quantity"),
)
_RATIOS: Final = {
    "count_long_short_ratio": "accounts",
    "count_toptrader_long_short_ratio": "top_accounts",
    "sum_toptrader_long_short_ratio": "top_positions",
}
_METRIC_STEP_MS: Final = HOUR_MS // 12
_MINUTE_MS: Final = HOUR_MS // 60
_BTC_CONTRACT_USD, _CONTRACT_USD = 100, 10
"""What one COIN-M contract is worth: 100 USD on BTC, 10 USD on every other coin."""


def convert(dump: Dump) -> Converted | None:
    """Convert a file of the archive; None when its name is not one of them.

    Raises:
        DumpError: It is one, and unusable.
    """
    found = _NAME.fullmatch(dump.name)
    if not found:
        return None
    ticker, what, dated = found[1], found[2], found[3]
    match what:
        case "metrics":
            return _metrics(dump)
        case "fundingRate":
            return _funding(dump, _symbol(dump, ticker))
        case "liquidationSnapshot":
            return _liquidations(dump, ticker, dated)
        case _ if what[0].isdigit():
            return _klines(dump, _symbol(dump, ticker), what)
        case _:
            return Converted(
                name=dump.name, kind=f"Binance {what}", rows=0, parts=(), dropped={f"{what} is not read": 1}
            )


def _symbol(dump: Dump, ticker: str) -> str:
    """Name a linear perpetual by its ticker.

    Raises:
        DumpError: The contract is coin-margined or has an expiry.
    """
    if "_" in ticker:
        what = "is coin-margined" if ticker.endswith("_PERP") else "has an expiry"
        raise DumpError(f"{dump.name}: {ticker} {what}; only linear perpetuals can be mapped. Leave the file out.")
    try:
        return unified_symbol(ticker)
    except UsageError as error:
        raise DumpError(f"{dump.name}: {error}") from error


def _klines(dump: Dump, symbol: str, interval: str) -> Converted:
    length = interval_ms(interval)
    if length is None:
        raise DumpError(f"{dump.name}: bars of {interval} have no fixed length. Use 1d or shorter ones.")
    cells = read_cells(dump, _KLINES, _KLINES[:7])
    table = _kline_table(dump, cells)
    fresh = cells.first_of_each()
    again = len(cells) - int(fresh.sum())
    cells = cells.only(fresh)
    opened, closed = cells.times("open_time"), cells.times("close_time")
    if (odd := closed - opened + 1 != length).any():
        raise cells.error(int(np.argmax(odd)), f"the bar is not one of {interval}, as the name says.")
    count = len(cells)
    columns: dict[str, Column] = {
        "venue": [VENUE] * count,
        "symbol": [symbol] * count,
        "interval": [interval] * count,
        "open_time_ms": opened,
        **{name: cells.numbers(name) for name in ("open", "high", "low", "close")},
    }
    if table is not MARK_CANDLES:
        columns["volume_base"] = cells.numbers("volume")
        if "taker_buy_volume" in cells.columns:
            columns["taker_buy_base"] = cells.numbers("taker_buy_volume")
    return Converted(
        name=dump.name,
        kind=f"Binance {table.says}",
        rows=count + again,
        parts=(Part(table=table, columns=columns),),
        dropped=_counted({"stood there twice": again}),
        note="" if _says_market(dump) else f"taken for {table.says}: no folder spot/ or um/ above it says otherwise",
    )


def _kline_table(dump: Dump, cells: Cells) -> TableFormat:
    """Part futures, spot and mark price: by the folder, else microseconds are spot's; the rest is taken for futures.

    Raises:
        DumpError: The price is an index.
    """
    folders = {part.lower() for part in dump.path.parts[:-1]}
    if folders & {"indexpriceklines", "premiumindexklines"}:
        raise DumpError(f"{dump.name}: is of an index, which nothing reads. Leave the file out.")
    if "markpriceklines" in folders:
        return MARK_CANDLES
    if "spot" in folders:
        return SPOT_CANDLES
    if not _says_market(dump) and len(cells) and int(cells.numbers("open_time")[0]) >= LATEST_MS:
        return SPOT_CANDLES  # only spot is written in microseconds
    return CANDLES


def _says_market(dump: Dump) -> bool:
    """Tell whether the folders say which market a file is of, as they do in the archive."""
    return bool({part.lower() for part in dump.path.parts[:-1]} & {"spot", "um", "futures", "markpriceklines"})


def _metrics(dump: Dump) -> Converted:
    cells = read_cells(dump, _METRICS, _METRICS[:4])
    written = cells.columns["create_time"]
    times = _rounded(np.array([_text_time(cells, row, text) for row, text in enumerate(written)], dtype=np.int64))
    symbols = [_symbol(dump, ticker) for ticker in cells.columns["symbol"]]
    held = cells.numbers("sum_open_interest", empty=True)
    known, again = held > 0, ~_first_by(symbols, times)
    keep = known & ~again
    parts = [
        Part(
            table=OPEN_INTEREST,
            columns={
                **_keys(symbols, keep),
                "time_ms": times[keep],
                "open_interest_base": held[keep],
                "open_interest_quote": cells.numbers("sum_open_interest_value", empty=True)[keep],
            },
        )
    ]
    for column, kind in _RATIOS.items():
        if column in cells.columns:
            ratio = cells.numbers(column, empty=True)
            told = (ratio > 0) & ~again
            columns: dict[str, Column] = {**_keys(symbols, told), "kind": [kind] * int(told.sum())}
            columns |= {"time_ms": times[told], "ratio": ratio[told]}
            parts.append(Part(table=LONG_SHORT_RATIO, columns=columns))
    return Converted(
        name=dump.name,
        kind="Binance metrics",
        rows=len(cells),
        parts=tuple(parts),
        dropped=_counted(
            {
                "open interest empty or zero: an outage": int((~known & ~again).sum()),
                "spoke of the same five minutes": int(again.sum()),
            }
        ),
    )


def _text_time(cells: Cells, row: int, text: str) -> Milliseconds:
    """Read 2026-07-11 00:05:01, UTC; or a number of milliseconds."""
    if text.isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise cells.error(
            row, f"create_time is `{text[:40]}`; it must hold a time such as 2026-07-11 00:05:00."
        ) from None
    utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return int(utc.timestamp()) * 1000


def _rounded(times: Ints) -> Ints:
    """Put the seconds of jitter around every fifth minute back."""
    return (times + _METRIC_STEP_MS // 2) // _METRIC_STEP_MS * _METRIC_STEP_MS


def _funding(dump: Dump, symbol: str) -> Converted:
    cells = read_cells(dump, _FUNDING, _FUNDING)
    times = (cells.times("calc_time") + _MINUTE_MS // 2) // _MINUTE_MS * _MINUTE_MS
    keep = _first_by([symbol] * len(cells), times)
    columns: dict[str, Column] = {
        **_keys([symbol] * len(cells), keep),
        "time_ms": times[keep],
        "funding_rate": cells.numbers("last_funding_rate")[keep],
        "interval_hours": cells.numbers("funding_interval_hours")[keep],
    }
    return Converted(
        name=dump.name,
        kind="Binance funding rates",
        rows=len(cells),
        parts=(Part(table=FUNDING, columns=columns),),
        dropped=_counted({"stood there twice": int((~keep).sum())}),
    )


def _liquidations(dump: Dump, ticker: str, dated: str | None) -> Converted:
    """Add liquidation orders up by the hour; a sell order closed a long.

    COIN-M orders are contracts of 100 or 10 USD; they count under the coin's linear symbol, as a venue of their own.
    """
    cells = read_cells(dump, _LIQUIDATIONS, ("time", "side", "average_price", "order_status", _LIQUIDATIONS[-1]))
    fresh = cells.first_of_each()
    again = len(cells) - int(fresh.sum())
    cells = cells.only(fresh)
    filled = np.array([status.upper() == "FILLED" for status in cells.columns["order_status"]], dtype=np.bool_)
    unfilled = len(cells) - int(filled.sum())
    cells = cells.only(filled)
    quantity, price = cells.numbers(_LIQUIDATIONS[-1]), cells.numbers("average_price")
    if ticker.endswith("_PERP"):
        base = ticker.removesuffix("USD_PERP")
        venue, symbol = COIN_VENUE, unified_symbol(base)
        notional = quantity * (_BTC_CONTRACT_USD if base == "BTC" else _CONTRACT_USD)
    else:
        venue, symbol, notional = VENUE, _symbol(dump, ticker), quantity * price
    sides = [side.upper() for side in cells.columns["side"]]
    if bad := [row for row, side in enumerate(sides) if side not in ("BUY", "SELL")]:
        raise cells.error(bad[0], f"side is `{sides[bad[0]][:20]}`; it must be BUY or SELL.")
    is_long = np.array([side == "SELL" for side in sides], dtype=np.bool_)
    day = _day(dated)
    columns = hourly_liquidations(cells.times("time"), notional, is_long, venue=venue, symbol=symbol, whole=day)
    return Converted(
        name=dump.name,
        kind="Binance liquidation orders",
        rows=again + unfilled + len(cells),
        parts=(Part(table=LIQUIDATIONS, columns=columns),),
        dropped=_counted({"stood there twice": again, "orders that were not filled": unfilled}),
    )


def _day(dated: str | None) -> tuple[Milliseconds, Milliseconds] | None:
    """Give the span that a daily file covers; a monthly or undated one says nothing about its quiet hours."""
    if dated is None or dated.count("-") < 2:
        return None
    try:
        start = int(datetime.fromisoformat(dated).replace(tzinfo=UTC).timestamp()) * 1000
    except ValueError:
        return None
    return start, start + DAY_MS


def _keys(symbols: list[str], keep: Bools) -> dict[str, Column]:
    kept = [symbol for symbol, keeps in zip(symbols, keep.tolist(), strict=True) if keeps]
    return {"venue": [VENUE] * len(kept), "symbol": kept}


def _first_by(symbols: list[str], times: Ints) -> Bools:
    """Find the first row of each symbol and moment, shape (n,)."""
    seen: set[tuple[str, int]] = set()
    first = np.zeros(len(times), dtype=np.bool_)
    for row, key in enumerate(zip(symbols, times.tolist(), strict=True)):
        first[row] = key not in seen
        seen.add(key)
    return first


def _counted(dropped: dict[str, int]) -> dict[str, int]:
    return {reason: count for reason, count in dropped.items() if count}
