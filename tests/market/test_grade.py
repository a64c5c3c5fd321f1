"""A map is graded by depth, concentration, gaps, history and age, and says what lowered it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.config.assumptions import DEFAULTS
from reportgen.market.data import Depth, MarketData
from reportgen.market.quality import MapQuality, assess_coverage, depth_near, gap_risk, grade_map, market_depth
from reportgen.units import DAY_MS, HOUR_MS, Missing
from tests.market.bars import END_MS, GONE, bars, book, levels, market, thinned

GRADES = ("None", "Low", "Medium", "High")
SHARED = {"binance": levels(5.0), "bybit": levels(4.0)}
DEEP, THIN, VERY_THIN = 1e6, 1e3, 10.0


def graded(data: MarketData) -> MapQuality:
    """Grade a market with the coverage that it has."""
    coverage = assess_coverage(data, inputs_known=7, inputs_total=7, assumptions=DEFAULTS)
    return grade_map(data, coverage, DEFAULTS)


def good(size_base: float = DEEP) -> MarketData:
    """Make a market with everything: a fresh book, open interest on two venues, sixty days of bars."""
    return market(open_interest=SHARED, order_book={"binance": book(size_base)})


def test_full_data_and_a_deep_book_make_a_high_grade() -> None:
    """Nothing lowers it, and the reasons say what was found."""
    quality = graded(good())
    assert quality.grade == "High"
    assert any("rests within" in reason for reason in quality.reasons)


def test_a_thin_market_on_one_venue_is_low() -> None:
    """The guide's altcoin: bright bands, a thin book, one exchange."""
    thin = market(open_interest={"binance": levels(5.0)}, order_book={"binance": book(VERY_THIN)})
    quality = graded(thin)
    assert quality.grade == "Low"
    assert quality.reasons[0].startswith("the order book is very thin")
    assert "100" in quality.reasons[1]


def test_depth_lowers_the_grade_step_by_step() -> None:
    """The thinner the book the lower the grade, and the reason leads."""
    grades = [graded(good(size)).grade for size in (DEEP, THIN, VERY_THIN)]
    assert grades == sorted(grades, key=GRADES.index, reverse=True)
    assert len(set(grades)) > 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"order_book": GONE}, "depth of the order book is unknown"),
        ({"order_book": {"binance": book(1e3, reach=0.0005)}}, "known only within 0.05"),
        ({"order_book": {"binance": book(DEEP, time_ms=END_MS - 2 * DAY_MS)}}, "depth of the order book is unknown"),
        ({"open_interest": GONE}, "shares of open interest are unknown"),
        ({"open_interest": {"binance": levels(1.0)}}, "one venue holds 100"),
        ({"candles": {"binance": bars(24 * 20)}}, "history spans only 20"),
        ({"as_of_ms": END_MS + 4 * HOUR_MS}, "4 bars before as-of"),
    ],
)
def test_one_fault_lowers_the_grade_and_leads_the_reasons(change: dict[str, object], reason: str) -> None:
    """What is unknown weakens a map as what is bad does."""
    quality = graded(dataclasses.replace(good(), **change))  # type: ignore[arg-type]
    assert quality.grade == "Medium"
    assert reason in quality.reasons[0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"candles": {"binance": bars(24 * 5)}}, "history spans only 5"),
        (
            {"as_of_ms": END_MS + 3 * DAY_MS, "order_book": {"binance": book(DEEP, time_ms=END_MS + 3 * DAY_MS)}},
            "3.0 days before",
        ),
    ],
)
def test_too_short_a_history_and_stale_bars_are_low_by_themselves(change: dict[str, object], reason: str) -> None:
    """However good the rest."""
    quality = graded(dataclasses.replace(good(), **change))  # type: ignore[arg-type]
    assert quality.grade == "Low"
    assert reason in quality.reasons[0]


def test_volume_stands_in_for_an_unknown_book() -> None:
    """A market that hardly trades is thin even when nobody saw its book."""
    quiet = dataclasses.replace(good(), candles={"binance": bars(volume=10.0)}, order_book=GONE)
    assert any("market is thin" in reason for reason in graded(quiet).reasons)
    assert not any(
        "market is thin" in reason for reason in graded(dataclasses.replace(good(), order_book=GONE)).reasons
    )
    seen = dataclasses.replace(good(), candles={"binance": bars(volume=10.0)})
    assert graded(seen).grade == "High"


