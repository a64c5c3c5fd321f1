"""The distance model's shares, and the evidence beside them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.config.assumptions import DEFAULTS
from reportgen.guide.context import Context
from reportgen.guide.reactions import Evidence, Shares, distance_shares, touch_probability
from reportgen.guide.reactions.evidence import gather_evidence, read_reactions
from reportgen.guide.structure import Sweep
from reportgen.guide.zones import Zone
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
    assert min(row.reject, row.tap_continue, row.front_run, row.ignore) > 0


@pytest.mark.parametrize("band", range(6))
def test_each_band_gives_its_own_measured_row(band: int) -> None:
    """From a band's first distance on, the printed row holds to within its rounding."""
    start = (0.0, *DEFAULTS.reaction_distance_edges)[band]
    row = shares(start)
    assert row.reject == pytest.approx(DEFAULTS.reaction_reject[band], abs=0.01)
    assert row.tap_continue == pytest.approx(DEFAULTS.reaction_continue[band], abs=0.01)
    assert row.front_run == pytest.approx(DEFAULTS.reaction_front_run[band], abs=0.01)
    assert row.ignore == pytest.approx(DEFAULTS.reaction_ignore[band], abs=0.01)
    if band:
        assert shares(math.nextafter(start, 0)) != row


@given(st.floats(0, 6), st.floats(0, 6))
def test_farther_zones_are_touched_less_often(one: float, two: float) -> None:
    """The probability of touch never grows with distance."""
    near, far = sorted((one, two))
    first, second = touch_probability(near, 24.0, DEFAULTS), touch_probability(far, 24.0, DEFAULTS)
    assert first is not None
    assert second is not None
    assert first >= second


@pytest.mark.parametrize(("distance", "hours"), [(1.0, 48.0), (1.0, 4.0), (math.nan, 24.0), (-0.1, 24.0)])
def test_what_was_not_measured_is_missing(distance: float, hours: float) -> None:
    """Another horizon, or a distance that is none, has no base rate and no probability of touch."""
    assert isinstance(distance_shares(distance, hours, DEFAULTS), Missing)
    assert touch_probability(distance, hours, DEFAULTS) is None


def test_touch_is_reject_or_continue() -> None:
    """A tapped zone is rejected or continued: the two shares add up to the probability of touch."""
    row = shares(0.7)
    assert touch_probability(0.7, 24.0, DEFAULTS) == row.reject + row.tap_continue


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
    assert [r.sample_size for r in read_reactions(loud)] == [2556, 2556]


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
    assert "sweep" not in argued(market, zone("B", "below", 1.2))


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
