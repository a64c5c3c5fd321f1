"""The rows of every brief answer SQL, and nothing but them can be reached."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import duckdb
import pytest

from reportgen.delivery.archive.query import run_query
from reportgen.delivery.archive.rows import TABLES
from reportgen.delivery.archive.store import open_store
from reportgen.errors import DataError, UsageError
from tests.cli.cli_process import REPOSITORY
from tests.cli.cli_process import reportgen_here as reportgen
from tests.delivery.archives import brief_of, keep

QUESTIONS = re.findall(r"```sql\n(.*?)```", (REPOSITORY / "docs/archive.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an archive of three days, the second with two revisions."""
    folder = tmp_path_factory.mktemp("archive")
    for day, headline in ((0, "One."), (1, "Two."), (1, "Three."), (2, "Four.")):
        keep(folder, day, headline=headline)
    return folder


def test_there_are_five_questions() -> None:
    """The page has as many as it promises."""
    assert len(QUESTIONS) == 5


@pytest.mark.parametrize("sql", QUESTIONS)
def test_a_documented_question_has_an_answer(archive: Path, sql: str) -> None:
    """Each question of docs/archive.md runs and finds rows, but for the extremes that these mornings lack."""
    answer = run_query(open_store(archive), sql.replace("'BTC'", "'ETH'"))
    assert len(answer.columns) >= 4
    assert answer.rows or "funding_extreme" in sql
    assert all(len(row) == len(answer.columns) for row in answer.rows)


def test_a_table_holds_the_last_revision_of_each_day(archive: Path) -> None:
    """`briefs` has a row a day, `briefs_all` one a revision, and the numbers are the brief's own."""
    store = open_store(archive)
    last = run_query(store, "select date, revision, headline from briefs order by date").rows
    assert last == (
        (date(2026, 1, 19), 1, "One."), (date(2026, 1, 20), 2, "Three."), (date(2026, 1, 21), 1, "Four."),
    )  # fmt: skip
    assert run_query(store, "select count(*) from briefs_all").rows == ((4,),)
    symbol = next(one for one in json.loads(brief_of(0)[1])["symbols"] if one["base"] == "ETH")
    zones = run_query(store, "select low, share from zones where date = '2026-01-19' order by low").rows
    assert zones == tuple(sorted((zone["low"], zone["share"]) for zone in symbol["zones"]))


@pytest.mark.parametrize("at", [0, 40, -30])
def test_a_damaged_file_of_rows_is_named(tmp_path: Path, at: int) -> None:
    """Magic bytes, a page or the footer: the answer is one sentence with the file, not a part of the rows."""
    keep(tmp_path, 0)
    keep(tmp_path, 1)
    path = tmp_path / "snapshots" / "zones" / "date=2026-01-20" / "r1.parquet"
    content = bytearray(path.read_bytes())
    at %= len(content)
    content[at : at + 20] = b"\xff" * 20
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"date=2026-01-20/r1\.parquet: is damaged"):
        run_query(open_store(tmp_path), "select * from zones")
    assert run_query(open_store(tmp_path), "select count(*) from symbols").rows


def test_what_was_missing_is_null_with_its_reason(archive: Path) -> None:
    """A symbol without candles has no price, not zero, and the reason stands in coverage."""
    store = open_store(archive)
    assert run_query(store, "select distinct price from symbols where base = 'BTC'").rows == ((None,),)
    reasons = run_query(store, "select distinct reason from coverage where not known").rows
    assert all(reason for (reason,) in reasons)
    assert reasons


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_there(archive: Path, table: str) -> None:
    """A table can be asked for even when no brief has a row in it."""
    assert run_query(open_store(archive), f"select date, as_of, revision, brief from {table} limit 0").rows == ()  # noqa: S608 - own names


@pytest.mark.parametrize(
    "sql",
    [
        "selec 1",
        "",
        "select 1; select 2",
        "drop table zones_all",
        "insert into zones_all select * from zones_all",
        "copy zones to 'stolen.csv'",
        "attach 'other.db'",
        "install httpfs",
        "set enable_external_access = true",
        "pragma version",
        "select * from 'snapshots/zones/**/*.parquet'",
        "select * from read_csv('/etc/hostname')",
        "select * from read_text('/etc/hostname')",
        "select * from glob('/*')",
        "select nothing from zones",
        "select * from prices",
        "select 1 / 'a'",
    ],
)
def test_anything_else_is_one_sentence(archive: Path, sql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no SELECT over the tables changes nothing, reads nothing, and says why on one line."""
    monkeypatch.chdir(archive)
    with pytest.raises(UsageError) as caught:
        run_query(open_store(archive), sql)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
    assert not (archive / "stolen.csv").exists()


def test_other_tools_read_the_partitions(archive: Path) -> None:
    """The folder is a Hive-partitioned data set by itself."""
    found = duckdb.read_parquet(f"{archive}/snapshots/briefs/*/*.parquet", hive_partitioning=True)
    assert found.aggregate("count(distinct date)").fetchall() == [(3,)]


def test_the_answer_is_printed_as_table_csv_or_json(archive: Path) -> None:
    """The three forms hold the same rows; a query that makes no sense exits 2."""
    sql = "select date, symbol, price from symbols where date = '2026-01-20' order by symbol"
    table, comma, obj = (
        reportgen(archive, "archive", "query", sql, "--output", ".", "--format", form)
        for form in ("table", "csv", "json")
    )
    assert (table.returncode, comma.returncode, obj.returncode) == (0, 0, 0), table.stderr
    rows = json.loads(obj.stdout)["rows"]
    assert [row["symbol"] for row in rows] == ["BTC/USDT:USDT", "ETH/USDT:USDT"]
    assert comma.stdout.splitlines()[0] == "date,symbol,price"
    assert comma.stdout.splitlines()[1] == "2026-01-20,BTC/USDT:USDT,"
    assert "n/a" in table.stdout.splitlines()[2]
    assert reportgen(archive, "archive", "query", "selec", "--output", ".").returncode == 2