def test_without_candles_there_is_no_map_to_grade() -> None:
    """The grade is None, and the reason is that of the candles."""
    quality = graded(market(candles=GONE, order_book={"binance": book(DEEP)}))
    assert quality.grade == "None"
    assert quality.reasons == (GONE.reason,)
    assert isinstance(quality.depth, Depth)


def test_losing_an_input_never_raises_the_grade() -> None:
    """A Missing in the place of any table cannot make a map better."""
    for size in (DEEP, THIN):
        whole = graded(good(size))
        for table in ("open_interest", "candles"):
            less = graded(dataclasses.replace(good(size), **{table: GONE}))  # type: ignore[arg-type]
            assert GRADES.index(less.grade) <= GRADES.index(whole.grade)


@given(within=st.floats(min_value=0.001, max_value=0.03), wider=st.floats(min_value=1.0, max_value=3.0))
def test_depth_grows_with_distance_and_size(within: float, wider: float) -> None:
    """Farther from the mid there is never less, and twice the size is twice the depth."""
    near, far = depth_near(book(1.0), within, venue="a"), depth_near(book(1.0), within * wider, venue="a")
    double = depth_near(book(2.0), within, venue="a")
    assert isinstance(near, Depth)
    assert isinstance(far, Depth)
    assert isinstance(double, Depth)
    assert near.bid_quote <= far.bid_quote
    assert near.ask_quote <= far.ask_quote
    assert double.bid_quote == pytest.approx(2 * near.bid_quote)


def test_a_book_that_ends_sooner_says_how_far_it_reaches() -> None:
    """Beyond its last level nothing is known, which is not the same as nothing there."""
    depth = depth_near(book(1.0, reach=0.0005), 0.01, venue="a")
    assert isinstance(depth, Depth)
    assert depth.within == pytest.approx(0.0005)
    assert depth.ask_quote == pytest.approx(40 * 100, rel=0.01)


def test_a_book_with_one_side_has_no_depth() -> None:
    """Without a mid price there is no distance from it."""
    one_side = dataclasses.replace(book(1.0), bid_price=np.empty(0), bid_size_base=np.empty(0))
    assert depth_near(one_side, 0.01, venue="okx") == Missing("The last order-book snapshot on okx holds no bids.")


def test_the_deepest_recent_book_counts() -> None:
    """A deeper book of the day before yesterday does not."""
    books = {"a": book(1.0), "b": book(2.0), "old": book(9.0, time_ms=END_MS - 2 * DAY_MS)}
    depth = market_depth(market(order_book=books), DEFAULTS)
    assert isinstance(depth, Depth)
    assert depth.venue == "b"
    stale = market_depth(market(order_book={"old": books["old"]}), DEFAULTS)
    assert isinstance(stale, Missing)
    assert "2.0 days old" in stale.reason


def test_jumps_and_absent_bars_are_gaps() -> None:
    """A calm path has none; each bar that leaps or is lost adds to the share."""
    calm = bars(24 * 30)
    assert gap_risk(calm, DEFAULTS) == 0
    leap = calm.high.copy()
    leap[[400, 500]] += 20
    keep = np.ones(24 * 30, dtype=np.bool_)
    keep[600:606] = False
    jumped, lost = dataclasses.replace(calm, high=leap), thinned(calm, keep)
    assert gap_risk(jumped, DEFAULTS) == pytest.approx(2 / (24 * 29))
    assert gap_risk(lost, DEFAULTS) == pytest.approx(6 / (24 * 29))


def test_gap_risk_scales_with_neither_price_nor_age() -> None:
    """A coin of a tenth of a cent jumps like one of a hundred dollars."""
    candles = bars(24 * 30)
    spiked = candles.high + np.where(np.arange(24 * 30) % 97 == 0, 30.0, 0.0)
    spiky = dataclasses.replace(candles, high=spiked)
    small = dataclasses.replace(
        spiky, open=spiky.open / 1e5, high=spiky.high / 1e5, low=spiky.low / 1e5, close=spiky.close / 1e5
    )
    assert gap_risk(small, DEFAULTS) == gap_risk(spiky, DEFAULTS) != 0


def test_gap_risk_needs_a_usual_range() -> None:
    """A day of bars says nothing about what is unusual."""
    assert isinstance(gap_risk(bars(24), DEFAULTS), Missing)
