"""Calibrations where the briefs are kept: found in a folder or behind a URL, written so that the manifest has them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reportgen.config.places import Place
    from reportgen.config.settings import Config
    from reportgen.delivery.archive.calibrations import FoundCalibrations
    from reportgen.liquidation.calibration import Calibration
    from reportgen.units import Milliseconds


def find_calibrations(config: Config, as_of_ms: Milliseconds) -> FoundCalibrations:
    """Find the newest calibrations that were known at a moment, wherever the briefs are kept."""
    from reportgen.delivery.archive.calibrations import FOLDER, newest_calibrations

    if config.calibration is not None:
        return newest_calibrations(config.calibration, as_of_ms)
    if isinstance(config.output, Path):
        return newest_calibrations(config.output / FOLDER, as_of_ms)
    return _behind_url(config.output, as_of_ms)


def _behind_url(url: str, as_of_ms: Milliseconds) -> FoundCalibrations:
    """Fetch the dated files, then look at them as in any folder; notes name the URL."""
    import tempfile

    from reportgen.delivery.archive.calibrations import FOLDER, newest_calibrations
    from reportgen.delivery.archive.store import open_store

    store = open_store(url)
    with tempfile.TemporaryDirectory(prefix="reportgen-") as scratch:
        for path in store.files(FOLDER):
            content = store.read(path)
            if content is not None:
                (Path(scratch) / PurePosixPath(path).name).write_bytes(content)
        found = newest_calibrations(Path(scratch), as_of_ms)
        return replace(found, notes=tuple(note.replace(scratch, store.path(FOLDER)) for note in found.notes))


def own_folder(place: Place) -> Path:
    """Give the folder of calibrations where the briefs are kept; relative to the place when that is a URL."""
    from reportgen.delivery.archive.calibrations import FOLDER

    return Path(FOLDER) if isinstance(place, str) else place / FOLDER


def keep_calibrations(place: Place, path: Path, made: Sequence[Calibration], *, named: bool) -> str:
    """Write a calibration file; one that stands inside the archive is listed there.

    Args:
        place: Where the briefs are kept.
        path: Where the file goes.
        made: What to write.
        named: True when the user named the file or its folder, which then is on this machine.

    Returns:
        Where it is now.
    """
    from reportgen.config.places import inside as beneath
    from reportgen.delivery.archive.calibrations import calibrations_to_json, write_calibrations
    from reportgen.delivery.archive.commit import add_files

    if isinstance(place, str) and not named:
        add_files(place, {path.as_posix(): calibrations_to_json(made)})
        return beneath(place, path.as_posix())
    if isinstance(place, Path) and path.resolve().is_relative_to(place.resolve()):
        inside = path.resolve().relative_to(place.resolve()).as_posix()
        add_files(place, {inside: calibrations_to_json(made)})
    else:
        write_calibrations(path, made)
    return str(path)
