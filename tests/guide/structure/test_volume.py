"""Volume against its usual, snapshots over a span, funding on one scale."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.guide.positioning.reading import annualised, change_since, fall_from_peak, funding_8h
from reportgen.guide.structure.volume import recent_over_median
from reportgen.market.data import FundingRates
from reportgen.units import DAY_MS, HOUR_MS, Missing

HOURS = np.arange(49, dtype=np.int64) * HOUR_MS


def test_usual_volume_is_one() -> None:
    """Constant volume is exactly its own median, and a doubled last day stands out twofold."""
    volume = np.full(120, 8.0)
    assert recent_over_median(volume, 6) == 1
    volume[-6:] *= 2
    assert recent_over_median(volume, 6) == 2


def test_volume_that_is_mostly_absent_is_missing() -> None:
    """Without volume in most bars there is nothing to expand or contract."""
    volume = np.zeros(120)
    volume[-6:] = 5
    assert recent_over_median(volume, 6) == Missing(
        "Most candles carry no volume, so it cannot be called expanding or contracting."
    )


@given(st.floats(1e-6, 1e9))
def test_change_and_fall_do_not_depend_on_the_unit(by: float) -> None:
    """Thousands of coins or single coins: the change is the same."""
    values = 100 + np.arange(49.0) % 7
    change = change_since(HOURS, values * by, DAY_MS, 0)
    assert change == pytest.approx(change_since(HOURS, values, DAY_MS, 0))
    assert fall_from_peak(HOURS, values * by, DAY_MS) == pytest.approx(fall_from_peak(HOURS, values, DAY_MS))


def test_change_looks_a_span_back() -> None:
    """The change is from the snapshot a day before the last; the peak of an earlier day is no peak of this one."""
    values = np.concatenate([np.full(24, 500.0), np.full(24, 100.0), [90.0]])
    assert change_since(HOURS, values, DAY_MS, 0) == pytest.approx(-0.1)
    assert fall_from_peak(HOURS, values, DAY_MS) == pytest.approx(0.1)


def test_change_without_a_snapshot_then_is_missing() -> None:
    """A hole where the span begins is named unless the tolerance bridges it."""
    kept = np.delete(np.arange(49), [23, 24])
    values = np.arange(1.0, 50.0)
    assert isinstance(change_since(HOURS[kept], values[kept], DAY_MS, HOUR_MS), Missing)
    assert change_since(HOURS[kept], values[kept], DAY_MS, 2 * HOUR_MS) == pytest.approx(49 / 23 - 1)


def test_change_from_zero_is_missing() -> None:
    """Growth from nothing has no percentage, and nothing has no fall."""
    values = np.concatenate([np.zeros(48), [1.0]])
    assert isinstance(change_since(HOURS, values, DAY_MS, 0), Missing)
    assert fall_from_peak(HOURS, np.zeros(49), DAY_MS) == 0


@given(st.sampled_from([1.0, 2.0, 4.0, 8.0]), st.floats(-0.01, 0.01))
def test_funding_is_put_on_eight_hours(hours: float, rate: float) -> None:
    """A rate of one hour counts eightfold, one of eight hours as it is, and a year has 1095 such intervals."""
    rates = FundingRates(time_ms=HOURS[:1], funding_rate=np.array([rate]), interval_hours=np.array([hours]))
    assert funding_8h(rates)[0] == pytest.approx(rate * 8 / hours)
    assert annualised(rate) == pytest.approx(rate * 3 * 365)
