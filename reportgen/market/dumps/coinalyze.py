"""Coinalyze's API with the user's own free key: up to 83 days of hourly history, as archive dumps.

An edge: asks through `market/web.py`; `market/dumps/coinalyze.py` knows the answers. The key travels in a header and is
never repeated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from reportgen.errors import UsageError
from reportgen.market.dumps.cells import Converted, Dump, DumpError, part
from reportgen.market.folder.append import Part
from reportgen.market.folder.tables import CANDLES, LIQUIDATIONS, LONG_SHORT_RATIO, OPEN_INTEREST, interval_text
from reportgen.market.symbols import base_of, quote_of, unified_symbol
from reportgen.market.web import Patience, Request, ask
from reportgen.units import DAY_MS, HOUR_MS, Maybe, Milliseconds, Missing

# ---- Coinalyze's JSON histories: kept answers of its API, or fresh ones, into the tables of a market folder ----

VENUES: Final = {"A": "binance", "6": "bybit", "3": "okx", "H": "hyperliquid"}
"""Coinalyze's letters for exchanges."""
_ONE_SIDED: Final = frozenset({"binance"})
_TICKER: Final = re.compile(r"([^\W_]+)_PERP\.(\w+)")
_USD: Final = re.compile(r"(?:^|[-_. =])usd(?:[-_. ]|$)|convert_to_usd[=_-]?true", re.IGNORECASE)
_INTERVALS: Final = {
    "1min": HOUR_MS // 60, "5min": HOUR_MS // 12, "15min": HOUR_MS // 4, "30min": HOUR_MS // 2, "1hour": HOUR_MS,
    "2hour": 2 * HOUR_MS, "4hour": 4 * HOUR_MS, "6hour": 6 * HOUR_MS, "12hour": 12 * HOUR_MS, "daily": DAY_MS,
}  # fmt: skip
_LARGEST_ANSWER: Final = 64_000_000
_Number = Annotated[float, Field(allow_inf_nan=False)]
_NotNegative = Annotated[float, Field(allow_inf_nan=False, ge=0)]


class _Point(BaseModel):
    t: Annotated[int, Field(gt=10**8, lt=10**11)]
    o: _Number | None = None
    h: _Number | None = None
    l: _Number | None = None  # noqa: E741 - the API's letter
    c: _Number | None = None
    v: _NotNegative | None = None
    bv: _NotNegative | None = None
    r: _Number | None = None
    s: _Number | None = None


class _History(BaseModel):
    symbol: str
    history: list[_Point]


_ANSWER: Final = TypeAdapter(list[_History])


