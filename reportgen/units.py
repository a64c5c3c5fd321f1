"""The words that every room shares: sides, array types, and data that is missing.

Stands before everything else on the way from config.yaml to the brief; imports nothing of the house.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Price: TypeAlias = float
"""Quote currency for one base coin."""

Notional: TypeAlias = float
"""Quote currency."""

Fraction: TypeAlias = float
"""A share or a change: 0.01 is one percent."""

Milliseconds: TypeAlias = int
"""UTC epoch milliseconds, or a span of milliseconds."""

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

HOUR_MS: Milliseconds = 3_600_000
HOURS_A_DAY = 24
DAY_MS: Milliseconds = HOURS_A_DAY * HOUR_MS


class Side(StrEnum):
    """The side of a position."""

    LONG = "long"
    SHORT = "short"


Where: TypeAlias = Literal["above", "below"]
"""Where a zone or a level lies, seen from the price at as-of."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A value that could not be known, with the sentence the reader gets instead of it.

    Attributes:
        reason: One sentence in plain words, printed on the page.
    """

    reason: str


_T = TypeVar("_T")
Maybe: TypeAlias = _T | Missing
"""A value, or the reason why there is none."""
