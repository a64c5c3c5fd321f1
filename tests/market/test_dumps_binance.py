"""Binance Vision's files become the same rows in whatever form they come, and a wrong one is named with its line."""

from __future__ import annotations

import hashlib
import re
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.errors import DataError
from reportgen.market.dumps.cells import Converted
from reportgen.market.dumps.convert import add_to_folder, read_dumps
from reportgen.market.folder.read import read_market
from reportgen.units import HOUR_MS, Missing
from tests.market import dump_files as dumps
from tests.market.dump_files import DAY_START_MS

BTC = "BTC/USDT:USDT"
FORMS = pytest.mark.parametrize("form", ["zip", "csv"])


def one(path: Path) -> Converted:
    """Read a dump of one file."""
    (made,) = read_dumps([path])
    return made


def table(folder: Path, name: str) -> list[tuple[Any, ...]]:
    """Read a table of a market folder as it was written."""
    return duckdb.read_parquet(str(folder / f"{name}.parquet")).fetchall()


@FORMS
@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize(("market", "unit"), [("futures/um", 1), ("spot", 1), ("spot", 1000)])
def test_klines_say_the_same_in_every_form(tmp_path: Path, form: str, header: bool, market: str, unit: int) -> None:  # noqa: FBT001
    """Zip or CSV, header or none, milliseconds or microseconds: the bars are the same."""
    text = dumps.klines(header=header, unit=unit)
    path = dumps.in_any_form(tmp_path / "data" / market, "BTCUSDT-1h-2026-01-01", text, form)
    folder = tmp_path / "market"
    add_to_folder(read_dumps([path]), folder)
    name = "spot_candles" if market == "spot" else "candles"
    rows = table(folder, name)
    assert len(rows) == 24
    assert rows[5] == ("binance", BTC, "1h", DAY_START_MS + 5 * HOUR_MS, 105.0, 107.0, 104.0, 106.0, 10.5, 4.5)


def test_a_folder_made_from_dumps_is_read_as_a_market(tmp_path: Path) -> None:
    """Futures, spot, mark price, metrics and funding of one day make one market."""
    tree = tmp_path / "futures" / "um" / "daily"
    dumps.zipped(tree / "klines" / "BTCUSDT-1h-2026-01-01.zip", dumps.klines())
    dumps.zipped(tree / "markPriceKlines" / "BTCUSDT-1h-2026-01-01.zip", dumps.klines(header=True))
    dumps.zipped(tree / "metrics" / "BTCUSDT-metrics-2026-01-01.zip", dumps.metrics())
    dumps.zipped(tree / "fundingRate" / "BTCUSDT-fundingRate-2026-01.zip", dumps.funding())
    dumps.zipped(tmp_path / "spot" / "BTCUSDT-1h-2026-01-01.zip", dumps.klines(unit=1000))
    out = tmp_path / "market"
    add_to_folder(read_dumps([tmp_path / "futures", tmp_path / "spot"]), out)
    market = read_market(out, ("BTC",), as_of_ms=None).markets[BTC]
    assert not isinstance(market.candles, Missing)
    assert not isinstance(market.spot_candles, Missing)
    assert not isinstance(market.mark_candles, Missing)
    assert not isinstance(market.open_interest, Missing)
    assert not isinstance(market.funding, Missing)
    assert not isinstance(market.long_short_ratio, Missing)
    assert market.long_short_ratio["binance"].kind == "accounts"
    assert market.funding["binance"].time_ms.tolist() == [DAY_START_MS + 8 * HOUR_MS * rate for rate in range(3)]
    assert market.mark_candles["binance"].volume_base.sum() == 0


def test_klines_without_the_archives_folders_are_taken_for_futures_and_that_is_said(tmp_path: Path) -> None:
    """Only microseconds tell spot where no folder does; the rest is taken for futures, with a note."""
    flat = one(dumps.written(tmp_path / "BTCUSDT-1h-2026-01.csv", dumps.klines()))
    assert flat.parts[0].table.name == "candles"
    assert "taken for" in flat.note
    micro = one(dumps.written(tmp_path / "ETHUSDT-1h-2026-01.csv", dumps.klines(unit=1000)))
    assert micro.parts[0].table.name == "spot_candles"


