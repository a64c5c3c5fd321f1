"""Frozen maps, how far price went, and the controls made from them, against slow loops."""

from __future__ import annotations

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.guide.structure.volatility import day_range
from reportgen.liquidation.path import Grid
from reportgen.market.data import Candles
from reportgen.track_record.maps import (
    CLIMATOLOGY,
    CONTROLS,
    OTHER_TIMES,
    PLACEBO,
    SHIFTED,
    UNIFORM,
    controls_of,
    day_ahead,
    measure,
)
from reportgen.track_record.walk import (
    FrozenMaps,
    Situation,
    between,
    day_ranges,
    decision_times,
    liquidations_after,
    open_interest_fall,
    outward,
    reach_after,
    running,
    situation_of,
)
from reportgen.units import DAY_MS, HOUR_MS, Floats, Missing, Side
from tests.track_record.paths import ABSENT, START_MS, liquidations, market, open_interest, side_of, walk

GRID = Grid(log_low=float(np.log(60)), step=0.01, bins=110)


def frozen(candles: Candles, seed: int, every: int = 1) -> FrozenMaps:
    """Make random maps at the bars' closes but the last day's."""
    decision = decision_times(candles, START_MS, int(candles.close_time_ms[-1]) - DAY_MS, every * HOUR_MS)
    rng = np.random.default_rng(seed)
    return FrozenMaps(
        grid=GRID, decision_ms=decision, mass={side: rng.random((len(decision), GRID.bins)) for side in Side}
    )


def slow_mass(row: Floats, low: float, high: float) -> float:
    """Add up a row's bins between two prices, parts of bins by their part of log width."""
    total = 0.0
    for one in range(GRID.bins):
        start, stop = GRID.log_low + one * GRID.step, GRID.log_low + (one + 1) * GRID.step
        total += row[one] * max(0.0, min(stop, np.log(high)) - max(start, np.log(low))) / GRID.step
    return total


def slow_extremes(candles: Candles, moment: int, horizon: int) -> tuple[float, float, float]:
    """Walk the bars after a moment: price then, lowest, highest."""
    price = next(c for c, t in reversed(list(zip(candles.close, candles.close_time_ms, strict=True))) if t <= moment)
    inside = [
        row for row in range(len(candles))
        if candles.open_time_ms[row] >= moment and candles.close_time_ms[row] <= moment + horizon
    ]  # fmt: skip
    return price, min([price, *candles.low[inside]]), max([price, *candles.high[inside]])


@pytest.mark.parametrize("horizon", [HOUR_MS, 5 * HOUR_MS])
def test_reach_is_that_of_a_slow_loop(horizon: int) -> None:
    """Extremes up to the horizon equal a walk over bars."""
    candles = walk(2, 100)
    maps = frozen(candles, 3, every=7)
    reach = reach_after(candles, maps.decision_ms, horizon)
    assert reach.whole.all()
    for row, moment in enumerate(maps.decision_ms.tolist()):
        price, low, high = slow_extremes(candles, moment, horizon)
        assert (reach.price[row], reach.low[row], reach.high[row]) == (price, low, high)


def test_a_missing_bar_makes_a_reach_less_than_whole() -> None:
    """Only the decisions whose horizon holds the gap are marked."""
    candles = walk(2, 60)
    keep = np.ones(60, dtype=bool)
    keep[30] = False
    reach = reach_after(candles.part(keep), candles.close_time_ms[:50], 2 * HOUR_MS)
    assert np.flatnonzero(~reach.whole).tolist() == [28, 29]


def test_outward_rows_hold_what_lies_between_two_distances() -> None:
    """Laid out from the price, the mass up to the extreme is the reached mass, up to the width of a bin's corner."""
    candles = walk(2, 100)
    maps = frozen(candles, 3, every=3)
    reach = reach_after(candles, maps.decision_ms, DAY_MS)
    for side in Side:
        rows = outward(maps, reach.price, side, 40)
        went = np.log(reach.price / reach.low) if side is Side.LONG else np.log(reach.high / reach.price)
        whole = np.floor(went / GRID.step) * GRID.step
        low, high = (reach.price * np.exp(-whole), reach.price) if side is Side.LONG else (
            reach.price, reach.price * np.exp(whole)
        )  # fmt: skip
        found = between(running(rows), 0 * whole, whole, GRID.step)
        expected = [
            slow_mass(row, a, b) for row, a, b in zip(maps.mass[side], low, high, strict=True)
        ]  # fmt: skip
        assert np.allclose(found, expected)


