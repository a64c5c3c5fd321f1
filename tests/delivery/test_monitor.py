"""A monitor hears of start, success and failure, on a server of this machine; and never stops a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from reportgen.config.settings import MonitorSettings
from reportgen.delivery.notify import watched
from reportgen.errors import DataError, UsageError
from tests.cli.cli_process import reportgen_here
from tests.delivery.chats import Chats, chats


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked twice: what does not answer here never will."""
    monkeypatch.setattr("reportgen.delivery.notify._ATTEMPTS", 1)


def monitor_at(told: Chats, monkeypatch: pytest.MonkeyPatch) -> MonitorSettings:
    """Name the server as monitor and as channel."""
    monkeypatch.setenv("PING", f"http://127.0.0.1:{told.port}/ping/s3cret/")
    monkeypatch.setenv("DESK", f"json://127.0.0.1:{told.port}/hook")
    return MonitorSettings.model_validate({"url": {"env": "PING"}, "channel": {"env": "DESK"}})


def pings(told: Chats) -> list[str]:
    """List what was asked for with GET."""
    return [path for method, path, _ in told.requests if method == "GET"]


def test_a_run_that_succeeds_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start and success, and no word to the channel."""
    with chats() as told, watched(monitor_at(told, monkeypatch), pytest.fail):
        assert pings(told) == ["/ping/s3cret/start"]
    assert pings(told) == ["/ping/s3cret/start", "/ping/s3cret"]
    assert told.texts() == []


def test_a_run_that_fails_or_is_stale_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """The monitor hears of a failure, the channel one line of why; the error goes on."""
    with chats() as told:
        monitor = monitor_at(told, monkeypatch)
        with pytest.raises(DataError), watched(monitor, pytest.fail):
            raise DataError("No usable candles\nfor BTC.")
        with watched(monitor, pytest.fail) as watch:
            watch.faults.append("STALE BTC: the last bar closed 5 days before as-of.")
    assert pings(told) == ["/ping/s3cret/start", "/ping/s3cret/fail"] * 2
    assert told.texts() == [
        "The morning brief failed: No usable candles for BTC.",
        "The morning brief: STALE BTC: the last bar closed 5 days before as-of.",
    ]


def test_a_failure_that_is_tried_again_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three tries of a morning are one failure; a wrong configuration, which nobody tries again, is told at once."""
    monkeypatch.setenv("REPORTGEN_TRIED_AGAIN", "1")
    with chats() as told:
        monitor = monitor_at(told, monkeypatch)
        with pytest.raises(DataError), watched(monitor, pytest.fail):
            raise DataError("No venue answered.")
        assert pings(told) == ["/ping/s3cret/start"]
        with pytest.raises(UsageError), watched(monitor, pytest.fail):
            raise UsageError("No such venue.")
        assert pings(told)[-1] == "/ping/s3cret/fail"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--source", "nosuch"), "The market folder nosuch is not there."),
        (("--sample", "--output", "config.yaml"), "config.yaml"),
        (("--sample", "--templates", "nosuch"), "The templates folder nosuch is not there."),
    ],
)
def test_a_run_that_cannot_begin_is_heard_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], why: str
) -> None:
    """Whatever fails once config.yaml is read reaches monitor and channel."""
    monitor = "monitor: {url: {env: PING}, channel: {env: DESK}}"
    (tmp_path / "config.yaml").write_text(f"watchlist: [BTC]\n{monitor}\n", encoding="utf-8")
    with chats() as told:
        monitor_at(told, monkeypatch)
        assert reportgen_here(tmp_path, "brief", "--symbols", "BTC", *words).returncode in {1, 2}
    assert pings(told) == ["/ping/s3cret/start", "/ping/s3cret/fail"]
    (line,) = told.texts()
    assert why in line


def test_a_monitor_that_is_gone_stops_nothing(tmp_path: Path) -> None:
    """The brief is made; what did not answer is named on stderr, without its address."""
    (tmp_path / "config.yaml").write_text(
        "watchlist: [BTC]\nsource: sample\nmonitor: {url: {env: PING}}\n", encoding="utf-8"
    )
    done = reportgen_here(tmp_path, "brief", PING="http://127.0.0.1:9/s3cret")
    assert done.returncode == 0
    assert done.stderr.count("monitor.url: The monitor could not be reached.") == 2
    assert "s3cret" not in done.stderr
    assert (tmp_path / "output/latest/brief.html").exists()
