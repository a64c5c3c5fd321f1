"""Coinalyze's API with the user's own free key: up to 83 days of hourly history, as archive dumps.

An edge: asks through `market/web.py`; `market/dumps_coinalyze.py` knows the answers. The key travels in a header and is
never repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from reportgen.market.dumps_coinalyze import convert_answer
from reportgen.market.dumps_read import Converted
from reportgen.market.symbols import base_of, quote_of, unified_symbol
from reportgen.market.web import Patience, Question, ask
from reportgen.units import DAY_MS, Milliseconds

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
    tickers = [_ticker(symbol) for symbol in dict.fromkeys(unified_symbol(each) for each in symbols)]
    span = {"interval": "1hour", "from": str((until_ms - _DAYS * DAY_MS) // 1000), "to": str(until_ms // 1000)}
    answers = []
    for start in range(0, len(tickers), _SYMBOLS_A_CALL):
        some = {"symbols": ",".join(tickers[start : start + _SYMBOLS_A_CALL])}
        for endpoint, more in _ENDPOINTS.items():
            query = urlencode({**some, **span, **more})
            question = Question(who=_WHO, url=f"{_API}/{endpoint}?{query}", headers={"api_key": key}, instead=url)
            words = " ".join(f"{name}={value}" for name, value in more.items())
            name = f"{_WHO} {endpoint} 1hour {words}".strip()
            answers.append(convert_answer(ask(question, patience), name, until_ms=until_ms))
    return tuple(answers)


def _ticker(symbol: str) -> str:
    """Name Binance's perpetual as Coinalyze does."""
    return f"{base_of(symbol)}{quote_of(symbol)}_PERP.A"
