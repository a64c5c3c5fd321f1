"""The published formulas do what their descriptions say: the product is compared with them, so they must be right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.formulas.catalogue import FORMULAS, Formula
from benchmarks.formulas.entrants import grid_of
from benchmarks.formulas.level_book import Levels, Rules, play
from benchmarks.formulas.tape import LargeTrades, Tape
from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation.margin import flat
from reportgen.liquidation.path import Grid
from reportgen.market.data import Candles
from reportgen.units import DAY_MS, HOUR_MS, Floats, Ints, Missing, Side
from tests.track_record.paths import START_MS, walk

BARS = 24 * 40
BY_NAME = {one.name: one for one in FORMULAS}
SWEEPING = ("time-evolving", "swept-oi-7d", "swept-oi-7d repaired", "oi-levels", "bar-volume")
LEAVING = ("oi-profile-30d", "large-trades", "distance table")
EVERY = pytest.mark.parametrize("one", FORMULAS, ids=lambda one: one.name)


def tape(candles: Candles, interest: Floats) -> Tape:
    """Put a tape together on which takers buy in rising bars, and one large trade of either side opens each bar."""
    rose = candles.close >= candles.open
    return Tape(
        candles=replace(candles, taker_buy_base=np.where(rose, 0.8, 0.3) * candles.volume_base),
        brackets=flat(0.004, 125.0, "test"),
        open_interest=interest,
        large_trades=LargeTrades(
            time_ms=candles.open_time_ms + 1,
            price=candles.open,
            taker_bought=rose,
            notional=np.full(len(candles), 2e5),
        ),
    )


def wandering(bars: int = BARS) -> Tape:
    """Give a tape whose open interest wanders."""
    level = 1e5 * np.exp(np.cumsum(np.random.default_rng(5).normal(0, 0.01, bars)))
    return tape(walk(21, bars), level)


def still(bars: int, price: float = 100.0) -> Candles:
    """Give bars that do not move."""
    same = np.full((4, bars), price)
    return Candles(
        interval_ms=HOUR_MS, open_time_ms=START_MS + HOUR_MS * np.arange(bars, dtype=np.int64), open=same[0],
        high=same[1], low=same[2], close=same[3], volume_base=np.ones(bars), taker_buy_base=np.ones(bars),
    )  # fmt: skip


def maps(one: Formula, given: Tape, decision_ms: Ints) -> tuple[Grid, Mapping[Side, Floats]]:
    """Freeze a formula's maps."""
    grid = grid_of(given.candles, decision_ms, DEFAULTS)
    return grid, one.maps(given, grid, decision_ms)


def opened_once(then_low: float, then_high: float) -> tuple[Tape, Ints]:
    """Let both sides open in bars 60 and 61 of a still market, and let bar 70 reach far; decide before and after."""
    candles = still(80)
    candles.open[60], candles.high[60], candles.low[60] = 100.0, 100.01, 99.99
    candles.close[60], candles.open[61], candles.close[61] = 100.01, 100.01, 100.0
    candles.high[61], candles.low[61] = 100.01, 99.99
    candles.low[70], candles.high[70] = then_low, then_high
    volume = candles.volume_base
    volume[:60] = volume[62:] = 0.0
    interest = np.concatenate([np.full(60, 1000.0), [1010.0], np.full(19, 1020.0)])
    bought = np.where(np.arange(80) == 60, 0.9, 0.1) * volume
    given = tape(candles, interest)
    trades = LargeTrades(
        time_ms=candles.open_time_ms[60:62] + 1, price=np.array([100.0, 100.0]),
        taker_bought=np.array([True, False]), notional=np.ones(2),
    )  # fmt: skip
    given = replace(given, candles=replace(candles, taker_buy_base=bought), large_trades=trades)
    return given, candles.close_time_ms[[65, 75]]


@EVERY
def test_longs_lie_below_the_entry_and_shorts_above(one: Formula) -> None:
    """What opens at 100 is liquidated below it when long and above it when short, and there is some of both."""
    given, decision_ms = opened_once(100.0, 100.0)
    grid, found = maps(one, given, decision_ms)
    here = int(np.rint(grid.position(100.0)))
    assert found[Side.LONG][0, : here + 1].sum() > 0
    assert found[Side.LONG][0, here + 1 :].sum() == 0
    assert found[Side.SHORT][0, here - 1 :].sum() > 0
    assert found[Side.SHORT][0, : here - 1].sum() == 0


@pytest.mark.parametrize("name", SWEEPING)
def test_touched_levels_are_gone_where_the_formula_says_so(name: str) -> None:
    """A bar that falls by a half and comes back leaves no long of a sweeping formula, and every short."""
    given, decision_ms = opened_once(50.0, 100.0)
    _, found = maps(BY_NAME[name], given, decision_ms)
    assert found[Side.LONG][0].sum() > 0
    assert found[Side.LONG][1].sum() == 0
    assert found[Side.SHORT][1].sum() == pytest.approx(found[Side.SHORT][0].sum(), rel=0.05)  # ten hours fade it


@pytest.mark.parametrize("name", LEAVING)
def test_touched_levels_stay_where_the_formula_says_so(name: str) -> None:
    """The same bar takes nothing from a formula that never sweeps."""
    given, decision_ms = opened_once(50.0, 100.0)
    _, found = maps(BY_NAME[name], given, decision_ms)
    assert found[Side.LONG][1].sum() == pytest.approx(found[Side.LONG][0].sum(), rel=0.05)  # ten hours fade it


