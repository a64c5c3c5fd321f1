"""The record beside gathered tables: which venue was asked for what and when, and what it did not give.

`market/kept.py` writes it, `market/files.py` reads it back, so that a brief from a folder names the same gaps as the
live one. A folder without a record simply knows of none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from reportgen.market.data import VenueGap
from reportgen.market.opening import open_database, open_table
from reportgen.market.tables import TableFormat
from reportgen.units import Milliseconds

RECORD: Final = TableFormat(
    name="gathering",
    says="record of what was gathered",
    keys=("symbol", "venue", "what", "reason"),
    order=("time_ms",),
    numbers=(),
    optional=(),
    known_at="time",
    moment="time_ms",
)
ASKED: Final = "asked"
NOTE: Final = "note"
NOBODY: Final = "-"
"""Stands where a row concerns no symbol, no venue or has nothing to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What was recorded when data was last gathered. gaps: by symbol. notes: sentences. file: its path, if any."""

    gaps: dict[str, tuple[VenueGap, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    file: Path | None = None


def read_record(folder: Path, as_of_ms: Milliseconds) -> Recorded:
    """Read what the last gathering at or before a moment had to do without.

    Raises:
        DataError: The record is damaged.
    """
    paths = (folder / f"{RECORD.name}{suffix}" for suffix in (".parquet", ".csv"))
    path = next((each for each in paths if each.exists()), None)
    if path is None:
        return Recorded()
    with open_database() as database:
        source = open_table(database, path, RECORD)
        time = source.typed(RECORD.moment)
        rows = database.execute(
            f"SELECT symbol, venue, what, reason FROM {RECORD.name} "  # noqa: S608 - our own names
            f"WHERE {time} = (SELECT max({time}) FROM {RECORD.name} WHERE {time} <= ?) ORDER BY ALL",
            [as_of_ms],
        ).fetchall()
    gaps: dict[str, tuple[VenueGap, ...]] = {}
    for symbol, venue, what, reason in rows:
        if what not in {ASKED, NOTE}:
            gaps[symbol] = (*gaps.get(symbol, ()), VenueGap(venue=venue, what=what, reason=reason))
    return Recorded(gaps=gaps, notes=tuple(reason for _, _, what, reason in rows if what == NOTE), file=path)
