"""Dense runs of a profile: the highest-density region, cut into runs, behind the emission gate.

Works on many profiles at once (one per draw), all arrays shape (m, w): distance from the price along the last axis.
Source: MODEL section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reportgen.assumptions import Assumptions
from reportgen.units import Bools, Floats, Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run of dense bins in one profile.

    Attributes:
        start, stop: Bins [start, stop), counted outwards from the price. peak: its densest bin.
        share: Part of the profile's mass. intensity: mean density over the profile's median.
    """

    start: int
    stop: int
    peak: int
    share: Fraction
    intensity: float


def region_mask(profiles: Floats, assumptions: Assumptions) -> Bools:
    """Mark the smallest set of bins that holds the region share of each profile, small gaps closed; shape (m, w)."""
    ordered = -np.sort(-profiles, axis=1)
    held = np.cumsum(ordered, axis=1)
    target = assumptions.zone_region_share * held[:, -1:]
    position = np.argmax(held >= target, axis=1)
    threshold = np.take_along_axis(ordered, position[:, None], axis=1)
    return _close_gaps((profiles >= threshold) & (profiles > 0), assumptions.zone_gap_bins)


def _close_gaps(mask: Bools, gap: int) -> Bools:
    """Fill gaps of at most `gap` bins between marked bins, shape (m, w)."""
    width = mask.shape[1]
    index = np.arange(width)
    before = np.maximum.accumulate(np.where(mask, index, -width), axis=1)
    after = np.minimum.accumulate(np.where(mask, index, 2 * width)[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(mask | (after - before <= gap + 1))


def run_edges(mask: Bools) -> tuple[Floats, Floats]:
    """Give for each bin the start and stop of the run that holds it, shape (m, w); NaN outside every run."""
    width = mask.shape[1]
    index = np.arange(width)
    start = np.maximum.accumulate(np.where(mask, -1, index), axis=1) + 1
    stop = np.minimum.accumulate(np.where(mask, width, index)[:, ::-1], axis=1)[:, ::-1]
    return np.where(mask, start, np.nan), np.where(mask, stop, np.nan)


def dense_runs(profile: Floats, assumptions: Assumptions) -> tuple[Run, ...]:
    """Find the runs of one profile that pass the emission gate, nearest first.

    Args:
        profile: Shape (w,), mass by distance, non-negative.
        assumptions: The gate: intensity over the side's median, share of its mass.

    Returns:
        Runs; an empty tuple means "no dense zone", a normal answer.
    """
    total = float(profile.sum())
    if total <= 0:
        return ()
    mask = region_mask(profile[None], assumptions)[0]
    change = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    median = float(np.median(profile))
    found = []
    for start, stop in change.reshape(-1, 2).tolist():
        inside = profile[start:stop]
        share = float(inside.sum()) / total
        intensity = float(inside.mean()) / median if median > 0 else np.inf
        if intensity >= assumptions.zone_gate_intensity and share >= assumptions.zone_gate_share:
            peak = start + int(np.argmax(inside))
            found.append(Run(start=start, stop=stop, peak=peak, share=share, intensity=intensity))
    return tuple(found)


def gate_passes(profiles: Floats, mask: Bools, start: Floats, stop: Floats, assumptions: Assumptions) -> Bools:
    """Tell for each bin whether the run that holds it passes the emission gate, shape (m, w)."""
    held = np.concatenate([np.zeros((len(profiles), 1)), np.cumsum(profiles, axis=1)], axis=1)
    first = np.where(mask, start, 0).astype(np.int64)
    last = np.where(mask, stop, 0).astype(np.int64)
    mass = np.take_along_axis(held, last, axis=1) - np.take_along_axis(held, first, axis=1)
    median = np.median(profiles, axis=1, keepdims=True)
    dense = mass >= assumptions.zone_gate_intensity * median * (last - first)
    return np.asarray(mask & dense & (mass >= assumptions.zone_gate_share * held[:, -1:]))
