"""Every border of the rules for rows, from both sides, on tables in memory: two of everything, unsorted, none first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.errors import DataError
from reportgen.market.data import Liquidations, MarketData
from reportgen.market.exchanges.gather import agree_on_time
from reportgen.market.exchanges.rows import refuse_frozen, refuse_future, refuse_late, refuse_stale
from reportgen.market.exchanges.units import hourly_liquidations
from reportgen.market.exchanges.venue import VenueFault
from reportgen.market.exchanges.venues import VENUES
from reportgen.market.folder import tables
from reportgen.market.folder.build import SymbolRows, market_data
from reportgen.market.folder.columns import Rows, Series
from reportgen.market.folder.plausible import Judged, funding_hours, judge_prices, judge_together
from reportgen.market.folder.tables import TableFormat, interval_ms
from reportgen.market.folder.validate import checked
from reportgen.units import HOUR_MS, Missing

BTC = "BTC/USDT:USDT"
START = 1_760_000_400_000
Told = Mapping[Any, Mapping[str, Any]]


def rows_of(table: TableFormat, told: Told) -> Rows:
    """Put series, by their keys after the symbol, under each other; `at` is each row's hour, else one after another."""
    series: list[Series] = []
    times: list[int] = []
    columns: dict[str, list[float]] = {}
    start = 0
    for keys, cells in told.items():
        count = len(next(iter(cells.values())))
        length = next((interval_ms(key) or 0 for key in keys if key[0].isdigit() and key[-1] in "mhd"), 0)
        series.append(Series(keys=(BTC, *keys), start=start, stop=start + count, bar_ms=length))
        times += [START + round(hour * HOUR_MS) for hour in cells.get("at", range(count))]
        for name in (*table.numbers, *table.optional):
            columns.setdefault(name, []).extend(cells.get(name, [np.nan] * count))
        start += count
    return Rows(
        file=f"{table.name}.csv",
        table=table,
        series=tuple(series),
        row=np.arange(1, start + 1),
        time_ms=np.array(times, dtype=np.int64),
        numbers={name: np.array(values, dtype=np.float64) for name, values in columns.items()},
    )


def flat(count: int, price: float = 100.0, **other: Any) -> dict[str, Any]:
    """Make bars that close at one price and trade two coins each."""
    edges = {"open": price, "high": price * 1.01, "low": price * 0.99, "close": price, "volume_base": 2.0}
    return {name: [value] * count for name, value in edges.items()} | other


def put(values: Sequence[float], **cells: float) -> list[float]:
    """Change cells of a column, by place: `at_3` is the fourth."""
    return [cells.get(f"at_{place}", value) for place, value in enumerate(values)]


def refusal(rows: Rows) -> str:
    """Give the first line of why a table is refused, or "" where it is not."""
    try:
        checked(rows)
    except DataError as error:
        return str(error).splitlines()[0]
    return ""


def judged(*every: Rows) -> Judged:
    """Judge tables together."""
    return judge_together({rows.table.name: rows for rows in every})


def market(*every: Rows) -> MarketData:
    """Build what tables know of Bitcoin."""
    seen = SymbolRows(symbol=BTC, judged=judged(*every), lookalikes={})
    absent = Missing("none")
    return market_data(seen, START + 10**9, DEFAULTS, simulated=False, etf_flows=absent, gaps=())


# ---- One row by itself ----

BRACKETS = {
    "notional_floor": [0.0, 5e4], "notional_cap": [5e4, 6e5], "maintenance_margin_rate": [0.004, 0.005],
    "max_leverage": [125.0, 100.0], "maintenance_amount": [0.0, 50.0],
}  # fmt: skip


@pytest.mark.parametrize(
    ("column", "sound", "bad", "fault"),
    [
        ("notional_cap", [5e4, 5e4 + 1], [5e4, 5e4], "the cap must be above the floor"),
        ("notional_floor", [0.0, 5e4], [0.0, 5e4 - 1], "a bracket must begin where the one before it ends"),
        ("notional_floor", [0.0, 5e4], [-1.0, 5e4], "it cannot be negative"),
        ("maintenance_margin_rate", [0.004, 0.01], [0.004, 0.0101], "would be liquidated when it is opened"),
        ("maintenance_margin_rate", [0.008, 0.005], [0.0, 0.005], "a rate is a fraction, 0.004 is 0.4 %"),
        ("max_leverage", [125.0, 1.0], [125.0, 0.99], "it must be 1 or more"),
        ("maintenance_amount", [0.0, 0.0], [0.0, -1.0], "it cannot be negative"),
    ],
)
def test_a_bracket_has_both_sides_of_its_rules(column: str, sound: list[float], bad: list[float], fault: str) -> None:
    """The cap that equals its floor, leverage of one, and a margin that just fits are told from their neighbours."""
    keys = ("okx", "2026-01-19")
    assert refusal(rows_of(tables.BRACKETS, {keys: BRACKETS | {column: sound}})) == ""
    assert fault in refusal(rows_of(tables.BRACKETS, {keys: BRACKETS | {column: bad}}))


