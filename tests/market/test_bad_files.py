"""Files and folders that cannot be read end with one sentence, never with a library's traceback."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import duckdb
import pytest

from reportgen.errors import DataError
from reportgen.market.folder.append import write_table
from reportgen.market.folder.files import SUFFIXES
from reportgen.market.folder.read import read_market
from reportgen.units import Missing
from tests.market import folders
from tests.market.folders import BTC


def failure(folder: Path) -> str:
    """Read a folder that must be refused, and give the message."""
    with pytest.raises(DataError) as caught:
        read_market(folder, (BTC,), as_of_ms=None)
    return str(caught.value)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    """The message shows the path and what it should have held."""
    assert failure(tmp_path / "nowhere").startswith(f"{tmp_path / 'nowhere'}: the market folder does not exist. ")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """Naming candles.csv itself is told apart from naming nothing."""
    path = tmp_path / "candles.csv"
    folders.write_csv(path, folders.candles())
    assert "is a file, not a folder" in failure(path)


def test_an_empty_folder_lists_the_tables(tmp_path: Path) -> None:
    """The message names every table that the folder could hold."""
    message = failure(tmp_path)
    assert "holds no market table" in message
    assert "candles, open_interest, funding, liquidations, order_book, leverage_brackets" in message


def test_two_files_for_one_table_are_one_too_many(tmp_path: Path) -> None:
    """Neither is preferred in silence."""
    folders.write_folder(tmp_path, {"candles": folders.candles()}, "csv")
    folders.write_folder(tmp_path, {"candles": folders.candles()}, "parquet")
    assert "holds both candles.parquet and candles.csv" in failure(tmp_path)


def test_without_candles_an_as_of_must_be_named(tmp_path: Path) -> None:
    """The last close cannot be taken from a folder without bars."""
    assert "holds no candles" in failure(folders.write_folder(tmp_path, {"funding": folders.funding()}))


@pytest.mark.parametrize("name", ["candles.csv", "candles.parquet"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!DOCTYPE html><html><body>Sign in</body></html>",
        b"PAR1 and then nothing",
        b"\xff\xfe\x00\x01\x02",
        b"{}\n",
    ],
    ids=["empty", "web page", "truncated", "binary", "json"],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    """The sentence begins with the file's name and ends with what to do."""
    (tmp_path / name).write_bytes(content)
    message = failure(tmp_path)
    assert message.startswith(f"{name}: ")
    assert message.endswith(".")
    assert "duckdb" not in message.lower()


