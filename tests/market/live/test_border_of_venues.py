"""What no exchange-shaped answer may smuggle in: codes, jumps, frozen bars, times to come, crossed books."""

from __future__ import annotations

import numpy as np
import pytest

from reportgen.market.exchanges.connection import judge
from reportgen.market.exchanges.rows import pass_border, refuse_frozen, refuse_future, refuse_late
from reportgen.market.exchanges.venue import FaultKind, VenueFault
from reportgen.market.exchanges.venues import VENUES
from reportgen.market.folder.tables import CANDLES, OPEN_INTEREST
from reportgen.units import HOUR_MS, Floats, Ints

NOW = 1_795_461_420_000
CLOUDFRONT = "<html>The Amazon CloudFront distribution is configured to block access from your country.</html>"


@pytest.mark.parametrize(
    ("venue", "status", "body", "answer", "kind"),
    [
        ("binance", 451, "restricted", {"code": 0}, FaultKind.GEO_BLOCKED),
        ("bybit", 403, CLOUDFRONT, None, FaultKind.GEO_BLOCKED),
        ("bybit", 403, "<html>Forbidden</html>", None, FaultKind.BAD_PAYLOAD),
        ("bybit", 200, "", {"retCode": 10006, "retMsg": "Too many visits!"}, FaultKind.RATE_LIMITED),
        ("okx", 200, "", {"code": "50011", "msg": "Too Many Requests"}, FaultKind.RATE_LIMITED),
        ("okx", 429, "", {"code": "50011"}, FaultKind.RATE_LIMITED),
        ("binance", 418, "", {"code": -1003}, FaultKind.RATE_LIMITED),
        ("binance", 400, "", {"code": -1121, "msg": "Invalid symbol."}, FaultKind.BAD_SYMBOL),
        ("okx", 200, "", {"code": "51001"}, FaultKind.BAD_SYMBOL),
        ("deribit", 400, "", {"error": {"code": 13020, "message": "instrument_not_found"}}, FaultKind.BAD_SYMBOL),
        ("kraken", 200, "", {"result": "error", "error": "apiLimitExceeded"}, FaultKind.RATE_LIMITED),
        ("gate", 400, "", {"label": "CONTRACT_NOT_FOUND"}, FaultKind.BAD_SYMBOL),
        ("bitget", 502, "", None, FaultKind.OUTAGE),
        ("binance", 500, "", {"code": -1001}, FaultKind.OUTAGE),
        ("okx", 200, "", {"code": "50001"}, FaultKind.OUTAGE),
        ("binance", 400, "", {"code": -1130}, FaultKind.BAD_PAYLOAD),
        ("gate", 200, "<html>", None, FaultKind.BAD_PAYLOAD),
    ],
)
def test_an_answer_is_told_apart_by_status_and_code(
    venue: str, status: int, body: str, answer: object, kind: FaultKind
) -> None:
    """The venue's own status and code decide, whatever class ccxt would have raised."""
    fault = judge(VENUES[venue], status, {}, body, answer, what="perpetual of BTC")
    assert fault is not None
    assert fault.kind is kind
    assert VENUES[venue].display in str(fault)


@pytest.mark.parametrize(
    ("venue", "answer"),
    [
        ("binance", []),
        ("bybit", {"retCode": 0, "result": {}}),
        ("okx", {"code": "0", "data": []}),
        ("bitget", {"code": "00000", "data": None}),
        ("deribit", {"jsonrpc": "2.0", "result": 1_795_461_420_000}),
        ("kraken", {"result": "success", "tickers": []}),
        ("hyperliquid", {"coin": "BTC"}),
    ],
)
def test_a_right_answer_is_no_fault(venue: str, answer: object) -> None:
    """Each venue's sign of success is known."""
    assert judge(VENUES[venue], 200, {}, "", answer, what="") is None


def test_retry_after_is_read_in_any_case() -> None:
    """The seconds that a venue asks for travel with the fault."""
    fault = judge(VENUES["binance"], 429, {"retry-after": "7"}, "", {}, what="")
    assert fault is not None
    assert fault.retry_after == 7


