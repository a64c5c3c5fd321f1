"""Each fault at each venue: what it costs, what is said, how often the venue is bothered, and who else suffers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reportgen.errors import DataError
from reportgen.market.data import ALL_DATA
from reportgen.market.exchanges.gather import Gathering
from reportgen.market.exchanges.venue import Datum
from reportgen.market.exchanges.venues import VENUES
from reportgen.market.folder.keep import folder_files
from reportgen.market.web import Patience
from tests.market.live import truth
from tests.market.live.conftest import QUICK, Gather
from tests.market.live.exchange_server import TOO_MANY, Exchanges

DATA = (Datum.CANDLES, Datum.OPEN_INTEREST, Datum.BOOK)
HALVES = (("binance", "okx", "bitget", "deribit"), ("bybit", "gate", "hyperliquid", "kraken"))
EITHER_HALF = pytest.mark.parametrize("ill", HALVES, ids=["+".join(half) for half in HALVES])
"""One half of the venues is ill while the other is well: what the ill ones cost the others would show."""

FINAL = {
    "451": "refused this location (HTTP 451).",
    "403": "refused this location (HTTP 403).",
    "429": "allowed no more requests (HTTP 429).",
    "418": "allowed no more requests (HTTP 418).",
}
DOWN = {
    "500": "was out of order (HTTP 500).",
    "timeout": "did not answer in time.",
    "reset": "could not be reached, or hung up.",
}
UNREADABLE = ("html", "null", "truncated", "none cells")
CANDLE_PATHS = {
    "binance": "/klines", "bybit": "market/kline", "okx": "market/history-candles", "gate": "usdt/candlesticks",
    "bitget": "market/history-candles", "hyperliquid": "candleSnapshot", "deribit": "get_tradingview_chart_data",
    "kraken": "charts/v1/trade",
}  # fmt: skip


def well(ill: tuple[str, ...]) -> list[str]:
    """List the other half."""
    return [venue for venue in CANDLE_PATHS if venue not in ill]


def gaps(found: Gathering, venue: str) -> dict[str, str]:
    """Give what is missing of a venue, with the reason."""
    return {gap.what: gap.reason for _, gap in found.gaps if gap.venue == venue}


def tables(found: Gathering, venue: str) -> set[str]:
    """List the tables that a venue filled."""
    return {piece.table.name for piece in found.pieces if piece.keys[1] == venue}


def asked(exchanges: Exchanges, venue: str) -> list[int]:
    """Give how often each path of a venue was asked."""
    return [count for (name, _), count in exchanges.asked.items() if name == venue]


def unharmed(found: Gathering, ill: tuple[str, ...]) -> bool:
    """Tell whether the other half gave everything."""
    full = {"candles", "open_interest", "order_book"}
    return all(not gaps(found, venue) and tables(found, venue) >= full for venue in well(ill))


@EITHER_HALF
@pytest.mark.parametrize("fault", FINAL)
def test_a_refusal_is_final_for_the_run(exchanges: Exchanges, gather: Gather, ill: tuple[str, ...], fault: str) -> None:
    """A geo-block, or a ban longer than we wait, costs one request and the venue's data, and nobody else's."""
    exchanges.faults.update(dict.fromkeys(ill, fault))
    found = gather("BTC", data=DATA)
    for venue in ill:
        assert gaps(found, venue) == {ALL_DATA: f"{VENUES[venue].display} {FINAL[fault]}"}
        assert sum(asked(exchanges, venue)) == 1
    assert unharmed(found, ill)


@EITHER_HALF
@pytest.mark.parametrize("fault", DOWN)
def test_an_outage_is_tried_again_and_then_said(
    exchanges: Exchanges, gather: Gather, ill: tuple[str, ...], fault: str
) -> None:
    """Server errors, silence and resets are asked again as often as patience says, and cost nobody else anything."""
    exchanges.faults.update(dict.fromkeys(ill, fault))
    patience = replace(QUICK, request_seconds=1.0) if fault == "timeout" else QUICK
    found = gather("BTC", data=DATA, patience=patience)
    for venue in ill:
        assert gaps(found, venue) == {ALL_DATA: f"{VENUES[venue].display} {DOWN[fault]}"}
        assert max(asked(exchanges, venue)) >= QUICK.attempts
    assert fault == "timeout" or unharmed(found, ill)


@EITHER_HALF
@pytest.mark.parametrize("fault", UNREADABLE)
def test_an_unreadable_answer_is_called_one(
    exchanges: Exchanges, gather: Gather, ill: tuple[str, ...], fault: str
) -> None:
    """A web page, null, half a JSON or empty cells are no data, are not asked for again, and never become numbers."""
    exchanges.faults.update(dict.fromkeys(ill, fault))
    found = gather("BTC", data=DATA)
    for venue in ill:
        name = VENUES[venue].display
        assert gaps(found, venue)[ALL_DATA] in {
            f"{name} sent an unreadable answer.",
            f"{name} listed no perpetual at all.",
        }
        assert tables(found, venue) == set()
        assert max(asked(exchanges, venue)) == 1
    assert unharmed(found, ill)


@EITHER_HALF
@pytest.mark.parametrize("fault", [*UNREADABLE, "empty list", "no rows", "unknown symbol", "stale", "500"])
def test_bad_candles_cost_the_candles_alone(
    exchanges: Exchanges, gather: Gather, ill: tuple[str, ...], fault: str
) -> None:
    """What goes wrong with one datum is named, and the venue's other data are still there."""
    exchanges.faults.update(dict.fromkeys(ill, fault))
    exchanges.paths.update(CANDLE_PATHS)
    found = gather("BTC", data=DATA)
    for venue in ill:
        assert set(gaps(found, venue)) == {Datum.CANDLES}
        assert gaps(found, venue)[Datum.CANDLES].startswith(VENUES[venue].display)
        assert tables(found, venue) >= {"open_interest", "order_book"}
    assert unharmed(found, ill)


