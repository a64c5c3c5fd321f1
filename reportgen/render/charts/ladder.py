"""The price ladder of a summary row: both sides' mass by distance, the price in the middle; SVG, and PNG for mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from reportgen import notation
from reportgen.brief.types import SymbolBrief
from reportgen.guide.zones import Zone
from reportgen.render.colours import LIGHT, Theme
from reportgen.units import Fraction, Missing, Side

if TYPE_CHECKING:
    from reportgen.render.charts.sheet import Sheet

WIDTH, HEIGHT = 248.0, 44.0
REACH_ATR = 6.0
"""From the price to either end."""

FULL = 0.06
"""Share of its side at which a bar is as high as the ladder; more is clipped."""

BASE, _TOP = 31.5, 2.0  # the line that the bars stand on, and their highest end
_GAP = 0.8  # between bars
PALE = 0.34
RULE = 3.0  # thickness of the line under a zone
_PRICE = 2.0
LETTER, LETTER_Y = 9.5, 43.0
_LETTER_APART = 10.0
_ARROW = 3.5
_CAPITAL = 6.6  # height of a letter
TICKS_ATR = (-4, -2, 2, 4)
TICK_HEIGHT = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A zone on the ladder.

    Attributes:
        zone: Which. left, right: of the rule under it; equal when it lies beyond the ladder.
        letter_x: middle of its letter. beyond: -1 or 1 when it lies past that end, else 0.
    """

    zone: Zone
    left: float
    right: float
    letter_x: float
    beyond: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: its edges and top, which side's mass it is, and whether a zone covers its middle."""

    left: float
    right: float
    top: float
    side: Side
    dense: bool


def place(atr: float, width: float) -> float:
    """Place a distance from the price, in ATR, on a ladder of some width."""
    return (atr / REACH_ATR + 1) / 2 * width


def marks(symbol: SymbolBrief, width: float = WIDTH) -> tuple[Mark, ...]:
    """Place the zones, in the order of prices; none without a price and its ATR."""
    if isinstance(symbol.price, Missing) or isinstance(symbol.structure, Missing) or symbol.structure.atr <= 0:
        return ()
    price, atr = symbol.price, symbol.structure.atr
    zones = sorted(symbol.zones, key=lambda zone: zone.low)
    spans = [tuple((edge - price) / atr for edge in (zone.low, zone.high)) for zone in zones]
    placed = []
    for low, high in spans:
        beyond = -1 if high < -REACH_ATR else int(low > REACH_ATR)
        left, right = (place(min(max(edge, -REACH_ATR), REACH_ATR), width) for edge in (low, high))
        placed.append((left, right, beyond))
    beside = 2 * _ARROW + LETTER / 2
    rims = [beside if any(beyond == end for _, _, beyond in placed) else LETTER / 2 for end in (-1, 1)]
    wanted = [(left + right) / 2 - beside * beyond for left, right, beyond in placed]
    letters = _apart(wanted, rims[0], width - rims[1])
    return tuple(
        Mark(zone=zone, left=left, right=right, letter_x=x, beyond=beyond)
        for zone, (left, right, beyond), x in zip(zones, placed, letters, strict=True)
    )


def bars(ladder: Sequence[Fraction], placed: Sequence[Mark], width: float = WIDTH) -> tuple[Bar, ...]:
    """Lay out the bars that hold anything: from below to above, the price in the middle."""
    made = []
    step = width / len(ladder) if ladder else width
    for i, share in enumerate(ladder):
        if not share > 0:
            continue
        middle = (i + 0.5) * step
        height = min(share / FULL, 1.0) * (BASE - _TOP)
        side = Side.LONG if middle < width / 2 else Side.SHORT
        dense = any(m.left < middle < m.right and m.zone.liquidated_side is side for m in placed)
        bar = Bar(left=i * step + _GAP / 2, right=(i + 1) * step - _GAP / 2, top=BASE - height, side=side, dense=dense)
        made.append(bar)
    return tuple(made)


