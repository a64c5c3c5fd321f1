"""The same page on A4: WeasyPrint, from the same templates, with nothing fetched from anywhere.

Stands at the last arrow, Brief -> bytes. Charts and fonts are handed over in memory; every other address is refused,
so a template can neither read a file nor reach the network. Same brief, same bytes, in every process.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reportgen.brief import Brief
from reportgen.errors import RenderError
from reportgen.render.fonts import css_font_faces, font_bytes, font_files
from reportgen.render.html import write_page
from reportgen.render.pdf_engine import HTML, FatalURLFetchingError, URLFetcher, URLFetcherResponse
from reportgen.render.pdf_images import palettise

TAGGED_UP_TO = 30
"""Symbols up to which the PDF carries tags for screen readers: they cost a fifth of the time."""

_SCHEME = "brief:"
_LOGGERS = ("weasyprint", "weasyprint.progress", "fontTools")


def render_pdf(brief: Brief, charts: Mapping[str, bytes], *, templates: Path | None = None) -> bytes:
    """Write the brief as a PDF: page 1 the answer, a page a symbol where it fits, then zones, method and data.

    Args:
        brief: What to say.
        charts: PNG by name; of each symbol `<slug>.print.png` is used.
        templates: A folder whose files replace shipped templates of the same name.

    Raises:
        RenderError: A template is broken, or asks for an address that was not handed over.
    """
    printed = {name: png for name, png in charts.items() if name.endswith(".print.png")}
    pictures = {name: f"{_SCHEME}charts/{name}" for name in printed}
    page = write_page(brief, pictures, css_font_faces("file", f"{_SCHEME}fonts/"), printed=True, templates=templates)
    held = {f"{_SCHEME}charts/{name}": (png, "image/png") for name, png in printed.items()}
    held |= {f"{_SCHEME}fonts/{path.name}": (font_bytes(path.name), "font/ttf") for path in font_files()}
    return lay_out(page, held, tagged=len(brief.symbols) <= TAGGED_UP_TO)


def print_page(page: Callable[[str], str]) -> bytes:
    """Lay out a page without pictures, such as a backtest's.

    Args:
        page: Writes the page, given the @font-face rules.
    """
    fonts = css_font_faces("file", f"{_SCHEME}fonts/")
    held = {f"{_SCHEME}fonts/{path.name}": (font_bytes(path.name), "font/ttf") for path in font_files()}
    return lay_out(page(fonts), held, tagged=True)


def lay_out(page: str, held: Mapping[str, tuple[bytes, str]], *, tagged: bool) -> bytes:
    """Turn a page into a PDF.

    Args:
        page: HTML.
        held: Bytes and media type of everything that the page names, by address.
        tagged: Whether it carries tags for screen readers.

    Raises:
        RenderError: The page asks for an address that was not handed over.
    """
    options: dict[str, Any] = {"pdf_variant": "pdf/ua-1"} if tagged else {}
    try:
        with _quiet(), _frozen():
            made: bytes = HTML(string=page, base_url=_SCHEME, url_fetcher=InMemory(held)).write_pdf(
                finisher=palettise, **options
            )
    except FatalURLFetchingError as error:
        raise RenderError(str(error)) from error
    return made


class InMemory(URLFetcher):  # type: ignore[misc]
    """Hand out what is held in memory, and refuse everything else."""

    def __init__(self, held: Mapping[str, tuple[bytes, str]]) -> None:
        """Hold bytes and media type by address."""
        super().__init__(allowed_protocols=())
        self._held = dict(held)

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:  # noqa: ARG002 - WeasyPrint's signature
        """Give the bytes of one address.

        Raises:
            FatalURLFetchingError: The address was not handed over; the whole render ends.
        """
        if url not in self._held:
            raise FatalURLFetchingError(
                f"A template asks for {url[:80]!r}, which is no part of the brief: nothing is fetched. Remove it."
            )
        body, media = self._held[url]
        return URLFetcherResponse(url, body, {"Content-Type": media})


@contextmanager
def _frozen() -> Iterator[None]:
    """Let the collector rest during the render, which frees little: the process ends soon after."""
    resting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if resting:
            gc.enable()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the libraries' remarks on CSS and fonts from stderr, which belongs to the user's messages."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
