"""Blur a map by a little, and by a share of the distance from the price: farther levels are known less exactly."""

from __future__ import annotations

import numpy as np

from reportgen.assumptions import Assumptions
from reportgen.units import Floats


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
    """Blur by a fixed number of bins along the last axis (MODEL section 3: a gaussian of 1-4 bins); mass is conserved.

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
