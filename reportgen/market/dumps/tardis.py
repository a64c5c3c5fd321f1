"""tardis.dev's CSV data sets: liquidations, derivative tickers and trades, microseconds, one market and day a file.

Only venues whose units are certain are read: an amount that may be contracts is never taken for coins.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from reportgen.errors import UsageError
from reportgen.market.dumps.bars import hourly_liquidations, minute_bars, trade_bars
from reportgen.market.dumps.cells import Cells, Column, Columns, Converted, Dump, DumpError, Part, header_of, read_cells
from reportgen.market.folder.tables import CANDLES, FUNDING, LIQUIDATIONS, MARK_CANDLES, OPEN_INTEREST, SPOT_CANDLES
from reportgen.market.symbols import unified_symbol
from reportgen.units import DAY_MS, HOUR_MS, Bools, Floats, Ints

_EVENTS: Final = ("exchange", "symbol", "timestamp", "local_timestamp", "id", "side", "price", "amount")
_TICKER: Final = (
    *("exchange", "symbol", "timestamp", "local_timestamp", "funding_timestamp", "funding_rate"),
    *("predicted_funding_rate", "open_interest", "last_price", "index_price", "mark_price"),
)
_LINEAR: Final = {"binance-futures": "binance", "bybit": "bybit", "hyperliquid": "hyperliquid"}
"""Venues whose linear perpetuals are counted in base coins, and their names here."""
_ONE_SIDED: Final = frozenset({"binance-futures"})
"""Of them, those whose open interest counts each position once for certain."""
_SPOT: Final = {"binance": "binance", "bybit-spot": "bybit", "coinbase": "coinbase", "kraken": "kraken"}
_OPEN_INTEREST_STEP_MS: Final = HOUR_MS // 12


def convert(dump: Dump) -> Converted | None:
    """Convert a data set; None when its columns are not one's.

    Raises:
        DumpError: It is one, and unusable.
    """
    header = header_of(dump)
    if header is None or "local_timestamp" not in header:
        return None
    if "funding_timestamp" in header:
        return _ticker(dump)
    if not {"side", "price", "amount"} <= set(header):
        return Converted(name=dump.name, kind="tardis.dev data set", rows=0, parts=(), dropped={"not read": 1})
    if not _is_liquidations(dump):
        return _trades(dump, header)
    return _liquidations(
        dump, read_cells(dump, _EVENTS, ("exchange", "symbol", "timestamp", "side", "price", "amount"))
    )


def _is_liquidations(dump: Dump) -> bool:
    """Tell liquidations from trades, which have the same columns, by the file's name or its folders."""
    words = " ".join((dump.name, *dump.path.parts)).lower()
    if "liquidations" in words:
        return True
    if "trades" in words:
        return False
    raise DumpError(
        f"{dump.name}: trades and liquidations have the same columns. Keep the word of the data set in the file's "
        "name, as binance-futures_liquidations_2024-01-01_BTCUSDT.csv.gz."
    )


def _market(cells: Cells, venues: dict[str, str]) -> tuple[str, str]:
    """Give venue and symbol of a file.

    Raises:
        DumpError: The venue's units are not certain, or the contract is not linear.
    """
    exchange, ticker = cells.columns["exchange"][0], cells.columns["symbol"][0]
    if mixed := [row for row, name in enumerate(cells.columns["symbol"]) if name != ticker]:
        raise cells.error(mixed[0], f"symbol is `{cells.columns['symbol'][mixed[0]][:20]}` in a file of {ticker}.")
    return _named(cells.name, exchange, ticker, venues)


def _named(file: str, exchange: str, ticker: str, venues: dict[str, str]) -> tuple[str, str]:
    """Give venue and symbol as the market folder writes them.

    Raises:
        DumpError: The venue's units are not certain, or the contract is not linear.
    """
    if exchange not in venues:
        names = ", ".join(sorted(venues))
        raise DumpError(f"{file}: the units of {exchange} are not certain; {names} are read. Leave the file out.")
    try:
        symbol = unified_symbol(ticker.replace("/", ""))
    except UsageError as error:
        raise DumpError(f"{file}: {error}") from error
    if symbol.endswith("/USD:USD") and exchange == "bybit":
        raise DumpError(f"{file}: {ticker} is coin-margined; only linear perpetuals can be mapped. Leave the file out.")
    return venues[exchange], symbol


def _sides(cells: Cells) -> Bools:
    """Give True where a buyer took, shape (n,); rows of unknown side are gone already."""
    return np.array([side == "buy" for side in cells.columns["side"]], dtype=np.bool_)


def _known_sides(cells: Cells) -> tuple[Cells, int]:
    known = np.array([side in ("buy", "sell") for side in cells.columns["side"]], dtype=np.bool_)
    return cells.only(known), len(cells) - int(known.sum())


def _liquidations(dump: Dump, cells: Cells) -> Converted:
    """Add liquidations up by the hour: a forced buy closed a short."""
    rows, fresh = len(cells), cells.first_of_each()
    again = rows - int(fresh.sum())
    cells, unsided = _known_sides(cells.only(fresh))
    dropped = {"stood there twice": again, "of unknown side": unsided}
    parts: tuple[Part, ...] = ()
    if len(cells):
        venue, symbol = _market(cells, _LINEAR)
        times = cells.times("timestamp")
        start = int(times.min()) // DAY_MS * DAY_MS  # a data set is one whole UTC day
        columns = hourly_liquidations(
            times,
            cells.numbers("price") * cells.numbers("amount"),
            ~_sides(cells),
            venue=venue,
            symbol=symbol,
            whole=(start, start + DAY_MS),
        )
        parts = (Part(table=LIQUIDATIONS, columns=columns),)
    return _done(dump, "tardis.dev liquidations", rows, parts, dropped)


