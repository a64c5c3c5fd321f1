"""Step 1: what the chart says before anyone looks at a heatmap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from reportgen.units import Fraction, Maybe, Milliseconds, Missing, Price, Where

Trend = Literal["up", "down", "sideways"]
Regime = Literal["compressed", "normal", "expanding"]
Volume = Literal["expanding", "steady", "contracting"]
NO_SPOT_VOLUME: Final = Missing("No spot candles were given.")
NO_TAKER_FLOW: Final = Missing("The candles carry no taker volume.")
NO_DAILY_ATR: Final = Missing("The brief was written before the daily ATR was read.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotVolume:
    """Spot volume over the same bars as the contract's.

    Attributes:
        volume: expanding, steady or contracting. ratio: recent volume / its median. venue: whose spot market.
    """

    volume: Volume
    ratio: float
    venue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A support or a resistance: swing points merged when closer than a fraction of ATR.

    Attributes:
        price: Mean of the merged swing prices. where: above = resistance, below = support.
        name: What it is to a trader: "14-day high", "swing low of 9 Jan".
        touches: Swing points merged into it. last_touch_ms: close time of the latest one's bar.
        distance_fraction: Distance from the price, fraction, >= 0. distance_atr: the same in day ATR.
    """

    price: Price
    where: Where
    touches: int
    last_touch_ms: Milliseconds
    distance_fraction: Fraction
    distance_atr: float
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakerFlow:
    """Who crosses the spread: taker buys over all volume of the recent bars, against such shares before.

    Attributes:
        share: Taker-buy volume over volume, in [0, 1]. percentile: fraction in [0, 1] of its own history.
        bias: buyers or sellers in the tails of that history, else balanced.
    """

    share: Fraction
    percentile: Fraction
    bias: Literal["buyers", "sellers", "balanced"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """A wick clearly through a prior swing high or low that closed back inside, with price still inside.

    Attributes:
        level: Price of the swing. where: above for a swing high, below for a swing low.
        time_ms: Close time of the bar with the wick. extreme: its high (low).
    """

    level: Price
    where: Where
    time_ms: Milliseconds
    extreme: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """The chart environment on the trading timeframe.

    Attributes:
        timeframe: "4h". trend: direction. trend_strength: the number behind it, net move / path, in [-1, 1].
        momentum: return of the momentum window in units of its own volatility (a z-score).
        exhausted: True when the momentum is extreme and fading. exhaustion: the number behind it.
        volume: expanding, steady or contracting. volume_ratio: recent volume / its median.
        supports, resistances: nearest first.
        sweep: latest sweep within the sweep window, if any.
        regime: by ATR and range percentile. atr_percentile, range_percentile: fraction in [0, 1] of own history.
        range_low, range_high: extremes of the range window.
        relative_strength: return minus BTC's over the same window, fraction; Missing for BTC or without BTC's candles.
        relative_strength_days: that window in days.
        atr: a usual day: a day's typical range in price, mean true range of 24 hourly bars x sqrt(24) x 0.6.
        atr_fraction: atr / price. change_24h: fraction.
        bars: bars of the trading timeframe that were available.
        spot_volume: what spot did meanwhile: whether it confirms the move.
        trend_change: net move of the trend window, fraction. trend_days: that window in days.
        taker: who crosses the spread. atr_14d: Wilder's ATR(14) of daily bars, price; it is printed as itself alone.
    """

    timeframe: str
    trend: Trend
    trend_strength: float
    momentum: float
    exhausted: bool
    exhaustion: float
    volume: Volume
    volume_ratio: float
    supports: tuple[Level, ...]
    resistances: tuple[Level, ...]
    sweep: Sweep | None
    regime: Regime
    atr_percentile: Fraction
    range_percentile: Fraction
    range_low: Price
    range_high: Price
    relative_strength: Maybe[Fraction]
    relative_strength_days: float
    atr: Price
    atr_fraction: Fraction
    change_24h: Maybe[Fraction]
    bars: int
    spot_volume: Maybe[SpotVolume] = NO_SPOT_VOLUME
    trend_change: Fraction | None = None
    trend_days: float = 0.0
    taker: Maybe[TakerFlow] = NO_TAKER_FLOW
    atr_14d: Maybe[Price] = NO_DAILY_ATR
