"""Margin arithmetic: at which price a position is liquidated.

Source: the formula that Binance publishes, and Hyperliquid's, checked on real positions (docs/venues.md).
The maintenance margin depends on the position's notional at its liquidation price, so the bracket is found by trying
each and keeping the one that holds the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.market.data import LeverageBrackets, MarketData
from reportgen.units import Floats, Missing, Notional, Price, Side


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Brackets:
    """Maintenance margin as a piecewise-linear function of notional.

    Attributes:
        floor: Shape (t,), quote currency, ascending from 0. rate: shape (t,), fraction of notional.
        amount: Shape (t,), quote currency deducted from notional x rate. max_leverage: shape (t,).
        source: Where the table comes from, for the page.
    """

    floor: Floats
    rate: Floats
    amount: Floats
    max_leverage: Floats
    source: str

    def tier_at(self, notional: Notional) -> int:
        """Give the bracket that holds this notional; the last one holds all above it."""
        return max(0, int(np.searchsorted(self.floor, notional, side="right")) - 1)


def from_table(table: LeverageBrackets, venue: str) -> Brackets:
    """Take an exchange's published brackets as they are."""
    return Brackets(
        floor=table.notional_floor,
        rate=table.maintenance_margin_rate,
        amount=table.maintenance_amount,
        max_leverage=table.max_leverage,
        source=f"{venue}, table of {table.as_of}",
    )


def flat(rate: float, max_leverage: float, source: str) -> Brackets:
    """Build a single bracket: one maintenance margin rate for every size."""
    zero = np.zeros(1)
    return Brackets(
        floor=zero, rate=np.array([rate]), amount=zero, max_leverage=np.array([max_leverage]), source=source
    )


def brackets_of(market: MarketData, assumptions: Assumptions) -> Brackets:
    """Take the primary venue's brackets, else any venue's, else one flat maintenance margin."""
    if isinstance(market.brackets, Missing) or not market.brackets:
        return flat(assumptions.fallback_margin_rate, assumptions.fallback_max_leverage, "assumed, no table known")
    primary = "" if isinstance(market.candles, Missing) else next(iter(market.candles))
    venue = primary if primary in market.brackets else min(market.brackets)
    return from_table(market.brackets[venue], venue)


def liquidation_price(
    side: Side, entry: Price, quantity: float, margin: Notional, brackets: Brackets, *, fee: float = 0.0
) -> Price | None:
    """Find the price at which an isolated linear position is liquidated.

    Long: (E q - margin - A) / (q (1 - m)); short: (E q + margin + A) / (q (1 + m)), with m the maintenance margin rate
    plus `fee`, and A the bracket's deduction, of the bracket that holds q x that price.

    Args:
        side: Long or short.
        entry: Quote per base, > 0.
        quantity: Base coins, > 0.
        margin: Isolated margin, quote currency.
        brackets: Maintenance margin by notional.
        fee: Taker fee where the venue adds it to the maintenance margin (OKX, Gate), fraction.

    Returns:
        The price, or None when no price above zero liquidates it.
    """
    sign = 1.0 if side is Side.LONG else -1.0
    rate = brackets.rate + fee
    prices = (entry * quantity - sign * (margin + brackets.amount)) / (quantity * (1 - sign * rate))
    cap = np.append(brackets.floor[1:], np.inf)
    notional = prices * quantity
    holds = (notional >= brackets.floor) & (notional < cap) & (prices > 0)
    if not holds.any():
        return None
    return float(prices[int(np.argmax(holds))])


def liquidation_distance(
    side: Side, entry: Price, leverage: float, notional: Notional, brackets: Brackets
) -> float | None:
    """Give the absolute log distance from entry to liquidation of a position opened with a leverage.

    Returns:
        Log distance > 0; None when the bracket does not allow that leverage or nothing liquidates it.
    """
    if leverage > brackets.max_leverage[brackets.tier_at(notional)]:
        return None
    price = liquidation_price(side, entry, notional / entry, notional / leverage, brackets)
    if price is None or (price >= entry) == (side is Side.LONG):
        return None
    return abs(float(np.log(price / entry)))
