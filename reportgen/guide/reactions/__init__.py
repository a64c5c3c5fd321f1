"""Step 4: what price did at zones this far away, and what argues for or against each outcome today.

The shares come from here; `guide/reactions/evidence.py` writes what argues beside them.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal

from reportgen import notation
from reportgen.config.assumptions import Assumptions
from reportgen.guide.zones import Label
from reportgen.units import Fraction, Maybe, Missing, Where

Outcome = Literal["reject", "continue", "front_run", "ignore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Shares of the four outcomes at a distance; they add up to 1. `tap_continue` is what brief.json calls continue."""

    reject: Fraction
    tap_continue: Fraction
    front_run: Fraction
    ignore: Fraction

    def of(self, outcome: Outcome) -> Fraction:
        """Give the share of one outcome."""
        return {
            "reject": self.reject,
            "continue": self.tap_continue,
            "front_run": self.front_run,
            "ignore": self.ignore,
        }[outcome]


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


def distance_shares(distance_atr: float, horizon_hours: float, assumptions: Assumptions) -> Maybe[Shares]:
    """Look up what price did at zones this far away: the distance model.

    The measured rows are printed to two digits and add up to 0.99, 1.00 or 1.01; each is divided by its own sum, and
    `ignore` takes the last rounding, so that the four add up to exactly 1.

    Args:
        distance_atr: From the price to the near edge in day ATR, >= 0.
        horizon_hours: Only the measured horizon (24 h) has base rates.
        assumptions: The table and its horizon.

    Returns:
        The four shares, or why there are none: another horizon, or a distance that is no distance.
    """
    measured = assumptions.reaction_horizon_hours
    if horizon_hours != measured:
        return Missing(f"Base rates were measured for {_hours(measured)} only, not for {_hours(horizon_hours)}.")
    if not math.isfinite(distance_atr) or distance_atr < 0:
        return Missing("The zone's distance in ATR is not known.")
    band = bisect_right(assumptions.reaction_distance_edges, distance_atr)
    row = (
        assumptions.reaction_reject[band],
        assumptions.reaction_continue[band],
        assumptions.reaction_front_run[band],
        assumptions.reaction_ignore[band],
    )
    reject, tap_continue, front_run, _ = (share / sum(row) for share in row)
    return Shares(
        reject=reject,
        tap_continue=tap_continue,
        front_run=front_run,
        ignore=1.0 - (reject + tap_continue + front_run),
    )


def touch_probability(distance_atr: float, horizon_hours: float, assumptions: Assumptions) -> Fraction | None:
    """Give the share of zones at this distance that were tapped within the horizon: reject + continue.

    None where the distance model says nothing (see `distance_shares`).
    """
    shares = distance_shares(distance_atr, horizon_hours, assumptions)
    return None if isinstance(shares, Missing) else shares.reject + shares.tap_continue


def _hours(hours: float) -> str:
    return f"{hours:g}{notation.THIN}h"
