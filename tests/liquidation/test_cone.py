"""The cone: a range forecast that scales with volatility, knows weekends, and counts how often it held."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation.cone import (
    Cone,
    cone_held,
    cone_lines,
    cone_reached,
    cone_scales,
    cone_touch_rates,
    past_quantiles,
    range_cone,
    touch_probability,
)
from reportgen.market.data import Candles
from reportgen.units import DAY_MS, HOUR_MS, Missing

from .markets import START_MS, candles_from, random_walk, scaled

DAYS = 32


STUBBORN = replace(DEFAULTS, cone_prior_days=1e12)
"""The market's own days count for nothing beside the training ratios."""
NO_CONE = Missing("A range forecast needs 30 days of bars that are no longer than a day and move.")


def cone_of(candles: Candles, hours: float = 24.0) -> Cone:
    """Make a cone that must be there, by the training ratios alone."""
    found = range_cone(candles, hours, STUBBORN)
    assert isinstance(found, Cone)
    return found


def ending_on(weekday: int) -> Candles:
    """Give hourly bars that end with the hour before this weekday (Monday 0) begins, UTC."""
    candles = random_walk(24 * 40)
    ends = (START_MS // DAY_MS + 40) * DAY_MS
    shift = (weekday - (ends // DAY_MS + 3)) % 7
    start = ends - 24 * 40 * HOUR_MS + shift * DAY_MS
    return replace(candles, open_time_ms=start + HOUR_MS * np.arange(len(candles), dtype=np.int64))


def test_quantiles_ascend_around_the_price() -> None:
    """The high's quantiles lie above the price and the low's below it, each in order and mirrored in log price."""
    found = cone_of(random_walk(24 * DAYS))
    assert found.low[0] < found.low[1] < found.low[2] < found.price < found.high[0] < found.high[1] < found.high[2]
    assert np.log(found.high) == pytest.approx(2 * np.log(found.price) - np.log(found.low[::-1]))


def test_the_range_scales_with_prices_and_the_square_root_of_time() -> None:
    """Prices times k give the same log distances; four times the horizon, all on weekdays, twice as far."""
    candles = ending_on(0)
    day, four = cone_of(candles), cone_of(candles, 96.0)
    many = cone_of(scaled(candles, 1000.0))
    assert np.log(many.high) - np.log(many.price) == pytest.approx(np.log(day.high) - np.log(day.price))
    assert np.log(four.high[1] / four.price) == pytest.approx(2 * np.log(day.high[1] / day.price))


def test_a_weekend_is_narrower() -> None:
    """A horizon that is all weekend is exp(-.533) times as wide as one without; two days, half weekend, lie between."""
    friday, saturday = cone_of(ending_on(4)), cone_of(ending_on(5))
    across = cone_of(ending_on(4), 48.0)

    def width(cone: Cone) -> float:
        return float(np.log(cone.high[1] / cone.price))

    assert width(saturday) / width(friday) == pytest.approx(np.exp(DEFAULTS.cone_weekend))
    assert width(across) / width(friday) == pytest.approx(np.sqrt(2) * np.exp(DEFAULTS.cone_weekend / 2))


def test_wilder_markets_have_wider_cones() -> None:
    """Twice the volatility everywhere widens the cone by two to the power of the weights' sum."""
    calm, wild = (candles_from(np.full(24 * DAYS, 100.0), spread=spread) for spread in (0.004, 0.008))
    widths = [np.log(cone.high[1] / cone.price) for cone in (cone_of(calm), cone_of(wild))]
    assert widths[1] / widths[0] == pytest.approx(2 ** sum(DEFAULTS.cone_weights), rel=1e-2)


@pytest.mark.parametrize(("bars", "known"), [(24 * 30 - 1, False), (24 * 30, True)])
def test_thirty_days_of_bars_are_needed(bars: int, known: bool) -> None:  # noqa: FBT001
    """One hour less than thirty days gives no cone and says so; thirty days give one."""
    found = range_cone(random_walk(bars), 24.0, DEFAULTS)
    assert isinstance(found, Cone) is known
    if not known:
        assert found == NO_CONE


def test_a_market_that_stood_still_has_none() -> None:
    """Without any movement there is no scale; bars longer than a day have none either."""
    still = candles_from(np.full(24 * DAYS, 100.0), spread=0.0)
    assert range_cone(still, 24.0, DEFAULTS) == NO_CONE
    weekly = replace(random_walk(60), interval_ms=7 * DAY_MS)
    assert range_cone(weekly, 24.0, DEFAULTS) == NO_CONE


def test_bars_of_an_hour_and_of_four_agree() -> None:
    """Volatility is read from ranges, so that coarser bars of a random walk give nearly the same cone."""
    fine = np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.0008, 60 * 24 * DAYS))).reshape(-1, 60)
    cones = []
    for hours in (1, 4):
        rows = fine.reshape(-1, 60 * hours)
        candles = replace(
            candles_from(100 * rows[:, -1], spread=0.0, interval_ms=hours * HOUR_MS),
            open=100 * rows[:, 0], high=100 * rows.max(axis=1), low=100 * rows.min(axis=1),
        )  # fmt: skip
        cones.append(cone_of(candles))
    wide = [np.log(cone.high[1] / cone.price) for cone in cones]
    assert wide[1] / wide[0] == pytest.approx(1, abs=0.08)