def test_the_zips_name_counts_where_its_files_does_not_tell(tmp_path: Path) -> None:
    """A renamed file inside keeps the archive's meaning, and a gzip is as good as a zip."""
    renamed = one(dumps.zipped(tmp_path / "um" / "BTCUSDT-1h-2026-01.zip", dumps.klines(), inside="data.csv"))
    packed = one(dumps.written(tmp_path / "um" / "BTCUSDT-1h-2026-01.csv.gz", dumps.klines()))
    assert renamed.parts[0].columns["symbol"] == packed.parts[0].columns["symbol"] == [BTC] * 24


@settings(max_examples=20)
@given(st.lists(st.integers(-20, 20), min_size=12, max_size=12))
def test_metrics_jitter_is_rounded_away(tmp_path_factory: pytest.TempPathFactory, late: list[int]) -> None:
    """Seconds around every fifth minute change nothing."""
    folder = tmp_path_factory.mktemp("metrics")
    lines = dumps.metrics(jitter=(0,)).splitlines()
    jittered = [lines[0]]
    for line, seconds in zip(lines[1:], late, strict=True):
        moment, rest = line.split(",", 1)
        hour, minute, _ = moment.split(" ")[1].split(":")
        total = int(hour) * 3600 + int(minute) * 60 + seconds
        jittered.append(f"2026-01-01 {total // 3600:02d}:{total % 3600 // 60:02d}:{total % 60:02d},{rest}")
    made = one(dumps.written(folder / "BTCUSDT-metrics-2026-01-01.csv", "\n".join(jittered)))
    steps = [DAY_START_MS + 5 * 60_000 * (row + 1) for row in range(12)]
    assert [part.columns["time_ms"].tolist() for part in made.parts] == [steps] * 4  # type: ignore[union-attr]


def test_an_outage_in_the_metrics_is_left_out_and_counted(tmp_path: Path) -> None:
    """Zero and empty open interest are no values; the ratios of the same rows stay."""
    text = dumps.metrics().replace(",1003,", ",0,").replace(",1005,", ",,")
    made = one(dumps.written(tmp_path / "BTCUSDT-metrics-2026-01-01.csv", text))
    assert len(made.parts[0].columns["time_ms"]) == 10
    assert len(made.parts[1].columns["time_ms"]) == 12
    assert list(made.dropped.values()) == [2]


@FORMS
@pytest.mark.parametrize("header", [True, False])
def test_liquidation_orders_add_up_by_the_hour_once_each(tmp_path: Path, form: str, header: bool) -> None:  # noqa: FBT001
    """A sell closed a long; contracts are 100 USD on BTC; doubled rows count once; quiet hours of the day are zeros."""
    orders = [(10, "SELL", 5.0, 90_000.0), (50, "BUY", 2.0, 90_500.0), (130, "SELL", 1.0, 91_000.0)]
    text = dumps.liquidations(orders, header=header)
    path = dumps.in_any_form(tmp_path, "BTCUSD_PERP-liquidationSnapshot-2026-01-01", text, form)
    made = one(path)
    columns = made.parts[0].columns
    assert list(columns["liquidated_long_quote"][:3]) == [500, 0, 100]
    assert list(columns["liquidated_short_quote"][:3]) == [200, 0, 0]
    assert len(columns["venue"]) == 24
    assert set(columns["venue"]) == {"binance_coinm"}
    assert set(columns["symbol"]) == {BTC}
    assert made.rows == 6
    assert made.dropped == {"stood there twice": 3}


def test_other_coins_contracts_are_ten_dollars_and_linear_orders_are_priced(tmp_path: Path) -> None:
    """The worth of a contract depends on the coin, and a linear order is quantity times price."""
    text = dumps.liquidations([(0, "BUY", 7.0, 3_000.0)])
    coin = one(dumps.written(tmp_path / "ETHUSD_PERP-liquidationSnapshot-2026-01-01.csv", text))
    assert coin.parts[0].columns["liquidated_short_quote"][0] == 70
    linear = one(dumps.written(tmp_path / "ETHUSDT-liquidationSnapshot-2026-01-01.csv", text))
    assert linear.parts[0].columns["liquidated_short_quote"][0] == 21_000


