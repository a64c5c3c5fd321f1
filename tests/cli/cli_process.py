"""Run the command line as a user does, in a process of its own; or in this one, where nothing hangs on it."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import reportgen.render.paper as paper_room
import reportgen.render.pdf as pdf_room
from reportgen.brief.types import Brief
from reportgen.cli import main
from reportgen.render.json import brief_to_json

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


def _lay_out(page: str, *_: object, **__: object) -> bytes:
    return b"%PDF-1.7 " + page.encode()


def _render_pdf(brief: Brief, **_: object) -> bytes:
    return b"%PDF-1.7 " + brief_to_json(brief)


def reportgen_here(cwd: Path, *words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run reportgen in this process, which has loaded its libraries already; the answer is that of a process.

    A PDF holds what would be printed: laying it out takes longer than all else together.
    """
    with patch.object(paper_room, "lay_out", _lay_out), patch.object(pdf_room, "render_pdf", _render_pdf):
        return reportgen_printing(cwd, *words, **environment)


def reportgen_printing(cwd: Path, *words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run reportgen in this process, where its paper is the point."""
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
