"""Margin arithmetic against published examples and its own relations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation.margin import (
    Brackets,
    brackets_of,
    flat,
    liquidation_distance,
    liquidation_price,
)
from reportgen.market.data import LeverageBrackets
from reportgen.units import Missing, Side
from tests.liquidation.test_calibration import market_of

TIERS = Brackets(
    floor=np.array([0.0, 50_000.0, 600_000.0, 3_000_000.0]),
    rate=np.array([0.004, 0.005, 0.0065, 0.01]),
    amount=np.array([0.0, 50.0, 950.0, 11_450.0]),
    max_leverage=np.array([125.0, 100.0, 75.0, 50.0]),
    source="example",
)


def test_linear_isolated_examples() -> None:
    """Published worked examples of isolated linear positions come out to the last digit."""
    tier = Brackets(
        floor=np.zeros(1),
        rate=np.array([0.01]),
        amount=np.array([0.01]),
        max_leverage=np.array([125.0]),
        source="example",
    )
    assert liquidation_price(Side.SHORT, 10, 1, 2, tier) == pytest.approx(11.89108910891089, rel=1e-12)
    assert liquidation_price(Side.LONG, 10, 1, 2, tier) == pytest.approx(8.070707070707071, rel=1e-12)
    assert liquidation_price(Side.LONG, 10, 1, 10 / 3, tier) == pytest.approx(6.723905723905723, rel=1e-12)


def test_venues_that_add_the_taker_fee() -> None:
    """OKX and Gate add the taker fee to the maintenance margin rate."""
    tier = flat(0.01, 125, "example")
    assert liquidation_price(Side.SHORT, 10, 1, 2, tier, fee=0.0006) == pytest.approx(11.87413417771621, rel=1e-12)
    assert liquidation_price(Side.LONG, 10, 1, 2, tier, fee=0.0006) == pytest.approx(8.085708510208207, rel=1e-12)


@pytest.mark.parametrize(
    ("size", "leverage", "percent"), [(0.1, 125, 0.402), (0.1, 100, 0.602), (1.0, 50, 1.56), (0.1, 20, 4.62)]
)
def test_effect_size_of_maintenance_margin(size: float, leverage: float, percent: float) -> None:
    """Maintenance margin halves the distance at the top tier and hardly matters at 20x."""
    distance = liquidation_distance(Side.LONG, 92_000, leverage, size * 92_000, TIERS)
    assert distance is not None
    assert 100 * (1 - np.exp(-distance)) == pytest.approx(percent, abs=0.06)


@given(
    leverage=st.floats(1.5, 50),
    entry=st.floats(1e-6, 1e6),
    notional=st.floats(10, 5e6),
)
def test_long_level_below_entry_below_short_level(leverage: float, entry: float, notional: float) -> None:
    """A long is liquidated below its entry and a short above it, nearer the higher the leverage."""
    for side, sign in ((Side.LONG, -1), (Side.SHORT, 1)):
        quantity = notional / entry
        price = liquidation_price(side, entry, quantity, notional / leverage, TIERS)
        safer = liquidation_price(side, entry, quantity, notional / leverage * 1.2, TIERS)
        assert price is not None
        assert sign * (price - entry) > 0
        assert safer is None or abs(safer - entry) > abs(price - entry)


@given(notional=st.floats(10, 5e6), leverage=st.floats(2, 50))
def test_bracket_holds_the_notional_at_liquidation(notional: float, leverage: float) -> None:
    """The answer satisfies its own bracket: equity at that price equals that bracket's maintenance margin."""
    entry = 100.0
    quantity = notional / entry
    price = liquidation_price(Side.LONG, entry, quantity, notional / leverage, TIERS)
    assert price is not None
    tier = TIERS.tier_at(price * quantity)
    equity = notional / leverage + (price - entry) * quantity
    maintenance = price * quantity * TIERS.rate[tier] - TIERS.amount[tier]
    assert equity == pytest.approx(maintenance, rel=1e-9, abs=1e-7 * notional)


def test_fully_margined_long_is_never_liquidated() -> None:
    """A long whose margin exceeds its value has no liquidation price."""
    assert liquidation_price(Side.LONG, 100, 1, 120, TIERS) is None


def test_leverage_beyond_the_bracket_is_refused() -> None:
    """A leverage that the bracket of that notional does not allow has no distance."""
    assert liquidation_distance(Side.LONG, 100, 125, 700_000, TIERS) is None
    assert liquidation_distance(Side.LONG, 100, 125, 7_000, TIERS) is not None


