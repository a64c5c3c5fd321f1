"""What an event inside the horizon leaves of confidence in any one direction: a stated rule, not a measurement.

Step 5's first half: the guide's fourth example, where a clean chart meets a release that is hours away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from reportgen import notation
from reportgen.guide.context import Context
from reportgen.guide.wording import due, event_name
from reportgen.units import Fraction

_TOLD = 2


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
    told = ", ".join(f"{event_name(event)} ×{notation.grouped(leaves[event.weight], 1)}" for event in inside[:_TOLD])
    more = f" and {len(inside) - _TOLD} more" if len(inside) > _TOLD else ""
    text = f"Confidence in any one direction ×{notation.grouped(left, 2)} by rule ({told}{more})."
    return Confidence(left=left, events=named, text=text)
