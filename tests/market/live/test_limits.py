"""What a venue's limits cost, how long one question may reach, and what an answer may weigh."""

from __future__ import annotations

import gzip
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import pytest

from reportgen.market.exchanges.connection import Connection
from reportgen.market.exchanges.venue import Datum, VenueFault
from reportgen.market.exchanges.venues import VENUES
from reportgen.market.web import Patience
from tests.market.answers import Answer, serving
from tests.market.live import truth
from tests.market.live.conftest import Gather
from tests.market.live.exchange_server import Exchanges

QUICK = Patience(attempts=1, total_seconds=30, pace=0)


@pytest.mark.parametrize(
    ("asked", "weight"),
    [
        ({"type": "metaAndAssetCtxs"}, 20),
        ({"type": "l2Book", "coin": "BTC"}, 2),
        ({"type": "clearinghouseState", "user": "0x"}, 2),
        ({"type": "fundingHistory", "startTime": 0, "endTime": 100 * truth.HOUR}, 25),
        ({"type": "fundingHistory", "startTime": 0, "endTime": 5000 * truth.HOUR}, 45),
        ({"type": "candleSnapshot", "req": {"startTime": 0, "endTime": 2208 * truth.HOUR}}, 57),
    ],
)
def test_hyperliquid_is_charged_what_it_documents(asked: dict[str, object], weight: float) -> None:
    """20 a question, 2 the light ones, 1 more per 20 settlements (500 an answer) and per 60 candles."""
    charged = VENUES["hyperliquid"].weight
    assert charged
    assert charged(asked) == weight


def test_a_connection_owes_the_documented_weight(exchanges: Exchanges) -> None:
    """1,200 a minute are 50 ms each: an overview owes a second, a book a tenth, though this server needs no pause."""
    line = Connection(VENUES["hyperliquid"], exchanges.url, Patience(pace=0.01), exchanges.now, float("inf"))
    line.ask("publicPostInfo", {"type": "metaAndAssetCtxs"})
    assert line.owed_seconds == pytest.approx(0.01)
    line.ask("publicPostInfo", {"type": "l2Book", "coin": "BTC"})
    assert line.owed_seconds == pytest.approx(0.011)


def test_liquidations_of_htx_are_asked_for_in_windows(exchanges: Exchanges, gather: Gather) -> None:
    """Two hours a question: each hour of the day before was asked for and answered, none else is written."""
    found = gather("BTC", venues=("hyperliquid", "htx"), data=(Datum.CANDLES, Datum.LIQUIDATIONS))
    (rows,) = (piece for piece in found.pieces if piece.table.name == "liquidations")
    assert len(rows.columns["open_time_ms"]) == 24
    assert sum(count for (venue, path), count in exchanges.asked.items() if venue == "htx" and "liquid" in path) == 12


def test_an_hour_that_was_not_answered_is_no_zero(exchanges: Exchanges, gather: Gather) -> None:
    """Where every window is refused there are no liquidations, and the reason is named."""
    exchanges.faults["htx"] = "500"
    exchanges.paths["htx"] = "liquidation_orders"
    found = gather("BTC", venues=("hyperliquid", "htx"), data=(Datum.CANDLES, Datum.LIQUIDATIONS))
    assert not [piece for piece in found.pieces if piece.table.name == "liquidations"]
    assert [gap.what for _, gap in found.gaps] == [Datum.LIQUIDATIONS]


class Bomb(BaseHTTPRequestHandler):
    """Answers everything with many zeros, packed small."""

    packed = gzip.compress(b"0" * 80_000_000, 1)

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        """Send the bomb."""
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(self.packed)))
        self.end_headers()
        self.wfile.write(self.packed)


def test_an_answer_that_unpacks_too_large_is_refused() -> None:
    """No more than 67 MB is unpacked, however small an answer comes over the wire."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Bomb) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        line = Connection(VENUES["bybit"], url, QUICK, lambda: int(time.time() * 1000), float("inf"))
        with pytest.raises(VenueFault, match="larger than 67 MB, which is refused"):
            line.ask("publicGetV5MarketTime")
        server.shutdown()


def test_each_question_again_waits_twice_as_long() -> None:
    """Of a venue that is out of order: four requests, at least 40, 80 and 160 ms apart, then the last fault."""
    moments: list[float] = []

    def broken(*_: object) -> Answer:
        moments.append(time.monotonic())
        return Answer(body="?", status=502)

    patience = Patience(attempts=4, first_wait_seconds=0.04, pace=0)
    with serving(broken) as server:
        line = Connection(VENUES["bybit"], server.url, patience, lambda: 0, float("inf"))
        with pytest.raises(VenueFault, match=r"Bybit was out of order \(HTTP 502\)"):
            line.ask("publicGetV5MarketTime")
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    assert [pause >= least for pause, least in zip(pauses, (0.04, 0.08, 0.16), strict=True)] == [True] * 3
    assert line.requests == 4
