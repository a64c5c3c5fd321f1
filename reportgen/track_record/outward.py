"""Frozen maps laid out by distance from the price of their own moment.

Seen this way every control is one step: an older map re-centred on today's price is simply the older row.
"""

from __future__ import annotations

import numpy as np

from reportgen.track_record.frozen import FrozenMaps
from reportgen.units import Floats, Side


def outward(maps: FrozenMaps, price: Floats, side: Side, width: int) -> Floats:
    """Lay a side's maps out by log distance from each price, nearest first; shape (m, width), mass per bin.

    Args:
        maps: m maps.
        price: Shape (m,), the price each is centred on.
        side: Longs are counted downwards, shorts upwards.
        width: Bins of the grid's own step; beyond the grid there is nothing.
    """
    mass = maps.mass[side]
    bins = mass.shape[1]
    held = np.concatenate([np.zeros((len(mass), 1)), np.cumsum(mass, axis=1)], axis=1)
    sign = -1 if side is Side.LONG else 1
    place = np.clip(maps.grid.position(price)[:, None] + sign * np.arange(width + 1), 0, bins)
    return np.maximum(sign * np.diff(_at(held, place), axis=1), 0.0)


def running(mass: Floats) -> Floats:
    """Sum outward mass from the price, shape (m, width + 1), for `between`."""
    return np.concatenate([np.zeros((len(mass), 1)), np.cumsum(mass, axis=1)], axis=1)


def between(held: Floats, near: Floats, far: Floats, step: float) -> Floats:
    """Sum the mass between two distances, parts of bins included; shape (m,), 0 where far <= near.

    Args:
        held: From `running`.
        near: Shape (m,), log distance from the price.
        far: The same.
        step: Log width of a bin.
    """
    width = held.shape[1] - 1
    place = np.clip(np.column_stack([near, np.maximum(near, far)]) / step, 0, width)
    ends = _at(held, place)
    return np.asarray(ends[:, 1] - ends[:, 0])


def _at(held: Floats, place: Floats) -> Floats:
    """Interpolate each row's running sum at bin coordinates within it; shapes (m, bins + 1), (m, k) -> (m, k)."""
    cell = np.minimum(place.astype(np.int64), held.shape[1] - 2)
    low = np.take_along_axis(held, cell, axis=1)
    return np.asarray(low + (place - cell) * (np.take_along_axis(held, cell + 1, axis=1) - low))
