"""The pages of the archive's site, their drawings, the feed, the search index, style and script.

Stands after the brief's own pages: `delivery/archive/site.py` says which pages a new day changes, this writes them.
Relative links only, so that the site opens from a file, a bucket or any sub-path; everything works without JavaScript
but the search.
"""

from __future__ import annotations

import calendar
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import groupby
from typing import Final, Literal, TypeAlias

from jinja2 import Environment, TemplateError
from markupsafe import Markup, escape

from reportgen import notation
from reportgen.errors import RenderError
from reportgen.moments import day_of, moment_text
from reportgen.render.charts import figure_css, ladder
from reportgen.render.charts.ladder import REACH_DAYS, Rungs, ZoneBand
from reportgen.render.fonts import css_font_faces
from reportgen.render.formats import FORMATS, PAGE
from reportgen.render.html import environment, shipped_templates
from reportgen.render.page_helpers import slug_of
from reportgen.render.site.days import Bar, BriefDay, SymbolDay, SymbolPast, last_of_each_day, of_symbol
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
    # Hold every bar, and the zones nearest to them as long as the bars keep their part.
    least = low = math.log(min(bar.low for bar in strip.bars))
    most = high = math.log(max(bar.high for bar in strip.bars))
    edges = [(math.log(box.zone.low), math.log(box.zone.high)) for box in strip.boxes]
    for bottom, top in sorted(edges, key=lambda edge: max(least - edge[0], edge[1] - most)):
        wider = min(low, bottom), max(high, top)
        if most - least >= _CANDLES_PART * (wider[1] - wider[0]):
            low, high = wider
    room = _HEADROOM * (high - low) or _HEADROOM
    first = min(strip.bars[0].open_ms, strip.until_ms - DAY_MS)
    scale = _Scale(low=low - room, high=high + room, first=first, last=strip.until_ms, right=width - right)
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


INDEX: Final = "index.html"
FEED: Final = "feed.xml"
STYLE: Final = "site/site.css"
SCRIPT: Final = "site/site.js"
_STYLES: Final = ("tokens.css.j2", "page.css", "tables.css", "site.css")
_STRIP_DAYS: Final = 30
_STRIPS: Final[Mapping[str, tuple[int, int]]] = {"wide": (1120, _STRIP_DAYS), "mid": (672, 18), "phone": (288, 8)}
"""Width in CSS pixels and days shown of a strip on a desk, a pane and a phone, so that its text keeps its size."""
_MONTHS: Final = tuple(calendar.month_name)
_TAG: Final = "tag:reportgen.invalid,2026:brief"


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """What stands before and after a page, from the archive's root; "" where nothing does."""

    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What the start page shows.

    Attributes:
        recent: The last briefs, the last of each day, oldest first; at least those of the newest month.
        months: Every month that has a brief, with how many days, oldest first.
        symbols: Every symbol that ever stood in a brief.
    """

    recent: Sequence[BriefDay]
    months: Mapping[str, int]
    symbols: Sequence[SymbolPast]


def start_page(start: Start) -> bytes:
    """Write index.html: the latest finding, its symbols, the newest month, the way to every other one."""
    latest = start.recent[-1]
    years: dict[str, list[tuple[str, int]]] = {}
    for month, days in reversed(tuple(start.months.items())):
        years.setdefault(month[:4], []).append((month, days))
    folders = {past.symbol: past.folder for past in start.symbols}
    now = {symbol.symbol for symbol in latest.symbols}
    return _page(
        "index",
        told=latest,
        up="",
        latest=latest,
        briefs=[brief for brief in start.recent if brief.month == latest.month],
        folders=folders,
        gone=[past for past in start.symbols if past.symbol not in now],
        years=years,
        days=sum(start.months.values()),
        first=next(iter(start.months)),
    )


def month_page(month: str, briefs: Iterable[BriefDay], neighbours: Neighbours) -> bytes:
    """Write YYYY/MM/index.html: the month as a calendar and as a table."""
    kept = last_of_each_day(briefs)
    return _page("month", told=kept[-1], up="../../", month=month, briefs=kept, near=neighbours)


def day_page(briefs: Sequence[BriefDay], neighbours: Neighbours) -> bytes:
    """Write YYYY/MM/DD/index.html: the day's finding, its files, its charts and its earlier revisions."""
    latest, inside = briefs[-1], ""
    if latest.revision > 1:
        inside = f"r{latest.revision}/"
    drawn = ((f"charts/{slug_of(one.symbol)}", one) for one in latest.symbols)
    charts = [(name, one) for name, one in drawn if f"{name}.wide.svg" in latest.files]
    folders = {one.symbol: symbol_folder(one.symbol) for one in latest.symbols}
    return _page(
        "day",
        told=latest,
        up="../../../",
        brief=latest,
        inside=inside,
        earlier=briefs[:-1][::-1],
        near=neighbours,
        charts=charts,
        folders=folders,
    )


def symbol_page(past: SymbolPast, briefs: Sequence[BriefDay], *, year: str = "", years: Sequence[str] = ()) -> bytes:
    """Write a symbol's history: symbols/BTC-USDT/index.html, or 2026.html for one whole year.

    Args:
        past: Whose.
        briefs: The last of each day, oldest first.
        year: Which year; "" for the last days.
        years: Those that have a page, for the way to them.
    """
    own = [brief for brief in briefs if of_symbol(brief, past.symbol) is not None]
    months = [list(found) for _, found in groupby(own, key=lambda brief: brief.month)] if year else [own]
    return _page(
        "symbol",
        told=next(reversed(briefs), None),
        up="../../",
        past=past,
        days=[(brief, of_symbol(brief, past.symbol)) for brief in reversed(own)],
        years=sorted(years, reverse=True),
        year=year,
        strips=[_strips(found, past, whole=bool(year)) for found in reversed(months)],
    )


