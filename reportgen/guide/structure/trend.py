"""Which way and how straight price went: efficiency, momentum, and whether it fades."""

from __future__ import annotations

import math

import numpy as np

from reportgen.units import Floats


def efficiency(close: Floats) -> float:
    """Return net move over path: how straight price went (Kaufman's efficiency ratio, signed).

    Args:
        close: Shape (n,), > 0.

    Returns:
        In [-1, 1]: 1 when every bar rose, -1 when every bar fell, 0 when price ended where it began or never moved.
    """
    moves = np.diff(np.log(close))
    path = float(np.abs(moves).sum())
    return float(moves.sum()) / path if path > 0 else 0.0


def momentum(close: Floats, window: int) -> float:
    """Return the move of the last bars in units of what so many bars usually move.

    Args:
        close: Shape (n,), > 0; all of it tells the usual size of a bar's move (root mean square of log returns).
        window: Bars of the move, 1 <= window < n.

    Returns:
        A z-score; 0 when price never moved.
    """
    moves = np.diff(np.log(close))
    usual = math.sqrt(float((moves**2).mean()) * window)
    return float(moves[-window:].sum()) / usual if usual > 0 else 0.0


def fading(close: Floats, window: int) -> float:
    """Return how much of a move came early: the earlier half's part minus the later half's.

    Args:
        close: Shape (n,), > 0.
        window: Bars of the move, even, 2 <= window < n.

    Returns:
        In [-1, 1]: 0 for a steady pace, towards 1 when the later half stalls or turns back, towards -1 when the move
        speeds up; 0 when there is no move.
    """
    path = np.log(close[-window - 1 :])
    middle = window // 2
    early, late = float(path[middle] - path[0]), float(path[-1] - path[middle])
    whole = abs(early) + abs(late)
    return math.copysign(1.0, early + late) * (early - late) / whole if whole > 0 else 0.0
