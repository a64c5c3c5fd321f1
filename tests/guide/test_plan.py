"""Levels, scenarios, size and stance: every level on its right side, nothing larger than modest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from reportgen.config.assumptions import DEFAULTS
from reportgen.events.calendar import UnknownEvents
from reportgen.guide.confluence import find_confluence
from reportgen.guide.context import Context
from reportgen.guide.plan import Condition, Plan, Scenario, ZonePlan
from reportgen.guide.plan.writing import slippage, write_plan
from reportgen.guide.zones import near_edge, outward
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
    surprise,
    zone,
)
from tests.guide.readings_grid import any_context, everything


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
def test_every_level_is_on_its_right_side_and_both_scenarios_are_written(market: Context) -> None:
    """Outward from the price: alert before the edge, entry ahead, exit beyond it, invalidation back inside.

    Whatever is missing, one bullish and one bearish text stand there, and each starts from a condition.
    """
    written = plan_of(market)
    plans, scenarios = written.zones, written.scenarios
    for scenario, word in ((scenarios.bullish, "above"), (scenarios.bearish, "below")):
        assert isinstance(scenario, Scenario)
        assert " if " in f" {scenario.text.lower()}"
        assert word in scenario.text
    zones = [one for one in market.zones if market.atr is not None]
    for one, plan in zip(zones, plans, strict=True):
        sign, entry = outward(one.side), close_of(plan.entry)
        met_next = max(sign * market.price, sign * near_edge(one))
        assert sign * market.price <= sign * plan.alert <= max(met_next, sign * entry)
        assert sign * entry > sign * market.price
        assert sign * entry >= sign * near_edge(one)
        assert sign * plan.de_risk > sign * entry
        assert sign * plan.invalidation < sign * near_edge(one)
        assert sign * plan.invalidation < sign * entry
        assert min(plan.alert, plan.invalidation, plan.de_risk) > 0
        assert plan.line == entry
        assert plan.reward_to_risk is not None
        assert plan.reward_to_risk == pytest.approx(abs(plan.de_risk - entry) / abs(entry - plan.invalidation))
        assert bool(plan.no_trade) == (plan.reward_to_risk < DEFAULTS.plan_least_reward)
        assert plan.alert_touch is not None
        assert plan.entry_touch is not None
        assert plan.de_risk_touch is not None
        assert plan.alert_touch >= plan.entry_touch >= plan.de_risk_touch


@given(any_context())
def test_the_plan_is_the_same_upside_down(market: Context) -> None:
    """A mirrored market gives mirrored levels, the same gaps, stance and size."""
    here, there = plan_of(market), plan_of(mirrored(market))
    assert (here.stance.kind, here.stance.size) == (there.stance.kind, there.stance.size)
    assert here.sizing.factor == there.sizing.factor
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


def test_an_isolated_zone_is_entered_on_a_close_in_the_band() -> None:
    """Without a chart level a close beyond the near edge counts, and the whole condition stands in one line."""
    one = zone("A", "above", 1.2)
    plan = first(context(zones=(one,)))
    assert close_of(plan.entry) == one.low
    assert plan.alert == pytest.approx(one.low - DEFAULTS.plan_alert_atr * ATR)
    assert [part.kind for part in plan.entry] == ["trades_into", "closes_above", "volume_expands"]
    assert plan.entry_text == (
        "trades into 95\u202f500\u201396\u202f250 and 4h close above 95\u202f500 (near edge of A) on rising volume"
    )
    assert plan.invalidation == pytest.approx(one.low - DEFAULTS.plan_invalidation_atr * ATR)


def test_an_aligned_level_is_the_line_to_close_beyond() -> None:
    """With resistance in the band the close beyond it counts; one before the band leaves its near edge."""
    zones, resistance = (zone("A", "above", 1.2),), level("above", 1.3, name="14-day high")
    plan = first(context(zones=zones, structure=structure(resistances=(resistance,))))
    assert close_of(plan.entry) == resistance.price
    assert plan.invalidation == pytest.approx(zones[0].low - DEFAULTS.plan_invalidation_atr * ATR)
    assert "closes above resistance 95\u202f750 (14-day high) (4h)" in plan.if_then
    assert "closes back below 95\u202f750, do not chase." in plan.if_then
    before = first(context(zones=zones, structure=structure(resistances=(level("above", 1.1),))))
    assert close_of(before.entry) == zones[0].low


@pytest.mark.parametrize(("far", "pays"), [(1.69, 0.98), (1.7, 1.0), (1.72, 1.04)])
def test_a_plan_that_pays_less_than_it_risks_is_no_trade(far: float, pays: float) -> None:
    """At its border, 1 for 1, a plan stands; below it says what it pays instead of an entry."""
    market = context(
        zones=(zone("A", "above", 1.2, width=0.1),), structure=structure(resistances=(level("above", far),))
    )
    plan = first(market)
    assert plan.reward_to_risk == pytest.approx(pays)
    if pays < 1:
        assert plan.entry_text == plan.no_trade == "no trade: pays 0.9 for 1"
        assert "then no trade: pays 0.9 for 1 to resistance 96\u202f725: let it pass." in plan.if_then
    else:
        assert plan.no_trade == ""
        assert "then look for continuation to resistance" in plan.if_then


def test_the_first_exit_is_the_nearest_level_or_cluster_beyond_else_a_usual_day() -> None:
    """Exits come in steps, nearest first; one as near as the line itself is none; without any it is a usual day."""
    near, beyond, resistance = zone("A", "above", 1.0), zone("C", "above", 2.0), level("above", 1.8)
    by_level = first(context(zones=(near, beyond), structure=structure(resistances=(resistance,))))
    by_cluster = first(context(zones=(near, beyond), structure=structure(resistances=(level("above", 2.3),))))
    by_range = first(context(zones=(near,)))
    assert (by_level.de_risk, by_level.de_risk_is) == (resistance.price, "resistance 97\u202f000")
    assert (by_cluster.de_risk, by_cluster.de_risk_is) == (beyond.low, "97\u202f500 (near edge of C)")
    assert by_range.de_risk == pytest.approx(near.low + ATR)
    assert by_range.de_risk_is == "97\u202f500 (1.0 usual day beyond)"
    wide = zone("A", "above", 1.0, width=0.5)
    by_far_edge = first(context(zones=(wide,)))
    assert (by_far_edge.de_risk, by_far_edge.de_risk_is) == (wide.high, "96\u202f250 (far edge of A)")
    at_the_line = first(context(zones=(near,), structure=structure(resistances=(level("above", 1.1),))))
    assert at_the_line.de_risk == pytest.approx(level("above", 1.1).price + ATR)


@pytest.mark.parametrize(("gap", "word"), [(0.5, "higher"), (1.5, "medium"), (3.0, "lower")])
def test_a_closer_second_cluster_means_more_cascade_risk(gap: float, word: str) -> None:
    """The gap from the first to the second cluster is measured in usual days and worded as risk."""
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
    assert eventful.sizing.risk_fraction == 0.0
    assert not any(one.post_event for one in calm.zones)


def test_an_event_beyond_the_horizon_changes_nothing_but_the_checklist() -> None:
    """Only what falls inside the horizon overrides the plan."""
    assert plan_of(context(events=(event(hours=40, inside=False),))) == plan_of(context())


def rung(market: Context) -> tuple[str, float | None, float]:
    """Give the stance, its size, and what that leaves of the operator's maximum."""
    plan = plan_of(market)
    return plan.stance.kind, plan.stance.size, plan.sizing.risk_fraction / DEFAULTS.risk_ceiling


