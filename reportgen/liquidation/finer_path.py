"""A finer path than the bars': open interest in quote over open interest in base is a mark price at each snapshot.

Where snapshots come more often than bars, a bar is cut at each of them, so that what opened early in the bar can be
swept late in it. The bar's own extremes stay exactly what they were.
"""

from __future__ import annotations

import numpy as np

from reportgen.liquidation.deposits import Grid, Path
from reportgen.market.data import OpenInterest
from reportgen.units import Floats, Ints, Maybe, Milliseconds, Missing, Side


def along_marks(
    path: Path, grid: Grid, side: Side, interval_ms: Milliseconds, open_interest: Maybe[OpenInterest]
) -> Path:
    """Cut each bar at the snapshots inside it; bars without any, and every bar where there are no marks, stay whole.

    Args:
        path: n bars of one side.
        grid: Price bins of the path.
        side: Whose path it is.
        interval_ms: Length of a bar.
        open_interest: Snapshots with base and quote.

    Returns:
        At least n pieces. Those of one bar touch together what the bar touched and deposit what it deposited, by time.
    """
    marks = _marks(open_interest)
    if marks is None or not len(path.close_time_ms):
        return path
    time, price = marks
    place = grid.position(price) if side is Side.LONG else grid.bins - grid.position(price)
    bar = np.minimum(np.searchsorted(path.close_time_ms, time), len(path.close_time_ms) - 1)
    inside = (time > path.close_time_ms[bar] - interval_ms) & (time < path.close_time_ms[bar])
    every = np.concatenate([path.close_time_ms, time[inside]])
    order = np.argsort(every, kind="stable")
    whose = np.concatenate([np.arange(len(path.close_time_ms)), bar[inside]])[order]
    return _pieces(path, every[order], whose, np.concatenate([path.close, place[inside]])[order], interval_ms)


def _pieces(path: Path, end_ms: Ints, bar: Ints, end: Floats, interval_ms: Milliseconds) -> Path:
    """Lay out pieces that end at given moments and places, each of a known bar, ascending in time."""
    start_ms = path.close_time_ms[bar] - interval_ms
    before = np.concatenate([start_ms[:1], end_ms[:-1]])
    end = np.clip(end, path.near[bar], path.far[bar])
    begin = np.where(before >= start_ms, np.concatenate([end[:1], end[:-1]]), end)  # nothing is drawn over a gap
    begin = np.clip(begin, path.near[bar], path.far[bar])
    near, far = np.minimum(begin, end), np.maximum(begin, end)
    near[_first_of_each(bar, near)] = path.near
    far[_first_of_each(bar, -far)] = path.far
    share = (end_ms - np.maximum(before, start_ms)) / interval_ms
    return Path(close_time_ms=end_ms, near=near, far=far, close=end, deposit=path.deposit[bar] * share)


def _first_of_each(bar: Ints, value: Floats) -> Ints:
    """Find, for each bar in order, its piece with the smallest value."""
    order = np.lexsort((value, bar))
    return np.asarray(order[np.searchsorted(bar[order], np.arange(bar[-1] + 1))])


def _marks(open_interest: Maybe[OpenInterest]) -> tuple[Ints, Floats] | None:
    """Give the times and mark prices of the snapshots that tell one."""
    if isinstance(open_interest, Missing) or isinstance(open_interest.open_interest_quote, Missing):
        return None
    base, quote = open_interest.open_interest_base, open_interest.open_interest_quote
    told = (base > 0) & (quote > 0)
    return open_interest.time_ms[told], quote[told] / base[told]
