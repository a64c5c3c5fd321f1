"""The right edge of the heatmap: the last price, brackets around the zones, and words where there is none.

Stands inside the last arrow, Brief -> bytes. The order from top to bottom is always the order of prices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reportgen import notation
from reportgen.brief.types import SymbolBrief
from reportgen.guide.zones import NoDenseZone, Zone
from reportgen.render.charts.frame import Frame
from reportgen.render.charts.labels import stack
from reportgen.render.charts.sheet import Sheet, text_width
from reportgen.render.colours import Colour
from reportgen.units import Missing, Side

_LINE = 1.25  # text sizes from baseline to baseline
_APART = 4  # CSS pixels between two labels
_CAP = 0.36  # half a capital's height in text sizes
_BRACKET, _LEADER, _PRICE_LINE = 1.8, 0.8, 1.1
_JAW = 6  # length of a bracket's jaws
_LEAST_BRACKET = 3  # height below which a bracket would not show
_ARROW = 5
_TAG_PAD = 5
_EDGE = 2  # empty rim of the figure
_LETTER = 1.2  # size of a zone's letter in text sizes
_AFTER_LETTER = 1.15  # text sizes from the letter's left to the prices


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeLabel:
    """One label of the right edge.

    Attributes:
        lines: Words, first line bold. colour: of the first line.
        zone: What it names; None for the price and for "no dense zone".
        wanted: the middle it would like.
        height: CSS pixels.
    """

    lines: tuple[str, ...]
    colour: Colour
    zone: Zone | None
    wanted: float
    height: float


def draw_edge(sheet: Sheet, frame: Frame, symbol: SymbolBrief) -> None:
    """Draw price line and tag, then every zone and empty side, pushed apart."""
    c, s = sheet.colours, frame.shape
    price = None if isinstance(symbol.price, Missing) else symbol.price
    above = _labels(sheet, frame, symbol, above=True)
    below = _labels(sheet, frame, symbol, above=False)
    height = s.label * 2 - 2
    middle_y = float(frame.y(price)) if price is not None else (frame.top + frame.bottom) / 2
    at = min(max(middle_y, frame.top), frame.bottom)
    tag = EdgeLabel(lines=(), colour=c.ink, zone=None, wanted=at, height=height if price is not None else 0)
    labels = (*above, tag, *below)
    placed = stack(
        [label.wanted for label in labels],
        [label.height for label in labels],
        len(above),
        top=frame.top,
        bottom=frame.bottom + _APART,
        gap=_APART,
    )
    for label, middle in zip(labels, placed, strict=True):
        if label.zone is not None:
            _draw_bracket(sheet, frame, label, middle)
        if label is not tag:
            _draw_words(sheet, frame, label, middle)
    if price is not None:
        _draw_price(sheet, frame, notation.price(price, symbol.price_decimals), at, placed[len(above)])


def zone_lines(zone: Zone, decimals: int, room: float, size: float) -> tuple[str, ...]:
    """Write a zone beside its letter: range, distance, share. A range too long for the room takes two lines."""
    head: tuple[str, ...] = (notation.price_range(zone.low, zone.high, decimals),)
    if text_width(head[0], size, 600) > room - size * _AFTER_LETTER:
        low, high = head[0].split(notation.EN_DASH)
        head = (f"{low}{notation.EN_DASH}", high)
    sign = 1 if zone.side == "above" else -1
    whose = "shorts" if zone.liquidated_side is Side.SHORT else "longs"
    away = f"{notation.percent_change(sign * zone.distance_fraction)} \u00b7 {notation.usual_days(zone.distance_atr)}"
    return (*head, "price inside" if zone.price_inside else away, f"{notation.share(zone.share)} of {whose}")


def _labels(sheet: Sheet, frame: Frame, symbol: SymbolBrief, *, above: bool) -> tuple[EdgeLabel, ...]:
    """Make the labels of one side, highest price first."""
    side = "above" if above else "below"
    found = [_zone_label(sheet, frame, zone, symbol.price_decimals) for zone in symbol.zones if zone.side == side]
    found.sort(key=lambda label: -label.zone.low if label.zone else 0.0)
    if not found:
        found = [
            _empty_label(sheet, frame, symbol, nothing) for nothing in symbol.no_dense_zone if nothing.side == side
        ]
    return tuple(found)


def _zone_label(sheet: Sheet, frame: Frame, zone: Zone, decimals: int) -> EdgeLabel:
    s = frame.shape
    room = s.width - frame.profile_right - s.label_x - _EDGE
    lines = zone_lines(zone, decimals, room, s.label)
    middle = float(frame.y(np.sqrt(zone.low * zone.high)))
    return EdgeLabel(
        lines=lines,
        colour=sheet.colours.side_text(zone.liquidated_side),
        zone=zone,
        wanted=min(max(middle, frame.top), frame.bottom),
        height=_height(lines, s.label),
    )


def _empty_label(sheet: Sheet, frame: Frame, symbol: SymbolBrief, nothing: NoDenseZone) -> EdgeLabel:
    c, s = sheet.colours, frame.shape
    price = frame.price_low if isinstance(symbol.price, Missing) else symbol.price
    edge = frame.top if nothing.side == "above" else frame.bottom
    at = min(max(float(frame.y(price)), frame.top), frame.bottom)
    lines = ("No dense zone", f"within {notation.percent(nothing.within_fraction, 0)} {nothing.side}")
    return EdgeLabel(lines=lines, colour=c.muted, zone=None, wanted=(at + edge) / 2, height=_height(lines, s.label))


def _height(lines: tuple[str, ...], size: float) -> float:
    return len(lines) * size * _LINE


def _draw_words(sheet: Sheet, frame: Frame, label: EdgeLabel, middle: float) -> None:
    s, c = frame.shape, sheet.colours
    x = frame.profile_right + s.label_x
    room = s.width - _EDGE - x
    heads = len(label.lines) - 2 if label.zone is not None else 0
    y = middle - label.height / 2 + s.label
    if label.zone is not None:
        sheet.text(x, y, label.zone.label, s.label * _LETTER, label.colour, weight=600)
    for i, words in enumerate(label.lines):
        bold = i < heads
        indent = s.label * _AFTER_LETTER if bold else 0
        size = s.label * min(1.0, room / text_width(words, s.label, 600 if bold else 400))
        sheet.text(x + indent, y, words, size, label.colour if bold else c.muted, weight=600 if bold else 400)
        y += s.label * _LINE


def _draw_bracket(sheet: Sheet, frame: Frame, label: EdgeLabel, middle: float) -> None:
    """Draw jaws around the zone, open where it leaves the picture, and a leader to a label that was pushed away."""
    zone, s = label.zone, frame.shape
    if zone is None:
        return
    colour = sheet.colours.side(zone.liquidated_side)
    spine = frame.profile_right + s.bracket
    top, bottom = (float(frame.y(price)) for price in (zone.high, zone.low))
    if bottom < frame.top or top > frame.bottom:
        _draw_arrow(sheet, spine, middle - label.height / 2 + s.label / 2 + 1, colour, up=bottom < frame.top)
        return
    jaws = [(spine, max(top, frame.top)), (spine, min(bottom, frame.bottom))]
    if bottom - top < _LEAST_BRACKET:
        centre = (top + bottom) / 2
        jaws = [(spine, centre - _LEAST_BRACKET / 2), (spine, centre + _LEAST_BRACKET / 2)]
    upper, lower = jaws[0][1], jaws[1][1]
    if top >= frame.top:
        jaws.insert(0, (spine - _JAW, upper))
    if bottom <= frame.bottom:
        jaws.append((spine - _JAW, lower))
    sheet.lines(np.array([jaws]), colour, _BRACKET * s.weight)
    if not upper <= middle <= lower and abs(middle - (upper + lower) / 2) > s.label:
        leader = np.array([[(spine, (upper + lower) / 2), (frame.profile_right + s.label_x - 3, middle)]])
        sheet.lines(leader, colour, _LEADER * s.weight)


def _draw_arrow(sheet: Sheet, right: float, y: float, colour: Colour, *, up: bool) -> None:
    """Point from a label to its zone beyond the picture's edge."""
    tip, foot = (y - _ARROW, y + _ARROW) if up else (y + _ARROW, y - _ARROW)
    sheet.polygons(np.array([[(right - 2 * _ARROW, foot), (right, foot), (right - _ARROW, tip)]]), colour)


def _draw_price(sheet: Sheet, frame: Frame, words: str, at: float, tag_y: float) -> None:
    """Draw the last price across heatmap and profile, with an inverted tag at its end."""
    c, s = sheet.colours, frame.shape
    start = frame.profile_right + s.label_x - _APART
    joints = [(frame.left, at), (frame.profile_right + 2, at), (start, tag_y)]
    sheet.lines(np.array([joints]), c.ink, _PRICE_LINE * s.weight)
    width = text_width(words, s.label, 600) + 2 * _TAG_PAD
    half = s.label - 1
    sheet.rectangles(np.array([[start, tag_y - half, start + width, tag_y + half]]), c.ink)
    sheet.text(start + _TAG_PAD, tag_y + _CAP * s.label, words, s.label, c.paper, weight=600)
    if start + width + _TAG_PAD + text_width("last", s.tick) < s.width:
        sheet.text(start + width + _TAG_PAD, tag_y + _CAP * s.tick, "last", s.tick, c.muted)
