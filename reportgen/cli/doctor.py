"""What the machine has and lacks: each check with its finding and the fix.

Stands beside the way from config to brief; run when something does not work. Libraries are loaded by their names
through ctypes, and WeasyPrint only in a child process, because without fonts it can end the process that imports it.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from reportgen.config.load import read_config
from reportgen.config.places import Place
from reportgen.delivery.archive.store import open_store
from reportgen.errors import ReportgenError

_OLDEST_PYTHON: Final = (3, 11)
_LIBRARIES: Final = {
    "gobject-2.0": ("libgobject-2.0.so.0", "libgobject-2.0.0.dylib", "libgobject-2.0-0.dll"),
    "pango-1.0": ("libpango-1.0.so.0", "libpango-1.0.dylib", "libpango-1.0-0.dll"),
    "pangoft2-1.0": ("libpangoft2-1.0.so.0", "libpangoft2-1.0.dylib", "libpangoft2-1.0-0.dll"),
    "harfbuzz": ("libharfbuzz.so.0", "libharfbuzz.0.dylib", "libharfbuzz-0.dll"),
    "harfbuzz-subset": ("libharfbuzz-subset.so.0", "libharfbuzz-subset.0.dylib", "libharfbuzz-subset-0.dll"),
    "fontconfig": ("libfontconfig.so.1", "libfontconfig.1.dylib", "libfontconfig-1.dll"),
}
_INSTALL_PANGO: Final = (
    "Debian or Ubuntu: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0; "
    "Fedora: dnf install pango; macOS: brew install pango"
)
_REINSTALL: Final = "Install reportgen again: pip install --force-reinstall reportgen, or ./run in a checkout"
_PDF_ENGINE: Final = "import weasyprint; print(weasyprint.__version__)"
_LONGEST_TRIAL_SECONDS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the doctor.

    Attributes:
        name: What was looked at. state: ok, note (works without it) or wrong.
        finding: What was found. fix: The next step; "" when all is well.
    """

    name: str
    state: Literal["ok", "note", "wrong"]
    finding: str
    fix: str = ""


def examine(config: Path | None, output: Place) -> Iterator[Check]:
    """Look at everything that a brief needs.

    Args:
        config: The configuration the user named, or None for ./config.yaml if it is there.
        output: The folder or URL that the briefs go to.
    """
    yield _python()
    yield _packages()
    libraries = tuple(_library(name, spellings) for name, spellings in _LIBRARIES.items())
    yield from libraries
    yield _pdf_engine(all(library.state == "ok" for library in libraries))
    yield _fonts()
    yield _output(output)
    yield _chart_cache()
    yield _configuration(config)


def _python() -> Check:
    found = platform.python_version()
    if sys.version_info >= _OLDEST_PYTHON:
        return Check(name="Python", state="ok", finding=found)
    return Check(name="Python", state="wrong", finding=found, fix="Install Python 3.11 or newer")


def _packages() -> Check:
    """Find the Python packages by their metadata, without importing them."""
    try:
        needed = importlib.metadata.requires("reportgen") or []
    except importlib.metadata.PackageNotFoundError:
        return Check(name="Python packages", state="note", finding="reportgen runs from a folder, not installed")
    names = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in needed if "extra ==" not in line]
    missing = [name for name in names if not _installed(name)]
    if missing:
        return Check(name="Python packages", state="wrong", finding=f"lacks {', '.join(missing)}", fix=_REINSTALL)
    return Check(name="Python packages", state="ok", finding=f"{len(names)} found")


def _installed(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _library(name: str, spellings: tuple[str, ...]) -> Check:
    """Load one shared library by the names it has on Linux, macOS and Windows."""
    for spelling in spellings:
        try:
            ctypes.CDLL(spelling)
        except OSError:
            continue
        return Check(name=f"library {name}", state="ok", finding=spelling)
    return Check(name=f"library {name}", state="wrong", finding="not found", fix=_INSTALL_PANGO)


def _pdf_engine(libraries_found: bool) -> Check:  # noqa: FBT001 - the one thing it depends on
    """Import WeasyPrint in a child, which may die without taking the doctor along."""
    name = "PDF engine"
    if not libraries_found:
        return Check(name=name, state="wrong", finding="not tried, a library is missing", fix="Install it, see above")
    try:
        trial = subprocess.run(  # noqa: S603 - this very Python, a fixed text
            [sys.executable, "-W", "ignore", "-c", _PDF_ENGINE],
            capture_output=True,
            text=True,
            timeout=_LONGEST_TRIAL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Check(name=name, state="wrong", finding="WeasyPrint does not start within a minute", fix=_REINSTALL)
    if trial.returncode == 0:
        return Check(name=name, state="ok", finding=f"WeasyPrint {trial.stdout.strip()}")
    last = (trial.stderr.strip().splitlines() or [f"ended with {trial.returncode}"])[-1]
    return Check(name=name, state="wrong", finding=f"WeasyPrint cannot be loaded: {last}", fix=_REINSTALL)


def _fonts() -> Check:
    """Look for the typeface that ships with the product; no system font is needed."""
    from reportgen.render.fonts import font_files

    missing = [path.name for path in font_files() if not path.is_file() or not path.stat().st_size]
    if missing:
        return Check(name="fonts", state="wrong", finding=f"lacks {', '.join(missing)}", fix=_REINSTALL)
    return Check(name="fonts", state="ok", finding=f"{len(font_files())} files, shipped with reportgen")


def _writable(name: str, folder: Path, fix: str) -> Check:
    """Write a file into the folder, or into the nearest parent that exists, and delete it."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"reportgen")
    except OSError as error:
        return Check(name=name, state="wrong", finding=f"{folder} cannot be written: {error.strerror}", fix=fix)
    return Check(name=name, state="ok", finding=f"{folder} can be written")


def _output(place: Place) -> Check:
    """Look at where the briefs go; a URL must answer."""
    if isinstance(place, Path):
        return _writable("output folder", place, "Name another with --output, or change its permissions")
    try:
        open_store(place)
    except ReportgenError as error:
        return Check(name="output URL", state="wrong", finding=str(error), fix="Name another with --output")
    return Check(name="output URL", state="ok", finding=f"{place} answers")


def _chart_cache() -> Check:
    """Look at the folder where matplotlib keeps its list of fonts; without it every brief is half a second slower."""
    from platformdirs import user_cache_dir

    folder = Path(os.environ.get("MPLCONFIGDIR") or user_cache_dir("matplotlib"))
    found = _writable("cache folder", folder, "Set MPLCONFIGDIR to a folder that can be written; briefs work without")
    return found if found.state == "ok" else Check(name=found.name, state="note", finding=found.finding, fix=found.fix)


def _configuration(path: Path | None) -> Check:
    """Read the configuration, if there is one."""
    place = path or Path("config.yaml")
    if path is None and not place.exists():
        return Check(name="configuration", state="note", finding="no ./config.yaml", fix="Make one: reportgen init")
    _, problems = read_config(place)
    if problems:
        count = f"{len(problems)} problem{'s' * (len(problems) > 1)} in {place}"
        return Check(name="configuration", state="wrong", finding=count, fix=f"See: reportgen check --config {place}")
    return Check(name="configuration", state="ok", finding=f"{place} holds no problem")
