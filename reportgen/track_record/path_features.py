"""What the price path alone tells about the next bars' liquidations: the controls under which every map is scored.

`path`: reach, new ground beyond prior extremes, return, volume, volatility, hour (MODEL section 0, Z1).
`chart`: those, and what a trader sees on a chart too: gaps to prior extremes, past returns (Z3), log price and slow
time. Both know how far the next bars went: the question is only what the map adds.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from reportgen.market.data import Candles
from reportgen.track_record.frozen import Reach
from reportgen.units import DAY_MS, HOUR_MS, Floats, Ints, Milliseconds, Side

Controls = Literal["path", "path+price", "chart"]

_EXTREME_DAYS = (1, 7, 30)
_RETURN_HOURS = (1, 4, 24, 168)
_VOLATILITY_HOURS = (24, 168)
_TURNS = (1, 2)


def path_features(
    candles: Candles, decision_ms: Ints, horizon_ms: Milliseconds, reach: Reach, side: Side, controls: Controls
) -> Floats:
    """Lay out the features of each decision time, shape (m, features); all finite.

    Args:
        candles: Bars from before the first decision time to the last horizon.
        decision_ms: Shape (m,), closes of bars.
        horizon_ms: How far each outcome looks.
        reach: What price did up to the horizon.
        side: Whose liquidations.
        controls: How much is given.
    """
    at = np.maximum(np.searchsorted(candles.close_time_ms, decision_ms, side="right") - 1, 0)
    end = np.searchsorted(candles.close_time_ms, decision_ms + horizon_ms, side="right") - 1
    price = np.log(reach.price)
    down = side is Side.LONG
    went = price - np.log(reach.low) if down else np.log(reach.high) - price
    other = np.log(reach.high) - price if down else price - np.log(reach.low)
    gaps = [_gap(candles, at, days, side) for days in _EXTREME_DAYS]
    columns = [went, other, np.log(candles.close[np.maximum(end, at)]) - price, _volume_after(candles, at, end)]
    columns += [np.maximum(went - gap, 0.0) for gap in gaps]
    columns += [_volatility(candles, at, hours) for hours in _VOLATILITY_HOURS]
    columns += _hour_of_day(decision_ms)
    if controls != "path":
        columns += [price, decision_ms.astype(np.float64)]
    if controls == "chart":
        columns += gaps + [_past_return(candles, at, hours) for hours in _RETURN_HOURS]
    return np.column_stack(columns)


def _gap(candles: Candles, at: Ints, days: int, side: Side) -> Floats:
    """Log distance from each close to the extreme of the trailing days, >= 0."""
    bars = max(1, days * DAY_MS // candles.interval_ms)
    if side is Side.LONG:
        extreme = _trailing(candles.low, int(bars), np.minimum)
        return np.asarray(np.log(candles.close[at] / extreme[at]))
    extreme = _trailing(candles.high, int(bars), np.maximum)
    return np.asarray(np.log(extreme[at] / candles.close[at]))


def _trailing(values: Floats, bars: int, pick: np.ufunc) -> Floats:
    """Running extreme over trailing windows by doubling, shape (n,)."""
    result, covered = values.copy(), 1
    while covered < min(bars, len(values)):
        shift = min(covered, bars - covered)
        moved = result.copy()
        moved[shift:] = pick(result[shift:], result[:-shift])
        result, covered = moved, covered + shift
    return result


def _past_return(candles: Candles, at: Ints, hours: int) -> Floats:
    """Log return of the hours before each decision time."""
    bars = max(1, hours * HOUR_MS // candles.interval_ms)
    return np.asarray(np.log(candles.close[at] / candles.close[np.maximum(at - bars, 0)]))


def _volatility(candles: Candles, at: Ints, hours: int) -> Floats:
    """Mean log range of the bars of the hours before each decision time."""
    bars = max(1, hours * HOUR_MS // candles.interval_ms)
    total = np.concatenate([[0.0], np.cumsum(np.log(candles.high / candles.low))])
    start = np.maximum(at + 1 - bars, 0)
    return np.asarray((total[at + 1] - total[start]) / (at + 1 - start))


def _volume_after(candles: Candles, at: Ints, end: Ints) -> Floats:
    """Volume of the bars up to the horizon, quote currency."""
    total = np.concatenate([[0.0], np.cumsum(candles.volume_base * candles.close)])
    return np.asarray(total[np.maximum(end, at) + 1] - total[at + 1])


def _hour_of_day(decision_ms: Ints) -> list[Floats]:
    """Two harmonics of the time of day."""
    turn = 2 * np.pi * (decision_ms % DAY_MS) / DAY_MS
    return [wave(times * turn) for times in _TURNS for wave in (np.sin, np.cos)]