def test_day_ranges_are_those_of_the_bars_known_then() -> None:
    """Each range equals `day_range` of the bars closed by then, for hours, quarters of an hour and four hours."""
    for interval in (HOUR_MS // 4, HOUR_MS, 4 * HOUR_MS):
        candles = walk(4, 400, interval_ms=interval)
        decision = decision_times(candles, START_MS, int(candles.close_time_ms[-1]), 4 * HOUR_MS)
        found = day_ranges(candles, decision, DEFAULTS)
        for moment, one in zip(decision.tolist(), found.tolist(), strict=True):
            known = candles.first(int(np.searchsorted(candles.close_time_ms, moment, side="right")))
            expected = day_range(known, DEFAULTS)
            assert np.isnan(one) if isinstance(expected, Missing) else one == pytest.approx(expected)


def test_controls_are_older_flatter_or_moved_rows() -> None:
    """Each control is what its name says, and only rows from before are used."""
    rng = np.random.default_rng(1)
    decision = START_MS + HOUR_MS * np.arange(200, dtype=np.int64)
    own = {side: rng.random((200, 300)) for side in Side}
    lead, step = 100, 0.001
    made = dict(controls_of(own, decision, lead, step, np.random.default_rng(2), DEFAULTS))
    assert tuple(made) == CONTROLS
    for side in Side:
        assert np.array_equal(made[UNIFORM][side], np.ones((100, 300)))
        assert np.allclose(made[CLIMATOLOGY][side][5], own[side][:105].mean(axis=0))
        assert np.array_equal(made[PLACEBO][side], own[side][76:176])
        for row in range(100):
            source = np.flatnonzero((own[side] == made[OTHER_TIMES][side][row]).all(axis=1))
            assert decision[lead + row] - decision[source[0]] >= 48 * HOUR_MS
        assert np.array_equal(made[SHIFTED][side][:, 10:150], own[side][lead:, :140])
        assert np.allclose(made[SHIFTED][side].sum(axis=1), own[side][lead:].sum(axis=1))


def situation(candles: Candles, decision_from: int = 30) -> Situation:
    """Look at a market with liquidations from some bar on."""
    decision = candles.close_time_ms[decision_from:-1]
    told = market(candles, liquidations(candles, 1), ABSENT)
    return situation_of(told, candles, decision, HOUR_MS, DEFAULTS, lambda: np.random.default_rng(1))


def test_a_uniform_map_has_lift_one_everywhere() -> None:
    """Densities of a flat map are equal wherever price went, and its day's weight is all that was liquidated."""
    seen = situation(walk(6, 120))
    ahead = {side: day_ahead(seen, side) for side in Side}
    flat = {side: np.ones((len(seen.decision_ms), 400)) for side in Side}
    got = measure("flat", "control", flat, 0.001, seen, ahead)
    for side in Side:
        moved, known = seen.went(side) > 0, ahead[side].known > 0
        assert np.allclose(got.near_density[side][moved], 1)
        assert np.allclose(got.day_density[side][known], ahead[side].realised[known].sum(axis=1))
        assert np.allclose(got.banded[side].sum(axis=1), got.swept[side])
        assert np.allclose(got.swept[side], seen.went(side) / 0.001)


def test_the_day_ahead_credits_new_ground_once() -> None:
    """The stretches that the bars of a day were first to reach add up to the day's reach, and do not overlap."""
    seen = situation(walk(6, 120))
    for side in Side:
        ahead = day_ahead(seen, side)
        known = ahead.known > 0
        width = np.maximum(ahead.far - ahead.near, 0)
        assert np.allclose(width[known].sum(axis=1), ahead.reached[known])
        assert (ahead.realised[width == 0] == 0).all()


def test_what_is_realised_belongs_to_the_bars_after_the_decision() -> None:
    """Totals up to the horizon are sums over its bars; where one is not there, nothing is known."""
    candles = walk(7, 50)
    told = liquidations(candles, 2)
    decision = candles.open_time_ms[[3, 10, 47, 48]]
    found = liquidations_after(told, decision, 3 * HOUR_MS)
    for side in Side:
        column = side_of(told, side)
        assert found[side][:3] == pytest.approx([column[at : at + 3].sum() for at in (3, 10, 47)])
        assert np.isnan(found[side][3])
    assert np.isnan(liquidations_after(told, decision, HOUR_MS // 2)[Side.LONG]).all()


def test_open_interest_only_falls() -> None:
    """A rise counts as no fall; a moment without a fresh snapshot is not known."""
    candles = walk(8, 30)
    told = open_interest(candles, 3)
    fall = open_interest_fall(told, candles.open_time_ms, HOUR_MS)
    level = told.open_interest_base[::4]
    assert fall[:-1] == pytest.approx(np.maximum(level[:-1] - level[1:], 0) / level[:-1])
    assert (fall[:-1] == 0).any()
    assert np.isnan(open_interest_fall(told, candles.open_time_ms - 2 * HOUR_MS, HOUR_MS)[0])
    assert np.isnan(open_interest_fall(told, candles.close_time_ms, HOUR_MS)[-1])