def test_what_was_held_is_counted_on_past_days_alone() -> None:
    """A past day's range is judged by the cone of its morning, and bars after as-of or beyond a gap are never used."""
    candles = random_walk(24 * 50, volatility=0.004)
    at = np.array([24 * 40, 24 * 49 + 1])
    held = cone_held(candles, at, 24, 24.0, DEFAULTS)
    scale = cone_scales(candles, at, 24.0, DEFAULTS)[0]
    price = candles.close[24 * 40 - 1]
    up = np.log(candles.high[24 * 40 : 24 * 41].max() / price) / scale
    assert held[0, 0] == (DEFAULTS.cone_ratios[0] <= up <= DEFAULTS.cone_ratios[2])
    assert np.isnan(held[1]).all()
    keep = np.ones(len(candles), dtype=bool)
    keep[24 * 40 + 5] = False
    assert np.isnan(cone_held(candles.part(keep), at[:1], 24, 24.0, DEFAULTS)).all()
    found = cone_of(candles)
    assert found.of == 2 * 20
    assert 0 <= found.covered <= found.of


def slow_scale(candles: Candles, known: int, hours: int) -> float:
    """Work out the expected log range at one moment of hourly bars, number by number."""
    log_scale = DEFAULTS.cone_constant
    for days, weight in zip((1, 7, 30), DEFAULTS.cone_weights, strict=True):
        squares = [math.log(candles.high[bar] / candles.low[bar]) ** 2 for bar in range(known - 24 * days, known)]
        log_scale += weight * math.log(sum(squares) / (4 * math.log(2)) / days) / 2
    end = int(candles.close_time_ms[known - 1])
    weekend = [datetime.fromtimestamp(end / 1000 + 3600 * hour, tz=UTC).weekday() >= 5 for hour in range(hours)]
    return math.exp(log_scale + DEFAULTS.cone_weekend * sum(weekend) / hours) * math.sqrt(hours / 24)


def test_what_was_reached_stays_reached() -> None:
    """The highest price so far never falls: into a weekend, which is calmer, the steps stand still at most."""
    candles = random_walk(24 * 45, seed=11)
    for end in range(24 * 38, 24 * 45, 7):
        found = cone_of(candles.part(slice(end)), 24.0)
        reached = np.array(found.steps)
        assert (np.diff(reached, axis=0) >= 0).all()
        assert found.price * math.exp(found.steps[-1][2]) == pytest.approx(found.high[2])


@pytest.mark.parametrize("hours", [24, 72])
def test_the_cone_equals_a_slow_one(hours: int) -> None:
    """Scale, quantiles, steps and the count of past days come out number by number, across weekends."""
    candles = random_walk(24 * 45, seed=11)
    found = cone_of(candles, float(hours))
    scale = slow_scale(candles, len(candles), hours)
    price = float(candles.close[-1])
    assert found.high == pytest.approx([price * math.exp(scale * ratio) for ratio in DEFAULTS.cone_ratios])
    assert found.low == pytest.approx([price / math.exp(scale * ratio) for ratio in DEFAULTS.cone_ratios[::-1]])
    assert len(found.steps) == 25
    assert found.steps[0] == (0.0, 0.0, 0.0)
    assert found.steps[-1] == pytest.approx([scale * ratio for ratio in DEFAULTS.cone_ratios])
    if hours == 72:
        third = slow_scale(candles, len(candles), 24)
        assert found.steps[8] == pytest.approx([third * ratio for ratio in DEFAULTS.cone_ratios])
    inside, judged = 0, 0
    for known in range(len(candles) - hours, 0, -24):
        if known < 24 * 30:
            continue
        past, reached = slow_scale(candles, known, hours), candles.close[known - 1]
        span = slice(known, known + hours)
        for gone in (candles.high[span].max() / reached, reached / candles.low[span].min()):
            ratio = max(math.log(gone), 0.0) / past
            inside += DEFAULTS.cone_ratios[0] <= ratio <= DEFAULTS.cone_ratios[2]
            judged += 1
    assert (found.covered, found.of) == (inside, judged)
    assert 0 < inside < judged


