"""The range kernel: the default engine with the bar's range in volume's place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from reportgen.config.assumptions import DEFAULTS, Assumptions
from reportgen.liquidation.map import LayerEngine, build_map, maps_at
from reportgen.liquidation.margin import flat
from reportgen.liquidation.path import kernel_deposits
from reportgen.market.data import Candles
from reportgen.units import HOUR_MS, Floats, Missing, Side

BRACKETS = flat(0.005, 125, "a test")
BARS = 300
RANGE = LayerEngine(name="range", kernel="range", tiers=True, marks=False)
VOLUME = LayerEngine(name="volume", kernel="volume", tiers=True, marks=False)


def deposits(candles: Candles, a: Assumptions) -> Floats:
    """Give what each bar opens long by its range."""
    return kernel_deposits(candles, a, by_range=True)[Side.LONG]


def walk(seed: int = 3) -> Candles:
    """Make hourly bars of a random walk whose volume has nothing to do with its range."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.005, BARS)))
    open_ = np.concatenate([[100.0], close[:-1]])
    reach = 1 + rng.uniform(0, 0.004, BARS)
    return Candles(
        interval_ms=HOUR_MS,
        open_time_ms=np.arange(BARS, dtype=np.int64) * HOUR_MS,
        open=open_,
        high=np.maximum(open_, close) * reach,
        low=np.minimum(open_, close) / reach,
        close=close,
        volume_base=rng.uniform(1, 9, BARS),
        taker_buy_base=Missing("A random walk has no takers."),
    )


def test_it_reads_no_volume() -> None:
    """Other volumes give the same range kernel, and another default map."""
    candles = walk()
    other = replace(candles, volume_base=candles.volume_base[::-1].copy())
    ends = candles.close_time_ms[-24:]
    for side in Side:
        one, two = (build_map(c, BRACKETS, ends, DEFAULTS, RANGE).history[side] for c in (candles, other))
        np.testing.assert_array_equal(one, two)
        one, two = (build_map(c, BRACKETS, ends, DEFAULTS, VOLUME).history[side] for c in (candles, other))
        assert not np.allclose(one, two)


def test_wider_bars_deposit_more() -> None:
    """A bar twice as wide deposits more, and without a share of range all deposits differ by the side's tilt alone."""
    candles = walk()
    wider = replace(candles, high=candles.high.copy())
    wider.high[-1] *= 1.02
    assert deposits(wider, DEFAULTS)[-1] > deposits(candles, DEFAULTS)[-1]
    level = replace(DEFAULTS, range_share=0.0, side_tilt=0.0)
    np.testing.assert_allclose(deposits(wider, level), 1.0)


def test_with_its_differences_taken_back_it_is_the_default() -> None:
    """On constant deposits and with the default's ageing, blur and scale, it and the default are one map."""
    candles = walk()
    same = replace(
        DEFAULTS,
        volume_share=0.0,
        range_share=0.0,
        range_age_tau_hours=DEFAULTS.age_tau_hours,
        range_smooth_distance_share=DEFAULTS.smooth_distance_share,
        range_mean_swept=DEFAULTS.kernel_mean_swept,
    )
    decision = candles.close_time_ms[-20:]
    _, one = maps_at(candles, BRACKETS, decision, same, RANGE)
    _, two = maps_at(candles, BRACKETS, decision, same, VOLUME)
    _, far = maps_at(candles, BRACKETS, decision, replace(same, range_smooth_distance_share=0.0), RANGE)
    for side in Side:
        np.testing.assert_allclose(one[side], two[side], rtol=1e-12)
        assert not np.allclose(far[side], two[side])


def test_later_bars_change_no_earlier_map() -> None:
    """A map at a decision time is the same whether the data ends there or goes on."""
    candles = walk()
    decision = candles.close_time_ms[200:220]
    _, whole = maps_at(candles, BRACKETS, decision, DEFAULTS, RANGE)
    _, cut = maps_at(candles.first(220), BRACKETS, decision, DEFAULTS, RANGE)
    for side in Side:
        np.testing.assert_array_equal(whole[side], cut[side])
