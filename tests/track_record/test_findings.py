"""What is said of a backtest, word for word in each case, and the verdict's rule with its reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reportgen.brief.types import Interval
from reportgen.config.assumptions import DEFAULTS
from reportgen.notation import THIN
from reportgen.track_record.dollars import NAME
from reportgen.track_record.maps import CONTROLS, PLACEBO, UNIFORM
from reportgen.track_record.result import Difference, DistanceSkill, MapScore
from reportgen.track_record.verdict import findings_of, judge_map
from reportgen.units import Missing
from tests.track_record.results import dollars, found, interval, rank, reactions, whole

NONE = Missing("Too few.")


def test_the_title_says_the_verdict_and_how_the_baselines_compare() -> None:
    """Ahead needs the whole interval above zero, behind the whole one below, and the judged controls decide."""

    def beside(*differences: Difference) -> str:
        scores = (
            rank("kernel", "engine", 0.4, "path+price", differences),
            rank("kernel", "engine", 0.3, "chart", tuple(replace(one, by=interval(-0.9)) for one in differences)),
        )
        return findings_of(replace(found(), map_scores=scores)).title

    verdict = "BTC: not distinguishable"
    ahead, level, behind = (
        Difference(versus=name, by=Interval(value=0.0, low=low, high=high))
        for name, low, high in (("a", 1e-9, 1.0), ("b", 0.0, 0.0), ("c", -1.0, -1e-9))
    )
    assert beside(ahead, level, behind) == f"{verdict}; ahead of a; not told apart from b; behind c"
    assert beside(ahead, replace(ahead, versus="d")) == f"{verdict}; ahead of a and d"
    assert beside(replace(behind, versus=UNIFORM)) == beside() == verdict


def test_what_the_forest_shows_is_given_the_most_that_could_be_scored() -> None:
    """The strictest control set with a score is drawn and counted, and one without a score is passed over."""
    led = tuple(Difference(versus=name, by=interval(0.2)) for name in (UNIFORM, PLACEBO, "path-only"))
    scores = tuple(
        rank(
            "kernel",
            "engine",
            value,
            controls,
            led if controls != "chart" else (*led[:1], replace(led[1], by=interval(0.0))),
        )
        for controls, value in (("path", 0.4), ("path+price", 0.3), ("chart", 0.2))
    )
    findings = findings_of(replace(found(), map_scores=scores))
    assert (findings.strictest, findings.standing) == ("chart", "Ahead of 1 of 2 controls")
    bare = (*scores[:2], replace(scores[2], score=Missing("Too short.")))
    findings = findings_of(replace(found(), map_scores=bare))
    assert (findings.strictest, findings.standing) == ("path+price", "Ahead of 2 of 2 controls and 1 of 1 baselines")


def test_a_lead_is_told_over_the_nearest_control() -> None:
    """Of several controls the one led by least is named, under each control set, both sides together."""
    near, far, least = (
        Difference(versus=name, by=interval(by)) for name, by in ((PLACEBO, 0.1), (UNIFORM, 0.3), ("path-only", 0.0))
    )
    scores = [
        replace(score, minus=(far, least, near)) if score.kind == "engine" else score for score in found().map_scores
    ]
    other = replace(scores[0], minus=(replace(near, by=interval(-0.7)),))
    scores += [replace(other, side="long"), replace(other, metric="open interest rank"), replace(other, name="other")]
    lead = f"by +0.100 [+0.059, +0.131] over {PLACEBO}"
    assert findings_of(replace(found(), map_scores=tuple(scores))).rank == (
        f"kernel leads its nearest control given the path {lead}; given path, price and time {lead}; "
        f"given the whole chart {lead}."
    )
    assert findings_of(found()).rank == "No liquidations are known here to rank the map by."


def cell(low: float, control: float | None) -> DistanceSkill:
    """Give a band whose skill begins at `low` and whose placebo's ends at `control`."""
    return DistanceSkill(
        side="short", from_atr=0.0, to_atr=0.5, skill=Interval(value=low, low=low, high=1.0), control_name="placebo",
        control=NONE if control is None else Interval(value=-1.0, low=-1.0, high=control), observations=9,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ((cell(0.01, 0.0), cell(0.2, 0.19), cell(0.2, 0.2), cell(-0.1, -0.2), cell(0.3, None)), "In 2 of 5 bands"),
        ((replace(cell(0.2, 0.1), skill=NONE), cell(0.2, 0.1)), "In 1 of 1 bands"),
        ((replace(cell(0.2, 0.1), skill=NONE),), "Price came into no band often enough to score it."),
        (NONE, ""),
    ],
)
def test_a_band_counts_where_the_whole_interval_lies_above_the_placebo_s_and_zero(
    cells: tuple[DistanceSkill, ...] | Missing, said: str
) -> None:
    """What has no skill is left out, what has no control does not count."""
    tail = " that could be scored the map's whole interval lies above that of placebo."
    told = findings_of(replace(found(), skill_by_distance=cells)).skill
    assert told == (said + tail if said.startswith("In") else said)


