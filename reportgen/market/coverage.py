"""What one symbol's market data cover: venues, gaps, age, and how much of the open positions was seen being opened.

Stands beside the five steps: `brief.py` asks it once a symbol, and `market/grade.py` judges the map by it. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reportgen.assumptions import Assumptions
from reportgen.market.choice import missing_bars
from reportgen.market.data import Candles, MarketData, OpenInterest
from reportgen.market.quality import Coverage, VenueCoverage
from reportgen.market.tables import interval_text
from reportgen.units import DAY_MS, Fraction, Maybe, Milliseconds, Missing, Notional


def assess_coverage(
    market: MarketData, *, inputs_known: int, inputs_total: int, assumptions: Assumptions
) -> Maybe[Coverage]:
    """Say where a symbol's input came from.

    Args:
        market: All that is known of the symbol.
        inputs_known: How many of the guide's inputs could be computed.
        inputs_total: Of how many.
        assumptions: Uses `coverage_churn` and `coverage_largest_close`.

    Returns:
        Coverage, or the reason why there are no candles.
    """
    if isinstance(market.candles, Missing):
        return market.candles
    primary = next(iter(market.candles))
    candles = market.candles[primary]
    last_close = int(candles.close_time_ms[-1])
    return Coverage(
        primary_venue=primary,
        venues=_venues(market, market.candles),
        last_close_ms=last_close,
        stale_bars=(market.as_of_ms - last_close) // candles.interval_ms,
        history_days=(last_close - int(candles.open_time_ms[0])) / DAY_MS,
        book_coverage=book_coverage(market, assumptions),
        inputs_known=inputs_known,
        inputs_total=inputs_total,
    )


def book_coverage(market: MarketData, assumptions: Assumptions) -> Maybe[Fraction]:
    """Estimate the share of open interest that was opened inside the observed history (MODEL section 1, start-up).

    At the first snapshot every entry is unknown. Each bar closes a part of the unknown positions: what changes hands
    (`coverage_churn` x volume) and what open interest falls by, over open interest, at most `coverage_largest_close`.

    Returns:
        Fraction in [0, 1], or Missing without open interest over at least two bars.
    """
    if isinstance(market.candles, Missing):
        return market.candles
    if isinstance(market.open_interest, Missing):
        return market.open_interest
    primary = next(iter(market.candles))
    venue = primary if primary in market.open_interest else min(market.open_interest)
    candles, open_interest = market.candles[primary], market.open_interest[venue]
    place = np.searchsorted(open_interest.time_ms, candles.close_time_ms, side="right") - 1
    known = place >= 0
    if np.count_nonzero(known) < 2:
        return Missing("Open interest is known over fewer than two bars, so start-up coverage cannot be estimated.")
    levels = open_interest.open_interest_base[place[known]]
    closed = assumptions.coverage_churn * candles.volume_base[known][1:] + np.maximum(-np.diff(levels), 0)
    survive = 1 - np.minimum(assumptions.coverage_largest_close, closed / levels[:-1])
    unknown = levels[0] * float(np.prod(survive))
    return float(np.clip(1 - unknown / levels[-1], 0, 1))


def open_interest_shares(market: MarketData) -> Maybe[Mapping[str, Fraction]]:
    """Part the known open interest among its venues, by the last snapshot of each.

    Returns:
        By venue, adding up to 1; or Missing when there is none, or when it comes as a sum of venues.
    """
    if isinstance(market.open_interest, Missing):
        return market.open_interest
    if any(venue == "all" or "+" in venue for venue in market.open_interest):
        return Missing("The market data give open interest as a sum of venues, so no venue's share is known.")
    newest = max(int(each.time_ms[-1]) for each in market.open_interest.values())
    last = {venue: _recent(each, newest) for venue, each in sorted(market.open_interest.items())}
    total = sum(value for value in last.values() if value is not None)
    return {venue: value / total for venue, value in last.items() if value is not None}


def daily_quote_volume(candles: Candles, days: float) -> Notional:
    """Give the mean volume a day over the last days, in quote currency at the bars' closes."""
    since = int(candles.close_time_ms[-1]) - round(days * DAY_MS)
    start = int(np.searchsorted(candles.open_time_ms, since))
    span = int(candles.close_time_ms[-1]) - int(candles.open_time_ms[start])
    return float(np.sum(candles.volume_base[start:] * candles.close[start:])) * DAY_MS / span


def _recent(open_interest: OpenInterest, newest: Milliseconds) -> float | None:
    """Give the last open interest of a venue, None when it ended more than a day before the newest of all."""
    if int(open_interest.time_ms[-1]) < newest - DAY_MS:
        return None
    return float(open_interest.open_interest_base[-1])


def _venues(market: MarketData, candles: Mapping[str, Candles]) -> tuple[VenueCoverage, ...]:
    """Say what each venue gave: those with candles first, the primary venue leading."""
    tables = {
        "candles": candles,
        "open interest": market.open_interest,
        "funding": market.funding,
        "order book": market.order_book,
        "leverage brackets": market.brackets,
        "spot candles": market.spot_candles,
        "mark candles": market.mark_candles,
        "long/short ratio": market.long_short_ratio,
        "known positions": market.positions,
    }
    given = {name: table for name, table in tables.items() if not isinstance(table, Missing)}
    others = sorted({venue for table in given.values() for venue in table} - set(candles))
    shares = open_interest_shares(market)
    return tuple(
        VenueCoverage(
            venue=venue,
            tables=tuple(name for name, table in given.items() if venue in table),
            interval=interval_text(candles[venue].interval_ms) if venue in candles else "",
            bars=len(candles[venue]) if venue in candles else 0,
            gaps=missing_bars(candles[venue].open_time_ms, candles[venue].interval_ms) if venue in candles else 0,
            open_interest_share=_share(shares, venue),
        )
        for venue in (*candles, *others)
    )


def _share(shares: Maybe[Mapping[str, Fraction]], venue: str) -> Maybe[Fraction]:
    if isinstance(shares, Missing):
        return shares
    return shares[venue] if venue in shares else Missing(f"The market data hold no recent open interest of {venue}.")
