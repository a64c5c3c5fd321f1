"""Files and folders that cannot be read end with one sentence, never with a library's traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reportgen.errors import DataError
from reportgen.market.folder.append import write_table
from reportgen.market.folder.read import read_market
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
