"""How far one symbol's map can be trusted: the guide's three questions on an altcoin's map, asked of every symbol.

How deep is the order book? Is the signal concentrated on one exchange? Can price gap through levels? Then: is the
history long enough, and is it fresh? Each fault has a weight; the sum makes the grade. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import numpy as np

from reportgen import notation
from reportgen.assumptions import Assumptions
from reportgen.market.choice import missing_bars
from reportgen.market.coverage import daily_quote_volume, open_interest_shares
from reportgen.market.data import ALL_DATA, Candles, Depth, MarketData, OrderBook
from reportgen.market.quality import Coverage, MapQuality
from reportgen.market.symbols import base_of
from reportgen.market.venues import VENUES
from reportgen.units import DAY_MS, HOUR_MS, Floats, Fraction, Maybe, Missing

Finding: TypeAlias = tuple[int, str]
"""The weight of a fault, 0 for none, and its clause for the reader."""


def grade_map(market: MarketData, coverage: Maybe[Coverage], assumptions: Assumptions) -> MapQuality:
    """Grade a map High, Medium or Low, with the reasons that lowered it first; None without candles."""
    depth = market_depth(market, assumptions)
    concentration = _concentration(market)
    if isinstance(market.candles, Missing):
        return _no_map(market.candles, depth, concentration)
    if isinstance(coverage, Missing):
        return _no_map(coverage, depth, concentration)
    candles = market.candles[coverage.primary_venue]
    risk = gap_risk(candles, assumptions)
    findings = [
        _judge_history(coverage, candles, assumptions),
        _judge_depth(depth, assumptions),
        _judge_volume(depth, market.candles, assumptions),
        _judge_concentration(concentration, assumptions),
        _judge_gaps(risk, assumptions),
        _judge_venues(market),
    ]
    said = sorted((finding for finding in findings if finding[1]), key=lambda finding: -finding[0])
    return MapQuality(
        grade=_grade(sum(weight for weight, _ in said), assumptions),
        depth=depth,
        venue_concentration=concentration,
        gap_risk=risk,
        reasons=tuple(clause for _, clause in said),
    )


def _no_map(why: Missing, depth: Maybe[Depth], concentration: Maybe[Fraction]) -> MapQuality:
    return MapQuality(grade="None", depth=depth, venue_concentration=concentration, gap_risk=why, reasons=(why.reason,))


def market_depth(market: MarketData, assumptions: Assumptions) -> Maybe[Depth]:
    """Give the depth of the deepest book whose snapshot is recent enough to say anything."""
    if isinstance(market.order_book, Missing):
        return market.order_book
    oldest = market.as_of_ms - round(assumptions.depth_oldest_hours * HOUR_MS)
    recent = {venue: book for venue, book in sorted(market.order_book.items()) if book.time_ms >= oldest}
    if not recent:
        venue, book = max(market.order_book.items(), key=lambda item: (item[1].time_ms, item[0]))
        age = notation.grouped((market.as_of_ms - book.time_ms) / DAY_MS, 1)
        return Missing(f"The last order-book snapshot of {base_of(market.symbol)}, on {venue}, is {age} days old.")
    found = [depth_near(book, assumptions.depth_within, venue=venue) for venue, book in recent.items()]
    deep = [depth for depth in found if isinstance(depth, Depth)]
    return max(deep, key=_thinner_side) if deep else found[0]


def depth_near(book: OrderBook, within: Fraction, *, venue: str) -> Maybe[Depth]:
    """Add up the resting size within a distance of the mid price, on each side.

    Args:
        book: One snapshot, best prices first.
        within: Distance from mid, fraction.
        venue: Where the snapshot was taken.

    Returns:
        The depth; its `within` is smaller where the snapshot itself ends sooner. Missing when a side is empty.
    """
    if not len(book.bid_price) or not len(book.ask_price):
        side = "asks" if len(book.bid_price) else "bids"
        return Missing(f"The last order-book snapshot on {venue} holds no {side}.")
    mid = (book.bid_price[0] + book.ask_price[0]) / 2
    below: Floats = 1 - book.bid_price / mid
    above: Floats = book.ask_price / mid - 1
    reach = min(within, float(below[-1]), float(above[-1]))
    bids, asks = below <= reach, above <= reach
    return Depth(
        within=reach,
        bid_quote=float(np.sum(book.bid_price[bids] * book.bid_size_base[bids])),
        ask_quote=float(np.sum(book.ask_price[asks] * book.ask_size_base[asks])),
        time_ms=book.time_ms,
        venue=venue,
    )


def gap_risk(candles: Candles, assumptions: Assumptions) -> Maybe[Fraction]:
    """Give the share of recent bars that jumped or are absent.

    A bar jumps when its true range exceeds `gap_ranges` mean true ranges of the bars before it (a day's, at least
    `atr_bars`): price can then pass a level without a clean entry.

    Returns:
        Fraction in [0, 1], or Missing when the history is too short to know a usual range.
    """
    before = max(assumptions.atr_bars, round(DAY_MS / candles.interval_ms))
    if len(candles) <= before:
        return Missing(f"Gap risk needs more than {before} bars; there are {len(candles)}.")
    last = np.concatenate([candles.open[:1], candles.close[:-1]])
    true_range = np.maximum(candles.high, last) - np.minimum(candles.low, last)
    summed = np.cumsum(true_range)
    mean = np.concatenate([[summed[before - 1]], summed[before:-1] - summed[: -before - 1]]) / before
    recent = candles.open_time_ms[before:] >= candles.close_time_ms[-1] - round(assumptions.gap_days * DAY_MS)
    jumps = np.count_nonzero((true_range[before:] > assumptions.gap_ranges * mean) & recent)
    bars = int(np.count_nonzero(recent))
    absent = missing_bars(candles.open_time_ms[-bars:], candles.interval_ms)
    return (int(jumps) + absent) / (bars + absent)


def _grade(faults: int, assumptions: Assumptions) -> Literal["High", "Medium", "Low"]:
    if faults >= assumptions.low_faults:
        return "Low"
    return "Medium" if faults else "High"


def _thinner_side(depth: Depth) -> float:
    return min(depth.bid_quote, depth.ask_quote)


def _concentration(market: MarketData) -> Maybe[Fraction]:
    """Give the largest venue's share of the known open interest."""
    shares = open_interest_shares(market)
    return shares if isinstance(shares, Missing) else max(shares.values())


