"""An archive behind a URL keeps the promises of one in a folder: a real S3-protocol server on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import s3fs

from reportgen.cli.calibrate import keep_calibrations, own_folder
from reportgen.cli.doctor import examine
from reportgen.config.settings import Config, WatchlistEntry
from reportgen.delivery.archive import store as store_remote
from reportgen.delivery.archive.calibrations import calibration_path
from reportgen.delivery.archive.commit import writing
from reportgen.delivery.archive.query import run_query
from reportgen.delivery.archive.store import LOCK, open_store
from reportgen.delivery.archive.upkeep import briefs_of, verify
from reportgen.errors import EnvironmentProblem, UsageError
from reportgen.morning.making import find_calibrations
from tests.cli.cli_process import REPOSITORY
from tests.delivery.archives import keep, tree
from tests.liquidation.calibrations import calibration


def test_a_bucket_holds_the_same_bytes_as_a_folder(bucket: str, tmp_path: Path) -> None:
    """Two days, one with two revisions: every object is the file that a folder has, and the lock is gone."""
    for place in (bucket, tmp_path):
        for day, headline in ((0, "One."), (1, "Two."), (1, "Three.")):
            keep(place, day, headline=headline)
    store = open_store(bucket)
    assert {path: store.read(path) for path in store.files()} == tree(tmp_path)
    assert verify(store).findings == ()
    assert keep(bucket, 1, headline="Three.").new is False


def test_a_changed_object_is_named(bucket: str) -> None:
    """Missing, changed and unlisted objects are told as in a folder."""
    keep(bucket)
    files = s3fs.S3FileSystem()
    root = bucket.removeprefix("s3://")
    files.pipe_file(f"{root}/2026/01/19/brief.pdf", b"%PDG")
    files.rm_file(f"{root}/2026/01/19/brief.html")
    files.pipe_file(f"{root}/note.txt", b"mine")
    assert [(finding.fault, finding.path) for finding in verify(open_store(bucket)).findings] == [
        ("missing", "2026/01/19/brief.html"),
        ("changed", "2026/01/19/brief.pdf"),
        ("unlisted", "note.txt"),
    ]


def test_rows_can_be_asked_for(bucket: str) -> None:
    """A query reads the bucket's rows."""
    keep(bucket)
    assert run_query(open_store(bucket), "select count(*) from briefs").rows == ((1,),)


@pytest.mark.parametrize("step", [8, 40])
def test_a_run_that_dies_is_finished_or_undone(bucket: str, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Whenever a writer is cut off, nothing is at fault, and the next run has both days, whole."""
    keep(bucket)
    done = iter(range(999))
    with monkeypatch.context() as patch:
        for name in ("write", "append", "_move", "_remove"):
            real = getattr(store_remote.RemoteStore, name)

            def method(self: object, *given: object, _real: Callable[..., object] = real) -> object:
                if next(done) >= step:
                    raise ConnectionError("cut")
                return _real(self, *given)

            patch.setattr(store_remote.RemoteStore, name, method)
        with pytest.raises(ConnectionError, match="cut"):
            keep(bucket, day=1)
    open_store(bucket).remove([LOCK])
    assert verify(open_store(bucket)).findings == ()
    keep(bucket, day=1)
    assert verify(open_store(bucket)).findings == ()
    assert [brief.day for brief in briefs_of(open_store(bucket))] == ["2026-01-19", "2026-01-20"]


def test_two_writers_take_turns(bucket: str) -> None:
    """The second waits for the first; both briefs are there."""
    failed: list[BaseException] = []

    def write(day: int) -> None:
        try:
            keep(bucket, day)
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failed.append(error)

    threads = [threading.Thread(target=write, args=(day,)) for day in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(briefs_of(open_store(bucket))) == 2
    assert verify(open_store(bucket)).findings == ()


def test_a_dead_writers_lock_is_taken_over_and_a_living_ones_is_not(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock that its holder renews is waited for until that is said; one that nobody renews is taken."""
    monkeypatch.setattr(store_remote, "_RENEWED_EVERY_SECONDS", 0.1)
    monkeypatch.setattr(store_remote, "_GONE_AFTER_SECONDS", 1.5)
    monkeypatch.setattr(store_remote, "LONGEST_WAIT_SECONDS", 2.5)
    with writing(bucket), pytest.raises(EnvironmentProblem, match="Another run has been writing"):
        keep(bucket)
    s3fs.S3FileSystem().pipe_file(f"{bucket.removeprefix('s3://')}/{LOCK}", b"another machine 1 0")
    assert keep(bucket).new
    assert open_store(bucket).read(LOCK) is None


def test_the_command_line_takes_the_url(bucket: str, tmp_path: Path) -> None:
    """`brief` writes into the bucket, and leaves nothing on this machine."""
    command = [sys.executable, "-m", "reportgen"]
    inherited = {**os.environ, "PYTHONPATH": str(REPOSITORY)}

    def run(*words: str) -> str:
        done = subprocess.run(
            [*command, *words, "--output", bucket, "--json"],
            cwd=tmp_path, env=inherited, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    written = json.loads(run("brief", "--sample", "--symbols", "BTC"))
    assert written["html"] == f"{bucket}/{written['as_of'][:10].replace('-', '/')}/brief.html"
    assert verify(open_store(bucket)).findings == ()
    assert list(tmp_path.iterdir()) == []


def test_calibrations_are_kept_in_the_bucket(bucket: str) -> None:
    """What `calibrate` writes there is listed, and the next brief finds it; a damaged file is named by its URL."""
    made = (calibration(),)
    path = calibration_path(own_folder(bucket), made)
    kept = keep_calibrations(bucket, path, made, named=False)
    assert kept == f"{bucket}/{path}"
    store = open_store(bucket)
    assert verify(store).findings == ()
    config = Config(watchlist=(WatchlistEntry(symbol="BTC"),), output=bucket)
    found = find_calibrations(config, made[0].sample_end_ms)
    assert [each.symbol for each in found.calibrations] == [made[0].symbol]
    store.write(path.as_posix(), b"{")
    assert f"{bucket}/calibrations" in find_calibrations(config, made[0].sample_end_ms).notes[0]


def test_the_doctor_asks_the_bucket(bucket: str) -> None:
    """A bucket that answers is fine; one that nobody can reach is wrong, with the fix."""
    names = {"output URL"}
    assert [check.state for check in examine(None, bucket) if check.name in names] == ["ok"]
    gone = "nosuch://bucket/briefs"
    assert [(check.state, bool(check.fix)) for check in examine(None, gone) if check.name in names] == [("wrong", True)]


def test_a_url_nobody_can_read_is_one_sentence(bucket: str) -> None:
    """An unknown scheme and a bucket that is not there end in a sentence with the next step."""
    with pytest.raises(UsageError, match="no kind of URL"):
        open_store("nosuch://bucket/briefs")
    with pytest.raises(EnvironmentProblem, match="cannot be read or written"):
        keep(f"{bucket.removesuffix('/morning')}-gone/morning")
