"""`reportgen calibrate` as a user runs it, on the bundled market and on folders that are wrong in one way each."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

import reportgen.market
from reportgen.delivery.archive.calibrations import read_calibrations
from tests.cli.cli_process import reportgen as in_a_process
from tests.cli.cli_process import reportgen_here as run
from tests.cli.conftest import Cluster

SAMPLE = Path(reportgen.market.__file__).parent / "sample_data"
BTC = "BTC/USDT:USDT"


def folder_with(tmp_path: Path, select: str | None) -> Path:
    """Copy the bundled market with other liquidations: a query on `given`, or none at all."""
    folder = tmp_path / "market"
    shutil.copytree(SAMPLE, folder)
    table = folder / "liquidations.parquet"
    with duckdb.connect() as database:
        database.execute(f"CREATE TABLE given AS FROM '{table}'")
        table.unlink()
        if select is not None:
            database.execute(f"COPY ({select}) TO '{table}' (FORMAT parquet)")
    return folder


def test_the_sample_is_calibrated_and_well(tmp_path: Path) -> None:
    """On the simulated market dollars hold: the file is there, and what was held out beats distance alone."""
    done = run(tmp_path, "calibrate", "--sample", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    made = read_calibrations(tmp_path / told["file"])
    assert Path(told["file"]).parent == Path("output/calibrations")
    assert [each.symbol for each in made] == [each["symbol"] for each in told["calibrations"]]
    for each in told["calibrations"]:
        held = each["held_out"]
        assert 0.8 <= held["ratio"] <= 1.25
        assert held["correlation"] >= max(0.85, held["climatology"] + 0.1)
        assert 0.8 <= each["interval"]["coverage"] <= 0.95
        assert min(each["prior_distances"]) < 0.12


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, bytes]:
    """Calibrate the bundled BTC once: what was said, and the file."""
    folder = tmp_path_factory.mktemp("clean")
    done = run(folder, "calibrate", "--sample", "--symbol", "BTC", "--out", "clean.json")
    assert done.returncode == 0, done.stderr
    return done.stdout, (folder / "clean.json").read_bytes()


def test_the_text_says_what_was_fitted_and_where_it_stands(
    clean: tuple[str, bytes], tmp_path: Path, cluster: Cluster
) -> None:
    """Window, venues, fit, control, prior nodes and the file's path are printed; a cluster gives the same bytes."""
    words = ("calibrate", "--sample", "--symbol", "BTC", "--out", "again.json", "--cluster", cluster.address)
    again = in_a_process(tmp_path, *words)
    assert again.returncode == 0, again.stderr
    for word in (BTC, "sample", "liquidations of", "churn", "distance alone", "held out", "prior stays at", "clean.js"):
        assert word in clean[0]
    assert (tmp_path / "again.json").read_bytes() == clean[1]


def test_a_symbol_without_liquidations_borrows(tmp_path: Path) -> None:
    """With BTC's liquidations alone ETH gets BTC's weights, and both output and file say whose they are."""
    folder = folder_with(tmp_path, "FROM given WHERE symbol LIKE 'BTC%'")
    done = run(tmp_path, "calibrate", "--source", folder)
    assert done.returncode == 0, done.stderr
    assert f"borrowed from {BTC}" in done.stdout
    (written,) = (tmp_path / "output/calibrations").glob("*.json")
    made = {each.symbol: each.borrowed_from for each in read_calibrations(written)}
    assert made.pop(BTC) is None
    assert set(made.values()) == {BTC}


def test_dates_bound_the_sample(tmp_path: Path) -> None:
    """--from and --until cut the sample, and the file is dated by its end."""
    start, until = "2026-10-01T00:00Z", "2026-11-01T00:00Z"
    done = run(tmp_path, "calibrate", "--sample", "--symbol", "BTC", "--from", start, "--until", until)
    assert done.returncode == 0, done.stderr
    (made,) = read_calibrations(tmp_path / "output/calibrations/2026-11-01.json")
    assert f"{start} to {until}" in done.stdout
    assert made.observations == 2 * 24 * 31


END_MS = 1_795_158_000_000
"""The bundled market's last close, 2026-11-20T07:00Z."""
DAY_MS = 86_400_000
TIMES = """SELECT * REPLACE (liquidated_long_quote * {0} AS liquidated_long_quote,
    liquidated_short_quote * {0} AS liquidated_short_quote) FROM given"""
CONTRADICTING = """FROM given UNION ALL
    (SELECT * REPLACE (liquidated_long_quote + 1 AS liquidated_long_quote) FROM given LIMIT 1)"""


@pytest.mark.parametrize(
    ("select", "says"),
    [
        (None, "has liquidations to calibrate on"),
        ("FROM given WHERE false", "has liquidations to calibrate on"),
        (f"FROM given WHERE open_time_ms > {END_MS - 3 * DAY_MS}", "at least 7 are needed"),
        ("SELECT * REPLACE (0.0 AS liquidated_short_quote) FROM given", "not one liquidated short"),
        (f"FROM given WHERE open_time_ms < {END_MS - 20 * DAY_MS}", "the feed stopped"),
        (TIMES.format(1000), "Multiply by contract size"),
        (TIMES.format(0.001), "Multiply by contract size"),
    ],
    ids=["absent", "empty", "short", "one-sided", "stops", "x1000", "/1000"],
)
def test_bad_liquidations_end_in_one_sentence_and_keep_the_last_file(
    tmp_path: Path, select: str | None, says: str
) -> None:
    """Each fault is named, nothing is written, and the calibration that stands there stays."""
    kept = tmp_path / "output/calibrations/2026-01-01.json"
    kept.parent.mkdir(parents=True)
    kept.write_text("{}")
    done = run(tmp_path, "calibrate", "--source", folder_with(tmp_path, select), "--symbol", "BTC")
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def test_an_hour_that_contradicts_itself_is_left_out(tmp_path: Path) -> None:
    """One hour with two sums costs that hour, and is named with its time."""
    done = run(tmp_path, "calibrate", "--source", folder_with(tmp_path, CONTRADICTING), "--symbol", "BTC")
    assert done.returncode == 0, done.stderr
    assert "Liquidations of BTC" in done.stderr
    assert "1 row left out (" in done.stderr


def test_the_same_rows_twice_count_once(clean: tuple[str, bytes], tmp_path: Path) -> None:
    """Rows that stand there twice are left out with a note, and the weights are those of the clean table."""
    folder = folder_with(tmp_path, "FROM given UNION ALL FROM given")
    twice = run(tmp_path, "calibrate", "--source", folder, "--symbol", "BTC", "--out", "twice.json")
    assert twice.returncode == 0, twice.stderr
    assert "stood in the data twice" in twice.stderr
    assert (tmp_path / "twice.json").read_bytes() == clean[1]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--sample", "--symbol", "PEPE"), 1, "holds no bars of PEPE"),
        (("--source", "nowhere"), 2, "is not there"),
        (("--source", "nowhere", "--from", "yesterday"), 2, "is not a date and time"),
        (("--sample", "--symbol", "BTC", "--until", "2020-01-01T00:00Z"), 1, "Error: "),
    ],
)
def test_what_cannot_be_meant_is_one_clear_error(tmp_path: Path, words: tuple[str, ...], code: int, says: str) -> None:
    """An absent symbol, folder or time is one error, and no file is left behind."""
    done = run(tmp_path, "calibrate", *words)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.rglob("*.json")) == []
