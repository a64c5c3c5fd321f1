"""The PDF: read with poppler and pikepdf, never with our own eyes' memory of the template."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from weasyprint.urls import FatalURLFetchingError

from reportgen.brief.types import Brief
from reportgen.errors import RenderError
from reportgen.render.paper import InMemory
from reportgen.render.pdf import render_pdf

FOOTER = "Estimates from public data. Possible fuel, not guaranteed destinations. Not advice."
KB_A_PAGE = 40
A4 = (595, 842)


def opened(pdf: bytes) -> pikepdf.Pdf:
    """Open a PDF from memory."""
    return pikepdf.Pdf.open(io.BytesIO(pdf))


@pytest.mark.parametrize("state", ["morning", "hostile", "no_candles", "simulated", "one_symbol", "remembered"])
def test_every_page_has_its_footer_number_and_size(
    state: str, pdf_of: Callable[[str], bytes], pdf_text: Callable[[bytes], list[str]]
) -> None:
    """Each A4 page says estimate, not advice, its as-of time and n / N; pages stay under 40 KB."""
    pages = pdf_text(pdf_of(state))
    for number, page in enumerate(pages, start=1):
        text = " ".join(page.split())
        assert FOOTER in text
        assert f"{number}/{len(pages)}" in text.replace(" / ", "/")
        assert number == 1 or "19 Jan 2026, 07:00 UTC" in text
    with opened(pdf_of(state)) as pdf:
        assert {(round(float(p.mediabox[2])), round(float(p.mediabox[3]))) for p in pdf.pages} == {A4}
    assert len(pdf_of(state)) <= KB_A_PAGE * 1024 * len(pages)


def test_page_one_is_the_answer_and_a_symbol_has_one_page(
    pdf_of: Callable[[str], bytes], pdf_text: Callable[[bytes], list[str]]
) -> None:
    """The answer, four symbols, data and method: six pages, each symbol's name in its page's running header alone."""
    pages = pdf_text(pdf_of("morning"))
    assert len(pages) == 6
    assert all(
        word in pages[0]
        for word in ("BTC", "ETH", "SOL", "WIF", "1.3", "Today’s alerts", "Since the last", "Yesterday")
    )
    assert "Crypto liquidation risk" in pages[0].split("\n")[0] + pages[0].split("\n")[1]
    for page, base in zip(pages[1:5], ("BTC", "ETH", "SOL", "WIF"), strict=True):
        assert page.split("\n")[0].split()[:5] == ["Morning", "brief", "·", "Crypto", "liquidation"]
        assert base in page.split("\n")[0]
        assert all(word in page for word in ("Stance", "Seven inputs", "Within 24", "Recalculate if"))
    assert "Data and method" in pages[5]


def test_a_simulated_market_is_said_on_every_page(
    pdf_of: Callable[[str], bytes], pdf_text: Callable[[bytes], list[str]]
) -> None:
    """No page can be torn out and pass for a real market."""
    assert all("simulated market" in page.lower() for page in pdf_text(pdf_of("simulated")))
    assert not any("simulated market" in page.lower() for page in pdf_text(pdf_of("morning")))


def test_it_is_tagged_titled_and_bookmarked(pdf_of: Callable[[str], bytes]) -> None:
    """Screen readers get tags, language and title; outlines lead to the symbols; its date is as-of's."""
    with opened(pdf_of("morning")) as pdf:
        assert str(pdf.Root.Lang) == "en"
        assert pdf.Root.MarkInfo.Marked
        assert "/StructTreeRoot" in pdf.Root
        assert str(pdf.docinfo.Title) == "Morning brief, Monday 19 January 2026"
        assert str(pdf.docinfo.CreationDate).startswith("D:20260119070000")
        with pdf.open_outline() as outline:
            names = [item.title for top in outline.root for item in (top, *top.children)]
    assert any(name.startswith("SOL") for name in names)
    assert any(name.startswith("Data and method") for name in names)


