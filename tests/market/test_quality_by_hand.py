"""Coverage, depth, gaps, grade and the table of venues by hand: several venues, none in order, borders both ways."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.market.data import Candles, Depth, FundingRates, MarketData, OpenInterest, OrderBook, VenueGap
from reportgen.market.quality import (
    Coverage,
    assess_coverage,
    book_coverage,
    daily_quote_volume,
    depth_near,
    gap_risk,
    grade_map,
    market_depth,
    open_interest_shares,
    read_venues,
    stale_reason,
)
from reportgen.units import DAY_MS, HOUR_MS, Floats, Missing
from tests.market.bars import END_MS, GONE, bars, book, levels, market, thinned


def interest(coins: Floats, *, hours: float = 1.0, end_ms: int = END_MS, quote: Any = GONE) -> OpenInterest:
    """Take snapshots every so many hours up to a moment."""
    times = end_ms - np.round(hours * HOUR_MS * np.arange(len(coins))[::-1]).astype(np.int64)
    return OpenInterest(time_ms=times, open_interest_base=coins, open_interest_quote=quote)


def slow_coverage(candles: Candles, held: OpenInterest) -> float:
    """Let each bar close a part of what was open before the first snapshot, bar by bar."""
    unknown = before = None
    for bar in range(len(candles)):
        known = [coins for at, coins in zip(held.time_ms, held.open_interest_base, strict=True)
                 if at <= candles.close_time_ms[bar]]  # fmt: skip
        if not known:
            continue
        if unknown is None or before is None:
            unknown = before = known[-1]
            continue
        closed = DEFAULTS.coverage_churn * candles.volume_base[bar] + max(before - known[-1], 0.0)
        unknown *= 1 - min(DEFAULTS.coverage_largest_close, closed / before)
        before = known[-1]
    assert unknown is not None
    return float(min(max(1 - unknown / before, 0.0), 1.0))


@pytest.mark.parametrize("drift", [-0.02, 0.0, 0.02])
def test_start_up_coverage_equals_a_slow_one(drift: float) -> None:
    """With open interest that falls, stays or grows, known only for the later bars; okx leads, gate is passed over."""
    rng = np.random.default_rng(3)
    candles = replace(bars(60), volume_base=rng.gamma(1.0, 3.0, 60))
    held = interest(1000 * np.exp(np.cumsum(rng.normal(drift, 0.01, 25))), hours=2.0)
    data = market(candles={"okx": candles, "bybit": bars(60)}, open_interest={"gate": levels(9.0), "okx": held})
    found = book_coverage(data, DEFAULTS)
    assert found == pytest.approx(slow_coverage(candles, held))
    assert 0.01 < float(found) < 0.99  # type: ignore[arg-type]
    own = replace(data, open_interest={"kraken": levels(5.0), "gate": held})
    assert book_coverage(own, DEFAULTS) == pytest.approx(found)


def test_start_up_coverage_has_its_ends() -> None:
    """Huge volume closes nine tenths a bar; a collapse of open interest leaves all unknown; two bars are the least."""
    flat = replace(bars(2), volume_base=np.zeros(2))
    fall = market(candles={"okx": flat}, open_interest={"okx": interest(np.array([9.0, 1.0]))})
    flood = replace(bars(3), volume_base=np.full(3, 1e12))
    data = market(candles={"okx": flood}, open_interest={"okx": levels(1.0, 3)})
    assert book_coverage(data, DEFAULTS) == pytest.approx(1 - 0.1**2)
    assert book_coverage(fall, DEFAULTS) == pytest.approx(0.0)
    one = market(candles={"okx": bars(5)}, open_interest={"okx": levels(1.0, 1)})
    assert isinstance(book_coverage(one, DEFAULTS), Missing)
    assert book_coverage(replace(one, candles=GONE), DEFAULTS) == GONE


def test_coverage_says_what_each_venue_gave() -> None:
    """Okx leads, then bybit with candles, then others by name; shares are of recent snapshots alone."""
    keep = np.ones(100, dtype=np.bool_)
    keep[[30, 31, 60]] = False
    data = replace(
        market(
            candles={"okx": thinned(bars(100), keep), "bybit": bars(50, interval_ms=4 * HOUR_MS)},
            open_interest={
                "okx": levels(6.0), "gate": levels(3.0, end_ms=END_MS - DAY_MS), "bybit": levels(3.0),
                "deribit": levels(50.0, end_ms=END_MS - DAY_MS - 1),
            },
            order_book={"kraken": book(1.0), "gate": book(2.0)},
            as_of_ms=END_MS + 3 * HOUR_MS - 1,
        ),
        spot_candles={"kraken": bars(10)},
    )  # fmt: skip
    found = assess_coverage(data, inputs_known=5, inputs_total=8, assumptions=DEFAULTS)
    assert isinstance(found, Coverage)
    assert (found.primary_venue, found.stale_bars, found.inputs_known, found.inputs_total) == ("okx", 2, 5, 8)
    assert found.history_days == pytest.approx(100 / 24)
    told = [(one.venue, one.tables, one.interval, one.bars, one.gaps) for one in found.venues]
    assert told == [
        ("okx", ("candles", "open interest"), "1h", 97, 3), ("bybit", ("candles", "open interest"), "4h", 50, 0),
        ("deribit", ("open interest",), "", 0, 0), ("gate", ("open interest", "order book"), "", 0, 0),
        ("kraken", ("order book", "spot candles"), "", 0, 0),
    ]  # fmt: skip
    old, none = (Missing(f"The market data hold no recent open interest of {name}.") for name in ("deribit", "kraken"))
    assert [one.open_interest_share for one in found.venues] == [6 / 12, 3 / 12, old, 3 / 12, none]
    assert open_interest_shares(data) == {"okx": 6 / 12, "gate": 3 / 12, "bybit": 3 / 12}


@pytest.mark.parametrize(
    ("late_ms", "horizon", "said"),
    [
        (2 * HOUR_MS, 24.0, ""), (2 * HOUR_MS + 1, 24.0, "The last bar closed 2.0 hours before as-of."),
        (HOUR_MS + HOUR_MS // 2, 1.5, ""), (HOUR_MS + HOUR_MS // 2, 1.4, "The last bar closed 1.5 hours before as-of."),
        (48 * HOUR_MS - HOUR_MS // 5, 24.0, "The last bar closed 47.8 hours before as-of."),
        (48 * HOUR_MS, 24.0, "The last bar closed 2.0 days before as-of."),
        (90 * HOUR_MS, 24.0, "The last bar closed 3.8 days before as-of."),
    ],
)  # fmt: skip
def test_stale_is_more_than_two_bars_or_the_horizon(late_ms: int, horizon: float, said: str) -> None:
    """Both borders still count as fresh; hours are said up to two days; the leading venue's bars are asked."""
    older = bars(100, end_ms=END_MS - 90 * DAY_MS)
    data = market(candles={"okx": bars(100), "bybit": older}, as_of_ms=END_MS + late_ms)
    assert stale_reason(data, horizon, DEFAULTS) == said


