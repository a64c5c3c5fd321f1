"""tardis.dev's CSV data sets: liquidations, derivative tickers and trades, microseconds, one day a file.

A file holds one market or a group of them (`PERPETUALS`). Only venues whose units are certain are read: an amount that
may be contracts is never taken for coins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from reportgen.errors import UsageError
from reportgen.market.dumps.bars import hourly_liquidations, minute_bars, trade_bars
from reportgen.market.dumps.cells import (
    Cells,
    Column,
    Converted,
    Dump,
    DumpError,
    NotMappedError,
    Part,
    counted,
    header_of,
    read_cells,
)
from reportgen.market.folder.tables import CANDLES, FUNDING, LIQUIDATIONS, MARK_CANDLES, OPEN_INTEREST, SPOT_CANDLES
from reportgen.market.symbols import unified_symbol
from reportgen.units import DAY_MS, HOUR_MS, Floats, Ints

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
        raise NotMappedError(f"{dump.name}: this data set of tardis.dev is not read.")
    # Trades and liquidations have the same columns: the file's name or its folders tell.
    words = " ".join((dump.name, *dump.path.parts)).lower()
    if "liquidations" in words:
        return _liquidations(dump)
    if "trades" in words:
        return _trades(dump, header)
    raise DumpError(
        f"{dump.name}: trades and liquidations have the same columns. Keep the word of the data set in the file's "
        "name, as binance-futures_liquidations_2024-01-01_BTCUSDT.csv.gz."
    )


def _market(file: str, exchange: str, ticker: str, venues: Mapping[str, str]) -> tuple[str, str]:
    """Give venue and symbol as the market folder writes them.

    Raises:
        NotMappedError: The venue's units are not certain, or the contract is no linear perpetual.
    """
    if exchange not in venues:
        names = ", ".join(sorted(venues))
        raise NotMappedError(f"{file}: the units of {exchange} are not certain; {names} are read.")
    if "_" in ticker or (exchange == "bybit" and "-" in ticker):
        raise NotMappedError(f"{file}: {ticker} has an expiry; only linear perpetuals can be mapped.")
    try:
        symbol = unified_symbol(ticker.replace("/", ""))
    except UsageError as error:
        raise NotMappedError(f"{file}: {error}") from error
    if symbol.endswith("/USD:USD") and exchange == "bybit":
        raise NotMappedError(f"{file}: {ticker} is coin-margined; only linear perpetuals can be mapped.")
    return venues[exchange], symbol


def _markets(
    file: str, rows: Iterable[tuple[str, str, int]], venues: Mapping[str, str]
) -> tuple[dict[tuple[str, str], tuple[str, str]], dict[str, int]]:
    """Name the markets of a file, given as exchange, ticker and rows, and count the rows of those that are left out.

    Raises:
        NotMappedError: Not one of them can be mapped.
    """
    named: dict[tuple[str, str], tuple[str, str]] = {}
    dropped: dict[str, int] = {}
    refused: NotMappedError | None = None
    for exchange, ticker, count in rows:
        try:
            named[exchange, ticker] = _market(file, exchange, ticker, venues)
        except NotMappedError as error:
            refused = error
            dropped[str(error).removeprefix(f"{file}: ")] = count
    if refused and not named:
        raise refused
    return named, dropped


def _split(cells: Cells) -> tuple[dict[tuple[str, str], Cells], dict[str, int], dict[tuple[str, str], tuple[str, str]]]:
    """Part a file of liquidations or tickers by market."""
    pairs = list(zip(cells.texts["exchange"], cells.texts["symbol"], strict=True))
    every = dict.fromkeys(pairs)
    keys = np.array([f"{exchange} {ticker}" for exchange, ticker in pairs], dtype=object)
    own = {pair: cells.only(keys == f"{pair[0]} {pair[1]}") for pair in every}
    named, dropped = _markets(cells.name, [(*pair, len(some)) for pair, some in own.items()], _LINEAR)
    return {pair: own[pair] for pair in named}, dropped, named


def _liquidations(dump: Dump) -> Converted:
    """Add liquidations up by the hour: a forced buy closed a short."""
    cells = read_cells(
        dump, _EVENTS, times=("timestamp",), numbers=("price", "amount"), texts=("exchange", "symbol", "side")
    )
    sided = np.isin(cells.texts["side"].astype(str), ("buy", "sell"))
    cells = cells.only(sided, "of unknown side")
    own, left_out, named = _split(cells)
    start = int(cells.times["timestamp"].min()) // DAY_MS * DAY_MS if len(cells) else 0  # one whole UTC day
    parts = []
    for pair, some in own.items():
        venue, symbol = named[pair]
        columns = hourly_liquidations(
            some.times["timestamp"],
            some.numbers["price"] * some.numbers["amount"],
            some.texts["side"] == "sell",
            venue=venue,
            symbol=symbol,
            whole=(start, start + DAY_MS),
        )
        parts.append(Part(table=LIQUIDATIONS, columns=columns))
    return Converted(
        name=dump.name, kind="tardis.dev liquidations", rows=cells.rows, parts=tuple(parts),
        dropped=counted(cells.dropped, left_out),
    )  # fmt: skip


def _trades(dump: Dump, header: list[str]) -> Converted:
    """Make bars of a minute from trades, with the part that takers bought."""
    found = trade_bars(dump.plain, dump.name, header)
    named, dropped = _markets(dump.name, [(each.exchange, each.symbol, each.rows) for each in found], _LINEAR | _SPOT)
    parts = []
    for bars in found:
        if (bars.exchange, bars.symbol) not in named:
            continue
        venue, symbol = named[bars.exchange, bars.symbol]
        columns = _minute_keys(venue, symbol, bars.open_time_ms) | dict(bars.columns)
        parts.append(Part(table=SPOT_CANDLES if bars.exchange in _SPOT else CANDLES, columns=columns))
    return Converted(
        name=dump.name, kind="tardis.dev trades", rows=sum(bars.rows for bars in found), parts=tuple(parts),
        dropped=counted(dropped, {"stood there twice": sum(bars.repeated for bars in found)}),
    )  # fmt: skip


def _minute_keys(venue: str, symbol: str, opened: Ints) -> dict[str, Column]:
    count = len(opened)
    return {
        "venue": [venue] * count,
        "symbol": [symbol] * count,
        "interval": ["1m"] * count,
        "open_time_ms": opened,
    }


def _ticker(dump: Dump) -> Converted:
    """Take from a derivative ticker: bars of the mark price, open interest every five minutes, settled funding."""
    cells = read_cells(
        dump, _TICKER, times=("timestamp",), texts=("exchange", "symbol"),
        optional=("funding_timestamp", "funding_rate", "open_interest", "mark_price"),
    )  # fmt: skip
    own, dropped, named = _split(cells)
    parts: list[Part] = []
    for (exchange, ticker), some in own.items():
        venue, symbol = named[exchange, ticker]
        order = np.argsort(some.times["timestamp"], kind="stable")
        times = some.times["timestamp"][order]
        told = {name: values[order] for name, values in some.numbers.items()}
        if "mark_price" in told:
            known = told["mark_price"] > 0
            opened, *prices = minute_bars(times[known], told["mark_price"][known])
            bars = dict(zip(("open", "high", "low", "close"), prices, strict=True))
            parts.append(Part(table=MARK_CANDLES, columns=_minute_keys(venue, symbol, opened) | bars))
        if exchange not in _ONE_SIDED:
            reason = f"open interest of {exchange}: whether both sides are counted is not certain"
            dropped[reason] = dropped.get(reason, 0) + len(some)
        elif "open_interest" in told:
            # The last of every five minutes, at the moment that it was told.
            known = told["open_interest"] > 0
            at, held = times[known], told["open_interest"][known]
            last = np.flatnonzero(np.append(np.diff(at // _OPEN_INTEREST_STEP_MS) > 0, len(at) > 0))
            keys: dict[str, Column] = {"venue": [venue] * len(last), "symbol": [symbol] * len(last)}
            parts.append(
                Part(table=OPEN_INTEREST, columns=keys | {"time_ms": at[last], "open_interest_base": held[last]})
            )
        if {"funding_timestamp", "funding_rate"} <= set(told):
            settled, rates, hours = _settled(times, told["funding_timestamp"], told["funding_rate"])
            keys = {"venue": [venue] * len(settled), "symbol": [symbol] * len(settled)}
            columns = keys | {"time_ms": settled, "funding_rate": rates, "interval_hours": hours}
            parts.append(Part(table=FUNDING, columns=columns))
    return Converted(
        name=dump.name, kind="tardis.dev derivative ticker", rows=cells.rows, parts=tuple(parts),
        dropped=counted(cells.dropped, dropped),
    )  # fmt: skip


def _settled(times: Ints, due: Floats, rate: Floats) -> tuple[Ints, Floats, Floats]:
    """Find the funding that settled inside the file: the last rate told before each settlement that the file outlives.

    The interval is the span to the next settlement.

    Args:
        times: Shape (n,), ascending.
        due: Shape (n,), microseconds of the settlement that a row speaks of; NaN where it names none.
        rate: Shape (n,).

    Returns:
        Time, rate and hours, shape (settlements,) each.
    """
    promised = np.nan_to_num(due // 1000, nan=-1).astype(np.int64)
    told = (promised > 0) & np.isfinite(rate) & (times < promised)
    moments = np.unique(promised[promised > 0])
    found = []
    for moment, following in zip(moments[:-1].tolist(), moments[1:].tolist(), strict=True):
        rows = np.flatnonzero(told & (promised == moment))
        if len(rows):
            found.append((moment, float(rate[rows[-1]]), (following - moment) / HOUR_MS))
    at, rates, hours = (np.array(column) for column in zip(*found, strict=True)) if found else (np.empty(0),) * 3
    return at.astype(np.int64), rates.astype(np.float64), hours.astype(np.float64)
