"""Calibrations written down by hand, and the market that they fit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation.calibration import VERSION, Calibration, FitScore, NotionalRule
from reportgen.liquidation.conservation import node_distances
from reportgen.units import DAY_MS, HOUR_MS, Missing
from tests.liquidation.test_calibration import market_of

MARKET = market_of(30)
END_MS = MARKET.as_of_ms
DISTANCES = node_distances(DEFAULTS)
NODES = len(DISTANCES)
WEIGHT = np.linspace(0.3, 0.0, NODES) / 3


def calibration(**changes: Any) -> Calibration:
    """Build a calibration that fits MARKET."""
    assert not isinstance(MARKET.candles, Missing)
    assert not isinstance(MARKET.open_interest, Missing)
    made = Calibration(
        version=VERSION,
        symbol="BTC/USDT:USDT",
        borrowed_from=None,
        sample_start_ms=END_MS - 30 * DAY_MS,
        sample_end_ms=END_MS,
        interval_ms=HOUR_MS,
        observations=1200,
        liquidation_venues=("a", "b"),
        open_interest_venues=("a",),
        price=float(np.median(MARKET.candles["a"].close)),
        open_interest_base=float(MARKET.open_interest["a"].open_interest_base[-1]),
        churn=1.0,
        volume_share=0.5,
        node_distance=tuple(DISTANCES.tolist()),
        weight=WEIGHT,
        prior_weight=np.full(NODES, 0.1),
        identified=DISTANCES < 0.05,
        weight_draws=np.stack([0.9 * WEIGHT, 1.1 * WEIGHT]),
        fit=FitScore(ratio=1.02, correlation=0.91, climatology=0.8, observations=1200),
        held_out=Missing("Too short."),
        interval=NotionalRule(
            level=0.9,
            edge_quote=np.array([1e5]),
            low_ratio=np.array([0.1, 0.2]),
            high_ratio=np.array([4.0, 2.5]),
            covered=80,
            of=90,
        ),
    )
    return replace(made, **changes)


def dated(days_ago: float, **changes: Any) -> Calibration:
    """Build one whose sample ended some days before as-of."""
    end = END_MS - round(days_ago * DAY_MS)
    return calibration(sample_end_ms=end, sample_start_ms=end - 30 * DAY_MS, **changes)
