"""Progress is shown where a person watches, with the time that may be left, and nowhere else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import Final

STEPS: Final = """
from reportgen.cli.console import progress
import time
with progress(3) as step:
    for what in ("first", "second", "third"):
        step(what)
        time.sleep(0.4)
"""


def test_a_terminal_sees_steps_and_the_time_left() -> None:
    """The step, how many of how many, and an estimate of the time left."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", STEPS], stdin=subprocess.DEVNULL, stderr=theirs) as running:
        os.close(theirs)
        seen = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other end was closed
                break
            seen += part
            if not part:
                break
    os.close(ours)
    assert running.returncode == 0
    for words in (b"1/3 first", b"2/3 second", b"3/3 third", b"0:00:0"):
        assert words in seen


def test_a_pipe_sees_nothing() -> None:
    """Without a terminal nothing is written."""
    done = subprocess.run([sys.executable, "-c", STEPS], check=True, capture_output=True)
    assert done.stdout + done.stderr == b""
