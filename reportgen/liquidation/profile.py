"""How sure the map is: draws of node weights and of a common shift in distance, as one matrix product.

The draws say how far zone edges move and how often a zone recurs when the weights and distances are as unsure as they
are. They do not calibrate notional.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.units import Bools, Floats, Fraction, Ints


def by_distance(mass: Floats, price_bin: Floats, step: float, assumptions: Assumptions) -> Floats:
    """Blur each row of a side's mass around that row's price; mass is conserved up to the grid's end.

    Args:
        mass: Shape (m, bins), levels towards bin 0 (a side's own orientation).
        price_bin: Shape (m,), bin coordinate of the price in each row.
        step: Log width of a bin.
        assumptions: `smooth_log_width` and `smooth_distance_share`.

    Returns:
        Shape (m, bins).
    """
    bins = mass.shape[1]
    top = np.clip(np.ceil(price_bin).astype(np.int64), 0, bins)
    order = top[:, None] - 1 - np.arange(bins)
    inside = order >= 0
    rows = np.arange(len(mass))[:, None]
    outward = np.where(inside, mass[rows, np.maximum(order, 0)], 0.0)
    blurred = outward @ blur_matrix(bins, step, assumptions)
    spare = np.zeros((len(mass), bins + 1))  # the last column takes what lies beyond the grid
    np.put_along_axis(spare, np.where(inside, order, bins), blurred, axis=1)
    return spare[:, :bins]


def along_price(mass: Floats, assumptions: Assumptions) -> Floats:
    """Blur by a fixed number of bins along the last axis (a gaussian of 1-4 bins); mass is conserved.

    Args:
        mass: Shape (..., bins).
        assumptions: `zone_blur_bins`, the standard deviation.

    Returns:
        The same shape; what would leave the axis stays on its last bin.
    """
    reach = int(np.ceil(3 * assumptions.zone_blur_bins))
    offsets = np.arange(-reach, reach + 1)
    taps = np.exp(-0.5 * (offsets / assumptions.zone_blur_bins) ** 2)
    taps /= taps.sum()
    bins = mass.shape[-1]
    padded = np.zeros((*mass.shape[:-1], bins + 2 * reach))
    for offset, tap in zip(offsets + reach, taps, strict=True):
        padded[..., offset : offset + bins] += tap * mass
    padded[..., reach] += padded[..., :reach].sum(axis=-1)
    padded[..., reach + bins - 1] += padded[..., reach + bins :].sum(axis=-1)
    return np.asarray(padded[..., reach : reach + bins])


def blur_matrix(bins: int, step: float, assumptions: Assumptions) -> Floats:
    """Spread the mass of bin i over bins j by distance from the price; shape (bins, bins), rows sum to 1."""
    distance = np.arange(bins) + 0.5
    width = np.hypot(assumptions.smooth_log_width / step, assumptions.smooth_distance_share * distance)
    spread = np.exp(-0.5 * ((distance[None, :] - distance[:, None]) / width[:, None]) ** 2)
    return np.asarray(spread / spread.sum(axis=1, keepdims=True))


_BAND = (0.1, 0.9)
_BINS_AT_ONCE = 32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SideShares:
    """One side's map as shares of its mass within the scope, by distance from the price.

    Attributes:
        share: Shape (w,), sums to 1 over the scope's bins and goes on beyond it; all 0 when the side is empty.
        low, high: Shape (w,), 10 % and 90 % of draws. scope: bins that count. step: log width of a bin.
        total: Mass within the scope.
    """

    share: Floats
    low: Floats
    high: Floats
    scope: int
    step: float
    total: float


def shares_of_side(node_mass: Floats, draws: Floats, scope: int, step: float) -> SideShares:
    """Divide a side's profile and its draws by the mass within the scope.

    Args:
        node_mass: Shape (k, w).
        draws: Shape (draws, w), profiles.
        scope: Bins that count.
        step: Log width of a bin.
    """
    profile = node_mass.sum(axis=0)
    total = float(profile[:scope].sum())
    per_draw = draws[:, :scope].sum(axis=1, keepdims=True)
    per_draw = np.divide(1.0, per_draw, out=np.zeros_like(per_draw), where=per_draw > 0)
    band = np.empty((len(_BAND), len(profile)))
    for start in range(0, len(profile), _BINS_AT_ONCE):
        bins = slice(start, start + _BINS_AT_ONCE)
        ordered = np.sort((draws[:, bins] * per_draw).T)  # numpy.quantile would take several times as long
        for row, part in zip(band, _BAND, strict=True):
            # Interpolate along the last axis, shape (bins, draws), at one place for all.
            position = part * (len(draws) - 1)
            first = int(position)
            second = min(first + 1, ordered.shape[1] - 1)
            row[bins] = np.asarray(ordered[:, first] + (position - first) * (ordered[:, second] - ordered[:, first]))
    low, high = band
    scale = 1 / total if total > 0 else 0.0
    return SideShares(share=profile * scale, low=low, high=high, scope=scope, step=step, total=total)


_PROFILES_AT_ONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class DenseRun:
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


def dense_runs(profile: Floats, assumptions: Assumptions) -> tuple[DenseRun, ...]:
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
            found.append(DenseRun(start=start, stop=stop, peak=peak, share=share, intensity=intensity))
    return tuple(found)


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


def draw_profiles(
    node_mass: Floats, rng: np.random.Generator, assumptions: Assumptions, tilts: Floats | None = None
) -> Floats:
    """Draw profiles: weights, and a shift of log distance common to all nodes.

    Args:
        node_mass: Shape (k, w), mass of each node by distance.
        rng: Seeded generator, handed in.
        assumptions: `draws`, `draw_concentration`, `draw_log_distance`.
        tilts: Shape (d, w), mass by distance over the estimate's in draws from a calibration's posterior, taken in
            turn; without a calibration weights are drawn from a gamma around the prior.

    Returns:
        Shape (draws, w), each row with the prior's total.
    """
    count, width = assumptions.draws, node_mass.shape[1]
    shape = assumptions.draw_concentration
    weight = rng.gamma(shape, 1 / shape, size=(count, len(node_mass))) if tilts is None else np.empty((0, 0))
    central = node_mass.sum(axis=0)
    stretch = np.exp(rng.normal(0.0, assumptions.draw_log_distance, size=count))
    profiles = np.empty((count, width))
    for start in range(0, count, _DRAWS_AT_ONCE):
        some = slice(start, start + _DRAWS_AT_ONCE)
        if tilts is None:
            np.matmul(weight[some], node_mass, out=profiles[some])
        else:
            turn = np.arange(count)[some] % len(tilts)
            np.multiply(tilts[turn], central, out=profiles[some])
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


def follow_runs(runs: Sequence[DenseRun], profiles: Floats, assumptions: Assumptions) -> tuple[RunUncertainty, ...]:
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


def _follow(run: DenseRun, drawn: ManyRuns, profiles: Floats) -> RunUncertainty:
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
