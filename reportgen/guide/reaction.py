"""Step 4: what price did at zones this far away, and what argues for or against each outcome today."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reportgen.guide.zones import Label
from reportgen.units import Fraction, Maybe, Where

Outcome = Literal["reject", "continue", "front_run", "ignore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Shares of the four outcomes at a distance; they add up to 1."""

    reject: Fraction
    tap_continue: Fraction
    front_run: Fraction
    ignore: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One of the guide's features, for or against one outcome. It argues; it does not tilt the shares.

    Attributes:
        outcome: Which. supports: True for, False against. feature: which input.
        value: the number behind it. text: one clause with that number.
    """

    outcome: Outcome
    supports: bool
    feature: str
    value: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """The four outcomes for one zone.

    Attributes:
        label, side: Which zone. distance_atr: its distance.
        shares: the distance model's shares, or why there are none. control: the same model (until another wins).
        source: where the shares come from. sample_size: zones behind the whole table.
        evidence: for and against.
    """

    label: Label
    side: Where
    distance_atr: float
    shares: Maybe[Shares]
    source: str
    sample_size: int
    evidence: tuple[Evidence, ...]
