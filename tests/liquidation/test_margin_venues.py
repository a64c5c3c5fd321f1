"""The venues' own rules against their published examples, and against each other where they must agree."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.liquidation.margin import Brackets, flat, inverse_liquidation_price, liquidation_price
from reportgen.units import Side
from tests.liquidation.margin_venues import (
    bybit_liquidation_price,
    coin_margined_liquidation_price,
    hyperliquid_liquidation_price,
)

REAL_POSITIONS = Path(__file__).parents[3] / "shared" / "fixtures" / "hyperliquid_liquidation_vectors.json"
SIDES = st.sampled_from(list(Side))


def test_bybit_examples() -> None:
    """The help centre's long and the two ten-times positions come out to the last digit."""
    assert bybit_liquidation_price(Side.LONG, 20_000, 1, 50, flat(0.005, 100, "example")) == pytest.approx(19_700)
    tier = flat(0.01, 100, "example")
    assert bybit_liquidation_price(Side.LONG, 10, 1, 10, tier) == pytest.approx(9.1, rel=1e-12)
    assert bybit_liquidation_price(Side.SHORT, 10, 1, 10, tier) == pytest.approx(10.9, rel=1e-12)


def test_margin_added_by_hand_moves_bybits_price_away_by_its_share_of_the_size() -> None:
    """A dollar a coin more margin is a dollar more distance."""
    tier = Brackets(
        floor=np.array([0.0, 50.0]),
        rate=np.array([0.01, 0.02]),
        amount=np.array([0.0, 0.5]),
        max_leverage=np.array([50.0, 25.0]),
        source="example",
    )
    bare = bybit_liquidation_price(Side.LONG, 100, 2, 10, tier)
    assert bare is not None
    assert bybit_liquidation_price(Side.LONG, 100, 2, 10, tier, extra=6) == pytest.approx(bare - 3)


@pytest.mark.skipif(not REAL_POSITIONS.exists(), reason="the real positions are not part of the repository")
def test_hyperliquids_own_form_on_real_positions() -> None:
    """Sixteen real positions' liquidation prices come out within 5e-5 of what the venue published."""
    for position in json.loads(REAL_POSITIONS.read_text()):
        side = Side.LONG if position["side"] > 0 else Side.SHORT
        entry, size = position["entryPx"], position["size"]
        available = position["isolatedMargin"] - size * entry / (2 * position["maxLeverage"])
        price = hyperliquid_liquidation_price(side, entry, size, available, position["maxLeverage"])
        assert price == pytest.approx(position["liquidationPx"], rel=5e-5)


@given(side=SIDES, entry=st.floats(0.01, 1e5), leverage=st.floats(1.5, 45), most=st.floats(50, 100))
def test_hyperliquid_agrees_with_the_common_rule(side: Side, entry: float, leverage: float, most: float) -> None:
    """Seen from the entry an isolated position liquidates where the common rule says."""
    rate = 1 / (2 * most)
    margin = entry / leverage
    common = liquidation_price(side, entry, 1, margin, flat(rate, most, "example"))
    assert hyperliquid_liquidation_price(side, entry, 1, margin - entry * rate, most) == pytest.approx(common, rel=1e-9)


@given(side=SIDES, entry=st.floats(0.01, 1e5), leverage=st.floats(1.5, 100), rate=st.floats(0.001, 0.01))
def test_coin_margined_agrees_with_the_closed_form(side: Side, entry: float, leverage: float, rate: float) -> None:
    """With the margin that a leverage needs and no deduction, the wallet's form is the closed one, for any face."""
    closed = inverse_liquidation_price(side, entry, leverage, rate)
    for face in (100.0, 12_345.0):
        margin = face / entry / leverage
        assert coin_margined_liquidation_price(side, entry, face, margin, rate) == pytest.approx(closed, rel=1e-9)


@given(side=SIDES, leverage=st.floats(2, 50), fee=st.floats(0.0001, 0.001))
def test_a_fee_in_the_rate_brings_liquidation_nearer(side: Side, leverage: float, fee: float) -> None:
    """OKX and Gate liquidate a coin-margined position sooner than a venue without the fee, at the same margin."""
    plain = coin_margined_liquidation_price(side, 100, 1000, 10 / leverage, 0.005)
    dearer = coin_margined_liquidation_price(side, 100, 1000, 10 / leverage, 0.005 + fee)
    assert plain is not None
    assert dearer is not None
    assert abs(dearer - 100) < abs(plain - 100)


def test_what_nothing_liquidates_has_no_price() -> None:
    """A short of one coin margined with that coin, and longs that are paid in full, have no liquidation price."""
    assert coin_margined_liquidation_price(Side.SHORT, 100, 100, 1, 0.005) is None
    assert coin_margined_liquidation_price(Side.SHORT, 100, 100, 1.5, 0.005) is None
    assert bybit_liquidation_price(Side.LONG, 100, 1, 1, flat(0.01, 100, "example"), extra=5) is None
    assert hyperliquid_liquidation_price(Side.LONG, 100, 1, 120, 50) is None
