"""The book over time: sweeping, ageing, depositing, and its agreement with the direct computation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation.book import book_over_time, frozen_profile
from reportgen.liquidation.kernel import Nodes, age_law, kernel_nodes, tier_nodes
from reportgen.liquidation.map import CONSTANT_NODES, DEFAULT_ENGINE, PATH_ONLY, Engine, LayerEngine, build_map, maps_at
from reportgen.liquidation.margin import flat
from reportgen.liquidation.path import constant_deposits, entered_at_close, kernel_deposits
from reportgen.market.data import Candles
from reportgen.units import HOUR_MS, Floats, Side

from .markets import START_MS, candles_from, grid_for, mirrored, path_of, random_walk, scaled

BRACKETS = flat(0.005, 125, "test")
KERNEL = LayerEngine(name="kernel", kernel=True, tiers=False)
SHARP = Nodes(
    distance=np.array([0.05]),
    cell=np.zeros(1),
    weight=np.ones(1),
    decay_rate=np.zeros(1),
    decay_weight=np.ones((1, 1)),
)


def _one_at_a_time(candles: Candles, nodes: Nodes, side: Side, deposit: Floats, bins: int, low: float) -> Floats:
    """Compute the book slowly: each deposit a list of thin slices, each slice alive until the path touches it."""
    step = DEFAULTS.bin_log_width
    mass = np.zeros(bins)
    sign = -1 if side is Side.LONG else 1
    for bar in range(len(candles)):
        age = float(candles.close_time_ms[-1] - candles.close_time_ms[bar])
        alive = nodes.survival(np.array([age]))[0]
        bottom, top = np.log(candles.low[bar]), np.log(candles.high[bar])
        for node in range(len(nodes.distance)):
            middle = (bottom + top) / 2 + sign * nodes.distance[node]
            width = max(step, np.hypot(top - bottom, nodes.cell[node]))
            slices = middle + width * ((np.arange(400) + 0.5) / 400 - 0.5)
            if side is Side.LONG:
                kept = slices < min(np.log(candles.close[bar]), np.log(candles.low[bar + 1 :]).min(initial=np.inf))
            else:
                kept = slices > max(np.log(candles.close[bar]), np.log(candles.high[bar + 1 :]).max(initial=-np.inf))
            where = np.floor((slices[kept] - low) / step).astype(int)
            inside = (where >= 0) & (where < bins)
            np.add.at(mass, where[inside], deposit[bar] * nodes.weight[node] * alive[node] / 400)
    return mass


@pytest.mark.parametrize("side", list(Side))
def test_engine_equals_a_slow_reference(side: Side) -> None:
    """The difference-array book equals one that follows every slice of every deposit."""
    candles = random_walk(60)
    grid = grid_for(float(candles.low.min()), float(candles.high.max()), DEFAULTS)
    nodes = kernel_nodes(replace(DEFAULTS, kernel_nodes=5))
    deposit = kernel_deposits(candles, DEFAULTS)[side]
    path = path_of(candles, grid, side, deposit)
    fast = book_over_time(path, nodes, candles.close_time_ms[-3:], grid.bins, grid.step)[-1]
    slow = _one_at_a_time(candles, nodes, side, deposit, grid.bins, grid.log_low)
    slow = slow if side is Side.LONG else slow[::-1]
    assert fast.sum() == pytest.approx(slow.sum(), rel=2e-3)
    assert np.abs(np.cumsum(fast) - np.cumsum(slow)).max() < 4e-3 * slow.sum()


@pytest.mark.parametrize("side", list(Side))
def test_columns_agree_with_the_frozen_profile(side: Side) -> None:
    """Running the book column by column ends where the direct computation of that moment ends."""
    candles = random_walk(900)
    grid = grid_for(float(candles.low.min()), float(candles.high.max()), DEFAULTS)
    path = path_of(candles, grid, side, kernel_deposits(candles, DEFAULTS)[side])
    nodes = kernel_nodes(DEFAULTS)
    ends = candles.close_time_ms[-200:]
    run = book_over_time(path, nodes, ends, grid.bins, grid.step)[-1]
    direct = frozen_profile(path, nodes, int(ends[-1]), grid.bins, grid.step).sum(axis=0)
    assert run.sum() == pytest.approx(direct.sum(), rel=5e-3)
    assert np.abs(np.cumsum(run) - np.cumsum(direct)).max() < 5e-3 * direct.sum()


def test_width_of_columns_does_not_matter() -> None:
    """Hourly and daily columns end in the same book, as bars inside a column sweep one another too."""
    candles = random_walk(480)
    grid = grid_for(float(candles.low.min()), float(candles.high.max()), DEFAULTS)
    path = path_of(candles, grid, Side.LONG, kernel_deposits(candles, DEFAULTS)[Side.LONG])
    nodes = kernel_nodes(DEFAULTS)
    hourly = book_over_time(path, nodes, candles.close_time_ms, grid.bins, grid.step)[-1]
    daily = book_over_time(path, nodes, candles.close_time_ms[23::24], grid.bins, grid.step)[-1]
    assert np.abs(np.cumsum(hourly) - np.cumsum(daily)).max() < 5e-3 * hourly.sum()


def test_touched_levels_are_gone() -> None:
    """After a fall through them no long level at or above the low survives, except what the last bar opened."""
    rise_and_fall = candles_from(np.concatenate([np.full(50, 100.0), np.full(2, 90.0)]), spread=0.0)
    grid = grid_for(80, 110, DEFAULTS)
    path = entered_at_close(path_of(rise_and_fall, grid, Side.LONG, constant_deposits(rise_and_fall)))
    book = book_over_time(path, SHARP, rise_and_fall.close_time_ms, grid.bins, grid.step)
    assert book[-1].sum() == pytest.approx(2.0)
    assert book[49].sum() == pytest.approx(50.0)
    assert np.log(grid.edges[np.argmax(book[-1])] / 90) == pytest.approx(-0.05, abs=2 * grid.step)


def test_mass_is_conserved_until_touched() -> None:
    """Without ageing and without a touch the book holds every deposit."""
    flat_path = candles_from(np.full(100, 100.0), spread=0.001)
    grid = grid_for(90, 110, DEFAULTS)
    for side in Side:
        path = path_of(flat_path, grid, side, constant_deposits(flat_path))
        book = book_over_time(path, SHARP, flat_path.close_time_ms, grid.bins, grid.step)
        np.testing.assert_allclose(book.sum(axis=1), np.arange(1, 101), rtol=1e-9)


def test_age_law_follows_the_power_law() -> None:
    """The sum of exponentials stays within 3 % of (1 + age / tau) ** -0.5 up to the longest age."""
    tau = np.array([0.1, 1.0, 25.0]) * HOUR_MS
    longest = DEFAULTS.age_longest_days * 24 * HOUR_MS
    rate, weight = age_law(tau, 0.5, DEFAULTS.age_log_step, longest)
    age = np.concatenate([[0.0], np.geomspace(1_000, longest, 300)])
    approximate = np.exp(-np.outer(age, rate)) @ weight.T
    exact = (1 + age[:, None] / tau) ** -0.5
    assert np.abs(approximate / exact - 1).max() < 0.03


def test_kernel_weights_are_shares() -> None:
    """A deposit is spread whole: node weights and age weights sum to one, distances ascend."""
    nodes = kernel_nodes(DEFAULTS)
    assert nodes.weight.sum() == pytest.approx(1)
    np.testing.assert_allclose(nodes.decay_weight.sum(axis=1), 1)
    assert (np.diff(nodes.distance) > 0).all()
    assert (nodes.weight > 0).all()


def test_tiers_beyond_the_bracket_are_left_out() -> None:
    """A market whose bracket allows 50x has no tiers above it."""
    wide = tier_nodes(Side.LONG, 100, flat(0.01, 125, "x"), DEFAULTS)
    thin = tier_nodes(Side.LONG, 100, flat(0.01, 50, "x"), DEFAULTS)
    assert len(wide.distance) > len(thin.distance) > 0
    assert thin.distance.min() > wide.distance.min()


@pytest.mark.parametrize("engine", [DEFAULT_ENGINE, CONSTANT_NODES])
def test_a_map_without_its_history_is_the_same_now(engine: Engine) -> None:
    """The map over time may be left out: then it is empty, and the map now is the same to the last digit."""
    candles = random_walk(400)
    whole = build_map(candles, BRACKETS, candles.close_time_ms[-48:], DEFAULTS, engine)
    now = build_map(candles, BRACKETS, candles.close_time_ms[-48:], DEFAULTS, engine, history=False)
    for side in Side:
        assert now.sides[side].node_mass.tolist() == whole.sides[side].node_mass.tolist()
        assert now.history[side].shape == (0, whole.grid.bins)
    assert len(now.column_end_ms) == len(now.column_price) == 0
    assert (now.price, now.price_bin) == (whole.price, whole.price_bin)


def test_scaling_prices_scales_the_map() -> None:
    """Prices times k give the same shares at levels times k."""
    candles = random_walk(400)
    one = build_map(candles, BRACKETS, candles.close_time_ms[-48:], DEFAULTS)
    many = build_map(scaled(candles, 1000.0), BRACKETS, candles.close_time_ms[-48:], DEFAULTS)
    for side in Side:
        np.testing.assert_allclose(one.sides[side].mass, many.sides[side].mass, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(one.history[side], many.history[side], rtol=1e-6, atol=1e-6)


def test_mirroring_swaps_the_sides_of_the_kernel() -> None:
    """Mirrored log prices swap long and short levels of the kernel engine, which is the same for both."""
    candles = random_walk(300)
    one = build_map(candles, BRACKETS, candles.close_time_ms[-24:], DEFAULTS, KERNEL)
    other = build_map(mirrored(candles), BRACKETS, candles.close_time_ms[-24:], DEFAULTS, KERNEL)
    width = min(one.sides[Side.LONG].mass.size, other.sides[Side.SHORT].mass.size)
    np.testing.assert_allclose(
        one.sides[Side.LONG].mass[:width], other.sides[Side.SHORT].mass[:width], rtol=1e-6, atol=1e-8
    )


def test_default_engine_is_the_named_mix() -> None:
    """The default map is the kernel engine plus its share of the path-only book, node by node."""
    candles = random_walk(300)
    ends = candles.close_time_ms[-24:]
    mixed, kernel, path_only = (
        build_map(candles, BRACKETS, ends, DEFAULTS, engine)
        for engine in (replace(KERNEL, tiers=True), KERNEL, PATH_ONLY)
    )
    for side in Side:
        np.testing.assert_allclose(
            mixed.sides[side].mass,
            kernel.sides[side].mass + DEFAULTS.path_only_share * path_only.sides[side].mass,
            rtol=1e-9,
            atol=1e-12,
        )


def test_later_bars_change_no_earlier_map() -> None:
    """A map at a decision time is the same whether the data ends there or goes on."""
    candles = random_walk(500)
    decision = candles.close_time_ms[300:340]
    grid, whole = maps_at(candles, BRACKETS, decision, DEFAULTS)
    other, cut = maps_at(candles.first(340), BRACKETS, decision, DEFAULTS)
    np.testing.assert_allclose(grid.edges, other.edges)
    for side in Side:
        np.testing.assert_array_equal(whole[side], cut[side])


def test_maps_have_fine_bins_and_wide_reach() -> None:
    """Exported maps have bins of at most 10 bp that cover at least 20 % on both sides of every price."""
    candles = random_walk(500)
    grid, _ = maps_at(candles, BRACKETS, candles.close_time_ms[300:340], DEFAULTS)
    assert (grid.edges[1:] / grid.edges[:-1] - 1).max() <= 0.001
    assert grid.edges[0] <= 0.8 * candles.close[300:340].min()
    assert grid.edges[-1] >= 1.2 * candles.close[300:340].max()


def test_deposits_follow_volume_and_place() -> None:
    """More volume deposits more; at the top of the range shorts open more than longs."""
    candles = random_walk(300)
    louder = replace_volume(candles, 3.0)
    base = kernel_deposits(candles, DEFAULTS)[Side.LONG]
    assert kernel_deposits(louder, DEFAULTS)[Side.LONG][-1] > base[-1]
    top = candles_from(np.linspace(100, 120, 60), spread=0.0)
    assert kernel_deposits(top, DEFAULTS)[Side.SHORT][-1] > kernel_deposits(top, DEFAULTS)[Side.LONG][-1]


def replace_volume(candles: Candles, factor: float) -> Candles:
    """Multiply the last bar's volume."""
    volume = candles.volume_base.copy()
    volume[-1] *= factor
    return replace(candles, volume_base=volume)


def test_grid_has_the_price_on_an_edge() -> None:
    """The map's grid puts the price on the edge that parts longs from shorts."""
    candles = random_walk(200)
    estimate = build_map(candles, BRACKETS, candles.close_time_ms[-24:], DEFAULTS)
    assert estimate.grid.edges[estimate.price_bin] == pytest.approx(estimate.price, rel=1e-12)
    assert estimate.column_end_ms[-1] == START_MS + 200 * HOUR_MS
