"""One datum that is wanted, and its history page by page: gaps at the edges asked again, closed rows from the disk.

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

from reportgen.market.exchanges.answers import readable
from reportgen.market.exchanges.connection import Connection
from reportgen.market.exchanges.venue import Contract, Datum, FaultKind, Row, UnitRule, Venue, VenueFault
from reportgen.units import DAY_MS, HOUR_MS, Floats, Milliseconds, Missing

_FORMAT: Final = "1"
_DAMAGED: Final = (OSError, ValueError, KeyError, zipfile.BadZipFile)
_BARS: Final = frozenset({Datum.CANDLES, Datum.MARK, Datum.SPOT, Datum.LIQUIDATIONS})
_USUAL_FUNDING_HOURS: Final = 8
_STILL_CHANGING: Final = 3
"""Steps before now in which a venue may yet change what it says."""

_MOST_PAGES: Final = 60
"""Of one series: a venue that always says there is more does not keep a run for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryCache:
    """A folder of closed history: of each series the rows, shape (n, cells), time first, and since when they are whole.

    Attributes:
        folder: Made when something is kept. clock: UTC epoch milliseconds. longest_days: older files are asked anew.
    """

    folder: Path
    clock: Callable[[], Milliseconds]
    longest_days: float = 7.0

    def load(self, series: str) -> tuple[Milliseconds, Floats] | None:
        """Give what is kept of a series, unless it is too old or damaged."""
        try:
            with np.load(self._path(series), allow_pickle=False) as file:
                begun, since, rows = int(file["begun"]), int(file["since"]), np.asarray(file["rows"], dtype=np.float64)
        except _DAMAGED:
            return None
        fresh = 0 <= self.clock() - begun <= self.longest_days * DAY_MS
        sound = rows.ndim == 2 and len(rows) and bool(np.all(np.diff(rows[:, 0]) > 0))
        return (since, rows) if fresh and sound else None

    def keep(self, series: str, since_ms: Milliseconds, rows: Floats, *, grown: bool) -> None:
        """Keep a series; one that grew keeps the age of its beginning. A folder that cannot be written is no fault."""
        path = self._path(series)
        begun = self.clock()
        if grown:
            with suppress(*_DAMAGED), np.load(path, allow_pickle=False) as file:
                begun = int(file["begun"])
        content = io.BytesIO()
        np.savez(content, begun=np.int64(begun), since=np.int64(since_ms), rows=rows)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(f".{os.getpid()}.unfinished")
            unfinished.write_bytes(content.getvalue())
            unfinished.replace(path)

    def _path(self, series: str) -> Path:
        """Name the file: whatever a series is called, its name is harmless."""
        return self.folder / f"{hashlib.sha256(f'{_FORMAT} {series}'.encode()).hexdigest()[:32]}.npz"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DatumRequest:
    """One datum that is wanted.

    Attributes:
        line: The venue. contract: the market. datum: what. cache: closed history, if kept.
        until: The venue's time when the run began: the same end for every series, so that nothing is asked twice.
    """

    line: Connection
    contract: Contract
    datum: Datum
    cache: HistoryCache | None
    until: Milliseconds

    @property
    def venue(self) -> Venue:
        """Who is asked."""
        return self.contract.venue

    @property
    def rule(self) -> UnitRule:
        """How the venue expresses the datum; nothing is asked that has none."""
        rule = self.venue.rule(self.datum)
        if isinstance(rule, Missing):
            raise VenueFault(FaultKind.BAD_PAYLOAD, rule.reason)
        return rule

    @property
    def since(self) -> Milliseconds:
        """First moment that is wanted."""
        return (self.until - self.rule.days * DAY_MS) // HOUR_MS * HOUR_MS


def read_history(request: DatumRequest) -> Floats:
    """Read a venue's history of a datum; rows of bars that are not over yet are dropped.

    Returns:
        Shape (n, cells), n > 0, ascending in time, rows that came twice word for word once.

    Raises:
        VenueFault: There is none, or the venue did not answer, or answered what cannot be read.
    """
    hours = request.contract.listing.funding_hours
    # The interval of funding is read from its rows later: till then a guess.
    own = round((_USUAL_FUNDING_HOURS if isinstance(hours, Missing) else hours) * HOUR_MS)
    step = request.venue.paged[request.datum].step_ms or own
    series = f"{request.line.place} {request.contract.market_id} {request.datum}"
    kept = request.cache.load(series) if request.cache else None
    rows = np.empty((0, 0))
    since = request.since
    if kept is not None and kept[0] <= since + step:
        rows = kept[1][kept[1][:, 0] >= since]
        since = int(rows[-1, 0]) + 1 if len(rows) else since
    grown = bool(len(rows))
    fresh = _pages(request, since, step)
    if len(fresh):
        rows = np.concatenate([rows, fresh]) if grown else fresh
    settled = rows[rows[:, 0] < request.until - _STILL_CHANGING * step] if len(rows) else rows
    if request.cache and len(settled):
        request.cache.keep(series, request.since, settled, grown=grown)
    # A statistic of the running hour may be stamped with its end.
    length = HOUR_MS if request.datum in _BARS else 0
    closed = rows[rows[:, 0] + length <= request.until] if len(rows) else rows
    if not len(closed):
        raise VenueFault(FaultKind.BAD_PAYLOAD, f"{request.venue.display} gave no rows of {request.datum}.")
    return closed


def _pages(request: DatumRequest, since: Milliseconds, step: Milliseconds) -> Floats:
    """Turn pages from the newest backwards, until the beginning or a page without rows."""
    paged = request.venue.paged[request.datum]

    def page(begin: Milliseconds, end: Milliseconds) -> list[Row]:
        with readable(request.venue):
            rows = paged.page(request.line, request.contract, begin, end)
        return [row for row in rows if begin <= row[0] < end]

    found: list[Row] = []
    end = request.until
    for _ in range(_MOST_PAGES):
        new = more = page(max(since, end - paged.rows * step), end)
        # A venue that gave the older end of a stretch only is asked for the rest.
        while more and (newest := int(max(row[0] for row in more))) + 2 * step < end:
            more = page(newest + 1, end)
            new = new + more
        found += new
        if not new:
            break
        end = int(min(row[0] for row in new))
        if end - step < since:
            break
    return np.unique(np.array(found, dtype=np.float64), axis=0) if found else np.empty((0, 0))
