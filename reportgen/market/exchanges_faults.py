"""What can go wrong with a venue, told apart by ourselves: its HTTP status and its own code decide, not ccxt's class.

ccxt retries a geo-block and takes a web page for candles; here each answer is judged before ccxt may. Stands between
`market/exchanges_line.py`, which asks, and the sentences that the brief prints.
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, Final

from reportgen.market.venues import Venue


class FaultKind(StrEnum):
    """Why a venue gave nothing."""

    GEO_BLOCKED = "geo_blocked"
    RATE_LIMITED = "rate_limited"
    OUTAGE = "outage"
    BAD_SYMBOL = "bad_symbol"
    BAD_PAYLOAD = "bad_payload"
    OUT_OF_TIME = "out_of_time"


class VenueFault(Exception):
    """A question to a venue that has no answer.

    Attributes:
        kind: Decides whether asking again can help. retry_after: seconds that the venue asked to wait, if it did.
    """

    def __init__(self, kind: FaultKind, sentence: str, retry_after: float | None = None) -> None:
        """Keep the sentence as the message."""
        super().__init__(sentence)
        self.kind = kind
        self.retry_after = retry_after


_GEO_WORDS: Final = ("cloudfront", "restricted", "country")
_FINE: Final = frozenset({"0", "00000", "200", "success", "ok", "none", ""})
_CODE_FIELDS: Final = ("retCode", "code", "err-code", "label", "error", "result")
_RATE: Final = FaultKind.RATE_LIMITED
_SYMBOL: Final = FaultKind.BAD_SYMBOL
_OUTAGE: Final = FaultKind.OUTAGE
_CODES: Final[Mapping[str, Mapping[str, FaultKind]]] = {
    "binance": {
        **dict.fromkeys(("-1003", "-1008", "-1015"), _RATE),
        **dict.fromkeys(("-1000", "-1001", "-1006", "-1007", "-1016"), _OUTAGE),
        "-1121": _SYMBOL,
    },
    "bybit": {"10006": _RATE, "10018": _RATE, "10016": _OUTAGE, "10000": _OUTAGE, "10001": _SYMBOL},
    "okx": {
        **dict.fromkeys(("50011", "50061"), _RATE),
        **dict.fromkeys(("50001", "50004", "50013", "50026"), _OUTAGE),
        "51001": _SYMBOL,
    },
    "gate": {
        "TOO_MANY_REQUESTS": _RATE,
        "SERVER_ERROR": _OUTAGE,
        "INTERNAL": _OUTAGE,
        **dict.fromkeys(("CONTRACT_NOT_FOUND", "INVALID_CURRENCY_PAIR", "INVALID_CURRENCY"), _SYMBOL),
    },
    "bitget": {"429": _RATE, "30007": _RATE, "40725": _OUTAGE, "40034": _SYMBOL, "40309": _SYMBOL, "400172": _SYMBOL},
    "hyperliquid": {},
    "htx": {"1032": _RATE, "1030": _OUTAGE, "1332": _SYMBOL, "1333": _SYMBOL},
    "deribit": {"10028": _RATE, "10040": _OUTAGE, "10047": _RATE, "13020": _SYMBOL, "-32602": _SYMBOL},
    "kraken": {
        "apiLimitExceeded": _RATE,
        "Unavailable": _OUTAGE,
        "contractNotFound": _SYMBOL,
        "Server Error": _OUTAGE,
    },
}
"""The venues' own codes that mean something else than a broken answer."""

GATEWAY: Final = range(500, 600)
_TOO_MANY: Final = (429, 418)


def judge(
    venue: Venue, status: int, headers: Mapping[str, str], body: str, answer: object, *, what: str
) -> VenueFault | None:
    """Judge one answer.

    Args:
        venue: Who answered.
        status: HTTP.
        headers: Of the answer, in any case.
        body: Its text.
        answer: Its JSON, or None.
        what: The perpetual or spot market asked about, for the sentence about an unknown one.

    Returns:
        The fault, or None when there is something to read.
    """
    if status == 451 or (status == 403 and any(word in body.lower() for word in _GEO_WORDS)):
        return VenueFault(FaultKind.GEO_BLOCKED, f"{venue.display} refused this location (HTTP {status}).")
    code = _own_code(answer)
    kind = _RATE if status in _TOO_MANY else _CODES[venue.name].get(code)
    if kind is None:
        kind = _OUTAGE if status in GATEWAY else None
    shown = f"HTTP {status}" if status >= 400 else f"code {code}"
    known = {
        _RATE: f"{venue.display} allowed no more requests ({shown}).",
        _SYMBOL: f"{venue.display} lists no {what}.",
        _OUTAGE: f"{venue.display} was out of order ({shown}).",
    }
    if kind is not None:
        return VenueFault(kind, known[kind], _retry_after(headers))
    if status >= 400 or (isinstance(answer, dict) and code.lower() not in _FINE):
        own = f"HTTP {status}, code {code}" if status >= 400 and code.lower() not in _FINE else shown
        return VenueFault(FaultKind.BAD_PAYLOAD, f"{venue.display} refused the question ({own}).")
    return None if isinstance(answer, dict | list) else unreadable(venue)


def unreadable(venue: Venue) -> VenueFault:
    """Say that an answer could not be read: a web page, half a JSON, an empty cell."""
    return VenueFault(FaultKind.BAD_PAYLOAD, f"{venue.display} sent an unreadable answer.")


def _own_code(answer: object) -> str:
    """Find the code that a venue puts into its answers; "" where it puts none."""
    if not isinstance(answer, dict):
        return ""
    found: Any = next((answer[field] for field in _CODE_FIELDS if field in answer), "")
    error = answer.get("error")
    if isinstance(error, str | dict):
        found = error.get("code", "") if isinstance(error, dict) else error
    # Deribit's `result` is what was asked for, Kraken's is a word.
    wordless = isinstance(found, dict | list) or (found is answer.get("result") and not isinstance(found, str))
    return "" if wordless else str(found)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read how many seconds a venue asks to wait: a number, or a date, counted from that of the answer."""
    known = {name.lower(): value for name, value in headers.items()}
    text = known.get("retry-after", "")
    if text.replace(".", "", 1).isdigit():
        return float(text)
    try:
        return max((parsedate_to_datetime(text) - parsedate_to_datetime(known["date"])).total_seconds(), 0.0)
    except (KeyError, ValueError, TypeError):
        return None
