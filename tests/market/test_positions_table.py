"""The positions table: the last snapshot by as-of, undated files as old as the newest bar, strict sides and sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reportgen.errors import DataError
from reportgen.market.data import NO_POSITIONS, Positions
from reportgen.market.folder.read import read_market
from reportgen.units import HOUR_MS, Maybe, Missing
from tests.market import folders
from tests.market.folders import BTC, ETH, START_MS

END_MS = START_MS + 48 * HOUR_MS
CANDLES = folders.stacked(folders.candles(), folders.candles(symbol=ETH))


def read(
    folder: Path, positions: folders.Columns, symbol: str = BTC, as_of_ms: int | None = None, suffix: str = "parquet"
) -> Maybe[dict[str, Positions]]:
    """Read a folder of candles and positions."""
    made = folders.write_folder(folder, {"candles": CANDLES, "positions": positions}, suffix)
    found = read_market(made, (symbol,), as_of_ms=as_of_ms).markets[symbol].positions
    return found if isinstance(found, Missing) else dict(found)


def held(found: Maybe[dict[str, Positions]]) -> Positions:
    """Insist on positions on Hyperliquid."""
    assert not isinstance(found, Missing), found
    assert list(found) == ["hyperliquid"]
    return found["hyperliquid"]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_last_snapshot_up_to_as_of_counts(tmp_path: Path, suffix: str) -> None:
    """Later snapshots have no influence; NaN stands where no price liquidates."""
    positions = folders.positions()
    whole = held(read(tmp_path / "a", positions, suffix=suffix))
    assert whole.size_base.tolist() == [8.0, 9.0, 10.0]
    early = held(read(tmp_path / "b", positions, as_of_ms=START_MS + 20 * HOUR_MS, suffix=suffix))
    assert early.size_base.tolist() == [5.0, 6.0, 7.0]
    assert early.is_long.tolist() == [True, False, True]
    assert early.liquidation_price[:2].tolist() == [90.0, 112.0]
    assert np.isnan(early.liquidation_price[2])
    assert early.time_ms == START_MS + 1


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_bare_format_is_as_old_as_the_newest_bar(tmp_path: Path, suffix: str) -> None:
    """Without venue and time the rows are Hyperliquid's, of the folder's end, and unknown at any earlier as-of."""
    bare = folders.positions(snapshots=1)
    for column in ("venue", "time_ms"):
        bare.pop(column)
    assert held(read(tmp_path / "a", bare, suffix=suffix)).time_ms == END_MS
    assert isinstance(read(tmp_path / "b", bare, as_of_ms=END_MS - HOUR_MS, suffix=suffix), Missing)


def test_a_position_that_the_last_snapshot_lacks_is_gone(tmp_path: Path) -> None:
    """A snapshot is of the venue as a whole: what an address held before is not what it holds."""
    positions = folders.stacked(
        folders.positions(snapshots=1), folders.bent(folders.positions(ETH, 1), "symbol", 1, ETH)
    )
    positions["time_ms"] = [START_MS + 1] * 3 + [START_MS + HOUR_MS] * 3
    folder = folders.write_folder(tmp_path, {"candles": CANDLES, "positions": positions})
    markets = read_market(folder, (BTC, ETH), as_of_ms=None).markets
    assert isinstance(markets[BTC].positions, Missing)
    assert not isinstance(markets[ETH].positions, Missing)


def test_a_folder_without_the_table_asked_for_none(tmp_path: Path) -> None:
    """No table is not the same as a table without rows of the symbol."""
    folder = folders.write_folder(tmp_path / "a", {"candles": CANDLES})
    assert read_market(folder, (BTC,), as_of_ms=None).markets[BTC].positions == NO_POSITIONS
    other = read(tmp_path / "b", folders.positions(ETH))
    assert isinstance(other, Missing)
    assert other != NO_POSITIONS


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("side", "buy", "side `buy` is unknown; a side is long or short"),
        ("size_base", -1.0, "size_base -1: it must be above zero"),
        ("entry_price", 0.0, "entry_price 0: it must be above zero"),
        ("liquidation_price", -3.0, "liquidation_price -3: it must be above zero"),
        ("address", "", "address is nothing"),
    ],
)
def test_an_impossible_position_is_named(tmp_path: Path, column: str, value: Any, says: str) -> None:
    """File, row and cause, as in every table."""
    with pytest.raises(DataError, match=says):
        read(tmp_path, folders.bent(folders.positions(snapshots=1), column, 2, value), suffix="csv")


def test_the_ratio_of_all_accounts_is_read_before_others(tmp_path: Path) -> None:
    """Of several kinds the whole crowd speaks; without it the first kind by name."""
    kinds = [folders.long_short_ratio(kind=kind) for kind in ("top_accounts", "accounts", "top_positions")]
    for name, parts, wanted in (("a", kinds, "accounts"), ("b", [kinds[2], kinds[0]], "top_accounts")):
        tables = {"candles": CANDLES, "long_short_ratio": folders.stacked(*parts)}
        folder = folders.write_folder(tmp_path / name, tables)
        found = read_market(folder, (BTC,), as_of_ms=None).markets[BTC].long_short_ratio
        assert not isinstance(found, Missing)
        assert found["binance"].kind == wanted
