"""The statistics of the record against independent computations."""

from __future__ import annotations

import numpy as np
import pytest

from reportgen.track_record.score import (
    correlation_scores,
    drawn_days,
    effective_days,
    mean_scores,
    partial_spearman,
    ranks,
    ratio_scores,
)
from reportgen.units import Floats, Ints

Sample = tuple[Floats, Floats, Floats, Ints]


def sample(seed: int, rows: int = 600, strength: float = 0.4) -> Sample:
    """Make maps, an outcome that follows the first of them, features that drive both, and days of 20 rows."""
    rng = np.random.default_rng(seed)
    given = rng.normal(size=(rows, 3))
    maps = rng.normal(size=(rows, 2)) + given[:, :2]
    outcome = np.exp(strength * maps[:, 0] + given @ np.array([0.8, -0.5, 0.2]) + rng.normal(size=rows))
    return maps, outcome, given, np.arange(rows, dtype=np.int64) // 20


def slow_ranks(values: Floats) -> Floats:
    """Count for each value how many are smaller, and half of its equals."""
    return np.array([(values < one).sum() + 0.5 * ((values == one).sum() + 1) for one in values])


def by_residuals(one: Floats, outcome: Floats, given: Floats) -> float:
    """Correlate what two regressions leave over."""
    table = np.column_stack([np.ones(len(one)), *(slow_ranks(column) for column in given.T)])
    left = [y - table @ np.linalg.lstsq(table, y, rcond=None)[0] for y in (slow_ranks(one), slow_ranks(outcome))]
    return float(np.corrcoef(left[0], left[1])[0, 1])


def test_ranks_share_ties() -> None:
    """Equal values share their mean rank; a column that does not vary is all zero."""
    values = np.round(np.random.default_rng(1).normal(size=80), 1)
    expected = slow_ranks(values)
    assert np.allclose(ranks(values), (expected - expected.mean()) / expected.std())
    assert np.array_equal(ranks(np.full(5, 3.0)), np.zeros(5))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_partial_rank_correlation_is_that_of_two_regressions(seed: int) -> None:
    """With ties in map and outcome, the score equals the correlation of residual ranks."""
    maps, outcome, given, day = sample(seed)
    maps, outcome = np.round(maps, 1), np.round(outcome, 1)
    scores = partial_spearman(maps, outcome, given, day, draws=10, rng=np.random.default_rng(1))
    for column in range(2):
        assert scores.value[column] == pytest.approx(by_residuals(maps[:, column], outcome, given), abs=1e-6)


def test_only_order_matters() -> None:
    """Any growing change of a map or of the outcome leaves the score as it is."""
    maps, outcome, given, day = sample(4)
    plain = partial_spearman(maps, outcome, given, day, draws=10, rng=np.random.default_rng(1))
    bent = partial_spearman(np.exp(maps), outcome**3, given, day, draws=10, rng=np.random.default_rng(1))
    assert np.allclose(plain.value, bent.value)
    assert np.allclose(plain.drawn, bent.drawn)


def test_what_does_not_vary_has_no_score_and_what_the_path_tells_scores_nothing() -> None:
    """A constant map gives NaN; a map that is one of the given features gives 0."""
    maps, outcome, given, day = sample(5)
    stacked = np.column_stack([np.ones(len(maps)), given[:, 1], maps[:, 0]])
    scores = partial_spearman(stacked, outcome, given, day, draws=50, rng=np.random.default_rng(1))
    assert np.isnan(scores.value[0])
    assert abs(scores.value[1]) < 1e-3
    assert scores.value[2] > 0.2


def test_a_draw_is_the_score_of_the_days_it_took() -> None:
    """Resampling the sums of products equals scoring the drawn rows, whose ranks are kept."""
    maps, outcome, given, day = sample(6, rows=200)
    scores = partial_spearman(maps, outcome, given, day, draws=3, rng=np.random.default_rng(8))
    count = np.random.default_rng(8).multinomial(10, np.full(10, 0.1), size=3)
    table = np.column_stack([np.ones(200), ranks(given)])
    rows = np.concatenate([np.flatnonzero(day == one) for one in range(10) for _ in range(count[2, one])])
    left = [
        y[rows] - table[rows] @ np.linalg.lstsq(table[rows], y[rows], rcond=None)[0]
        for y in (ranks(maps[:, 0]), ranks(outcome))
    ]
    expected = left[0] @ left[1] / np.sqrt((left[0] @ left[0]) * (left[1] @ left[1]))
    assert scores.drawn[2, 0] == pytest.approx(expected, abs=1e-6)