@pytest.mark.parametrize(
    ("table", "keys", "cells", "column", "sound", "bad"),
    [
        (tables.ORDER_BOOK, ("okx", "bid"), {"price": [1.0], "size_base": [1.0]}, "price", 1e-9, 0.0),
        (tables.ORDER_BOOK, ("okx", "bid"), {"price": [1.0], "size_base": [1.0]}, "size_base", 0.0, -1e-9),
        (tables.POSITIONS, ("okx", "0x1", "long"), {"size_base": [1.0], "entry_price": [1.0]}, "size_base", 1e-9, 0.0),
        (tables.POSITIONS, ("okx", "0x1", "long"), {"size_base": [1.0], "entry_price": [1.0]}, "entry_price", 1.0, 0.0),
        (tables.LONG_SHORT_RATIO, ("okx", "accounts"), {"ratio": [1.0]}, "ratio", 0.01, 0.0),
        (tables.FUNDING, ("okx",), {"funding_rate": [0.0], "interval_hours": [8.0]}, "funding_rate", -1.0, -1.01),
        (tables.FUNDING, ("okx",), {"funding_rate": [0.0], "interval_hours": [8.0]}, "interval_hours", 0.5, 0.0),
        (tables.OPEN_INTEREST, ("okx",), {"open_interest_base": [1.0]}, "open_interest_quote", 0.0, -1.0),
        (tables.CANDLES, ("okx", "1h"), flat(1), "high", 9_900.0, 9_901.0),
        (tables.CANDLES, ("okx", "1h"), flat(1), "taker_buy_base", 2.0, 2.01),
        (tables.CANDLES, ("okx", "1h"), flat(1), "low", 99.0, 0.0),
    ],
)
def test_a_cell_has_both_sides_of_its_rule(
    table: TableFormat, keys: tuple[str, ...], cells: Mapping[str, Any], column: str, sound: float,
    bad: float,
) -> None:  # fmt: skip
    """A price of zero is none, nothing may be bought that was not traded, and no bar spans a hundredfold."""
    assert refusal(rows_of(table, {keys: {**cells, column: [sound]}})) == ""
    says = refusal(rows_of(table, {keys: {**cells, column: [bad]}}))
    assert says.startswith(f"{table.name}.csv: row 1 (BTC/USDT:USDT, okx")
    assert column in says


def test_two_rows_of_a_hundred_may_be_impossible() -> None:
    """They are left out, each series by itself, with the moment of the first and the reason; three refuse the table."""
    two, three = (put([100.0] * 100, **{f"at_{at}": -1.0 for at in places}) for places in ((70, 20), (70, 20, 5)))
    sound = {("okx", "1h"): flat(100), ("bybit", "1h"): flat(100, low=two)}
    kept, notes = checked(rows_of(tables.CANDLES, sound))
    assert [(each.keys[1], each.stop - each.start) for each in kept.series] == [("okx", 100), ("bybit", 98)]
    assert notes == (
        "Candles of BTC on bybit 1h: 2 rows left out (2025-10-10T05:00:00Z: low -1: it must be above zero).",
    )
    says = refusal(rows_of(tables.CANDLES, {("okx", "1h"): flat(100), ("bybit", "1h"): flat(100, low=three)}))
    assert says == (
        "candles.csv: row 106 and 2 more (BTC/USDT:USDT, bybit, 1h, 2025-10-09T14:00:00Z): low -1: "
        "it must be above zero. Correct or remove the row."
    )


@pytest.mark.parametrize(("factor", "left_out"), [(4.99, 0), (5.01, 1), (1 / 5.01, 1), (1 / 4.99, 0)])
def test_a_spike_is_five_times_both_neighbours(factor: float, left_out: int) -> None:
    """A bar beyond it and back costs itself alone; the last bar, with no bar after it, is no spike."""
    bars = flat(60)
    for place in (30, 59):
        for name in ("open", "high", "low", "close"):
            bars[name] = put(bars[name], **{f"at_{place}": bars[name][0] * factor})
    kept, notes = checked(rows_of(tables.CANDLES, {("okx", "1h"): bars}))
    assert len(kept.row) == 60 - left_out
    assert len(notes) == left_out


@pytest.mark.parametrize(
    ("time", "says"),
    [
        (10**11, ""), (10**11 - 1, "looks like seconds; times are UTC epoch milliseconds. Multiply by 1000."),
        (10**8, "looks like seconds; times are UTC epoch milliseconds. Multiply by 1000."),
        (10**8 - 1, "is no date; times are UTC epoch milliseconds. Correct or remove the row."),
        (10**14 - 1, ""), (10**14, "looks like microseconds; times are UTC epoch milliseconds. Divide by 1000."),
        (10**17 - 1, "looks like microseconds; times are UTC epoch milliseconds. Divide by 1000."),
        (10**17, "looks like nanoseconds; times are UTC epoch milliseconds. Divide by 1000000."),
    ],
)  # fmt: skip
def test_each_unit_of_time_begins_where_the_other_ends(time: int, says: str) -> None:
    """1973 and 5138 are the first and last moments of milliseconds."""
    rows = rows_of(tables.LONG_SHORT_RATIO, {("okx", "accounts"): {"ratio": [1.0], "at": [0]}})
    rows.time_ms[0] = time
    assert refusal(rows) == (says and f"long_short_ratio.csv: row 1: time_ms {time} {says}")


