"""The brief's files are complete or as they were before."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reportgen.delivery import output as output_module
from reportgen.delivery.output import replace_files, write_brief_files
from reportgen.moments import parse_moment

AS_OF = parse_moment("2026-01-19T00:30+01:00")


def tree(folder: Path) -> dict[str, bytes]:
    """List every file below a folder with its bytes, without the lock."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != ".reportgen.lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_brief_stands_in_its_utc_day_and_in_latest(tmp_path: Path) -> None:
    """The three files are written twice, and the paths of the day are handed back."""
    paths = write_brief_files(tmp_path / "new" / "briefs", AS_OF, html=b"h", pdf=b"p", json=b"j")
    day = tmp_path / "new" / "briefs" / "2026" / "01" / "18"
    assert (paths.html, paths.pdf, paths.json) == (day / "brief.html", day / "brief.pdf", day / "brief.json")
    assert tree(day) == tree(tmp_path / "new" / "briefs" / "latest") == {
        "brief.html": b"h", "brief.json": b"j", "brief.pdf": b"p"
    }  # fmt: skip


def test_files_can_be_read_by_those_whom_the_umask_lets(tmp_path: Path) -> None:
    """A brief for a web server is not private by accident."""
    paths = write_brief_files(tmp_path, AS_OF, html=b"h", pdf=b"p", json=b"j")
    umask = os.umask(0)
    os.umask(umask)
    assert paths.html.stat().st_mode & 0o777 == 0o666 & ~umask


@pytest.mark.parametrize("failing", range(6))
def test_an_interrupted_run_leaves_the_earlier_brief(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    """When any of the six writes fails, the files of the earlier run are unchanged and nothing is left behind."""
    write_brief_files(tmp_path, AS_OF, html=b"old", pdf=b"old", json=b"old")
    before = tree(tmp_path)
    calls = iter(range(6))
    write = output_module._write_through  # noqa: SLF001 - the seam where a disk fills up

    def fill_up(path: Path, content: bytes) -> None:
        write(path, content)
        if next(calls) == failing:
            raise KeyboardInterrupt

    monkeypatch.setattr(output_module, "_write_through", fill_up)
    with pytest.raises(KeyboardInterrupt):
        write_brief_files(tmp_path, AS_OF, html=b"new", pdf=b"new", json=b"new")
    assert tree(tmp_path) == before


def test_what_a_killed_run_left_behind_is_taken_over(tmp_path: Path) -> None:
    """An unfinished file of a run that was killed is gone after the next run."""
    (tmp_path / "latest").mkdir()
    (tmp_path / "latest" / ".brief.html.unfinished").write_bytes(b"half a pa")
    write_brief_files(tmp_path, AS_OF, html=b"h", pdf=b"p", json=b"j")
    assert not [name for name in tree(tmp_path) if "unfinished" in name]


def test_a_folder_in_the_place_of_a_file_spoils_nothing(tmp_path: Path) -> None:
    """The other files are not replaced when one of them cannot be."""
    (tmp_path / "b").mkdir()
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(IsADirectoryError):
        replace_files({tmp_path / "a": b"new", tmp_path / "b": b"new"})
    assert tree(tmp_path) == {"a": b"old"}
