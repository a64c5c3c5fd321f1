"""What is installed: the wheel's contents, a brief made from it, and the lock files."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Final

import pytest
import yaml

import reportgen as reportgen_package

ROOT: Final = Path(__file__).resolve().parent.parent
LOCKS: Final = ("requirements.lock", "requirements-dev.lock")
PIN: Final = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", re.MULTILINE)


def built(root: Path, folder: Path) -> Path:
    """Build a release: the wheel, as pip, pipx and uvx would, and the source archive."""
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    undated = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    subprocess.run(command, cwd=root, check=True, capture_output=True, env=undated)
    return folder


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of wheel and source archive of this checkout."""
    return built(ROOT, tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def wheel(release: Path) -> Path:
    """The wheel of this checkout."""
    return next(release.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which reportgen is the unpacked wheel and the checkout is out of sight."""
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return {**os.environ, "PYTHONPATH": str(site), "PYTHONSAFEPATH": "1"}


def reportgen(*words: str, environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the installed command in a folder of its own."""
    return subprocess.run(
        [sys.executable, "-m", "reportgen", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def pins(lock: str) -> set[tuple[str, str]]:
    """Read name and version of each package that a lock file pins."""
    return set(PIN.findall((ROOT / lock).read_text(encoding="utf-8")))


def tracked(folder: Path) -> set[str]:
    """List the files below a folder that belong to the project, relative to the checkout."""
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(ROOT).as_posix() for path in files}


def test_the_wheel_holds_everything_a_brief_needs(wheel: Path) -> None:
    """Code, sample, fonts, templates and the scaffold are in the wheel, and nothing of the checkout besides."""
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    templates = {f"reportgen/{name}" for name in tracked(ROOT / "templates")}
    assert held == tracked(ROOT / "reportgen") | templates | {"reportgen/templates/config.yaml"}
    assert len(templates) > 1
    assert any(name.startswith("reportgen/market/sample_data/") for name in held)
    assert any(name.startswith("reportgen/render/fonts/") for name in held)


def test_a_release_is_the_same_bytes_wherever_and_whenever_it_is_built(release: Path, tmp_path: Path) -> None:
    """The source archive, unpacked elsewhere with other times and rights, builds the very wheel and archive again."""
    shutil.unpack_archive(next(release.glob("*.tar.gz")), tmp_path, filter="data")
    (root,) = tmp_path.iterdir()
    (root / "PKG-INFO").unlink()  # which the build writes
    for path in root.rglob("*"):
        os.utime(path, (10**9, 10**9))
        path.chmod(path.stat().st_mode & 0o700)
    again = built(root, tmp_path / "again")
    assert len(list(release.iterdir())) == 2
    for made in release.iterdir():
        assert (again / made.name).read_bytes() == made.read_bytes(), made.name


def test_every_paper_of_a_release_says_one_version(wheel: Path) -> None:
    """Package, wheel, citation and the changelog's first heading name the same version; releases have a day."""
    heading = re.search(r"^## (\S+) \(\d{4}-\d\d-\d\d\)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    named = {heading and heading[1], citation["version"], wheel.name.split("-")[1]}
    assert named == {reportgen_package.__version__}


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    """The licence, the Python it needs and the command are in the metadata."""
    with zipfile.ZipFile(wheel) as archive:
        text = {
            name.rpartition("/")[2]: archive.read(name).decode() for name in archive.namelist() if "dist-info/" in name
        }
    assert "License-Expression: MIT" in text["METADATA"]
    assert "Requires-Python: >=3.11" in text["METADATA"]
    assert "reportgen = reportgen.__main__:main" in text["entry_points.txt"]
    assert "LICENSE" in text


def test_the_installed_wheel_makes_a_brief(installed: dict[str, str], tmp_path: Path) -> None:
    """Away from any checkout the installed command finds its templates, fonts and sample."""
    done = reportgen("brief", "--sample", "--output", "out", environment=installed, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {path.suffix for path in (tmp_path / "out/latest").iterdir()} >= {".html", ".pdf", ".json"}


def test_the_installed_wheel_scaffolds_a_configuration(installed: dict[str, str], tmp_path: Path) -> None:
    """`init` from an installed wheel writes a configuration that `check` accepts."""
    assert reportgen("init", environment=installed, folder=tmp_path).returncode == 0
    done = reportgen("check", environment=installed, folder=tmp_path)
    assert (tmp_path / "config.yaml").is_file()
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("lock", [*LOCKS, "requirements-docs.lock"])
def test_a_lock_file_pins_by_hash_and_names_no_registry(lock: str) -> None:
    """Every package has one exact version a Python and its hashes; no address says where it came from."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", text.partition(".ci/lock\n")[2].strip())
    assert len(entries) == len(PIN.findall(text)) > 20
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert not re.search(r"https?:|--(extra-)?index|find-links|file:", text)


def test_the_lock_files_agree_with_each_other_and_with_the_project() -> None:
    """The test environment has the very versions that a user gets, and every dependency is locked."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)
    tested = (group for name, group in project["dependency-groups"].items() if name != "docs")
    groups = [line for group in tested for line in group if isinstance(line, str)]
    runtime, development = ({name for name, _ in pins(lock)} for lock in LOCKS)
    wanted = {re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in project["project"]["dependencies"]}
    assert pins(LOCKS[0]) <= pins(LOCKS[1])
    assert wanted <= runtime
    assert {re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in groups} <= development
