"""Direction, momentum, and whether a move fades."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.guide.structure.reading import efficiency, fading, momentum
from tests.guide.structure.candle_paths import mirrored, noisy_range, scaled, steady, walk


@given(st.integers(0, 500), st.floats(1e-4, 1e4))
def test_every_reading_turns_over_with_the_prices(seed: int, by: float) -> None:
    """Upside down, direction and momentum change sign and fading stays; a scale changes nothing."""
    candles = walk(80, seed=seed)
    close, over, times = candles.close, mirrored(candles).close, scaled(candles, by).close
    assert efficiency(over) == pytest.approx(-efficiency(close), abs=1e-9)
    assert momentum(over, 12) == pytest.approx(-momentum(close, 12), abs=1e-9)
    assert fading(over, 12) == pytest.approx(fading(close, 12), abs=1e-9)
    assert efficiency(times) == pytest.approx(efficiency(close), abs=1e-9)
    assert momentum(times, 12) == pytest.approx(momentum(close, 12), abs=1e-9)


def test_a_straight_path_is_fully_efficient() -> None:
    """Net move over path is 1 for a steady rise, -1 for a steady fall, 0 for a price that never moves."""
    assert efficiency(steady(40, 0.01).close) == pytest.approx(1)
    assert efficiency(steady(40, -0.01).close) == pytest.approx(-1)
    assert efficiency(np.full(40, 3.0)) == 0


def test_noise_is_hardly_efficient() -> None:
    """A path that goes nowhere is long for what it nets."""
    assert abs(efficiency(noisy_range(200).close)) < 0.05


def test_momentum_counts_in_usual_moves() -> None:
    """Where every bar moves alike, so many bars are worth the root of their number."""
    assert momentum(steady(100, 0.01).close, 16) == pytest.approx(4)
    assert momentum(np.full(50, 2.0), 16) == 0


def test_fading_tells_early_from_late() -> None:
    """A steady move is 0, one that stalls halfway 1, one that only just began -1, and no move 0."""
    stalls = np.exp(np.concatenate([np.linspace(0, 1, 7), np.full(6, 1.0)]))
    begins = np.exp(np.concatenate([np.full(6, 0.0), np.linspace(0, 1, 7)]))
    assert fading(steady(40, 0.01).close, 12) == pytest.approx(0, abs=1e-9)
    assert fading(stalls, 12) == pytest.approx(1)
    assert fading(begins, 12) == pytest.approx(-1)
    assert fading(np.full(20, 4.0), 12) == 0
