"""The report of a backtest: what is on the page is what was found, beside its control."""

from __future__ import annotations

import csv
import io
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pikepdf
import pytest

from reportgen import notation
from reportgen.brief.types import Interval, Reliability, ReliabilityBand
from reportgen.render.backtest import Scale, forest, render_backtest, scale_of
from reportgen.track_record.result import (
    Backtest,
    Difference,
    PooledMarket,
    Verdict,
    as_record,
)
from reportgen.track_record.verdict import findings_of
from reportgen.units import Missing
from tests.track_record.results import HOSTILE, found, interval, rank, whole


@pytest.fixture(scope="module")
def pages() -> tuple[str, bytes]:
    """Render once."""
    made = render_backtest(found(), findings_of(found()))
    return unescape(made["html"].decode()), made["pdf"]


def test_every_rank_score_and_difference_is_on_the_page(pages: tuple[str, bytes]) -> None:
    """Each map's score stands there with its interval, the engine's difference to its baseline too."""
    for score in found().map_scores:
        assert isinstance(score.score, Interval)
        for value in (score.score.value, score.score.low, score.score.high):
            assert notation.signed(value, 3) in pages[0]
    assert notation.signed(0.0531, 3) in pages[0]


def test_the_verdict_opens_the_page_and_the_paper(pages: tuple[str, bytes], tmp_path: Path) -> None:
    """HTML and PDF both say the verdict and why."""
    (tmp_path / "b.pdf").write_bytes(pages[1])
    text = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "b.pdf"), "-"], check=True, capture_output=True, text=True
    ).stdout
    for place in (pages[0], text):
        assert "not distinguishable" in place
        assert "no better than its strongest control" in " ".join(place.split())


def test_what_is_missing_prints_its_reason(pages: tuple[str, bytes]) -> None:
    """A part that could not be scored says why, and no number stands in for it."""
    for reason in ("Nobody reported liquidations", "No zone was found", "Price never came this far"):
        assert reason.lower() in pages[0].lower()


@pytest.mark.usefixtures("unprinted")
def test_hostile_text_is_shown_not_run() -> None:
    """Markup in a note is escaped."""
    assert HOSTILE.encode() not in render_backtest(found(), findings_of(found()))["html"]


def test_the_same_result_gives_the_same_bytes(pages: tuple[str, bytes]) -> None:
    """Rendering twice changes nothing."""
    made = render_backtest(found(), findings_of(found()))
    assert (unescape(made["html"].decode()), made["pdf"]) == pages


def pooled_page() -> Backtest:
    """Give a backtest of three markets, one of them without a score and with a hostile name."""
    told: tuple[tuple[str, float, Verdict], ...] = (
        ("BTC", 0.3127, "better than its controls"),
        ("XRP", 0.0874, "insufficient evidence"),
    )
    parts = tuple(
        PooledMarket(
            symbol=f"{name}/USDT:USDT", days=40, observations=900, score=interval(value),
            strongest=Difference(versus="distance climatology", by=interval(value - 0.0612)), verdict=verdict,
        )
        for name, value, verdict in told
    )  # fmt: skip
    bare = replace(parts[0], symbol=HOSTILE, score=Missing("The feed stopped."), strongest=Missing("No."))
    return replace(found(), symbol="3 markets pooled", pooled=(*parts, bare))


def test_a_pooled_page_shows_each_market_beside_the_mean(tmp_path: Path) -> None:
    """Every market's own score, control and verdict stand on page and paper, and parts of one market alone do not."""
    result = pooled_page()
    parts = result.pooled[:-1]
    made = render_backtest(result, findings_of(result))
    html, pdf = made["html"], made["pdf"]
    page = unescape(html.decode())
    for one in parts:
        assert isinstance(one.score, Interval)
        for text in (one.symbol, notation.signed(one.score.value, 3), one.verdict):
            assert text in page
    assert "the feed stopped" in page.lower()
    assert HOSTILE.encode() not in html
    assert "<summary>Skill by distance" not in page
    (tmp_path / "p.pdf").write_bytes(pdf)
    text = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "p.pdf"), "-"], check=True, capture_output=True, text=True
    ).stdout
    assert "3 markets pooled" in text
    assert "XRP/USDT:USDT" in text


@pytest.mark.usefixtures("unprinted")
def test_dollars_and_reactions_stand_beside_their_controls() -> None:
    """Both sides, each side alone, the distance control and the mirrored places are all on the page."""
    page = unescape(render_backtest(whole(), findings_of(whole()))["html"].decode())
    for value in (0.86, 1.08, 0.74, 0.9, 0.76, 0.79, 0.83):
        assert notation.grouped(value, 2) in page
    assert "longs 1.08, shorts 0.74" in page
    assert "0.25–0.35" in page
    assert notation.share(18 / 40) in page


@pytest.mark.usefixtures("unprinted")
@pytest.mark.parametrize("pooled", [False, True])
def test_no_table_is_cut_at_any_width(pooled: bool, in_browser: Callable[[str], list[dict[str, object]]]) -> None:  # noqa: FBT001 - which page
    """In a real browser every cell of the report lies inside the window, on a phone too."""
    result = pooled_page() if pooled else whole()
    page = render_backtest(result, findings_of(result))["html"].decode()
    assert [(one["scroll"], one["wide"]) for one in in_browser(page)] == [(390, []), (800, []), (1400, [])]