def test_daily_volume_is_coins_at_their_closes() -> None:
    """Of three days the last two: eight bars a day of 10 coins at 100, then of 20 at 50, are 8 x 1000 a day."""
    plain = bars(24, interval_ms=3 * HOUR_MS)
    close = np.repeat([7.0, 100.0, 50.0], 8)
    coins = np.repeat([99.0, 10.0, 20.0], 8)
    assert daily_quote_volume(replace(plain, close=close, volume_base=coins), 2.0) == pytest.approx(8 * 1000.0)
    assert daily_quote_volume(replace(plain, close=close, volume_base=coins), 1.0) == pytest.approx(8 * 1000.0)
    assert daily_quote_volume(replace(plain, close=close, volume_base=coins), 9.0) == pytest.approx(8 * 2693 / 3)


def asks_and_bids(bid: list[tuple[float, float]], ask: list[tuple[float, float]], time_ms: int = END_MS) -> OrderBook:
    """Write a book as (price, size)."""
    columns = [np.array([row[column] for row in rows]) for rows in (bid, ask) for column in (0, 1)]
    return OrderBook(
        time_ms=time_ms, bid_price=columns[0], bid_size_base=columns[1], ask_price=columns[2], ask_size_base=columns[3]
    )


def test_depth_is_price_times_size_within_reach() -> None:
    """Around 100 bids of 99.5 and 99.1 count within 1 %, 98 does not; asks that end at 100.75 cut the reach."""
    deep = asks_and_bids([(99.5, 2.0), (99.1, 3.0), (98.0, 50.0)], [(100.5, 4.0), (100.9, 5.0), (103.0, 60.0)])
    assert depth_near(deep, 0.01, venue="okx") == Depth(
        within=0.01, bid_quote=99.5 * 2 + 99.1 * 3, ask_quote=100.5 * 4 + 100.9 * 5, time_ms=END_MS, venue="okx"
    )
    short = asks_and_bids([(99.5, 2.0), (99.2, 1.0), (99.0, 3.0)], [(100.5, 4.0), (100.75, 5.0)])
    found = depth_near(short, 0.01, venue="gate")
    assert isinstance(found, Depth)
    assert found.within == pytest.approx(0.0075)
    assert found.bid_quote == 99.5 * 2
    assert found.ask_quote == 100.5 * 4 + 100.75 * 5
    for empty, side in (
        (asks_and_bids([], [(1.0, 1.0)]), "bids"), (asks_and_bids([(1.0, 1.0)], []), "asks"),
    ):  # fmt: skip
        assert depth_near(empty, 0.01, venue="okx") == Missing(f"The last order-book snapshot on okx holds no {side}.")