NEAR = (zone("A", "above", 0.8), zone("B", "below", 2.0))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"structure": structure(trend="up"), "positioning": positioning(crowded_side=Side.SHORT)}, ("aligned", 1.0)),
        ({"structure": structure(trend="up")}, ("two of three", 0.5)),
        ({}, ("one of three", 0.25)),
        ({"zones": (zone("A", "above", 1.2), zone("B", "below", 1.2))}, ("no lean", 0.0)),
        ({"structure": structure(trend="down")}, ("conflict", 0.0)),
        ({"map_quality": quality(grade="Low")}, ("low quality", 0.25)),
        ({"zones": (zone("A", "above", 2.1), zone("B", "below", 4.0))}, ("no zone in reach", 0.0)),
        ({"zones": (), "no_dense_zone": (nothing("above"), nothing("below"))}, ("no zone in reach", 0.0)),
        ({"zones": (), "map_missing": Missing("too few bars")}, ("no map", 0.0)),
        ({"events": (event(),)}, ("wait for event", 0.0)),
        ({"stale": "The last bar closed 1.5 days before as-of.", "events": (event(),)}, ("stale", 0.0)),
    ],
)
def test_each_rung_of_the_ladder_has_its_size_and_its_sentence(
    changes: dict[str, object], expected: tuple[str, float]
) -> None:
    """Agreement, quality, reach, conflict, event and age each give their own rung; standing aside risks nothing."""
    kind, size, left = rung(context(**{"zones": NEAR, **changes}))
    assert (kind, size) == expected
    assert left == size


