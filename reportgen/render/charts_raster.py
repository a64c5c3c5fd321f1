"""The coloured ground of the heatmap: two sides' levels become one image, pixel by pixel.

Stands inside the last arrow, Brief -> bytes. Each device pixel takes the cell it lies in, so that nothing is blended
and a colour always means its class.
"""

from __future__ import annotations

import base64
import binascii
import zlib

import numpy as np
from numpy.typing import NDArray

from reportgen.brief import HeatmapPicture
from reportgen.errors import RenderError
from reportgen.render.charts_frame import Frame
from reportgen.render.colours import CLASS_EDGES, Colours, rgb
from reportgen.units import HOUR_MS, Milliseconds

_ROUNDING = 1e-9  # a level that should stand exactly on an edge belongs to the class above it


def levels(packed: str, rows: int, columns: int) -> NDArray[np.uint8]:
    """Unpack one side's levels.

    Returns:
        Shape (rows, columns), row 0 lowest.

    Raises:
        RenderError: The text is damaged or does not fill the grid.
    """
    try:
        size = rows * columns
        raw = zlib.decompressobj().decompress(base64.b64decode(packed, validate=True), size + 1)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise RenderError(f"The brief's heatmap is damaged ({error}): make the brief again.") from error
    if len(raw) != size:
        raise RenderError(f"The brief's heatmap does not hold {rows} x {columns} cells: make the brief again.")
    return np.frombuffer(raw, dtype=np.uint8).reshape(rows, columns)


def column_ms(picture: HeatmapPicture) -> Milliseconds:
    """Measure the length of a column: the usual step between their ends, an hour when there is only one."""
    return int(np.median(np.diff(picture.time_ms))) if picture.columns > 1 else HOUR_MS


def classes(picture: HeatmapPicture) -> NDArray[np.uint8]:
    """Class every cell: 0 is paper, 1-7 shorts, 8-14 longs; where both sides have mass the larger wins.

    Returns:
        Shape (rows, columns).
    """
    short = levels(picture.short_levels, picture.rows, picture.columns)
    long = levels(picture.long_levels, picture.rows, picture.columns)
    value = np.arange(256) * picture.level_step + _ROUNDING
    of_level = np.searchsorted(CLASS_EDGES, value, side="right").astype(np.uint8)
    long_class = of_level[long]
    long_class[long_class > 0] += len(CLASS_EDGES)
    return np.where(short >= long, of_level[short], long_class)


def ground(picture: HeatmapPicture, frame: Frame, scale: float, colours: Colours) -> tuple[NDArray[np.uint8], int, int]:
    """Colour the heatmap.

    Args:
        picture: The map over time.
        frame: Its axes.
        scale: Device pixels per CSS pixel.
        colours: The theme's.

    Returns:
        An image of shape (height, width, 4), RGBA, and where its left and top edge lie, all in device pixels.
        A time without a column is paper.
    """
    left, right, top, bottom = (round(edge * scale) for edge in (frame.left, frame.right, frame.top, frame.bottom))
    span = frame.to_ms - frame.from_ms
    time_ms = frame.from_ms + (np.arange(right - left) + 0.5) / (right - left) * span
    column = np.minimum(np.searchsorted(picture.time_ms, time_ms), picture.columns - 1)
    known = time_ms > np.asarray(picture.time_ms)[column] - column_ms(picture)
    part = (np.arange(bottom - top) + 0.5) / (bottom - top)
    row = np.clip(((1 - part) * picture.rows).astype(np.int64), 0, picture.rows - 1)
    cells = np.where(known, classes(picture)[:, column], 0)
    flat = (colours.paper, *colours.short_classes, *colours.long_classes)
    paint = np.array([(*rgb(colour), 255) for colour in flat], dtype=np.uint8).view(np.uint32)[:, 0]
    return paint[cells][row].view(np.uint8).reshape(bottom - top, right - left, 4), left, top