def _judge_history(coverage: Coverage, candles: Candles, assumptions: Assumptions) -> Finding:
    age_hours = coverage.stale_bars * candles.interval_ms / HOUR_MS
    if age_hours > assumptions.stale_hours:
        return assumptions.low_faults, f"the last bar closed {notation.grouped(age_hours / 24, 1)} days before as-of"
    days = coverage.history_days
    if days < assumptions.least_history_days:
        return assumptions.low_faults, f"the history spans only {notation.grouped(days, 1)} days"
    if coverage.stale_bars > assumptions.reach_bars:
        return 1, f"the last bar closed {coverage.stale_bars} bars before as-of"
    if days < assumptions.short_history_days:
        return 1, f"the history spans only {notation.grouped(days, 1)} days"
    return 0, f"the history spans {notation.grouped(days, 0)} days"


def _judge_depth(depth: Maybe[Depth], assumptions: Assumptions) -> Finding:
    if isinstance(depth, Missing):
        return 1, "the depth of the order book is unknown"
    within = notation.percent(depth.within, 1 if depth.within >= assumptions.depth_within else 2)
    rests = f"{notation.dollars(_thinner_side(depth))} rests within {within} of mid on {depth.venue}, thinner side"
    if _thinner_side(depth) >= assumptions.depth_deep:
        return 0, rests
    if depth.within < assumptions.depth_within:
        return 1, f"the order book is known only within {within} of mid"
    if _thinner_side(depth) < assumptions.depth_thin:
        return 2, f"the order book is very thin: {rests}"
    return 1, f"the order book is thin: {rests}"


def _judge_volume(depth: Maybe[Depth], candles: Mapping[str, Candles], assumptions: Assumptions) -> Finding:
    """Ask the volume of all venues where the order book cannot be asked."""
    if isinstance(depth, Depth) and depth.within >= assumptions.depth_within:
        return 0, ""
    volume = sum(daily_quote_volume(each, assumptions.venue_volume_days) for each in candles.values())
    if volume >= assumptions.thin_daily_volume:
        return 0, ""
    return 1, f"the market is thin: {notation.dollars(volume)} trade a day on the venues in the data"


def _judge_concentration(share: Maybe[Fraction], assumptions: Assumptions) -> Finding:
    if isinstance(share, Missing):
        return 1, "the venues' shares of open interest are unknown"
    clause = f"one venue holds {notation.share(share)} of the known open interest"
    return (1 if share > assumptions.one_venue_share else 0), clause


def _judge_venues(market: MarketData) -> Finding:
    """Count the venues that were asked and gave nothing: one fault, two when they are not fewer than the others."""
    silent = sorted({gap.venue for gap in market.gaps if gap.what == ALL_DATA})
    if not silent:
        return 0, ""
    tables = (market.candles, market.open_interest, market.funding, market.order_book)
    heard = {venue for table in tables if not isinstance(table, Missing) for venue in table}
    names = ", ".join(VENUES[venue].display if venue in VENUES else venue for venue in silent)
    clause = f"{len(silent)} of {len(heard | set(silent))} venues gave nothing: {names}"
    return (1 if len(silent) < len(heard) else 2), clause


def _judge_gaps(risk: Maybe[Fraction], assumptions: Assumptions) -> Finding:
    if isinstance(risk, Missing):
        return 1, "gap risk is unknown"
    clause = f"{notation.percent(risk)} of recent bars jumped or are absent"
    return (1 if risk >= assumptions.evidence_gap_risk else 0), clause
