"""What price did at a zone within the horizon: the definitions of MODEL section 4, bar by bar.

Zones below the price are judged by the same rules with prices mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from reportgen.assumptions import Assumptions
from reportgen.guide.reaction import Outcome
from reportgen.market.data import Candles
from reportgen.units import Bools, Floats, Milliseconds, Price, Where

Unscored = Literal["censored", "not_an_event"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of one zone.

    Attributes:
        outcome: One of four, or why it cannot be scored: bars missing up to the horizon (censored), or price in the
            zone or beyond it at the decision.
        timeout: True when a tap was decided by the last close only.
    """

    outcome: Outcome | Unscored
    timeout: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneAt:
    """A zone as it stood at a decision.

    Attributes:
        where: Above or below the price. low, high: its edges.
        price: At the decision. atr: a day's typical range then, price.
        decision_ms: When.
    """

    where: Where
    low: Price
    high: Price
    price: Price
    atr: Price
    decision_ms: Milliseconds

    @property
    def distance_atr(self) -> float:
        """Distance from the price to the near edge, ATR; below 0 inside or beyond."""
        near = self.low - self.price if self.where == "above" else self.price - self.high
        return near / self.atr


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Bars:
    """Bars after the decision, the zone above the price: shape (n,) each."""

    high: Floats
    low: Floats
    close: Floats


def judge(zone: ZoneAt, candles: Candles, horizon_ms: Milliseconds, assumptions: Assumptions) -> Fate:
    """Say what became of a zone.

    Args:
        zone: As it stood.
        candles: Bars that may reach beyond the horizon on both ends.
        horizon_ms: How long is looked, whole bars.
        assumptions: `reaction_near_atr`, `reaction_reversal_atr`, `reaction_extension_atr`.
    """
    if zone.distance_atr <= 0:
        return Fate(outcome="not_an_event")
    first = int(np.searchsorted(candles.open_time_ms, zone.decision_ms))
    last = int(np.searchsorted(candles.close_time_ms, zone.decision_ms + horizon_ms, side="right"))
    if last - first != horizon_ms // candles.interval_ms or last <= first:
        return Fate(outcome="censored")
    after = candles.part(slice(first, last))
    if zone.where == "above":
        bars = _Bars(high=after.high, low=after.low, close=after.close)
        return _judge_above(bars, zone.low, zone.high, zone.atr, assumptions)
    mirrored = _Bars(high=-after.low, low=-after.high, close=-after.close)
    return _judge_above(mirrored, -zone.high, -zone.low, zone.atr, assumptions)


def _judge_above(bars: _Bars, low: Price, high: Price, atr: Price, a: Assumptions) -> Fate:
    """Judge a zone above the price."""
    tap = _first(bars.high >= low)
    if tap == len(bars.high):
        return Fate(outcome="front_run" if _front_run(bars, low, atr, a) else "ignore")
    back = low - a.reaction_reversal_atr * atr
    reversal = np.concatenate([bars.close[tap : tap + 1], bars.low[tap + 1 :]]) <= back
    through = bars.close[tap:] >= high + a.reaction_extension_atr * atr
    if through.any() or reversal.any():
        return Fate(outcome="continue" if _first(through) <= _first(reversal) else "reject")
    return Fate(outcome="continue" if bars.close[-1] >= (low + high) / 2 else "reject", timeout=True)


def _front_run(bars: _Bars, low: Price, atr: Price, a: Assumptions) -> bool:
    """Tell whether price came near and then turned without a tap."""
    before = np.maximum.accumulate(bars.high)[:-1]
    near = before >= low - a.reaction_near_atr * atr
    return bool((near & (bars.low[1:] <= before - a.reaction_reversal_atr * atr)).any())


def _first(true: Bools) -> int:
    """Give the first true place, the length when there is none."""
    return int(np.argmax(true)) if true.any() else len(true)
