"""The calibration file: JSON on disk, strictly read; the newest that was known at a moment.

Stands at the edge between `reportgen calibrate`, which writes `<output>/calibrations/YYYY-MM-DD.json`, dated by the end
of its sample, and the brief, which picks it up. A file that cannot be read is passed over and named; the last good one
is used instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reportgen.calibrations_format import calibrations_from_json, calibrations_to_json
from reportgen.delivery.output import replace_files
from reportgen.errors import DataError
from reportgen.liquidation.calibration import Calibration
from reportgen.moments import day_of
from reportgen.units import Milliseconds

FOLDER: Final = "calibrations"
_DATED: Final = re.compile(r"\d{4}-\d{2}-\d{2}\.json")
_MOST_FILES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCalibrations:
    """What a folder or file held by a moment.

    Attributes:
        calibrations: Newest first, all symbols; none whose sample ends later than as-of.
        notes: A sentence for each file that could not be used.
    """

    calibrations: tuple[Calibration, ...]
    notes: tuple[str, ...]


def calibration_path(folder: Path, calibrations: Sequence[Calibration]) -> Path:
    """Name the file by the UTC day on which its sample ends."""
    return folder / f"{'-'.join(day_of(max(each.sample_end_ms for each in calibrations)))}.json"


def write_calibrations(path: Path, calibrations: Sequence[Calibration]) -> None:
    """Write a file in one step: what stood there stays until the new one is complete.

    Raises:
        OSError: The file cannot be written.
    """
    replace_files({path: calibrations_to_json(calibrations)})


def read_calibrations(path: Path) -> tuple[Calibration, ...]:
    """Read one file.

    Raises:
        DataError: It is not there, cannot be read, or is not what `reportgen calibrate` writes; names the place.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = "is not there" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise DataError(f"{path} {reason}. Make it with `reportgen calibrate`, or name another.") from error
    return calibrations_from_json(data, str(path))


def newest_calibrations(place: Path, as_of_ms: Milliseconds) -> FoundCalibrations:
    """Find what was known at a moment: the newest dated files of a folder, or the one file named.

    Args:
        place: A folder of dated files, which need not be there, or one file.
        as_of_ms: Samples that end later are left out.
    """
    found: list[Calibration] = []
    notes: list[str] = []
    for path in _files(place, as_of_ms):
        try:
            read = read_calibrations(path)
        except DataError as error:
            notes.append(f"The calibration was passed over: {error}")
            continue
        found += [each for each in read if each.sample_end_ms <= as_of_ms]
    found.sort(key=lambda each: -each.sample_end_ms)
    return FoundCalibrations(calibrations=tuple(found), notes=tuple(notes))


def _files(place: Path, as_of_ms: Milliseconds) -> list[Path]:
    """List the files to read, newest first; a few, as older ones are too old to be used."""
    if not place.is_dir():
        return [place] if place.exists() or place.suffix == ".json" else []
    last = f"{'-'.join(day_of(as_of_ms))}.json"
    dated = sorted(p for p in place.iterdir() if _DATED.fullmatch(p.name) and p.name <= last)
    return dated[::-1][:_MOST_FILES]
