"""The guide's closing routine, its seven inputs on one strip, and whether the layers agree: the types.

`guide/routine.py`, `guide/inputs.py` and `guide/confluence.py` fill them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["adds", "eases", "neutral", "unknown"]
"""What an input does to zone risk: never a buy or a sell."""

Lean = Literal["up", "down", "none", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistLine:
    """One step of the routine.

    Attributes:
        step: 1-7. name: short. reading: the finding with its number. verdict: its effect on zone risk.
    """

    step: int
    name: str
    reading: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class InputReading:
    """One of the guide's seven inputs.

    Attributes:
        name: Short. reading: with its number, or "n/a: reason". verdict: its effect on zone risk.
    """

    name: str
    reading: str
    verdict: Verdict


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
