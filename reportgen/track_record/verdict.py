"""One of three words on a map, by a rule fixed beforehand in assumptions.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from reportgen.assumptions import Assumptions
from reportgen.track_record.controls import CONTROLS
from reportgen.track_record.result import Difference, MapScore, Verdict
from reportgen.units import Missing

JUDGED_GIVEN: Final = "path+price"
"""Reach, new ground, return, volume, volatility, hour, price and slow time are given before a map is praised."""


def judge_map(
    scores: Sequence[MapScore], engine: str, effective: float, assumptions: Assumptions
) -> tuple[Verdict, str]:
    """Say whether an engine beat every control in liquidations of the next bar, both sides together.

    "better" needs the whole interval of every paired difference above zero, every difference at the margin or more,
    and enough effective days. Without it, many days speak against the map and few say nothing.

    Args:
        scores: All rows.
        engine: Which map is judged.
        effective: Days that the sample is worth.
        assumptions: `verdict_margin`, `verdict_least_days`, `verdict_enough_days`.

    Returns:
        The verdict and one sentence why.
    """
    row = next((one for one in scores if _is_judged(one) and one.name == engine), None)
    if row is None or isinstance(row.score, Missing):
        return "insufficient evidence", "No liquidations are known to hold the map against."
    a = assumptions
    held = [one for one in row.minus if one.versus in CONTROLS]
    if len(held) < len(CONTROLS):
        return "insufficient evidence", "Not every control could be scored on these days."
    worst = min(held, key=lambda one: one.by.low)
    beaten = all(one.by.low > 0 and one.by.value >= a.verdict_margin for one in held)
    lead = f"{_signed(worst)} against {worst.versus}, its strongest control"
    nearest = f"Given path, price and time, rank correlation {lead}"
    if beaten and effective >= a.verdict_least_days:
        return (
            "better than its controls",
            f"{nearest}{_beside_baselines(row)}.",
        )
    if beaten:
        return "insufficient evidence", (
            f"{nearest}, but the sample is worth {effective:.0f} days and a claim needs {a.verdict_least_days:.0f}."
        )
    if effective < a.verdict_enough_days:
        return "insufficient evidence", (
            f"{nearest}; the sample is worth {effective:.0f} days, and fewer than "
            f"{a.verdict_enough_days:.0f} cannot rule a small difference out."
        )
    return (
        "not distinguishable",
        f"{nearest}, over {effective:.0f} effective days.",
    )


def _is_judged(row: MapScore) -> bool:
    return row.metric == "liquidation rank" and row.controls == JUDGED_GIVEN and row.side == "both"


def _beside_baselines(row: MapScore) -> str:
    """Add how the engine stands to the named baselines, which are maps and no controls."""
    others = [f"{_signed(one)} against {one.versus}" for one in row.minus if one.versus not in CONTROLS]
    return f"; beside the named baselines {' and '.join(others)}" if others else ""


def _signed(one: Difference) -> str:
    return f"{one.by.value:+.3f} [{one.by.low:+.3f}, {one.by.high:+.3f}]"
