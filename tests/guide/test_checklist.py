"""The routine in the guide's order, the seven inputs, and whether the layers agree."""

from __future__ import annotations

import pytest
from hypothesis import given

from reportgen.events.calendar import UnknownEvents
from reportgen.guide.checklist import alerts_since, read_inputs, walk_checklist
from reportgen.guide.confluence import find_confluence
from reportgen.guide.context import Context
from reportgen.guide.plan.writing import write_plan
from reportgen.guide.positioning import Positioning
from reportgen.guide.structure import Sweep
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
    surprise,
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


def test_likely_zones_add_far_ones_ease_and_none_eases() -> None:
    """Zone risk grows with the chance of a touch: from one half it adds, below a tenth it eases, as does no zone."""
    empty = context(zones=(), no_dense_zone=EMPTY)
    verdicts = {
        away: line(context(zones=(zone("A", "above", away),), no_dense_zone=(nothing("below"),)), 1)[1]
        for away in (0.62, 0.63, 2.07, 2.08)
    }
    assert verdicts == {0.62: "adds", 0.63: "neutral", 2.07: "neutral", 2.08: "eases"}
    assert line(empty, 1)[1] == "eases"
    assert "no dense zone within 15\u202f%" in line(empty, 1)[0]
    assert line(context(), 1)[0] == (
        "A 95\u202f500\u201396\u202f250, 3.2\u202f% above, 1.2 usual days; B 88\u202f750\u201389\u202f500, "
        "3.2\u202f% below, 1.2 usual days; map quality high"
    )


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


def test_the_last_two_lines_name_the_levels_with_their_chances() -> None:
    """Scenarios name the closes they wait for, how far and how likely met, and what the plans pay; alerts likewise."""
    reading, found = line(context(), 6)
    assert reading == (
        "bullish above 95\u202f500 (3.2\u202f% away, touched in 26\u202f%), bearish below 89\u202f500 "
        "(3.2\u202f% away, touched in 26\u202f%); A above pays 2.0 for 1; B below pays 2.0 for 1"
    )
    assert found == "neutral"
    assert line(context(), 7) == ("at 94\u202f875 (A above, 35\u202f%), 90\u202f125 (B below, 35\u202f%)", "neutral")


@pytest.mark.parametrize(
    ("above", "below", "expected"), [(0.6, 3.0, "adds"), (0.7, 3.0, "neutral"), (3.0, 2.2, "eases")]
)
def test_a_likely_trigger_adds_and_far_ones_ease(above: float, below: float, expected: str) -> None:
    """The line of scenarios changes with the nearer trigger: more likely met than not adds, out of reach eases."""
    chart = structure(resistances=(level("above", above),), supports=(level("below", below),))
    assert line(context(zones=(), no_dense_zone=EMPTY, structure=chart), 6)[1] == expected


def test_the_line_of_alerts_says_which_are_new() -> None:
    """An alert that stands farther than the least from all of the last brief's is new and adds; else none is."""
    market = context()
    plan = write_plan(market, find_confluence(market))
    lines = walk_checklist(market, plan)
    same = alerts_since(lines, plan.zones, plan.zones, decimals=0, least=375.0)
    new = alerts_since(lines, plan.zones, plan.zones[1:], decimals=0, least=375.0)
    assert same[-1].reading == f"{lines[-1].reading}; none new since the last brief"
    assert same[-1].verdict == lines[-1].verdict
    assert new[-1].reading == f"{lines[-1].reading}; new since the last brief: 94\u202f875 (A above)"
    assert new[-1].verdict == "adds"
    assert new[:-1] == same[:-1] == lines[:-1]


@pytest.mark.parametrize(
    ("rate", "percentile", "words"),
    [
        (0.0002, 0.5, "neutral, not stretched (inside 0.00 to 0.02\u202f%)"),
        (0.0000, 0.01, "neutral, not stretched (inside 0.00 to 0.02\u202f%, though rare for its history)"),
        (0.0000, 0.06, "neutral, not stretched (inside 0.00 to 0.02\u202f%)"),
    ],
)
def test_a_rate_near_the_baseline_is_neutral_at_any_percentile(rate: float, percentile: float, words: str) -> None:
    """Value and percentile both stand there; inside the band nothing is stretched, and rare is said at 5 %."""
    market = context(positioning=positioning(funding=funding(rate_8h=rate, bias="neutral", percentile=percentile)))
    reading, found = line(market, 4)
    assert words in reading
    assert found == "neutral"


