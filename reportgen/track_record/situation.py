"""What every map of a backtest is scored on: decisions, what price did after them, what was realised."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from reportgen.assumptions import Assumptions
from reportgen.market.data import Candles, MarketData
from reportgen.track_record.day_ranges import day_ranges
from reportgen.track_record.frozen import Reach, reach_after
from reportgen.track_record.targets import liquidations_after, open_interest_fall
from reportgen.units import DAY_MS, Floats, Ints, Milliseconds, Missing, Side

Fresh: TypeAlias = Callable[[], np.random.Generator]
"""Gives a generator that starts anew from one seed, so that every score resamples the same days."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Situation:
    """Decisions of one market, shape (m,) each, and what followed.

    Attributes:
        candles: Of the primary venue. decision_ms: ascending. horizon_ms: of every score but the 24 h one.
        reach: What price did up to the horizon. atr: a day's typical range then, price, NaN where not known.
        realised: Per side, quote currency liquidated up to the horizon; NaN where not known.
        fall: Fall of open interest up to the horizon, fraction; NaN where not known.
        assumptions: All constants. fresh: for resampling.
    """

    candles: Candles
    decision_ms: Ints
    horizon_ms: Milliseconds
    reach: Reach
    atr: Floats
    realised: Mapping[Side, Floats]
    fall: Floats
    assumptions: Assumptions
    fresh: Fresh

    @property
    def day(self) -> Ints:
        """UTC day of each decision, the block of every interval."""
        return self.decision_ms // DAY_MS

    @property
    def has_liquidations(self) -> bool:
        """Tell whether any bar has liquidations of both sides known."""
        return bool((self.reach.whole & np.isfinite(self.realised[Side.LONG])).any())

    def went(self, side: Side) -> Floats:
        """Log distance that price went against a side up to the horizon, shape (m,), >= 0."""
        reach = self.reach
        return np.asarray(np.log(reach.price / reach.low) if side is Side.LONG else np.log(reach.high / reach.price))


def situation_of(
    market: MarketData, candles: Candles, decision_ms: Ints, horizon_ms: Milliseconds, a: Assumptions, fresh: Fresh
) -> Situation:
    """Gather what followed each decision; what is not known becomes NaN."""
    unknown = np.full(len(decision_ms), np.nan)
    told, interest = market.liquidations, market.open_interest
    none = dict.fromkeys(Side, unknown)
    return Situation(
        candles=candles,
        decision_ms=decision_ms,
        horizon_ms=horizon_ms,
        reach=reach_after(candles, decision_ms, horizon_ms),
        atr=day_ranges(candles, decision_ms, a),
        realised=none if isinstance(told, Missing) else liquidations_after(told, decision_ms, horizon_ms),
        fall=unknown
        if isinstance(interest, Missing) or not interest
        else open_interest_fall(next(iter(interest.values())), decision_ms, horizon_ms),
        assumptions=a,
        fresh=fresh,
    )
