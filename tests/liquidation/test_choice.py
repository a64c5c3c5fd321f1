"""Which calibration a market may use, every refusal word for word, and what a market without liquidations borrows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation.calibration import VERSION, Calibration
from reportgen.liquidation.calibration.choice import (
    as_fitted,
    bars_with_open_interest,
    choose_calibration,
    leading_venue,
    refusal,
)
from reportgen.liquidation.calibration.make import borrow
from reportgen.market.data import MarketData
from reportgen.units import DAY_MS, Missing
from tests.liquidation.calibrations import DISTANCES, END_MS, MARKET, NODES, WEIGHT, calibration, dated

assert not isinstance(MARKET.candles, Missing)
assert not isinstance(MARKET.open_interest, Missing)
BARS, INTEREST = MARKET.candles["a"], MARKET.open_interest["a"]
LATER = BARS.part(slice(5, None))
PRICE, LEVEL = float(BARS.close[-1]), float(INTEREST.open_interest_base[-1])
FAR_PRICE, FAR_LEVEL = DEFAULTS.calibration_far_price, DEFAULTS.calibration_far_open_interest


def test_a_mismatching_newest_falls_back_to_one_that_fits() -> None:
    """A newer calibration of other venues does not hide an older one that fits."""
    chosen = choose_calibration([dated(0, open_interest_venues=("b",)), dated(9)], MARKET, END_MS, DEFAULTS)
    assert not isinstance(chosen, Missing)
    assert chosen.sample_end_ms == END_MS - 9 * DAY_MS


ETH, SOL = "ETH/USDT:USDT", "SOL/USDT:USDT"
FITTED = "that the calibration was fitted at."


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ((), "No calibration was found; `reportgen calibrate` makes one from observed liquidations."),
        ((dated(-3), dated(-1), dated(-2)),
         "A calibration of 2023-12-16 exists, later than as-of, so none was known then."),
        ((calibration(symbol=SOL), calibration(symbol=ETH)),
         f"No calibration of BTC/USDT:USDT was found, only of {ETH}, {SOL}."),
        ((dated(-1, symbol=ETH),), f"No calibration of BTC/USDT:USDT was found, only of {ETH}."),
        ((calibration(version=VERSION + 1),),
         f"The calibration is of version {VERSION + 1}, and this program makes version {VERSION}."),
        ((dated(95), dated(91), dated(99)), "The calibration's sample ended 91 days ago, over 90."),
        ((calibration(node_distance=tuple((2 * DISTANCES).tolist())),),
         "The calibration was fitted on other distance nodes than the assumptions now name."),
        ((calibration(node_distance=tuple(DISTANCES[1:].tolist())),),
         "The calibration was fitted on other distance nodes than the assumptions now name."),
        ((calibration(open_interest_venues=("b", "c")),),
         "The calibration was fitted on open interest of b, c, and this is of a."),
        ((calibration(price=1e4),), f"The price is {PRICE:,.6g}, too far from the 10,000 {FITTED}"),
        ((calibration(open_interest_base=1.0),), f"The open interest is {LEVEL:,.6g}, too far from the 1 {FITTED}"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_its_reason(given: tuple[Calibration, ...], reason: str) -> None:
    """Another symbol, version, venue, time or scale leaves the map uncalibrated, and the page says why."""
    assert choose_calibration(given, MARKET, END_MS, DEFAULTS) == Missing(reason)


def test_an_edge_that_is_allowed_is_allowed() -> None:
    """Ninety days, and price and open interest as far off as they may be, up or down, are still used."""
    edges = (
        dated(90), *(calibration(price=PRICE * by) for by in (0.999 * FAR_PRICE, 1.001 / FAR_PRICE)),
        *(calibration(open_interest_base=LEVEL * by) for by in (0.999 * FAR_LEVEL, 1.001 / FAR_LEVEL)),
    )  # fmt: skip
    assert [refusal(one, MARKET, END_MS, DEFAULTS) for one in edges] == [""] * 5
    beyond = (
        *(calibration(price=PRICE * by) for by in (1.001 * FAR_PRICE, 0.999 / FAR_PRICE)),
        *(calibration(open_interest_base=LEVEL * by) for by in (1.001 * FAR_LEVEL, 0.999 / FAR_LEVEL)),
    )
    assert all("too far from the" in refusal(one, MARKET, END_MS, DEFAULTS) for one in beyond)
    other = refusal(calibration(symbol=ETH), MARKET, END_MS, DEFAULTS)
    assert other == f"The calibration is for {ETH}, not for BTC/USDT:USDT."


def test_a_price_of_zero_is_far_from_any() -> None:
    """A last close of 0 has no distance to the sample's price, and refuses."""
    close = np.append(BARS.close[:-1], 0.0)
    found = refusal(calibration(), replace(MARKET, candles={"a": replace(BARS, close=close)}), END_MS, DEFAULTS)
    assert found == f"The price is 0, too far from the {calibration().price:,.6g} {FITTED}"


