"""The brief remembers: what changed since the last one, how earlier levels did, and rows for the ledger.

Stands between `write_brief` and the pages: earlier briefs are read, compared and scored, and the brief of today takes
what was found. Rows are written later, in the one transaction that writes the brief.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from reportgen.errors import DataError
from reportgen.units import Milliseconds, Missing

if TYPE_CHECKING:
    from reportgen.brief.changes import Reach
    from reportgen.brief.types import Brief
    from reportgen.config.assumptions import Assumptions
    from reportgen.delivery.archive.commit import Also
    from reportgen.delivery.archive.store import Reader, Store
    from reportgen.market.data import Gathered
    from reportgen.track_record.ledger import LedgerRow
    from reportgen.track_record.record import KeptLedger

_SEED: Final = 20_240_229
"""Of the generator of intervals, the same in every run: same data, same bytes."""

_MOST_BRIEFS: Final = 400
_FEW_BRIEFS: Final = 3
"""Briefs that one run reads back at most: a ledger that is kept needs four or five, one that cannot be read fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A brief with its memory, and the rows that belong into the ledger with it."""

    brief: Brief
    rows: tuple[LedgerRow, ...]

    def also(self) -> Also | None:
        """Give what the transaction calls to append the rows; None when there are none."""
        from reportgen.track_record.ledger import LEDGER_FILE, append_rows

        if not self.rows:
            return None
        return lambda reader: {LEDGER_FILE: append_rows(reader.read(LEDGER_FILE) or b"", self.rows)}


def remember(made: Brief, gathered: Gathered, store: Store, assumptions: Assumptions) -> Remembered:
    """Compare a brief with those before it, and score what they said.

    Args:
        made: Today's brief.
        gathered: The market it was made from.
        store: Where all briefs stand.
        assumptions: Every constant.
    """
    import numpy as np

    from reportgen.brief.changes import compare
    from reportgen.brief.write import tell_since
    from reportgen.delivery.archive.days import earlier_briefs
    from reportgen.track_record.ledger import Now, due_rows, is_closed
    from reportgen.track_record.record import track_record

    now = Now(as_of_ms=made.as_of_ms, markets=gathered.markets, assumptions=assumptions)
    kept, notes = read_ledger(store, made.as_of_ms)
    held = None if isinstance(kept.rows, Missing) else frozenset(row.zone for row in kept.rows)
    # Earlier briefs of the same kind of market are read back until one has nothing left to score.
    earlier: list[Brief] = []
    unread: list[str] = []
    for found in earlier_briefs(store, made.as_of_ms, simulated=made.simulated):
        if isinstance(found, Missing):
            unread.append(found.reason)
            continue
        earlier.append(found)
        most = _FEW_BRIEFS if held is None else _MOST_BRIEFS
        if len(earlier) >= most or (held is not None and is_closed(found, held, now)):
            break
    rows = () if held is None else tuple(due_rows(reversed(earlier), held, now))
    if not isinstance(kept.rows, Missing):
        kept = replace(kept, rows=(*kept.rows, *rows))
    brief = made
    if earlier:
        changes = compare(earlier[0], made, reached(gathered, earlier[0].as_of_ms), assumptions)
        brief = tell_since(made, earlier[0], changes, assumptions)
    brief = replace(
        brief,
        track_record=track_record(made, earlier, kept, now, lambda: np.random.default_rng(_SEED)),
        notes=(*made.notes, *unread, *notes),
    )
    return Remembered(brief=brief, rows=rows)


def read_ledger(store: Reader, as_of_ms: Milliseconds) -> tuple[KeptLedger, tuple[str, ...]]:
    """Read the ledger; one that was tampered with is left alone, and the brief says so."""
    from reportgen.track_record.ledger import LEDGER_FILE, line_sha256, read_rows
    from reportgen.track_record.record import KeptLedger

    data = store.read(LEDGER_FILE) or b""
    try:
        rows = read_rows(data)
    except DataError as error:
        return KeptLedger(rows=Missing(str(error)), rows_before=0, sha256_before=""), (str(error),)
    before = max((place for place, row in enumerate(rows, start=1) if row.scored_as_of_ms < as_of_ms), default=0)
    lines = data.split(b"\n")
    return KeptLedger(rows=rows, rows_before=before, sha256_before=line_sha256(lines[before - 1]) if before else ""), ()


def reached(gathered: Gathered, since_ms: Milliseconds) -> dict[str, Reach]:
    """Find how far each market went since a moment, where bars tell."""
    from reportgen.brief.changes import reach_since

    found = {symbol: reach_since(market, since_ms) for symbol, market in gathered.markets.items()}
    return {symbol: reach for symbol, reach in found.items() if not isinstance(reach, Missing)}


def last_brief(store: Store, until_ms: Milliseconds, *, simulated: bool) -> tuple[Brief | None, tuple[str, ...]]:
    """Find the newest brief of the same kind of market that speaks of a moment up to another, with notes on the way."""
    from reportgen.delivery.archive.days import earlier_briefs

    notes: list[str] = []
    for found in earlier_briefs(store, until_ms + 1, simulated=simulated):
        if not isinstance(found, Missing):
            return found, tuple(notes)
        notes.append(found.reason)
    return None, tuple(notes)
