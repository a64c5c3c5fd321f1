"""A simulated market as venues would publish it: the tables of a market folder, columns by name.

The last step of the simulator. `scripts/make_sample.py` and `scripts/make_worked_examples.py` write these tables with
`market.write`; nothing here runs when a brief is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.market.data import Candles
from reportgen.units import HOUR_MS, Floats, Fraction, Ints, Milliseconds, Notional
from scripts.simulator.conditions import MINUTE_MS, MINUTES_A_DAY
from scripts.simulator.market import NOT_KEPT, SimulatedMarket

Columns = Mapping[str, NDArray[Any]]
_FUNDING_HOURS = 8
_HOUR_MINUTES, _HOURS_A_DAY = 60, 24
_BASIS_POINT = 1e-4
_ROW_LABEL = "U32"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Listing:
    """A simulated market on one venue.

    Attributes:
        symbol: `BTC/USDT:USDT`. venue: name. market: what trades there and elsewhere.
        share: The venue's part of volume and open interest.
        basis: Standard deviation of its price against the market's, log price.
        price_decimals, size_decimals: how it rounds prices and base coins.
        depth_per_percent: quote currency resting within 1 % of the mid on each side.
        half_spread: fraction. book_levels: per side. book_reach: how far they go, fraction.
        lost_bars: Indexes of bars that it never published.
    """

    symbol: str
    venue: str
    market: SimulatedMarket
    share: Fraction
    basis: float = _BASIS_POINT
    price_decimals: int = 1
    size_decimals: int = 1
    depth_per_percent: Notional = 40_000_000.0
    half_spread: Fraction = _BASIS_POINT / 10
    book_levels: int = 50
    book_reach: Fraction = 0.025
    lost_bars: tuple[int, ...] = ()


def stretch(market: SimulatedMarket, *, days: int, end_hour: int, end_ms: Milliseconds) -> SimulatedMarket:
    """Keep the days before an hour of the tape, and date their end.

    Args:
        market: A longer tape.
        days: How much to keep.
        end_hour: Hours since the tape's start at which it is cut.
        end_ms: The moment that the cut shall be; the true books and large orders are dropped.
    """
    stop, length = end_hour * _HOUR_MINUTES, days * MINUTES_A_DAY
    arrays = {
        field.name: getattr(market, field.name)[stop - length : stop]
        for field in fields(market)
        if isinstance(getattr(market, field.name), np.ndarray)
    }
    return replace(market, start_ms=end_ms - length * MINUTE_MS, books=(), large_orders=NOT_KEPT, **arrays)


def _by_bar(values: Floats, minutes: int) -> Floats:
    """Shape minutes as whole bars, shape (bars, minutes); a last partial bar is left out."""
    whole = len(values) // minutes
    return np.reshape(values[: whole * minutes], (whole, minutes))


def bars(market: SimulatedMarket, minutes: int) -> Candles:
    """Aggregate the tape to whole bars of `minutes`."""
    close = _by_bar(market.close, minutes)[:, -1]
    return Candles(
        interval_ms=minutes * MINUTE_MS,
        open_time_ms=market.start_ms + np.arange(len(close), dtype=np.int64) * minutes * MINUTE_MS,
        open=_by_bar(market.open, minutes)[:, 0],
        high=_by_bar(market.high, minutes).max(axis=1),
        low=_by_bar(market.low, minutes).min(axis=1),
        close=close,
        volume_base=_by_bar(market.volume_base, minutes).sum(axis=1),
        taker_buy_base=_by_bar(market.taker_buy_base, minutes).sum(axis=1),
    )


def _labels(count: int, **text: str) -> dict[str, NDArray[Any]]:
    """Repeat text columns."""
    return {name: np.full(count, value, dtype=_ROW_LABEL) for name, value in text.items()}


def candle_rows(rng: np.random.Generator, listing: Listing, minutes: int, interval: str) -> Columns:
    """Give the venue's candles: the market's path within its basis, its share of the volume, no lost bars."""
    whole = bars(listing.market, minutes)
    kept = np.setdiff1d(np.arange(len(whole)), np.array(listing.lost_bars, dtype=np.int64))
    off = np.exp(listing.basis * rng.standard_normal(len(whole)))
    part = listing.share * np.exp(rng.standard_normal(len(whole)) * listing.share / 10)
    prices = {
        name: np.round(values * off, listing.price_decimals)[kept]
        for name, values in (
            ("open", whole.open),
            ("high", whole.high),
            ("low", whole.low),
            ("close", whole.close),
        )
    }
    taken = _by_bar(listing.market.taker_buy_base, minutes).sum(axis=1)
    return {
        **_labels(len(kept), venue=listing.venue, symbol=listing.symbol, interval=interval),
        "open_time_ms": whole.open_time_ms[kept],
        **prices,
        "volume_base": np.round(whole.volume_base * part, listing.size_decimals)[kept],
        "taker_buy_base": np.round(taken * part, listing.size_decimals)[kept],
    }


def _ends(market: SimulatedMarket, every_ms: int) -> tuple[Ints, Ints]:
    """Find the minutes that end on a multiple of `every_ms`: their indexes and those times."""
    time = market.start_ms + (np.arange(len(market), dtype=np.int64) + 1) * MINUTE_MS
    index = np.flatnonzero(time % every_ms == 0)
    return index, time[index]


def open_interest_rows(rng: np.random.Generator, listing: Listing, every_minutes: int) -> Columns:
    """Give snapshots of the venue's part of the open interest."""
    index, time = _ends(listing.market, every_minutes * MINUTE_MS)
    wobble = np.exp(rng.standard_normal(len(index)) * listing.share / 500)
    base = np.round(listing.market.open_interest_base[index] * listing.share * wobble, listing.size_decimals)
    return {
        **_labels(len(index), venue=listing.venue, symbol=listing.symbol),
        "time_ms": time,
        "open_interest_base": base,
        "open_interest_quote": np.round(base * listing.market.close[index]),
    }