@pytest.mark.parametrize("fault", ["unordered", "duplicate"])
def test_rows_in_any_order_and_twice_are_the_same_rows(exchanges: Exchanges, gather: Gather, fault: str) -> None:
    """Order is no promise and a row sent twice is one row: every venue's candles are the true ones."""
    exchanges.faults.update(dict.fromkeys(CANDLE_PATHS, fault))
    exchanges.paths.update(CANDLE_PATHS)
    found = gather("BTC", data=(Datum.CANDLES,))
    candles = {piece.keys[1]: piece.columns for piece in found.pieces if piece.table.name == "candles"}
    assert set(candles) == set(CANDLE_PATHS)
    for columns in candles.values():
        opened = columns["open_time_ms"].tolist()
        assert opened == [*range(opened[0], opened[-1] + 1, truth.HOUR)]
        assert columns["close"].tolist() == pytest.approx([truth.bar("BTC", at)[3] for at in opened])


@EITHER_HALF
def test_a_stale_venue_says_how_old_it_is(exchanges: Exchanges, gather: Gather, ill: tuple[str, ...]) -> None:
    """A venue whose numbers all stopped ten days ago gives no candles and no book, and says why."""
    exchanges.faults.update(dict.fromkeys(ill, "stale"))
    found = gather("BTC", data=DATA)
    for venue in ill:
        told = gaps(found, venue)
        assert {Datum.CANDLES, Datum.BOOK} <= set(told)
        assert any("hours" in reason for reason in told.values())
        assert "candles" not in tables(found, venue)
    assert unharmed(found, ill)


def test_a_wait_that_was_asked_for_is_kept(exchanges: Exchanges, gather: Gather) -> None:
    """A 429 with a short Retry-After is obeyed once a path, and then everything is there."""
    exchanges.faults.update(dict.fromkeys(VENUES, "429 once"))
    found = gather("BTC", data=DATA)
    assert found.gaps == ()
    assert all(tables(found, venue) >= {"candles"} for venue in CANDLE_PATHS)


