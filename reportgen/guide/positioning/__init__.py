"""Step 3: are positions building, and who is crowded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from reportgen.units import Fraction, Maybe, Milliseconds, Missing, Notional, Side

Bias = Literal["longs pay", "shorts pay", "neutral"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LongShortReading:
    """The last ratio.

    Attributes:
        ratio: Long over short, > 0. kind: what is counted, "all accounts". venue, time_ms: source.
    """

    ratio: float
    kind: str
    venue: str
    time_ms: Milliseconds


NO_LONG_SHORT: Final = Missing("No long/short ratio was given.")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInterestReading:
    """Open interest now and against its own history.

    Attributes:
        trend: rising, flat or falling over 24 h. change_24h: fraction, in base coins.
        open_interest_base: base coins. open_interest_quote: quote currency as published, else base coins x price.
        percentile: fraction in [0, 1] of its own history. elevated: percentile above the threshold.
        history_days: how much history that is.
        flush: True when it fell sharply after a large price move. venue, time_ms: source.
    """

    trend: Literal["rising", "flat", "falling"]
    change_24h: Fraction
    open_interest_base: float
    open_interest_quote: Notional
    percentile: Fraction
    elevated: bool
    history_days: float
    flush: bool
    venue: str
    time_ms: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingReading:
    """Funding now and against its own history.

    Attributes:
        rate_8h: fraction per 8 hours. annualised: fraction per 365 days (simple).
        interval_hours: of the last settled rate.
        percentile: fraction in [0, 1] of its own history. history_days: how much history that is.
        bias: who pays. extreme: beyond the thresholds. turned_extreme: neutral a while ago and extreme now.
        venue, time_ms: source.
    """

    rate_8h: Fraction
    annualised: Fraction
    interval_hours: float
    percentile: Fraction
    history_days: float
    bias: Bias
    extreme: bool
    turned_extreme: bool
    venue: str
    time_ms: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Positioning:
    """Open interest and funding together.

    Attributes:
        crowded_side: the side that looks crowded, or None when neither. crowded_because: one clause with its numbers.
        long_short: how the accounts of a venue lean; it changes nothing of the above.
    """

    open_interest: Maybe[OpenInterestReading]
    funding: Maybe[FundingReading]
    crowded_side: Side | None
    crowded_because: str
    long_short: Maybe[LongShortReading] = NO_LONG_SHORT