def test_dollars_are_told_of_a_brief_s_own_before_the_first_map_s() -> None:
    """The calibrated dollars lead where there are any; the control is named where it is known."""
    kernel, brief_s = dollars("both", 0.8649), replace(dollars("both", 1.2345), name=NAME)
    ahead = "realised for every dollar estimated; square roots correlate 0.90"

    def told(*rows: object) -> str:
        return findings_of(replace(found(), dollars=rows)).dollars  # type: ignore[arg-type]

    long = dollars("long", 9.0)
    assert told(long, kernel) == f"Scaled on the past alone, kernel had 0.86 {ahead}, distance alone 0.76."
    assert told(kernel, brief_s) == (
        f"Calibrated as for a brief, span after span from the past alone, {NAME} had 1.23 {ahead}, distance alone 0.76."
    )
    without = replace(kernel, climatology_root_correlation=NONE)
    assert told(without) == f"Scaled on the past alone, kernel had 0.86 {ahead}."
    nothing = (long, replace(kernel, ratio=NONE), replace(kernel, root_correlation=NONE), replace(kernel, name="x"))
    assert [told(one) for one in nothing] == [""] * 4
    assert findings_of(found()).dollars == ""


def test_rejections_are_told_beside_those_of_mirrored_places() -> None:
    """Only intervals that do not touch are told apart, and then which way; shares are praised above zero alone."""

    def told(here: float, elsewhere: float, **changes: object) -> str:
        found_there = replace(reactions(here, elsewhere), **changes)  # type: ignore[arg-type]
        return findings_of(replace(whole(), reactions=found_there)).reactions

    def tapped(here: int, elsewhere: int) -> str:
        there = f"{elsewhere}{THIN}% of mirrored places without a zone; "
        return f"Once tapped, {here}{THIN}% of zones were rejected and {there}"

    shares = "The shares shown beside zones were better than one table for all distances (+0.217 [+0.176, +0.248])."
    level = "the two cannot be told apart: zones are no magnets and no barriers here. "
    assert told(0.75, 0.70) == tapped(75, 70) + level + shares
    assert told(0.9, 0.3) == f"{tapped(90, 30)}zones turned price back more often than places without one. {shares}"
    assert told(0.3, 0.9) == f"{tapped(30, 90)}zones turned price back less often than places without one. {shares}"
    for here, there in ((0.5, 0.25), (0.25, 0.5)):
        touch = {
            "reject_given_tap": Interval(value=here, low=here - 0.125, high=here + 0.125),
            "reject_given_tap_elsewhere": Interval(value=there, low=there - 0.125, high=there + 0.125),
        }
        assert level in told(0, 0, **touch)
    assert told(0.9, 0.3, reject_given_tap_elsewhere=NONE) == told(0.9, 0.3, reject_given_tap=NONE) == shares
    blunt = Interval(value=0.1, low=0.0, high=0.2)
    assert told(0.9, 0.3, reject_given_tap=NONE, brier_skill=blunt) == (
        "The shares shown beside zones were not distinguishable from one table for all distances "
        "(+0.100 [0.000, +0.200])."
    )
    assert told(0.9, 0.3, reject_given_tap=NONE, brier_skill=NONE) == findings_of(found()).reactions == ""


