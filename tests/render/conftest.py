"""Briefs and the two real readers of pages: a browser and poppler."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from reportgen.brief.types import Brief
from reportgen.render.html import render_html
from reportgen.render.pdf import render_pdf
from tests.briefs import STATES
from tests.render.browser import Browser


@cache
def _brief(state: str) -> Brief:
    return STATES[state]()


@cache
def _html(state: str) -> str:
    return render_html(_brief(state)).decode()


@cache
def _printed(state: str) -> Brief:
    brief = _brief(state)
    return brief if state in ("morning", "remembered") else replace(brief, symbols=brief.symbols[:2])


@cache
def _pdf(state: str) -> bytes:
    return render_pdf(_printed(state))


@pytest.fixture
def brief_of() -> Callable[[str], Brief]:
    """Give the brief of a state of tests/briefs.py."""
    return _brief


@pytest.fixture
def html_of() -> Callable[[str], str]:
    """Give its page, made once a run."""
    return _html


@pytest.fixture
def printed_of() -> Callable[[str], Brief]:
    """Give the brief that its PDF prints: the first symbol, in which all is awkward, and a plain one."""
    return _printed


@pytest.fixture
def pdf_of() -> Callable[[str], bytes]:
    """Give the PDF of what is printed of a state, made once a run."""
    return _pdf


@pytest.fixture
def pdf_text(tmp_path: Path) -> Callable[[bytes], list[str]]:
    """Read a PDF with poppler, one string a page."""

    def read(pdf: bytes) -> list[str]:
        file = tmp_path / "brief.pdf"
        file.write_bytes(pdf)
        done = subprocess.run(["pdftotext", "-layout", str(file), "-"], capture_output=True, text=True, check=True)
        return done.stdout.split("\f")[:-1]

    return read


@pytest.fixture
def unprinted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the paper of a backtest empty, where its page is the point."""
    monkeypatch.setattr("reportgen.render.backtest.print_page", lambda *_, **__: b"")


WIDTHS = (390, 800, 1400)
_MEASURE = """document.fonts.ready.then(() => {
  const past = e => e.getBoundingClientRect().right > innerWidth + 1;
  const wide = [...document.body.querySelectorAll('*')].filter(e => past(e) && !e.closest('.vh, .wide, thead'))
    .map(e => e.tagName + '.' + (e.getAttribute('class') || ''));
  return {inner: innerWidth, scroll: document.documentElement.scrollWidth, wide: wide.slice(0, 5),
    font: document.fonts.check('600 16px "Brief Sans"'), scripts: document.scripts.length}; })"""


@pytest.fixture
def in_browser(tmp_path: Path, browser: Browser) -> Callable[..., list[dict[str, object]]]:
    """Load a page in a real browser, and give what a window of each width measured of it."""

    def load(page: str, widths: Sequence[int] = WIDTHS) -> list[dict[str, object]]:
        file = tmp_path / "page.html"
        file.write_text(page)
        browser.load(file.as_uri())
        measured = []
        for width in widths:
            browser.show(width=width, scheme="light")
            measured.append(browser.run(_MEASURE))
        return measured

    return load
