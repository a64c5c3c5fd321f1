"""The user's own leverage brackets in a live run: as a table or as Binance's answer, instead of the bundled ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reportgen.errors import DataError
from reportgen.market.exchanges.own_brackets import own_brackets, with_own_brackets
from reportgen.market.exchanges.venue import Datum
from reportgen.market.folder.tables import BRACKETS
from tests.market.live.conftest import Gather
from tests.market.live.exchange_server import Exchanges
from tests.market.live.test_shapes import RECORDED

BTC = "BTC/USDT:USDT"
NOW = 1_795_461_420_000
HEAD = "symbol,venue,as_of,notional_floor,notional_cap,maintenance_margin_rate,max_leverage,maintenance_amount"
TABLE = f"{HEAD}\n{BTC},binance,2026-10-01,0,300000,0.004,150,0\n{BTC},binance,2026-10-01,300000,800000,0.005,100,300\n"
ANSWER = next(answer for question, answer in RECORDED.items() if "leverageBracket" in question)


def test_binance_own_answer_is_read_as_recorded(tmp_path: Path) -> None:
    """What Binance tells an account, saved as it is, gives caps, rates and leverage from the day of the run."""
    path = tmp_path / "brackets.json"
    path.write_text(json.dumps(ANSWER), encoding="utf-8")
    (piece,) = own_brackets(path, (BTC, "ETH/USDT:USDT"), NOW)
    assert piece.keys == (BTC, "binance", "2026-11-23")
    assert piece.columns["notional_cap"].tolist() == [50_000, 600_000]
    assert piece.columns["maintenance_margin_rate"].tolist() == [0.004, 0.005]
    assert piece.columns["max_leverage"].tolist() == [125, 100]
    assert piece.columns["maintenance_amount"].tolist() == [0, 50]


def test_they_stand_instead_of_the_bundled_table(exchanges: Exchanges, gather: Gather, tmp_path: Path) -> None:
    """Only the user's brackets are left of that market; every other venue keeps its own."""
    path = tmp_path / "brackets.csv"
    path.write_text(TABLE, encoding="utf-8")
    before = gather("BTC", venues=("binance", "bybit"), data=(Datum.CANDLES,))
    after = with_own_brackets(before, own_brackets(path, (BTC,), exchanges.now()), path)
    was, now = (
        {piece.keys: piece.columns["max_leverage"].tolist() for piece in found.pieces if piece.table is BRACKETS}
        for found in (before, after)
    )
    assert (BTC, "binance", "2024-10-24") in was
    assert {keys for keys in now if keys[1] == "binance"} == {(BTC, "binance", "2026-10-01")}
    assert now[BTC, "binance", "2026-10-01"] == [150, 100]
    assert {keys: one for keys, one in now.items() if keys[1] == "bybit"} == {
        keys: one for keys, one in was.items() if keys[1] == "bybit"
    }


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (
            "brackets.json",
            "{}",
            (
                r"brackets\.json: is not Binance's list of leverage brackets\. Save the answer of "
                r"GET /fapi/v1/leverageBracket, or make a leverage_brackets table\.$"
            ),
        ),
        ("brackets.csv", f"{HEAD}\n{BTC},binance,2026-10-01,0,-1,0.004,150,0\n", r"^brackets\.csv"),
        ("brackets.xlsx", "", r"xlsx: leverage brackets are read from \.csv, \.parquet, \.json\. Name such a file\.$"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, name: str, text: str, says: str) -> None:
    """One sentence with the file and the next step."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=says):
        own_brackets(tmp_path / name, (BTC,), NOW)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    """The path is named."""
    with pytest.raises(DataError, match=r"gone\.csv: the file of leverage brackets is not there\. Correct its path\.$"):
        own_brackets(tmp_path / "gone.csv", (BTC,), NOW)


@pytest.mark.parametrize(("name", "text"), [("own.json", "[]"), ("own.csv", TABLE.replace("2026", "2027"))])
def test_a_file_without_the_watchlist_changes_nothing(
    exchanges: Exchanges, gather: Gather, tmp_path: Path, name: str, text: str
) -> None:
    """Other coins, or tables of days to come, leave what was gathered, and a note says so."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    before = gather("BTC", venues=("binance",), data=(Datum.CANDLES,))
    own = own_brackets(tmp_path / name, (BTC,), exchanges.now())
    after = with_own_brackets(before, own, tmp_path / name)
    assert after.pieces == before.pieces
    assert any(f"{name} holds no leverage brackets" in note for note in after.notes)
