"""tardis.dev's CSV data sets: liquidations, derivative tickers and trades, microseconds, one day a file.

A file holds one market or a group of them (`PERPETUALS`). Only venues whose units are certain are read: an amount that
may be contracts is never taken for coins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import pandas as pd

from reportgen.errors import UsageError
from reportgen.market.dumps.bars import minute_bars, trade_bars
from reportgen.market.dumps.cells import (
    Cells,
    Converted,
    Dump,
    DumpError,
    NotMappedError,
    converted,
    counted,
    header_of,
    part,
    read_cells,
)
from reportgen.market.exchanges.units import hourly_liquidations
from reportgen.market.folder.append import Columns, Part
from reportgen.market.folder.tables import CANDLES, FUNDING, LIQUIDATIONS, MARK_CANDLES, OPEN_INTEREST, SPOT_CANDLES
from reportgen.market.symbols import unified_symbol
from reportgen.units import DAY_MS, HOUR_MS

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


def _markets(
    file: str, rows: Iterable[tuple[str, str, int]], venues: Mapping[str, str]
) -> tuple[dict[tuple[str, str], tuple[str, str]], dict[str, int]]:
    """Name the markets of a file, given as exchange, ticker and rows, and count the rows of those that are left out.

    Raises:
        NotMappedError: Not one can be mapped: the venue's units are not certain, or it is no linear perpetual.
    """
    named: dict[tuple[str, str], tuple[str, str]] = {}
    dropped: dict[str, int] = {}
    why = ""
    for exchange, ticker, count in rows:
        symbol, refused = "", ""
        if exchange not in venues:
            refused = f"the units of {exchange} are not certain; {', '.join(sorted(venues))} are read."
        elif "_" in ticker or (exchange == "bybit" and "-" in ticker):
            refused = f"{ticker} has an expiry; only linear perpetuals can be mapped."
        else:
            try:
                symbol = unified_symbol(ticker.replace("/", ""))
            except UsageError as error:
                refused = str(error)
        if symbol.endswith("/USD:USD") and exchange == "bybit":
            refused = f"{ticker} is coin-margined; only linear perpetuals can be mapped."
        if refused:
            why, dropped[refused] = refused, count
        else:
            named[exchange, ticker] = venues[exchange], symbol
    if why and not named:
        raise NotMappedError(f"{file}: {why}")
    return named, dropped


def _split(
    cells: Cells,
) -> tuple[dict[tuple[str, str], pd.DataFrame], dict[tuple[str, str], tuple[str, str]], dict[str, int]]:
    """Part a file of liquidations or tickers by market: the rows and names of each, and what is left out."""
    own = {(str(pair[0]), str(pair[1])): some for pair, some in cells.frame.groupby(["exchange", "symbol"], sort=False)}
    named, dropped = _markets(cells.name, [(*pair, len(some)) for pair, some in own.items()], _LINEAR)
    return {pair: own[pair] for pair in named}, named, dropped


def _liquidations(dump: Dump) -> Converted:
    """Add liquidations up by the hour: a forced buy closed a short."""
    texts = ("exchange", "symbol", "side")
    cells = read_cells(dump, _EVENTS, times=("timestamp",), numbers=("price", "amount"), texts=texts)
    cells = cells.only(cells.frame["side"].isin(("buy", "sell")).to_numpy(np.bool_), "of unknown side")
    own, named, left_out = _split(cells)
    start = int(cells.times("timestamp").min()) // DAY_MS * DAY_MS if len(cells) else 0  # one whole UTC day
    parts = []
    for pair, some in own.items():
        times, notional = some["timestamp"].to_numpy(np.int64), (some["price"] * some["amount"]).to_numpy(np.float64)
        is_long = (some["side"] == "sell").to_numpy(np.bool_)
        columns = hourly_liquidations(times, notional, is_long, (start, start + DAY_MS))
        parts.append(part(LIQUIDATIONS, _keys(named[pair]) | {"interval": "1h"}, columns))
    return converted(cells, "tardis.dev liquidations", parts, left_out)


def _trades(dump: Dump, header: list[str]) -> Converted:
    """Make bars of a minute from trades, with the part that takers bought."""
    found = trade_bars(dump.plain, dump.name, header)
    named, dropped = _markets(dump.name, [(each.exchange, each.symbol, each.rows) for each in found], _LINEAR | _SPOT)
    parts = tuple(
        part(
            SPOT_CANDLES if bars.exchange in _SPOT else CANDLES, _keys(named[bars.exchange, bars.symbol]), bars.columns
        )
        for bars in found
        if (bars.exchange, bars.symbol) in named
    )
    repeated = {"stood there twice": sum(bars.repeated for bars in found)}
    rows, dropped = sum(bars.rows for bars in found), counted(dropped, repeated)
    return Converted(name=dump.name, kind="tardis.dev trades", rows=rows, parts=parts, dropped=dropped)


def _keys(market: tuple[str, str]) -> dict[str, str]:
    return {"venue": market[0], "symbol": market[1]}


def _ticker(dump: Dump) -> Converted:
    """Take from a derivative ticker: bars of the mark price, open interest every five minutes, settled funding."""
    optional = ("funding_timestamp", "funding_rate", "open_interest", "mark_price")
    cells = read_cells(dump, _TICKER, times=("timestamp",), texts=("exchange", "symbol"), optional=optional)
    own, named, dropped = _split(cells)
    parts: list[Part] = []
    for pair, some in own.items():
        keys, rows = _keys(named[pair]), some.sort_values("timestamp", kind="stable")
        if "mark_price" in rows:
            known = rows[rows["mark_price"] > 0]
            times, price = known["timestamp"].to_numpy(np.int64), known["mark_price"].to_numpy(np.float64)
            opened, *prices = minute_bars(times, price)
            bars = dict(zip(("open", "high", "low", "close"), prices, strict=True))
            parts.append(part(MARK_CANDLES, keys | {"interval": "1m"}, {"open_time_ms": opened, **bars}))
        if pair[0] not in _ONE_SIDED:
            reason = f"open interest of {pair[0]}: whether both sides are counted is not certain"
            dropped[reason] = dropped.get(reason, 0) + len(some)
        elif "open_interest" in rows:
            # The last of every five minutes, at the moment that it was told.
            known = rows[rows["open_interest"] > 0]
            last = known[~(known["timestamp"] // _OPEN_INTEREST_STEP_MS).duplicated(keep="last")]
            held = last["open_interest"].to_numpy(np.float64)
            times = last["timestamp"].to_numpy(np.int64)
            parts.append(part(OPEN_INTEREST, keys, {"time_ms": times, "open_interest_base": held}))
        if {"funding_timestamp", "funding_rate"} <= set(rows):
            parts.append(part(FUNDING, keys, _settled(rows)))
    return converted(cells, "tardis.dev derivative ticker", parts, dropped)


def _settled(rows: pd.DataFrame) -> Columns:
    """Find the funding that settled inside a file: the last rate told before each settlement that the file outlives.

    The interval is the span to the next settlement. Rows are a market's, by time; `funding_timestamp` is of the
    settlement that a row speaks of, microseconds, or NaN.
    """
    due = (rows["funding_timestamp"] // 1000).fillna(0).astype(np.int64)
    moments = np.sort(due[due > 0].unique())
    following = pd.Series(moments[1:], index=moments[:-1])
    told = rows["funding_rate"][(rows["timestamp"] < due) & rows["funding_rate"].notna()].groupby(due).last()
    rates = told[told.index.isin(following.index)]
    at = rates.index.to_numpy(np.int64)
    hours = (following.reindex(rates.index).to_numpy(np.int64) - at) / HOUR_MS
    return {"time_ms": at, "funding_rate": rates.to_numpy(np.float64), "interval_hours": hours}
