"""The product's probabilities: shares of what happened so far, shrunk to the base rates of MODEL section 0."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from reportgen.assumptions import Assumptions
from reportgen.units import Floats, Ints

OUTCOMES = ("reject", "continue", "front_run", "ignore")
"""The order of every share below."""


def walk_forward_shares(prior: Floats, counted: Floats, prior_zones: float) -> Floats:
    """Blend base rates with outcomes so far: the mean of a Dirichlet posterior.

    Args:
        prior: Shape (..., 4), shares that sum to 1.
        counted: Shape (..., 4), how often each outcome came so far.
        prior_zones: How many zones the prior counts for, > 0.

    Returns:
        Shares that sum to 1, shape (..., 4).
    """
    total = counted.sum(axis=-1, keepdims=True)
    return np.asarray((prior * prior_zones + counted) / (prior_zones + total))


def base_rates(assumptions: Assumptions) -> Floats:
    """Give the measured shares by band of distance, each row divided by its own sum; shape (bands, 4)."""
    a = assumptions
    table = np.column_stack([a.reaction_reject, a.reaction_continue, a.reaction_front_run, a.reaction_ignore])
    return np.asarray(table / table.sum(axis=1, keepdims=True))


def band_of(distance_atr: float, assumptions: Assumptions) -> int:
    """Give the row of the table for a distance."""
    return bisect_right(assumptions.reaction_distance_edges, distance_atr)


def foretell(outcome: Ints, band: Ints, known: Ints, assumptions: Assumptions) -> tuple[Floats, Floats]:
    """Give each zone its probabilities from what had happened by then, and the climatology's.

    Args:
        outcome: Shape (n,), place in OUTCOMES, in order of decision.
        band: Shape (n,), row of the distance table.
        known: Shape (n,), how many of the first outcomes had happened by each zone's decision.
        assumptions: Base rates, `reaction_prior_zones`, `climatology_prior_zones`.

    Returns:
        Shape (n, 4) each: by distance, and whatever the distance.
    """
    prior = base_rates(assumptions)
    came = np.zeros((len(outcome) + 1, len(prior), len(OUTCOMES)))
    came[1 + np.arange(len(outcome)), band, outcome] = 1.0
    so_far = np.cumsum(came, axis=0)[known]
    by_distance = walk_forward_shares(prior, so_far, assumptions.reaction_prior_zones)
    anywhere = walk_forward_shares(prior.mean(axis=0), so_far.sum(axis=1), assumptions.climatology_prior_zones)
    return by_distance[np.arange(len(outcome)), band], anywhere
