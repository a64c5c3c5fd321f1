"""Words as outlines: each glyph is read once from the font's file, so that text costs little and needs no layout.

Stands inside the last arrow, Brief -> bytes. Outlines carry no hinting, so spacing is the designer's at every size.
Kerning is left out: the labels are mostly digits, which have one width.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from matplotlib.font_manager import get_font
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.path import Path
from numpy.typing import NDArray

from reportgen.render.fonts import Weight, font_path
from reportgen.units import Floats

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
