"""The liquidation map: the engines' books on one grid, now and over time.

The default, `fine-range-kernel`, is MODEL section 0's C3 (kernel plus half of the path-only book, each divided by its
mean swept mass) with the bar's range in volume's place, slower ageing and less blur, along the mark prices of open
interest where those are finer than the bars. `range-kernel` is the same on bars alone; `kernel+path-only` is C3 as it
was measured (docs/tried.md). `path-only` alone is the named baseline. `conservation` is MODEL section 1's book of
distance nodes, fed from open interest; `constant-nodes` has the same nodes and no open interest.
Uncalibrated: masses are relative, so every use divides by the side's total.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.errors import DataError
from reportgen.liquidation import conservation
from reportgen.liquidation.book import Layer, each_side, frozen_profile, mixed_book
from reportgen.liquidation.conservation import (
    Flows,
    aligned_open_interest,
    conservation_flows,
    constant_flows,
    node_distances,
    reference_weights,
)
from reportgen.liquidation.kernel import kernel_nodes, tier_nodes
from reportgen.liquidation.margin import Brackets
from reportgen.liquidation.path import (
    Grid,
    along_marks,
    constant_deposits,
    deposits_of_sides,
    entered_at_close,
    paths_of,
)
from reportgen.liquidation.profile import by_distance
from reportgen.market.data import Candles, OpenInterest
from reportgen.units import Floats, Ints, Maybe, Missing, Price, Side

Engine = Literal[
    "kernel+path-only", "range-kernel", "fine-range-kernel", "kernel", "path-only", "conservation", "constant-nodes"
]
LayeredEngine = Literal["kernel+path-only", "range-kernel", "fine-range-kernel", "kernel", "path-only"]
_RANGE_KERNELS: Final = ("range-kernel", "fine-range-kernel")
DEFAULT_ENGINE: Final = "fine-range-kernel"
NOT_GIVEN = Missing("No open interest was handed to the map.")


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


def layers_of_sides(
    candles: Candles,
    grid: Grid,
    brackets: Brackets,
    engine: LayeredEngine,
    assumptions: Assumptions,
    open_interest: Maybe[OpenInterest] = NOT_GIVEN,
) -> Mapping[Side, tuple[Layer, ...]]:
    """Prepare what the engine mixes for each side; the layers of a side lie on the same bars."""
    own = of_engine(engine, assumptions)
    marks = open_interest if engine == "fine-range-kernel" else NOT_GIVEN
    nodes = kernel_nodes(own)
    deposits = deposits_of_sides(candles, own, by_range=engine in _RANGE_KERNELS)
    share = 1.0 if engine == "path-only" else assumptions.path_only_share
    found: dict[Side, tuple[Layer, ...]] = {}
    for side, path in paths_of(candles, grid).items():
        kernel, path_only = (
            along_marks(replace(path, deposit=deposit), grid, side, candles.interval_ms, marks)
            for deposit in (deposits[side], constant_deposits(candles))
        )
        tiers = tier_nodes(side, float(candles.close[-1]), brackets, assumptions)
        scale = share / assumptions.path_only_mean_swept
        every = (
            Layer(path=kernel, nodes=nodes, scale=1 / own.kernel_mean_swept),
            Layer(path=entered_at_close(path_only), nodes=tiers, scale=scale),
        )
        found[side] = every[:1] if engine == "kernel" else every[1:] if engine == "path-only" else every
    return found


def of_engine(engine: Engine, assumptions: Assumptions) -> Assumptions:
    """Give the constants as one engine reads them: the range kernel has its own ageing, blur and scale."""
    if engine not in _RANGE_KERNELS:
        return assumptions
    return replace(
        assumptions,
        age_tau_hours=assumptions.range_age_tau_hours,
        smooth_distance_share=assumptions.range_smooth_distance_share,
        kernel_mean_swept=assumptions.range_mean_swept,
    )


def history_of(parts: tuple[Layer, ...], column_end_ms: Ints, grid: Grid) -> Floats:
    """Mix the layers' books at the end of each column, shape (c, bins), in the side's own orientation."""
    return mixed_book(parts, column_end_ms, grid.bins, grid.step)


def node_flows(
    candles: Candles,
    side: Side,
    assumptions: Assumptions,
    engine: Literal["conservation", "constant-nodes"],
    open_interest: Maybe[OpenInterest],
) -> Flows:
    """Account for one side's bars with open interest, or without it where the engine is the baseline.

    Raises:
        DataError: The conservation engine got no open interest; it is never guessed.
    """
    if engine == "constant-nodes":
        return constant_flows(candles, side, assumptions)
    level = aligned_open_interest(candles, open_interest)
    if isinstance(level, Missing):
        raise DataError(
            f"The conservation engine needs open interest. {level.reason} Give open interest that starts before the "
            "last bar, or choose the constant-nodes engine."
        )
    return conservation_flows(candles, level, side, assumptions)


def build_map(
    candles: Candles,
    brackets: Brackets,
    column_end_ms: Ints,
    assumptions: Assumptions,
    engine: Engine = DEFAULT_ENGINE,
    *,
    open_interest: Maybe[OpenInterest] = NOT_GIVEN,
    weights: Floats | None = None,
) -> LiquidationMap:
    """Estimate where positions would be forced out, now and at the end of each column.

    Args:
        candles: Closed bars up to as-of; the last close is the price.
        brackets: Maintenance margin of the venue.
        column_end_ms: Shape (c,), ascending; the last is as-of. Bars before the first are warm-up.
        assumptions: All map constants.
        engine: Which engine.
        open_interest: Snapshots; only the conservation engine and fine-range-kernel read them.
        weights: Shape (k,), for the two node engines: what each node's unit mass is multiplied by; the reference
            weights by default.

    Raises:
        DataError: The conservation engine got no open interest.
    """
    price = float(candles.close[-1])
    grid, price_bin = grid_around(candles, price, assumptions)
    sides: dict[Side, SideProfile] = {}
    history: dict[Side, Floats] = {}
    column_price = candles.close[np.searchsorted(candles.close_time_ms, column_end_ms, side="right") - 1]
    layered: Mapping[Side, tuple[Layer, ...]] = {}
    if not (engine == "conservation" or engine == "constant-nodes"):  # noqa: PLR1714 - narrows the type
        layered = layers_of_sides(candles, grid, brackets, engine, assumptions, open_interest)

    def now_and_over_time(side: Side) -> tuple[Floats, Floats]:
        if engine == "conservation" or engine == "constant-nodes":  # noqa: PLR1714 - narrows the type
            flows = node_flows(candles, side, assumptions, engine, open_interest)
            own = _node_history(flows, grid, weights, column_end_ms, assumptions)
            own = _blurred(own, grid, side, column_price, assumptions)
            return _node_profile(flows, grid, weights, price, assumptions), own
        own = history_of(layered[side], column_end_ms, grid)
        return _layered_profile(layered[side], int(column_end_ms[-1]), grid), own

    for side, (profile, own) in each_side(now_and_over_time, len(candles)).items():
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
        column_price=column_price,
        history=history,
        margin_source=brackets.source,
    )


def profiles_now(candles: Candles, brackets: Brackets, assumptions: Assumptions) -> Mapping[Side, SideProfile]:
    """Give the range kernel's map at the last close on bars alone, without its history: for quick re-runs."""
    price = float(candles.close[-1])
    grid, price_bin = grid_around(candles, price, assumptions)
    found: dict[Side, SideProfile] = {}
    for side, parts in layers_of_sides(candles, grid, brackets, "range-kernel", assumptions).items():
        mass = _layered_profile(parts, int(candles.close_time_ms[-1]), grid)
        near_edge = price_bin if side is Side.LONG else grid.bins - price_bin
        found[side] = SideProfile(side=side, node_mass=mass[:, :near_edge][:, ::-1], step=grid.step)
    return found