def ladder_svg(symbol: SymbolBrief) -> str:
    """Write the ladder as inline SVG.

    Colours are presentation attributes of the light theme, so that it prints everywhere; a page's CSS may override
    the classes ld-short, ld-long, ld-short-text, ld-long-text, ld-ink and ld-axis by `fill`.
    """
    placed = () if isinstance(symbol.ladder, Missing) else marks(symbol)
    shares = () if isinstance(symbol.ladder, Missing) else symbol.ladder
    words = escape(_words(symbol, placed), quote=True)
    parts = [*_svg_bars(bars(shares, placed)), *_svg_axis(price=not isinstance(symbol.ladder, Missing))]
    for mark in placed:
        parts += _svg_mark(mark)
    return (
        f'<svg class="ld" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" width="{WIDTH:g}" '
        f'height="{HEIGHT:g}" role="img" aria-label="{words}">{"".join(parts)}</svg>'
    )


def _apart(wanted: Sequence[float], low: float, high: float) -> list[float]:
    """Push letters apart, each pair evenly while there is room, and keep them between low and high."""
    x = [max(at, low) for at in wanted]
    for i in range(1, len(x)):
        overlap = x[i - 1] + _LETTER_APART - x[i]
        if overlap > 0:
            room = x[i - 1] - (x[i - 2] + _LETTER_APART if i > 1 else low)
            x[i - 1] -= max(0.0, min(overlap / 2, room))
            x[i] = x[i - 1] + _LETTER_APART
    limit = high
    for i in range(len(x) - 1, -1, -1):
        x[i] = min(x[i], limit)
        limit = x[i] - _LETTER_APART
    return x


def _words(symbol: SymbolBrief, placed: Sequence[Mark]) -> str:
    """Say what the ladder shows, for those who do not see it."""
    if isinstance(symbol.ladder, Missing):
        return f"{symbol.base}: no price ladder. {symbol.ladder.reason}"
    told = [
        f"zone {m.zone.label} {'around the price' if m.zone.price_inside else m.zone.side}, "
        f"{notation.price_range(m.zone.low, m.zone.high, symbol.price_decimals)}, "
        f"{notation.usual_days(m.zone.distance_atr)}"
        for m in placed
    ]
    found = "; ".join(told) if told else "no dense zone"
    return f"{symbol.base}, estimated liquidations from {notation.MINUS}6 to +6 usual days: {found}."


def _svg_bars(drawn: Sequence[Bar]) -> list[str]:
    """Join the bars of one look into one path each."""
    parts = []
    for side in Side:
        for dense in (False, True):
            chosen = [bar for bar in drawn if bar.side is side and bar.dense is dense]
            if chosen:
                path = "".join(f"M{b.left:.1f} {BASE}V{b.top:.1f}H{b.right:.1f}V{BASE}z" for b in chosen)
                pale = "" if dense else f' opacity="{PALE}"'
                parts.append(f'<path class="ld-{side}" fill="{LIGHT.side(side)}"{pale} d="{path}"/>')
    return parts


def _svg_axis(*, price: bool) -> list[str]:
    """Draw baseline, ticks and the price; without a price only the baseline."""
    parts = [_svg_box("ld-axis", LIGHT.axis, 0, BASE, WIDTH, 1)]
    if price:
        ticks = [_svg_box("ld-axis", LIGHT.axis, place(t, WIDTH) - 0.5, BASE, 1, TICK_HEIGHT) for t in TICKS_ATR]
        parts += [*ticks, _svg_box("ld-ink", LIGHT.ink, WIDTH / 2 - _PRICE / 2, 0, _PRICE, BASE + RULE)]
    return parts


