"""Earlier briefs of an output, the newest first, read one at a time as they are asked for.

The way back from files to briefs: what changed, the ledger and `refresh` begin here. The layout is
`YYYY/MM/DD/brief.json`, and `YYYY/MM/DD/rN/brief.json` for later revisions of a day, of which the newest counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from reportgen.brief.types import Brief
from reportgen.delivery.archive.store import Store
from reportgen.errors import DataError, UsageError
from reportgen.moments import day_of
from reportgen.render.formats import COPY
from reportgen.render.json import brief_from_json
from reportgen.units import Maybe, Milliseconds, Missing

# ---- Where a brief stands: YYYY/MM/DD for the first of its UTC day, YYYY/MM/DD/r2 for the second that says otherwise -
JSON: Final = COPY.file
LATEST: Final = "latest"

_BRIEF: Final = re.compile(r"(\d{4})/(\d{2})/(\d{2})(?:/r([1-9]\d*))?/brief\.json")
_OWN_PAGE: Final = "index.html"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Shelf:
    """The place of one brief. day: "2026-01-19". revision: 1 for the first of the day."""

    day: str
    revision: int

    @property
    def day_folder(self) -> str:
        """Give the folder of the day: 2026/01/19."""
        return self.day.replace("-", "/")

    @property
    def folder(self) -> str:
        """Give the brief's own folder: 2026/01/19, or 2026/01/19/r2."""
        return self.day_folder if self.revision == 1 else f"{self.day_folder}/r{self.revision}"


def shelf_of(path: str) -> Shelf | None:
    """Read which brief a path to a brief.json belongs to; None for any other path."""
    found = _BRIEF.fullmatch(path)
    if not found:
        return None
    year, month, day, revision = found.groups()
    return Shelf(day=f"{year}-{month}-{day}", revision=int(revision or 1))


def shelves(paths: Iterable[str]) -> list[Shelf]:
    """List the briefs among many paths, oldest first."""
    return sorted(shelf for shelf in map(shelf_of, paths) if shelf is not None)


def choose_shelf(store: Store, as_of_ms: Milliseconds, brief_json: bytes) -> tuple[Shelf, bool]:
    """Find the place of a brief, and whether it is new there.

    Args:
        store: The archive.
        as_of_ms: The moment that the brief speaks of.
        brief_json: Its bytes.

    Returns:
        The last shelf of the day and False when the brief there says the same outside `provenance`; else the next one
        and True.
    """
    day = "-".join(day_of(as_of_ms))
    taken = shelves(store.files(day.replace("-", "/")))
    if not taken:
        return Shelf(day=day, revision=1), True
    last = taken[-1]
    if same_result(store.read(f"{last.folder}/{JSON}") or b"", brief_json):
        return last, False
    return Shelf(day=day, revision=last.revision + 1), True


def same_result(one: bytes, other: bytes) -> bool:
    """Tell whether two brief.json say the same, wherever their input came from."""
    return one == other or _without_provenance(one) == _without_provenance(other)


def _without_provenance(content: bytes) -> Any:  # noqa: ANN401 - JSON of any shape
    try:
        parsed = json.loads(content)
    except ValueError:
        return content
    return {key: value for key, value in parsed.items() if key != "provenance"} if isinstance(parsed, dict) else parsed


def belongs_to(path: str, shelf: Shelf) -> bool:
    """Tell whether a file stands in a brief's own folder, and not in that of a later revision of the day."""
    if not path.startswith(f"{shelf.folder}/"):
        return False
    inside = path.removeprefix(f"{shelf.folder}/")
    return shelf.revision > 1 or (not re.match(r"r[1-9]\d*/", inside) and inside != _OWN_PAGE)


# ---- Which brief is meant: the newest, or the one of a day; of a day that was made again, the last revision ----

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def find_brief(store: Store, day: str | None = None) -> str:
    """Find a brief.json, as a path in the archive.

    Args:
        store: The archive.
        day: 2026-01-19, or None for the newest.

    Raises:
        UsageError: The day is none, or there is no brief.
    """
    if day is None:
        return _newest(store)
    if not _DAY.fullmatch(day.strip()):
        raise UsageError(f"`{day}` is no day. Write it as 2026-01-19.")
    kept = _of_day(store, day.strip())
    if not kept:
        raise UsageError(f"{store.name} holds no brief of {day}. Make one with `reportgen brief`, or name another day.")
    return f"{kept[-1].folder}/{JSON}"


def folder_of(store: Store, path: str, as_of_ms: Milliseconds) -> str:
    """Name the folder in which a brief stays; for latest/ that of the day's last revision.

    Args:
        store: The archive.
        path: Of a brief.json in it.
        as_of_ms: Of that brief.
    """
    folder = path.rpartition("/")[0]
    if folder != LATEST:
        return folder
    kept = _of_day(store, "-".join(day_of(as_of_ms)))
    return kept[-1].folder if kept else folder


def _newest(store: Store) -> str:
    latest = f"{LATEST}/{JSON}"
    if store.read(latest) is not None:
        return latest
    kept = shelves(store.files())
    if not kept:
        raise UsageError(f"{store.name} holds no brief. Make one with `reportgen brief`.")
    return f"{kept[-1].folder}/{JSON}"


def _of_day(store: Store, day: str) -> list[Shelf]:
    """List a day's briefs, the first one before r2, r3 …."""
    return shelves(store.files(day.replace("-", "/")))


_PATH: Final = re.compile(rf"(\d{{4}}/\d{{2}}/\d{{2}})(?:/r([1-9]\d*))?/{re.escape(JSON)}")
_SILENT_MONTHS: Final = 24
"""After two years without a brief nobody looks for one before them."""


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
    last_day = "/".join(day_of(before_ms))
    for _, revisions in groupby(_newest_first(store, last_day), key=lambda found: found[0]):
        yield from _earlier_of_day(store, [path for *_, path in revisions], before_ms, simulated)


def _earlier_of_day(
    store: Store,
    paths: list[str],
    before_ms: Milliseconds,
    simulated: bool | None,  # noqa: FBT001 - as the caller's
) -> Iterator[Maybe[Brief]]:
    """Yield the notes on what cannot be read of a day, and the first brief that can."""
    for path in paths:
        try:
            brief = brief_from_json(store.read(path) or b"", path)
        except (DataError, OSError) as error:
            cause = str(error).splitlines()[0].partition(": ")[2] if isinstance(error, DataError) else error.strerror
            yield Missing(f"{path} cannot be read and is left out: {str(cause).rstrip('.')}.")
            continue
        if brief.as_of_ms < before_ms and simulated in (None, brief.simulated):
            yield brief
            return


def _newest_first(store: Store, last_day: str) -> Iterator[tuple[str, int, str]]:
    """Yield day, revision and path of each brief up to a day: the newest day and revision first."""
    silent, month = 0, last_day[:7]
    while silent < _SILENT_MONTHS:
        found = [match for match in map(_PATH.fullmatch, store.files(month)) if match and match[1] <= last_day]
        yield from sorted(((match[1], int(match[2] or 1), match[0]) for match in found), reverse=True)
        silent = 0 if found else silent + 1
        month = _month_before(month)


def _month_before(month: str) -> str:
    """Step back: 2026/01 becomes 2025/12."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year}/{number - 1:02}" if number > 1 else f"{year - 1:04}/12"