def test_overlapping_files_add_every_bar_once(tmp_path: Path) -> None:
    """A daily file inside a monthly one, and the same file again another day, add nothing."""
    folder = tmp_path / "market"
    month = dumps.written(tmp_path / "um" / "BTCUSDT-1h-2026-01.csv", dumps.klines(72))
    day = dumps.written(tmp_path / "um" / "BTCUSDT-1h-2026-01-02.csv", dumps.klines(24, first=24, header=True))
    first = add_to_folder(read_dumps([day, month]), folder)[0]
    assert (first.added, first.repeated, first.contradicted, first.total) == (72, 24, 0, 72)
    before = (folder / "candles.parquet").read_bytes()
    again = add_to_folder(read_dumps([month]), folder)[0]
    assert (again.added, again.repeated, again.total) == (0, 72, 72)
    assert (folder / "candles.parquet").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("BTCUSDT-1h-2026-01.csv", dumps.klines().replace("103,105,", "103,abc,"), r"2026-01\.csv:4: high is `abc`"),
        ("BTCUSDT-1h-2026-01.csv", dumps.klines().replace(",10.5,", ",,", 1), "csv:1: volume is empty"),
        (
            "BTCUSDT-1h-2026-01.csv",
            dumps.klines().replace("101,103,100,102", "101,99,100,102"),
            "high is below the low",
        ),
        ("BTCUSDT-4h-2026-01.csv", dumps.klines(), "csv:1: the bar is not one of 4h"),
        ("BTCUSDT-1h-2026-01.csv", dumps.klines(unit=1_000_000), "milliseconds or microseconds"),
        ("BTCUSDT-1h-2026-01.csv", dumps.klines() + "1,2,3\n", r"csv:25: has 3 cells where 12 are meant"),
        ("BTCUSDT-1h-2026-01.csv", "<html>no</html>", "is a web page"),
        ("BTCUSDT-1h-2026-01.csv", "", "is empty"),
        ("BTCUSDT-metrics-2026-01-01.csv", dumps.metrics().replace("00:10:00", "noon"), "csv:3: create_time is"),
        ("BTCUSDT-fundingRate-2026-01.csv", dumps.funding().replace(",8,", ",eight,"), "csv:2: funding_interval_hours"),
        (
            "BTCUSD_PERP-liquidationSnapshot-2026-01-01.csv",
            dumps.liquidations([(0, "HOLD", 1, 1)]),
            "csv:2: side is `HOLD`",
        ),
    ],
)
def test_a_wrong_file_is_named_with_its_line(tmp_path: Path, name: str, text: str, says: str) -> None:
    """The error names the file, the line and what stands there."""
    with pytest.raises(DataError, match=says):
        read_dumps([dumps.written(tmp_path / name, text)])


def test_a_coin_in_another_script_is_read_by_its_name(tmp_path: Path) -> None:
    """Its file is converted as any other's."""
    (made,) = read_dumps([dumps.written(tmp_path / "um" / "币安人生USDT-1h-2026-01.csv", dumps.klines())])
    assert [set(part.columns["symbol"]) for part in made.parts] == [{"币安人生/USDT:USDT"}]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("BTCUSDT-1mo-2026-01.csv", dumps.klines(), "no fixed length"),
        ("BTCUSDT_240329-1h-2026-01.csv", dumps.klines(), "has an expiry"),
        ("BTCUSD_PERP-1h-2026-01.csv", dumps.klines(), "is coin-margined"),
        ("BTC€USDT-1h-2026-01.csv", dumps.klines(), "names no market"),
        ("BTCUSDT-bookDepth-2026-01-01.csv", "timestamp,percentage\n", "bookDepth is not read"),
        ("indexPriceKlines/BTCUSDT-1h-2026-01.csv", dumps.klines(), "is of an index"),
        ("mystery.csv", "a,b\n1,2\n", "is no dump that is known"),
    ],
)
def test_what_nobody_can_map_is_left_out_and_costs_no_other_file(
    tmp_path: Path, name: str, text: str, says: str
) -> None:
    """A dated contract, a coin-margined one, a sign that no coin has, an unknown file: named, and the rest is read."""
    dumps.written(tmp_path / "dumps" / "um" / "ETHUSDT-1h-2026-01.csv", dumps.klines())
    odd = dumps.written(tmp_path / "dumps" / "um" / name, text)
    made = read_dumps([tmp_path / "dumps"])
    assert [says in one.note for one in made if not one.parts] == [True]
    done = add_to_folder(made, tmp_path / "market")
    assert [table.added for table in done] == [24]
    with pytest.raises(DataError, match=says):
        add_to_folder(read_dumps([odd]), tmp_path / "market")


