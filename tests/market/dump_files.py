"""Archive dumps for the tests, in every form that the archives are known to have."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reportgen.units import HOUR_MS

DAY_START_MS = 1_767_225_600_000
"""2026-01-01."""

KLINE_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)
METRICS_HEADER = (
    "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
    "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio"
)
LIQUIDATION_HEADER = (
    "time,side,order_type,time_in_force,original_quantity,price,average_price,order_status,last_fill_quantity,"
    "accumulated_fill_quantity"
)
TARDIS_EVENTS = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"
TARDIS_TICKER = (
    "exchange,symbol,timestamp,local_timestamp,funding_timestamp,funding_rate,predicted_funding_rate,open_interest,"
    "last_price,index_price,mark_price"
)


def klines(bars: int = 24, *, unit: int = 1, header: bool = False, first: int = 0) -> str:
    """Write hourly klines; unit 1000 makes microseconds."""
    lines = [KLINE_HEADER] if header else []
    for bar in range(first, first + bars):
        opened = (DAY_START_MS + bar * HOUR_MS) * unit
        closed = opened + HOUR_MS * unit - 1
        price = 100 + bar
        lines.append(f"{opened},{price},{price + 2},{price - 1},{price + 1},10.5,{closed},1050,7,4.5,450,0")
    return "\n".join(lines) + "\n"


def metrics(rows: int = 12, *, jitter: Sequence[int] = (0,), symbol: str = "BTCUSDT") -> str:
    """Write five-minute metrics, labelled by their ends, whose times are late by some seconds."""
    lines = [METRICS_HEADER]
    for row in range(rows):
        minute, second = 5 * (row + 1), jitter[row % len(jitter)]
        moment = f"2026-01-01 {minute // 60:02d}:{minute % 60:02d}:{second:02d}"
        lines.append(f"{moment},{symbol},{1000 + row},{100_000 + row},1.2,1.3,{1 + row / 10},0.9")
    return "\n".join(lines) + "\n"


def funding(rates: int = 3, *, header: bool = True) -> str:
    """Write settlements of eight hours, each some milliseconds late."""
    lines = ["calc_time,funding_interval_hours,last_funding_rate"] if header else []
    lines += [f"{DAY_START_MS + 8 * HOUR_MS * rate + 3},8,{0.0001 * (rate - 1):.8f}" for rate in range(rates)]
    return "\n".join(lines) + "\n"


def liquidations(orders: Sequence[tuple[int, str, float, float]], *, header: bool = True, twice: bool = True) -> str:
    """Write filled orders (minute of the day, side, quantity, price), each of them twice as the archive does."""
    lines = []
    for minute, side, quantity, price in orders:
        moment = DAY_START_MS + minute * HOUR_MS // 60
        line = f"{moment},{side},LIMIT,IOC,{quantity},{price},{price},FILLED,{quantity},{quantity}"
        lines += [line, line] if twice else [line]
    return "\n".join([LIQUIDATION_HEADER, *lines] if header else lines) + "\n"


def tardis_events(rows: Sequence[tuple[int, str, float, float]], exchange: str = "binance-futures") -> str:
    """Write trades or liquidations (millisecond of the day, side, price, amount)."""
    lines = [TARDIS_EVENTS]
    for number, (at, side, price, amount) in enumerate(rows):
        micro = (DAY_START_MS + at) * 1000
        lines.append(f"{exchange},BTCUSDT,{micro},{micro + 50},{number},{side},{price},{amount}")
    return "\n".join(lines) + "\n"


def zipped(path: Path, text: str, inside: str = "") -> Path:
    """Write text as the one CSV in a zip."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(inside or f"{path.stem}.csv", text)
    return path


def written(path: Path, text: str) -> Path:
    """Write text as it is, or packed when the name ends in .gz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), mtime=0) if path.suffix == ".gz" else text.encode())
    return path


def in_any_form(folder: Path, name: str, text: str, form: str) -> Path:
    """Write a dump as zip or as CSV."""
    return zipped(folder / f"{name}.zip", text) if form == "zip" else written(folder / f"{name}.csv", text)


def rows_of(columns: dict[str, Any], *names: str) -> list[tuple[Any, ...]]:
    """Give some columns as rows."""
    return list(zip(*(columns[name] for name in names), strict=True))
