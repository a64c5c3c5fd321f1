"""`import reportgen`: the same brief as the command line, tables in and out, and every line of its page of docs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import reportgen
from reportgen.errors import DataError, UsageError
from reportgen.morning.api import MorningBrief
from tests.cli.cli_process import reportgen_here

ROOT = Path(__file__).resolve().parents[2]
HOUR_MS = 3_600_000
START_MS = 1_767_225_600_000  # 2026-01-01T00:00Z


def frame(closes: list[float]) -> pd.DataFrame:
    """Hourly bars that open where the one before closed."""
    opened = [closes[0], *closes[:-1]]
    return pd.DataFrame(
        {
            "open_time_ms": START_MS + HOUR_MS * np.arange(len(closes)),
            "open": opened,
            "high": np.maximum(opened, closes),
            "low": np.minimum(opened, closes),
            "close": closes,
            "volume_base": 10.0,
        }
    )


@pytest.fixture(scope="module")
def sample() -> MorningBrief:
    """The sample's brief, BTC alone."""
    return reportgen.make_brief("sample", ["BTC"])


def test_every_line_of_the_docs_runs(tmp_path: Path) -> None:
    """The blocks of docs/python.md, one after the other, in an empty folder."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/python.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 5
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(blocks)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "morning").iterdir()) == ["brief.html", "brief.json", "brief.pdf"]


def test_tables_hold_what_the_brief_holds(sample: MorningBrief) -> None:
    """A row a zone and a plan, with the typed brief's own numbers."""
    (symbol,) = sample.brief.symbols
    tables = sample.tables()
    zones = tables["zones"]
    assert [(row.label, row.low, row.high, row.share) for row in zones.itertuples()] == [
        (zone.label, zone.low, zone.high, zone.share) for zone in symbol.zones
    ]
    assert len(zones) > 1
    assert [row.invalidation for row in tables["plans"].itertuples()] == [plan.invalidation for plan in symbol.plan]


def test_a_saved_brief_reads_back_equal_and_shows_itself(sample: MorningBrief, tmp_path: Path) -> None:
    """brief.json round, the page in a frame of its own, and the PDF is one."""
    places = sample.save(tmp_path / "new")
    assert reportgen.read_brief(places["json"]) == sample
    assert places["pdf"].read_bytes().startswith(b"%PDF-")
    shown = sample._repr_html_()
    assert shown.startswith('<iframe srcdoc="&lt;!doctype html&gt;')
    assert shown.count("<") == 2  # the frame alone: nothing of the page escapes from it


def test_what_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    """As on the command line: the place and the next step, never Python's own error."""
    with pytest.raises(DataError, match=r"nosuch\.json: .*Name a brief\.json") as told:
        reportgen.read_brief(tmp_path / "nosuch.json")
    done = reportgen_here(tmp_path, "render", tmp_path / "nosuch.json")
    assert (done.returncode, done.stderr.strip().endswith(str(told.value))) == (1, True)
    with pytest.raises(DataError, match=r"Name a brief\.json"):
        reportgen.read_brief(tmp_path)
    with pytest.raises(UsageError, match="nosuch holds no brief"):
        reportgen.open_archive(tmp_path / "nosuch")
    assert reportgen.open_archive(tmp_path).days() == ()


def test_a_map_ranks_what_stands_below_an_untested_low() -> None:
    """Longs are mapped below the price, shorts above, each side adding to one; a frame and its index say the same."""
    closes = [100 * (1 + 0.01 * np.sin(step / 7)) for step in range(500)]
    bars = frame(closes)
    found = reportgen.liquidation_map(bars)
    table = found.table()
    assert found.price == closes[-1]
    assert found.as_of.isoformat() == "2026-01-21T20:00:00+00:00"  # 500 hours after the first opening
    assert table["long"].sum() == pytest.approx(1)
    assert table["short"].sum() == pytest.approx(1)
    assert table.loc[table.price_low >= found.price * 1.0001, "long"].sum() == 0
    assert table.loc[table.price_high <= found.price * 0.9999, "short"].sum() == 0
    indexed = bars.assign(time=pd.to_datetime(bars.open_time_ms, unit="ms", utc=True)).set_index("time")
    again = reportgen.liquidation_map(indexed.drop(columns="open_time_ms"))
    assert np.array_equal(again.long, found.long)
    earlier = reportgen.liquidation_map(bars, as_of="2026-01-20T00:00Z")
    assert earlier.price == closes[19 * 24 - 1]


def test_a_frame_is_judged_like_a_folder() -> None:
    """A bar whose high lies below its close, times without a zone, one bar, and no such market are each refused."""
    bars = frame([100.0 + step % 3 for step in range(50)])
    with pytest.raises(DataError, match="high"):
        reportgen.liquidation_map(bars.assign(high=1.0))
    naive = bars.assign(open_time_ms=pd.to_datetime(bars.open_time_ms, unit="ms"))
    with pytest.raises(DataError, match="carry no zone"):
        reportgen.liquidation_map(naive)
    with pytest.raises(DataError, match="two bars"):
        reportgen.liquidation_map(bars.head(1))
    with pytest.raises(DataError, match="whole milliseconds"):
        reportgen.liquidation_map(bars.assign(open_time_ms=bars.open_time_ms.astype(float)))
    with pytest.raises(UsageError, match="own open interest"):
        reportgen.liquidation_map(ROOT, bars)


def test_importing_loads_nothing_heavy() -> None:
    """The name is there, the libraries come when a function is called; an unknown name says so."""
    script = "import sys, reportgen; print(' '.join(sys.modules)); dir(reportgen); reportgen.no_such"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert not {"numpy", "pandas", "duckdb", "typer", "pydantic"} & set(done.stdout.split())
    assert "module 'reportgen' has no attribute 'no_such'" in done.stderr
