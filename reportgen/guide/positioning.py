"""Step 3: are positions building, and who is crowded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reportgen.guide.long_short import NO_LONG_SHORT, LongShortReading
from reportgen.units import Fraction, Maybe, Milliseconds, Notional, Side


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
    bias: Literal["longs pay", "shorts pay", "neutral"]
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