def test_a_touch_takes_seventy_percent_of_taker_share_decay() -> None:
    """What one bar touched keeps 30 %, faded by .998 a minute."""
    given, decision_ms = opened_once(50.0, 100.0)
    _, found = maps(BY_NAME["taker-share-decay"], given, decision_ms)
    assert found[Side.LONG][1].sum() == pytest.approx(found[Side.LONG][0].sum() * 0.3 * 0.998**600)
    assert found[Side.SHORT][1].sum() == pytest.approx(found[Side.SHORT][0].sum() * 0.998**600)


@EVERY
def test_scaling_prices_scales_levels(one: Formula) -> None:
    """Ten times the prices give the same map on ten times the grid."""
    given = wandering()
    c, factor = given.candles, 10.0
    scaled = replace(c, open=c.open * factor, high=c.high * factor, low=c.low * factor, close=c.close * factor)
    trades = given.large_trades
    assert not isinstance(trades, Missing)
    other = replace(given, candles=scaled, large_trades=replace(trades, price=trades.price * factor))
    decision_ms = c.close_time_ms[[500, 800, 950]]
    grid, was = maps(one, given, decision_ms)
    other_grid, now = maps(one, other, decision_ms)
    assert other_grid.edges == pytest.approx(factor * grid.edges)
    for side in Side:
        total = was[side].sum()
        apart = np.abs(np.cumsum(now[side] - was[side], axis=1)).max()
        assert apart <= 1e-3 * total  # a level on an edge may fall to either side of it


@EVERY
def test_the_future_changes_no_map(one: Formula) -> None:
    """A frozen map is the same whatever bars, open interest and trades follow it."""
    given, known = wandering(), 700
    decision_ms = given.candles.close_time_ms[[400, known - 1]]
    grid = grid_of(given.candles, decision_ms, DEFAULTS)
    interest = given.open_interest
    assert isinstance(interest, np.ndarray)
    cut = replace(given, candles=given.candles.first(known), open_interest=interest[:known])
    for side in Side:
        was, now = one.maps(given, grid, decision_ms)[side], one.maps(cut, grid, decision_ms)[side]
        assert now == pytest.approx(was, rel=1e-9, abs=1e-9 * was.max())


def test_what_a_formula_needs_is_said() -> None:
    """Without takers, trades or open interest a formula says what it lacks."""
    given = wandering()
    bare = replace(
        given,
        candles=replace(given.candles, taker_buy_base=Missing("none")),
        large_trades=Missing("none"),
    )
    lacking = {one.name for one in FORMULAS if one.lacks(bare)}
    assert lacking == {"swept-oi-7d", "bar-volume", "taker-share-decay", "large-trades"}
    assert not any(one.lacks(given) for one in FORMULAS)
    assert all(one.lacks(replace(given, open_interest=Missing("gone"))) == "gone" for one in FORMULAS)


def test_a_fall_scales_the_time_evolving_book() -> None:
    """A fall of open interest takes that much off the whole book, each level in proportion."""
    candles = still(20)
    interest = np.full(20, 100.0)
    interest[5:10], interest[10:] = 130.0, 112.0
    given = tape(candles, interest)
    _, found = maps(BY_NAME["time-evolving"], given, candles.close_time_ms[[7, 15]])
    first, second = (sum(found[side][row] for side in Side) for row in (0, 1))
    assert first.sum() == pytest.approx(30)
    assert second == pytest.approx(first * 12 / 30)


def test_the_profile_weighs_as_much_as_open_interest() -> None:
    """The 30-day profile of both sides adds up to open interest at each decision, less what lies off the grid."""
    given = wandering()
    decision_ms = given.candles.close_time_ms[[600, 900]]
    _, found = maps(BY_NAME["oi-profile-30d"], given, decision_ms)
    assert isinstance(given.open_interest, np.ndarray)
    total = sum(found[side].sum(axis=1) for side in Side)
    assert total == pytest.approx(given.open_interest[[600, 900]], rel=1e-6)


def test_the_distance_table_is_kept() -> None:
    """One entry's long mass lies by distance as the table says."""
    given, decision_ms = opened_once(100.0, 100.0)
    grid, found = maps(BY_NAME["distance table"], given, decision_ms)
    away = 1 - grid.edges[1:] / 100.0
    mass = found[Side.LONG][0]
    nearer = np.array([mass[away < edge].sum() for edge in (0.07, 0.1, 0.15, 0.2)])
    assert nearer / nearer[-1] == pytest.approx(np.array([31.9, 46.7, 51.0, 61.8]) / 61.8, abs=0.02)


def test_levels_fade_by_half_in_their_half_life() -> None:
    """Seven days after, half is left of what fades by half in seven days."""
    candles = still(24 * 10)
    one = Levels(bar=np.array([0]), price=np.array([95.0]), mass=np.array([8.0]))
    none = Levels(bar=np.zeros(0, dtype=np.int64), price=np.zeros(0), mass=np.zeros(0))
    decision_ms = candles.close_time_ms[[0, 24 * 7]]
    grid = grid_of(candles, decision_ms, DEFAULTS)
    rules = Rules(half_life_ms=7 * DAY_MS)
    found = play({Side.LONG: one, Side.SHORT: none}, rules, candles, grid, decision_ms)
    assert found[Side.LONG].sum(axis=1) == pytest.approx([8, 4])
    assert found[Side.SHORT].sum() == 0
