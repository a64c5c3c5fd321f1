"""Which brief is meant: the newest, or the one of a day; of a day that was made again, the last revision."""

from __future__ import annotations

import re
from typing import Final

from reportgen.delivery.layout import JSON, LATEST, Shelf, shelves
from reportgen.delivery.store import Store
from reportgen.errors import UsageError
from reportgen.moments import day_of
from reportgen.units import Milliseconds

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
