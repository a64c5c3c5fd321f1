"""The brief's files are complete or as they were before, and a day keeps every result it had."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from reportgen.delivery.archive import commit as output_module
from reportgen.delivery.archive import store as store_module
from reportgen.delivery.archive.commit import add_files, replace_files, write_brief_files
from reportgen.delivery.archive.store import Reader, open_store
from reportgen.delivery.archive.upkeep import verify
from reportgen.errors import DataError, UsageError
from reportgen.moments import day_of
from tests.delivery.archives import brief_of, files_of, keep, tree


def test_a_brief_stands_in_its_day_and_in_latest(tmp_path: Path) -> None:
    """The files are written twice, charts and input once, and the paths of the day are handed back."""
    written = keep(tmp_path / "new" / "briefs")
    day = tmp_path / "new" / "briefs" / "2026" / "01" / "19"
    assert (written.files["html"], written.folder, written.new) == (str(day / "brief.html"), "2026/01/19", True)
    latest = tree(tmp_path / "new" / "briefs" / "latest")
    assert sorted(latest) == ["brief.html", "brief.json", "brief.pdf"]
    assert latest.items() <= tree(day).items()
    assert {"charts/ETH-USDT-USDT.wide.svg", "input/candles.parquet", "index.html"} < set(tree(day))


def test_files_can_be_read_by_those_whom_the_umask_lets(tmp_path: Path) -> None:
    """A brief for a web server is not private by accident."""
    keep(tmp_path)
    umask = os.umask(0)
    os.umask(umask)
    for name in ("2026/01/19/brief.html", "manifest.jsonl", "index.html"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o666 & ~umask


def test_the_same_result_changes_nothing(tmp_path: Path) -> None:
    """A second run of a day whose brief differs in its provenance alone leaves every byte as it was."""
    keep(tmp_path)
    before = tree(tmp_path)
    again = keep(tmp_path, provenance={"folder": "elsewhere", "reportgen": "99"})
    assert (again.new, again.folder) == (False, "2026/01/19")
    assert tree(tmp_path) == before


def test_another_result_of_the_day_becomes_a_revision(tmp_path: Path) -> None:
    """The first brief stays as it was, the second stands in r2 and in latest, a third in r3."""
    keep(tmp_path)
    first = tree(tmp_path / "2026" / "01" / "19")
    written = [keep(tmp_path, headline=f"Finding {number}.").folder for number in (2, 3, 3)]
    assert written == ["2026/01/19/r2", "2026/01/19/r3", "2026/01/19/r3"]
    now = tree(tmp_path / "2026" / "01" / "19")
    assert {name for name in first if now[name] != first[name]} == {"index.html"}
    assert json.loads((tmp_path / "latest" / "brief.json").read_bytes())["headline"] == "Finding 3."
    assert verify(open_store(tmp_path)).findings == ()


def test_an_older_day_does_not_become_the_latest(tmp_path: Path) -> None:
    """Filling a gap in the past leaves latest/ alone."""
    keep(tmp_path, day=3)
    keep(tmp_path, day=1)
    assert (tmp_path / "latest" / "brief.html").read_bytes() == b"<p>3"
    assert verify(open_store(tmp_path)).findings == ()


def test_latest_holds_nothing_of_an_earlier_brief(tmp_path: Path) -> None:
    """A file that today's brief does not have is gone from latest/, and the manifest says so."""
    as_of, content = brief_of(0)
    write_brief_files(tmp_path, day_of(as_of), files=files_of(content), extra={"alerts.csv": b"a"})
    assert (tmp_path / "latest" / "alerts.csv").exists()
    keep(tmp_path, day=1)
    assert not (tmp_path / "latest" / "alerts.csv").exists()
    assert verify(open_store(tmp_path)).findings == ()


def test_what_is_decided_inside_the_lock_is_written_with_the_brief(tmp_path: Path) -> None:
    """`also` reads the archive as it is, and what it returns is listed; nothing new is no transaction."""
    add_files(tmp_path, {"ledger/ledger.jsonl": b"one\n"})
    as_of, content = brief_of(0)

    def grow(reader: Reader) -> dict[str, bytes]:
        kept = reader.read("ledger/ledger.jsonl") or b""
        return {"ledger/ledger.jsonl": kept if b"two" in kept else kept + b"two\n"}

    write_brief_files(tmp_path, day_of(as_of), files=files_of(content), also=grow)
    assert (tmp_path / "ledger" / "ledger.jsonl").read_bytes() == b"one\ntwo\n"
    before = tree(tmp_path)
    write_brief_files(tmp_path, day_of(as_of), files=files_of(content), also=grow)
    assert tree(tmp_path) == before
    assert verify(open_store(tmp_path)).findings == ()


def test_files_of_other_commands_are_listed(tmp_path: Path) -> None:
    """A calibration written into the archive is part of it, whether it came before the first brief or later."""
    (tmp_path / "calibrations").mkdir()
    (tmp_path / "calibrations" / "2026-01-01.json").write_bytes(b"{}")
    keep(tmp_path)
    add_files(tmp_path, {"calibrations/2026-01-18.json": b"[]"})
    assert verify(open_store(tmp_path)).findings == ()


@pytest.mark.parametrize("path", ["../a", "/a", "a/../../b", "", "a//b", "a\\b"])
def test_no_path_leads_out_of_the_archive(tmp_path: Path, path: str) -> None:
    """A file name that climbs is refused before anything is written."""
    with pytest.raises(UsageError, match="no path inside the archive"):
        add_files(tmp_path / "in", {path: b"x"})
    assert tree(tmp_path) == {}


def test_what_is_no_brief_is_refused(tmp_path: Path) -> None:
    """Bytes that the archive could never read again are not kept."""
    with pytest.raises(DataError, match=r"Is this a brief\.json"):
        write_brief_files(tmp_path, "1970-01-01", files=files_of(b'{"schema_version": 1}'))
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("failing", range(0, 24, 3))
def test_an_interrupted_run_leaves_the_earlier_briefs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    """When any of the writes fails, the files of the earlier run are unchanged and nothing is left behind."""
    keep(tmp_path)
    before = tree(tmp_path)
    calls = iter(range(99))
    write = store_module.write_through

    def fill_up(path: Path, content: bytes) -> None:
        write(path, content)
        if next(calls) == failing:
            raise KeyboardInterrupt

    monkeypatch.setattr(store_module, "write_through", fill_up)
    with pytest.raises(KeyboardInterrupt):
        keep(tmp_path, day=1)
    assert tree(tmp_path) == before


def test_a_folder_in_the_place_of_a_file_spoils_nothing(tmp_path: Path) -> None:
    """The other files are not replaced when one of them cannot be, inside an archive and outside."""
    (tmp_path / "b").mkdir()
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(IsADirectoryError):
        replace_files({tmp_path / "a": b"new", tmp_path / "b": b"new"})
    with pytest.raises(IsADirectoryError):
        output_module.add_files(tmp_path, {"a": b"new", "b": b"new"})
    assert tree(tmp_path) == {"a": b"old"}
