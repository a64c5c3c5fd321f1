"""Live markets from the command line: the brief, the input kept beside it, and the folder that grows."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from reportgen.market.exchanges.venues import VENUES
from reportgen.market.folder.read import read_market
from tests.cli.cli_process import REPOSITORY, reportgen, reportgen_here
from tests.market.live.exchange_server import Exchanges

VENUES_ASKED = ("binance", "hyperliquid", "gate")


def configured(folder: Path, exchanges: Exchanges, venues: tuple[str, ...] = VENUES_ASKED, more: str = "") -> Path:
    """Write a configuration that sends every venue's requests to the local exchanges."""
    places = "".join(f'  {venue}: {{url: "{exchanges.url}"}}\n' for venue in venues)
    (folder / "config.yaml").write_text(f"watchlist: [BTC]\nsource: live\nvenues:\n{places}{more}")
    return folder


def run(folder: Path, *words: object) -> Any:
    """Run reportgen with a cache of its own, and without the pauses that real exchanges are owed.

    A brief has a process of its own: its workers may not fork beside the threads of the exchanges.
    """
    start = reportgen if words[0] == "brief" else reportgen_here
    return start(folder, *words, XDG_CACHE_HOME=str(folder / "cache"), REPORTGEN_PACE="0")


def without_provenance(path: Path) -> dict[str, Any]:
    """Read a brief without where its input came from."""
    brief: dict[str, Any] = json.loads(path.read_text())
    del brief["provenance"]
    return brief


