"""One brief as a mail for one reader: subject, plain text, and HTML that Gmail does not clip.

Stands at the last arrow, Brief -> bytes: from brief.json alone, by the templates of templates/mail/; a user's own
folder may replace any of them. Every symbol is in the summary; figure and card follow for the headline's alone.
"""

from __future__ import annotations

import base64
import re
import textwrap
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import cache
from itertools import repeat
from pathlib import Path
from typing import Final, Literal, TypeAlias

from css_inline import CSSInliner
from jinja2 import TemplateError

from reportgen.brief.types import OWN_BRAND, Brief, SymbolBrief
from reportgen.errors import RenderError
from reportgen.moments import day_of
from reportgen.notation import THIN, percent_change, price, shortened
from reportgen.render.card import card_of
from reportgen.render.charts import figure_png, ladder_png
from reportgen.render.charts.axes import FORMS
from reportgen.render.first_screen import FULL_ROWS, told_yesterday
from reportgen.render.html import environment
from reportgen.render.page_helpers import clock, event_due, in_zone, local, overriding, short_date, slug
from reportgen.units import Milliseconds, Missing

# ---- Whom a mail is for, and the brief as that reader wants it: their symbols first, or only those; their time zone --
_TWELVE_HOURS: Final = frozenset({"US", "CA", "AU", "NZ", "IN", "PH", "PK", "BD", "EG", "SA", "KR", "MX", "CO"})
"""Regions that write 8:00 AM rather than 08:00."""

_MONTH_FIRST: Final = frozenset({"US", "PH"})
"""Regions that write Jan 19, 2026."""

_LONGEST_NAME: Final = 60
"""Of an event or a symbol in a subject, characters."""

ISOLATES: Final = "\u2068\u2069"
"""Around a name from right to left, so that what stands beside it keeps its order."""

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
    """

    brief: Brief
    headline: str
    note: str


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
    made = replace(brief, symbols=shown, timezone=reader.timezone or brief.timezone)
    headline = brief.headline
    if alone and len(shown) < len(brief.symbols):
        late = made.stale or (shown[0].stale if all(s.stale for s in shown) else "")
        made = replace(made, stale=late)
        if not isinstance(made.track_record, Missing) and not isinstance(made.track_record.levels, Missing):
            own = tuple(fate for fate in made.track_record.levels if fate.symbol in names)
            made = replace(made, track_record=replace(made.track_record, levels=own))
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
    parts = [f"{(brief.brand or OWN_BRAND).name} {date(at, zone, reader.locale)}, {hour}"]
    first = next((symbol for symbol in brief.symbols if not isinstance(symbol.price, Missing)), None)
    if first is not None and not isinstance(first.price, Missing):
        change = "" if isinstance(first.change_24h, Missing) else f" {percent_change(first.change_24h)}"
        parts.append(f"{shortened(first.base, _LONGEST_NAME)} {price(first.price, first.price_decimals)}{change}")
    parts += [f"{shortened(event.name, _LONGEST_NAME)} {event_due(event)}" for event in overriding(brief)[:1]]
    text = plain(" · ".join(parts))
    text = f"{'Simulated market: ' if brief.simulated else ''}{'STALE: ' if brief.stale else ''}{text}"
    if any(not character.isprintable() and character not in ISOLATES for character in text):
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


# ---- The pictures of a mail: one ladder a symbol, one figure where a symbol is shown in detail ----

Kind: TypeAlias = Literal["ladder", "map", "logo"]

MOST_BYTES: Final = 60_000
"""Of one picture: a mail of four details stays a quarter of a megabyte."""

_SMALLER: Final = (2.0, 1.5, 1.0)
"""Device pixels a CSS pixel, tried in this order until a picture is small enough."""

_MAP_WIDTH: Final = 600
"""CSS pixels at which a mail shows a figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture that a mail asks for. symbol: unified name, "" for the logo. name: of its file alone."""

    symbol: str
    kind: Kind
    name: str

    @property
    def cid(self) -> str:
        """Name it as Content-ID and `cid:` address do."""
        return f"{self.name}@brief"


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
    drawn = spread(_draw, repeat(brief), (symbols.get(one.symbol) for one in asked), (one.kind for one in asked))
    return {one.cid: png for one, png in zip(asked, drawn, strict=True)}


def _draw(brief: Brief, symbol: SymbolBrief | None, kind: Kind) -> bytes:
    """Draw one picture, with fewer pixels where it would weigh too much."""
    if symbol is None:
        return base64.b64decode((brief.brand or OWN_BRAND).logo.partition(",")[2])
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

WAY_OUT: Final = "https://way-out.invalid/"
"""Stands where each subscriber's own unsubscribe link goes."""

