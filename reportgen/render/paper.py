"""Pages become a PDF: WeasyPrint, with nothing fetched from anywhere, and PDFs put together by pikepdf.

Fonts are handed over in memory and charts stand in the page; every other address is refused, so that a template
can neither read a file nor reach the network. Same page, same bytes, in every process. It is heavy to load: only what
prints imports it.
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import pikepdf
import pydyf  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import Image

from reportgen.errors import RenderError
from reportgen.render.fonts import css_font_faces, font_bytes, font_files

SCHEME: Final = "brief:"
"""Begins the address of everything that is handed over in memory."""

_LOGGERS = ("weasyprint", "weasyprint.progress", "fontTools")


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


_PALETTE = 256


def palettise(_: object, pdf: pydyf.PDF) -> None:
    """Rewrite the pictures of a PDF that have at most 256 colours; WeasyPrint calls this before it writes."""
    for held in pdf.objects:
        rgb = {"Subtype": "/Image", "ColorSpace": "/DeviceRGB", "Filter": "/FlateDecode"}
        if isinstance(held, pydyf.Stream) and rgb.items() <= held.extra.items():
            _rewrite(held)


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


def print_page(page: Callable[[str], str], *, tagged: bool = True) -> bytes:
    """Lay out a page that needs nothing but fonts.

    Args:
        page: Writes the page, given the @font-face rules.
        tagged: Whether it carries tags for screen readers.
    """
    return lay_out(page(css_font_faces("file", f"{SCHEME}fonts/")), fonts_held(), tagged=tagged)


def fonts_held() -> dict[str, tuple[bytes, str]]:
    """Give every font by its address."""
    return {f"{SCHEME}fonts/{path.name}": (font_bytes(path.name), "font/ttf") for path in font_files()}


def lay_out(page: str, held: Mapping[str, tuple[bytes, str]], *, tagged: bool) -> bytes:
    """Turn a page into a PDF.

    Args:
        page: HTML.
        held: Bytes and media type of everything that the page names, by address.
        tagged: Whether it carries tags for screen readers.

    Raises:
        RenderError: The page asks for an address that was not handed over.
    """
    with laid_out(page, held, tagged=tagged) as document:
        return written(document, tagged=tagged)


@contextmanager
def laid_out(page: str, held: Mapping[str, tuple[bytes, str]], *, tagged: bool) -> Iterator[Any]:
    """Break a page into sheets; they can be written as long as the context lasts."""
    try:
        with _quiet(), _frozen():
            yield HTML(string=page, base_url=SCHEME, url_fetcher=InMemory(held)).render(**_variant(tagged=tagged))
    except FatalURLFetchingError as error:
        raise RenderError(str(error)) from error


def written(document: Any, *, tagged: bool) -> bytes:  # noqa: ANN401 - WeasyPrint is untyped here
    """Write what was laid out."""
    made: bytes = document.write_pdf(finisher=palettise, **_variant(tagged=tagged))
    return made


def _variant(*, tagged: bool) -> dict[str, Any]:
    return {"pdf_variant": "pdf/ua-1"} if tagged else {}


class InMemory(URLFetcher):  # type: ignore[misc]
    """Hand out what is held in memory and pictures written in the address itself, and refuse everything else."""

    def __init__(self, held: Mapping[str, tuple[bytes, str]]) -> None:
        """Hold bytes and media type by address."""
        super().__init__(allowed_protocols=("data",))
        self._held = dict(held)

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
        """Give the bytes of one address.

        Raises:
            FatalURLFetchingError: The address was not handed over; the whole render ends.
        """
        if url.startswith("data:image/"):
            return super().fetch(url, headers)
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
