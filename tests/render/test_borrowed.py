"""Names in other scripts: glyphs are borrowed from the machine's fonts, those alone, and what nobody has is said.

The font of these tests is made here, with Han characters as boxes of their own widths, and is the only one that
fontconfig is shown beside the machine's; fontconfig reads its set-up once a process, so another process renders.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fontTools.fontBuilder import FontBuilder  # type: ignore[import-untyped]
from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from reportgen.brief.types import Brand, Brief
from reportgen.events.calendar import ScheduledEvent, clean_name, schedule
from reportgen.render.charts.surface import text_width
from reportgen.render.fonts import OUR_CHARACTERS, font_files, foreign, unprinted
from reportgen.render.json import brief_to_json
from reportgen.render.mail import Reader, subject
from reportgen.render.page_helpers import eight, in_columns, slug
from reportgen.units import HOUR_MS
from tests.brief_parts import AS_OF_MS
from tests.briefs import event_inside
from tests.render.browser import Browser

COIN = "\u5e01\u5b89\u4eba\u751f"
ARABIC = "\u0642\u0631\u0627\u0631"
WIDTHS = {character: 1000 + 100 * place for place, character in enumerate(COIN + "\u62a5\U00020bb7")}
RENDER = """
import json, sys
from pathlib import Path
from reportgen.render.fonts import lender, unprinted
from reportgen.render.charts import figure_png
from reportgen.render.charts.png import _outline
from reportgen.render.html import render_html
from reportgen.render.json import brief_from_json
from reportgen.render.pdf import render_pdf
folder = Path(sys.argv[1])
brief = brief_from_json((folder / "brief.json").read_bytes())
(folder / "brief.html").write_bytes(render_html(brief))
(folder / "brief.pdf").write_bytes(render_pdf(brief))
drawn = _outline(0, "\u751f", 1, 400).vertices[:, 0].max()
print(json.dumps({"lender": lender("\u5e01").path, "lacks": unprinted(["\u5e01\u9f98"]), "drawn": drawn,
    "png": len(figure_png(brief, brief.symbols[0], "phone"))}))
