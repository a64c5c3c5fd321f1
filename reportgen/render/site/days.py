"""What the site knows of a brief: a day with its finding, and each symbol's price, zones and last bars.

Made from an archive's rows by `delivery/archive/rows.py`, which also keeps them; the site's pages read nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from reportgen.brief.types import Brand
from reportgen.guide.zones import Label
from reportgen.moments import day_of
from reportgen.render.charts.ladder import ZoneBand
from reportgen.render.page_helpers import clock, day_and_clock
from reportgen.units import Fraction, Milliseconds, Price, Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of a zone that an earlier brief named. touched_ms: None when price did not come to it."""

    symbol: str
    label: Label
    side: Where
    low: Price
    high: Price
    touched_ms: Milliseconds | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of a brief's picture: when it opened, and between what prices it traded."""

    open_ms: Milliseconds
    low: Price
    high: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolDay:
    """One symbol in one brief.

    Attributes:
        symbol, base: Its names. price, change, usual_day: None when the brief lacked them. decimals: of its prices.
        trend, quality: Of its chart and its map. zones: all that the brief named. bars: that end in the 24 h before.
        ladder: As the brief's own; () without one.
    """

    symbol: str
    base: str
    price: Price | None
    decimals: int
    change: Fraction | None
    usual_day: Price | None
    trend: str
    quality: str
    zones: tuple[ZoneBand, ...]
    bars: tuple[Bar, ...]
    ladder: tuple[float, ...]

    def nearest(self, side: Where) -> ZoneBand | None:
        """Find the nearest zone on a side."""
        own = (zone for zone in self.zones if zone.side == side)
        return min(own, key=lambda zone: zone.distance_fraction, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefDay:
    """One brief.

    Attributes:
        day: "2026-01-19". revision: 1 for the first of the day. folder: from the archive's root.
        as_of_ms: The moment it speaks of. headline: its finding.
        grade, inputs_known, inputs_total: the badge of its data. simulated: True when its market is simulated.
        files: what stands in its folder, by path relative to it.
        judged: What it says of the zones of the brief as of `judged_ms`; settled: their horizon has passed.
        brand: Under whose name, without the logo, which is one of the files; None under our own.
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
    judged_ms: Milliseconds | None
    settled: bool
    judged: tuple[Judged, ...]
    brand: Brand | None = None

    @property
    def logo(self) -> str:
        """Give the brand's logo, from the archive's root; "" without one."""
        return next((f"{self.folder}/{name}" for name in self.files if name.startswith("logo.")), "")

    @property
    def month(self) -> str:
        """Give its month: 2026-01."""
        return self.day[:7]

    @property
    def date(self) -> date:
        """Give its day."""
        return date.fromisoformat(self.day)

    @property
    def long_date(self) -> str:
        """Write its day: Monday 19 January 2026."""
        return f"{self.date:%A} {self.date.day} {self.date:%B %Y}"

    @property
    def clock(self) -> str:
        """Write its moment, UTC, with the day where that is another than its own: 07:00, or 18 Jan, 22:00."""
        return clock(self.as_of_ms) if day_of(self.as_of_ms) == self.day else day_and_clock(self.as_of_ms)

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
