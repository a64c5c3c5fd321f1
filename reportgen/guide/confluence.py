"""Do map, structure and positioning point the same way? The guide's best setups are those where all three do.

A lean says which side looks more exposed. It is no forecast: the page prints it as a state of the layers.
"""

from __future__ import annotations

from typing import Final

from reportgen import notation
from reportgen.guide.checklist import Confluence, Lean
from reportgen.guide.context import Context
from reportgen.guide.wording import capital, distance
from reportgen.guide.zones import Zone
from reportgen.units import Missing, Side

_WORDS: Final[dict[Lean, str]] = {"up": "up", "down": "down", "none": "neutral", "unknown": "unknown"}
_COUNTS: Final = ("one", "two", "three")
_LAYERS: Final = ("map", "structure", "positioning")


def find_confluence(context: Context) -> Confluence:
    """Compare the three layers: each one's lean, the common lean, how many share it, whether two conflict."""
    leans = (map_lean(context), structure_lean(context), positioning_lean(context))
    conflict = "up" in leans and "down" in leans
    lean: Lean = "unknown" if set(leans) == {"unknown"} else "none"
    if not conflict:
        lean = next((one for one in leans if one in ("up", "down")), lean)
    agree = leans.count(lean) if lean in ("up", "down") else 0
    layers = ", ".join(f"{name} {_WORDS[one]}" for name, one in zip(_LAYERS, leans, strict=True))
    text = f"no common lean: {layers}"
    if conflict:
        text = f"the layers conflict: {layers}"
    elif agree:
        text = f"{_COUNTS[agree - 1]} of three layers {'leans' if agree == 1 else 'lean'} {lean}: {layers}"
    return Confluence(
        map_lean=leans[0],
        structure_lean=leans[1],
        positioning_lean=leans[2],
        lean=lean,
        agree=agree,
        conflict=conflict,
        text=text,
    )


def map_lean(context: Context) -> Lean:
    """Lean to the zone that leads: the nearest first, as the guide says, and mass where the distances are alike."""
    if context.no_map is not None:
        return "unknown"
    zone = leading_zone(context)
    return "none" if zone is None else "up" if zone.side == "above" else "down"


def leading_zone(context: Context) -> Zone | None:
    """Choose the zone in reach that matters more: the nearer by `lean_nearer_days`, else the larger by `lean_ratio`.

    None when neither side has one in reach, or when two are alike in distance and mass.
    """
    a = context.assumptions
    zones = [zone for side in ("above", "below") if (zone := context.nearest_zone(side)) is not None]
    reached = sorted((zone for zone in zones if context.in_reach(zone)), key=lambda zone: zone.distance_atr)
    if len(reached) < 2:
        return reached[0] if reached else None
    nearer, farther = reached
    if farther.distance_atr - nearer.distance_atr >= a.lean_nearer_days:
        return nearer
    large, small = sorted(reached, key=lambda zone: -zone.share)
    return large if large.share >= small.share * a.lean_ratio else None


def mass_against_distance(context: Context) -> str:
    """Say that the other side holds clearly more but lies clearly farther; "" when mass and distance agree."""
    leads = leading_zone(context)
    if leads is None:
        return ""
    other = context.nearest_zone("below" if leads.side == "above" else "above")
    if other is None or other.share < leads.share * context.assumptions.lean_ratio:
        return ""
    return capital(
        f"{other.label} holds more ({notation.share(other.share)} of {other.liquidated_side.value}s against "
        f"{notation.share(leads.share)}) but lies {distance(other)}: nearest first"
    )


def structure_lean(context: Context) -> Lean:
    """Lean with the trend."""
    if isinstance(context.structure, Missing):
        return "unknown"
    trend = context.structure.trend
    return "none" if trend == "sideways" else trend


def positioning_lean(context: Context) -> Lean:
    """Lean against the crowded side: crowded longs down, crowded shorts up."""
    if context.crowded_side is not None:
        return "down" if context.crowded_side == Side.LONG else "up"
    return "unknown" if isinstance(context.funding, Missing) else "none"
