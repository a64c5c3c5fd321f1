"""Scores and features by slow loops and by hand: longs and shorts, several classes and days, none of them in order."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.track_record.dollars import (
    _REACH_EDGES,
    interval_held,
    reach_climatology,
    scale_so_far,
)
from reportgen.track_record.ledger import PlannedLevels, follow
from reportgen.track_record.maps import path_features
from reportgen.track_record.record import running_record
from reportgen.track_record.walk import reach_after
from reportgen.track_record.zones import ZoneAt
from reportgen.units import DAY_MS, HOUR_MS, Missing, Side
from tests.track_record.paths import START_MS, walk
from tests.track_record.test_calibrated import scores
from tests.track_record.test_record import FAR, fresh, ledger_of


@pytest.mark.parametrize("side", list(Side))
def test_path_features_equal_slow_ones(side: Side) -> None:
    """Every column of the widest set, at decisions early and late, bar by bar."""
    candles = walk(5, 24 * 40)
    known = np.array([24 * 31, 24 * 33 + 7, 24 * 36 + 13])
    decision = candles.close_time_ms[known - 1]
    horizon = 6
    reach = reach_after(candles, decision, horizon * HOUR_MS)
    found = path_features(candles, decision, horizon * HOUR_MS, reach, side, "chart")
    sign = -1 if side is Side.LONG else 1
    for row, at in zip(found, known.tolist(), strict=True):
        price, after = candles.close[at - 1], slice(at, at + horizon)
        up, down = math.log(candles.high[after].max() / price), math.log(price / candles.low[after].min())
        went, other = (down, up) if side is Side.LONG else (up, down)
        bought = sum(candles.volume_base[bar] * candles.close[bar] for bar in range(at, at + horizon))
        wanted = [went, other, math.log(candles.close[at + horizon - 1] / price), bought]
        gaps = []
        for days in (1, 7, 30):
            past = slice(at - 24 * days, at)
            extreme = candles.low[past].min() if side is Side.LONG else candles.high[past].max()
            gaps.append(sign * math.log(extreme / price))
        wanted += [max(went - gap, 0.0) for gap in gaps]
        for hours in (24, 168):
            spans = [math.log(candles.high[bar] / candles.low[bar]) for bar in range(at - hours, at)]
            wanted.append(sum(spans) / hours)
        turn = 2 * math.pi * (int(candles.close_time_ms[at - 1]) % DAY_MS) / DAY_MS
        wanted += [wave(times * turn) for times in (1, 2) for wave in (math.sin, math.cos)]
        wanted += [math.log(price), float(candles.close_time_ms[at - 1]), *gaps]
        wanted += [math.log(price / candles.close[at - 1 - hours]) for hours in (1, 4, 24, 168)]
        np.testing.assert_allclose(row, wanted, atol=1e-12)
    few = path_features(candles, decision, horizon * HOUR_MS, reach, side, "path")
    np.testing.assert_array_equal(few, found[:, : few.shape[1]])
    assert few.shape[1] == 13


PLAN = PlannedLevels(alert=101.0, entry=102.5, invalidation=100.5, de_risk=104.0, timeframe_ms=HOUR_MS, after_ms=0)


@pytest.mark.parametrize("where", ["above", "below"])
def test_a_price_that_only_meets_a_level_counts_as_there(where: str) -> None:
    """Alert, touch, invalidation and de-risk at the very price; an entry needs a close beyond its line."""
    plain = walk(1, 6)
    high = np.array([101.0, 102.0, 103.0, 103.5, 104.0, 103.0])
    low = np.array([99.0, 100.0, 101.0, 100.6, 100.5, 99.0])
    close = np.array([100.0, 101.0, 102.5, 102.6, 101.0, 100.0])
    if where == "below":
        high, low, close = 200 - low, 200 - high, 200 - close
    candles = replace(plain, high=high, low=low, close=close)
    zone = ZoneAt(where="above", low=102.0, high=103.2, price=100.0, atr=2.0, decision_ms=START_MS)
    plan = PLAN
    if where == "below":
        zone = replace(zone, where="below", low=200 - 103.2, high=98.0)
        plan = replace(PLAN, alert=99.0, entry=97.5, invalidation=99.5, de_risk=96.0)
    found = follow(zone, plan, candles, START_MS + 6 * HOUR_MS)
    hours = [
        None if moment is None else (moment - START_MS) // HOUR_MS
        for moment in (found.alert_ms, found.touched_ms, found.entry_ms, found.invalidation_ms, found.de_risk_ms)
    ]
    assert hours == [1, 2, 4, 5, 5]
    assert found.excursion_atr == pytest.approx((104.0 - 102.0) / 2.0)
    short = follow(zone, plan, candles, START_MS + 2 * HOUR_MS - 1)
    assert (short.alert_ms, short.touched_ms) == (START_MS + HOUR_MS, None)
    assert short.excursion_atr == pytest.approx(-0.5)


def test_a_scale_is_what_came_over_what_was_swept_before() -> None:
    """Nothing before the first row; then 10 / 2, then (10 + 5) / (2 + 3); where nothing was swept, 0."""
    found = scale_so_far(np.array([2.0, 3.0, 4.0]), np.array([10.0, 5.0, 1.0]))
    assert found.tolist() == [0.0, 5.0, 3.0]
    assert scale_so_far(np.array([0.0, 3.0]), np.array([10.0, 5.0])).tolist() == [0.0, 0.0]


def test_a_climatology_of_reach_equals_a_slow_one() -> None:
    """The mean of earlier bars of the class, drawn towards that of all earlier bars by so many bars."""
    rng = np.random.default_rng(8)
    went, came, prior = rng.uniform(0.0005, 0.004, 60), rng.gamma(1.0, 5.0, 60), 3.0
    found = reach_climatology(went, came, prior)
    for row in range(60):
        own = [came[old] for old in range(row)
               if np.searchsorted(_REACH_EDGES, went[old]) == np.searchsorted(_REACH_EDGES, went[row])]  # fmt: skip
        overall = sum(came[:row]) / row if row else 0.0
        assert found[row] == pytest.approx((sum(own) + prior * overall) / (len(own) + prior))


def test_intervals_hold_what_a_slow_count_says() -> None:
    """For each day the ratios of earlier days in the same class of size give both ends, which belong to it."""
    rng = np.random.default_rng(9)
    estimated, day = rng.gamma(1.0, 4.0, 200), np.repeat(np.arange(20), 10)
    came = estimated * rng.lognormal(0.0, 0.5, 200)
    estimated[rng.integers(0, 200, 15)] = 0.0
    later = day >= 6
    found = interval_held(estimated, came, day, later, 0.8, 3)
    for row in range(200):
        past = [old for old in range(200) if day[old] < day[row] and estimated[old] > 0]
        if not later[row] or estimated[row] == 0:
            assert np.isnan(found[row])
            continue
        cuts = np.quantile(estimated[past], [1 / 3, 2 / 3])
        own = [came[old] / estimated[old] for old in past
               if np.searchsorted(cuts, estimated[old]) == np.searchsorted(cuts, estimated[row])]  # fmt: skip
        low, high = np.quantile(own, [0.1, 0.9])
        assert found[row] == float(low <= came[row] / estimated[row] <= high)
    held = found[np.isfinite(found)]
    assert 0.6 < held.mean() < 0.95
    assert np.isnan(interval_held(estimated, came, day, later, 0.8, 10_000)).all()


def test_both_sides_together_say_how_often_the_interval_held() -> None:
    """Longs and shorts alone name no share; liquidations that follow distance alone are foretold better by it."""
    found = scores()
    assert found["long"].coverage == found["short"].coverage == Missing("Counted for both sides together.")
    both = found["both"]
    assert both.coverage_meant == DEFAULTS.notional_level
    assert not isinstance(both.coverage, Missing)
    assert 0.85 < both.coverage < 0.95
    assert not isinstance(both.root_correlation, Missing)
    assert not isinstance(both.climatology_root_correlation, Missing)
    assert both.climatology_root_correlation.value > 0.98 > both.root_correlation.value > 0.9
    assert both.estimated == pytest.approx(found["long"].estimated + found["short"].estimated)


def test_leanings_are_held_against_what_came_by_hand() -> None:
    """Of five zones one leaned to nothing and one showed no shares; of three the evidence was right twice."""
    rows = ledger_of(2, lambda *_: FAR, FAR)[:5]
    told = (
        ("reject", "reject"),
        ("continue", "ignore"),
        ("front_run", "front_run"),
        (None, "reject"),
        ("ignore", "ignore"),
    )
    rows = [replace(one, lean=lean, outcome=came) for one, (lean, came) in zip(rows, told, strict=True)]  # type: ignore[arg-type]
    rows[4] = replace(rows[4], shown=None)
    found = running_record(rows, DEFAULTS, fresh)
    assert not isinstance(found, Missing)
    assert found.leans is not None
    assert (found.leans.zones, found.leans.evidence_came, found.leans.shares_came) == (3, 2, 1)
