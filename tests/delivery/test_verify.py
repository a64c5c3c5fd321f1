"""The archive names every file that is not what it was, and the next run finishes what one that was ended began."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reportgen.delivery.archive import commit as transaction
from reportgen.delivery.archive.commit import commit, writing
from reportgen.delivery.archive.manifest import MANIFEST, read_manifest
from reportgen.delivery.archive.store import FolderStore, open_store
from reportgen.delivery.archive.upkeep import Finding, verify
from reportgen.errors import DataError
from tests.delivery.archives import keep, tree


def faults(folder: Path) -> list[tuple[str, str]]:
    """List what is wrong with an archive."""
    return [(finding.fault, finding.path) for finding in verify(open_store(folder)).findings]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Make an archive of two days, one of them with two revisions."""
    for day, headline in ((0, "One."), (1, "Two."), (1, "Three.")):
        keep(tmp_path, day, headline=headline)
    return tmp_path


def test_an_untouched_archive_is_whole(archive: Path) -> None:
    """Every file is listed once in what the manifest says now, with its size."""
    verdict = verify(open_store(archive))
    assert (verdict.findings, verdict.unfinished) == ((), False)
    content = {path: data for path, data in tree(archive).items() if path != MANIFEST}
    assert (verdict.files, verdict.size) == (len(content), sum(map(len, content.values())))


def test_any_changed_byte_is_named(archive: Path) -> None:
    """One bit of any file, the manifest included, is enough, and no other file is blamed but those it speaks of."""
    rng = np.random.default_rng(5)
    for path, content in tree(archive).items():
        place = int(rng.integers(len(content)))
        changed = bytearray(content)
        changed[place] ^= 1 << int(rng.integers(8))
        (archive / path).write_bytes(changed)
        assert path in {name for _, name in faults(archive)}, (path, place)
        (archive / path).write_bytes(content)
    assert faults(archive) == []


def test_every_line_of_the_manifest_counts(archive: Path) -> None:
    """A changed bit, a lost line and a cut end are found wherever they are, also in lines that no longer speak."""
    manifest = archive / MANIFEST
    content = manifest.read_bytes()
    for place in range(0, len(content), 97):
        manifest.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        assert ("changed", MANIFEST) in faults(archive), place
    lines = content.splitlines(keepends=True)
    for number in range(0, len(lines) - 1, 5):
        manifest.write_bytes(b"".join(lines[:number] + lines[number + 1 :]))
        assert ("changed", MANIFEST) in faults(archive), number
    manifest.write_bytes(content[:-1])
    assert ("changed", MANIFEST) in faults(archive)


def test_missing_and_unlisted_files_are_named(archive: Path) -> None:
    """A removed file and one that nobody wrote are told apart; hidden ones are nobody's business."""
    (archive / "2026/01/19/brief.pdf").unlink()
    (archive / "2026/01/20/note.txt").write_bytes(b"mine")
    (archive / ".mail").mkdir()
    (archive / ".mail" / "ledger.sqlite").write_bytes(b"x")
    assert faults(archive) == [("missing", "2026/01/19/brief.pdf"), ("unlisted", "2026/01/20/note.txt")]


def test_no_manifest_means_that_nothing_is_listed(archive: Path) -> None:
    """Removing the manifest hides nothing: every file is then unlisted."""
    (archive / MANIFEST).unlink()
    assert {fault for fault, _ in faults(archive)} == {"unlisted"}
    assert len(faults(archive)) == len(tree(archive))


def test_a_manifest_that_was_changed_at_its_end_is_not_written_on(archive: Path) -> None:
    """A run refuses to add lines behind a broken one, with the next step in its sentence."""
    with (archive / MANIFEST).open("ab") as file:
        file.write(b"half a li")
    with pytest.raises(DataError, match="archive verify"):
        keep(archive, day=2)


