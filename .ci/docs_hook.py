# ruff: noqa: INP001 - no package: mkdocs loads it by its path
"""What mkdocs calls while it builds docs/: the sample's page, paper, mail and post become files of the site.

mkdocs lives in an environment of its own, so the examples are made by a process of the project's.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]


def on_files(files: Files, config: Any) -> Files:  # noqa: ANN401 - mkdocs' own
    """Add examples/, made anew."""
    with TemporaryDirectory() as made:
        command = [str(ROOT / ".venv" / "bin" / "python"), "-m", "scripts.make_examples", made]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
        for path in sorted(Path(made).glob("*.*")):
            files.append(File.generated(config, f"examples/{path.name}", content=path.read_bytes()))
    return files
