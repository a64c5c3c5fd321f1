"""What the options ask for is judged before the work begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from reportgen.delivery.archive.commit import judge_place
from reportgen.delivery.archive.store import open_store
from reportgen.errors import UsageError
from reportgen.market.folder.read import unknown_market
from reportgen.morning.request import Options, refuse_future, take_request
from reportgen.units import HOUR_MS
from tests.cli.cli_process import REPOSITORY, reportgen, reportgen_here

MARKET = REPOSITORY / "reportgen" / "market" / "sample_data"


def test_a_moment_that_has_not_come_is_refused() -> None:
    """A few minutes ahead of the clock are its error; the end of simulated data may be any time."""
    now = 1_700_000_000_000
    refuse_future(now + 4 * 60_000, now, None)
    refuse_future(now + HOUR_MS, now, now + HOUR_MS)
    for late, end in ((6 * 60_000, None), (2 * HOUR_MS, now + HOUR_MS)):
        with pytest.raises(UsageError, match=r"has not come yet.*--future"):
            refuse_future(now + late, now, end)


def test_a_brief_of_a_year_that_has_not_come_is_made_only_when_asked_for(tmp_path: Path) -> None:
    """A mistyped year writes nothing, and with --future the brief says that its data are stale."""
    words = ("brief", "--source", MARKET, "--symbols", "BTC", "--as-of", "2096-11-20", "--output", "out")
    refused = reportgen_here(tmp_path, *words)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--future" in refused.stderr
    assert not (tmp_path / "out").exists()


def test_a_stale_brief_ends_with_5_and_refresh_cannot_judge(tmp_path: Path) -> None:
    """Bars that end long before as-of are no news: --fresh says so by its code, and no trigger is judged on them."""
    words = ("--source", MARKET, "--symbol", "BTC", "--output", "out")
    made = reportgen_here(tmp_path, "brief", *words, "--as-of", "2026-11-22", "--fresh")
    assert made.returncode == 5
    assert "STALE BTC/USDT:USDT: The last bar closed" in made.stderr
    asked = reportgen_here(tmp_path, "refresh", *words, "--as-of", "2026-11-22T01:00Z")
    assert asked.returncode == 11
    assert asked.stdout.startswith("Cannot judge the map of 2026-11-22T00:00Z")


@pytest.mark.parametrize(("asked", "near"), [("PEPE", ""), ("ETHH", "ETH"), ("BTTC", "BTC"), ("SOLANA", "SOL")])
def test_the_nearest_market_is_near_by_its_coin(asked: str, near: str) -> None:
    """PEPE is not nearly ETH: what all names share counts for nothing."""
    known = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")
    said = unknown_market(f"{asked}/USDT:USDT", known)
    assert said.startswith(f"Did you mean {near}/USDT:USDT?" if near else "The source has BTC/USDT:USDT, ")


def test_only_the_sample_alone_is_the_tour() -> None:
    """Any other choice means the simulated market as data; behind a URL nobody's position is kept."""
    tour = take_request(Options(sample=True, output="here"), live=True)
    assert (tour.tour, tour.config.output, len(tour.config.positions)) == (True, Path("here"), 1)
    assert take_request(Options(sample=True, output="s3://bucket/briefs"), live=True).config.positions == ()
    assert take_request(Options(sample=True), live=True).config.output == Path("output")
    for other in (Options(sample=True, symbols=["BTC"]), Options(sample=True, horizon_hours=12)):
        assert not take_request(other, live=True).tour


@pytest.mark.parametrize("named", [["BTC,ETH"], ["BTC", "ETH"], [" btc ", "ETHUSDT,"]])
def test_markets_are_named_in_one_list_or_several(named: list[str]) -> None:
    """--symbols BTC,ETH and --symbol BTC --symbol ETH ask for the same."""
    request = take_request(Options(sample=True, symbols=named))
    assert [one.symbol for one in request.config.watchlist] == ["BTC/USDT:USDT", "ETH/USDT:USDT"]


def test_an_output_that_cannot_be_is_found_before_the_work(tmp_path: Path) -> None:
    """A file in the way is said at once; a folder that does not exist yet is none."""
    judge_place(open_store(tmp_path / "a" / "b"))
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(NotADirectoryError):
        judge_place(open_store(tmp_path / "file" / "b"))
    refused = reportgen_here(tmp_path, "brief", "--sample", "--output", "")
    assert refused.returncode == 2
    assert "The output is empty" in refused.stderr


def test_a_clean_run_leaves_no_temporary_files(tmp_path: Path) -> None:
    """Workers end without cleaning up; what they kept in the folder for temporary files goes with them."""
    (tmp_path / "t").mkdir()
    made = reportgen(tmp_path, "brief", "--sample", "--symbols", "BTC", "--output", "o", TMPDIR=str(tmp_path / "t"))
    assert made.returncode == 0, made.stderr
    assert list((tmp_path / "t").iterdir()) == []
