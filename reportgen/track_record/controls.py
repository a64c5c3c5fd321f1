"""The controls of MODEL section 5, made from the engine's own maps and scored exactly as it is.

All are rows of mass by distance from the price (`outward.py`), and none uses a map of a later moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from reportgen.assumptions import Assumptions
from reportgen.units import HOUR_MS, Floats, Ints, Side

UNIFORM: Final = "uniform in reach"
CLIMATOLOGY: Final = "distance climatology"
PLACEBO: Final = "own map of 24 h earlier"
OTHER_TIMES: Final = "own maps of other times"
SHIFTED: Final = "own map, bins shifted"
CONTROLS: Final = (UNIFORM, CLIMATOLOGY, PLACEBO, OTHER_TIMES, SHIFTED)


def controls_of(
    own: dict[Side, Floats], decision_ms: Ints, lead: int, step: float, rng: np.random.Generator, a: Assumptions
) -> Iterator[tuple[str, dict[Side, Floats]]]:
    """Yield each control's name and maps for the decisions after the lead.

    Args:
        own: Per side, shape (lead + m, width), the engine's maps outwards from the price.
        decision_ms: Shape (lead + m,), ascending.
        lead: How many of the first decisions only serve as a past.
        step: Log width of a bin.
        rng: Seeded generator, for other times.
        a: `placebo_hours`, `other_times_hours`, `control_shift`, `zone_scope_fraction`.
    """
    earlier = _rows_before(decision_ms, a.placebo_hours)[lead:]
    other = (rng.random(len(decision_ms)) * (_rows_before(decision_ms, a.other_times_hours) + 1)).astype(np.int64)[
        lead:
    ]
    shift = max(1, round(a.control_shift / step))
    scope = round(-float(np.log1p(-a.zone_scope_fraction)) / step)
    yield UNIFORM, {side: np.ones_like(mass[lead:]) for side, mass in own.items()}
    yield CLIMATOLOGY, {side: _mean_of_earlier(mass)[lead:] for side, mass in own.items()}
    yield PLACEBO, {side: mass[earlier] for side, mass in own.items()}
    yield OTHER_TIMES, {side: mass[other] for side, mass in own.items()}
    yield SHIFTED, {side: _shifted(mass[lead:], shift, scope) for side, mass in own.items()}


def _rows_before(decision_ms: Ints, hours: float) -> Ints:
    """Find for each decision the last one at least so much earlier; the first one where there is none."""
    found = np.searchsorted(decision_ms, decision_ms - int(hours * HOUR_MS), side="right") - 1
    return np.maximum(found, 0)


def _mean_of_earlier(mass: Floats) -> Floats:
    """Average all earlier rows; the first row, which has no past, is flat."""
    count = np.maximum(np.arange(len(mass)), 1)[:, None]
    mean = (np.cumsum(mass, axis=0) - mass) / count
    mean[0] = 1.0
    return np.asarray(mean)


def _shifted(mass: Floats, bins: int, scope: int) -> Floats:
    """Move each row outwards; what leaves the scope comes back in at the price."""
    moved = mass.copy()
    moved[:, :scope] = np.roll(mass[:, :scope], bins, axis=1)
    return moved
