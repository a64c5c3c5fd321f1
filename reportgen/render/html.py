"""One self-contained page: fonts, style and charts inside, light and dark, phone, screen and print.

Stands at the last arrow, Brief -> bytes. The templates of templates/ do the writing; a user's own folder may replace
any single one of them. Nothing is computed here that a reader would call a finding.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemBytecodeCache,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateError,
    select_autoescape,
)
from jinja2.bccache import Bucket
from markupsafe import Markup
from platformdirs import user_cache_path

from reportgen import __version__, notation
from reportgen.brief.types import OWN_BRAND, Brief, SymbolBrief
from reportgen.errors import RenderError
from reportgen.render import card, charts, first_screen, page_helpers
from reportgen.render.charts.ladder import REACH_DAYS
from reportgen.render.colours import DARK, LIGHT
from reportgen.render.fonts import borrowed_faces, css_font_faces, foreign
from reportgen.render.formats import Job
from reportgen.render.overrides import OURS, check_overrides
from reportgen.render.page_helpers import slug

_PACKAGE = Path(__file__).parents[1]
_NOTATION = (
    "price",
    "price_range",
    "percent_change",
    "percent",
    "share",
    "funding",
    "ratio",
    "reward",
    "usual_days",
    "dollar_range",
    "dollars",
    "times",
    "signed",
    "grouped",
)
_SHAPES = {
    "adds": '<path fill-rule="evenodd" d="M.5.5h11v11H.5zM5.2 3v2.2H3v1.6h2.2V9h1.6V6.8H9V5.2H6.8V3z"/>',
    "eases": '<path fill-rule="evenodd" d="M.5.5h11v11H.5zM1.7 1.7v8.6h8.6V1.7z"/><path d="M3.4 5.3h5.2v1.4H3.4z"/>',
    "neutral": '<circle cx="6" cy="6" r="4.7" fill="none" stroke="#" stroke-width="1.5"/>',
    "unknown": '<circle cx="6" cy="6" r="5.2" fill="none" stroke="#" stroke-dasharray="1.8 1.4"/>'
    '<path fill="none" stroke="#" stroke-width="1.1" d="M4.5 4.9a1.5 1.5 0 1 1 2.2 1.3c-.5.3-.7.5-.7 1.1"/>'
    '<circle cx="6" cy="8.9" r=".7"/>',
    "up": '<path d="M6 1.2 11.4 10.8H.6z"/>',
    "down": '<path d="M6 10.8.6 1.2h10.8z"/>',
    "sideways": '<path d="M0 6 3.4 2.8v2.3h5.2V2.8L12 6 8.6 9.2V6.9H3.4v2.3z"/>',
} | {
    f"bars{filled}": "".join(
        f'<path d="M{x} {y}h3V11.5h-3z"/>'
        if place < filled
        else f'<path fill="none" stroke="#" d="M{x} {y}h3V11h-3z"/>'
        for place, (x, y) in enumerate(((0.5, 8), (4.5, 4.5), (8.5, 1)))
    )
    for filled in range(4)
}
"""What stands beside a word, drawn in ink on a square of 12: grounds of the style sheets, which no reader hears."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some sections of a brief.

    Attributes:
        head, last: Whether the answer opens it, and method and data end it.
        symbols: Those with their own pages in it. zones: those whose zones are told in detail.
        whole: True when this is all of the brief: pages then carry their own numbers.
    """

    head: bool = False
    last: bool = False
    symbols: tuple[SymbolBrief, ...] = ()
    zones: tuple[SymbolBrief, ...] = ()
    whole: bool = False


def all_of(brief: Brief) -> Part:
    """Take everything."""
    return Part(head=True, last=True, symbols=brief.symbols, zones=brief.symbols, whole=True)


def begin(job: Job) -> Callable[[], bytes]:
    """Write the page when its bytes are asked for."""
    return lambda: render_html(job.brief, templates=job.templates)


def render_html(brief: Brief, *, templates: Path | None = None) -> bytes:
    """Write the page as one UTF-8 file that asks for nothing else.

    Args:
        brief: What to say.
        templates: A folder whose files replace shipped templates of the same name.

    Raises:
        RenderError: A template is broken or asks for something that a brief does not have; names file and line.
    """
    faces = css_font_faces("data")
    page = write_page(brief, faces, printed=False, templates=templates)
    others = foreign(page)
    return (page.replace(faces, faces + borrowed_faces(others), 1) if others else page).encode()


def write_page(
    brief: Brief,
    fonts: str,
    *,
    printed: bool,
    shown: Part | None = None,
    folds: Mapping[str, int] | None = None,
    templates: Path | None = None,
) -> str:
    """Write the page that the HTML and the PDF share.

    Args:
        brief: What to say.
        fonts: The @font-face rules.
        printed: True for the PDF: pictures for paper, the zones' details after the symbols.
        shown: Which sections of it; all of them where none is named.
        folds: Parts of symbols, by slug, that stand with the data instead of on their own printed page.
        templates: The user's own folder.
    """
    try:
        template = environment(templates).get_template("brief.html.j2")
        return template.render(
            brief=brief,
            fonts=Markup(fonts),  # noqa: S704 - ours
            printed=printed,
            shown=shown or all_of(brief),
            folds=folds or {},
            cards={slug(symbol): card.card_of(brief, symbol) for symbol in brief.symbols},
        )
    except (TemplateError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RuntimeError) as error:
        raise RenderError(f"{_place(error)}: {error}. Mend this template, or remove it from your folder.") from error


@lru_cache(maxsize=4)
def environment(templates: Path | None = None) -> Environment:
    """Set up Jinja, once a process: autoescape, no silent undefined, the user's folder before the shipped one.

    Raises:
        RenderError: The user's folder does not exist, or holds what is broken or replaces nothing, a line each.
    """
    if templates is not None and not templates.is_dir():
        raise RenderError(f"{templates} is not a folder of templates. Name a folder that exists, or none.")
    folders = [shipped_templates()] if templates is None else [templates, shipped_templates()]
    made = Environment(
        loader=ChoiceLoader(
            [*map(FileSystemLoader, folders), PrefixLoader({OURS[:-1]: FileSystemLoader(folders[-1])})]
        ),
        # By name, not by who asks: what is compiled is kept, and would be kept escaped or not.
        autoescape=select_autoescape(disabled_extensions=("txt.j2",), default_for_string=True, default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=_compiled(),
    )
    made.filters |= page_helpers.HELPERS | {name: getattr(notation, name) for name in _NOTATION}
    made.tests["missing"] = page_helpers.is_missing
    made.globals |= {
        **page_helpers.HELPERS,
        "THIN": notation.THIN,
        "MINUS": notation.MINUS,
        "EN_DASH": notation.EN_DASH,
        "what_changed": first_screen.told_changes,
        "how_zones_did": first_screen.told_yesterday,
        "look_first": first_screen.look_first,
        "fate_words": card.fate_words,
        "stale_text": card.stale_text,
        "own_brand": OWN_BRAND,
        "light": LIGHT,
        "dark": DARK,
        "shapes": tuple((name, Markup(_shape(drawn))) for name, drawn in _SHAPES.items()),  # noqa: S704 - ours
        "figure": lambda *asked: Markup(charts.figure(*asked)),  # noqa: S704 - drawn by us, escaped there
        "ladder": lambda *asked: Markup(charts.ladder(*asked)),  # noqa: S704 - drawn by us, escaped there
        "ladder_axis": tuple(
            (50 * (1 + days / REACH_DAYS), notation.signed(days, 0) if days else "price") for days in range(-6, 7, 2)
        ),
        "figure_css": Markup(charts.figure_css()),  # noqa: S704 - ours
        "spine_rows": charts.spine_rows,
    }
    made.globals["event_note"] = lambda kind: page_helpers.event_note(kind, tuple(folders))
    if templates is not None:
        check_overrides(made, templates, tuple(path.stem for path in (folders[-1] / page_helpers.NOTES).glob("*.md")))
    return made


class _Compiled(FileSystemBytecodeCache):
    """Compiled templates, kept between runs as Python keeps its own; a full disk costs the time, not the brief."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().dump_bytecode(bucket)


