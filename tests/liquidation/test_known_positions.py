"""Exact levels: what the venue published, as a layer of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation.known_positions import ExactLayer, exact_layer, short_address
from reportgen.market.data import MarketData, OpenInterest, Positions
from reportgen.units import HOUR_MS, Missing, Side

AS_OF = 1_795_461_420_000
ABSENT = Missing("The table is absent.")
MARKET = MarketData(
    symbol="BTC/USDT:USDT", as_of_ms=AS_OF, candles=ABSENT, open_interest=ABSENT, funding=ABSENT, order_book=ABSENT,
    liquidations=ABSENT, brackets=ABSENT, simulated=False,
)  # fmt: skip
ROWS = st.lists(
    st.tuples(st.booleans(), st.floats(0.001, 1e4), st.floats(50, 200) | st.just(float("nan"))), min_size=1, max_size=40
)


def positions(rows: list[tuple[bool, float, float]], *, hours_old: float = 0) -> Positions:
    """Hold positions (long, size, liquidation price)."""
    is_long, size, price = zip(*rows, strict=True)
    return Positions(
        address=tuple(f"0x{at:040x}" for at in range(len(rows))),
        is_long=np.array(is_long, dtype=np.bool_),
        size_base=np.array(size),
        entry_price=np.full(len(rows), 100.0),
        liquidation_price=np.array(price, dtype=np.float64),
        time_ms=AS_OF - round(hours_old * HOUR_MS),
    )


def interest(coins: float) -> OpenInterest:
    """Hold open interest of one snapshot."""
    return OpenInterest(time_ms=np.array([AS_OF]), open_interest_base=np.array([coins]), open_interest_quote=ABSENT)


def layer(market: MarketData) -> ExactLayer:
    """Insist on a layer around 100."""
    found = exact_layer(market, 100.0, DEFAULTS)
    assert isinstance(found, ExactLayer), found
    return found


@given(ROWS)
def test_every_position_is_a_level_or_counted(rows: list[tuple[bool, float, float]]) -> None:
    """Longs liquidate below the price and shorts above; the rest is counted as unreachable or passed."""
    found = layer(replace(MARKET, positions={"hyperliquid": positions(rows)}))
    assert found.positions == len(rows) == len(found.levels) + found.unreachable + found.passed
    assert all((level.price < 100) == (level.side is Side.LONG) for level in found.levels)
    assert found.unreachable == sum(price != price for _, _, price in rows)  # noqa: PLR0124 - NaN
    assert list(found.levels) == sorted(found.levels, key=lambda level: level.distance_fraction)


@given(ROWS, st.floats(1e4, 1e6))
def test_shares_add_up_to_the_sides_total(rows: list[tuple[bool, float, float]], coins: float) -> None:
    """Each level's share is its size over the venue's own open interest, and the sides' shares are their sums."""
    market = replace(
        MARKET,
        positions={"hyperliquid": positions(rows)},
        open_interest={"binance": interest(1.0), "hyperliquid": interest(coins)},
    )
    found = layer(market)
    assert found.share_of == "hyperliquid"
    for side, total in ((Side.LONG, found.long_share), (Side.SHORT, found.short_share)):
        sizes = [level.size_base for level in found.levels if level.side is side]
        assert total == pytest.approx(sum(sizes) / coins)


def test_without_the_venues_own_open_interest_the_leading_one_is_named() -> None:
    """A share of another venue's open interest says whose; without any it is missing, the levels are not."""
    held = replace(MARKET, positions={"hyperliquid": positions([(True, 5, 90)])})
    other = layer(replace(held, open_interest={"binance": interest(50)}))
    assert other.share_of == "binance"
    assert other.long_share == pytest.approx(0.1)
    bare = layer(held)
    assert bare.long_share == bare.levels[0].share == ABSENT
    assert bare.levels[0].price == 90