def _trades(dump: Dump, header: list[str]) -> Converted:
    """Make bars of a minute from trades, with the part that takers bought."""
    with TemporaryDirectory() as folder:
        path = dump.path
        if path.suffix == ".zip":
            path = Path(folder) / "trades.csv"
            path.write_bytes(dump.data)
        bars = trade_bars(path, dump.name, header)
    if bars is None:
        return _done(dump, "tardis.dev trades", 0, (), {})
    spot = bars.exchange in _SPOT
    venue, symbol = _named(dump.name, bars.exchange, bars.symbol, _SPOT if spot else _LINEAR)
    count = len(bars.open_time_ms)
    keys = {"venue": [venue] * count, "symbol": [symbol] * count, "interval": ["1m"] * count}
    columns: dict[str, Column] = {**keys, "open_time_ms": bars.open_time_ms, **bars.columns}
    part = Part(table=SPOT_CANDLES if spot else CANDLES, columns=columns)
    return _done(dump, "tardis.dev trades", bars.rows, (part,), {"stood there twice": bars.repeated})


def _bar_columns(venue: str, symbol: str, opened: Ints, prices: list[Floats]) -> dict[str, Column]:
    count = len(opened)
    named = dict(zip(("open", "high", "low", "close"), prices, strict=True))
    keys = {"venue": [venue] * count, "symbol": [symbol] * count, "interval": ["1m"] * count}
    return {**keys, "open_time_ms": opened, **named}


def _ticker(dump: Dump) -> Converted:
    """Take from a derivative ticker: bars of the mark price, open interest every five minutes, settled funding."""
    cells = read_cells(dump, _TICKER, ("exchange", "symbol", "timestamp", "funding_timestamp", "funding_rate"))
    if not len(cells):
        return _done(dump, "tardis.dev derivative ticker", 0, (), {})
    venue, symbol = _market(cells, _LINEAR)
    exchange = cells.columns["exchange"][0]
    times = cells.times("timestamp")
    order = np.argsort(times, kind="stable")
    parts, dropped = [], {}
    if "mark_price" in cells.columns:
        mark = cells.numbers("mark_price", empty=True)[order]
        known = mark > 0
        opened, *prices = minute_bars(times[order][known], mark[known])
        parts.append(Part(table=MARK_CANDLES, columns=_bar_columns(venue, symbol, opened, prices)))
    if exchange not in _ONE_SIDED:
        dropped[f"open interest of {exchange}: whether both sides are counted is not certain"] = len(cells)
    elif "open_interest" in cells.columns:
        held = cells.numbers("open_interest", empty=True)[order]
        parts.append(Part(table=OPEN_INTEREST, columns=_snapshots(venue, symbol, times[order], held)))
    settled = _settled(cells, times, order)
    count = len(settled[0])
    columns: dict[str, Column] = {"venue": [venue] * count, "symbol": [symbol] * count, "time_ms": settled[0]}
    columns |= {"funding_rate": settled[1], "interval_hours": settled[2]}
    parts.append(Part(table=FUNDING, columns=columns))
    return _done(dump, "tardis.dev derivative ticker", len(cells), tuple(parts), dropped)


def _snapshots(venue: str, symbol: str, times: Ints, held: Floats) -> Columns:
    """Keep the last open interest of every five minutes, at the moment that it was told."""
    known = held > 0
    times, held = times[known], held[known]
    last = np.flatnonzero(np.append(np.diff(times // _OPEN_INTEREST_STEP_MS) > 0, len(times) > 0))
    count = len(last)
    return {
        "venue": [venue] * count,
        "symbol": [symbol] * count,
        "time_ms": times[last],
        "open_interest_base": held[last],
    }


def _settled(cells: Cells, times: Ints, order: Ints) -> tuple[Ints, Floats, Floats]:
    """Find the funding that settled inside the file: the last rate told before each settlement that the file outlives.

    The interval is the span to the next settlement.

    Returns:
        Time, rate and hours, shape (settlements,) each.
    """
    rate = cells.numbers("funding_rate", empty=True)
    due = [int(cell) // 1000 if cell.isdigit() else -1 for cell in cells.columns["funding_timestamp"]]
    promised = np.array(due, dtype=np.int64)[order]
    told = (promised > 0) & np.isfinite(rate[order]) & (times[order] < promised)
    moments = np.unique(promised[promised > 0])
    found = []
    for moment, following in zip(moments[:-1].tolist(), moments[1:].tolist(), strict=True):
        rows = np.flatnonzero(told & (promised == moment))
        if len(rows):
            found.append((moment, float(rate[order][rows[-1]]), (following - moment) / HOUR_MS))
    at, rates, hours = (np.array(column) for column in zip(*found, strict=True)) if found else (np.empty(0),) * 3
    return at.astype(np.int64), rates.astype(np.float64), hours.astype(np.float64)


def _done(dump: Dump, kind: str, rows: int, parts: tuple[Part, ...], dropped: dict[str, int]) -> Converted:
    left_out = {reason: count for reason, count in dropped.items() if count}
    return Converted(name=dump.name, kind=kind, rows=rows, parts=parts, dropped=left_out)
