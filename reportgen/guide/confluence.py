"""Do map, structure and positioning point the same way? The guide's best setups are those where all three do.

A lean says which side looks more exposed. It is no forecast: the page prints it as a state of the layers.
"""

from __future__ import annotations

from reportgen.guide.checklist import Confluence, Lean
from reportgen.guide.context import Context
from reportgen.guide.zones import Zone
from reportgen.units import Missing, Side

_WORDS: dict[Lean, str] = {"up": "up", "down": "down", "none": "neutral", "unknown": "unknown"}


def find_confluence(context: Context) -> Confluence:
    """Compare the three layers: each one's lean, the common lean, how many share it, whether two conflict."""
    leans = (map_lean(context), structure_lean(context), positioning_lean(context))
    conflict = "up" in leans and "down" in leans
    lean = _common(leans, conflict)
    agree = leans.count(lean) if lean in ("up", "down") else 0
    return Confluence(
        map_lean=leans[0],
        structure_lean=leans[1],
        positioning_lean=leans[2],
        lean=lean,
        agree=agree,
        conflict=conflict,
        text=_text(leans, lean, agree, conflict),
    )


def map_lean(context: Context) -> Lean:
    """Lean to the side whose nearest zone is nearer and larger by the factor `lean_ratio`.

    A side without a dense zone within `lean_reach_atr` weighs nothing, so a lone zone in reach makes a lean and far
    ones make none. Weight is share / (distance + a floor); it measures which acceleration risk stands closer.
    """
    if context.no_map is not None:
        return "unknown"
    above, below = (_weight(context.nearest_zone(side), context) for side in ("above", "below"))
    ratio = context.assumptions.lean_ratio
    if above > below * ratio:
        return "up"
    return "down" if below > above * ratio else "none"


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


def _weight(zone: Zone | None, context: Context) -> float:
    if zone is None or zone.distance_atr > context.assumptions.lean_reach_atr:
        return 0.0
    return zone.share / (zone.distance_atr + context.assumptions.lean_floor_atr)


def _common(leans: tuple[Lean, ...], conflict: bool) -> Lean:  # noqa: FBT001 - a finding, not an option
    if conflict:
        return "none"
    if set(leans) == {"unknown"}:
        return "unknown"
    return next((lean for lean in leans if lean in ("up", "down")), "none")


def _text(leans: tuple[Lean, ...], lean: Lean, agree: int, conflict: bool) -> str:  # noqa: FBT001 - a finding
    layers = ", ".join(f"{name} {_WORDS[one]}" for name, one in zip(_LAYERS, leans, strict=True))
    if conflict:
        return f"the layers conflict: {layers}"
    if lean in ("up", "down"):
        return f"{_COUNTS[agree - 1]} of three layers {'leans' if agree == 1 else 'lean'} {lean}: {layers}"
    return f"no common lean: {layers}"


_COUNTS = ("one", "two", "three")
_LAYERS = ("map", "structure", "positioning")
