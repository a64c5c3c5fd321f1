"""The coloured ground of the past: what still stands of the map at each price and hour, and what is gone since.

Stands inside the last arrow, Brief -> bytes. One denominator, today's: a cell is the smaller of the mass then and now,
so the right edge is the profile now, and only rows inside a zone are loud.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reportgen.brief.types import SymbolBrief
from reportgen.errors import RenderError
from reportgen.liquidation.picture import HeatmapPicture
from reportgen.render.charts.axes import Frame
from reportgen.render.charts.surface import Raster
from reportgen.render.colours import PALE_EDGES, ZONE_EDGES, Role
from reportgen.units import HOUR_MS, Bools, Milliseconds, Side

ROLES: Final[tuple[Role | None, ...]] = (
    "paper", None,
    "short_1", "short_2", "short_3", "short_4", "short_z1", "short_z2", "short_z3",
    "long_1", "long_2", "long_3", "long_4", "long_z1", "long_z2", "long_z3",
)  # fmt: skip
_GONE: Final = 1
_FIRST: Final = {Side.SHORT: 2, Side.LONG: 9}
"""A side's palest step among the roles; its zone steps follow its pale ones."""
_GONE_FROM: Final = 0.5
"""Percent of the side per 0.1 % of price that must have stood there to be missed."""
_ROUNDING: Final = 1e-9  # a level that should stand exactly on an edge belongs to the step above it


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


def classes(picture: HeatmapPicture, symbol: SymbolBrief, rows: tuple[int, int]) -> NDArray[np.uint8]:
    """Class some rows of cells by ROLES: nothing, gone, or a step of the side that stands there now.

    Args:
        picture: The map over time.
        symbol: Whose zones are loud.
        rows: The first, and the one after the last.

    Returns:
        Shape (rows, columns), the lowest row first.
    """
    shown = slice(*rows)
    packed = {Side.SHORT: picture.short_levels, Side.LONG: picture.long_levels}
    then = {side: levels(text, picture.rows, picture.columns)[shown] for side, text in packed.items()}
    stands = {side: np.minimum(mass, mass[:, -1:]) for side, mass in then.items()}
    gone = np.maximum(*then.values()) - np.maximum(*stands.values())
    made = np.where(gone * picture.level_step >= _GONE_FROM - _ROUNDING, np.uint8(_GONE), np.uint8(0))
    percent = np.arange(256) * picture.level_step + _ROUNDING
    for side, mass in stands.items():
        # What a level is called, outside zones and inside.
        pale, loud = (np.searchsorted(edges, percent, side="right") for edges in (PALE_EDGES, ZONE_EDGES))
        loud[loud > 0] += len(PALE_EDGES)
        called = np.stack([pale, loud])
        called[called > 0] += _FIRST[side] - 1
        step = called.astype(np.uint8)[zone_rows(picture, symbol, side)[shown, np.newaxis].astype(np.intp), mass]
        made = np.where(step > 0, step, made)
    return made


def zone_rows(picture: HeatmapPicture, symbol: SymbolBrief, side: Side) -> Bools:
    """Mark the rows whose middle lies in a zone of a side; shape (rows,)."""
    middle = picture.price_low * np.exp(picture.row_log_step * (np.arange(picture.rows) + 0.5))
    inside = np.zeros(picture.rows, dtype=bool)
    for zone in symbol.zones:
        if zone.liquidated_side is side:
            inside |= (middle >= zone.low) & (middle <= zone.high)
    return inside


def ground(picture: HeatmapPicture, symbol: SymbolBrief, frame: Frame, rows: tuple[int, int]) -> Raster | None:
    """Colour the past, one pixel a cell.

    Args:
        picture: The map over time.
        symbol: Whose; its zones are loud.
        frame: Its axes; from_ms lies on the edge of a column.
        rows: First row, and the one after the last, that the frame shows.
    """
    width = column_ms(picture)
    ends = np.asarray(picture.time_ms)
    shown = np.flatnonzero(ends - width >= frame.from_ms)
    if not len(shown):
        return None
    cells = classes(picture, symbol, rows)[::-1, shown]
    # A time without a column shows nothing: columns lie where their hours are.
    at = (ends[shown] - frame.from_ms) // width - 1
    laid = np.zeros((len(cells), (frame.now_ms - frame.from_ms) // width), dtype=np.uint8)
    inside = at < laid.shape[1]
    laid[:, at[inside]] = cells[:, inside]
    form = frame.form
    return Raster(x=form.left, y=form.top, width=form.past, height=form.bottom - form.top, cells=laid, roles=ROLES)
