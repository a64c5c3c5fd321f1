"""Sensitivity: what each assumption does to each zone, told from re-runs of the map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from reportgen.config.assumptions import DEFAULTS
from reportgen.guide.zones import Zone
from reportgen.guide.zones.sensitivity import zone_sensitivities
from reportgen.liquidation.map import profiles_now
from reportgen.liquidation.margin import flat
from reportgen.liquidation.profile import along_price, dense_runs
from reportgen.units import Side
from tests.guide.readings import zone
from tests.liquidation.markets import random_walk

BRACKETS = flat(0.005, 125.0, "test")
SCOPE = {Side.LONG: 160, Side.SHORT: 160}


def zones_on_bars() -> tuple[Zone, ...]:
    """Give the nearest dense run of each side as a zone."""
    candles = random_walk(1200)
    price = float(candles.close[-1])
    found = []
    for side, profile in profiles_now(candles, BRACKETS, DEFAULTS).items():
        runs = dense_runs(along_price(profile.mass, DEFAULTS)[: SCOPE[side]], DEFAULTS)
        outward = -1 if side is Side.LONG else 1
        for run in runs[:1]:
            low, high = sorted(
                float(price * np.exp(outward * DEFAULTS.bin_log_width * b)) for b in (run.start, run.stop)
            )
            like = zone("B", "below", 1.0) if side is Side.LONG else zone("A", "above", 1.0)
            found.append(replace(like, low=low, high=high))
    return tuple(found)


def test_a_zone_of_the_bars_does_not_move_against_the_bars() -> None:
    """Where the page's zone came from bars alone, that line shows no shift and no loss."""
    zones = zones_on_bars()
    lines = zone_sensitivities(random_walk(1200), BRACKETS, zones, SCOPE, DEFAULTS)
    alone = [line for line in lines if line.assumption == "the path is read from bars alone"]
    assert zones
    assert [(line.edge_shift, line.survives) for line in alone] == [(0.0, True)] * len(zones)


def test_settings_that_change_nothing_move_nothing() -> None:
    """With a factor of one, the lines of that factor show no shift."""
    same = replace(DEFAULTS, sensitivity_factor=1.0, draw_log_distance=0.0)
    lines = zone_sensitivities(random_walk(1200), BRACKETS, zones_on_bars(), SCOPE, same)
    steady = [
        line
        for line in lines
        if line.assumption.startswith(("positions age", "the smoothing", "the maintenance", "typical"))
    ]
    assert steady
    assert all(line.survives and line.edge_shift == 0.0 for line in steady)


def test_what_loses_a_zone_stands_first_then_the_largest_shift() -> None:
    """Each zone's lines are ordered by what matters most, and a lost zone has no shift."""
    zones = zones_on_bars()
    lines = zone_sensitivities(random_walk(1200), BRACKETS, zones, SCOPE, DEFAULTS)
    for one in zones:
        own = [line for line in lines if line.label == one.label and line.side == one.side]
        kept = [line.edge_shift for line in own if line.edge_shift is not None]
        assert [line.survives for line in own] == sorted(line.survives for line in own)
        assert kept == sorted(kept, reverse=True)
        assert all((line.edge_shift is None) != line.survives for line in own)


def test_longer_bars_are_tried_whatever_the_hour() -> None:
    """The line for longer bars is there though as-of ends none of them by UTC, and tells shift and share."""
    for hours in (1197, 1198, 1199, 1200):
        candles = random_walk(hours)
        zones = zones_on_bars()
        lines = zone_sensitivities(candles, BRACKETS, zones, SCOPE, DEFAULTS)
        followed = {(line.label, line.side) for line in lines if line.assumption.startswith("positions age")}
        longer = [line for line in lines if line.assumption == f"bars are {DEFAULTS.sensitivity_bars} times as long"]
        assert {(line.label, line.side) for line in longer} == followed
        assert all((line.share_shift is None) == (line.edge_shift is None) for line in lines)


def test_more_blur_changes_the_share() -> None:
    """Smoothing moves how much of its side a zone holds, and the line says by how much."""
    lines = zone_sensitivities(random_walk(1200), BRACKETS, zones_on_bars(), SCOPE, DEFAULTS)
    blurred = [line.share_shift for line in lines if line.assumption.startswith("the smoothing")]
    assert any(share is not None and share > 0 for share in blurred)


def test_no_zone_no_line() -> None:
    """Where nothing is dense there is nothing to follow."""
    assert zone_sensitivities(random_walk(1200), BRACKETS, (), SCOPE, DEFAULTS) == ()