def test_only_the_products_own_fonts_are_used(pdf_of: Callable[[str], bytes]) -> None:
    """No glyph falls back on a font of the machine, or two machines would write two files."""
    with opened(pdf_of("morning")) as pdf:
        fonts = {str(font.BaseFont) for p in pdf.pages for font in p.Resources.Font.values()}
    assert fonts
    assert all("+Brief-Sans" in name for name in fonts)


def test_figures_are_drawn_not_photographed(pdf_of: Callable[[str], bytes]) -> None:
    """The only pictures of pixels are the maps, one pixel a cell: 336 hours wide, and a few kilobytes."""
    with opened(pdf_of("morning")) as pdf:
        streams = [one for one in pdf.objects if isinstance(one, pikepdf.Stream)]
        maps = [one for one in streams if one.get("/Subtype") == "/Image" and "/SMask" in one]
        assert [int(one.Width) for one in maps] == [336] * 4
        assert all(len(one.read_raw_bytes()) < 8_000 for one in maps)


def test_two_processes_give_the_same_bytes(pdf_of: Callable[[str], bytes], tmp_path: Path) -> None:
    """Another process, with another hash seed and another folder, writes the same PDF, and nothing to stderr."""
    code = (
        "import sys; from pathlib import Path; from tests.briefs import one_symbol as made\n"
        "from reportgen.render.pdf import render_pdf\n"
        "Path(sys.argv[1]).write_bytes(render_pdf(made()))"
    )
    root, file = Path(__file__).parents[2], tmp_path / "other.pdf"
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)],
        cwd=root,
        env={"PATH": "/usr/bin:/bin", "PYTHONHASHSEED": "7", "PYTHONPATH": str(root)},
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    assert file.read_bytes() == pdf_of("one_symbol")


def test_untrusted_text_reaches_the_paper_as_text(
    pdf_of: Callable[[str], bytes], pdf_text: Callable[[bytes], list[str]]
) -> None:
    """Markup in an event's name is printed, not obeyed."""
    assert '<script>alert("x")</script>' in "".join(pdf_text(pdf_of("hostile")))


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/a.png", "file:///etc/passwd", "brief:charts/other.png"])
def test_nothing_is_fetched(address: str, tmp_path: Path, brief_of: Callable[[str], Brief]) -> None:
    """A template that asks for a file, the network or an unknown chart ends the render with its address."""
    (tmp_path / "sections").mkdir()
    (tmp_path / "sections" / "short_method.html.j2").write_text(f'<img alt="x" src="{address}">')
    with pytest.raises(RenderError, match=address.rsplit("/", maxsplit=1)[-1]):
        render_pdf(brief_of("no_candles"), templates=tmp_path)


def test_the_fetcher_gives_what_it_holds_and_refuses_the_rest() -> None:
    """Only addresses handed over are served."""
    fetcher = InMemory({"brief:a": (b"bytes", "image/png")})
    assert fetcher.fetch("brief:a").read() == b"bytes"
    with pytest.raises(FatalURLFetchingError, match="nothing is fetched"):
        fetcher.fetch("data:text/plain,hello")


@pytest.mark.parametrize(("times", "folded"), [(20, ("Recalculate if",)), (28, ("Recalculate if", "Seven inputs"))])
def test_a_symbol_that_runs_over_folds_its_last_parts(
    times: int, folded: tuple[str, ...], brief_of: Callable[[str], Brief], pdf_text: Callable[[bytes], list[str]]
) -> None:
    """What a long sentence pushes off the page stands with the data, once; the figure keeps its size."""
    brief = brief_of("one_symbol")
    symbol = brief.symbols[0]
    lengthy = replace(
        symbol, heatmap=symbol.heatmap, finding="Dense shorts 3.3 % above, dense longs 3.4 % below. " * times
    )
    pages = pdf_text(render_pdf(replace(brief, symbols=(lengthy,))))
    assert len(pages) == 3
    assert all(title not in pages[1] for title in folded)
    assert "Recalculate if: price" in " ".join(pages[2].split())
    assert ("Seven inputs" in pages[1]) == (len(folded) == 1)
    assert "Within 24" in pages[1]
