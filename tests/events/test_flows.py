"""ETF flows and spot volume: what they read as, from where, and that no figure is known on its own day."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.config.assumptions import DEFAULTS
from reportgen.config.events import FlowApi, FlowFile, FlowSource
from reportgen.errors import DataError
from reportgen.events.flow_tables import gather_flows, read_flow_file
from reportgen.events.flows import NO_FLOWS, FlowReading, known_flows, read_flows
from reportgen.market.data import Candles, EtfFlows, MarketData
from reportgen.market.folder.read import read_market
from reportgen.units import DAY_MS, HOUR_MS, Floats, Missing
from tests.events.servers import NOW_MS, network, serving

TODAY = datetime.fromtimestamp(NOW_MS / 1000, tz=UTC).date()
FARSIDE = (
    "\tIBIT\tFBTC\tGBTC\tTotal\nFee\t0.25%\t0.25%\t1.50%\t\n"
    "16 Nov 2026\t125.5\t(3.2)\t0.0\t122.3\n"
    "17 Nov 2026\t1,200.5\t\u22123.2\t-\t1,197.3\n"
    "18 Nov 2026\t-10.0\t-\t(0.5)\t(10.5)\n"
    "19 Nov 2026\t5.0\t-\t-\t5.0\n"
    "Total\t9,999.0\t1.0\t1.0\t9.0\nAverage\t1.0\t1.0\t1.0\t3.0\n"
)


def service(url: str | None = None, **key: str) -> FlowApi:
    """Name the service with a place of its key."""
    return FlowApi.model_validate({"asset": "BTC", "api": "sosovalue", "key": key, "url": url})


def flows(*net: float, last_days_ago: int = 1) -> EtfFlows:
    """Make sessions of consecutive days."""
    days = [TODAY - timedelta(days=last_days_ago + back) for back in range(len(net))][::-1]
    return EtfFlows(
        date=tuple(map(str, days)), net_flow_quote=np.array(net, dtype=np.float64),
        tickers=np.ones(len(net), dtype=np.int64), source="test",
    )  # fmt: skip


def hourly(volume: Floats) -> Candles:
    """Make hourly bars up to now."""
    n = len(volume)
    ones = np.ones(n)
    return Candles(
        interval_ms=HOUR_MS, open_time_ms=NOW_MS - HOUR_MS * np.arange(n, 0, -1, dtype=np.int64), open=ones, high=ones,
        low=ones, close=ones, volume_base=volume, taker_buy_base=Missing("no"),
    )  # fmt: skip


def market(etf: EtfFlows | Missing, spot: Floats | None = None, perpetual: Floats | None = None) -> MarketData:
    """Make a market of nothing but flows and volume."""
    no = Missing("Nothing.")
    return MarketData(
        symbol="BTC/USDT:USDT", as_of_ms=NOW_MS, candles=no if perpetual is None else {"a": hourly(perpetual)},
        open_interest=no, funding=no, order_book=no, liquidations=no, brackets=no, simulated=False,
        spot_candles=no if spot is None else {"a": hourly(spot)}, etf_flows=etf,
    )  # fmt: skip


def reading(of: MarketData) -> FlowReading:
    """Read what must be there."""
    found = read_flows(of, DEFAULTS)
    assert isinstance(found, FlowReading)
    return found


def test_a_surprise_is_a_z_score_against_the_sessions_before() -> None:
    """Ten million above a mean of zero with a spread of about one million is a shift; the sentence has the numbers."""
    quiet = [(-1e6) ** 1 if day % 2 else 1e6 for day in range(20)]
    found = reading(market(flows(*quiet, 10e6)))
    assert not isinstance(found.etf_z, Missing)
    assert found.etf_z == pytest.approx(10e6 / np.std(quiet, ddof=1))
    assert (found.etf_sessions, found.shifted, found.etf_shifted) == (20, True, True)
    assert "+$10.0\u202fm on 19 Nov" in found.reading


@pytest.mark.parametrize(("last", "shocks"), [(3.001, 1), (2.999, 0), (-3.001, 1)])
def test_a_large_surprise_is_a_catalyst_with_its_session_and_amount(last: float, shocks: int) -> None:
    """At a z-score of 3 and beyond, in either direction, a session's flow is a catalyst of its own."""
    before = [-1.0, 1.0] * 10
    spread = float(np.std(before, ddof=1))
    reading = read_flows(market(flows(*before, last * spread)), DEFAULTS)
    assert isinstance(reading, FlowReading)
    told = ("ETF flow", reading.etf_date, last, last * spread)
    assert [(one.what, one.session, round(one.z, 3), one.amount) for one in reading.shocks] == [told] * shocks
    assert all(one.text in reading.reading for one in reading.shocks)


