"""A watchlist entry that names venues gets the data of those venues and of no other.

Pure; stands between the market folder and the five steps.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TypeVar

from reportgen.market.data import MarketData
from reportgen.units import Maybe, Missing

_Table = TypeVar("_Table")


def only_venues(market: MarketData, venues: Collection[str]) -> MarketData:
    """Keep the tables of some venues; a table that none of them has becomes Missing with the reason.

    Args:
        market: All that is known of one symbol.
        venues: Names as the source writes them; empty keeps everything. Liquidations are of all venues together and
            stay, and so do positions: whoever names an address wants to see it.
    """
    if not venues:
        return market
    return replace(
        market,
        candles=_kept(market.candles, venues, "candles"),
        open_interest=_kept(market.open_interest, venues, "open interest"),
        funding=_kept(market.funding, venues, "funding rates"),
        funding_now=_kept(market.funding_now, venues, "running funding rates"),
        order_book=_kept(market.order_book, venues, "order book"),
        brackets=_kept(market.brackets, venues, "leverage brackets"),
        spot_candles=_kept(market.spot_candles, venues, "spot candles"),
        mark_candles=_kept(market.mark_candles, venues, "mark-price candles"),
        long_short_ratio=_kept(market.long_short_ratio, venues, "long/short ratio"),
        gaps=tuple(gap for gap in market.gaps if gap.venue in venues),
    )


def _kept(table: Maybe[Mapping[str, _Table]], venues: Collection[str], what: str) -> Maybe[Mapping[str, _Table]]:
    """Keep the venues that are asked for, in the order they stand in."""
    if isinstance(table, Missing):
        return table
    kept = {venue: rows for venue, rows in table.items() if venue in venues}
    if kept:
        return kept
    return Missing(f"No {what} of {', '.join(sorted(venues))}, the venues that the watchlist asks for.")