def test_the_sentences_of_the_ladder() -> None:
    """Each rung says what to do and why, in its own words."""

    def text(**changes: object) -> str:
        return plan_of(context(**{"zones": NEAR, **changes})).stance.text

    both = structure(trend="up")
    assert text(structure=both, positioning=positioning(crowded_side=Side.SHORT)) == (
        "Act on confirmation only: three of three layers lean up: map up, structure up, positioning up."
    )
    assert text(structure=both) == (
        "Act on confirmation only, in part of the usual size: two of three layers lean up: map up, structure up, "
        "positioning neutral."
    )
    assert text() == (
        "Act on confirmation only, in a small part of the usual size: one of three layers leans up: map up, structure "
        "neutral, positioning neutral."
    )
    assert text(structure=structure(trend="down")) == (
        "Stand aside: the layers conflict: map up, structure down, positioning neutral."
    )
    assert text(map_quality=quality(grade="Low")).startswith("Act on price confirmation only, in reduced size: map")
    assert text(zones=(zone("A", "above", 2.1),)) == (
        "Observe: no dense zone is in reach; the nearest, A 5.7\u202f% above, is touched within 24\u202fh in "
        "10\u202f% of such cases, and 10\u202f% are asked for."
    )
    empty = (nothing("above"), nothing("below"))
    assert text(zones=(), no_dense_zone=empty) == "Observe: no dense zone is mapped on either side."
    assert text(zones=(), map_missing=Missing("too few bars")) == "Observe: there is no map. Too few bars."
    assert text(stale="The last bar closed 1.5 days before as-of.") == (
        "Stand aside: The last bar closed 1.5 days before as-of, so price may be elsewhere by now."
    )


def test_a_surprise_in_spot_money_halves_the_size_and_is_said() -> None:
    """What spot money did beyond its stated z stands in the stance, and leaves half of its size."""
    calm = context(zones=NEAR)
    surprised = replace(calm, flows=surprise())
    assert rung(surprised)[:2] == ("one of three", 0.125)
    text = plan_of(surprised).stance.text
    assert text.endswith("Spot money surprised: ETF flow +$1.20\u202fbn on 12 Jan, z 18.0; it can override any zone.")


def test_a_release_whose_date_nobody_knows_is_no_calm() -> None:
    """Read, stance and size say that it is unknown whether it falls inside the horizon; a light one changes nothing."""
    unknown = UnknownEvents(name="US CPI", weight="high", reason="Dates of US CPI are not known here.")
    market = context(zones=NEAR, unknown_events=(unknown,))
    plan = plan_of(market)
    assert plan.stance.text.endswith(" Look up US CPI: no date is known here for this horizon.")
    assert plan.sizing.factor == 0.25 * 0.75
    assert plan.sizing.reasons == ("one of three", "unknown dates of US CPI")
    assert everything(market).read[0] == (
        "Whether US CPI falls inside the horizon is not known: the map remains useful, but confidence in any one "
        "direction is lower."
    )
    light = replace(market, unknown_events=(replace(unknown, weight="low"),))
    assert plan_of(light) == plan_of(context(zones=NEAR))


def test_the_size_is_a_part_of_the_operators_maximum() -> None:
    """The sentence names the maximum, the part, why, and that it stays modest; nothing at risk says so."""
    half = plan_of(context(zones=NEAR, structure=structure(trend="up"), map_quality=quality(grade="Medium"))).sizing
    assert half.text == (
        "Risk at most 0.19\u202f% of equity on one idea: the maximum of 0.50\u202f% times 0.38 for two of three; map "
        "quality medium. Keep it modest: no single layer carries the thesis."
    )
    none = plan_of(conflicting(context(zones=NEAR))).sizing
    assert none.text == "Risk nothing of the maximum of 0.50\u202f% of equity: conflict."


