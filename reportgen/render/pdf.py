"""The same page on A4: WeasyPrint, from the same templates, with nothing fetched from anywhere.

Stands at the last arrow, Brief -> bytes. Charts and fonts are handed over in memory; every other address is refused,
so a template can neither read a file nor reach the network. Same brief, same bytes, in every process.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import gc
import io
import logging
import struct
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import pikepdf
import pydyf  # type: ignore[import-untyped]
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

from reportgen.brief.section import SymbolBrief
from reportgen.brief.types import Brief
from reportgen.errors import RenderError
from reportgen.render.charts.variant import slug
from reportgen.render.fonts import css_font_faces, font_bytes, font_files
from reportgen.render.html import Part, environment, parts_of, pictures_of, write_page
from reportgen.render.page_helpers import fit

# ---- Load WeasyPrint without asking the compiler where Pango is ----


def _opens(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


@contextmanager
def _no_search() -> Iterator[None]:
    """Let `ctypes.util.find_library` find nothing for a while, where the libraries open under their own names."""
    search = ctypes.util.find_library
    if sys.platform == "linux" and _opens("libpango-1.0.so.0") and _opens("libharfbuzz-subset.so.0"):
        ctypes.util.find_library = lambda name: None  # noqa: ARG005 - the search's own signature
    try:
        yield
    finally:
        ctypes.util.find_library = search


with _no_search():
    from weasyprint import HTML
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse


# ---- Charts on paper with the palette they were drawn with: half the bytes of the RGB that WeasyPrint writes ----

_PALETTE = 256


def palettise(_: object, pdf: pydyf.PDF) -> None:
    """Rewrite the pictures of a PDF that have at most 256 colours; WeasyPrint calls this before it writes."""
    for held in pdf.objects:
        if isinstance(held, pydyf.Stream) and _is_rgb(held.extra):
            _rewrite(held)


def _is_rgb(extra: dict[str, object]) -> bool:
    """Tell an opaque RGB picture from everything else in a PDF."""
    return (
        extra.get("Subtype") == "/Image"
        and extra.get("ColorSpace") == "/DeviceRGB"
        and extra.get("Filter") == "/FlateDecode"
        and "SMask" not in extra
    )


def _rewrite(held: pydyf.Stream) -> None:
    """Replace RGB rows by one byte a pixel and a palette in ascending order of colour."""
    pixels = _pixels(b"".join(part.data for part in held.stream), held.extra["Width"], held.extra["Height"])
    packed = pixels[..., 0].astype(np.uint32) << 16 | pixels[..., 1].astype(np.uint32) << 8 | pixels[..., 2]
    colours, index = np.unique(packed, return_inverse=True)
    if len(colours) > _PALETTE:
        return
    table = colours.astype(">u4").view(np.uint8).reshape(-1, 4)[:, 1:].tobytes().hex()
    held.stream = [zlib.compress(index.astype(np.uint8).tobytes(), 9)]
    held.extra["ColorSpace"] = f"[/Indexed /DeviceRGB {len(colours) - 1} <{table}>]"
    del held.extra["DecodeParms"]


def _pixels(rows: bytes, width: int, height: int) -> NDArray[np.uint8]:
    """Undo PNG's row filters, shape (height, width, 3): the rows are a PNG's, so a PNG around them is read."""
    header = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack("!I", len(body)) + kind + body + struct.pack("!I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    )
    with Image.open(io.BytesIO(png)) as picture:
        return np.asarray(picture, dtype=np.uint8)


# ---- Parts of a long brief become one PDF: pages in order, bookmarks kept, numbers stamped on ----


def merged(parts: Sequence[bytes], numbers: Callable[[int], bytes]) -> bytes:
    """Put parts together; the same parts give the same bytes.

    Args:
        parts: PDFs in the order of their pages; the first one's title and author speak for all.
        numbers: Makes as many otherwise empty pages as it is asked for, each with its number.
    """
    with pikepdf.new() as whole:
        for part in parts:
            with pikepdf.open(io.BytesIO(part)) as source:
                whole.add_pages_from(source)
        with pikepdf.open(io.BytesIO(numbers(len(whole.pages)))) as stamps:
            for at, (page, stamp) in enumerate(zip(whole.pages, stamps.pages, strict=True), 1):
                _stamp(whole, page, stamp, f"/PageNumber{at}")
        with pikepdf.open(io.BytesIO(parts[0])) as first:
            for name, value in first.docinfo.items():
                whole.docinfo[name] = str(value)
        whole.Root.Lang = pikepdf.String("en")
        bytes_out = io.BytesIO()
        whole.save(
            bytes_out,
            deterministic_id=True,
            compress_streams=True,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
        )
        return bytes_out.getvalue()


def _stamp(whole: pikepdf.Pdf, page: pikepdf.Page, stamp: pikepdf.Page, name: str) -> None:
    """Lay one page over another of its size.

    The name is given, for pikepdf's own overlay draws one by chance, and differs by page, for the pages of one part
    share their resources.
    """
    page.add_resource(whole.copy_foreign(stamp.as_form_xobject()), pikepdf.Name.XObject, pikepdf.Name(name))
    page.contents_add(b"q", prepend=True)
    page.contents_add(f"Q q {name} Do Q".encode())


_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


class MapParts(Protocol):
    """`map`, or the one of any executor."""

    def __call__(self, make: Callable[[_Given], _Made], given: Iterable[_Given], /) -> Iterable[_Made]:
        """Make one of each."""


_SCHEME = "brief:"
_LOGGERS = ("weasyprint", "weasyprint.progress", "fontTools")


def render_pdf(
    brief: Brief, charts: Mapping[str, bytes], *, templates: Path | None = None, map_parts: MapParts = map
) -> bytes:
    """Write the brief as a PDF: page 1 the answer, a page a symbol where it fits, then zones, method and data.

    Args:
        brief: What to say; above thirty symbols it is laid out in parts, and the PDF then carries no tags.
        charts: PNG by name; of each symbol `<slug>.print.png` is used.
        templates: A folder whose files replace shipped templates of the same name.
        map_parts: How to map parts: `map`, or an executor's.

    Raises:
        RenderError: A template is broken, or asks for an address that was not handed over.
    """
    return join_parts(brief, start_parts(brief, charts, templates=templates, map_parts=map_parts), templates=templates)


def start_parts(
    brief: Brief, charts: Mapping[str, bytes], *, templates: Path | None = None, map_parts: MapParts = map
) -> Iterable[bytes]:
    """Begin to lay out every part: an executor's map works on while the caller does something else.

    Args:
        brief: What to say.
        charts: PNG by name.
        templates: A folder whose files replace shipped templates of the same name.
        map_parts: How to map parts.
    """
    # A part is handed over with the pictures of its own symbols alone.
    handed = [(part, pictures_of(part, charts)) for part in parts_of(brief)]
    return map_parts(partial(_render_handed, brief=brief, templates=templates), handed)


def join_parts(brief: Brief, parts: Iterable[bytes], *, templates: Path | None = None) -> bytes:
    """Make one PDF of all parts; a brief of one part is that part."""
    made = list(parts)
    if len(made) == 1:
        return made[0]

    return merged(made, lambda count: print_page(partial(_numbers, brief, count, templates), tagged=False))


def _render_handed(handed: tuple[Part, Mapping[str, bytes]], *, brief: Brief, templates: Path | None) -> bytes:
    """Lay out one part with its own pictures."""
    part, charts = handed
    return render_part(brief, charts, part, templates=templates)


def _numbers(brief: Brief, count: int, templates: Path | None, fonts: str) -> str:
    """Write the empty pages that carry the numbers of a long brief."""
    template = environment(templates).get_template("page_numbers.html.j2")
    return template.render(brief=brief, count=count, fonts=Markup(fonts))  # noqa: S704 - ours


def render_part(brief: Brief, charts: Mapping[str, bytes], part: Part, *, templates: Path | None = None) -> bytes:
    """Lay out some sections of a brief.

    Args:
        brief: What to say.
        charts: PNG by name.
        part: Which sections.
        templates: A folder whose files replace shipped templates of the same name.
    """
    printed = {name: png for name, png in charts.items() if name.endswith(".print.png")}
    pictures = {name: f"{_SCHEME}charts/{name}" for name in printed}
    fonts = css_font_faces("file", f"{_SCHEME}fonts/")
    held = {f"{_SCHEME}charts/{name}": (png, "image/png") for name, png in printed.items()} | _fonts_held()
    smaller: dict[str, int] = {}
    while True:
        page = write_page(brief, pictures, fonts, printed=True, shown=part, smaller=smaller, templates=templates)
        with _laid_out(page, held, tagged=part.whole) as document:
            over = [slug(s) for s in _running_over(document, part) if _can_shrink(s, smaller.get(slug(s), 0))]
            if not over:
                return _bytes_of(document, tagged=part.whole)
        smaller |= {name: smaller.get(name, 0) + 1 for name in over}


def _running_over(document: Any, part: Part) -> Iterator[SymbolBrief]:  # noqa: ANN401 - WeasyPrint is untyped here
    """Give the symbols whose section goes on to a second page."""
    # A section that is broken has its anchor on each of its pages.
    pages = Counter(name for page in document.pages for name in page.anchors)
    return (symbol for symbol in part.symbols if pages[slug(symbol)] > 1)


def _can_shrink(symbol: SymbolBrief, steps: int) -> bool:
    return fit(symbol, steps) != fit(symbol, steps + 1)


def print_page(page: Callable[[str], str], *, tagged: bool = True) -> bytes:
    """Lay out a page without pictures, such as a backtest's.

    Args:
        page: Writes the page, given the @font-face rules.
        tagged: Whether it carries tags for screen readers.
    """
    return lay_out(page(css_font_faces("file", f"{_SCHEME}fonts/")), _fonts_held(), tagged=tagged)


def _fonts_held() -> dict[str, tuple[bytes, str]]:
    """Give every font by its address."""
    return {f"{_SCHEME}fonts/{path.name}": (font_bytes(path.name), "font/ttf") for path in font_files()}


def lay_out(page: str, held: Mapping[str, tuple[bytes, str]], *, tagged: bool) -> bytes:
    """Turn a page into a PDF.

    Args:
        page: HTML.
        held: Bytes and media type of everything that the page names, by address.
        tagged: Whether it carries tags for screen readers.

    Raises:
        RenderError: The page asks for an address that was not handed over.
    """
    with _laid_out(page, held, tagged=tagged) as document:
        return _bytes_of(document, tagged=tagged)


@contextmanager
def _laid_out(page: str, held: Mapping[str, tuple[bytes, str]], *, tagged: bool) -> Iterator[Any]:
    """Break a page into sheets; they can be written as long as the context lasts."""
    try:
        with _quiet(), _frozen():
            yield HTML(string=page, base_url=_SCHEME, url_fetcher=InMemory(held)).render(**_variant(tagged=tagged))
    except FatalURLFetchingError as error:
        raise RenderError(str(error)) from error


def _bytes_of(document: Any, *, tagged: bool) -> bytes:  # noqa: ANN401 - WeasyPrint is untyped here
    made: bytes = document.write_pdf(finisher=palettise, **_variant(tagged=tagged))
    return made


def _variant(*, tagged: bool) -> dict[str, Any]:
    return {"pdf_variant": "pdf/ua-1"} if tagged else {}


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
