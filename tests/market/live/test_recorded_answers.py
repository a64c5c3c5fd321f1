"""The recorded answers themselves, served over HTTP, come out of our readers in base coins, each position once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest

from reportgen.market.exchanges.connection import Connection
from reportgen.market.exchanges.gather import Gathering
from reportgen.market.exchanges.history import DatumRequest
from reportgen.market.exchanges.positions import with_positions
from reportgen.market.exchanges.rows import TableRows, ask, ask_brackets
from reportgen.market.exchanges.units import find_contract
from reportgen.market.exchanges.venue import Contract, Datum, Listing, VenueFault
from reportgen.market.exchanges.venues import VENUES
from reportgen.market.web import Patience
from reportgen.units import Missing
from tests.market.live.exchange_server import HOSTS
from tests.market.live.test_shapes import RECORDED

NOW = 1_795_461_420_000
DATE = "Mon, 23 Nov 2026 19:17:00 GMT"
PRICE = 87_332.6
SYMBOL = "BTC/USDT:USDT"
GATE = Listing(
    market_id="BTC_USDT", base="BTC", quote="USDT", contract_size=0.0001, inverse=False, funding_hours=Missing("-")
)
"""Gate's list was not recorded; 0.0001 is what its open interest in USD and its mark price say together."""


def recorded(venue: str, path: str, kind: str = "") -> Any:
    """Find the answer to a question, whatever its parameters were."""
    for question, answer in RECORDED.items():
        named, _, rest = question.split(" ", 2)
        if named.removesuffix("_usdm") == venue and rest.replace("?", " ").split()[0] == path and kind in rest:
            return answer
    return None


class Replay(BaseHTTPRequestHandler):
    """Answers as was recorded; OKX's older candles come as its newer ones do."""

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        """Answer a question in the address."""
        self._answer("")

    def do_POST(self) -> None:
        """Answer a question in the body."""
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["type"])

    def _answer(self, kind: str) -> None:
        _, host, path = urlsplit(self.path).path.split("/", 2)
        answer = recorded(HOSTS[host], f"/{path}".replace("history-candles", "candles"), kind)
        content = json.dumps(answer).encode()
        self.send_response_only(404 if answer is None else 200)
        self.send_header("Date", DATE)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture(scope="module")
def replay() -> Iterator[str]:
    """Serve the file."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Replay) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def question(replay: str, venue: str, datum: Datum) -> DatumRequest:
    """Ask about Bitcoin at the moment of the recording."""
    patience = Patience(attempts=1, total_seconds=20)
    line = Connection(VENUES[venue], replay, patience, lambda: NOW, float("inf"))
    listings = {"BTC_USDT": GATE} if venue == "gate" else VENUES[venue].listings(line)
    contract = find_contract(SYMBOL, VENUES[venue], listings)
    assert isinstance(contract, Contract)
    return DatumRequest(line=line, contract=contract, datum=datum, cache=None, until=NOW)


def columns(pieces: tuple[TableRows, ...]) -> dict[str, list[float]]:
    """Give the only piece's columns."""
    (piece,) = pieces
    return {name: values.tolist() for name, values in piece.columns.items()}


@pytest.mark.parametrize(
    ("venue", "base", "quote"),
    [
        ("binance", [79_824.02340685, 79_791.6547179, 79_783.296], [6_982_742_756.75, 6_971_252_906.51, None]),
        ("bybit", [47_894.41404411 / 2, 47_874.99283074 / 2, 23_934.989], [None, None, None]),
        (
            "gate",
            [159_717_817 * 0.0001 / 2, 159_648_046 * 0.0001 / 2],
            [1_398_303_803.18 / 2, 1_396_548_551.35 / 2],
        ),
        ("hyperliquid", [23_934.98875], [None]),
    ],
)
def test_open_interest_is_in_coins_and_counted_once(
    replay: str, venue: str, base: list[float], quote: list[float | None]
) -> None:
    """Coins stay, contracts are multiplied, both sides are halved: history and present moment, oldest first."""
    found = columns(ask(question(replay, venue, Datum.OPEN_INTEREST)))
    assert found["open_interest_base"] == pytest.approx(base, rel=1e-9)
    assert found["time_ms"] == sorted(found["time_ms"])
    for value, known in zip(found["open_interest_quote"], quote, strict=True):
        assert known is None or value == pytest.approx(known, rel=1e-9)


def test_okx_open_interest_now_is_what_it_states_in_coins(replay: str) -> None:
    """What OKX states in coins is its contracts of a hundredth coin, once, and its USD are taken as they are."""
    asked = question(replay, "okx", Datum.OPEN_INTEREST)
    assert asked.venue.interest_now
    time, coins, usd = asked.venue.interest_now(asked.line, asked.contract)
    assert asked.contract.listing.contract_size == 0.01
    assert (time, usd) == (NOW, 2_438_687_646.8919)
    assert coins == pytest.approx(27_924.1535)


@pytest.mark.parametrize(
    ("venue", "hours", "rates"),
    [
        ("binance", 8, [0.00012102, 0.00011018]),
        ("bybit", 8, [0.00012102, 0.00011018]),
        ("okx", 8, [0.0001210183, 0.0001101831]),
        ("hyperliquid", 1, [0.0000135975, 0.0000134208]),
    ],
)
def test_funding_is_settled_oldest_first_over_its_own_hours(
    replay: str, venue: str, hours: float, rates: list[float]
) -> None:
    """Rates are fractions of the interval that their times show, and times are whole minutes."""
    found = columns(ask(question(replay, venue, Datum.FUNDING)))
    assert found["funding_rate"] == rates
    assert found["interval_hours"] == [hours, hours]
    assert all(time % 60_000 == 0 for time in found["time_ms"])


