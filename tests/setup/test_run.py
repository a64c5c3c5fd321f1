"""./run on small checkouts of its own: the real script, a real virtual environment, no network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]

BACKEND: Final = '''
"""A build backend of twenty lines, so that no package has to be fetched."""
import pathlib, zipfile

NAME = "reportgen-1"
METADATA = "Metadata-Version: 2.1\\nName: reportgen\\nVersion: 1\\n"
SCRIPTS = "[console_scripts]\\nreportgen = reportgen.cli:main\\n"

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    wheel = NAME + "-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory, wheel), "w") as archive:
        archive.writestr("reportgen.pth", str(pathlib.Path.cwd()))
        archive.writestr(NAME + ".dist-info/METADATA", METADATA)
        archive.writestr(NAME + ".dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr(NAME + ".dist-info/entry_points.txt", SCRIPTS)
        archive.writestr(NAME + ".dist-info/RECORD", "")
    return wheel
'''

COMMAND: Final = """
import os, sys

def main():
    print("reportgen", *sys.argv[1:], "in", os.getcwd(), "path", os.environ.get("PYTHONPATH"))
    return 3 if "--strict" in sys.argv else 0
"""

PYTEST: Final = (
    'import os, sys\nprint("pytest", *sys.argv[1:], "in", os.getcwd(), "path", os.environ.get("PYTHONPATH"))\n'
    "assert not sys.dont_write_bytecode\n"
)


def stage(folder: Path) -> Path:
    """Make a checkout that needs no package: ./run as it is, a project of one command, two empty lock files."""
    files = {
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        "backend.py": BACKEND,
        "pytest.py": PYTEST,
        "reportgen/__init__.py": "",
        "reportgen/cli.py": COMMAND,
        "requirements.lock": "# nothing\n",
        "requirements-dev.lock": "# nothing\n",
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    shutil.copy(ROOT / "run", folder / "run")
    return folder


@pytest.fixture(scope="module", autouse=True)
def apart() -> Iterator[None]:
    """Forget the environment that the checks name for a second Python: a staged set-up would make it anew, empty."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("REPORTGEN_VENV", "REPORTGEN_PYTHON"):
            patch.delenv(name, raising=False)
        yield


