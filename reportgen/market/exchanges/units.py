"""Converting what a venue publishes: contracts and USD to base coins, multiplied names to coins, times to intervals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reportgen.market.exchanges.venue import Contract, Listing, Unit, UnitRule, Venue
from reportgen.units import HOUR_MS, Bools, Floats, Ints, Maybe, Milliseconds, Missing

_MULTIPLIED: Final = re.compile(r"(?P<count>10{3,6}|1M|k)(?P<coin>[A-Z\u0080-\U0010ffff].*)")
_COUNTS: Final = {"k": 1e3, "1M": 1e6}
_QUOTES: Final = ("USDT", "USDC", "USD")
_MINUTE_MS: Final = HOUR_MS // 60


def coin_of(base: str) -> tuple[str, float]:
    """Take a multiplier off a coin's name: 1000PEPE and kPEPE are 1000 PEPE each, BTC is one BTC."""
    found = _MULTIPLIED.fullmatch(base)
    if not found:
        return base.upper(), 1.0
    count = found["count"]
    return found["coin"].upper(), _COUNTS.get(count) or float(count)


def find_contract(symbol: str, venue: Venue, listings: Mapping[str, Listing]) -> Contract | None:
    """Find the perpetual that a symbol means on a venue: the same coin, its own quote first, linear before inverse."""
    base, _, rest = symbol.partition("/")
    quote = rest.partition(":")[0]
    coin, own = coin_of(base)
    wanted = (quote, *(each for each in _QUOTES if each != quote))
    fitting = [each for each in listings.values() if coin_of(each.base)[0] == coin and each.quote in wanted]
    if not fitting:
        return None
    best = min(fitting, key=lambda each: (each.inverse, wanted.index(each.quote), coin_of(each.base)[1]))
    return Contract(symbol=symbol, venue=venue, listing=best, scale=coin_of(best.base)[1] / own)


def in_base(rule: UnitRule, contract: Contract, amount: Floats, price: Maybe[Floats | float]) -> Maybe[Floats]:
    """Convert a venue's amounts to base coins of the symbol, each position counted once.

    Args:
        rule: How the venue counts.
        contract: Gives contract size and multiplier.
        amount: Shape (n,), raw.
        price: Quote per base coin of the symbol, needed for amounts in USD; shape (n,) or one for all.

    Returns:
        Shape (n,); Missing where the unit cannot be known.
    """
    display = contract.venue.display
    if rule.unit is Unit.CONTRACTS:
        size = contract.listing.contract_size
        return size if isinstance(size, Missing) else amount * (size * contract.scale / rule.sides)
    if rule.unit is Unit.USD:
        if isinstance(price, Missing):
            return Missing(f"{display} counts in USD, and no price is known to convert it with. {price.reason}")
        return np.asarray(amount / rule.sides / price, dtype=np.float64)
    if rule.unit is Unit.BASE:
        return amount * (contract.scale / rule.sides)
    return Missing(f"{display} gives a {rule.unit}, which is no amount.")


def settled_times(times_ms: Ints) -> Ints:
    """Take the jitter off settlement times: some venues stamp them milliseconds late; shape (n,)."""
    return (times_ms + _MINUTE_MS // 2) // _MINUTE_MS * _MINUTE_MS


def maintenance_amounts(floor: Floats, rate: Floats) -> Floats:
    """Give what is deducted from notional × rate so that the margin is continuous over brackets; shape (t,)."""
    return np.cumsum(floor * np.diff(rate, prepend=rate[:1]))


def eight_hour_rate(rate: float, interval_hours: float) -> float:
    """Give a funding rate as over 8 hours, so that venues can be compared."""
    return rate * 8 / interval_hours


def hourly_liquidations(
    times_ms: Ints, notional: Floats, is_long: Bools, whole: tuple[Milliseconds, Milliseconds] | None
) -> dict[str, NDArray[Any]]:
    """Add liquidations up by the hour.

    Args:
        times_ms: Shape (n,).
        notional: Shape (n,), quote currency.
        is_long: Shape (n,), the side that was liquidated.
        whole: The span that the source covers, so that its quiet hours are zeros; from the first order to the last
            when it is not known.

    Returns:
        Columns of `liquidations`: open time and both sides, shape (hours,).
    """
    hours = times_ms // HOUR_MS
    begin, end = (whole[0] // HOUR_MS, whole[1] // HOUR_MS) if whole else (hours.min(initial=2**62), 0)
    first, stop = int(hours.min(initial=begin)), int((hours + 1).max(initial=end))
    count = max(stop - first, 0)
    sums = (np.bincount(hours[side] - first, notional[side], count) for side in (is_long, ~is_long))
    longs, shorts = (side.astype(np.float64) for side in sums)
    opens = (first + np.arange(count, dtype=np.int64)) * HOUR_MS
    return {"open_time_ms": opens, "liquidated_long_quote": longs, "liquidated_short_quote": shorts}