@pytest.mark.parametrize(
    ("venue", "rate", "hours"),
    [
        ("binance", 0.00010554, 8),
        ("bybit", 0.00010554, 8),
        ("okx", 0.0001055382, 8),
        ("hyperliquid", 0.0000131923, 1),
    ],
)
def test_running_funding_stands_apart_from_the_settled(replay: str, venue: str, rate: float, hours: float) -> None:
    """The estimate for the next settlement is a table of its own, with the interval that the venue states."""
    found = columns(ask(question(replay, venue, Datum.FUNDING_NOW)))
    assert found == {"time_ms": [NOW], "funding_rate": [rate], "interval_hours": [hours]}


@pytest.mark.parametrize(
    ("venue", "newest"),
    [("binance", 1.6232), ("bybit", 0.6091 / 0.3909), ("okx", 1.3232), ("gate", 1.41)],
)
def test_the_ratio_is_longs_over_shorts(replay: str, venue: str, newest: float) -> None:
    """Accounts long over accounts short, the newest row last."""
    assert columns(ask(question(replay, venue, Datum.RATIO)))["ratio"][-1] == pytest.approx(newest)


@pytest.mark.parametrize(
    ("venue", "bid", "ask_size"),
    [
        ("binance", (87_332.5, 0.4), 0.5),
        ("bybit", (87_332.5, 0.4), 0.5),
        ("okx", (87_332.5, 0.4), 0.5),
        ("hyperliquid", (87_332.5, 1.2), 0.9),
    ],
)
def test_the_best_levels_of_a_book_are_in_coins(
    replay: str, venue: str, bid: tuple[float, float], ask_size: float
) -> None:
    """The best bid and ask have their sizes in coins: OKX's 50 contracts are half a Bitcoin."""
    pieces = {piece.keys[2]: piece.columns for piece in ask(question(replay, venue, Datum.BOOK))}
    best = pieces["bid"]["price"].argmax()
    assert (pieces["bid"]["price"][best], pieces["bid"]["size_base"][best]) == pytest.approx(bid)
    assert pieces["ask"]["price"][0] == 87_332.7
    assert pieces["ask"]["size_base"][0] == pytest.approx(ask_size)


@pytest.mark.parametrize(
    ("venue", "caps", "rates", "leverage"),
    [
        ("bybit", [2e6, 1e7], [0.005, 0.0056], [100, 90]),
        ("okx", [500 * 0.01 * PRICE, 2000 * 0.01 * PRICE], [0.004, 0.005], [125, 100]),
        ("hyperliquid", [1.5e8, 1.5e9], [1 / 80, 1 / 40], [40, 20]),
    ],
)
def test_brackets_are_bounded_in_quote_currency(
    replay: str, venue: str, caps: list[float], rates: list[float], leverage: list[float]
) -> None:
    """OKX's bounds are contracts, Hyperliquid's rate is half of one over its leverage, and the margin is continuous."""
    found = columns(ask_brackets(question(replay, venue, Datum.CANDLES), PRICE))
    assert found["notional_cap"] == pytest.approx(caps)
    assert found["maintenance_margin_rate"] == pytest.approx(rates)
    assert found["max_leverage"] == leverage
    assert found["maintenance_amount"] == pytest.approx([0, caps[0] * (rates[1] - rates[0])])


def test_liquidations_have_the_side_that_lost(replay: str) -> None:
    """A forced sale closes a long: OKX's contracts by hand, Gate's bars by the side that it names."""
    okx = question(replay, "okx", Datum.LIQUIDATIONS)
    assert okx.venue.events
    known, events = okx.venue.events(okx.line, okx.contract, NOW - 3_600_000)
    assert known == NOW - 420_000
    assert events == [(NOW, 1.0, 12.5, 86_983.2), (NOW - 420_000, -1.0, 15.5, 87_696.8)]
    gate = columns(ask(question(replay, "gate", Datum.LIQUIDATIONS)))
    assert gate["liquidated_long_quote"] == pytest.approx([77_731.69631923693, 103_715.78020305454])
    assert gate["liquidated_short_quote"] == [0, 0]


def test_hyperliquid_bars_are_read_whole(replay: str) -> None:
    """Open, high, low, close and volume come from the fields of their names, of closed bars alone."""
    found = columns(ask(question(replay, "hyperliquid", Datum.CANDLES)))
    newest = [found[name][-1] for name in ("open", "high", "low", "close", "volume_base")]
    assert newest == [87_476.7, 87_581.7, 87_263.4, 87_368.2, 404.24417]


@pytest.mark.parametrize(
    ("venue", "datum"),
    [("binance", Datum.CANDLES), ("binance", Datum.MARK), ("bybit", Datum.CANDLES), ("okx", Datum.CANDLES)],
)
def test_rows_that_are_too_narrow_are_unreadable(replay: str, venue: str, datum: Datum) -> None:
    """The recording keeps two cells of each bar: such a bar is refused, not filled up."""
    with pytest.raises(VenueFault, match="sent an unreadable answer"):
        ask(question(replay, venue, datum))


def test_an_exact_position_keeps_its_liquidation_price(replay: str) -> None:
    """The recorded account holds two ether, long, with the venue's own liquidation price."""
    nothing = Gathering(as_of_ms=NOW, pieces=(), gaps=(), asked=(), notes=())
    made = with_positions(nothing, ["0x" + "ab" * 20], ["ETH/USDT:USDT", SYMBOL], asked_at_ms=NOW, url=replay)
    (ether,) = made.pieces
    assert (ether.keys[0], ether.keys[3], ether.columns["size_base"].tolist()) == ("ETH/USDT:USDT", "long", [2.0])
    assert ether.columns["liquidation_price"].tolist() == [2_974.37244898]
    assert [symbol for symbol, _ in made.gaps] == [SYMBOL]
