"""The accounts of opened, closed and swept positions, against a slow list of every deposit."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS, Assumptions
from reportgen.liquidation.conservation import (
    Flows,
    aligned_open_interest,
    conservation_flows,
    constant_flows,
    node_distances,
    reference_weights,
    turnover,
)
from reportgen.market.data import Candles, OpenInterest
from reportgen.units import HOUR_MS, Floats, Missing, Side

from .markets import START_MS, candles_from, mirrored, random_walk, scaled

EVERY_CHURN = pytest.mark.parametrize("churn", [0.0, 0.1, 3.0, 300.0])
EVERY_SIDE = pytest.mark.parametrize("side", list(Side))


def open_interest_of(candles: Candles, seed: int = 5) -> Floats:
    """Draw open interest at each close: five days of volume make about as much as is open."""
    rng = np.random.default_rng(seed)
    return np.asarray(candles.volume_base.mean() * 5 * np.exp(np.cumsum(rng.normal(0, 0.01, len(candles)))))


def snapshots(time_ms: list[int], value: list[float]) -> OpenInterest:
    """Build open interest from times and base coins."""
    return OpenInterest(
        time_ms=np.array(time_ms), open_interest_base=np.array(value), open_interest_quote=Missing("not needed here")
    )


def _one_at_a_time(
    candles: Candles, open_interest: Floats | None, side: Side, a: Assumptions
) -> tuple[Floats, list[tuple[int, float, float]]]:
    """Follow every level of every bar in a plain list, prices compared as prices; give rows of flows and what is left.

    Returns:
        Rows of opened, closed, swept and book, shape (n, 4); and the deposits left: bar, log price, base coins.
    """
    step, origin, sign = a.level_log_width, np.log(candles.close[0]), 1 if side is Side.LONG else -1
    churn = turnover(candles, a)
    alive: list[tuple[int, float, float]] = []
    rows = []
    for bar in range(len(candles)):
        extreme = np.log(candles.low[bar] if side is Side.LONG else candles.high[bar])
        gone = [d for d in alive if sign * (d[1] - extreme) >= 0]
        alive = [d for d in alive if sign * (d[1] - extreme) < 0]
        swept = sum(d[2] for d in gone)
        if open_interest is None:
            opened, kept = candles.interval_ms / HOUR_MS, 1.0
        else:
            before = open_interest[max(0, bar - 1)]
            left = open_interest[bar] - before + swept
            opened = churn[bar] + max(left, 0.0)
            kept = 1 - min(0.9, (churn[bar] + max(-left, 0.0)) / before)
        closed = sum(d[2] * (1 - kept) for d in alive)
        alive = [(d[0], d[1], d[2] * kept) for d in alive]
        entry = origin + step * np.rint((np.log(candles.close[bar]) - origin) / step)
        for distance, weight in zip(node_distances(a), reference_weights(a), strict=True):
            alive.append((bar, entry - sign * step * np.rint(distance / step), opened * weight))
        rows.append([opened, closed, swept, sum(d[2] for d in alive)])
    return np.array(rows), alive


def _rows(flows: Flows) -> Floats:
    """Put flows side by side as the slow reference does."""
    return np.column_stack([flows.opened, flows.closed, flows.swept, flows.book])


@EVERY_SIDE
@EVERY_CHURN
def test_flows_equal_a_slow_reference(side: Side, churn: float) -> None:
    """The ladder's flows equal those of a list that holds every deposit by its price."""
    candles = random_walk(150, volatility=0.01)
    open_interest = open_interest_of(candles)
    a = replace(DEFAULTS, churn=churn)
    slow, _ = _one_at_a_time(candles, open_interest, side, a)
    fast = _rows(conservation_flows(candles, open_interest, side, a))
    assert slow[:, 2].any()
    np.testing.assert_allclose(fast, slow, rtol=1e-9, atol=1e-9 * open_interest.min())


@EVERY_SIDE
def test_constant_flows_equal_a_slow_reference(side: Side) -> None:
    """Without open interest each hour deposits the same, and only a touch removes it."""
    candles = random_walk(150, volatility=0.01)
    slow, _ = _one_at_a_time(candles, None, side, DEFAULTS)
    np.testing.assert_allclose(_rows(constant_flows(candles, side, DEFAULTS)), slow, rtol=1e-9, atol=1e-9)


@EVERY_SIDE
@EVERY_CHURN
def test_every_coin_is_accounted_for(side: Side, churn: float) -> None:
    """The book changes by what opened, closed and was swept, to a billionth of open interest, capped bars included."""
    candles = random_walk(3000, volatility=0.01)
    open_interest = open_interest_of(candles)
    flows = conservation_flows(candles, open_interest, side, replace(DEFAULTS, churn=churn))
    change = np.diff(flows.book, prepend=0.0)
    assert np.abs(change - (flows.opened - flows.closed - flows.swept)).max() < 1e-9 * open_interest.min()
    assert min(flows.opened.min(), flows.closed.min(), flows.swept.min(), flows.book.min()) >= 0


