"""Exact liquidation levels: where known positions would be forced out, as their venue published it.

A layer of its own beside the estimated map, never mixed into it: a few addresses are known, the rest of the market is
estimated. Pure; positions come from `market/exchanges/positions.py` or a market folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from reportgen import notation
from reportgen.config.assumptions import Assumptions
from reportgen.market.data import NO_POSITIONS, MarketData
from reportgen.market.symbols import base_of
from reportgen.units import HOUR_MS, Fraction, Maybe, Milliseconds, Missing, Notional, Price, Side

_MOST_LEVELS: Final = 200
"""Levels kept for the page, the largest ones; the totals count all."""
_SHOWN_ADDRESS: Final = 6
"""Characters of an address shown at its start; four more at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactLevel:
    """One known position and the price that liquidates it.

    Attributes:
        price: Where. side: of the position: a long is liquidated below the price, a short above.
        size_base: Base coins. notional: size x that price. share: size / open interest, or why unknown.
        distance_fraction: From the price at as-of, >= 0. address: shortened. venue: where it is held.
    """

    price: Price
    side: Side
    size_base: float
    notional: Notional
    share: Maybe[Fraction]
    distance_fraction: Fraction
    address: str
    venue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactLayer:
    """All exact levels of one symbol.

    Attributes:
        levels: Nearest first; the largest ones where there are very many.
        long_share, short_share: size of all longs, all shorts with a level / open interest; or why unknown.
        share_of: whose open interest, "hyperliquid". time_ms: when the venues were asked, the oldest of them.
        positions: known ones. unreachable: of them, those that no price liquidates. passed: of them, those whose
            published price lies beyond the price already, so that they are gone or changed.
    """

    levels: tuple[ExactLevel, ...]
    long_share: Maybe[Fraction]
    short_share: Maybe[Fraction]
    share_of: str
    time_ms: Milliseconds
    positions: int
    unreachable: int
    passed: int


def exact_layer(market: MarketData, price: Price, assumptions: Assumptions) -> Maybe[ExactLayer] | None:
    """Turn known positions into exact levels.

    Args:
        market: All that is known of one symbol.
        price: At as-of.
        assumptions: `exact_oldest_hours`.

    Returns:
        The layer; Missing when positions were asked for and are not known or too old; None when nobody asked.
    """
    if market.positions == NO_POSITIONS:
        return None
    if isinstance(market.positions, Missing):
        return market.positions
    recent = {  # what was known by as-of, and is not too old to say anything
        venue: held
        for venue, held in market.positions.items()
        if 0 <= market.as_of_ms - held.time_ms <= assumptions.exact_oldest_hours * HOUR_MS
    }
    if not recent:
        newest = max(held.time_ms for held in market.positions.values())
        hours = notation.grouped((market.as_of_ms - newest) / HOUR_MS, 0)
        base = base_of(market.symbol)
        return Missing(f"The known positions in {base} were taken {hours} hours before as-of.")
    venue = min(recent, key=lambda name: (-len(recent[name].address), name))
    interest = _open_interest(market, venue)
    share_of = "" if isinstance(interest, Missing) else interest[0]
    total = interest if isinstance(interest, Missing) else interest[1]
    levels = [
        ExactLevel(
            price=float(held.liquidation_price[at]),
            side=Side.LONG if held.is_long[at] else Side.SHORT,
            size_base=float(held.size_base[at]),
            notional=float(held.size_base[at] * held.liquidation_price[at]),
            share=_share(float(held.size_base[at]), total),
            distance_fraction=abs(float(held.liquidation_price[at]) / price - 1),
            address=short_address(held.address[at]),
            venue=name,
        )
        for name, held in recent.items()
        for at in np.flatnonzero(np.isfinite(held.liquidation_price)).tolist()
    ]
    ahead = [x for x in levels if (x.price < price if x.side is Side.LONG else x.price > price)]  # not reached yet
    kept = sorted(ahead, key=lambda level: (-level.notional, level.price, level.address))[:_MOST_LEVELS]
    known = sum(len(held.address) for held in recent.values())
    return ExactLayer(
        levels=tuple(sorted(kept, key=lambda level: (level.distance_fraction, level.price, level.address))),
        long_share=_share(sum(level.size_base for level in ahead if level.side is Side.LONG), total),
        short_share=_share(sum(level.size_base for level in ahead if level.side is Side.SHORT), total),
        share_of=share_of,
        time_ms=min(held.time_ms for held in recent.values()),
        positions=known,
        unreachable=known - len(levels),
        passed=len(levels) - len(ahead),
    )


def _open_interest(market: MarketData, venue: str) -> Maybe[tuple[str, float]]:
    """Give the venue's own open interest in base coins, else the leading venue's, with its name."""
    if isinstance(market.open_interest, Missing):
        return market.open_interest
    primary = "" if isinstance(market.candles, Missing) else next(iter(market.candles))
    told = [name for name in (venue, primary) if name in market.open_interest]
    chosen = told[0] if told else min(market.open_interest)
    return chosen, float(market.open_interest[chosen].open_interest_base[-1])


def _share(size: float, total: Maybe[float]) -> Maybe[Fraction]:
    return total if isinstance(total, Missing) else size / total


def short_address(address: str) -> str:
    """Shorten an address as wallets show it: 0x1234…cdef."""
    if len(address) <= _SHOWN_ADDRESS + 5:
        return address
    return f"{address[:_SHOWN_ADDRESS]}…{address[-4:]}"
