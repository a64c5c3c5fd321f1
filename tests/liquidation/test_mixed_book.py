"""The mixed book against a slow one that holds mass bin by bin and deposits one bar and node at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation.book import Layer, book_over_time, frozen_profile, mixed_book
from reportgen.liquidation.map import DEFAULT_ENGINE, PATH_ONLY, layers_of_sides
from reportgen.liquidation.margin import flat
from reportgen.liquidation.path import Grid
from reportgen.market.data import Candles
from reportgen.units import Floats, Ints, Side

from .markets import grid_for, random_walk

BRACKETS = flat(0.005, 125, "test")
EVERY_SIDE = pytest.mark.parametrize("side", list(Side))


def slow_book(parts: Sequence[Layer], ends: Ints, bins: int, step: float) -> Floats:
    """Run the layers one after the other, each deposit spread over its range bin by bin; shape (c, bins)."""
    before = 2 * ends[0] - ends[1]
    every = [before, *ends] if parts[0].path.close_time_ms[0] <= before else [*ends]
    out = np.zeros((len(every), bins))
    edges = np.arange(bins + 1.0)
    for part in parts:
        path, nodes = part.path, part.nodes
        column = np.searchsorted(every, path.close_time_ms)
        state = np.zeros((len(nodes.decay_rate), bins))
        for now, end in enumerate(every):
            state *= np.exp(-nodes.decay_rate * (end - every[now - 1] if now else 0))[:, None]
            bars = np.flatnonzero(column == now)
            state *= np.clip(path.near[bars].min(initial=np.inf) - edges[:-1], 0, 1)
            for bar in bars:
                cut = min(path.close[bar], path.near[bar + 1 : bars[-1] + 1].min(initial=np.inf))
                old = np.exp(-nodes.decay_rate * (end - path.close_time_ms[bar]))
                span = path.far[bar] - path.near[bar]
                for node, distance in enumerate(nodes.distance):
                    width = max(1.0, np.hypot(span, nodes.cell[node] / step))
                    low = (path.near[bar] + path.far[bar]) / 2 - distance / step - width / 2
                    held = np.diff(np.clip(edges, low, max(low, min(low + width, cut)))) / width
                    amount = part.scale * path.deposit[bar] * nodes.weight[node]
                    state += np.outer(nodes.decay_weight[node] * old, amount * held)
            out[now] += state.sum(axis=0)
    return out[-len(ends) :]


def parts_of(candles: Candles, side: Side) -> tuple[Grid, tuple[Layer, ...]]:
    """Prepare both layers of the default engine on a grid that is too small for its farthest levels."""
    grid = grid_for(float(candles.low.min()), float(candles.high.max()), DEFAULTS)
    grid = Grid(log_low=grid.log_low + 0.1, step=grid.step, bins=grid.bins - 150)
    return grid, layers_of_sides(candles, grid, BRACKETS, DEFAULT_ENGINE, DEFAULTS)[side]


@EVERY_SIDE
@pytest.mark.parametrize("every", [1, 7])
def test_the_mixed_book_equals_a_slow_one(side: Side, every: int) -> None:
    """Mass per bin and column agrees to 1e-12 of the column's mass, with and without several bars a column."""
    candles = random_walk(150, volatility=0.01)
    grid, parts = parts_of(candles, side)
    ends = candles.close_time_ms[70::every]
    slow = slow_book(parts, ends, grid.bins, grid.step)
    fast = mixed_book(parts, ends, grid.bins, grid.step)
    assert slow.sum(axis=1).min() > 0
    assert (np.abs(fast - slow) / slow.sum(axis=1, keepdims=True)).max() < 1e-12


@EVERY_SIDE
def test_layers_add_up(side: Side) -> None:
    """The mix is the sum of the layers' own books times their scales."""
    candles = random_walk(400, volatility=0.01)
    grid, parts = parts_of(candles, side)
    ends = candles.close_time_ms[200::3]
    apart = sum(x.scale * book_over_time(x.path, x.nodes, ends, grid.bins, grid.step) for x in parts)
    together = mixed_book(parts, ends, grid.bins, grid.step)
    np.testing.assert_allclose(together, apart, rtol=0, atol=1e-12 * together.sum(axis=1).max())


@EVERY_SIDE
def test_gaps_and_empty_columns_hold_what_was_there(side: Side) -> None:
    """Columns without a bar only age, and columns before the first bar are empty."""
    candles = random_walk(60, volatility=0.01)
    grid, parts = parts_of(candles, side)
    hour = int(np.diff(candles.close_time_ms[:2])[0])
    last = candles.close_time_ms[-1] + hour * np.arange(3)
    ends = np.concatenate([candles.close_time_ms[:1] - 2 * hour, last])
    book = mixed_book(parts, ends, grid.bins, grid.step)
    assert not book[0].any()
    assert book[1].sum() > book[2].sum() > book[3].sum() > 0
    now = [x.scale * frozen_profile(x.path, x.nodes, int(ends[1]), grid.bins, grid.step).sum(axis=0) for x in parts]
    assert book[1].sum() == pytest.approx(np.sum(now), rel=5e-3)


@EVERY_SIDE
def test_each_layer_is_divided_by_its_mean_swept_mass(side: Side) -> None:
    """The kernel by its own, the tiers by theirs and, beside a kernel, times their share; tiers open at the close."""
    candles = random_walk(30)
    grid = grid_for(float(candles.low.min()), float(candles.high.max()), DEFAULTS)
    a = replace(DEFAULTS, kernel_mean_swept=4.0, path_only_mean_swept=8.0, path_only_share=0.5)
    for engine, scales in (
        (DEFAULT_ENGINE, [1 / 4, 1 / 16]),
        (PATH_ONLY, [1 / 8]),
        (replace(DEFAULT_ENGINE, tiers=False), [1 / 4]),
    ):
        parts = layers_of_sides(candles, grid, BRACKETS, engine, a)[side]
        assert [one.scale for one in parts] == scales
        assert [one.sharp for one in parts] == [False] * engine.kernel + [True] * engine.tiers
        assert all((one.path.far == one.path.close).all() == one.sharp for one in parts)
