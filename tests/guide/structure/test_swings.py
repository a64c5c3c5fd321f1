"""Swings, the levels they merge into, and sweeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.guide.structure import Sweep
from reportgen.guide.structure.swings import (
    bare_extremes,
    latest_sweep,
    merged_levels,
    name_level,
    swing_highs,
    swing_lows,
    swing_points,
)
from reportgen.market.data import Candles
from reportgen.units import HOUR_MS, Floats
from tests.guide.structure.candle_paths import candles_along, later, mirrored, steady, walk

WING = 4


def hill(top: float) -> Floats:
    """Draw one hill from 100 to a top and back, ten bars each way."""
    return np.concatenate([np.linspace(100, top, 11), np.linspace(top, 100, 11)[1:]])


def wick_over(candles: Candles, row: int, high: float) -> Candles:
    """Let one bar's wick reach a price."""
    raised = candles.high.copy()
    raised[row] = high
    return replace(candles, high=raised)


def test_a_hill_has_one_swing_high() -> None:
    """The top of a hill is its one swing high, and a valley's bottom its one swing low."""
    assert swing_highs(hill(110), WING).tolist() == [10]
    assert swing_lows(hill(90), WING).tolist() == [10]


def test_a_swing_is_known_only_when_its_wing_has_closed() -> None:
    """Three bars after the top it is not yet a swing; four bars after it is."""
    assert swing_highs(hill(110)[:14], WING).tolist() == []
    assert swing_highs(hill(110)[:15], WING).tolist() == [10]


def test_of_equal_tops_the_first_counts() -> None:
    """A flat top is one swing, not several; a flat market has none."""
    flat_top = np.concatenate([hill(110)[:11], hill(110)[10:]])
    assert swing_highs(flat_top, WING).tolist() == [10]
    assert swing_highs(np.full(40, 7.0), WING).tolist() == []


@given(st.integers(9, 200), st.integers(9, 200))
def test_later_bars_never_undo_a_swing(cut: int, seed: int) -> None:
    """Swings found early are exactly those found later among the bars that could be confirmed."""
    high = walk(200, seed=seed).high
    early = swing_highs(high[:cut], WING)
    late = swing_highs(high, WING)
    assert early.tolist() == late[late < cut - WING].tolist()


def test_a_monotone_path_has_no_swings() -> None:
    """Where every high is higher than the last nothing stands out."""
    assert len(swing_points(steady(100, 0.01), WING)[0]) == 0


@given(st.lists(st.floats(90, 110), min_size=1, max_size=40), st.floats(0.01, 5))
def test_levels_stand_apart_and_lose_no_touch(prices: list[float], closer_than: float) -> None:
    """After merging no two levels are closer than the distance, every swing is in one, and the mean is kept."""
    levels = merged_levels(np.array(prices), np.arange(len(prices)), closer_than)
    assert (np.diff([level.price for level in levels]) >= closer_than).all()
    assert sum(level.touches for level in levels) == len(prices)
    assert np.average([level.price for level in levels], weights=[level.touches for level in levels]) == pytest.approx(
        np.mean(prices)
    )
    assert max(level.last_touch_ms for level in levels) == len(prices) - 1


def test_the_closest_swings_merge_first() -> None:
    """Of three in a row the two that nearly coincide become one level."""
    levels = merged_levels(np.array([100.0, 100.9, 101.0]), np.array([3, 2, 1]), 0.5)
    assert [(level.touches, level.last_touch_ms) for level in levels] == [(1, 3), (2, 2)]


def test_the_edge_of_the_range_counts_when_no_swing_stands_before_it() -> None:
    """Without swings both extremes are levels; a swing on the way up leaves only the low."""
    candles = walk(60)
    low, high, price = candles.low.min(), candles.high.max(), float(candles.close[-1])
    assert sorted(bare_extremes(candles, np.empty(0), price)[0]) == [low, high]
    between = np.array([(price + high) / 2])
    assert bare_extremes(candles, between, price)[0].tolist() == [low]


def test_a_price_at_its_own_high_has_no_edge_above() -> None:
    """Nothing above the price is invented when it stands at the top of everything seen."""
    candles = candles_along(np.linspace(100, 120, 60), wick=0.0)
    prices, _ = bare_extremes(candles, np.empty(0), 120.0)
    assert prices.tolist() == [candles.low.min()]


def sweep_of(candles: Candles, window: int = 12, *, least: float = 0.0, price: float | None = None) -> Sweep | None:
    """Find the latest sweep, with price at the last close unless it is given."""
    return latest_sweep(candles, WING, window, least=least, price=float(candles.close[-1]) if price is None else price)


def test_a_wick_through_a_prior_high_that_closes_back_is_a_sweep() -> None:
    """The hill's top is swept by a later bar that reaches beyond it and closes below it."""
    candles = wick_over(candles_along(np.concatenate([hill(110), np.full(12, 100.0)]), wick=0.0), 30, 111.0)
    sweep = sweep_of(candles)
    assert sweep is not None
    assert (sweep.level, sweep.where, sweep.extreme) == (110.0, "above", 111.0)
    assert sweep.time_ms == candles.close_time_ms[30]