def maps_at(
    candles: Candles,
    brackets: Brackets,
    decision_ms: Ints,
    assumptions: Assumptions,
    engine: Engine = DEFAULT_ENGINE,
    *,
    open_interest: Maybe[OpenInterest] = NOT_GIVEN,
    weights: Floats | None = None,
) -> tuple[Grid, Mapping[Side, Floats]]:
    """Give the smoothed map at each decision time, each from the bars closed by then and no later one.

    The grid's place and the reference price of the tiers depend on the bars up to the first decision time and on the
    range of prices only as to which bins exist, never as to what stands in them. `open_interest` and `weights` as in
    `build_map`; bars before the first snapshot take its level, so decide from later ones.

    Returns:
        The grid and, per side, mass per bin, shape (times, bins), ascending in price; blurred as MODEL section 0 scores
        it.

    Raises:
        DataError: The conservation engine got no open interest.
    """
    known = int(np.searchsorted(candles.close_time_ms, decision_ms[-1], side="right"))
    first = max(0, int(np.searchsorted(candles.close_time_ms, decision_ms[0], side="right")) - 1)
    grid, _ = grid_around(candles.first(known), float(candles.close[first]), assumptions)
    at = np.searchsorted(candles.close_time_ms, decision_ms, side="right") - 1
    used = candles.first(known)
    layered: Mapping[Side, tuple[Layer, ...]] = {}
    if not (engine == "conservation" or engine == "constant-nodes"):  # noqa: PLR1714 - narrows the type
        layered = layers_of_sides(used, grid, brackets, engine, assumptions, open_interest)

    def over_time(side: Side) -> Floats:
        if engine == "conservation" or engine == "constant-nodes":  # noqa: PLR1714 - narrows the type
            own = _node_history(
                node_flows(used, side, assumptions, engine, open_interest), grid, weights, decision_ms, assumptions
            )
        else:
            own = history_of(layered[side], decision_ms, grid)
        own = _blurred(own, grid, side, candles.close[np.maximum(at, 0)], of_engine(engine, assumptions))
        return own if side is Side.LONG else own[:, ::-1]

    return grid, each_side(over_time, known)


