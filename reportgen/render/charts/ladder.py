"""The ladder of a summary row: both sides' mass by distance, one scale for all symbols, the price in the middle.

Stands inside the last arrow, Brief -> bytes. Eight usual days a side, linear in the profile's unit, full at 2 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from reportgen import notation
from reportgen.brief.types import SymbolBrief
from reportgen.guide.zones import Label, Zone
from reportgen.render.charts.panels import CAP, TOP, side_role
from reportgen.render.charts.surface import Drawing, Mark, Point, Run, Text, area, box
from reportgen.units import Fraction, Maybe, Missing, Price, Side, Where

LadderForm: TypeAlias = Literal["page", "phone", "mail", "paper"]

BARS: Final = 64
REACH_DAYS: Final = 8.0
"""Usual days from the price to either end."""
FULL: Final = 2.0
"""Percent of a side per 0.1 % of price at which a bar is as high as the ladder; a higher one is clipped."""
_GAP: Final = 0.8  # between bars
_APART: Final = 0.95  # of a letter's size between two of them
_FOOT: Final = 0.12  # of it below its baseline


@dataclass(frozen=True, slots=True, kw_only=True)
class _Size:
    """Sizes of one form. base: line the bars stand on. top: their highest end. letter: size of letters."""

    width: float
    height: float
    base: float
    top: float
    letter: float
    weight: float


_SIZES: Final[dict[LadderForm, _Size]] = {
    "page": _Size(width=232, height=52, base=36, top=3, letter=12, weight=1),
    "phone": _Size(width=358, height=52, base=36, top=3, letter=12, weight=1),
    "mail": _Size(width=600, height=52, base=36, top=3, letter=12, weight=1),
    "paper": _Size(width=122, height=27, base=18, top=1.5, letter=7, weight=0.62),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneBand:
    """A dense zone as far as an archive keeps it; each field as `Zone` has it."""

    label: Label
    side: Where
    liquidated_side: Side
    low: Price
    high: Price
    distance_fraction: Fraction
    distance_atr: float
    price_inside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rungs:
    """What a ladder is drawn from.

    Attributes:
        base: Whose. decimals: of its prices. bars: 64 densities, percent of a side per 0.1 % of price, or why none.
        price, usual_day: Price; None when not known, and no zone has a place then.
    """

    base: str
    decimals: int
    bars: Maybe[Sequence[float]]
    zones: Sequence[Zone | ZoneBand]
    price: Price | None
    usual_day: Price | None


def rungs_of(symbol: SymbolBrief) -> Rungs:
    """Take a symbol's ladder from its brief."""
    return Rungs(
        base=symbol.base,
        decimals=symbol.price_decimals,
        bars=symbol.ladder,
        zones=symbol.zones,
        price=None if isinstance(symbol.price, Missing) else symbol.price,
        usual_day=None if isinstance(symbol.structure, Missing) else symbol.structure.atr,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A zone on the ladder: left and right in [0, 1] of its width; beyond: -1 or 1 past that end, else 0."""

    zone: Zone | ZoneBand
    left: float
    right: float
    beyond: int


def spots(symbol: Rungs) -> tuple[Spot, ...]:
    """Place the zones, in the order of prices; none without a price and its usual day."""
    if not symbol.price or not symbol.usual_day:
        return ()
    made = []
    for zone in sorted(symbol.zones, key=lambda one: one.low):
        low, high = ((edge - symbol.price) / symbol.usual_day / REACH_DAYS for edge in (zone.low, zone.high))
        beyond = -1 if high < -1 else int(low > 1)
        made.append(Spot(zone=zone, left=(max(low, -1) + 1) / 2, right=(min(high, 1) + 1) / 2, beyond=beyond))
    return tuple(made)


def draw_ladder(symbol: Rungs, form: LadderForm) -> Drawing:
    """Draw a ladder; a symbol without one keeps its empty line."""
    size = _SIZES[form]
    w = size.weight
    marks: list[Mark] = [area([box(0, size.base, size.width, size.base + w)], "axis")]
    if isinstance(symbol.bars, Missing) or len(symbol.bars) != BARS:
        why = symbol.bars.reason if isinstance(symbol.bars, Missing) else "The brief is older than the ladder."
        return Drawing(
            kind=f"ladder-{form}",
            width=size.width,
            height=size.height,
            label=f"{symbol.base}: no ladder. {why}",
            marks=tuple(marks),
        )
    placed = spots(symbol)
    marks += _bars(symbol.bars, placed, size)
    for day in (-6, -4, -2, 2, 4, 6):
        x = (day / REACH_DAYS + 1) / 2 * size.width
        marks.append(area([box(x - w / 2, size.base, x + w / 2, size.base + 3 * w)], "axis"))
    middle = size.width / 2
    marks.append(area([box(middle - w, 0, middle + w, size.base + 4 * w)], "ink"))
    marks += _letters(placed, size)
    return Drawing(
        kind=f"ladder-{form}", width=size.width, height=size.height, label=_words(symbol, placed), marks=tuple(marks)
    )


def _bars(densities: Sequence[float], placed: Sequence[Spot], size: _Size) -> list[Mark]:
    """Draw the bars, one shape a colour: pale with a top in its colour, whole in a zone, an ink cap if clipped."""
    step, gap, w = size.width / BARS, _GAP * size.weight, size.weight
    caps: list[tuple[Point, ...]] = []
    marks: list[Mark] = []
    for side, first in ((Side.LONG, 0), (Side.SHORT, BARS // 2)):
        pale: list[tuple[Point, ...]] = []
        full: list[tuple[Point, ...]] = []
        for i in range(first, first + BARS // 2):
            density = densities[i]
            if not density > 0:
                continue
            left, right = i * step + gap / 2, (i + 1) * step - gap / 2
            top = size.base - min(density / FULL, 1.0) * (size.base - size.top)
            at = (i + 0.5) / BARS
            dense = any(s.left < at < s.right and s.zone.liquidated_side is side for s in placed)
            (full if dense else pale).append(box(left, top, right, size.base))
            if not dense:
                full.append(box(left, top, right, min(top + TOP * w, size.base)))
            if density > FULL:
                caps.append(box(left, top - 2 * w, right, top))
        marks += [area(pale, side_role(side, "_4")), area(full, side_role(side))]
    return [*marks, area(caps, "ink")]


def _letters(placed: Sequence[Spot], size: _Size) -> list[Mark]:
    """Name each zone under the line, pushed apart; one beyond an end is named there, with an arrow."""
    w, apart = size.weight, size.letter * _APART
    arrow = 5 * w
    wanted = [
        (s.left + s.right) / 2 * size.width if not s.beyond else (size.width if s.beyond > 0 else 0.0) for s in placed
    ]
    low = size.letter / 2 + (arrow if any(s.beyond < 0 for s in placed) else 0)
    high = size.width - size.letter / 2 - (arrow if any(s.beyond > 0 for s in placed) else 0)
    at = [max(x, low) for x in wanted]
    for i in range(1, len(at)):
        at[i] = max(at[i], at[i - 1] + apart)
    for i in range(len(at) - 1, -1, -1):
        at[i] = min(at[i], high if i == len(at) - 1 else at[i + 1] - apart)
    y = size.height - size.letter * _FOOT
    marks: list[Mark] = []
    for spot, x in zip(placed, at, strict=True):
        side = spot.zone.liquidated_side
        run = Run(words=spot.zone.label, role=side_role(side, "_text"), weight=600)
        marks.append(Text(x=x, y=y, runs=(run,), size=size.letter, align="center"))
        if spot.beyond:
            end = size.width if spot.beyond > 0 else 0.0
            middle = y - CAP * size.letter
            foot = end - spot.beyond * (arrow - w)
            marks.append(area([((foot, middle - 3 * w), (end, middle), (foot, middle + 3 * w))], side_role(side)))
    return marks


def _words(symbol: Rungs, placed: Sequence[Spot]) -> str:
    """Say what the ladder shows, for those who do not see it."""
    told = [
        f"zone {s.zone.label} {'around the price' if s.zone.price_inside else s.zone.side}, "
        f"{notation.price_range(s.zone.low, s.zone.high, symbol.decimals)}, "
        f"{notation.usual_days(s.zone.distance_atr)}"
        for s in placed
    ]
    found = "; ".join(told) if told else "no dense zone"
    return f"{symbol.base}, estimated liquidations from {notation.MINUS}8 to +8 usual days: {found}."
