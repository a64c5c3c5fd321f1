"""The page that one would otherwise make: quantstats' one-asset HTML report, in an environment of its own.

quantstats is no dependency of the project. The first benchmark installs it under `.cache/`; later ones find it there.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.processes import ROOT, compile_bytecode

VERSION: Final = "0.0.86"
HOME: Final = ROOT / ".cache" / f"quantstats-{VERSION}"
PAGE: Final = """
import sys
import numpy as np
import pandas as pd
import quantstats as qs

days = pd.date_range("2023-01-01", periods=1095, freq="D")
returns = pd.Series(np.random.default_rng(7).normal(0.0005, 0.02, len(days)), index=days, name="asset")
qs.reports.html(returns, output=sys.argv[1], title="One asset")
"""


def install() -> None:
    """Make the environment if it is not there.

    Raises:
        subprocess.CalledProcessError: The package could not be installed.
    """
    if (HOME / "ready").is_file():
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", HOME], check=True)
    command = [
        str(HOME / "bin/python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--only-binary",
        ":all:",
        f"quantstats=={VERSION}",
    ]
    subprocess.run(command, check=True, stdout=sys.stderr)
    compile_bytecode(HOME / "bin/python")
    (HOME / "ready").touch()


def page_command(target: Path) -> Sequence[str | Path]:
    """Give the command that writes the peer's page to a file."""
    return [HOME / "bin/python", "-c", PAGE, target]
