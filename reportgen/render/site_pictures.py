"""The small drawings of the site, as SVG: a month's ladders, sparklines, a symbol's price between its zones.

Stands beside `site.py`. Plain text, no drawing library: a page of four hundred rows is made in milliseconds. Colours
come from the style sheet, so that light and dark follow the reader.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from markupsafe import Markup, escape

from reportgen import notation
from reportgen.render.site_days import BriefDay, SymbolDay, ZoneBand, of_symbol

_LADDER_WIDTH: Final = 56
_LADDER_HEIGHT: Final = 12
_LADDER_ATR: Final = 3.0
_SPARK_WIDTH: Final = 132
_SPARK_HEIGHT: Final = 28
_CHART_WIDTH: Final = 1088
_CHART_HEIGHT: Final = 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 4, 76, 12, 26
_HEADROOM: Final = 0.03
_FARTHEST_ZONE: Final = 0.15
"""Zones farther outside the range of prices are cut off at the edge, so that the line keeps its room."""
_BAR_PART: Final = 0.72
_LABELS: Final = 4
_DATE_ROOM: Final = 96
_LINE_HEIGHT: Final = 14
_TEN: Final = 10.0
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


def nearest(brief: BriefDay, side: str) -> ZoneBand | None:
    """Find the nearest dense zone of any symbol on a side, by its distance in ATR."""
    zones = [zone for zone in (getattr(symbol, side) for symbol in brief.symbols) if zone is not None]
    return min(zones, key=lambda zone: zone.distance_atr, default=None)


def mini_ladder(below: ZoneBand | None, above: ZoneBand | None) -> Markup:
    """Draw where the nearest zones lie: price in the middle, 3 ATR to either side, an edge mark beyond."""
    middle = _LADDER_WIDTH / 2
    marks = f'<path class="sl-axis" d="M0 {_LADDER_HEIGHT - 1}h{_LADDER_WIDTH}"/>'
    for zone, sign, name in ((below, -1, "long"), (above, 1, "short")):
        if zone is not None:
            far = min(zone.distance_atr / _LADDER_ATR, 1.0) * (middle - 5)
            start = middle + 2 + far if sign > 0 else middle - 2 - far - 4
            marks += f'<rect class="sl-{name}" x="{start:.1f}" y="1" width="4" height="{_LADDER_HEIGHT - 2}"/>'
    marks += f'<path class="sl-now" d="M{middle:g} 0v{_LADDER_HEIGHT}"/>'
    return _svg("sl", _LADDER_WIDTH, _LADDER_HEIGHT, marks, "")


def sparkline(prices: Sequence[float | None], label: str) -> Markup:
    """Draw a symbol's last closes as one line with a dot at its end; days without a price leave a gap."""
    known = [price for price in prices if price is not None]
    if len(known) < 2:
        return Markup()
    low, high = math.log(min(known)), math.log(max(known))
    room, step = (high - low) or 1.0, (_SPARK_WIDTH - 8) / max(1, len(prices) - 1)
    points = [
        None if price is None else (3 + i * step, 3 + (high - math.log(price)) / room * (_SPARK_HEIGHT - 6))
        for i, price in enumerate(prices)
    ]
    path = _path(points)
    x, y = [point for point in points if point is not None][-1]
    return _svg(
        "spark", _SPARK_WIDTH, _SPARK_HEIGHT, f'<path d="{path}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="2.2"/>', label
    )


def history_chart(briefs: Sequence[BriefDay], symbol: str, label: str) -> Markup:
    """Draw a symbol's price over the days, between the nearest dense zones that each morning named.

    Args:
        briefs: Oldest first, the last of each day.
        symbol: Whose.
        label: What the picture says, for those who cannot see it.
    """
    days = [(brief, found) for brief in briefs if (found := of_symbol(brief, symbol)) is not None]
    prices = [one.price for _, one in days if one.price]
    if len(prices) < 2:
        return Markup()
    scale = _scale(days, prices)
    last = next(one.price for _, one in reversed(days) if one.price)
    parts = [*_grid(scale, days[-1][1].decimals, last), *_bands(days, scale)]
    line = _path([None if not one.price else (scale.x(brief), scale.y(one.price)) for brief, one in days])
    parts.append(f'<path class="h-price" d="{line}"/>')
    parts.append(f'<text class="h-last" x="{_CHART_WIDTH - _RIGHT + 8}" y="{scale.y(last) + 4:.1f}">')
    parts.append(f"{escape(notation.price(last, days[-1][1].decimals))}</text>")
    parts += _dates([brief for brief, _ in days], scale)
    return _svg("hist", _CHART_WIDTH, _CHART_HEIGHT, "".join(parts), label)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """Days across, prices up, in logarithms. low, high: logarithms. first: ordinal of the first day. step: of a day."""

    low: float
    high: float
    first: int
    step: float

    def x(self, brief: BriefDay) -> float:
        return _LEFT + (brief.date.toordinal() - self.first + 0.5) * self.step

    def y(self, price: float) -> float:
        """Place a price; what lies far from the price's own range is cut off at the edge."""
        part = (self.high - math.log(price)) / (self.high - self.low)
        return _TOP + min(1.0, max(0.0, part)) * (_CHART_HEIGHT - _TOP - _BOTTOM)


