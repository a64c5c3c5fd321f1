"""Every recorded answer and official sample, served over HTTP, comes out of its venue's reader as what it says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np
import pytest

from reportgen.market.exchanges.connection import Connection
from reportgen.market.exchanges.units import maintenance_amounts
from reportgen.market.exchanges.venue import Contract, Datum, Listing, RawBook, Venue
from reportgen.market.exchanges.venues import VENUES
from reportgen.market.web import Patience

FOLDER: Final = Path(__file__).parent / "recorded"
FILES: Final = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
PAGED: Final = {
    "candles": Datum.CANDLES, "mark_candles": Datum.MARK, "spot_candles": Datum.SPOT, "funding": Datum.FUNDING,
    "open_interest": Datum.OPEN_INTEREST, "open_interest_history": Datum.OPEN_INTEREST, "ratio": Datum.RATIO,
    "contract_stats": Datum.OPEN_INTEREST, "contract_stats_text": Datum.OPEN_INTEREST,
}  # fmt: skip
LISTS: Final = ("listing", "overview", "funding_info")
RATES: Final = ("running_funding", "running_funding_old", "premium", "ticker", "tickers")
FAR: Final = 10**14


def request(name: str) -> dict[str, Any]:
    """Give what was asked."""
    asked: dict[str, Any] = FILES[name]["request"]
    return asked


class Recorded(BaseHTTPRequestHandler):
    """Answers each path with the recording that the test is about."""

    name = ""

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        """Answer a question in the address."""
        path = "/" + urlsplit(self.path).path.split("/", 2)[2]
        venue = FILES[type(self).name]["venue"]
        same = [type(self).name, *(name for name, kept in FILES.items() if kept["venue"] == venue)]
        found = next((name for name in same if request(name)["path"] == path), "")
        content = json.dumps(FILES[found]["response"] if found else None).encode()
        self.send_response_only(200 if found else 404)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        """Answer a question in the body."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Serve the recordings."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Recorded) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def read(name: str, url: str) -> Any:
    """Read a recording with the reader that it is for."""
    Recorded.name = name
    kept = FILES[name]
    venue = VENUES[kept["venue"]]
    line = Connection(
        venue, url, Patience(attempts=1, total_seconds=20, pace=0), lambda: kept.get("now", 0), float("inf")
    )
    asked = request(name).get("params", {})
    market = str(
        asked.get("symbol") or asked.get("instId") or asked.get("contract") or asked.get("instrument_name")
        or asked.get("coin") or asked.get("contract_code") or asked.get("market", "")
    )  # fmt: skip
    listing = Listing(market_id=market, base="BTC", quote="USDT", funding_hours=8.0, contract_size=0.001)
    contract = Contract(symbol="BTC/USDT:USDT", venue=venue, listing=listing, scale=1.0)
    datum = kept["datum"]
    if datum in PAGED and PAGED[datum] in venue.paged:
        return venue.paged[PAGED[datum]].page(line, contract, 0, FAR)
    return snapshot(venue, line, contract, datum)


def snapshot(venue: Venue, line: Connection, contract: Contract, datum: str) -> Any:
    """Read what is not a history."""
    lists = {
        name: (one.base, one.funding_hours, one.contract_size)
        for name, one in (venue.listings(line) if datum in LISTS else {}).items()
    }
    readers: dict[str, Callable[[], Any]] = {
        **dict.fromkeys(LISTS, lambda: lists),
        **dict.fromkeys(("time", "mids"), lambda: venue.ping(line)),
        **dict.fromkeys(RATES, lambda: venue.funding_now and venue.funding_now(line, contract)),
        **dict.fromkeys(
            ("open_interest", "open_interest_now"), lambda: venue.interest_now and venue.interest_now(line, contract)
        ),
        "order_book": lambda: venue.order_book and venue.order_book(line, contract),
        "brackets": lambda: venue.brackets and venue.brackets(line, contract, 1.0),
        "liquidations": lambda: venue.events and venue.events(line, contract, line.server_now() - 7_200_000)[1],
    }
    return readers[datum]()


def plain(found: Any) -> Any:
    """Write what was read as JSON can hold it: an empty cell as null."""
    if isinstance(found, RawBook):
        found = (found.time_ms, found.bids[0], found.asks[0])
    text = json.dumps(found, default=lambda missing: missing.reason).replace("NaN", "null")
    return json.loads(text)


@pytest.mark.parametrize("name", FILES)
def test_a_recorded_answer_is_read_as_it_is(url: str, name: str) -> None:
    """Rows, books, lists and numbers are those that the recording states, in their order and in milliseconds."""
    assert plain(read(name, url)) == FILES[name]["reads"]


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith("_brackets")])
def test_recorded_brackets_bound_what_the_venue_says(url: str, name: str) -> None:
    """Caps, rates, leverage and the deduction that makes the margin continuous are the venue's own."""
    found, expected = read(name, url), FILES[name]["expect"]
    for at, what in ((1, "caps"), (2, "rates"), (3, "leverage")):
        assert [row[at] for row in found] == expected.get(what, [row[at] for row in found])
    floors, rates = (np.array([row[at] for row in found]) for at in (0, 2))
    stated = expected.get("deduction", expected.get("amounts"))
    assert stated is None or maintenance_amounts(floors, rates) == pytest.approx(stated)


def test_a_forced_buy_closes_a_short(url: str) -> None:
    """HTX's recorded event is a short of 2 contracts; times 0.001 and its price it is the turnover that it states."""
    ((_, side, size, price),) = read("htx_liquidations", url)
    assert side == -1
    assert size * 0.001 * price == pytest.approx(FILES["htx_liquidations"]["expect"]["quote"])
