"""The local exchanges answer in the shapes that were recorded: the same fields, nested the same way."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.market.live import venue_answers

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "exchange_shapes.json").read_text(encoding="utf-8"))
VENUE = {"binance_usdm": "binance"}
HOST = {
    "binance": "fapi.binance.com", "bybit": "api.bybit.com", "okx": "www.okx.com", "gate": "api.gateio.ws",
    "hyperliquid": "api.hyperliquid.xyz",
}  # fmt: skip
NOT_ASKED = ("ticker/24hr", "takerlongshort", "leverageBracket", "clearinghouse", "allMids", "liq_orders")
"""Recorded questions that reportgen does not put, or whose answer it does not read."""
NOT_ASKED_OF_OKX = ("public/mark-price?",)
SPANS = {
    "startTime": 1795371420000, "endTime": 1795461420000, "start": 1795371420000, "end": 1795461420000,
    "before": 1795371420000, "after": 1795461420000, "begin": 1795371420000, "from": 1795371420, "to": 1795461420,
}  # fmt: skip


def questions() -> list[str]:
    """List the recorded questions that reportgen puts too."""
    skipped = (*NOT_ASKED, *NOT_ASKED_OF_OKX)
    return [question for question in RECORDED if not any(part in question for part in skipped)]


@pytest.mark.parametrize("question", questions())
def test_an_answer_has_the_fields_of_the_recorded_one(question: str) -> None:
    """Every field that our server sends was recorded at its place, so that no reader relies on an invented one."""
    named, method, rest = question.split(" ", 2)
    venue = VENUE.get(named, named)
    path, _, query = (rest.partition(" ") if method == "POST" else rest.partition("?"))[:3]
    asked: dict[str, Any] = json.loads(query) if method == "POST" else dict(parse_qsl(query))
    if "liquidation" not in path:
        spans = {name: value for name, value in SPANS.items() if name not in asked or name in {"startTime", "endTime"}}
        asked = (
            {**spans, **asked} if method == "GET" else {**asked, "startTime": SPANS["start"], "endTime": SPANS["end"]}
        )
    now = int(time.time() * 1000)
    status, answer = venue_answers.answer(venue, HOST[venue], path, asked, max(now, SPANS["end"]), ("BTC", "ETH"))
    assert status == 200
    assert unknown_fields(answer, RECORDED[question]) == set()


def unknown_fields(made: Any, recorded: Any, place: str = "") -> set[str]:
    """List the fields of an answer that the recorded one lacks; of lists the first entries are compared."""
    if isinstance(made, dict) and isinstance(recorded, dict):
        extra = {f"{place}.{name}" for name in made if name not in recorded}
        below = (unknown_fields(made[name], recorded[name], f"{place}.{name}") for name in made if name in recorded)
        return extra.union(*below)
    if isinstance(made, list) and isinstance(recorded, list):
        pairs = zip(made, recorded, strict=False)
        return set().union(*(unknown_fields(one, other, f"{place}[]") for one, other in pairs))
    return set() if isinstance(made, dict | list) == isinstance(recorded, dict | list) else {place}
