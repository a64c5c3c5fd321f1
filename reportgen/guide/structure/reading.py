"""Step 1 read from candles.

Bars of the trading timeframe carry trend, momentum, volume, swings and regime; the finest bars carry the price, the
day's typical range, the last day's change and the edges of the range.
"""

from __future__ import annotations

import math

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.guide.structure import Level, Regime, Structure, Sweep, Trend
from reportgen.guide.structure.bars import close_at, resample, slice_from, slice_until
from reportgen.guide.structure.swings import (
    MergedLevel,
    bare_extremes,
    latest_sweep,
    merged_levels,
    name_level,
    swing_points,
)
from reportgen.guide.structure.volatility import (
    daily_atr,
    day_range,
    extent_fractions,
    percentile_of_last,
    range_fractions,
)
from reportgen.guide.structure.volume import read_taker_flow, recent_over_median, volume_state
from reportgen.market.data import Candles
from reportgen.units import DAY_MS, HOUR_MS, Floats, Fraction, Maybe, Milliseconds, Missing, Price, Where


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


def read_structure(
    candles: Candles,
    reference: Maybe[Candles],
    *,
    is_reference: bool,
    timeframe: str,
    timeframe_ms: Milliseconds,
    as_of_ms: Milliseconds,
    assumptions: Assumptions,
) -> Maybe[Structure]:
    """Read the chart environment at a moment.

    Args:
        candles: Bars of the primary venue, as fine as the timeframe or finer. Those that close after as-of are not
            used; when the last one is older than as-of it is used all the same, and its age is the reader's to see.
        reference: BTC's candles, for relative strength.
        is_reference: True when the symbol is BTC itself.
        timeframe: Name of the trading timeframe, "4h".
        timeframe_ms: Its length.
        as_of_ms: The moment.
        assumptions: The section "structure", and ATR.

    Returns:
        The structure, or Missing when there is too little history or the bars do not fit the timeframe.
    """
    known = slice_until(candles, as_of_ms)
    bars = resample(known, timeframe_ms, as_of_ms)
    if isinstance(bars, Missing):
        return bars
    if len(bars) < (needed := _needed_bars(assumptions)):
        return Missing(f"Structure needs {needed} closed bars of {timeframe}; there are {len(bars)}.")
    atr = day_range(known, assumptions)
    if isinstance(atr, Missing):
        return atr
    volumes = bars.last(assumptions.volume_history_bars).volume_base
    volume_ratio = recent_over_median(volumes, assumptions.volume_recent_bars)
    if isinstance(volume_ratio, Missing):
        return volume_ratio
    price = float(known.close[-1])
    # The fine bars since the range window opened, so that the unfinished trading bar counts too.
    within = slice_from(known, int(bars.last(assumptions.range_bars).open_time_ms[0]))
    levels = _levels(bars, within, price, atr, assumptions)
    trended = bars.last(assumptions.trend_bars + 1).close
    strength = efficiency(trended)
    paced = bars.last(assumptions.momentum_history_bars).close
    pace, fade = momentum(paced, assumptions.momentum_bars), fading(paced, assumptions.momentum_bars)
    regime, atr_percentile, range_percentile = _regime(bars, assumptions)
    return Structure(
        timeframe=timeframe,
        trend=trend_of(strength, assumptions),
        trend_strength=strength,
        momentum=pace,
        exhausted=abs(pace) >= assumptions.momentum_extreme and fade >= assumptions.exhaustion_fading,
        exhaustion=fade,
        volume=volume_state(volume_ratio, assumptions),
        volume_ratio=volume_ratio,
        supports=_side(levels, "below", known, atr, assumptions),
        resistances=_side(levels, "above", known, atr, assumptions),
        sweep=_sweep(bars, price, atr, assumptions),
        regime=regime,
        atr_percentile=atr_percentile,
        range_percentile=range_percentile,
        range_low=float(within.low.min()),
        range_high=float(within.high.max()),
        relative_strength=_relative_strength(known, reference, assumptions, is_reference=is_reference),
        relative_strength_days=assumptions.relative_strength_days,
        atr=atr,
        atr_fraction=atr / price,
        change_24h=change_over(known, DAY_MS, assumptions),
        bars=len(bars),
        trend_change=float(trended[-1] / trended[0] - 1),
        trend_days=assumptions.trend_bars * timeframe_ms / DAY_MS,
        taker=read_taker_flow(bars, assumptions),
        atr_14d=daily_atr(known, assumptions.daily_atr_days),
    )


