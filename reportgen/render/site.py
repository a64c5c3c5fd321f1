"""The pages of the archive's site: start, month, day and symbol, the feed, the search index, style and script.

Stands after the brief's own pages: `delivery/site.py` says which pages a new day changes, this writes them. Relative
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
from typing import Final

from jinja2 import Environment, TemplateError
from markupsafe import Markup

from reportgen import notation
from reportgen.errors import RenderError
from reportgen.moments import moment_text
from reportgen.render.charts_variant import slug_of
from reportgen.render.fonts import css_font_faces
from reportgen.render.html import environment, shipped_templates
from reportgen.render.site_days import BriefDay, SymbolPast, ZoneBand, last_of_each_day, of_symbol
from reportgen.render.site_pictures import history_chart, mini_ladder, nearest, sparkline
from reportgen.units import Milliseconds

INDEX: Final = "index.html"
FEED: Final = "feed.xml"
STYLE: Final = "site/site.css"
SCRIPT: Final = "site/site.js"
_STYLES: Final = ("tokens.css", "page.css", "tables.css", "site.css")
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
    charts = [(name, one, symbol_folder(one.symbol)) for name, one in drawn if f"{name}.wide.light.png" in latest.files]
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
        return _environment().get_template("site/feed.xml.j2").render(briefs=list(reversed(briefs)), tag=_TAG).encode()
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
    folder = shipped_templates()
    styles = [folder / "css" / name for name in _STYLES]
    return {
        STYLE: (css_font_faces("data") + "\n".join(path.read_text(encoding="utf-8") for path in styles)).encode(),
        SCRIPT: (folder / "site" / "site.js").read_bytes(),
    }


def symbol_folder(symbol: str) -> str:
    """Name a symbol's folder: BTC-USDT, as most settle in what they are quoted in; no two symbols share one."""
    pair, _, settle = symbol.partition(":")
    name = slug_of(symbol)
    return name.removesuffix(f"-{settle}") if settle and pair.endswith(f"/{settle}") and name.count("-") == 2 else name


def _page(name: str, **facts: object) -> bytes:
    try:
        return _environment().get_template(f"site/{name}.html.j2").render(**facts).encode()
    except TemplateError as error:
        raise RenderError(f"site/{name}.html.j2: {error}. Install reportgen again.") from error


@cache
def _environment() -> Environment:
    """Take the brief's own set-up, with what the site's templates call."""
    made = environment().overlay()
    made.filters = {**made.filters, "month_name": _month_name, "day_name": _day_name, "atom_time": _atom_time}
    made.globals = {
        **made.globals,
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
    distance, atr = notation.percent_change(away), notation.atr(zone.distance_atr)
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