@pytest.mark.parametrize(
    ("said", "seconds"), [("Fri, 27 Nov 2026 08:00:30 GMT", 30), ("Fri, 27 Nov 2026 07:00:00 GMT", 0), ("soon", None)]
)
def test_retry_after_may_be_a_date(said: str, seconds: float | None) -> None:
    """A date is counted from the answer's own, never below zero; anything else is as if nothing had been said."""
    headers = {"Retry-After": said, "Date": "Fri, 27 Nov 2026 08:00:00 GMT"}
    fault = judge(VENUES["okx"], 429, headers, "", {"code": "50011"}, what="")
    assert fault is not None
    assert fault.retry_after == seconds


def bars(count: int = 48) -> tuple[Ints, dict[str, Floats], Floats]:
    """Make sound bars up to now."""
    opened = (NOW // HOUR_MS - count + np.arange(count)) * HOUR_MS
    close = 100 + np.sin(np.arange(count))
    prices = {"open": close, "high": close + 2, "low": close - 2, "close": close}
    volume: Floats = np.arange(count, dtype=np.float64) + 1
    times: Ints = opened.astype(np.int64)
    return times, prices, volume


def test_sound_bars_pass() -> None:
    """The checks let ordinary bars through unchanged."""
    opened, prices, volume = bars()
    refuse_late(VENUES["gate"], opened, NOW)
    refuse_frozen(VENUES["gate"], "bar", np.column_stack([*prices.values(), volume]))
    columns = {**prices, "volume_base": volume}
    passed = pass_border(VENUES["gate"], CANDLES, ("BTC/USDT:USDT", "gate", "1h"), opened, columns)
    assert passed.columns["open_time_ms"].tolist() == opened.tolist()
    assert passed.notes == ()


def test_frozen_bars_are_no_market() -> None:
    """The same bar with the same volume for a day is a feed that hangs."""
    _, prices, volume = bars()
    frozen = [np.full(48, 100.0) for _ in prices]
    refuse_frozen(VENUES["gate"], "bar", np.column_stack([*frozen, volume]))
    with pytest.raises(VenueFault, match="repeated the same bar"):
        refuse_frozen(VENUES["gate"], "bar", np.column_stack([*frozen, np.ones_like(volume)]))


def test_open_interest_may_not_freeze() -> None:
    """A number that never changes is a feed that hangs."""
    moving = 1000 + np.sin(np.arange(48.0))
    refuse_frozen(VENUES["okx"], "open interest", moving[:, None])
    with pytest.raises(VenueFault, match="repeated the same open interest"):
        refuse_frozen(VENUES["okx"], "open interest", np.full((48, 1), 1000.0))


def test_late_bars_and_times_to_come_are_refused() -> None:
    """The newest bar must be recent by the venue's own clock, and nothing may be later than it."""
    opened, _, _ = bars()
    with pytest.raises(VenueFault, match="closed 10 hours ago"):
        refuse_late(VENUES["gate"], opened - 10 * HOUR_MS, NOW)
    with pytest.raises(VenueFault, match="times to come"):
        refuse_future(VENUES["gate"], np.array([NOW + HOUR_MS]), NOW)


@pytest.mark.parametrize(
    ("column", "value", "said"), [("high", 1.0, "the high is below the low"), ("low", -1.0, "low")]
)
def test_impossible_cells_are_said_without_advice_to_a_file_owner(column: str, value: float, said: str) -> None:
    """The folder's own rules judge live rows, in a sentence that a reader of the brief understands."""
    opened, prices, volume = bars()
    prices[column] = np.where(np.arange(48) == 7, value, prices[column])
    with pytest.raises(VenueFault, match=said) as caught:
        pass_border(VENUES["gate"], CANDLES, ("BTC/USDT:USDT", "gate", "1h"), opened, {**prices, "volume_base": volume})
    assert str(caught.value).startswith("Gate sent candles that cannot be true: ")
    assert "row" not in str(caught.value)


def test_open_interest_of_zero_is_left_out_and_noted() -> None:
    """A zero is a venue's outage: the row goes, and a sentence says so."""
    times = np.array([NOW - HOUR_MS, NOW], dtype=np.int64)
    passed = pass_border(
        VENUES["okx"], OPEN_INTEREST, ("BTC/USDT:USDT", "okx"), times, {"open_interest_base": np.array([5.0, 0.0])}
    )
    assert {name: cells.tolist() for name, cells in passed.columns.items()} == {
        "time_ms": [NOW - HOUR_MS],
        "open_interest_base": [5.0],
    }
    assert "outage" in passed.notes[0]