def test_the_forest_holds_each_map_once_by_score_with_what_leads_it() -> None:
    """Maps, baselines, controls; within a group the best first; a difference only where one was made."""
    shown = forest(found(), "chart")
    assert [(title, [row.name for row in rows]) for title, rows in shown.items()] == [
        ("Maps", ["kernel"]),
        ("Baselines", ["path-only"]),
        ("Controls: must score near 0", ["uniform in reach"]),
    ]
    assert shown["Maps"][0].minus is None
    assert shown["Baselines"][0].minus == interval(0.0531)
    assert shown["Controls: must score near 0"][0].minus is None
    two = (rank("low", "engine", 0.1, "path"), rank("high", "engine", 0.2, "path"))
    assert [row.name for row in forest(replace(found(), map_scores=two), "path")["Maps"]] == ["high", "low"]


def test_a_scale_is_the_least_of_whole_steps_around_zero() -> None:
    """Four steps at most, zero on one of them, and ends of the axis at 0 and 100 %."""
    scale = scale_of([Interval(value=0.3, low=-0.05, high=0.41)])
    assert [scale.low, scale.high, scale.step] == pytest.approx([-0.2, 0.6, 0.2])
    assert scale.ticks() == pytest.approx((-0.2, 0.0, 0.2, 0.4, 0.6))
    assert [scale.at(value) for value in (-0.3, -0.2, 0.2, 0.6, 0.9)] == [
        "0.00%",
        "0.00%",
        "50.00%",
        "100.00%",
        "100.00%",
    ]
    assert scale_of([]) == Scale(low=0.0, high=0.02, step=0.02)


def foretold() -> Reliability:
    """Give shares of which one band is empty."""
    bands = (
        ReliabilityBand(low=0.0, high=0.5, given=40, came=18, expected=16.4),
        ReliabilityBand(low=0.5, high=1.0, given=0, came=0, expected=0.0),
    )
    skill = Interval(value=0.2771, low=0.1333, high=0.4031)
    return Reliability(of="touch", forecasts=40, days=21, loss="Brier", skill=skill, bands=bands)


def test_what_was_foretold_stands_beside_what_came() -> None:
    """16.4 of 40 is 41 % given and 18 of 40 is 45 % come: so says the alternative text, and there the dot lies."""
    result = replace(pooled_page(), reliability=(foretold(), replace(foretold(), of="cone", skill=Missing("Too few."))))
    made = render_backtest(result, findings_of(result))
    page, thin = made["html"].decode(), notation.THIN
    assert f"<title>Zone reached: 41{thin}% given, 45{thin}% came of 40</title>" in page
    assert page.count('cx="41.0" cy="55.0"') == page.count("<circle") == 2
    assert '<b class="in">+0.28</b>, +0.13 to +0.40; 40 on 21 days' in page
    assert "skill n/a: Too few; 40 on 21 days" in page
    with pikepdf.open(io.BytesIO(made["pdf"])) as pdf:
        parts = [one for one in pdf.objects if isinstance(one, pikepdf.Dictionary) and one.get("/S") == "/Figure"]
        alts = [str(one.get("/Alt", "")) for one in parts]
    assert sum(alt.startswith("Zone reached: ") for alt in alts) == 1
    assert all(alts)


@pytest.mark.usefixtures("unprinted")
def test_every_score_of_the_record_stands_in_the_csv() -> None:
    """Each interval of the JSON record is a line with its three numbers, each missing one a line with its reason."""
    result = replace(pooled_page(), dollars=whole().dollars, reactions=whole().reactions, reliability=(foretold(),))
    rows = list(csv.DictReader(io.StringIO(render_backtest(result, findings_of(result))["csv"].decode())))

    def intervals(value: object) -> Iterator[tuple[float, float, float]]:
        if isinstance(value, dict) and {"low", "high"} < set(value):
            yield value["came" if "came" in value else "value"], value["low"], value["high"]
        elif isinstance(value, dict | list):
            for part in value.values() if isinstance(value, dict) else value:
                yield from intervals(part)

    told = Counter((float(row["value"]), float(row["low"]), float(row["high"])) for row in rows if row["low"])
    assert told == Counter(intervals(as_record(result)))
    assert {row["missing"] for row in rows} >= {"The feed stopped.", "Price never came this far."}
    chart = [row for row in rows if (row["name"], row["controls"], row["versus"]) == ("kernel", "chart", "path-only")]
    assert [row["value"] for row in chart] == ["0.0531"]


def test_the_paper_says_where_the_rest_stands(pages: tuple[str, bytes], tmp_path: Path) -> None:
    """The PDF holds the folded tables and names the file of all numbers, and the page links it."""
    (tmp_path / "b.pdf").write_bytes(pages[1])
    text = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "b.pdf"), "-"], check=True, capture_output=True, text=True
    ).stdout
    assert "stand in backtest.csv" in text
    assert "Skill by distance" in text
    assert 'href="backtest.csv"' in pages[0]
