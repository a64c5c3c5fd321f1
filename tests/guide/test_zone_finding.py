"""Zones A, B and C from a map, "no dense zone" as an answer, and why each zone ranks where it does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.guide.zones.finding import ZoneFinding, find_zones, rank_zones
from reportgen.liquidation.map import LiquidationMap, SideProfile, build_map
from reportgen.liquidation.margin import flat
from reportgen.units import Floats, Missing, Side
from tests.guide import readings
from tests.liquidation.markets import random_walk, scaled

ATR = 2.0


def _profile(side: Side, like: LiquidationMap, *bumps: tuple[float, float]) -> SideProfile:
    """Lay an even spread with bumps 0.8 % wide at (log distance, height) over a side."""
    width = like.sides[side].mass.size
    away = (np.arange(width) + 0.5) * like.grid.step
    mass: Floats = np.exp(-away)
    for place, height in bumps:
        mass += height * np.exp(-0.5 * ((away - place) / 0.004) ** 2)
    return SideProfile(side=side, node_mass=mass[None], step=like.grid.step)


def _map(below: tuple[tuple[float, float], ...], above: tuple[tuple[float, float], ...]) -> LiquidationMap:
    """Build a map around 100 with bumps on its sides."""
    candles = random_walk(300)
    made = build_map(candles, flat(0.005, 125, "test"), candles.close_time_ms[-24:], DEFAULTS)
    sides = {Side.LONG: _profile(Side.LONG, made, *below), Side.SHORT: _profile(Side.SHORT, made, *above)}
    return replace(made, sides=sides)


def _find(estimate: LiquidationMap) -> ZoneFinding:
    return find_zones(
        estimate,
        readings.structure(),
        readings.positioning(),
        atr=ATR,
        horizon_hours=24,
        rng=np.random.default_rng(4),
        assumptions=DEFAULTS,
    )


def test_nearest_dense_run_is_a_above_and_b_below() -> None:
    """A bump on each side becomes Zone A and Zone B, holding its place, with short and long liquidations."""
    estimate = _map(((0.03, 30.0),), ((0.04, 30.0),))
    found = {zone.label: zone for zone in _find(estimate).zones}
    assert set(found) == {"A", "B"}
    assert found["A"].low < estimate.price * np.exp(0.04) < found["A"].high
    assert found["B"].low < estimate.price * np.exp(-0.03) < found["B"].high
    assert (found["A"].side, found["A"].liquidated_side) == ("above", Side.SHORT)
    assert (found["B"].side, found["B"].liquidated_side) == ("below", Side.LONG)


def test_c_is_the_larger_one_beyond() -> None:
    """Of two bumps beyond the nearest, the larger is Zone C."""
    estimate = _map((), ((0.02, 20.0), (0.045, 14.0), (0.075, 26.0)))
    zones = [zone for zone in _find(estimate).zones if zone.side == "above"]
    assert [zone.label for zone in zones] == ["A", "C"]
    assert zones[1].low < estimate.price * np.exp(0.075) < zones[1].high


def test_even_side_has_no_dense_zone() -> None:
    """A side without anything that stands out says so, and how far it was looked at."""
    found = _find(_map((), ((0.04, 30.0),)))
    assert [answer.side for answer in found.no_dense_zone] == ["below"]
    assert found.no_dense_zone[0].within_fraction >= DEFAULTS.zone_scope_fraction
    assert {zone.side for zone in found.zones} == {"above"}


def test_edges_lie_inside_their_bands() -> None:
    """Bands are ordered, and the central edges lie about within them."""
    for zone in _find(_map(((0.03, 30.0),), ((0.04, 30.0),))).zones:
        assert zone.low_band[0] < zone.low_band[1]
        assert zone.high_band[0] < zone.high_band[1]
        assert zone.low_band[0] - ATR / 4 <= zone.low <= zone.low_band[1] + ATR / 4
        assert zone.distance_atr == pytest.approx(zone.distance_fraction * _price() / ATR, rel=1e-6)


def _price() -> float:
    return float(random_walk(300).close[-1])


def test_same_seed_same_zones() -> None:
    """Two runs give equal zones."""
    estimate = _map(((0.03, 30.0),), ((0.04, 30.0),))
    assert _find(estimate).zones == _find(estimate).zones


def test_scaling_prices_scales_zones() -> None:
    """Prices times k give the same zones at prices times k."""
    candles = random_walk(900)
    for factor in (1e-5, 1e4):
        pair = []
        for some in (candles, scaled(candles, factor)):
            estimate = build_map(some, flat(0.005, 125, "t"), some.close_time_ms[-24:], DEFAULTS)
            found = find_zones(
                estimate,
                Missing("no structure"),
                readings.positioning(),
                atr=0.02 * estimate.price,
                horizon_hours=24,
                rng=np.random.default_rng(4),
                assumptions=DEFAULTS,
            )
            pair.append([(zone.label, zone.side, zone.low / estimate.price, zone.share) for zone in found.zones])
        assert [one[:2] for one in pair[0]] == [one[:2] for one in pair[1]]
        for one, other in zip(*pair, strict=True):
            assert one[2:] == pytest.approx(other[2:], rel=1e-4)


def test_chart_level_and_open_interest_lift_a_zone() -> None:
    """A zone aligned with a chart level outranks an isolated one; rising open interest adds to both."""
    zones = (readings.zone("A", "above", 1.5), readings.zone("B", "below", 1.5))
    aligned = readings.structure(resistances=(readings.level("above", 1.6),))
    rising = readings.positioning(open_interest=readings.open_interest(trend="rising", change_24h=0.05))
    ranked = rank_zones(zones, aligned, readings.positioning(), atr=readings.ATR, assumptions=DEFAULTS)
    assert [zone.rank for zone in ranked] == [1, 2]
    lifted = rank_zones(zones, aligned, rising, atr=readings.ATR, assumptions=DEFAULTS)
    assert all(after.score == before.score + 1 for before, after in zip(ranked, lifted, strict=True))


def test_nearer_zone_ranks_first() -> None:
    """With all else equal the nearest zone deserves attention first."""
    zones = (readings.zone("A", "above", 2.0), readings.zone("B", "below", 0.5))
    ranked = rank_zones(zones, readings.structure(), readings.positioning(), atr=readings.ATR, assumptions=DEFAULTS)
    assert [zone.rank for zone in ranked] == [2, 1]


def test_extreme_funding_counts_for_the_side_that_pays() -> None:
    """Extreme positive funding lifts long liquidations below, not short ones above."""
    extreme = readings.positioning(funding=readings.funding(extreme=True, rate_8h=0.001, bias="longs pay"))
    zones = (readings.zone("A", "above", 1.5), readings.zone("B", "below", 1.5))
    ranked = rank_zones(zones, readings.structure(), extreme, atr=readings.ATR, assumptions=DEFAULTS)
    assert ranked[1].score > ranked[0].score


def test_every_zone_says_why_even_without_inputs() -> None:
    """Missing structure, open interest and funding leave reasons that say so, and never raise."""
    unknown = readings.positioning(open_interest=Missing("no table"), funding=Missing("no table"))
    ranked = rank_zones(
        (readings.zone("A", "above", 1.5),), Missing("no bars"), unknown, atr=readings.ATR, assumptions=DEFAULTS
    )
    assert {reason.rule for reason in ranked[0].reasons} == {
        "nearest", "chart_level", "open_interest", "funding", "persistence",
    }  # fmt: skip
    assert sum("unknown" in reason.text for reason in ranked[0].reasons) == 3