def test_bars_open_on_their_grid_and_end_before_the_next() -> None:
    """Bars beyond an hour open on any hour; half an hour off is none of theirs; the last must end before the next."""
    day = {("okx", "1d"): flat(3, at=[1, 25, 49])}
    assert refusal(rows_of(tables.CANDLES, day)) == ""
    says = refusal(rows_of(tables.CANDLES, {("okx", "1d"): flat(3, at=[1, 25, 49.5])}))
    advice = "no bar of this length opens at that time. Give the time at which the bar opened, not its close."
    assert says == f"candles.csv: row 3 (BTC/USDT:USDT, okx, 1d, 2025-10-11T10:30:00Z): {advice}"
    assert "opens at that time" in refusal(rows_of(tables.CANDLES, {("okx", "30m"): flat(2, at=[0, 0.75])}))
    advice = "the bar begins before the one before it has ended. Correct `interval`, which is the length of the bar."
    assert advice in refusal(rows_of(tables.CANDLES, {("okx", "1d"): flat(3, at=[1, 24, 49])}))


def test_of_two_rows_of_a_bar_the_larger_volume_counts() -> None:
    """It is the later answer, wherever it stands; of other tables the last row counts, and a repeat is no conflict."""
    hours = [*range(100), 40, 41]
    order = np.argsort(hours, kind="stable")
    volume = [2.0] * 100 + [9.0, 1.0]
    bars = flat(102, volume_base=[volume[place] for place in order], at=[hours[place] for place in order])
    kept, notes = checked(rows_of(tables.CANDLES, {("okx", "1h"): bars}))
    assert kept.number("volume_base")[[40, 41]].tolist() == [9.0, 2.0]
    why = "2 rows left out (2025-10-11T01:00:00Z: another row of the same moment counts)."
    assert notes == (f"Candles of BTC on okx 1h: {why}",)
    ratio = {"ratio": [1.0] * 50 + [3.0, 1.0], "at": [*range(50), 50, 50]}
    kept, _ = checked(rows_of(tables.LONG_SHORT_RATIO, {("okx", "accounts"): ratio}))
    assert kept.number("ratio")[-1] == 1.0
    twice = {"ratio": [1.0] * 4, "at": [0, 1, 1, 1]}
    kept, notes = checked(rows_of(tables.LONG_SHORT_RATIO, {("okx", "accounts"): twice}))
    assert len(kept.row) == 2
    assert notes == ("Long/short ratio of BTC on okx accounts: 2 rows stood in the data twice; each counts once.",)


def test_a_crossed_snapshot_is_named_among_sound_ones() -> None:
    """Of three snapshots of okx one is crossed; a bid that equals the ask is not; the best bid's row is named."""
    bids = {"price": [98.0, 99.0, 97.0, 100.2, 99.0, 100.0], "size_base": [1.0] * 6, "at": [0, 0, 1, 1, 2, 2]}
    asks = {"price": [100.0, 101.0, 100.1, 103.0, 100.0, 102.0], "size_base": [1.0] * 6, "at": [0, 0, 1, 1, 2, 2]}
    sides: dict[Any, Any] = {
        ("okx", "ask"): asks,
        ("okx", "bid"): bids,
        ("bybit", "bid"): {"price": [500.0], "size_base": [1.0]},
    }
    crossed = rows_of(tables.ORDER_BOOK, sides)
    where = "order_book.csv: row 10 (BTC/USDT:USDT, okx, bid, 2025-10-09T10:00:00Z)"
    assert refusal(crossed) == f"{where}: the best bid is above the best ask. Check `side`."
    sides[("okx", "bid")] = bids | {"price": [98.0, 99.0, 97.0, 100.1, 99.0, 100.0]}
    assert refusal(rows_of(tables.ORDER_BOOK, sides)) == ""


def test_an_unknown_side_is_said_with_those_that_are_known() -> None:
    """Of books and of positions, in their own words."""
    book = {("okx", "ask"): {"price": [1.0], "size_base": [1.0]}, ("okx", "sell"): {"price": [2.0], "size_base": [1.0]}}
    where = "(BTC/USDT:USDT, okx, sell, 2025-10-09T09:00:00Z)"
    assert refusal(rows_of(tables.ORDER_BOOK, book)) == (
        f"order_book.csv: row 2 {where}: side `sell` is unknown; a side is bid or ask. Correct or remove the row."
    )
    held = rows_of(tables.POSITIONS, {("okx", "0x1", "both"): {"size_base": [1.0], "entry_price": [1.0]}})
    assert "side `both` is unknown; a side is long or short." in refusal(held)


# ---- Venues beside each other ----


def closes(**prices: float) -> dict[str, tuple[Any, Any]]:
    """Give two days of closes at a price, by venue."""
    return {venue: (START + np.arange(48) * HOUR_MS, np.full(48, price)) for venue, price in prices.items()}


@pytest.mark.parametrize(
    ("gate", "says"),
    [
        (88.0, "Gate's price is 12.0 % below OKX and Bybit's, so it is of something else."),
        (112.0, "Gate's price is 12.0 % above OKX and Bybit's, so it is of something else."),
        (50.0, "Gate's price is 0.5 times OKX and Bybit's, so it is of something else."),
        (51.0, "Gate's price is 49.0 % below OKX and Bybit's, so it is of something else."),
        (199.0, "Gate's price is 99.0 % above OKX and Bybit's, so it is of something else."),
        (100_000.0, "Gate's price is 1,000 times OKX and Bybit's, so it is of something else."),
    ],
)
def test_a_venue_priced_low_or_high_is_left_out_with_how_far(gate: float, says: str) -> None:
    """Two of three agree, though they do not come first by name; the third is said to stand below or above them."""
    wrong, apart, nothing = judge_prices(closes(okx=100.0, gate=gate, bybit=101.0))
    assert {venue: reason.replace("\u202f", " ") for venue, reason in wrong.items()} == {"gate": says}
    assert (apart, nothing) == ((), "")


