"""How sure the map is: draws of node weights and of a common shift in distance, as one matrix product.

The draws say how far zone edges move and how often a zone recurs when the weights and distances are as unsure as they
are. They do not calibrate notional. Source: MODEL section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reportgen.assumptions import Assumptions
from reportgen.liquidation.density import ManyRuns, Run, runs_of_many
from reportgen.units import Floats, Fraction, Ints

_DRAWS_AT_ONCE = 32
"""What these need stays in the processor's cache, and the memory behind it is used again and again."""


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
    stretch = np.exp(rng.normal(0.0, assumptions.draw_log_distance, size=count))
    profiles = np.empty((count, width))
    for start in range(0, count, _DRAWS_AT_ONCE):
        some = slice(start, start + _DRAWS_AT_ONCE)
        np.matmul(weight[some], node_mass, out=profiles[some])
        _stretch(profiles[some], stretch[some], float(node_mass.sum()))
    return profiles


def _stretch(profiles: Floats, stretch: Floats, mass: float) -> None:
    """Move each profile's mass outwards by its own factor, in place, and give it this total."""
    count, width = profiles.shape
    held = np.zeros((count, width + 1))
    np.cumsum(profiles, axis=1, out=held[:, 1:])
    edge = np.arange(width + 1) / stretch[:, None]
    np.minimum(edge, width, out=edge)
    cell = np.minimum(edge.astype(np.int64), width - 1)
    edge -= cell
    cell += (width + 1) * np.arange(count)[:, None]
    below = held.ravel().take(cell)
    cell += 1
    edge *= held.ravel().take(cell) - below
    edge += below  # the mass up to each edge, stretched
    total = edge[:, -1:]
    np.subtract(edge[:, 1:], edge[:, :-1], out=profiles)
    profiles *= np.divide(mass, total, out=np.zeros_like(total), where=total > 0)


def run_uncertainty(run: Run, profiles: Floats, assumptions: Assumptions) -> RunUncertainty:
    """Follow one dense run through the draws, shape (draws, w); as `follow_runs`."""
    return follow_runs((run,), profiles, assumptions)[0]


def follow_runs(runs: Sequence[Run], profiles: Floats, assumptions: Assumptions) -> tuple[RunUncertainty, ...]:
    """Follow dense runs of the central profile through the draws.

    Args:
        runs: Of the central profile.
        profiles: Shape (draws, w).
        assumptions: Region and gate.
    """
    if not runs:
        return ()
    drawn = runs_of_many(profiles, assumptions)
    return tuple(_follow(run, drawn, profiles) for run in runs)


def _follow(run: Run, drawn: ManyRuns, profiles: Floats) -> RunUncertainty:
    """Find in each draw the run that holds the densest bin of those that pass the gate and overlap this one."""
    over = np.flatnonzero(drawn.passes & (drawn.start < run.stop) & (drawn.stop > run.start))
    if not len(over):
        return RunUncertainty(persistence=0.0, near_band=(run.start, run.start), far_band=(run.stop, run.stop))
    row = drawn.row[over]
    bins = np.arange(run.start, run.stop)
    inside = (bins >= drawn.start[over, None]) & (bins < drawn.stop[over, None])
    densest = np.where(inside, profiles[row, run.start : run.stop], -1.0).max(axis=1)
    order = np.lexsort((-densest, row))  # within a draw the densest first, of equals the nearest
    chosen = over[order[np.flatnonzero(np.diff(row, prepend=-1))]]
    return RunUncertainty(
        persistence=len(chosen) / len(profiles),
        near_band=_band(drawn.start[chosen]),
        far_band=_band(drawn.stop[chosen]),
    )


def _band(values: Ints) -> tuple[float, float]:
    """Take the 10 % and 90 % quantiles."""
    low, high = np.quantile(values, (0.1, 0.9))
    return float(low), float(high)
