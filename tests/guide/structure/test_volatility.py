"""True range, the day's typical range, and percentiles."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.config.assumptions import DEFAULTS
from reportgen.guide.structure.bars import resample
from reportgen.guide.structure.volatility import (
    day_range,
    extent_fractions,
    percentile_of_last,
    range_fractions,
    true_range,
)
from reportgen.market.data import Candles
from reportgen.units import DAY_MS, HOUR_MS, Missing
from tests.guide.structure.candle_paths import candles_along, later, scaled, walk


def typical(candles: Candles) -> float:
    """Read the day's range and insist on an answer."""
    answer = day_range(candles, DEFAULTS)
    assert not isinstance(answer, Missing), answer
    return answer


def test_true_range_reaches_to_the_close_before() -> None:
    """A gap counts: a bar that opens away from the last close is as wide as the way from there."""
    candles = walk(3)
    gapped = replace(candles, open=candles.open * [1, 1, 2], high=candles.high * [1, 1, 2], low=candles.low * [1, 1, 2])
    assert true_range(gapped)[2] == pytest.approx(gapped.high[2] - candles.close[1])
    assert true_range(candles)[0] == candles.high[0] - candles.low[0]


def test_true_range_is_never_under_the_range() -> None:
    """True range is the bar's own range or more."""
    candles = walk(300)
    assert (true_range(candles) >= candles.high - candles.low - 1e-12).all()


def test_day_range_is_the_model_definition() -> None:
    """It is the mean true range of the last 24 hourly bars, times the root of 24, times 0.6."""
    candles = walk(200)
    assert typical(candles) == pytest.approx(true_range(candles)[-24:].mean() * math.sqrt(24) * 0.6)


@given(st.floats(1e-6, 1e6))
def test_day_range_scales_with_prices(by: float) -> None:
    """Twice the prices, twice the day's range."""
    candles = walk(60)
    assert typical(scaled(candles, by)) == pytest.approx(by * typical(candles))


def test_day_range_forgets_older_bars_and_the_date() -> None:
    """Only the last 24 hours and the close before them count, whenever they were."""
    candles = walk(300)
    assert typical(candles.part(slice(-25, None))) == typical(candles)
    assert typical(later(candles, 77 * DAY_MS)) == typical(candles)


def test_finer_bars_are_gathered_into_hours() -> None:
    """Quarter hours give what the hours gathered from them give."""
    close = 100 * np.exp(np.cumsum(np.random.default_rng(2).normal(0, 0.002, 400)))
    quarters = candles_along(close, interval_ms=HOUR_MS // 4)
    hours = resample(quarters, HOUR_MS, int(quarters.close_time_ms[-1]))
    assert not isinstance(hours, Missing)
    assert typical(quarters) == pytest.approx(typical(hours))


def test_coarser_bars_use_a_day_of_them() -> None:
    """Of 4h bars the last six count, times the root of six: the same yardstick from another ruler."""
    hours = walk(2400)
    bars = resample(hours, 4 * HOUR_MS, int(hours.close_time_ms[-1]))
    assert not isinstance(bars, Missing)
    assert typical(bars) == pytest.approx(true_range(bars)[-6:].mean() * math.sqrt(6) * 0.6)
    assert typical(bars) == pytest.approx(typical(hours), rel=0.35)


@pytest.mark.parametrize("bars", [0, 1, 23])
def test_too_few_bars_are_missing_with_both_numbers(bars: int) -> None:
    """The reason says how many bars are needed and how many there are."""
    answer = day_range(walk(30).part(slice(0, bars)), DEFAULTS)
    assert answer == Missing(f"A day's typical range needs 24 bars of 1h; there are {bars}.")


def test_bars_longer_than_a_day_are_refused() -> None:
    """Weekly bars say nothing about a day."""
    answer = day_range(candles_along(walk(30).close, interval_ms=7 * DAY_MS), DEFAULTS)
    assert answer == Missing("A day's typical range cannot be read from bars of 7d.")


def test_a_price_that_never_moved_has_no_range() -> None:
    """A frozen market gives a reason, not a zero that others divide by."""
    answer = day_range(candles_along(np.full(60, 5.0), wick=0.0), DEFAULTS)
    assert answer == Missing("Price has not moved in the last 24 bars of 1h, so there is no typical range.")


@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=50))
def test_percentile_lies_between_its_extremes(values: list[float]) -> None:
    """It is 1 only above all the others, 0 only below them, and turning the values over turns it over."""
    series = np.array(values)
    percentile = percentile_of_last(series)
    assert 0 <= percentile <= 1
    assert (percentile == 1) == bool((series[:-1] < series[-1]).all())
    assert (percentile == 0) == bool((series[:-1] > series[-1]).all())
    assert percentile_of_last(-series) == pytest.approx(1 - percentile)


def test_percentile_of_equal_values_is_the_middle() -> None:
    """When nothing ever differed the last value is neither high nor low."""
    assert percentile_of_last(np.full(9, 3.0)) == 0.5


def test_percentile_needs_something_to_compare_with() -> None:
    """One value alone has no percentile."""
    with pytest.raises(ValueError, match="a percentile needs a value and at least one before it"):
        percentile_of_last(np.array([1.0]))


def test_window_series_end_with_the_last_window() -> None:
    """Both series end at the last bar, and one of every run of bars is in them."""
    candles = walk(80)
    mean, extent = range_fractions(candles, 6), extent_fractions(candles, 30)
    assert len(mean) == 75
    assert len(extent) == 51
    assert mean[-1] == pytest.approx(true_range(candles)[-6:].mean() / candles.close[-1])
    assert extent[-1] == pytest.approx((candles.high[-30:].max() - candles.low[-30:].min()) / candles.close[-1])