def test_no_dense_zone_is_observed_and_still_has_two_scenarios() -> None:
    """Without a zone the scenarios come from the chart, and say that no fuel is mapped."""
    market = context(
        zones=(),
        no_dense_zone=(nothing("above"), nothing("below")),
        structure=structure(resistances=(level("above", 1.0), level("above", 2.0)), supports=(level("below", 1.0),)),
    )
    plan = plan_of(market)
    assert plan.zones == ()
    assert plan.scenarios.bullish.text == (
        "If BTC closes above resistance 95\u202f000 (4h) on rising volume, no dense zone lies above within "
        "15\u202f%, so no forced orders are mapped on the way; exit: resistance 97\u202f500. If it only wicks above "
        "and closes back below 95\u202f000, the move may only have harvested liquidity: do not chase."
    )
    assert "no dense zone lies below within 15" in plan.scenarios.bearish.text


@pytest.mark.parametrize(("away", "passed_over"), [(0.24, True), (0.25, False)])
def test_a_level_inside_the_noise_is_no_trigger(away: float, passed_over: bool) -> None:  # noqa: FBT001 - a table's column
    """A level nearer than a quarter of a usual day is passed over, and the text says what to wait for."""
    market = context(structure=structure(resistances=(level("above", away, name="2-day high"), level("above", 0.9))))
    scenario = plan_of(market).scenarios.bullish
    assert scenario.line is not None
    assert scenario.line.price == level("above", 0.9 if passed_over else away).price
    assert scenario.text.startswith(
        "Resistance 93\u202f100 (2-day high), within 0.2 usual days, is inside the noise: wait for resistance "
        "94\u202f750. If BTC closes above"
        if passed_over
        else "If BTC closes above resistance"
    )


def test_a_scenario_without_any_level_waits_a_usual_day_away() -> None:
    """No zone and no chart level: the trigger is a usual day from the price, with its touch share."""
    market = context(zones=(), no_dense_zone=(nothing("above"), nothing("below")))
    line = plan_of(market).scenarios.bearish.line
    assert line is not None
    assert (line.price, line.name) == (PRICE - ATR, "90\u202f000 (1.0 usual day from here)")
    assert line.touch == pytest.approx(0.3302, abs=1e-4)


@pytest.mark.parametrize("grade", ["High", "Medium", "Low", "None"])
def test_each_event_conflict_and_lost_book_makes_the_size_smaller(grade: str) -> None:
    """Whatever the map quality, a further reason never enlarges, and the ceiling holds for every symbol."""
    base = context(zones=NEAR, map_quality=quality(grade=grade))
    worse = (
        replace(base, events=(event(),)),
        conflicting(base),
        replace(base, map_quality=replace(base.map_quality, depth=Missing("no order book"))),
        replace(base, flows=surprise()),
    )
    size = plan_of(base).sizing
    assert size.risk_fraction <= DEFAULTS.risk_ceiling
    for market in worse:
        smaller = plan_of(market).sizing
        assert smaller.factor < size.factor
        assert all(
            reason in smaller.text for reason in smaller.reasons[: len(smaller.reasons) if smaller.factor else 1]
        )


def test_a_worse_map_means_a_smaller_size() -> None:
    """From High to Low each grade leaves less."""
    agreed = structure(trend="up")
    factors = [
        plan_of(context(zones=NEAR, structure=agreed, map_quality=quality(grade=grade))).sizing.factor
        for grade in ("High", "Medium", "Low")
    ]
    assert factors == [0.5, 0.375, 0.25]


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
    assert close_of(plan.zones[0].entry) == market.zones[0].low
    assert "the next dense zone is A" in plan.scenarios.bullish.text
    assert [one.name for one in plan.scenarios.bullish.targets] == ["95\u202f500 (near edge of A)"]


def test_levels_come_from_the_zones_when_the_chart_is_missing() -> None:
    """A typical range is implied by the zones' own distances, so a missing structure still leaves a plan."""
    with_chart, without = first(context()), first(context(structure=Missing("too little history")))
    assert without.alert == pytest.approx(with_chart.alert)
    assert without.de_risk == pytest.approx(with_chart.de_risk)


def test_without_any_range_there_is_no_level() -> None:
    """When nothing gives a usual day the zone has no plan, and both scenarios wait for the chart."""
    one = zone("A", "above", -0.1)
    plan = plan_of(context(zones=(one,), no_dense_zone=(nothing("below"),), structure=Missing("too little history")))
    assert plan.zones == ()
    assert context(zones=(one,), structure=Missing("too little history")).touch(90_000.0) is None
    for scenario in (plan.scenarios.bullish, plan.scenarios.bearish):
        assert scenario.line is None
        assert "wait for the chart to show a level first: none is known yet." in scenario.text
