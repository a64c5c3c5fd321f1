"""Nothing of the user's is lost: foreign files, links and forged journals are named before anything is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reportgen.delivery.archive import commit as transaction
from reportgen.delivery.archive.commit import commit, write_brief_files, writing
from reportgen.delivery.archive.manifest import MANIFEST, against, anchor_of
from reportgen.delivery.archive.store import open_store
from reportgen.delivery.archive.upkeep import rebuild, verify
from reportgen.errors import DataError, UsageError
from reportgen.moments import day_of
from tests.delivery.archives import brief_of, files_of, keep, tree


def put(folder: Path, *paths: str) -> dict[str, bytes]:
    """Write files of somebody's into a folder, and give the folder's files."""
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"MINE")
    return tree(folder)


@pytest.mark.parametrize(
    "path", ["index.html", "feed.xml", "latest/brief.html", "site/site.css", "2026/01/19/brief.pdf"]
)
def test_a_file_in_the_way_is_named_and_stays(tmp_path: Path, path: str) -> None:
    """In a folder without a manifest a name that would be replaced is refused; nothing is written."""
    before = put(tmp_path, path)
    with pytest.raises(UsageError, match="is in the way"):
        keep(tmp_path)
    with pytest.raises(UsageError, match="is in the way"), writing(tmp_path):
        pass
    assert tree(tmp_path) == before


@pytest.mark.parametrize("path", ["2026/01/20/brief.html", "latest/alerts.csv", "2026/01/20/input/candles.parquet"])
def test_a_name_of_ours_in_an_archive_is_not_taken_from_somebody_else(tmp_path: Path, path: str) -> None:
    """Where a manifest stands, what it does not list is somebody else's, whatever its name; the archive stays whole."""
    as_of, content = brief_of(0)
    write_brief_files(tmp_path, day_of(as_of), files=files_of(content), extra={"alerts.csv": b"a"})
    keep(tmp_path, headline="Another finding.")  # from now on latest/ holds no alerts
    before = put(tmp_path, path)
    as_of, content = brief_of(1)
    extra = {"alerts.csv": b"b", "input/candles.parquet": b"bars"}
    with pytest.raises(UsageError, match=rf"{path} is in the way"):
        write_brief_files(tmp_path, day_of(as_of), files=files_of(content), extra=extra)
    assert tree(tmp_path) == before
    (tmp_path / path).unlink()
    write_brief_files(tmp_path, day_of(as_of), files=files_of(content), extra=extra)
    assert verify(open_store(tmp_path)).findings == ()


def test_foreign_files_stay_through_every_command(tmp_path: Path) -> None:
    """What stands beside ours is never listed, replaced or removed, whether it was there before or came later."""
    early = (
        "notes.txt",
        "latest/mine.txt",
        "latest/deep/x.txt",
        "symbols/list.csv",
        "site/my.json",
        "2026/01/19/a.txt",
    )
    late = ("latest/late.txt", "symbols/late.csv", "site/late.json", "2026/01/19/late.txt")
    put(tmp_path, *early)
    keep(tmp_path)
    put(tmp_path, *late)
    keep(tmp_path, day=1)
    with writing(tmp_path) as store:
        rebuild(store, reread=True)
    assert {path for path, content in tree(tmp_path).items() if content == b"MINE"} == {*early, *late}
    findings = verify(open_store(tmp_path)).findings
    assert {(one.fault, one.path) for one in findings} == {("unlisted", path) for path in (*early, *late)}


def test_an_archive_of_the_first_version_is_taken_in_and_a_strange_start_page_is_not(tmp_path: Path) -> None:
    """Briefs without a manifest are listed; an index.html that is none of ours stays."""
    keep(tmp_path)
    (tmp_path / MANIFEST).unlink()
    keep(tmp_path, day=1)
    assert verify(open_store(tmp_path)).findings == ()
    (tmp_path / MANIFEST).unlink()
    put(tmp_path, "index.html")
    with pytest.raises(UsageError, match=r"index\.html is in the way"):
        keep(tmp_path, day=2)
    assert (tmp_path / "index.html").read_bytes() == b"MINE"


@pytest.mark.parametrize("name", ["latest", ".transaction", "site", "symbols", "snapshots", "2026", "2026/01"])
def test_nothing_is_written_through_a_link(tmp_path: Path, name: str) -> None:
    """A folder of ours that is a link is refused, and what it points to stays as it is."""
    before = put(tmp_path / "other", "a.txt")
    link = tmp_path / "out" / name
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "other")
    with pytest.raises(UsageError, match="symbolic link"):
        keep(tmp_path / "out")
    assert tree(tmp_path / "other") == before


