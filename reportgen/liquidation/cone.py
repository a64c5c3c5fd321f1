"""How far price may go within the horizon: the cone, a range forecast from realised volatility.

The scale is a HAR regression on log volatility (one day, seven, thirty, and how much of the horizon is weekend); the
quantiles are conformal, ratios of what was reached to that scale: those of training data (docs/method.md), drawn to the
market's own of its last days. It says how far, never which way: the same ratios serve the high and the low.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from reportgen.config.assumptions import Assumptions
from reportgen.market.data import Candles
from reportgen.units import DAY_MS, HOUR_MS, HOURS_A_DAY, Floats, Fraction, Ints, Maybe, Missing, Price

NO_CONE: Final = Missing("No range forecast was made.")
_PARKINSON: Final = 4 * float(np.log(2))
"""Log range squared over this is the variance of a bar."""
_SPANS_DAYS: Final = (1, 7, 30)
_THURSDAY: Final = 3
"""Of 1 January 1970, Monday 0."""
_SATURDAY: Final = 5
_TAKEN: Final = (0.09, 0.5, 0.91)
"""Quantiles of past ratios behind the 10, 50 and 90 % lines: what is to come drifts from what was."""
_OWN_EVERY_MS: Final = 4 * HOUR_MS
_LEAST_RATIO: Final = 1e-4
_STEPS: Final = 24
"""Of the way to the horizon that a picture of the cone draws."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cone:
    """The range that price may go through from as-of to the horizon.

    Attributes:
        horizon_hours: How far it looks. price: at as-of.
        high: 10, 50 and 90 % quantiles of the highest price up to the horizon, ascending, >= price.
        low: The same of the lowest price, ascending, <= price.
        covered: Of this market's own past days, highs and lows that lay in the 10-90 % range known before them.
        of: How many there were; both 0 where the history is too short to ask.
        steps: The same at 25 moments from as-of to the horizon: 10, 50 and 90 % quantiles of how far the highest price
            so far is away, as log distance; the lowest is as far away. Empty in briefs that were written before it.
    """

    horizon_hours: float
    price: Price
    high: tuple[Price, Price, Price]
    low: tuple[Price, Price, Price]
    covered: int
    of: int
    steps: tuple[tuple[float, float, float], ...] = ()


