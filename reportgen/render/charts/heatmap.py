"""The heatmap of one symbol as a PNG: where stops and liquidations are estimated to lie, over time and now.

Stands inside the last arrow, Brief -> bytes. Blue is shorts, above the price; orange longs, below; ink is the market
itself. Only what is known is drawn: a side without a dense zone says so in words.
"""

from __future__ import annotations

import base64
import binascii
import math
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen import notation
from reportgen.brief.types import SymbolBrief
from reportgen.errors import RenderError
from reportgen.guide.structure import Level
from reportgen.liquidation.known_positions import ExactLayer, ExactLevel
from reportgen.liquidation.picture import HeatmapPicture
from reportgen.render.charts.edge import draw_edge
from reportgen.render.charts.frame import NARROW, WIDE, Frame, Shape, price_ticks, profile_scale, time_ticks
from reportgen.render.charts.labels import Box, clear_spot
from reportgen.render.charts.sheet import Sheet, house_settings, text_width
from reportgen.render.charts.variant import Form
from reportgen.render.colours import CLASS_EDGES, Colours, Theme, rgb
from reportgen.units import HOUR_MS, Floats, Milliseconds, Missing, Side

# ---- The coloured ground of the heatmap: two sides' levels become one image, pixel by pixel ----

_ROUNDING = 1e-9  # a level that should stand exactly on an edge belongs to the class above it


def levels(packed: str, rows: int, columns: int) -> NDArray[np.uint8]:
    """Unpack one side's levels.

    Returns:
        Shape (rows, columns), row 0 lowest.

    Raises:
        RenderError: The text is damaged or does not fill the grid.
    """
    try:
        size = rows * columns
        raw = zlib.decompressobj().decompress(base64.b64decode(packed, validate=True), size + 1)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise RenderError(f"The brief's heatmap is damaged ({error}): make the brief again.") from error
    if len(raw) != size:
        raise RenderError(f"The brief's heatmap does not hold {rows} x {columns} cells: make the brief again.")
    return np.frombuffer(raw, dtype=np.uint8).reshape(rows, columns)


def column_ms(picture: HeatmapPicture) -> Milliseconds:
    """Measure the length of a column: the usual step between their ends, an hour when there is only one."""
    return int(np.median(np.diff(picture.time_ms))) if picture.columns > 1 else HOUR_MS


def classes(picture: HeatmapPicture) -> NDArray[np.uint8]:
    """Class every cell: 0 is paper, 1-7 shorts, 8-14 longs; where both sides have mass the larger wins.

    Returns:
        Shape (rows, columns).
    """
    short = levels(picture.short_levels, picture.rows, picture.columns)
    long = levels(picture.long_levels, picture.rows, picture.columns)
    value = np.arange(256) * picture.level_step + _ROUNDING
    of_level = np.searchsorted(CLASS_EDGES, value, side="right").astype(np.uint8)
    long_class = of_level[long]
    long_class[long_class > 0] += len(CLASS_EDGES)
    return np.where(short >= long, of_level[short], long_class)


def ground(picture: HeatmapPicture, frame: Frame, scale: float, colours: Colours) -> tuple[NDArray[np.uint8], int, int]:
    """Colour the heatmap.

    Args:
        picture: The map over time.
        frame: Its axes.
        scale: Device pixels per CSS pixel.
        colours: The theme's.

    Returns:
        An image of shape (height, width, 4), RGBA, and where its left and top edge lie, all in device pixels.
        A time without a column is paper.
    """
    left, right, top, bottom = (round(edge * scale) for edge in (frame.left, frame.right, frame.top, frame.bottom))
    span = frame.to_ms - frame.from_ms
    time_ms = frame.from_ms + (np.arange(right - left) + 0.5) / (right - left) * span
    column = np.minimum(np.searchsorted(picture.time_ms, time_ms), picture.columns - 1)
    known = time_ms > np.asarray(picture.time_ms)[column] - column_ms(picture)
    part = (np.arange(bottom - top) + 0.5) / (bottom - top)
    row = np.clip(((1 - part) * picture.rows).astype(np.int64), 0, picture.rows - 1)
    cells = np.where(known, classes(picture)[:, column], 0)
    flat = (colours.paper, *colours.short_classes, *colours.long_classes)
    paint = np.array([(*rgb(colour), 255) for colour in flat], dtype=np.uint8).view(np.uint32)[:, 0]
    return paint[cells][row].view(np.uint8).reshape(bottom - top, right - left, 4), left, top


# ---- Exact levels on the heatmap: hollow diamonds in ink on the profile's edge, where nothing estimated stands ----

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


# ---- The market over the heatmap: candles in ink, support and resistance ----

