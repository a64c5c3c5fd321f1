"""The pages of the archive's site: start, month, day and symbol, the feed, the search index, style and script.

Stands after the brief's own pages: `delivery/archive/site.py` says which pages a new day changes, this writes them.
Relative
links only, so that the site opens from a file, a bucket or any sub-path; everything works without JavaScript but the
search.
"""

from __future__ import annotations

import calendar
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import groupby
from typing import Final

from jinja2 import Environment, TemplateError
from markupsafe import Markup

from reportgen import notation
from reportgen.errors import RenderError
from reportgen.moments import moment_text
from reportgen.render.charts import figure_css
from reportgen.render.charts.names import slug_of
from reportgen.render.fonts import css_font_faces
from reportgen.render.formats import FORMATS, PAGE
from reportgen.render.html import environment, shipped_templates
from reportgen.render.site.days import BriefDay, SymbolDay, SymbolPast, last_of_each_day, of_symbol
from reportgen.render.site.strip import draw_strip, ladder_of, mini_ladder, strip_of
from reportgen.units import DAY_MS, Milliseconds, Where

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