def test_a_session_is_not_known_on_its_own_day() -> None:
    """The figure of today's session changes nothing; that of yesterday's does."""
    past = [1e6, -1e6] * 10
    before = reading(market(flows(*past)))
    with_today = replace(flows(*past, 99e6, last_days_ago=0))
    assert reading(market(with_today)).etf_net_quote == before.etf_net_quote
    assert known_flows(with_today, NOW_MS + DAY_MS).date == with_today.date


def test_too_few_and_too_old_sessions_are_said() -> None:
    """Without enough sessions there is a figure and no z; an old last session is no figure at all."""
    few = reading(market(flows(1e6, 2e6)))
    assert few.etf_net_quote == 2e6
    assert isinstance(few.etf_z, Missing)
    old = reading(market(flows(*[1e6, 2e6] * 8, last_days_ago=9)))
    assert isinstance(old.etf_net_quote, Missing)
    assert "too old" in old.reading


def test_without_any_input_there_is_no_reading() -> None:
    """Neither flows nor spot candles: Missing, with its reason."""
    assert read_flows(market(Missing("x")), DEFAULTS) == NO_FLOWS


def test_spot_share_is_of_the_last_day_against_days_before() -> None:
    """Spot at a fifth of all volume for weeks and at half on the last day is a shift; without ETF flows it says so."""
    rng = np.random.default_rng(3)
    spot = rng.uniform(0.9, 1.1, 24 * 25)
    perpetual = np.full(24 * 25, 4.0)
    spot[-24:] = 4.0
    found = reading(market(Missing("No ETF flows were given."), spot, perpetual))
    assert found.spot_share == pytest.approx(0.5)
    assert found.shifted
    assert not found.etf_shifted
    assert "ETF flows are not known" in found.reading


@given(st.floats(0.01, 1e6))
def test_the_spot_share_knows_no_unit(scale: float) -> None:
    """Coins or satoshis, the share and its z-score are the same."""
    rng = np.random.default_rng(5)
    spot, perpetual = rng.uniform(1, 2, 24 * 22), rng.uniform(3, 5, 24 * 22)
    one = reading(market(Missing("x"), spot, perpetual))
    other = reading(market(Missing("x"), spot * scale, perpetual * scale))
    assert one.spot_share == pytest.approx(other.spot_share)
    assert one.spot_z == pytest.approx(other.spot_z)


