"""Calibrated dollars in a backtest: walk-forward, beside their control, and free of the currency."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reportgen.brief.types import Interval
from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation.calibration.sample import sample_of
from reportgen.track_record.dollars import NAME, calibrated_dollars
from reportgen.track_record.result import DollarScore
from reportgen.units import Missing
from tests.liquidation.test_calibration import both_sides, market_of, with_liquidations

QUICK = replace(DEFAULTS, calibration_search_steps=20, backtest_draws=60)


def fresh() -> np.random.Generator:
    """Give the same generator every time."""
    return np.random.default_rng(3)


def scores(times: float = 1.0) -> dict[str, DollarScore]:
    """Score a market whose liquidations are multiplied."""
    market = market_of(40)
    longs, shorts = both_sides(market)
    found = calibrated_dollars(with_liquidations(market, times * longs, times * shorts), market.as_of_ms, QUICK, fresh)
    assert not isinstance(found, Missing)
    return {one.side: one for one in found.scores}


def test_longs_shorts_and_both_are_scored_beside_distance_alone() -> None:
    """Three rows of one name, the sums of the sides make those of both, and each has its control and interval."""
    found = scores()
    assert set(found) == {"long", "short", "both"}
    assert {one.name for one in found.values()} == {NAME}
    assert found["both"].realised == pytest.approx(found["long"].realised + found["short"].realised)
    for one in found.values():
        assert isinstance(one.ratio, Interval)
        assert isinstance(one.climatology_root_correlation, Interval)
        assert one.ratio.low <= one.ratio.value <= one.ratio.high


def test_the_currency_changes_no_score() -> None:
    """All liquidations times a factor change estimates alike, so that ratio and correlation stay."""
    one, other = scores()["both"], scores(7.0)["both"]
    assert isinstance(one.ratio, Interval)
    assert isinstance(other.ratio, Interval)
    assert other.ratio.value == pytest.approx(one.ratio.value, rel=1e-6)
    assert other.realised == pytest.approx(7 * one.realised)


def test_what_came_later_changes_nothing() -> None:
    """Liquidations after the window, however wild, leave the scores as they are."""
    market = market_of(40)
    longs, shorts = both_sides(market)
    until = market.as_of_ms - 5 * 24 * 3_600_000
    assert not isinstance(market.liquidations, Missing)
    late = market.liquidations.open_time_ms >= until
    wild = with_liquidations(market, np.where(late, 9 * longs, longs), np.where(late, 0.1 * shorts, shorts))
    found, other = (calibrated_dollars(one, until, QUICK, fresh) for one in (wild, market))
    assert not isinstance(found, Missing)
    assert not isinstance(other, Missing)
    assert found.scores == other.scores


def test_without_open_interest_there_is_a_reason() -> None:
    """What cannot be calibrated says why."""
    found = calibrated_dollars(
        market_of(40, open_interest=Missing("No open interest.")), market_of(40).as_of_ms, QUICK, fresh
    )
    assert found == Missing("No open interest.")


def test_a_window_without_rows_is_named() -> None:
    """Before the first row nothing is known, and a window of one row leaves no span to estimate from another."""
    whole = market_of(40)
    sample = sample_of(whole, 0, QUICK)
    assert not isinstance(sample, Missing)
    first = int(sample.by_churn[0].time_ms.min())
    before, at = (calibrated_dollars(whole, moment, QUICK, fresh) for moment in (first - 1, first))
    assert before == Missing("No liquidations are known in the window that was scored.")
    assert at == Missing("Too few spans could be estimated from those before them.")