def test_the_venues_own_codes_for_too_much_are_obeyed(exchanges: Exchanges, gather: Gather) -> None:
    """10006, 50011 and their like mean waiting, though HTTP says that all is well; said for ever they end the venue."""
    exchanges.faults.update(dict.fromkeys(TOO_MANY, "own code once"))
    assert gather("BTC", data=(Datum.CANDLES, Datum.BOOK)).gaps == ()
    exchanges.asked.clear()
    exchanges.faults.update(dict.fromkeys(TOO_MANY, "own code"))
    found = gather("BTC", data=(Datum.CANDLES, Datum.BOOK))
    for venue in TOO_MANY:
        (reason,) = gaps(found, venue).values()
        assert reason.startswith(f"{VENUES[venue].display} allowed no more requests (code ")
        assert sum(asked(exchanges, venue)) <= 2 * QUICK.attempts
    assert tables(found, "hyperliquid") >= {"candles", "order_book"}


def test_a_server_error_that_passes_leaves_no_trace(exchanges: Exchanges, gather: Gather) -> None:
    """One failure a path, everywhere, is made good by asking again."""
    exchanges.faults.update(dict.fromkeys(VENUES, "500 once"))
    found = gather("BTC", data=(Datum.CANDLES, Datum.BOOK))
    assert found.gaps == ()


def test_with_every_venue_down_there_is_one_error(exchanges: Exchanges, gather: Gather) -> None:
    """When nobody gives candles one sentence names every reason."""
    exchanges.faults.update(dict.fromkeys(VENUES, "451"))
    with pytest.raises(DataError, match="No venue gave candles") as caught:
        gather("BTC", "ETH")
    assert all(venue.display in str(caught.value) for venue in VENUES.values())
    assert "\n" not in str(caught.value)


def test_the_run_ends_when_its_time_is_up(exchanges: Exchanges, gather: Gather) -> None:
    """A venue that hangs cannot keep a run beyond its deadline, and the others' data are kept."""
    exchanges.faults["binance"] = "timeout"
    patience = Patience(total_seconds=1.5, request_seconds=0.7, attempts=50, first_wait_seconds=0.01)
    found = gather("BTC", venues=("binance", "hyperliquid"), data=(Datum.CANDLES,), patience=patience)
    assert set(gaps(found, "binance")) == {ALL_DATA}
    assert "candles" in tables(found, "hyperliquid")
    assert sum(asked(exchanges, "binance")) < 50


def test_closed_history_comes_from_the_disk(exchanges: Exchanges, gather: Gather, tmp_path: Path) -> None:
    """A second run asks for far fewer rows and gives the same ones; a damaged file is as good as none."""
    first = gather("BTC", venues=("okx",), data=(Datum.CANDLES,), cache=tmp_path)
    before = first.requests["okx"]
    second = gather("BTC", venues=("okx",), data=(Datum.CANDLES,), cache=tmp_path)
    assert second.requests["okx"] < before / 2
    for file in tmp_path.iterdir():
        file.write_bytes(b"damaged")
    third = gather("BTC", venues=("okx",), data=(Datum.CANDLES,), cache=tmp_path)
    assert third.requests["okx"] == before
    for found in (second, third):
        assert found.pieces[0].columns["close"].tolist() == first.pieces[0].columns["close"].tolist()
    assert exchanges.faults == {}


@pytest.mark.parametrize("fault", [*FINAL, *UNREADABLE, "500", "reset", "unknown symbol", "empty list", "stale"])
def test_a_venue_of_liquidations_alone_costs_only_those(exchanges: Exchanges, gather: Gather, fault: str) -> None:
    """HTX gives nothing but liquidations: whatever goes wrong there is named, and nothing else is missing."""
    exchanges.faults["htx"] = fault
    found = gather("BTC", venues=("hyperliquid", "htx"), data=(Datum.CANDLES, Datum.LIQUIDATIONS))
    assert set(gaps(found, "htx")) <= {ALL_DATA, Datum.LIQUIDATIONS}
    assert all(reason.startswith("HTX ") for reason in gaps(found, "htx").values())
    assert len(gaps(found, "htx")) == 1 or fault == "stale"
    assert gaps(found, "hyperliquid") == {}


