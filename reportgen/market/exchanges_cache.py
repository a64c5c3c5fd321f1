"""Closed history on disk: what a venue once published of hours long past is not asked for again.

Stands between `market/exchanges_series.py` and the network. Only rows that can change no more are kept, and no file is
believed for ever, because venues do correct their past. A file that cannot be read is as good as none.
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

from reportgen.units import DAY_MS, Floats, Milliseconds

_FORMAT: Final = "1"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kept:
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

    def load(self, series: str) -> Kept | None:
        """Give what is kept of a series, unless it is too old or damaged."""
        try:
            with np.load(self._path(series), allow_pickle=False) as file:
                begun, since, rows = int(file["begun"]), int(file["since"]), np.asarray(file["rows"], dtype=np.float64)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return None
        fresh = 0 <= self.clock() - begun <= self.longest_days * DAY_MS
        sound = rows.ndim == 2 and len(rows) and bool(np.all(np.diff(rows[:, 0]) > 0))
        return Kept(since_ms=since, rows=rows) if fresh and sound else None

    def keep(self, series: str, kept: Kept, *, grown: bool) -> None:
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
