"""The heatmap of one symbol as a PNG: where stops and liquidations are estimated to lie, over time and now.

Stands inside the last arrow, Brief -> bytes. Blue is shorts, above the price; orange longs, below; ink is the market
itself. Only what is known is drawn: a side without a dense zone says so in words.
"""

from __future__ import annotations

import math

import numpy as np

from reportgen import notation
from reportgen.brief import HeatmapPicture, SymbolBrief
from reportgen.errors import RenderError
from reportgen.render.charts_edge import draw_edge
from reportgen.render.charts_exact import draw_exact
from reportgen.render.charts_frame import NARROW, WIDE, Frame, Shape, price_ticks, profile_scale, time_ticks
from reportgen.render.charts_market import draw_candles, draw_levels
from reportgen.render.charts_raster import column_ms, ground
from reportgen.render.charts_sheet import Sheet, house_settings
from reportgen.render.charts_type import text_width
from reportgen.render.charts_variant import Form
from reportgen.render.colours import CLASS_EDGES, Theme
from reportgen.units import Missing, Side

_PRICE_TICK_EVERY = 50  # CSS pixels between two price ticks, at least
_TIME_TICK_EVERY = 1.75  # widths of a label between two time ticks, at least
_TICK = 4  # length of a tick, and its distance from the words
_CAP = 0.36  # half a capital's height in text sizes: words centred on a line
_WHISKER, _WHISKER_ALPHA = 0.8, 0.8
_BAR_GAP = 0.2  # part of a profile bar left empty
_FOOT = 1.45  # text sizes from the bottom edge to the baseline of the time labels


def heatmap_png(
    picture: HeatmapPicture, symbol: SymbolBrief, *, theme: Theme, shape: Form, scale: float = 2.0
) -> bytes:
    """Draw the heatmap of one symbol.

    Args:
        picture: The map over time.
        symbol: Price, levels and zones that are drawn over it.
        theme: Light or dark.
        shape: "wide" is 760 x 440 CSS pixels with 4 h candles, "narrow" 600 x 610 for phones and mail.
        scale: Device pixels per CSS pixel.

    Returns:
        A PNG with a palette; the same arguments give the same bytes.

    Raises:
        RenderError: The picture is damaged.
    """
    form = WIDE if shape == "wide" else NARROW
    frame = make_frame(picture, form)
    with house_settings():
        sheet = Sheet(form.width, form.height, scale, theme)
        sheet.picture(*ground(picture, frame, scale, sheet.colours))
        _draw_axes(sheet, frame)
        _draw_head(sheet, frame)
        _draw_profile(sheet, frame, picture, None if isinstance(symbol.price, Missing) else symbol.price)
        shown = draw_candles(sheet, frame, picture)
        draw_edge(sheet, frame, symbol)
        draw_levels(sheet, frame, symbol, shown)
        draw_exact(sheet, frame, symbol)
        return sheet.png()


def make_frame(picture: HeatmapPicture, shape: Shape) -> Frame:
    """Lay out the axes: the picture's rows and columns fill them, and long price labels push the heatmap right.

    Raises:
        RenderError: The picture has no cell, or its range is no range.
    """
    high = picture.price_low * math.exp(picture.row_log_step * picture.rows) if picture.rows else 0
    if not (picture.columns and len(picture.time_ms) == picture.columns and 0 < picture.price_low < high < math.inf):
        raise RenderError("The brief's heatmap has no cells: make the brief again.")
    values, decimals = price_ticks(picture.price_low, high, _room_for_prices(shape))
    widest = max((text_width(notation.price(v, decimals), shape.tick) for v in values), default=0)
    return Frame(
        shape=shape,
        left=max(shape.left, math.ceil(widest) + 3 * _TICK),
        price_low=picture.price_low,
        price_high=high,
        from_ms=picture.time_ms[0] - column_ms(picture),
        to_ms=picture.time_ms[-1],
    )


def _room_for_prices(shape: Shape) -> float:
    return (shape.height - shape.top - shape.bottom) / (_PRICE_TICK_EVERY * shape.tick / WIDE.tick)


