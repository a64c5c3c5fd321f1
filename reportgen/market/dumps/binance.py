"""Binance Vision's archive: klines of futures, spot and mark price, metrics, funding rates and liquidation snapshots.

What VENUES.md section 5 learnt of the files: a header stands in newer ones only, spot times are microseconds since
2025, metrics jitter by seconds, are written as text and changed their labels in 2026, funding jitters by milliseconds,
and every liquidation stands there twice. The file's name says the symbol; spot and futures klines share names, so the
folder or the units part them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

import numpy as np
import pandas as pd

from reportgen.errors import UsageError
from reportgen.market.dumps.cells import Converted, Dump, NotMappedError, converted, part, read_cells
from reportgen.market.exchanges.units import hourly_liquidations
from reportgen.market.folder.columns import SHARE_LEFT_OUT
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
from reportgen.units import DAY_MS, HOUR_MS, Ints, Milliseconds

VENUE: Final = "binance"
COIN_VENUE: Final = "binance_coinm"
_NAME: Final = re.compile(r"([^-]+)-([0-9]+[smhdwM]o?|[a-zA-Z]+)(?:-([0-9]{4}-[0-9]{2}(?:-[0-9]{2})?))?\.csv(?:\.gz)?")
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
_STARTS_SINCE_MS: Final = 1_782_345_600_000
"""2026-06-25: from then on metrics are labelled by the start of their five minutes."""

_BEGINNING: Final = 4096
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
            return _metrics(dump, dated)
        case "fundingRate":
            return _funding(dump, _symbol(dump, ticker))
        case "liquidationSnapshot":
            return _liquidations(dump, ticker, dated)
        case _ if what[0].isdigit():
            return _klines(dump, _symbol(dump, ticker), what)
        case _:
            raise NotMappedError(f"{dump.name}: {what} is not read.")


def _symbol(dump: Dump, ticker: str) -> str:
    """Name a linear perpetual by its ticker.

    Raises:
        NotMappedError: The contract is coin-margined, has an expiry, or has no name that a market here can have.
    """
    if "_" in ticker:
        what = "is coin-margined" if ticker.endswith("_PERP") else "has an expiry"
        raise NotMappedError(f"{dump.name}: {ticker} {what}; only linear perpetuals can be mapped.")
    try:
        return unified_symbol(ticker)
    except UsageError as error:
        raise NotMappedError(f"{dump.name}: {error}") from error


def _klines(dump: Dump, symbol: str, interval: str) -> Converted:
    length = interval_ms(interval)
    if length is None:
        raise NotMappedError(f"{dump.name}: bars of {interval} have no fixed length. Use 1d or shorter ones.")
    prices = ("open", "high", "low", "close", "volume")
    cells = read_cells(dump, _KLINES, times=("open_time", "close_time"), numbers=prices, optional=("taker_buy_volume",))
    table = _kline_table(dump)
    # A venue's outage cuts a bar short.
    odd = cells.times("close_time") - cells.times("open_time") + 1 != length
    if odd.sum() > SHARE_LEFT_OUT * len(cells):
        raise cells.error(int(np.argmax(odd)), f"the bar is not one of {interval}, as the name says.")
    cells = cells.only(~odd, "bars cut short by an outage")
    columns = {"open_time_ms": cells.times("open_time"), **{name: cells.numbers(name) for name in prices[:4]}}
    if table is not MARK_CANDLES:
        columns["volume_base"] = cells.numbers("volume")
        if "taker_buy_volume" in cells.frame:
            columns["taker_buy_base"] = cells.numbers("taker_buy_volume")
    note = "" if _folders(dump) else f"taken for {table.says}: no folder spot/ or um/ above it says otherwise"
    made = part(table, {"venue": VENUE, "symbol": symbol, "interval": interval}, columns)
    return converted(cells, f"Binance {table.says}", [made], note=note)


def _kline_table(dump: Dump) -> TableFormat:
    """Part futures, spot and mark price: by the folder, else microseconds are spot's; the rest is taken for futures.

    Raises:
        NotMappedError: The price is an index.
    """
    folders = {part.lower() for part in dump.path.parts[:-1]}
    if folders & {"indexpriceklines", "premiumindexklines"}:
        raise NotMappedError(f"{dump.name}: is of an index, which nothing reads.")
    if "markpriceklines" in folders:
        return MARK_CANDLES
    if "spot" in folders:
        return SPOT_CANDLES
    with dump.plain.open("rb") as file:
        beginning = file.read(_BEGINNING)
    micro = re.search(rb"(?:^|\n)[0-9]{16},", beginning)  # only spot is written in microseconds
    return SPOT_CANDLES if micro and not _folders(dump) else CANDLES


def _folders(dump: Dump) -> set[str]:
    """Give the folders that say which market a file is of, as they do in the archive."""
    return {part.lower() for part in dump.path.parts[:-1]} & {"spot", "um", "futures", "markpriceklines"}


def _metrics(dump: Dump, dated: str | None) -> Converted:
    """Read open interest and the three ratios, each at the moment when it was known."""
    optional = ("sum_open_interest", "sum_open_interest_value", *_RATIOS)
    cells = read_cells(dump, _METRICS, times=("create_time",), texts=("symbol",), optional=optional)
    # Seconds of jitter stand around every fifth minute.
    times = (cells.times("create_time") + _METRIC_STEP_MS // 2) // _METRIC_STEP_MS * _METRIC_STEP_MS
    times = times + (_METRIC_STEP_MS if _labels_starts(times, _day(dated)) else 0)
    named = {ticker: _symbol(dump, ticker) for ticker in dict.fromkeys(cells.texts("symbol"))}
    symbols = np.array([named[ticker] for ticker in cells.texts("symbol")], dtype=object)
    again = pd.DataFrame({"symbol": symbols, "time": times}).duplicated().to_numpy()
    held, value = cells.numbers("sum_open_interest"), cells.numbers("sum_open_interest_value")
    known = (held > 0) & ~again
    value = np.where(value > 0, value, np.nan)
    interest = {"symbol": symbols, "time_ms": times, "open_interest_base": held, "open_interest_quote": value}
    parts = [part(OPEN_INTEREST, {"venue": VENUE}, {name: column[known] for name, column in interest.items()})]
    for name, kind in _RATIOS.items():
        if name in cells.frame:
            told = (cells.numbers(name) > 0) & ~again
            columns = {"symbol": symbols[told], "time_ms": times[told], "ratio": cells.numbers(name)[told]}
            parts.append(part(LONG_SHORT_RATIO, {"venue": VENUE, "kind": kind}, columns))
    outage, twice = int((~known & ~again).sum()), int(again.sum())
    dropped = {"open interest empty or zero: an outage": outage, "spoke of the same five minutes": twice}
    return converted(cells, "Binance metrics", parts, dropped)


def _labels_starts(times: Ints, day: tuple[Milliseconds, Milliseconds] | None) -> bool:
    """Tell whether rows are labelled by the start of their five minutes: then they are known five minutes later.

    A day labelled by its ends runs from 00:05 to 00:00 of the next, one labelled by its starts from 00:00 to 23:55.
    Where a day holds neither midnight, or both, its date decides: the archive changed on 2026-06-25.
    """
    if not len(times):
        return False
    begin, end = day or (int(times[0]) // DAY_MS * DAY_MS, int(times[0]) // DAY_MS * DAY_MS + DAY_MS)
    first, last = bool((times == begin).any()), bool((times == end).any())
    return first if first != last else begin >= _STARTS_SINCE_MS


def _funding(dump: Dump, symbol: str) -> Converted:
    cells = read_cells(dump, _FUNDING, times=_FUNDING[:1], numbers=_FUNDING[1:])
    times = (cells.times("calc_time") + _MINUTE_MS // 2) // _MINUTE_MS * _MINUTE_MS
    _, first = np.unique(times, return_index=True)
    keep = np.sort(first)
    columns = {
        "time_ms": times[keep],
        "funding_rate": cells.numbers("last_funding_rate")[keep],
        "interval_hours": cells.numbers("funding_interval_hours")[keep],
    }
    made = part(FUNDING, {"venue": VENUE, "symbol": symbol}, columns)
    dropped = {"spoke of the same minute": len(times) - len(keep)}
    return converted(cells, "Binance funding rates", [made], dropped)


def _liquidations(dump: Dump, ticker: str, dated: str | None) -> Converted:
    """Add liquidation orders up by the hour; a sell order closed a long.

    COIN-M orders are contracts of 100 or 10 USD; they count under the coin's linear symbol, as a venue of their own.
    """
    quantity, price = _LIQUIDATIONS[-1], "average_price"
    cells = read_cells(dump, _LIQUIDATIONS, times=("time",), numbers=(price, quantity), texts=("side", "order_status"))
    filled = (cells.frame["order_status"].str.upper() == "FILLED").to_numpy(np.bool_)
    cells = cells.only(filled, "orders that were not filled")
    sides = cells.frame["side"].str.upper().to_numpy(object)
    odd = ~np.isin(sides.astype(str), ("BUY", "SELL"))
    if odd.any():
        at = int(np.argmax(odd))
        raise cells.error(at, f"side is `{sides[at][:20]}`; it must be BUY or SELL.")
    if ticker.endswith("_PERP"):
        base = ticker.removesuffix("USD_PERP")
        venue, symbol = COIN_VENUE, unified_symbol(base)
        worth = np.full(len(cells), float(_BTC_CONTRACT_USD if base == "BTC" else _CONTRACT_USD))
    else:
        venue, symbol, worth = VENUE, _symbol(dump, ticker), cells.numbers(price)
    # A monthly or undated file says nothing about its quiet hours.
    columns = hourly_liquidations(cells.times("time"), cells.numbers(quantity) * worth, sides == "SELL", _day(dated))
    made = part(LIQUIDATIONS, {"venue": venue, "symbol": symbol, "interval": "1h"}, columns)
    return converted(cells, "Binance liquidation orders", [made])


def _day(dated: str | None) -> tuple[Milliseconds, Milliseconds] | None:
    """Give the span that a daily file covers, by its name."""
    if dated is None or dated.count("-") < 2:
        return None
    try:
        start = int(datetime.fromisoformat(dated).replace(tzinfo=UTC).timestamp()) * 1000
    except ValueError:
        return None
    return start, start + DAY_MS
