"""Dollar intervals: coverage on exchangeable and drifting sweeps, and what they refuse to say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation.calibration import NotionalRule
from reportgen.liquidation.calibration.fit import interval_rule, within
from reportgen.liquidation.calibration.fit import rule_of as made_of
from reportgen.units import Floats, Ints, Missing

A_DAY = 24


def sweeps(count: int, *, seed: int = 1, drift: float = 0.0, scatter: float = 0.8) -> tuple[Floats, Floats, Ints]:
    """Draw sweeps whose realised over estimated ratio is lognormal and may drift by so much in log over the sample."""
    rng = np.random.default_rng(seed)
    estimated = rng.lognormal(14, 1.0, count)
    level = drift * np.arange(count) / count
    return estimated, estimated * np.exp(level + scatter * rng.standard_normal(count)), np.arange(count) // A_DAY


def rule_of(estimated: Floats, realised: Floats, day: Ints) -> NotionalRule:
    """Make the rule of sweeps that are enough for one."""
    rule = interval_rule(estimated, realised, day, DEFAULTS)
    assert isinstance(rule, NotionalRule)
    return rule


def test_exchangeable_sweeps_are_covered_as_wanted() -> None:
    """Where nothing drifts, nine in ten later sweeps lie inside, over many samples."""
    rules = [rule_of(*sweeps(1200, seed=seed)) for seed in range(20)]
    assert sum(rule.covered for rule in rules) / sum(rule.of for rule in rules) == pytest.approx(0.9, abs=0.025)


def test_a_drifting_market_keeps_its_coverage() -> None:
    """A level that moves by half over the sample costs little, since only the last sweeps count and tails adapt."""
    rules = [rule_of(*sweeps(2400, seed=seed, drift=0.4)) for seed in range(20)]
    covered = sum(rule.covered for rule in rules) / sum(rule.of for rule in rules)
    assert 0.8 <= covered <= 0.95


def test_what_fell_outside_widens_the_interval() -> None:
    """A market that became wilder gets wider intervals than the same sweeps without adaptation."""
    calm, wild = sweeps(900, scatter=0.3), sweeps(600, seed=2, scatter=1.2)
    estimated = np.concatenate([calm[0], wild[0]])
    realised = np.concatenate([calm[1], wild[1]])
    day = np.arange(1500) // A_DAY
    adapted = rule_of(estimated, realised, day)
    fixed = interval_rule(estimated, realised, day, replace(DEFAULTS, notional_adapt=0.0))
    assert isinstance(fixed, NotionalRule)
    assert (adapted.high_ratio / adapted.low_ratio >= fixed.high_ratio / fixed.low_ratio).all()


def test_bounds_agree_with_the_count_of_what_lies_within() -> None:
    """`bounds` of one estimate and `within` of many are the same rule."""
    estimated, realised, day = sweeps(1200)
    rule = rule_of(estimated, realised, day)
    one_by_one = [low <= y <= high for y, (low, high) in zip(realised, map(rule.bounds, estimated), strict=True)]
    np.testing.assert_array_equal(one_by_one, within(rule, estimated, realised))


@pytest.mark.parametrize(("count", "low", "high"), [(5, 1.0, 5.0), (39, 2.0, 38.0), (200, 57.0, 194.0)])
def test_both_tails_are_cut_where_a_conformal_quantile_cuts(count: int, low: float, high: float) -> None:
    """Of ratios 1, 2, 3 … each end is the 5 % of one sweep more than there are; of many the last 150 alone count."""
    plain = replace(DEFAULTS, notional_classes=1, notional_adapt=0.0, notional_level=0.9, notional_window=150)
    estimated = np.full(count, 1e6)
    rule = made_of(estimated, estimated * np.arange(1.0, count + 1), np.arange(count), plain)
    assert [*rule.low_ratio, *rule.high_ratio] == pytest.approx([low, high])
    assert rule.bounds(2e6) == pytest.approx((2e6 * low, 2e6 * high))


def test_the_currency_scales_the_interval() -> None:
    """Ten times the dollars give ten times the interval, and the same coverage."""
    estimated, realised, day = sweeps(1200)
    one, ten = rule_of(estimated, realised, day), rule_of(10 * estimated, 10 * realised, day)
    np.testing.assert_allclose(ten.bounds(2e7), np.multiply(one.bounds(2e6), 10), rtol=1e-9)
    assert (ten.covered, ten.of) == (one.covered, one.of)


def test_the_coverage_is_of_later_sweeps_only() -> None:
    """What happens after the split never enters the rule that it is counted against."""
    estimated, realised, day = sweeps(1200)
    late = day > 0.7 * day[-1]
    burst = rule_of(estimated, np.where(late, 1e6 * realised, realised), day)
    assert burst.covered < 0.5 * burst.of


@pytest.mark.parametrize("count", [0, 1, 60])
def test_too_few_sweeps_give_no_interval(count: int) -> None:
    """Too few past sweeps are a reason, never an interval."""
    rule = interval_rule(*sweeps(count), DEFAULTS)
    estimated = sweeps(count)[0]
    large = int(np.count_nonzero(estimated >= DEFAULTS.notional_least_size * estimated.mean())) if count else 0
    assert rule == Missing(
        f"Only {large} past sweeps are large enough to compare estimates with, which is too few for an interval."
    )


def test_a_map_that_estimates_nothing_gives_no_interval() -> None:
    """Estimates of zero are no sweeps."""
    _, realised, day = sweeps(500)
    assert isinstance(interval_rule(np.zeros(500), realised, day, DEFAULTS), Missing)