def _draw_axes(sheet: Sheet, frame: Frame) -> None:
    """Write prices at the left and UTC days below."""
    c, size = sheet.colours, frame.shape.tick
    values, decimals = price_ticks(frame.price_low, frame.price_high, _room_for_prices(frame.shape))
    marks, last_y = [], math.inf
    for value, y in zip(values, frame.y(np.array(values)), strict=True):
        if last_y - y < size + _TICK:
            continue  # a very wide range crowds round prices at its top, as the scale is logarithmic
        last_y = float(y)
        words = notation.price(value, decimals)
        sheet.text(frame.left - 2 * _TICK, y + _CAP * size, words, size, c.muted, align="right")
        marks.append([(frame.left - _TICK - 1, y), (frame.left - 1, y)])
    widest = text_width("28\u202fMay", size) * _TIME_TICK_EVERY
    foot = frame.bottom + _FOOT * size + _TICK / 2
    for time_ms, words in time_ticks(frame.from_ms, frame.to_ms, (frame.right - frame.left) / widest):
        x, half = float(frame.x(time_ms)), text_width(words, size) / 2
        if frame.left - _TICK <= x - half and x + half <= frame.right:
            marks.append([(x, frame.bottom + 1), (x, frame.bottom + 1 + _TICK)])
            sheet.text(x, foot, words, size, c.muted, align="center")
    sheet.text(frame.left - 2 * _TICK, foot, "UTC", size, c.muted, align="right")
    sheet.lines(np.array(marks), c.axis, 1)


def _draw_head(sheet: Sheet, frame: Frame) -> None:
    """Draw the legend: a strip of steps for each side, their edges, and the unit once."""
    c, s = sheet.colours, frame.shape
    left = s.left
    for side, words in ((Side.SHORT, "Shorts liquidated, above"), (Side.LONG, "Longs liquidated, below")):
        fills = c.short_classes if side is Side.SHORT else c.long_classes
        step = s.strip / len(fills)
        edges = left + step * np.arange(len(fills))
        top, bottom = np.full(len(fills), s.strip_y), np.full(len(fills), s.strip_y + s.strip_height)
        sheet.rectangles(np.stack([edges, top, edges + step, bottom], axis=1), fills)
        sheet.text(left, s.title_y, words, s.label, c.side_text(side), weight=600)
        for i in s.shown_edges:
            sheet.text(edges[i], s.edge_y, _edge(CLASS_EDGES[i]), s.tick, c.muted, align="center")
        left += s.strip + s.strip_gap
    first, second = "% of that side", "per 0.1\u202f% step"
    if s is WIDE:
        beside = left - s.strip_gap + 3 * _TICK
        sheet.text(beside, s.unit_y - s.tick - _TICK, first, s.tick, c.muted)
        sheet.text(beside, s.unit_y, second, s.tick, c.muted)
    else:
        sheet.text(frame.left, s.unit_y, f"{first} {second}", s.tick, c.muted)


def _edge(value: float) -> str:
    return f"{value:g}".removeprefix("0")


def _draw_profile(sheet: Sheet, frame: Frame, picture: HeatmapPicture, price: float | None) -> None:
    """Draw what stands now as bars from the left, with whiskers over 10-90 % of the draws."""
    c, s = sheet.colours, frame.shape
    top_value = profile_scale(max((*picture.profile_high, *picture.profile_share), default=0))
    y = frame.y(np.array(picture.profile_price))
    width = (frame.profile_right - frame.profile_left) / top_value
    middle = (y[1:] + y[:-1]) / 2
    half = np.maximum((y[:-1] - y[1:]) * (1 - _BAR_GAP) / 2, 0.5)
    x = frame.profile_left + width * np.minimum(picture.profile_share, top_value)
    start = np.full(len(x), frame.profile_left)
    centre = np.sqrt(np.array(picture.profile_price)[1:] * np.array(picture.profile_price)[:-1])
    last = picture.candle_close[-1] if price is None and picture.candle_close else price
    above = centre >= last if last is not None else np.zeros(len(x), dtype=bool)
    for x_line, colour in ((frame.profile_left + width * top_value / 2, c.rule), (frame.profile_right, c.rule)):
        sheet.lines(np.array([[(x_line, frame.top), (x_line, frame.bottom)]]), colour, 0.5)
    fills = [c.short if up else c.long for up in above]
    sheet.rectangles(np.stack([start, middle - half, x, middle + half], axis=1), fills)
    low, high = (
        frame.profile_left + width * np.minimum(v, top_value) for v in (picture.profile_low, picture.profile_high)
    )
    whiskers = np.stack([np.stack([low, middle], axis=1), np.stack([high, middle], axis=1)], axis=1)
    sheet.lines(whiskers, c.ink, _WHISKER * s.weight, alpha=_WHISKER_ALPHA)
    sheet.lines(np.array([[(frame.profile_left, frame.top), (frame.profile_left, frame.bottom)]]), c.axis, 1)
    foot = frame.bottom + _FOOT * s.tick + _TICK / 2
    sheet.text(frame.profile_left, foot, "0", s.tick, c.muted, align="center")
    sheet.text(frame.profile_right + _TICK, foot, f"{top_value:g}\u202f%", s.tick, c.muted, align="right")
    sheet.text(frame.profile_left, s.now_y, "Now", s.label, c.ink, weight=600)
    beside = frame.profile_left + text_width("Now", s.label, 600) + _TICK + 1
    sheet.text(beside, s.now_y, "line: 10\u201390\u202f% of draws", s.tick, c.muted)
