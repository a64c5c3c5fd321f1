"""One brief as a mail for one reader: subject, plain text, and HTML that Gmail does not clip.

Stands at the last arrow, Brief -> bytes: from brief.json alone, by the templates of templates/mail/; a user's own
folder may replace any of them. Every symbol is in the summary; details follow for as many as fit.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import cache
from itertools import repeat
from pathlib import Path
from typing import Final, Literal, TypeAlias

from css_inline import CSSInliner
from jinja2 import Environment, TemplateError

from reportgen.brief.types import Brief, SymbolBrief
from reportgen.errors import RenderError
from reportgen.moments import day_of
from reportgen.notation import THIN, percent_change, price
from reportgen.render.charts import figure_png, ladder_png
from reportgen.render.charts.axes import FORMS
from reportgen.render.charts.names import slug
from reportgen.render.html import environment
from reportgen.render.page_helpers import clock, event_due, in_zone, local, overriding, short_date
from reportgen.units import Milliseconds, Missing

# ---- Whom a mail is for, and the brief as that reader wants it: their symbols first, or only those; their time zone --
_TWELVE_HOURS: Final = frozenset({"US", "CA", "AU", "NZ", "IN", "PH", "PK", "BD", "EG", "SA", "KR", "MX", "CO"})
"""Regions that write 8:00 AM rather than 08:00."""

_MONTH_FIRST: Final = frozenset({"US", "PH"})
"""Regions that write Jan 19, 2026."""

_LONGEST_NAME: Final = 60
"""Of an event or a symbol in a subject, characters."""

_PLAIN: Final = str.maketrans({THIN: " ", "\u2212": "-", "\u00a0": " "})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What a reader asked for.

    Attributes:
        symbols: Unified names, theirs first. only: nothing but those.
        timezone: IANA name, "" for the brief's. locale: BCP 47, how dates and local times are written; the text is
            English in any case. html: False for plain text alone.
    """

    symbols: tuple[str, ...] = ()
    only: bool = False
    timezone: str = ""
    locale: str = "en"
    html: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalBrief:
    """A brief as its reader wants it.

    Attributes:
        brief: The same values, ordered, with the reader's time zone.
        headline: The brief's finding; where only some symbols are shown, theirs.
        note: What the reader asked for and did not get, or "".
        seal: The archive's seal line for the foot, or "".
    """

    brief: Brief
    headline: str
    note: str
    seal: str = ""


def personal(brief: Brief, reader: Reader) -> PersonalBrief:
    """Order a brief for one reader; when none of their symbols is in it, they get all of it and a note."""
    there = {symbol.symbol: symbol for symbol in brief.symbols}
    theirs = tuple(there[name] for name in dict.fromkeys(reader.symbols) if name in there)
    absent = [name for name in reader.symbols if name not in there]
    others = tuple(symbol for symbol in brief.symbols if symbol.symbol not in reader.symbols)
    alone = reader.only and bool(theirs)
    shown = theirs if alone else theirs + others
    note = f"Not in this brief: {', '.join(absent)}." if absent else ""
    if reader.only and reader.symbols and not theirs:
        note = f"{note} Here is all of it instead."
    names = {symbol.symbol for symbol in shown}
    made = replace(
        brief,
        symbols=shown,
        timezone=reader.timezone or brief.timezone,
        missing=tuple(one for one in brief.missing if not one.symbol or one.symbol in names),
    )
    headline = brief.headline
    if alone and len(shown) < len(brief.symbols):
        late = made.stale or (shown[0].stale if all(s.stale for s in shown) else "")
        made = replace(made, stale=late)
        findings = [f"{s.base}: {s.finding.rstrip('.')}." for s in shown[:2]]
        headline = " ".join([f"STALE. {late}", *findings] if late else findings)
    return PersonalBrief(brief=made, headline=headline, note=note)


def plain(text: str) -> str:
    """Write with the keys of a typewriter: plain spaces and minus signs."""
    return text.translate(_PLAIN)


def subject(brief: Brief, reader: Reader) -> str:
    """Write the subject: the day, the first symbol, the heaviest event ahead; a simulated market or stale data first.

    Raises:
        RenderError: A name in it holds a line break or another control character, which could forge a header.
    """
    at, zone = brief.as_of_ms, reader.timezone or brief.timezone
    away = day_of(at, zone) != day_of(at)  # there the hour in UTC would belong to another day than the date
    hour = local_time(at, zone, reader.locale).partition(" ")[2] if away else f"{clock(at)} UTC"
    parts = [f"Morning brief {date(at, zone, reader.locale)}, {hour}"]
    first = next((symbol for symbol in brief.symbols if not isinstance(symbol.price, Missing)), None)
    if first is not None and not isinstance(first.price, Missing):
        change = "" if isinstance(first.change_24h, Missing) else f" {percent_change(first.change_24h)}"
        parts.append(f"{_short(first.base)} {price(first.price, first.price_decimals)}{change}")
    parts += [f"{_short(event.name)} {event_due(event)}" for event in overriding(brief)[:1]]
    text = plain(" · ".join(parts))
    text = f"{'Simulated market: ' if brief.simulated else ''}{'STALE: ' if brief.stale else ''}{text}"
    if any(not character.isprintable() for character in text):
        raise RenderError(
            f"The subject would hold a line break or control character: {text!r}. "
            "Mend the name of the event or symbol, and make the brief again."
        )
    return text