def test_the_deepest_recent_book_is_taken() -> None:
    """Of three, none in order: the deepest by its thinner side among those recent enough; old ones are named by age."""
    oldest = END_MS - round(DEFAULTS.depth_oldest_hours * HOUR_MS)
    lopsided = asks_and_bids([(99.5, 900.0), (98.0, 900.0)], [(100.5, 1.0), (102.0, 1.0)])
    even = asks_and_bids([(99.5, 5.0), (98.0, 5.0)], [(100.5, 5.0), (102.0, 5.0)], oldest)
    deeper_but_old = asks_and_bids([(99.5, 50.0), (98.0, 5.0)], [(100.5, 50.0), (102.0, 5.0)], oldest - 1)
    data = market(order_book={"okx": lopsided, "gate": even, "bybit": deeper_but_old})
    found = market_depth(data, DEFAULTS)
    assert isinstance(found, Depth)
    assert found.venue == "gate"
    older = replace(deeper_but_old, time_ms=END_MS - 50 * HOUR_MS)
    only_old = market(order_book={"okx": older, "gate": replace(older, time_ms=END_MS - 60 * HOUR_MS)})
    assert market_depth(only_old, DEFAULTS) == Missing("The last order-book snapshot of BTC, on okx, is 2.1 days old.")


def slow_gap_risk(candles: Candles) -> float:
    """Count bars of the last thirty days that moved over four usual ranges, and those that are absent."""
    ranges = []
    for bar in range(len(candles)):
        last = candles.close[bar - 1] if bar else candles.open[0]
        ranges.append(max(candles.high[bar], last) - min(candles.low[bar], last))
    since = candles.close_time_ms[-1] - round(DEFAULTS.gap_days * DAY_MS)
    recent = [bar for bar in range(24, len(candles)) if candles.open_time_ms[bar] >= since]
    jumps = sum(ranges[bar] > DEFAULTS.gap_ranges * sum(ranges[bar - 24 : bar]) / 24 for bar in recent)
    span = (candles.open_time_ms[recent[-1]] - candles.open_time_ms[recent[0]]) // candles.interval_ms + 1
    return float((jumps + span - len(recent)) / span)


@pytest.mark.parametrize("days", [10, 45])
def test_gap_risk_equals_a_slow_one(days: int) -> None:
    """Jumps up and down, over an open gap and in a wick, some before the span that counts, and absent bars."""
    rng = np.random.default_rng(days)
    candles = bars(24 * days)
    high, low, close = candles.high.copy(), candles.low.copy(), candles.close.copy()
    high[[40, 100]] += 9.0
    low[[60, 24 * days - 5]] -= 9.0
    close[24 * days - 40] += 30.0
    high[24 * days - 40] += 31.0
    keep = rng.random(len(candles)) > 0.04
    keep[[0, -1, 100, 24 * days - 5, 24 * days - 40]] = True
    found = gap_risk(thinned(replace(candles, high=high, low=low, close=close), keep), DEFAULTS)
    slow = slow_gap_risk(thinned(replace(candles, high=high, low=low, close=close), keep))
    assert found == pytest.approx(slow)
    assert slow > 0.04
    assert gap_risk(bars(24), DEFAULTS) == Missing("Gap risk needs more than 24 bars; there are 24.")
    assert gap_risk(bars(25), DEFAULTS) == 0.0


