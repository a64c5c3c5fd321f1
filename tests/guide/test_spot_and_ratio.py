"""Spot volume beside the contract's, and the long/short ratio: read where they are, said where they are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.config.assumptions import DEFAULTS
from reportgen.guide.checklist import read_volume
from reportgen.guide.positioning import LongShortReading
from reportgen.guide.positioning.reading import read_long_short, read_positioning
from reportgen.guide.reactions.evidence import gather_evidence
from reportgen.guide.structure import SpotVolume
from reportgen.guide.structure.volume import confirms, read_spot_volume
from reportgen.market.data import Candles, LongShortRatio, MarketData
from reportgen.units import DAY_MS, HOUR_MS, Missing
from tests.guide import readings
from tests.guide.structure.candle_paths import MIDDLE, START_MS, noisy_range

HOURS = 24 * 40
AS_OF = START_MS + HOURS * HOUR_MS
ABSENT = Missing("The table is absent.")
PATH = noisy_range(HOURS, width=0.002)
MARKET = MarketData(
    symbol="BTC/USDT:USDT", as_of_ms=AS_OF, candles={"binance": PATH}, open_interest=ABSENT, funding=ABSENT,
    order_book=ABSENT, liquidations=ABSENT, brackets=ABSENT, simulated=False,
)  # fmt: skip
FOUR_HOURS = 4 * HOUR_MS


def spot(last_day: float = 1.0) -> Candles:
    """Trade evenly, the last day so many times as much."""
    volume = np.ones(HOURS)
    volume[-24:] *= last_day
    return replace(PATH, volume_base=volume, taker_buy_base=ABSENT)


def read(candles: dict[str, Candles]) -> SpotVolume:
    """Insist on a reading."""
    found = read_spot_volume(replace(MARKET, spot_candles=candles), FOUR_HOURS, DEFAULTS)
    assert isinstance(found, SpotVolume), found
    return found


@given(st.floats(0.05, 20))
def test_the_ratio_is_the_last_day_over_the_median(times: float) -> None:
    """Spot volume is measured as the contract's is: the recent mean over the median of such means."""
    found = read({"binance": spot(times)})
    assert found.ratio == pytest.approx(times)
    expected = "expanding" if times >= DEFAULTS.volume_expanding else "steady"
    assert found.volume == ("contracting" if times <= DEFAULTS.volume_contracting else expected)


def test_the_primary_venue_speaks_first_then_the_leading_spot_venue() -> None:
    """Spot of the venue that the map is drawn from, else the first that is there."""
    assert read({"coinbase": spot(3), "binance": spot(1)}).venue == "binance"
    assert read({"coinbase": spot(3), "kraken": spot(1)}).venue == "coinbase"


def test_later_and_old_spot_bars_say_nothing() -> None:
    """Bars after as-of have no influence, and bars that ended days before are not today's volume."""
    later = replace(MARKET, as_of_ms=AS_OF - 2 * DAY_MS, spot_candles={"binance": spot(9)})
    found = read_spot_volume(later, FOUR_HOURS, DEFAULTS)
    assert isinstance(found, SpotVolume)
    assert found.ratio == pytest.approx(1)
    old = replace(MARKET, spot_candles={"binance": spot().first(HOURS - 72)})
    assert isinstance(read_spot_volume(old, FOUR_HOURS, DEFAULTS), Missing)
    assert read_spot_volume(MARKET, FOUR_HOURS, DEFAULTS) == MARKET.spot_candles


@pytest.mark.parametrize(
    ("own", "spot_state", "confirmed"),
    [("expanding", "expanding", True), ("expanding", "steady", False), ("steady", "expanding", None)],
)
def test_spot_confirms_an_expanding_contract_or_calls_the_move_thin(
    own: str, spot_state: str, confirmed: object
) -> None:
    """The strip says both volumes; a move that spot does not join is an argument for rejection."""
    volume = SpotVolume(volume=spot_state, ratio=1.1, venue="binance")  # type: ignore[arg-type]
    structure = readings.structure(volume=own, volume_ratio=2.1, spot_volume=volume)
    context = readings.context(structure=structure, zones=(readings.zone("A", "above", 1.0),))
    assert confirms(structure) is confirmed
    assert "spot 1.1×" in read_volume(context).reading
    thin = [one for one in gather_evidence(context.zones[0], context) if one.feature == "spot volume"]
    assert [one.outcome for one in thin] == (["reject"] if confirmed is False else [])


def test_without_spot_the_strip_says_so_and_nothing_is_argued() -> None:
    """Missing spot volume is n/a in the strip, and no evidence."""
    structure = readings.structure(volume="expanding", volume_ratio=2.1)
    context = readings.context(structure=structure, zones=(readings.zone("A", "above", 1.0),))
    assert read_volume(context).reading.endswith("expanding; spot n/a")
    assert all("spot" not in one.text for one in gather_evidence(context.zones[0], context))


def ratio(last: float, *, kind: str = "accounts", hours_old: int = 0) -> LongShortRatio:
    """Hold hourly ratios, the last of them so old."""
    times = AS_OF - HOUR_MS * (hours_old + np.arange(5, dtype=np.int64)[::-1])
    return LongShortRatio(kind=kind, time_ms=times, ratio=np.array([1.0, 1.0, 1.0, 1.0, last]))


def test_the_ratio_names_number_venue_and_kind() -> None:
    """One line: the last ratio of the primary venue, and what it counts."""
    market = replace(MARKET, long_short_ratio={"bybit": ratio(0.8), "binance": ratio(1.7, kind="top_positions")})
    found = read_positioning(market, ABSENT, price=MIDDLE, assumptions=DEFAULTS).long_short
    assert found == LongShortReading(ratio=1.7, kind="positions of top accounts", venue="binance", time_ms=AS_OF)


def test_the_ratio_is_missing_when_absent_old_or_later() -> None:
    """No table, a table that ended long ago, and one that begins after as-of tell nothing."""
    assert read_long_short(MARKET, DEFAULTS) == MARKET.long_short_ratio
    old = replace(MARKET, long_short_ratio={"binance": ratio(1.7, hours_old=100)})
    assert isinstance(read_long_short(old, DEFAULTS), Missing)
    ahead = replace(MARKET, long_short_ratio={"binance": ratio(1.7, hours_old=-10)})
    assert isinstance(read_long_short(ahead, DEFAULTS), Missing)


@given(st.floats(0.01, 100))
def test_the_ratio_crowds_nobody(value: float) -> None:
    """Accounts are not money: whatever the ratio, who looks crowded stays the same."""
    market = replace(MARKET, long_short_ratio={"binance": ratio(value)})
    with_it = read_positioning(market, ABSENT, price=MIDDLE, assumptions=DEFAULTS)
    without = read_positioning(MARKET, ABSENT, price=MIDDLE, assumptions=DEFAULTS)
    assert (with_it.crowded_side, with_it.crowded_because) == (without.crowded_side, without.crowded_because)
