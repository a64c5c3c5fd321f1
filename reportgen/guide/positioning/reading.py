"""Step 3 read from open interest and funding: are positions building, and who is crowded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol, TypeVar

import numpy as np

from reportgen import notation
from reportgen.config.assumptions import Assumptions
from reportgen.guide.positioning import Bias, FundingReading, LongShortReading, OpenInterestReading, Positioning
from reportgen.guide.structure import Structure
from reportgen.guide.structure.bars import close_at, slice_from, slice_until, value_at
from reportgen.guide.structure.volatility import day_range, percentile_of_last
from reportgen.market.data import FundingRates, MarketData
from reportgen.units import DAY_MS, HOUR_MS, Floats, Fraction, Ints, Maybe, Milliseconds, Missing, Price, Side

_OPEN_INTEREST = "open interest"
_FUNDING = "funding"
_FUNDING_HOURS = 8
_YEAR_DAYS = 365
_LONG_SHORT_KINDS: Final = {
    "accounts": "all accounts",
    "top_accounts": "top accounts",
    "top_positions": "positions of top accounts",
}


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
        structure: Step 1, for the day's typical range; without it that is read from the candles.
        price: The price at as-of; turns coins into quote currency where the venue published coins alone.
        assumptions: The section "positioning", and the day's typical range.
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
    longs_pay = funding.bias == "longs pay"
    side = Side.LONG if longs_pay else Side.SHORT
    rank = ""
    if funding.extreme:
        beyond = (
            _beyond("above", "highest", funding.percentile)
            if longs_pay
            else _beyond("below", "lowest", 1 - funding.percentile)
        )
        rank = f", extreme: {beyond} of its history"
    paid = f"{funding.bias}, {paid}{rank}"
    if isinstance(open_interest, Missing):
        return (side, paid) if funding.extreme else (None, f"{paid}, and open interest is not known")
    change = f"{notation.percent_change(open_interest.change_24h)} in 24{notation.THIN}h"
    if open_interest.flush:
        return None, f"{paid}, but open interest was flushed ({change})"
    clause = f"open interest is {open_interest.trend} ({change})"
    if open_interest.elevated:
        clause = f"open interest is elevated, {_beyond('above', 'highest', open_interest.percentile)} of its history"
    if open_interest.elevated or open_interest.trend == "rising" or funding.extreme:
        return side, f"{paid}, and {clause}"
    return None, f"{paid}, but {clause}"


def _beyond(where: str, extreme: str, part: Fraction) -> str:
    """Say beyond how much of a history a value stands; a value beyond all of it is the extreme."""
    whole = round(100 * part)
    return f"the {extreme}" if whole >= 100 else f"{where} {whole}{notation.THIN}%"


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
    # The snapshot of 24 h ago may be an hour off, or one snapshot's usual spacing.
    tolerance = max(int(assumptions.open_interest_tolerance_hours * HOUR_MS), int(np.median(np.diff(times))))
    change = change_since(times, coins, DAY_MS, tolerance)
    if isinstance(change, Missing):
        return Missing(f"Open interest has no change over 24 hours. {change.reason}")
    percentile = percentile_of_last(coins[history])
    quote = table.open_interest_quote
    fell = fall_from_peak(times, coins, DAY_MS) >= assumptions.flush_fall
    moving = abs(change) >= assumptions.open_interest_moving
    return OpenInterestReading(
        trend="flat" if not moving else "rising" if change > 0 else "falling",
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
    bias = funding_bias(rate, assumptions)
    tail = percentile if bias == "shorts pay" else 1 - percentile
    far = abs(rate - assumptions.funding_baseline_8h) >= assumptions.funding_extreme_8h
    extreme = bias != "neutral" and (far or tail <= assumptions.funding_extreme_tail)
    # Whether the rate settled nearest to some hours ago was neutral; unknown counts as no.
    then = int(times[-1]) - int(assumptions.funding_turn_hours * HOUR_MS)
    nearest = int(np.argmin(np.abs(times - then)))
    close_by = abs(int(times[nearest]) - then) <= table.interval_hours[nearest] * HOUR_MS / 2
    was_neutral = close_by and funding_bias(float(rates[nearest]), assumptions) == "neutral"
    return FundingReading(
        rate_8h=rate,
        annualised=annualised(rate),
        interval_hours=float(table.interval_hours[len(times) - 1]),
        percentile=percentile,
        history_days=_days(times[history]),
        bias=bias,
        extreme=extreme,
        turned_extreme=extreme and was_neutral,
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


def read_long_short(market: MarketData, assumptions: Assumptions) -> Maybe[LongShortReading]:
    """Read the last ratio of the primary venue, else of the first venue by name.

    Returns:
        The reading, or Missing without the table or when its last row is too old.
    """
    ratios = market.long_short_ratio
    if isinstance(ratios, Missing):
        return ratios
    primary = "" if isinstance(market.candles, Missing) else next(iter(market.candles), "")
    venue = primary if primary in ratios else min(ratios)
    table = ratios[venue]
    until = int(np.searchsorted(table.time_ms, market.as_of_ms, side="right"))
    if not until:
        return Missing(f"{venue} gave no long/short ratio up to as-of.")
    age_hours = (market.as_of_ms - int(table.time_ms[until - 1])) / HOUR_MS
    if age_hours > assumptions.positioning_max_age_hours:
        return Missing(f"The last long/short ratio is {notation.grouped(age_hours, 0)} hours older than as-of.")
    return LongShortReading(
        ratio=float(table.ratio[until - 1]),
        kind=_LONG_SHORT_KINDS.get(table.kind, table.kind),
        venue=venue,
        time_ms=int(table.time_ms[until - 1]),
    )


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


def change_since(times: Ints, values: Floats, span_ms: Milliseconds, tolerance_ms: Milliseconds) -> Maybe[Fraction]:
    """Return the change of a snapshot series over a span that ends at its last snapshot.

    Args:
        times: Shape (n,), n >= 1, ascending.
        values: Shape (n,), >= 0.
        span_ms: The span.
        tolerance_ms: How much older than the span's beginning the snapshot there may be.

    Returns:
        Fraction, or Missing when there is no snapshot at the beginning, or it is zero.
    """
    before = value_at(times, values, int(times[-1]) - span_ms, tolerance_ms, "a snapshot")
    if isinstance(before, Missing):
        return before
    if before <= 0:
        return Missing("The snapshot that the change would be measured from is zero.")
    return float(values[-1]) / before - 1


def fall_from_peak(times: Ints, values: Floats, span_ms: Milliseconds) -> Fraction:
    """Return how far the last snapshot lies under the highest of a span, as a fraction >= 0.

    Args:
        times: Shape (n,), n >= 1, ascending.
        values: Shape (n,), >= 0.
        span_ms: The span, counted back from the last snapshot.
    """
    peak = float(values[times >= times[-1] - span_ms].max())
    return 1 - float(values[-1]) / peak if peak > 0 else 0.0


def funding_8h(rates: FundingRates) -> Floats:
    """Put settled rates on one scale: fraction per 8 hours, shape (n,)."""
    return rates.funding_rate * _FUNDING_HOURS / rates.interval_hours


def annualised(rate_8h: Fraction) -> Fraction:
    """Return a rate per 8 hours as a simple rate per 365 days."""
    return rate_8h * (DAY_MS // HOUR_MS // _FUNDING_HOURS) * _YEAR_DAYS