def test_the_exchanges_clocks_decide_together(exchanges: Exchanges, gather: Gather) -> None:
    """Where two venues say that this machine's clock is wrong their time says which bars are closed, and a note why."""
    exchanges.ahead_ms = 3 * truth.HOUR
    found = gather("BTC", venues=("hyperliquid", "deribit"), data=(Datum.CANDLES,))
    closed = int(found.pieces[0].columns["open_time_ms"][-1]) + truth.HOUR
    assert closed <= found.as_of_ms <= exchanges.now() + 1000
    assert found.as_of_ms - closed < truth.HOUR + 60_000
    assert found.notes == ("This machine's clock is 3.0 hours behind the exchanges', whose time is used.",)


@pytest.mark.parametrize(
    ("ahead", "venues", "note"),
    [
        ({"binance": "Fri, 31 Dec 9999 23:59:59 GMT"}, ("binance", "okx"), "Binance's clock is "),
        ({"okx": 2 * truth.HOUR}, ("binance", "okx", "bybit"), "OKX's clock is 2.0 hours ahead of the others'"),
        ({"okx": 2 * truth.HOUR}, ("okx",), "OKX's clock is 2.0 hours ahead of this machine's; nothing tells"),
    ],
)
def test_no_venues_clock_is_believed_alone(
    exchanges: Exchanges, gather: Gather, ahead: dict[str, object], venues: tuple[str, ...], note: str
) -> None:
    """One Date far from the others' neither moves as-of nor closes a bar, and is named."""
    exchanges.dates.update(ahead)
    found = gather("BTC", venues=venues, data=(Datum.CANDLES,))
    assert found.as_of_ms <= exchanges.now() + 1000
    assert any(one.startswith(note) for one in found.notes), found.notes
    for piece in found.pieces:
        if piece.table.name == "candles":
            assert int(piece.columns["open_time_ms"][-1]) + truth.HOUR <= exchanges.now() + 1000


def test_a_folder_of_csv_stays_one_and_keeps_what_it_had(exchanges: Exchanges, gather: Gather, tmp_path: Path) -> None:
    """New rows join the user's own table in its format, with its further columns, and the same twice is the same."""
    first = "BTC/USDT:USDT,hyperliquid,1h,1599998400000,1,2,1,2,5,kept"
    head = "symbol,venue,interval,open_time_ms,open,high,low,close,volume_base,mine"
    (tmp_path / "candles.csv").write_text(f"{head}\n{first}\n")
    found = gather("BTC", venues=("hyperliquid",), data=(Datum.CANDLES,))
    grown = folder_files(found, tmp_path)["candles.csv"]
    lines = grown.decode().splitlines()
    assert len(lines) == 1 + 1 + len(found.pieces[0].columns["open_time_ms"])
    assert sum("kept" in line for line in lines) == 1
    (tmp_path / "candles.csv").write_bytes(grown)
    assert folder_files(found, tmp_path)["candles.csv"] == grown
    assert exchanges.faults == {}


def test_runs_ask_no_more_than_is_stated(gather: Gather, tmp_path: Path) -> None:
    """At most 20 questions a symbol and venue on a first run, at most 12 on the next: docs/venues.md says so."""
    first, second = (gather("BTC", "ETH", venues=("binance", "bybit", "okx"), cache=tmp_path) for _ in range(2))
    assert sum(first.requests.values()) <= 20 * 2 * 3
    assert sum(second.requests.values()) <= 12 * 2 * 3
    assert max(second.requests.values()) <= 12 * 2 + 2
