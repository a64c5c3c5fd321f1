"""Impossible cells stop the reading with one line each: file, row, cause and next step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reportgen.errors import DataError
from reportgen.market.folder.read import read_market
from reportgen.units import HOUR_MS, Missing
from tests.market import folders
from tests.market.folders import BTC, START_MS

TABLES: dict[str, Callable[[], folders.Columns]] = {
    "candles": folders.candles,
    "open_interest": folders.open_interest,
    "funding": folders.funding,
    "liquidations": folders.liquidations,
    "order_book": folders.order_book,
    "leverage_brackets": folders.brackets,
    "spot_candles": folders.candles,
    "mark_candles": folders.mark_candles,
    "long_short_ratio": folders.long_short_ratio,
}
NAN, INF = float("nan"), float("inf")
CELLS: list[tuple[str, str, Any, str]] = [
    *(("candles", column, value, column) for column in ("open", "high", "low", "close") for value in (0.0, NAN, INF)),
    ("candles", "close", -5.0, "close -5: it must be above zero"),
    ("candles", "high", 1.0, "the high is below the low"),
    ("candles", "high", 1e300, "the high is more than 100 times the low"),
    ("candles", "open", 500.0, "open and close must lie between low and high"),
    ("candles", "close", 2.0, "open and close must lie between low and high"),
    ("candles", "volume_base", -1.0, "volume_base -1: it cannot be negative"),
    ("candles", "volume_base", NAN, "volume_base is empty or NaN"),
    ("candles", "taker_buy_base", -1.0, "it cannot be negative"),
    ("candles", "taker_buy_base", 1000.0, "takers cannot have bought more than was traded"),
    ("candles", "taker_buy_base", INF, "or left empty"),
    ("open_interest", "open_interest_base", -1.0, "it cannot be negative"),
    ("open_interest", "open_interest_base", NAN, "it must be a finite number"),
    ("open_interest", "open_interest_quote", -1.0, "it cannot be negative"),
    ("funding", "funding_rate", 1.5, "0.0001 is 0.01 %"),
    ("funding", "funding_rate", NAN, "it must be a finite number"),
    ("funding", "interval_hours", 0.0, "it must be above zero"),
    ("liquidations", "liquidated_long_quote", -1.0, "it cannot be negative"),
    ("liquidations", "liquidated_short_quote", INF, "it must be a finite number"),
    ("leverage_brackets", "notional_cap", 1.0, "the cap must be above the floor"),
    ("leverage_brackets", "notional_floor", 40_000.0, "must begin where the one before it ends"),
    ("leverage_brackets", "maintenance_margin_rate", 1.5, "0.004 is 0.4 %"),
    ("leverage_brackets", "max_leverage", 0.5, "it must be 1 or more"),
    ("spot_candles", "high", 1.0, "the high is below the low"),
    ("spot_candles", "volume_base", NAN, "volume_base is empty or NaN"),
    ("mark_candles", "close", 500.0, "open and close must lie between low and high"),
    ("long_short_ratio", "ratio", 0.0, "a ratio is long over short"),
    ("long_short_ratio", "ratio", NAN, "it must be a finite number"),
]
TIMES = [
    ("candles", "open_time_ms", 1000, "looks like seconds", "Multiply by 1000"),
    ("funding", "time_ms", 1000, "looks like seconds", "Multiply by 1000"),
    ("candles", "open_time_ms", 1 / 1000, "looks like microseconds", "Divide by 1000"),
    ("open_interest", "time_ms", 1 / 1_000_000, "looks like nanoseconds", "Divide by 1000000"),
    ("order_book", "time_ms", 1 / 1000, "looks like microseconds", "Divide by 1000"),
]


def failure(folder: Path, tables: dict[str, folders.Columns], suffix: str = "csv") -> str:
    """Read a folder that must be refused, and give the message."""
    with pytest.raises(DataError) as caught:
        read_market(folders.write_folder(folder, tables, suffix), (BTC,), as_of_ms=None)
    return str(caught.value)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize(("table", "column", "value", "says"), CELLS)
def test_an_impossible_cell_is_named(
    tmp_path: Path, table: str, column: str, value: float, says: str, suffix: str
) -> None:
    """The line says which file, which row, what is wrong, and what to do."""
    tables = {"candles": folders.candles(), table: folders.bent(TABLES[table](), column, 2, value)}
    message = failure(tmp_path, tables, suffix)
    first = message.splitlines()[0]
    assert first.startswith(f"{table}.{suffix}: row 2 (BTC/USDT:USDT, binance")
    assert says in message
    assert all(line.endswith(".") and line.count(". ") for line in message.splitlines())


@pytest.mark.parametrize(("table", "column", "divisor", "says", "step"), TIMES)
def test_times_in_another_unit_are_refused_not_converted(
    tmp_path: Path, table: str, column: str, divisor: float, says: str, step: str
) -> None:
    """Seconds, microseconds and nanoseconds get a message that says so, and nothing beside it."""
    proper = TABLES[table]()
    wrong = proper | {column: [round(at / divisor) for at in proper[column]]}
    message = failure(tmp_path, {"candles": folders.candles()} | {table: wrong})
    assert message.startswith(f"{table}.csv: row ")
    assert says in message
    assert step in message
    assert len(message.splitlines()) == 1


def test_rows_with_the_same_fault_share_a_line(tmp_path: Path) -> None:
    """Forty wrong rows are one message with the first of them and their number."""
    wrong = folders.candles() | {"low": [-1.0] * 48}
    message = failure(tmp_path, {"candles": wrong})
    assert message.count("candles.csv: row") == 1
    assert "row 1 and 47 more" in message


def test_every_table_is_judged_before_the_reading_stops(tmp_path: Path) -> None:
    """The user sees the mistakes of all files at once."""
    message = failure(
        tmp_path,
        {
            "candles": folders.bent(folders.candles(), "high", 4, 1.0),
            "funding": folders.bent(folders.funding(), "funding_rate", 3, 40.0),
        },
    )
    assert "candles.csv: row 4" in message
    assert "funding.csv: row 3" in message


def test_rows_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    """Two rows about one bar with different prices name each other."""
    again = folders.bent(folders.chosen(folders.candles(), [9]), "volume_base", 1, 99.0)
    message = failure(tmp_path, {"candles": folders.stacked(folders.candles(), again)})
    assert "candles.csv: row 49" in message
    assert "row 10 about the same moment" in message


def test_bars_that_overlap_point_at_their_length(tmp_path: Path) -> None:
    """Hourly rows called 4h begin before the one before them has ended."""
    message = failure(tmp_path, {"candles": folders.candles() | {"interval": ["4h"] * 48}})
    assert "candles.csv: row 2 and 46 more" in message
    assert "Correct `interval`" in message


def test_gaps_are_no_mistake(tmp_path: Path) -> None:
    """Venues lose bars; the history simply has fewer."""
    rows = [row for row in range(48) if row not in (10, 11, 30)]
    folder = folders.write_folder(tmp_path, {"candles": folders.chosen(folders.candles(), rows)})
    bars = read_market(folder, (BTC,), as_of_ms=None).markets[BTC].candles
    assert {venue: len(each) for venue, each in bars.items()} == {"binance": 45}  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["1H", "60", "hour", "1M", "0h", "", "1h; DROP TABLE candles"])
def test_an_unknown_bar_length_is_named(tmp_path: Path, text: str) -> None:
    """The message shows what stood there and how lengths are written."""
    message = failure(tmp_path, {"candles": folders.bent(folders.candles(), "interval", 5, text)})
    assert message.startswith("candles.csv: row 5: interval is ")
    assert "1m, 5m, 1h, 4h or 1d" in message


@pytest.mark.parametrize(
    ("table", "column", "text"),
    [
        ("candles", "close", "12,5"),
        ("candles", "open_time_ms", "2026-01-19 07:00"),
        ("candles", "open_time_ms", ""),
        ("candles", "venue", ""),
        ("candles", "symbol", ""),
        ("funding", "funding_rate", "0.01 %"),
        ("order_book", "time_ms", "now"),
        ("leverage_brackets", "as_of", "October 2024"),
    ],
)
def test_text_that_is_no_value_is_named(tmp_path: Path, table: str, column: str, text: str) -> None:
    """The row and the text are shown, for numbers, times, dates and empty keys alike."""
    tables = {"candles": folders.candles(), table: folders.bent(TABLES[table](), column, 2, text)}
    message = failure(tmp_path, tables)
    assert message.startswith(f"{table}.csv: row 2: {column} is {f'`{text}`' if text else 'nothing'}; ")


def test_an_unknown_side_of_the_book_is_named(tmp_path: Path) -> None:
    """A book has bids and asks, whatever a venue calls them."""
    book = folders.order_book(snapshots=1)
    tables = {"candles": folders.candles(), "order_book": folders.bent(book, "side", 3, "sell")}
    assert "order_book.csv: row 3 (BTC/USDT:USDT, binance, sell" in failure(tmp_path, tables)


def test_a_crossed_book_is_refused(tmp_path: Path) -> None:
    """Sides that were swapped show as a best bid above the best ask."""
    book = folders.order_book(snapshots=1)
    tables = {"candles": folders.candles(), "order_book": folders.bent(book, "price", 1, 100.5)}
    assert "best bid is above the best ask" in failure(tmp_path, tables)


def test_faults_of_symbols_that_nobody_asked_for_are_left_alone(tmp_path: Path) -> None:
    """A broken altcoin does not cost the reader the brief on BTC."""
    other = folders.candles(symbol="DOGE/USDT:USDT") | {"high": [0.0] * 48}
    folder = folders.write_folder(tmp_path, {"candles": folders.stacked(folders.candles(), other)})
    gathered = read_market(folder, (BTC,), as_of_ms=None)
    assert gathered.as_of_ms == START_MS + 48 * HOUR_MS


def many(bars: int) -> folders.Columns:
    """Make candles of some bars."""
    return folders.candles(bars=bars)


@pytest.mark.parametrize(("bars", "kept"), [(49, None), (50, 49), (200, 199)])
@pytest.mark.parametrize(
    ("column", "value"),
    [("high", 1.0), ("close", "12,5"), ("close", ""), ("open_time_ms", "now"), ("venue", ""), ("low", -1.0)],
)
def test_up_to_two_percent_of_impossible_rows_cost_themselves_alone(
    tmp_path: Path, bars: int, kept: int | None, column: str, value: Any
) -> None:
    """One bad row of fifty is left out, counted and said; one of forty-nine refuses the table with its line."""
    tables = {"candles": folders.bent(many(bars), column, 30, value)}
    if kept is None:
        assert failure(tmp_path, tables).startswith("candles.csv: row 30")
        return
    gathered = read_market(folders.write_folder(tmp_path, tables, "csv"), (BTC,), as_of_ms=None)
    found = gathered.markets[BTC].candles
    assert not isinstance(found, Missing)
    assert len(found["binance"]) == kept
    assert [("1 row" in note, "left out" in note) for note in gathered.notes] == [(True, True)]


def test_of_two_answers_about_one_bar_the_larger_volume_counts(tmp_path: Path) -> None:
    """A venue that answers an hour twice grew it in between; elsewhere the later row counts."""
    again = folders.chosen(many(100), [40])
    grown = again | {"volume_base": [again["volume_base"][0] + 7]}
    first = {"candles": folders.stacked(many(100), grown)}
    second = {"candles": folders.stacked(grown, many(100))}
    for number, tables in enumerate((first, second)):
        gathered = read_market(folders.write_folder(tmp_path / str(number), tables, "csv"), (BTC,), as_of_ms=None)
        found = gathered.markets[BTC].candles
        assert not isinstance(found, Missing)
        assert len(found["binance"]) == 100
        assert found["binance"].volume_base[40] == grown["volume_base"][0]
        assert "another row of the same moment counts" in gathered.notes[0]


@pytest.mark.parametrize("text", ["1.76889E+12", "1,76889E+12", "1.76889e12"])
def test_a_time_that_a_spreadsheet_cut_refuses_the_table(tmp_path: Path, text: str) -> None:
    """Its last digits are gone, so not even one such row is guessed at or left out."""
    message = failure(tmp_path, {"candles": folders.bent(many(200), "open_time_ms", 3, text)})
    assert message.startswith(f"candles.csv: row 3: open_time_ms is `{text}`; a spreadsheet cut its last digits. ")


@pytest.mark.parametrize(("shift", "refused"), [(0, False), (-1, True), (1000, True)])
def test_bars_that_open_between_the_hours_are_refused(tmp_path: Path, shift: int, *, refused: bool) -> None:
    """A bar stamped by its close, 07:59:59.999, would put as-of into the future."""
    bars = many(60)
    tables = {"candles": bars | {"open_time_ms": [at + shift for at in bars["open_time_ms"]]}}
    if refused:
        assert "no bar of this length opens at that time" in failure(tmp_path, tables)
    else:
        read_market(folders.write_folder(tmp_path, tables, "csv"), (BTC,), as_of_ms=None)


def test_brackets_whose_rates_are_percent_are_refused(tmp_path: Path) -> None:
    """0.4 beside 125x would liquidate a position when it is opened."""
    tables = {
        "candles": folders.candles(),
        "leverage_brackets": folders.bent(folders.brackets(), "maintenance_margin_rate", 1, 0.4),
    }
    assert "would be liquidated when it is opened" in failure(tmp_path, tables)
