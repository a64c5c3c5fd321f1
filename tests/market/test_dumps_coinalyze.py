"""Coinalyze's histories, from kept files and from its API on a local server with the user's key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from reportgen.errors import DataError
from reportgen.market.dumps.cells import Converted
from reportgen.market.dumps.coinalyze import ask_histories
from reportgen.market.dumps.convert import add_to_folder, read_dumps
from reportgen.market.folder.read import read_market
from reportgen.market.web import Patience, WebError
from reportgen.units import HOUR_MS, Missing
from tests.market.answers import Answer, Asked, serving
from tests.market.dump_files import DAY_START_MS, written

START = DAY_START_MS // 1000
QUICK = Patience(attempts=2, request_seconds=2, total_seconds=5, first_wait_seconds=0.01, longest_wait_seconds=0.5)
ROWS: dict[str, dict[str, float]] = {
    "ohlcv-history": {"o": 100, "h": 102, "l": 99, "c": 101, "v": 10, "bv": 4, "tx": 7, "btx": 3},
    "open-interest-history": {"o": 1000, "h": 1010, "l": 990, "c": 1005},
    "liquidation-history": {"l": 123.4, "s": 5.6},
    "long-short-ratio-history": {"r": 1.5, "l": 60, "s": 40},
    "funding-rate-history": {"o": 0.01, "h": 0.01, "l": 0.01, "c": 0.01},
}

IN_COINS = "liquidations: coins, or not said; ask with convert_to_usd=true and put usd in the name"


def history(kind: str, *, symbol: str = "BTCUSDT_PERP.A", rows: int = 4, first: int = START) -> list[dict[str, Any]]:
    """Make an hourly answer."""
    return [{"symbol": symbol, "history": [{"t": first + 3600 * row, **ROWS[kind]} for row in range(rows)]}]


def read(folder: Path, name: str, answer: object) -> Converted:
    """Convert one kept answer."""
    (made,) = read_dumps([written(folder / name, json.dumps(answer))])
    return made


def test_each_history_becomes_its_table(tmp_path: Path) -> None:
    """Open interest and ratios are known at the end of their hour, bars at their start."""
    names = {
        "open-interest-history-1hour.json": ("open-interest-history", "open_interest", 1),
        "liquidation-history-usd.json": ("liquidation-history", "liquidations", 0),
        "long-short-ratio.json": ("long-short-ratio-history", "long_short_ratio", 1),
        "ohlcv.json.gz": ("ohlcv-history", "candles", 0),
    }
    for name, (kind, table, later) in names.items():
        (part,) = read(tmp_path, name, history(kind)).parts
        assert part.table.name == table
        assert next(iter(part.columns[part.table.moment])) == DAY_START_MS + later * HOUR_MS


def test_a_ratio_is_taken_for_a_ratio_though_it_has_letters_of_liquidations(tmp_path: Path) -> None:
    """The ratio's own letter decides."""
    (part,) = read(tmp_path, "x-1hour.json", history("long-short-ratio-history")).parts
    assert list(part.columns["ratio"]) == [1.5] * 4


@pytest.mark.parametrize(
    ("name", "kind", "symbol", "why"),
    [
        ("liquidation-history.json", "liquidation-history", "BTCUSDT_PERP.A", IN_COINS),
        ("BTCUSDT.json", "liquidation-history", "BTCUSDT_PERP.A", IN_COINS),
        ("funding.json", "funding-rate-history", "BTCUSDT_PERP.A", "funding: rates of an interval, not settlements"),
        (
            "open-interest.json",
            "open-interest-history",
            "BTCUSDT_PERP.6",
            "open interest of bybit: whether both sides are counted is not certain",
        ),
        (
            "open-interest-usd.json",
            "open-interest-history",
            "BTCUSDT_PERP.A",
            "open interest in USD: ask without convert_to_usd",
        ),
        ("ohlcv.json", "ohlcv-history", "BTCUSD_PERP.A", "BTCUSD_PERP.A is coin-margined"),
        ("ohlcv.json", "ohlcv-history", "BTCUSDT_PERP.Z", "the exchange of BTCUSDT_PERP.Z is not known"),
        ("ohlcv.json", "ohlcv-history", "BTCUSDT.A", "BTCUSDT.A is no perpetual"),
    ],
)
def test_what_cannot_be_used_is_left_out_with_the_reason(
    tmp_path: Path, name: str, kind: str, symbol: str, why: str
) -> None:
    """Nothing whose unit, sides or market are not certain gets into the folder; the summary says why."""
    made = read(tmp_path, name, history(kind, symbol=symbol))
    assert made.parts == ()
    assert made.dropped == {why: 4}


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("oi.json", json.dumps(history("open-interest-history")), "Put open-interest or funding in its name"),
        ("ohlcv.json", "[{", r"ohlcv\.json:1: is no JSON"),
        ("ohlcv.json", json.dumps({"message": "Invalid key"}), "Is it a history of Coinalyze"),
        ("ohlcv.json", json.dumps(history("ohlcv-history", rows=1)), "do not tell the interval"),
        ("ohlcv.json", json.dumps(history("ohlcv-history", first=START * 1000)), r"\[0\]\.history\[0\]\.t"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, name: str, text: str, says: str) -> None:
    """The error names the file and the place in it."""
    with pytest.raises(DataError, match=says):
        read_dumps([written(tmp_path / name, text)])


