"""The chart colours against WCAG 2 and against the page's design tokens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reportgen.render.charts.png import palette_colours
from reportgen.render.colours import CHART_ROLES, DARK, LIGHT, Colour, Colours, Theme, contrast, rgb
from reportgen.render.html import environment

THEMES = pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
ROOT = Path(__file__).parents[2]


def pale(colours: Colours, side: str) -> list[Colour]:
    """Give the four steps outside zones."""
    return [str(getattr(colours, f"{side}_{step}")) for step in range(1, 5)]


def loud(colours: Colours, side: str) -> list[Colour]:
    """Give the three steps inside a zone."""
    return [str(getattr(colours, f"{side}_z{step}")) for step in range(1, 4)]


@THEMES
def test_chart_text_is_readable(colours: Colours) -> None:
    """Every colour that words are written in has 4.5 to 1 on paper, and the price tag's paper on ink too."""
    for text in (colours.ink, colours.muted, colours.short_text, colours.long_text, colours.warn):
        assert contrast(text, colours.paper) >= 4.5


def test_contrast_is_that_of_wcag() -> None:
    """Known ratios on white: black, the palest grey for text, and each primary with its own weight."""
    known = {"#000000": 21.0, "#767676": 4.54, "#FF0000": 4.00, "#00FF00": 1.37, "#0000FF": 8.59, "#FFFFFF": 1.0}
    for colour, ratio in known.items():
        assert contrast(colour, "#FFFFFF") == contrast("#FFFFFF", colour) == pytest.approx(ratio, abs=0.005)


@THEMES
def test_chart_graphics_stand_out(colours: Colours) -> None:
    """Bars, brackets, axes, events and every step inside a zone have 3 to 1 on paper."""
    graphics = (colours.short, colours.long, colours.axis, colours.warn)
    for graphic in (*graphics, *loud(colours, "short"), *loud(colours, "long")):
        assert contrast(graphic, colours.paper) >= 3


@THEMES
def test_denser_is_always_farther_from_paper(colours: Colours) -> None:
    """Contrast grows with every step, and a zone's palest beats the loudest outside: a grey print still says zone."""
    steps = {side: [*pale(colours, side), *loud(colours, side)] for side in ("short", "long")}
    for shades in steps.values():
        ratios = [contrast(shade, colours.paper) for shade in shades]
        assert ratios == sorted(ratios)
    for short, long in zip(steps["short"], steps["long"], strict=True):
        assert contrast(short, long) < 1.35


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_palette_keeps_flat_colours_exact(theme: Theme) -> None:
    """The palette of a PNG holds every flat colour of its theme, paper first, and fits into a byte."""
    colours = LIGHT if theme == "light" else DARK
    palette = palette_colours(theme)
    assert palette[0] == rgb(colours.paper)
    assert len(palette) <= 256
    flat = [colours.of(role) for role in CHART_ROLES]
    assert {rgb(colour) for colour in flat} <= set(palette)


def test_no_template_holds_a_colour_of_its_own() -> None:
    """A colour is changed in one place: templates, style sheets and code name it."""
    sources = [*(ROOT / "templates").rglob("*.*"), *(ROOT / "reportgen").rglob("*.py")]
    found = [
        f"{path.name}: {colour}"
        for path in sources
        if path != ROOT / "reportgen" / "render" / "colours.py"
        for colour in re.findall(r"#[0-9A-Fa-f]{6}\b|rgba?\(\s*\d", path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_a_style_sheet_knows_every_colour_in_both_themes() -> None:
    """The tokens give light first, dark for readers whose system is dark, and light again for paper."""
    sheet = environment().get_template("css/tokens.css.j2").render()
    blocks = [dict(re.findall(r"--([a-z0-9-]+): (#[0-9A-F]{6});", block)) for block in sheet.split(":root")[1:]]
    assert blocks == [dict(LIGHT.variables()), dict(DARK.variables()), dict(LIGHT.variables())]
    assert blocks[1]["short-text"] == "#6CBDFB"
