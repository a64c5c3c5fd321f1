"""A drawing as a PNG, for mails and posts that show no SVG: matplotlib without axes, layout or global state.

Stands inside the last arrow, Brief -> bytes. Words are outlines of the product's own font; a fixed palette keeps the
file small and its background exact, and gives the same bytes for the same drawing.
"""

from __future__ import annotations

import io
import re
from functools import cache
from typing import Any, Final

import numpy as np
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font
from matplotlib.ft2font import LoadFlags
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.transforms import Affine2D
from PIL import Image

from reportgen.render.charts.surface import Drawing, Group, Mark, Raster, Text, text_width
from reportgen.render.colours import CHART_ROLES, Colours, Theme, colours, rgb
from reportgen.render.fonts import OUR_CHARACTERS, Weight, font_path, foreign_width, lender
from reportgen.units import Floats

_DPI: Final = 100
_POINTS_PER_PIXEL: Final = 72 / _DPI
_EM: Final = 1000  # pixels at which outlines are read
_UNJOINED: Final = re.compile(r"[\u0590-\u08ff\ufb1d-\ufefc][\s\u0590-\u08ff\ufb1d-\ufefc]*")
"""Words from right to left, whose letters FreeType alone does not join; the text of mail and post has them."""
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


def png(drawing: Drawing, *, theme: Theme = "light", scale: float = 2.0) -> bytes:
    """Paint a drawing.

    Args:
        drawing: What.
        theme: Light or dark.
        scale: Device pixels per unit of the drawing.

    Returns:
        A PNG with a palette and an opaque ground.
    """
    with rc_context(_SETTINGS):  # a reader's own matplotlibrc may not change a picture
        paint = colours(theme)
        size = (drawing.width / _DPI, drawing.height / _DPI)
        figure = Figure(figsize=size, dpi=_DPI * scale, facecolor=paint.paper)
        canvas = FigureCanvasAgg(figure)
        to_pixels = Affine2D().scale(scale, -scale).translate(0, figure.bbox.height)
        for order, made in enumerate(artist for mark in drawing.marks for artist in _artists(mark, paint, scale)):
            made.set_transform(to_pixels)
            made.set_zorder(order)
            figure.add_artist(made)
        canvas.draw()  # type: ignore[no-untyped-call]
        pixels = canvas.buffer_rgba()  # type: ignore[no-untyped-call]
        drawn = Image.frombuffer("RGBA", canvas.get_width_height(), pixels, "raw", "RGBA", 0, 1)
    flat = drawn.convert("RGB").quantize(palette=_palette(theme), dither=Image.Dither.NONE)
    written = io.BytesIO()
    flat.save(written, "PNG", compress_level=9)
    return written.getvalue()


def _artists(mark: Mark, paint: Colours, scale: float) -> list[Artist]:
    """Turn a mark into what matplotlib draws."""
    if isinstance(mark, Group):
        return [made for one in mark.marks for made in _artists(one, paint, scale)]
    if isinstance(mark, Raster):
        return [_Cells(mark, paint, scale)]
    if isinstance(mark, Text):
        # Set a text as outlines; runs of several colours become one patch of the first, unless they differ.
        parts: list[tuple[str, Path]] = []
        at = 0.0
        for run in mark.runs:
            words = _UNJOINED.sub("…", run.words)
            parts.append((paint.of(run.role), _outline(at, words, mark.size, run.weight)))
            at += text_width(words, mark.size, run.weight)
        start = {"left": 0.0, "center": 0.5, "right": 1.0}[mark.align] * at
        turn = Affine2D().translate(-start, 0)
        turn = turn.rotate_deg(-90) if mark.turned else turn
        turn = turn.translate(mark.x, mark.y)
        return [_Words([(colour, turn.transform_path(path)) for colour, path in parts])]
    paths = [np.asarray(path) for path in mark.paths]
    if not paths or mark.opacity == 0:
        return []
    stroke = "none" if mark.stroke is None else paint.of(mark.stroke)
    width = mark.width * _POINTS_PER_PIXEL if mark.stroke else 0
    dashes = (0, tuple(dash / mark.width for dash in mark.dashes)) if mark.dashes else "solid"
    opacity = mark.opacity if mark.opacity < 1 else None
    if mark.closed:
        fill = "none" if mark.fill is None else paint.of(mark.fill)
        areas = PolyCollection(
            paths, facecolors=fill, edgecolors=stroke, linewidths=width, linestyles=[dashes], alpha=opacity
        )
        return [areas]
    lines = LineCollection(paths, colors=stroke, linewidths=width, linestyles=[dashes], alpha=opacity)
    lines.set_capstyle("butt")
    lines.set_joinstyle("miter")
    return [lines]


