"""tardis.dev's data sets: events become bars, tickers become snapshots, and uncertain units are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.errors import DataError
from reportgen.market.dumps.bars import minute_bars
from reportgen.market.dumps.cells import Converted
from reportgen.market.dumps.convert import read_dumps
from reportgen.units import HOUR_MS
from tests.market import dump_files as dumps
from tests.market.dump_files import DAY_START_MS

NAME = "binance-futures_{}_2026-01-01_BTCUSDT.csv.gz"


def read(folder: Path, kind: str, text: str) -> Converted:
    """Convert one data set."""
    (made,) = read_dumps([dumps.written(folder / NAME.format(kind), text)])
    return made


def test_a_forced_buy_closed_a_short(tmp_path: Path) -> None:
    """Amounts are coins, so they are priced; the day's quiet hours are zeros."""
    made = read(tmp_path, "liquidations", dumps.tardis_events([(0, "buy", 100.0, 2.0), (HOUR_MS, "sell", 90.0, 1.0)]))
    columns = made.parts[0].columns
    assert columns["liquidated_short_quote"][0] == 200
    assert columns["liquidated_long_quote"][1] == 90
    assert len(columns["venue"]) == 24
    assert made.kind == "tardis.dev liquidations"


def test_trades_become_minutes_with_what_takers_bought(tmp_path: Path) -> None:
    """Open, extremes, close and both volumes of a minute are those of its trades, in any order of the file."""
    rows = [
        (59_999, "sell", 99.0, 3.0),
        (0, "buy", 100.0, 1.0),
        (30_000, "buy", 103.0, 2.0),
        (180_000, "sell", 98.0, 1.0),
    ]
    columns = read(tmp_path, "trades", dumps.tardis_events(rows)).parts[0].columns
    bars = dumps.rows_of(dict(columns), "open_time_ms", "open", "high", "low", "close", "volume_base", "taker_buy_base")
    assert bars == [
        (DAY_START_MS, 100, 103, 99, 99, 6, 3),
        (DAY_START_MS + 180_000, 98, 98, 98, 98, 1, 0),
    ]


