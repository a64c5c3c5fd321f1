"""What the site knows of a brief: a day with its finding, and each symbol's price and nearest zones.

Stands between the archive's own records and the pages of `site.py`; written to site/months/YYYY-MM.json.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from reportgen.units import Fraction, Milliseconds, Price


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneBand:
    """The nearest dense zone on a side: its edges, its distance, its share of the side's mass."""

    low: Price
    high: Price
    distance_fraction: Fraction
    distance_atr: float
    share: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolDay:
    """One symbol in one brief. price, change: None when the brief lacked them. above, below: None without a zone."""

    symbol: str
    base: str
    price: Price | None
    decimals: int
    change: Fraction | None
    trend: str
    quality: str
    above: ZoneBand | None
    below: ZoneBand | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefDay:
    """One brief.

    Attributes:
        day: "2026-01-19". revision: 1 for the first of the day. folder: from the archive's root.
        as_of_ms: The moment it speaks of. headline: its finding.
        grade, inputs_known, inputs_total: the badge of its data. simulated: True when its market is simulated.
        files: what stands in its folder, by path relative to it.
    """

    day: str
    revision: int
    folder: str
    as_of_ms: Milliseconds
    headline: str
    grade: str
    inputs_known: int
    inputs_total: int
    simulated: bool
    symbols: tuple[SymbolDay, ...]
    files: tuple[str, ...]

    @property
    def month(self) -> str:
        """Give its month: 2026-01."""
        return self.day[:7]

    @property
    def date(self) -> date:
        """Give its UTC day."""
        return date.fromisoformat(self.day)

    @property
    def page(self) -> str:
        """Give the page of its day, from the archive's root."""
        return f"{self.day.replace('-', '/')}/index.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolPast:
    """Where a symbol's history lies. folder: below symbols/. first, last: its days. months: those with a brief."""

    symbol: str
    base: str
    folder: str
    months: tuple[str, ...]


def last_of_each_day(briefs: Iterable[BriefDay]) -> list[BriefDay]:
    """Keep the last revision of each day, oldest first."""
    return list({brief.day: brief for brief in sorted(briefs, key=place_in_time)}.values())


def place_in_time(brief: BriefDay) -> tuple[str, int]:
    """Order briefs by day and revision."""
    return brief.day, brief.revision


def of_symbol(brief: BriefDay, symbol: str) -> SymbolDay | None:
    """Find a symbol in a brief."""
    return next((one for one in brief.symbols if one.symbol == symbol), None)
