"""How much each bar adds to the book, and where: the path in bins, the deposits of each side.

A constant plus volume, never the change of open interest alone (docs/tried.md); shorts open more near the top of the
day's range, longs less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.market.data import Candles, OpenInterest
from reportgen.units import DAY_MS, HOUR_MS, Bools, Floats, Ints, Maybe, Milliseconds, Missing, Price, Side

NO_MARKS: Final = Missing("No open interest was handed to the map.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """Log-spaced price bins, ascending.

    Attributes:
        log_low: Log price of the lowest edge. step: log width of a bin. bins: how many.
    """

    log_low: float
    step: float
    bins: int

    @property
    def edges(self) -> Floats:
        """Price edges, shape (bins + 1,)."""
        return np.asarray(np.exp(self.log_low + self.step * np.arange(self.bins + 1)))

    def position(self, price: Floats | Price) -> Floats:
        """Give prices as bin coordinates: 0 is the lowest edge."""
        return np.asarray((np.log(price) - self.log_low) / self.step, dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Path:
    """Bars as one side's engine sees them: liquidation levels lie towards bin 0.

    For longs these are bin coordinates as they are; for shorts everything is mirrored, so that one engine serves both.

    Attributes:
        close_time_ms: Shape (n,).
        near: Shape (n,), the extreme that sweeps this side's levels (low for longs). far: the other extreme.
        close: Shape (n,). deposit: shape (n,), mass opened in the bar.
    """

    close_time_ms: Ints
    near: Floats
    far: Floats
    close: Floats
    deposit: Floats

    def part(self, bars: slice | Ints) -> Path:
        """Give some of the bars."""
        return Path(
            close_time_ms=self.close_time_ms[bars],
            near=self.near[bars],
            far=self.far[bars],
            close=self.close[bars],
            deposit=self.deposit[bars],
        )


def paths_of(candles: Candles, grid: Grid) -> Mapping[Side, Path]:
    """Turn bars into both sides' paths on a grid; they deposit nothing yet."""
    low, high, close = (grid.position(x) for x in (candles.low, candles.high, candles.close))
    top, none, time = float(grid.bins), np.zeros(len(candles)), candles.close_time_ms
    return {
        Side.LONG: Path(close_time_ms=time, near=low, far=high, close=close, deposit=none),
        Side.SHORT: Path(close_time_ms=time, near=top - high, far=top - low, close=top - close, deposit=none),
    }


def entered_at_close(path: Path) -> Path:
    """Give the same path with every position opened at the bar's close: the far edge collapses onto it."""
    return replace(path, far=path.close)


def constant_deposits(candles: Candles) -> Floats:
    """Give the path-only deposit: the same for every hour of path, shape (n,)."""
    return np.full(len(candles), candles.interval_ms / HOUR_MS)