def test_a_derivative_ticker_gives_mark_bars_snapshots_and_settled_funding(tmp_path: Path) -> None:
    """The rate that settled is the last one told before its settlement; the one still running is left out."""
    lines = [dumps.TARDIS_TICKER]
    for minute in range(0, 17 * 60, 10):
        at = (DAY_START_MS + minute * 60_000) * 1000
        due = (DAY_START_MS + (minute // 480 + 1) * 8 * HOUR_MS) * 1000
        lines.append(
            f"binance-futures,BTCUSDT,{at},{at},{due},{minute / 1e6},,{1000 + minute},100,100,{100 + minute / 10}"
        )
    parts = {part.table.name: part.columns for part in read(tmp_path, "derivative_ticker", "\n".join(lines)).parts}
    assert parts["funding"]["time_ms"].tolist() == [DAY_START_MS + 8 * HOUR_MS, DAY_START_MS + 16 * HOUR_MS]  # type: ignore[union-attr]
    assert list(parts["funding"]["funding_rate"]) == [470 / 1e6, 950 / 1e6]
    assert list(parts["funding"]["interval_hours"]) == [8, 8]
    assert len(parts["open_interest"]["time_ms"]) == 102
    assert parts["mark_candles"]["open"][1] == 101


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        ("things", dumps.tardis_events([(0, "buy", 1, 1)]), "trades and liquidations have the same columns"),
        ("trades", dumps.tardis_events([(0, "buy", 1, 1)]).replace(",1,1\n", ",x,1\n"), "gz:2: price is `x`"),
        (
            "trades",
            dumps.tardis_events([(0, "buy", 1, 1), (9, "buy", 0, 1)]),
            "gz:3: timestamp .* price 0.0, amount 1.0",
        ),
        ("liquidations", dumps.tardis_events([(0, "buy", 1, 1)]).replace(",1,1\n", ",x,1\n"), "gz:2: price is `x`"),
    ],
)
def test_what_is_not_certain_is_refused(tmp_path: Path, kind: str, text: str, says: str) -> None:
    """Contracts are never taken for coins, nor one data set for another."""
    with pytest.raises(DataError, match=says):
        read(tmp_path, kind, text)


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 10**7), st.floats(1, 1e6)), min_size=1, max_size=60).map(
        lambda ticks: sorted(ticks, key=lambda tick: tick[0])
    )
)
def test_minutes_hold_their_ticks(ticks: list[tuple[int, float]]) -> None:
    """Every tick lies inside its minute's bar, and no minute without a tick has one."""
    times, price = (np.array(column) for column in zip(*ticks, strict=True))
    opened, first, high, low, last = minute_bars(times, price.astype(np.float64))
    assert opened.tolist() == sorted({int(at) // 60_000 * 60_000 for at in times})
    at = np.searchsorted(opened, times, side="right") - 1
    assert ((low[at] <= price) & (price <= high[at])).all()
    assert first[0] == price[0]
    assert last[-1] == price[-1]


def of(text: str, ticker: str) -> str:
    """Write events of another market, without their header."""
    return "".join(f"{line}\n" for line in text.replace("BTCUSDT", ticker).splitlines()[1:])


@pytest.mark.parametrize("kind", ["liquidations", "trades"])
def test_each_market_of_a_grouped_file_becomes_its_own_rows(tmp_path: Path, kind: str) -> None:
    """tardis.dev sells all perpetuals of a venue as one file; what cannot be mapped in it is counted."""
    events = dumps.tardis_events([(0, "buy", 100.0, 2.0), (HOUR_MS, "sell", 90.0, 1.0)])
    made = read(tmp_path, kind, events + of(events, "1000PEPEUSDT") + of(events, "BTCUSDT_260327"))
    symbols = {part.columns["symbol"][0] for part in made.parts}
    assert symbols == {"BTC/USDT:USDT", "1000PEPE/USDT:USDT"}
    assert made.rows == 6
    assert made.dropped == {"BTCUSDT_260327 has an expiry; only linear perpetuals can be mapped.": 2}


@pytest.mark.parametrize(
    ("ticker", "symbol"), [("kPEPE", "1000PEPE/USDT:USDT"), ("BTC", "BTC/USDT:USDT"), ("xyz:TSLA", None)]
)
def test_hyperliquids_names_are_markets_or_left_out(tmp_path: Path, ticker: str, symbol: str | None) -> None:
    """Its kPEPE is a thousand PEPE; a builder's market is none that can be mapped."""
    events = dumps.tardis_events([(0, "buy", 100.0, 2.0)], "hyperliquid").replace("BTCUSDT", ticker)
    made = read(tmp_path, "liquidations", events)
    assert [part.columns["symbol"][0] for part in made.parts] == ([symbol] if symbol else [])
    assert ("names no market" in made.note) == (symbol is None)


@pytest.mark.parametrize(
    ("exchange", "ticker", "why"),
    [
        ("bybit", "BTC-26MAR27", "BTC-26MAR27 has an expiry; only linear perpetuals can be mapped"),
        ("bybit", "BTCUSD", "BTCUSD is coin-margined; only linear perpetuals can be mapped"),
        ("binance-futures", "BTCUSDT_260327", "BTCUSDT_260327 has an expiry; only linear perpetuals can be mapped"),
        (
            "okex-swap",
            "BTCUSDT",
            (
                "the units of okex-swap are not certain; "
                "binance, binance-futures, bybit, bybit-spot, coinbase, hyperliquid, kraken are read"
            ),
        ),
    ],
)
def test_a_market_that_cannot_be_mapped_is_said_in_full(tmp_path: Path, exchange: str, ticker: str, why: str) -> None:
    """Contracts are never taken for coins; the reason names the ticker or the venue, and what could be mapped."""
    made = read(tmp_path, "trades", dumps.tardis_events([(0, "buy", 1, 1)], exchange).replace("BTCUSDT", ticker))
    assert made.parts == ()
    assert made.note == why
