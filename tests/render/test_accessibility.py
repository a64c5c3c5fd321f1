"""Every kind of page in a real browser: what axe finds, the way of the tab key, and the size of the text."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Final

import pytest

from reportgen.brief.types import Brief
from reportgen.delivery.archive.commit import write_brief_files
from reportgen.render.backtest import render_backtest
from reportgen.render.html import render_html
from reportgen.render.json import brief_to_json
from reportgen.track_record.verdict import findings_of
from tests.briefs import event_inside, exact_levels, price_inside, remembered
from tests.cli.cli_process import REPOSITORY
from tests.delivery.archives import files_of, keep
from tests.render.browser import Browser
from tests.render.test_backtest_page import pooled_page
from tests.track_record.results import whole

WIDTHS: Final = (390, 800, 1400)
FOUND: Final = """{
document.querySelectorAll("details").forEach(one => one.open = true);
const said = node => node.html.slice(0, 120) + node.any.map(one => one.message);
const told = one => one.nodes.slice(0, 5).map(node => `${one.id}: ${said(node)}`);
axe.run(document, {resultTypes: ["violations"], preload: false, %s}).then(found => found.violations.flatMap(told));
}"""
COLOURS: Final = 'runOnly: {type: "rule", values: ["color-contrast", "link-in-text-block"]}'
SMALL: Final = """{
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), small = new Set();
while (walk.nextNode()) {
  const text = walk.currentNode.data.trim(), of = walk.currentNode.parentElement;
  if (!text || of.closest("style, script, title, .vh") || !of.checkVisibility()) continue;
  const drawn = of.ownerSVGElement ? of.getScreenCTM() : {a: 1, b: 0};
  const size = parseFloat(getComputedStyle(of).fontSize) * Math.hypot(drawn.a, drawn.b);
  if (size < 11.95) small.add(`${size.toFixed(1)} px: ${text.slice(0, 60)}`);
}
[...small].slice(0, 8);
}"""


def rich() -> Brief:
    """Give a brief of two symbols in which everything stands that a page can show."""
    brief = remembered()
    first, exact = price_inside().symbols[0], exact_levels().symbols[0].exact
    return replace(
        brief, simulated=True, events=event_inside().events, symbols=(replace(first, exact=exact), brief.symbols[2])
    )


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep six mornings, the last of them the rich one, and the report of a backtest beside them."""
    folder = tmp_path_factory.mktemp("archive")
    for day in (-40, -20, -3, -2, -1):
        keep(folder, day)
    brief = rich()
    files = files_of(brief_to_json(brief), render_html(brief))
    write_brief_files(folder, "2026-01-19", files=files, extra={"charts/BTC-USDT-USDT.wide.svg": b"<svg/>"})
    for name, result in (("backtest", whole()), ("pooled", pooled_page())):
        (folder / f"{name}.html").write_bytes(render_backtest(result, findings_of(result))["html"])
    return folder


@pytest.fixture(scope="module")
def preview(archive: Path) -> Iterator[str]:
    """Start `reportgen preview` of the rich brief and give its address."""
    command = [sys.executable, "-m", "reportgen", "preview", "--json", "--output", str(archive)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(
        command, cwd=archive, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        assert child.stdout is not None
        yield json.loads(child.stdout.readline())["url"]
        child.send_signal(signal.SIGINT)
        child.wait(20)


@pytest.fixture(scope="module")
def address(archive: Path, preview: str) -> Callable[[str], str]:
    """Give where a page stands, by its path below the archive or the preview."""
    return lambda path: preview + path.removeprefix("/") if path.startswith("/") else (archive / path).as_uri()


PAGES: Final = {
    "brief": "2026/01/19/brief.html",
    "start": "index.html",
    "day": "2026/01/19/index.html",
    "month": "2026/01/index.html",
    "symbol": "symbols/BTC-USDT/index.html",
    "year": "symbols/BTC-USDT/2025.html",
    "backtest": "backtest.html",
    "pooled backtest": "pooled.html",
    "preview": "/",
    "mail": "/mail.html",
}
AXE: Final = (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing_and_no_text_is_small(page: str, address: Callable[[str], str], browser: Browser) -> None:
    """On a phone, a tablet and a desk, light and dark, all unfolded: no violation, and no text below 12 px."""
    found = {}
    browser.load(address(PAGES[page]))
    browser.run(AXE)
    for width in WIDTHS:
        browser.show(width=width, scheme="light")
        light, small = browser.run(FOUND % ""), browser.run(SMALL)
        browser.show(width=width, scheme="dark")
        found[width] = light, browser.run(FOUND % COLOURS), small
    assert found == dict.fromkeys(WIDTHS, ([], [], []))


@pytest.mark.parametrize("page", ["brief", "start", "day", "month", "symbol", "year", "backtest", "pooled backtest"])
def test_the_keyboard_is_in_the_main_part_after_one_link(
    page: str, address: Callable[[str], str], browser: Browser
) -> None:
    """Where links stand in the head, the tab key first shows one that leads past them."""
    browser.show(width=800, scheme="light")
    browser.load(address(PAGES[page]))
    browser.press("Tab")
    if "backtest" not in page:
        words, top, left = browser.run(
            "{ const one = document.activeElement, box = one.getBoundingClientRect();"
            "[one.textContent, box.top, box.left] }"
        )
        assert words.startswith("Skip to the ")
        assert min(top, left) > 0
        browser.press("Enter")
        browser.press("Tab")
    assert browser.run("document.activeElement.matches('main *')")
