"""Where venues part from the common rule of `liquidation/margin.py`: Bybit, Hyperliquid, and coin-margined contracts.

Source: VENUES section 4.1, each rule as its venue publishes it, checked on its worked examples. Binance, and with
the taker fee added OKX and Gate, follow the common rule for linear contracts.
"""

from __future__ import annotations

from reportgen.liquidation.margin import Brackets
from reportgen.units import Notional, Price, Side


def _sign(side: Side) -> float:
    return 1.0 if side is Side.LONG else -1.0


def _above_zero(price: Price) -> Price | None:
    return price if price > 0 else None


def bybit_liquidation_price(
    side: Side, entry: Price, quantity: float, leverage: float, brackets: Brackets, *, extra: Notional = 0.0
) -> Price | None:
    """Find the liquidation price of an isolated linear position on Bybit: the maintenance margin is that at entry.

    E - s (IM - MM) / q - s extra / q, with IM = q E / L and MM = q E m - deduction of the entry's bracket.

    Args:
        side: Long or short.
        entry: Quote per base, > 0.
        quantity: Base coins, > 0.
        leverage: Of the position, >= 1.
        brackets: Maintenance margin by notional.
        extra: Margin added by hand, quote currency.

    Returns:
        The price, or None when no price above zero liquidates it.
    """
    notional = quantity * entry
    tier = brackets.tier_at(notional)
    maintenance = notional * float(brackets.rate[tier]) - float(brackets.amount[tier])
    return _above_zero(entry - _sign(side) * (notional / leverage - maintenance + extra) / quantity)


def hyperliquid_liquidation_price(
    side: Side, price: Price, size: float, margin_available: Notional, max_leverage: float
) -> Price | None:
    """Find the liquidation price of a position on Hyperliquid from any price at which its margin is known.

    P - s x margin available / size / (1 - l s), with l = 1 / (2 x max leverage) the maintenance margin rate.

    Args:
        side: Long or short.
        price: P: the mark, or the entry where the margin is that of the entry.
        size: Base coins, > 0.
        margin_available: Equity at P less the maintenance margin at P: of the position when isolated, of the whole
            account when cross.
        max_leverage: Of the margin tier at the liquidation notional.

    Returns:
        The price, or None when no price above zero liquidates it.
    """
    sign = _sign(side)
    rate = 1 / (2 * max_leverage)
    return _above_zero(price - sign * margin_available / size / (1 - rate * sign))


def coin_margined_liquidation_price(
    side: Side, entry: Price, face: Notional, margin_coins: float, rate: float, *, deduction_coins: float = 0.0
) -> Price | None:
    """Find the liquidation price of an isolated inverse position: margin, profit and loss are in coins.

    N (m + s) / (W + cum + s N / E): Binance COIN-M as published; with the taker fee in `rate` OKX and Gate.

    Args:
        side: Long or short.
        entry: Quote per base, > 0.
        face: N: contracts x their size in quote currency, > 0.
        margin_coins: W: isolated margin, base coins.
        rate: m: maintenance margin rate, plus the taker fee where the venue adds it.
        deduction_coins: cum: the bracket's deduction, base coins.

    Returns:
        The price, or None when no price above zero liquidates it.
    """
    sign = _sign(side)
    coins = margin_coins + deduction_coins + sign * face / entry
    return _above_zero(face * (rate + sign) / coins) if coins else None