@pytest.fixture(scope="module")
def morning(server: Exchanges, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one live brief with Gate refusing this location."""
    server.reset()
    server.faults["gate"] = "451"
    folder = configured(tmp_path_factory.mktemp("morning"), server)
    made = run(folder, "brief")
    assert made.returncode == 0, made.stderr
    return folder


def test_a_live_brief_can_be_made_again_from_its_kept_input(morning: Path) -> None:
    """The input beside the brief gives the same brief, byte for byte but for where the input came from."""
    kept = next((morning / "output").glob("*/*/*/input"))
    told = json.loads((kept.parent / "brief.json").read_text())
    again = run(morning, "brief", "--source", kept, "--as-of", told["as_of"], "--output", "again")
    assert again.returncode == 0, again.stderr
    assert without_provenance(morning / "again/latest/brief.json") == without_provenance(kept.parent / "brief.json")
    assert (morning / "again/latest/brief.html").read_bytes() == (kept.parent / "brief.html").read_bytes()


def test_the_kept_input_is_fingerprinted_in_the_brief(morning: Path) -> None:
    """Provenance holds the sha256 of every kept file and of all of them together."""
    kept = next((morning / "output").glob("*/*/*/input"))
    told = json.loads((kept.parent / "brief.json").read_text())["provenance"]
    sums = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(kept.iterdir())}
    assert {name: told[name] for name in sums} == sums
    lines = "".join(f"{value}  {name}\n" for name, value in sums.items())
    assert told["input"] == hashlib.sha256(lines.encode()).hexdigest()


def test_the_brief_names_the_venue_that_refused(morning: Path) -> None:
    """missing[] carries the venue and the sentence, the page prints it, and the map's quality falls."""
    brief = json.loads((morning / "output/latest/brief.json").read_text())
    entry = next(one for one in brief["missing"] if one["venue"] == "gate")
    assert entry["reason"] == "Gate refused this location (HTTP 451)."
    assert entry["what"] == "all data"
    page = (morning / "output/latest/brief.html").read_text()
    assert "Gate refused this location (HTTP 451)." in page
    assert "Open interest and funding by venue" in page
    assert "base coins, each position once" in page
    quality = brief["symbols"][0]["map_quality"]
    assert "1 of 3 venues gave nothing: Gate" in quality["reasons"]
    assert quality["grade"] != "High"


def test_with_every_venue_down_nothing_is_written(exchanges: Exchanges, tmp_path: Path) -> None:
    """One error, exit 1, and no file anywhere: neither a brief nor a market folder."""
    exchanges.faults.update(dict.fromkeys(VENUES, "403"))
    configured(tmp_path, exchanges)
    for words in (("brief",), ("fetch", "--out", "market")):
        asked = run(tmp_path, *words)
        assert asked.returncode == 1
        assert asked.stderr.count("Error:") == 1
        assert "Binance refused this location (HTTP 403)" in asked.stderr
        assert {path.name for path in tmp_path.iterdir()} <= {"config.yaml", "cache"}


def test_a_fetched_folder_grows_without_doubles(exchanges: Exchanges, tmp_path: Path) -> None:
    """A second fetch, days later by the exchanges' clock, adds rows, repeats none, and loses none that was there."""
    configured(tmp_path, exchanges, ("hyperliquid", "deribit"))
    assert run(tmp_path, "fetch", "--out", "market").returncode == 0
    before = rows(tmp_path / "market")
    exchanges.ahead_ms = 2 * 86_400_000
    assert run(tmp_path, "fetch", "--out", "market").returncode == 0
    after = rows(tmp_path / "market")
    for name, (count, distinct) in after.items():
        assert count == distinct, name
    assert after["candles"][0] == before["candles"][0] + 96
    assert after["open_interest"][0] == before["open_interest"][0] + 2
    (read,) = read_market(tmp_path / "market", ("BTC",), as_of_ms=None).markets.values()
    assert isinstance(read.candles, dict)
    assert 2 * len(read.candles["hyperliquid"]) == after["candles"][0]


def rows(folder: Path) -> dict[str, tuple[int, int]]:
    """Count the rows of each table, and the different ones by their keys and times."""
    keys = {"candles": "symbol, venue, interval, open_time_ms", "open_interest": "symbol, venue, time_ms"}
    found = {}
    for name, key in keys.items():
        sql = f"SELECT count(*), count(DISTINCT ({key})) FROM '{folder / name}.parquet'"  # noqa: S608 - our own names
        with duckdb.connect(":memory:") as database:
            found[name] = database.execute(sql).fetchall()[0]
    return found


def test_a_fetch_into_a_damaged_folder_touches_nothing(exchanges: Exchanges, tmp_path: Path, morning: Path) -> None:
    """A table that cannot be read is said, and every file of the folder stays as it was."""
    configured(tmp_path, exchanges, ("hyperliquid",))
    market = tmp_path / "market"
    shutil.copytree(next((morning / "output").glob("*/*/*/input")), market)
    (market / "open_interest.parquet").write_bytes(b"damaged")
    before = {path.name: path.read_bytes() for path in market.iterdir()}
    asked = run(tmp_path, "fetch", "--out", market)
    assert asked.returncode == 1
    assert "open_interest.parquet" in asked.stderr
    assert {path.name: path.read_bytes() for path in market.iterdir()} == before


def test_known_positions_are_fetched_and_kept_with_the_rest(exchanges: Exchanges, tmp_path: Path) -> None:
    """Addresses of the configuration become rows of the folder, with an empty cell where no price liquidates."""
    address = "0x" + "ab" * 20
    more = f'exact_positions:\n  addresses: ["{address}"]\n'
    configured(tmp_path, exchanges, ("hyperliquid",), more)
    asked = run(tmp_path, "fetch", "--out", "market", "--symbols", "BTC,ETH")
    assert asked.returncode == 0, asked.stderr
    with duckdb.connect(":memory:") as database:
        sql = f"SELECT symbol, address, side, size_base, liquidation_price FROM '{tmp_path}/market/positions.parquet'"  # noqa: S608 - our own names
        found = database.execute(f"{sql} ORDER BY symbol").fetchall()
    assert found == [("BTC/USDT:USDT", address, "long", 2.0, 60_000.0), ("ETH/USDT:USDT", address, "short", 1.0, None)]


def test_doctor_asks_each_venue_and_compares(exchanges: Exchanges, tmp_path: Path) -> None:
    """`doctor --online` prints what each venue answered, and right, wrong or unknown for what it compares."""
    exchanges.faults["bybit"] = "403"
    exchanges.dates["kraken"] = 7_200_000
    configured(tmp_path, exchanges, tuple(VENUES))
    asked = run(tmp_path, "doctor", "--online")
    assert "Bybit refused this location (HTTP 403)" in asked.stdout
    assert "venue Binance" in asked.stdout
    assert "its clock says 20" in asked.stdout
    assert asked.stdout.count("answered within") == len(VENUES) - 1
    lines = asked.stdout.splitlines()
    assert any("OKX open interest history" in line and "right: its newest row is" in line for line in lines)
    assert any("Gate sides of open interest" in line and "halved" in line for line in lines)
    assert any("Kraken Futures clock" in line and "wrong: +7" in line for line in lines)
    assert any("Binance candles" in line and "right: the newest row is" in line for line in lines)
    assert not any("Bybit candles" in line for line in lines)


def test_a_pace_that_is_none_is_refused(exchanges: Exchanges, tmp_path: Path) -> None:
    """REPORTGEN_PACE is a share: anything else is a mistake of use, before anybody is asked."""
    configured(tmp_path, exchanges, ("hyperliquid",))
    asked = reportgen_here(tmp_path, "fetch", "--out", "market", REPORTGEN_PACE="2")
    assert asked.returncode == 2
    assert "Give a number from 0 to 1" in asked.stderr
    assert not exchanges.asked


def test_fetches_of_one_day_leave_a_folder_that_can_be_read(exchanges: Exchanges, tmp_path: Path) -> None:
    """OKX bounds its brackets in contracts: at another price the day's list is another, and the newest stands whole."""
    configured(tmp_path, exchanges, ("okx", "deribit"))
    for ahead in (0, 7_200_000, 14_400_000):
        exchanges.ahead_ms = ahead
        fetched = run(tmp_path, "fetch", "--out", "market")
        assert fetched.returncode == 0, fetched.stderr
    (read,) = read_market(tmp_path / "market", ("BTC",), as_of_ms=None).markets.values()
    assert isinstance(read.brackets, dict)
    floors, caps = read.brackets["okx"].notional_floor, read.brackets["okx"].notional_cap
    assert len(floors) == 2
    assert floors[1] == caps[0]
    assert isinstance(read.order_book, dict)
    book = read.order_book["okx"]
    assert book.bid_price[0] < book.ask_price[0]


@pytest.mark.parametrize("words", [("brief",), ("fetch", "--out", "market")])
def test_an_interrupt_while_gathering_leaves_nothing(
    exchanges: Exchanges, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """Ctrl-C while a venue makes us wait a minute ends with 130 and not after it, without a word and without a file."""
    exchanges.faults["gate"] = "a minute"
    configured(tmp_path, exchanges)
    process = subprocess.Popen(
        [sys.executable, "-m", "reportgen", *words],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(REPOSITORY), "XDG_CACHE_HOME": str(tmp_path / "cache")},
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    while process.poll() is None and not any(venue == "gate" for venue, _ in list(exchanges.asked)):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=40)
    assert process.returncode == 130
    assert told == ("", "")
    assert {path.name for path in tmp_path.iterdir()} <= {"config.yaml", "cache"}