def _compiled() -> _Compiled | None:
    """Find the user's own cache; without one that can be written to, templates are compiled each time."""
    folder = user_cache_path("reportgen") / f"templates-{__version__}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return _Compiled(str(folder)) if os.access(folder, os.W_OK) else None


def shipped_templates() -> Path:
    """Find the templates: inside the installed package, else at the top of the checkout.

    Raises:
        RenderError: Neither is there.
    """
    for folder in (_PACKAGE / "templates", _PACKAGE.parent / "templates"):
        if (folder / "brief.html.j2").is_file():
            return folder
    raise RenderError("The shipped templates are gone: the installation is incomplete, install reportgen again.")


def _shape(drawn: str) -> str:
    """Write a shape as the address of a picture in ink."""
    inked = drawn.replace('"#"', f'"{LIGHT.ink}"')
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 12 12" fill="{LIGHT.ink}">{inked}</svg>'
    return f"data:image/svg+xml,{quote(svg, safe=' =:/')}".replace(" ", "%20")


def _place(error: Exception) -> str:
    """Name the template and the line an error comes from, as far as Jinja tells."""
    line = getattr(error, "lineno", None)
    if line is not None:
        return f"{getattr(error, 'name', None) or 'template'}:{line}"
    frames = traceback.extract_tb(error.__traceback__)
    inner = [frame for frame in frames if frame.filename.endswith(".j2")]
    return f"{Path(inner[-1].filename).name}:{inner[-1].lineno}" if inner else "templates"
