"""How sure the map is: draws of node weights and of a common shift in distance, as one matrix product.

The draws say how far zone edges move and how often a zone recurs when the weights and distances are as unsure as they
are. They do not calibrate notional. Source: MODEL section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reportgen.assumptions import Assumptions
from reportgen.liquidation.density import Run, gate_passes, region_mask, run_edges
from reportgen.units import Floats, Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class RunUncertainty:
    """How one dense run fares over the draws.

    Attributes:
        persistence: Share of draws in which a run that passes the gate overlaps it.
        near_band, far_band: 10-90 % of the overlapping run's edges, in bins from the price (fractional).
    """

    persistence: Fraction
    near_band: tuple[float, float]
    far_band: tuple[float, float]


def draw_profiles(node_mass: Floats, rng: np.random.Generator, assumptions: Assumptions) -> Floats:
    """Draw profiles: gamma weights around the prior, and a shift of log distance common to all nodes.

    Args:
        node_mass: Shape (k, w), mass of each node by distance.
        rng: Seeded generator, handed in.
        assumptions: `draws`, `draw_concentration`, `draw_log_distance`.

    Returns:
        Shape (draws, w), each row with the prior's total.
    """
    count, width = assumptions.draws, node_mass.shape[1]
    shape = assumptions.draw_concentration
    weight = rng.gamma(shape, 1 / shape, size=(count, len(node_mass)))
    profiles = weight @ node_mass
    stretch = np.exp(rng.normal(0.0, assumptions.draw_log_distance, size=count))
    held = np.concatenate([np.zeros((count, 1)), np.cumsum(profiles, axis=1)], axis=1)
    edge = np.clip(np.arange(width + 1) / stretch[:, None], 0, width)
    cell = np.minimum(edge.astype(np.int64), width - 1)
    low = np.take_along_axis(held, cell, axis=1)
    moved = np.diff(low + (edge - cell) * (np.take_along_axis(held, cell + 1, axis=1) - low), axis=1)
    total = moved.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(moved, total, out=np.zeros_like(moved), where=total > 0) * node_mass.sum())


def run_uncertainty(run: Run, profiles: Floats, assumptions: Assumptions) -> RunUncertainty:
    """Follow one dense run through the draws.

    Args:
        run: A run of the central profile.
        profiles: Shape (draws, w).
        assumptions: Region and gate.
    """
    mask = region_mask(profiles, assumptions)
    start, stop = run_edges(mask)
    passing = gate_passes(profiles, mask, start, stop, assumptions)[:, run.start : run.stop]
    recurs = passing.any(axis=1)
    if not recurs.any():
        return RunUncertainty(persistence=0.0, near_band=(run.start, run.start), far_band=(run.stop, run.stop))
    weight = np.where(passing, profiles[:, run.start : run.stop], -1.0)
    densest = run.start + np.argmax(weight, axis=1)[recurs]
    rows = np.flatnonzero(recurs)
    return RunUncertainty(
        persistence=float(recurs.mean()),
        near_band=_band(start[rows, densest]),
        far_band=_band(stop[rows, densest]),
    )


def _band(values: Floats) -> tuple[float, float]:
    """Take the 10 % and 90 % quantiles."""
    low, high = np.quantile(values, (0.1, 0.9))
    return float(low), float(high)
