"""Tables that are larger than the memory they are read in."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest

from reportgen.errors import DataError
from reportgen.market.folder import files
from reportgen.market.folder.append import write_table
from reportgen.market.folder.read import read_market
from reportgen.units import Missing

_BARS = 300_000
_MINUTE_MS = 60_000
_START_MS = 1_700_000_040_000


def _folder(folder: Path) -> Path:
    """Write one symbol's bars, the last one first; the n-th by time closes at 100 + n / 1,000."""
    place = np.arange(_BARS)[::-1]
    keys = {"symbol": "BTC/USDT:USDT", "venue": "binance", "interval": "1m"}
    write_table(
        folder / "candles.parquet",
        {name: np.full(_BARS, value, dtype=object) for name, value in keys.items()}
        | {"open_time_ms": _START_MS + _MINUTE_MS * place, "volume_base": place.astype(np.float64)}
        | dict.fromkeys(("open", "high", "low", "close"), 100 + place / 1000),
    )
    return folder


def test_what_memory_does_not_hold_is_read_through_a_scratch_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bars come whole and in order, and nothing stays in the scratch folder."""
    market, scratch = _folder(tmp_path), tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.setattr(files, "_MOST_MEMORY", "32MB")
    candles = read_market(market, ("BTC",), as_of_ms=None).markets["BTC/USDT:USDT"].candles
    assert not isinstance(candles, Missing)
    bars = candles["binance"]
    np.testing.assert_array_equal(bars.open_time_ms, _START_MS + _MINUTE_MS * np.arange(_BARS))
    np.testing.assert_array_equal(bars.close, 100 + np.arange(_BARS) / 1000)
    np.testing.assert_array_equal(bars.volume_base, np.arange(_BARS))
    assert not list(scratch.iterdir())


def test_no_more_memory_is_taken_than_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With next to nothing even the scratch folder does not help, and the sentence says so."""
    monkeypatch.setattr(files, "_MOST_MEMORY", "1MB")
    with pytest.raises(DataError, match=r"^candles.parquet: needs more room"):
        read_market(_folder(tmp_path), ("BTC",), as_of_ms=None)
