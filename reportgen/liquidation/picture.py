"""What the chart keeps of the map: the heatmap over time in small integers, candles, and the profile "now"."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.liquidation.map import LiquidationMap
from reportgen.liquidation.profile import SideShares, along_price
from reportgen.market.data import Candles
from reportgen.units import Floats, Milliseconds, Price, Side

_WICK_DAYS: Final = 4.0
"""Usual days that a wick may reach beyond the bodies and still be seen whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatmapPicture:
    """The map over time, quantised, and what is drawn over it.

    Attributes:
        time_ms: Shape (columns,), the end of each column. price_low: lower edge of the lowest row.
        row_log_step: log height of a row; row r spans price_low * exp(row_log_step * [r, r + 1]).
        rows, columns: shape of the grids.
        long_levels, short_levels: base64 of zlib of uint8, rows x columns, row 0 lowest, row-major; a value v means
            v * level_step percent of that side's mass within its scope in the last column (now), per 0.1 % of price.
        level_step: percent of the side's mass per level.
        candle_open_ms, candle_open, candle_high, candle_low, candle_close: shape (candles,), for the picture's candles.
        candle_interval_ms: length of those candles (4 h).
        profile_price: shape (bars + 1,), price edges of the profile "now"; log-spaced, covers the picture's y range.
        profile_share: shape (bars,), percent of its side's mass per 0.1 % of price.
        profile_low, profile_high: shape (bars,), 10 % and 90 % of draws, same unit.
        draws: number of draws.
    """

    time_ms: tuple[Milliseconds, ...]
    price_low: Price
    row_log_step: float
    rows: int
    columns: int
    long_levels: str
    short_levels: str
    level_step: float
    candle_interval_ms: Milliseconds
    candle_open_ms: tuple[Milliseconds, ...]
    candle_open: tuple[Price, ...]
    candle_high: tuple[Price, ...]
    candle_low: tuple[Price, ...]
    candle_close: tuple[Price, ...]
    profile_price: tuple[Price, ...]
    profile_share: tuple[float, ...]
    profile_low: tuple[float, ...]
    profile_high: tuple[float, ...]
    draws: int

    @staticmethod
    def body_range(opened: Floats, high: Floats, low: Floats, close: Floats, usual_day: Price) -> tuple[Price, Price]:
        """Span the candles' bodies and their wicks; a long wick leaves the picture.

        Beyond the bodies it is seen up to four usual days, and no farther than half of what the bodies span (a usual
        day, where they span less).

        Args:
            opened: Shape (n,), n > 0.
            high: The same.
            low: The same.
            close: The same.
            usual_day: Price.

        Returns:
            Lowest and highest price, both > 0.
        """
        least, most = np.minimum(opened, close).min(), np.maximum(opened, close).max()
        reach = min(_WICK_DAYS * usual_day, max(usual_day, (most - least) / 2))
        down = max(float(low.min()), least - reach, least / 2)
        return float(down), float(min(float(high.max()), most + reach))


