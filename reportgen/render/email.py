"""One brief as a mail for one reader: subject, plain text, and HTML that Gmail does not clip.

Stands at the last arrow, Brief -> bytes: from brief.json alone, by the templates of templates/mail/; a user's own
folder may replace any of them. Every symbol is in the summary; details follow for as many as fit.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeAlias

from css_inline import CSSInliner
from jinja2 import Environment, TemplateError

from reportgen.brief import Brief, SymbolBrief
from reportgen.errors import RenderError
from reportgen.render.email_pictures import Picture, picture
from reportgen.render.email_reader import PersonalBrief, Reader, date, local_time, personal, plain, subject
from reportgen.render.html import environment
from reportgen.units import Missing

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


def render_mail(brief: Brief, reader: Reader, *, page: str = "", templates: Path | None = None) -> MailPage:
    """Write the mail of one reader; the same brief and reader give the same mail.

    Args:
        brief: What to say.
        reader: To whom.
        page: Web address of the brief's page; without one the mail names none.
        templates: A folder whose files replace shipped templates of the same name.

    Raises:
        RenderError: A template is broken, the subject would hold a line break, or the summary alone is too large.
    """
    mine = personal(brief, reader)
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