def convert(dump: Dump) -> Converted:
    """Convert one kept answer.

    Raises:
        DumpError: It is no history, or cannot be told which.
    """
    try:
        if dump.plain.stat().st_size > _LARGEST_ANSWER:
            raise DumpError(f"{dump.name}: is larger than {_LARGEST_ANSWER:,} bytes, which no answer is.")
        parsed = json.loads(dump.plain.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        line = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise DumpError(f"{dump.name}{line}: is no JSON. Download the file again.") from error
    return convert_answer(parsed, dump.name)


def convert_answer(parsed: object, name: str, *, until_ms: Milliseconds | None = None) -> Converted:
    """Convert one answer of the API.

    Args:
        parsed: The JSON.
        name: Says which history it is, as a file's name does.
        until_ms: Leave out intervals that end later: they are not closed.

    Raises:
        DumpError: As `convert`.
    """
    try:
        histories = _ANSWER.validate_python(parsed)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
        raise DumpError(f"{name}: {place or 'it'}: {first['msg']}. Is it a history of Coinalyze?") from error
    parts: list[Part] = []
    dropped: dict[str, int] = {}
    for history in histories:
        one = _part(history, name, until_ms)
        if isinstance(one, Missing):
            dropped[one.reason] = dropped.get(one.reason, 0) + len(history.history)
        else:
            parts.append(one)
    rows = sum(len(history.history) for history in histories)
    return Converted(name=name, kind="Coinalyze history", rows=rows, parts=tuple(parts), dropped=dropped)


def _part(history: _History, name: str, until_ms: Milliseconds | None) -> Maybe[Part]:
    """Convert one symbol's history, told by its letters, or say why its rows are left out.

    Raises:
        DumpError: Neither letters nor name tell what it is, or a row lacks a letter.
    """
    market = _market(history.symbol, name)
    if isinstance(market, Missing):
        return market
    points = sorted({point.t: point for point in history.history}.values(), key=lambda point: point.t)
    length = _length(points, name) if points else 0
    points = [point for point in points if until_ms is None or point.t * 1000 + length <= until_ms]
    if not points:
        return Missing(f"{history.symbol} has no closed interval")
    first, in_usd = points[0], bool(_USD.search(name))
    starts = np.array([point.t * 1000 for point in points], dtype=np.int64)
    keys = {"venue": market[0], "symbol": market[1]}
    # Of an interval the last value is known when it is over.
    table, moment, named = OPEN_INTEREST, {"time_ms": starts + length}, {"open_interest_base": "c"}
    why = ""
    if first.r is not None:
        table, named, keys["kind"] = LONG_SHORT_RATIO, {"ratio": "r"}, "accounts"
    elif first.s is not None or first.v is not None:
        moment, keys["interval"] = {"open_time_ms": starts}, interval_text(length)
        table, named = LIQUIDATIONS, {"liquidated_long_quote": "l", "liquidated_short_quote": "s"}
        if first.s is None:
            table, named = CANDLES, {"open": "o", "high": "h", "low": "l", "close": "c", "volume_base": "v"}
            named |= {"taker_buy_base": "bv"} if all(point.bv is not None for point in points) else {}
        # In coins they would have to be priced by guess.
        coins = "liquidations: coins, or not said; ask with convert_to_usd=true and put usd in the name"
        why = "" if in_usd or first.s is None else coins
    else:
        why = _no_open_interest(name, market[0], in_usd=in_usd)
    if why:
        return Missing(why)
    columns: dict[str, NDArray[Any]] = {**moment}
    for column, letter in named.items():
        values = [getattr(point, letter) for point in points]
        if None in values:
            at = points[values.index(None)].t
            raise DumpError(f"{name}: the row of t {at} has no `{letter}`. Download the file again.")
        columns[column] = np.array(values, dtype=np.float64)
    return part(table, keys, columns)


def _no_open_interest(name: str, venue: str, *, in_usd: bool) -> str:
    """Say why rows are not surely open interest in coins and of one side, or "".

    Raises:
        DumpError: The name does not say whether it is open interest or funding.
    """
    words = name.lower()
    if "funding" in words:
        return "funding: rates of an interval, not settlements"
    if "open-interest" not in words and "open_interest" not in words:
        raise DumpError(
            f"{name}: open interest and funding have the same columns. Put open-interest or funding in its name."
        )
    if venue not in _ONE_SIDED:
        return f"open interest of {venue}: whether both sides are counted is not certain"
    return "open interest in USD: ask without convert_to_usd" if in_usd else ""


def _market(ticker: str, name: str) -> Maybe[tuple[str, str]]:
    """Give venue and symbol, or say why nothing of this market can be used.

    Raises:
        DumpError: The ticker names no market at all.
    """
    found = _TICKER.fullmatch(ticker)
    if not found:
        return Missing(f"{ticker} is no perpetual")
    if found[2] not in VENUES:
        return Missing(f"the exchange of {ticker} is not known")
    try:
        symbol = unified_symbol(found[1])
    except UsageError as error:
        raise DumpError(f"{name}: {error}") from error
    return Missing(f"{ticker} is coin-margined") if symbol.endswith("/USD:USD") else (VENUES[found[2]], symbol)


def _length(points: Sequence[_Point], name: str) -> Milliseconds:
    """Take the interval from the name, else from the smallest step.

    Raises:
        DumpError: There is one row, and the name does not say.
    """
    words = re.split(r"[^0-9a-z]+", name.lower())
    said = next((length for text, length in _INTERVALS.items() if text in words), None)
    if said is not None:
        return said
    steps = np.diff([point.t for point in points])
    length = int(steps.min()) * 1000 if len(steps) else 0
    if length not in _INTERVALS.values():
        names = ", ".join(_INTERVALS)
        raise DumpError(f"{name}: its rows do not tell the interval. Put one of {names} in its name.")
    return length


KEY_VARIABLE: Final = "COINALYZE_API_KEY"
_API: Final = "https://api.coinalyze.net/v1"
_WHO: Final = "Coinalyze"
_DAYS: Final = 83
"""Hourly history is kept for 2000 rows."""
_SYMBOLS_A_CALL: Final = 20
_ENDPOINTS: Final = {
    "ohlcv-history": {},
    "open-interest-history": {"convert_to_usd": "false"},
    "liquidation-history": {"convert_to_usd": "true"},
    "long-short-ratio-history": {},
}
PATIENCE: Final = Patience(request_seconds=30, total_seconds=300, longest_wait_seconds=70)
"""Forty symbols a minute are allowed: an answer of 429 asks for less than a minute."""


def ask_histories(
    symbols: Sequence[str],
    *,
    key: str,
    until_ms: Milliseconds,
    url: str | None = None,
    patience: Patience = PATIENCE,
) -> tuple[Converted, ...]:
    """Ask for Binance's candles, open interest, liquidations and long/short ratio of some symbols, hour by hour.

    Args:
        symbols: In any usual spelling.
        key: The user's.
        until_ms: The run's clock; an interval that ends later is not closed and is left out.
        url: Where to send the requests instead, as URL/<original host>/<original path>.
        patience: How long to wait.

    Raises:
        WebError: The API cannot be asked, or refuses the key.
        DumpError: It answered something else than histories.
    """
    unique = dict.fromkeys(unified_symbol(each) for each in symbols)
    tickers = [f"{base_of(symbol)}{quote_of(symbol)}_PERP.A" for symbol in unique]
    span = {"interval": "1hour", "from": str((until_ms - _DAYS * DAY_MS) // 1000), "to": str(until_ms // 1000)}
    answers = []
    for start in range(0, len(tickers), _SYMBOLS_A_CALL):
        some = {"symbols": ",".join(tickers[start : start + _SYMBOLS_A_CALL])}
        for endpoint, more in _ENDPOINTS.items():
            query = urlencode({**some, **span, **more})
            question = Request(who=_WHO, url=f"{_API}/{endpoint}?{query}", headers={"api_key": key}, instead=url)
            words = " ".join(f"{name}={value}" for name, value in more.items())
            name = f"{_WHO} {endpoint} 1hour {words}".strip()
            answers.append(convert_answer(ask(question, patience), name, until_ms=until_ms))
    return tuple(answers)