def date(milliseconds: Milliseconds, timezone: str, locale: str) -> str:
    """Write a date of a time zone as the reader's region does: 19 Jan 2026, or Jan 19, 2026."""
    if _region(locale) not in _MONTH_FIRST:
        return short_date(milliseconds, timezone)
    moment = in_zone(milliseconds, timezone)
    return f"{moment:%b} {moment.day}, {moment.year}"


def local_time(milliseconds: Milliseconds, timezone: str, locale: str) -> str:
    """Write the reader's own time beside UTC: 08:00 Berlin, or 2:00 AM New York; nothing where it is UTC."""
    written = local(milliseconds, timezone)
    if not written or _region(locale) not in _TWELVE_HOURS:
        return written
    moment = in_zone(milliseconds, timezone)
    clock = f"{moment:%I}".lstrip("0") + f":{moment:%M} {'AM' if moment.hour < 12 else 'PM'}"
    return written.replace(f"{moment:%H:%M}", clock)


def _region(locale: str) -> str:
    """Take the region from a language tag: US from en-US or en_US."""
    return locale.replace("_", "-").rpartition("-")[2].upper()


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}\u2026"


# ---- The pictures of a mail: one ladder a symbol, one figure where a symbol is shown in detail ----

Kind: TypeAlias = Literal["ladder", "map"]

MOST_BYTES: Final = 60_000
"""Of one picture: a mail of four details stays a quarter of a megabyte."""

_SMALLER: Final = (2.0, 1.5, 1.0)
"""Device pixels a CSS pixel, tried in this order until a picture is small enough."""

_MAP_WIDTH: Final = 600
"""CSS pixels at which a mail shows a figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture that a mail asks for. symbol: unified name. name: of its file, without the folder."""

    symbol: str
    kind: Kind
    name: str

    @property
    def cid(self) -> str:
        """Name it as Content-ID and `cid:` address do."""
        return f"{self.name}@brief"


def picture(symbol: SymbolBrief, kind: Kind) -> Picture:
    """Name a symbol's picture."""
    return Picture(symbol=symbol.symbol, kind=kind, name=f"{slug(symbol)}.{kind}.png")


def draw_pictures(brief: Brief, wanted: Iterable[Picture], executor: Executor | None = None) -> Mapping[str, bytes]:
    """Draw what mails ask for, each picture once.

    Args:
        brief: Where the symbols are.
        wanted: Which; repetition costs nothing.
        executor: Where to draw; here and now when None.

    Returns:
        PNG by Content-ID.

    Raises:
        RenderError: A symbol's picture is damaged.
    """
    asked = tuple(dict.fromkeys(wanted))
    symbols = {symbol.symbol: symbol for symbol in brief.symbols}
    spread = map if executor is None else executor.map
    drawn = spread(_draw, repeat(brief), (symbols[one.symbol] for one in asked), (one.kind for one in asked))
    return {one.cid: png for one, png in zip(asked, drawn, strict=True)}


def _draw(brief: Brief, symbol: SymbolBrief, kind: Kind) -> bytes:
    """Draw one picture, with fewer pixels where it would weigh too much."""
    png = b""
    for scale in _SMALLER:
        if kind == "ladder":
            png = ladder_png(symbol, "mail", scale=scale)
        else:
            png = figure_png(brief, symbol, "phone", scale=scale * _MAP_WIDTH / FORMS["phone"].width)
        if len(png) <= MOST_BYTES:
            break
    return png


Density: TypeAlias = Literal["blocks", "rows", "lines"]

MOST_HTML_BYTES: Final = 99_000
"""Gmail clips at 102 KB, decoded; a kilobyte is left for the subscriber's own links."""

MOST_DETAILS: Final = 4
WAY_OUT: Final = "https://way-out.invalid/"
"""Stands where each subscriber's own unsubscribe link goes."""

TEXT_COLUMNS: Final = 78
_MOST_BLOCKS: Final = 12
"""Symbols that get a block with a ladder each; more become rows."""

