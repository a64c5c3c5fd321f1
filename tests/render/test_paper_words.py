"""What the paper says is brief.json's, each zone and plan once, no passage twice, in letters that can be read."""

from __future__ import annotations

import io
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pikepdf
import pytest

from reportgen import notation
from reportgen.brief.types import Brief
from reportgen.render.card import card_of

RUNNING_LINES = 1
LEAST_PT = 6.9
PASSAGE = 14
LEAST_LETTERS = 60


def words_of(page: str) -> list[str]:
    """Give the words between the running head and foot."""
    lines = [line for line in page.splitlines() if line.strip()]
    return " ".join(lines[RUNNING_LINES:-RUNNING_LINES]).replace("\u202f", " ").split()


def passages(words: list[str]) -> Counter[str]:
    """Count every run of so many words that is prose, not a row of numbers."""
    runs = (" ".join(words[at : at + PASSAGE]) for at in range(len(words) - PASSAGE + 1))
    return Counter(run for run in runs if sum(letter.isalpha() for letter in run) >= LEAST_LETTERS)


@pytest.mark.parametrize("state", ["morning", "remembered", "no_dense_zone"])
def test_no_passage_stands_twice(
    state: str, pdf_of: Callable[[str], bytes], pdf_text: Callable[[bytes], list[str]]
) -> None:
    """No run of words stands twice on the answer or a symbol, and no symbol repeats the first page or the last."""
    pages = [passages(words_of(page)) for page in pdf_text(pdf_of(state))]
    told = pages[:-1]  # the sketched zones of the last page's table have the same reasons
    assert [[words for words, times in page.items() if times > 1] for page in told] == [[] for _ in told]
    for page in pages[1:-1]:
        assert set(page) & (set(pages[0]) | set(pages[-1])) == set()


@pytest.mark.parametrize("state", ["morning", "price_inside", "far_zone"])
def test_every_plan_stands_once_among_todays_alerts_and_every_zone_once_among_the_firm(
    state: str,
    pdf_of: Callable[[str], bytes],
    pdf_text: Callable[[bytes], list[str]],
    printed_of: Callable[[str], Brief],
) -> None:
    """Alert, out and first target of each plan are one row of page 1; each zone's range is one row of the last page."""
    pages = pdf_text(pdf_of(state))
    rows = [" ".join(line.split()) for line in pages[0].replace("\u202f", " ").splitlines()]
    last = " ".join(words_of(pages[-1]))
    for symbol in printed_of(state).symbols:
        for one in (row for row in card_of(printed_of(state), symbol).alerts if row.target):
            level, out, target = (text.replace("\u202f", " ") for text in (one.level, one.out, one.target))
            pattern = rf"\b{re.escape(level)} .*{re.escape(out)} {re.escape(target)}"
            assert len([row for row in rows if re.search(pattern, row)]) == 1, pattern
        for zone in symbol.zones:
            band = notation.price_range(zone.low, zone.high, symbol.price_decimals).replace("\u202f", " ")
            assert last.count(f"{zone.label} {band}") == 1


@pytest.mark.parametrize("state", ["morning", "remembered"])
def test_nearest_plans_stand_once_on_their_own_page(
    state: str,
    pdf_of: Callable[[str], bytes],
    pdf_text: Callable[[bytes], list[str]],
    printed_of: Callable[[str], Brief],
) -> None:
    """A symbol's page has its two alerts, each by its level."""
    for symbol, page in zip(printed_of(state).symbols, pdf_text(pdf_of(state))[1:], strict=False):
        text = " ".join(words_of(page))
        for row in (one for one in card_of(printed_of(state), symbol).rows if one.level):
            assert text.count(f"{row.label} {row.level}".replace("\u202f", " ").strip()) == 1


def figures(node: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """Walk the structure tree for figures."""
    if isinstance(node, pikepdf.Array):
        for each in node:
            yield from figures(each)
    elif isinstance(node, pikepdf.Dictionary):
        if node.get("/S") == "/Figure":
            yield node
        if "/K" in node:
            yield from figures(node.K)


@pytest.mark.parametrize("state", ["morning", "remembered", "no_candles", "simulated"])
def test_every_figure_says_what_it_shows(
    state: str, pdf_of: Callable[[str], bytes], printed_of: Callable[[str], Brief]
) -> None:
    """Charts and ladders carry words for those who do not see them; what only decorates is no figure at all."""
    with pikepdf.open(io.BytesIO(pdf_of(state))) as pdf:
        words = [str(one.get("/Alt", "")) for one in figures(pdf.Root.StructTreeRoot.K)]
        assert bool(pdf.Root.MarkInfo.Marked)
        assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle)
    assert all(words)
    drawn = [symbol.heatmap_alt for symbol in printed_of(state).symbols if symbol.heatmap_alt]
    assert len(words) == len(drawn) + len(printed_of(state).symbols)
    assert set(drawn) <= set(words)


def test_no_letter_is_too_small(pdf_of: Callable[[str], bytes], tmp_path: Path) -> None:
    """Seven points is the least, in figures as in text."""
    file = tmp_path / "brief.pdf"
    file.write_bytes(pdf_of("morning"))
    done = subprocess.run(["pdftohtml", "-xml", "-i", "-stdout", "-zoom", "1", "-fontfullname", str(file)],
                          capture_output=True, text=True, check=True)  # fmt: skip
    sizes = {float(size) for size in re.findall(r'<fontspec id="\d+" size="([\d.]+)"', done.stdout)}
    assert sizes
    assert min(sizes) >= round(LEAST_PT)
