"""Step 3 read from open interest and funding: the function behind `guide.positioning`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol, TypeVar

import numpy as np

from reportgen import notation
from reportgen.config.assumptions import Assumptions
from reportgen.guide.positioning import FundingReading, OpenInterestReading, Positioning, read_long_short
from reportgen.guide.structure import Structure
from reportgen.guide.structure.bars import close_at, slice_from, slice_until
from reportgen.guide.structure.trend import annualised, change_since, fall_from_peak, funding_8h
from reportgen.guide.structure.volatility import day_range, percentile_of_last
from reportgen.market.data import FundingRates, MarketData
from reportgen.units import DAY_MS, HOUR_MS, Fraction, Ints, Maybe, Milliseconds, Missing, Price, Side

# ---- Who looks crowded: funding and open interest of step 3 read together, as the guide does ----


def crowded(open_interest: Maybe[OpenInterestReading], funding: Maybe[FundingReading]) -> tuple[Side | None, str]:
    """Name the crowded side and why.

    The side that pays looks crowded when funding is extreme, or when open interest is elevated or rising too. A flush
    has ended the crowding; without funding nobody can be named, as every contract has a long and a short.

    Returns:
        The side, or None when neither looks crowded; and one clause with the numbers behind it.
    """
    if isinstance(funding, Missing):
        return None, "funding is not known"
    paid = f"funding is {notation.funding(funding.rate_8h)}"
    if funding.bias == "neutral":
        return None, f"{paid}, near the baseline"
    side = Side.LONG if funding.bias == "longs pay" else Side.SHORT
    rank = f", extreme: {_rank(funding)} of its history" if funding.extreme else ""
    paid = f"{funding.bias}, {paid}{rank}"
    if isinstance(open_interest, Missing):
        return (side, paid) if funding.extreme else (None, f"{paid}, and open interest is not known")
    confirms, clause = _positions(open_interest)
    if confirms or (funding.extreme and not open_interest.flush):
        return side, f"{paid}, and {clause}"
    return None, f"{paid}, but {clause}"


def _positions(reading: OpenInterestReading) -> tuple[bool, str]:
    """Tell whether open interest confirms crowding, and say its number."""
    change = f"{notation.percent_change(reading.change_24h)} in 24{notation.THIN}h"
    if reading.flush:
        return False, f"open interest was flushed ({change})"
    if reading.elevated:
        return True, f"open interest is elevated, {_beyond('above', 'highest', reading.percentile)} of its history"
    return reading.trend == "rising", f"open interest is {reading.trend} ({change})"


def _rank(funding: FundingReading) -> str:
    """Say how much of its own history the rate stands beyond, on the side that it leans to."""
    if funding.bias == "shorts pay":
        return _beyond("below", "lowest", 1 - funding.percentile)
    return _beyond("above", "highest", funding.percentile)


def _beyond(where: str, extreme: str, part: Fraction) -> str:
    """Say beyond how much of a history a value stands; a value beyond all of it is the extreme."""
    whole = round(100 * part)
    return f"the {extreme}" if whole >= 100 else f"{where} {whole}{notation.THIN}%"


Bias = Literal["longs pay", "shorts pay", "neutral"]
_OPEN_INTEREST = "open interest"
_FUNDING = "funding"


class _Timed(Protocol):
    """A table that knows when each of its rows was taken."""

    @property
    def time_ms(self) -> Ints: ...


_Table = TypeVar("_Table", bound=_Timed)


def read_positioning(
    market: MarketData, structure: Maybe[Structure], *, price: Price, assumptions: Assumptions
) -> Positioning:
    """Read whether positions build, and who is crowded.

    The primary venue speaks when it has the table, else the venue with most rows. Each reading is Missing by itself:
    without the table, when its last row is too old, or when its history is too short for a percentile.

    Args:
        market: One symbol's data.
        structure: Step 1, for ATR; without it ATR is read from the candles.
        price: The price at as-of; turns coins into quote currency where the venue published coins alone.
        assumptions: The section "positioning", and ATR.
    """
    open_interest = _open_interest(market, structure, price, assumptions)
    funding = _funding(market, assumptions)
    side, because = crowded(open_interest, funding)
    return Positioning(
        open_interest=open_interest,
        funding=funding,
        crowded_side=side,
        crowded_because=because,
        long_short=read_long_short(market, assumptions),
    )


def _open_interest(
    market: MarketData, structure: Maybe[Structure], price: Price, assumptions: Assumptions
) -> Maybe[OpenInterestReading]:
    """Read open interest: its change over a day, its level, and whether it was flushed."""
    chosen = _speaking(market, market.open_interest, _OPEN_INTEREST)
    if isinstance(chosen, Missing):
        return chosen
    venue, table = chosen
    until = int(np.searchsorted(table.time_ms, market.as_of_ms, side="right"))
    times, coins = table.time_ms[:until], table.open_interest_base[:until]
    history = _history(times, market.as_of_ms, assumptions.open_interest_history_days, _OPEN_INTEREST, assumptions)
    if isinstance(history, Missing):
        return history
    change = change_since(times, coins, DAY_MS, _tolerance(times, assumptions))
    if isinstance(change, Missing):
        return Missing(f"Open interest has no change over 24 hours. {change.reason}")
    percentile = percentile_of_last(coins[history])
    quote = table.open_interest_quote
    fell = fall_from_peak(times, coins, DAY_MS) >= assumptions.flush_fall
    return OpenInterestReading(
        trend=_trend(change, assumptions),
        change_24h=change,
        open_interest_base=float(coins[-1]),
        open_interest_quote=float(coins[-1]) * price if isinstance(quote, Missing) else float(quote[until - 1]),
        percentile=percentile,
        elevated=percentile >= assumptions.open_interest_elevated,
        history_days=_days(times[history]),
        flush=fell and _moved_far(market, structure, int(times[-1]), assumptions),
        venue=venue,
        time_ms=int(times[-1]),
    )


def _funding(market: MarketData, assumptions: Assumptions) -> Maybe[FundingReading]:
    """Read funding: on one scale, against the baseline and against its own history."""
    chosen = _speaking(market, market.funding, _FUNDING)
    if isinstance(chosen, Missing):
        return chosen
    venue, table = chosen
    times = table.time_ms[table.time_ms <= market.as_of_ms]
    history = _history(times, market.as_of_ms, assumptions.funding_history_days, _FUNDING, assumptions)
    if isinstance(history, Missing):
        return history
    rates = funding_8h(table)[: len(times)]
    rate = float(rates[-1])
    percentile = percentile_of_last(rates[history])
    extreme = _is_extreme(rate, percentile, assumptions)
    return FundingReading(
        rate_8h=rate,
        annualised=annualised(rate),
        interval_hours=float(table.interval_hours[len(times) - 1]),
        percentile=percentile,
        history_days=_days(times[history]),
        bias=funding_bias(rate, assumptions),
        extreme=extreme,
        turned_extreme=extreme and _was_neutral(table, len(times), assumptions),
        venue=venue,
        time_ms=int(times[-1]),
    )


def funding_bias(rate_8h: Fraction, assumptions: Assumptions) -> Bias:
    """Say who pays; within the band around the venues' baseline nobody does, in the sense of crowding.

    Args:
        rate_8h: Fraction per 8 hours.
        assumptions: `funding_baseline_8h` and `funding_neutral_band`.
    """
    beyond = rate_8h - assumptions.funding_baseline_8h
    if abs(beyond) <= assumptions.funding_neutral_band:
        return "neutral"
    return "longs pay" if beyond > 0 else "shorts pay"


def _speaking(market: MarketData, by_venue: Maybe[Mapping[str, _Table]], what: str) -> Maybe[tuple[str, _Table]]:
    """Choose the venue that speaks: the primary one when it has rows, else the one with most rows."""
    if isinstance(by_venue, Missing):
        return by_venue
    rows = {venue: int((table.time_ms <= market.as_of_ms).sum()) for venue, table in by_venue.items()}
    primary = "" if isinstance(market.candles, Missing) else next(iter(market.candles), "")
    fullest = max(sorted(rows), key=lambda venue: rows[venue], default=None)
    venue = primary if rows.get(primary) else fullest
    if venue is None or not rows[venue]:
        return Missing(f"No venue has {what} for this symbol up to as-of.")
    return venue, by_venue[venue]


def _history(times: Ints, as_of_ms: Milliseconds, days: float, what: str, assumptions: Assumptions) -> Maybe[slice]:
    """Choose the rows that a percentile is taken within, if they are recent and reach back far enough."""
    age_hours = (as_of_ms - int(times[-1])) / HOUR_MS
    if age_hours > assumptions.positioning_max_age_hours:
        return Missing(f"The last {what} is {age_hours:.0f} hours older than as-of.")
    begin = int(np.searchsorted(times, int(times[-1]) - int(days * DAY_MS), side="left"))
    known = _days(times[begin:])
    if known < assumptions.positioning_min_days:
        needed = assumptions.positioning_min_days
        return Missing(f"The history of {what} is too short: {known:.1f} days of the {needed:g} that are needed.")
    return slice(begin, None)


def _days(times: Ints) -> float:
    """Return the span of some rows in days."""
    return (int(times[-1]) - int(times[0])) / DAY_MS


def _tolerance(times: Ints, assumptions: Assumptions) -> Milliseconds:
    """Allow the snapshot of 24 h ago to be an hour off, or one snapshot's usual spacing."""
    return max(int(assumptions.open_interest_tolerance_hours * HOUR_MS), int(np.median(np.diff(times))))


