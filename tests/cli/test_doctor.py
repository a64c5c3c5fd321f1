"""The doctor says what is missing on the machine, and the fix."""

from __future__ import annotations

import json
from pathlib import Path

from reportgen.cli import doctor
from reportgen.cli.doctor import examine
from tests.cli.cli_process import reportgen_here as reportgen


def test_a_machine_that_can_make_a_brief_is_well(tmp_path: Path) -> None:
    """Where these tests run everything is there, each line has a finding, and the exit code is 0."""
    asked = reportgen(tmp_path, "doctor", "--json", MPLCONFIGDIR=str(tmp_path))
    answer = json.loads(asked.stdout)
    assert [found for found in answer["checks"] if found["state"] == "wrong"] == []
    assert asked.returncode == 0
    names = {found["name"] for found in answer["checks"]}
    assert {"Python", "library pango-1.0", "library harfbuzz-subset", "PDF engine", "fonts", "output folder"} <= names


def test_a_broken_configuration_is_named_with_its_fix(tmp_path: Path) -> None:
    """The doctor ends with 1 and sends the user to `check`."""
    (tmp_path / "config.yaml").write_text("watchlist: 3\n")
    asked = reportgen(tmp_path, "doctor")
    assert asked.returncode == 1
    assert "wrong  configuration" in asked.stdout
    assert "reportgen check" in asked.stdout


def test_a_folder_that_cannot_be_written_is_wrong(tmp_path: Path) -> None:
    """An output path below a file is found out, and the fix is named."""
    (tmp_path / "file").write_text("in the way")
    (found,) = [check for check in examine(None, tmp_path / "file" / "briefs") if check.name == "output folder"]
    assert found.state == "wrong"
    assert "--output" in found.fix


def test_a_missing_library_is_wrong_with_the_command_that_installs_it() -> None:
    """A library that no name finds gives the package managers' commands; WeasyPrint is then not tried."""
    found = doctor._library("pango-9.9", ("libpango-9.9.so.0",))  # noqa: SLF001 - no machine lacks it on demand
    assert found.state == "wrong"
    assert "apt-get install" in found.fix
    assert doctor._pdf_engine(libraries_found=False).state == "wrong"  # noqa: SLF001 - the same
