"""The day's typical range that a symbol's distances are counted in, read back from what a section holds."""

from __future__ import annotations

from reportgen.guide.structure import Structure
from reportgen.guide.zones import Zone
from reportgen.units import Maybe, Missing, Price


def typical_range(structure: Maybe[Structure], zones: tuple[Zone, ...], price: Price) -> Price | None:
    """Give the day's typical range in price, > 0: structure's, else as the farthest zone implies it, else None."""
    if not isinstance(structure, Missing):
        return structure.atr if structure.atr > 0 else None
    farthest = max(zones, key=lambda zone: zone.distance_atr, default=None)
    if farthest is None or not farthest.distance_fraction or not farthest.distance_atr:
        return None
    return farthest.distance_fraction * price / farthest.distance_atr or None
