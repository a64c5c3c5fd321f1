"""A side of the map as shares of its own mass, with the spread of the draws: what zones and charts are made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reportgen.units import Floats

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
            row[bins] = _between(ordered, part * (len(draws) - 1))
    low, high = band
    scale = 1 / total if total > 0 else 0.0
    return SideShares(share=profile * scale, low=low, high=high, scope=scope, step=step, total=total)


def _between(ordered: Floats, position: float) -> Floats:
    """Interpolate along the last axis, shape (bins, draws), at one place for all."""
    first = int(position)
    second = min(first + 1, ordered.shape[1] - 1)
    return np.asarray(ordered[:, first] + (position - first) * (ordered[:, second] - ordered[:, first]))