def test_a_price_somewhat_apart_is_said() -> None:
    """Beyond two percent and up to five it is noted, below as above; two venues that disagree decide nothing."""
    for price, far in ((102.1, "2.1 %"), (97.5, "2.5 %"), (104.9, "4.9 %")):
        wrong, apart, _ = judge_prices(closes(okx=100.0, bybit=price))
        assert wrong == {}
        assert [clause.replace("\u202f", " ") for clause in apart] == [f"Bybit's price stands {far} from OKX's"]
    assert judge_prices(closes(okx=100.0, bybit=101.9)) == ({}, (), "")
    assert judge_prices(closes(okx=100.0, bybit=98.1)) == ({}, (), "")
    says = "OKX says 100.0, Gate says 110.0; nothing tells which price is of this coin, so none is used."
    assert judge_prices(closes(okx=100.0, gate=110.0)) == ({}, (), says)
    assert judge_prices({}) == judge_prices(closes(okx=1.0)) == ({}, (), "")


def test_prices_are_held_beside_each_other_over_the_last_common_day() -> None:
    """The median of the closes that both have; what stood apart before that day, or for a few bars, does not count."""
    both = closes(okx=100.0, gate=100.0, bybit=100.0)
    times, early = both["gate"][0], np.where(np.arange(48) < 24, 300.0, 100.0)
    few = np.where(np.arange(48) >= 38, 300.0, 100.0)
    assert judge_prices(both | {"gate": (times, early)}) == ({}, (), "")
    assert judge_prices(both | {"gate": (times, few)}) == ({}, (), "")
    most = np.where(np.arange(48) >= 34, 300.0, 100.0)
    half = np.where(np.arange(48) >= 36, 300.0, 100.0)  # of the last 24 closes; the one before them does not count
    for apart in (most, half):
        wrong, _, _ = judge_prices(both | {"gate": (times, apart)})
        assert list(wrong) == ["gate"]
    never = (times + HOUR_MS // 2, np.where(np.arange(48) == 47, 100.0, 7.0))
    assert judge_prices(both | {"gate": never}) == ({}, (), "")  # no common close: the last ones count


def test_a_bad_print_is_read_as_the_farthest_that_anybody_saw() -> None:
    """Two witnesses saw 97 and 96: a low of 80 is read as 96; within five percent of the farthest it stays."""
    bars = {place: flat(30, low=put([99.0] * 30, at_9=low)) for place, low in (("okx", 80.0), ("gate", 96.0))}
    marks = flat(30, low=put([99.0] * 30, at_9=97.0))
    rows = rows_of(tables.CANDLES, {(venue, "1h"): cells for venue, cells in bars.items()})
    found = judged(rows, rows_of(tables.MARK_CANDLES, {("okx", "1h"): marks}))
    lows = found.tables["candles"].number("low")
    assert (lows[9], lows[39], lows[8]) == (96.0, 96.0, 99.0)
    (said,) = found.doubts[BTC]
    assert said == (
        "OKX's low of 80.00 at 2025-10-09T18:00:00Z, which no mark price and no other venue saw, is taken for a bad "
        "print and read as 96.00"
    )
    near = rows_of(
        tables.CANDLES, {("okx", "1h"): flat(30, low=put([99.0] * 30, at_9=91.3)), ("gate", "1h"): bars["gate"]}
    )
    assert judged(near).doubts == {}


def test_a_high_that_nobody_saw_is_read_as_the_highest_seen() -> None:
    """Above as below; where the witnesses saw less than the bar's own body, the body is the limit."""
    seen = flat(30, high=put([101.0] * 30, at_9=103.0))
    high = flat(30, high=put([101.0] * 30, at_9=120.0, at_20=150.0))
    rows = rows_of(tables.CANDLES, {("okx", "1h"): high, ("gate", "1h"): seen})
    highs = judged(rows).tables["candles"].number("high")
    assert (highs[9], highs[20], highs[39]) == (103.0, 101.0, 103.0)


@pytest.mark.parametrize(
    ("price", "says"),
    [
        (104.9, ""), (95.3, ""), (105.1, "OKX's {} stand 5.1 % above the candles, so they are of something else."),
        (90.0, "OKX's {} stand 10.0 % below the candles, so they are of something else."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("table", [tables.MARK_CANDLES, tables.SPOT_CANDLES])
def test_marks_and_spot_stand_within_five_percent_of_the_candles(table: TableFormat, price: float, says: str) -> None:
    """The venue's own candles are asked, or the first where it has none; only those of the odd series are left out."""
    bars = rows_of(tables.CANDLES, {("gate", "1h"): flat(48, 101.0), ("okx", "1h"): flat(48)})
    found = judged(bars, rows_of(table, {("bybit", "1h"): flat(48, 102.0), ("okx", "1h"): flat(48, price)}))
    assert [gap.reason.replace("\u202f", " ") for gap in found.gaps.get(BTC, [])] == [says.format(table.says)] * bool(
        says
    )
    assert {each.keys[1] for each in found.tables[table.name].series} == {"bybit"} | ({"okx"} if not says else set())
    assert len(found.tables["candles"].series) == 2


@pytest.mark.parametrize(
    ("low", "volume", "read"),
    [
        (79.0, 10.0, 100.0), (79.0, 11.0, 79.0), (81.0, 2.0, 81.0), (24.9, 1e9, 100.0), (25.1, 1e9, 25.1),
    ],
)  # fmt: skip
def test_alone_a_wick_of_a_fifth_and_fifty_ranges_is_no_trade(low: float, volume: float, read: float) -> None:
    """Calm bars of 0.4 high that trade two coins: up to five times that, a wick of 21 is none; to a quarter always."""
    calm = flat(60, high=[100.2] * 60, low=put([99.8] * 60, at_30=low), volume_base=put([2.0] * 60, at_30=volume))
    rows = rows_of(tables.CANDLES, {("okx", "1h"): calm})
    assert judged(rows).tables["candles"].number("low")[30] == read
    wide = flat(60, high=[100.3] * 60, low=put([99.8] * 60, at_30=79.0), volume_base=[2.0] * 60)  # 50 ranges are 25
    assert judged(rows_of(tables.CANDLES, {("okx", "1h"): wide})).tables["candles"].number("low")[30] == 79.0


# ---- Open interest, books and funding beside the candles ----


def interest(
    amount: Sequence[float], *, value: Sequence[float] | None = None, at: Sequence[float] | None = None
) -> Told:
    """Write snapshots of okx, every hour unless told."""
    cells: dict[str, Any] = {"open_interest_base": amount}
    cells |= {"open_interest_quote": value} if value else {}
    return {("okx",): cells | ({"at": at} if at else {})}


def held(amount: Sequence[float], **more: Any) -> tuple[list[float], list[str], list[str]]:
    """Judge open interest beside flat bars at 100; give what is left, what is doubted, what is noted."""
    bars = rows_of(tables.CANDLES, {("okx", "1h"): flat(200)})
    found = judged(bars, rows_of(tables.OPEN_INTEREST, interest(amount, **more)))
    left = found.tables["open_interest"].number("open_interest_base").tolist()
    return left, found.doubts.get(BTC, []), found.notes


@pytest.mark.parametrize(
    ("factor", "hours", "back", "left"),
    [
        (0.49, 3, 1.0, 97), (0.51, 3, 1.0, 100), (2.1, 3, 1.0, 97), (1.9, 3, 1.0, 100), (0.4, 3, 1.24, 97),
        (0.45, 3, 1.26, 40), (0.39, 23, 1.0, 77), (0.39, 24, 1.0, 36),
    ],
)  # fmt: skip
def test_an_outage_leaves_by_half_and_is_back_within_a_day(factor: float, hours: int, back: float, left: int) -> None:
    """Back means within a quarter of what stood before; later than a day it is a step, and what is before it goes."""
    ripple = [1000.0 + at % 7 for at in range(100)]
    shape = [factor if 40 <= at < 40 + hours else back if at >= 40 + hours else 1.0 for at in range(100)]
    kept, _, _ = held([amount * part for amount, part in zip(ripple, shape, strict=True)])
    expected = left if left != 40 else 100 - 43
    assert len(kept) == expected


def test_a_step_between_distant_snapshots_is_no_change_of_unit() -> None:
    """Up to six hours apart they are neighbours; the value's own step by half of it makes a step true."""
    hours = [*range(50), *range(55, 105)]
    ripple = [1000.0 + at % 7 for at in range(50)] + [3000.0 + at % 7 for at in range(50)]
    kept, doubts, _ = held(ripple, at=hours)
    assert len(kept) == 50
    assert doubts == [
        (
            "OKX's open interest steps 3.0-fold at 2025-10-11T16:00:00Z, as when a unit changes: what stands before is "
            "not used"
        )
    ]
    assert len(held(ripple, at=[*range(50), *range(56, 106)])[0]) == 100


@pytest.mark.parametrize(("price", "used"), [(108.0, True), (111.0, True), (111.2, False), (90.1, True), (89.9, False)])
def test_value_over_coins_may_lie_a_tenth_outside_its_bar(price: float, *, used: bool) -> None:
    """Flat bars from 99 to 101: 90 and 111.1 are the bounds; beyond them neither coins nor value is used."""
    ripple = [1000.0 + at % 7 for at in range(100)]
    kept, _, _ = held(ripple, value=[amount * price for amount in ripple])
    assert bool(kept) is used


def test_a_few_values_of_no_price_cost_their_rows_alone() -> None:
    """Two of a hundred go and are noted; where three do, though the last fits, the change of unit is a doubt."""
    ripple = [1000.0 + at % 7 for at in range(100)]
    for bad, doubted in (
        ((20, 70), []),
        ((20, 70, 71), ["OKX's open interest changed its unit; the older rows are not used"]),
    ):
        value = [amount * (300.0 if at in bad else 100.0) for at, amount in enumerate(ripple)]
        kept, doubts, notes = held(ripple, value=value)
        assert (len(kept), doubts) == (100 - len(bad), doubted)
        why = f"{len(bad)} rows left out (2025-10-10T05:00:00Z: value over coins is no price of that time)"
        assert notes[0] == f"Open interest of BTC on okx: {why}."


@pytest.mark.parametrize(("rows", "said"), [(24, []), (25, ["OKX's open interest has not changed for 24 hours"])])
def test_open_interest_that_stands_still_for_a_day_is_named(rows: int, said: list[str]) -> None:
    """From the last change on, a whole day of hourly rows."""
    moving = [1000.0 + at % 7 for at in range(50)]
    kept, doubts, _ = held([*moving, *([1234.0] * rows)])
    assert (len(kept), doubts) == (50 + rows, said)


@pytest.mark.parametrize(
    ("bid", "ask", "says"),
    [
        (99.0, 99.5, ""), (90.1, 111.0, ""), (89.9, 100.0, "OKX's order book stands at 89.90 beside candles at 100.0."),
        (50.0, 100.0, "OKX's order book stands at 50.00 beside candles at 100.0."),
    ],
)  # fmt: skip
def test_a_book_stands_within_a_tenth_of_its_bar(bid: float, ask: float, says: str) -> None:
    """The best of several levels is asked, on each side; another venue's book stays."""
    book = {
        ("bybit", "ask"): {"price": [100.5], "size_base": [1.0], "at": [5]},
        ("bybit", "bid"): {"price": [99.5], "size_base": [1.0], "at": [5]},
        ("okx", "ask"): {"price": [ask, ask + 90], "size_base": [1.0, 1.0], "at": [5, 5]},
        ("okx", "bid"): {"price": [bid - 40, bid], "size_base": [1.0, 1.0], "at": [5, 5]},
    }
    bars = rows_of(tables.CANDLES, {("okx", "1h"): flat(10)})
    found = judged(bars, rows_of(tables.ORDER_BOOK, book))
    assert [gap.reason for gap in found.gaps.get(BTC, [])] == ([says] if says else [])
    assert {each.keys[1] for each in found.tables["order_book"].series} == ({"bybit"} if says else {"bybit", "okx"})


def test_rates_in_percent_begin_beyond_a_third_of_a_percent() -> None:
    """A median of 0.3 % is high, beyond it is percent; the running rate of that venue goes too, another's stays."""
    for rate, used in ((0.003, True), (0.0031, False), (-0.0031, False)):
        cells = {"funding_rate": [rate] * 5, "interval_hours": [8.0] * 5, "at": [0, 8, 16, 24, 32]}
        small = {"funding_rate": [0.0001] * 5, "interval_hours": [8.0] * 5, "at": [0, 8, 16, 24, 32]}
        rows = rows_of(tables.FUNDING, {("okx",): cells, ("bybit",): small})
        now = {"funding_rate": [0.0001], "interval_hours": [8.0], "at": [33]}
        found = judged(rows, rows_of(tables.FUNDING_NOW, {("okx",): now, ("bybit",): now}))
        for name in ("funding", "funding_now"):
            venues = {each.keys[1] for each in found.tables[name].series}
            assert venues == ({"okx", "bybit"} if used else {"bybit"})


def test_an_outage_may_begin_at_the_second_snapshot() -> None:
    """The first is what was there before."""
    ripple = [1000.0 + at % 7 for at in range(100)]
    kept, _, _ = held([ripple[0], 100.0, 100.0, *ripple[3:]])
    assert len(kept) == 98


def test_only_snapshots_beside_a_bar_are_held_beside_it() -> None:
    """Before the first bar, and more than two bars after the last, nothing tells what their price should be."""
    ripple = [1000.0 + at % 7 for at in range(100)]
    hours = [-3, *range(97), 200, 202]
    odd = {0, 98, 99}
    value = [amount * (300.0 if at in odd else 100.0) for at, amount in enumerate(ripple)]
    kept, doubts, notes = held(ripple, value=value, at=hours)
    assert (len(kept), doubts) == (99, [])  # an open at 199: 200 is beside it, 202 is not
    assert [note.split("(")[0] for note in notes] == ["Open interest of BTC on okx: 1 row left out "]


def test_an_interval_that_contradicts_the_settlements_is_said() -> None:
    """The rows that differ are counted, with what the last of them stated and what the times say."""
    cells = {"funding_rate": [0.00001, -0.00002] * 5, "interval_hours": [8.0] * 9 + [4.0], "at": [*range(10)]}
    found = judged(rows_of(tables.FUNDING, {("okx",): cells, ("a+b",): cells}))
    says = "10 rows say an interval of 4 h, their settlements stand 1 h apart; the times count."
    assert found.notes == [f"Funding rates of BTC on okx: {says}"]
    rows = found.tables["funding"]
    hours = {each.keys[1]: rows.number("interval_hours")[each.rows].tolist() for each in rows.series}
    assert hours == {"okx": [1.0] * 10, "a+b": cells["interval_hours"]}


@pytest.mark.parametrize(
    ("gaps", "stated", "hours"),
    [
        ([8.0, 4.0], None, [4.0, 4.0, 4.0]), ([8.0, 4.0], [8.0, 8.0, 8.0], [8.0, 8.0, 4.0]), ([], None, [np.nan]),
        ([16.0, 16.0], [8.0] * 3, [8.0] * 3), ([16.0] * 3, [8.0] * 4, [8.0] * 4),
    ],
)  # fmt: skip
def test_few_settlements_are_read_one_by_one(gaps: list[float], stated: list[float] | None, hours: list[float]) -> None:
    """Up to three: a gap shorter than stated counts, a longer one may be a hole; else the least gap."""
    times = START + np.concatenate([[0], np.cumsum(gaps)]).astype(np.int64) * HOUR_MS
    found = funding_hours(times, None if stated is None else np.array(stated))
    np.testing.assert_array_equal(found, hours)


# ---- What one symbol's tables become ----


def liquidated(**by_keys: Any) -> Liquidations:
    """Build liquidations of venues, named `okx_4h` and `and` for a plus: longs at hours, shorts twice that."""
    told = {}
    for name, (hours, longs) in by_keys.items():
        venue, _, interval = name.rpartition("_")
        cells = {"at": hours, "liquidated_long_quote": longs, "liquidated_short_quote": [2 * each for each in longs]}
        told[venue.replace("and", "+"), interval] = cells
    found = market(rows_of(tables.LIQUIDATIONS, told)).liquidations
    assert isinstance(found, Liquidations)
    return found


def test_the_larger_sum_of_venues_stands_alone() -> None:
    """Of a sum of two and a sum of three the second counts, though it stands first in no order; `all` is above both."""
    two, three, every = ([0, 1], [1.0, 2.0]), ([0, 1], [10.0, 20.0]), ([0, 1], [100.0, 200.0])
    found = liquidated(bybitandokx_1h=two, gateandhtxandokx_1h=three, okx_1h=([0], [5.0]))
    assert found.venues == ("gate", "htx", "okx")
    assert found.liquidated_long_quote.tolist() == [10.0, 20.0]
    assert found.liquidated_short_quote.tolist() == [20.0, 40.0]
    found = liquidated(gateandhtxandokx_1h=three, all_1h=every, bybitandokx_1h=two)
    assert (found.venues, found.liquidated_long_quote.tolist()) == (("all",), [100.0, 200.0])


def test_liquidations_come_in_the_bars_that_reach_back_farthest() -> None:
    """Two days of 4h bars beat one of hourly ones; of equal spans the finer count; one venue's hour stands."""
    hourly, coarse = ([*range(24)], [1.0] * 24), ([*range(0, 48, 4)], [9.0] * 12)
    found = liquidated(okx_1h=hourly, okx_4h=coarse)
    assert (found.interval_ms, found.liquidated_long_quote.sum()) == (4 * HOUR_MS, 108.0)
    found = liquidated(okx_4h=([*range(0, 24, 4)], [9.0] * 6), okx_1h=hourly)
    assert (found.interval_ms, len(found.open_time_ms)) == (HOUR_MS, 24)
    found = liquidated(okx_1h=([2, 0], [7.0, 1.0]), bybit_1h=([0, 5], [10.0, 30.0]), gate_4h=([0], [1e9]))
    assert found.venues == ("bybit", "okx")
    assert ((found.open_time_ms - START) // HOUR_MS).tolist() == [0, 2, 5]
    assert found.liquidated_long_quote.tolist() == [11.0, 7.0, 30.0]


def test_the_ratio_is_of_accounts_where_there_is_one() -> None:
    """Else the first kind by name; each venue by itself, with its own moments."""
    told = {
        ("okx", "top_accounts"): {"ratio": [3.0], "at": [1]}, ("okx", "top_positions"): {"ratio": [4.0], "at": [2]},
        ("bybit", "a_first"): {"ratio": [5.0], "at": [3]}, ("bybit", "accounts"): {"ratio": [0.5, 0.6], "at": [4, 5]},
    }  # fmt: skip
    ratios = market(rows_of(tables.LONG_SHORT_RATIO, told)).long_short_ratio
    assert not isinstance(ratios, Missing)
    assert [(venue, one.kind, one.ratio.tolist()) for venue, one in ratios.items()] == [
        ("bybit", "accounts", [0.5, 0.6]), ("okx", "top_accounts", [3.0]),
    ]  # fmt: skip
    assert ((ratios["bybit"].time_ms - START) // HOUR_MS).tolist() == [4, 5]


def test_a_leading_venue_without_open_interest_gives_way_to_the_first_by_name() -> None:
    """Gate leads with the longer history and has none: okx and bybit have, and bybit's is taken."""
    bars = {("gate", "1h"): flat(60), ("bybit", "1h"): flat(50, at=[*range(10, 60)])}
    moving = {venue: {"open_interest_base": [size, size + 1]} for venue, size in (("okx", 5.0), ("bybit", 7.0))}
    snapshots = {(venue,): cells for venue, cells in moving.items()}
    found = market(rows_of(tables.CANDLES, bars), rows_of(tables.OPEN_INTEREST, snapshots))
    assert not isinstance(found.candles, Missing)
    assert list(found.candles) == ["gate", "bybit"]
    leading = found.leading_open_interest
    assert not isinstance(leading, Missing)
    assert leading.open_interest_base.tolist() == [7.0, 8.0]
    own = market(rows_of(tables.CANDLES, {("okx", "1h"): flat(60)}), rows_of(tables.OPEN_INTEREST, snapshots))
    assert own.leading_open_interest.open_interest_base.tolist() == [5.0, 6.0]  # type: ignore[union-attr]


# ---- What a live venue may say of now ----

NOW = START + 1000 * HOUR_MS + 7 * 60_000


def refused(look: Any) -> str:
    """Give why an answer is refused, or ""."""
    try:
        look()
    except VenueFault as fault:
        return str(fault)
    return ""


@pytest.mark.parametrize(("bars_old", "says"), [(3, ""), (4, "Gate's newest bar closed 4 hours ago.")])
def test_bars_may_be_three_old(bars_old: int, says: str) -> None:
    """The bar before the running one is none old."""
    opened = np.array([0, NOW // HOUR_MS * HOUR_MS - (bars_old + 1) * HOUR_MS])
    assert refused(lambda: refuse_late(VENUES["gate"], opened, NOW)) == says


def test_rows_may_be_five_minutes_ahead_and_as_old_as_told() -> None:
    """Both borders pass; the newest row is asked for its age, any row for times to come."""
    venue, longest = VENUES["gate"], 6 * HOUR_MS
    ahead = np.array([0, NOW + 5 * 60_000])
    assert refused(lambda: refuse_future(venue, ahead, NOW)) == ""
    assert refused(lambda: refuse_future(venue, ahead[::-1] + 1, NOW)) == "Gate stamped rows with times to come."
    assert (
        refused(lambda: refuse_stale(venue, "ratio", ahead + 1, NOW, longest))
        == "Gate stamped rows with times to come."
    )
    assert refused(lambda: refuse_stale(venue, "ratio", np.array([0, NOW - longest]), NOW, longest)) == ""
    old = np.array([0, NOW - longest - HOUR_MS])
    assert refused(lambda: refuse_stale(venue, "ratio", old, NOW, longest)) == "Gate's newest ratio is 7 hours old."


def test_a_day_of_one_row_is_frozen() -> None:
    """24 rows alike at the end; 23 are not, nor 24 that differ in one cell."""
    moving = np.arange(60.0).reshape(30, 2)
    for alike, says in ((23, ""), (24, "Gate has repeated the same bar for 24 hours.")):
        still = np.concatenate([moving, np.ones((alike, 2))])
        assert refused(lambda still=still: refuse_frozen(VENUES["gate"], "bar", still)) == says
    still[-1, 1] = 2.0
    assert refused(lambda: refuse_frozen(VENUES["gate"], "bar", still)) == ""


UNTOLD = "nothing tells which is right, so the earlier time is used."


def agreed(**ahead_seconds: float | None) -> tuple[float, list[str]]:
    """Let venues agree, given how far their answers are ahead of this machine; give the time in seconds, and notes."""
    lines = [
        SimpleNamespace(venue=VENUES[name], ahead_ms=None if ahead is None else round(ahead * 1000), agreed_ms=None)
        for name, ahead in ahead_seconds.items()
    ]
    notes = agree_on_time(lines)  # type: ignore[arg-type] # of a connection only its clock is asked
    (time_ms,) = {line.agreed_ms for line in lines}
    return time_ms / 1000, notes


@pytest.mark.parametrize(
    ("ahead", "time", "notes"),
    [
        ({"okx": 3.0, "gate": None, "bybit": 1.0, "kraken": 2.0}, 1.0, []),
        ({"okx": 30.0, "gate": 0.0, "bybit": -30.0}, 0.0, []),
        ({"okx": 31.0, "gate": 0.0, "bybit": -7200.0}, 0.0,
         ["OKX's clock is 31 seconds ahead of the others', whose time is used.",
          "Bybit's clock is 2.0 hours behind the others', whose time is used."]),
        ({"okx": 3599.0, "gate": 3600.0, "bybit": 0.0, "kraken": 1.0}, 1.0,
         ["OKX's clock is 3598 seconds ahead of the others', whose time is used.",
          "Gate's clock is 3599 seconds ahead of the others', whose time is used."]),
        ({"okx": 62.0, "gate": 60.0, "bybit": 61.0}, 60.0,
         ["This machine's clock is 60 seconds behind the exchanges', whose time is used."]),
        ({"okx": -62.0, "gate": -60.0, "bybit": -61.0}, -61.0,
         ["This machine's clock is 61 seconds ahead of the exchanges', whose time is used."]),
        ({"okx": None, "gate": 31.0}, 0.0,
         [f"Gate's clock is 31 seconds ahead of this machine's; {UNTOLD}"]),
        ({"gate": -31.0, "okx": None}, -31.0,
         [f"Gate's clock is 31 seconds behind this machine's; {UNTOLD}"]),
        ({"okx": None, "gate": 30.0}, 0.0, []), ({"okx": None}, 0.0, []),
    ],
)  # fmt: skip
def test_the_middle_of_all_clocks_is_the_time(ahead: dict[str, Any], time: float, notes: list[str]) -> None:
    """This machine's clock is one of them; of two in the middle the earlier counts; half a minute off is not said."""
    assert agreed(**ahead) == (time, notes)


def test_liquidations_of_an_hour_add_up_by_side() -> None:
    """Orders come in any order; a known span has zeros in its quiet hours, else it runs from the first to the last."""
    times = START + np.array([5 * HOUR_MS - 1, 2 * HOUR_MS, 4 * HOUR_MS, 2 * HOUR_MS + 5])
    told = (times, np.array([1.0, 10.0, 100.0, 1000.0]), np.array([True, False, True, False]))
    found = hourly_liquidations(*told, None)
    assert ((found["open_time_ms"] - START) // HOUR_MS).tolist() == [2, 3, 4]
    assert found["liquidated_long_quote"].tolist() == [0.0, 0.0, 101.0]
    assert found["liquidated_short_quote"].tolist() == [1010.0, 0.0, 0.0]
    whole = hourly_liquidations(*told, (START + HOUR_MS, START + 6 * HOUR_MS))
    assert ((whole["open_time_ms"] - START) // HOUR_MS).tolist() == [1, 2, 3, 4, 5]
    assert whole["liquidated_long_quote"].tolist() == [0.0, 0.0, 0.0, 101.0, 0.0]
    beyond = hourly_liquidations(*told, (START + 3 * HOUR_MS, START + 4 * HOUR_MS))
    assert ((beyond["open_time_ms"] - START) // HOUR_MS).tolist() == [2, 3, 4]
    nothing = hourly_liquidations(times[:0], told[1][:0], told[2][:0], None)
    assert [len(column) for column in nothing.values()] == [0, 0, 0]
