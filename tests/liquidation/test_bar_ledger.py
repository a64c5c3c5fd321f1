"""Every coin is accounted for, whichever engine; and windows and draws against slow ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation.conservation import Flows, conservation_flows, constant_flows
from reportgen.liquidation.path import place_in_range
from reportgen.liquidation.profile import (
    dense_runs,
    draw_profiles,
    follow_runs,
    runs_of_many,
)
from reportgen.market.data import Candles
from reportgen.units import Floats, Side

from .markets import candles_from, random_walk
from .test_flows import EVERY_SIDE, open_interest_of

Account = Callable[[Candles, Side], Flows]


def with_churn(churn: float) -> Account:
    """Account with open interest and this churn."""
    a = replace(DEFAULTS, churn=churn)
    return lambda candles, side: conservation_flows(candles, open_interest_of(candles), side, a)


@EVERY_SIDE
@pytest.mark.parametrize(
    "account", [with_churn(0.0), with_churn(0.1), with_churn(3.0), lambda c, s: constant_flows(c, s, DEFAULTS)]
)
def test_the_book_changes_by_its_flows(account: Account, side: Side) -> None:
    """In every bar the book is the book before plus opened, less closed, less swept, to a billionth."""
    flows = account(random_walk(1000, volatility=0.01), side)
    change = np.diff(flows.book, prepend=0.0)
    assert flows.swept.max() > 0
    assert np.abs(change - (flows.opened - flows.closed - flows.swept)).max() < 1e-9 * flows.book.max()


def test_a_bar_may_close_almost_everything() -> None:
    """Where each bar leaves a billionth of the book, the flows stay numbers and still add up."""
    a = replace(DEFAULTS, churn=1e6, flow_most_closed=1 - 1e-9)
    candles = random_walk(300, volatility=0.01)
    flows = conservation_flows(candles, open_interest_of(candles), Side.LONG, a)
    assert flows.log_survival[-1] == pytest.approx(300 * np.log(1e-9), rel=1e-6)
    change = np.diff(flows.book, prepend=0.0)
    assert np.abs(change - (flows.opened - flows.closed - flows.swept)).max() < 1e-9 * flows.book.max()


@pytest.mark.parametrize("bars", [1, 2, 7, 24, 80, 200])
def test_place_in_range_looks_at_trailing_bars_alone(bars: int) -> None:
    """The place of each close is that in the range of the bars of its window, counted one window at a time."""
    candles = random_walk(80)
    low, high, close = (np.log(x) for x in (candles.low, candles.high, candles.close))
    expected = []
    for end in range(1, 81):
        start = max(0, end - bars)
        bottom, top = low[start:end].min(), high[start:end].max()
        expected.append(2 * (close[end - 1] - bottom) / (top - bottom) - 1)
    np.testing.assert_allclose(place_in_range(candles, bars), expected, rtol=1e-9, atol=1e-12)


def test_a_flat_path_is_in_the_middle_of_nowhere() -> None:
    """Where nothing moved a close has no place, which reads as 0."""
    assert not place_in_range(candles_from(np.full(30, 100.0), spread=0.0), 24).any()


def followed_slowly(start: int, stop: int, draws: Floats) -> tuple[float, list[float], list[float]]:
    """Follow a run draw by draw: the run that holds its densest passing bin."""
    near, far = [], []
    for draw in draws:
        passing = {b: run for run in dense_runs(draw, DEFAULTS) for b in range(run.start, run.stop)}
        bins = [b for b in range(start, stop) if b in passing]
        if bins:
            densest = passing[max(bins, key=lambda b: (draw[b], -b))]
            near.append(float(densest.start))
            far.append(float(densest.stop))
    return len(near) / len(draws), near, far


def test_following_all_runs_equals_following_each_draw_by_itself() -> None:
    """Persistence and edge bands are those of a walk through the draws one by one."""
    bins = np.arange(200)
    nodes = 1 + 9 * np.exp(-0.5 * ((bins - np.array([[30], [75], [140]])) / 6) ** 2)
    draws = draw_profiles(nodes, np.random.default_rng(4), DEFAULTS)
    runs = dense_runs(nodes.sum(axis=0), DEFAULTS)
    assert len(runs) >= 2
    for run, found in zip(runs, follow_runs(runs, draws, DEFAULTS), strict=True):
        persistence, near, far = followed_slowly(run.start, run.stop, draws)
        assert found.persistence == persistence
        assert 0 < persistence < 1
        np.testing.assert_allclose(found.near_band, np.quantile(near, (0.1, 0.9)))
        np.testing.assert_allclose(found.far_band, np.quantile(far, (0.1, 0.9)))


def test_runs_of_many_are_the_runs_of_each() -> None:
    """Profiles taken together have the runs that they have alone, and the gate lets the same ones pass."""
    rng = np.random.default_rng(8)
    profiles = rng.gamma(0.6, size=(150, 90))
    profiles[3] = 0.0
    many = runs_of_many(profiles, DEFAULTS)
    for number, profile in enumerate(profiles):
        passing = (many.row == number) & many.passes
        alone = [(run.start, run.stop) for run in dense_runs(profile, DEFAULTS)]
        assert alone == list(zip(many.start[passing].tolist(), many.stop[passing].tolist(), strict=True))
