"""What only several rows or venues show: contradictions, bad prints, frozen markets, changed units, odd funding."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reportgen.market.data import ALL_DATA, FundingRates, Gathered, MarketData
from reportgen.market.folder.plausible import funding_hours
from reportgen.market.folder.read import read_market
from reportgen.units import HOUR_MS, Missing
from tests.market import folders
from tests.market.folders import BTC, START_MS, Columns

BARS = 240


def scaled(columns: Columns, factor: float, *names: str) -> Columns:
    """Multiply some columns."""
    return columns | {name: [value * factor for value in columns[name]] for name in names}


def priced(factor: float, venue: str, bars: int = BARS) -> Columns:
    """Make candles whose prices are a multiple of the usual ones."""
    return scaled(folders.candles(venue=venue, bars=bars), factor, "open", "high", "low", "close")


def read(folder: Path, **tables: Columns) -> Gathered:
    """Read a folder of these tables."""
    return read_market(folders.write_folder(folder, tables), (BTC,), as_of_ms=None)


def market(folder: Path, **tables: Columns) -> MarketData:
    """Give what a folder of these tables says of BTC."""
    return read(folder, **tables).markets[BTC]


# ---- Venues ----


@pytest.mark.parametrize(("factor", "kept"), [(1.049, 3), (1.051, 2), (1 / 1.051, 2), (1000.0, 2), (0.001, 2)])
def test_the_odd_venue_out_is_left_out_by_name(tmp_path: Path, factor: float, kept: int) -> None:
    """Two of three venues decide; beyond five percent the third is of something else, in every table."""
    candles = folders.stacked(*(priced(1, "binance"), priced(1, "bybit"), priced(factor, "okx")))
    interest = folders.stacked(folders.open_interest(), folders.open_interest(venue="okx"))
    interest.pop("open_interest_quote")
    found = market(tmp_path, candles=candles, open_interest=interest)
    assert not isinstance(found.candles, Missing)
    assert not isinstance(found.open_interest, Missing)
    assert len(found.candles) == kept
    assert ("okx" in found.open_interest) == (kept == 3)
    assert [(gap.venue, gap.what) for gap in found.gaps] == ([] if kept == 3 else [("okx", ALL_DATA)])


def test_two_venues_that_disagree_withhold_the_symbol_with_both_numbers(tmp_path: Path) -> None:
    """Nothing tells which of the two is right, so neither is used and nothing is added up."""
    candles = folders.stacked(priced(1, "binance"), priced(11_000, "bybit"))
    found = market(tmp_path, candles=candles, open_interest=folders.open_interest(), funding=folders.funding())
    assert isinstance(found.candles, Missing)
    assert isinstance(found.open_interest, Missing)
    assert "Binance says" in found.candles.reason
    assert "Bybit says" in found.candles.reason


def test_a_third_venues_spot_price_decides_between_two(tmp_path: Path) -> None:
    """Spot bars are a witness like any other, though no path is drawn from them."""
    candles = folders.stacked(priced(1, "binance"), priced(11_000, "bybit"))
    found = market(tmp_path, candles=candles, spot_candles=priced(1.001, "coinbase"))
    assert not isinstance(found.candles, Missing)
    assert list(found.candles) == ["binance"]


def test_prices_are_compared_at_common_closes(tmp_path: Path) -> None:
    """A venue that ended a day ago is not odd because the market moved since."""
    moved = priced(1, "bybit")
    moved["close"] = [close * (1 if bar < BARS - 30 else 1.2) for bar, close in enumerate(moved["close"])]
    moved["high"] = [max(pair) for pair in zip(moved["high"], moved["close"], strict=True)]
    early = folders.chosen(priced(1, "binance"), list(range(BARS - 30)))
    found = market(tmp_path, candles=folders.stacked(moved, early))
    assert not isinstance(found.candles, Missing)
    assert set(found.candles) == {"binance", "bybit"}


def test_a_mark_price_of_another_unit_is_left_out_alone(tmp_path: Path) -> None:
    """The candles stay; the marks are named."""
    marks = {name: values for name, values in priced(1000, "binance").items() if "volume" not in name}
    marks.pop("taker_buy_base")
    found = market(tmp_path, candles=priced(1, "binance"), mark_candles=marks)
    assert not isinstance(found.candles, Missing)
    assert isinstance(found.mark_candles, Missing)
    assert [gap.what for gap in found.gaps] == ["mark candles"]


# ---- Bad prints ----


def wick(columns: Columns, bar: int, low: float) -> Columns:
    """Give one bar another low."""
    return folders.bent(columns, "low", bar, low)


@pytest.mark.parametrize(
    ("witness", "clipped"),
    [
        ({}, True),
        ({"candles": ("bybit", None)}, True),
        ({"candles": ("bybit", 10.2)}, False),
        ({"mark_candles": ("binance", None)}, True),
        ({"mark_candles": ("binance", 10.2)}, False),
    ],
    ids=["alone", "venue denies", "venue confirms", "mark denies", "mark confirms"],
)
def test_a_low_that_nobody_else_saw_is_named_and_clipped(
    tmp_path: Path, witness: dict[str, tuple[str, float | None]], *, clipped: bool
) -> None:
    """A tenth of the price for a moment is a bad print unless a mark price or another venue saw it too."""
    tables: dict[str, Columns] = {"candles": wick(folders.candles(bars=BARS), 200, 10.0)}
    for name, (venue, low) in witness.items():
        seen = folders.candles(venue=venue, bars=BARS)
        seen = wick(seen, 200, low) if low else seen
        tables[name] = folders.stacked(tables[name], seen) if name in tables else seen
    gathered = read(tmp_path, **tables)
    found = gathered.markets[BTC]
    assert not isinstance(found.candles, Missing)
    lows = found.candles["binance"].low
    assert (lows[199] > 90) == clipped
    assert lows[198] == folders.candles(bars=BARS)["low"][198]
    assert [clause.startswith("Binance's low of 10.00 at ") for clause in found.doubts] == [True] * clipped
    assert [note for note in gathered.notes if "bad print" in note] == [f"BTC: {each}." for each in found.doubts]


@pytest.mark.parametrize(("low", "volume", "clipped"), [(25.0, 10.0, True), (25.0, 100.0, False), (20.0, 100.0, True)])
def test_alone_a_crash_is_told_from_a_bad_print_by_what_was_traded(
    tmp_path: Path, low: float, volume: float, *, clipped: bool
) -> None:
    """In calm bars a wick of a fifth that hardly anybody traded is none; one to less than a quarter never is."""
    calm = folders.candles(bars=BARS)
    for name in ("open", "close"):
        calm[name] = [100.0] * BARS
    calm["high"], calm["low"] = [100.5] * BARS, [99.5] * BARS
    bars = folders.bent(folders.bent(calm, "volume_base", 200, volume), "low", 200, low)
    found = market(tmp_path, candles=bars)
    assert not isinstance(found.candles, Missing)
    assert (found.candles["binance"].low[199] == 100.0) == clipped


def test_a_deep_wick_in_a_wild_market_stays_where_nobody_else_could_have_seen_it(tmp_path: Path) -> None:
    """Alone, a wick of less than fifty usual ranges is no bad print."""
    found = market(tmp_path, candles=wick(folders.candles(bars=BARS), 200, 30.0))
    assert not isinstance(found.candles, Missing)
    assert found.candles["binance"].low[199] == 30.0
    assert found.doubts == ()


# ---- Frozen, jumping, off the grid ----


@pytest.mark.parametrize(("hours", "named"), [(2, False), (3, True), (12, True)])
def test_a_market_that_stands_still_is_named(tmp_path: Path, hours: int, *, named: bool) -> None:
    """Flat bars without volume at the end mean that the price is as old as the last trade."""
    bars = folders.candles(bars=BARS)
    for name in ("open", "high", "low", "close"):
        bars[name] = bars[name][: BARS - hours] + [bars["close"][BARS - hours - 1]] * hours
    for name in ("volume_base", "taker_buy_base"):
        bars[name] = bars[name][: BARS - hours] + [0.0] * hours
    doubts = market(tmp_path, candles=bars).doubts
    assert [f"for {hours} hours" in clause for clause in doubts] == [True] * named


@pytest.mark.parametrize(("factor", "used"), [(4.5, True), (5.6, False), (1000.0, False), (0.001, False)])
def test_closes_that_jump_manifold_are_not_used(tmp_path: Path, factor: float, *, used: bool) -> None:
    """A renamed coin or another unit from a bar on makes every number before or after it meaningless."""
    bars = folders.candles(bars=BARS)
    for name in ("open", "high", "low", "close"):
        bars[name] = [value * (factor if bar >= 150 else 1) for bar, value in enumerate(bars[name])]
    found = market(tmp_path, candles=bars)
    assert isinstance(found.candles, Missing) != used


def test_one_bar_of_another_unit_is_left_out_and_counted(tmp_path: Path) -> None:
    """A bar a thousandfold above both its neighbours is no market, and costs itself alone."""
    bars = folders.candles(bars=BARS)
    for name in ("open", "high", "low", "close"):
        bars = folders.bent(bars, name, 100, bars[name][99] * 1000)
    gathered = read(tmp_path, candles=bars)
    found = gathered.markets[BTC].candles
    assert not isinstance(found, Missing)
    assert len(found["binance"]) == BARS - 1
    assert "1 row left out" in gathered.notes[0]


# ---- Open interest ----


def interest(bars: int = BARS, price: float = 100.0) -> Columns:
    """Make open interest whose value fits the candles."""
    made = folders.open_interest(snapshots=bars)
    return made | {"open_interest_quote": [amount * price for amount in made["open_interest_base"]]}


@pytest.mark.parametrize(
    ("implied", "used"), [(100.0, True), (108.0, True), (130.0, False), (1.0, False), (1e4, False)]
)
def test_value_over_coins_is_a_price(tmp_path: Path, implied: float, *, used: bool) -> None:
    """Contracts or dollars under the column of coins show where the value stands beside them."""
    found = market(tmp_path, candles=folders.candles(bars=BARS), open_interest=interest(price=implied))
    assert isinstance(found.open_interest, Missing) != used
    if isinstance(found.open_interest, Missing):
        assert "imply a price of" in found.open_interest.reason
        assert [gap.what for gap in found.gaps] == ["open interest"]


def test_rows_before_a_change_of_unit_are_left_out(tmp_path: Path) -> None:
    """Where the newest rows fit and older ones do not, the older ones are of another unit."""
    made = interest()
    made["open_interest_base"] = [each * (3 if row < 100 else 1) for row, each in enumerate(made["open_interest_base"])]
    found = market(tmp_path, candles=folders.candles(bars=BARS), open_interest=made)
    assert not isinstance(found.open_interest, Missing)
    assert len(found.open_interest["binance"].time_ms) == BARS - 100
    assert len(found.doubts) == 1


@pytest.mark.parametrize(
    ("shape", "rows", "doubts"),
    [
        (lambda row: 1 / 4 if 200 <= row < 203 else 1, BARS - 3, 0),
        (lambda row: 1 / 1.9 if 200 <= row < 203 else 1, BARS, 0),
        (lambda row: 1 / 4 if 180 <= row < 210 else 1, 30, 1),
        (lambda row: 3 if row >= 200 else 1, 40, 1),
        (lambda row: 2.4 if row >= 200 else 1, BARS, 0),
    ],
    ids=["outage", "small dip", "away for longer than a day", "step", "small step"],
)
def test_outages_and_steps_of_open_interest(
    tmp_path: Path, shape: Callable[[int], float], rows: int, doubts: int
) -> None:
    """What leaves to less than half and is back within a day was out; what steps and stays changed its unit."""
    made = interest()
    made.pop("open_interest_quote")
    made["open_interest_base"] = [each * shape(row) for row, each in enumerate(made["open_interest_base"])]
    found = market(tmp_path, candles=folders.candles(bars=BARS), open_interest=made)
    assert not isinstance(found.open_interest, Missing)
    assert len(found.open_interest["binance"].time_ms) == rows
    assert len(found.doubts) == doubts


def test_a_step_that_the_value_takes_too_is_true(tmp_path: Path) -> None:
    """Positions can triple; a unit changes without them."""
    made = interest()
    for name in ("open_interest_base", "open_interest_quote"):
        made[name] = [each * (3 if row >= 200 else 1) for row, each in enumerate(made[name])]
    found = market(tmp_path, candles=folders.candles(bars=BARS), open_interest=made)
    assert not isinstance(found.open_interest, Missing)
    assert len(found.open_interest["binance"].time_ms) == BARS


def test_a_value_of_zero_is_an_unknown_value(tmp_path: Path) -> None:
    """The coins stay, the value is missing, and it is said."""
    gathered = read(
        tmp_path, candles=folders.candles(), open_interest=folders.bent(interest(48), "open_interest_quote", 48, 0.0)
    )
    found = gathered.markets[BTC].open_interest
    assert not isinstance(found, Missing)
    assert isinstance(found["binance"].open_interest_quote, Missing)
    assert any("value of zero" in note for note in gathered.notes)


# ---- Funding ----


def rates(folder: Path, values: list[float], hours: float = 8.0, stated: float = 8.0) -> FundingRates | Missing:
    """Read settled rates of one venue."""
    funding: Columns = {
        "venue": ["binance"] * len(values),
        "symbol": [BTC] * len(values),
        "time_ms": [START_MS + round(row * hours * HOUR_MS) for row in range(len(values))],
        "funding_rate": values,
        "interval_hours": [stated] * len(values),
    }
    found = market(folder, candles=folders.candles(bars=BARS), funding=funding).funding
    return found if isinstance(found, Missing) else found["binance"]


@pytest.mark.parametrize(
    ("values", "used"),
    [
        ([0.0001] * 20, True),
        ([0.0029, -0.0029] * 10, True),
        ([0.0031, -0.0031] * 10, False),
        ([0.01] * 8 + [0.002, -0.001] * 6, False),
        ([0.01] * 5 + [0.002, -0.001] * 8, True),
    ],
    ids=["usual", "high", "beyond any market", "piled up at the base rate in percent", "a few at the cap"],
)
def test_rates_in_percent_are_named_and_not_used(tmp_path: Path, values: list[float], *, used: bool) -> None:
    """A median beyond 0.3 % an interval, or a pile at 0.01, is percent where fractions are meant."""
    found = rates(tmp_path, values)
    assert isinstance(found, Missing) != used
    if isinstance(found, Missing):
        assert "percent" in found.reason


def hours_of(gaps: list[float], stated: float | None = None) -> list[float]:
    """Give the hours of rates that are some gaps apart."""
    times = START_MS + np.concatenate([[0], np.cumsum(gaps)]) * HOUR_MS
    said = None if stated is None else np.full(len(times), stated)
    return list(funding_hours(times.astype(np.int64), said))


@pytest.mark.parametrize(
    ("gaps", "stated", "wanted"),
    [
        ([1.0] * 8, 8.0, [1.0] * 9),
        ([1.0, 1, 1, 1, 1, 1, 1, 2], None, [1.0] * 9),
        ([1.0, 1, 1, 1, 1, 1, 2], 1.0, [1.0] * 8),
        ([8.0, 8, 8, 16, 8, 8, 8], 8.0, [8.0] * 8),
        ([4.0, 4, 4, 4, 8, 4, 4, 4], None, [4.0] * 9),
        ([8.0, 8, 8, 8, 4, 4, 4, 4], None, [8.0] * 5 + [4.0] * 4),
        ([4.0, 4, 4, 4, 8, 8, 8, 8], None, [4.0] * 5 + [8.0] * 4),
        ([24.0] * 6, 8.0, [8.0] * 7),
        ([8.0] * 6, 1.0, [8.0] * 7),
        ([8.0], 8.0, [8.0, 8.0]),
        ([8.001, 7.999, 8.0, 8.0, 8.0], 8.0, [8.0] * 6),
    ],
    ids=[
        "column says eight, settles hourly", "hole at the end", "hole at the end, stated", "hole", "hole of four",
        "eight to four", "four to eight", "a sample of settlements", "column says one, settles at eight", "two rates",
        "jitter",
    ],
)  # fmt: skip
def test_intervals_are_read_from_the_settlements(gaps: list[float], stated: float | None, wanted: list[float]) -> None:
    """A lone multiple of its neighbours is a hole; a column that contradicts the times is not believed."""
    assert hours_of(gaps, stated) == pytest.approx(wanted)


def test_a_corrected_interval_is_said(tmp_path: Path) -> None:
    """The page gets the true rate over eight hours, and a note."""
    found = rates(tmp_path, [0.00001] * 20, hours=1.0)
    assert not isinstance(found, Missing)
    assert found.interval_hours.tolist() == [1.0] * 20


# ---- Names ----


@pytest.mark.parametrize(
    ("column", "spelling"),
    [("venue", "Binance"), ("venue", "binance "), ("symbol", "BTCUSDT"), ("symbol", "btc"), ("symbol", f"{BTC} ")],
)
def test_spellings_of_one_name_are_one(tmp_path: Path, column: str, spelling: str) -> None:
    """The same rows under two spellings count once, and it is said; under another spelling alone they are read."""
    plain: dict[str, Any] = {"candles": folders.candles(), "liquidations": folders.liquidations()}
    other = {name: columns | {column: [spelling] * 48} for name, columns in plain.items()}
    once = read(tmp_path / "once", **plain)
    renamed = read(tmp_path / "renamed", **other)
    twice = read(tmp_path / "twice", **{name: folders.stacked(plain[name], other[name]) for name in plain})
    assert folders.plain(renamed) == folders.plain(once)
    assert folders.plain(twice.markets) == folders.plain(once.markets)
    assert sum("they are one" in note for note in twice.notes) == 2
