"""What the outside does to a run: it is killed, the disk is full, another one comes at the same time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from reportgen.delivery.archive.commit import STAGING, add_files, writing
from reportgen.delivery.archive.store import open_store
from reportgen.delivery.archive.upkeep import briefs_of, verify
from tests.cli.cli_process import REPOSITORY
from tests.delivery.archives import keep, tree

KILLS = 25
WRITER = [sys.executable, "-m", "tests.delivery.writer"]
FULL_DISK_BYTES = 700_000


def writer(*words: object) -> subprocess.Popen[str]:
    """Start a process that writes briefs."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [*WRITER, *map(str, words)]
    return subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


class Forge:
    """A warm process whose children write one day each and die where they are told."""

    def __init__(self, output: Path) -> None:
        """Start it and wait until it is warm."""
        self.process = writer(output)
        self._answer()

    def _answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def write(self, day: int, events: int) -> int | None:
        """Write a day in a child that dies after so many file events; the events it saw, None when it was killed."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{day} {events}\n")
        self.process.stdin.flush()
        first = self._answer()
        if first == "killed":
            return None
        assert self._answer() == "done"
        return int(first)


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    """Give a warm process that writes into the test's folder."""
    made = Forge(tmp_path)
    yield made
    made.process.communicate(timeout=60)


def test_kills_all_along_a_run(tmp_path: Path, forge: Forge) -> None:
    """After each kill -9 nothing is at fault, and the next run finishes what was begun; no day is there twice."""
    forge.write(0, 100_000)
    events = forge.write(1, 100_000)
    assert events is not None
    day, midway = 2, 0
    for point in np.random.default_rng(50).permutation(np.linspace(0, events - 20, KILLS).astype(int)).tolist():
        while forge.write(day, point) is not None:
            day += 1  # the run before was killed so late that this one only finished it
        verdict = verify(open_store(tmp_path))
        assert verdict.findings == ()
        midway += verdict.unfinished
    forge.write(day, 100_000)
    assert midway > KILLS // 10, "hardly any kill came between the journal and the last file"
    assert verify(open_store(tmp_path)).findings == ()
    assert [brief.revision for brief in briefs_of(open_store(tmp_path))] == [1] * (day + 1)
    assert not (tmp_path / STAGING).exists()
    assert not list(tmp_path.rglob(".*.unfinished"))


def at_work_in(folder: Path) -> list[str]:
    """List the processes whose working folder this is."""
    return [one.parent.name for one in Path("/proc").glob("[0-9]*/cwd") if os.path.realpath(one) == str(folder)]


def test_a_whole_run_that_is_killed(tmp_path: Path) -> None:
    """A killed `reportgen brief` leaves an archive that verifies and no process at work; the next run completes."""
    command = [sys.executable, "-m", "reportgen", "brief", "--sample", "--symbols", "BTC", "--output", "out"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    keep(tmp_path / "out")
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL)
    while process.poll() is None and not (tmp_path / "out" / STAGING).exists():
        time.sleep(0.001)
    process.kill()
    process.wait()
    assert verify(open_store(tmp_path / "out")).findings == ()
    until = time.monotonic() + 20
    while (left := at_work_in(tmp_path)) and time.monotonic() < until:
        time.sleep(0.01)
    assert left == []
    again = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert verify(open_store(tmp_path / "out")).findings == ()
    assert len(briefs_of(open_store(tmp_path / "out"))) == 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk that is full soon."""
    place = tmp_path / "disk"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={FULL_DISK_BYTES}", "tmpfs", str(place)]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small disk")
    if subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_leaves_the_archive_as_it_was(small_disk: Path) -> None:
    """Briefs are written until there is no room; then nothing has changed, and with room the next run completes."""
    ballast = small_disk / ".ballast"
    ballast.write_bytes(bytes(150_000))
    day = -1
    with pytest.raises(OSError, match="No space left"):  # noqa: PT012 - the disk decides at which day
        for day in range(100):
            before = tree(small_disk)
            keep(small_disk, day)
    assert day > 0
    assert tree(small_disk) == before
    assert verify(open_store(small_disk)).findings == ()
    ballast.unlink()
    assert keep(small_disk, day).new
    assert verify(open_store(small_disk)).findings == ()


def test_two_runs_at_once_take_turns(tmp_path: Path) -> None:
    """Two processes that write days of their own at the same time both succeed, and the archive is whole."""
    both = [writer(tmp_path, 0, 4), writer(tmp_path, 10, 14)]
    for process in both:
        process.communicate(timeout=60)
    assert [process.returncode for process in both] == [0, 0]
    assert len(briefs_of(open_store(tmp_path))) == 8
    assert verify(open_store(tmp_path)).findings == ()


def test_the_second_of_two_runs_waits_for_the_first(tmp_path: Path) -> None:
    """While one run holds the archive another one does not begin to write."""
    with writing(tmp_path) as store:
        process = writer(tmp_path, 0, 1)
        assert process.stdout is not None
        assert process.stdout.readline() == "0\n"
        time.sleep(0.3)
        assert process.poll() is None
        assert [path for path in store.files() if not path.startswith(".")] == []
    process.communicate(timeout=60)
    assert process.returncode == 0
    add_files(tmp_path, {"calibrations/2026-01-01.json": b"{}"})
    assert verify(open_store(tmp_path)).findings == ()