def _needed_bars(assumptions: Assumptions) -> int:
    """Count the bars without which some window would not be full."""
    return max(
        assumptions.structure_min_bars,
        assumptions.trend_bars + 1,
        assumptions.momentum_bars + 1,
        assumptions.range_bars + 1,
        assumptions.regime_atr_bars + 1,
        assumptions.volume_recent_bars,
    )


def change_over(candles: Candles, span_ms: Milliseconds, assumptions: Assumptions) -> Maybe[Fraction]:
    """Return the change of price over a span that ends at the last close.

    Args:
        candles: n >= 1 bars.
        span_ms: The span.
        assumptions: `change_tolerance_hours`.

    Returns:
        Fraction, or Missing when no bar closed within the tolerance at the span's beginning.
    """
    begin = int(candles.close_time_ms[-1]) - span_ms
    before = close_at(candles, begin, int(assumptions.change_tolerance_hours * HOUR_MS))
    return before if isinstance(before, Missing) else float(candles.close[-1]) / before - 1


def trend_of(strength: float, assumptions: Assumptions) -> Trend:
    """Call a trend by net move over path alone, so that a larger number never has the weaker word."""
    if abs(strength) < assumptions.trend_clear:
        return "sideways"
    return "up" if strength > 0 else "down"


def _sweep(bars: Candles, price: Price, atr: Price, a: Assumptions) -> Sweep | None:
    """Find a sweep that is recent, clear, and still given back."""
    history, least = bars.last(a.swing_history_bars), a.sweep_least_days * atr
    return latest_sweep(history, a.swing_wing_bars, a.sweep_bars, least=least, price=price)


def _regime(bars: Candles, assumptions: Assumptions) -> tuple[Regime, Fraction, Fraction]:
    """Call a regime when true range and range extent stand in the same part of their own history."""
    history = bars.last(assumptions.regime_history_bars)
    moving = percentile_of_last(range_fractions(history, assumptions.regime_atr_bars))
    extent = percentile_of_last(extent_fractions(history, assumptions.range_bars))
    regime: Regime = "normal"
    if max(moving, extent) <= assumptions.regime_compressed:
        regime = "compressed"
    elif min(moving, extent) >= assumptions.regime_expanding:
        regime = "expanding"
    return regime, moving, extent


def _levels(
    bars: Candles, within: Candles, price: Price, atr: Price, assumptions: Assumptions
) -> tuple[MergedLevel, ...]:
    """Merge the swings, and the range's extremes where no swing stands before them, into levels."""
    prices, times = swing_points(bars.last(assumptions.swing_history_bars), assumptions.swing_wing_bars)
    extremes, extreme_times = bare_extremes(within, prices, price)
    return merged_levels(
        np.concatenate([prices, extremes]),
        np.concatenate([times, extreme_times]),
        assumptions.level_merge_atr * atr,
    )


def _side(
    levels: tuple[MergedLevel, ...], where: Where, known: Candles, atr: Price, assumptions: Assumptions
) -> tuple[Level, ...]:
    """List the levels on one side, nearest first; one that stands exactly at the price is on neither."""
    price = float(known.close[-1])
    beyond = [level for level in levels if (level.price > price if where == "above" else level.price < price)]
    nearest = sorted(beyond, key=lambda level: abs(level.price - price))[: assumptions.levels_per_side]
    return tuple(
        Level(
            price=level.price,
            where=where,
            touches=level.touches,
            last_touch_ms=level.last_touch_ms,
            distance_fraction=abs(level.price - price) / price,
            distance_atr=abs(level.price - price) / atr,
            name=name_level(level, where, known),
        )
        for level in nearest
    )


def _relative_strength(
    known: Candles, reference: Maybe[Candles], assumptions: Assumptions, *, is_reference: bool
) -> Maybe[Fraction]:
    """Return the symbol's change minus BTC's over the same span; both must end at the same close."""
    if is_reference:
        return Missing("BTC is what the others are measured against.")
    if isinstance(reference, Missing):
        return Missing(f"BTC's candles are missing: {reference.reason}")
    end = int(known.close_time_ms[-1])
    btc = slice_until(reference, end)
    tolerance = max(known.interval_ms, reference.interval_ms)
    if not len(btc) or end - int(btc.close_time_ms[-1]) >= tolerance:
        return Missing("BTC's candles do not reach the last close of this symbol.")
    span = int(assumptions.relative_strength_days * DAY_MS)
    own, other = change_over(known, span, assumptions), change_over(btc, span, assumptions)
    if isinstance(own, Missing):
        return own
    return other if isinstance(other, Missing) else own - other