def _trend(change: Fraction, assumptions: Assumptions) -> Literal["rising", "flat", "falling"]:
    """Put a word to the change over a day."""
    if abs(change) < assumptions.open_interest_moving:
        return "flat"
    return "rising" if change > 0 else "falling"


def _moved_far(
    market: MarketData, structure: Maybe[Structure], until_ms: Milliseconds, assumptions: Assumptions
) -> bool:
    """Tell whether price went far from where it stood a day before; unknown counts as no, so no flush is claimed."""
    candles = None if isinstance(market.candles, Missing) else next(iter(market.candles.values()), None)
    if candles is None:
        return False
    atr = (
        day_range(slice_until(candles, market.as_of_ms), assumptions)
        if isinstance(structure, Missing)
        else structure.atr
    )
    begin = until_ms - DAY_MS
    start = close_at(candles, begin, max(candles.interval_ms, int(assumptions.change_tolerance_hours * HOUR_MS)))
    day = slice_until(slice_from(candles, begin), until_ms)
    if isinstance(atr, Missing) or isinstance(start, Missing) or not len(day):
        return False
    farthest = max(float(day.high.max()) - start, start - float(day.low.min()))
    return farthest >= assumptions.flush_move_atr * atr


def _is_extreme(rate: Fraction, percentile: Fraction, assumptions: Assumptions) -> bool:
    """Call a rate extreme when it lies outside the band, and far from the baseline or in its history's tail."""
    bias = funding_bias(rate, assumptions)
    tail = percentile if bias == "shorts pay" else 1 - percentile
    far = abs(rate - assumptions.funding_baseline_8h) >= assumptions.funding_extreme_8h
    return bias != "neutral" and (far or tail <= assumptions.funding_extreme_tail)


def _was_neutral(table: FundingRates, rows: int, assumptions: Assumptions) -> bool:
    """Tell whether the rate settled nearest to some hours before the last one was neutral; unknown counts as no."""
    times = table.time_ms[:rows]
    then = int(times[-1]) - int(assumptions.funding_turn_hours * HOUR_MS)
    nearest = int(np.argmin(np.abs(times - then)))
    if abs(int(times[nearest]) - then) > table.interval_hours[nearest] * HOUR_MS / 2:
        return False
    return funding_bias(float(funding_8h(table)[nearest]), assumptions) == "neutral"