def test_a_position_costs_nothing_at_its_liquidation_price() -> None:
    """Sixteen positions, both ways and on four margin rates: what is left there is just the maintenance margin."""
    rng = np.random.default_rng(16)
    for number in range(16):
        side, rate = (Side.LONG, Side.SHORT)[number % 2], 1 / (2 * (10, 20, 40, 50)[number // 4])
        entry, size, margin = float(rng.uniform(0.1, 9e4)), float(rng.lognormal()), 0.0
        margin = entry * size * float(rng.uniform(1.5 * rate, 0.9))
        price = liquidation_price(side, entry, size, margin, flat(rate, 100, "venue"))
        assert price is not None
        left = margin + size * (price - entry) * (1 if side is Side.LONG else -1)
        assert left == pytest.approx(rate * size * price, rel=1e-9)
        assert (price < entry) == (side is Side.LONG)


def test_a_real_position_comes_out() -> None:
    """A long of 0.33 from 145.83 on 24.045 of margin at 20x was published with 74.83696."""
    found = liquidation_price(Side.LONG, 145.83, 0.33, 24.045107, flat(1 / 40, 100, "venue"))
    assert found == pytest.approx(74.83696193, rel=5e-5)


def test_a_bracket_begins_with_its_floor() -> None:
    """50 000 stands in the second bracket, the cent before it in the first, all above the last floor in the last."""
    assert [TIERS.tier_at(size) for size in (0.0, 49_999.99, 50_000.0, 600_000.0, 1e12)] == [0, 0, 1, 2, 3]
    stepped = Brackets(
        floor=np.array([0.0, 90.0]), rate=np.array([0.05, 0.2]), amount=np.zeros(2), max_leverage=np.full(2, 50.0),
        source="made so that both brackets come to the same notional",
    )  # fmt: skip
    # A short of one coin from 100 on 8 of margin goes at 108 / 1.2 = 90, where the second bracket begins, or at 102.9.
    assert liquidation_price(Side.SHORT, 100.0, 1.0, 8.0, stepped) == pytest.approx(90.0)


def test_leverage_up_to_the_brackets_most_is_allowed() -> None:
    """The most counts itself; a margin below the maintenance margin has no distance, nor has one that covers all."""
    assert liquidation_distance(Side.SHORT, 100, 100, 60_000, TIERS) is not None
    assert liquidation_distance(Side.SHORT, 100, 100.1, 60_000, TIERS) is None
    assert liquidation_distance(Side.LONG, 100, 300, 1_000, flat(0.005, 500, "t")) is None
    assert liquidation_distance(Side.SHORT, 100, 300, 1_000, flat(0.005, 500, "t")) is None
    assert liquidation_distance(Side.LONG, 100, 1, 1_000, flat(0.005, 500, "t")) is None
    long = liquidation_distance(Side.LONG, 100, 10, 1_000, flat(0.005, 500, "t"))
    assert long == pytest.approx(-np.log(0.9 / 0.995))


def test_the_primary_venues_brackets_come_first_whatever_its_name() -> None:
    """Candles name the primary venue; without its table the first by name speaks, without any a flat rate."""
    tables = {
        name: LeverageBrackets(
            as_of="2026-01-01", notional_floor=np.zeros(1), notional_cap=np.array([np.inf]),
            maintenance_margin_rate=np.array([rate]), maintenance_amount=np.array([7.0]), max_leverage=np.array([33.0]),
        )
        for name, rate in (("okx", 0.03), ("bybit", 0.02), ("kraken", 0.01))
    }  # fmt: skip
    market = replace(market_of(2), brackets=tables)
    assert not isinstance(market.candles, Missing)
    (bars,) = market.candles.values()
    for primary, rate, venue in (("okx", 0.03, "okx"), ("gate", 0.02, "bybit")):
        found = brackets_of(replace(market, candles={primary: bars, "bybit": bars}), DEFAULTS)
        assert (found.rate.tolist(), found.amount.tolist(), found.max_leverage.tolist()) == ([rate], [7.0], [33.0])
        assert found.source == f"{venue}, table of 2026-01-01"
    assert brackets_of(replace(market, brackets=Missing("none")), DEFAULTS).source == "assumed, no table known"
    assert brackets_of(replace(market, brackets={}), DEFAULTS).rate.tolist() == [DEFAULTS.fallback_margin_rate]