@pytest.mark.parametrize(("least", "found"), [(1.0, True), (1.01, False)])
def test_a_wick_by_one_tick_has_swept_nothing(least: float, found: bool) -> None:  # noqa: FBT001 - a table's column
    """A sweep counts from its least distance beyond the level on."""
    candles = wick_over(candles_along(np.concatenate([hill(110), np.full(12, 100.0)]), wick=0.0), 30, 111.0)
    assert (sweep_of(candles, least=least) is not None) == found


@pytest.mark.parametrize(("price", "found"), [(109.99, True), (110.0, False), (114.0, False)])
def test_a_sweep_ends_when_price_stands_beyond_the_level_again(price: float, found: bool) -> None:  # noqa: FBT001 - a table's column
    """What was given back and taken again is no sweep any more."""
    candles = wick_over(candles_along(np.concatenate([hill(110), np.full(12, 100.0)]), wick=0.0), 30, 111.0)
    assert (sweep_of(candles, price=price) is not None) == found


def test_a_later_close_beyond_the_level_ends_a_sweep() -> None:
    """One close beyond it since is a breakout, even when price has come back."""
    close = np.concatenate([hill(110), np.full(9, 100.0), np.full(3, 100.0)])
    close[-2] = 112.0
    assert sweep_of(wick_over(candles_along(close, wick=0.0), 28, 111.0)) is None


def test_a_close_beyond_the_level_is_no_sweep() -> None:
    """A bar that breaks the high and stays there has not swept it."""
    close = np.concatenate([hill(110), np.full(8, 100.0), np.full(4, 111.0)])
    assert sweep_of(candles_along(close, wick=0.0)) is None


def test_an_old_sweep_is_forgotten() -> None:
    """A sweep before the window is not reported; the last bar of the window is."""
    candles = wick_over(candles_along(np.concatenate([hill(110), np.full(30, 100.0)]), wick=0.0), 30, 111.0)
    assert sweep_of(candles, len(candles) - 31) is None
    assert sweep_of(candles, len(candles) - 30) is not None


def test_a_level_is_swept_once() -> None:
    """A second, lower wick through a high that was already taken sweeps nothing new."""
    candles = candles_along(np.concatenate([hill(110), np.full(20, 100.0)]), wick=0.0)
    sweep = sweep_of(wick_over(wick_over(candles, 28, 112.0), 33, 111.0), 16)
    assert sweep is not None
    assert sweep.time_ms == candles.close_time_ms[28]


def test_the_farthest_of_several_swept_levels_is_named() -> None:
    """A wick through two untouched highs is named by the higher one."""
    close = np.concatenate([hill(110), hill(106), np.full(8, 100.0)])
    sweep = sweep_of(wick_over(candles_along(close, wick=0.0), 46, 111.0))
    assert sweep is not None
    assert sweep.level == 110.0


@given(st.integers(0, 400))
def test_mirrored_prices_mirror_the_sweep(seed: int) -> None:
    """Upside down a swept high is a swept low of the same bar; and time moves with the bars."""
    candles = walk(120, seed=seed)
    sweep, upside_down = sweep_of(candles, 30), sweep_of(mirrored(candles), 30)
    moved = sweep_of(later(candles, 1000), 30)
    if sweep is None:
        assert upside_down is None
        assert moved is None
        return
    assert upside_down is not None
    assert moved == replace(sweep, time_ms=sweep.time_ms + 1000)
    assert upside_down.time_ms == sweep.time_ms
    assert {sweep.where, upside_down.where} == {"above", "below"}
    assert upside_down.level == pytest.approx(100**2 / sweep.level)


def test_too_few_bars_hold_no_swing() -> None:
    """Fewer bars than two wings and a middle have no swing and no sweep."""
    candles = walk(30).part(slice(0, 2 * WING))
    assert len(swing_points(candles, WING)[0]) == 0
    assert sweep_of(candles) is None


def test_levels_are_named_as_a_trader_does() -> None:
    """The highest for so many days is an N-day high; one that later prices passed is the swing that touched it."""
    close = np.concatenate([hill(110), hill(105), hill(107), np.full(4, 100.0)])
    candles = replace(candles_along(close, wick=0.0), interval_ms=4 * HOUR_MS)
    candles = replace(candles, open_time_ms=np.arange(len(candles), dtype=np.int64) * 4 * HOUR_MS)
    levels = merged_levels(*swing_points(candles, WING), 0.5)
    names = {round(one.price): name_level(one, "above", candles) for one in levels if one.price > 104}
    assert names == {110: "11-day high", 107: "8-day high", 105: "swing high of 6 Jan"}
    assert name_level(merged_levels(*swing_points(candles, WING), 0.5)[0], "below", candles) == "11-day low"