def test_the_open_interest_is_the_bars_venue_s_or_the_first_by_name() -> None:
    """The primary venue need not be first in any order; without it the first name counts, and what lacks is said."""
    both = {"c": INTEREST, "b": INTEREST, "z": INTEREST}
    other = replace(INTEREST, open_interest_base=2 * INTEREST.open_interest_base)
    assert leading_venue(replace(MARKET, candles={"z": BARS, "b": LATER}, open_interest=both)) == ("z", BARS, INTEREST)
    assert leading_venue(replace(MARKET, open_interest=both | {"b": other})) == ("b", BARS, other)
    for changes in ({"candles": Missing("No bars.")}, {"open_interest": Missing("No bars.")}):
        bare: MarketData = replace(MARKET, **changes)  # type: ignore[arg-type]
        assert leading_venue(bare) == bars_with_open_interest(bare) == Missing("No bars.")
        assert choose_calibration([calibration()], bare, END_MS, DEFAULTS) == Missing("No bars.")
        assert borrow(bare, [calibration()]) == Missing("No bars.")
    late = replace(INTEREST, time_ms=INTEREST.time_ms + 10**12)
    none = Missing("No open-interest snapshot by the last close: flows cannot be told.")
    assert bars_with_open_interest(replace(MARKET, open_interest={"a": late})) == none


def test_a_symbol_without_liquidations_borrows_and_says_so() -> None:
    """Borrowed weights are the mean of the others', nothing of them is identified, and no score is claimed."""
    draws = np.arange(6.0)[:, None] * np.ones(NODES)
    others = [
        calibration(weight_draws=draws, liquidation_venues=("b",)),
        dated(2, symbol=SOL, weight=WEIGHT[::-1], prior_weight=np.full(NODES, 0.3), weight_draws=10 * draws[:5]),
    ]
    market = replace(MARKET, symbol=ETH, liquidations=Missing("none"))
    lent = borrow(market, others)
    assert not isinstance(lent, Missing)
    assert (lent.symbol, lent.borrowed_from, lent.observations) == (ETH, f"BTC/USDT:USDT, {SOL}", 0)
    np.testing.assert_allclose(lent.weight, (others[0].weight + others[1].weight) / 2)
    np.testing.assert_allclose(lent.prior_weight, 0.2)
    assert lent.weight_draws[:, 0].tolist() == [0.0, 10.0, 2.0, 30.0, 4.0]
    assert not lent.identified.any()
    why = f"The weights are borrowed from BTC/USDT:USDT, {SOL}; {ETH} has no liquidations to compare with."
    assert lent.held_out == lent.interval == lent.fit == Missing(why)
    assert (lent.sample_start_ms, lent.sample_end_ms) == (others[1].sample_start_ms, others[0].sample_end_ms)
    assert (lent.liquidation_venues, lent.open_interest_venues) == (("a", "b"), ("a",))
    assert (lent.price, lent.open_interest_base) == (float(np.median(BARS.close)), LEVEL)
    assert choose_calibration([lent], market, END_MS, DEFAULTS) is lent


def test_the_engine_runs_as_it_was_fitted() -> None:
    """Weights fitted with one churn are only used with it, whatever the assumptions say now."""
    now = as_fitted(calibration(churn=0.3, volume_share=0.25), DEFAULTS)
    assert (now.churn, now.volume_share) == (0.3, 0.25)
    assert replace(now, churn=DEFAULTS.churn, volume_share=DEFAULTS.volume_share) == DEFAULTS
