"""Each fault, at each venue in turn: what it costs, what is said, how often the venue is bothered, and who else suffers."""

from __future__ import annotations

from pathlib import Path

import pytest

from reportgen.errors import DataError
from reportgen.market.data import ALL_DATA
from reportgen.market.exchanges_line import Patience
from reportgen.market.venues import VENUES, Datum
from tests.market.live import truth
from tests.market.live.conftest import QUICK, Gather
from tests.market.live.exchange_server import Exchanges

DATA = (Datum.CANDLES, Datum.OPEN_INTEREST, Datum.FUNDING, Datum.BOOK)
EVERY_VENUE = pytest.mark.parametrize("venue", VENUES)


def witness(venue: str) -> str:
    """Choose another venue, which must not suffer."""
    return "okx" if venue != "okx" else "hyperliquid"


def gaps(found: object, venue: str) -> dict[str, str]:
    """Give what is missing of a venue, with the reason."""
    return {gap.what: gap.reason for _, gap in found.gaps if gap.venue == venue}  # type: ignore[attr-defined]


def tables(found: object, venue: str) -> set[str]:
    """List the tables that a venue filled."""
    return {piece.table.name for piece in found.pieces if piece.keys[1] == venue}  # type: ignore[attr-defined]


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


@EVERY_VENUE
@pytest.mark.parametrize("fault", FINAL)
def test_a_refusal_is_final_for_the_run(exchanges: Exchanges, gather: Gather, venue: str, fault: str) -> None:
    """A geo-block, or a ban longer than we wait, costs one request and the venue's data, and nobody else's."""
    exchanges.faults[venue] = fault
    found = gather("BTC", venues=(venue, witness(venue)), data=DATA)
    assert gaps(found, venue) == {ALL_DATA: f"{VENUES[venue].display} {FINAL[fault]}"}
    assert sum(count for (name, _), count in exchanges.asked.items() if name == venue) == 1
    assert gaps(found, witness(venue)) == {}
    assert tables(found, witness(venue)) >= {"candles", "open_interest", "funding", "order_book"}


@EVERY_VENUE
@pytest.mark.parametrize("fault", DOWN)
def test_an_outage_is_tried_again_and_then_said(exchanges: Exchanges, gather: Gather, venue: str, fault: str) -> None:
    """Server errors, silence and resets are asked again as often as patience says, and cost nobody else anything."""
    exchanges.faults[venue] = fault
    found = gather("BTC", venues=(venue, witness(venue)), data=(Datum.CANDLES,))
    assert gaps(found, venue) == {ALL_DATA: f"{VENUES[venue].display} {DOWN[fault]}"}
    assert max(count for (name, _), count in exchanges.asked.items() if name == venue) >= QUICK.attempts
    assert "candles" in tables(found, witness(venue))


@EVERY_VENUE
@pytest.mark.parametrize("fault", UNREADABLE)
def test_an_unreadable_answer_is_called_one(exchanges: Exchanges, gather: Gather, venue: str, fault: str) -> None:
    """A web page, null, half a JSON or empty cells are no data, are not asked for again, and never become numbers."""
    exchanges.faults[venue] = fault
    found = gather("BTC", venues=(venue, witness(venue)), data=DATA)
    said = {f"{VENUES[venue].display} {what}." for what in ("sent an unreadable answer", "listed no perpetual at all")}
    assert set(gaps(found, venue)) == {ALL_DATA}
    assert gaps(found, venue)[ALL_DATA] in said
    assert tables(found, venue) == set()
    assert max(count for (name, _), count in exchanges.asked.items() if name == venue) == 1
    assert gaps(found, witness(venue)) == {}


CANDLE_PATHS = {
    "binance": "/klines", "bybit": "market/kline", "okx": "market/history-candles", "gate": "usdt/candlesticks",
    "bitget": "market/history-candles", "hyperliquid": "candleSnapshot", "deribit": "get_tradingview_chart_data",
    "kraken": "charts",
}  # fmt: skip


