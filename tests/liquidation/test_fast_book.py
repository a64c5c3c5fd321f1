"""The compiled book against the numpy one; skipped where numba is not installed."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation import book as way
from reportgen.liquidation import conservation as accounts
from reportgen.liquidation.book import mixed_book
from reportgen.liquidation.map import build_map
from reportgen.liquidation.margin import flat
from reportgen.units import Side

from .markets import random_walk
from .test_conservation import as_snapshots
from .test_mixed_book import EVERY_SIDE, parts_of, slow_book


@EVERY_SIDE
@pytest.mark.parametrize("every", [1, 5, 300])
def test_compiled_and_numpy_books_agree(side: Side, every: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every bin of every column is the same to 1e-12 of the side's mass, whichever loop made it."""
    pytest.importorskip("numba")
    candles = random_walk(1500, volatility=0.01)
    grid, parts = parts_of(candles, side)
    ends = candles.close_time_ms[600::every]
    slow = mixed_book(parts, ends, grid.bins, grid.step)
    monkeypatch.setattr(way, "_WORTH_COMPILING", 1)
    assert way.loops_for(len(candles)) is not None
    fast = mixed_book(parts, ends, grid.bins, grid.step)
    assert not np.array_equal(fast, slow)  # the sums have another order
    assert (np.abs(fast - slow) / slow.sum(axis=1, keepdims=True)).max() < 1e-12


def test_the_compiled_book_equals_a_slow_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """It equals the book that deposits one bar and node at a time, gaps and empty columns included."""
    pytest.importorskip("numba")
    monkeypatch.setattr(way, "_WORTH_COMPILING", 1)
    candles = random_walk(120, volatility=0.01)
    candles = replace(candles, open_time_ms=candles.open_time_ms + 10**7 * (np.arange(120) > 60))
    grid, parts = parts_of(candles, Side.SHORT)
    ends = np.arange(candles.close_time_ms[40], candles.close_time_ms[-1] + 10**7, 5 * 10**6)
    slow = slow_book(parts, ends, grid.bins, grid.step)
    fast = mixed_book(parts, ends, grid.bins, grid.step)
    assert (np.abs(fast - slow) / slow.sum(axis=1, keepdims=True)).max() < 1e-12


@pytest.mark.parametrize("engine", ["fine-range-kernel", "kernel", "path-only", "conservation"])
def test_maps_of_both_paths_agree(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole map is the same to 1e-12 of its mass, and two threads give the same bytes twice."""
    pytest.importorskip("numba")
    candles = random_walk(900, volatility=0.01)
    given = (candles, flat(0.005, 125, "test"), candles.close_time_ms[-100:], DEFAULTS, engine)
    slow = build_map(*given, open_interest=as_snapshots(candles))  # type: ignore[arg-type]
    monkeypatch.setattr(way, "_WORTH_COMPILING", 1)
    monkeypatch.setattr(accounts, "_WORTH_COMPILING", 1)
    fast, again = (build_map(*given, open_interest=as_snapshots(candles)) for _ in range(2))  # type: ignore[arg-type]
    for side in Side:
        mass = slow.history[side].sum(axis=1).max()
        np.testing.assert_allclose(fast.history[side], slow.history[side], rtol=0, atol=1e-12 * mass)
        np.testing.assert_allclose(fast.sides[side].mass, slow.sides[side].mass, rtol=0, atol=1e-12 * mass)
        np.testing.assert_array_equal(fast.history[side], again.history[side])


def test_what_the_compiled_loops_do_not_take_runs_in_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """More exponentials than lanes, more nodes than room, or nodes out of order give the numpy book's bytes."""
    pytest.importorskip("numba")
    candles = random_walk(200)
    grid, (kernel, path_only) = parts_of(candles, Side.LONG)
    ends = candles.close_time_ms[-50:]
    rates = replace(
        kernel.nodes,
        decay_rate=np.linspace(0, 1e-6, 20),
        decay_weight=np.full((len(kernel.nodes.distance), 20), 0.05),
    )
    nodes = replace(path_only.nodes, distance=path_only.nodes.distance[::-1].copy())
    for parts in ((replace(kernel, nodes=rates),), (kernel,) * 3, (replace(path_only, nodes=nodes),)):
        slow = mixed_book(parts, ends, grid.bins, grid.step)
        with monkeypatch.context() as patched:
            patched.setattr(way, "_WORTH_COMPILING", 1)
            np.testing.assert_array_equal(mixed_book(parts, ends, grid.bins, grid.step), slow)


def test_without_numba_long_histories_run_in_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where numba can't be imported the numpy loop answers, and short histories never ask for it."""
    assert way.loops_for(720) is None
    monkeypatch.setitem(sys.modules, "reportgen.liquidation.fast_book", None)
    monkeypatch.delattr("reportgen.liquidation.fast_book", raising=False)
    assert way.loops_for(10**6) is None