TEXT_COLUMNS: Final = 78


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPage:
    """A mail before it has an address on it.

    Attributes:
        subject, text: Ready. html: None for a reader of plain text. Both bodies hold WAY_OUT where the link goes.
        pictures: what the HTML shows, by Content-ID.
    """

    subject: str
    text: str
    html: str | None
    pictures: tuple[Picture, ...]


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
    mine = personal(brief, reader)
    title = subject(mine.brief, reader)
    names = {
        "brief": mine.brief,
        "headline": mine.headline,
        "note": mine.note,
        "locale": reader.locale,
        "page": page,
        "way_out": WAY_OUT,
        "seal": seal,
        "date": date,
        "local_time": local_time,
        "cards": [(symbol, card_of(mine.brief, symbol)) for symbol in mine.brief.symbols],
        "chosen": chosen(mine.brief, mine.headline),
        "yesterday": told_yesterday(mine.brief),
    }
    try:
        # Write the plain text, no line longer than it may be but those that hold a link.
        template = environment(templates).get_template("mail/mail.txt.j2")
        lines = [line.rstrip() for line in plain(template.render(**names, wrapped=wrapped)).splitlines()]
        text = "\n".join(lines).strip("\n") + "\n"
        html, pictures = _html(mine.brief, names, templates) if reader.html else (None, ())
    except (TemplateError, TypeError, ValueError, LookupError, AttributeError) as error:
        where = getattr(error, "name", None) or "templates/mail"
        raise RenderError(f"{where}: {error}. Mend this template, or remove it from your folder.") from error
    return MailPage(subject=title, text=text, html=html, pictures=pictures)


def chosen(brief: Brief, headline: str) -> SymbolBrief | None:
    """Choose the symbol that gets its figure and card: of those with a price the last that the headline names."""
    words = re.findall(r"\w+", headline)[::-1]
    priced = [symbol for symbol in brief.symbols if not isinstance(symbol.price, Missing)]
    return min(priced, key=lambda one: words.index(one.base) if one.base in words else len(words), default=None)


def wrapped(text: str, indent: str = "") -> str:
    """Break prose into lines of plain text; a word longer than a line is broken, and no break of its own survives."""
    return textwrap.fill(plain(text), TEXT_COLUMNS, initial_indent=indent, subsequent_indent=indent)


def _html(brief: Brief, names: Mapping[str, object], templates: Path | None) -> tuple[str, tuple[Picture, ...]]:
    """Write the HTML with the most that fits: a long watchlist has a row or a line a symbol."""
    densities: tuple[Density, ...] = (
        ("blocks", "rows", "lines") if len(brief.symbols) <= FULL_ROWS else ("rows", "lines")
    )
    template = environment(templates).get_template("mail/mail.html.j2")
    for density in densities:
        asked: list[Picture] = []

        def picture(symbol: SymbolBrief, kind: Kind, asked: list[Picture] = asked) -> Picture:
            asked.append(Picture(symbol=symbol.symbol, kind=kind, name=f"{slug(symbol)}.{kind}.png"))
            return asked[-1]

        def logo(asked: list[Picture] = asked) -> Picture:
            asked.append(Picture(symbol="", kind="logo", name="logo.png"))
            return asked[-1]

        html = _inliner().inline(template.render(**names, density=density, picture=picture, logo=logo))
        if len(html.encode()) <= MOST_HTML_BYTES:
            return html, tuple(asked)
    raise RenderError(
        f"The mail's summary of {len(brief.symbols)} symbols is over {MOST_HTML_BYTES} bytes. "
        "Send fewer symbols, or plain text."
    )


@cache
def _inliner() -> CSSInliner:
    return CSSInliner(keep_style_tags=False, load_remote_stylesheets=False)