@EVERY_VENUE
@pytest.mark.parametrize("fault", [*UNREADABLE, "empty list", "no rows", "unknown symbol", "stale", "500"])
def test_bad_candles_cost_the_candles_alone(exchanges: Exchanges, gather: Gather, venue: str, fault: str) -> None:
    """What goes wrong with one datum is named, and the venue's other data are still there."""
    exchanges.faults[venue], exchanges.path = fault, CANDLE_PATHS[venue]
    found = gather("BTC", venues=(venue, witness(venue)), data=DATA)
    assert set(gaps(found, venue)) == {Datum.CANDLES}
    assert gaps(found, venue)[Datum.CANDLES].startswith(VENUES[venue].display)
    assert tables(found, venue) >= {"open_interest", "funding", "order_book"}
    assert gaps(found, witness(venue)) == {}


@EVERY_VENUE
@pytest.mark.parametrize("fault", ["unordered", "duplicate"])
def test_rows_in_any_order_and_twice_are_the_same_rows(
    exchanges: Exchanges, gather: Gather, venue: str, fault: str
) -> None:
    """Order is no promise and a row sent twice is one row: the candles are the true ones."""
    exchanges.faults[venue], exchanges.path = fault, CANDLE_PATHS[venue]
    found = gather("BTC", venues=(venue,), data=(Datum.CANDLES,))
    candles = next(piece for piece in found.pieces if piece.table.name == "candles")
    opened = candles.columns["open_time_ms"].tolist()
    assert opened == [*range(opened[0], opened[-1] + 1, truth.HOUR)]
    assert candles.columns["close"].tolist() == pytest.approx([truth.bar("BTC", at)[3] for at in opened])


@EVERY_VENUE
def test_a_stale_venue_says_how_old_it_is(exchanges: Exchanges, gather: Gather, venue: str) -> None:
    """A venue whose numbers all stopped ten days ago gives no candles, no book and no open interest."""
    exchanges.faults[venue] = "stale"
    found = gather("BTC", venues=(venue, witness(venue)), data=DATA)
    told = gaps(found, venue)
    assert {Datum.CANDLES, Datum.BOOK} <= set(told)
    assert any("hours" in reason for reason in told.values())
    assert "candles" not in tables(found, venue)


@EVERY_VENUE
def test_a_wait_that_was_asked_for_is_kept(exchanges: Exchanges, gather: Gather, venue: str) -> None:
    """A 429 with a short Retry-After is obeyed once and then everything is there."""
    exchanges.faults[venue] = "429 once"
    found = gather("BTC", venues=(venue,), data=(Datum.CANDLES,))
    assert gaps(found, venue) == {}
    assert tables(found, venue) >= {"candles"}


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
    patience = Patience(run_seconds=1.5, request_seconds=0.3, attempts=50, first_wait_seconds=0.01)
    found = gather("BTC", venues=("binance", "hyperliquid"), data=(Datum.CANDLES,), patience=patience)
    assert set(gaps(found, "binance")) == {ALL_DATA}
    assert "candles" in tables(found, "hyperliquid")
    assert sum(count for (name, _), count in exchanges.asked.items() if name == "binance") < 50


def test_closed_history_comes_from_the_disk(exchanges: Exchanges, gather: Gather, tmp_path: Path) -> None:
    """A second run asks for far fewer rows and gives the same ones; a damaged file is as good as none."""
    first = gather("BTC", venues=("okx",), data=(Datum.CANDLES,), cache=tmp_path)
    asked = first.requests["okx"]
    second = gather("BTC", venues=("okx",), data=(Datum.CANDLES,), cache=tmp_path)
    assert second.requests["okx"] < asked / 2
    for file in tmp_path.iterdir():
        file.write_bytes(b"damaged")
    third = gather("BTC", venues=("okx",), data=(Datum.CANDLES,), cache=tmp_path)
    assert third.requests["okx"] == asked
    for found in (second, third):
        assert found.pieces[0].columns["close"].tolist() == first.pieces[0].columns["close"].tolist()
    assert exchanges.faults == {}


def test_a_price_of_something_else_is_left_out(
    exchanges: Exchanges, gather: Gather, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A venue whose price is far from the others' median gives nothing, and the reader learns by how much."""
    from tests.market.live import venue_answers  # noqa: PLC0415 - what is changed

    monkeypatch.setitem(venue_answers.MULTIPLIED, "gate", {"BTC": 1.5})
    found = gather("BTC", venues=("binance", "bybit", "gate", "okx"), data=(Datum.CANDLES, Datum.OPEN_INTEREST))
    assert "50.0% above the median of 4 venues" in gaps(found, "gate")[ALL_DATA]
    assert tables(found, "gate") == set()
    assert exchanges.faults == {}
