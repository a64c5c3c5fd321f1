"""The rows that are kept with a brief are a market folder that gives the same market again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reportgen.market.data import Gathered
from reportgen.market.folder.keep import input_files
from reportgen.market.folder.read import RECORD, read_market
from reportgen.units import HOUR_MS, Missing
from tests.market import folders
from tests.market.folders import BTC, ETH, START_MS

AS_OF_MS = START_MS + 30 * HOUR_MS


def without_origin(gathered: Gathered) -> object:
    """Give what was gathered as plain values, without where it came from and what else the folder held."""
    return folders.plain(replace(gathered, provenance={}, known_symbols=()))


def whole(folder: Path, suffix: str) -> Path:
    """Write a folder with every table, ETF flows and a record of gaps."""
    folder.mkdir()
    folders.write_folder(folder, folders.whole_folder(), suffix)
    (folder / "etf_flows.csv").write_text(
        "asset,date,ticker,net_flow_quote\nBTC,2025-10-08,IBIT,5\nBTC,2026-01-01,IBIT,7\n"
    )
    (folder / f"{RECORD.name}.csv").write_text(
        f"symbol,venue,what,reason,time_ms\n{BTC},okx,open interest,Refused.,{AS_OF_MS}\n-,-,note,Old.,{START_MS}\n"
    )
    return folder


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
@pytest.mark.parametrize("symbols", [(BTC, ETH), (ETH,)])
def test_kept_rows_give_the_same_market(tmp_path: Path, suffix: str, symbols: tuple[str, ...]) -> None:
    """Whatever the folder's format, and with BTC kept for comparison; later rows and other symbols are left out."""
    folder = whole(tmp_path / "market", suffix)
    kept = input_files(folder, symbols, AS_OF_MS)
    assert not isinstance(kept, Missing)
    again = tmp_path / "again"
    again.mkdir()
    for name, content in kept.items():
        (again / name).write_bytes(content)
    first, second = (read_market(each, symbols, as_of_ms=AS_OF_MS) for each in (folder, again))
    assert without_origin(second) == without_origin(first)
    assert input_files(folder, symbols, AS_OF_MS) == kept
    assert read_market(again, symbols, as_of_ms=None).as_of_ms <= AS_OF_MS


def test_too_many_rows_are_not_kept(tmp_path: Path) -> None:
    """The reason says how many there are and how many may be."""
    folder = folders.write_folder(tmp_path, folders.whole_folder())
    kept = input_files(folder, (BTC,), AS_OF_MS, most=20)
    assert isinstance(kept, Missing)
    assert "20" in kept.reason