def run(checkout: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the staged ./run with these words from another folder."""
    return subprocess.run(
        [checkout / "run", *words],
        cwd=checkout.parent,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


Told = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Told, Told]:
    """A checkout whose path holds a space, and what its two first runs at once said: who set it up, and the other."""
    made = stage(tmp_path_factory.mktemp("first run") / "my project")
    with ThreadPoolExecutor(2) as pool:
        both = pool.map(lambda word: run(made, "brief", word), ("--sample", "--json"))
        busy, idle = sorted(both, key=lambda done: "Setting up" not in done.stderr)
    return made, busy, idle


@pytest.fixture
def checkout(first: tuple[Path, Told, Told]) -> Path:
    """The checkout after its first run."""
    return first[0]


def machine(folder: Path, *, apt: bool, user: int) -> dict[str, str]:
    """Make a PATH without Python: the shell's tools, an `id`, and maybe an apt-get that leaves a trace."""
    names = "sh bash cat cksum dirname env flock grep kill mkdir readlink rm sleep tail"
    for name in names.split():
        found = shutil.which(name)
        if found:
            (folder / name).symlink_to(found)
    scripts = {"id": f"echo {user}", **({"apt-get": f"echo called >{folder}/trace; exit 1"} if apt else {})}
    for name, line in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    return {"PATH": str(folder)}


def test_the_first_run_prints_only_data(first: tuple[Path, Told, Told]) -> None:
    """Set-up talks on stderr; stdout holds what the command printed and nothing else."""
    checkout, done, _ = first
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(
        rf"reportgen brief --(sample|json) in {re.escape(str(checkout.parent))} path None\n", done.stdout
    )
    assert done.stderr.startswith("Setting up reportgen")
    assert done.stderr.splitlines()[-1] == "Set up."


def test_of_two_first_runs_one_sets_up_and_both_are_served(first: tuple[Path, Told, Told]) -> None:
    """A second first run waits for the set-up that is going on and does not begin its own."""
    _, *both = first
    assert [done.returncode for done in both] == [0, 0]
    assert {done.stdout.split(" in ")[0] for done in both} == {"reportgen brief --sample", "reportgen brief --json"}
    assert sum(done.stderr.count("Setting up reportgen") for done in both) == 1


def test_the_next_run_is_silent_and_quick_to_hand_over(checkout: Path) -> None:
    """Once set up, every word goes straight to reportgen in the folder the user stands in."""
    done = run(checkout, "map", "--symbol", "BTC USD", PYTHONPATH="/elsewhere")
    assert done.stdout == f"reportgen map --symbol BTC USD in {checkout.parent} path None\n"
    assert done.stderr == ""


def test_the_exit_code_is_the_commands_own(checkout: Path) -> None:
    """A scheduler sees what reportgen answered."""
    assert run(checkout, "brief", "--strict").returncode == 3


def test_the_entry_point_works_from_a_path_with_spaces(checkout: Path) -> None:
    """`.venv/bin/reportgen` is there for cron and for symbolic links, wherever the checkout lies."""
    link = checkout.parent / "linked"
    link.symlink_to(checkout / ".venv/bin/reportgen")
    done = subprocess.run([link, "check"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("reportgen check in ")


def test_a_changed_lock_file_is_noticed_and_a_failed_set_up_done_again(checkout: Path) -> None:
    """A lock file that can't be satisfied ends with the log's place; once it is right, the next run sets up anew."""
    lock = checkout / "requirements.lock"
    before = lock.read_text(encoding="utf-8")
    lock.write_text(
        f"nothing @ file:///nowhere/nothing-1-py3-none-any.whl --hash=sha256:{'0' * 64}\n", encoding="utf-8"
    )
    failed = run(checkout, "brief")
    lock.write_text(before, encoding="utf-8")
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert str(checkout / ".cache/setup.log") in failed.stderr
    assert "Set up." in run(checkout, "brief").stderr
    assert run(checkout, "brief").stderr == ""


def test_test_hands_its_words_to_pytest(checkout: Path) -> None:
    """`./run test` runs pytest in the checkout, the user's PYTHONPATH out of the way, and keeps what it compiles."""
    done = run(checkout, "test", "-k", "zones", PYTHONPATH="/elsewhere", PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"pytest -k zones in {checkout} path None\n"
    assert run(checkout, "doctor").stderr == ""


def test_without_root_the_one_command_is_printed(tmp_path: Path) -> None:
    """Without root and sudo one command for an administrator is printed, and nothing is tried."""
    (tmp_path / "bin").mkdir()
    done = run(stage(tmp_path / "project"), "brief", **machine(tmp_path / "bin", apt=True, user=1000))
    commands = [line for line in done.stderr.splitlines() if "apt-get install" in line]
    assert done.returncode == 1
    assert len(commands) == 1
    assert {"python3", "python3-venv", "libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"} <= set(
        commands[0].split()
    )
    assert not (tmp_path / "bin/trace").exists()
    assert not (tmp_path / "project/.venv").exists()


def test_root_is_told_when_apt_fails(tmp_path: Path) -> None:
    """As root the packages are fetched at once; a refusal ends with exit 1 and the log's place."""
    (tmp_path / "bin").mkdir()
    done = run(stage(tmp_path / "project"), "brief", **machine(tmp_path / "bin", apt=True, user=0))
    assert done.returncode == 1
    assert (tmp_path / "bin/trace").exists()
    assert "setup.log" in done.stderr


def test_another_system_is_told_its_own_command(tmp_path: Path) -> None:
    """Where there is no apt-get, the packages of Fedora and Homebrew are named."""
    (tmp_path / "bin").mkdir()
    done = run(stage(tmp_path / "project"), "brief", **machine(tmp_path / "bin", apt=False, user=0))
    assert done.returncode == 1
    assert "dnf install python3 pango" in done.stderr
    assert "brew install python pango" in done.stderr
