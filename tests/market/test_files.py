"""A market folder is read as it was known at as-of, and tables without rows are missing, not wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.errors import DataError, UsageError
from reportgen.market.data import Gathered
from reportgen.market.folder.read import read_market, symbols_in
from reportgen.units import DAY_MS, HOUR_MS, Missing
from tests.market import folders
from tests.market.folders import BTC, ETH, START_MS

MIDDLE_MS = START_MS + 20 * HOUR_MS
LAST_CLOSE_MS = START_MS + 48 * HOUR_MS
MOMENTS = {
    "candles": "open_time_ms",
    "spot_candles": "open_time_ms",
    "mark_candles": "open_time_ms",
    "liquidations": "open_time_ms",
    "leverage_brackets": None,
}


def cut(tables: dict[str, folders.Columns], as_of_ms: int) -> dict[str, folders.Columns]:
    """Drop by hand what was not known at a moment; bracket tables are of days long past."""
    lengths = {"1h": HOUR_MS, "4h": 4 * HOUR_MS}
    kept = {}
    for name, columns in tables.items():
        moment = MOMENTS.get(name, "time_ms")
        if moment is None:
            kept[name] = columns
            continue
        ends = [lengths[each] for each in columns["interval"]] if "interval" in columns else [0] * len(columns["venue"])
        known = [row for row, at in enumerate(columns[moment]) if at + ends[row] <= as_of_ms]
        kept[name] = folders.chosen(columns, known)
    return kept


def read(folder: Path, *symbols: str, as_of_ms: int | None = None) -> Gathered:
    """Read a folder."""
    return read_market(folder, symbols or (BTC, ETH), as_of_ms=as_of_ms)


def test_as_of_is_the_last_close_of_the_symbols_asked_for(tmp_path: Path) -> None:
    """Without an as-of, the newest bar of the requested symbols sets it, not that of others."""
    folder = folders.write_folder(tmp_path, folders.whole_folder())
    assert read(folder).as_of_ms == LAST_CLOSE_MS
    assert read(folder, ETH).as_of_ms == LAST_CLOSE_MS - HOUR_MS


def test_symbols_come_in_the_order_asked_for_and_once(tmp_path: Path) -> None:
    """Any spelling names the same market, and the reference is there without being asked for."""
    folder = folders.write_folder(tmp_path, folders.whole_folder())
    assert list(read(folder, "eth", "BTCUSDT", "ETH/USDT").markets) == [ETH, BTC]
    alone = read(folder, "ETH")
    assert list(alone.markets) == [ETH]
    assert alone.reference.symbol == BTC
    assert not isinstance(alone.reference.candles, Missing)


@settings(max_examples=15)
@given(hours=st.integers(min_value=-1, max_value=50), minutes=st.sampled_from([0, 1, 59]))
def test_data_cut_at_as_of_gives_the_same(tmp_path_factory: pytest.TempPathFactory, hours: int, minutes: int) -> None:
    """What happened after as-of leaves no trace, wherever as-of lies."""
    as_of_ms = START_MS + hours * HOUR_MS + minutes * 60_000
    tables = folders.whole_folder()
    whole = folders.write_folder(tmp_path_factory.mktemp("whole"), tables, "csv")
    before = folders.write_folder(tmp_path_factory.mktemp("cut"), cut(tables, as_of_ms), "csv")
    assert folders.plain(read(whole, as_of_ms=as_of_ms)) == folders.plain(read(before, as_of_ms=as_of_ms))


@pytest.fixture(scope="module")
def sorted_market(tmp_path_factory: pytest.TempPathFactory) -> object:
    """Read the whole folder, its rows in order."""
    return folders.plain(read(folders.write_folder(tmp_path_factory.mktemp("sorted"), folders.whole_folder(), "csv")))


@settings(max_examples=6)
@given(seed=st.integers(min_value=0, max_value=10**6), suffix=st.sampled_from(["csv", "parquet"]))
def test_the_order_of_rows_does_not_matter(
    sorted_market: object, tmp_path_factory: pytest.TempPathFactory, seed: int, suffix: str
) -> None:
    """Shuffled rows, in either format, give the same market."""
    mixed = {name: folders.shuffled(columns, seed) for name, columns in folders.whole_folder().items()}
    assert folders.plain(read(folders.write_folder(tmp_path_factory.mktemp("mixed"), mixed, suffix))) == sorted_market


@settings(max_examples=10)
@given(price=st.sampled_from([-1.0, 0.0, float("nan"), float("inf"), 1e9]), row=st.integers(min_value=21, max_value=48))
def test_rows_after_as_of_may_hold_anything(tmp_path_factory: pytest.TempPathFactory, price: float, row: int) -> None:
    """A bar that closes after as-of is not even looked at, so its faults cannot stop the brief."""
    tables = {"candles": folders.candles()}
    good = folders.write_folder(tmp_path_factory.mktemp("good"), tables, "csv")
    spoilt = {"candles": folders.bent(folders.candles(), "low", row, price)}
    bad = folders.write_folder(tmp_path_factory.mktemp("bad"), spoilt, "csv")
    assert folders.plain(read(bad, BTC, as_of_ms=MIDDLE_MS)) == folders.plain(read(good, BTC, as_of_ms=MIDDLE_MS))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("table", ["open_interest", "funding", "liquidations", "order_book", "leverage_brackets"])
def test_a_table_without_rows_is_an_absent_table(tmp_path: Path, table: str, suffix: str) -> None:
    """Absent, empty, of another symbol, or later than as-of: the same Missing with the same reason."""
    tables = folders.whole_folder()
    rows = tables.pop(table)
    absent = folders.write_folder(tmp_path / "absent", tables, suffix)
    empty = folders.write_folder(tmp_path / "empty", tables | {table: folders.chosen(rows, [])}, suffix)
    other = folders.write_folder(
        tmp_path / "other", tables | {table: rows | {"symbol": ["DOGE/USDT:USDT"] * len(rows["venue"])}}, suffix
    )
    moment = {"liquidations": "open_time_ms", "leverage_brackets": "as_of"}.get(table, "time_ms")
    late = ["2031-01-01"] * len(rows["venue"]) if moment == "as_of" else [at + 90 * DAY_MS for at in rows[moment]]
    later = folders.write_folder(tmp_path / "later", tables | {table: rows | {moment: late}}, suffix)
    without = read(absent)
    expected = folders.plain(without)
    field = "brackets" if table == "leverage_brackets" else table
    assert isinstance(getattr(without.markets[BTC], field), Missing)
    for folder in (empty, other, later):
        assert folders.plain(read(folder)) == expected


def test_as_of_before_all_data_leaves_every_symbol_without_candles(tmp_path: Path) -> None:
    """The brief gets a reason for each symbol instead of an error, and no symbol is known yet."""
    gathered = read(folders.write_folder(tmp_path, folders.whole_folder()), as_of_ms=START_MS - DAY_MS)
    assert all(isinstance(market.candles, Missing) for market in gathered.markets.values())
    assert gathered.known_symbols == ()


def test_the_last_snapshot_before_as_of_is_the_order_book(tmp_path: Path) -> None:
    """Best prices come first on both sides, and sizes are those of that snapshot."""
    folder = folders.write_folder(tmp_path, folders.whole_folder())
    books = read(folder, as_of_ms=MIDDLE_MS).markets[BTC].order_book
    assert not isinstance(books, Missing)
    book = books["binance"]
    assert book.time_ms == START_MS + 1 + 10 * HOUR_MS
    assert book.bid_price.tolist() == [99.9, 99.0]
    assert book.ask_price.tolist() == [100.1, 101.0]
    assert set(book.bid_size_base.tolist()) == {2.0}


def test_the_newest_bracket_table_of_the_past_counts(tmp_path: Path) -> None:
    """A table dated after as-of says nothing yet."""
    folder = folders.write_folder(tmp_path, folders.whole_folder())
    early, late = read(folder, as_of_ms=START_MS + 2 * HOUR_MS), read(folder)
    for gathered, date in ((early, "2024-10-24"), (late, "2025-10-10")):
        tables = gathered.markets[BTC].brackets
        assert not isinstance(tables, Missing)
        assert tables["binance"].as_of == date


def test_liquidations_of_venues_add_up_unless_one_is_their_sum(tmp_path: Path) -> None:
    """A venue called a+b is a sum already and stands alone, so that nothing counts twice."""
    one, two = folders.liquidations(), folders.liquidations(venue="bybit")
    added = folders.write_folder(
        tmp_path / "a", {"candles": folders.candles(), "liquidations": folders.stacked(one, two)}
    )
    total = folders.liquidations(venue="binance+bybit")
    summed = folders.write_folder(
        tmp_path / "s", {"candles": folders.candles(), "liquidations": folders.stacked(one, two, total)}
    )
    first, second = read(added, BTC).markets[BTC].liquidations, read(summed, BTC).markets[BTC].liquidations
    assert not isinstance(first, Missing)
    assert not isinstance(second, Missing)
    assert first.liquidated_long_quote.tolist() == [2 * value for value in one["liquidated_long_quote"]]
    assert second.liquidated_long_quote.tolist() == one["liquidated_long_quote"]


def test_an_optional_column_with_holes_is_missing_as_a_whole(tmp_path: Path) -> None:
    """Half a column would bias what is computed from it; nothing is guessed in its place."""
    tables = folders.whole_folder()
    tables["candles"] = folders.bent(folders.candles(), "taker_buy_base", 7, None)
    del tables["open_interest"]["open_interest_quote"]
    market = read(folders.write_folder(tmp_path, tables, "csv"), BTC).markets[BTC]
    assert not isinstance(market.candles, Missing)
    assert not isinstance(market.open_interest, Missing)
    assert isinstance(market.candles["binance"].taker_buy_base, Missing)
    assert isinstance(market.open_interest["binance"].open_interest_quote, Missing)


def test_rows_that_stand_twice_count_once_and_are_noted(tmp_path: Path) -> None:
    """A repeated row changes nothing but a note, which names no file."""
    once, twice = folders.candles(), folders.stacked(folders.candles(), folders.chosen(folders.candles(), [3, 4]))
    first = read(folders.write_folder(tmp_path / "once", {"candles": once}), BTC)
    second = read(folders.write_folder(tmp_path / "twice", {"candles": twice}), BTC)
    assert folders.plain(first.markets) == folders.plain(second.markets)
    assert first.notes == ()
    assert len(second.notes) == 1
    assert "2 rows" in second.notes[0]


def test_a_snapshot_of_zero_open_interest_is_an_outage(tmp_path: Path) -> None:
    """It is left out and noted: a market that trades has open positions."""
    tables = {
        "candles": folders.candles(),
        "open_interest": folders.bent(folders.open_interest(), "open_interest_base", 5, 0),
    }
    gathered = read(folders.write_folder(tmp_path, tables), BTC)
    levels = gathered.markets[BTC].open_interest
    assert not isinstance(levels, Missing)
    assert len(levels["binance"].time_ms) == 47
    assert levels["binance"].open_interest_base.min() > 0
    assert "zero" in gathered.notes[0]


def test_provenance_names_the_folder_and_every_file(tmp_path: Path) -> None:
    """Two folders with the same bytes differ in the folder alone."""
    tables = folders.whole_folder()
    one = read(folders.write_folder(tmp_path / "one", tables)).provenance
    two = read(folders.write_folder(tmp_path / "two", tables)).provenance
    assert set(one) == {"folder", *(f"{name}.parquet" for name in tables)}
    assert {key for key in one if one[key] != two[key]} == {"folder"}


def test_symbols_in_a_folder_are_those_with_closed_bars(tmp_path: Path) -> None:
    """A symbol that has not traded by as-of is not known yet."""
    late = folders.candles(symbol=ETH, first_ms=LAST_CLOSE_MS)
    folder = folders.write_folder(tmp_path, {"candles": folders.stacked(folders.candles(), late)})
    assert symbols_in(folder, None) == (BTC, ETH)
    assert symbols_in(folder, LAST_CLOSE_MS) == (BTC,)


def test_no_symbol_is_a_mistake_of_use(tmp_path: Path) -> None:
    """Reading nothing has no as-of."""
    with pytest.raises(UsageError, match="No symbol"):
        read_market(folders.write_folder(tmp_path, folders.whole_folder()), (), as_of_ms=None)


def test_a_symbol_without_bars_and_no_as_of_names_the_nearest(tmp_path: Path) -> None:
    """The reader learns what the folder has instead."""
    folder = folders.write_folder(tmp_path, folders.whole_folder())
    with pytest.raises(DataError, match=r"no bars of ETHW/USDT:USDT. Did you mean ETH/USDT:USDT\?"):
        read(folder, "ETHW")


def test_brackets_in_a_path_are_no_wildcards(tmp_path: Path) -> None:
    """A folder may be called anything."""
    folder = folders.write_folder(tmp_path / "it's [1]* here?", folders.whole_folder(), "csv")
    assert read(folder).as_of_ms == LAST_CLOSE_MS
