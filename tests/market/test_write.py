"""Tables of a market folder are written the same way every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reportgen.errors import UsageError
from reportgen.market.folder.append import write_table
from reportgen.market.folder.read import read_market
from tests.market import folders
from tests.market.folders import BTC


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_same_columns_give_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    """Lists and arrays alike, however often."""
    columns = folders.candles()
    arrays = {name: np.array(values) for name, values in columns.items()}
    for name, content in (("a", columns), ("b", columns), ("c", arrays)):
        write_table(tmp_path / f"{name}.{suffix}", content)
    assert len({(tmp_path / f"{name}.{suffix}").read_bytes() for name in "abc"}) == 1


def test_both_formats_read_back_as_the_same_market(tmp_path: Path) -> None:
    """Not one digit is lost in text, and a hole stays a hole."""
    columns = folders.bent(folders.candles(), "taker_buy_base", 5, None)
    for suffix in ("csv", "parquet"):
        (tmp_path / suffix).mkdir()
        write_table(tmp_path / suffix / f"candles.{suffix}", columns)
    text, binary = (read_market(tmp_path / suffix, (BTC,), as_of_ms=None) for suffix in ("csv", "parquet"))
    assert folders.plain(text) == folders.plain(binary)


def test_another_suffix_and_ragged_columns_are_refused(tmp_path: Path) -> None:
    """Nothing is written that could not be read back."""
    with pytest.raises(UsageError, match=r"\.parquet or \.csv"):
        write_table(tmp_path / "candles.xlsx", folders.candles())
    with pytest.raises(UsageError, match="differ in length"):
        write_table(tmp_path / "candles.csv", folders.candles() | {"open": [1.0]})
    assert list(tmp_path.iterdir()) == []
