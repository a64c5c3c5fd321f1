"""Every colour of the product, light and dark: page, charts, mail, PDF and backtest take theirs from here.

Blue is shorts liquidated (above the price), orange longs liquidated (below), ink is everything else; red and green are
not used for either side. Both sides have the same lightness in the same class, so that a grey print keeps the
magnitude; the steps of density are two CAM02-UCS ramps, one hue a side, pale outside zones and loud inside them alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final, Literal, TypeAlias, get_args

from reportgen.units import Side

Theme: TypeAlias = Literal["light", "dark"]
Colour: TypeAlias = str
"""`#RRGGBB`."""
Role: TypeAlias = Literal[
    "ink", "paper", "muted", "axis", "rule", "warn", "gone",
    "short", "short_text", "short_1", "short_2", "short_3", "short_4", "short_z1", "short_z2", "short_z3",
    "long", "long_text", "long_1", "long_2", "long_3", "long_4", "long_z1", "long_z2", "long_z3",
]  # fmt: skip
"""What a chart's colour is for: the name of a field of Colours."""
CHART_ROLES: Final[tuple[Role, ...]] = get_args(Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """The colours of one theme; style sheets know each by its name, with dashes.

    Attributes:
        back: Around a mail. paper: background. panel: a box on it.
        rule: faint lines on which nothing depends. rule_strong: the line above a page.
        ink: text, candles, price. muted: secondary text. link: text that leads somewhere.
        short, long: graphics of a side. *_text: text in its hue. *_tint: a ground in it.
        mark, track, axis: graphics that are neither side; the last for lines, never text.
        ok, warn, bad: state, only ever beside a shape and a word. *_tint: a ground for each.
        gone: hatching over what stood there and is gone.
        short_1 to short_4, long_1 to long_4: the four pale steps of density outside zones, palest first.
        short_z1 to short_z3, long_z1 to long_z3: the three loud ones inside a zone.
    """

    back: Colour
    paper: Colour
    panel: Colour
    rule: Colour
    rule_strong: Colour
    ink: Colour
    muted: Colour
    link: Colour
    short: Colour
    short_text: Colour
    short_tint: Colour
    long: Colour
    long_text: Colour
    long_tint: Colour
    mark: Colour
    track: Colour
    axis: Colour
    ok: Colour
    warn: Colour
    bad: Colour
    ok_tint: Colour
    warn_tint: Colour
    bad_tint: Colour
    gone: Colour
    short_1: Colour
    short_2: Colour
    short_3: Colour
    short_4: Colour
    long_1: Colour
    long_2: Colour
    long_3: Colour
    long_4: Colour
    short_z1: Colour
    short_z2: Colour
    short_z3: Colour
    long_z1: Colour
    long_z2: Colour
    long_z3: Colour

    def of(self, role: Role) -> Colour:
        """Give the colour of a chart's role."""
        colour: Colour = getattr(self, role)
        return colour

    def side(self, side: Side) -> Colour:
        """Give the graphics colour of a side."""
        return self.short if side is Side.SHORT else self.long

    def variables(self) -> Iterator[tuple[str, Colour]]:
        """Give the variables of a style sheet: name, colour."""
        named = ((field.name.replace("_", "-"), getattr(self, field.name)) for field in fields(self))
        return ((name, colour) for name, colour in named if isinstance(colour, str))


PALE_EDGES = (0.25, 0.5, 1.0, 1.5)
ZONE_EDGES = (0.25, 1.0, 2.0)
"""Lower edges of the steps of density, percent of the side's mass now per 0.1 % of price; never from the day's data."""

LIGHT = Colours(
    back="#EEF0F2",
    paper="#FFFFFF",
    panel="#F5F6F4",
    rule="#D9DCE0",
    rule_strong="#16191D",
    ink="#16191D",
    muted="#5A626C",
    link="#0B58AE",
    short="#0560C2",
    short_text="#0B58AE",
    short_tint="#E6EFFB",
    long="#A85400",
    long_text="#974B00",
    long_tint="#FBEBDD",
    mark="#3C444D",
    track="#E3E5E8",
    axis="#767E88",
    ok="#1F6B3A",
    warn="#8A5300",
    bad="#A3232B",
    ok_tint="#E7F3EA",
    warn_tint="#FBF0DC",
    bad_tint="#FBE9E8",
    gone="#BFC4CB",
    short_1="#EFF1F4",
    short_2="#DCE5F3",
    short_3="#BDD3F3",
    short_4="#9DC0F2",
    long_1="#F5F0EC",
    long_2="#F6E3D4",
    long_3="#F5CFB2",
    long_4="#F4BC92",
    short_z1="#3A8FFE",
    short_z2="#0371E4",
    short_z3="#0454AA",
    long_z1="#D16904",
    long_z2="#AA5301",
    long_z3="#7F3D00",
)

DARK = Colours(
    back="#0B0D10",
    paper="#14171C",
    panel="#1C2027",
    rule="#333A44",
    rule_strong="#ECEEF1",
    ink="#ECEEF1",
    muted="#A3ACB7",
    link="#6CBDFB",
    short="#4FB0F5",
    short_text="#6CBDFB",
    short_tint="#15293A",
    long="#E8920F",
    long_text="#F5A742",
    long_tint="#33240F",
    mark="#C3CAD2",
    track="#2F353E",
    axis="#7E8894",
    ok="#6CC58A",
    warn="#E9B456",
    bad="#F28B82",
    ok_tint="#17291D",
    warn_tint="#2E2514",
    bad_tint="#33201F",
    gone="#4A525D",
    short_1="#1F2329",
    short_2="#24303D",
    short_3="#28405A",
    short_4="#2B5279",
    long_1="#222223",
    long_2="#33291F",
    long_3="#4A3518",
    long_4="#624313",
    short_z1="#1C8CD2",
    short_z2="#4CAEF4",
    short_z3="#A1D4FF",
    long_z1="#B66D00",
    long_z2="#E18906",
    long_z3="#FFBA69",
)


def colours(theme: Theme) -> Colours:
    """Give the colours of a theme."""
    return DARK if theme == "dark" else LIGHT


def rgb(colour: Colour) -> tuple[int, int, int]:
    """Split `#RRGGBB` into three numbers from 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


_LINEAR_TO, _SLOPE, _OFFSET, _SCALE, _GAMMA = 0.04045, 12.92, 0.055, 1.055, 2.4
_WEIGHTS, _FLARE, _MIDDLE = (0.2126, 0.7152, 0.0722), 0.05, 0.18
"""Of sRGB and of WCAG 2's contrast; a paper lighter than the middle grey wants darker colours."""


def contrast(one: Colour, other: Colour) -> float:
    """Give the contrast ratio of two colours, 1 to 21 (WCAG 2)."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + _FLARE) / (low + _FLARE)


def _luminance(colour: Colour) -> float:
    parts = (part / 255 for part in rgb(colour))
    linear = (v / _SLOPE if v <= _LINEAR_TO else ((v + _OFFSET) / _SCALE) ** _GAMMA for v in parts)
    return sum(weight * value for weight, value in zip(_WEIGHTS, linear, strict=True))


def with_contrast(colour: Colour, paper: Colour, least: float) -> Colour:
    """Give the nearest shade or tint of a colour that stands out from a paper so much; itself where it does."""
    end = 0 if _luminance(paper) > _MIDDLE else 255
    for part in range(101):
        red, green, blue = (round(c + (end - c) * part / 100) for c in rgb(colour))
        if contrast(made := f"#{red:02X}{green:02X}{blue:02X}", paper) >= least:
            return made
    return made
