"""The spine: what stands at which price, in the order of prices, pushed apart until no words touch.

Stands inside the last arrow, Brief -> bytes. A phone shows the same rows as a list under its figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from reportgen import notation
from reportgen.brief.types import SymbolBrief
from reportgen.guide.structure import Level
from reportgen.guide.zones import NoDenseZone, Zone
from reportgen.notation import THIN
from reportgen.render.charts.surface import Run
from reportgen.render.colours import Role
from reportgen.render.page_helpers import stale
from reportgen.units import Missing, Price, Side

_LEVELS_A_SIDE = 2
_MERGED_DAYS = 0.5
"""Usual days within which two levels are one to the eye."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpineRow:
    """One thing that stands at a price.

    Attributes:
        price: Where. lines: its words, the first line the loudest.
        zone, level, empty: what it is; none of them for the last price itself.
    """

    price: Price
    lines: tuple[tuple[Run, ...], ...]
    zone: Zone | None = None
    level: Level | None = None
    empty: NoDenseZone | None = None

    @property
    def is_price(self) -> bool:
        """Whether it is the last price."""
        return self.zone is None and self.level is None and self.empty is None


def spine_rows(symbol: SymbolBrief, horizon_hours: float) -> tuple[SpineRow, ...]:
    """List zones, levels, the last price and empty sides, the highest price first; none without a price."""
    if isinstance(symbol.price, Missing):
        return ()
    rows = [_zone_row(zone, symbol, horizon_hours) for zone in symbol.zones]
    rows += [_level_row(level, symbol) for level in shown_levels(symbol)]
    rows.append(
        SpineRow(price=symbol.price, lines=((Run(words=notation.price(symbol.price, symbol.price_decimals)),),))
    )
    for nothing in symbol.no_dense_zone:
        if not any(zone.side == nothing.side for zone in symbol.zones):
            # It belongs outside of every level of its side, at the edge of what is shown.
            end = symbol.price * (1e6 if nothing.side == "above" else 1e-6)
            words = (Run(words=f"No dense zone {nothing.side}", role="muted", weight=600),)
            rows.append(SpineRow(price=end, lines=(words,), empty=nothing))
    return tuple(sorted(rows, key=lambda row: -row.price))


def shown_levels(symbol: SymbolBrief) -> tuple[Level, ...]:
    """Choose the two nearest levels a side, those close to one another as one, and any that a plan names."""
    if isinstance(symbol.structure, Missing):
        return ()
    named = {price for plan in symbol.plan for price in (plan.line, plan.de_risk)}
    chosen: list[Level] = []
    for levels in (symbol.structure.resistances, symbol.structure.supports):
        kept: list[Level] = []
        for level in levels:
            apart = all(abs(level.distance_atr - other.distance_atr) >= _MERGED_DAYS for other in kept)
            if level.price in named or (apart and len(kept) < _LEVELS_A_SIDE):
                kept.append(level)
        chosen += kept
    return tuple(chosen)


def level_name(symbol: SymbolBrief, price: Price) -> str:
    """Name a chart level by its place from the price outward: R2, S1; "" when the price is none of the chart's."""
    if isinstance(symbol.structure, Missing):
        return ""
    for letter, levels in (("R", symbol.structure.resistances), ("S", symbol.structure.supports)):
        for place, level in enumerate(levels, start=1):
            if level.price == price:
                return f"{letter}{place}"
    return ""


def zone_name(zone: Zone, symbol: SymbolBrief, horizon_hours: float) -> str:
    """Say a zone whole, for those who do not see it."""
    sides = "shorts" if zone.liquidated_side is Side.SHORT else "longs"
    lines = _zone_row(zone, symbol, horizon_hours).lines
    told = "; ".join("".join(run.words for run in line) for line in lines[1:])
    return f"Zone {zone.label}, dense {sides}: {''.join(run.words for run in lines[0])}; {told}"


def _zone_row(zone: Zone, symbol: SymbolBrief, horizon_hours: float) -> SpineRow:
    role: Role = "short_text" if zone.liquidated_side is Side.SHORT else "long_text"
    sides = "shorts" if zone.liquidated_side is Side.SHORT else "longs"
    sign = 1 if zone.side == "above" else -1
    away = f" {notation.percent_change(sign * zone.distance_fraction)}"
    days = f" · {notation.usual_days(zone.distance_atr)}"
    where: tuple[Run, ...] = (Run(words=away, role=role), Run(words=days, role="muted"))
    if zone.price_inside:
        where = (Run(words=" price inside", role=role),)
    prices = Run(words=notation.price_range(zone.low, zone.high, symbol.price_decimals), role=role, weight=600)
    lines: list[tuple[Run, ...]] = [(prices, *where)]
    if zone.notional is not None:
        forced = "buying" if zone.liquidated_side is Side.SHORT else "selling"
        middle, band = notation.dollars(zone.notional), zone.notional_band
        words = middle if band is None else f"{notation.dollar_range(*band)}, middle {middle}"
        lines.append((Run(words=words, weight=600), Run(words=f" of forced {forced}", weight=600)))
    dense = f"{notation.times(zone.intensity)} the median density · {notation.share(zone.share)} of {sides}"
    lines.append((Run(words=dense, role="muted"),))
    if zone.touch_probability is not None and not stale(symbol):
        often = f"reached in {horizon_hours:g}{THIN}h: {notation.of_hundred(zone.touch_probability)} such cases"
        lines.append((Run(words=often, role="muted"),))
    return SpineRow(price=(zone.low * zone.high) ** 0.5, lines=tuple(lines), zone=zone)


def _level_row(level: Level, symbol: SymbolBrief) -> SpineRow:
    sign = 1 if level.where == "above" else -1
    touched = "touched once" if level.touches == 1 else f"touched {level.touches}\u00d7"
    what = level.name or ("resistance" if level.where == "above" else "support")
    runs = (
        Run(
            words=f"{level_name(symbol, level.price)} {notation.price(level.price, symbol.price_decimals)}", weight=600
        ),
        Run(words=f" {notation.percent_change(sign * level.distance_fraction)} · {what}", role="muted"),
        Run(words=f", {touched}", role="muted"),
    )
    return SpineRow(price=level.price, lines=(runs,), level=level)


def stack(
    wanted: Sequence[float], heights: Sequence[float], pinned: int, *, top: float, bottom: float, gap: float
) -> tuple[float, ...]:
    """Push labels outward from a pinned one until none overlap, and back inside when they leave the figure.

    Args:
        wanted: Middle that each label would like, from top to bottom in the order that is kept.
        heights: Of each label.
        pinned: Which one stays while there is room (the price).
        top: Where the stack may begin.
        bottom: Where it must end.
        gap: Least space between two.

    Returns:
        The middle of each label.
    """
    middle = list(wanted)
    apart = [(above + below) / 2 + gap for above, below in pairwise(heights)]
    for i in range(pinned - 1, -1, -1):
        middle[i] = min(middle[i], middle[i + 1] - apart[i])
    for i in range(pinned + 1, len(middle)):
        middle[i] = max(middle[i], middle[i - 1] + apart[i - 1])
    middle[0] = max(middle[0], top + heights[0] / 2)
    for i in range(1, len(middle)):
        middle[i] = max(middle[i], middle[i - 1] + apart[i - 1])
    middle[-1] = min(middle[-1], bottom - heights[-1] / 2)
    for i in range(len(middle) - 2, -1, -1):
        middle[i] = min(middle[i], middle[i + 1] - apart[i])
    return tuple(middle)
