"""Where a brief stands, and the way back to it: YYYY/MM/DD/, and YYYY/MM/DD/r2/ for the second of a day that differs.

What changed, the ledger, `refresh` and `send` begin here; of a day that was made again, the last revision counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from reportgen.brief.types import Brief
from reportgen.delivery.archive.store import Store
from reportgen.errors import DataError, UsageError
from reportgen.moments import day_of
from reportgen.render.formats import COPY
from reportgen.render.json import brief_from_json
from reportgen.units import DAY_MS, Maybe, Milliseconds, Missing

JSON: Final = COPY.file
LATEST: Final = "latest"
DAY_PAGE: Final = "index.html"
"""Stands in the folder of a day's first brief and belongs to the site."""

_FILE: Final = re.compile(r"(\d{4})/(\d{2})/(\d{2})/(?:r([2-9]|[1-9]\d+)/)?(.+)")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_SILENT_MONTHS: Final = 24
"""After two years without a brief nobody looks for one before them."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class BriefFolder:
    """The folder of one brief. day: "2026-01-19". revision: 1 for the first of the day."""

    day: str
    revision: int

    @property
    def folder(self) -> str:
        """Give its path in the archive: 2026/01/19, or 2026/01/19/r2."""
        day = self.day.replace("-", "/")
        return day if self.revision == 1 else f"{day}/r{self.revision}"


def morning_of(brief: Brief) -> str:
    """Name a brief's morning, the day of as-of in its own time zone: 2026-01-19."""
    return day_of(brief.as_of_ms, brief.timezone)


def folder_holding(path: str) -> BriefFolder | None:
    """Tell whose folder a file stands in; None for the site's pages and everything outside the days."""
    found = _FILE.fullmatch(path)
    if not found or (not found[4] and found[5] == DAY_PAGE):
        return None
    return BriefFolder(day="-".join(found.group(1, 2, 3)), revision=int(found[4] or 1))


def brief_folders(paths: Iterable[str]) -> list[BriefFolder]:
    """List the briefs among many paths, oldest first."""
    named = ((folder_holding(path), path) for path in paths if path.endswith(f"/{JSON}"))
    return sorted(place for place, path in named if place is not None and path == f"{place.folder}/{JSON}")


def briefs_on(store: Store, day: str) -> list[BriefFolder]:
    """List the briefs of a day, the first one before r2, r3 …."""
    return brief_folders(store.files(day.replace("-", "/")))


def choose_folder(store: Store, day: str, brief_json: bytes) -> tuple[BriefFolder, bool]:
    """Find the place of a brief, and whether it is new there.

    Args:
        store: The archive.
        day: Its morning: 2026-01-19.
        brief_json: Its bytes.

    Returns:
        The last folder of the day and False when the brief there says the same outside `provenance`; else the next one
        and True.
    """
    taken = briefs_on(store, day)
    if not taken:
        return BriefFolder(day=day, revision=1), True
    last = taken[-1]
    if _without_provenance(store.read(f"{last.folder}/{JSON}") or b"") == _without_provenance(brief_json):
        return last, False
    return BriefFolder(day=day, revision=last.revision + 1), True


def _without_provenance(content: bytes) -> Any:  # noqa: ANN401 - JSON of any shape
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError):
        return content
    return {key: value for key, value in parsed.items() if key != "provenance"} if isinstance(parsed, dict) else parsed


def find_brief(store: Store, day: str | None = None) -> str:
    """Find a brief.json, as a path in the archive.

    Args:
        store: The archive.
        day: 2026-01-19, or None for the newest.

    Raises:
        UsageError: The day is none, or there is no brief.
    """
    if day is None:
        latest = f"{LATEST}/{JSON}"
        if store.read(latest) is not None:
            return latest
        kept = brief_folders(store.files())
        if not kept:
            raise UsageError(f"{store.name} holds no brief. Make one with `reportgen brief`.")
    elif not _DAY.fullmatch(day.strip()):
        raise UsageError(f"`{day}` is no day. Write it as 2026-01-19.")
    else:
        kept = briefs_on(store, day.strip())
        if not kept:
            raise UsageError(
                f"{store.name} holds no brief of {day}. Make one with `reportgen brief`, or name another day."
            )
    return f"{kept[-1].folder}/{JSON}"


def folder_of(store: Store, path: str, brief: Brief) -> str:
    """Name the folder in which a brief stays; for latest/ the one that holds the same.

    Args:
        store: The archive.
        path: Of a brief.json in it.
        brief: What that file holds.
    """
    folder = path.rpartition("/")[0]
    if folder != LATEST:
        return folder
    days = dict.fromkeys((morning_of(brief), day_of(brief.as_of_ms)))  # older versions kept UTC days, whatever the zone
    kept = [place.folder for day in days for place in reversed(briefs_on(store, day))]
    same = (one for one in kept if store.read(f"{one}/{JSON}") == store.read(path))
    return next(same, kept[0] if kept else folder)


def earlier_briefs(store: Store, before_ms: Milliseconds, *, simulated: bool | None = None) -> Iterator[Maybe[Brief]]:
    """Yield the briefs that spoke of a moment before another, one a day, the newest first.

    Of a day the newest revision counts that speaks of an earlier moment. Folders are listed month by month, files read
    one by one, so that the last brief costs the same whatever the archive holds.

    Args:
        store: Where the briefs stand; need not be there.
        before_ms: UTC epoch milliseconds.
        simulated: Only briefs of the simulated market, or only of real ones; None for both.

    Yields:
        A brief, or a Missing that says in one sentence which file could not be read.
    """
    last_day = day_of(before_ms + DAY_MS)  # a morning may be called by the next day's name
    silent, month = 0, last_day[:7]
    while silent < _SILENT_MONTHS:
        found = [place for place in brief_folders(store.files(month.replace("-", "/"))) if place.day <= last_day]
        silent = 0 if found else silent + 1
        month = (date.fromisoformat(f"{month}-01") - timedelta(days=1)).isoformat()[:7]
        for _, revisions in groupby(reversed(found), key=attrgetter("day")):
            for place in revisions:
                brief = _read(store, f"{place.folder}/{JSON}")
                if isinstance(brief, Missing):
                    yield brief
                elif brief.as_of_ms < before_ms and simulated in (None, brief.simulated):
                    yield brief
                    break


def _read(store: Store, path: str) -> Maybe[Brief]:
    """Read a brief, or say why that cannot be done."""
    try:
        return brief_from_json(store.read(path) or b"", path)
    except (DataError, OSError) as error:
        cause = str(error).splitlines()[0].partition(": ")[2] if isinstance(error, DataError) else error.strerror
        return Missing(f"{path} cannot be read and is left out: {str(cause).rstrip('.')}.")
