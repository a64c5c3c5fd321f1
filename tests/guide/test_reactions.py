"""The distance model's shares, and the evidence beside them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen import notation
from reportgen.config.assumptions import DEFAULTS
from reportgen.guide.context import Context
from reportgen.guide.reactions import (
    Evidence,
    Outcome,
    Shares,
    distance_shares,
    held_out_touch,
    shares_source,
)
from reportgen.guide.reactions.evidence import gather_evidence, leaning, read_reactions
from reportgen.guide.structure import Sweep, TakerFlow
from reportgen.guide.zones import Zone
from reportgen.liquidation.cone import touch_probability
from reportgen.units import Missing, Side
from tests.guide.readings import (
    ATR,
    PRICE,
    context,
    event,
    funding,
    level,
    mirrored,
    open_interest,
    positioning,
    quality,
    structure,
    zone,
)
from tests.guide.readings_grid import any_context

ABOVE = zone("A", "above", 1.2)


def shares(distance: float) -> Shares:
    """Look up the shares at a distance."""
    found = distance_shares(distance, 24.0, DEFAULTS)
    assert isinstance(found, Shares)
    return found


def argued(market: Context, one: Zone = ABOVE) -> dict[str, Evidence]:
    """Gather a zone's evidence by feature."""
    return {evidence.feature: evidence for evidence in gather_evidence(one, market)}


@given(st.floats(0, 50))
def test_shares_are_a_whole(distance: float) -> None:
    """The four shares add up to exactly 1 and none is negative, at every distance."""
    row = shares(distance)
    assert row.reject + row.tap_continue + row.front_run + row.ignore == 1.0
    assert min(row.reject, row.tap_continue, row.front_run, row.ignore) >= 0


@pytest.mark.parametrize(
    ("distance", "hours", "expected"),
    [
        (0.0, 24.0, (0.73, 0.27, 0.0, 0.0)),
        (0.5, 24.0, (0.4195, 0.1552, 0.1368, 0.2885)),
        (1.0, 24.0, (0.2411, 0.0892, 0.0753, 0.5945)),
        (1.0, 6.0, (0.0796, 0.0294, 0.1001, 0.7908)),
        (1.0, 48.0, (0.3335, 0.1233, 0.0611, 0.4821)),
        (2.7, 24.0, (0.0366, 0.0136, 0.0030, 0.9468)),
        (19.0, 24.0, (0.0, 0.0, 0.0, 1.0)),
    ],
)
def test_the_shares_at_some_distances_and_horizons(
    distance: float, hours: float, expected: tuple[float, float, float, float]
) -> None:
    """The measured formula, worked by hand; no distance is the last, and 2.7 and 19 usual days are told apart."""
    row = distance_shares(distance, hours, DEFAULTS)
    assert isinstance(row, Shares)
    assert (row.reject, row.tap_continue, row.front_run, row.ignore) == pytest.approx(expected, abs=1e-4)


def test_a_far_share_is_printed_honestly() -> None:
    """Less than one in a hundred says so, and never rounds to none."""
    assert notation.share(touch_probability(4.5, 24.0, DEFAULTS) or 0.0) == "<1\u202f%"
    assert notation.share(shares(4.5).ignore) == ">99\u202f%"


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (3.9, "measured for 4 to 48\u202fh only, so their error at 3.9\u202fh is not known"),
        (4.0, "held out they were right within 4\u202f% at 4\u202fh"),
        (48.0, "held out they were right within 4\u202f% at 48\u202fh"),
        (48.1, "measured for 4 to 48\u202fh only, so their error at 48.1\u202fh is not known"),
    ],
)
def test_the_source_states_the_error_inside_the_measured_horizons(hours: float, words: str) -> None:
    """Every horizon has shares; what is known of their error ends at the horizons that were measured."""
    source = shares_source(hours, DEFAULTS)
    assert source == (
        f"by distance in usual days and by horizon, fitted on 7 symbols over 153 days; {words}; the features beside "
        "them do not change them"
    )


def test_the_source_says_when_the_cone_gives_the_shares() -> None:
    """It names where that was measured, and that no unseen days have scored it."""
    source = shares_source(24.0, DEFAULTS, by_cone=True)
    assert "the cone's range for 24\u202fh" in source
    assert "within 4\u202f%" in source
    assert "no unseen days" in source


@given(st.floats(0, 6), st.floats(0, 6))
def test_farther_zones_are_touched_less_often(one: float, two: float) -> None:
    """The probability of touch never grows with distance."""
    near, far = sorted((one, two))
    first, second = touch_probability(near, 24.0, DEFAULTS), touch_probability(far, 24.0, DEFAULTS)
    assert first is not None
    assert second is not None
    assert first >= second