def test_a_table_as_copied_is_read_whole(tmp_path: Path) -> None:
    """Parentheses, both minus signs, thousands, dashes, fee and total rows; a session not yet whole is left out."""
    path = tmp_path / "btc.txt"
    path.write_text(FARSIDE, encoding="utf-8")
    found = read_flow_file(path)
    assert found.date == ("2026-11-16",)
    path.write_text(FARSIDE.replace("125.5\t(3.2)\t0.0\t122.3", "125.5\t(3.2)\t-\t122.3"), encoding="utf-8")
    found = read_flow_file(path)
    assert found.date == ("2026-11-16", "2026-11-17", "2026-11-18")
    assert found.net_flow_quote.tolist() == pytest.approx([122.3e6, 1197.3e6, -10.5e6])
    assert found.tickers.tolist() == [2, 2, 2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FARSIDE.replace("122.3", "222.3"), "add up to 122.3"),
        (FARSIDE.replace("125.5", "12x"), "`12x` is not a flow"),
        (FARSIDE.replace("(3.2)", "(3.2"), "is not a flow"),
        (FARSIDE.replace("17 Nov", "16 Nov"), "stands there twice"),
        ("Date,IBIT\n", "no row that begins with a date"),
        ("<html>403</html>", "is a web page"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """Totals that do not add up, torn cells, days twice and error pages are each one clear sentence."""
    path = tmp_path / "btc.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=said.replace("(", r"\(")):
        read_flow_file(path)


@pytest.mark.parametrize(
    ("text", "net"),
    [
        ("Date;A;B;Total\n18 Nov 2026;10,0;(3,2);6,8\n19 Nov 2026;1.013,5;3,0;1.016,5\n", [6.8, 1016.5]),
        ("Date\tA\tB\tTotal\n18 Nov 2026\t1,197\t45\t1,242\n19 Nov 2026\t10\t5\t15\n", [1242, 15]),
        ("Date\tA\tB\n18 Nov 2026\t1,197.0\t45\n19 Nov 2026\t10.5\t5\n", [1242, 15.5]),
        ("Date\tA\tTotal Net Flow\n18-Nov-26\t10.0\t10.0\n19-Nov-26\t12.8\t12.8\n", [10, 12.8]),
        ("Date\tA\n11/18/2026\t10.0\n11/19/2026\t12.8\n", [10, 12.8]),
        ("Date\tA\n18/11/2026\t10.0\n19/11/2026\t12.8\n", [10, 12.8]),
        ("Date\tA\nWed, Nov 18, 2026\t10.0\n2026-11-19 00:00:00\t12.8\nSource: a page\n", [10, 12.8]),
        ("date,totalNetInflow,totalNetAssets,cumNetInflow\n2026-11-18,11.8,100000,5000\n2026-11-19,12.8,100000,5000\n",
         [11.8, 12.8]),
        ("Date,iShares,Fidelity,BTC price,Volume,AUM\n2026-11-18,1.5,2,91000,5000,9\n2026-11-19,2,3,91000,6000,9\n",
         [3.5, 5]),
    ],
)  # fmt: skip
def test_figures_dates_and_columns_are_read_as_they_are_meant(tmp_path: Path, text: str, net: list[float]) -> None:
    """Decimal commas, thousands, a spreadsheet's dates, totals by another name, assets, prices and volumes."""
    path = tmp_path / "btc.txt"
    path.write_text(text, encoding="utf-8")
    found = read_flow_file(path)
    assert found.date == ("2026-11-18", "2026-11-19")
    assert (found.net_flow_quote / 1e6).tolist() == pytest.approx(net)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Date;A;B\n18 Nov 2026;1,197;2,250\n", "may part thousands or decimals"),
        ("Date;A;B;Total\n18 Nov 2026;1,197;2,250;3,447\n", "may part thousands or decimals"),
        ("Date;A;B\n18 Nov 2026;12,8;10.5\n", "`12,8` is not a flow"),
        ("Date;A\n18 Nov 2026;1,19,7\n", "`1,19,7` is not a flow"),
        ("18 Nov 2026\n10.0\n5.0\n19 Nov 2026\n11.0\n", "f.txt:2: `10.0` is neither a date nor a row of totals"),
        ("Date;A\n18 Nov 2026;10\n19 of November;12\n", "f.txt:3: `19 of November` is neither a date"),
        ("Date;A\n11/10/2026;10\n11/11/2026;12\n", "may be of two days"),
        ("x\t" + "9" * 200_000, "f.txt:1: this is no table"),
    ],
)
def test_what_may_mean_two_things_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    """A figure or a day that can be read in two ways, a row that is neither, and a cell without end are not guessed."""
    path = tmp_path / "f.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_flow_file(path)
    assert said in str(caught.value)


def test_the_service_is_asked_with_its_key_and_tells_it_to_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key of the environment goes into a header, never into a copy, a reason or a reading."""
    monkeypatch.setenv("FLOW_KEY", "hush-hush")
    rows = [{"date": "2026-11-19", "total_net_inflow": -5.5e6}, {"date": "2026-11-18", "total_net_inflow": 1e6}]
    with serving() as server:
        path = "/openapi/v1/etfs/summary-history"
        server.body[path] = json.dumps({"code": 0, "data": rows}).encode()
        api = service(env="FLOW_KEY", url=server.url)
        found = gather_flows([api], network(tmp_path))["BTC"]
        server.status = 401
        refused = gather_flows([api], network(tmp_path / "none"))["BTC"]
    assert isinstance(found, EtfFlows)
    assert found.date == ("2026-11-18", "2026-11-19")
    assert found.net_flow_quote.tolist() == [1e6, -5.5e6]
    asked, headers, _ = server.asked[0]
    assert "symbol=BTC" in asked
    assert {name.lower(): value for name, value in headers.items()}["x-soso-api-key"] == "hush-hush"
    assert isinstance(refused, Missing)
    assert "HTTP 401" in refused.reason
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"hush" not in kept
    assert "hush" not in repr(found) + refused.reason


def test_a_key_that_is_not_set_is_a_reason(tmp_path: Path) -> None:
    """No key in the environment or the file: the flows are missing, and nobody is asked."""
    for api in (
        service(env="NOT_SET_ANYWHERE"),
        service(file=str(tmp_path / "no")),
    ):
        assert isinstance(gather_flows([api], network())["BTC"], Missing)


ROWS = "16 Nov 2026\t1.0\t2.0\t3.0\t6.0\n17 Nov 2026\t1.5\t-\t3.5\t5.0\n18 Nov 2026\t2.0\t2.0\t(3.0)\t1.0\n"
MORE = "12 Nov 2026\t0.0\t0.0\t0.0\t0.0\n13 Nov 2026\t4.0\t1.0\t1.0\t6.0\n"


@pytest.mark.parametrize(
    "above",
    [
        "\tBlackrock\tFidelity\tArk\tTotal\n\tIBIT\tFBTC\tARKB\t\nFee\t0.25%\t0.25%\t0.2%\t\n",
        MORE,
        "\tA\tB\tC\t\n" + MORE,
    ],
)
def test_a_total_is_never_counted_as_a_fund(tmp_path: Path, above: str) -> None:
    """The word may stand in the upper of two lines of names, or in none where the last column adds the others up."""
    path = tmp_path / "btc.txt"
    path.write_text(above + ROWS, encoding="utf-8")
    found = read_flow_file(path)
    assert found.date[-2:] == ("2026-11-16", "2026-11-18")
    assert found.net_flow_quote[-2:].tolist() == [6e6, 1e6]
    assert set(found.tickers.tolist()) == {3}


def test_a_fund_that_closes_makes_no_later_session_pending(tmp_path: Path) -> None:
    """Three sessions after its last figure the others count again without it."""
    path = tmp_path / "btc.csv"
    rows = ["Date,IBIT,DEFI"] + [f"{day} Nov 2026,{day}.0,{'1.0' if day < 11 else '-'}" for day in range(9, 19)]
    path.write_text("\n".join(rows), encoding="utf-8")
    assert [day[-2:] for day in read_flow_file(path).date] == ["09", "10", "14", "15", "16", "17", "18"]


def test_of_two_sources_the_first_that_gives_any_is_used(tmp_path: Path) -> None:
    """A file stands in for a service without a key."""
    path = tmp_path / "btc.csv"
    path.write_text("Date,IBIT\n18 Nov 2026,2.0\n", encoding="utf-8")
    sources: list[FlowSource] = [
        service(env="NOT_SET_ANYWHERE"),
        FlowFile(asset="BTC", file=path),
    ]
    found = gather_flows(sources, network())["BTC"]
    assert isinstance(found, EtfFlows)
    assert found.net_flow_quote.tolist() == [2e6]


def folder_of(tmp_path: Path, rows: str) -> Path:
    """Write a market folder of one bar and some ETF flows."""
    bars = f"binance,BTC/USDT:USDT,1h,{NOW_MS - HOUR_MS},1,1,1,1,1\n"
    header = "venue,symbol,interval,open_time_ms,open,high,low,close,volume_base\n"
    (tmp_path / "candles.csv").write_text(header + bars, encoding="utf-8")
    (tmp_path / "etf_flows.csv").write_text("asset,date,ticker,net_flow_quote\n" + rows, encoding="utf-8")
    return tmp_path


def test_the_folders_table_adds_funds_up_and_counts_no_total_twice(tmp_path: Path) -> None:
    """Two funds and their total are the sum of the two; a total alone stands; other coins and today are left out."""
    rows = (
        "BTC,2026-11-18,IBIT,1000000\nBTC,2026-11-18,FBTC,-250000\nBTC,2026-11-18,Total,750000\n"
        "BTC,2026-11-17,Total,5\nETH,2026-11-18,ETHA,7\nBTC,2026-11-20,IBIT,9\n"
    )
    folder = folder_of(tmp_path, rows)
    gathered = read_market(folder, ("BTC", "SOL"), as_of_ms=NOW_MS)
    found = gathered.markets["BTC/USDT:USDT"].etf_flows
    assert isinstance(found, EtfFlows)
    assert found.date == ("2026-11-17", "2026-11-18")
    assert found.net_flow_quote.tolist() == [5, 750_000]
    assert found.tickers.tolist() == [1, 2]
    assert isinstance(gathered.markets["SOL/USDT:USDT"].etf_flows, Missing)
    assert "etf_flows.csv" in gathered.provenance


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("BTC,soon,IBIT,1", "row 1: date is no date"),
        ("BTC,2026-11-18,IBIT,", "row 1: net_flow_quote"),
        ("BTC,2026-11-18,,1", "row 1: ticker is empty"),
        ("BTC,2026-11-18,IBIT,1\nBTC,2026-11-18,ibit,2", "stands there twice"),
    ],
)
def test_a_wrong_row_of_the_folders_table_is_named(tmp_path: Path, row: str, said: str) -> None:
    """Each impossible cell is one sentence with its row."""
    with pytest.raises(DataError, match=said):
        read_market(folder_of(tmp_path, f"{row}\n"), ("BTC",), as_of_ms=NOW_MS)
