"""Which venue leads, and which of its bars are used: decided by the data alone, the same way every morning.

Stands between the border and `MarketData.candles`. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from reportgen.assumptions import Assumptions
from reportgen.market.data import Candles
from reportgen.units import DAY_MS, HOUR_MS, Ints, Milliseconds, Notional


def choose_candles(
    offered: Mapping[str, Sequence[Candles]], as_of_ms: Milliseconds, assumptions: Assumptions
) -> dict[str, Candles]:
    """Choose the bars of every venue, the primary venue first, the others by name.

    Args:
        offered: By venue, its bars in every interval; each with at least one bar, none after as-of.
        as_of_ms: The moment the brief speaks of.
        assumptions: Uses `finest_bars_days`, `reach_bars` and `venue_volume_days`.
    """
    chosen = {venue: best_interval(bars, assumptions) for venue, bars in sorted(offered.items())}
    primary = primary_venue(offered, chosen, as_of_ms, assumptions)
    return {primary: chosen[primary]} | chosen


def best_interval(bars: Sequence[Candles], assumptions: Assumptions) -> Candles:
    """Choose the finest bars that reach the venue's newest close and span enough days; else the longest of those."""
    newest = max(_last_close(each) for each in bars)
    reaching = [each for each in bars if _reaches(each, newest, assumptions)]
    long_enough = [each for each in reaching if _span(each) >= assumptions.finest_bars_days * DAY_MS]
    if long_enough:
        return min(long_enough, key=lambda each: each.interval_ms)
    return max(reaching, key=lambda each: (_span(each), -each.interval_ms))


def primary_venue(
    offered: Mapping[str, Sequence[Candles]],
    chosen: Mapping[str, Candles],
    as_of_ms: Milliseconds,
    assumptions: Assumptions,
) -> str:
    """Choose the venue whose path the map is drawn from.

    It is the one with the longest history, in hourly or finer bars, among those that reach the newest close of all;
    then the one with the larger volume of the last days; then the first by name. Where no such venue has hourly bars,
    coarser ones count.
    """
    newest = max(_last_close(each) for bars in offered.values() for each in bars)
    reaching = {
        venue: [each for each in bars if _reaches(each, newest, assumptions)] for venue, bars in offered.items()
    }
    fine = {venue: [each for each in bars if each.interval_ms <= HOUR_MS] for venue, bars in reaching.items()}
    candidates = fine if any(fine.values()) else reaching
    since = as_of_ms - round(assumptions.venue_volume_days * DAY_MS)

    def rank(venue: str) -> tuple[int, Notional, str]:
        longest = max(len(each) * each.interval_ms for each in candidates[venue])
        return -longest, -_quote_volume(chosen[venue], since), venue

    return min((venue for venue, bars in candidates.items() if bars), key=rank)


def missing_bars(open_time_ms: Ints, interval_ms: Milliseconds) -> int:
    """Count the bars that are absent between the first and the last of some, shape (n,), n > 0."""
    return round(int(open_time_ms[-1] - open_time_ms[0]) / interval_ms) + 1 - len(open_time_ms)


def _last_close(candles: Candles) -> Milliseconds:
    return int(candles.open_time_ms[-1]) + candles.interval_ms


def _span(candles: Candles) -> Milliseconds:
    """Give the time from the first open to the last close."""
    return _last_close(candles) - int(candles.open_time_ms[0])


def _reaches(candles: Candles, newest: Milliseconds, assumptions: Assumptions) -> bool:
    return _last_close(candles) >= newest - assumptions.reach_bars * candles.interval_ms


def _quote_volume(candles: Candles, since_ms: Milliseconds) -> Notional:
    """Give the volume of the bars since a moment, in quote currency at their closes."""
    start = int(np.searchsorted(candles.open_time_ms, since_ms))
    return float(np.sum(candles.volume_base[start:] * candles.close[start:]))
