"""The colours of the charts, light and dark: the same hues as the page's design tokens.

Stands at the last arrow, Brief -> bytes. Blue is shorts liquidated (above the price), orange longs liquidated (below),
ink is everything else; red and green are not used. Both sides have the same lightness in the same class, so that a
grey print keeps the magnitude; the classes are steps of two CAM02-UCS ramps, one hue a side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from reportgen.units import Side

Theme: TypeAlias = Literal["light", "dark"]
Colour: TypeAlias = str
"""`#RRGGBB`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """What a chart is drawn with.

    Attributes:
        paper: Background. ink: text, candles, price. muted: secondary text. axis: lines, never text.
        rule: faint lines on which nothing depends.
        short, long: graphics of a side. short_text, long_text: text in its hue.
        short_classes, long_classes: the seven density classes, palest first.
    """

    paper: Colour
    ink: Colour
    muted: Colour
    axis: Colour
    rule: Colour
    short: Colour
    short_text: Colour
    long: Colour
    long_text: Colour
    short_classes: tuple[Colour, ...]
    long_classes: tuple[Colour, ...]

    def side(self, side: Side) -> Colour:
        """Give the graphics colour of a side."""
        return self.short if side is Side.SHORT else self.long

    def side_text(self, side: Side) -> Colour:
        """Give the text colour of a side."""
        return self.short_text if side is Side.SHORT else self.long_text


CLASS_EDGES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
"""Lower edges of the density classes, percent of the side's mass per 0.1 % of price; never from the day's data."""

LIGHT = Colours(
    paper="#FFFFFF",
    ink="#16191D",
    muted="#5A626C",
    axis="#767E88",
    rule="#D9DCE0",
    short="#0560C2",
    short_text="#0B58AE",
    long="#A85400",
    long_text="#974B00",
    short_classes=("#EFF1F4", "#D4DDEC", "#A4C5F7", "#70AAFE", "#3A8FFE", "#0371E4", "#0454AA"),
    long_classes=("#F5F0EC", "#F1D6C2", "#F9AC73", "#F18225", "#D16904", "#AA5301", "#7F3D00"),
)

DARK = Colours(
    paper="#14171C",
    ink="#ECEEF1",
    muted="#A3ACB7",
    axis="#7E8894",
    rule="#333A44",
    short="#4FB0F5",
    short_text="#6CBDFB",
    long="#E8920F",
    long_text="#F5A742",
    short_classes=("#1F2329", "#2B3540", "#2C506C", "#226EA1", "#1C8CD2", "#4CAEF4", "#A1D4FF"),
    long_classes=("#222223", "#3D3225", "#68410E", "#8F5501", "#B66D00", "#E18906", "#FFBA69"),
)


def colours(theme: Theme) -> Colours:
    """Give the colours of a theme."""
    return DARK if theme == "dark" else LIGHT


def rgb(colour: Colour) -> tuple[int, int, int]:
    """Split `#RRGGBB` into three numbers from 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