def test_few_rows_that_cannot_be_true_are_left_out_and_counted(tmp_path: Path) -> None:
    """A bar cut short by an outage, one with its high below its close and an empty cell cost themselves alone."""
    lines = dumps.klines(200).splitlines()
    short = lines[40].split(",")
    short[6] = str(int(short[6]) - 1_800_000)
    lines[40] = ",".join(short)
    lines[60] = lines[60].replace(",162,", ",160.5,", 1)
    lines[80] = lines[80].replace(",181,", ",,", 1)
    made = one(dumps.written(tmp_path / "um" / "BTCUSDT-1h-2026-01.csv", "\n".join(lines)))
    assert len(made.parts[0].columns["open_time_ms"]) == 197
    assert made.dropped == {"bars cut short by an outage": 1, "could not be read": 1, "impossible": 1}
    funding = dumps.funding(90).splitlines()
    funding[30] = funding[30].rpartition(",")[0] + ","
    made = one(dumps.written(tmp_path / "BTCUSDT-fundingRate-2026-01.csv", "\n".join(funding)))
    assert len(made.parts[0].columns["time_ms"]) == 89
    assert made.dropped == {"could not be read": 1}


def test_of_two_settlements_of_a_minute_the_first_counts(tmp_path: Path) -> None:
    """Times are rounded to the nearest minute, half a minute upwards, and what is left out is counted."""
    late = (0, 29_999, 30_000, 89_999, 90_000)
    text = dumps.funding(1, header=True).splitlines()[0] + "\n"
    text += "".join(f"{DAY_START_MS + by},8,0.000{rate}\n" for rate, by in enumerate(late, start=1))
    made = one(dumps.written(tmp_path / "BTCUSDT-fundingRate-2026-01.csv", text))
    assert rows(made)["time_ms"] == [DAY_START_MS, DAY_START_MS + 60_000, DAY_START_MS + 120_000]
    assert rows(made)["funding_rate"] == [0.0001, 0.0003, 0.0005]
    assert rows(made)["interval_hours"] == [8, 8, 8]
    assert made.dropped == {"spoke of the same minute": 2}


def metrics_at(day: str, minutes: list[int], *, value: str = "100") -> str:
    """Write metrics of some minutes of a day, counted from its midnight; their open interest is the minute itself."""
    start = datetime.fromisoformat(day)
    lines = [dumps.METRICS_HEADER]
    lines += [f"{start + timedelta(minutes=at)},BTCUSDT,{1000 + at},{value},1.2,1.3,1,0.9" for at in minutes]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("day", "minutes", "later"),
    [
        ("2026-06-24", list(range(5, 1445, 5)), 0),
        ("2026-06-25", list(range(0, 1440, 5)), 5),
        ("2026-06-26", list(range(480, 1440, 5)), 5),
        ("2026-06-26", list(range(0, 600, 5)), 5),
        ("2026-06-20", list(range(480, 1445, 5)), 0),
        ("2026-06-20", list(range(5, 600, 5)), 0),
    ],
    ids=["ends", "starts", "starts, begins late", "starts, ends early", "ends, begins late", "ends, ends early"],
)
def test_metrics_are_known_when_their_five_minutes_end(
    tmp_path: Path, day: str, minutes: list[int], later: int
) -> None:
    """A day labelled by the starts of its five minutes, as since 2026-06-25, is shifted; one by their ends is not."""
    made = one(dumps.written(tmp_path / f"BTCUSDT-metrics-{day}.csv", metrics_at(day, minutes)))
    start = int(datetime.fromisoformat(f"{day}T00:00+00:00").timestamp()) * 1000
    assert list(made.parts[0].columns["time_ms"]) == [start + (at + later) * 60_000 for at in minutes]
    assert list(made.parts[0].columns["open_interest_base"]) == [1000 + at for at in minutes]


