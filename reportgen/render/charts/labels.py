"""Where labels go so that none lies over another: the stack at the right edge, and levels beside the candles.

Stands inside the last arrow, Brief -> bytes: numbers in, numbers out; `charts_heatmap` draws with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from reportgen.units import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle in CSS pixels, y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Tell whether two boxes share any area."""
        beside = self.right <= other.left or other.right <= self.left
        return not (beside or self.bottom <= other.top or other.bottom <= self.top)


def stack(
    wanted: Sequence[float], heights: Sequence[float], pinned: int, *, top: float, bottom: float, gap: float
) -> tuple[float, ...]:
    """Push labels outward from a pinned one until none overlap, and back inside when they leave the figure.

    Args:
        wanted: Middle that each label would like, from top to bottom in the order that is kept.
        heights: Of each label.
        pinned: Which one stays while there is room (the price).
        top: Where the stack may begin.
        bottom: Where it must end.
        gap: Least space between two.

    Returns:
        The middle of each label.
    """
    middle = list(wanted)
    apart = [(above + below) / 2 + gap for above, below in pairwise(heights)]
    for i in range(pinned - 1, -1, -1):
        middle[i] = min(middle[i], middle[i + 1] - apart[i])
    for i in range(pinned + 1, len(middle)):
        middle[i] = max(middle[i], middle[i - 1] + apart[i - 1])
    middle[0] = max(middle[0], top + heights[0] / 2)
    for i in range(1, len(middle)):
        middle[i] = max(middle[i], middle[i - 1] + apart[i - 1])
    middle[-1] = min(middle[-1], bottom - heights[-1] / 2)
    for i in range(len(middle) - 2, -1, -1):
        middle[i] = min(middle[i], middle[i + 1] - apart[i])
    return tuple(middle)


def clear_spot(
    width: float, rows: tuple[float, float], span: tuple[float, float], obstacles: Sequence[Box], steps: Floats
) -> Box:
    """Find the leftmost place for a label at a fixed height where it covers nothing, else the least bad one.

    Args:
        width: Of the label.
        rows: Its top and bottom.
        span: Left and right end of the room.
        obstacles: What should stay visible: candles, labels already placed.
        steps: Shape (n,), left edges to try, ascending.
    """
    near = [box for box in obstacles if box.bottom > rows[0] and box.top < rows[1]]
    best: tuple[int, Box] | None = None
    for left in (span[0], *steps.tolist()):
        if left < span[0] or left + width > span[1]:
            continue
        box = Box(left=left, top=rows[0], right=left + width, bottom=rows[1])
        covered = sum(box.meets(other) for other in near)
        if not covered:
            return box
        if best is None or covered < best[0]:
            best = (covered, box)
    return best[1] if best else Box(left=span[0], top=rows[0], right=span[0] + width, bottom=rows[1])
