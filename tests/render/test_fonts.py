"""The shipped typeface: what is in it, its name, and the CSS that brings it to a page."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from reportgen import notation
from reportgen.errors import RenderError
from reportgen.render.fonts import FAMILY, css_font_faces, font_bytes, font_files

FILES = pytest.mark.parametrize("path", font_files(), ids=lambda path: path.name)
WRITTEN = (
    *("0123456789ABCXYZabcxyz$%+.,:;()<>'", notation.THIN, notation.MINUS, notation.EN_DASH),
    *("\u2192", "\u00d7", "\u00b7", "\u2019", "\u201c", "\u201d", "\u2026", "\u00e9\u00fc\u0142"),
)


@FILES
def test_every_character_that_is_written_is_in_the_font(path: Path) -> None:
    """Digits, Latin and all the marks that numbers and sentences use can be drawn."""
    assert {ord(c) for c in "".join(WRITTEN)} <= set(TTFont(path).getBestCmap())


@FILES
def test_figures_align(path: Path) -> None:
    """All ten digits have one width."""
    font = TTFont(path)
    cmap = font.getBestCmap()
    assert len({font["hmtx"][cmap[ord(digit)]][0] for digit in "0123456789"}) == 1


@FILES
def test_the_reserved_name_is_not_used(path: Path) -> None:
    """A modified version carries its own name, as the licence asks, and the copyright it came with."""
    font = TTFont(path)
    names = {name.nameID: str(name) for name in font["name"].names}
    assert {names.get(16, names[1])} == {FAMILY}
    assert not [i for i, text in names.items() if i not in {0, 13, 14} and "plex" in text.lower()]
    assert "Copyright" in names[0]
    assert "fvar" not in font
    assert (path.parent / "OFL.txt").read_text(encoding="utf-8").count("SIL OPEN FONT LICENSE") > 0


@FILES
def test_fonts_stay_small(path: Path) -> None:
    """A page that carries both weights stays small."""
    assert path.stat().st_size < (60_000 if path.suffix == ".ttf" else 25_000)


def test_a_page_can_carry_its_fonts() -> None:
    """The data rules hold both weights as readable WOFF2 and ask for nothing outside the page."""
    css = css_font_faces("data")
    weights = []
    for face in re.findall(r"@font-face \{.*?\}", css):
        encoded = re.search(r"base64,([A-Za-z0-9+/=]+)", face)
        assert encoded is not None
        weights.append(TTFont(io.BytesIO(base64.b64decode(encoded[1])))["OS/2"].usWeightClass)
        assert f'"{FAMILY}"' in face
    assert weights == [400, 600]
    assert css.count("url(") == css.count('url("data:')


def test_named_fonts_can_be_handed_out() -> None:
    """Every name in the file rules is one that `font_bytes` gives, and the prefix stands before it."""
    names = re.findall(r'url\("brief:([^"]+)"\)', css_font_faces("file", "brief:"))
    assert len(names) == 2
    for name in names:
        assert TTFont(io.BytesIO(font_bytes(name)))["maxp"].numGlyphs > 200


@pytest.mark.parametrize("name", ["OFL.txt", "../fonts.py", "/etc/passwd", ""])
def test_nothing_but_fonts_is_handed_out(name: str) -> None:
    """A name that is no font of ours is refused, whatever path it spells."""
    with pytest.raises(RenderError, match="not one of the product's fonts"):
        font_bytes(name)


def test_css_needs_no_drawing_library() -> None:
    """Fonts' CSS, the ladder and the names of charts load neither matplotlib nor Pillow."""
    script = (
        "import sys; import reportgen.render.charts; from reportgen.render.fonts import css_font_faces\n"
        "css_font_faces('data'); print(sorted({'matplotlib', 'PIL'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "[]"