def draw_picture(
    estimate: LiquidationMap,
    shares: Mapping[Side, SideShares],
    candles: Candles,
    *,
    marks: tuple[Price, ...],
    atr: Price,
    assumptions: Assumptions,
) -> HeatmapPicture:
    """Cut the picture's window out of the map and make it small.

    Args:
        estimate: The map with its history.
        shares: Both sides' profiles now.
        candles: The picture's candles, up to as-of; only those inside the columns' span are kept.
        marks: Prices that the picture should reach, such as zone edges and the ends of the cone.
        atr: A day's typical range in price.
        assumptions: Window and quantisation.
    """
    span = estimate.column_end_ms
    shown = candles.open_time_ms >= int(span[0]) - candles.interval_ms
    seen = candles.part(shown)
    low, high = HeatmapPicture.body_range(seen.open, seen.high, seen.low, seen.close, atr)
    # Choose the rows: some ATR around the price within limits, widened to the range of candles and marks.
    a = assumptions
    reach = min(max(a.picture_reach_atr * atr / estimate.price, a.picture_least), a.picture_most)
    bottom = min(estimate.price * (1 - reach), min((low, *marks)) * (1 - a.picture_margin))
    top = max(estimate.price * (1 + reach), max((high, *marks)) * (1 + a.picture_margin))
    first = int(np.floor(estimate.grid.position(bottom)))
    last = int(np.ceil(estimate.grid.position(top)))
    first, last = max(0, first), min(estimate.grid.bins, last)
    per_row = np.log1p(assumptions.picture_row) / estimate.grid.step
    edges = estimate.grid.edges
    now = {side: _by_price(estimate, shares[side], side)[:, first:last] for side in Side}
    both = now[Side.LONG] + now[Side.SHORT]
    group = max(1, round((last - first) / assumptions.picture_profile_bars))
    price = estimate.price_bin  # groups of rows, the price on a cut
    cuts = sorted({first, *range(price, first, -group), *range(price, last, group), last})
    profile = np.add.reduceat(both, [cut - first for cut in cuts[:-1]], axis=1) / np.diff(cuts)
    scaled = 100 * per_row * profile
    return HeatmapPicture(
        time_ms=tuple(int(t) for t in span),
        price_low=float(edges[first]),
        row_log_step=estimate.grid.step,
        rows=last - first,
        columns=len(span),
        long_levels=_levels(estimate, Side.LONG, shares, (first, last), per_row, assumptions),
        short_levels=_levels(estimate, Side.SHORT, shares, (first, last), per_row, assumptions),
        level_step=assumptions.picture_level_step,
        candle_interval_ms=candles.interval_ms,
        candle_open_ms=tuple(int(t) for t in seen.open_time_ms),
        candle_open=tuple(seen.open.tolist()),
        candle_high=tuple(seen.high.tolist()),
        candle_low=tuple(seen.low.tolist()),
        candle_close=tuple(seen.close.tolist()),
        profile_price=tuple(edges[cuts].tolist()),
        profile_share=tuple(scaled[0].tolist()),
        profile_low=tuple(scaled[1].tolist()),
        profile_high=tuple(scaled[2].tolist()),
        draws=assumptions.draws,
    )


def ladder(shares: Mapping[Side, SideShares], price: Price, atr: Price, assumptions: Assumptions) -> tuple[float, ...]:
    """Give the ladder's bars: percent of each side's mass per 0.1 % of price, from below to above.

    Returns:
        `2 * ladder_reach_atr / ladder_step_atr` densities, the price in the middle; 0 where price would be none.
    """
    steps = round(assumptions.ladder_reach_atr / assumptions.ladder_step_atr)
    away = atr * assumptions.ladder_step_atr * np.arange(steps + 1)
    below = -np.log1p(-np.minimum(away / price, assumptions.ladder_deepest))
    per_row = 100 * np.log1p(assumptions.picture_row)
    sides = []
    for side, edges in ((Side.LONG, below), (Side.SHORT, np.log1p(away / price))):
        width = np.diff(edges)
        total = np.concatenate([[0.0], np.cumsum(shares[side].share)])
        held = np.diff(np.interp(edges / shares[side].step, np.arange(len(total)), total))
        sides.append(np.divide(per_row * held, width, out=np.zeros_like(held), where=width > 0))
    return (*sides[0][::-1].tolist(), *sides[1].tolist())


def _by_price(estimate: LiquidationMap, shares: SideShares, side: Side) -> Floats:
    """Lay a side's share, low and high out over the whole grid, ascending in price; shape (3, bins)."""
    laid = np.zeros((3, estimate.grid.bins))
    outwards = np.stack([shares.share, shares.low, shares.high])
    if side is Side.LONG:
        laid[:, : estimate.price_bin] = outwards[:, ::-1]
    else:
        laid[:, estimate.price_bin :] = outwards
    return laid


def _levels(
    estimate: LiquidationMap,
    side: Side,
    shares: Mapping[Side, SideShares],
    rows: tuple[int, int],
    per_row: float,
    assumptions: Assumptions,
) -> str:
    """Quantise a side's history to bytes: percent of the side's mass now per row of 0.1 %, rows first."""
    total = shares[side].total
    spare = int(np.ceil(4 * assumptions.zone_blur_bins))  # what the blur reaches beyond the rows
    low, high = max(0, rows[0] - spare), min(estimate.grid.bins, rows[1] + spare)
    history = along_price(estimate.history[side][:, low:high], assumptions)[:, rows[0] - low : rows[1] - low]
    percent = history * (100 * per_row / total) if total > 0 else np.zeros_like(history)
    small = np.clip(np.rint(percent / assumptions.picture_level_step), 0, np.iinfo(np.uint8).max).astype(np.uint8)
    return base64.b64encode(zlib.compress(np.ascontiguousarray(small.T).tobytes(), 6)).decode("ascii")