def test_intervals_cover() -> None:
    """Over many samples whose days share a shock, about 90 % of the 90 % intervals hold the true score, which is 0."""
    held = 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        day = np.arange(600, dtype=np.int64) // 10
        shock = rng.normal(size=(60, 2))[day]
        maps, outcome = rng.normal(size=600) + shock[:, 0], rng.normal(size=600) + shock[:, 1]
        given = rng.normal(size=(600, 2))
        found = partial_spearman(maps[:, None], outcome, given, day, draws=200, rng=rng).estimate(0)
        held += found.low <= 0 <= found.high
    assert 0.8 <= held / 120 <= 0.98


def test_a_paired_difference_is_surer_than_its_parts() -> None:
    """Two nearly equal maps differ by little and surely so; a map differs from itself by exactly 0."""
    maps, outcome, given, day = sample(7)
    both = np.column_stack([maps[:, 0], maps[:, 0] + 0.05 * maps[:, 1], maps[:, 0]])
    scores = partial_spearman(both, outcome, given, day, draws=300, rng=np.random.default_rng(2))
    one, apart, same = scores.estimate(0), scores.estimate(0, 1), scores.estimate(0, 2)
    assert apart.high - apart.low < 0.3 * (one.high - one.low)
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_the_mean_of_a_score_with_itself_is_itself() -> None:
    """Averaging keeps draws aligned: the same part twice changes nothing but the count of rows."""
    maps, outcome, given, day = sample(9)
    scores = partial_spearman(maps, outcome, given, day, draws=40, rng=np.random.default_rng(2))
    mean = mean_scores([scores, scores])
    assert np.array_equal(mean.drawn, scores.drawn)
    assert mean.observations == 2 * scores.observations


def test_ratios_and_correlations_are_those_of_the_rows() -> None:
    """Sums over sums and plain correlations match direct computation; nothing below the line gives NaN."""
    rng = np.random.default_rng(3)
    above, below, day = rng.random((90, 2)), rng.random(90), np.arange(90, dtype=np.int64) // 9
    drawn = drawn_days(200, lambda: np.random.default_rng(1))
    ratio = ratio_scores(above, below, day, drawn=drawn)
    assert np.allclose(ratio.value, above.sum(axis=0) / below.sum())
    assert ratio.estimate(0).low < ratio.value[0] < ratio.estimate(0).high
    assert np.isnan(ratio_scores(above, 0 * below, day, drawn=drawn).value).all()
    linked = correlation_scores(above, below, day, draws=200, rng=np.random.default_rng(1))
    assert linked.value[1] == pytest.approx(np.corrcoef(above[:, 1], below)[0, 1])


def test_scores_over_as_many_days_are_drawn_once() -> None:
    """Two scores of ten days ask the generator once, and three days are drawn anew."""
    seeds: list[int] = []

    def fresh() -> np.random.Generator:
        seeds.append(1)
        return np.random.default_rng(1)

    drawn = drawn_days(4, fresh)
    np.testing.assert_array_equal(drawn(10), np.random.default_rng(1).multinomial(10, np.full(10, 0.1), size=4))
    values, day = np.arange(1.0, 21.0), np.arange(20, dtype=np.int64) // 2
    first, second = (ratio_scores(values[:, None], values, day, drawn=drawn) for _ in range(2))
    np.testing.assert_array_equal(first.drawn, second.drawn)
    assert len(seeds) == 1
    assert drawn(3).sum(axis=1).tolist() == [3, 3, 3, 3]
    assert len(seeds) == 2


def test_days_that_hang_together_are_worth_fewer() -> None:
    """Independent days count nearly in full; days that repeat each other in runs of five count for much less."""
    rng = np.random.default_rng(4)
    day = np.repeat(np.arange(200, dtype=np.int64), 4)
    free = effective_days(rng.normal(size=800), day)
    tied = effective_days(np.repeat(rng.normal(size=40), 20) + 0.1 * rng.normal(size=800), day)
    assert 120 < free <= 200
    assert tied < 80
    assert effective_days(np.ones(8), day[:8]) == 2
