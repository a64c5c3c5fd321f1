"""The archive from the command line: what it holds, what is wrong with it, and what goes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.cli_process import reportgen_here as reportgen
from tests.delivery.archives import keep, tree


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep four days once, one with two revisions."""
    made = tmp_path_factory.mktemp("kept")
    for day, headline in ((0, "One."), (1, "Two."), (1, "Three."), (2, "Four."), (3, "Five.")):
        keep(made, day, headline=headline)
    return made


@pytest.fixture
def archive(kept: Path, tmp_path: Path) -> Path:
    """Copy that archive below a folder to run commands in."""
    shutil.copytree(kept, tmp_path / "output")
    return tmp_path


def test_list_and_show_say_what_is_kept(archive: Path) -> None:
    """A line a brief; one day with its finding, its zones and its files; a day without a brief names the nearest."""
    listed = reportgen(archive, "archive", "list")
    assert [line.split()[:2] for line in listed.stdout.splitlines()] == [
        ["2026-01-19", "r1"], ["2026-01-20", "r1"], ["2026-01-20", "r2"], ["2026-01-21", "r1"], ["2026-01-22", "r1"],
    ]  # fmt: skip
    shown = reportgen(archive, "archive", "show", "2026-01-20", "--json")
    facts = json.loads(shown.stdout)
    assert (facts["headline"], facts["revision"]) == ("Three.", 2)
    assert all((archive / path).is_file() for path in facts["files"])
    assert "One." in reportgen(archive, "archive", "show", "2026-01-19", "--revision", "1").stdout
    absent = reportgen(archive, "archive", "show", "2026-03-01")
    assert (absent.returncode, "2026-01-22" in absent.stderr) == (1, True)
    assert reportgen(archive, "archive", "show", "yesterday").returncode == 2


def test_verify_exits_1_and_prints_the_path(archive: Path) -> None:
    """Stdout is empty and the code 0 while all is well; then the path of the file at fault, as text and as JSON."""
    whole = reportgen(archive, "archive", "verify")
    assert (whole.returncode, whole.stdout) == (0, "")
    (archive / "output/2026/01/20/brief.pdf").write_bytes(b"%PDX")
    (archive / "output/2026/01/20/r2/brief.html").unlink()
    (archive / "output/extra.txt").write_bytes(b"")
    broken = reportgen(archive, "archive", "verify")
    assert broken.returncode == 1
    assert broken.stdout.splitlines() == [
        "changed   2026/01/20/brief.pdf", "missing   2026/01/20/r2/brief.html", "unlisted  extra.txt",
    ]  # fmt: skip
    answer = json.loads(reportgen(archive, "archive", "verify", "--json").stdout)
    assert (answer["ok"], [each["fault"] for each in answer["findings"]]) == (False, ["changed", "missing", "unlisted"])


def test_prune_says_first_and_removes_then(archive: Path) -> None:
    """A dry run changes nothing and prints what the real one removes; the rows stay unless they are asked for."""
    before = tree(archive / "output")
    tried = reportgen(archive, "archive", "prune", "--keep-days", "2", "--dry-run")
    assert tree(archive / "output") == before
    done = reportgen(archive, "archive", "prune", "--keep-days", "2")
    assert done.stdout == tried.stdout
    after = tree(archive / "output")
    assert {path for path in before if path not in after} >= set(done.stdout.split())
    assert not [path for path in after if path.startswith(("2026/01/19/", "2026/01/20/"))]
    assert "snapshots/briefs/date=2026-01-19/r1.parquet" in after
    assert b"2026/01/19" not in after["index.html"] + after["2026/01/index.html"]
    assert reportgen(archive, "archive", "verify").returncode == 0
    rows = json.loads(reportgen(archive, "archive", "prune", "--before", "2026-01-22", "--snapshots", "--json").stdout)
    assert "snapshots/zones/date=2026-01-21/r1.parquet" in rows["files"]
    assert reportgen(archive, "archive", "verify").returncode == 0


def test_prune_never_guesses(archive: Path) -> None:
    """Neither or both limits, and one that would leave nothing, are refused."""
    before = tree(archive / "output")
    assert reportgen(archive, "archive", "prune").returncode == 2
    assert reportgen(archive, "archive", "prune", "--keep-days", "2", "--before", "2026-01-20").returncode == 2
    assert reportgen(archive, "archive", "prune", "--before", "2027-01-01").returncode == 2
    assert tree(archive / "output") == before


@pytest.mark.parametrize("words", [("list",), ("show", "latest"), ("verify",), ("index",)])
def test_no_archive_is_one_sentence(tmp_path: Path, words: tuple[str, ...]) -> None:
    """A folder that is not there or holds nothing is named, with the next step."""
    asked = reportgen(tmp_path, "archive", *words, "--output", "nowhere")
    assert asked.returncode == 1
    assert "nowhere" in asked.stderr
    assert "Traceback" not in asked.stderr


def test_a_seal_proves_the_archive(archive: Path) -> None:
    """One line on stdout; the archive extends it, also after a run; one that was rolled back exits 1."""
    manifest = archive / "output/manifest.jsonl"
    sealed = reportgen(archive, "archive", "seal")
    (line,) = sealed.stdout.splitlines()
    keep(archive / "output", 4)
    assert reportgen(archive, "archive", "verify", "--against", line).returncode == 0
    manifest.write_bytes(b"".join(manifest.read_bytes().splitlines(keepends=True)[:20]))
    rolled_back = reportgen(archive, "archive", "verify", "--against", line)
    assert rolled_back.returncode == 1
    assert "rolled back" in rolled_back.stderr
    assert reportgen(archive, "archive", "verify", "--against", "words").returncode == 2


def test_a_spreadsheet_runs_nothing_of_a_query(archive: Path) -> None:
    """Text that begins like a formula gets a quote before it; numbers stay numbers."""
    sql = "select '=1+1' a, '@SUM(A1)' b, '-2' c, -2 d, ' +3' e, 'x=1' f, chr(9) || '1' g"
    rows = reportgen(archive, "archive", "query", sql, "--format", "csv").stdout.splitlines()
    assert rows[1] == "'=1+1,'@SUM(A1),-2,-2, +3,x=1,'\t1"


def test_a_query_reads_no_file_of_the_folder_it_runs_in(archive: Path) -> None:
    """The database's own scratch folder is not ./.tmp, which it may read."""
    (archive / ".tmp").mkdir()
    (archive / ".tmp" / "x.txt").write_text("TOPSECRET")
    asked = reportgen(archive, "archive", "query", "select content from read_text('.tmp/x.txt')")
    assert asked.returncode == 2
    assert "TOPSECRET" not in asked.stdout + asked.stderr
