"""The liquidation map: an engine's book on one grid, now and over time.

`ENGINES` names the engines and what each is made from; another default is another first line there.
Uncalibrated: masses are relative, so every use divides by the side's total.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.errors import DataError
from reportgen.liquidation import conservation
from reportgen.liquidation.book import Layer, frozen_profile, mixed_book
from reportgen.liquidation.conservation import (
    Flows,
    aligned_open_interest,
    conservation_flows,
    constant_flows,
    node_distances,
    reference_weights,
)
from reportgen.liquidation.kernel import kernel_nodes, tier_nodes
from reportgen.liquidation.margin import Brackets, brackets_of
from reportgen.liquidation.path import (
    NO_MARKS,
    Grid,
    along_marks,
    constant_deposits,
    cut_by_marks,
    entered_at_close,
    kernel_deposits,
    mirrored,
    paths_of,
)
from reportgen.liquidation.profile import by_distance
from reportgen.market.data import Candles, MarketData, OpenInterest
from reportgen.units import Bools, Floats, Ints, Maybe, Missing, Price, Side

NOT_GIVEN = NO_MARKS


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerEngine:
    """An engine of layers along the finest price path, mixed after each is divided by its mean swept mass.

    The bars are cut at the mark prices that snapshots of open interest tell, where they tell any.

    Attributes:
        name: As the tables show it.
        kernel: Whether the continuous kernel is in it, whose deposits follow volume and the place in the day's range.
        tiers: Whether the nine-tier book is in it, which deposits the same every hour.
    """

    name: str
    kernel: bool
    tiers: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEngine:
    """An engine of distance nodes: its book answers to open interest, or opens the same every hour.

    Attributes:
        name: As the tables show it. reads_open_interest: whether what opens and closes adds up to open interest.
    """

    name: str
    reads_open_interest: bool


Engine = LayerEngine | NodeEngine
DEFAULT_ENGINE: Final = LayerEngine(name="kernel+tiers", kernel=True, tiers=True)
PATH_ONLY: Final = LayerEngine(name="path-only", kernel=False, tiers=True)
CONSTANT_NODES: Final = NodeEngine(name="constant-nodes", reads_open_interest=False)
CONSERVATION: Final = NodeEngine(name="conservation", reads_open_interest=True)
ENGINES: Final[Mapping[str, Engine]] = {
    one.name: one for one in (DEFAULT_ENGINE, CONSERVATION, PATH_ONLY, CONSTANT_NODES)
}


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
    """

    engine: str
    price: Price
    grid: Grid
    price_bin: int
    sides: Mapping[Side, SideProfile]
    column_end_ms: Ints
    column_price: Floats
    history: Mapping[Side, Floats]


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
    engine: LayerEngine,
    assumptions: Assumptions,
    open_interest: Maybe[OpenInterest] = NOT_GIVEN,
) -> Mapping[Side, tuple[Layer, ...]]:
    """Prepare what the engine mixes for each side; the layers of a side lie on the same bars."""
    a = assumptions
    nodes, kernel = kernel_nodes(a), kernel_deposits(candles, a)
    whole = replace(paths_of(candles, grid)[Side.LONG], deposit=constant_deposits(candles))
    fine = along_marks(whole, grid, candles.interval_ms, open_interest)
    bar = np.searchsorted(whole.close_time_ms, fine.close_time_ms)
    found: dict[Side, tuple[Layer, ...]] = {}
    for side, path in ((Side.LONG, fine), (Side.SHORT, mirrored(fine, grid.bins))):
        layers = []
        if engine.kernel:
            deposit = fine.deposit * (kernel[side] / whole.deposit)[bar]
            layers.append(Layer(path=replace(path, deposit=deposit), nodes=nodes, scale=1 / a.kernel_mean_swept))
        if engine.tiers:
            tiers = tier_nodes(side, float(candles.close[-1]), brackets, a)
            scale = (a.path_only_share if engine.kernel else 1.0) / a.path_only_mean_swept
            layers.append(Layer(path=entered_at_close(path), nodes=tiers, scale=scale, sharp=True))
        found[side] = tuple(layers)
    return found


