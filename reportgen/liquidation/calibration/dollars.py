"""From a calibration to dollars on the map: what each node holds now, in quote currency at unit weight.

`calibration.weight @ profile` is the estimated notional by distance, and `calibration.weight_draws @ profile` its
draws: everything is linear in the weights once the flows are those the weights were fitted with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.liquidation.calibration import Calibration
from reportgen.liquidation.calibration.choice import as_fitted, bars_with_open_interest, choose_calibration
from reportgen.liquidation.conservation import conservation_flows, node_profile
from reportgen.liquidation.path import Grid
from reportgen.liquidation.profile import blur_matrix
from reportgen.market.data import MarketData
from reportgen.units import Floats, Maybe, Missing, Price, Side


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalibratedMap:
    """A market's nodes in dollars, with the calibration they are priced by.

    Attributes:
        calibration: The one chosen for the market.
        unit: Per side, shape (k, w), quote currency a bin at unit weight, nearest bin first, blurred as the map is.
    """

    calibration: Calibration
    unit: Mapping[Side, Floats]

    def notional(self, side: Side) -> Floats:
        """Give a side's dollars by distance from the price, shape (w,)."""
        return np.asarray(self.calibration.weight @ self.unit[side])

    def tilts(self, side: Side) -> Floats:
        """Give each posterior draw's dollars over the estimate's, by distance; shape (draws, w), 1 where none is held.

        How unsure the observed liquidations leave the mass at each distance: nodes that were fitted hardly move, those
        that kept their prior move with it.
        """
        held = self.notional(side)
        drawn = self.calibration.weight_draws @ self.unit[side]
        return np.asarray(np.divide(drawn, held, out=np.ones_like(drawn), where=held > 0))


def calibrated_map(
    market: MarketData, grid: Grid, price: Price, calibrations: Sequence[Calibration], assumptions: Assumptions
) -> Maybe[CalibratedMap]:
    """Price a market's nodes by the newest calibration that fits it.

    Args:
        market: Known up to as-of.
        grid: Price bins of the map, the price on an edge.
        price: At as-of.
        calibrations: All that were found; none later than as-of is used.
        assumptions: Blur and refusal rules.

    Returns:
        The map in dollars, or why there is none.
    """
    chosen = choose_calibration(calibrations, market, market.as_of_ms, assumptions)
    if isinstance(chosen, Missing):
        return chosen
    price_bin = round(float(grid.position(price)))
    units: dict[Side, Floats] = {}
    for side in Side:
        unit = unit_dollars(market, side, grid, price_bin, chosen, assumptions)
        if isinstance(unit, Missing):
            return unit
        units[side] = unit @ blur_matrix(unit.shape[1], grid.step, assumptions)
    return CalibratedMap(calibration=chosen, unit=units)


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
    found = bars_with_open_interest(market)
    if isinstance(found, Missing):
        return found
    _, candles, level = found
    flows = conservation_flows(candles, level, side, as_fitted(calibration, assumptions))
    coins = node_profile(flows, np.asarray(calibration.node_distance), grid)
    quote = coins * np.sqrt(grid.edges[1:] * grid.edges[:-1])
    return np.asarray(quote[:, :price_bin][:, ::-1] if side is Side.LONG else quote[:, price_bin:])