@pytest.mark.parametrize("name", [MANIFEST, ".reportgen.lock"])
def test_a_file_that_is_a_link_is_not_followed(tmp_path: Path, name: str) -> None:
    """Neither the manifest nor the lock is opened through a link."""
    put(tmp_path, "other.txt")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).symlink_to(tmp_path / "other.txt")
    with pytest.raises(UsageError, match="symbolic link"):
        keep(tmp_path / "out")
    assert (tmp_path / "other.txt").read_bytes() == b"MINE"


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an archive whose last run was ended before its files were moved."""
    folder = tmp_path / "out"
    keep(folder)
    with monkeypatch.context() as patch:
        patch.setattr(transaction, "_finish", lambda *_: None)
        with writing(folder) as store:
            commit(store, {"calibrations/2026-01-01.json": b"{}"}, ["latest/brief.pdf"])
    put(tmp_path, "victim.txt")
    return folder


def forged(**changed: Any) -> dict[str, Any]:
    """Change a journal's fields; those of its one file with file_."""
    return changed


@pytest.mark.parametrize(
    "change",
    [
        forged(file_path="../pwn.txt"),
        forged(file_path="/pwn.txt"),
        forged(file_path="manifest.jsonl"),
        forged(file_path=".transaction/journal.json"),
        forged(file_waits_at="../victim.txt"),
        forged(file_waits_at="index.html"),
        forged(removed=["../victim.txt"]),
        forged(file_sha256="0" * 64),
        forged(file_size=1),
        forged(manifest_size=0),
        forged(manifest_size=100),
        forged(manifest_size=10**9),
        forged(manifest_size=-1),
        forged(lines=""),
        forged(lines='{"seal":"' + "0" * 64 + '"}\n'),
    ],
    ids=lambda change: " ".join(f"{key}={value}"[:40] for key, value in change.items()),
)
def test_a_forged_journal_is_refused(begun: Path, change: dict[str, Any]) -> None:
    """Paths, hashes, sizes and the place in the manifest are checked before anything is moved, cut or removed."""
    path = begun / transaction.JOURNAL
    journal = json.loads(path.read_bytes())
    journal |= {key: value for key, value in change.items() if not key.startswith("file_")}
    journal["files"][0] |= {key[5:]: value for key, value in change.items() if key.startswith("file_")}
    path.write_text(json.dumps(journal))
    before = tree(begun.parent)
    with pytest.raises(DataError, match="not as it was written"):
        keep(begun, day=1)
    with pytest.raises(DataError, match="not as it was written"):
        verify(open_store(begun))
    assert tree(begun.parent) == before


def test_a_true_journal_is_finished(begun: Path) -> None:
    """What the checks let through is the journal that a run wrote."""
    keep(begun, day=1)
    assert verify(open_store(begun)).findings == ()
    assert (begun / "calibrations/2026-01-01.json").read_bytes() == b"{}"


def test_a_seal_is_extended_by_later_runs_only(tmp_path: Path) -> None:
    """Later lines keep it; a roll-back and a manifest that was written anew are found."""
    keep(tmp_path)
    early = (tmp_path / MANIFEST).read_bytes()
    keep(tmp_path, day=1)
    manifest = (tmp_path / MANIFEST).read_bytes()
    line = anchor_of(manifest, "2026-01-20T07:00Z")
    assert against(manifest, line) == ""
    keep(tmp_path, day=2)
    assert against((tmp_path / MANIFEST).read_bytes(), f"  {line}\n") == ""
    assert "rolled back" in against(early, line)
    keep(tmp_path / "anew")
    keep(tmp_path / "anew", day=1, headline="Another finding.")
    keep(tmp_path / "anew", day=2)
    assert "written anew" in against((tmp_path / "anew" / MANIFEST).read_bytes(), line)
    for words in ("", "reportgen seal", line.replace("reportgen", "other")):
        with pytest.raises(UsageError, match="is no seal"):
            against(manifest, words)
    with pytest.raises(DataError, match="does not end with a seal"):
        anchor_of(manifest[:-1], "now")


def test_the_output_itself_may_be_a_link(tmp_path: Path) -> None:
    """An output that is a link to a larger disk works as before."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    keep(tmp_path / "out")
    assert verify(open_store(tmp_path / "out")).findings == ()


def test_a_place_is_judged_without_being_written(tmp_path: Path) -> None:
    """The check that a command begins with makes nothing."""
    transaction.judge_place(open_store(tmp_path / "new"))
    assert list(tmp_path.iterdir()) == []
