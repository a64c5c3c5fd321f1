"""A cold process, measured from outside: wall time, processor time and peak memory as the kernel counted them."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import sysconfig
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PYTHON_SETTINGS: Final = frozenset({"PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONUNBUFFERED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One process from start to end.

    Attributes:
        wall_ms: Milliseconds on the clock. cpu_ms: milliseconds of user and system time, children not counted.
        peak_mib: Largest resident size, MiB.
    """

    wall_ms: float
    cpu_ms: float
    peak_mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Median:
    """Several runs in one line: medians, and the range of the wall time."""

    what: str
    runs: int
    wall_ms: float
    wall_low_ms: float
    wall_high_ms: float
    cpu_ms: float
    peak_mib: float


def environment() -> Mapping[str, str]:
    """Give the user's environment without what changes how Python imports."""
    return {name: value for name, value in os.environ.items() if name not in PYTHON_SETTINGS}


def measure(command: Sequence[str | Path], folder: Path = ROOT) -> Run:
    """Run a command once.

    This process stays small on purpose: Linux lets a child begin with its parent's peak.

    Raises:
        RuntimeError: The command failed; holds the end of what it said.
    """
    before = time.perf_counter()
    with subprocess.Popen(
        [str(word) for word in command],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        said = process.stderr.read().decode(errors="replace") if process.stderr else ""
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - before
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{said[-2000:]}")
    return Run(
        wall_ms=1000 * wall,
        cpu_ms=1000 * (usage.ru_utime + usage.ru_stime),
        peak_mib=usage.ru_maxrss / 1024,
    )


def median_of(what: str, runs: Sequence[Run]) -> Median:
    """Summarise runs of the same command."""
    walls = [run.wall_ms for run in runs]
    return Median(
        what=what,
        runs=len(runs),
        wall_ms=statistics.median(walls),
        wall_low_ms=min(walls),
        wall_high_ms=max(walls),
        cpu_ms=statistics.median(run.cpu_ms for run in runs),
        peak_mib=statistics.median(run.peak_mib for run in runs),
    )


def compile_bytecode(python: Path, *folders: Path) -> None:
    """Compile a Python's packages and these folders, so that no run pays for it."""
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    command = [str(python), "-m", "compileall", "-q", "-j", "0", site, *map(str, folders)]
    subprocess.run(command, env=environment(), check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def command_path() -> Path:
    """Find the installed `reportgen` of the Python that runs this.

    Raises:
        FileNotFoundError: It is not installed; `./run` does that.
    """
    found = Path(sysconfig.get_path("scripts")) / "reportgen"
    if not found.is_file():
        raise FileNotFoundError(f"{found} is not there. Run ./run test once, then .venv/bin/python -m benchmarks")
    return found


def loaded_by_help() -> frozenset[str]:
    """List the top-level modules that `reportgen --help` loads."""
    script = (
        "import contextlib, io, sys; sys.argv = ['reportgen', '--help']\n"
        "from reportgen.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit): main()\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True)
    return frozenset(done.stdout.split())
