"""Do map, structure and positioning point the same way? The guide's best setups are those where all three do.

A lean says which side looks more exposed. It is no forecast: the page prints it as a state of the layers. What an event
inside the horizon leaves of confidence in any lean is a stated rule, not a measurement: the guide's fourth example,
where a clean chart meets a release that is hours away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from reportgen import notation
from reportgen.guide.context import Context
from reportgen.guide.wording import capital, distance, due, event_name
from reportgen.guide.zones import Zone
from reportgen.units import Fraction, Missing, Side

Lean = Literal["up", "down", "none", "unknown"]
_WORDS: Final[dict[Lean, str]] = {"up": "up", "down": "down", "none": "neutral", "unknown": "unknown"}
_COUNTS: Final = ("one", "two", "three")
_LAYERS: Final = ("map", "structure", "positioning")
_EVENTS_NAMED: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Confluence:
    """Do map, structure and positioning lean the same way?

    Attributes:
        map_lean, structure_lean, positioning_lean: each layer's lean. lean: the common one.
        agree: layers that share it, 0-3. conflict: two layers lean opposite ways. text: one clause.
    """

    map_lean: Lean
    structure_lean: Lean
    positioning_lean: Lean
    lean: Lean
    agree: int
    conflict: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """What is left of confidence in one direction.

    Attributes:
        left: Fraction of what the layers alone would allow: the product over events, never below the floor.
        events: Each event with its factor, one clause each. text: one sentence with the rule, or "" without an event.
    """

    left: Fraction
    events: tuple[str, ...]
    text: str


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


def confidence_left(context: Context) -> Confidence:
    """Multiply what each event inside the horizon leaves, by its weight; cancelled ones leave everything."""
    a = context.assumptions
    leaves = {
        "high": a.event_confidence_high,
        "medium": a.event_confidence_medium,
        "low": a.event_confidence_low,
    }
    inside = sorted((event for event in context.events if event.lowers), key=lambda event: leaves[event.weight])
    if not inside:
        return Confidence(left=1.0, events=(), text="")
    left = max(a.event_confidence_floor, math.prod(leaves[event.weight] for event in inside))
    named = tuple(
        f"{event_name(event)} {due(event)} ({event.weight} weight, ×{notation.grouped(leaves[event.weight], 1)})"
        for event in inside
    )
    told = ", ".join(
        f"{event_name(event)} ×{notation.grouped(leaves[event.weight], 1)}" for event in inside[:_EVENTS_NAMED]
    )
    more = f" and {len(inside) - _EVENTS_NAMED} more" if len(inside) > _EVENTS_NAMED else ""
    text = f"Confidence in any one direction ×{notation.grouped(left, 2)} by rule ({told}{more})."
    return Confidence(left=left, events=named, text=text)
