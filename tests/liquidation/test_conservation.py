"""The conservation nodes: one set of flows, three views of it that must agree, and the maps drawn from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.errors import DataError
from reportgen.liquidation.conservation import (
    Flows,
    book_over_time,
    conservation_flows,
    constant_flows,
    node_distances,
    node_profile,
    reference_weights,
    swept_by_node,
)
from reportgen.liquidation.map import CONSERVATION, CONSTANT_NODES, NOT_GIVEN, NodeEngine, build_map, maps_at
from reportgen.liquidation.margin import flat
from reportgen.market.data import Candles, OpenInterest
from reportgen.units import Floats, Missing, Side

from .markets import candles_from, grid_for, random_walk, scaled
from .test_flows import EVERY_SIDE, open_interest_of

BRACKETS = flat(0.005, 125, "test")
DISTANCE = node_distances(DEFAULTS)
WEIGHT = reference_weights(DEFAULTS)
WIDE = replace(DEFAULTS, map_reach=0.65)
EVERY_NODE_ENGINE = pytest.mark.parametrize("engine", [CONSERVATION, CONSTANT_NODES], ids=lambda one: one.name)


def flows_on(candles: Candles, side: Side, churn: float = 3.0) -> Flows:
    """Account for one side with drawn open interest."""
    return conservation_flows(candles, open_interest_of(candles), side, replace(DEFAULTS, churn=churn))


def as_snapshots(candles: Candles) -> OpenInterest:
    """Give drawn open interest as one snapshot at each close."""
    return OpenInterest(
        time_ms=candles.close_time_ms,
        open_interest_base=open_interest_of(candles),
        open_interest_quote=Missing("not needed here"),
    )


@EVERY_SIDE
@pytest.mark.parametrize("churn", [0.1, 3.0, 300.0])
def test_swept_nodes_add_up_to_the_swept_flow(side: Side, churn: float) -> None:
    """At the reference weights the nodes' swept masses are the bar's swept flow."""
    flows = flows_on(random_walk(1500, volatility=0.01), side, churn)
    np.testing.assert_allclose(
        swept_by_node(flows, DISTANCE).base @ WEIGHT, flows.swept, rtol=1e-9, atol=1e-12 * flows.book.max()
    )


@EVERY_SIDE
def test_swept_dollars_are_coins_at_the_level(side: Side) -> None:
    """A swept coin is worth its level's price: never beyond the bar's extreme, and within what the bar moved."""
    candles = random_walk(1500, volatility=0.01)
    sweeps = swept_by_node(flows_on(candles, side), DISTANCE)
    hit = sweeps.base > 0
    price = sweeps.quote[hit] / sweeps.base[hit]
    low = np.broadcast_to(candles.low[:, None], hit.shape)[hit]
    high = np.broadcast_to(
        np.maximum(candles.high, np.append(candles.close[0], candles.close[:-1]))[:, None], hit.shape
    )
    assert hit.sum() > 1000
    assert (price >= low * (1 - 1e-9)).all()
    assert (price <= high[hit] * (1 + DEFAULTS.level_log_width)).all()


@EVERY_SIDE
@pytest.mark.parametrize("churn", [0.1, 3.0])
def test_profile_columns_and_book_agree(side: Side, churn: float) -> None:
    """What the nodes hold now, the last column, and the book of the flows are one mass."""
    candles = random_walk(1500, volatility=0.01)
    grid = grid_for(float(candles.low.min()), float(candles.high.max()), WIDE)
    flows = flows_on(candles, side, churn)
    columns = book_over_time(flows, DISTANCE, WEIGHT, candles.close_time_ms[-300:], grid)
    np.testing.assert_allclose(columns.sum(axis=1), flows.book[-300:], rtol=1e-9)
    profile = WEIGHT @ node_profile(flows, DISTANCE, grid)
    np.testing.assert_allclose(profile, columns[-1], rtol=1e-9, atol=1e-15 * flows.book[-1])


def test_width_of_columns_does_not_matter() -> None:
    """Columns of an hour and of a day end in the same book, and a long warm-up taken in pieces too."""
    candles = random_walk(2880, volatility=0.01)
    grid = grid_for(float(candles.low.min()), float(candles.high.max()), DEFAULTS)
    flows = flows_on(candles, Side.SHORT, 0.1)
    hourly = book_over_time(flows, DISTANCE, WEIGHT, candles.close_time_ms, grid)
    daily = book_over_time(flows, DISTANCE, WEIGHT, candles.close_time_ms[23::24], grid)
    last = book_over_time(flows, DISTANCE, WEIGHT, candles.close_time_ms[-1:], grid)
    np.testing.assert_allclose(daily, hourly[23::24], rtol=1e-9, atol=1e-12 * hourly.max())
    np.testing.assert_allclose(last[0], hourly[-1], rtol=1e-9, atol=1e-12 * hourly.max())


@EVERY_SIDE
def test_everything_is_linear_in_the_weights(side: Side) -> None:
    """With flows held, two sets of weights added give the two books added."""
    candles = random_walk(500, volatility=0.01)
    grid = grid_for(float(candles.low.min()), float(candles.high.max()), DEFAULTS)
    flows, ends = flows_on(candles, side), candles.close_time_ms[-20:]
    other = np.linspace(1, 0, len(WEIGHT))
    parts = [book_over_time(flows, DISTANCE, w, ends, grid) for w in (WEIGHT, other, 2 * WEIGHT + other)]
    np.testing.assert_allclose(2 * parts[0] + parts[1], parts[2], rtol=1e-9, atol=1e-12 * parts[2].max())


def test_touched_levels_are_gone() -> None:
    """After a fall of a tenth no long level nearer than that is left of what was opened above."""
    fall = candles_from(np.concatenate([np.full(50, 100.0), [90.0]]), spread=0.0)
    flows = constant_flows(fall, Side.LONG, DEFAULTS)
    grid = grid_for(80, 110, WIDE)
    columns = book_over_time(flows, DISTANCE, WEIGHT, fall.close_time_ms, grid)
    deeper = WEIGHT[np.log(100 / 90) < DISTANCE].sum()
    assert columns[-2].sum() == pytest.approx(50)
    assert columns[-1].sum() == pytest.approx(50 * deeper + 1)
    assert columns[-1][grid.edges[1:] > 90].sum() == 0
    assert flows.swept[-1] == pytest.approx(50 * (1 - deeper))


@EVERY_SIDE
@EVERY_NODE_ENGINE
def test_maps_lie_on_their_side_of_the_price(engine: NodeEngine, side: Side) -> None:
    """Longs are liquidated below the price and shorts above, in the map now and at every decision time."""
    candles = random_walk(500, volatility=0.01)
    decision = candles.close_time_ms[-30:]
    grid, mass = maps_at(candles, BRACKETS, decision, DEFAULTS, engine, open_interest=as_snapshots(candles))
    middle = np.sqrt(grid.edges[1:] * grid.edges[:-1])
    sign = 1 if side is Side.LONG else -1
    beyond = sign * (np.log(middle)[None, :] - np.log(candles.close[-30:])[:, None]) > grid.step
    assert mass[side][beyond].sum() <= 1e-9 * mass[side].sum()
    assert (mass[side].sum(axis=1) > 0).all()


@EVERY_NODE_ENGINE
def test_map_history_ends_in_the_map(engine: NodeEngine) -> None:
    """The last column of the history is the profile now."""
    candles = random_walk(500, volatility=0.01)
    estimate = build_map(
        candles, BRACKETS, candles.close_time_ms[-48:], DEFAULTS, engine, open_interest=as_snapshots(candles)
    )
    below = estimate.history[Side.LONG][-1][: estimate.price_bin][::-1]
    above = estimate.history[Side.SHORT][-1][estimate.price_bin :]
    np.testing.assert_allclose(estimate.sides[Side.LONG].mass, below, rtol=1e-6, atol=1e-9 * below.max())
    np.testing.assert_allclose(estimate.sides[Side.SHORT].mass, above, rtol=1e-6, atol=1e-9 * above.max())


@EVERY_NODE_ENGINE
def test_given_weights_scale_the_map(engine: NodeEngine) -> None:
    """Weights a thousand times the reference weights make a map a thousand times as high."""
    candles = random_walk(300, volatility=0.01)
    maps = [
        build_map(
            candles, BRACKETS, candles.close_time_ms[-24:], DEFAULTS, engine,
            open_interest=as_snapshots(candles), weights=weights,
        )
        for weights in (None, 1000 * WEIGHT)
    ]  # fmt: skip
    for side in Side:
        np.testing.assert_allclose(
            maps[1].sides[side].node_mass, 1000 * maps[0].sides[side].node_mass, rtol=1e-9, atol=1e-200
        )
        np.testing.assert_allclose(maps[1].history[side], 1000 * maps[0].history[side], rtol=1e-9, atol=1e-200)


@EVERY_NODE_ENGINE
def test_scaling_prices_scales_the_levels(engine: NodeEngine) -> None:
    """Prices times k leave the coins at each distance as they were."""
    candles = random_walk(400, volatility=0.01)
    one, many = (
        build_map(x, BRACKETS, x.close_time_ms[-24:], DEFAULTS, engine, open_interest=as_snapshots(candles))
        for x in (candles, scaled(candles, 1000.0))
    )
    for side in Side:
        reach = _by_tenth(one.sides[side].mass)
        np.testing.assert_allclose(_by_tenth(many.sides[side].mass), reach, rtol=1e-3)


def _by_tenth(mass: Floats) -> Floats:
    """Add mass up in runs of ten bins, as a rung that lies on a bin's edge may fall on either side of it."""
    return np.asarray(mass[: len(mass) // 10 * 10].reshape(-1, 10).sum(axis=1))


def test_maps_know_nothing_of_later_bars() -> None:
    """Maps at decision times are the same when the history ends at the last of them."""
    candles = random_walk(400, volatility=0.01)
    decision, given = candles.close_time_ms[300:340], as_snapshots(candles)
    grid, whole = maps_at(candles, BRACKETS, decision, DEFAULTS, CONSERVATION, open_interest=given)
    other, cut = maps_at(candles.first(340), BRACKETS, decision, DEFAULTS, CONSERVATION, open_interest=given)
    assert (grid.log_low, grid.bins) == (other.log_low, other.bins)
    for side in Side:
        np.testing.assert_array_equal(whole[side], cut[side])


@pytest.mark.parametrize(
    "given", [Missing("No open interest was handed to the map."), Missing("The venue gives none.")]
)
def test_no_open_interest_is_refused(given: Missing) -> None:
    """The conservation engine says what it lacks and what to do; its baseline needs none."""
    candles = random_walk(300)
    with pytest.raises(DataError) as refused:
        build_map(candles, BRACKETS, candles.close_time_ms[-24:], DEFAULTS, CONSERVATION, open_interest=given)
    assert str(refused.value) == (
        f"The conservation engine needs open interest. {given.reason} Give open interest that starts before the last "
        "bar, or choose the constant-nodes engine."
    )
    with pytest.raises(DataError, match="needs open interest"):
        maps_at(candles, BRACKETS, candles.close_time_ms[-24:], DEFAULTS, CONSERVATION, open_interest=given)
    assert Missing("No open interest was handed to the map.") == NOT_GIVEN
    made = build_map(candles, BRACKETS, candles.close_time_ms[-24:], DEFAULTS, CONSTANT_NODES, open_interest=given)
    assert made.sides[Side.LONG].mass.sum() > 0
