"""The pages of the archive's site: start, month, day and symbol, the feed, the search index, style and script.

Stands after the brief's own pages: `delivery/archive/site.py` says which pages a new day changes, this writes them.
Relative
links only, so that the site opens from a file, a bucket or any sub-path; everything works without JavaScript but the
search.
"""

from __future__ import annotations

import calendar
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Final

from jinja2 import Environment, TemplateError
from markupsafe import Markup, escape

from reportgen import notation
from reportgen.errors import RenderError
from reportgen.moments import day_of, moment_text
from reportgen.render.charts.names import slug_of
from reportgen.render.fonts import css_font_faces
from reportgen.render.formats import FORMATS, PAGE
from reportgen.render.html import environment, shipped_templates
from reportgen.render.page_helpers import clock, day_and_clock
from reportgen.units import Fraction, Milliseconds, Price

# ---- What the site knows of a brief: a day with its finding, and each symbol's price and nearest zones ----


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneBand:
    """The nearest dense zone on a side: its edges, its distance, its share of the side's mass."""

    low: Price
    high: Price
    distance_fraction: Fraction
    distance_atr: float
    share: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolDay:
    """One symbol in one brief. price, change: None when the brief lacked them. above, below: None without a zone."""

    symbol: str
    base: str
    price: Price | None
    decimals: int
    change: Fraction | None
    trend: str
    quality: str
    above: ZoneBand | None
    below: ZoneBand | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefDay:
    """One brief.

    Attributes:
        day: "2026-01-19". revision: 1 for the first of the day. folder: from the archive's root.
        as_of_ms: The moment it speaks of. headline: its finding.
        grade, inputs_known, inputs_total: the badge of its data. simulated: True when its market is simulated.
        files: what stands in its folder, by path relative to it.
    """

    day: str
    revision: int
    folder: str
    as_of_ms: Milliseconds
    headline: str
    grade: str
    inputs_known: int
    inputs_total: int
    simulated: bool
    symbols: tuple[SymbolDay, ...]
    files: tuple[str, ...]

    @property
    def month(self) -> str:
        """Give its month: 2026-01."""
        return self.day[:7]

    @property
    def date(self) -> date:
        """Give its day."""
        return date.fromisoformat(self.day)

    @property
    def long_date(self) -> str:
        """Write its day: Monday 19 January 2026."""
        return f"{self.date:%A} {self.date.day} {self.date:%B %Y}"

    @property
    def clock(self) -> str:
        """Write its moment, UTC, with the day where that is another than its own: 07:00, or 18 Jan, 22:00."""
        return clock(self.as_of_ms) if day_of(self.as_of_ms) == self.day else day_and_clock(self.as_of_ms)

    @property
    def page(self) -> str:
        """Give the page of its day, from the archive's root."""
        return f"{self.day.replace('-', '/')}/index.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolPast:
    """Where a symbol's history lies. folder: below symbols/. first, last: its days. months: those with a brief."""

    symbol: str
    base: str
    folder: str
    months: tuple[str, ...]


def last_of_each_day(briefs: Iterable[BriefDay]) -> list[BriefDay]:
    """Keep the last revision of each day, oldest first."""
    return list({brief.day: brief for brief in sorted(briefs, key=place_in_time)}.values())


def place_in_time(brief: BriefDay) -> tuple[str, int]:
    """Order briefs by day and revision."""
    return brief.day, brief.revision


def of_symbol(brief: BriefDay, symbol: str) -> SymbolDay | None:
    """Find a symbol in a brief."""
    return next((one for one in brief.symbols if one.symbol == symbol), None)


# ---- The small drawings of the site, as SVG: a month's ladders, sparklines, a symbol's price between its zones ----

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


INDEX: Final = "index.html"
FEED: Final = "feed.xml"
STYLE: Final = "site/site.css"
SCRIPT: Final = "site/site.js"
_STYLES: Final = ("tokens.css.j2", "page.css", "tables.css", "site.css")
_SPARK_DAYS: Final = 30
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
        up="",
        latest=latest,
        briefs=[brief for brief in start.recent if brief.month == latest.month],
        spark={symbol: _spark(start.recent, symbol) for symbol in now},
        folders=folders,
        gone=[past for past in start.symbols if past.symbol not in now],
        years=years,
        days=sum(start.months.values()),
        first=next(iter(start.months)),
    )


def month_page(month: str, briefs: Iterable[BriefDay], neighbours: Neighbours) -> bytes:
    """Write YYYY/MM/index.html: the month as a calendar and as a table."""
    kept = last_of_each_day(briefs)
    return _page("month", up="../../", month=month, briefs=kept, near=neighbours)


def day_page(briefs: Sequence[BriefDay], neighbours: Neighbours) -> bytes:
    """Write YYYY/MM/DD/index.html: the day's finding, its files, its charts and its earlier revisions."""
    latest, inside = briefs[-1], ""
    if latest.revision > 1:
        inside = f"r{latest.revision}/"
    drawn = ((f"charts/{slug_of(one.symbol)}", one) for one in latest.symbols)
    charts = [(name, one, symbol_folder(one.symbol)) for name, one in drawn if f"{name}.wide.svg" in latest.files]
    return _page(
        "day", up="../../../", brief=latest, inside=inside, earlier=briefs[:-1][::-1], near=neighbours, charts=charts
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
    label = f"{past.base}, price by day between the nearest dense zones, {len(own)} days"
    return _page(
        "symbol",
        up="../../",
        past=past,
        days=[(brief, of_symbol(brief, past.symbol)) for brief in reversed(own)],
        years=sorted(years, reverse=True),
        year=year,
        chart=history_chart(own, past.symbol, label),
    )


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
        STYLE: (css_font_faces("data") + "\n".join(styles)).encode(),
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
        "mini_ladder": _ladder_of,
        "zone_ladder": mini_ladder,
        "zone_cell": _zone_cell,
    }
    return made


def _by_days(briefs: Iterable[BriefDay]) -> dict[str, BriefDay]:
    return {brief.day: brief for brief in briefs}


def _atom_time(milliseconds: Milliseconds) -> str:
    """Write a moment as Atom wants it, with seconds: 2026-01-19T07:00:00Z."""
    text = moment_text(milliseconds).removesuffix("Z")
    return f"{text}:00Z" if text.count(":") == 1 else f"{text}Z"


def _zone_cell(zone: ZoneBand | None, where: str, decimals: int) -> Markup:
    """Write a zone into a cell: distance in percent and ATR, its range below."""
    if zone is None:
        return Markup('<span class="na">No dense zone</span>')
    away = zone.distance_fraction if where == "above" else -zone.distance_fraction
    distance, atr = notation.percent_change(away), notation.usual_days(zone.distance_atr)
    span = notation.price_range(zone.low, zone.high, decimals)
    side = "short" if where == "above" else "long"
    return Markup(  # noqa: S704 - numbers alone
        f'<b class="t-{side} nw">{distance}</b> <span class="nw">{atr}</span> <span class="l2 nw">{span}</span>'
    )


def _ladder_of(brief: BriefDay) -> Markup:
    return mini_ladder(nearest(brief, "below"), nearest(brief, "above"))


def _spark(recent: Sequence[BriefDay], symbol: str) -> Markup:
    found = [of_symbol(brief, symbol) for brief in recent[-_SPARK_DAYS:]]
    prices = [None if one is None else one.price for one in found]
    return sparkline(prices, "")


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
