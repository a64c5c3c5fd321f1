"""Axes and ticks of the heatmap, and labels that keep off each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.render.charts.frame import WIDE, Frame, nice_step, price_ticks, profile_scale, step_decimals, time_ticks
from reportgen.render.charts.labels import Box, clear_spot, stack
from reportgen.units import DAY_MS, HOUR_MS

PRICES = st.floats(1e-9, 1e12)
SPANS = st.floats(0.01, 3)


def frame(low: float = 80.0, high: float = 125.0, hours: int = 48) -> Frame:
    """Make a frame of the wide shape."""
    return Frame(shape=WIDE, left=58, price_low=low, price_high=high, from_ms=0, to_ms=hours * HOUR_MS)


@given(PRICES, SPANS, st.floats(2, 12))
def test_price_ticks_are_round_and_inside(low: float, span: float, count: float) -> None:
    """Ticks lie in the range, evenly, no more than asked and one, and their decimals write them exactly."""
    high = low * (1 + span)
    values, decimals = price_ticks(low, high, count)
    assert len(values) <= count + 1
    for value in values:
        assert low * (1 - 1e-9) <= value <= high * (1 + 1e-9)
        assert math.isclose(float(f"{value:.{decimals}f}"), value, rel_tol=1e-6)
    steps = np.diff(values)
    assert len(steps) < 2 or np.allclose(steps, steps[0], rtol=1e-6)


@given(st.floats(1e-9, 1e9), st.floats(1, 20))
def test_a_nice_step_is_large_enough(span: float, count: float) -> None:
    """The step parts a span into at most that many pieces and is no more than 2.5 times the least."""
    step = nice_step(span, count)
    assert span / count <= step * (1 + 1e-9)
    assert step <= 2.5 * span / count * (1 + 1e-9)


@pytest.mark.parametrize(("step", "decimals"), [(2500, 0), (0.25, 2), (0.00005, 5), (10, 0)])
def test_decimals_follow_the_step(step: float, decimals: int) -> None:
    """A step is written with the digits it has."""
    assert step_decimals(step) == decimals


def test_time_ticks_are_midnights_over_days_and_hours_within_one() -> None:
    """Two weeks are marked by dates, half a day by hours, always in UTC."""
    start = 20_458 * DAY_MS
    fortnight = time_ticks(start, start + 14 * DAY_MS, 7)
    assert fortnight[0][1].endswith("\u202fJan")
    assert all(t % DAY_MS == 0 for t, _ in fortnight)
    assert [words for _, words in time_ticks(start + HOUR_MS, start + 13 * HOUR_MS, 4)] == [
        "03:00",
        "06:00",
        "09:00",
        "12:00",
    ]


@given(st.integers(1, 3000), st.floats(2, 10))
def test_time_ticks_have_room(hours: int, count: float) -> None:
    """However long the span, no more ticks than have room, and one."""
    assert len(time_ticks(0, hours * HOUR_MS, count)) <= count + 1


def test_the_axes_meet_the_edges() -> None:
    """The range's ends lie on the heatmap's edges, and equal ratios of price take equal heights."""
    f = frame()
    assert float(f.y(80.0)) == pytest.approx(f.bottom)
    assert float(f.y(125.0)) == pytest.approx(f.top)
    assert float(f.y(100.0)) == pytest.approx((f.top + f.bottom) / 2)
    assert float(f.x(24 * HOUR_MS)) == pytest.approx((f.left + f.right) / 2)


@given(st.floats(0, 100))
def test_the_profile_fits_its_axis(highest: float) -> None:
    """The longest whisker never leaves the profile, and quiet days share one scale."""
    assert profile_scale(highest) >= highest
    assert profile_scale(min(highest, 2.5)) == 2.5


@given(st.lists(st.tuples(st.floats(0, 400), st.floats(10, 60)), min_size=1, max_size=6), st.data())
def test_stacked_labels_never_overlap(items: list[tuple[float, float]], data: st.DataObject) -> None:
    """Labels keep their order, stay apart and stay inside as long as they fit at all."""
    wanted = sorted(at for at, _ in items)
    heights = [height for _, height in items]
    pinned = data.draw(st.integers(0, len(items) - 1))
    placed = stack(wanted, heights, pinned, top=0, bottom=450, gap=4)
    for i in range(1, len(placed)):
        assert placed[i] - placed[i - 1] >= (heights[i] + heights[i - 1]) / 2 + 4 - 1e-6
    assert placed[0] - heights[0] / 2 >= -1e-6
    assert placed[-1] + heights[-1] / 2 <= 450 + 1e-6


def test_the_price_stays_and_the_others_move_outward() -> None:
    """With room on both sides the pinned label does not move, and the others move away from it."""
    placed = stack([195, 200, 205], [45, 20, 45], 1, top=0, bottom=440, gap=4)
    assert placed[1] == 200
    assert placed[0] < 195
    assert placed[2] > 205


def test_a_level_is_named_where_it_covers_nothing() -> None:
    """The name stands left when it is free there, else at the first free place, else where it covers least."""
    candle = Box(left=0, top=0, right=30, bottom=100)
    steps = np.arange(0.0, 200.0)
    assert clear_spot(40, (10, 20), (0, 200), [], steps).left == 0
    assert clear_spot(40, (10, 20), (0, 200), [candle], steps).left == 30
    assert clear_spot(40, (110, 120), (0, 200), [candle], steps).left == 0
    both = [candle, candle, Box(left=30, top=0, right=200, bottom=100)]
    assert clear_spot(40, (10, 20), (0, 200), both, steps).left == 30