def test_the_manifest_only_grows(archive: Path) -> None:
    """What a later run adds stands behind the bytes that were there."""
    before = (archive / MANIFEST).read_bytes()
    keep(archive, day=2)
    after = (archive / MANIFEST).read_bytes()
    assert after.startswith(before)
    assert after != before
    assert read_manifest(after).damaged == 0


class _Dies(Exception):
    """The power goes."""


@pytest.mark.parametrize("step", range(0, 80, 8))
def test_a_run_that_dies_is_finished_or_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Whenever the power goes, nothing is at fault, and the next run has both days, whole."""
    keep(tmp_path)
    left = iter(range(999))
    with monkeypatch.context() as patch:
        for name, real in (("fsync", os.fsync), ("replace", os.replace), ("unlink", os.unlink)):

            def call(*given: Any, _real: Callable[..., Any] = real, **named: Any) -> Any:
                if next(left) >= step:
                    raise _Dies
                return _real(*given, **named)

            patch.setattr(os, name, call)
        with suppress(_Dies):
            keep(tmp_path, day=1)
    assert next(left) > step, "the run ended before its power did"
    assert faults(tmp_path) == []
    assert keep(tmp_path, day=1).folder == "2026/01/20"
    assert faults(tmp_path) == []
    assert not (tmp_path / transaction.STAGING).exists()


def test_a_run_that_writes_meanwhile_is_no_fault(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When an archive changes under the check, it looks again instead of blaming files that are new."""
    written: list[str] = []
    real = FolderStore.read

    def read(self: FolderStore, path: str) -> bytes | None:
        if path == "latest/brief.html" and not written:
            written.append(path)
            keep(archive, day=2)
        return real(self, path)

    monkeypatch.setattr(FolderStore, "read", read)
    assert verify(open_store(archive)).findings == ()
    assert written


def test_a_half_written_manifest_is_written_again(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that dies while it adds to the manifest leaves a torn line; recovery cuts it off first."""
    real = FolderStore.append

    def torn(self: FolderStore, path: str, at: int, content: bytes) -> None:
        real(self, path, at, content[: len(content) // 2])
        raise _Dies

    monkeypatch.setattr(FolderStore, "append", torn)
    with pytest.raises(_Dies):
        keep(archive, day=2)
    monkeypatch.undo()
    assert verify(open_store(archive)).unfinished
    assert faults(archive) == []
    with writing(archive):
        pass
    assert faults(archive) == []
    assert (archive / "2026/01/21/brief.html").exists()


def test_a_disk_that_fills_at_the_manifest_undoes_the_run(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No room for the manifest's lines leaves the archive as it was."""
    before = tree(archive)
    real = FolderStore.append

    def full(self: FolderStore, path: str, at: int, content: bytes) -> None:
        real(self, path, at, content[:10])
        if content:
            raise OSError(28, os.strerror(28), path)

    monkeypatch.setattr(FolderStore, "append", full)
    with pytest.raises(OSError, match="No space"):
        keep(archive, day=2)
    assert tree(archive) == before


def test_a_changed_journal_is_not_followed(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal that cannot be read stops the run with a sentence; nothing is moved."""
    monkeypatch.setattr(transaction, "_finish", lambda *_: None)
    with writing(archive) as store:
        commit(store, {"a.txt": b"a"})
    monkeypatch.undo()
    (archive / transaction.JOURNAL).write_bytes(b"{}")
    with pytest.raises(DataError, match="is not as it was written"):
        keep(archive, day=2)
    assert not (archive / "a.txt").exists()


def test_a_finding_says_how_a_file_differs(archive: Path) -> None:
    """Size and bytes are told apart."""
    path = archive / "2026/01/19/brief.pdf"
    path.write_bytes(path.read_bytes() + b"!")
    assert verify(open_store(archive)).findings == (
        Finding(fault="changed", path="2026/01/19/brief.pdf", detail="15 bytes instead of 14"),
    )
