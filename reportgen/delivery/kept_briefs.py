"""Which brief is meant: the newest, or the one of a day; of a day that was made again, the last revision."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from reportgen.delivery.output import JSON
from reportgen.errors import UsageError
from reportgen.moments import day_of
from reportgen.units import Milliseconds

_DAY: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_REVISION: Final = re.compile(r"r(\d+)")


def find_brief(output: Path, day: str | None = None) -> Path:
    """Find a brief.json.

    Args:
        output: Folder of all briefs.
        day: 2026-01-19, or None for the newest.

    Raises:
        UsageError: The day is none, or there is no brief.
    """
    if day is None:
        return _newest(output)
    found = _DAY.fullmatch(day.strip())
    if found is None:
        raise UsageError(f"`{day}` is no day. Write it as 2026-01-19.")
    revisions = _revisions(output.joinpath(*found.groups()))
    if not revisions:
        raise UsageError(f"{output} holds no brief of {day}. Make one with `reportgen brief`, or name another day.")
    return revisions[-1]


def folder_of(output: Path, brief: Path, as_of_ms: Milliseconds) -> str:
    """Name the folder in which a brief stays, relative to the output; for latest/ that of the day's last revision.

    Args:
        output: Folder of all briefs.
        brief: A brief.json in it.
        as_of_ms: Of that brief.
    """
    folder = brief.parent
    if folder == output / "latest":
        day = output.joinpath(*day_of(as_of_ms))
        folder = next((path.parent for path in reversed(_revisions(day))), day)
    return folder.relative_to(output).as_posix()


def _newest(output: Path) -> Path:
    latest = output / "latest" / JSON
    if latest.is_file():
        return latest
    days = sorted(path for path in output.glob("[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]") if _revisions(path))
    if not days:
        raise UsageError(f"{output} holds no brief. Make one with `reportgen brief`.")
    return _revisions(days[-1])[-1]


def _revisions(folder: Path) -> list[Path]:
    """List a day's brief.json files, the first one before r2, r3 …."""
    numbered = [(int(found[1]), path) for path in folder.glob("r*") if (found := _REVISION.fullmatch(path.name))]
    files = [folder / JSON, *(path / JSON for _, path in sorted(numbered))]
    return [file for file in files if file.is_file()]
