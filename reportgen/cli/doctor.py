"""What `doctor` finds on the machine, and what `check` looks at beyond config.yaml, each with its fix.

Stands beside the way from config to brief. Libraries are loaded by their names through ctypes, and WeasyPrint only in a
child process, because without fonts it can end the process that imports it. A look at what a setting names, by the word
of its `seen`, gives the reason and the suggestion of what is wrong, or nothing; config/load puts the line before it.
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
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from reportgen.config.events import EventFile, FlowFile
from reportgen.config.load import did_you_mean, read_config
from reportgen.config.places import Place, how_to_install
from reportgen.config.settings import LIVE, SAMPLE
from reportgen.config.values import Look
from reportgen.config.yaml import read_yaml
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
_REINSTALL: Final = f"Install reportgen again: {how_to_install()}, or ./run in a checkout"
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
    yield _scripts()
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


def _scripts() -> Check:
    """Look for fonts of the machine that lend glyphs to symbols, events and brands in other scripts."""
    from reportgen.render.fonts import SAMPLES, lender, unprinted

    lacking = unprinted(SAMPLES.values())
    lent = ((script, lender(letter)) for script, letter in SAMPLES.items())
    found = "; ".join(f"{script}: {Path(one.path).name if one else 'none'}" for script, one in lent)
    fix = f"Where names are written so: {lacking.partition('. ')[2].rstrip('.')}" if lacking else ""
    return Check(name="other scripts", state="note" if lacking else "ok", finding=found, fix=fix)


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
    return found if found.state == "ok" else replace(found, state="note")


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


def looks_of(path: Path) -> Mapping[str, Look]:
    """Say how to look at what each kind of setting names.

    Args:
        path: The configuration: where its source is a folder, a venue may have any name.
    """
    from reportgen.delivery.mail.people import Suppressions, read_subscribers
    from reportgen.events.flow_tables import read_flow_file
    from reportgen.events.sources import read_event_file
    from reportgen.market.exchanges.venues import VENUES
    from reportgen.morning.brand import read_accent, read_logo
    from reportgen.morning.live import addresses_in, now_ms
    from reportgen.render.html import environment

    data = None
    with suppress(OSError):
        data = read_yaml(path).data
    live = not isinstance(data, dict) or data.get("source") in (None, LIVE)

    def venue(name: str) -> tuple[str, str] | None:
        known = not live or name in VENUES
        return None if known else (f"`{name}` is no venue that can be asked", did_you_mean(name, list(VENUES)))

    def event_file(named: EventFile) -> tuple[str, str] | None:
        return _there(named.file, "file") or _fault_of(lambda: read_event_file(named, (now_ms(), now_ms())))

    def flow_file(named: FlowFile) -> tuple[str, str] | None:
        return _there(named.file, "file") or _fault_of(lambda: read_flow_file(named.file))

    return {
        "file": lambda file: _there(file, "file"),
        "venue": venue,
        "source": _source,
        "calibration": _calibration,
        "templates": lambda folder: _there(folder, "folder") or _fault_of(lambda: environment(folder)),
        "logo": lambda file: _fault_of(lambda: read_logo(file)),
        "accent": lambda colour: _fault_of(lambda: read_accent(colour)),
        "accent_dark": lambda colour: _fault_of(lambda: read_accent(colour, dark=True)),
        "addresses": lambda file: _there(file, "file") or _fault_of(lambda: addresses_in(file)),
        "calendar": event_file,
        "flows": flow_file,
        # Commands make these two where they are not there.
        "subscribers": lambda place: (
            _fault_of(lambda: read_subscribers(place)) if isinstance(place, Path) and place.exists() else None
        ),
        "suppressions": lambda file: _fault_of(Suppressions(file).keys) if file.exists() else None,
    }


def _there(path: Path, what: str) -> tuple[str, str] | None:
    if path.is_dir() if what == "folder" else path.is_file():
        return None
    return f"the {what} {path} is not there", "Correct the path, or delete the entry."


def _fault_of(read: Callable[[], Any]) -> tuple[str, str] | None:
    """Read what a setting names, and tell the first mistake in it and how many there are."""
    try:
        read()
    except (ReportgenError, OSError) as error:
        first, *others = str(error).splitlines()
        reason, _, suggestion = first.partition(". ")
        more = f" {len(others)} more stand{'s' * (len(others) == 1)} in it." if others else ""
        return reason.rstrip("."), (suggestion or "Correct it.") + more
    return None


def _source(source: str) -> tuple[str, str] | None:
    """Look for the market folder and for candles in it."""
    from reportgen.market.folder.read import symbols_in

    folder = Path(source)
    if source in (LIVE, SAMPLE):
        return None
    if not folder.is_dir():
        return f"the market folder {folder} is not there", "Correct the path, or write `live` or `sample`."
    found: list[str] = []
    fault = _fault_of(lambda: found.extend(symbols_in(folder, None)))
    if fault or found:
        return fault
    return f"the market folder {folder} holds no candles", "Add a candles table (docs/data-formats.md)."


def _calibration(place: Path) -> tuple[str, str] | None:
    """Look for a calibration and read the newest ones of a folder."""
    from reportgen.delivery.archive.calibrations import newest_calibrations
    from reportgen.morning.live import now_ms

    if not place.exists():
        return f"the calibration {place} is not there", "Make it with `reportgen calibrate`, or delete the line."
    notes = newest_calibrations(place, now_ms()).notes
    reason, _, suggestion = notes[0].partition(": ")[2].partition(". ") if notes else ("", "", "")
    return (reason, suggestion) if notes else None
