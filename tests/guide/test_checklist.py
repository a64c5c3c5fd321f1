"""The routine in the guide's order, the seven inputs, and whether the layers agree."""

from __future__ import annotations

import pytest
from hypothesis import given

from reportgen.guide.checklist import read_inputs, walk_checklist
from reportgen.guide.confluence import find_confluence
from reportgen.guide.context import Context
from reportgen.guide.plan.writing import write_plan
from reportgen.guide.positioning import Positioning
from reportgen.units import Missing, Side
from tests.guide.readings import (
    context,
    event,
    funding,
    level,
    mirrored,
    nothing,
    open_interest,
    positioning,
    structure,
    zone,
)
from tests.guide.readings_grid import any_context, everything

EMPTY = (nothing("above"), nothing("below"))


def line(market: Context, step: int) -> tuple[str, str]:
    """Give the reading and verdict of one step."""
    found = walk_checklist(market, write_plan(market, find_confluence(market)))[step - 1]
    return found.reading, found.verdict


def verdict(market: Context, name: str) -> str:
    """Give the verdict of one of the seven inputs."""
    return next(one.verdict for one in read_inputs(market) if one.name == name)


def test_the_routine_stands_in_the_guides_order() -> None:
    """Zones, chart, open interest, funding, events, scenarios, alerts: steps 1 to 7."""
    lines = everything(context()).checklist
    assert [one.step for one in lines] == [1, 2, 3, 4, 5, 6, 7]
    names = ["Nearest zones", "Structure", "Open interest", "Funding", "Event risk", "Scenarios", "Alerts"]
    assert [one.name for one in lines] == names


def test_the_inputs_stand_in_the_guides_order() -> None:
    """Clusters, trend, open interest, funding, levels, volume, catalysts."""
    names = ["Price vs clusters", "Trend", "Open interest", "Funding", "Support, resistance", "Volume", "Catalysts"]
    assert [one.name for one in read_inputs(context())] == names


def test_near_zones_add_far_ones_do_not_and_none_eases() -> None:
    """Zone risk grows with nearness; no dense zone is a normal answer that eases."""
    far = context(zones=(zone("A", "above", 3.0),), no_dense_zone=(nothing("below"),))
    none = context(zones=(), no_dense_zone=EMPTY)
    assert [line(market, 1)[1] for market in (context(), far, none)] == ["adds", "neutral", "eases"]
    assert "no dense zone within 15\u202f%" in line(none, 1)[0]
    assert "1.2\u202fATR above" in line(context(), 1)[0]


@pytest.mark.parametrize(
    ("trend", "expected"),
    [("up", "adds"), ("sideways", "neutral"), ("down", "eases")],
)
def test_a_trend_adds_when_it_leads_into_a_zone(trend: str, expected: str) -> None:
    """Up into a zone above adds; down, where nothing lies, eases; sideways does neither."""
    market = context(
        zones=(zone("A", "above", 1.0),), no_dense_zone=(nothing("below"),), structure=structure(trend=trend)
    )
    assert verdict(market, "Trend") == expected


def test_a_level_in_line_with_a_zone_adds() -> None:
    """Clusters aligned with chart levels matter more than isolated ones."""
    aligned = context(structure=structure(resistances=(level("above", 1.1),)))
    isolated = context(structure=structure(resistances=(level("above", 0.3),)))
    assert verdict(aligned, "Support, resistance") == "adds"
    assert verdict(isolated, "Support, resistance") == "neutral"
    assert "resistance 95\u202f250" in line(aligned, 2)[0]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"trend": "rising"}, "adds"),
        ({"trend": "flat"}, "neutral"),
        ({"trend": "flat", "elevated": True}, "adds"),
        ({"trend": "falling"}, "eases"),
        ({"trend": "falling", "flush": True}, "eases"),
    ],
)
def test_open_interest_adds_when_it_builds(changes: dict, expected: str) -> None:  # type: ignore[type-arg]
    """Rising or elevated open interest adds, a fall eases, and both pages agree on it."""
    market = context(positioning=positioning(open_interest=open_interest(**changes)))
    assert line(market, 3)[1] == expected
    assert verdict(market, "Open interest") == expected


def test_funding_says_mild_or_stretched() -> None:
    """The guide's question, only mildly positive or already stretched, is answered in words and number."""
    mild = context()
    stretched = context(positioning=positioning(funding=funding(rate_8h=0.0009, extreme=True, turned_extreme=True)))
    assert line(mild, 4) == ("+0.010\u202f% per 8\u202fh, longs pay, mild; 60th percentile", "neutral")
    reading, found = line(stretched, 4)
    assert "+0.090\u202f%" in reading
    assert "stretched, turned from neutral" in reading
    assert found == "adds"