def node_flows(
    candles: Candles, side: Side, assumptions: Assumptions, engine: NodeEngine, open_interest: Maybe[OpenInterest]
) -> Flows:
    """Account for one side's bars with open interest, or without it where the engine reads none.

    Raises:
        DataError: The conservation engine got no open interest; it is never guessed.
    """
    if not engine.reads_open_interest:
        return constant_flows(candles, side, assumptions, open_interest)
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
    history: bool = True,
) -> LiquidationMap:
    """Estimate where positions would be forced out, now and at the end of each column.

    Args:
        candles: Closed bars up to as-of; the last close is the price.
        brackets: Maintenance margin of the venue.
        column_end_ms: Shape (c,), ascending; the last is as-of. Bars before the first are warm-up.
        assumptions: All map constants.
        engine: Which engine.
        open_interest: Snapshots, for the engines that read them or their mark prices.
        weights: Shape (k,), for the two node engines: what each node's unit mass is multiplied by; the reference
            weights by default.
        history: False leaves the map over time empty, which takes most of the time.

    Raises:
        DataError: The conservation engine got no open interest.
    """
    price = float(candles.close[-1])
    grid, price_bin = grid_around(candles, price, assumptions)
    sides: dict[Side, SideProfile] = {}
    over_time: dict[Side, Floats] = {}
    kept = column_end_ms if history else column_end_ms[:0]
    column_price = candles.close[np.searchsorted(candles.close_time_ms, column_end_ms, side="right") - 1]
    cut = _unblurred(engine, candles, open_interest, column_end_ms, assumptions)
    layered: Mapping[Side, tuple[Layer, ...]] = {}
    if isinstance(engine, LayerEngine):
        layered = layers_of_sides(candles, grid, brackets, engine, assumptions, open_interest)
    for side in Side:
        if isinstance(engine, NodeEngine):
            flows = node_flows(candles, side, assumptions, engine, open_interest)
            own = np.zeros((0, grid.bins))
            if history:
                own = _node_history(flows, grid, weights, column_end_ms, assumptions)
                own = np.where(cut[:, None], own, _blurred(own, grid, side, column_price, assumptions))
            # Give each distance node's mass now, weighted, shape (k, bins), in the side's own orientation.
            weight = reference_weights(assumptions) if weights is None else weights
            mass = weight[:, None] * conservation.node_profile(flows, node_distances(assumptions), grid)
            profile = mass if flows.side is Side.LONG else mass[:, ::-1]
            if not cut[-1]:
                profile = _blurred(profile, grid, side, np.full(len(profile), price), assumptions)
        else:
            own = mixed_book(layered[side], kept, grid.bins, grid.step) if history else np.zeros((0, grid.bins))
            profile = _layered_profile(layered[side], int(column_end_ms[-1]), grid)
        sides[side] = _outwards(profile, side, grid, price_bin)
        over_time[side] = own if side is Side.LONG else own[:, ::-1]
    return LiquidationMap(
        engine=engine.name,
        price=price,
        grid=grid,
        price_bin=price_bin,
        sides=sides,
        column_end_ms=kept,
        column_price=column_price[: len(kept)],
        history=over_time,
    )