@pytest.mark.parametrize("distance", [math.nan, -0.1, math.inf])
def test_a_distance_that_is_none_has_no_share(distance: float) -> None:
    """Without a distance there are no shares and no probability of touch."""
    assert isinstance(distance_shares(distance, 24.0, DEFAULTS), Missing)
    assert touch_probability(distance, 24.0, DEFAULTS) is None


def test_touch_is_reject_or_continue() -> None:
    """A tapped zone is rejected or continued: the two shares add up to the probability of touch."""
    row = shares(0.7)
    assert touch_probability(0.7, 24.0, DEFAULTS) == pytest.approx(row.reject + row.tap_continue)


def test_price_inside_a_zone_is_not_an_event() -> None:
    """A zone that the price stands in has no shares, but says why; the other zone keeps its own."""
    market = context(zones=(zone("A", "above", -0.1), zone("B", "below", 1.0)))
    inside, outside = read_reactions(market)
    assert isinstance(inside.shares, Missing)
    assert "inside" in inside.shares.reason
    assert inside.evidence == ()
    assert isinstance(outside.shares, Shares)


def test_evidence_never_tilts_the_shares() -> None:
    """However loud the features, the shares stay the distance model's."""
    quiet = context()
    loud = context(
        structure=structure(trend="up", momentum=3.0, volume="expanding", regime="expanding"),
        positioning=positioning(open_interest=open_interest(trend="rising"), crowded_side=Side.SHORT),
        events=(event(),),
    )
    assert [r.shares for r in read_reactions(quiet)] == [r.shares for r in read_reactions(loud)]
    assert [r.sample_size for r in read_reactions(loud)] == [11_096, 11_096]


@pytest.mark.parametrize(
    ("change", "feature", "outcome", "supports"),
    [
        ({"trend": "up", "trend_strength": 0.5}, "trend", "continue", True),
        ({"trend": "down", "trend_strength": -0.5}, "trend", "reject", True),
        ({"momentum": 2.0}, "momentum", "continue", True),
        ({"momentum": -2.0}, "momentum", "ignore", True),
        ({"momentum": 3.0, "exhausted": True}, "exhaustion", "reject", True),
        ({"volume": "expanding"}, "volume", "continue", True),
        ({"volume": "contracting"}, "volume", "reject", True),
        ({"regime": "compressed"}, "regime", "ignore", True),
        ({"regime": "expanding"}, "regime", "ignore", False),
        ({"relative_strength": 0.05}, "relative strength", "continue", True),
        ({"relative_strength": -0.05}, "relative strength", "continue", False),
        ({"resistances": (level("above", 1.1),)}, "chart level", "ignore", False),
        ({"resistances": (level("above", 0.5),)}, "chart level on the way", "front_run", True),
    ],
)
def test_the_chart_argues_as_the_guide_says(change: dict, feature: str, outcome: str, supports: bool) -> None:  # type: ignore[type-arg]  # noqa: FBT001 - a table's column
    """Each chart feature speaks for or against the outcome that the guide links it with, for a zone above."""
    found = argued(context(structure=structure(**change)))[feature]
    assert (found.outcome, found.supports) == (outcome, supports)


@pytest.mark.parametrize(
    ("now", "feature", "supports"),
    [
        (positioning(open_interest=open_interest(trend="rising", change_24h=0.04)), "open interest", True),
        (
            positioning(open_interest=open_interest(trend="falling", change_24h=-0.1, flush=True)),
            "open interest",
            False,
        ),
        (positioning(open_interest=open_interest(elevated=True, percentile=0.95)), "open interest", True),
        (positioning(crowded_side=Side.SHORT), "funding", True),
        (positioning(crowded_side=Side.LONG, funding=funding(extreme=True)), "funding", False),
    ],
)
def test_positioning_argues_about_continuation(now: object, feature: str, supports: bool) -> None:  # noqa: FBT001 - a table's column
    """Building positions and a crowd that the zone would liquidate argue for continue; a flush argues against it."""
    found = argued(context(positioning=now))[feature]
    assert (found.outcome, found.supports) == ("continue", supports)


def test_the_second_cluster_argues_by_its_distance() -> None:
    """Near means follow-through, far means none, between says nothing."""

    def second(gap: float) -> dict[str, Evidence]:
        first = zone("A", "above", 1.2, width=0.3)
        return argued(context(zones=(first, zone("C", "above", 1.5 + gap))), first)

    assert second(0.5)["next cluster"].supports
    assert not second(3.0)["next cluster"].supports
    assert "next cluster" not in second(1.5)
    assert second(0.5)["next cluster"].value == pytest.approx(0.5)


