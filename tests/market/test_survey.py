"""`check --source` judges a folder as a brief would, without making one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reportgen.cli import app
from reportgen.market.folder.survey import survey_folder
from tests.market import folders


def odd_folder(folder: Path) -> Path:
    """Write a folder with a row left out, a series refused, a table refused and a file that is not read."""
    bars = folders.bent(folders.candles(bars=100), "high", 30, 1.0)
    tables = {
        "candles": bars,
        "funding": folders.funding() | {"funding_rate": [0.01] * 6},
        "long_short_ratio": folders.bent(folders.long_short_ratio(rows=6), "ratio", 2, -1.0),
        "liquidation": folders.liquidations(),
    }
    return folders.write_folder(folder, tables, "csv")


def test_every_table_is_counted_and_every_reason_given(tmp_path: Path) -> None:
    """Rows, used rows, what was left out, refused and not read."""
    found = survey_folder(odd_folder(tmp_path))
    counts = {table.table: (table.rows, table.used, bool(table.problem)) for table in found.tables}
    assert counts == {
        "candles": (100, 99, False),
        "funding": (6, 0, False),
        "long_short_ratio": (0, 0, True),
    }
    assert "1 row left out" in found.tables[0].notes[0]
    assert [(gap.venue, gap.what) for _, gap in found.refused] == [("binance", "funding")]
    assert found.symbols == (folders.BTC,)
    assert any(note.startswith("liquidation.csv is not read") for note in found.notes)
    assert not found.usable


@pytest.mark.parametrize("as_json", [False, True])
def test_the_command_says_it_and_its_exit_code_tells(tmp_path: Path, *, as_json: bool) -> None:
    """0 where a brief could be made, 1 where none could, 2 where two things are asked at once."""
    run = CliRunner()
    flags = ["--json"] if as_json else []
    bad = run.invoke(app, ["check", "--source", str(odd_folder(tmp_path / "odd")), *flags])
    good_folder = folders.write_folder(tmp_path / "good", folders.whole_folder())
    good = run.invoke(app, ["check", "--source", str(good_folder), *flags])
    assert (bad.exit_code, good.exit_code) == (1, 0)
    if as_json:
        assert json.loads(good.stdout)["ok"]
        assert json.loads(bad.stdout)["tables"][0]["used"] == 99
    else:
        assert "refused   long_short_ratio.csv: row 2" in bad.stdout
        assert "BTC/USDT:USDT, ETH/USDT:USDT can be used for a brief" in good.stdout
    both = run.invoke(app, ["check", "--source", str(good_folder), "--config", "x.yaml"])
    assert both.exit_code != 0
