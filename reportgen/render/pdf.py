"""The brief on A4: from the same templates as the page; a long one is laid out in parts, side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from markupsafe import Markup

from reportgen.brief.types import Brief, SymbolBrief
from reportgen.render.fonts import css_font_faces
from reportgen.render.formats import Job
from reportgen.render.html import Part, all_of, environment, write_page
from reportgen.render.page_helpers import slug

TAGGED_UP_TO = 30
"""Symbols up to which the PDF is one part and carries tags for screen readers: putting parts together loses them."""

_SYMBOLS_A_PART = 9
_ZONES_A_PART = 27
_FOLDS = 2
"""Parts of a symbol's page that can stand with the data instead: when to recalculate, then the inputs."""


def parts_of(brief: Brief) -> tuple[Part, ...]:
    """Part a brief by symbols, in the order of its pages: the answer, symbols, zones in detail, method and data."""
    if len(brief.symbols) <= TAGGED_UP_TO:
        return (all_of(brief),)

    def runs(size: int) -> Iterator[tuple[SymbolBrief, ...]]:
        return (brief.symbols[start : start + size] for start in range(0, len(brief.symbols), size))

    return (
        Part(head=True),
        *(Part(symbols=some) for some in runs(_SYMBOLS_A_PART)),
        *(Part(zones=some) for some in runs(_ZONES_A_PART)),
        Part(last=True),
    )


_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


class MapParts(Protocol):
    """`map`, or the one of any executor."""

    def __call__(self, make: Callable[[_Given], _Made], given: Iterable[_Given], /) -> Iterable[_Made]:
        """Make one of each."""


def begin(job: Job) -> Callable[[], bytes]:
    """Lay out a short brief in one worker, and the parts of a long one in all of them, while others go on."""
    if len(parts_of(job.brief)) == 1:
        return job.workers.submit(render_pdf, job.brief, templates=job.templates).result
    parts = _start(job.brief, job.templates, job.workers.map)
    return lambda: _join(job.brief, parts, job.templates)


def render_pdf(brief: Brief, *, templates: Path | None = None, map_parts: MapParts = map) -> bytes:
    """Write the brief as a PDF: page 1 the answer, a page a symbol where it fits, then zones, method and data.

    Args:
        brief: What to say; above thirty symbols it is laid out in parts, and the PDF then carries no tags.
        templates: A folder whose files replace shipped templates of the same name.
        map_parts: How to map parts: `map`, or an executor's.

    Raises:
        RenderError: A template is broken, or asks for an address that was not handed over.
    """
    return _join(brief, _start(brief, templates, map_parts), templates)


def _start(brief: Brief, templates: Path | None, map_parts: MapParts) -> Iterable[bytes]:
    return map_parts(partial(_lay_out, brief=brief, templates=templates), parts_of(brief))


def _join(brief: Brief, parts: Iterable[bytes], templates: Path | None) -> bytes:
    """Make one PDF of all parts, with page numbers stamped on; a brief of one part is that part."""
    made = list(parts)
    if len(made) == 1:
        return made[0]
    from reportgen.render.paper import merged, print_page

    def numbers(count: int, fonts: str) -> str:
        template = environment(templates).get_template("page_numbers.html.j2")
        return template.render(brief=brief, count=count, fonts=Markup(fonts))  # noqa: S704 - ours

    return merged(made, lambda count: print_page(partial(numbers, count), tagged=False))


def _lay_out(part: Part, *, brief: Brief, templates: Path | None) -> bytes:
    """Lay out one part; a symbol that runs over its page hands its last parts to the data's pages, one by one."""
    from reportgen.render.paper import SCHEME, fonts_held, laid_out, written

    fonts = css_font_faces("file", f"{SCHEME}fonts/")
    folds: dict[str, int] = {}
    while True:
        page = write_page(brief, fonts, printed=True, shown=part, folds=folds, templates=templates)
        with laid_out(page, fonts_held(), tagged=part.whole) as document:
            # A section that is broken has its anchor on each of its pages.
            pages = Counter(name for sheet in document.pages for name in sheet.anchors)
            names = [slug(symbol) for symbol in part.symbols]
            over = [name for name in names if pages[name] > 1 and folds.get(name, 0) < _FOLDS]
            if not over:
                return written(document, tagged=part.whole)
        folds |= {name: folds.get(name, 0) + 1 for name in over}
