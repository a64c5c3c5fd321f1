"""A venue's questions are tables: what only the moment knows is filled in, whatever it is nested in."""

from __future__ import annotations

from reportgen.market.exchanges.questions import Slot, filled, spot
from reportgen.market.exchanges.venue import Contract, Listing
from reportgen.market.exchanges.venues import VENUES

SINCE, UNTIL = 7_200_000, 10_800_000
CONTRACT = Contract(
    symbol="PEPE/USDT:USDT",
    venue=VENUES["okx"],
    listing=Listing(market_id="1000PEPE-USDT-SWAP", base="1000PEPE", quote="USDT", funding_hours=8.0),
    scale=1000.0,
)


def test_every_slot_becomes_what_the_moment_says() -> None:
    """Two to three o'clock of 1970: the end is exclusive, seconds are whole, and values without a slot stay."""
    asked = {
        "inst": Slot.MARKET,
        "bar": "1H",
        "from": Slot.SINCE,
        "before": Slot.BEFORE,
        "to": Slot.LAST,
        "until": Slot.UNTIL,
        "limit": Slot.LIMIT,
        "inside": {"begin": Slot.SINCE_SECONDS, "end": Slot.LAST_SECONDS},
    }
    assert filled(asked, CONTRACT, SINCE, UNTIL, 300) == {
        "inst": "1000PEPE-USDT-SWAP",
        "bar": "1H",
        "from": 7_200_000,
        "before": 7_199_999,
        "to": 10_799_999,
        "until": 10_800_000,
        "limit": 300,
        "inside": {"begin": 7_200, "end": 10_799},
    }
    assert asked["inst"] is Slot.MARKET


def test_a_spot_market_knows_no_multiplied_coins() -> None:
    """The pair of a thousand PEPE is that of one, with what the venue writes between."""
    assert filled({"pair": spot("-"), "plain": spot()}, CONTRACT) == {"pair": "PEPE-USDT", "plain": "PEPEUSDT"}
