"""The reader's own position, by hand: price 92 500, a usual day of 2 500, zone A from 95 500 and zone B from 89 500."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.guide.plan.own_position import HeldPosition, read_position
from reportgen.market.data import LeverageBrackets
from reportgen.units import Maybe, Missing, Side
from tests.guide import readings
from tests.market.bars import GONE, bars, market

HELD = HeldPosition(
    symbol="BTC/USDT:USDT", side=Side.LONG, entry=95_000.0, size=1.0, leverage=10.0, liquidation=None, venue="",
    taker_fee=0.0005, share=False,
)  # fmt: skip
TABLE = LeverageBrackets(
    as_of="2026-01-01",
    notional_floor=np.array([0.0, 90_000.0]),
    notional_cap=np.array([90_000.0, 1e9]),
    max_leverage=np.array([100.0, 50.0]),
    maintenance_margin_rate=np.array([0.005, 0.01]),
    maintenance_amount=np.array([0.0, 450.0]),
)


def read(table: Maybe[dict[str, LeverageBrackets]] = GONE, **changes: Any) -> Any:
    """Read a position that differs from the one above."""
    venue = replace(market(), brackets=table)
    return read_position(replace(HELD, **changes), venue, readings.context())


def test_a_long_is_liquidated_below_its_entry() -> None:
    """(95 000 - 9 500) / (1 - .005), 2.63 usual days away, behind zone B."""
    found = read()
    assert found.liquidation == pytest.approx(85_929.6482)
    assert (found.toward, found.zone, found.basis) == ("below", "B", "assumed, no table known")
    assert found.distance == pytest.approx(1 - 85_929.6482 / 92_500)
    assert found.usual_days == pytest.approx((92_500 - 85_929.6482) / 2_500)
    assert found.reach == pytest.approx(math.exp(-DEFAULTS.touch_rate * 2.6281407))


def test_a_short_is_liquidated_above() -> None:
    """(92 000 + 1 840) / (1 + .005) at 50x, inside a usual day: zone A stands behind it."""
    found = read(side=Side.SHORT, entry=92_000.0, leverage=50.0)
    assert found.liquidation == pytest.approx(93_840 / 1.005)
    assert (found.toward, found.zone) == ("above", None)
    assert found.distance == pytest.approx(93_840 / 1.005 / 92_500 - 1)


@pytest.mark.parametrize(("at", "zone"), [(89_500.0, None), (89_499.0, "B")])
def test_a_zone_lies_before_it_when_price_meets_it_first(at: float, zone: str | None) -> None:
    """Zone B begins at 89 500: a liquidation there comes with it, one below comes after it."""
    assert read(leverage=None, liquidation=at).zone == zone


def test_the_nearest_of_several_zones_is_named() -> None:
    """Of two zones on the way the first that price meets."""
    zones = (readings.zone("C", "below", 2.0), readings.zone("A", "above", 1.2), readings.zone("B", "below", 1.2))
    venue = replace(market(), brackets=GONE)
    found = read_position(HELD, venue, readings.context(zones=zones))
    assert found.zone == "B"


def test_the_venues_own_table_counts_and_two_venues_add_their_fee() -> None:
    """At 10x the second bracket of 90 000 does not hold 85 930; Gate adds .05 % to the .5 %, Bybit nothing."""
    tables = {"gate": TABLE, "bybit": TABLE}
    assert read(tables, venue="bybit").liquidation == pytest.approx(85_500 / 0.995)
    assert read(tables, venue="gate").liquidation == pytest.approx(85_500 / 0.9945)
    assert read(tables, venue="gate").basis == "gate, table of 2026-01-01"
    larger = read(tables, venue="bybit", entry=100_000.0)
    assert larger.liquidation == pytest.approx((100_000 - 10_000 - 450) / 0.99)  # 90 455 stands in the second


def test_the_primary_venues_rule_counts_where_none_is_named() -> None:
    """A brief whose path is Gate's adds Gate's fee; more leverage than the bracket allows is no position."""
    gate = replace(market(candles={"gate": bars()}), brackets={"gate": TABLE})
    found = read_position(HELD, gate, readings.context())
    assert found.liquidation == pytest.approx(85_500 / 0.9945)
    most = read_position(replace(HELD, leverage=51.0), gate, readings.context())
    assert most.liquidation == Missing(
        "A position of this size may have at most 50x. Correct it, or state liquidation_price."
    )
    assert not isinstance(read_position(replace(HELD, leverage=50.0), gate, readings.context()).liquidation, Missing)


def test_what_is_not_known_is_said() -> None:
    """A venue without a table, a position that nothing liquidates, and one that price has passed."""
    unknown = read({"bybit": TABLE}, venue="okx")
    assert unknown.liquidation == Missing("No margin brackets of okx are known. State liquidation_price instead.")
    assert (unknown.reach, unknown.usual_days, unknown.zone, unknown.distance) == (None, None, None, 0.0)
    neither = read(leverage=None)
    assert neither.liquidation == Missing("Neither leverage nor liquidation price is known.")
    assert neither.basis == "the venue’s own figure"
    safe = read(leverage=1.0)
    assert safe.liquidation == Missing("No price above zero liquidates it.")
    passed = read(leverage=None, liquidation=92_501.0)
    assert passed.distance == pytest.approx(-1 / 92_500)
    assert passed.zone is None
