"""Every modelling constant, with its unit, default, source and effect.

One frozen object travels through the rooms; config.yaml's `assumptions:` replaces any constant by name; the brief
prints those it used. Constants of looks (sizes, colours) are not modelling constants and stay with their renderer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


def _is(default: Any, unit: str, source: str, effect: str) -> Any:  # noqa: ANN401 - a field of any constant's type
    """Declare a constant: its default, unit, source and effect."""
    return field(default=default, metadata={"unit": unit, "source": source, "effect": effect})


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """All modelling constants; see each field's metadata for unit, source and effect."""

    # --- the day's typical range, used everywhere as "ATR" (MODEL section 4) ---------------------------------------
    atr_bars: int = _is(24, "hourly bars", "MODEL 4", "bars whose mean true range becomes the day's typical range")
    atr_scale: float = _is(0.6, "1", "MODEL 4", "mean hourly true range x sqrt(24) x this = a day's typical range")

    # --- structure -------------------------------------------------------------------------------------------------
    # --- liquidation map -------------------------------------------------------------------------------------------
    # --- zones -----------------------------------------------------------------------------------------------------
    # --- positioning -----------------------------------------------------------------------------------------------
    # --- reaction --------------------------------------------------------------------------------------------------
    # --- plan and checklist ----------------------------------------------------------------------------------------
    # --- data and map quality --------------------------------------------------------------------------------------


DEFAULTS = Assumptions()