def _scale(days: Sequence[tuple[BriefDay, SymbolDay]], prices: Sequence[float]) -> _Scale:
    edges = [edge for _, one in days for zone in (one.above, one.below) if zone for edge in (zone.low, zone.high)]
    bottom = max(min([*prices, *edges]), min(prices) * (1 - _FARTHEST_ZONE))
    top = min(max([*prices, *edges]), max(prices) * (1 + _FARTHEST_ZONE))
    room = (math.log(top) - math.log(bottom)) * _HEADROOM or math.log1p(_HEADROOM)
    first = days[0][0].date.toordinal()
    span = max(1, days[-1][0].date.toordinal() - first)
    return _Scale(
        low=math.log(bottom) - room,
        high=math.log(top) + room,
        first=first,
        step=(_CHART_WIDTH - _LEFT - _RIGHT) / (span + 1),
    )


def _bands(days: Sequence[tuple[BriefDay, SymbolDay]], scale: _Scale) -> Iterator[str]:
    """Draw each day's nearest zones; their shade says how much of the side's mass they hold."""
    width = max(1.0, min(scale.step, 24) * _BAR_PART)
    for brief, one in days:
        for zone, name in ((one.above, "short"), (one.below, "long")):
            if zone is None:
                continue
            top, bottom = scale.y(zone.high), scale.y(zone.low)
            if bottom - top > 0:
                strength = min(1.0, 0.5 + zone.share)
                yield (
                    f'<rect class="h-{name}" x="{scale.x(brief) - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}" '
                    f'height="{max(1.0, bottom - top):.1f}" opacity="{strength:.2f}"/>'
                )


def _grid(scale: _Scale, decimals: int, last: float) -> Iterator[str]:
    """Draw a few round prices; one that stands where the last price is written keeps its line only."""
    low, high = math.exp(scale.low), math.exp(scale.high)
    raw = (high - low) / _LABELS
    power = _TEN ** math.floor(math.log10(raw))
    step = next(power * each for each in _STEPS if power * each >= raw)
    level = math.ceil(low / step) * step
    while level < high:
        y = scale.y(level)
        yield f'<path class="h-grid" d="M{_LEFT} {y:.1f}H{_CHART_WIDTH - _RIGHT}"/>'
        if abs(y - scale.y(last)) > _LINE_HEIGHT:
            yield f'<text class="h-tick" x="{_CHART_WIDTH - _RIGHT + 8}" y="{y + 4:.1f}">'
            yield f"{escape(notation.price(level, decimals))}</text>"
        level += step


def _dates(briefs: Sequence[BriefDay], scale: _Scale) -> Iterator[str]:
    """Write the first of each month below, and the first day where no month begins; none too close to another."""
    starts = [brief for before, brief in pairwise(briefs) if brief.month != before.month]
    free = -float("inf")
    for brief in starts or briefs[:1]:
        if scale.x(brief) >= free and scale.x(brief) < _CHART_WIDTH - _RIGHT:
            free = scale.x(brief) + _DATE_ROOM
            yield f'<path class="h-day" d="M{scale.x(brief):.1f} {_CHART_HEIGHT - _BOTTOM}v5"/>'
            yield f'<text class="h-tick" x="{scale.x(brief):.1f}" y="{_CHART_HEIGHT - 6}">'
            yield f"{brief.date.day} {brief.date:%b %Y}</text>"


def _path(points: Sequence[tuple[float, float] | None]) -> str:
    """Write a line through points; None lifts the pen."""
    text, down = [], False
    for point in points:
        if point is not None:
            text.append(f"{'L' if down else 'M'}{point[0]:.1f} {point[1]:.1f}")
        down = point is not None
    return "".join(text)


def _svg(name: str, width: int, height: int, inside: str, label: str) -> Markup:
    spoken = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return Markup(  # noqa: S704 - numbers and names of ours; what is not was escaped above
        f'<svg class="{name}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" {spoken}>{inside}</svg>'
    )
