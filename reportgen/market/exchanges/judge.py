"""The border for what venues send: the rules of the market folder, and those that only live data need.

A venue's rows pass here before they become tables, so that one venue's nonsense costs its own datum and nobody else's:
`market/folder/validate.py` would refuse the whole folder. Each fault is a VenueFault with the sentence for the reader.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from reportgen.errors import DataError
from reportgen.market.exchanges.venue import FaultKind, Venue, VenueFault
from reportgen.market.folder.columns import Rows, Series
from reportgen.market.folder.tables import TableFormat, interval_ms
from reportgen.market.folder.validate import checked
from reportgen.units import HOUR_MS, Floats, Ints, Milliseconds

_CLOCKS_DIFFER_MS: Final = 5 * 60_000
"""How far ahead of its own clock a venue may stamp a row."""

_STALE_BARS: Final = 3
_FROZEN_ROWS: Final = 24


def pass_border(
    venue: Venue, table: TableFormat, keys: tuple[str, ...], time_ms: Ints, numbers: Mapping[str, Floats]
) -> tuple[Ints, Mapping[str, Floats], tuple[str, ...]]:
    """Hold one series against the rules of its table.

    Args:
        venue: Who sent it.
        table: Where it belongs.
        keys: Symbol and venue first.
        time_ms: Shape (n,), n > 0, ascending.
        numbers: By column, shape (n,) each.

    Returns:
        Times, columns, and sentences on rows that were left out.

    Raises:
        VenueFault: A cell cannot be true; without the advice that a file's owner would get.
    """
    bar_ms = next((interval_ms(key) or 0 for name, key in zip(table.keys, keys, strict=True) if name == "interval"), 0)
    rows = Rows(
        file=venue.display,
        table=table,
        series=(Series(keys=keys, start=0, stop=len(time_ms), bar_ms=bar_ms),),
        row=np.arange(1, len(time_ms) + 1),
        time_ms=time_ms,
        numbers=numbers,
    )
    try:
        kept, notes = checked(rows)
    except DataError as error:
        first = str(error).splitlines()[0].removeprefix(f"{venue.display}: ")
        why = (first.partition("): ")[2] or first).partition(". ")[0].rstrip(".")
        sentence = f"{venue.display} sent {table.says} that cannot be true: {why}."
        raise VenueFault(FaultKind.BAD_PAYLOAD, sentence) from error
    return kept.time_ms, kept.numbers, notes


def refuse_late(venue: Venue, time_ms: Ints, now: Milliseconds) -> None:
    """Refuse hourly bars, opens of shape (n,), n > 0, whose newest closed hours ago."""
    late = (now - int(time_ms[-1])) // HOUR_MS - 1
    if late > _STALE_BARS:
        raise VenueFault(FaultKind.BAD_PAYLOAD, f"{venue.display}'s newest bar closed {late} hours ago.")


def refuse_frozen(venue: Venue, what: str, cells: Floats) -> None:
    """Refuse rows, shape (n, cells), whose last day is one row again and again."""
    last = cells[-_FROZEN_ROWS:]
    if len(last) == _FROZEN_ROWS and bool(np.all(last == last[0])):
        sentence = f"{venue.display} has repeated the same {what} for {_FROZEN_ROWS} hours."
        raise VenueFault(FaultKind.BAD_PAYLOAD, sentence)


def refuse_future(venue: Venue, time_ms: Ints, now: Milliseconds) -> None:
    """Refuse rows that are stamped after the venue's own time."""
    if len(time_ms) and int(time_ms.max()) > now + _CLOCKS_DIFFER_MS:
        raise VenueFault(FaultKind.BAD_PAYLOAD, f"{venue.display} stamped rows with times to come.")


def refuse_stale(venue: Venue, what: str, newest: Milliseconds, now: Milliseconds, longest: Milliseconds) -> None:
    """Refuse a series whose newest row is too old to speak of now."""
    if newest < now - longest:
        hours = (now - newest) // HOUR_MS
        raise VenueFault(FaultKind.BAD_PAYLOAD, f"{venue.display}'s newest {what} is {hours} hours old.")