def range_cone(candles: Candles, horizon_hours: float, assumptions: Assumptions) -> Maybe[Cone]:
    """Forecast the range of the hours after the last close.

    Args:
        candles: Bars up to as-of, of a day at most.
        horizon_hours: > 0.
        assumptions: Those named cone_*.

    Returns:
        The cone, or why there is none: the history is shorter than the longest span, or price did not move.
    """
    a = assumptions
    at = np.array([len(candles)], dtype=np.int64)
    (lines,) = cone_lines(candles, at, horizon_hours, a)
    if not np.isfinite(lines).all():
        return Missing(f"A range forecast needs {_SPANS_DAYS[-1]} days of bars that are no longer than a day and move.")
    price = float(candles.close[-1])
    near, middle, far = np.exp(lines).tolist()
    hours = horizon_hours * np.arange(1, _STEPS + 1) / _STEPS
    until = np.array([0.0, *(float(cone_scales(candles, at, float(hour), a)[0]) for hour in hours)])
    until = np.minimum(np.maximum.accumulate(until), until[-1])  # what was reached stays reached, also over a weekend
    least, half, most = (until[:, None] / until[-1] * lines).T.tolist()
    bars = max(1, round(horizon_hours * HOUR_MS / candles.interval_ms))
    past = np.arange(len(candles) - bars, 0, -max(1, DAY_MS // candles.interval_ms))[: a.cone_past_days]
    inside = cone_held(candles, np.sort(past), bars, horizon_hours, a)
    return Cone(
        horizon_hours=horizon_hours,
        price=price,
        high=(price * near, price * middle, price * far),
        low=(price / far, price / middle, price / near),
        covered=int(np.nansum(inside)),
        of=int(np.isfinite(inside).sum()),
        steps=tuple(zip(least, half, most, strict=True)),
    )


def cone_scales(candles: Candles, at: Ints, horizon_hours: float, assumptions: Assumptions) -> Floats:
    """Give the expected log range from each moment to the horizon, high to low.

    Args:
        candles: n bars.
        at: Shape (m,), how many bars are known at each moment.
        horizon_hours: > 0; beyond a day or within it the scale grows with the square root of time.
        assumptions: `cone_constant`, `cone_weights`, `cone_weekend`.

    Returns:
        Shape (m,), NaN where bars are too few or too long, or did not move.
    """
    a = assumptions
    per_day = DAY_MS / candles.interval_ms
    log_scale = np.full(len(at), a.cone_constant)
    total = np.concatenate([[0.0], np.cumsum(np.square(np.log(candles.high / candles.low)) / _PARKINSON)])
    for days, weight in zip(_SPANS_DAYS, a.cone_weights, strict=True):
        bars = int(days * per_day)
        if bars < 1:
            return np.full(len(at), np.nan)
        daily = (total[at] - total[np.maximum(at - bars, 0)]) / days
        log_scale += weight * np.log(np.where((at >= bars) & (daily > 0), daily, np.nan)) / 2
    # Give the part of the hours after each moment that lies on a Saturday or Sunday, UTC.
    ahead = np.asarray(candles.close_time_ms[at - 1])[..., None] + HOUR_MS * np.arange(max(1, round(horizon_hours)))
    weekday = (ahead // DAY_MS + _THURSDAY) % 7
    log_scale += a.cone_weekend * np.asarray((weekday >= _SATURDAY).mean(axis=-1))
    return np.asarray(np.exp(log_scale) * np.sqrt(horizon_hours * HOUR_MS / DAY_MS))


def cone_held(candles: Candles, at: Ints, bars: int, horizon_hours: float, assumptions: Assumptions) -> Floats:
    """Tell for past moments which of high and low lay in the 10-90 % range foretold then.

    Args:
        candles: n bars.
        at: Shape (m,), how many bars were known.
        bars: To the horizon; moments with fewer bars after them are not judged.
        horizon_hours: The same in hours.
        assumptions: As `cone_scales`, and `cone_ratios`.

    Returns:
        Shape (m, 2), high and low: 1 inside, 0 outside, NaN not judged.
    """
    reached, lines = cone_reached(candles, at, bars), cone_lines(candles, at, horizon_hours, assumptions)
    inside = (reached >= lines[:, :1]) & (reached <= lines[:, 2:])
    return np.where(np.isfinite(reached) & np.isfinite(lines[:, :1]), inside, np.nan)


def cone_lines(candles: Candles, at: Ints, horizon_hours: float, assumptions: Assumptions) -> Floats:
    """Give the 10, 50 and 90 % lines of how far price may go to either side, from what was known at each moment.

    Args:
        candles: n bars.
        at: Shape (m,), ascending, how many bars are known at each moment.
        horizon_hours: > 0.
        assumptions: Those named cone_*.

    Returns:
        Shape (m, 3), log distances, NaN where there is no scale. The ratios of training data count for
        `cone_prior_days` of the market's own last `cone_past_days`, whose horizon had passed.
    """
    a = assumptions
    scale = cone_scales(candles, at, horizon_hours, a)
    bars = max(1, round(horizon_hours * HOUR_MS / candles.interval_ms))
    step = max(1, int(_OWN_EVERY_MS // candles.interval_ms))
    every = np.arange(int(at[-1]) % step or step, int(at[-1]) + 1, step) if len(at) else at
    ratio = cone_reached(candles.first(int(at[-1]) if len(at) else 0), every, bars)
    ratio /= cone_scales(candles, every, horizon_hours, a)[:, None]
    a_day = 2 * max(1, DAY_MS // (step * candles.interval_ms))
    known = 2 * np.searchsorted(every + bars, at, side="right")
    count, own = past_quantiles(ratio.ravel(), known, _TAKEN, a.cone_past_days * a_day)
    days = (count / a_day)[:, None]
    prior = np.log(a.cone_ratios)
    log_own = np.where(own > 0, np.log(np.maximum(own, _LEAST_RATIO)), prior)
    return scale[:, None] * np.exp((a.cone_prior_days * prior + days * log_own) / (a.cone_prior_days + days))


def past_quantiles(value: Floats, known: Ints, levels: Sequence[float], window: int) -> tuple[Ints, Floats]:
    """Give quantiles of the last values known at each moment.

    Args:
        value: Shape (n,), in the order in which they became known; NaN where not known.
        known: Shape (m,), how many were known at each moment.
        levels: k levels.
        window: How many of the last count.

    Returns:
        How many finite values there were, shape (m,), and the quantiles, shape (m, k), NaN without any.
    """
    place = known[:, None] - 1 - np.arange(window)
    last = np.sort(np.append(value, np.nan)[np.maximum(place, -1)], axis=1)
    count = np.isfinite(last).sum(axis=1)
    at = np.maximum(count - 1, 0)[:, None] * np.asarray(levels)
    low, high = (np.take_along_axis(last, one.astype(np.int64), axis=1) for one in (np.floor(at), np.ceil(at)))
    return count, low + (at % 1) * (high - low)


def touch_probability(distance_atr: float, horizon_hours: float, assumptions: Assumptions) -> Fraction | None:
    """Give the share of levels this far away that price touches within the horizon; None without a distance.

    Args:
        distance_atr: From the price to the level in usual days, >= 0.
        horizon_hours: How far is looked; measured from `touch_hours_from` to `touch_hours_to`.
        assumptions: `touch_rate`, which the range forecast sets for a symbol where there is one.
    """
    if not math.isfinite(distance_atr) or distance_atr < 0 or not horizon_hours > 0:
        return None
    return math.exp(-assumptions.touch_rate * distance_atr * math.sqrt(HOURS_A_DAY / horizon_hours))


def cone_touch_rates(
    candles: Candles, at: Ints, horizon_hours: float, usual_day: Floats, assumptions: Assumptions
) -> Floats:
    """Give how fast the share of levels touched falls with distance, as `touch_rate`, from the range forecast.

    Args:
        candles: n bars.
        at: Shape (m,), how many bars are known at each moment.
        horizon_hours: > 0; below `cone_touch_hours` the forecast was found no better than the usual day.
        usual_day: Shape (m,), a usual day as a fraction of the price then.
        assumptions: `cone_touch_rate`; `touch_rate` where there is no forecast.

    Returns:
        Shape (m,), 1 / usual day.
    """
    day = cone_scales(candles, at, horizon_hours, assumptions) / np.sqrt(horizon_hours * HOUR_MS / DAY_MS)
    rate = assumptions.cone_touch_rate * usual_day / day
    return np.where(np.isfinite(rate) & (horizon_hours >= assumptions.cone_touch_hours), rate, assumptions.touch_rate)


def cone_reached(candles: Candles, at: Ints, bars: int) -> Floats:
    """Give how far price went from each moment, up and down, in the bars after it.

    Args:
        candles: n bars.
        at: Shape (m,), how many bars were known.
        bars: How many follow; NaN where fewer do or some are missing.

    Returns:
        Shape (m, 2), log distances >= 0 of the highest and the lowest price.
    """
    gone = np.full((len(at), 2), np.nan)
    if len(candles) >= bars:
        whole = np.flatnonzero((at > 0) & (at + bars <= len(candles)))
        known = at[whole]
        over = candles.close_time_ms[known + bars - 1] - candles.close_time_ms[known - 1] == bars * candles.interval_ms
        whole, known = whole[over], known[over]
        high, low = (sliding_window_view(column, bars)[known] for column in (candles.high, candles.low))
        price = candles.close[known - 1]
        gone[whole] = np.maximum(np.log(np.column_stack([high.max(axis=1) / price, price / low.min(axis=1)])), 0.0)
    return gone