def test_a_truncated_parquet_file_is_refused(tmp_path: Path) -> None:
    """Half a download is damaged, not short."""
    write_table(tmp_path / "candles.parquet", folders.candles())
    content = (tmp_path / "candles.parquet").read_bytes()
    (tmp_path / "candles.parquet").write_bytes(content[: len(content) // 2])
    assert failure(tmp_path).startswith("candles.parquet: cannot be read as Parquet")


def test_a_row_with_too_few_cells_is_named(tmp_path: Path) -> None:
    """A file that was cut in the middle of a line says which one."""
    folders.write_csv(tmp_path / "candles.csv", folders.candles())
    text = (tmp_path / "candles.csv").read_text()
    (tmp_path / "candles.csv").write_text(text[: text.rindex(",", 0, text.rindex(","))])
    assert failure(tmp_path).startswith("candles.csv: row 48: has 8 cells where the header has 10")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_missing_column_comes_with_the_nearest_name(tmp_path: Path, suffix: str) -> None:
    """All missing columns are listed, each with what it may have been called."""
    columns = {{"open_time_ms": "open_time", "close": "closing"}.get(name, name): values
               for name, values in folders.candles().items()}  # fmt: skip
    message = failure(folders.write_folder(tmp_path, {"candles": columns}, suffix))
    assert f"candles.{suffix}: has no column `open_time_ms`. Did you mean `open_time`?" in message
    assert f"candles.{suffix}: has no column `close`." in message


def test_other_separators_than_commas_show_in_the_columns(tmp_path: Path) -> None:
    """Bars between the cells leave one column, which the message shows."""
    folders.write_csv(tmp_path / "candles.csv", folders.candles())
    text = (tmp_path / "candles.csv").read_text().replace(",", "|")
    (tmp_path / "candles.csv").write_text(text)
    assert "has no column `venue`. It has venue|symbol|interval" in failure(tmp_path)


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """Which of the two counts is not for the reader of the file to guess."""
    folders.write_csv(tmp_path / "candles.csv", folders.candles())
    text = (tmp_path / "candles.csv").read_text().replace("high,low", "high,high", 1)
    (tmp_path / "candles.csv").write_text(text)
    assert "has two columns called `high`" in failure(tmp_path)


@pytest.mark.parametrize(
    ("column", "values", "says"),
    [
        ("close", ["1.0"] * 48, "column `close` holds text; it must hold numbers"),
        ("open_time_ms", ["2026-01-19"] * 48, "it must hold UTC epoch milliseconds"),
        ("venue", list(range(48)), "column `venue` holds BIGINT; it must hold text"),
    ],
)
def test_a_parquet_column_of_another_type_is_named(tmp_path: Path, column: str, values: list[Any], says: str) -> None:
    """Types are the file's own and are not bent into shape."""
    write_table(tmp_path / "candles.parquet", folders.candles() | {column: values})
    assert says in failure(tmp_path)


def test_line_ends_marks_and_column_order_do_not_matter(tmp_path: Path) -> None:
    """A file saved on another system, with its byte-order mark, further columns and another order, reads the same."""
    plain = folders.write_folder(tmp_path / "plain", {"candles": folders.candles()}, "csv")
    rich = dict(reversed(list(folders.candles().items()))) | {"remark": ["a, b"] * 48}
    other = folders.write_folder(tmp_path / "other", {"candles": rich}, "csv")
    text = (other / "candles.csv").read_text().replace("\r\n", "\n")
    (other / "candles.csv").write_text(text.replace("\n", "\r\n"), encoding="utf-8-sig", newline="")
    first, second = (read_market(folder, (BTC,), as_of_ms=None) for folder in (plain, other))
    assert folders.plain(first) == folders.plain(second)


def same(folder: Path, other: Path) -> bool:
    """Tell whether two folders give the same market."""
    first, second = (read_market(each, (BTC,), as_of_ms=None) for each in (folder, other))
    return bool(folders.plain(first) == folders.plain(second))


@pytest.fixture(name="usual")
def _usual(tmp_path: Path) -> Path:
    """Write candles as CSV and give the folder."""
    return folders.write_folder(tmp_path / "usual", {"candles": folders.candles()}, "csv")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("header", ",{line}"),
        ("header", "{line},,"),
        ("tab", "\t"),
        ("semicolon", ";"),
        ("capitals", ""),
        ("old Mac", ""),
        ("blanks", ""),
    ],
    ids=["pandas index", "trailing commas", "tabs", "semicolons", "capitals", "bare CR", "blanks in the header"],
)
def test_files_as_people_have_them_are_read(tmp_path: Path, usual: Path, old: str, new: str) -> None:
    """Columns without a name are further columns; spreadsheets' separators, decimal commas and line ends are read."""
    lines = (usual / "candles.csv").read_text().splitlines()
    if old == "header":
        lines = [new.format(line=line) for line in lines]
    elif old == "semicolon":
        lines = [lines[0].replace(",", ";"), *(line.replace(",", ";").replace(".", ",") for line in lines[1:])]
    elif old == "tab":
        lines = [line.replace(",", "\t") for line in lines]
    elif old == "capitals":
        lines[0] = lines[0].title()
    elif old == "blanks":
        lines[0] = lines[0].replace(",", " , ")
    other = tmp_path / "other"
    other.mkdir()
    (other / "candles.csv").write_bytes(("\r" if old == "old Mac" else "\n").join([*lines, ""]).encode())
    assert same(usual, other)