def depth_of(quote: float, *, within: float = 0.01) -> OrderBook:
    """Make a book whose thinner side, the asks, holds this within reach."""
    far = 0.02 if within == 0.01 else within
    return asks_and_bids(
        [(99.9, 1e9), (100 * (1 - far), 1e9)], [(100.1, quote / 100.1), (100 * (1 + far), 1e-9)]
    )  # fmt: skip


def reasons_of(data: MarketData) -> tuple[str, tuple[str, ...]]:
    """Grade a market with its coverage; thin spaces plain."""
    coverage = assess_coverage(data, inputs_known=1, inputs_total=1, assumptions=DEFAULTS)
    found = grade_map(data, coverage, DEFAULTS)
    return found.grade, tuple(reason.replace("\u202f", " ") for reason in found.reasons)


TWO = {"okx": levels(3.0), "bybit": levels(1.0)}


@pytest.mark.parametrize(
    ("change", "grade", "first"),
    [
        ({}, "High", "the history spans 60 days"),
        ({"order_book": {"okx": depth_of(10.0e6)}}, "High", "the history spans 60 days"),
        ({"order_book": {"okx": depth_of(9.99e6)}}, "Medium",
         "the order book is thin: $9.99 m rests within 1.0 % of mid on okx, thinner side"),
        ({"order_book": {"okx": depth_of(1.0e6)}}, "Medium",
         "the order book is thin: $1.00 m rests within 1.0 % of mid on okx, thinner side"),
        ({"order_book": {"okx": depth_of(0.999e6)}}, "Medium",
         "the order book is very thin: $999 k rests within 1.0 % of mid on okx, thinner side"),
        ({"order_book": {"okx": depth_of(0.5e6, within=0.004)}}, "Medium",
         "the order book is known only within 0.40 % of mid"),
        ({"open_interest": TWO | {"okx": levels(3.001)}}, "Medium", "one venue holds 75 % of the known open interest"),
        ({"open_interest": GONE}, "Medium", "the venues' shares of open interest are unknown"),
        ({"candles": {"okx": bars(24 * 30)}}, "High", "the history spans 30 days"),
        ({"candles": {"okx": bars(24 * 30 - 1)}}, "Medium", "the history spans only 30.0 days"),
        ({"candles": {"okx": bars(24 * 7)}}, "Medium", "the history spans only 7.0 days"),
        ({"candles": {"okx": bars(24 * 7 - 12)}}, "Low", "the history spans only 6.5 days"),
        ({"as_of_ms": END_MS + 3 * HOUR_MS - 1}, "High", "the history spans 60 days"),
        ({"as_of_ms": END_MS + 3 * HOUR_MS}, "Medium", "the last bar closed 3 bars before as-of"),
        ({"as_of_ms": END_MS + 24 * HOUR_MS}, "Medium", "the last bar closed 24 bars before as-of"),
        ({"as_of_ms": END_MS + 25 * HOUR_MS}, "Low", "the last bar closed 1.0 days before as-of"),
        ({"doubts": ("a venue is priced 2 % low",)}, "Medium", "a venue is priced 2 % low"),
        ({"as_of_ms": END_MS + 3 * HOUR_MS, "doubts": ("a",)}, "Medium", "the last bar closed 3 bars before as-of"),
        ({"doubts": ("a", "b")}, "Medium", "a"), ({"doubts": ("a", "b", "c")}, "Low", "a"),
    ],
)  # fmt: skip
def test_each_fault_has_its_border_its_weight_and_its_words(change: dict[str, Any], grade: str, first: str) -> None:
    """Both sides of every border; the clause that lowered the grade stands first."""
    full = market(candles={"okx": bars()}, open_interest=TWO, order_book={"okx": depth_of(20e6)})
    found, reasons = reasons_of(replace(full, **change))
    assert (found, reasons[0]) == (grade, first)


