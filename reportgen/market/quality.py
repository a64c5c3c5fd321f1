"""How far the data and the map can be trusted: validation verdicts, coverage, map quality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reportgen.market.data import Depth
from reportgen.units import Fraction, Maybe, Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueCoverage:
    """What one venue gave for one symbol.

    Attributes:
        venue: Name. tables: names of the tables it filled. bars: bars used. gaps: bars missing inside them.
        interval: "1h". open_interest_share: its part of the known open interest, or why unknown.
    """

    venue: str
    tables: tuple[str, ...]
    interval: str
    bars: int
    gaps: int
    open_interest_share: Maybe[Fraction]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Where the input of a symbol came from.

    Attributes:
        primary_venue: The map is drawn from its path. venues: each. last_close_ms: of the last bar used.
        stale_bars: bars between that close and as-of. history_days: of the primary venue's candles.
        book_coverage: share of open interest that was opened inside the observed history (start-up coverage), or why
            unknown.
        inputs_known, inputs_total: of the guide's inputs.
    """

    primary_venue: str
    venues: tuple[VenueCoverage, ...]
    last_close_ms: Milliseconds
    stale_bars: int
    history_days: float
    book_coverage: Maybe[Fraction]
    inputs_known: int
    inputs_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MapQuality:
    """High, Medium, Low or None, and why.

    Attributes:
        grade: The verdict; None without usable candles.
        depth: Resting size near the price. venue_concentration: largest venue's share of the known open interest.
        gap_risk: Share of recent bars that moved more than the gap threshold or are absent, or why unknown.
        reasons: one clause each, the ones that lowered the grade first.
    """

    grade: Literal["High", "Medium", "Low", "None"]
    depth: Maybe[Depth]
    venue_concentration: Maybe[Fraction]
    gap_risk: Maybe[Fraction]
    reasons: tuple[str, ...]