def _strips(
    briefs: Sequence[BriefDay], past: SymbolPast, *, whole: bool
) -> tuple[str, str, Mapping[str, Markup]] | None:
    """Draw some mornings for every width: their month, their count in words, the drawings; None without a bar."""
    strip = strip_of(briefs, past.symbol)
    if strip is None:
        return None
    strip = strip if whole else strip.since(strip.until_ms - _STRIP_DAYS * DAY_MS)
    drawn = {}
    for name, (width, days) in _STRIPS.items():
        part = strip if whole else strip.since(strip.until_ms - days * DAY_MS)
        drawn[name] = draw_strip(part, width, f"{past.base}: {part.title}")
    return briefs[-1].month, strip.title, drawn


def feed(briefs: Sequence[BriefDay]) -> bytes:
    """Write the Atom feed of the given briefs, newest first; ids stay the same wherever the site moves."""
    try:
        return (
            site_environment().get_template("site/feed.xml.j2").render(briefs=list(reversed(briefs)), tag=_TAG).encode()
        )
    except TemplateError as error:
        raise RenderError(f"site/feed.xml.j2: {error}.") from error


def search_data(year: str, briefs: Iterable[BriefDay]) -> bytes:
    """Write one year of what the search looks through, as a script: a page opened from a file can load no JSON."""
    rows = [
        [brief.day, brief.headline, " ".join(symbol.base for symbol in brief.symbols), brief.grade]
        for brief in last_of_each_day(briefs)
    ]
    return f"briefs({json.dumps(year)},{json.dumps(rows, ensure_ascii=True, separators=(',', ':'))});\n".encode()


@cache
def assets() -> Mapping[str, bytes]:
    """Give style and script of the site, by path from the archive's root."""
    styles = [site_environment().get_template(f"css/{name}").render() for name in _STYLES]
    return {
        STYLE: "\n".join((css_font_faces("data"), *styles, figure_css())).encode(),
        SCRIPT: (shipped_templates() / "site" / "site.js").read_bytes(),
    }


def symbol_folder(symbol: str) -> str:
    """Name a symbol's folder: BTC-USDT, as most settle in what they are quoted in; no two symbols share one."""
    pair, _, settle = symbol.partition(":")
    name = slug_of(symbol)
    return name.removesuffix(f"-{settle}") if settle and pair.endswith(f"/{settle}") and name.count("-") == 2 else name


def _page(name: str, **facts: object) -> bytes:
    try:
        return site_environment().get_template(f"site/{name}.html.j2").render(**facts).encode()
    except TemplateError as error:
        raise RenderError(f"site/{name}.html.j2: {error}. Install reportgen again.") from error


@cache
def site_environment() -> Environment:
    """Take the brief's own set-up, with what the site's templates call."""
    made = environment().overlay()
    made.filters = {**made.filters, "month_name": _month_name, "day_name": _day_name, "atom_time": _atom_time}
    made.globals = {
        **made.globals,
        "page": PAGE,
        "formats": FORMATS,
        "others": tuple(one for one in FORMATS if one is not PAGE),
        "weeks": _weeks,
        "by_days": _by_days,
        "mini_ladder": mini_ladder,
        "ladder_of": ladder_of,
        "zone_cell": _zone_cell,
    }
    return made


def _by_days(briefs: Iterable[BriefDay]) -> dict[str, BriefDay]:
    return {brief.day: brief for brief in briefs}


def _atom_time(milliseconds: Milliseconds) -> str:
    """Write a moment as Atom wants it, with seconds: 2026-01-19T07:00:00Z."""
    text = moment_text(milliseconds).removesuffix("Z")
    return f"{text}:00Z" if text.count(":") == 1 else f"{text}Z"


def _zone_cell(one: SymbolDay, where: Where) -> Markup:
    """Write the nearest zone of a side into a cell: distance in percent and usual days, its range below."""
    zone, decimals = one.nearest(where), one.decimals
    if zone is None:
        return Markup('<span class="na">No dense zone</span>')
    away = zone.distance_fraction if where == "above" else -zone.distance_fraction
    distance, atr = notation.percent_change(away), notation.usual_days(zone.distance_atr)
    span = notation.price_range(zone.low, zone.high, decimals)
    side = "short" if where == "above" else "long"
    return Markup(  # noqa: S704 - numbers alone
        f'<b class="t-{side} nw">{distance}</b> <span class="nw">{atr}</span> <span class="l2 nw">{span}</span>'
    )


def _weeks(month: str) -> list[list[date | None]]:
    """Lay a month out by weeks from Monday; None pads the first and the last."""
    year, number = int(month[:4]), int(month[5:])
    return [[date(year, number, day) if day else None for day in week] for week in calendar.monthcalendar(year, number)]


def _month_name(month: str) -> str:
    """Write 2026-01 as January 2026."""
    return f"{_MONTHS[int(month[5:])]} {month[:4]}"


def _day_name(day: date) -> str:
    """Write a date: Mon 19 Jan 2026."""
    return f"{day:%a} {day.day} {day:%b %Y}"
