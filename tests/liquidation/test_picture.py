"""The picture and the ladder against slow ones: both halves filled, bars in percent per 0.1 %, edges where they are."""

from __future__ import annotations

import base64
import math
import zlib
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation.map import LiquidationMap, build_map
from reportgen.liquidation.margin import flat
from reportgen.liquidation.picture import HeatmapPicture, draw_picture, ladder
from reportgen.liquidation.profile import SideShares, along_price, draw_profiles, shares_of_side
from reportgen.units import HOUR_MS, Floats, Side
from tests.liquidation.markets import random_walk

CANDLES = random_walk(400)
ATR = 2.0
SCOPE = {Side.LONG: 90, Side.SHORT: 110}
FEW = replace(DEFAULTS, draws=12)


@pytest.fixture(scope="module")
def estimate() -> LiquidationMap:
    """Map a random walk, six columns back."""
    return build_map(CANDLES, flat(0.005, 125, "test"), CANDLES.close_time_ms[-21::4], FEW)


@pytest.fixture(scope="module")
def shares(estimate: LiquidationMap) -> dict[Side, SideShares]:
    """Divide both sides by what they hold within their own scope."""
    found = {}
    for side in Side:
        nodes = along_price(estimate.sides[side].node_mass, FEW)
        draws = draw_profiles(nodes, np.random.default_rng(3), FEW)
        found[side] = shares_of_side(nodes, draws, SCOPE[side], estimate.grid.step)
    return found


@pytest.fixture(scope="module")
def picture(estimate: LiquidationMap, shares: dict[Side, SideShares]) -> HeatmapPicture:
    """Draw it."""
    price = estimate.price
    return draw_picture(estimate, shares, CANDLES, marks=(1.2 * price, 0.8 * price), atr=ATR, assumptions=FEW)


def cells(picture: HeatmapPicture, levels: str) -> Floats:
    """Decode one half; shape (rows, columns), row 0 the lowest."""
    raw = np.frombuffer(zlib.decompress(base64.b64decode(levels)), dtype=np.uint8)
    return raw.reshape(picture.rows, picture.columns).astype(float)


def test_each_half_holds_its_side_in_percent_of_what_the_side_holds_now(
    estimate: LiquidationMap, shares: dict[Side, SideShares], picture: HeatmapPicture
) -> None:
    """A cell is its bin's mass over the side's mass now, per 0.1 % of price, in whole steps, on the right side."""
    first = round(math.log(picture.price_low / estimate.grid.edges[0]) / estimate.grid.step)
    rows = math.log(1.001) / estimate.grid.step
    for side, levels in ((Side.LONG, picture.long_levels), (Side.SHORT, picture.short_levels)):
        blurred = along_price(estimate.history[side], FEW)
        held = sum(estimate.sides[side].node_mass.sum(axis=0)[bin_] for bin_ in range(SCOPE[side]))
        assert shares[side].total == pytest.approx(held, rel=0.1)  # the blur moves a little over the scope's end
        found = cells(picture, levels)
        for row in range(picture.rows):
            for column in range(picture.columns):
                percent = 100 * rows * blurred[column, first + row] / shares[side].total
                assert found[row, column] == min(255, round(percent / picture.level_step))
        here = estimate.price_bin - first
        outside = found[here:, -1] if side is Side.LONG else found[:here, -1]
        inside = found[:here, -1] if side is Side.LONG else found[here:, -1]
        assert inside.sum() > 100
        assert outside.sum() < inside.sum() / 20


def test_the_profile_is_the_mean_of_its_rows_in_percent_per_tenth_of_a_percent(
    estimate: LiquidationMap, shares: dict[Side, SideShares], picture: HeatmapPicture
) -> None:
    """Each bar is 100 x share x 0.1 % over its bins' width, with its draws' band; the price stands on a cut."""
    edges = np.asarray(picture.profile_price)
    assert np.abs(np.log(edges / estimate.price)).min() < 1e-9
    assert edges[0] == pytest.approx(picture.price_low)
    for bar, (low, high) in enumerate(pairwise(edges)):
        side = Side.LONG if high <= estimate.price * 1.0001 else Side.SHORT
        away = sorted(round(abs(math.log(edge / estimate.price)) / estimate.grid.step) for edge in (low, high))
        for told, values in (
            (picture.profile_share, shares[side].share),
            (picture.profile_low, shares[side].low),
            (picture.profile_high, shares[side].high),
        ):
            held = values[away[0] : away[1]].mean()
            assert told[bar] == pytest.approx(100 * held * math.log(1.001) / estimate.grid.step)
    widths = [round(math.log(high / low) / estimate.grid.step) for low, high in pairwise(edges)]
    assert len(set(widths[1:-1])) == 1


