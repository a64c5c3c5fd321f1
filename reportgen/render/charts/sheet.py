"""A sheet to draw on in CSS pixels, and its PNG: matplotlib without axes, layout or global state.

Stands inside the last arrow, Brief -> bytes. Fixed places need no layout engine, which is most of what a plot costs;
a fixed palette makes the PNG small and its background exact, and gives the same bytes for the same drawing.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox
from numpy.typing import NDArray
from PIL import Image

from reportgen.render.charts.labels import Box
from reportgen.render.colours import Colour, Theme, colours, rgb
from reportgen.render.fonts import Weight, font_path
from reportgen.units import Floats

# ---- Words as outlines: each glyph is read once from the font's file, so that text costs little and needs no layout --
_EM = 1000  # pixels at which outlines are read
_FIXED_POINT = 65_536  # FreeType's 16.16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Glyph:
    """One character at a size of one: vertices (n, 2) with y upwards, path codes (n,), and the way to the next."""

    vertices: Floats
    codes: NDArray[np.uint8]
    advance: float


@cache
def glyph(weight: Weight, character: str) -> Glyph:
    """Read a character's outline; one that the font lacks becomes its empty box."""
    font = _font(weight)
    font.set_size(_EM, 72)
    loaded = font.load_char(ord(character), flags=LoadFlags.NO_HINTING)
    vertices, codes = font.get_path()
    return Glyph(
        vertices=vertices / _EM, codes=codes.astype(np.uint8), advance=loaded.linearHoriAdvance / _FIXED_POINT / _EM
    )


@cache
def _font(weight: Weight) -> FT2Font:
    return get_font(str(font_path(weight)))


@cache
def text_width(words: str, size: float, weight: Weight = 400) -> float:
    """Measure words, in the unit of `size`."""
    return sum(glyph(weight, character).advance for character in words) * size


def outline(x: float, y: float, words: str, size: float, weight: Weight) -> Path:
    """Set words with their baseline at y, from x to the right; y runs downwards."""
    vertices, codes, at = [np.zeros((0, 2))], [np.zeros(0, dtype=np.uint8)], 0.0
    for character in words:
        one = glyph(weight, character)
        vertices.append(one.vertices + np.array([at, 0.0]))
        codes.append(one.codes)
        at += one.advance
    return Path(np.concatenate(vertices) * np.array([size, -size]) + np.array([x, y]), np.concatenate(codes))


Pixels: TypeAlias = NDArray[np.uint8]
Align: TypeAlias = Literal["left", "center", "right"]

_DPI = 100
_POINTS_PER_PIXEL = 72 / _DPI

_SETTINGS: Final[dict[Any, Any]] = {
    "agg.path.chunksize": 0,
    "lines.antialiased": True,
    "lines.scale_dashes": True,
    "patch.antialiased": True,
    "path.effects": [],
    "path.simplify": True,
    "path.simplify_threshold": 1 / 9,
    "path.sketch": None,
    "path.snap": True,
}


def house_settings() -> AbstractContextManager[None]:
    """Hold matplotlib's settings while drawing: a reader's own matplotlibrc may not change a brief."""
    return rc_context(_SETTINGS)