def ratio_rows(listing: Listing, days: int) -> Columns:
    """Give long over short accounts, hourly over the last days: the crowd's own positions."""
    index, time = (each[-days * _HOURS_A_DAY :] for each in _ends(listing.market, HOUR_MS))
    return {
        **_labels(len(index), venue=listing.venue, symbol=listing.symbol, kind="accounts"),
        "time_ms": time,
        "ratio": np.round(listing.market.long_base[index] / listing.market.short_base[index], 4),
    }


def funding_rows(rng: np.random.Generator, listing: Listing) -> Columns:
    """Give the rates settled every 8 hours."""
    index, time = _ends(listing.market, _FUNDING_HOURS * HOUR_MS)
    noise = listing.market.world.funding_noise * rng.standard_normal(len(index))
    return {
        **_labels(len(index), venue=listing.venue, symbol=listing.symbol),
        "time_ms": time,
        "funding_rate": np.round(listing.market.funding_rate[index] + noise, 6),
        "interval_hours": np.full(len(index), float(_FUNDING_HOURS)),
    }


def liquidation_rows(listing: Listing, venues: str, minutes: int, interval: str) -> Columns:
    """Give the liquidated notional per bar, of all venues together, in whole quote currency."""
    market = listing.market
    long_quote = np.round(_by_bar(market.liquidated_long_quote, minutes).sum(axis=1))
    short_quote = np.round(_by_bar(market.liquidated_short_quote, minutes).sum(axis=1))
    n = len(long_quote)
    return {
        **_labels(n, venue=venues, symbol=listing.symbol, interval=interval),
        "open_time_ms": market.start_ms + np.arange(n, dtype=np.int64) * minutes * MINUTE_MS,
        "liquidated_long_quote": long_quote,
        "liquidated_short_quote": short_quote,
    }


def order_book_rows(rng: np.random.Generator, listing: Listing) -> Columns:
    """Give one snapshot, a few seconds before the tape ends."""
    market, n = listing.market, listing.book_levels
    distance = np.geomspace(listing.half_spread, listing.book_reach, n)
    resting = np.diff(distance, prepend=0) * 100 * listing.depth_per_percent
    mid = market.close[-1]
    sides = []
    for side, sign in (("bid", -1), ("ask", 1)):
        price = np.round(mid * (1 + sign * distance), listing.price_decimals)
        size = np.maximum(np.round(resting * np.exp(rng.standard_normal(n) / 2) / price, listing.size_decimals + 2), 0)
        step = np.flatnonzero(np.diff(price, prepend=mid) != 0)  # one row a price where the tick is coarse
        sides.append(
            {
                **_labels(len(step), venue=listing.venue, symbol=listing.symbol),
                "time_ms": np.full(len(step), market.start_ms + len(market) * MINUTE_MS - MINUTE_MS // 12),
                **_labels(len(step), side=side),
                "level": np.arange(len(step), dtype=np.int64),
                "price": price[step],
                "size_base": size[step],
            }
        )
    return stacked(sides)


def bracket_rows(listing: Listing) -> Columns:
    """Give the exchange's maintenance-margin brackets."""
    table = listing.market.world.brackets
    n = len(table.notional_floor)
    return {
        **_labels(n, venue=listing.venue, symbol=listing.symbol),
        "tier": np.arange(1, n + 1, dtype=np.int64),
        "notional_floor": table.notional_floor,
        "notional_cap": table.notional_cap,
        "maintenance_margin_rate": table.maintenance_margin_rate,
        "max_leverage": table.max_leverage,
        "maintenance_amount": np.round(table.maintenance_amount, 2),
        **_labels(n, as_of=table.as_of),
    }


def stacked(parts: Sequence[Columns]) -> Columns:
    """Put tables of the same columns under each other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def folder_tables(
    rng: np.random.Generator, listings: Sequence[Listing], *, minutes: int = 60, interval: str = "1h"
) -> dict[str, Columns]:
    """Give every table of a market folder.

    Args:
        rng: Seeded generator, for what differs between venues.
        listings: One per venue and symbol.
        minutes: Length of a bar, and of the step between snapshots of open interest.
        interval: The same as text.

    Returns:
        Columns by table name, in the order of the listings.
    """
    venues: dict[str, list[Listing]] = {}
    for listing in listings:
        venues.setdefault(listing.symbol, []).append(listing)
    return {
        "candles": stacked([candle_rows(rng, each, minutes, interval) for each in listings]),
        "open_interest": stacked([open_interest_rows(rng, each, minutes) for each in listings]),
        "funding": stacked([funding_rows(rng, each) for each in listings]),
        "liquidations": stacked(
            [
                liquidation_rows(group[0], "+".join(each.venue for each in group), minutes, interval)
                for group in venues.values()
            ]
        ),
        "order_book": stacked([order_book_rows(rng, each) for each in listings]),
        "leverage_brackets": stacked([bracket_rows(each) for each in listings]),
    }
