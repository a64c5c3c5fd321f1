"""The honest record from the command line: a folder goes in, a table, a verdict and a record come out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reportgen.moments import parse_moment
from tests.cli.cli_process import REPOSITORY, reportgen_printing
from tests.cli.cli_process import reportgen as in_a_process
from tests.cli.cli_process import reportgen_here as reportgen
from tests.cli.conftest import Cluster

FOLDER = REPOSITORY / "reportgen" / "market" / "sample_data"
"""The bundled market as a folder that somebody names: nothing says that it is simulated."""
FROM, UNTIL = "2026-09-22T00:00Z", "2026-09-30T00:00Z"
"""Two weeks of warm-up lie before, and a week is scored."""
ASKED = ("backtest", "--source", FOLDER, "--from", FROM, "--until", UNTIL, "--engine", "path-only", "--symbol")


@pytest.fixture(scope="module")
def pooled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Score two markets in one process, and keep the folder of their reports and what was said."""
    folder = tmp_path_factory.mktemp("pooled")
    asked = reportgen(folder, *ASKED, "BTC,ETH", "--output", "out")
    assert asked.returncode == 0, asked.stderr
    return folder / "out" / "backtests", asked.stdout.splitlines()


def test_a_table_a_verdict_and_a_record(tmp_path: Path) -> None:
    """Each map stands beside its controls, the verdict ends the table, and the record holds the same numbers."""
    asked = reportgen_printing(
        tmp_path, "backtest", "--source", FOLDER, "--symbol", "BTC", "--until", UNTIL, "--output", "out"
    )
    assert asked.returncode == 0, asked.stderr
    place = tmp_path / "out" / "backtests" / "BTC-USDT-2026-09-29"
    record = json.loads((place / "backtest.json").read_text())
    assert f"Verdict: {record['verdict']}. {record['why']}" in asked.stdout.splitlines()
    for name in (*record["engines"], *record["baselines"], *record["control_names"]):
        assert any(line.startswith(name) for line in asked.stdout.splitlines())
    assert str(Path("out") / "backtests" / "BTC-USDT-2026-09-29" / "backtest.json") in asked.stdout
    assert record["simulated"] is False
    assert record["days"] >= 10
    paper = (place / "backtest.pdf").read_bytes()
    assert (paper[:5], paper.rstrip()[-5:]) == (b"%PDF-", b"%%EOF")


def test_several_markets_end_in_a_pooled_table(pooled: tuple[Path, list[str]]) -> None:
    """Each market has its table and record, then the pooled one with its own verdict, page and PDF."""
    folder, lines = pooled
    place = folder / "pooled-BTC-ETH-2026-09-29"
    record = json.loads((place / "backtest.json").read_text())
    assert [one["symbol"] for one in record["pooled"]] == ["BTC/USDT:USDT", "ETH/USDT:USDT"]
    assert sum(line.startswith("Verdict: ") for line in lines) == 3
    last = max(number for number, line in enumerate(lines) if line.startswith("Verdict: "))
    assert lines[last] == f"Verdict: {record['verdict']}. {record['why']}"
    assert any(line.startswith("2 markets pooled") for line in lines)
    page = (place / "backtest.html").read_text()
    for text in (page, (place / "backtest.pdf").read_text()):
        assert "Market by market" in text
        assert "ETH/USDT:USDT" in text


def test_two_workers_and_a_cluster_write_the_same_bytes(
    pooled: tuple[Path, list[str]], tmp_path: Path, cluster: Cluster
) -> None:
    """However many processes walk through the past, every file is the same, also when one is killed at work."""
    asked = reportgen(tmp_path, *ASKED, "BTC,ETH", "--workers", "2", "--output", "two")
    assert asked.returncode == 0, asked.stderr
    cluster.kill_one()
    far = in_a_process(tmp_path, *ASKED, "BTC,ETH", "--cluster", cluster.address, "--output", "far")
    assert (far.returncode, far.stderr, cluster.was_killed()) == (0, "", True)
    places = (pooled[0], tmp_path / "two" / "backtests", tmp_path / "far" / "backtests")
    one, two, three = (sorted(folder.rglob("*.*")) for folder in places)
    assert len(one) == 3 * 4
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
    for here, there in zip(one, three, strict=True):
        assert here.suffix == ".pdf" or here.read_bytes() == there.read_bytes()  # only there is a PDF laid out


def test_json_holds_the_record_that_another_run_wrote(pooled: tuple[Path, list[str]], tmp_path: Path) -> None:
    """--json prints one object with the record; the files are those of another run elsewhere, of two markets."""
    asked = reportgen(tmp_path, *ASKED, "BTC", "--json", "--output", "out")
    assert asked.returncode == 0, asked.stderr
    answer = json.loads(asked.stdout)
    paths = [tmp_path / path for path in answer["files"]["BTC/USDT:USDT"]]
    assert json.loads(paths[0].read_bytes()) == answer["backtests"][0]
    for path in paths:
        assert path.read_bytes() == (pooled[0] / path.parent.name / path.name).read_bytes()
    assert answer["backtests"][0]["baselines"] == ["path-only"]
    assert answer["pooled"] is None
    assert answer["backtests"][0]["from_ms"] >= parse_moment(FROM)
    assert answer["backtests"][0]["until_ms"] <= parse_moment(UNTIL)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--symbol", "BTD"), 1, "Did you mean BTC/USDT:USDT?"),
        (("--symbol", "BTC", "--engine", "pth-only"), 2, "Did you mean path-only?"),
        (("--symbol", "BTC", "--from", "2026-09-22T00:00Z", "--until", "2026-09-21T00:00Z"), 2, "does not lie after"),
        (("--symbol", "BTC", "--from", "2027-01-01T00:00Z"), 1, "has no bars after --from"),
        (("--symbol", "BTC", "--until", "2026-09-16T00:00Z"), 1, "too short to score"),
    ],
)
def test_mistakes_end_in_one_sentence(tmp_path: Path, words: tuple[str, ...], code: int, message: str) -> None:
    """Each mistake names the place and the next step, and writes nothing."""
    asked = reportgen(tmp_path, "backtest", "--source", FOLDER, *words, "--output", "out")
    assert asked.returncode == code
    assert message in asked.stderr
    assert not (tmp_path / "out").exists()