def profiles_now(candles: Candles, brackets: Brackets, assumptions: Assumptions) -> Mapping[Side, SideProfile]:
    """Give the default engine's map at the last close on bars alone, without its history: for quick re-runs."""
    grid, price_bin = grid_around(candles, float(candles.close[-1]), assumptions)
    layered = layers_of_sides(candles, grid, brackets, DEFAULT_ENGINE, assumptions)
    return {
        side: _outwards(_layered_profile(parts, int(candles.close_time_ms[-1]), grid), side, grid, price_bin)
        for side, parts in layered.items()
    }


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
        The grid and, per side, mass per bin, shape (times, bins), ascending in price; blurred as it is scored.

    Raises:
        DataError: The conservation engine got no open interest.
    """
    known = int(np.searchsorted(candles.close_time_ms, decision_ms[-1], side="right"))
    first = max(0, int(np.searchsorted(candles.close_time_ms, decision_ms[0], side="right")) - 1)
    grid, _ = grid_around(candles.first(known), float(candles.close[first]), assumptions)
    price = candles.close[np.maximum(np.searchsorted(candles.close_time_ms, decision_ms, side="right") - 1, 0)]
    used = candles.first(known)
    cut = _unblurred(engine, used, open_interest, decision_ms, assumptions)
    layered: Mapping[Side, tuple[Layer, ...]] = {}
    if isinstance(engine, LayerEngine):
        layered = layers_of_sides(used, grid, brackets, engine, assumptions, open_interest)
    found: dict[Side, Floats] = {}
    for side in Side:
        if isinstance(engine, NodeEngine):
            flows = node_flows(used, side, assumptions, engine, open_interest)
            own = _node_history(flows, grid, weights, decision_ms, assumptions)
            own = np.where(cut[:, None], own, _blurred(own, grid, side, price, assumptions))
        else:
            own = np.zeros((len(decision_ms), grid.bins))
            for layer in layered[side]:
                mass = mixed_book((layer,), decision_ms, grid.bins, grid.step)
                # Blur; where marks cut the bars nothing returns into swept ground, and sharp layers stay so.
                stays = cut & layer.sharp
                rows = mass.copy()
                rows[~stays] = _blurred(mass[~stays], grid, side, price[~stays], assumptions)
                rows[cut] = np.where(mass[cut] > 0, rows[cut], 0.0)
                own += rows
        found[side] = own if side is Side.LONG else own[:, ::-1]
    return grid, found


def _outwards(profile: Floats, side: Side, grid: Grid, price_bin: int) -> SideProfile:
    """Lay a side's nodes out from the price, shape (k, bins) in the side's own orientation."""
    near_edge = price_bin if side is Side.LONG else grid.bins - price_bin
    return SideProfile(side=side, node_mass=profile[:, :near_edge][:, ::-1], step=grid.step)


def _unblurred(
    engine: Engine, candles: Candles, open_interest: Maybe[OpenInterest], moment_ms: Ints, assumptions: Assumptions
) -> Bools:
    """Tell at which moments the engine's path is cut finely enough to be blurred less; shape (m,)."""
    if (
        isinstance(engine, NodeEngine) and engine.reads_open_interest
    ):  # its bars answer to open interest at their closes
        return np.zeros(len(moment_ms), dtype=np.bool_)
    return cut_by_marks(candles, open_interest, moment_ms, assumptions)


def _blurred(own: Floats, grid: Grid, side: Side, price: Floats, assumptions: Assumptions) -> Floats:
    """Blur rows in a side's own orientation around the price of each, shape (m, bins)."""
    price_bin = grid.position(price)
    return by_distance(own, price_bin if side is Side.LONG else grid.bins - price_bin, grid.step, assumptions)


def _layered_profile(parts: tuple[Layer, ...], at_ms: int, grid: Grid) -> Floats:
    """Give the layers' nodes at one moment, shape (nodes of all, bins), in the side's own orientation."""
    return np.concatenate([x.scale * frozen_profile(x.path, x.nodes, at_ms, grid.bins, grid.step) for x in parts])


def _node_history(
    flows: Flows, grid: Grid, weights: Floats | None, column_end_ms: Ints, assumptions: Assumptions
) -> Floats:
    """Give the distance nodes' book at the end of each column, shape (c, bins), in the side's own orientation."""
    weight = reference_weights(assumptions) if weights is None else weights
    mass = conservation.book_over_time(flows, node_distances(assumptions), weight, column_end_ms, grid)
    return mass if flows.side is Side.LONG else mass[:, ::-1]


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
