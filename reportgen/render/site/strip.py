"""The drawings of the site, as SVG: ladders, large and small, and a symbol's price through its zones."""

from __future__ import annotations

import calendar
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from markupsafe import Markup, escape

from reportgen import notation
from reportgen.moments import day_of
from reportgen.render.charts import ladder
from reportgen.render.charts.ladder import REACH_DAYS, Rungs, ZoneBand
from reportgen.render.site.days import Bar, BriefDay, SymbolDay, of_symbol
from reportgen.units import DAY_MS, Milliseconds, Missing, Where

_LADDER_WIDTH: Final = 56
_LADDER_HEIGHT: Final = 12
_STRIP_HEIGHT: Final = 250
_TOP, _BOTTOM, _LEFT = 8, 24, 58
_CANDLES_PART: Final = 0.4
"""Of a strip's height that the price keeps; zones that would leave it less are cut off at the edge."""
_HEADROOM: Final = 0.03
_LABELS: Final = 4
_DATE_ROOM: Final = 52
_LINE_HEIGHT: Final = 15
_LETTER_ROOM: Final = 13
_TEN: Final = 10.0
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_SIDES: Final[Mapping[Where, str]] = {"above": "short", "below": "long"}

Fate: TypeAlias = Literal["reached", "missed", "open"]


def nearest(brief: BriefDay, side: Where) -> ZoneBand | None:
    """Find the nearest dense zone of any symbol on a side, by its distance in usual days."""
    zones = (zone for symbol in brief.symbols for zone in symbol.zones if zone.side == side)
    return min(zones, key=lambda zone: zone.distance_atr, default=None)


def ladder_of(one: SymbolDay) -> Markup:
    """Draw a symbol's ladder, as the brief's."""
    bars = one.ladder or Missing("The brief has none.")
    rungs = Rungs(
        base=one.base, decimals=one.decimals, bars=bars, zones=one.zones, price=one.price, usual_day=one.usual_day
    )
    return Markup(ladder(rungs, "page"))  # noqa: S704 - drawn by us, escaped there


