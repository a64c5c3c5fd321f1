"""The report of a backtest: what is on the page is what was found, beside its control."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from reportgen import notation
from reportgen.render.backtest import cells, render_backtest
from reportgen.track_record.maps import PLACEBO, UNIFORM
from reportgen.track_record.result import (
    Backtest,
    Difference,
    DistanceSkill,
    DollarScore,
    Interval,
    MapKind,
    MapScore,
    OutcomeBand,
    PooledMarket,
    ReactionScore,
    Verdict,
    Which,
)
from reportgen.track_record.verdict import findings_of
from reportgen.units import Missing

HOSTILE = "<script>alert(1)</script>"


def interval(value: float) -> Interval:
    """Give an interval around a value."""
    return Interval(value=value, low=value - 0.0407, high=value + 0.0309)


def rank(name: str, kind: MapKind, value: float, controls: str, minus: tuple[Difference, ...] = ()) -> MapScore:
    """Give one rank score of both sides."""
    return MapScore(
        name=name,
        kind=kind,
        metric="liquidation rank",
        controls=controls,
        side="both",
        score=interval(value),
        minus=minus,
    )


def found() -> Backtest:
    """Give a small backtest in which parts are missing."""
    difference = Difference(versus="path-only", by=interval(0.0531))
    scores = tuple(
        score
        for controls, shift in (("path", 0.0), ("path+price", 0.01), ("chart", -0.05))
        for score in (
            rank("kernel", "engine", 0.3811 + shift, controls, (difference,)),
            rank("path-only", "baseline", 0.3322 + shift, controls),
            rank("uniform in reach", "control", 0.0013 + shift, controls),
        )
    )
    cell = DistanceSkill(
        side="long", from_atr=0.0, to_atr=0.5, skill=interval(0.2711), control=interval(0.0271), control_name="placebo",
        observations=312,
    )  # fmt: skip
    far = replace(cell, from_atr=0.5, to_atr=None, skill=Missing("Price never came this far."))
    return Backtest(
        symbol="BTC/USDT:USDT", venue="binance", simulated=False, liquidation_venues=("okx",), provenance={},
        from_ms=1_760_000_000_000, until_ms=1_764_000_000_000, interval_ms=3_600_000, horizon_ms=3_600_000,
        warm_up_days=14.0, engines=("kernel",), baselines=("path-only",), control_names=("uniform in reach",),
        observations=1111, days=46, effective=33.3, map_scores=scores, skill_by_distance=(cell, far),
        dollars=Missing("Nobody reported liquidations."), reactions=Missing("No zone was found."),
        verdict="not distinguishable", why="The map is no better than its strongest control.", notes=(HOSTILE,),
    )  # fmt: skip


def dollars(side: Which, ratio: float) -> DollarScore:
    """Give the dollars of one side."""
    return DollarScore(
        name="kernel", side=side, ratio=interval(ratio), root_correlation=interval(0.9013),
        climatology_root_correlation=interval(0.7641), coverage=0.893, coverage_meant=0.9, realised=1.0e8,
        estimated=1.1e8,
    )  # fmt: skip


def reactions(here: float, elsewhere: float) -> ReactionScore:
    """Give reactions at zones, rejected as often as asked here and at mirrored places."""
    band = OutcomeBand(
        from_atr=0.25, to_atr=0.35, zones=40, reject=18, proceed=10, front_run=6, ignore=6, expected_reject=0.46,
        expected_proceed=0.27, expected_front_run=0.15, expected_ignore=0.12, timeout=3,
    )  # fmt: skip
    return ReactionScore(
        zones=40, censored=2, not_events=1, brier_skill=interval(0.2171), log_skill=interval(0.2),
        brier_skill_distance_only=interval(0.0123), log_skill_distance_only=interval(0.01),
        reject_given_tap=interval(here), reject_given_tap_elsewhere=interval(elsewhere), bands=(band,), independent=31,
    )  # fmt: skip


def whole() -> Backtest:
    """Give a backtest in which nothing is missing."""
    scored = (dollars("long", 1.08), dollars("short", 0.74), dollars("both", 0.8649))
    return replace(found(), dollars=scored, reactions=reactions(0.7857, 0.8301))


@pytest.fixture(scope="module")
def pages() -> tuple[str, bytes]:
    """Render once."""
    html, pdf = render_backtest(found(), findings_of(found()))
    return unescape(html.decode()), pdf


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


def test_hostile_text_is_shown_not_run() -> None:
    """Markup in a note is escaped."""
    assert HOSTILE.encode() not in render_backtest(found(), findings_of(found()))[0]


def test_the_same_result_gives_the_same_bytes(pages: tuple[str, bytes]) -> None:
    """Rendering twice changes nothing."""
    html, pdf = render_backtest(found(), findings_of(found()))
    assert (unescape(html.decode()), pdf) == pages


def test_deeper_colour_is_more_skill() -> None:
    """The tint of a cell grows with its skill and is none without one."""
    result = found()
    assert not isinstance(result.skill_by_distance, Missing)
    one = result.skill_by_distance[0]
    three = tuple(replace(one, skill=skill) for skill in (Missing("none"), interval(0.1), interval(0.3)))
    tints = [float(tint.opacity) for _, row in cells(replace(result, skill_by_distance=three)) for _, tint in row]
    assert tints[0] == 0.0
    assert tints == sorted(set(tints))


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
    html, pdf = render_backtest(result, findings_of(result))
    page = unescape(html.decode())
    for one in parts:
        assert isinstance(one.score, Interval)
        for text in (one.symbol, notation.signed(one.score.value, 3), one.verdict):
            assert text in page
    assert "the feed stopped" in page.lower()
    assert HOSTILE.encode() not in html
    assert "Skill by distance</h2>" not in page
    (tmp_path / "p.pdf").write_bytes(pdf)
    text = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "p.pdf"), "-"], check=True, capture_output=True, text=True
    ).stdout
    assert "3 markets pooled" in text
    assert "XRP/USDT:USDT" in text


def test_skill_below_zero_is_grey() -> None:
    """A band in which the map ranks worse than nothing never wears its side's colour."""
    result = found()
    assert not isinstance(result.skill_by_distance, Missing)
    one = result.skill_by_distance[0]
    (_, row), *_ = cells(replace(result, skill_by_distance=(one, replace(one, skill=interval(-0.2)))))
    assert row[0][1].colour != row[1][1].colour
    assert float(row[1][1].opacity) > 0


