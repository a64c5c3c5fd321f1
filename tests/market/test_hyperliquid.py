"""Positions of addresses, asked of a real local server: what is known is kept exactly, what failed is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reportgen.errors import UsageError
from reportgen.market.data import Positions
from reportgen.market.exchanges.gather import Gathering
from reportgen.market.exchanges.positions import with_positions
from reportgen.market.symbols import valid_address
from reportgen.market.web import Patience
from tests.market.answers import Answer, Asked, serving

NOW = 1_795_461_420_000
ONE, TWO, THREE = (f"0x{digit * 40}" for digit in "abc")
BTC, PEPE, THOUSAND_PEPE = "BTC/USDT:USDT", "PEPE/USDT:USDT", "1000PEPE/USDT:USDT"
QUICK = Patience(attempts=3, request_seconds=2, total_seconds=5, first_wait_seconds=0.01, longest_wait_seconds=0.5)


def position(coin: str, size: str, price: str | None, entry: str = "100.0", margin: str = "isolated") -> dict[str, Any]:
    """Make one position as the venue writes it."""
    return {
        "type": "oneWay",
        "position": {
            "coin": coin, "szi": size, "entryPx": entry, "liquidationPx": price, "maxLeverage": 40,
            "leverage": {"type": margin, "value": 10}, "positionValue": "1", "marginUsed": "1", "unrealizedPnl": "0",
        },
    }  # fmt: skip


def account(*positions: dict[str, Any], time: int = NOW) -> dict[str, Any]:
    """Make an answer."""
    return {
        "marginSummary": {"accountValue": "1"},
        "assetPositions": list(positions),
        "time": time,
        "withdrawable": "0",
    }


HELD = {
    ONE: account(position("BTC", "2.5", "80.5"), position("ETH", "-1", "120", margin="cross")),
    TWO: account(position("BTC", "-1.0", "130.25", margin="cross"), position("kPEPE", "3.0", "0.004", "0.005")),
    THREE: account(position("BTC", "0.5", None, margin="cross"), position("SOL", "0.0", None)),
}


def by_address(asked: Asked, _: int) -> Answer:
    """Answer as the venue would."""
    return Answer(body=HELD[asked.body["user"]])


def ask(url: str, *addresses: str, symbols: tuple[str, ...] = (BTC,)) -> Gathering:
    """Ask a server about addresses."""
    nothing = Gathering(as_of_ms=NOW, pieces=(), gaps=(), asked=(), notes=())
    return with_positions(nothing, addresses, symbols, asked_at_ms=NOW, url=url, patience=QUICK)


def known(made: Gathering, symbol: str) -> Positions:
    """Insist on positions."""
    pieces = [piece for piece in made.pieces if piece.keys[0] == symbol]
    assert pieces, made.gaps
    columns = {name: np.concatenate([piece.columns[name] for piece in pieces]) for name in pieces[0].columns}
    (time_ms,) = set(columns.pop("time_ms").tolist())
    sides = np.array([piece.keys[3] == "long" for piece in pieces])
    return Positions(address=tuple(piece.keys[2] for piece in pieces), is_long=sides, time_ms=time_ms, **columns)


def absent(made: Gathering, symbol: str) -> str:
    """Insist on no positions, and give the reason."""
    (reason,) = (gap.reason for of, gap in made.gaps if of == symbol and gap.what == "positions")
    assert not made.pieces
    return reason


def test_positions_of_several_addresses_come_together() -> None:
    """Side by the sign of the size, the venue's own price, and NaN where no price liquidates."""
    with serving(by_address) as server:
        asked = ask(server.url, ONE, TWO, THREE, ONE.upper().replace("X", "x"))
    held = known(asked, BTC)
    assert held.address == (ONE, TWO, THREE)
    assert held.is_long.tolist() == [True, False, True]
    assert held.size_base.tolist() == [2.5, 1.0, 0.5]
    assert held.liquidation_price[:2].tolist() == [80.5, 130.25]
    assert np.isnan(held.liquidation_price[2])
    assert held.time_ms == NOW
    assert asked.notes == ()
    assert len(server.asked) == 3


def test_requests_go_to_the_operators_address_with_the_original_host_and_path() -> None:
    """URL/<original host>/<original path>, as for every venue."""
    with serving(by_address) as server:
        ask(f"{server.url}/", ONE)
    assert [(one.path, one.body) for one in server.asked] == [
        ("/api.hyperliquid.xyz/info", {"type": "clearinghouseState", "user": ONE})
    ]


def test_a_thousand_coins_in_one_are_taken_apart() -> None:
    """KPEPE is a thousand PEPE: sizes times a thousand and prices by a thousand for PEPE, as they are for 1000PEPE."""
    with serving(by_address) as server:
        asked = ask(server.url, TWO, symbols=(PEPE, THOUSAND_PEPE))
    single, thousand = known(asked, PEPE), known(asked, THOUSAND_PEPE)
    assert single.size_base.tolist() == [3000.0]
    assert thousand.size_base.tolist() == [3.0]
    assert single.liquidation_price * 1000 == pytest.approx(thousand.liquidation_price)
    assert single.size_base * single.entry_price == pytest.approx(thousand.size_base * thousand.entry_price)