def kernel_deposits(candles: Candles, assumptions: Assumptions) -> Mapping[Side, Floats]:
    """Give both sides' deposits: constant and volume blended, shorts more near the top of the day's range.

    Args:
        candles: n bars.
        assumptions: `volume_share`, `volume_mean_days`, `side_tilt`, `side_tilt_hours`.

    Returns:
        Shape (n,) a side, in hours of path.
    """
    a = assumptions
    # Average over the trailing bars, fewer at the start, shape (n,).
    bars = max(1, int(a.volume_mean_days * DAY_MS // candles.interval_ms))
    total = np.cumsum(candles.volume_base)
    mean = total.copy()
    mean[bars:] -= total[:-bars]
    mean[:bars] /= np.arange(1, 1 + len(mean[:bars]))
    mean[bars:] /= bars

    relative = np.divide(candles.volume_base, mean, out=np.ones_like(mean), where=mean > 0)
    blended = constant_deposits(candles) * (relative * a.volume_share + (1 - a.volume_share))
    place = place_in_range(candles, max(1, int(a.side_tilt_hours * HOUR_MS // candles.interval_ms)))
    return {side: blended * np.exp(sign * a.side_tilt * place) for side, sign in ((Side.LONG, -1.0), (Side.SHORT, 1.0))}


def place_in_range(candles: Candles, bars: int) -> Floats:
    """Place each close in the log range of the trailing bars: -1 at its low, 1 at its high, 0 when flat; shape (n,)."""
    low = _trailing(np.log(candles.low), bars, np.minimum)
    width = _trailing(np.log(candles.high), bars, np.maximum)
    width -= low
    place = np.log(candles.close)
    place -= low
    place *= 2
    flat = width <= 0
    place[flat] = width[flat] = 1.0
    place /= width
    place -= 1
    return place


def _trailing(values: Floats, bars: int, pick: np.ufunc) -> Floats:
    """Take the running minimum or maximum over trailing windows, shape (n,).

    A window reaches over two blocks of its own length: the end of one, picked from behind, and the start of the next.
    """
    blocks = -(-len(values) // bars)
    padded = np.concatenate([values, np.repeat(values[-1:], blocks * bars - len(values))]).reshape(blocks, bars)
    end = np.empty_like(padded)
    pick.accumulate(padded[:, ::-1], axis=1, out=end[:, ::-1])
    start = pick.accumulate(padded, axis=1, out=padded).ravel()[: len(values)]
    pick(start[bars:], end.ravel()[1 : max(1, 1 + len(values) - bars)], out=start[bars:])
    return np.asarray(start)


def mirrored(path: Path, bins: int) -> Path:
    """Give one side's path as the other side sees it."""
    return replace(path, near=bins - path.far, far=bins - path.near, close=bins - path.close)


def along_marks(path: Path, grid: Grid, interval_ms: Milliseconds, open_interest: Maybe[OpenInterest]) -> Path:
    """Cut each bar at the snapshots inside it; bars without any, and every bar where there are no marks, stay whole.

    Args:
        path: n bars of the long side.
        grid: Price bins of the path.
        interval_ms: Length of a bar.
        open_interest: Snapshots with base and quote: their ratio is a mark price.

    Returns:
        At least n pieces. Those of one bar touch together what the bar touched and deposit what it deposited, by time.
    """
    marks = _marks_inside(path.close_time_ms, interval_ms, open_interest)
    if marks is None:
        return path
    bar, time, price = marks
    every = np.concatenate([path.close_time_ms, time])
    order = np.argsort(every, kind="stable")
    whose = np.concatenate([np.arange(len(path.close_time_ms)), bar])[order]
    # Lay out pieces that end at given moments and places, each of a known bar, ascending in time.
    end_ms = every[order]
    end = np.concatenate([path.close, grid.position(price)])[order]
    start_ms = path.close_time_ms[whose] - interval_ms
    before = np.concatenate([start_ms[:1], end_ms[:-1]])
    end = np.clip(end, path.near[whose], path.far[whose])
    begin = np.where(before >= start_ms, np.concatenate([end[:1], end[:-1]]), end)  # nothing is drawn over a gap
    begin = np.clip(begin, path.near[whose], path.far[whose])
    near, far = np.minimum(begin, end), np.maximum(begin, end)
    near[_first_of_each(whose, near)] = path.near
    far[_first_of_each(whose, -far)] = path.far
    share = (end_ms - np.maximum(before, start_ms)) / interval_ms
    return Path(close_time_ms=end_ms, near=near, far=far, close=end, deposit=path.deposit[whose] * share)


def cut_by_marks(
    candles: Candles, open_interest: Maybe[OpenInterest], moment_ms: Ints, assumptions: Assumptions
) -> Bools:
    """Tell for each moment whether marks cut most bars of the hours before it, so that the path there is a fine one.

    Args:
        candles: Bars.
        open_interest: Snapshots.
        moment_ms: Shape (m,).
        assumptions: `marks_hours` and `marks_least_share`.

    Returns:
        Shape (m,).
    """
    marks = _marks_inside(candles.close_time_ms, candles.interval_ms, open_interest)
    if marks is None:
        return np.zeros(len(moment_ms), dtype=np.bool_)
    cut = np.zeros(len(candles) + 1)
    cut[1 + np.unique(marks[0])] = 1.0
    total = np.cumsum(cut)
    last = np.searchsorted(candles.close_time_ms, moment_ms, side="right")
    first = np.maximum(last - max(1, int(assumptions.marks_hours * HOUR_MS // candles.interval_ms)), 0)
    return np.asarray(total[last] - total[first] > assumptions.marks_least_share * (last - first))


def _first_of_each(bar: Ints, value: Floats) -> Ints:
    """Find, for each bar in order, its piece with the smallest value."""
    order = np.lexsort((value, bar))
    return np.asarray(order[np.searchsorted(bar[order], np.arange(bar[-1] + 1))])


def _marks_inside(
    close_time_ms: Ints, interval_ms: Milliseconds, open_interest: Maybe[OpenInterest]
) -> tuple[Ints, Ints, Floats] | None:
    """Give the snapshots that tell a mark price inside a bar: which bar, when, the price; None where there is none."""
    if isinstance(open_interest, Missing) or isinstance(open_interest.open_interest_quote, Missing):
        return None
    base, quote, time = open_interest.open_interest_base, open_interest.open_interest_quote, open_interest.time_ms
    bar = np.searchsorted(close_time_ms, time)
    told = (base > 0) & (quote > 0) & (bar < len(close_time_ms))
    ends = close_time_ms[np.minimum(bar, len(close_time_ms) - 1)] if len(close_time_ms) else time
    told &= (time > ends - interval_ms) & (time < ends)
    return (bar[told], time[told], quote[told] / base[told]) if told.any() else None
