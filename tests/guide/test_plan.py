"""Levels, scenarios, size and stance: every level on its right side, nothing larger than modest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from reportgen.config.assumptions import DEFAULTS
from reportgen.guide.confluence import find_confluence
from reportgen.guide.context import Context
from reportgen.guide.plan import Condition, Plan, Scenario, ZonePlan
from reportgen.guide.plan.writing import slippage, write_plan
from reportgen.guide.zones.geometry import far_edge, near_edge, outward
from reportgen.market.data import Depth
from reportgen.units import Missing, Price, Side
from tests.guide.readings import (
    ATR,
    PRICE,
    context,
    event,
    level,
    mirrored,
    nothing,
    positioning,
    quality,
    reflect,
    structure,
    zone,
)
from tests.guide.readings_grid import any_context


def conflicting(market: Context) -> Context:
    """Put an uptrend under crowded longs."""
    return replace(market, structure=structure(trend="up"), positioning=positioning(crowded_side=Side.LONG))


def plan_of(market: Context) -> Plan:
    """Write the plan of a market."""
    return write_plan(market, find_confluence(market))


def close_of(conditions: tuple[Condition, ...]) -> Price:
    """Give the price that a close must cross."""
    return next(one.level for one in conditions if one.kind.startswith("closes_") and one.level is not None)


def first(market: Context) -> ZonePlan:
    """Give the plan of the first zone."""
    return plan_of(market).zones[0]


@given(any_context())
def test_every_level_is_on_its_right_side(market: Context) -> None:
    """Outward from the price: alert before the edge, entry ahead, de-risk beyond both, invalidation back inside."""
    plans = plan_of(market).zones
    zones = [one for one in market.zones if market.atr is not None]
    for one, plan in zip(zones, plans, strict=True):
        sign, entry = outward(one.side), close_of(plan.entry)
        edge = far_edge(one) if one.price_inside else near_edge(one)
        assert sign * market.price <= sign * plan.alert <= sign * edge
        assert sign * entry > sign * market.price
        assert sign * plan.de_risk > max(sign * entry, sign * far_edge(one))
        assert sign * plan.invalidation < sign * near_edge(one)
        assert sign * plan.invalidation < sign * entry
        assert min(plan.alert, plan.invalidation, plan.de_risk) > 0


@given(any_context())
def test_the_plan_is_the_same_upside_down(market: Context) -> None:
    """A mirrored market gives mirrored levels, the same gaps, stance and size."""
    here, there = plan_of(market), plan_of(mirrored(market))
    assert (here.stance.kind, here.sizing) == (there.stance.kind, there.sizing)
    for one, two in zip(here.zones, there.zones, strict=True):
        assert two.alert == pytest.approx(reflect(one.alert))
        assert two.invalidation == pytest.approx(reflect(one.invalidation))
        assert two.de_risk == pytest.approx(reflect(one.de_risk))
        assert close_of(two.entry) == pytest.approx(reflect(close_of(one.entry)))
        assert type(one.cascade_gap_atr) is type(two.cascade_gap_atr)
        if not isinstance(one.cascade_gap_atr, Missing):
            assert two.cascade_gap_atr == pytest.approx(one.cascade_gap_atr)
    mirror_levels = [part.level for part in there.scenarios.bearish.trigger if part.level is not None]
    levels = [reflect(part.level) for part in here.scenarios.bullish.trigger if part.level is not None]
    assert levels == pytest.approx(mirror_levels)


def test_an_isolated_zone_is_entered_beyond_its_far_edge() -> None:
    """Without a chart level the close must clear the whole band, and the alert stands a quarter of ATR before it."""
    one = zone("A", "above", 1.2)
    plan = first(context(zones=(one,)))
    assert close_of(plan.entry) == one.high
    assert plan.alert == pytest.approx(one.low - DEFAULTS.plan_alert_atr * ATR)
    assert [part.kind for part in plan.entry] == ["trades_into", "closes_above", "volume_expands"]


def test_an_aligned_level_is_the_line_to_close_beyond() -> None:
    """With resistance in line with the band, the close beyond it counts, and losing it again makes the idea wrong."""
    resistance = level("above", 1.1)
    market = context(zones=(zone("A", "above", 1.2),), structure=structure(resistances=(resistance,)))
    plan = first(market)
    assert close_of(plan.entry) == resistance.price
    assert plan.invalidation < resistance.price
    assert "closes above resistance" in plan.if_then
    assert "do not chase" in plan.if_then


def test_the_first_de_risk_is_the_next_cluster_then_the_next_level_then_a_range() -> None:
    """Each fallback is used only when the one before it is not there, and the plan says which it is."""
    near, beyond, resistance = zone("A", "above", 1.0), zone("C", "above", 2.0), level("above", 1.8)
    chart = structure(resistances=(resistance,))
    by_cluster = first(context(zones=(near, beyond), structure=chart))
    by_level = first(context(zones=(near,), structure=chart))
    by_range = first(context(zones=(near,)))
    assert (by_cluster.de_risk, by_cluster.de_risk_is) == (beyond.low, "near edge of zone C")
    assert (by_level.de_risk, by_level.de_risk_is) == (resistance.price, "resistance 97\u202f000")
    assert by_range.de_risk == pytest.approx(near.high + ATR)
    assert by_range.de_risk_is == "1.0\u202fATR beyond the band"


@pytest.mark.parametrize(("gap", "word"), [(0.5, "higher"), (1.5, "medium"), (3.0, "lower")])
def test_a_closer_second_cluster_means_more_cascade_risk(gap: float, word: str) -> None:
    """The gap from the first to the second cluster is measured in ATR and worded as risk."""
    plan = first(context(zones=(zone("A", "above", 1.0, width=0.3), zone("C", "above", 1.3 + gap))))
    assert plan.cascade_gap_atr == pytest.approx(gap)
    assert word in plan.cascade


def test_no_second_cluster_is_said_and_not_measured() -> None:
    """Without a cluster beyond, the gap is Missing with its reason."""
    plan = first(context())
    assert isinstance(plan.cascade_gap_atr, Missing)
    assert "No further cluster" in plan.cascade_gap_atr.reason


def test_an_alert_never_stands_behind_the_price() -> None:
    """Very near a zone the alert halves the way; inside one it looks at the far edge."""
    near = first(context(zones=(zone("A", "above", 0.1),)))
    inside = first(context(zones=(zone("A", "above", -0.1, width=0.4),)))
    assert near.alert == pytest.approx(PRICE + 0.05 * ATR)
    assert PRICE < inside.alert < PRICE + 0.3 * ATR
    assert "is inside" in inside.if_then


def test_an_event_turns_the_plan_into_a_post_event_map() -> None:
    """Every response waits, every trigger names the event, and the size is smaller."""
    calm, eventful = plan_of(context()), plan_of(context(events=(event("FOMC decision", 3.0),)))
    assert eventful.stance.kind == "wait for event"
    assert "post-event map" in eventful.stance.text
    assert all(
        one.post_event and one.if_then.startswith("After FOMC decision has passed: if") for one in eventful.zones
    )
    assert all(one.entry[0].kind == "event_passed" for one in eventful.zones)
    assert eventful.scenarios.bearish.trigger[0].kind == "event_passed"
    assert eventful.sizing.risk_fraction < calm.sizing.risk_fraction
    assert not any(one.post_event for one in calm.zones)


def test_an_event_beyond_the_horizon_changes_nothing_but_the_checklist() -> None:
    """Only what falls inside the horizon overrides the plan."""
    assert plan_of(context(events=(event(hours=40, inside=False),))) == plan_of(context())


def test_layers_that_conflict_stand_aside() -> None:
    """An uptrend with crowded longs is no setup: stand aside, at half the size, and say why."""
    plan = plan_of(conflicting(context()))
    assert plan.stance.kind == "stand aside"
    assert "conflict" in plan.stance.text
    assert plan.sizing.factor == DEFAULTS.size_conflict


def test_no_dense_zone_is_observed_and_still_has_two_scenarios() -> None:
    """Without a zone the scenarios come from the chart, and say that no fuel is mapped."""
    market = context(
        zones=(),
        no_dense_zone=(nothing("above"), nothing("below")),
        structure=structure(resistances=(level("above", 1.0), level("above", 2.0)), supports=(level("below", 1.0),)),
    )
    plan = plan_of(market)
    assert plan.stance.kind == "observe"
    assert plan.zones == ()
    assert "resistance 95\u202f000" in plan.scenarios.bullish.text
    assert "resistance 97\u202f500" in plan.scenarios.bullish.text
    assert "no dense zone lies below within 15" in plan.scenarios.bearish.text


@pytest.mark.parametrize("grade", ["High", "Medium", "Low", "None"])
def test_each_event_conflict_and_lost_book_makes_the_size_smaller(grade: str) -> None:
    """Whatever the map quality, a further reason never enlarges, and the ceiling holds for every symbol."""
    base = context(map_quality=quality(grade=grade))
    worse = (
        replace(base, events=(event(),)),
        conflicting(base),
        replace(base, map_quality=replace(base.map_quality, depth=Missing("no order book"))),
    )
    size = plan_of(base).sizing
    assert size.risk_fraction <= DEFAULTS.risk_ceiling
    for market in worse:
        smaller = plan_of(market).sizing
        assert smaller.factor < size.factor
        assert len(smaller.reasons) == len(size.reasons) + 1
        assert smaller.reasons[-1] in smaller.text


def test_a_worse_map_means_a_smaller_size() -> None:
    """From High to None each grade leaves less."""
    factors = [plan_of(context(map_quality=quality(grade=grade))).sizing.factor for grade in ("High", "Medium", "Low")]
    assert factors[0] == 1.0
    assert factors == sorted(factors, reverse=True)
    assert len(set(factors)) == 3


def test_slippage_grows_as_depth_shrinks() -> None:
    """Half the depth slips twice as much; the thinner side decides; an empty book has no bound."""
    deep = Depth(within=0.005, bid_quote=4e6, ask_quote=9e6, time_ms=0, venue="okx")
    thin = replace(deep, bid_quote=2e6)
    assert slippage(thin, 5e4) == pytest.approx(2 * slippage(deep, 5e4))
    assert slippage(replace(deep, ask_quote=4e6), 5e4) == slippage(deep, 5e4)
    assert slippage(replace(deep, bid_quote=0.0), 5e4) == float("inf")


@pytest.mark.parametrize(
    ("resting", "words"),
    [(4e7, "slippage is small"), (2e5, "prefer limit orders"), (2e4, "larger than all that rests")],
)
def test_the_slippage_note_hardens_as_the_book_thins(resting: float, words: str) -> None:
    """A deep book, a thin one and one that can't fill the order read differently."""
    depth = Depth(within=0.005, bid_quote=resting, ask_quote=resting, time_ms=0, venue="okx")
    assert words in plan_of(context(map_quality=quality(depth=depth))).sizing.slippage_text


