"""What is not the archive's own: it stays, or the run is refused before it began."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reportgen.delivery.archive.commit import JOURNAL, refuse_foreign, unfinished, writing
from reportgen.delivery.archive.manifest import MANIFEST, against, anchor_of, entry_of
from reportgen.delivery.archive.query import run_query
from reportgen.delivery.archive.store import open_store
from reportgen.delivery.archive.upkeep import rebuild, verify
from reportgen.errors import DataError, UsageError
from tests.delivery.archives import keep, tree

NAMES = [
    "index.html",
    "feed.xml",
    "latest/mine.txt",
    "site/my.json",
    "symbols/deep/list.csv",
    "snapshots/a",
    "ledger/b",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_with_files_of_these_names_is_refused(tmp_path: Path, name: str) -> None:
    """Nothing is written where something of the user's stands in the way and no archive ever was."""
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=f"{name.split('/', maxsplit=1)[0]}, which reportgen did not write"):
        keep(tmp_path)
    assert tree(tmp_path) == {name: b"mine"}


def test_other_files_beside_an_archive_are_no_hindrance(tmp_path: Path) -> None:
    """A notebook in the folder is nobody's business."""
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    keep(tmp_path)
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_what_others_put_into_its_folders_stays(tmp_path: Path) -> None:
    """A new brief and a new site remove what the manifest lists and no longer holds, and nothing else."""
    keep(tmp_path)
    mine = [tmp_path / name for name in ("latest/mine.txt", "latest/deep/x.txt", "site/my.json", "symbols/list.csv")]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine", encoding="utf-8")
    keep(tmp_path, day=1)
    with writing(tmp_path) as store:
        rebuild(store, reread=True)
    assert [path.read_text(encoding="utf-8") for path in mine] == ["mine"] * 4


@pytest.mark.parametrize("name", ["latest", "site", "symbols", "snapshots", "ledger", ".transaction", "2026"])
def test_a_folder_of_the_archive_may_not_be_a_link(tmp_path: Path, name: str) -> None:
    """Nothing is written or removed through a link to elsewhere."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.txt").write_text("precious", encoding="utf-8")
    output = tmp_path / "output"
    output.mkdir()
    (output / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="is a link to elsewhere"):
        keep(output)
    assert tree(tmp_path / "elsewhere") == {"a.txt": b"precious"}


def test_the_output_itself_and_foreign_files_may_be_links(tmp_path: Path) -> None:
    """An output that is a link to a larger disk works as before."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "output").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "mine").symlink_to(tmp_path)
    keep(tmp_path / "output")
    assert (tmp_path / "disk" / "latest" / "brief.json").exists()


def forged(store_folder: Path, **changed: object) -> None:
    """Leave a journal as somebody else would write it, with a staged file that fits it."""
    content = b"staged"
    entry = entry_of(content)
    size = (store_folder / MANIFEST).stat().st_size
    one = {"path": "a.txt", "waits_at": ".transaction/00000", "sha256": entry.sha256, "size": entry.size}
    journal = {"files": [one | changed.pop("file", {})], "removed": [], "manifest_size": size, "lines": ""} | changed  # type: ignore[operator]
    (store_folder / ".transaction").mkdir()
    (store_folder / ".transaction" / "00000").write_bytes(content)
    (store_folder / JOURNAL).write_text(json.dumps(journal), encoding="utf-8")


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"file": {"path": "../pwn.txt"}}, "outside the archive"),
        ({"file": {"path": "/etc/pwn.txt"}}, "outside the archive"),
        ({"removed": ["../victim.txt"]}, "outside the archive"),
        ({"removed": ["2026//victim.txt"]}, "outside the archive"),
        ({"file": {"waits_at": "index.html"}}, "it takes a.txt from"),
        ({"file": {"waits_at": ".transaction/../index.html"}}, "it takes a.txt from"),
        ({"file": {"sha256": "x"}}, "the bytes of a.txt are others"),
        ({"file": {"size": 5}}, "the bytes of a.txt are others"),
        ({"manifest_size": 0}, "write over lines"),
        ({"manifest_size": -1}, "write over lines"),
        ({"manifest_size": 10**9}, "write over lines"),
        ({"lines": '{"path":"a.txt","sha256":"x","size":1}\n'}, "do not go on"),
    ],
)
def test_a_forged_journal_is_refused_and_nothing_moves(tmp_path: Path, changed: dict[str, object], fault: str) -> None:
    """Paths, sources, hashes, sizes and the place in the manifest are checked like any input."""
    output = tmp_path / "output"
    keep(output)
    forged(output, **changed)
    before = tree(tmp_path)
    with pytest.raises(DataError, match=fault):
        keep(output, day=1)
    with pytest.raises(DataError, match=fault):
        verify(open_store(output))
    assert tree(tmp_path) == before


def test_a_journal_that_is_ours_is_finished(tmp_path: Path) -> None:
    """The same shape with nothing forged is a run that was ended: it is believed."""
    keep(tmp_path)
    forged(tmp_path)
    journal = unfinished(open_store(tmp_path))
    assert journal is not None
    keep(tmp_path, day=1)
    assert (tmp_path / "a.txt").read_bytes() == b"staged"


def test_a_seal_proves_what_the_archive_was(tmp_path: Path) -> None:
    """An archive that grew extends its seal; one rolled back or written anew does not, whatever its own chain says."""
    keep(tmp_path / "a")
    first = (tmp_path / "a" / MANIFEST).read_bytes()
    line = anchor_of(first, "2026-01-19T07:00:00Z")
    assert line.split()[2:] == [
        str(len(first.splitlines())),
        json.loads(first.splitlines()[-1])["seal"],
        "2026-01-19T07:00:00Z",
    ]
    keep(tmp_path / "a", day=1)
    grown = (tmp_path / "a" / MANIFEST).read_bytes()
    later = anchor_of(grown, "2026-01-20T07:00:00Z")
    assert against(grown, line) == against(grown, f"> {later}") == ""
    assert "rolled back" in against(first, later)
    keep(tmp_path / "b", day=2)
    keep(tmp_path / "b", day=3)
    assert "written anew" in against((tmp_path / "b" / MANIFEST).read_bytes(), line)
    with pytest.raises(UsageError, match="is no seal"):
        against(grown, "reportgen seal")


def test_a_query_reads_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even one in the folder that the database would spill to."""
    keep(tmp_path / "output")
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".tmp").mkdir()
    (tmp_path / ".tmp" / "x.txt").write_text("secret", encoding="utf-8")
    with pytest.raises(UsageError, match="Permission"):
        run_query(open_store(tmp_path / "output"), "select content from read_text('.tmp/x.txt')")


def test_a_place_is_judged_without_being_written(tmp_path: Path) -> None:
    """The check that a command begins with makes nothing."""
    refuse_foreign(open_store(tmp_path / "new"))
    assert tree(tmp_path) == {}