def test_a_value_of_zero_beside_coins_is_an_empty_cell(tmp_path: Path) -> None:
    """The column was out; the coins stay."""
    text = metrics_at("2026-05-10", [5, 10], value="0")
    (interest, *_) = one(dumps.written(tmp_path / "BTCUSDT-metrics-2026-05-10.csv", text)).parts
    assert np.isnan(interest.columns["open_interest_quote"]).tolist() == [True, True]


@pytest.mark.parametrize(
    ("cell", "says"),
    [("9" * 5000, "open_time is `9999"), ("²", "open_time is `²`"), ("1.76889E+12", "open_time is `1.76889E")],
)
def test_a_time_that_is_no_whole_number_is_named(tmp_path: Path, cell: str, says: str) -> None:
    """Digits without end, digits of another script, and digits that a spreadsheet cut."""
    text = dumps.klines().replace(str(DAY_START_MS), cell, 1)
    with pytest.raises(DataError, match=rf"^BTCUSDT-1h-2026-01\.csv:1: {re.escape(says)}"):
        read_dumps([dumps.written(tmp_path / "BTCUSDT-1h-2026-01.csv", text)])


def test_zstd_is_read_like_a_plain_file(tmp_path: Path) -> None:
    """A .csv.zst gives the bars of the file in it."""
    plain = dumps.written(tmp_path / "um" / "BTCUSDT-1h-2026-01.csv", dumps.klines(header=True))
    packed = tmp_path / "zst" / "um" / "BTCUSDT-1h-2026-01.csv.zst"
    packed.parent.mkdir(parents=True)
    duckdb.read_csv(str(plain), all_varchar=True).write_csv(str(packed), compression="zstd")
    first, second = one(plain), one(packed)
    assert rows(first) == rows(second)


def rows(made: Converted) -> dict[str, list[Any]]:
    """Give the columns of the one part as lists."""
    return {name: list(values) for name, values in made.parts[0].columns.items()}


def test_a_damaged_or_endless_archive_is_named(tmp_path: Path) -> None:
    """A zip that was cut, and one that unpacks to a thousand times its size."""
    cut = dumps.zipped(tmp_path / "BTCUSDT-1h-2026-01.zip", dumps.klines(300))
    cut.write_bytes(cut.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"^BTCUSDT-1h-2026-01\.zip: is damaged"):
        read_dumps([cut])
    bomb = tmp_path / "ETHUSDT-1h-2026-01.zip"
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("ETHUSDT-1h-2026-01.csv", "w", force_zip64=True) as file,
    ):
        for _ in range(520):
            file.write(b"\n" * 2**20)
    with pytest.raises(DataError, match=r"^ETHUSDT-1h-2026-01\.zip: unpacks to more than 512 MB"):
        read_dumps([bomb])


def test_every_wrong_file_is_reported_at_once(tmp_path: Path) -> None:
    """One bad file does not hide another."""
    dumps.written(tmp_path / "BTCUSDT-1h-2026-01.csv", "")
    (tmp_path / "ETHUSDT-1h-2026-01.zip").write_bytes(b"no zip")
    with pytest.raises(DataError) as caught:
        read_dumps([tmp_path])
    assert len(str(caught.value).splitlines()) == 2


def test_a_checksum_beside_the_file_is_checked(tmp_path: Path) -> None:
    """A download that was cut short is refused where the archive's own checksum lies beside it."""
    path = dumps.zipped(tmp_path / "um" / "BTCUSDT-1h-2026-01.zip", dumps.klines())
    beside = path.with_name(f"{path.name}.CHECKSUM")
    beside.write_text(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n")
    assert one(path).rows == 24
    beside.write_text(f"{'0' * 64}  {path.name}\n")
    with pytest.raises(DataError, match="differs from"):
        read_dumps([path])
