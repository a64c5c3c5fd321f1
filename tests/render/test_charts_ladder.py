"""The price ladder: its geometry, its words, and hostile names."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from reportgen.brief.types import SymbolBrief
from reportgen.render.charts.ladder import BASE, FULL, REACH_ATR, WIDTH, bars, ladder_png, ladder_svg, marks
from reportgen.render.colours import DARK, LIGHT, Theme, rgb
from reportgen.units import Missing, Side
from tests.render import pictures

LAST = 92_543.0
SVG = "{http://www.w3.org/2000/svg}"


def with_zones(*spans: tuple[str, float, float]) -> SymbolBrief:
    """Make a symbol with zones at fractions of the price."""
    zones = tuple(pictures.zone(label, LAST * low, LAST * high, LAST) for label, low, high in spans)  # type: ignore[arg-type]
    return replace(pictures.symbol_brief(), zones=zones)


def parsed(symbol: SymbolBrief) -> ET.Element:
    """Read the SVG as XML."""
    return ET.fromstring(ladder_svg(symbol))  # noqa: S314 - our own


def test_a_bar_is_as_high_as_its_share() -> None:
    """Height is proportional to share up to the clip, sides meet at the price, and nothing is drawn for nothing."""
    drawn = bars([0.0, FULL / 4, FULL / 2, FULL, 3 * FULL, FULL / 8], ())
    heights = [BASE - bar.top for bar in drawn]
    assert len(drawn) == 5
    assert heights[1] == pytest.approx(2 * heights[0])
    assert heights[2] == heights[3] == pytest.approx(4 * heights[0])
    assert [bar.side for bar in drawn] == [Side.LONG, Side.LONG, Side.SHORT, Side.SHORT, Side.SHORT]
    assert drawn[1].right < WIDTH / 2 < drawn[2].left


def test_bars_inside_a_zone_are_full() -> None:
    """A bar is strong when its middle lies in a zone of its own side, and pale otherwise."""
    symbol = with_zones(("A", 0.99, 1.03))
    placed = marks(symbol)
    dense = [bar for bar in bars([0.02] * 60, placed) if bar.dense]
    assert dense
    assert all(
        bar.side is Side.SHORT and placed[0].left < (bar.left + bar.right) / 2 < placed[0].right for bar in dense
    )


def test_every_ladder_has_the_same_axis() -> None:
    """A distance in ATR has the same place on every ladder, whatever the price."""
    symbol = with_zones(("A", 1.028, 1.056))
    (mark,) = marks(symbol)
    assert mark.left == pytest.approx(WIDTH / 2 * (1 + 1 / REACH_ATR))
    assert mark.right == pytest.approx(WIDTH / 2 * (1 + 2 / REACH_ATR))


@pytest.mark.parametrize(
    "spans",
    [
        (("A", 1.01, 1.012), ("C", 1.0121, 1.014), ("B", 0.985, 0.99), ("C", 0.982, 0.984)),
        (("B", 0.8, 0.82), ("C", 0.7, 0.72), ("A", 1.2, 1.21), ("C", 1.3, 1.31)),
        (("B", 0.833, 0.834), ("C", 0.6, 0.7)),
        (("A", 1.165, 1.166), ("C", 1.1665, 1.1675)),
    ],
)
def test_letters_keep_apart_and_inside(spans: tuple[tuple[str, float, float], ...]) -> None:
    """Letters stand in the order of prices, do not touch, and none leaves the ladder or lies on an arrow."""
    placed = marks(with_zones(*spans))
    x = [mark.letter_x for mark in placed]
    assert [mark.zone.low for mark in placed] == sorted(mark.zone.low for mark in placed)
    assert all(b - a >= 9.5 for a, b in pairwise(x))
    assert x[0] >= (10 if placed[0].beyond else 4)
    assert x[-1] <= WIDTH - (10 if placed[-1].beyond else 4)


def test_a_zone_beyond_the_ladder_is_an_arrow() -> None:
    """A zone past the ladder keeps its letter, at an arrow on its end."""
    svg = parsed(with_zones(("A", 1.2, 1.21), ("B", 0.7, 0.72)))
    arrows = svg.findall(f"{SVG}polygon")
    ends = [max(float(v) for v in re.findall(r"[\d.]+(?=,)", str(a.get("points")))) for a in arrows]
    assert sorted(a.get("class") or "" for a in arrows) == ["ld-long", "ld-short"]
    assert max(ends) == WIDTH
    assert [t.text for t in svg.findall(f"{SVG}text")] == ["B", "A"]


def test_the_ladder_says_what_it_shows() -> None:
    """Its label names each zone with side, prices and distance, or says that there is none."""
    label = str(parsed(with_zones(("A", 1.03, 1.04))).get("aria-label"))
    assert "zone A above, 95\u202f319\u201396\u202f245, 1.1 usual days" in label
    assert "no dense zone" in str(parsed(pictures.without_zones(pictures.symbol_brief())).get("aria-label"))


def test_a_symbol_without_a_ladder_keeps_its_baseline() -> None:
    """Missing data draws no bar and no price, and the label gives the reason."""
    svg = parsed(replace(pictures.symbol_brief(), ladder=Missing("No candles were read.")))
    assert [child.get("class") for child in svg] == ["ld-axis"]
    assert "No candles were read." in str(svg.get("aria-label"))


@pytest.mark.parametrize("base", ['"><script>alert(1)</script>', "$\\frac{1}{2}$", "A&B", "\u202eBTC"])
def test_a_hostile_name_stays_text(base: str) -> None:
    """Whatever a symbol is called, the SVG has the same elements and the label reads as written."""
    svg = parsed(replace(pictures.symbol_brief(), base=base))
    assert str(svg.get("aria-label")).startswith(base)
    assert {child.tag.removeprefix(SVG) for child in svg} == {"path", "rect", "text"}


def test_colours_are_attributes_under_prefixed_classes() -> None:
    """Each shape has a fill of its own for paper and a prefixed class for the page, and no var() or style."""
    symbol = pictures.symbol_brief()
    for child in parsed(symbol):
        assert re.fullmatch(r"#[0-9A-F]{6}", str(child.get("fill")))
        assert str(child.get("class")).startswith("ld-")
    assert "var(" not in ladder_svg(symbol)
    assert "style" not in ladder_svg(symbol)
    assert len(ladder_svg(symbol)) < 5_000


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_mail_gets_the_same_ladder(theme: Theme) -> None:
    """The PNG is opaque, of the asked size, and shows both sides on exact paper."""
    colours = LIGHT if theme == "light" else DARK
    image = Image.open(io.BytesIO(ladder_png(pictures.symbol_brief(), theme=theme)))
    assert image.size == (1200, 88)
    pixels = {tuple(map(int, p)) for p in np.asarray(image.convert("RGB")).reshape(-1, 3)}
    assert {rgb(colours.paper), rgb(colours.ink)} <= pixels
    for side in (colours.short, colours.long):
        assert min(max(abs(a - b) for a, b in zip(rgb(side), pixel, strict=True)) for pixel in pixels) <= 3


def test_mail_gets_an_empty_ladder_too() -> None:
    """Without a ladder the PNG holds nothing but a baseline."""
    symbol = replace(pictures.symbol_brief(), ladder=Missing("No candles were read."))
    pixels = np.asarray(Image.open(io.BytesIO(ladder_png(symbol, theme="light"))).convert("RGB"))
    assert (np.any(pixels != 255, axis=2).any(axis=1)).sum() <= 3
