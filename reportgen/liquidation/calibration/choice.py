"""Which calibration a market may use at a moment: of its symbol, not later, not too old, of the same venues and scale.

What does not fit is refused with the sentence the page prints; the map then stays in relative intensity, uncalibrated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.liquidation.calibration import VERSION, Calibration
from reportgen.liquidation.conservation import aligned_open_interest, node_distances
from reportgen.market.data import Candles, MarketData, OpenInterest
from reportgen.units import DAY_MS, Floats, Maybe, Milliseconds, Missing


def choose_calibration(
    candidates: Sequence[Calibration], market: MarketData, as_of_ms: Milliseconds, assumptions: Assumptions
) -> Maybe[Calibration]:
    """Take the newest calibration that fits the market, falling back to older ones.

    Args:
        candidates: In any order, of any symbols.
        market: What is known up to as-of.
        as_of_ms: A calibration whose sample ended later would look ahead, and is passed over.
        assumptions: `calibration_oldest_days`, `calibration_far_price`, `calibration_far_open_interest`.

    Returns:
        A calibration, or why the newest one may not be used.
    """
    known = [each for each in candidates if each.sample_end_ms <= as_of_ms]
    own = sorted((each for each in known if each.symbol == market.symbol), key=lambda each: -each.sample_end_ms)
    if not candidates:
        return Missing("No calibration was found; `reportgen calibrate` makes one from observed liquidations.")
    later = [each.sample_end_ms for each in candidates if each.symbol == market.symbol] if not own else []
    if later:
        day = datetime.fromtimestamp(min(later) / 1000, tz=UTC).date()
        return Missing(f"A calibration of {day} exists, later than as-of, so none was known then.")
    if not own:
        others = ", ".join(sorted({each.symbol for each in candidates}))
        return Missing(f"No calibration of {market.symbol} was found, only of {others}.")
    reasons = [refusal(each, market, as_of_ms, assumptions) for each in own]
    for calibration, reason in zip(own, reasons, strict=True):
        if not reason:
            return calibration
    return Missing(reasons[0])


def refusal(calibration: Calibration, market: MarketData, as_of_ms: Milliseconds, assumptions: Assumptions) -> str:
    """Say in one sentence why a calibration may not be used on a market; nothing when it may."""
    a = assumptions
    if calibration.version != VERSION:
        return f"The calibration is of version {calibration.version}, and this program makes version {VERSION}."
    if calibration.symbol != market.symbol:
        return f"The calibration is for {calibration.symbol}, not for {market.symbol}."
    nodes = node_distances(a)
    if len(nodes) != len(calibration.node_distance) or not np.allclose(nodes, calibration.node_distance):
        return "The calibration was fitted on other distance nodes than the assumptions now name."
    age = (as_of_ms - calibration.sample_end_ms) / DAY_MS
    if age > a.calibration_oldest_days:
        return f"The calibration's sample ended {age:.0f} days ago, over {a.calibration_oldest_days:.0f}."
    return _other_market(calibration, market, a)


def as_fitted(calibration: Calibration, assumptions: Assumptions) -> Assumptions:
    """Give the assumptions that the conservation engine must run with for the weights to mean dollars."""
    return replace(assumptions, churn=calibration.churn, volume_share=calibration.volume_share)


def leading_venue(market: MarketData) -> Maybe[tuple[str, Candles, OpenInterest]]:
    """Name the venue whose open interest goes with the bars, the primary one, else the first by name; give both."""
    if isinstance(market.candles, Missing):
        return market.candles
    if isinstance(market.open_interest, Missing):
        return market.open_interest
    primary, candles = next(iter(market.candles.items()))
    venue = primary if primary in market.open_interest else min(market.open_interest)
    return venue, candles, market.open_interest[venue]


def bars_with_open_interest(market: MarketData) -> Maybe[tuple[str, Candles, Floats]]:
    """Give the leading venue, its bars and its open interest at each of their closes, shape (n,), base coins.

    Returns:
        All three, or why one of them is not known.
    """
    found = leading_venue(market)
    if isinstance(found, Missing):
        return found
    venue, candles, open_interest = found
    level = aligned_open_interest(candles, open_interest)
    return level if isinstance(level, Missing) else (venue, candles, level)


def _other_market(calibration: Calibration, market: MarketData, assumptions: Assumptions) -> str:
    """Compare venue, last price and open interest with the sample's."""
    found = leading_venue(market)
    if isinstance(found, Missing):
        return found.reason
    venue, candles, open_interest = found
    if tuple(sorted(venue.split("+"))) != calibration.open_interest_venues:
        fitted = ", ".join(calibration.open_interest_venues)
        return f"The calibration was fitted on open interest of {fitted}, and this is of {venue}."
    price, level = float(candles.close[-1]), float(open_interest.open_interest_base[-1])
    pairs = (
        ("price", price, calibration.price, assumptions.calibration_far_price),
        ("open interest", level, calibration.open_interest_base, assumptions.calibration_far_open_interest),
    )
    for name, now, then, most in pairs:
        if now <= 0 or abs(float(np.log(now / then))) > float(np.log(most)):
            return f"The {name} is {now:,.6g}, too far from the {then:,.6g} that the calibration was fitted at."
    return ""