def _blurred(own: Floats, grid: Grid, side: Side, price: Floats, assumptions: Assumptions) -> Floats:
    """Blur rows in a side's own orientation around the price of each, shape (m, bins)."""
    price_bin = grid.position(price)
    return by_distance(own, price_bin if side is Side.LONG else grid.bins - price_bin, grid.step, assumptions)


def _layered_profile(parts: tuple[Layer, ...], at_ms: int, grid: Grid) -> Floats:
    """Give the layers' nodes at one moment, shape (nodes of all, bins), in the side's own orientation."""
    return np.concatenate([x.scale * frozen_profile(x.path, x.nodes, at_ms, grid.bins, grid.step) for x in parts])


def _node_profile(flows: Flows, grid: Grid, weights: Floats | None, price: Price, assumptions: Assumptions) -> Floats:
    """Give each distance node's mass now, weighted and blurred, shape (k, bins), in the side's own orientation."""
    weight = reference_weights(assumptions) if weights is None else weights
    mass = weight[:, None] * conservation.node_profile(flows, node_distances(assumptions), grid)
    own = mass if flows.side is Side.LONG else mass[:, ::-1]
    return _blurred(own, grid, flows.side, np.full(len(own), price), assumptions)


def _node_history(
    flows: Flows, grid: Grid, weights: Floats | None, column_end_ms: Ints, assumptions: Assumptions
) -> Floats:
    """Give the distance nodes' book at the end of each column, shape (c, bins), in the side's own orientation."""
    weight = reference_weights(assumptions) if weights is None else weights
    mass = conservation.book_over_time(flows, node_distances(assumptions), weight, column_end_ms, grid)
    return mass if flows.side is Side.LONG else mass[:, ::-1]