def test_events_and_gaps_argue_without_a_chart() -> None:
    """An event argues for ignore, gaps against a clean rejection, even when structure is missing."""
    market = context(structure=Missing("no candles"), events=(event(),), map_quality=quality(gap_risk=0.1))
    found = argued(market)
    assert (found["event"].outcome, found["event"].supports, found["event"].value) == ("ignore", True, 6.0)
    assert (found["gap risk"].outcome, found["gap risk"].supports) == ("reject", False)


def test_a_sweep_on_the_zone_side_argues_for_rejection() -> None:
    """A prior high that was swept and given back speaks against the zone above, not against the one below."""
    sweep = Sweep(level=PRICE + ATR, where="above", time_ms=0, extreme=PRICE + ATR + 90)
    market = context(structure=structure(sweep=sweep))
    assert argued(market)["sweep"].outcome == "reject"
    assert argued(market)["sweep"].text == "the prior high 95\u202f000 was swept to 95\u202f090 and given back"
    assert "sweep" not in argued(market, zone("B", "below", 1.2))


@pytest.mark.parametrize(
    ("bias", "outcome", "way"), [("buyers", "continue", "into"), ("sellers", "reject", "away from")]
)
def test_takers_argue_by_their_side(bias: Literal["buyers", "sellers"], outcome: str, way: str) -> None:
    """Those who cross the spread toward the zone carry the move, those who cross it the other way do not."""
    taker = TakerFlow(share=0.55, percentile=0.9, bias=bias)
    found = argued(context(structure=structure(taker=taker)))["taker flow"]
    assert found.outcome == outcome
    assert found.text == f"takers are {bias}, 55.0\u202f% of volume bought (90th percentile), {way} the zone"
    balanced = structure(taker=TakerFlow(share=0.5, percentile=0.5, bias="balanced"))
    assert "taker flow" not in argued(context(structure=balanced))


def says(outcome: Outcome, *votes: bool) -> list[Evidence]:
    """Make arguments for (True) and against (False) an outcome."""
    return [Evidence(outcome=outcome, supports=vote, feature="f", value=1.0, text="t") for vote in votes]


@pytest.mark.parametrize(
    ("evidence", "lean"),
    [
        (says("continue", True), None),
        (says("continue", True, True), "continue"),
        (says("continue", True, True, False), None),
        (says("continue", True, True) + says("reject", True, True), None),
        (says("continue", True, True) + says("reject", True, True, True), "reject"),
        (says("ignore", False, False), None),
    ],
)
def test_evidence_leans_from_two_more_for_than_against(evidence: list[Evidence], lean: Outcome | None) -> None:
    """The count decides: for minus against, from two on, and alone at the top."""
    assert leaning(evidence, 2) == lean


def test_step_four_is_answered_in_one_line() -> None:
    """The reader is told what the evidence argues for, by its count and features, beside what the shares say."""
    chart = structure(trend="up", trend_strength=0.42, volume="expanding", volume_ratio=1.8)
    above, below = read_reactions(context(structure=chart))
    assert above.leans_to == "continue"
    assert above.answer == (
        "Evidence leans to tap and continue (2 for, 0 against): the 4h trend is up (+0.42), into the zone; volume "
        "1.8\u00d7 its median, expanding; shares say ignore 68\u202f%."
    )
    assert below.leans_to is None
    assert below.answer == "Evidence leans to none of the four; shares say ignore 68\u202f%."
    inside = read_reactions(context(zones=(zone("A", "above", -0.1),)))[0]
    assert (inside.leans_to, inside.answer) == (None, "")


@given(any_context())
def test_evidence_is_the_same_upside_down(market: Context) -> None:
    """A market and its mirror image argue for the same outcomes with the same force."""
    if any(side.price_inside for side in market.zones):
        market = replace(market, zones=())
    here, there = read_reactions(market), read_reactions(mirrored(market))
    for one, two in zip(here, there, strict=True):
        assert one.shares == two.shares
        assert [(e.feature, e.outcome, e.supports) for e in one.evidence] == [
            (e.feature, e.outcome, e.supports) for e in two.evidence
        ]


@pytest.mark.parametrize(
    ("distance", "words"),
    [(0.0, "0 to 0.25 usual days away were touched within 24\u202fh in 89\u202f%"),
     (1.0, "1 to 1.5 usual days away were touched within 24\u202fh in 24\u202f%"),
     (5.0, "over 5 usual days away were touched within 24\u202fh in <1\u202f%")],
)  # fmt: skip
def test_held_out_figures_stand_beside_the_shares(distance: float, words: str) -> None:
    """What came on days that the shares were not fitted on is printed for the zone's own distance."""
    assert held_out_touch(distance, DEFAULTS) == f"held out, zones {words} of cases"
    market = context(zones=(zone("A", "above", max(distance, 0.01)),), no_dense_zone=())
    assert read_reactions(market)[0].held_out == held_out_touch(max(distance, 0.01), DEFAULTS)
