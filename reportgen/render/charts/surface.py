"""What can be drawn: a list of marks in one unit, which `svg` writes as text and `png` paints.

Stands inside the last arrow, Brief -> bytes. Colours are named by their role: one drawing serves light and dark.
x runs right and y down, in CSS pixels on screens and in points on paper; later marks lie over earlier ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reportgen.render.colours import Role
from reportgen.render.fonts import OUR_CHARACTERS, Weight, font_path, foreign_width

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

Point: TypeAlias = tuple[float, float]
Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom."""
Align: TypeAlias = Literal["left", "center", "right"]

_ABOVE, _BELOW = 0.8, 0.24
"""Of a text's size, what its letters take above and below the baseline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Lines or areas of one look.

    Attributes:
        paths: Each a line of points. closed: whether each ends where it began.
        fill, stroke: What areas and lines are coloured with, if at all; without both it can only be pointed at.
        width: of lines. dashes: on, off.
        opacity: of all of it. title: what it says when pointed at, or "".
    """

    paths: tuple[tuple[Point, ...], ...]
    closed: bool = False
    fill: Role | None = None
    stroke: Role | None = None
    width: float = 1.0
    dashes: tuple[float, ...] = ()
    opacity: float = 1.0
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Words of one look within a text."""

    words: str
    role: Role = "ink"
    weight: Weight = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One line of words with its baseline at y; turned, it reads upwards from x, y."""

    x: float
    y: float
    runs: tuple[Run, ...]
    size: float
    align: Align = "left"
    turned: bool = False

    @property
    def width(self) -> float:
        """How long it is."""
        return sum(text_width(run.words, self.size, run.weight) for run in self.runs)

    @property
    def left(self) -> float:
        """Where it begins."""
        return self.x - {"left": 0.0, "center": 0.5, "right": 1.0}[self.align] * self.width

    @property
    def box(self) -> Box:
        """What it covers, from the tops of its letters to their feet."""
        above, below = _ABOVE * self.size, _BELOW * self.size
        if self.turned:
            return self.x - above, self.y - self.width, self.x + below, self.y
        return self.left, self.y - above, self.left + self.width, self.y + below


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Raster:
    """Cells of one colour each, stretched without smoothing.

    Attributes:
        x, y, width, height: Where. cells: shape (rows, columns), numbers of `roles`, row 0 on top.
        roles: colours; None lets through what lies below.
    """

    x: float
    y: float
    width: float
    height: float
    cells: NDArray[np.uint8]
    roles: tuple[Role | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Marks that are one thing to a reader, which a keyboard can reach; label says what it is."""

    marks: tuple[Shape | Text, ...]
    label: str


Mark: TypeAlias = Shape | Text | Raster | Group


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawing:
    """A picture of fixed size; kind is its form, label says what it shows, for those who do not see it."""

    kind: str
    width: float
    height: float
    label: str
    marks: tuple[Mark, ...]


def box(left: float, top: float, right: float, bottom: float) -> tuple[Point, ...]:
    """Give the corners of a rectangle."""
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def area(paths: Iterable[Sequence[Point]], fill: Role, *, opacity: float = 1.0, title: str = "") -> Shape:
    """Fill areas."""
    return Shape(paths=tuple(tuple(path) for path in paths), closed=True, fill=fill, opacity=opacity, title=title)


def line(paths: Iterable[Sequence[Point]], stroke: Role, width: float, dashes: tuple[float, ...] = ()) -> Shape:
    """Draw lines."""
    return Shape(paths=tuple(tuple(path) for path in paths), stroke=stroke, width=width, dashes=dashes)


@cache
def text_width(words: str, size: float, weight: Weight = 400) -> float:
    """Measure words in the product's own font, in the unit of `size`; other scripts by a rule."""
    if OUR_CHARACTERS.issuperset(words):
        return float(_font(weight).getlength(words)) / _EM * size
    ours = "".join(one for one in words if one in OUR_CHARACTERS)
    return text_width(ours, size, weight) + size * sum(foreign_width(one) for one in words if one not in OUR_CHARACTERS)


_EM = 1000


@cache
def _font(weight: Weight) -> FreeTypeFont:
    from PIL import ImageFont

    return ImageFont.truetype(str(font_path(weight)), _EM, layout_engine=ImageFont.Layout.BASIC)
