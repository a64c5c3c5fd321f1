"""Dollars on the map are the dollars that the calibration was fitted to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.guide.positioning import Positioning
from reportgen.guide.zones.dollars import price_zones
from reportgen.guide.zones.finding import find_zones
from reportgen.liquidation.calibration.choice import choose_calibration
from reportgen.liquidation.calibration.dollars import CalibratedMap, calibrated_map, unit_dollars
from reportgen.liquidation.conservation import conservation_flows, node_distances, swept_by_node
from reportgen.liquidation.map import build_map, grid_around
from reportgen.liquidation.margin import flat
from reportgen.liquidation.profile import draw_profiles
from reportgen.market.data import Candles
from reportgen.units import DAY_MS, Floats, Missing, Side
from tests.liquidation.calibrations import calibration
from tests.liquidation.test_calibration import market_of

MARKET = market_of(30)
WIDE = replace(DEFAULTS, map_reach=1.0)
LOOSE = replace(WIDE, calibration_far_price=1e9, calibration_far_open_interest=1e9, calibration_oldest_days=1e6)
NODES = len(node_distances(DEFAULTS))


def then(candles: Candles, low: float, high: float) -> Candles:
    """Append a bar that reaches from one price to another."""

    def and_last(values: Floats, value: float) -> Floats:
        return np.append(values, value)

    return Candles(
        interval_ms=candles.interval_ms,
        open_time_ms=np.append(candles.open_time_ms, candles.close_time_ms[-1]),
        open=and_last(candles.open, float(candles.close[-1])),
        high=and_last(candles.high, high),
        low=and_last(candles.low, low),
        close=and_last(candles.close, float(candles.close[-1])),
        volume_base=and_last(candles.volume_base, 1.0),
        taker_buy_base=Missing("not needed here"),
    )


@pytest.mark.parametrize("side", list(Side))
def test_what_the_map_holds_is_what_the_next_bar_sweeps(side: Side) -> None:
    """A next bar that runs through everything sweeps, node by node, the dollars that the map held before it."""
    assert not isinstance(MARKET.candles, Missing)
    candles = MARKET.candles["a"]
    made = calibration(churn=0.3)
    price = float(candles.close[-1])
    grid, price_bin = grid_around(candles, price, WIDE)
    held = unit_dollars(MARKET, side, grid, price_bin, made, WIDE)
    assert not isinstance(held, Missing)
    longer = then(candles, price * 0.4, price * 2.5)
    level = np.full(len(longer), 6 * float(candles.volume_base.mean()))
    flows = conservation_flows(longer, level, side, replace(WIDE, churn=0.3))
    swept = swept_by_node(flows, np.asarray(made.node_distance)).quote[-1]
    assert (swept > 0).sum() > NODES / 2
    np.testing.assert_allclose(held.sum(axis=1), swept, rtol=2e-3, atol=1e-6 * swept.max())


def test_dollars_are_linear_in_the_weights() -> None:
    """Twice the weights are twice the dollars: the profile itself does not depend on them."""
    assert not isinstance(MARKET.candles, Missing)
    grid, price_bin = grid_around(MARKET.candles["a"], float(MARKET.candles["a"].close[-1]), WIDE)
    one, other = (
        unit_dollars(MARKET, Side.LONG, grid, price_bin, made, WIDE)
        for made in (calibration(), calibration(weight=2 * calibration().weight))
    )
    np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def test_without_open_interest_there_are_no_dollars() -> None:
    """The reason is passed on."""
    bare = replace(MARKET, open_interest=Missing("No open interest here."))
    assert not isinstance(MARKET.candles, Missing)
    grid, price_bin = grid_around(MARKET.candles["a"], float(MARKET.candles["a"].close[-1]), WIDE)
    assert unit_dollars(bare, Side.LONG, grid, price_bin, calibration(), WIDE) == Missing("No open interest here.")
    price = float(MARKET.candles["a"].close[-1])
    for given in ((calibration(),), ()):
        refused = calibrated_map(bare, grid, price, given, WIDE)
        assert refused == choose_calibration(given, bare, bare.as_of_ms, WIDE)
        assert isinstance(refused, Missing)
    assert not isinstance(MARKET.open_interest, Missing)
    later = replace(MARKET.open_interest["a"], time_ms=MARKET.open_interest["a"].time_ms + 40 * DAY_MS)
    unseen = calibrated_map(replace(MARKET, open_interest={"a": later}), grid, price, [calibration()], WIDE)
    assert unseen == Missing("No open-interest snapshot by the last close: flows cannot be told.")


@pytest.mark.parametrize("side", list(Side))
def test_draws_that_agree_tilt_nothing(side: Side) -> None:
    """Draws that are the estimate tilt no distance; a draw that doubles one node tilts those that the node fills."""
    assert not isinstance(MARKET.candles, Missing)
    candles = MARKET.candles["a"]
    grid, _ = grid_around(candles, float(candles.close[-1]), WIDE)
    sure = replace(calibration(), weight_draws=np.repeat(calibration().weight[None], 3, axis=0))
    doubled = sure.weight_draws.copy()
    doubled[0, 5] *= 2
    for made, tilted in ((sure, False), (replace(sure, weight_draws=doubled), True)):
        market = replace(MARKET, symbol=made.symbol)
        found = calibrated_map(market, grid, float(candles.close[-1]), [made], LOOSE)
        assert not isinstance(found, Missing), found
        tilts = found.tilts(side)
        np.testing.assert_allclose(tilts[1:], 1.0)
        assert bool((tilts[0] > 1.0 + 1e-9).any()) is tilted
        assert tilts.shape == (3, len(found.notional(side)))


def test_a_sure_posterior_leaves_only_the_shift() -> None:
    """With draws that agree and no shift of distance every drawn profile is the central one."""
    nodes = np.random.default_rng(1).random((4, 60))
    still = replace(DEFAULTS, draw_log_distance=0.0)
    drawn = draw_profiles(nodes, np.random.default_rng(2), still, np.ones((7, 60)))
    np.testing.assert_allclose(drawn, np.broadcast_to(nodes.sum(axis=0), drawn.shape))
    half = np.where(np.arange(60) < 30, 1.0, 0.5) * np.ones((7, 60))
    tilted = draw_profiles(nodes, np.random.default_rng(2), still, half)
    assert np.all(tilted[:, :30].sum(axis=1) > drawn[:, :30].sum(axis=1))


@pytest.mark.parametrize(("days", "said"), [(44.9, False), (45.1, True)])
def test_a_zones_dollars_are_its_share_of_the_sides_total(days: float, said: bool) -> None:  # noqa: FBT001
    """Share times the side's total gives the dollars; the age stands beside them, and past 45 days that they drift."""
    assert not isinstance(MARKET.candles, Missing)
    candles = MARKET.candles["a"]
    estimate = build_map(candles, flat(0.005, 125, "t"), candles.close_time_ms[-24:], LOOSE)
    ended = MARKET.as_of_ms - round(days * DAY_MS)
    made = replace(calibration(churn=0.3), symbol=MARKET.symbol, sample_end_ms=ended, open_interest_venues=("a",))
    none = Missing("not needed here")
    nothing = Positioning(open_interest=none, funding=none, crowded_side=None, crowded_because="")
    found = find_zones(
        estimate, none, nothing, atr=0.02 * estimate.price, horizon_hours=24.0,
        rng=np.random.default_rng(1), assumptions=replace(LOOSE, draws=1),
    )  # fmt: skip
    assert found.zones
    in_dollars = calibrated_map(MARKET, estimate.grid, estimate.price, (made,), LOOSE)
    assert not isinstance(in_dollars, Missing), in_dollars
    priced = price_zones(
        found.zones, MARKET, in_dollars, estimate=estimate, calibrations=(made,), depth=none, assumptions=LOOSE,
        scope={side: one.scope for side, one in found.shares.items()},
    )  # fmt: skip
    assert not isinstance(priced.basis, Missing)
    totals = {Side.LONG: priced.basis.long_total, Side.SHORT: priced.basis.short_total}
    for zone in priced.zones:
        total = totals[zone.liquidated_side]
        assert total is not None
        assert zone.notional == pytest.approx(zone.share * total)
        assert 0 < zone.share < 1
    assert priced.basis.age_days == pytest.approx(days, abs=0.01)
    assert any("days before as-of" in line for line in priced.basis.text)
    assert any("drifted" in line for line in priced.basis.text) is said


def test_a_tilt_is_a_draws_dollars_over_the_estimates() -> None:
    """Weights 1 and 2 hold 0, 0.5 and 4 by distance: draws of twice the first and none of the second tell by hand."""
    unit = np.array([[0.0, 0.5, 2.0], [0.0, 0.0, 1.0]])
    made = calibration(weight=np.array([1.0, 2.0]), weight_draws=np.array([[2.0, 2.0], [1.0, 0.0]]))
    found = CalibratedMap(calibration=made, unit={Side.LONG: unit, Side.SHORT: 3 * unit})
    assert found.notional(Side.LONG).tolist() == [0, 0.5, 4]
    for side in Side:
        assert found.tilts(side).tolist() == [[1, 2, 1.5], [1, 1, 0.5]]
