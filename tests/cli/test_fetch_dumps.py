"""`reportgen fetch --from-dump`: what is printed, what is written, and how it ends when a dump is wrong."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.cli_process import reportgen as in_a_process
from tests.cli.cli_process import reportgen_here as reportgen
from tests.cli.conftest import Cluster
from tests.market import dump_files as dumps
from tests.market.answers import serving
from tests.market.test_dumps_coinalyze import endpoint


def test_dumps_become_a_folder_and_the_summary_says_what_was_dropped(tmp_path: Path) -> None:
    """Paths on stdout, sentences on stderr, further dumps without the option's name; a second run adds nothing."""
    dumps.zipped(tmp_path / "um" / "BTCUSDT-1h-2026-01.zip", dumps.klines() + dumps.klines(1))
    dumps.written(tmp_path / "um" / "BTCUSDT-metrics-2026-01-01.csv", dumps.metrics())
    words = (
        "fetch",
        "--from-dump",
        "um/BTCUSDT-1h-2026-01.zip",
        "um/BTCUSDT-metrics-2026-01-01.csv",
        "--out",
        "market",
    )
    done = reportgen(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [
        f"market/{name}.parquet" for name in ("candles", "open_interest", "long_short_ratio")
    ]
    assert "BTCUSDT-1h-2026-01.csv: Binance candles, 25 rows; 1 dropped: stood there twice" in done.stderr
    assert "candles: 24 rows added, 24 in all." in done.stderr
    again = json.loads(reportgen(tmp_path, *words, "--json").stdout)
    assert [(one["table"], one["added"]) for one in again["tables"]] == [
        ("candles", 0), ("open_interest", 0), ("long_short_ratio", 0),
    ]  # fmt: skip
    assert again["files"][0]["dropped"] == {"stood there twice": 1}


def test_a_cluster_converts_to_the_same_folder(tmp_path: Path, cluster: Cluster) -> None:
    """Workers that see the dumps at their paths read them, two at once; a wrong one is named as ever."""
    dumps.zipped(tmp_path / "um" / "BTCUSDT-1h-2026-01.zip", dumps.klines())
    dumps.written(tmp_path / "um" / "BTCUSDT-metrics-2026-01-01.csv", dumps.metrics())
    for out, how in (("near", ("--workers", "2")), ("far", ("--cluster", cluster.address))):
        words = ("fetch", "--from-dump", "um", "--out", out, *how)
        done = in_a_process(tmp_path, *words) if out == "far" else reportgen(tmp_path, *words)
        assert done.returncode == 0, done.stderr
    near, far = (sorted((tmp_path / out).rglob("*.parquet")) for out in ("near", "far"))
    assert len(near) == 3
    assert [path.read_bytes() for path in near] == [path.read_bytes() for path in far]


def test_a_wrong_dump_ends_in_one_error_and_writes_nothing(tmp_path: Path) -> None:
    """The sentence names file and line; no folder comes to be."""
    dumps.written(tmp_path / "BTCUSDT-1h-2026-01.csv", dumps.klines().replace(",105,", ",?,"))
    done = reportgen(tmp_path, "fetch", "--from-dump", ".", "--out", "market")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: BTCUSDT-1h-2026-01.csv:")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "market").exists()


def test_what_is_asked_wrongly_is_a_usage_error(tmp_path: Path) -> None:
    """No dump, a dump that is not there, and the API without a key: each says what to do."""
    assert reportgen(tmp_path, "fetch", "--out", "market").returncode == 2
    gone = reportgen(tmp_path, "fetch", "--from-dump", "gone.zip", "--out", "market")
    assert (gone.returncode, "gone.zip: does not exist" in gone.stderr) == (1, True)
    keyless = reportgen(tmp_path, "fetch", "--from-dump", "coinalyze:BTC", "--out", "market", COINALYZE_API_KEY="")
    assert (keyless.returncode, "COINALYZE_API_KEY" in keyless.stderr) == (2, True)


def test_the_api_is_asked_with_the_key_from_the_environment(tmp_path: Path) -> None:
    """The key reaches the server's header and nothing that is printed or written."""
    with serving(endpoint) as server:
        done = reportgen(
            tmp_path, "fetch", "--from-dump", "coinalyze:BTC", "--out", "market",
            COINALYZE_API_KEY="my-secret", COINALYZE_URL=server.url,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {one.headers["api_key"] for one in server.asked} == {"my-secret"}
    assert "my-secret" not in done.stdout + done.stderr
    assert all(b"my-secret" not in path.read_bytes() for path in (tmp_path / "market").iterdir())