@pytest.mark.parametrize("name", ["Candles.csv", "candles.CSV", "candles.csv.gz", "candles.csv.zst"])
def test_packed_files_and_names_in_any_case_are_read(tmp_path: Path, usual: Path, name: str) -> None:
    """A name is a table's whatever its case, and gzip and zstd are unpacked."""
    content = (usual / "candles.csv").read_bytes()
    other = tmp_path / "other"
    other.mkdir()
    if name.endswith("zst"):
        duckdb.read_csv(str(usual / "candles.csv"), all_varchar=True).write_csv(str(other / name), compression="zstd")
    else:
        (other / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    assert same(usual, other)


def test_a_folder_of_parquet_parts_is_one_table_and_its_path_says_nothing(tmp_path: Path) -> None:
    """Parts that Spark or duckdb wrote are read; `venue=evil` in the path never overrides the column."""
    plain = folders.write_folder(tmp_path / "plain", {"candles": folders.candles()})
    parts = tmp_path / "venue=evil" / "x" / "candles.parquet" / "symbol=DOGE"
    parts.mkdir(parents=True)
    for number, rows in enumerate((range(20), range(20, 48))):
        write_table(parts / f"part-{number}.parquet", folders.chosen(folders.candles(), list(rows)))
    assert same(plain, tmp_path / "venue=evil" / "x")


def test_files_that_look_like_tables_are_named(usual: Path) -> None:
    """A misspelt table is not an absent one: the note names the file, and so does the reason on the page."""
    folders.write_csv(usual / "liquidation.csv", folders.liquidations())
    gathered = read_market(usual, (BTC,), as_of_ms=None)
    missing = gathered.markets[BTC].liquidations
    assert isinstance(missing, Missing)
    assert "liquidation.csv" in missing.reason
    assert "hold no" not in missing.reason
    assert any(note.startswith("liquidation.csv is not read") for note in gathered.notes)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_named(tmp_path: Path, usual: Path, encoding: str) -> None:
    """A spreadsheet's Unicode text comes with what to do."""
    (tmp_path / "candles.csv").write_bytes((usual / "candles.csv").read_text().encode(encoding))
    assert failure(tmp_path) == "candles.csv: is UTF-16 (a spreadsheet's Unicode text). Save it as CSV in UTF-8."


def test_an_endless_header_is_named(tmp_path: Path) -> None:
    """A megabyte without a line end is no header."""
    (tmp_path / "candles.csv").write_bytes(b"venue" * 200_000)
    assert failure(tmp_path).startswith("candles.csv: its first line is longer than 100,000 bytes")


def test_a_page_that_is_damaged_inside_a_parquet_file_is_named(tmp_path: Path) -> None:
    """The file opens, and its damage shows only where rows are read, as an error of the reader or as nonsense."""
    write_table(tmp_path / "candles.parquet", folders.candles(bars=2000))
    content = bytearray((tmp_path / "candles.parquet").read_bytes())
    third = len(content) // 3
    content[third : third + 64] = b"\xff" * 64
    (tmp_path / "candles.parquet").write_bytes(content)
    assert failure(tmp_path).startswith("candles.parquet: ")


def test_a_packed_table_that_unpacks_without_end_is_named(tmp_path: Path) -> None:
    """What unpacks to more than 512 MB and fifty times its size is no table."""
    with gzip.open(tmp_path / "candles.csv.gz", "wb", compresslevel=1) as file:
        file.write(b"venue,symbol,interval,open_time_ms,open,high,low,close,volume_base\n")
        for _ in range(520):
            file.write(b"\n" * 2**20)
    assert failure(tmp_path).startswith("candles.csv.gz: unpacks to more than 512 MB")


@pytest.mark.parametrize("value", [None, "text"])
def test_an_optional_column_that_holds_nothing_is_an_unknown_column(tmp_path: Path, value: str | None) -> None:
    """All null is unknown, whatever its type; text where numbers should be is an error."""
    rows = folders.candles() | {"taker_buy_base": [value] * 48}
    write_table(tmp_path / "candles.parquet", rows)
    text = duckdb.read_parquet(str(tmp_path / "candles.parquet")).project(
        "* REPLACE (CAST(taker_buy_base AS VARCHAR) AS taker_buy_base)"
    )
    text.write_parquet(str(tmp_path / "other.parquet"))
    (tmp_path / "other.parquet").rename(tmp_path / "candles.parquet")
    if value:
        assert "column `taker_buy_base` holds text" in failure(tmp_path)
        return
    found = read_market(tmp_path, (BTC,), as_of_ms=None).markets[BTC].candles
    assert not isinstance(found, Missing)
    assert isinstance(found["binance"].taker_buy_base, Missing)


def test_the_suffixes_that_are_read_stand_in_the_docs() -> None:
    """Whoever has such a file finds it there."""
    text = (Path(__file__).parents[2] / "docs" / "data-formats.md").read_text(encoding="utf-8")
    assert all(f"`{suffix}`" in text for suffix in SUFFIXES)
