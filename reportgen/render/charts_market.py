"""The market over the heatmap: candles in ink, support and resistance.

Stands inside the last arrow, Brief -> bytes. Direction is fill, not colour: hollow rose, filled fell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reportgen import notation
from reportgen.brief import HeatmapPicture, SymbolBrief
from reportgen.guide.structure import Level
from reportgen.render.charts_frame import Frame
from reportgen.render.charts_labels import Box, clear_spot
from reportgen.render.charts_sheet import Sheet
from reportgen.render.charts_type import text_width
from reportgen.units import Floats, Milliseconds, Missing

_BODY = 0.72  # of a candle's slot
_OUTLINE, _HALO, _LEVEL = 0.8, 2.8, 0.9  # line widths
_HALO_ALPHA, _LEVEL_ALPHA, _PAPER_ALPHA = 0.75, 0.75, 0.88
_DASHES = (5.0, 3.0)
_LEVELS_A_SIDE = 2
_LEVELS_APART_ATR = 0.7  # LOOK 6 says 0.35 of an ATR that is about twice the one of MODEL 4
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