class _Words(Artist):
    """Outlines of several colours as one artist."""

    def __init__(self, parts: list[tuple[str, Path]]) -> None:
        """Keep them."""
        super().__init__()
        self._patches = [PathPatch(path, facecolor=colour, linewidth=0) for colour, path in parts]

    def draw(self, renderer: RendererBase) -> None:
        """Draw each."""
        for patch in self._patches:
            patch.set_figure(self.get_figure())  # type: ignore[arg-type]
            patch.set_transform(self.get_transform())
            patch.draw(renderer)


def _outline(x: float, words: str, size: float, weight: Weight) -> Path:
    """Set words with their baseline at 0, from x to the right; y runs downwards."""
    vertices, codes, at = [np.zeros((0, 2))], [np.zeros(0, dtype=np.uint8)], 0.0
    for character in words:
        points, kinds = _glyph(weight, character)
        vertices.append(points + np.array([at, 0.0]))
        codes.append(kinds)
        at += text_width(character, 1.0, weight)
    return Path(np.concatenate(vertices) * np.array([size, -size]) + np.array([x, 0.0]), np.concatenate(codes))


@cache
def _glyph(weight: Weight, character: str) -> tuple[Floats, Any]:
    """Read a character's outline at a size of one; one that no font here has becomes an empty box."""
    lent = None if character in OUR_CHARACTERS else lender(character)
    font = get_font(lent.path if lent else str(font_path(weight)))
    font.set_size(_EM, 72)
    there = font.get_char_index(ord(character))
    if not there and foreign_width(character) == 0:  # a mark that only turns or joins what stands around it
        return np.zeros((0, 2)), np.zeros(0, dtype=np.uint8)
    font.load_glyph(there, flags=LoadFlags.NO_HINTING)
    vertices, codes = font.get_path()
    return vertices / _EM, codes.astype(np.uint8)


class _Cells(Artist):
    """Cells blown up to whole pixels, so that nothing blurs them."""

    def __init__(self, raster: Raster, paint: Colours, scale: float) -> None:
        """Lay every pixel on its cell."""
        super().__init__()
        left, top = round(raster.x * scale), round(raster.y * scale)
        right, bottom = round((raster.x + raster.width) * scale), round((raster.y + raster.height) * scale)
        rows, columns = raster.cells.shape
        row = ((np.arange(bottom - top) + 0.5) / (bottom - top) * rows).astype(np.int64)
        column = ((np.arange(right - left) + 0.5) / (right - left) * columns).astype(np.int64)
        look = [(*rgb(paint.of(role or "paper")), 0 if role is None else 255) for role in raster.roles]
        pixels = np.array(look, dtype=np.uint8)[raster.cells[row][:, column]]
        self._upwards = np.ascontiguousarray(pixels[::-1])
        self._place = (left, bottom)

    def draw(self, renderer: RendererBase) -> None:
        """Copy them."""
        left, bottom = self._place
        height = self.get_figure(root=True).bbox.height  # type: ignore[union-attr]
        renderer.draw_image(renderer.new_gc(), left, height - bottom, self._upwards)


@cache
def _palette(theme: Theme) -> Image.Image:
    """Make the palette of a theme: its colours, and the blends that smooth edges need."""
    holder = Image.new("P", (1, 1))
    holder.putpalette([part for colour in palette_colours(theme) for part in colour])
    return holder


def palette_colours(theme: Theme) -> tuple[tuple[int, int, int], ...]:
    """List the palette's colours without repetition, paper first."""
    paint = colours(theme)
    flat = ["paper", *(role for role in CHART_ROLES if role != "paper")]
    made = [rgb(paint.of(role)) for role in flat]  # type: ignore[arg-type]
    steps = {
        "ink": 8,
        "muted": 6,
        "short_text": 6,
        "long_text": 6,
        "axis": 4,
        "gone": 4,
        "warn": 4,
        "short": 6,
        "long": 6,
    }
    for role, count in steps.items():
        made += [_mix(paint.of(role), paint.paper, part / count) for part in range(1, count)]  # type: ignore[arg-type]
    grounds = [role for role in CHART_ROLES if role[-1].isdigit()]
    made += [_mix(paint.ink, paint.of(role), part / 4) for role in grounds for part in (1, 2, 3)]
    made += [_mix(paint.paper, paint.of(role), 0.5) for role in grounds]
    made += [_mix(paint.of(role), paint.paper, part) for role in ("short", "long") for part in (0.18,)]
    made += [_mix(paint.ink, paint.paper, part) for part in (0.05, 0.1)]
    return tuple(dict.fromkeys(made))


def _mix(one: str, other: str, part: float) -> tuple[int, int, int]:
    red, green, blue = (round(a + (b - a) * (1 - part)) for a, b in zip(rgb(one), rgb(other), strict=True))
    return red, green, blue