def test_dollars_and_reactions_stand_beside_their_controls() -> None:
    """Both sides, each side alone, the distance control and the mirrored places are all on the page."""
    page = unescape(render_backtest(whole(), findings_of(whole()))[0].decode())
    for value in (0.86, 1.08, 0.74, 0.9, 0.76, 0.79, 0.83):
        assert notation.grouped(value, 2) in page
    assert "longs 1.08, shorts 0.74" in page
    assert "0.25–0.35" in page
    assert "18" not in page.split("Observed beside expected")[0].split("Reactions at zones")[1]
    assert notation.share(18 / 40) in page


def test_the_words_say_what_the_tables_show() -> None:
    """Overlapping rejection rates are no magnet; rates far apart are said to differ; a placebo is named."""
    alike = findings_of(whole()).reactions
    apart = findings_of(replace(whole(), reactions=reactions(0.9, 0.3))).reactions
    assert "no magnets and no barriers" in alike
    assert "turned price back more often" in apart
    assert "no magnets" not in apart
    assert "In 1 of 1 bands" in findings_of(whole()).skill
    assert findings_of(found()).dollars == findings_of(found()).reactions == ""


def test_a_lead_is_told_over_the_nearest_control() -> None:
    """Of several controls the sentence names the one that the map leads by least, under each control set."""
    near, far = (Difference(versus=name, by=interval(by)) for name, by in ((PLACEBO, 0.1), (UNIFORM, 0.3)))
    scores = tuple(
        replace(score, minus=(far, near)) if score.kind == "engine" else score for score in found().map_scores
    )
    told = findings_of(replace(found(), map_scores=scores)).rank
    assert told.count(PLACEBO) == 3
    assert UNIFORM not in told


@pytest.mark.parametrize("pooled", [False, True])
def test_no_table_is_cut_at_any_width(pooled: bool, in_browser: Callable[[str], list[dict[str, object]]]) -> None:  # noqa: FBT001 - which page
    """In a real browser every cell of the report lies inside the window, on a phone too."""
    result = pooled_page() if pooled else whole()
    page = render_backtest(result, findings_of(result))[0].decode()
    assert [(one["scroll"], one["wide"]) for one in in_browser(page)] == [(390, []), (800, []), (1400, [])]