def test_the_window_reaches_marks_candles_and_some_days(
    estimate: LiquidationMap, shares: dict[Side, SideShares], picture: HeatmapPicture
) -> None:
    """The outermost marks and their margin end in the last bins; without marks the candles or the day's reach do."""
    high = picture.price_low * math.exp(picture.rows * picture.row_log_step)
    step = estimate.grid.step
    wanted = 1.2 * estimate.price * (1 + FEW.picture_margin)
    assert 0 <= math.log(high / wanted) < step
    assert 0 <= math.log(0.8 * estimate.price * (1 - FEW.picture_margin) / picture.price_low) < step
    bare = draw_picture(estimate, shares, CANDLES, marks=(), atr=ATR, assumptions=FEW)
    reach = min(max(FEW.picture_reach_atr * ATR / estimate.price, FEW.picture_least), FEW.picture_most)
    bottom = min(estimate.price * (1 - reach), min(bare.candle_low) * (1 - FEW.picture_margin))
    top = max(estimate.price * (1 + reach), max(bare.candle_high) * (1 + FEW.picture_margin))
    assert 0 <= math.log(bottom / bare.price_low) < step
    assert 0 <= math.log(bare.price_low / top) + bare.rows * step < step


def test_candles_of_the_columns_are_kept_whole(estimate: LiquidationMap, picture: HeatmapPicture) -> None:
    """The candles begin with the one that closes with the first column; each keeps its four prices."""
    assert picture.time_ms == tuple(CANDLES.close_time_ms[-21::4])
    assert picture.candle_interval_ms == HOUR_MS
    begin = int(np.flatnonzero(CANDLES.close_time_ms == picture.time_ms[0])[0])
    assert picture.candle_open_ms == tuple(CANDLES.open_time_ms[begin:])
    for kept, column in (
        (picture.candle_open, CANDLES.open), (picture.candle_high, CANDLES.high), (picture.candle_low, CANDLES.low),
        (picture.candle_close, CANDLES.close),
    ):  # fmt: skip
        assert kept == tuple(column[begin:])
    assert picture.columns == len(estimate.column_end_ms)
    assert picture.draws == 12


def test_the_body_range_cuts_long_wicks_alone() -> None:
    """Bodies span 95 to 108; with a usual day of 2 wicks count up to 6.5 beyond, and never below half."""
    opened, close = np.array([100.0, 95.0]), np.array([97.0, 108.0])
    for lows, highs, wanted in (
        ((80.0, 94.0), (101.0, 130.0), (88.5, 114.5)),
        ((90.0, 94.0), (101.0, 110.0), (90.0, 110.0)),
    ):
        assert HeatmapPicture.body_range(opened, np.array(highs), np.array(lows), close, 2.0) == wanted
    assert HeatmapPicture.body_range(opened, close + 9, opened / 10, close, 50.0)[0] == 95.0 / 2


def test_ladder_bars_are_percent_per_tenth_of_a_percent() -> None:
    """A side with a share of 1 % a bin holds 1 % x 0.1 % / width everywhere; where price would be none, nothing."""
    share = np.full(4000, 0.01)
    step = 0.002
    even = SideShares(share=share, low=share, high=share, scope=100, step=step, total=5.0)
    twice = replace(even, share=2 * share)
    bars = ladder({Side.LONG: even, Side.SHORT: twice}, 100.0, 2.0, DEFAULTS)
    half = round(DEFAULTS.ladder_reach_atr / DEFAULTS.ladder_step_atr)
    assert len(bars) == 2 * half
    wanted = 100 * 0.01 * math.log(1.001) / step
    assert bars[:half] == pytest.approx([wanted] * half)
    assert bars[half:] == pytest.approx([2 * wanted] * half)
    wild = ladder({Side.LONG: even, Side.SHORT: twice}, 100.0, 60.0, DEFAULTS)
    reached = [
        number for number in range(half) if 60.0 * DEFAULTS.ladder_step_atr * number < 100.0 * DEFAULTS.ladder_deepest
    ]
    assert [bar > 0 for bar in wild[:half][::-1]] == [number in reached for number in range(half)]


def test_the_ladder_holds_each_sides_share_near_the_price(
    estimate: LiquidationMap, shares: dict[Side, SideShares]
) -> None:
    """Bars times their log widths, over what 1 % per 0.1 % is, add up to the share within the ladder's reach."""
    price = estimate.price
    bars = ladder(shares, price, ATR, FEW)
    half = len(bars) // 2
    away = ATR * FEW.ladder_step_atr / price * np.arange(half + 1)
    for own, edges, side in (
        (bars[half:], np.log1p(away), Side.SHORT),
        (bars[:half][::-1], -np.log1p(-away), Side.LONG),
    ):
        held = sum(bar * width for bar, width in zip(own, np.diff(edges), strict=True)) / (100 * math.log(1.001))
        within = edges[-1] / estimate.grid.step
        whole = float(shares[side].share[: int(within)].sum()) + (within % 1) * float(shares[side].share[int(within)])
        assert held == pytest.approx(whole)