def test_own_days_count_beside_the_training_ratios() -> None:
    """Thirty days alone give the training ratios; later the market's own count by the day, worked out by hand."""
    candles = random_walk(24 * 45, volatility=0.004)
    lines = cone_lines(candles, np.array([24 * 30, 24 * 45]), 24.0, DEFAULTS)
    scale = cone_scales(candles, np.array([24 * 30, 24 * 45]), 24.0, DEFAULTS)
    assert lines[0] == pytest.approx(scale[0] * np.array(DEFAULTS.cone_ratios))
    every = np.arange(24 * 30, 24 * 44 + 1, 4)  # each four hours from the thirtieth day to the last but one
    ratio = cone_reached(candles, every, 24) / cone_scales(candles, every, 24.0, DEFAULTS)[:, None]
    own = np.quantile(ratio, (0.09, 0.5, 0.91))
    days = len(every) / 6
    expected = np.exp((10 * np.log(DEFAULTS.cone_ratios) + days * np.log(own)) / (10 + days))
    assert lines[1] == pytest.approx(scale[1] * expected)
    stubborn = cone_lines(candles, np.array([24 * 45]), 24.0, STUBBORN)
    assert stubborn[0] == pytest.approx(scale[1] * np.array(DEFAULTS.cone_ratios))


@pytest.mark.parametrize(("hours", "a_day"), [(1, 6), (2, 6), (4, 6), (12, 2), (24, 1)])
def test_own_days_are_days_whatever_the_bars(hours: int, a_day: int) -> None:
    """Six moments a day, or as many as there are bars; only those of the last seven days count, as seven days."""
    bars, n = 24 // hours, 24 // hours * 45
    candles = replace(random_walk(n, volatility=0.004), interval_ms=hours * HOUR_MS)
    candles = replace(candles, open_time_ms=START_MS + hours * HOUR_MS * np.arange(n))
    week = replace(DEFAULTS, cone_past_days=7)
    every = (n - bars - bars // a_day * np.arange(7 * a_day))[::-1]
    ratio = cone_reached(candles, every, bars) / cone_scales(candles, every, 24.0, week)[:, None]
    own = np.quantile(ratio, (0.09, 0.5, 0.91))
    expected = np.exp((10 * np.log(DEFAULTS.cone_ratios) + 7 * np.log(own)) / 17)
    scale = cone_scales(candles, np.array([n]), 24.0, week)
    assert cone_lines(candles, np.array([n]), 24.0, week)[0] == pytest.approx(scale[0] * expected)


def test_nothing_after_a_moment_moves_its_lines() -> None:
    """Lines of a moment are the same with every later bar cut off."""
    candles = random_walk(24 * 45, volatility=0.004)
    both = cone_lines(candles, np.array([24 * 40, 24 * 44]), 24.0, DEFAULTS)
    cut = cone_lines(candles.first(24 * 40), np.array([24 * 40]), 24.0, DEFAULTS)
    assert cut[0].tolist() == both[0].tolist()


def test_quantiles_are_of_the_last_values_known() -> None:
    """The window is the last four values, a gap among them is left out, and none known gives none."""
    value = np.array([1.0, 2.0, 3.0, 4.0, np.nan, 5.0])
    count, found = past_quantiles(value, np.array([0, 1, 4, 6]), (0.1, 0.5, 0.9), 4)
    assert count.tolist() == [0, 1, 4, 3]
    assert np.isnan(found[0]).all()
    assert found[1:] == pytest.approx(np.array([[1.0, 1.0, 1.0], [1.3, 2.5, 3.7], [3.2, 4.0, 4.8]]))


@pytest.mark.parametrize(("hours", "by_cone"), [(23.9, False), (24.0, True), (48.0, True)])
def test_the_forecast_gives_the_touch_share_from_a_day_on(hours: float, by_cone: bool) -> None:  # noqa: FBT001
    """From 24 h on the share is exp(-1.66 x) at x expected ranges; before, and with no forecast, that of usual days."""
    candles = random_walk(24 * DAYS, volatility=0.004)
    at = np.array([24 * 10, 24 * DAYS])
    rates = cone_touch_rates(candles, at, hours, np.array([0.02, 0.02]), DEFAULTS)
    day = cone_scales(candles, at[1:], hours, DEFAULTS)[0] / np.sqrt(hours / 24)
    assert rates[0] == DEFAULTS.touch_rate  # ten days of bars give no forecast
    assert rates[1] == pytest.approx(1.66 * 0.02 / day if by_cone else DEFAULTS.touch_rate)
    if by_cone:
        share = touch_probability(0.015 / 0.02, hours, replace(DEFAULTS, touch_rate=float(rates[1])))
        scale = cone_scales(candles, at[1:], hours, DEFAULTS)[0]
        assert share == pytest.approx(np.exp(-1.66 * 0.015 / scale))
