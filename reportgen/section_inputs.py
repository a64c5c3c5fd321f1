"""What a section is made from: its inputs by name, and where they came from.

Stands beside `section.py`; the brief lists what is missing from here.
"""

from __future__ import annotations

from reportgen import notation
from reportgen.assumptions import Assumptions
from reportgen.guide.positioning import Positioning
from reportgen.market.coverage import assess_coverage
from reportgen.market.data import Candles, MarketData
from reportgen.market.grade import market_depth
from reportgen.market.quality import Coverage
from reportgen.units import HOUR_MS, Maybe, Missing


def inputs(market: MarketData, positioning: Maybe[Positioning], assumptions: Assumptions) -> dict[str, object]:
    """Name the inputs that a section is made from, each with what is known of it: a value, or why there is none.

    An input that is there but too old to speak of as-of counts as missing.
    """
    read = None if isinstance(positioning, Missing) else positioning
    return {
        "candles": _fresh(market, assumptions),
        "open interest": read.open_interest if read else market.open_interest,
        "funding": read.funding if read else market.funding,
        "order book": market_depth(market, assumptions),
        "leverage brackets": market.brackets,
    }


def _fresh(market: MarketData, assumptions: Assumptions) -> object:
    """Give the candles unless the last one closed too long before as-of."""
    candles = first_candles(market)
    if isinstance(candles, Missing):
        return candles
    hours = (market.as_of_ms - int(candles.close_time_ms[-1])) / HOUR_MS
    if hours <= assumptions.stale_hours:
        return candles
    return Missing(f"The last bar closed {notation.grouped(hours / 24, 1)} days before as-of.")


def cover(market: MarketData, positioning: Maybe[Positioning], assumptions: Assumptions) -> Maybe[Coverage]:
    """Say where the symbol's input came from, and how much of it is there."""
    named = inputs(market, positioning, assumptions)
    known = sum(not isinstance(one, Missing) for one in named.values())
    return assess_coverage(market, inputs_known=known, inputs_total=len(named), assumptions=assumptions)


def first_candles(market: MarketData) -> Maybe[Candles]:
    """Give the primary venue's candles."""
    return market.candles if isinstance(market.candles, Missing) else next(iter(market.candles.values()))
