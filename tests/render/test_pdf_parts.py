"""A long brief's PDF: laid out in parts, put together as one, the same however many processes made it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from multiprocessing import get_context

import pikepdf

from reportgen.brief.types import Brief
from reportgen.render.html import all_of
from reportgen.render.pdf import TAGGED_UP_TO, parts_of, render_pdf
from tests.briefs import STATES


@cache
def long_brief() -> Brief:
    """Give a brief of one more symbol than one part holds: two with everything, the others without candles."""
    full, gone = STATES["morning"](), STATES["no_candles"]().symbols[0]
    others = tuple(
        replace(gone, symbol=f"X{number}/USDT:USDT", base=f"X{number}") for number in range(TAGGED_UP_TO - 1)
    )
    return replace(full, symbols=(*full.symbols[:2], *others))


@cache
def printed() -> bytes:
    """Print it without charts, in this process."""
    return render_pdf(long_brief())


def test_every_symbol_is_in_one_part_and_in_order() -> None:
    """The parts of a long brief hold each symbol's page and each symbol's zones once; a short brief is one part."""
    brief = long_brief()
    parts = parts_of(brief)
    assert tuple(symbol for part in parts for symbol in part.symbols) == brief.symbols
    assert tuple(symbol for part in parts for symbol in part.zones) == brief.symbols
    assert [part.head for part in parts] == [True, *[False] * (len(parts) - 1)]
    assert [part.last for part in parts] == [*[False] * (len(parts) - 1), True]
    short = replace(brief, symbols=brief.symbols[:TAGGED_UP_TO])
    assert parts_of(short) == (all_of(short),)


def test_pages_are_numbered_through(pdf_text: Callable[[bytes], list[str]]) -> None:
    """Each page of the whole carries its number once, and how many there are."""
    pages = pdf_text(printed())
    numbers = [re.findall(r"page (\d+) / (\d+)", page) for page in pages]
    assert numbers == [[(str(number), str(len(pages)))] for number in range(1, len(pages) + 1)]
    assert "Morning brief" in pages[0]
    assert any("X7" in page for page in pages)


def test_the_whole_has_its_title_language_and_bookmarks() -> None:
    """What a reader's program shows of a document is there after the merge."""
    with pikepdf.open(io.BytesIO(printed())) as pdf:
        assert str(pdf.docinfo["/Title"]).startswith("Morning brief")
        assert str(pdf.Root.Lang) == "en"
        with pdf.open_outline() as outline:
            titles = [item.title for top in outline.root for item in (top, *top.children)]
        assert any(title.startswith("X7") for title in titles)
        assert "/StructTreeRoot" not in pdf.Root  # tags are lost with the parts


def test_processes_give_the_same_bytes() -> None:
    """Two workers lay out the same document as none."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert render_pdf(long_brief(), map_parts=pool.map) == printed()