def _svg_mark(mark: Mark) -> list[str]:
    """Draw the rule under a zone and its letter, or an arrow where it lies beyond the ladder."""
    side = mark.zone.liquidated_side
    fill = LIGHT.side(side)
    if mark.beyond:
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in arrow(mark, WIDTH))
        parts = [f'<polygon class="ld-{side}" fill="{fill}" points="{points}"/>']
    else:
        parts = [_svg_box(f"ld-{side}", fill, mark.left, BASE, max(mark.right - mark.left, RULE), RULE)]
    letter = (
        f'<text class="ld-{side}-text" fill="{LIGHT.side_text(side)}" x="{mark.letter_x:.1f}" y="{LETTER_Y:g}" '
        f'text-anchor="middle" font-family="Brief Sans, sans-serif" font-size="{LETTER}" font-weight="600">'
        f"{mark.zone.label}</text>"
    )
    return [*parts, letter]


def arrow(mark: Mark, width: float) -> tuple[tuple[float, float], ...]:
    """Give the corners of the arrow at the end of the ladder that a zone lies beyond."""
    end = width if mark.beyond > 0 else 0.0
    foot, middle = end - _ARROW * mark.beyond, LETTER_Y - _CAPITAL / 2
    return ((foot, middle - _ARROW), (end, middle), (foot, middle + _ARROW))


def _svg_box(name: str, fill: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{name}" fill="{fill}" x="{x:.1f}" y="{y:g}" width="{width:.1f}" height="{height:g}"/>'


def ladder_png(symbol: SymbolBrief, *, theme: Theme, width: float = 600.0, scale: float = 2.0) -> bytes:
    """Draw the ladder for mail, which shows no SVG; a symbol without one keeps its empty baseline.

    Args:
        symbol: Whose.
        theme: Light or dark.
        width: CSS pixels; the height is 44.
        scale: Device pixels per CSS pixel.

    Returns:
        A PNG with a palette and an opaque ground.
    """
    from reportgen.render.charts.sheet import Sheet, house_settings

    with house_settings():
        sheet = Sheet(width, HEIGHT, scale, theme)
        if isinstance(symbol.ladder, Missing):
            _box(sheet, sheet.colours.axis, 0, BASE, width, BASE + 1)
            return sheet.png()
        placed = marks(symbol, width)
        drawn = bars(symbol.ladder, placed, width)
        for side in Side:
            for dense in (False, True):
                chosen = [(b.left, b.top, b.right, BASE) for b in drawn if b.side is side and b.dense is dense]
                alpha = 1.0 if dense else PALE
                sheet.rectangles(np.array(chosen), sheet.colours.side(side), alpha=alpha)
        _draw_axis(sheet, width)
        for mark in placed:
            _draw_mark(sheet, mark, width)
        return sheet.png()


def _draw_axis(sheet: Sheet, width: float) -> None:
    c = sheet.colours
    _box(sheet, c.axis, 0, BASE, width, BASE + 1)
    for tick in TICKS_ATR:
        x = place(tick, width)
        _box(sheet, c.axis, x - 0.5, BASE, x + 0.5, BASE + TICK_HEIGHT)
    _box(sheet, c.ink, width / 2 - 1, 0, width / 2 + 1, BASE + RULE)


def _draw_mark(sheet: Sheet, mark: Mark, width: float) -> None:
    colour = sheet.colours.side(mark.zone.liquidated_side)
    if mark.beyond:
        sheet.polygons(np.array([arrow(mark, width)]), colour)
    else:
        right = max(mark.right, mark.left + RULE)
        _box(sheet, colour, mark.left, BASE, right, BASE + RULE)
    text = sheet.colours.side_text(mark.zone.liquidated_side)
    sheet.text(mark.letter_x, LETTER_Y, mark.zone.label, LETTER, text, weight=600, align="center")


def _box(sheet: Sheet, fill: str, left: float, top: float, right: float, bottom: float) -> None:
    sheet.rectangles(np.array([[left, top, right, bottom]]), fill)