def test_a_symbol_that_nobody_holds_is_missing_with_that_reason() -> None:
    """An address without the position is an answer, not a failure."""
    with serving(by_address) as server:
        asked = ask(server.url, ONE, THREE, symbols=("DOGE/USDT:USDT",))
    says = "The 2 known addresses hold no position in DOGE on Hyperliquid."
    assert absent(asked, "DOGE/USDT:USDT") == says


@pytest.mark.parametrize(
    ("answer", "says", "requests"),
    [
        (Answer(body="<html>country</html>", status=403), "Hyperliquid refused this location (HTTP 403).", 1),
        (Answer(body="no", status=451), "Hyperliquid refused this location (HTTP 451).", 1),
        (Answer(body="no", status=422), "Hyperliquid refused the question (HTTP 422).", 1),
        (Answer(body="busy", status=500), "Hyperliquid was out of order (HTTP 500).", 3),
        (
            Answer(body="slow", status=429, headers={"Retry-After": "0"}),
            "Hyperliquid allowed no more requests (HTTP 429).",
            3,
        ),
        (
            Answer(body="slow", status=429, headers={"Retry-After": "9"}),
            "Hyperliquid allowed no more requests (HTTP 429).",
            1,
        ),
        (Answer(body="<html>hello</html>"), "Hyperliquid sent an unreadable answer.", 1),
        (Answer(body="null"), "Hyperliquid sent an unreadable answer.", 1),
        (Answer(body=account(position("BTC", "NaN", "1"))), "Hyperliquid sent an unreadable answer.", 1),
        (
            Answer(body=account(time=NOW - 10_800_000)),
            "Hyperliquid's answer is 3 hours apart from this machine's clock.",
            1,
        ),
    ],
)
def test_every_fault_is_one_sentence(answer: Answer, says: str, requests: int) -> None:
    """Only what asking again can cure is asked again, and a wait beyond patience is not waited for."""
    with serving(lambda *_: answer) as server:
        asked = ask(server.url, ONE)
    assert (absent(asked, BTC), asked.notes) == (says, ())
    assert len(server.asked) == requests


def test_a_server_that_is_not_there_is_said() -> None:
    """No connection is a sentence, too."""
    with serving(by_address) as server:
        gone = server.url
    assert absent(ask(gone, ONE), BTC) == "Hyperliquid could not be reached, or hung up."


def test_an_outage_that_passes_costs_nothing() -> None:
    """The second answer counts when the first was a fault of the moment."""
    with serving(lambda asked, n: by_address(asked, n) if n else Answer(body="", status=503)) as server:
        assert known(ask(server.url, ONE), BTC).size_base.tolist() == [2.5]


def test_one_failing_address_does_not_cost_the_others() -> None:
    """What failed is a note that names the address; the rest is known."""

    def answer(asked: Asked, n: int) -> Answer:
        return Answer(body="?", status=422) if asked.body["user"] == TWO else by_address(asked, n)

    with serving(answer) as server:
        asked = ask(server.url, ONE, TWO, THREE)
    assert known(asked, BTC).address == (ONE, THREE)
    assert asked.notes == (f"Positions of {TWO} are not known: Hyperliquid refused the question (HTTP 422).",)


def test_a_whole_answer_is_understood() -> None:
    """An answer with every field that the venue sends gives its position, price and size as they stand in it."""
    sums = {"accountValue": "5121.4", "totalNtlPos": "7310.8", "totalRawUsd": "-2189.4", "totalMarginUsed": "365.5"}
    held = {
        "coin": "ETH", "szi": "-2.15", "leverage": {"type": "isolated", "value": 20, "rawUsd": "-95.5"},
        "entryPx": "3411.7", "positionValue": "7310.8", "unrealizedPnl": "24.3", "returnOnEquity": "0.066",
        "liquidationPx": "3702.55", "marginUsed": "365.5", "maxLeverage": 50,
        "cumFunding": {"allTime": "51.2", "sinceOpen": "-0.8", "sinceChange": "-0.8"},
    }  # fmt: skip
    body = {
        "marginSummary": sums, "crossMarginSummary": sums, "crossMaintenanceMarginUsed": "0.0",
        "withdrawable": "4755.9", "assetPositions": [{"type": "oneWay", "position": held}], "time": NOW,
    }  # fmt: skip
    with serving(lambda *_: Answer(body=body)) as server:
        asked = ask(server.url, ONE, symbols=("ETH/USDT:USDT",))
    found = known(asked, "ETH/USDT:USDT")
    assert (found.size_base.tolist(), found.liquidation_price.tolist()) == ([2.15], [3702.55])
    assert (found.entry_price.tolist(), found.is_long.tolist(), found.time_ms) == ([3411.7], [False], NOW)


@pytest.mark.parametrize("text", ["", "0x12", "0x" + "g" * 40, "0x" + "a" * 41, "a" * 40])
def test_what_is_no_address_is_refused(text: str) -> None:
    """0x and forty hexadecimal digits, nothing else."""
    with pytest.raises(UsageError, match="is no address"):
        valid_address(text)