"""


def named_in_han() -> Brief:
    """Name the coin and the brand of a brief in Han, and its events in Han and Arabic."""
    brief = event_inside()
    first = brief.symbols[0]
    text = brief_to_json(replace(brief, symbols=(first,))).decode().replace(first.base, COIN)
    from reportgen.render.json import brief_from_json

    made = brief_from_json(text.encode())
    inside, *others = made.events
    events = (replace(inside, name=f"{COIN} CPI"), replace(inside, name=f"\u2068{ARABIC}\u2069"), *others)
    return replace(made, events=events, brand=Brand(name="\u62a5", line="Every morning"))


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Render such a brief on a machine that has the font of these tests."""
    folder = tmp_path_factory.mktemp("borrowed")
    glyphs = {f"u{ord(one):X}": width for one, width in WIDTHS.items()}
    made = FontBuilder(1000)
    made.setupGlyphOrder([".notdef", *glyphs])
    made.setupCharacterMap({ord(one): f"u{ord(one):X}" for one in WIDTHS})
    outlines = {}
    for name, width in {".notdef": 500, **glyphs}.items():
        pen = TTGlyphPen(None)
        for point, step in (((0, 0), pen.moveTo), ((0, 700), pen.lineTo), ((width - 300, 700), pen.lineTo)):
            step(point)
        pen.closePath()
        outlines[name] = pen.glyph()
    made.setupGlyf(outlines)
    made.setupHorizontalMetrics({name: (width, 0) for name, width in {".notdef": 500, **glyphs}.items()})
    made.setupHorizontalHeader(ascent=800, descent=-200)
    made.setupNameTable({"familyName": "Test Han", "styleName": "Regular"})
    made.setupOS2(fsType=0)
    made.setupPost()
    made.save(folder / "TestHan.ttf")
    fonts = folder / "fonts.conf"
    fonts.write_text(
        f'<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>{folder}</dir>'
        f"<cachedir>{folder}/cache</cachedir></fontconfig>"
    )
    (folder / "brief.json").write_bytes(brief_to_json(named_in_han()))
    done = subprocess.run(
        [sys.executable, "-c", RENDER, folder],
        env=os.environ | {"FONTCONFIG_FILE": str(fonts)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder, json.loads(done.stdout)


def test_paper_gives_the_characters_back_and_embeds_their_glyphs(rendered: tuple[Path, dict[str, Any]]) -> None:
    """Poppler reads coin, event and brand, and the font with them stands in the file, cut down."""
    folder, told = rendered
    assert told["lender"] == str(folder / "TestHan.ttf")
    text = subprocess.run(["pdftotext", folder / "brief.pdf", "-"], capture_output=True, text=True, check=True).stdout
    assert f"{COIN} CPI" in text
    assert "\u62a5" in text
    fonts = subprocess.run(["pdffonts", folder / "brief.pdf"], capture_output=True, text=True, check=True).stdout
    (line,) = (one for one in fonts.splitlines() if "Test-Han" in one)
    assert "yes yes yes" in line


def test_the_page_carries_the_glyphs_to_a_machine_without_them(
    rendered: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    """In a browser that has no such font the name is as wide as its borrowed glyphs, and Latin stays in our own."""
    folder, _ = rendered
    page = folder / "brief.html"
    assert page.read_text(encoding="utf-8").count("unicode-range") == 2
    measured = """document.fonts.ready.then(() => { const pen = document.createElement("canvas").getContext("2d");
        return ["\u5e01", "\u5b89", "\u751f", "Hamburg"].map(text => ["400", "600"].map(weight => {
            pen.font = weight + " 100px 'Brief Sans'"; return pen.measureText(text).width; })); })"""
    with Browser(tmp_path) as browser:
        browser.load(page.as_uri())
        widths = browser.run(measured)
    assert [round(pair[0]) for pair in widths[:3]] == [round(pair[1]) for pair in widths[:3]] == [100, 110, 130]
    ours = [text_width("Hamburg", 100, 400), text_width("Hamburg", 100, 600)]
    assert widths[3] == pytest.approx(ours, rel=0.01)


def test_pictures_are_drawn_with_them_too(rendered: tuple[Path, dict[str, Any]]) -> None:
    """A mail's picture has the outline of the borrowed glyph; a figure with an Arabic event is drawn."""
    assert rendered[1]["drawn"] == pytest.approx(1.0)
    assert rendered[1]["png"] > 1000


def test_what_no_font_has_is_said_with_the_package_to_install(rendered: tuple[Path, dict[str, Any]]) -> None:
    """Of two characters the one that no font has is named, once; for Latin nobody is asked."""
    told = rendered[1]["lacks"]
    assert told.startswith("No font on this machine has \u9f98: ")
    assert "fonts-noto-cjk" in told
    assert unprinted(["BTC", "\u00dcber \u2212 5\u202f%"]) == ""


def test_our_own_characters_are_those_of_the_font() -> None:
    """What is looked up elsewhere is what the shipped files lack."""
    for path in font_files():
        if path.suffix == ".ttf":
            assert {chr(code) for code in TTFont(path).getBestCmap()} == OUR_CHARACTERS
    assert foreign(f"BTC {COIN}\u2068\u202f") == "".join(sorted(COIN))


def test_a_name_from_right_to_left_is_isolated() -> None:
    """What stands beside it keeps its order, in the subject too; a name from left to right stays as it is."""
    names = [ARABIC, "US CPI", f"\u202e{ARABIC}\u202c", "e\u0301t\u00e9"]
    events = [
        ScheduledEvent(name=clean_name(name), kind="macro", at_ms=AS_OF_MS + hour * HOUR_MS, source="x")
        for hour, name in enumerate(names, start=1)
    ]
    placed = schedule(events, AS_OF_MS, 24)
    assert [one.name for one in placed] == [f"\u2068{ARABIC}\u2069", "US CPI", f"\u2068{ARABIC}\u2069", "\u00e9t\u00e9"]
    brief = named_in_han()
    assert f"\u2068{ARABIC}\u2069" in subject(replace(brief, events=brief.events[1:2]), Reader())


def test_wide_names_take_two_columns_and_files_keep_plain_names() -> None:
    """A row of a plain table stays straight, and a file's name is ASCII that no look-alike shares."""
    assert in_columns(eight(COIN), 9) == f"{COIN} "
    assert in_columns("BTC", 9) == "BTC      "
    first = named_in_han().symbols[0]
    cyrillic = replace(first, symbol="\u0412\u0422\u0421/USDT:USDT")
    names = {slug(first), slug(cyrillic), slug(replace(first, symbol="BTC/USDT:USDT"))}
    assert len(names) == 3
    assert all(name.isascii() for name in names)
