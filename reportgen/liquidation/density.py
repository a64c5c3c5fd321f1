"""Dense runs of a profile: the highest-density region, cut into runs, behind the emission gate.

Works on many profiles at once (one per draw), all arrays shape (m, w): distance from the price along the last axis.
Source: MODEL section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reportgen.assumptions import Assumptions
from reportgen.units import Bools, Floats, Fraction, Ints

_PROFILES_AT_ONCE = 64


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ManyRuns:
    """The dense runs of m profiles, r of them, row by row and outwards; those that fail the gate too.

    Attributes:
        row: Shape (r,), whose run. start, stop: shape (r,), bins [start, stop). passes: shape (r,), the emission gate.
    """

    row: Ints
    start: Ints
    stop: Ints
    passes: Bools


def runs_of_many(profiles: Floats, assumptions: Assumptions) -> ManyRuns:
    """Cut the highest-density region of each profile into runs, small gaps closed, and ask the gate about each.

    Args:
        profiles: Shape (m, w), non-negative.
        assumptions: Region, gaps, and the gate: intensity over the profile's median, share of its mass.
    """
    parts = [
        _runs_of_some(profiles[start : start + _PROFILES_AT_ONCE], start, assumptions)
        for start in range(0, len(profiles), _PROFILES_AT_ONCE)
    ]
    row, start, stop = (np.concatenate(column) for column in list(zip(*parts, strict=True))[:3])
    return ManyRuns(row=row, start=start, stop=stop, passes=np.concatenate([part[3] for part in parts]))


def _runs_of_some(profiles: Floats, first: int, assumptions: Assumptions) -> tuple[Ints, Ints, Ints, Bools]:
    """Do it for few enough rows to stay in the processor's cache; `first` is the number of the first."""
    width = profiles.shape[1]
    ordered = np.sort(profiles, axis=1)
    mask = (profiles >= _threshold(ordered, assumptions)) & (profiles > 0)
    row, start, stop = _cut(_close_gaps(mask, assumptions.zone_gap_bins))
    held = np.zeros((len(profiles), width + 1))
    np.cumsum(profiles, axis=1, out=held[:, 1:])
    mass = held[row, stop] - held[row, start]
    median = (ordered[:, (width - 1) // 2] + ordered[:, width // 2]) / 2
    dense = mass >= assumptions.zone_gate_intensity * median[row] * (stop - start)
    return row + first, start, stop, dense & (mass >= assumptions.zone_gate_share * held[row, -1])


def region_mask(profiles: Floats, assumptions: Assumptions) -> Bools:
    """Mark the smallest set of bins that holds the region share of each profile, small gaps closed; shape (m, w)."""
    threshold = _threshold(np.sort(profiles, axis=1), assumptions)
    return _close_gaps((profiles >= threshold) & (profiles > 0), assumptions.zone_gap_bins)


def _threshold(ordered: Floats, assumptions: Assumptions) -> Floats:
    """Give the density from which on bins hold the region share, of profiles sorted upwards; shape (m, 1)."""
    held = np.cumsum(ordered[:, ::-1], axis=1)
    position = np.argmax(held >= assumptions.zone_region_share * held[:, -1:], axis=1)
    return np.asarray(ordered[np.arange(len(ordered)), -1 - position][:, None])


def _cut(mask: Bools) -> tuple[Ints, Ints, Ints]:
    """Give the runs of marked bins of each row: row, start and stop, shape (r,) each."""
    width = mask.shape[1] + 2  # each row between two unmarked bins
    apart = np.zeros((len(mask), width), dtype=np.bool_)
    apart[:, 1:-1] = mask
    flat = apart.ravel()
    change = np.flatnonzero(flat[1:] != flat[:-1]).reshape(-1, 2)
    row = change[:, 0] // width
    return row, change[:, 0] - row * width, change[:, 1] - row * width


def _close_gaps(mask: Bools, gap: int) -> Bools:
    """Fill gaps of at most `gap` bins between marked bins, shape (m, w)."""
    closed = mask.copy()
    row, start, stop = _cut(mask)
    short = np.flatnonzero((row[1:] == row[:-1]) & (start[1:] - stop[:-1] <= gap))
    for step in range(gap):
        bins = stop[short] + step
        inside = bins < start[short + 1]
        closed[row[short][inside], bins[inside]] = True
    return closed


def run_edges(mask: Bools) -> tuple[Floats, Floats]:
    """Give for each bin the start and stop of the run that holds it, shape (m, w); NaN outside every run."""
    start, stop = np.full(mask.shape, np.nan), np.full(mask.shape, np.nan)
    _, first, last = _cut(mask)
    start[mask], stop[mask] = np.repeat(first, last - first), np.repeat(last, last - first)
    return start, stop


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
    _, starts, stops = _cut(region_mask(profile[None], assumptions))
    median = float(np.median(profile))
    found = []
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
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