_BODY = 0.72  # of a candle's slot
_OUTLINE, _HALO, _LEVEL = 0.8, 2.8, 0.9  # line widths
_HALO_ALPHA, _LEVEL_ALPHA, _PAPER_ALPHA = 0.75, 0.75, 0.88
_DASHES = (5.0, 3.0)
_LEVELS_A_SIDE = 2
_LEVELS_APART_ATR = 0.7  # narrower, and two labels touch
_PAD = 3  # around the words of a level


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Candles as drawn: shape (n,) each; slot_ms is the length of one."""

    slot_ms: Milliseconds
    open_ms: Floats
    open: Floats
    high: Floats
    low: Floats
    close: Floats


def merged(picture: HeatmapPicture, least_ms: Milliseconds) -> Bars:
    """Merge candles until each is at least as long as asked; a gap stays a gap."""
    times = 1
    while picture.candle_interval_ms * times < least_ms:
        times += 1
    slot = picture.candle_interval_ms * times
    opened = np.array(picture.candle_open_ms, dtype=np.int64)
    starts = np.flatnonzero(np.diff(opened // slot, prepend=-1)) if len(opened) else np.zeros(0, dtype=np.int64)
    ends = np.append(starts[1:], len(opened)) - 1
    high, low = np.array(picture.candle_high), np.array(picture.candle_low)
    return Bars(
        slot_ms=slot,
        open_ms=(opened[starts] // slot * slot if times > 1 else opened[starts]).astype(np.float64),
        open=np.array(picture.candle_open)[starts],
        high=np.maximum.reduceat(high, starts) if len(starts) else high,
        low=np.minimum.reduceat(low, starts) if len(starts) else low,
        close=np.array(picture.candle_close)[ends] if len(starts) else high,
    )


def draw_candles(sheet: Sheet, frame: Frame, picture: HeatmapPicture) -> tuple[Box, ...]:
    """Draw the candles over a halo of paper.

    Returns:
        The boxes from high to low that they take.
    """
    bars = merged(picture, frame.shape.candle_interval_ms)
    if not len(bars.open_ms):
        return ()
    c, weight = sheet.colours, frame.shape.weight
    slot = float(frame.x(frame.from_ms + bars.slot_ms) - frame.left)
    middle = frame.x(bars.open_ms) + slot / 2
    left, right = middle - slot * _BODY / 2, middle + slot * _BODY / 2
    top, bottom = frame.y(np.maximum(bars.open, bars.close)), frame.y(np.minimum(bars.open, bars.close))
    high, low = frame.y(bars.high), frame.y(bars.low)
    bodies = np.stack([left, top, right, bottom], axis=1)
    upper = np.stack([np.stack([middle, high], axis=1), np.stack([middle, top], axis=1)], axis=1)
    lower = np.stack([np.stack([middle, bottom], axis=1), np.stack([middle, low], axis=1)], axis=1)
    wicks = np.concatenate([upper, lower])
    clip = Box(left=frame.left, top=frame.top, right=frame.right, bottom=frame.bottom)
    halo = _HALO * weight
    sheet.lines(wicks, c.paper, halo, alpha=_HALO_ALPHA, clip=clip)
    sheet.rectangles(bodies, c.paper, edge=c.paper, width=halo, alpha=_HALO_ALPHA, clip=clip)
    sheet.lines(wicks, c.ink, _OUTLINE * weight, clip=clip)
    fills = [c.paper if rose else c.ink for rose in bars.close >= bars.open]
    sheet.rectangles(bodies, fills, edge=c.ink, width=_OUTLINE * weight, clip=clip)
    return tuple(
        Box(left=a, top=t, right=b, bottom=d) for a, t, b, d in np.stack([left, high, right, low], axis=1).tolist()
    )


def shown_levels(symbol: SymbolBrief, frame: Frame) -> tuple[tuple[str, Level], ...]:
    """Choose at most two levels a side inside the frame, nearest first, none too close to the one before."""
    if isinstance(symbol.structure, Missing):
        return ()
    chosen: list[tuple[str, Level]] = []
    for letter, levels in (("R", symbol.structure.resistances), ("S", symbol.structure.supports)):
        kept: list[Level] = []
        for level in levels:
            apart = min((abs(level.distance_atr - other.distance_atr) for other in kept), default=_LEVELS_APART_ATR)
            if frame.price_low < level.price < frame.price_high and apart >= _LEVELS_APART_ATR:
                kept.append(level)
        chosen += [(f"{letter}{n}", level) for n, level in enumerate(kept[:_LEVELS_A_SIDE], 1)]
    return tuple(chosen)


def draw_levels(sheet: Sheet, frame: Frame, symbol: SymbolBrief, candles: tuple[Box, ...]) -> None:
    """Draw support below and resistance above as dashed lines, each named where it covers no candle.

    Words of a resistance stand on its line and those of a support hang under it, so that both keep off the price.
    """
    c, size = sheet.colours, frame.shape.tick
    taken = list(candles)
    found = shown_levels(symbol, frame)
    for name, level in found:
        y = float(frame.y(level.price))
        sheet.lines(
            np.array([[(frame.left, y), (frame.right, y)]]),
            c.ink,
            _LEVEL * frame.shape.weight,
            alpha=_LEVEL_ALPHA,
            dashes=_DASHES,
        )
        words = f"{name} {notation.price(level.price, symbol.price_decimals)}"
        height = size + _PAD
        top = y - height - 1 if level.where == "above" else y + 1
        top = min(max(top, frame.top), frame.bottom - height)
        tries = np.arange(frame.left + _PAD, frame.right, _PAD)
        width = text_width(words, size, 600) + 2 * _PAD
        span = (frame.left + _PAD, frame.right - _PAD)
        box = clear_spot(width, (top, top + height), span, taken, tries)
        taken.append(box)
        sheet.rectangles(np.array([[box.left, box.top, box.right, box.bottom]]), c.paper, alpha=_PAPER_ALPHA)
        sheet.text(box.left + _PAD, box.bottom - _PAD, words, size, c.ink, weight=600)


_PRICE_TICK_EVERY = 50  # CSS pixels between two price ticks, at least
_TIME_TICK_EVERY = 1.75  # widths of a label between two time ticks, at least
_TICK = 4  # length of a tick, and its distance from the words
_WHISKER, _WHISKER_ALPHA = 0.8, 0.8
_BAR_GAP = 0.2  # part of a profile bar left empty


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
