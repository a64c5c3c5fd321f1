"""The notebook of the documentation runs as its reader would run it, in a kernel of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

NOTEBOOK: Final = Path(__file__).resolve().parent.parent / "docs" / "notebook.ipynb"


def outputs(notebook: Path) -> list[dict[str, str]]:
    """Read what each cell of code put out: text by media type."""
    cells: list[dict[str, Any]] = json.loads(notebook.read_bytes())["cells"]
    put_out = [cell["outputs"] for cell in cells if cell["cell_type"] == "code"]
    return [{kind: "".join(text) for one in each for kind, text in one["data"].items()} for each in put_out]


def test_the_notebook_runs_and_shows_the_brief(tmp_path: Path) -> None:
    """It is kept without outputs; run, the brief shows its page in a frame, its zones a table, its checklist text."""
    kept = outputs(NOTEBOOK)
    assert not any(kept)
    script = "from nbclient.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, NOTEBOOK, "--output", tmp_path / "run.ipynb", "--timeout", "120"],
        cwd=NOTEBOOK.parent.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    brief, zones, checklist = outputs(tmp_path / "run.ipynb")
    assert brief["text/html"].startswith("<iframe srcdoc=")
    assert "Morning brief" in brief["text/html"]
    assert "distance_fraction" in zones["text/html"]
    assert "Nearest zones" in checklist["text/plain"]
