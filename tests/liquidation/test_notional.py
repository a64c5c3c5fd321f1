"""Dollar intervals: coverage on exchangeable and drifting sweeps, and what they refuse to say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation.calibration import NotionalRule
from reportgen.liquidation.calibration.fit import interval_rule, within
from reportgen.liquidation.calibration.fit import rule_of as made_of
from reportgen.liquidation.calibration.make import Walk
from reportgen.units import HOUR_MS, Floats, Ints, Missing

from .test_calibration import observed

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


def test_a_class_begins_at_its_edge_and_its_bounds_are_inside() -> None:
    """Edge 10: an estimate of 8 lies between 4 and 16, one of 10 in the class above, between 2 and 40."""
    low, high = np.array([0.5, 0.2]), np.array([2.0, 4.0])
    rule = NotionalRule(level=0.9, edge_quote=np.array([10.0]), low_ratio=low, high_ratio=high, covered=3, of=4)
    assert (rule.coverage, rule.bounds(8.0), rule.bounds(10.0)) == (0.75, (4, 16), (2, 40))
    realised = np.array([3.9, 4, 16, 16.1, 1.9, 2, 40, 40.1])
    assert within(rule, np.repeat([8.0, 10.0], 4), realised).tolist() == 2 * [False, True, True, False]
    halves = replace(DEFAULTS, notional_classes=2)
    made = made_of(np.array([1.0, 2, 3]), np.array([1.0, 10, 21]), np.arange(3), halves)
    assert [made.edge_quote.tolist(), made.low_ratio.tolist(), made.high_ratio.tolist()] == [[2], [1, 5], [1, 7]]


@pytest.mark.parametrize(
    ("changes", "apart", "alike"),
    [
        ({"notional_adapt": 0.04}, (3, 27), (4, 7)),  # tails of .3 and .7: 2 and 6 of 20 cut at each end
        ({"notional_adapt": 0.0}, (5, 25), (3, 8)),
        ({"notional_adapt": 0.04, "notional_least_sweeps": 11}, (5, 25), (3, 8)),  # ten before are too few to judge
        ({"notional_adapt": 0.04, "notional_least_tail": 0.4}, (4, 26), (4, 7)),
        ({"notional_adapt": 0.08, "notional_largest_tail": 0.7}, (1, 29), (4, 7)),
    ],
)
def test_tails_move_by_what_fell_outside_on_the_day(
    changes: dict[str, float], apart: tuple[float, float], alike: tuple[float, float]
) -> None:
    """Ratios 1 to 10 foretell 2 to 9: a day outside narrows the tails of one half, a day inside widens them."""
    plain = replace(DEFAULTS, notional_classes=1, notional_level=0.5, notional_least_sweeps=10)
    plain = replace(plain, notional_least_tail=0.01, notional_largest_tail=0.99)
    used, day = replace(plain, **changes), np.repeat([0, 1], 10)  # type: ignore[arg-type]
    for later, wanted in ((np.arange(20, 30), apart), (np.array([2, 3, 3, 4, 5, 6, 7, 8, 8, 9]), alike)):
        rule = made_of(np.ones(20), np.append(np.arange(1.0, 11), later), day, used)
        assert (*rule.low_ratio, *rule.high_ratio) == wanted


def test_the_first_span_says_nothing_and_a_day_is_not_split() -> None:
    """Ten rows after the first span: the split falls into the second day, so the three of the first day foretell."""
    ratio = np.array([99.0, 99, 1, 2, 3, 2, 3, 1, 5, 0.5, 2, 10])
    hour = np.array([0, 1, 2, 3, 23, 24, 25, 26, 47, 48, 49, 50])
    rows = replace(observed(np.ones(1), rows=12), time_ms=HOUR_MS * hour, realised=1e6 * ratio)
    walked = Walk(span=np.repeat([0, 1, 2], (2, 5, 5)), estimated=np.full(12, 1e6), control=np.zeros(12))
    used = replace(DEFAULTS, notional_classes=1, notional_adapt=0.0, notional_level=0.9, calibration_split=0.5)
    rule = walked.interval_rule(rows, replace(used, notional_least_sweeps=3))
    assert isinstance(rule, NotionalRule)
    assert (*rule.low_ratio, *rule.high_ratio, rule.covered, rule.of) == (0.5, 10, 4, 7)
    few = "Only {} past sweeps are large enough to compare estimates with, which is too few for an interval."
    assert walked.interval_rule(rows, replace(used, notional_least_sweeps=4)) == Missing(few.format(10))
    sizes = np.array([1.0, 7, 4, 4, 4, 4, 4, 4])  # 4 on average
    for least, count in ((0.25, 8), (0.26, 7)):
        a = replace(DEFAULTS, notional_least_size=least)
        assert interval_rule(sizes, sizes, np.arange(8), a) == Missing(few.format(count))
