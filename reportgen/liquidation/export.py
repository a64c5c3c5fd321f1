"""Maps for other tools: one liquidation map a decision time, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.errors import DataError
from reportgen.liquidation.map import maps_at
from reportgen.liquidation.margin import brackets_of
from reportgen.market.data import MarketData
from reportgen.units import Floats, Ints, Missing, Side


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExportedMaps:
    """Maps of one market.

    Attributes:
        time_ms: Shape (times,), decision times; each map uses bars that closed by then and no later one.
        price_edges: Shape (bins + 1,), ascending, bins of just under 10 bp.
        long, short: Shape (times, bins), estimated mass, relative: liquidated longs below the price, shorts above.
    """

    time_ms: Ints
    price_edges: Floats
    long: Floats
    short: Floats


def export_maps(market: MarketData, decision_ms: Ints, assumptions: Assumptions) -> ExportedMaps:
    """Map one market at each decision time with the default engine; earlier bars are warm-up.

    Args:
        market: With candles of its primary venue.
        decision_ms: Shape (times,), ascending, equally spaced.
        assumptions: Every constant of the map.

    Raises:
        DataError: The market has no candles, none that closed by the first decision time, or they end before the last.
    """
    if isinstance(market.candles, Missing):
        raise DataError(f"{market.symbol} cannot be mapped. {market.candles.reason}")
    candles = next(iter(market.candles.values()))
    if int(candles.close_time_ms[0]) > int(decision_ms[0]):
        raise DataError(
            f"{market.symbol} has no closed bar at the first decision time. Start --from after the first bar closes."
        )
    if int(decision_ms[-1]) >= int(candles.close_time_ms[-1]) + candles.interval_ms:
        raise DataError(
            f"The candles of {market.symbol} end before --until: later maps would repeat the last one. Choose an "
            "earlier --until."
        )
    brackets = brackets_of(market, assumptions)
    grid, mass = maps_at(candles, brackets, decision_ms, assumptions, open_interest=market.leading_open_interest)
    return ExportedMaps(
        time_ms=decision_ms,
        price_edges=grid.edges,
        long=np.asarray(mass[Side.LONG]),
        short=np.asarray(mass[Side.SHORT]),
    )