def endpoint(asked: Asked, _: int) -> Answer:
    """Answer as the API does: six hours, the last of them still running."""
    kind = urlsplit(asked.path).path.rsplit("/", 1)[-1]
    symbols = parse_qs(urlsplit(asked.path).query)["symbols"][0].split(",")
    return Answer(body=[one for symbol in symbols for one in history(kind, symbol=symbol, rows=6)])


def test_the_api_fills_a_folder_and_leaves_out_the_running_hour(tmp_path: Path) -> None:
    """Four questions for any symbols, the key in a header alone, liquidations in USD, only closed hours kept."""
    now = DAY_START_MS + 5 * HOUR_MS + 1
    with serving(endpoint) as server:
        made = ask_histories(["BTC", "ETHUSDT", "BTC"], key="my-secret", until_ms=now, url=server.url, patience=QUICK)
    add_to_folder(made, tmp_path)
    market = read_market(tmp_path, ("ETH",), as_of_ms=None).markets["ETH/USDT:USDT"]
    assert not isinstance(market.candles, Missing)
    assert len(market.candles["binance"]) == 5
    assert not isinstance(market.open_interest, Missing)
    assert not isinstance(market.liquidations, Missing)
    assert not isinstance(market.long_short_ratio, Missing)
    assert len(server.asked) == 4
    assert {one.headers["api_key"] for one in server.asked} == {"my-secret"}
    assert all(one.path.startswith("/api.coinalyze.net/v1/") for one in server.asked)
    assert all("my-secret" not in one.path for one in server.asked)
    assert all("symbols=BTCUSDT_PERP.A%2CETHUSDT_PERP.A" in one.path for one in server.asked)
    assert ["convert_to_usd=true" in one.path for one in server.asked] == [
        "liquidation" in one.path for one in server.asked
    ]


def test_a_redirect_is_not_followed_with_the_key() -> None:
    """Whoever answers may not send the key to somebody else."""
    with serving(endpoint) as other:
        away = Answer(body="", status=302, headers={"Location": f"{other.url}/v1/ohlcv-history?symbols=BTCUSDT_PERP.A"})
        with serving(lambda *_: away) as server, pytest.raises(WebError, match="HTTP 302"):
            ask_histories(["BTC"], key="my-secret", until_ms=DAY_START_MS, url=server.url, patience=QUICK)
    assert other.asked == []


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(body={"message": "Invalid API key"}, status=401), "Coinalyze refused the request"),
        (Answer(body="x", status=429, headers={"Retry-After": "0.01"}), "Coinalyze was asked too often"),
        (Answer(body="<html>"), "Coinalyze sent an unreadable answer"),
    ],
)
def test_a_refusal_names_coinalyze_and_never_the_key(
    answer: Answer, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Errors and logs hold the sentence, not the secret."""
    with serving(lambda *_: answer) as server, pytest.raises(WebError, match=says) as caught:
        ask_histories(["BTC"], key="my-secret", until_ms=DAY_START_MS, url=server.url, patience=QUICK)
    assert "my-secret" not in f"{caught.value!r} {caught.value.__cause__!r} {caplog.text}"
    assert caplog.records == []
