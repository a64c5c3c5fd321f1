"""The honest record from the command line: a folder goes in, a table, a verdict and a record come out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reportgen.market.folder.append import write_table
from reportgen.moments import parse_moment
from scripts.simulator.conditions import draw_conditions
from scripts.simulator.market import simulate
from scripts.simulator.tables import Listing, folder_tables, stretch
from scripts.simulator.worlds import DEFAULT_WORLD
from tests.cli.cli_process import reportgen_here as reportgen

END_MS = parse_moment("2026-03-01T00:00Z")
DAYS = 24
"""Two weeks of warm-up and ten days to score."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulate three weeks and a half of one market as a folder."""
    made = tmp_path_factory.mktemp("market")
    rng = np.random.default_rng(4)
    conditions = draw_conditions(rng, DEFAULT_WORLD, start_ms=END_MS - DAYS * 86_400_000, days=DAYS)
    market = stretch(simulate(rng, DEFAULT_WORLD, conditions), days=DAYS, end_hour=DAYS * 24, end_ms=END_MS)
    listing = Listing(
        symbol="BTC/USDT:USDT", venue="binance", market=market, share=1.0, price_decimals=1, size_decimals=1,
        depth_per_percent=1e7, half_spread=0.00001,
    )  # fmt: skip
    both = [listing, replace(listing, symbol="ETH/USDT:USDT")]
    for name, columns in folder_tables(np.random.default_rng(1), both).items():
        write_table(made / f"{name}.parquet", columns)
    return made


def test_a_table_a_verdict_and_a_record(folder: Path, tmp_path: Path) -> None:
    """Each map stands beside its controls, the verdict ends the table, and the record holds the same numbers."""
    asked = reportgen(tmp_path, "backtest", "--source", folder, "--symbol", "BTC", "--output", "out")
    assert asked.returncode == 0, asked.stderr
    place = tmp_path / "out" / "backtests" / "BTC-USDT-2026-02-28"
    record = json.loads((place / "backtest.json").read_text())
    assert f"Verdict: {record['verdict']}. {record['why']}" in asked.stdout.splitlines()
    for name in (*record["engines"], *record["baselines"], *record["control_names"]):
        assert any(line.startswith(name) for line in asked.stdout.splitlines())
    assert str(Path("out") / "backtests" / "BTC-USDT-2026-02-28" / "backtest.json") in asked.stdout
    assert record["simulated"] is False
    assert record["days"] >= 10


def test_several_markets_end_in_a_pooled_table(folder: Path, tmp_path: Path) -> None:
    """Each market has its table and record, then the pooled one with its own verdict, page and PDF."""
    asked = reportgen(
        tmp_path,
        "backtest",
        "--source",
        folder,
        "--symbol",
        "BTC,ETH",
        "--engine",
        "path-only",
        "--output",
        "out",
    )
    assert asked.returncode == 0, asked.stderr
    place = tmp_path / "out" / "backtests" / "pooled-BTC-ETH-2026-02-28"
    record = json.loads((place / "backtest.json").read_text())
    assert [one["symbol"] for one in record["pooled"]] == ["BTC/USDT:USDT", "ETH/USDT:USDT"]
    lines = asked.stdout.splitlines()
    assert sum(line.startswith("Verdict: ") for line in lines) == 3
    last = max(number for number, line in enumerate(lines) if line.startswith("Verdict: "))
    assert lines[last] == f"Verdict: {record['verdict']}. {record['why']}"
    assert any(line.startswith("2 markets pooled") for line in lines)
    assert (place / "backtest.pdf").read_bytes().startswith(b"%PDF")
    page = (place / "backtest.html").read_text()
    assert "Market by market" in page
    assert "ETH/USDT:USDT" in page


def test_two_workers_write_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    """However many processes walk through the past, every file is the same."""
    window = ("--from", "2026-02-24T00:00Z", "--until", "2026-02-27T00:00Z", "--engine", "path-only")
    for count in ("1", "2"):
        asked = reportgen(
            tmp_path, "backtest", "--source", folder, "--symbol", "BTC,ETH", *window, "--workers", count,
            "--output", count,
        )  # fmt: skip
        assert asked.returncode == 0, asked.stderr
    one, two = (sorted((tmp_path / count / "backtests").rglob("*.*")) for count in ("1", "2"))
    assert len(one) == 3 * 4
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


def test_json_holds_the_record_and_the_same_bytes_twice(folder: Path, tmp_path: Path) -> None:
    """--json prints one object with the record that is written; a second run elsewhere writes the same bytes."""
    window = ("--from", "2026-02-20T00:00Z", "--until", "2026-02-27T00:00Z", "--engine", "path-only")
    files = []
    for name in ("one", "two"):
        asked = reportgen(
            tmp_path, "backtest", "--source", folder, "--symbol", "BTC", *window, "--json", "--output", name
        )
        assert asked.returncode == 0, asked.stderr
        answer = json.loads(asked.stdout)
        paths = [tmp_path / path for path in answer["files"]["BTC/USDT:USDT"]]
        files.append([path.read_bytes() for path in paths])
        assert json.loads(files[-1][0]) == answer["backtests"][0]
    assert files[0] == files[1]
    assert answer["backtests"][0]["baselines"] == ["path-only"]
    assert answer["pooled"] is None
    assert answer["backtests"][0]["from_ms"] >= parse_moment("2026-02-20T00:00Z")
    assert answer["backtests"][0]["until_ms"] <= parse_moment("2026-02-27T00:00Z")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--symbol", "BTD"), 1, "Did you mean BTC/USDT:USDT?"),
        (("--symbol", "BTC", "--engine", "pth-only"), 2, "Did you mean path-only?"),
        (("--symbol", "BTC", "--from", "2026-02-20T00:00Z", "--until", "2026-02-19T00:00Z"), 2, "does not lie after"),
        (("--symbol", "BTC", "--from", "2027-01-01T00:00Z"), 1, "has no bars after --from"),
        (("--symbol", "BTC", "--until", "2026-02-10T00:00Z"), 1, "too short to score"),
    ],
)
def test_mistakes_end_in_one_sentence(
    folder: Path, tmp_path: Path, words: tuple[str, ...], code: int, message: str
) -> None:
    """Each mistake names the place and the next step, and writes nothing."""
    asked = reportgen(tmp_path, "backtest", "--source", folder, *words, "--output", "out")
    assert asked.returncode == code
    assert message in asked.stderr
    assert not (tmp_path / "out").exists()
