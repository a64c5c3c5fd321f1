"""The liquidation map: two engines' books on one grid, now and over time.

The default engine is MODEL section 0's C3: the kernel engine (C2) on the finest path there is, plus half of the
path-only book, each divided by its mean swept mass. `path-only` alone is the named baseline. Uncalibrated: masses are
relative, so every use divides by the side's total.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from reportgen.assumptions import Assumptions
from reportgen.liquidation.book import book_over_time, frozen_profile
from reportgen.liquidation.deposits import (
    Grid,
    Path,
    constant_deposits,
    entered_at_close,
    kernel_deposits,
    path_of,
)
from reportgen.liquidation.kernel import Nodes, kernel_nodes, tier_nodes
from reportgen.liquidation.margin import Brackets
from reportgen.liquidation.smoothing import by_distance
from reportgen.market.data import Candles
from reportgen.units import Floats, Ints, Price, Side

Engine = Literal["kernel+path-only", "kernel", "path-only"]
DEFAULT_ENGINE: Engine = "kernel+path-only"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """One engine's input for one side: a path, its nodes, and its scale in the mix."""

    path: Path
    nodes: Nodes
    scale: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SideProfile:
    """One side's mass by distance from the price, nearest first.

    Attributes:
        side: Whose liquidations.
        node_mass: Shape (nodes, w), mass of each node in bins of `step` log distance, bin 0 next to the price.
        step: Log width of a bin.
    """

    side: Side
    node_mass: Floats
    step: float

    @property
    def mass(self) -> Floats:
        """Mass by distance, shape (w,)."""
        return np.asarray(self.node_mass.sum(axis=0))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LiquidationMap:
    """Estimated liquidation mass around a price; relative intensity, not dollars.

    Attributes:
        engine: Name. price: the price at as-of, on a bin edge of the grid.
        grid: Price bins. price_bin: which edge the price is.
        sides: Each side's profile by distance.
        column_end_ms: Shape (c,). column_price: shape (c,), the last close by each column's end.
        history: per side the mass over time, shape (c, bins), ascending in price.
        margin_source: Where the maintenance margins come from.
    """

    engine: Engine
    price: Price
    grid: Grid
    price_bin: int
    sides: Mapping[Side, SideProfile]
    column_end_ms: Ints
    column_price: Floats
    history: Mapping[Side, Floats]
    margin_source: str


def grid_around(candles: Candles, price: Price, assumptions: Assumptions) -> tuple[Grid, int]:
    """Lay bins over the whole path and `map_reach` beyond it, with the price on an edge.

    Returns:
        The grid, and the index of the edge that is the price.
    """
    step = assumptions.bin_log_width
    low = min(price, float(candles.low.min()))
    high = max(price, float(candles.high.max()))
    below = int(np.ceil((np.log(price / low) + assumptions.map_reach) / step))
    above = int(np.ceil((np.log(high / price) + assumptions.map_reach) / step))
    return Grid(log_low=float(np.log(price) - below * step), step=step, bins=below + above), below


def layers(
    candles: Candles, grid: Grid, side: Side, brackets: Brackets, engine: Engine, assumptions: Assumptions
) -> tuple[Layer, ...]:
    """Prepare what the engine mixes for one side."""
    price = float(candles.close[-1])
    kernel = Layer(
        path=path_of(candles, grid, side, kernel_deposits(candles, side, assumptions)),
        nodes=kernel_nodes(assumptions),
        scale=1 / assumptions.kernel_mean_swept,
    )
    share = assumptions.path_only_share if engine == DEFAULT_ENGINE else 1.0
    path_only = Layer(
        path=entered_at_close(path_of(candles, grid, side, constant_deposits(candles))),
        nodes=tier_nodes(side, price, brackets, assumptions),
        scale=share / assumptions.path_only_mean_swept,
    )
    chosen: dict[Engine, tuple[Layer, ...]] = {
        "kernel": (kernel,),
        "path-only": (path_only,),
        "kernel+path-only": (kernel, path_only),
    }
    return chosen[engine]


def history_of(parts: tuple[Layer, ...], column_end_ms: Ints, grid: Grid) -> Floats:
    """Mix the layers' books at the end of each column, shape (c, bins), in the side's own orientation."""
    total = np.zeros((len(column_end_ms), grid.bins))
    for part in parts:
        total += part.scale * book_over_time(part.path, part.nodes, column_end_ms, grid.bins, grid.step)
    return total


def build_map(
    candles: Candles,
    brackets: Brackets,
    column_end_ms: Ints,
    assumptions: Assumptions,
    engine: Engine = DEFAULT_ENGINE,
) -> LiquidationMap:
    """Estimate where positions would be forced out, now and at the end of each column.

    Args:
        candles: Closed bars up to as-of; the last close is the price.
        brackets: Maintenance margin of the venue.
        column_end_ms: Shape (c,), ascending; the last is as-of. Bars before the first are warm-up.
        assumptions: All map constants.
        engine: Which engine, the mixed one by default.
    """
    price = float(candles.close[-1])
    grid, price_bin = grid_around(candles, price, assumptions)
    sides: dict[Side, SideProfile] = {}
    history: dict[Side, Floats] = {}
    at_ms = int(column_end_ms[-1])
    for side in Side:
        parts = layers(candles, grid, side, brackets, engine, assumptions)
        profile = np.concatenate(
            [x.scale * frozen_profile(x.path, x.nodes, at_ms, grid.bins, grid.step) for x in parts]
        )
        own = history_of(parts, column_end_ms, grid)
        near_edge = price_bin if side is Side.LONG else grid.bins - price_bin
        sides[side] = SideProfile(side=side, node_mass=profile[:, :near_edge][:, ::-1], step=grid.step)
        history[side] = own if side is Side.LONG else own[:, ::-1]
    return LiquidationMap(
        engine=engine,
        price=price,
        grid=grid,
        price_bin=price_bin,
        sides=sides,
        column_end_ms=column_end_ms,
        column_price=candles.close[np.searchsorted(candles.close_time_ms, column_end_ms, side="right") - 1],
        history=history,
        margin_source=brackets.source,
    )


def maps_at(
    candles: Candles,
    brackets: Brackets,
    decision_ms: Ints,
    assumptions: Assumptions,
    engine: Engine = DEFAULT_ENGINE,
) -> tuple[Grid, Mapping[Side, Floats]]:
    """Give the smoothed map at each decision time, each from the bars closed by then and no later one.

    The grid's place and the reference price of the tiers depend on the bars up to the first decision time and on the
    range of prices only as to which bins exist, never as to what stands in them.

    Returns:
        The grid and, per side, mass per bin, shape (times, bins), ascending in price; blurred as MODEL section 0 scores
        it.
    """
    known = int(np.searchsorted(candles.close_time_ms, decision_ms[-1], side="right"))
    first = max(0, int(np.searchsorted(candles.close_time_ms, decision_ms[0], side="right")) - 1)
    grid, _ = grid_around(candles.first(known), float(candles.close[first]), assumptions)
    at = np.searchsorted(candles.close_time_ms, decision_ms, side="right") - 1
    result: dict[Side, Floats] = {}
    for side in Side:
        parts = layers(candles.first(known), grid, side, brackets, engine, assumptions)
        own = history_of(parts, decision_ms, grid)
        price_bin = grid.position(candles.close[np.maximum(at, 0)])
        own = by_distance(own, price_bin if side is Side.LONG else grid.bins - price_bin, grid.step, assumptions)
        result[side] = own if side is Side.LONG else own[:, ::-1]
    return grid, result
