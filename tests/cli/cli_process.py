"""Run the command line as a user does, in a process of its own; or in this one, where nothing hangs on it."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

from reportgen.cli import main

REPOSITORY = Path(__file__).resolve().parents[2]


def reportgen(cwd: Path, *words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run reportgen in a folder and keep what it says; any Python warning is an error."""
    inherited = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONWARNINGS": "error", **environment}
    command = [sys.executable, "-m", "reportgen", *(str(word) for word in words)]
    return subprocess.run(command, cwd=cwd, env=inherited, capture_output=True, text=True, timeout=120, check=False)


class _Printed(io.BytesIO):
    """What was printed; stays readable when the command has let go of its standard output."""

    def close(self) -> None:
        """Stay open."""


def reportgen_here(cwd: Path, *words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run reportgen in this process, which has loaded its libraries already; the answer is that of a process."""
    command = ["reportgen", *(str(word) for word in words)]
    stdout, stderr, code = _Printed(), io.StringIO(), 0
    with (
        contextlib.chdir(cwd), patch.dict(os.environ, environment), patch.object(sys, "argv", command),
        contextlib.redirect_stdout(io.TextIOWrapper(stdout, encoding="utf-8")), contextlib.redirect_stderr(stderr),
    ):  # fmt: skip
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
    return subprocess.CompletedProcess(command, code, stdout.getvalue().decode(), stderr.getvalue())
