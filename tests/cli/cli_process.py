"""Run the command line as a user does: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def reportgen(cwd: Path, *words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run reportgen in a folder and keep what it says; any Python warning is an error."""
    inherited = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONWARNINGS": "error", **environment}
    command = [sys.executable, "-m", "reportgen", *(str(word) for word in words)]
    return subprocess.run(command, cwd=cwd, env=inherited, capture_output=True, text=True, timeout=120, check=False)