@pytest.mark.parametrize(
    ("silent", "grade", "clause"),
    [
        (("kraken",), "Medium", "1 of 4 venues gave nothing: Kraken Futures"),
        (("kraken", "gate"), "Medium", "2 of 5 venues gave nothing: Gate, Kraken Futures"),
        (("kraken", "gate", "htx"), "Medium", "3 of 6 venues gave nothing: Gate, HTX, Kraken Futures"),
    ],
)
def test_venues_that_gave_nothing_weigh_two_when_they_are_as_many(
    silent: tuple[str, ...], grade: str, clause: str
) -> None:
    """Okx, bybit and one with a book alone were heard; with one doubt more, three silent ones make the map Low."""
    gaps = tuple(VenueGap(venue=one, what=what, reason="HTTP 451")
                 for one in silent for what in ("all data", "funding"))  # fmt: skip
    full = market(
        candles={"okx": bars()}, open_interest=TWO, order_book={"okx": depth_of(20e6), "whitebit": depth_of(1.0)}
    )
    full = replace(full, gaps=(*gaps, replace(gaps[1], venue="bitget")))
    found, reasons = reasons_of(full)
    assert (found, reasons[0]) == (grade, clause)
    doubted, _ = reasons_of(replace(full, doubts=("a doubt",)))
    assert doubted == ("Low" if len(silent) == 3 else "Medium")


def test_a_thin_market_is_asked_for_its_volume_where_the_book_is_not_known() -> None:
    """Volumes of both venues add up; the border itself is not thin; with a known book nobody asks."""
    least = DEFAULTS.thin_daily_volume
    for part, thin in ((0.5, False), (0.499, True)):
        plain = bars()
        some = replace(plain, volume_base=part * least / (24 * plain.close))
        data = market(candles={"okx": some, "bybit": some}, open_interest=TWO)
        _, reasons = reasons_of(data)
        assert any(reason.startswith("the market is thin: ") for reason in reasons) is thin
    some = replace(plain, volume_base=0.1 * least / (24 * plain.close))
    _, reasons = reasons_of(market(candles={"okx": some}, open_interest=TWO, order_book={"okx": depth_of(20e6)}))
    assert not any("market is thin" in reason for reason in reasons)


def test_venues_stand_by_name_with_what_each_published() -> None:
    """Coins, dollars as published, else at the venue's own close, rates over eight hours, and what is absent."""
    hourly = FundingRates(
        time_ms=END_MS - HOUR_MS * np.array([9, 1]),
        funding_rate=np.array([0.5, 0.00002]),
        interval_hours=np.array([8.0, 1.0]),
    )
    running = FundingRates(
        time_ms=np.array([END_MS - 5]), funding_rate=np.array([-0.0003]), interval_hours=np.array([4.0])
    )
    data = replace(
        market(
            candles={"okx": bars(30), "bybit": bars(30)},
            open_interest={
                "okx": interest(np.array([1.0, 7.0]), quote=np.array([5.0, 640.0])),
                "bybit": interest(np.array([2.0, 3.0])),
                "aevo": interest(np.array([4.0])),
            },
        ),
        funding={"okx": hourly}, funding_now={"okx": running},
    )  # fmt: skip
    found = {one.venue: one for one in read_venues(data)}
    assert list(found) == ["aevo", "bybit", "okx"]
    okx = found["okx"]
    assert (okx.open_interest_base, okx.open_interest_quote, okx.open_interest_time_ms) == (7.0, 640.0, END_MS)
    assert (okx.funding_rate, okx.interval_hours, okx.funding_time_ms) == (0.00002, 1.0, END_MS - HOUR_MS)
    assert okx.funding_8h == pytest.approx(0.00016)
    assert okx.running_8h == pytest.approx(-0.0006)
    assert okx.running_time_ms == END_MS - 5
    assert found["bybit"].open_interest_quote == pytest.approx(3.0 * bars(30).close[-1])
    assert found["aevo"].open_interest_quote == GONE
    assert found["aevo"].funding_rate == Missing("The market data hold no funding of BTC on aevo.")
    assert found["aevo"].interval_hours is found["aevo"].funding_time_ms is found["aevo"].running_time_ms is None
    assert found["aevo"].funding_rule == "" != found["okx"].funding_rule