class Sheet:
    """One figure of fixed size. x runs right and y down, in CSS pixels; later drawings lie over earlier ones."""

    def __init__(self, width: float, height: float, scale: float, theme: Theme) -> None:
        """Lay out paper.

        Args:
            width: CSS pixels.
            height: CSS pixels.
            scale: Device pixels per CSS pixel.
            theme: Light or dark.
        """
        self.scale = scale
        self.theme = theme
        self.colours = colours(theme)
        size = (width / _DPI, height / _DPI)
        self._figure = Figure(figsize=size, dpi=_DPI * scale, facecolor=self.colours.paper)
        self._canvas = FigureCanvasAgg(self._figure)
        self._height = self._figure.bbox.height
        self._pixels = Affine2D().scale(scale, -scale).translate(0, self._height)
        self._order = 0
        self._words: dict[Colour, list[Path]] = {}

    def rectangles(self, boxes: Floats, fill: Sequence[Colour] | Colour, **style: Any) -> None:  # noqa: ANN401 - passed on
        """Fill rectangles.

        Args:
            boxes: Shape (n, 4): left, top, right, bottom.
            fill: One colour, or one each.
            style: `edge` colour, line `width`, `alpha`, `clip` Box.
        """
        left, top, right, bottom = np.asarray(boxes, dtype=float).reshape(-1, 4).T
        corners = np.stack([left, top, right, top, right, bottom, left, bottom], axis=-1).reshape(-1, 4, 2)
        self.polygons(corners, fill, **style)

    def polygons(
        self,
        corners: Floats,
        fill: Sequence[Colour] | Colour,
        *,
        edge: Colour | Literal["none"] = "none",
        width: float = 0.0,
        alpha: float | None = None,
        clip: Box | None = None,
    ) -> None:
        """Fill polygons, corners of shape (n, corners, 2)."""
        made = PolyCollection(
            list(corners), facecolors=fill, edgecolors=edge, linewidths=width * _POINTS_PER_PIXEL, alpha=alpha
        )
        self._add(made, clip)

    def lines(
        self,
        points: Floats,
        colour: Colour,
        width: float,
        *,
        alpha: float | None = None,
        dashes: tuple[float, ...] = (),
        clip: Box | None = None,
    ) -> None:
        """Draw lines of shape (n, points, 2), butt ends; dashes are in pixels."""
        made = LineCollection(list(points), colors=colour, linewidths=width * _POINTS_PER_PIXEL, alpha=alpha)
        made.set_capstyle("butt")
        made.set_joinstyle("miter")
        if dashes:
            made.set_linestyle((0, tuple(dash / width for dash in dashes)))  # matplotlib scales dashes by the width
        self._add(made, clip)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float,
        colour: Colour,
        *,
        weight: Weight = 400,
        align: Align = "left",
    ) -> None:
        """Write words with their baseline at y, over everything drawn before or after; nothing in them is markup."""
        shift = {"left": 0.0, "center": 0.5, "right": 1.0}[align] * text_width(words, size, weight)
        self._words.setdefault(colour, []).append(outline(x - shift, y, words, size, weight))

    def picture(self, pixels: Pixels, left: int, top: int) -> None:
        """Place an image of shape (rows, columns, 4), RGBA, in device pixels from the top left."""
        self._add(_Pixels(pixels, left, self._height - top - len(pixels)), None)

    def png(self) -> bytes:
        """Draw everything and encode it with the theme's palette; the same drawing gives the same bytes."""
        for colour, paths in self._words.items():
            self._add(PathPatch(Path.make_compound_path(*paths), facecolor=colour, linewidth=0), None)
        self._canvas.draw()  # type: ignore[no-untyped-call]
        pixels = self._canvas.buffer_rgba()  # type: ignore[no-untyped-call]
        drawn = Image.frombuffer("RGBA", self._canvas.get_width_height(), pixels, "raw", "RGBA", 0, 1)
        flat = drawn.convert("RGB").quantize(palette=_palette(self.theme), dither=Image.Dither.NONE)
        written = io.BytesIO()
        flat.save(written, "PNG", compress_level=6)
        return written.getvalue()

    def _add(self, made: Artist, clip: Box | None) -> None:
        made.set_transform(self._pixels)
        if clip is not None:
            corners = self._pixels.transform([(clip.left, clip.bottom), (clip.right, clip.top)])
            made.set_clip_box(Bbox(corners))
        made.set_zorder(self._order)
        self._order += 1
        self._figure.add_artist(made)


class _Pixels(Artist):
    """An image that is already as large as it will be seen, so that nothing resamples it."""

    def __init__(self, pixels: Pixels, left: float, bottom: float) -> None:
        """Keep the pixels, and their place from the bottom left of the figure in device pixels."""
        super().__init__()
        self._upwards = np.ascontiguousarray(pixels[::-1])
        self._place = (left, bottom)

    def draw(self, renderer: RendererBase) -> None:
        """Copy them."""
        renderer.draw_image(renderer.new_gc(), *self._place, self._upwards)


@cache
def _palette(theme: Theme) -> Image.Image:
    """Make the palette of a theme: its colours, and the blends that smooth edges need."""
    holder = Image.new("P", (1, 1))
    holder.putpalette([part for colour in palette_colours(theme) for part in colour])
    return holder


def palette_colours(theme: Theme) -> tuple[tuple[int, int, int], ...]:
    """List the palette's colours without repetition, paper first."""
    c = colours(theme)
    flat = (c.paper, c.ink, c.muted, c.axis, c.rule, c.short, c.short_text, c.long, c.long_text)
    classes = (*c.short_classes, *c.long_classes)
    made = [rgb(colour) for colour in (*flat, *classes)]
    for text, steps in ((c.ink, 8), (c.muted, 6), (c.short_text, 6), (c.long_text, 6)):
        made += [_mix(text, c.paper, part / steps) for part in range(1, steps)]
    made += [_mix(c.ink, colour, part / 4) for colour in (*classes, c.short, c.long) for part in (1, 2, 3)]
    made += [_mix(c.paper, colour, 0.5) for colour in classes]
    return tuple(dict.fromkeys(made))


def _mix(one: Colour, other: Colour, part: float) -> tuple[int, int, int]:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(rgb(one), rgb(other), strict=True))
    return red, green, blue
