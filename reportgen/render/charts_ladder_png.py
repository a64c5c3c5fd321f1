"""The price ladder as a PNG, for mail.

Stands inside the last arrow, Brief -> bytes: the geometry of `charts_ladder`, drawn on a sheet.
"""

from __future__ import annotations

import numpy as np

from reportgen.brief import SymbolBrief
from reportgen.render import charts_ladder as ladder
from reportgen.render.charts_sheet import Sheet, house_settings
from reportgen.render.colours import Theme
from reportgen.units import Missing, Side


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
    with house_settings():
        sheet = Sheet(width, ladder.HEIGHT, scale, theme)
        if isinstance(symbol.ladder, Missing):
            _box(sheet, sheet.colours.axis, 0, ladder.BASE, width, ladder.BASE + 1)
            return sheet.png()
        placed = ladder.marks(symbol, width)
        drawn = ladder.bars(symbol.ladder, placed, width)
        for side in Side:
            for dense in (False, True):
                chosen = [(b.left, b.top, b.right, ladder.BASE) for b in drawn if b.side is side and b.dense is dense]
                alpha = 1.0 if dense else ladder.PALE
                sheet.rectangles(np.array(chosen), sheet.colours.side(side), alpha=alpha)
        _draw_axis(sheet, width)
        for mark in placed:
            _draw_mark(sheet, mark, width)
        return sheet.png()


def _draw_axis(sheet: Sheet, width: float) -> None:
    c = sheet.colours
    _box(sheet, c.axis, 0, ladder.BASE, width, ladder.BASE + 1)
    for tick in ladder.TICKS_ATR:
        x = ladder.place(tick, width)
        _box(sheet, c.axis, x - 0.5, ladder.BASE, x + 0.5, ladder.BASE + ladder.TICK_HEIGHT)
    _box(sheet, c.ink, width / 2 - 1, 0, width / 2 + 1, ladder.BASE + ladder.RULE)


def _draw_mark(sheet: Sheet, mark: ladder.Mark, width: float) -> None:
    colour = sheet.colours.side(mark.zone.liquidated_side)
    if mark.beyond:
        sheet.polygons(np.array([ladder.arrow(mark, width)]), colour)
    else:
        right = max(mark.right, mark.left + ladder.RULE)
        _box(sheet, colour, mark.left, ladder.BASE, right, ladder.BASE + ladder.RULE)
    text = sheet.colours.side_text(mark.zone.liquidated_side)
    sheet.text(mark.letter_x, ladder.LETTER_Y, mark.zone.label, ladder.LETTER, text, weight=600, align="center")


def _box(sheet: Sheet, fill: str, left: float, top: float, right: float, bottom: float) -> None:
    sheet.rectangles(np.array([[left, top, right, bottom]]), fill)
