"""Step 4: how likely each outcome is at a distance, and what argues for or against it today.

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
from reportgen.liquidation.cone import touch_probability
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
        source: where the shares come from. sample_size: zones behind them.
        evidence: for and against.
        leans_to: the outcome that the evidence argues for by its count, None when for none. answer: that in one line,
            beside what the shares say.
        held_out: how often zones about as far away were touched in the days the shares were not fitted on.
    """

    label: Label
    side: Where
    distance_atr: float
    shares: Maybe[Shares]
    source: str
    sample_size: int
    evidence: tuple[Evidence, ...]
    leans_to: Outcome | None = None
    answer: str = ""
    held_out: str = ""


def distance_shares(distance_atr: float, horizon_hours: float, assumptions: Assumptions) -> Maybe[Shares]:
    """Give the four shares by distance and horizon alone.

    Returns:
        Shares, `ignore` takes the rest so that they add up to exactly 1; Missing for a distance that is none.
    """
    touched = touch_probability(distance_atr, horizon_hours, assumptions)
    if touched is None:
        return Missing("The zone's distance in usual days is not known.")
    reject = touched * assumptions.reject_given_tap
    proceed = touched - reject
    near = math.exp(assumptions.front_run_at_price + assumptions.front_run_by_distance * distance_atr)
    front_run = (1 - touched) * min(1.0, near)
    return Shares(reject=reject, tap_continue=proceed, front_run=front_run, ignore=1.0 - (reject + proceed + front_run))


def shares_source(horizon_hours: float, a: Assumptions, *, by_cone: bool = False) -> str:
    """Say where the shares come from, and what is known of their error at this horizon.

    Args:
        horizon_hours: How far is looked.
        a: Errors and samples.
        by_cone: The share touched follows the cone and not the usual day.
    """
    hours = f"{horizon_hours:g}{notation.THIN}h"
    if by_cone:
        return (
            f"by distance over the cone's range for {hours}, fitted on two training sets, on which they were right "
            f"within {notation.percent(a.touch_error, 0)}; no unseen days have scored that; the features beside them "
            "do not change them"
        )
    if a.touch_hours_from <= horizon_hours <= a.touch_hours_to:
        error = f"held out they were right within {notation.percent(a.touch_error, 0)} at {hours}"
    else:
        measured = f"{a.touch_hours_from:g} to {a.touch_hours_to:g}{notation.THIN}h"
        error = f"measured for {measured} only, so their error at {hours} is not known"
    return (
        f"by distance in usual days and by horizon, fitted on {a.reaction_sample_symbols} symbols over "
        f"{a.reaction_sample_days} days; {error}; the features beside them do not change them"
    )


def held_out_touch(distance_atr: float, a: Assumptions) -> str:
    """Say how often zones about as far away were touched in 24 h, on days the shares were not fitted on."""
    edges = (0.0, *a.reaction_distance_edges)
    band = bisect_right(a.reaction_distance_edges, distance_atr)
    far = f"{edges[band]:g} to {edges[band + 1]:g}" if band + 1 < len(edges) else f"over {edges[band]:g}"
    touched = notation.share(a.held_out_touched[band]) if a.held_out_touched[band] else f"<1{notation.THIN}%"
    hours = f"{a.reaction_horizon_hours:g}{notation.THIN}h"
    return f"held out, zones {far} usual days away were touched within {hours} in {touched} of cases"