@pytest.mark.parametrize(
    ("volume", "expected"), [("expanding", "adds"), ("steady", "neutral"), ("contracting", "eases")]
)
def test_volume_adds_when_it_expands(volume: str, expected: str) -> None:
    """Expanding volume adds, contracting volume eases."""
    assert verdict(context(structure=structure(volume=volume)), "Volume") == expected


def test_an_event_inside_the_horizon_adds_and_one_beyond_is_only_named() -> None:
    """Event risk is counted inside the horizon; what comes later stands there with its countdown."""
    inside = context(events=(event(hours=6.0), event("ETF ruling", 9.0)))
    later = context(events=(event("ETF ruling", 40.0, inside=False),))
    reading, found = line(inside, 5)
    assert "US CPI in 6\u202fh" in reading
    assert "1 more" in reading
    assert found == "adds"
    assert line(later, 5) == ("none listed within 24\u202fh; next ETF ruling in 1\u202fd 16\u202fh", "neutral")


def test_the_last_two_lines_name_the_levels() -> None:
    """Scenarios name the closes they wait for, alerts their prices."""
    assert line(context(), 6)[0] == "bullish above 96\u202f250, bearish below 88\u202f750"
    assert line(context(), 7)[0] == "at 94\u202f875 (A above), 90\u202f125 (B below)"


def test_missing_inputs_read_as_not_available() -> None:
    """What is missing says n/a with its reason, and its verdict is unknown."""
    gone = Missing("Bybit refused (HTTP 403).")
    market = context(zones=(), structure=gone, positioning=gone, map_missing=gone)
    for one in read_inputs(market)[:6]:
        assert (one.reading, one.verdict) == ("n/a: Bybit refused (HTTP 403)", "unknown")
    assert [one.verdict for one in everything(market).checklist] == [*["unknown"] * 4, "neutral", "unknown", "unknown"]


def test_three_layers_agree_in_the_second_example() -> None:
    """A downtrend, longs below and crowded longs all lean down."""
    market = context(
        zones=(zone("B", "below", 0.6),),
        no_dense_zone=(nothing("above"),),
        structure=structure(trend="down"),
        positioning=positioning(crowded_side=Side.LONG),
    )
    found = find_confluence(market)
    assert (found.lean, found.agree, found.conflict) == ("down", 3, False)


def test_the_nearer_and_larger_zone_makes_the_maps_lean() -> None:
    """Equal zones balance; nearer or larger ones lean; a lone zone leans to its side."""

    def lean(above: float, share: float) -> str:
        zones = (zone("A", "above", above, share=share), zone("B", "below", 1.2))
        return find_confluence(context(zones=zones)).map_lean

    assert lean(1.2, 0.1) == "none"
    assert lean(0.4, 0.1) == "up"
    assert lean(1.2, 0.3) == "up"
    assert lean(4.0, 0.1) == "down"
    alone = context(zones=(zone("B", "below", 2.0),), no_dense_zone=(nothing("above"),))
    assert find_confluence(alone).map_lean == "down"


def test_a_zone_out_of_reach_makes_no_lean() -> None:
    """A zone that price seldom reaches within the horizon says nothing about today, however large."""
    far = context(zones=(zone("A", "above", 5.3, share=0.5),), no_dense_zone=(nothing("below"),))
    assert find_confluence(far).map_lean == "none"
    read = everything(far).read[0]
    assert "far, A 5.3\u202fATR above" in read
    assert "13\u202f% of zones that far within 24\u202fh" in read


@pytest.mark.parametrize(
    ("now", "lean"),
    [
        (positioning(), "none"),
        (positioning(crowded_side=Side.LONG), "down"),
        (positioning(crowded_side=Side.SHORT), "up"),
        (positioning(funding=Missing("none")), "unknown"),
        (Missing("none"), "unknown"),
    ],
)
def test_positioning_leans_against_the_crowd(now: Positioning | Missing, lean: str) -> None:
    """Crowded longs lean down, crowded shorts up; without funding nobody can tell."""
    assert find_confluence(context(positioning=now)).positioning_lean == lean


@given(any_context())
def test_confluence_is_the_same_upside_down(market: Context) -> None:
    """A mirrored market leans the other way, with as many layers and the same conflict."""
    turned = {"up": "down", "down": "up", "none": "none", "unknown": "unknown"}
    here, there = find_confluence(market), find_confluence(mirrored(market))
    assert turned[here.lean] == there.lean
    assert (here.agree, here.conflict) == (there.agree, there.conflict)
    leans = {here.map_lean, here.structure_lean, here.positioning_lean}
    assert here.conflict == ({"up", "down"} <= leans)


@given(any_context())
def test_verdicts_do_not_depend_on_direction(market: Context) -> None:
    """Zone risk is the same for a market and its mirror image, in the routine and on the strip."""
    here, there = everything(market), everything(mirrored(market))
    assert [one.verdict for one in here.checklist] == [one.verdict for one in there.checklist]
    assert [one.verdict for one in here.inputs] == [one.verdict for one in there.inputs]