def test_a_surprise_in_spot_money_is_a_catalyst() -> None:
    """A flow beyond its stated z adds to zone risk, on the strip and on the line of events, and can override."""
    market = context(flows=surprise())
    words = "a surprise in spot money: ETF flow +$1.20\u202fbn on 12 Jan, z 18.0"
    assert line(market, 5) == (f"{words}; can override the map", "adds")
    assert verdict(market, "Catalysts") == "adds"
    assert everything(market).read[0].startswith("Spot money surprised (ETF flow")


def test_dates_that_are_not_known_leave_the_catalysts_unknown() -> None:
    """A series that does not cover the horizon is no calm: the line is unknown and names it, beside what is known."""
    unknown = UnknownEvents(name="US CPI", weight="high", reason="Dates of US CPI are known from August 2026 only.")
    assert line(context(unknown_events=(unknown,)), 5) == ("not known within 24\u202fh: US CPI", "unknown")
    reading, found = line(context(unknown_events=(unknown,), events=(event("FOMC"),)), 5)
    assert reading == "FOMC in 6\u202fh; not known within 24\u202fh: US CPI; can override the map"
    assert found == "adds"


@pytest.mark.parametrize(
    ("lead", "words"),
    [
        (-0.021, "\u22122.1\u202f% against BTC over 7\u202fd, relative weakness: a breakdown meets fewer buyers"),
        (-0.019, "\u22121.9\u202f% against BTC over 7\u202fd, in line with it"),
        (0.03, "+3.0\u202f% against BTC over 7\u202fd, relative strength: a breakout meets fewer sellers"),
    ],
)
def test_a_lead_on_bitcoin_is_told_with_its_meaning(lead: float, words: str) -> None:
    """Relative weakness and strength stand on the line of the chart with what they mean for zones."""
    assert words in line(context(structure=structure(relative_strength=lead)), 2)[0]


def test_the_chart_line_says_what_was_swept() -> None:
    """A sweep is named as a high or a low, how far it went, and that it was given back."""
    sweep = Sweep(level=93_000.0, where="above", time_ms=0, extreme=93_400.0)
    reading = line(context(structure=structure(sweep=sweep)), 2)[0]
    assert "the prior high 93\u202f000 was swept to 93\u202f400 and given back" in reading


def test_missing_inputs_read_as_not_available() -> None:
    """What is missing says n/a with its reason, and its verdict is unknown."""
    gone = Missing("Bybit refused (HTTP 403).")
    market = context(zones=(), structure=gone, positioning=gone, map_missing=gone)
    for one in read_inputs(market)[:6]:
        assert (one.reading, one.verdict) == ("n/a: Bybit refused (HTTP 403)", "unknown")
    assert line(market, 7)[0] == "n/a: Neither a zone nor a chart level is known"
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


def test_the_nearest_zone_makes_the_maps_lean_and_mass_decides_at_like_distance() -> None:
    """Nearer by half a usual day leads whatever the mass; at like distance one half more mass leads; else none."""

    def lean(above: float, share: float) -> str:
        zones = (zone("A", "above", above, share=share), zone("B", "below", 1.2))
        return find_confluence(context(zones=zones)).map_lean

    assert lean(1.2, 0.1) == "none"
    assert lean(0.69, 0.01) == "up"
    assert lean(0.71, 0.1) == "none"
    assert lean(0.71, 0.151) == "up"
    assert lean(1.2, 0.149) == "none"
    assert lean(4.0, 0.5) == "down"
    alone = context(zones=(zone("B", "below", 2.0),), no_dense_zone=(nothing("above"),))
    assert find_confluence(alone).map_lean == "down"


def test_mass_against_distance_is_said() -> None:
    """Price 0.9 from A and 2.0 from a larger B: the Read favours A, and says that B holds more."""
    market = context(zones=(zone("A", "above", 0.9), zone("B", "below", 2.0, share=0.3)))
    read = everything(market).read[0]
    assert "favours an upside squeeze" in read
    assert read.endswith(
        "B holds more (30\u202f% of longs against 10\u202f%) but lies 5.4\u202f% below, 2.0 usual days: nearest first."
    )


def test_a_zone_out_of_reach_makes_no_lean() -> None:
    """A zone touched in fewer than one case in ten says nothing about today, however large; the Read says how few."""
    far = context(zones=(zone("A", "above", 5.3, share=0.5),), no_dense_zone=(nothing("below"),))
    assert find_confluence(far).map_lean == "none"
    assert everything(far).read[0] == (
        "No dense zone is in reach; the nearest, A 14.3\u202f% above, is touched within 24\u202fh in <1\u202f% of "
        "such cases, and 10\u202f% are asked for."
    )
    border = {
        away: find_confluence(context(zones=(zone("A", "above", away),), no_dense_zone=(nothing("below"),))).map_lean
        for away in (2.078, 2.079)
    }
    assert border == {2.078: "up", 2.079: "none"}


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
