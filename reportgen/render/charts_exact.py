"""Exact levels on the heatmap: hollow diamonds in ink on the profile's edge, where nothing estimated stands.

Stands inside the last arrow, Brief -> bytes. Estimated mass is blue or orange and filled; what is known of single
positions is ink and hollow, so that neither can be taken for the other, nor added to it.
"""

from __future__ import annotations

import numpy as np

from reportgen.brief import SymbolBrief
from reportgen.liquidation.exact import ExactLayer, ExactLevel
from reportgen.render.charts_frame import Frame
from reportgen.render.charts_sheet import Sheet
from reportgen.units import Floats

_LEAST, _MORE = 2.6, 3.4  # half a diamond's height: of the smallest position, and what the largest adds
_LINE = 1.2
_FOOT = 1.45  # text sizes from the bottom edge to the baseline of the foot's labels
_CAP = 0.36  # half a capital's height in text sizes
_AFTER = 5  # from the legend's diamond to its words


def shown_exact(symbol: SymbolBrief, frame: Frame) -> tuple[ExactLevel, ...]:
    """Choose the levels inside the frame, the smallest position first so that the largest is drawn on top."""
    if not isinstance(symbol.exact, ExactLayer):
        return ()
    inside = [level for level in symbol.exact.levels if frame.price_low <= level.price <= frame.price_high]
    return tuple(sorted(inside, key=lambda level: (level.notional, level.price)))


def draw_exact(sheet: Sheet, frame: Frame, symbol: SymbolBrief) -> None:
    """Draw a diamond at each exact level, larger for a larger position, and say below what they are."""
    found = shown_exact(symbol, frame)
    if not found:
        return
    c, s = sheet.colours, frame.shape
    notional = np.array([level.notional for level in found])
    half = s.weight * (_LEAST + _MORE * np.sqrt(notional / notional.max()))
    y = frame.y(np.array([level.price for level in found]))
    corners = _diamonds(np.full(len(found), frame.profile_right), y, half)
    for corner in corners:  # one by one: a diamond covers the one under it, outline and all
        sheet.polygons(corner[np.newaxis], c.paper, edge=c.ink, width=_LINE * s.weight)
    foot = frame.bottom + _FOOT * s.tick + 2
    at = s.weight * (_LEAST + _MORE)
    x = frame.profile_right + s.label_x + at
    middle = np.array([foot - _CAP * s.tick])
    sheet.polygons(_diamonds(np.array([x]), middle, np.array([at])), c.paper, edge=c.ink, width=_LINE * s.weight)
    sheet.text(x + at + _AFTER, foot, "exact levels", s.tick, c.muted)


def _diamonds(x: Floats, y: Floats, half: Floats) -> Floats:
    """Give the corners of diamonds, shape (n, 4, 2)."""
    across = np.stack([x, x + half, x, x - half], axis=-1)
    along = np.stack([y - half, y, y + half, y], axis=-1)
    return np.stack([across, along], axis=-1)
