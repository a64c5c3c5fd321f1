"""A history page by page: newest first, gaps at the edges asked for again, closed rows from the disk.

Stands between the venues' readers and the border. Venues differ in how many rows they give, in which order, and
whether they start from the old or the new end; here only what came is looked at.
"""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from reportgen.market.exchanges.answers import UNREADABLE, unreadable
from reportgen.market.exchanges.connection import Connection
from reportgen.market.exchanges.venue import Contract, Datum, Paged, Row
from reportgen.units import DAY_MS, HOUR_MS, Floats, Milliseconds, Missing

_FORMAT: Final = "1"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KeptRows:
    """Rows of one series. since_ms: they are complete from here on. rows: shape (n, cells), by time, time first."""

    since_ms: Milliseconds
    rows: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryCache:
    """A folder of closed history.

    Attributes:
        folder: Made when something is kept. clock: UTC epoch milliseconds. longest_days: older files are asked anew.
    """

    folder: Path
    clock: Callable[[], Milliseconds]
    longest_days: float = 7.0

    def load(self, series: str) -> KeptRows | None:
        """Give what is kept of a series, unless it is too old or damaged."""
        try:
            with np.load(self._path(series), allow_pickle=False) as file:
                begun, since, rows = int(file["begun"]), int(file["since"]), np.asarray(file["rows"], dtype=np.float64)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return None
        fresh = 0 <= self.clock() - begun <= self.longest_days * DAY_MS
        sound = rows.ndim == 2 and len(rows) and bool(np.all(np.diff(rows[:, 0]) > 0))
        return KeptRows(since_ms=since, rows=rows) if fresh and sound else None

    def keep(self, series: str, kept: KeptRows, *, grown: bool) -> None:
        """Keep a series; one that grew keeps the age of its beginning. A folder that cannot be written is no fault."""
        path = self._path(series)
        begun = self.clock()
        if grown:
            with suppress(OSError, ValueError, KeyError, zipfile.BadZipFile), np.load(path, allow_pickle=False) as file:
                begun = int(file["begun"])
        content = io.BytesIO()
        np.savez(content, begun=np.int64(begun), since=np.int64(kept.since_ms), rows=kept.rows)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(f".{os.getpid()}.unfinished")
            unfinished.write_bytes(content.getvalue())
            unfinished.replace(path)

    def _path(self, series: str) -> Path:
        """Name the file: whatever a series is called, its name is harmless."""
        return self.folder / f"{hashlib.sha256(f'{_FORMAT} {series}'.encode()).hexdigest()[:32]}.npz"


_USUAL_FUNDING_HOURS: Final = 8
_STILL_CHANGING: Final = 3
"""Steps before now in which a venue may yet change what it says."""

_MOST_PAGES: Final = 60
"""Of one series: a venue that always says there is more does not keep a run for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRequest:
    """One history to be read.

    Attributes:
        line: The venue. contract: the market there. datum: what. paged: how.
        since: First moment wanted, milliseconds. until: exclusive end.
    """

    line: Connection
    contract: Contract
    datum: Datum
    paged: Paged
    since: Milliseconds
    until: Milliseconds

    @property
    def step(self) -> Milliseconds:
        """Time between two rows; a guess for funding, whose interval is read from its rows later."""
        hours = self.contract.listing.funding_hours
        own = round((_USUAL_FUNDING_HOURS if isinstance(hours, Missing) else hours) * HOUR_MS)
        return self.paged.step_ms or own


def read_history(series: HistoryRequest, cache: HistoryCache | None) -> Floats:
    """Read a history.

    Returns:
        Shape (n, cells), ascending in time, rows that came twice word for word once; n may be 0.

    Raises:
        VenueFault: The venue did not answer, or answered what cannot be read.
    """
    name = f"{series.line.place} {series.contract.market_id} {series.datum}"
    kept = cache.load(name) if cache else None
    known = np.empty((0, 0))
    since = series.since
    if kept is not None and kept.since_ms <= series.since + series.step:
        known = kept.rows[kept.rows[:, 0] >= series.since]
        since = int(known[-1, 0]) + 1 if len(known) else since
    fresh = _pages(series, since)
    if not len(known):
        rows = fresh
    elif not len(fresh):
        rows = known
    else:
        rows = np.concatenate([known, fresh])
    settled = rows[rows[:, 0] < series.until - _STILL_CHANGING * series.step] if len(rows) else rows
    if cache and len(settled):
        cache.keep(name, KeptRows(since_ms=series.since, rows=settled), grown=bool(len(known)))
    return rows


def _pages(series: HistoryRequest, since: Milliseconds) -> Floats:
    """Turn pages from the newest backwards, until the beginning or a page without rows."""
    found: list[Row] = []
    end = series.until
    for _ in range(_MOST_PAGES):
        new = _window(series, max(since, end - series.paged.rows * series.step), end)
        found += new
        if not new:
            break
        end = int(min(row[0] for row in new))
        if end - series.step < since:
            break
    return np.unique(np.array(found, dtype=np.float64), axis=0) if found else np.empty((0, 0))


def _window(series: HistoryRequest, begin: Milliseconds, end: Milliseconds) -> list[Row]:
    """Read a stretch; a venue that gave its older end only is asked for the rest."""
    rows = _page(series, begin, end)
    more = rows
    while more and (newest := int(max(row[0] for row in more))) + 2 * series.step < end:
        more = _page(series, newest + 1, end)
        rows = rows + more
    return rows


def _page(series: HistoryRequest, begin: Milliseconds, end: Milliseconds) -> list[Row]:
    """Ask for one page and keep what was asked for."""
    try:
        rows = series.paged.page(series.line, series.contract, begin, end)
    except UNREADABLE as error:
        raise unreadable(series.line.venue) from error
    return [row for row in rows if begin <= row[0] < end]