def test_nobody_asked_is_not_the_same_as_not_known() -> None:
    """Without addresses there is no layer; a failure is its sentence; old positions are no levels."""
    assert exact_layer(MARKET, 100.0, DEFAULTS) is None
    refused = Missing("Hyperliquid refused this location (HTTP 403).")
    assert exact_layer(replace(MARKET, positions=refused), 100.0, DEFAULTS) == refused
    old = replace(MARKET, positions={"hyperliquid": positions([(True, 5, 90)], hours_old=30)})
    assert exact_layer(old, 100.0, DEFAULTS) == Missing("The known positions in BTC were taken 30 hours before as-of.")


def test_positions_of_the_future_are_not_known() -> None:
    """What was asked after as-of has no influence."""
    ahead = replace(MARKET, positions={"hyperliquid": positions([(True, 5, 90)], hours_old=-1)})
    assert isinstance(exact_layer(ahead, 100.0, DEFAULTS), Missing)


def test_addresses_are_shortened_as_wallets_do() -> None:
    """The page shows the ends of an address; a short name stays."""
    assert short_address("0x" + "1234567890" * 4) == "0x1234…7890"
    assert short_address("whale") == "whale"


def test_levels_of_two_venues_are_the_positions_by_hand() -> None:
    """Nearest first over both venues; shares of the fuller one's open interest; passed and unreachable are counted."""
    hyperliquid = positions([(True, 2.0, 80.0), (False, 3.0, 104.0), (True, 1.0, 101.0), (True, 5.0, np.nan)])
    drift = positions([(False, 4.0, 140.0), (True, 6.0, 99.0)], hours_old=0.5)
    other = interest(1_000.0)
    market = replace(
        MARKET, positions={"drift": drift, "hyperliquid": hyperliquid},
        open_interest={"drift": other, "hyperliquid": interest(50.0)},
    )  # fmt: skip
    found = layer(market)
    assert [(x.price, x.side, x.size_base, x.venue) for x in found.levels] == [
        (99.0, Side.LONG, 6.0, "drift"), (104.0, Side.SHORT, 3.0, "hyperliquid"), (80.0, Side.LONG, 2.0, "hyperliquid"),
        (140.0, Side.SHORT, 4.0, "drift"),
    ]  # fmt: skip
    assert [x.notional for x in found.levels] == [594.0, 312.0, 160.0, 560.0]
    assert [x.share for x in found.levels] == [6 / 50, 3 / 50, 2 / 50, 4 / 50]
    assert [x.distance_fraction for x in found.levels] == pytest.approx([0.01, 0.04, 0.2, 0.4])
    assert (found.long_share, found.short_share, found.share_of) == (8 / 50, 7 / 50, "hyperliquid")
    assert (found.positions, found.unreachable, found.passed) == (6, 1, 1)
    assert found.time_ms == AS_OF - HOUR_MS // 2
    assert [x.address for x in found.levels][:2] == [short_address(drift.address[1]), short_address(drift.address[1])]


@pytest.mark.parametrize(
    ("hours", "known"), [(DEFAULTS.exact_oldest_hours, True), (DEFAULTS.exact_oldest_hours + 0.1, False)]
)
def test_old_positions_say_nothing(hours: float, known: bool) -> None:  # noqa: FBT001
    """As old as the rule allows they count; older ones are named with their age, the newest of them."""
    older = positions([(True, 2.0, 80.0)], hours_old=hours + 30)
    found = exact_layer(
        replace(MARKET, positions={"drift": older, "hyperliquid": positions([(True, 2.0, 80.0)], hours_old=hours)}),
        100.0, DEFAULTS,
    )  # fmt: skip
    assert isinstance(found, ExactLayer) is known
    if isinstance(found, Missing):
        assert found.reason == f"The known positions in BTC were taken {round(hours)} hours before as-of."


def test_addresses_of_sixteen_signs_and_more_are_cut() -> None:
    """The first ones, an ellipsis and the last four; what would not become shorter stays."""
    long = "0x0123456789abcdef"
    cut = short_address(long)
    assert cut.endswith("…cdef")
    assert long.startswith(cut[:-5])
    assert short_address(long[: len(cut)]) == long[: len(cut)]
    assert short_address(long[: len(cut) + 1]) != long[: len(cut) + 1]
