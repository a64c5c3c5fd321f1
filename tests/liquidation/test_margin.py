"""Margin arithmetic against published examples and its own relations."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.liquidation.margin import (
    Brackets,
    flat,
    inverse_liquidation_price,
    liquidation_distance,
    liquidation_price,
)
from reportgen.units import Side

TIERS = Brackets(
    floor=np.array([0.0, 50_000.0, 600_000.0, 3_000_000.0]),
    rate=np.array([0.004, 0.005, 0.0065, 0.01]),
    amount=np.array([0.0, 50.0, 950.0, 11_450.0]),
    max_leverage=np.array([125.0, 100.0, 75.0, 50.0]),
    source="example",
)
REAL_POSITIONS = Path(__file__).parents[3] / "shared" / "fixtures" / "hyperliquid_liquidation_vectors.json"


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


def test_inverse_positions() -> None:
    """Coin-margined positions liquidate nearer below and farther above than linear ones, and a 1x short never."""
    long = inverse_liquidation_price(Side.LONG, 100, 10, 0.005)
    short = inverse_liquidation_price(Side.SHORT, 100, 10, 0.005)
    assert long is not None
    assert short is not None
    assert 90 < long < 100
    assert short > 110
    assert inverse_liquidation_price(Side.SHORT, 100, 1, 0.005) is None


@pytest.mark.skipif(not REAL_POSITIONS.exists(), reason="the real positions are not part of the repository")
def test_real_positions() -> None:
    """Sixteen real positions' liquidation prices come out within 5e-5."""
    for position in json.loads(REAL_POSITIONS.read_text()):
        rate = 1 / (2 * position["maxLeverage"])
        side = Side.LONG if position["side"] > 0 else Side.SHORT
        price = liquidation_price(
            side, position["entryPx"], position["size"], position["isolatedMargin"], flat(rate, 100, "venue")
        )
        assert price == pytest.approx(position["liquidationPx"], rel=5e-5)