def test_an_unknown_book_is_said() -> None:
    """Without an order book the note gives the reason instead of a number."""
    sizing = plan_of(context(map_quality=quality(depth=Missing("The folder has no order book.")))).sizing
    assert "The folder has no order book." in sizing.slippage_text
    assert "unknown order-book depth" in sizing.reasons


def test_a_scenario_starts_at_the_first_level_on_the_way() -> None:
    """With resistance between price and zone its break comes first; the zone's own plan still waits at the band."""
    market = context(structure=structure(resistances=(level("above", 0.4),)))
    plan = plan_of(market)
    assert close_of(plan.scenarios.bullish.trigger) == level("above", 0.4).price
    assert close_of(plan.zones[0].entry) == market.zones[0].high
    assert "the next dense zone is A" in plan.scenarios.bullish.text


@given(any_context())
def test_both_scenarios_are_always_written(market: Context) -> None:
    """Whatever is missing, one bullish and one bearish text stand there, and each starts from a condition."""
    scenarios = plan_of(market).scenarios
    for scenario, word in ((scenarios.bullish, "above"), (scenarios.bearish, "below")):
        assert isinstance(scenario, Scenario)
        assert " if " in f" {scenario.text.lower()}"
        assert word in scenario.text


def test_levels_come_from_the_zones_when_the_chart_is_missing() -> None:
    """A typical range is implied by the zones' own distances, so a missing structure still leaves a plan."""
    with_chart, without = first(context()), first(context(structure=Missing("too little history")))
    assert without.alert == pytest.approx(with_chart.alert)
    assert without.de_risk == pytest.approx(with_chart.de_risk)


def test_without_any_range_there_is_no_level() -> None:
    """When nothing gives a typical range the zone has no plan, and the scenario still names its far edge."""
    one = zone("A", "above", -0.1)
    plan = plan_of(context(zones=(one,), no_dense_zone=(nothing("below"),), structure=Missing("too little history")))
    assert plan.zones == ()
    assert close_of(plan.scenarios.bullish.trigger) == one.high
    assert "wait for the chart" in plan.scenarios.bearish.text
