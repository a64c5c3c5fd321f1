"""What price did at one zone of a brief, bar by bar: touch, excursion, and which levels of its plan were met.

Stands between a brief that has passed and its row in the ledger. Only bars that opened at the brief's moment or later
are looked at; whole bars, so that nothing from before it slips in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reportgen.market.data import Candles
from reportgen.track_record.outcomes import ZoneAt
from reportgen.units import Bools, Floats, Ints, Milliseconds, Price


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedLevels:
    """The levels of one zone's plan.

    Attributes:
        alert, entry, invalidation, de_risk: Prices; the entry is the line that a close must cross.
        timeframe_ms: Length of the bars whose close counts. after_ms: no entry before it, an event's time; 0 for none.
    """

    alert: Price
    entry: Price
    invalidation: Price
    de_risk: Price
    timeframe_ms: Milliseconds
    after_ms: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """When price met what, as the close of the bar that showed it; None where it did not.

    Attributes:
        touched_ms: The zone's near edge. excursion_atr: the farthest that price went beyond that edge, day ATR;
            negative when it fell short; None without bars.
        alert_ms: The alert level. entry_ms: a close of the trading timeframe beyond the entry line, once the zone was
            traded into and the event had passed; the volume that the plan asks for is not checked.
        invalidation_ms, de_risk_ms: after that entry.
    """

    touched_ms: Milliseconds | None = None
    excursion_atr: float | None = None
    alert_ms: Milliseconds | None = None
    entry_ms: Milliseconds | None = None
    invalidation_ms: Milliseconds | None = None
    de_risk_ms: Milliseconds | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Outward:
    """Bars as seen from the price toward the zone: shape (n,) each; below the price they are mirrored."""

    far: Floats
    back: Floats
    close: Floats
    close_ms: Ints


def first_whole_bar(decision_ms: Milliseconds, interval_ms: Milliseconds) -> Milliseconds:
    """Give the first moment at which a bar can open without holding anything from before the decision."""
    return -(-decision_ms // interval_ms) * interval_ms


def follow(zone: ZoneAt, plan: PlannedLevels | None, candles: Candles, until_ms: Milliseconds) -> Passage:
    """Follow price at a zone over the bars from its decision up to a moment.

    Args:
        zone: As it stood; `decision_ms` is when its first bar may open.
        plan: Its levels; None when there is no plan.
        candles: Bars that may reach beyond on both ends.
        until_ms: The last close that counts.
    """
    first = int(np.searchsorted(candles.open_time_ms, zone.decision_ms))
    last = int(np.searchsorted(candles.close_time_ms, until_ms, side="right"))
    if last <= first:
        return Passage()
    sign = 1 if zone.where == "above" else -1
    bars = _outward(candles.part(slice(first, last)), sign)
    near = sign * (zone.low if sign > 0 else zone.high)
    touched = bars.far >= near
    excursion = (float(bars.far.max()) - near) / zone.atr
    if plan is None:
        return Passage(touched_ms=_when(touched, bars), excursion_atr=excursion)
    entry = _entry(bars, plan, touched, sign, candles.interval_ms)
    after = np.arange(len(bars.far)) > (len(bars.far) if entry is None else entry)
    return Passage(
        touched_ms=_when(touched, bars),
        excursion_atr=excursion,
        alert_ms=_when(bars.far >= sign * plan.alert, bars),
        entry_ms=None if entry is None else int(bars.close_ms[entry]),
        invalidation_ms=_when(after & (bars.back <= sign * plan.invalidation), bars),
        de_risk_ms=_when(after & (bars.far >= sign * plan.de_risk), bars),
    )


def _outward(after: Candles, sign: int) -> _Outward:
    far, back = (after.high, after.low) if sign > 0 else (-after.low, -after.high)
    return _Outward(far=far, back=back, close=sign * after.close, close_ms=after.close_time_ms)


def _entry(bars: _Outward, plan: PlannedLevels, touched: Bools, sign: int, interval_ms: Milliseconds) -> int | None:
    """Find the bar whose close met the price part of the entry condition."""
    waited = bars.close_ms > plan.after_ms
    into = np.maximum.accumulate(touched & waited)
    ends = bars.close_ms % max(plan.timeframe_ms, interval_ms) == 0
    met = into & ends & (bars.close > sign * plan.entry)
    return int(np.argmax(met)) if met.any() else None


def _when(met: Bools, bars: _Outward) -> Milliseconds | None:
    return int(bars.close_ms[int(np.argmax(met))]) if met.any() else None
