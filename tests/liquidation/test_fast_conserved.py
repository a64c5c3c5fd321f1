"""The compiled loops of the conservation nodes against the numpy ones; skipped where numba is not installed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation import conservation as accounts
from reportgen.liquidation.conservation import (
    Flows,
    book_over_time,
    conservation_flows,
    constant_flows,
    node_distances,
    reference_weights,
)
from reportgen.market.data import Candles
from reportgen.units import Floats, Side

from .markets import grid_for, random_walk
from .test_flows import EVERY_SIDE, open_interest_of

MakeFlows = Callable[[Candles, Side], Flows]


def _open_interest(churn: float) -> MakeFlows:
    """Make flows from open interest with this churn."""
    a = replace(DEFAULTS, churn=churn)
    return lambda candles, side: conservation_flows(candles, open_interest_of(candles), side, a)


def _constant(candles: Candles, side: Side) -> Flows:
    """Make flows without open interest."""
    return constant_flows(candles, side, DEFAULTS)


def _both(make: MakeFlows, candles: Candles, side: Side) -> tuple[Flows, Floats]:
    """Run the flows and the book over columns, with whichever loops the history's length calls for."""
    grid = grid_for(float(candles.low.min()), float(candles.high.max()), DEFAULTS)
    flows = make(candles, side)
    ends = np.concatenate([candles.close_time_ms[:1] - 1, candles.close_time_ms[200::7]])
    return flows, book_over_time(flows, node_distances(DEFAULTS), reference_weights(DEFAULTS), ends, grid)


@EVERY_SIDE
@pytest.mark.parametrize("make", [_open_interest(0.1), _open_interest(3.0), _open_interest(300.0), _constant])
def test_compiled_and_numpy_loops_agree(make: MakeFlows, side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flows and book are the same to 1e-12 of their largest, whichever loop made them."""
    pytest.importorskip("numba")
    candles = random_walk(1500, volatility=0.01)
    slow, slow_book = _both(make, candles, side)
    monkeypatch.setattr(accounts, "_WORTH_COMPILING", 1)
    assert accounts.compiled(len(candles)) is not None
    fast, fast_book = _both(make, candles, side)
    pairs = [(slow.opened, fast.opened), (slow.closed, fast.closed), (slow.swept, fast.swept), (slow.book, fast.book)]
    for one, other in [*pairs, (slow_book, fast_book)]:
        np.testing.assert_allclose(other, one, rtol=0, atol=1e-12 * max(1.0, np.abs(one).max()))
    np.testing.assert_allclose(fast.log_survival, slow.log_survival, rtol=1e-12)


def test_short_histories_load_no_compiler() -> None:
    """A month of hours runs in numpy alone."""
    assert accounts.compiled(720) is None


def test_without_numba_long_histories_run_in_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where numba can't be imported the numpy loop answers, however long the history."""
    monkeypatch.setitem(sys.modules, "reportgen.liquidation.fast_conserved", None)
    monkeypatch.delattr("reportgen.liquidation.fast_conserved", raising=False)
    assert accounts.compiled(1_000_000) is None
