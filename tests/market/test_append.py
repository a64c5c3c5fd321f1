"""Adding rows to a market folder: nothing twice, nothing half, and what stood there stays."""

from __future__ import annotations

import gzip
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.errors import DataError
from reportgen.market.folder.append import Part, append_to_folder
from reportgen.market.folder.read import read_market
from reportgen.market.folder.tables import CANDLES, FUNDING, POSITIONS, TABLES
from tests.market import folders
from tests.market.folders import BTC, ETH


def contents(folder: Path) -> dict[str, bytes]:
    """Give every file of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@settings(max_examples=20)
@given(cuts=st.lists(st.integers(1, 47), max_size=3), order=st.randoms(use_true_random=False))
def test_pieces_in_any_order_make_the_whole(tmp_path_factory: pytest.TempPathFactory, cuts: list[int], order) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    """However a table is cut up and shuffled, and however its pieces overlap, the folder ends the same."""
    whole = tmp_path_factory.mktemp("whole")
    append_to_folder(whole, [Part(table=CANDLES, columns=folders.candles())])
    edges = [0, *sorted(cuts), 48]
    pieces = [
        folders.chosen(folders.candles(), list(range(max(0, start - 2), stop))) for start, stop in pairwise(edges)
    ]
    order.shuffle(pieces)
    folder = tmp_path_factory.mktemp("pieces")
    for piece in pieces:
        append_to_folder(folder, [Part(table=CANDLES, columns=piece)])
    assert contents(folder) == contents(whole)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_table_keeps_its_kind_and_its_further_columns(tmp_path: Path, suffix: str) -> None:
    """A CSV stays a CSV, and columns that nothing reads are not lost."""
    folder = folders.write_folder(tmp_path, folders.whole_folder(), suffix)
    new = folders.funding(rates=9)
    (added,) = append_to_folder(folder, [Part(table=FUNDING, columns=new)])
    assert (added.path.name, added.added, added.repeated) == (f"funding.{suffix}", 3, 6)
    more = folders.order_book(symbol=ETH)
    more.pop("level")
    book = next(table for table in TABLES if table.name == "order_book")
    append_to_folder(folder, [Part(table=book, columns=more)])
    market = read_market(folder, ("BTC", "ETH"), as_of_ms=None)
    assert market.markets[ETH].order_book
    text = (folder / f"order_book.{suffix}").read_bytes()
    assert b"level" in text


def test_every_table_can_be_added_to_itself(tmp_path: Path) -> None:
    """Adding what a folder holds changes no row of any table."""
    tables = folders.whole_folder()
    folder = folders.write_folder(tmp_path, tables)
    before = folders.plain(read_market(folder, ("BTC", "ETH"), as_of_ms=None))
    formats = {table.name: table for table in TABLES}
    done = append_to_folder(folder, [Part(table=formats[name], columns=columns) for name, columns in tables.items()])
    assert [one.added for one in done] == [0] * len(tables)
    assert [one.contradicted for one in done] == [0] * len(tables)
    assert folders.plain(read_market(folder, ("BTC", "ETH"), as_of_ms=None)) == before


def test_each_snapshot_of_a_book_is_judged_by_itself(tmp_path: Path) -> None:
    """A book whose price has moved is no crossed book; one whose bid stands above its ask at one moment is."""
    (book,) = (table for table in TABLES if table.name == "order_book")
    columns = folders.order_book()
    rose = columns | {"price": [price * (1 + row // 4) for row, price in enumerate(columns["price"])]}
    append_to_folder(tmp_path, [Part(table=book, columns=rose)])
    before = contents(tmp_path)
    later = folders.order_book(snapshots=5)
    with pytest.raises(DataError, match="the best bid is above the best ask"):
        append_to_folder(tmp_path, [Part(table=book, columns=folders.bent(later, "price", 17, 102.0))])
    assert contents(tmp_path) == before


def test_what_stood_there_stays(tmp_path: Path) -> None:
    """A row that says something else about a known moment is counted, not taken."""
    folder = folders.write_folder(tmp_path, {"funding": folders.funding()})
    before = contents(folder)
    other = folders.bent(folders.funding(), "funding_rate", 2, 0.005)
    (done,) = append_to_folder(folder, [Part(table=FUNDING, columns=other)])
    assert (done.added, done.repeated, done.contradicted) == (0, 6, 1)
    rows = read_market(folder, ("BTC",), as_of_ms=folders.START_MS * 2).markets[BTC].funding
    assert folders.plain(rows)[0][1]["funding_rate"][1] == folders.funding()["funding_rate"][1]
    assert sorted(contents(folder)) == sorted(before)


def test_one_impossible_table_leaves_the_whole_folder_as_it_was(tmp_path: Path) -> None:
    """Tables are put in place together or not at all, and nothing half is left beside them."""
    folder = folders.write_folder(tmp_path, {"funding": folders.funding()})
    before = contents(folder)
    wrong = folders.bent(folders.funding(venue="bybit"), "funding_rate", 1, 7.0)
    parts = [Part(table=CANDLES, columns=folders.candles()), Part(table=FUNDING, columns=wrong)]
    with pytest.raises(DataError, match=r"funding\.parquet: row .* funding_rate 7"):
        append_to_folder(folder, parts)
    assert contents(folder) == before


def test_a_table_without_a_column_that_may_be_presumed_is_not_added_to(tmp_path: Path) -> None:
    """An undated positions table cannot take dated rows: whose age would be unknown."""
    undated = folders.positions(snapshots=1)
    undated.pop("time_ms")
    folder = folders.write_folder(tmp_path, {"candles": folders.candles(), "positions": undated})
    with pytest.raises(DataError, match="has no column `time_ms`"):
        append_to_folder(folder, [Part(table=POSITIONS, columns=folders.positions())])


def test_a_spreadsheets_table_grows_and_keeps_its_rows(tmp_path: Path) -> None:
    """Semicolons, decimal commas, other spellings and a name in capitals: the rows stay, written as usual."""
    plain = folders.write_folder(tmp_path / "plain", {"funding": folders.funding()}, "csv")
    other = tmp_path / "other"
    other.mkdir()
    head, *lines = (plain / "funding.csv").read_text().splitlines()
    lines = [
        line.replace(",", ";").replace(".", ",").replace(BTC, "BTCUSDT").replace("binance", "Binance") for line in lines
    ]
    (other / "Funding.CSV").write_text("\n".join([head.replace(",", ";"), *lines, ""]))
    for folder in (plain, other):
        (done,) = append_to_folder(folder, [Part(table=FUNDING, columns=folders.funding(rates=9))])
        assert (done.added, done.repeated, done.contradicted) == (3, 6, 0)
    assert [path.name for path in other.iterdir()] == ["Funding.CSV"]
    first, second = (
        read_market(folder, (BTC,), as_of_ms=folders.START_MS * 2).markets[BTC].funding for folder in (plain, other)
    )
    assert folders.plain(first) == folders.plain(second)


def test_a_cell_that_cannot_be_read_is_not_written_over(tmp_path: Path) -> None:
    """One such row of fifty does no harm to a brief, but adding rows would lose what stands there."""
    folder = folders.write_folder(
        tmp_path, {"candles": folders.bent(folders.candles(bars=60), "close", 30, "12,5")}, "csv"
    )
    before = contents(folder)
    with pytest.raises(DataError, match=r"candles\.csv: row 30: close is `12,5`"):
        append_to_folder(folder, [Part(table=CANDLES, columns=folders.candles(bars=70))])
    assert contents(folder) == before


@pytest.mark.parametrize("name", ["funding.csv.gz", "funding.parquet"])
def test_nothing_is_added_to_a_packed_table_or_to_parts(tmp_path: Path, name: str) -> None:
    """Beside them a second file of the table would make the folder unusable."""
    plain = folders.write_folder(tmp_path / "plain", {"funding": folders.funding()}, name.split(".")[1])
    folder = tmp_path / "folder"
    folder.mkdir()
    if name.endswith("gz"):
        (folder / name).write_bytes(gzip.compress((plain / "funding.csv").read_bytes()))
    else:
        (folder / name).mkdir()
        (plain / name).rename(folder / name / "part-0.parquet")
    with pytest.raises(DataError, match=r"no rows can be added to it"):
        append_to_folder(folder, [Part(table=FUNDING, columns=folders.funding(rates=9))])
    assert [path.name for path in folder.iterdir()] == [name]
