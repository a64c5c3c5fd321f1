"""The long/short ratio: how a venue's crowd leans, as one line of step 3.

It counts accounts or positions, not money, and every long has a short: it names nobody crowded by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from reportgen import notation
from reportgen.assumptions import Assumptions
from reportgen.market.data import MarketData
from reportgen.units import HOUR_MS, Maybe, Milliseconds, Missing

_KINDS: Final = {
    "accounts": "all accounts",
    "top_accounts": "top accounts",
    "top_positions": "positions of top accounts",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LongShortReading:
    """The last ratio.

    Attributes:
        ratio: Long over short, > 0. kind: what is counted, "all accounts". venue, time_ms: source.
    """

    ratio: float
    kind: str
    venue: str
    time_ms: Milliseconds


NO_LONG_SHORT: Final = Missing("No long/short ratio was given.")


def read_long_short(market: MarketData, assumptions: Assumptions) -> Maybe[LongShortReading]:
    """Read the last ratio of the primary venue, else of the first venue by name.

    Returns:
        The reading, or Missing without the table or when its last row is too old.
    """
    ratios = market.long_short_ratio
    if isinstance(ratios, Missing):
        return ratios
    primary = "" if isinstance(market.candles, Missing) else next(iter(market.candles), "")
    venue = primary if primary in ratios else min(ratios)
    table = ratios[venue]
    until = int(np.searchsorted(table.time_ms, market.as_of_ms, side="right"))
    if not until:
        return Missing(f"{venue} gave no long/short ratio up to as-of.")
    age_hours = (market.as_of_ms - int(table.time_ms[until - 1])) / HOUR_MS
    if age_hours > assumptions.positioning_max_age_hours:
        return Missing(f"The last long/short ratio is {notation.grouped(age_hours, 0)} hours older than as-of.")
    return LongShortReading(
        ratio=float(table.ratio[until - 1]),
        kind=_KINDS.get(table.kind, table.kind),
        venue=venue,
        time_ms=int(table.time_ms[until - 1]),
    )