def judged(*worst: float, others: float = 0.3) -> MapScore:
    """Make the judged row: ahead of every control, of the third one by `worst` (value, low, high); and a baseline."""
    clear = Interval(value=others, low=0.25, high=0.4)
    third = Interval(value=worst[0], low=worst[1], high=worst[2])
    minus = [Difference(versus=name, by=third if name == CONTROLS[2] else clear) for name in CONTROLS]
    return rank("kernel", "engine", 0.3, "path+price", (*minus, Difference(versus="path-only", by=interval(-0.5))))


GIVEN = "Given path, price and time, rank correlation"
WORST = f"against {CONTROLS[2]}, its strongest control"
STRONG = f"{GIVEN} +0.200 [+0.100, +0.300] {WORST}"
DOUBTED = f"{GIVEN} +0.200 [\u22120.010, +0.400] {WORST}"
LEAST, ENOUGH, MARGIN = DEFAULTS.verdict_least_days, DEFAULTS.verdict_enough_days, DEFAULTS.verdict_margin
FEW = f"the sample is worth {ENOUGH - 1:.0f} days, and fewer than {ENOUGH:.0f}"


@pytest.mark.parametrize(
    ("worst", "days", "verdict", "why"),
    [
        ((0.2, 0.1, 0.3), LEAST, "better than its controls",
         f"{STRONG}; beside the named baselines \u22120.500 [\u22120.541, \u22120.469] against path-only."),
        ((0.2, 0.1, 0.3), LEAST - 1, "insufficient evidence",
         f"{STRONG}, but the sample is worth {LEAST - 1:.0f} days and a claim needs {LEAST:.0f}."),
        ((0.2, -0.01, 0.4), ENOUGH, "not distinguishable", f"{DOUBTED}, over {ENOUGH:.0f} effective days."),
        ((0.2, -0.01, 0.4), ENOUGH - 1, "insufficient evidence",
         f"{DOUBTED}; {FEW} cannot rule a small difference out."),
        ((0.2, 0.0, 0.3), ENOUGH, "not distinguishable",
         f"{GIVEN} +0.200 [0.000, +0.300] {WORST}, over {ENOUGH:.0f} effective days."),
    ],
)  # fmt: skip
def test_the_verdict_keeps_to_its_rule(worst: tuple[float, ...], days: float, verdict: str, why: str) -> None:
    """One control that is not beaten with its whole interval is enough; few days decide nothing."""
    assert judge_map([judged(*worst)], "kernel", days, DEFAULTS) == (verdict, why)


def test_a_claim_needs_the_margin_over_every_control() -> None:
    """At the margin it stands, below it not; without a baseline none is named; a lost control leaves no verdict."""
    at, below = (judge_map([judged(by, 0.001, 0.5)], "kernel", ENOUGH, DEFAULTS) for by in (MARGIN, MARGIN - 1e-9))
    assert (at[0], below[0]) == ("better than its controls", "not distinguishable")
    whole_row = judged(0.2, 0.1, 0.3)
    alone = replace(whole_row, minus=whole_row.minus[:-1])
    assert judge_map([alone], "kernel", LEAST, DEFAULTS) == ("better than its controls", f"{STRONG}.")
    fewer = replace(whole_row, minus=whole_row.minus[1:])
    assert judge_map([fewer], "kernel", ENOUGH, DEFAULTS)[1] == "Not every control could be scored on these days."
    others = (
        replace(whole_row, score=NONE), replace(whole_row, side="long"), replace(whole_row, controls="chart"),
        replace(whole_row, metric="open interest rank"), replace(whole_row, name="other"),
    )  # fmt: skip
    for other in others:
        said = ("insufficient evidence", "No liquidations are known to hold the map against.")
        assert judge_map([other], "kernel", ENOUGH, DEFAULTS) == said
