"""From a calibration to dollars on the map: what each node holds now, in quote currency at unit weight.

`calibration.weight @ profile` is the estimated notional by distance, and `calibration.weight_draws @ profile` its
draws: everything is linear in the weights once the flows are those the weights were fitted with.
"""

from __future__ import annotations

import numpy as np

from reportgen.assumptions import Assumptions
from reportgen.liquidation.calibration import Calibration
from reportgen.liquidation.calibration_choice import as_fitted, open_interest_venue
from reportgen.liquidation.conservation import node_profile
from reportgen.liquidation.deposits import Grid
from reportgen.liquidation.flows import aligned_open_interest, conservation_flows
from reportgen.market.data import MarketData
from reportgen.units import Floats, Maybe, Missing, Side


def unit_dollars(
    market: MarketData, side: Side, grid: Grid, price_bin: int, calibration: Calibration, assumptions: Assumptions
) -> Maybe[Floats]:
    """Give each node's mass by distance from the price.

    Args:
        market: Known up to as-of; needs bars and open interest.
        side: Whose liquidations.
        grid: Price bins.
        price_bin: Which edge of the grid the price is.
        calibration: Chosen for this market (`choose_calibration`).
        assumptions: Of the engine; churn and volume share come from the calibration.

    Returns:
        Shape (k, w), quote currency a bin at unit weight, nearest bin first; not blurred. Or why there is none.
    """
    venue = open_interest_venue(market)
    if isinstance(market.candles, Missing):
        return market.candles
    if isinstance(market.open_interest, Missing):
        return market.open_interest
    if isinstance(venue, Missing):
        return venue
    candles = next(iter(market.candles.values()))
    level = aligned_open_interest(candles, market.open_interest[venue])
    if isinstance(level, Missing):
        return level
    flows = conservation_flows(candles, level, side, as_fitted(calibration, assumptions))
    coins = node_profile(flows, np.asarray(calibration.node_distance), grid)
    quote = coins * np.sqrt(grid.edges[1:] * grid.edges[:-1])
    return np.asarray(quote[:, :price_bin][:, ::-1] if side is Side.LONG else quote[:, price_bin:])