def test_the_cap_leaves_a_tenth() -> None:
    """However much turns over, a bar closes nine tenths of what it did not sweep and not a coin more."""
    candles = candles_from(np.full(30, 100.0), spread=0.0)
    flows = conservation_flows(candles, np.full(30, 10.0), Side.LONG, replace(DEFAULTS, churn=1e6))
    np.testing.assert_allclose(flows.closed[1:], 0.9 * flows.book[:-1])
    np.testing.assert_allclose(flows.log_survival, np.log(0.1) * np.arange(1, 31))


def test_opens_less_closes_and_swept_is_the_change_of_a_full_book() -> None:
    """Once the book holds all of open interest and no bar is capped, it follows open interest."""
    candles = random_walk(4000, volatility=0.004)
    open_interest = open_interest_of(candles)
    flows = conservation_flows(candles, open_interest, Side.SHORT, replace(DEFAULTS, churn=0.2))
    coverage = flows.book / open_interest
    assert flows.book[0] < 0.2 * open_interest[0]
    assert np.abs(coverage[1000:] - 1).max() < 0.1


def test_open_interest_is_the_last_snapshot_by_the_close() -> None:
    """Snapshots after a close are not known at it; before the first there is no change."""
    candles = random_walk(5)
    end = candles.close_time_ms.tolist()
    given = snapshots([end[1], end[3] - 1, end[3] + 1], [10.0, 20.0, 30.0])
    np.testing.assert_array_equal(cast("Floats", aligned_open_interest(candles, given)), [10, 10, 10, 20, 30])
    little = snapshots(end[:4], [0.0, 0.5, np.nan, -1.0])  # nothing open is no snapshot, half a coin is one
    assert cast("Floats", aligned_open_interest(candles, little)).tolist() == [0.5] * 5


@pytest.mark.parametrize(
    "given",
    [
        Missing("the venue gives none"),
        snapshots([], []),
        snapshots([START_MS + 900 * HOUR_MS], [5.0]),
        snapshots([START_MS], [np.nan]),
    ],
)
def test_no_open_interest_is_missing(given: OpenInterest | Missing) -> None:
    """Without one usable snapshot by the last close there is a reason in place of numbers."""
    found = aligned_open_interest(random_walk(5), given)
    none = Missing("No open-interest snapshot by the last close: flows cannot be told.")
    assert found == (given if isinstance(given, Missing) else none)


@EVERY_SIDE
def test_coins_scale_the_flows(side: Side) -> None:
    """Volume and open interest times k give flows times k and the same survival."""
    candles = random_walk(400, volatility=0.01)
    more = replace(candles, volume_base=candles.volume_base * 1000)
    open_interest = open_interest_of(candles)
    one = conservation_flows(candles, open_interest, side, DEFAULTS)
    many = conservation_flows(more, open_interest * 1000, side, DEFAULTS)
    np.testing.assert_allclose(_rows(many), 1000 * _rows(one), rtol=1e-9, atol=1e-6 * open_interest.min())
    np.testing.assert_allclose(many.log_survival, one.log_survival, rtol=1e-9)


@EVERY_SIDE
def test_prices_do_not_scale_the_flows(side: Side) -> None:
    """Prices times k leave every flow in coins as it was."""
    candles = random_walk(400, volatility=0.01)
    open_interest = open_interest_of(candles)
    one = conservation_flows(candles, open_interest, side, DEFAULTS)
    many = conservation_flows(scaled(candles, 1000), open_interest, side, DEFAULTS)
    np.testing.assert_allclose(_rows(many), _rows(one), rtol=1e-9, atol=1e-9 * open_interest.min())


def test_sides_are_mirror_images() -> None:
    """Longs on a path are shorts on the mirrored path."""
    candles = random_walk(400, volatility=0.01)
    open_interest = open_interest_of(candles)
    long = conservation_flows(candles, open_interest, Side.LONG, DEFAULTS)
    short = conservation_flows(mirrored(candles), open_interest, Side.SHORT, DEFAULTS)
    np.testing.assert_allclose(_rows(long), _rows(short), rtol=1e-9, atol=1e-9 * open_interest.min())


def test_later_bars_change_nothing_before_them() -> None:
    """The flows of the first bars are those of a shorter history."""
    candles = random_walk(300, volatility=0.01)
    open_interest = open_interest_of(candles)
    whole = conservation_flows(candles, open_interest, Side.LONG, DEFAULTS)
    cut = conservation_flows(candles.first(200), open_interest[:200], Side.LONG, DEFAULTS)
    np.testing.assert_allclose(_rows(whole)[:200], _rows(cut), rtol=1e-12)


def test_a_very_long_turnover_does_not_underflow() -> None:
    """After survival has fallen below the smallest number the flows still add up and the book still lives."""
    candles = random_walk(2000, volatility=0.01)
    flows = conservation_flows(candles, open_interest_of(candles), Side.LONG, replace(DEFAULTS, churn=300.0))
    assert flows.log_survival[-1] < np.log(np.finfo(np.float64).tiny)
    assert np.isfinite(_rows(flows)).all()
    assert flows.swept[1500:].max() > 0