_WHOLE_TEXT: Final = 10
"""Symbols that plain text shows in detail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPage:
    """A mail before it has an address on it.

    Attributes:
        subject, text: Ready. html: None for a reader of plain text. Both bodies hold WAY_OUT where the link goes.
        pictures: what the HTML shows, by Content-ID. details: symbols shown in detail.
    """

    subject: str
    text: str
    html: str | None
    pictures: tuple[Picture, ...]
    details: int


def render_mail(
    brief: Brief, reader: Reader, *, page: str = "", templates: Path | None = None, seal: str = ""
) -> MailPage:
    """Write the mail of one reader; the same brief and reader give the same mail.

    Args:
        brief: What to say.
        reader: To whom.
        page: Web address of the brief's page; without one the mail names none.
        templates: A folder whose files replace shipped templates of the same name.
        seal: The archive's seal line, which every reader keeps with the mail; "" for none.

    Raises:
        RenderError: A template is broken, the subject would hold a line break, or the summary alone is too large.
    """
    mine = replace(personal(brief, reader), seal=seal)
    title = subject(mine.brief, reader)
    try:
        text = _text(mine, reader, page, templates)
        body = _html(mine, reader, page, templates) if reader.html else None
    except (TemplateError, TypeError, ValueError, LookupError, AttributeError) as error:
        where = getattr(error, "name", None) or "templates/mail"
        raise RenderError(f"{where}: {error}. Mend this template, or remove it from your folder.") from error
    if body is None:
        return MailPage(subject=title, text=text, html=None, pictures=(), details=0)
    html, density, details = body
    shown = _pictures(mine.brief, density, details)
    return MailPage(subject=title, text=text, html=html, pictures=shown, details=details)


def wrapped(text: str, indent: str = "") -> str:
    """Break prose into lines of plain text; a word longer than a line is broken, and no break of its own survives."""
    return textwrap.fill(plain(text), TEXT_COLUMNS, initial_indent=indent, subsequent_indent=indent)


def _html(mine: PersonalBrief, reader: Reader, page: str, templates: Path | None) -> tuple[str, Density, int]:
    """Write the HTML with the most that fits: first the densest summary that is needed, then fewer details."""
    symbols = len(mine.brief.symbols)
    densities: tuple[Density, ...] = ("blocks", "rows", "lines") if symbols <= _MOST_BLOCKS else ("rows", "lines")
    drawable = sum(not isinstance(symbol.price, Missing) for symbol in mine.brief.symbols[:MOST_DETAILS])
    template = environment(templates).get_template("mail/mail.html.j2")
    for density in densities:
        for details in range(drawable, -1, -1):
            written = template.render(
                **_names(mine, reader, page), density=density, details=details, picture=picture
            )  # fmt: skip
            html = _inliner().inline(written)
            if len(html.encode()) <= MOST_HTML_BYTES:
                return html, density, details
    raise RenderError(
        f"The mail's summary of {symbols} symbols is over {MOST_HTML_BYTES} bytes. Send fewer symbols, or plain text."
    )


def _text(mine: PersonalBrief, reader: Reader, page: str, templates: Path | None) -> str:
    """Write the plain text, no line longer than it may be but those that hold a link."""
    template = _plain_environment(templates).get_template("mail/mail.txt.j2")
    written = template.render(**_names(mine, reader, page), wrapped=wrapped, details=_WHOLE_TEXT)
    lines = [line.rstrip() for line in plain(written).splitlines()]
    return "\n".join(lines).strip("\n") + "\n"


def _names(mine: PersonalBrief, reader: Reader, page: str) -> dict[str, object]:
    """Give both templates what they speak of."""
    return {
        "brief": mine.brief,
        "headline": mine.headline,
        "note": mine.note,
        "locale": reader.locale,
        "page": page,
        "way_out": WAY_OUT,
        "seal": mine.seal,
        "date": date,
        "local_time": local_time,
    }


def _pictures(brief: Brief, density: Density, details: int) -> tuple[Picture, ...]:
    """List the pictures that the HTML refers to, in its order."""
    ladders = [picture(s, "ladder") for s in brief.symbols if not isinstance(s.ladder, Missing)]
    maps = [picture(s, "map") for s in _detailed(brief, details) if not isinstance(s.heatmap, Missing)]
    return (*(ladders if density == "blocks" else ()), *maps)


def _detailed(brief: Brief, details: int) -> list[SymbolBrief]:
    """Choose the symbols shown in detail: the first that have a price."""
    return [s for s in brief.symbols if not isinstance(s.price, Missing)][:details]


@cache
def _inliner() -> CSSInliner:
    return CSSInliner(keep_style_tags=False, load_remote_stylesheets=False)


@cache
def _plain_environment(templates: Path | None) -> Environment:
    return environment(templates).overlay(autoescape=False)