def mini_ladder(brief: BriefDay) -> Markup:
    """Draw where the nearest zones of a morning lie, on the scale of the brief's ladder; at an end what lies beyond."""
    middle = _LADDER_WIDTH / 2
    marks = f'<path class="sl-axis" d="M0 {_LADDER_HEIGHT - 1}h{_LADDER_WIDTH}"/>'
    for side, name in _SIDES.items():
        zone = nearest(brief, side)
        if zone is not None:
            far = min(zone.distance_atr / REACH_DAYS, 1.0) * (middle - 5)
            start = middle + 1 + far if side == "above" else middle - 1 - far - 4
            marks += f'<rect class="m-{name}" x="{start:.1f}" y="1" width="4" height="{_LADDER_HEIGHT - 2}"/>'
    marks += f'<path class="sl-now" d="M{middle:g} 0v{_LADDER_HEIGHT}"/>'
    return _svg("sl", _LADDER_WIDTH, _LADDER_HEIGHT, marks, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A zone over the 24 h after the morning that named it, and what became of it as later mornings say."""

    start_ms: Milliseconds
    zone: ZoneBand
    fate: Fate


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """A symbol's mornings: its bars and its boxes in order of time."""

    bars: tuple[Bar, ...]
    boxes: tuple[Box, ...]
    last: SymbolDay
    until_ms: Milliseconds

    @property
    def title(self) -> str:
        """Count the boxes that price reached among those whose day has passed."""
        known = [box for box in self.boxes if box.fate != "open"]
        reached = sum(box.fate == "reached" for box in known)
        return f"{reached} of {len(known)} zone{'s' if len(known) != 1 else ''} reached within a day"

    def since(self, start_ms: Milliseconds) -> Strip:
        """Keep what came later."""
        return replace(
            self,
            bars=tuple(bar for bar in self.bars if bar.open_ms >= start_ms),
            boxes=tuple(box for box in self.boxes if box.start_ms >= start_ms),
        )


def strip_of(briefs: Sequence[BriefDay], symbol: str) -> Strip | None:
    """Gather a symbol's mornings; None when no bar of it is known.

    Args:
        briefs: Oldest first, the last of each day.
        symbol: Whose.
    """
    days = [(brief, found) for brief in briefs if (found := of_symbol(brief, symbol)) is not None]
    bars = {bar.open_ms: bar for _, one in days for bar in one.bars}
    if not bars:
        return None
    fates: dict[tuple[Milliseconds | None, str, Where], Fate] = {}
    for brief in briefs:
        for one in brief.judged:
            if one.symbol == symbol and (brief.settled or one.touched_ms is not None):
                fates[brief.judged_ms, one.label, one.side] = "missed" if one.touched_ms is None else "reached"
    boxes = [
        Box(start_ms=brief.as_of_ms, zone=zone, fate=fates.get((brief.as_of_ms, zone.label, zone.side), "open"))
        for brief, one in days
        for zone in one.zones
    ]
    last = days[-1][1]
    return Strip(
        bars=tuple(bars[at] for at in sorted(bars)),
        boxes=tuple(boxes),
        last=last,
        until_ms=days[-1][0].as_of_ms + DAY_MS,
    )


def draw_strip(strip: Strip, width: int, label: str) -> Markup:
    """Draw price through the zones that each morning named: a box from the morning for 24 h, solid when reached."""
    if not strip.bars:
        return Markup()
    right = _LEFT * 2 + 34 if width > _STRIP_HEIGHT * 4 else 4
    scale = _scale(strip, width, right)
    parts = [*_grid(scale, strip.last.decimals), *_boxes(strip.boxes, scale)]
    line = "".join(
        f"M{scale.x(bar.open_ms):.1f} {scale.y(bar.high):.1f}V{scale.y(bar.low) + 0.5:.1f}" for bar in strip.bars
    )
    parts.append(f'<path class="m-price" d="{line}"/>')
    parts += [*_dates(strip, scale), *(_ends(strip, scale) if right > _LEFT else ())]
    return _svg("mornings", width, _STRIP_HEIGHT, "".join(parts), label)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """Time across, prices up, in logarithms. low, high: logarithms. first, last: moments. left, right: px."""

    low: float
    high: float
    first: Milliseconds
    last: Milliseconds
    right: float

    def x(self, at_ms: Milliseconds) -> float:
        return _LEFT + (at_ms - self.first) / (self.last - self.first) * (self.right - _LEFT)

    def y(self, price: float) -> float:
        """Place a price; what lies beyond is cut off at the edge."""
        part = (self.high - math.log(price)) / (self.high - self.low)
        return _TOP + min(1.0, max(0.0, part)) * (_STRIP_HEIGHT - _TOP - _BOTTOM)


def _scale(strip: Strip, width: int, right: int) -> _Scale:
    """Hold every bar, and the zones nearest to them as long as the bars keep their part."""
    least = low = math.log(min(bar.low for bar in strip.bars))
    most = high = math.log(max(bar.high for bar in strip.bars))
    edges = [(math.log(box.zone.low), math.log(box.zone.high)) for box in strip.boxes]
    for bottom, top in sorted(edges, key=lambda edge: max(least - edge[0], edge[1] - most)):
        wider = min(low, bottom), max(high, top)
        if most - least >= _CANDLES_PART * (wider[1] - wider[0]):
            low, high = wider
    room = _HEADROOM * (high - low) or _HEADROOM
    first = min(strip.bars[0].open_ms, strip.until_ms - DAY_MS)
    return _Scale(low=low - room, high=high + room, first=first, last=strip.until_ms, right=width - right)


def _boxes(boxes: Sequence[Box], scale: _Scale) -> Iterator[str]:
    """Draw the boxes, one shape a look; each wears its letter where there is room."""
    shapes: dict[tuple[str, Fate], str] = {}
    letters = ""
    for box in boxes:
        left, right = scale.x(box.start_ms) + 0.5, scale.x(box.start_ms + DAY_MS) - 1
        top, bottom = scale.y(box.zone.high), scale.y(box.zone.low)
        if bottom - top <= 0:
            continue
        look = _SIDES[box.zone.side], box.fate
        shapes[look] = (
            shapes.get(look, "") + f"M{left:.1f} {top:.1f}H{right:.1f}V{max(bottom, top + 1):.1f}H{left:.1f}z"
        )
        if min(bottom - top, right - left) >= _LETTER_ROOM:
            name = f"m-letter m-{look[0]} m-{box.fate}"
            letters += f'<text class="{name}" x="{left + 4:.1f}" y="{top + 12:.1f}">{escape(box.zone.label)}</text>'
    for (name, fate), path in sorted(shapes.items()):
        yield f'<path class="m-{name} m-{fate}" d="{path}"/>'
    yield letters


def _ends(strip: Strip, scale: _Scale) -> Iterator[str]:
    """Write the last price and the ranges of the last morning's zones at the right, pushed apart."""
    decimals = strip.last.decimals
    newest = [box.zone for box in strip.boxes if box.start_ms == strip.until_ms - DAY_MS]
    rows = []
    for zone in newest:
        top, bottom = scale.y(zone.high), scale.y(zone.low)
        if top < bottom:
            band = notation.price_range(zone.low, zone.high, decimals)
            rows.append(((top + bottom) / 2, f"m-{_SIDES[zone.side]}-text", f"{zone.label} {band}"))
    if strip.last.price:
        rows.append((scale.y(strip.last.price), "m-now", notation.price(strip.last.price, decimals)))
    floor = -math.inf
    for y, name, text in sorted(rows):
        floor = max(y, floor + _LINE_HEIGHT)
        yield f'<text class="m-end {name}" x="{scale.right + 8:.1f}" y="{floor + 4:.1f}">{escape(text)}</text>'


def _grid(scale: _Scale, decimals: int) -> Iterator[str]:
    """Draw a few round prices."""
    low, high = math.exp(scale.low), math.exp(scale.high)
    raw = (high - low) / _LABELS
    power = _TEN ** math.floor(math.log10(raw))
    step = next(power * each for each in _STEPS if power * each >= raw)
    level = math.ceil(low / step) * step
    while level < high:
        y = scale.y(level)
        yield f'<path class="m-grid" d="M{_LEFT} {y:.1f}H{scale.right:.1f}"/>'
        yield f'<text class="m-tick m-left" x="{_LEFT - 8}" y="{y + 4:.1f}">'
        yield f"{escape(notation.price(level, decimals))}</text>"
        level += step


def _dates(strip: Strip, scale: _Scale) -> Iterator[str]:
    """Mark each morning below, and name as many as have room."""
    free = -math.inf
    for start in dict.fromkeys(box.start_ms for box in strip.boxes):
        x = scale.x(start)
        yield f'<path class="m-day" d="M{x:.1f} {_STRIP_HEIGHT - _BOTTOM}v4"/>'
        if x >= free and x + _DATE_ROOM / 2 < scale.right:
            free = x + _DATE_ROOM
            _, month, day = day_of(start).split("-")
            name = f"{int(day)} {calendar.month_abbr[int(month)]}"
            yield f'<text class="m-tick" x="{x:.1f}" y="{_STRIP_HEIGHT - 6}">{name}</text>'


def _svg(name: str, width: int, height: int, inside: str, label: str) -> Markup:
    spoken = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return Markup(  # noqa: S704 - numbers and names of ours; what is not was escaped above
        f'<svg class="{name}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" {spoken}>{inside}</svg>'
    )
